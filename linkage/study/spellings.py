"""Other ways to write a name: by ear, in other letters, as friends say it, as an initial, as a scanner reads it.

Each function takes Arrow strings without nulls and returns as many, all changed; null in the result means that this
kind does not fit the value. Which rows go wrong is the caller's choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study.spelling_tables import NICKNAMES, VARIANTS

if TYPE_CHECKING:
    from collections.abc import Sequence

Rules = tuple[tuple[str, str], ...]

# What the ear cannot tell, and what a form leaves out. Judgement. Applied once a value, to one place.
SOUNDS: Rules = (
    ("^Ph", "F"),
    ("ph", "f"),
    ("^C([aoruhl])", r"K\1"),
    ("^K([aoru])", r"C\1"),
    ("c([aoktu])", r"k\1"),
    ("ck", "k"),
    ("ie$", "y"),
    ("y$", "ie"),
    ("ey$", "y"),
    ("ee", "ea"),
    ("ei", "ie"),
    ("ie", "ei"),
    ("ai", "ay"),
    ("ay", "ai"),
    ("ll", "l"),
    ("nn", "n"),
    ("tt", "t"),
    ("ss", "s"),
    ("l$", "ll"),
    ("n$", "nn"),
    ("ah$", "a"),
    ("a$", "ah"),
    ("sh", "sch"),
    ("th", "t"),
    ("z", "s"),
    ("ou", "oo"),
    ("oo", "u"),
    ("leigh$", "ley"),
    ("ley$", "leigh"),
    ("er$", "a"),
    ("en$", "an"),
    ("an$", "en"),
    ("on$", "en"),
    ("ks$", "x"),
    ("^Mc", "Mac"),
    ("^Mac", "Mc"),
    ("^O'", "O"),
    ("'", " "),
    ("-", " "),
    ("-.*$", ""),
    ("^.*-", ""),
    ("^J", "G"),
    ("^Sm([iy])th", r"Smy\1th"),
)
# What a scanner takes for something else in print and in handwriting. Judgement, after confusions known from optical
# character recognition; Christen and Pudjijono, "Accurate synthetic generation of realistic personal information"
# (PAKDD 2009), use a table of the same kind. Applied once a value, to one place; the first letter too.
CONFUSED: Rules = (
    ("rn", "m"),
    ("m", "rn"),
    ("cl", "d"),
    ("d", "cl"),
    ("li", "h"),
    ("h", "b"),
    ("nn", "m"),
    ("vv", "w"),
    ("w", "vv"),
    ("u", "v"),
    ("v", "u"),
    ("e", "c"),
    ("c", "e"),
    ("a", "o"),
    ("o", "a"),
    ("l", "1"),
    ("i", "l"),
    ("l", "i"),
    ("t", "f"),
    ("f", "t"),
    ("y", "g"),
    ("O", "0"),
    ("0", "O"),
    ("I", "1"),
    ("1", "I"),
    ("1", "7"),
    ("7", "1"),
    ("S", "5"),
    ("5", "S"),
    ("B", "8"),
    ("8", "B"),
    ("Z", "2"),
    ("2", "Z"),
    ("G", "6"),
    ("D", "O"),
    ("3", "8"),
    ("E", "F"),
    ("M", "N"),
)


def by_ear(texts: Any, rng: np.random.Generator) -> Any:
    """Each text as another would spell it on hearing it, null where no rule fits.

    >>> by_ear(pa.array(["Philip", "Xu"]), np.random.Generator(np.random.PCG64(1))).to_pylist()
    ['Filip', None]
    """
    return _by_one_rule(texts, SOUNDS, rng)


def misread(texts: Any, rng: np.random.Generator) -> Any:
    """Each text as optical character recognition might read it, null where it holds nothing to confuse.

    >>> misread(pa.array(["Barnes"]), np.random.Generator(np.random.PCG64(4))).to_pylist()
    ['Bames']
    """
    return _by_one_rule(texts, CONFUSED, rng)


def familiar(given_names: Any, rng: np.random.Generator) -> Any:
    """Each given name as friends say it, or in full where it was short already; null where none is known."""
    formal = [(line.split()[0], short) for line in NICKNAMES for short in line.split()[1:]]
    return _swapped(given_names, sorted({*formal, *((short, name) for name, short in formal)}), rng)


def romanised(names: Any, rng: np.random.Generator) -> Any:
    """Each name in another of its spellings in Latin letters; null where none is known.

    >>> romanised(pa.array(["Cheung", "Smith"]), np.random.Generator(np.random.PCG64(2))).to_pylist()
    ['Chang', None]
    """
    lines = [line.split() for line in VARIANTS]
    pairs = {(name, other) for line in lines for name in line for other in line if other != name}
    return _swapped(names, sorted(pairs), rng)


def initial(names: Any) -> Any:
    """The first letter of each name; null where the name is no longer than that.

    >>> initial(pa.array(["Katherine", "K"])).to_pylist()
    ['K', None]
    """
    return pc.if_else(pc.greater(pc.utf8_length(names), 1), pc.utf8_slice_codeunits(names, 0, 1), None)


def plain_letters(names: Any) -> Any:
    """Names as a system of plain letters keeps them: Łukasz is Lukasz."""
    for letter, plain in zip("ŁłıØø", "LliOo", strict=True):  # to Unicode they carry no accent
        names = pc.replace_substring(names, letter, plain)
    return pc.replace_substring_regex(pc.utf8_normalize(names, form="NFKD"), r"\p{M}", "")


def _by_one_rule(texts: Any, rules: Rules, rng: np.random.Generator) -> Any:
    """Each text changed by one of the rules that fit it, each as likely."""
    best = np.zeros(len(texts))
    result = pa.nulls(len(texts), pa.string())
    for rule, instead in rules:
        spelt = pc.replace_substring_regex(texts, rule, instead, max_replacements=1)
        fits = pc.not_equal(spelt, texts).to_numpy(zero_copy_only=False)
        luck = np.where(fits, rng.random(len(texts)), 0.0)
        result = pc.if_else(pa.array(luck > best), spelt, result)
        best = np.maximum(best, luck)
    return result


def _swapped(names: Any, pairs: Sequence[tuple[str, str]], rng: np.random.Generator) -> Any:
    """One partner of each name among ``pairs`` sorted by the first, null where it has none."""
    known = np.array([name for name, _ in pairs])
    keys, first, count = np.unique(known, return_index=True, return_counts=True)
    found = pc.index_in(names, pa.array(keys, pa.string()))
    key = pc.fill_null(found, 0).to_numpy().astype(np.int64)
    choice = first[key] + (rng.random(len(key)) * count[key]).astype(np.int64)
    return pc.if_else(pc.is_valid(found), pa.array([other for _, other in pairs]).take(pa.array(choice)), None)


def alternatives(names: Any, ways: Sequence[tuple[float, Any]], rng: np.random.Generator) -> Any:
    """The first of ``ways`` whose chance comes up and that fits; null where none does. Each is (chance, function)."""
    result = pa.nulls(len(names), pa.string())
    for chance, way in ways:
        other = pc.if_else(pa.array(rng.random(len(names)) < chance), way(names, rng), None)
        result = pc.coalesce(result, pc.if_else(pc.not_equal(other, names), other, None))
    return result
