"""The truth about children: in families, before any agency has written anything down.

``draw_children`` gives the children born 2019 to 2023 (and those of their brothers and sisters who are a little
older); `linkage.study.parents` adds the families' other members and families of older children.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study import names, places
from linkage.study.name_tables import ORIGIN_SHARES

if TYPE_CHECKING:
    from collections.abc import Mapping

Ints = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Floats = np.ndarray[Any, np.dtype[np.float64]]

CHILD, MOTHER, FATHER = range(3)
TODAY = np.datetime64("2025-09-01")
NEVER = np.datetime64("NaT", "D")
# Families with one, two, three, four maternities among the data. Judgement, set so that about 45 % of the children
# have a brother or sister in the data: a window of five years cuts families short.
FAMILY_SIZES = (748, 194, 48, 10)
# ONS, Birth characteristics in England and Wales: 15.8 in 1,000 maternities were multiple in 2017, 15.4 in 2018.
TWIN_BIRTHS = 0.015
# About a third of twin pairs in the United Kingdom are monozygotic, so of one sex (textbooks agree; no table of counts
# is known to us). The others' sexes are independent (Weinberg's rule): two thirds of all pairs are of one sex.
IDENTICAL = 1 / 3
BOYS = 0.513  # ONS, Birth characteristics in England and Wales 2017: 51.3 % of live births
# ONS, Child and infant mortality in England and Wales 2021: of live births. That any day of the first year is as likely
# is judgement, and untrue: most die in their first month. No agency writes down the day.
INFANT_DEATHS = 0.0037
FIRST_DAY, LAST_DAY = np.datetime64("2019-01-01"), np.datetime64("2023-12-31")  # of each family's youngest
# Days from one birth to the next: evenly from the first to the second, in the middle 36 months. ONS, Characteristics of
# mother 2, 2012: the median from the first child to the second is 36 months, then 41, then 37. The shape is judgement.
GAPS = (335, 1856)
# Births a day in each month, the year's mean 100: ONS, How popular is your birthday?: 1,800 a day from 1995 to 2014,
# 1,974 on an average 26 September, the most of any day. That months vary half as much as days is judgement.
SEASON = (97, 98, 98, 98, 100, 101, 102, 101, 105, 102, 99, 98)
DOUBLE_BARRELLED = 0.05  # judgement: of families, the children carry both parents' surnames
# Census 2011 (ONS, What does the 2011 census tell us about inter-ethnic relationships?): 9 % of people in couples live
# with one of another ethnic group. That origins here mix as often is judgement.
MIXED = 0.09
# Judgement: given names of other traditions are drawn from the English list this often.
BORROWED = {"english": 0.0, "welsh": 0.65, "scottish": 0.65, "irish": 0.6, "pakistani": 0.02, "african": 0.25}
BORROWED_ELSE = 0.12
# Judgement: every family last moved within so many years, at any time of them as likely. So 30 % did in the last three;
# English Housing Survey 2021-22: of those under 55, 24 % of owners and 57 % of private tenants.
HOME_YEARS = 10.0
DAYS_A_YEAR = 365.25
FIRST_NUMBER = 271_828  # of the NHS test numbers; any would do


@dataclass(frozen=True)
class People:
    """One entry a person; the children of a family stand together. From ``hardship`` on: one entry a family."""

    family: Ints
    role: Ints  # CHILD, MOTHER or FATHER
    born: Any  # datetime64[D], as all other days; NaT where it has not happened
    died: Any
    male: Flags
    origin: Ints  # position in ORIGIN_SHARES
    given_name: Any
    surname: Any  # at birth
    other_surname: Any  # a child's: the other parent's; a mother's: her husband's where she took it
    married: Any
    divorced: Any
    remarried: Any
    last_surname: Any  # a second husband's, where she took it
    nhs_number: Any
    moved_in: Flags  # born elsewhere, so not in the local registry
    # 0 for the best off to 1 for the poorest family: their rank, so any is as likely. That it goes with nothing else
    # about the family (origin, size, home) is judgement, for want of a table of all of them together.
    hardship: Floats
    moved: Floats  # years before TODAY of the last move
    homes: tuple[Mapping[str, Any], Mapping[str, Any]]  # now, and before the last move

    def __len__(self) -> int:
        return len(self.family)


def draw_children(people: int, moved_in: float, rng: np.random.Generator) -> People:
    """``people`` children with their families, homes and numbers."""
    family, born = births(people, FAMILY_SIZES, (FIRST_DAY, LAST_DAY), rng)
    return children(family, born, moved_in, rng, numbered=())


def children(
    family: Ints, born: Any, moved_in: float, rng: np.random.Generator, *, numbered: tuple[int, ...]
) -> People:
    """The children of these families, born on these days, with all else about them; ``numbered`` as below."""
    people, n_families = len(family), int(family[-1]) + 1
    origin = names.draw_origins(n_families, rng)
    male = _sexes(family, born, rng)
    surnames, others = _surnames(origin, rng)
    of_family = pa.array(family)
    where = origin[family]
    died = np.where(rng.random(people) < INFANT_DEATHS, born + places.pick(rng, people, 365), NEVER)
    never = np.full(people, NEVER)
    return People(
        family=family,
        role=np.full(people, CHILD),
        born=born,
        died=died,
        male=male,
        origin=where,
        given_name=_given_names(where, born, male, family, rng),
        surname=gendered(surnames.take(of_family), where, male),
        other_surname=gendered(others.take(of_family), where, male),
        married=never,
        divorced=never,
        remarried=never,
        last_surname=pa.nulls(people, pa.string()),
        nhs_number=nhs_numbers(people, numbered, rng),
        moved_in=(rng.random(n_families) < moved_in)[family],
        hardship=rng.random(n_families),
        moved=HOME_YEARS * rng.random(n_families),
        homes=(places.draw_homes(n_families, rng), places.draw_homes(n_families, rng)),
    )


def day_before(years: Floats) -> Any:
    """The day so many years before TODAY."""
    return TODAY - (years * DAYS_A_YEAR).astype(np.int64)


def _sexes(family: Ints, born: Any, rng: np.random.Generator) -> Flags:
    """Which are boys; identical twins are of one sex."""
    male = rng.random(len(family)) < BOYS
    identical = rng.random(len(family)) < IDENTICAL
    second = np.flatnonzero((family[1:] == family[:-1]) & (born[1:] == born[:-1]) & identical[1:]) + 1
    male[second] = male[second - 1]
    return male


def births(
    people: int, family_sizes: tuple[int, ...], window: tuple[Any, Any], rng: np.random.Generator
) -> tuple[Ints, Any]:
    """The family and the birthday of each of ``people`` children; each family's youngest is born in the window."""
    # As many families as children is always enough; the last ones are cut off.
    ends = np.cumsum(family_sizes)
    sizes = 1 + np.searchsorted(ends, places.pick(rng, people, int(ends[-1])), side="right")
    family = np.repeat(np.arange(people), sizes)[:people]
    last = window[0] + places.pick(rng, people, int((window[1] - window[0]).astype(int)) + 1)
    born = _seasonal(_birthdays(family, last, rng), rng)
    of_birth = 1 + (rng.random(people) < TWIN_BIRTHS)
    return np.repeat(family, of_birth)[:people], np.repeat(born, of_birth)[:people]


def _birthdays(family: Ints, last: Any, rng: np.random.Generator) -> Any:
    """Birthdays: the youngest of a family first, then each elder a gap before."""
    n = len(family)
    youngest = np.concatenate(([True], family[1:] != family[:-1]))
    gaps = np.where(youngest, 0, GAPS[0] + places.pick(rng, n, GAPS[1] - GAPS[0]))
    total = np.cumsum(gaps)
    sizes = np.diff(np.append(np.flatnonzero(youngest), n))
    return np.repeat(last[youngest] + total[youngest], sizes) - total


def _seasonal(days: Any, rng: np.random.Generator) -> Any:
    """Days even over the year, each moved a little within its own, so that births are as many as ``SEASON`` says."""
    start = days.astype("datetime64[Y]").astype("datetime64[D]")
    months = (np.datetime64("2020-01-01") + np.arange(366)).astype("datetime64[M]").astype(np.int64) % 12
    ends = np.cumsum(np.array(SEASON)[months])
    # Anywhere in the day, so that no day of the year is left out and none is met twice as often.
    share = ((days - start).astype(np.int64) + rng.random(len(days))) / 366
    return start + np.searchsorted(ends, (share * int(ends[-1])).astype(np.int64), side="right")


def _surnames(origin: Ints, rng: np.random.Generator) -> tuple[Any, Any]:
    """The children's surname in each family, and the other parent's."""
    mixed = np.where(rng.random(len(origin)) < MIXED, names.draw_origins(len(origin), rng), origin)
    first, second = names.draw_surnames(origin, rng), names.draw_surnames(mixed, rng)
    joinable = pc.and_(pc.not_equal(first, second), pc.invert(pc.match_substring(first, "-")))
    both = pc.and_(pa.array(rng.random(len(origin)) < DOUBLE_BARRELLED), joinable)
    return pc.if_else(both, pc.binary_join_element_wise(first, second, "-"), first), second


def gendered(surnames: Any, origin: Ints, male: Flags) -> Any:
    """Surnames in the form of the sex: Kowalska for Kowalski, and in Sikh families Kaur beside Singh."""
    origins = list(ORIGIN_SHARES)
    polish = pa.array((origin == origins.index("polish")) & ~male)
    surnames = _respelt(surnames, polish, r"([sc])ki$", r"\1ka")
    indian = origin == origins.index("indian")
    surnames = _respelt(surnames, pa.array(indian & ~male), "^Singh$", "Kaur")
    return _respelt(surnames, pa.array(indian & male), "^Kaur$", "Singh")


def _respelt(texts: Any, rows: Any, pattern: str, instead: str) -> Any:
    return pc.replace_with_mask(texts, rows, pc.replace_substring_regex(texts.filter(rows), pattern, instead))


def _given_names(origin: Ints, born: Any, male: Flags, family: Ints, rng: np.random.Generator) -> Any:
    """A given name for each child, no two alike in one family."""
    given = given_names(origin, born, male, rng)
    again = _repeated(given, family)
    while len(again):
        mask = np.zeros(len(given), dtype=bool)
        mask[again] = True
        given = pc.replace_with_mask(given, pa.array(mask), given_names(origin[again], born[again], male[again], rng))
        again = _repeated(given, family)
    return given


def given_names(origin: Ints, born: Any, male: Flags, rng: np.random.Generator) -> Any:
    """A given name for each person, at times from the English list whatever the origin."""
    shares = np.array([BORROWED.get(name, BORROWED_ELSE) for name in ORIGIN_SHARES])
    english = list(ORIGIN_SHARES).index("english")
    return names.draw_given(np.where(rng.random(len(origin)) < shares[origin], english, origin), born, male, rng)


def _repeated(given: Any, family: Ints) -> Ints:
    """Rows whose family has used the name already."""
    codes = given.dictionary_encode().indices.to_numpy().astype(np.int64)
    _, first = np.unique(family * (int(codes.max()) + 1) + codes, return_index=True)
    return np.setdiff1d(np.arange(len(family)), first)


def nhs_numbers(people: int, numbered: tuple[int, ...], rng: np.random.Generator) -> Any:
    """Test numbers, 999 and seven digits, with a right check digit; null once they have run out.

    ``numbered``: how many people were numbered before, each time, so that no number is given twice. Of the
    million in the range one in eleven has no check digit.
    """
    # Enough each time to spare the one in eleven that has no check digit.
    used, wanted = (sum(one * 6 // 5 + 100 for one in counts) for counts in (numbered, (people,)))
    n = max(0, min(1_000_000 - used, wanted))
    # A step coprime to the million never meets a number twice; shuffling it hides the order of the children.
    step = used + np.argsort(rng.random(n), kind="stable")
    body = 999_000_000 + (FIRST_NUMBER + step * 381_967) % 10**6
    digits = body[:, None] // 10 ** np.arange(8, -1, -1) % 10
    check = (11 - digits @ np.arange(10, 1, -1) % 11) % 11  # a remainder that asks for 10 is never issued
    numbers = (body * 10 + check)[check < 10]
    where = pa.array(np.arange(people), mask=np.arange(people) >= len(numbers))
    return pa.array(numbers).cast(pa.string()).take(where)
