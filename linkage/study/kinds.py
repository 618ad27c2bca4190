"""How often each kind of error and habit occurs, measured alone in what an agency wrote, against what is stated of it.

What is stated stands here a second time, apart from the constants that the writing obeys, so that neither can change
alone. An agency writes people down with one rate turned up to certainty and all others off: every record shows the
kind that fell to it, and what a kind did is recognised by its result. Where another kind can end in the same text (a
slip of the keys that leaves out the letter that the ear leaves out), how often it does is measured and allowed for.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study import families, holding, mistakes, parents, spellings, writing
from linkage.study.agencies import AGENCIES, FIELDS
from linkage.study.families import CHILD, FATHER, People
from linkage.study.formats import ABBREVIATED
from linkage.study.name_tables import ORIGIN_SHARES
from linkage.study.plausible import Finding, found, sampling
from linkage.study.rates import TYPICAL, Rates
from linkage.study.spelling_tables import NICKNAMES, VARIANTS
from linkage.study.written import write_down

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from linkage.study.families import Flags, Ints
    from linkage.study.spellings import Rules
    from linkage.study.written import Written

ALWAYS = 1_000.0  # times any care and factor it is more than 1
COVERAGE = 0.6  # of every agency here: enough records of each, and no chance above 1
RATES = ("given_name", "surname", "exchanged", "dob", "bare_year", "sex", "moved", "address", "postcode", "nhs_number")
JUDGED = "judgement"
NEWBORN = "^(BABY|UNBORN|TWIN [12]$)"
LONG = "|".join(long for long, _ in ABBREVIATED)


@dataclass(frozen=True)
class Stated:
    """Shares that are stated of one agency, in the words of `linkage.study.agencies.Agency`."""

    initials: float = 0.02
    nicknames: float = 0.35
    scans: float = 0.0
    second_names: float = 0.0
    abbreviates: float = 0.0
    tight_postcodes: float = 0.0
    lower_postcodes: float = 0.0
    unborn: float = 0.0
    newcomers: float = 1.0
    withholds_homes: float = 0.0


STATED = {
    "registry": Stated(),
    "childrens_centre": Stated(scans=0.15, abbreviates=0.3, tight_postcodes=0.35, lower_postcodes=0.2),
    "primary_school": Stated(newcomers=0.9),
    "secondary_school": Stated(nicknames=0.6, tight_postcodes=0.5, newcomers=0.9),
    "police": Stated(initials=0.1, nicknames=0.6, second_names=0.2, abbreviates=0.5, tight_postcodes=0.2),
    "social_work": Stated(second_names=0.15, abbreviates=0.2, unborn=0.1),
    "youth_work": Stated(
        initials=0.08, nicknames=0.8, scans=0.4, abbreviates=0.6, tight_postcodes=0.4, lower_postcodes=0.4,
        newcomers=0.8,
    ),
    "domestic_abuse": Stated(withholds_homes=0.4),
}  # fmt: skip
# Of all agencies: see `linkage.study.writing`, `mistakes`, `holding`, `parents` and `places`.
ROMANISED = BY_EAR = INSISTS = SWAPPED = 0.5
OTHER_SURNAME = 0.3
INSERTED, DELETED, SUBSTITUTED, TRANSPOSED = 0.20, 0.25, 0.35, 0.20
SLIPS_OF_DAY = {"year": 2 / 7, "month": 2 / 7, "day": 3 / 7}
BABY, BABY_SMITH, BABY_BOY = 0.5, 0.3, 0.2
DUE = 14
DEAD = 0.2
DEATHS = 0.01
NEW_YEARS_BIRTHDAYS = {"arabic": 0.04, "african": 0.04, "pakistani": 0.03}
FLATS, LETTERED = 0.08, 0.02


def about_kinds(people: int, seed: int) -> Iterator[Finding]:
    """Every kind, at every agency."""
    young = families.draw_children(people, TYPICAL.moved_in, _rng(seed))
    known = parents.everyone(young, TYPICAL.moved_in, _rng(seed + 1))
    for agency in STATED:
        yield from about_agency(agency, young if AGENCIES[agency].young_only else known, seed)
    yield from about_slips(known, seed)
    yield from about_newborns(young, seed)
    yield from about_the_dead(young, seed)
    yield from about_parents(known)
    yield from about_homes(young)


def about_agency(agency: str, known: People, seed: int) -> Iterator[Finding]:
    """The kinds whose shares may be an agency's own."""
    stated = STATED[agency]

    def written(**rates: float) -> Written:
        return write_down(agency, known, only(**rates), _rng(seed + 2))

    yield from _habits(written(), stated)
    yield from _given_names(written(given_name=ALWAYS), stated)
    yield from _surnames(written(surname=ALWAYS), stated)
    yield from _scans(written(address=ALWAYS), stated)
    yield from _days(written(dob=ALWAYS), stated)
    yield from _placeholders(written(missing=ALWAYS), stated)
    yield from _newcomers(agency, known, stated, seed)


def only(**rates: float) -> Rates:
    """No error but those named; ``missing`` is of all fields."""
    missing = dict.fromkeys(FIELDS, rates.pop("missing", 0.0))
    none = dict.fromkeys((*RATES, "unnamed"), 0.0)
    return dataclasses.replace(TYPICAL, **{**none, **rates}, missing=missing, coverage=dict.fromkeys(STATED, COVERAGE))


def _share(what: str, target: float, flags: Any, among: Flags | None = None) -> Finding:
    """The share of ``flags`` that hold, in per cent, with what chance may do to it."""
    held = np.asarray(_flags(flags) if among is None else _flags(flags)[among])
    allowed = 100 * sampling(target, len(held))
    return found(what, JUDGED, 100 * target, 100 * float(held.mean()) if len(held) else np.nan, allowed)


def _habits(written: Written, stated: Stated) -> Iterator[Finding]:
    """How it writes what it got right: postcodes, short forms, second names, hidden homes, records before the birth."""
    agency, columns = written.agency, written.columns
    tight = pc.invert(pc.match_substring(columns["postcode"].drop_null(), " "))
    yield _share(f"{agency}, % of postcodes without the space", stated.tight_postcodes, tight)
    lower = pc.match_substring_regex(columns["postcode"].drop_null(), "[a-z]")
    yield _share(f"{agency}, % of postcodes in small letters", stated.lower_postcodes, lower)
    people, rows = written.people, written.rows
    home = people.homes[0]["address"].take(pa.array(people.family[rows]))
    can = _flags(pc.match_substring_regex(home, LONG))
    can &= _flags(pc.is_valid(columns["address"]))
    short = pc.not_equal(_capitals(columns["address"]), _capitals(home)).fill_null(False)  # noqa: FBT003, not ours
    yield _share(f"{agency}, % of addresses in a short form, of those that have one", stated.abbreviates, short, can)
    newborn = _flags(pc.match_substring_regex(written.texts("given_name"), NEWBORN))
    small = (people.role[rows] == CHILD) & (holding.ages(people.born[rows]) < 3)
    if stated.unborn:
        yield _share(f"{agency}, % entered before the birth, of children under three", stated.unborn, newborn, small)
        due = np.abs((_read_days(written) - people.born[rows]).astype(int))[newborn & small]
        mean = DUE * (DUE + 1) / (2 * DUE + 1)  # of the sizes of -14 to 14
        spread = DUE / 3**0.5 / max(len(due), 1) ** 0.5
        yield found(f"{agency}, days from the day due to the birth", JUDGED, mean, due.mean(), 4 * spread)
    # given names here have no space of their own
    second = pc.match_substring(written.texts("given_name"), " ")
    yield _share(f"{agency}, % of given names with a second one", stated.second_names, second, ~newborn)


def _given_names(written: Written, stated: Stated) -> Iterator[Finding]:
    """Initials and familiar forms, of given names that differ."""
    one = ~_flags(pc.match_substring_regex(written.texts("given_name"), NEWBORN))
    if stated.second_names:  # of two names written, which was to be changed does not show
        one &= ~_flags(pc.match_substring(written.texts("given_name"), " "))
    written = _some(written, one)
    true, text = _true(written, "given_name"), written.texts("given_name")
    initial = _flags(pc.equal(pc.utf8_length(text), 1))
    # an initial of two names is the first one's, so these are among the initials, but not among the others
    others = (1 - stated.initials) * (1 - stated.second_names)
    target = stated.initials / (stated.initials + others)
    yield _share(f"{written.agency}, % initials, of given names that differ", target, initial)
    known, variants = Partners(NICKNAMES, from_first=True), Partners(VARIANTS)
    fits = ~initial & known.of(true) & ~variants.of(true)
    rest = _rest(true, stated, lambda texts: known.joined(true, texts), fits)
    target = stated.nicknames + (1 - stated.nicknames) * rest
    familiar = known.joined(true, text)
    yield _share(f"{written.agency}, % familiar forms, of names that differ and have one", target, familiar, fits)


def _surnames(written: Written, stated: Stated) -> Iterator[Finding]:
    """The other parent's surname, another of its spellings in our letters, one by ear, or what is left: slips."""
    child = written.people.role[written.rows] == CHILD
    written = _some(written, child & ~_flags(pc.match_substring(_true(written, "surname"), "-")))
    true, text, agency = _true(written, "surname"), written.texts("surname"), written.agency
    where = pa.array(written.rows)
    other = _plain(written.people.other_surname.take(where))
    theirs = _flags(pc.equal(text, other))
    yield _share(
        f"{agency}, % of surnames that differ: the other parent's", OTHER_SURNAME, theirs,
        _flags(pc.not_equal(other, true)),
    )  # fmt: skip
    variants, heard = Partners(VARIANTS), Heard(written.people.surname.take(where), spellings.SOUNDS)
    fits, spelt = ~theirs & variants.of(true), variants.joined(true, text)
    rest = _rest(true, stated, lambda texts: variants.joined(true, texts), fits, by_ear=True)
    target = ROMANISED + (1 - ROMANISED) * rest
    yield _share(f"{agency}, % otherwise romanised, of those that can be", target, spelt, fits)
    fits = ~theirs & ~variants.of(true) & heard.fits
    target = BY_EAR + (1 - BY_EAR) * _rest(true, stated, heard.joined, fits)
    yield _share(f"{agency}, % spelt by ear, of those that can be", target, heard.joined(text), fits)


def _scans(written: Written, stated: Stated) -> Iterator[Finding]:
    """Of addresses that went wrong, those that a scanner misread; short forms hide it, so those that have none."""
    home = written.people.homes[0]["address"].take(pa.array(written.people.family[written.rows]))
    shown = ~_flags(pc.match_substring_regex(home, LONG)) & written.known("address")
    written, home = _some(written, shown), home.filter(pa.array(shown))
    read = Heard(home, spellings.CONFUSED)
    rest = float(read.joined(_plain(mistakes.slip(home, _rng())))[read.fits].mean())
    target = stated.scans + (1 - stated.scans) * rest
    yield _share(
        f"{written.agency}, % misread by a scanner, of addresses that differ", target,
        read.joined(written.texts("address")), read.fits,
    )  # fmt: skip


def _days(written: Written, stated: Stated) -> Iterator[Finding]:
    """Wrong days: day and month exchanged where that is a day, else one of seven slips."""
    if stated.unborn:  # some days are those of the birth that was due
        return
    born, day = written.people.born[written.rows], _read_days(written)
    year, month, of_month = _parts(born)
    swappable = (of_month < 12) & (of_month != month)
    its_year, its_month, its_day = _parts(day)
    swapped = swappable & (its_month == of_month) & (its_day == month) & (its_year == year)
    yield _share(f"{written.agency}, % day and month exchanged, of wrong days that can be", SWAPPED, swapped, swappable)
    parts = {"year": its_year != year, "month": its_month != month, "day": its_day != np.minimum(of_month, 27)}
    for part, changed in parts.items():
        what = f"{written.agency}, % a slip in the {part}, of the other wrong days"
        yield _share(what, SLIPS_OF_DAY[part], changed, ~swapped)


def _placeholders(written: Written, stated: Stated) -> Iterator[Finding]:
    for field in written.habits.placeholders:
        gone = pc.is_valid(written.columns[field])
        keeps = 1 - stated.withholds_homes if field in writing.HOME else 1.0
        yield _share(f"{written.agency}, % a placeholder, of {field}s not known", INSISTS * keeps, gone)


def _newcomers(agency: str, known: People, stated: Stated, seed: int) -> Iterator[Finding]:
    """How much less often an agency holds those who moved in: here every second family has."""
    if agency == "registry":  # holds none of them
        return
    known = dataclasses.replace(known, moved_in=known.family % 2 == 0)
    held = _held(agency, known, seed)
    of_age = holding.member_shares(known, AGENCIES[agency]) > 0
    new, old = (held[of_age & who] for who in (known.moved_in, ~known.moved_in))
    ratio = new.mean() / old.mean()
    # twice, as families may come together
    spread = (2 * ((1 / new.mean() - 1) / len(new) + (1 / old.mean() - 1) / len(old))) ** 0.5
    yield found(f"{agency}, holds newcomers, times others", JUDGED, stated.newcomers, ratio, 4 * ratio * float(spread))


def _held(agency: str, known: People, seed: int) -> Flags:
    held = np.zeros(len(known), dtype=bool)
    held[holding.held_rows(agency, known, only(), AGENCIES[agency], _rng(seed))] = True
    return held


def about_slips(known: People, seed: int) -> Iterator[Finding]:
    """The four slips of the keys, told apart by what they do to a number of ten digits."""
    written = write_down("social_work", known, only(nhs_number=ALWAYS), _rng(seed + 2))
    right = written.people.nhs_number.take(pa.array(written.rows))
    true, text = (
        np.array([list(map(ord, number.ljust(12))) for number in numbers.to_pylist()])
        for numbers in (right, written.columns["nhs_number"])
    )
    length = np.count_nonzero(text != ord(" "), axis=1)
    differ = np.count_nonzero(true != text, axis=1)
    # Not the first digit; at the last one, or before an equal one, an exchange becomes a deletion.
    exchanged = TRANSPOSED * float((true[:, 1:9] != true[:, 2:10]).sum() / (9 * len(true)))
    kinds = (
        ("a key too many", INSERTED, length == 11),
        ("a key left out", DELETED + TRANSPOSED - exchanged, length == 9),
        ("a key beside it", SUBSTITUTED, (length == 10) & (differ == 1)),
        ("two keys exchanged", exchanged, (length == 10) & (differ == 2)),
    )
    for name, target, flags in kinds:
        yield _share(f"slips of the keys, % {name}", float(target), flags)


def about_newborns(young: People, seed: int) -> Iterator[Finding]:
    """What stands for the name of a newborn who has none; twins are numbered."""
    written = write_down("registry", young, only(unnamed=ALWAYS), _rng(seed + 2))
    names = written.texts("given_name")
    single = writing.twins(written.people)[written.rows] == 0
    surname = _true(written, "surname")
    with_surname = pc.equal(names, pc.binary_join_element_wise("BABY", surname, " "))
    flags = (pc.equal(names, "BABY"), with_surname, pc.match_substring_regex(names, "^BABY (BOY|GIRL)$"))
    for what, share, said in zip(("Baby", "Baby Smith", "Baby Boy"), (BABY, BABY_SMITH, BABY_BOY), flags, strict=True):
        yield _share(f"newborns without a name, % as {what}", share, said, single)
    yield _share("twins without a name, % as Twin 1 or 2", 1.0, pc.match_substring_regex(names, "^TWIN [12]$"), ~single)


def about_the_dead(young: People, seed: int) -> Iterator[Finding]:
    """How much less often an agency holds those who died: here every second child has."""
    dead = np.arange(len(young)) % 2 == 0
    known = dataclasses.replace(young, died=np.where(dead, young.born, families.NEVER))
    held = _held("childrens_centre", known, seed)
    yield _share("childrens_centre, % held of those who died", DEAD * COVERAGE, held, dead)


def about_parents(known: People) -> Iterator[Finding]:
    """Deaths of parents, and birthdays that stand for an unknown one."""
    rows = np.flatnonzero(known.role != CHILD)
    last = np.full(int(known.family.max()) + 1, known.born.min())
    np.maximum.at(last, known.family[known.role == CHILD], known.born[known.role == CHILD])
    needed = last[known.family[rows]] - np.where(known.role[rows] == FATHER, 1, 0) * parents.CARRIED
    # Deaths before the last child could be born are taken back.
    could = np.clip((families.TODAY - needed).astype(int) / parents.DEATH_DAYS, 0, 1)
    died = ~np.isnat(known.died[rows])
    target = DEATHS * float(could.mean())
    yield _share("parents, % who died in ten years, but not before they could have a child", target, died)
    days = known.born[rows]
    new_year = days == days.astype("datetime64[Y]").astype("datetime64[D]")
    usual = np.ones(len(rows), dtype=bool)
    for origin, share in NEW_YEARS_BIRTHDAYS.items():
        own = known.origin[rows] == list(ORIGIN_SHARES).index(origin)
        target = share + (1 - share) / families.DAYS_A_YEAR
        yield _share(f"parents of {origin} origin, % born on 1 January", target, new_year, own)
        usual &= ~own
    yield _share("parents of other origins, % born on 1 January", 1 / families.DAYS_A_YEAR, new_year, usual)


def about_homes(young: People) -> Iterator[Finding]:
    """Flats and lettered houses."""
    homes = young.homes[0]["address"]
    yield _share("homes, % flats", FLATS, pc.match_substring_regex(homes, "^Flat "))
    lettered = pc.match_substring_regex(homes, "^(Flat [0-9]+, )?[0-9]+[AB] ")
    yield _share("homes, % in a house with a letter", LETTERED, lettered)


class Partners:
    """Names and what each turns into: every other of its line, or the first into the others and back."""

    def __init__(self, lines: tuple[str, ...], *, from_first: bool = False) -> None:
        pairs = set()
        for line in map(str.split, lines):
            lefts = line[:1] if from_first else line
            pairs |= {(left, right) for left in lefts for right in line if left != right}
        both = pairs | {(right, left) for left, right in pairs}
        self._pairs = pa.array(sorted({" ".join(_plain(pa.array(pair)).to_pylist()) for pair in both}))
        self._names = pa.array(sorted({name.split()[0] for name in self._pairs.to_pylist()}))

    def of(self, names: Any) -> Flags:
        """Which of the names have a partner."""
        return _flags(pc.is_in(names, self._names))

    def joined(self, names: Any, others: Any) -> Flags:
        """Which of the others is a partner of the name beside it."""
        return _flags(pc.is_in(pc.binary_join_element_wise(names, others, " "), self._pairs))


class Heard:
    """What rules, each applied once to one place, make of texts; compared in capitals and plain letters."""

    def __init__(self, texts: Any, rules: Rules) -> None:
        made = [pc.replace_substring_regex(texts, rule, instead, max_replacements=1) for rule, instead in rules]
        changed = [_flags(pc.not_equal(spelt, texts)) for spelt in made]
        self.fits = np.any(changed, axis=0)
        self._made = [pc.if_else(pa.array(new), _plain(spelt), None) for spelt, new in zip(made, changed, strict=True)]

    def joined(self, others: Any) -> Flags:
        """Which of the others is made of the text beside it."""
        flags = [_flags(pc.equal(spelt, others).fill_null(False)) for spelt in self._made]  # noqa: FBT003, not ours
        return np.asarray(np.any(flags, axis=0))


def _some(written: Written, rows: Flags) -> Written:
    """Those of its records."""
    columns = {field: column.filter(pa.array(rows)) for field, column in written.columns.items()}
    return dataclasses.replace(written, rows=written.rows[rows], columns=columns)


def _rest(true: Any, stated: Stated, same: Callable[[Any], Flags], fits: Flags, *, by_ear: bool = False) -> float:
    """The share of those that fit which end in the same text by the kinds that come later."""
    rng = _rng()
    texts = pc.utf8_capitalize(true)
    ways = ((stated.scans, spellings.misread), (1.0, mistakes.slip))
    later = ((BY_EAR, spellings.by_ear), *ways) if by_ear else ways
    other = pc.coalesce(spellings.alternatives(texts, later, rng), texts)
    return float(same(_plain(other))[fits].mean()) if fits.any() else 0.0


def _true(written: Written, field: str) -> Any:
    return _plain(getattr(written.people, field).take(pa.array(written.rows)))


def _plain(texts: Any) -> Any:
    return pc.utf8_upper(spellings.plain_letters(texts))


def _capitals(texts: Any) -> Any:
    return pc.utf8_upper(texts)


def _read_days(written: Written) -> Any:
    days = pc.strptime(written.columns["dob"], format=written.habits.dates, unit="s", error_is_null=True)
    return days.to_numpy(zero_copy_only=False).astype("datetime64[D]")


def _parts(days: Any) -> tuple[Ints, Ints, Ints]:
    months = days.astype("datetime64[M]")
    return days.astype("datetime64[Y]").astype(int), months.astype(int) % 12, (days - months).astype(int)


def _rng(seed: int = 9) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def _flags(values: Any) -> Flags:
    if isinstance(values, np.ndarray):
        return values
    flags: Flags = values.to_numpy(zero_copy_only=False).astype(bool)
    return flags
