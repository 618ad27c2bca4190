"""How often one agency errs, each rate measured alone: its table against the very truth that it was written from.

`linkage.study.differences` measures what a user of a population can see; here the homes before and after a move are
known too, and no allowance is made but for chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study.agencies import AGENCIES, Agency
from linkage.study.families import CHILD, People, draw_children
from linkage.study.formats import ABBREVIATED, written_days
from linkage.study.name_tables import ORIGIN_SHARES
from linkage.study.parents import everyone
from linkage.study.plausible import Finding
from linkage.study.rates import (
    EXCHANGED,
    MISSING_IF_POOREST,
    NHS_MISSING_IF_POOREST,
    POOREST,
    by_origin,
    of_poorest,
)
from linkage.study.spellings import plain_letters
from linkage.study.writing import HOME, MISSPELT, write_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linkage.study.families import Flags, Floats, Ints
    from linkage.study.rates import Rates

ERRORS = 4.0  # standard errors allowed: of some 400 figures all but one in 40 runs hold when all is as stated
NEWBORN = "^(BABY|UNBORN|TWIN [12]$)"


@dataclass(frozen=True, eq=False)
class Written:
    """One agency's table, its column of each field, and the people it was written from: ``rows`` are theirs."""

    agency: str
    habits: Agency
    people: People
    rows: Ints
    columns: dict[str, Any]

    def known(self, field: str) -> Flags:
        """Where the field says something: neither null nor a placeholder."""
        column = self.columns[field]
        placeholder = pc.is_in(column, pa.array([self.habits.placeholders.get(field, "")], pa.string()))
        return _flags(pc.and_(pc.is_valid(column), pc.invert(placeholder)))

    def texts(self, field: str) -> Any:
        """The field in capitals and plain letters, empty where missing."""
        return pc.fill_null(_plain(self.columns[field]), "")


def write(agency: str, rates: Rates, people: int, seed: int) -> Written:
    """Draw so many children, with an agency that knows them their parents and elders, and write its table."""
    bits, habits = np.random.PCG64(seed), AGENCIES[agency]
    known = draw_children(people, rates.moved_in, np.random.Generator(bits))
    if not habits.young_only:
        known = everyone(known, rates.moved_in, np.random.Generator(bits.jumped(1)))
    return write_down(agency, known, rates, np.random.Generator(bits.jumped(2)))


def write_down(agency: str, known: People, rates: Rates, rng: np.random.Generator) -> Written:
    """The agency's table of the people there are."""
    habits = AGENCIES[agency]
    table, rows = write_records(agency, known, rates, rng)
    held = {field: table[column].combine_chunks() for field, column in habits.columns.items() if column is not None}
    return Written(agency, habits, known, rows.to_numpy(), held)


def against_truth(written: Written, rates: Rates) -> Iterator[Finding]:
    """Every rate that the agency's table can show, against what ``rates`` and its habits say."""
    yield from _about_sex_and_day(written, rates)
    yield from _about_names(written, rates)
    yield from _about_homes(written, rates)
    if "nhs_number" in written.columns:
        true = written.people.nhs_number.take(pa.array(written.rows))
        wrong = _flags(pc.not_equal(pc.fill_null(written.columns["nhs_number"], ""), true))
        target = rates.nhs_number * written.habits.care
        yield _share(written, "nhs_number slipped", target, wrong[written.known("nhs_number")])
    for field in written.columns:
        yield _missing(written, rates, field)


def _about_sex_and_day(written: Written, rates: Rates) -> Iterator[Finding]:
    people, rows, habits = written.people, written.rows, written.habits
    sex = pc.if_else(pa.array(people.male[rows]), *habits.sexes)
    wrong = _flags(pc.not_equal(pc.fill_null(written.columns["sex"], ""), sex))
    yield _share(written, "the other sex", rates.sex * habits.care, wrong[written.known("sex")])
    day, known = written.texts("dob"), written.known("dob")
    bare = _flags(pc.equal(pc.utf8_length(day), 4))
    if habits.bare_years:
        yield _share(written, "the year of birth alone", rates.bare_year, bare[known])
    if not habits.unborn:  # these have the day they were due
        wrong = _flags(pc.not_equal(day, written_days(people.born[rows], habits.dates)))
        yield _share(written, "another day of birth", rates.dob * habits.care, wrong[known & ~bare])


def _about_names(written: Written, rates: Rates) -> Iterator[Finding]:
    people, rows, habits = written.people, written.rows, written.habits
    given, surname = written.texts("given_name"), written.texts("surname")
    if habits.second_names:
        given, surname_as_given = _first_word(given), _first_word(surname)
    else:
        surname_as_given = surname
    newborn = _flags(pc.match_substring_regex(written.texts("given_name"), NEWBORN))
    if written.agency == "registry":
        yield _share(written, "a newborn without a name", rates.unnamed, newborn[written.known("given_name")])
    true = {name: _plain(getattr(people, name).take(pa.array(rows))) for name in ("given_name", "surname")}
    whole = written.known("given_name") & written.known("surname") & ~newborn & (people.role[rows] == CHILD)
    whole &= _flags(pc.not_equal(true["given_name"], true["surname"]))
    exchanged = pc.or_(pc.equal(surname_as_given, true["given_name"]), pc.equal(given, true["surname"]))
    often = np.array(MISSPELT)[people.origin[rows]] * habits.care
    # Both misspelt hide an exchange; of two given names written, one mistake falls on either.
    hidden = often * rates.given_name * (1 - habits.second_names / 2) * often * rates.surname
    swaps = np.array(by_origin(EXCHANGED, ORIGIN_SHARES))[people.origin[rows]] * rates.exchanged * habits.care
    target = (swaps * (1 - hidden))[whole].mean()
    yield _share(written, "given name and surname exchanged", target, _flags(exchanged)[whole])


def _about_homes(written: Written, rates: Rates) -> Iterator[Finding]:
    care, family = written.habits.care, pa.array(written.people.family[written.rows])
    for field, form in (("address", _address), ("postcode", _postcode)):
        text, known = form(written.columns[field]), written.known(field)
        now, before = (
            _flags(pc.fill_null(pc.equal(text, form(homes[field].take(family))), False))  # noqa: FBT003, not ours
            for homes in written.people.homes
        )
        yield _share(written, f"{field} slipped", getattr(rates, field) * care, ~(now | before)[known])
        if field == "postcode":
            right = known & (now | before)
            n = len(np.unique(written.people.family[written.rows][right]))  # a family moved once for all of its records
            yield _share(written, "the home before the last move", rates.moved * care, before[right], n)


def _missing(written: Written, rates: Rates, field: str) -> Finding:
    nhs = field == "nhs_number"
    poorest = written.people.hardship[written.people.family[written.rows]] >= 1 - POOREST
    factors: Floats = np.where(poorest, *of_poorest(NHS_MISSING_IF_POOREST if nhs else MISSING_IF_POOREST))
    share = float(rates.missing[field] * (1.0 if nhs else min(1.0, written.habits.care / 0.9)) * factors.mean())
    if field in HOME:
        share = 1 - (1 - share) * (1 - written.habits.withholds_homes)
    return _share(written, f"{field} missing", share, ~written.known(field))


def _share(written: Written, what: str, target: float, found: Flags, n: int | None = None) -> Finding:
    """``n``: how many of them are independent, by default all."""
    allowed = ERRORS * float((target * (1 - target) / (n or len(found))) ** 0.5)
    return Finding(f"{written.agency}, {what}", "rates", float(target), float(found.mean()), allowed)


def _plain(texts: Any) -> Any:
    return pc.utf8_upper(plain_letters(texts))


def _first_word(texts: Any) -> Any:
    return pc.replace_substring_regex(texts, " .*$", "")


def _address(texts: Any) -> Any:
    """An address with every short form used, in capitals."""
    for word, instead in ABBREVIATED:
        texts = pc.replace_substring_regex(texts, "(?i)" + word, instead)
    return pc.utf8_upper(texts)


def _postcode(texts: Any) -> Any:
    return pc.utf8_upper(pc.replace_substring(texts, " ", ""))


def _flags(values: Any) -> Flags:
    flags: Flags = values.to_numpy(zero_copy_only=False)
    return flags
