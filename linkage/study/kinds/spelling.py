"""Names and addresses that are another spelling: familiar forms, other letters, by ear, misread by a scanner.

What a kind did is recognised by its result. Where another kind can end in the same text (a slip of the keys that leaves
out the letter that the ear leaves out), how often it does is measured and allowed for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study import mistakes, spellings
from linkage.study.families import CHILD
from linkage.study.kinds.alone import LONG, NEWBORN, as_flags, plain, seeded, share_of, some, true_text
from linkage.study.kinds.stated import BY_EAR, OTHER_SURNAME, ROMANISED, Stated
from linkage.study.plausible import Finding
from linkage.study.spelling_tables import NICKNAMES, VARIANTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from linkage.study.families import Flags
    from linkage.study.spellings import Rules
    from linkage.study.written import Written


def about_given_names(written: Written, stated: Stated) -> Iterator[Finding]:
    """Initials and familiar forms, of given names that differ."""
    one = ~as_flags(pc.match_substring_regex(written.texts("given_name"), NEWBORN))
    if stated.second_names:  # of two names written, which was to be changed does not show
        one &= ~as_flags(pc.match_substring(written.texts("given_name"), " "))
    written = some(written, one)
    true, text = true_text(written, "given_name"), written.texts("given_name")
    initial = as_flags(pc.equal(pc.utf8_length(text), 1))
    # an initial of two names is the first one's, so these are among the initials, but not among the others
    others = (1 - stated.initials) * (1 - stated.second_names)
    target = stated.initials / (stated.initials + others)
    yield share_of(f"{written.agency}, % initials, of given names that differ", target, initial)
    known, variants = Partners(NICKNAMES, from_first=True), Partners(VARIANTS)
    fits = ~initial & known.of(true) & ~variants.of(true)
    rest = _rest(true, stated, lambda texts: known.joined(true, texts), fits)
    target = stated.nicknames + (1 - stated.nicknames) * rest
    familiar = known.joined(true, text)
    yield share_of(f"{written.agency}, % familiar forms, of names that differ and have one", target, familiar, fits)


def about_surnames(written: Written, stated: Stated) -> Iterator[Finding]:
    """The other parent's surname, another of its spellings in our letters, one by ear, or what is left: slips."""
    child = written.people.role[written.rows] == CHILD
    written = some(written, child & ~as_flags(pc.match_substring(true_text(written, "surname"), "-")))
    true, text, agency = true_text(written, "surname"), written.texts("surname"), written.agency
    where = pa.array(written.rows)
    other = plain(written.people.other_surname.take(where))
    theirs = as_flags(pc.equal(text, other))
    yield share_of(
        f"{agency}, % of surnames that differ: the other parent's", OTHER_SURNAME, theirs,
        as_flags(pc.not_equal(other, true)),
    )  # fmt: skip
    variants, heard = Partners(VARIANTS), Heard(written.people.surname.take(where), spellings.SOUNDS)
    fits, spelt = ~theirs & variants.of(true), variants.joined(true, text)
    rest = _rest(true, stated, lambda texts: variants.joined(true, texts), fits, by_ear=True)
    target = ROMANISED + (1 - ROMANISED) * rest
    yield share_of(f"{agency}, % otherwise romanised, of those that can be", target, spelt, fits)
    fits = ~theirs & ~variants.of(true) & heard.fits
    target = BY_EAR + (1 - BY_EAR) * _rest(true, stated, heard.joined, fits)
    yield share_of(f"{agency}, % spelt by ear, of those that can be", target, heard.joined(text), fits)


def about_scans(written: Written, stated: Stated) -> Iterator[Finding]:
    """Of addresses that went wrong, those that a scanner misread; short forms hide it, so those that have none."""
    home = written.people.homes[0]["address"].take(pa.array(written.people.family[written.rows]))
    shown = ~as_flags(pc.match_substring_regex(home, LONG)) & written.known("address")
    written, home = some(written, shown), home.filter(pa.array(shown))
    read = Heard(home, spellings.CONFUSED)
    rest = float(read.joined(plain(mistakes.slip(home, seeded())))[read.fits].mean())
    target = stated.scans + (1 - stated.scans) * rest
    yield share_of(
        f"{written.agency}, % misread by a scanner, of addresses that differ", target,
        read.joined(written.texts("address")), read.fits,
    )  # fmt: skip


class Partners:
    """Names and what each turns into: every other of its line, or the first into the others and back."""

    def __init__(self, lines: tuple[str, ...], *, from_first: bool = False) -> None:
        pairs = set()
        for line in map(str.split, lines):
            lefts = line[:1] if from_first else line
            pairs |= {(left, right) for left in lefts for right in line if left != right}
        both = pairs | {(right, left) for left, right in pairs}
        self._pairs = pa.array(sorted({" ".join(plain(pa.array(pair)).to_pylist()) for pair in both}))
        self._names = pa.array(sorted({name.split()[0] for name in self._pairs.to_pylist()}))

    def of(self, names: Any) -> Flags:
        """Which of the names have a partner."""
        return as_flags(pc.is_in(names, self._names))

    def joined(self, names: Any, others: Any) -> Flags:
        """Which of the others is a partner of the name beside it."""
        return as_flags(pc.is_in(pc.binary_join_element_wise(names, others, " "), self._pairs))


class Heard:
    """What rules, each applied once to one place, make of texts; compared in capitals and plain letters."""

    def __init__(self, texts: Any, rules: Rules) -> None:
        made = [pc.replace_substring_regex(texts, rule, instead, max_replacements=1) for rule, instead in rules]
        changed = [as_flags(pc.not_equal(spelt, texts)) for spelt in made]
        self.fits = np.any(changed, axis=0)
        self._made = [pc.if_else(pa.array(new), plain(spelt), None) for spelt, new in zip(made, changed, strict=True)]

    def joined(self, others: Any) -> Flags:
        """Which of the others is made of the text beside it."""
        flags = [as_flags(pc.equal(spelt, others).fill_null(False)) for spelt in self._made]  # noqa: FBT003, not ours
        return np.asarray(np.any(flags, axis=0))


def _rest(true: Any, stated: Stated, same: Callable[[Any], Flags], fits: Flags, *, by_ear: bool = False) -> float:
    """The share of those that fit which end in the same text by the kinds that come later."""
    rng = seeded()
    texts = pc.utf8_capitalize(true)
    ways = ((stated.scans, spellings.misread), (1.0, mistakes.slip))
    later = ((BY_EAR, spellings.by_ear), *ways) if by_ear else ways
    other = pc.coalesce(spellings.alternatives(texts, later, rng), texts)
    return float(same(plain(other))[fits].mean()) if fits.any() else 0.0
