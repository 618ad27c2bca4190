"""The rest of the truth: older children, and parents with their marriages, divorces, surnames and deaths.

Drawn only where an agency that knows them is asked for, from a stretch of random numbers of their own, so that the
children stay what they are.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study import names, places
from linkage.study.families import (
    FATHER,
    MIXED,
    MOTHER,
    NEVER,
    TODAY,
    People,
    births,
    children,
    gendered,
    given_names,
    nhs_numbers,
)
from linkage.study.name_tables import ORIGIN_SHARES

if TYPE_CHECKING:
    from linkage.study.families import Ints

# Children whose family's youngest was born in the eleven years before 2019, to each child of the other families: as
# births were about as many each year (ONS, Births in England and Wales: 600,000 to 730,000), 11 years to 5.
OLDER = 2.2
OLDER_WINDOW = (np.datetime64("2008-01-01"), np.datetime64("2018-12-31"))
# ONS, Families and households: of families with dependent children about 45 % have one, 41 % two, 14 % three or more.
OLDER_SIZES = (45, 41, 10, 4)
# ONS, Birth characteristics: mothers at a first birth are 29 on average, and fathers about three years older.
AGE_AT_FIRST, AGE_SPREAD = 29.1, 5.8
FATHERS_OLDER, FATHERS_SPREAD = 2.8, 4.0
LONE_MOTHERS = 0.2  # ONS, Families and households: over a fifth of such families have one parent, most a mother
# ONS, Births in England and Wales 2021: 49 % of births to married parents; some marry later. Judgement: 10 % do.
MARRIED = 0.55
TAKES_NAME = 0.85  # judgement: of wives
DIVORCED = 0.2  # judgement, of those married; ONS: about 40 % of marriages end so, but not within so few years
FROM_ANOTHER_TRADITION = 0.35  # judgement: of mothers of Pakistani origin with a woman's last name, as Begum or Bibi
WOMENS_LAST_NAMES = ("Begum", "Bibi", "Akhtar", "Kauser", "Khatoon", "Parveen")
# Judgement: of parents of these origins, born where births were not written down: 1 January stands for their birthday.
NEW_YEARS_BIRTHDAYS = {"arabic": 0.04, "african": 0.04, "pakistani": 0.03}
DEATHS = 0.01  # ONS, National life tables: about 1 in 1,000 a year at such ages, over ten years
DAYS = 365.25
CARRIED = np.timedelta64(280, "D")


def everyone(young: People, moved_in: float, rng: np.random.Generator) -> People:
    """``young`` first and as they are, then older children, then the mothers and fathers of all."""
    n = max(1, round(OLDER * len(young)))
    family, born = births(n, OLDER_SIZES, OLDER_WINDOW, rng)
    older = children(family, born, moved_in, rng, numbered=(len(young),))
    kids = _together(young, dataclasses.replace(older, family=older.family + int(young.family[-1]) + 1), families=True)
    mothers, fathers = _couples(kids, (len(young), n), rng)
    return _together(_together(kids, mothers), fathers)


def _years(count: int) -> np.timedelta64:
    # with its unit: NumPy no longer takes a bare number for days
    return np.timedelta64(int(count * DAYS), "D")


def _couples(kids: People, numbered: tuple[int, ...], rng: np.random.Generator) -> tuple[People, People]:
    """The mother and, in most families, the father of each family of ``kids``."""
    _, first = np.unique(kids.family, return_index=True)
    n = len(first)
    eldest = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(eldest, kids.family, kids.born.astype(np.int64))
    years = np.clip(_bell(n, AGE_AT_FIRST, AGE_SPREAD, rng), 15.5, 46)
    her_day = eldest.astype("datetime64[D]") - (years * DAYS).astype(np.int64) - places.pick(rng, n, 180)
    his_day = her_day - (_bell(n, FATHERS_OLDER, FATHERS_SPREAD, rng) * DAYS).astype(np.int64)
    his_day = np.minimum(his_day, eldest.astype("datetime64[D]") - _years(16))
    lone = rng.random(n) < LONE_MOTHERS
    wed = ~lone & (rng.random(n) < MARRIED / (1 - LONE_MOTHERS))  # no lone mother here is married
    day = her_day + _years(20) + (rng.random(n) * (TODAY - her_day - _years(20)).astype(int)).astype(np.int64)
    married = np.where(wed, np.maximum(day, her_day + _years(18)), NEVER)
    parted = wed & (rng.random(n) < DIVORCED)
    together = np.where(wed, (TODAY - married).astype(np.int64), 0)
    divorced = np.where(parted, married + (together * rng.random(n)).astype(np.int64), NEVER)
    origin = kids.origin[first]
    hers = np.where(rng.random(n) < MIXED, names.draw_origins(n, rng), origin)
    # A double-barrelled child's father brought the first of the two.
    his_name = gendered(_first_part(kids.surname.take(pa.array(first))), origin, np.ones(n, dtype=bool))
    her_name = gendered(kids.other_surname.take(pa.array(first)), hers, np.zeros(n, dtype=bool))
    her_name = _womens_last_names(her_name, hers, rng)
    takes = pa.array(wed & (rng.random(n) < TAKES_NAME))
    taken = pc.if_else(takes, gendered(his_name, origin, np.zeros(n, dtype=bool)), pa.scalar(None, pa.string()))
    shared = (np.arange(n), married, divorced, kids.moved_in[first])
    youngest = np.full(n, kids.born.min())
    np.maximum.at(youngest, kids.family, kids.born)
    mothers = _adults(MOTHER, her_day, hers, her_name, taken, shared, numbered, rng)
    fathers = _adults(FATHER, his_day, origin, his_name, pa.nulls(n, pa.string()), shared, (*numbered, n), rng)
    mothers, fathers = _alive(mothers, youngest), _alive(fathers, youngest - CARRIED)
    return mothers, _only(fathers, np.flatnonzero(~lone))


def _alive(parents: People, day: Any) -> People:
    """The parents, without the deaths that came before they could have the child."""
    return dataclasses.replace(parents, died=np.where(parents.died < day, NEVER, parents.died))


def _adults(
    role: int,
    born: Any,
    origin: Ints,
    surname: Any,
    taken: Any,
    shared: Any,
    numbered: tuple[int, ...],
    rng: np.random.Generator,
) -> People:
    n = len(born)
    family, married, divorced, moved_in = shared
    male = np.full(n, role == FATHER)
    shares = np.array([NEW_YEARS_BIRTHDAYS.get(name, 0.0) for name in ORIGIN_SHARES])
    new_year = born.astype("datetime64[Y]").astype("datetime64[D]")
    born = np.where(rng.random(n) < shares[origin], new_year, born)
    died = np.where(rng.random(n) < DEATHS, TODAY - places.pick(rng, n, 3650), NEVER)
    return People(
        family=family,
        role=np.full(n, role),
        born=born,
        died=died,
        male=male,
        origin=origin,
        given_name=given_names(origin, born, male, rng),
        surname=surname,
        other_surname=taken,
        married=married,
        divorced=divorced,
        nhs_number=nhs_numbers(n, numbered, rng),
        moved_in=moved_in,
        hardship=np.zeros(0),
        homes=({}, {}),
    )


def _womens_last_names(surnames: Any, origin: Ints, rng: np.random.Generator) -> Any:
    chosen = pa.array(WOMENS_LAST_NAMES).take(pa.array(places.pick(rng, len(origin), len(WOMENS_LAST_NAMES))))
    pakistani = origin == list(ORIGIN_SHARES).index("pakistani")
    return pc.if_else(pa.array(pakistani & (rng.random(len(origin)) < FROM_ANOTHER_TRADITION)), chosen, surnames)


def _first_part(surnames: Any) -> Any:
    """Smith of Smith-Jones; Al-Masri and Au-Yeung stay whole."""
    return pc.replace_substring_regex(surnames, r"^(\pL[\pL']{2,})-\pL.*$", r"\1")


def _bell(n: int, mean: float, spread: float, rng: np.random.Generator) -> Any:
    """Four throws together are near enough to a normal distribution, and end."""
    thrown = rng.random(n) + rng.random(n) + rng.random(n) + rng.random(n)
    return mean + (thrown - 2.0) * (3.0**0.5 * spread)


def _only(people: People, rows: Ints) -> People:
    """Those of the rows, of their families' homes nothing."""
    return _each(lambda column: column.take(pa.array(rows)) if isinstance(column, pa.Array) else column[rows], people)


def _together(first: People, second: People, *, families: bool = False) -> People:
    """One after the other; with ``families`` the homes of both, else those of the first."""

    def joined(left: Any, right: Any) -> Any:
        return pa.concat_arrays([left, right]) if isinstance(left, pa.Array) else np.concatenate([left, right])

    both = _each(joined, first, second)
    if not families:
        return dataclasses.replace(both, hardship=first.hardship, homes=first.homes)
    now, before = (
        {name: joined(home[name], other[name]) for name in home}
        for home, other in zip(first.homes, second.homes, strict=True)
    )
    return dataclasses.replace(both, hardship=joined(first.hardship, second.hardship), homes=(now, before))


def _each(change: Any, *people: People) -> People:
    """``change`` applied to every column with one entry a person."""
    columns = [field.name for field in dataclasses.fields(People) if field.name not in ("hardship", "homes")]
    changed = {name: change(*(getattr(one, name) for one in people)) for name in columns}
    return dataclasses.replace(people[0], **changed)
