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
    DAYS_A_YEAR,
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
from linkage.study.marriages import MARRIED, bell, draw_marriages, years
from linkage.study.name_tables import ORIGIN_SHARES

if TYPE_CHECKING:
    from linkage.study.families import Ints

# Children whose family's youngest was born in the eleven years before 2019, to each child of the other families: as
# births were about as many each year (ONS, Births in England and Wales: 679,106 in 2017, 624,828 in 2021), 11 to 5.
OLDER = 2.2
OLDER_WINDOW = (np.datetime64("2008-01-01"), np.datetime64("2018-12-31"))
# ONS, Families and households: of families with dependent children 47 % had one (2013), 1 in 7 three or more (2012).
# That of these 10 have three and 4 four is judgement.
OLDER_SIZES = (47, 39, 10, 4)
# ONS, Birth characteristics 2017: mothers at their first birth were 28.8 on average, and 0.1 older each year; 29.1
# carries that on. The spread is judgement.
AGE_AT_FIRST, AGE_SPREAD = 29.1, 5.1
# Of the mothers. Judgement; ONS, Birth characteristics 2021: 13,739 of 624,828 births to mothers under 20, 2,064 to
# those of 45 or more.
YOUNGEST, OLDEST = 16.0, 45.0
APART = 180  # days: judgement, so that not all whom these limits stop are of one age
# ONS, Birth characteristics 2021: fathers 33.7, mothers 30.9. The spread is judgement, and so is that they are 16.
FATHERS_OLDER, FATHERS_SPREAD = 2.8, 4.0
YOUNGEST_FATHER = 16.0
# ONS, Families and households 2013: 25 % of families with dependent children have one parent, 91 % of them a mother.
LONE_MOTHERS = 0.23
TAKES_NAME = 0.85  # judgement, of wives
FROM_ANOTHER_TRADITION = 0.35  # judgement: of mothers of Pakistani origin with a woman's last name, as Begum or Bibi
WOMENS_LAST_NAMES = ("Begum", "Bibi", "Akhtar", "Kauser", "Khatoon", "Parveen")
# Judgement: of parents of these origins, born where births were not written down: 1 January stands for their birthday.
NEW_YEARS_BIRTHDAYS = {"arabic": 0.04, "african": 0.04, "pakistani": 0.03}
# Judgement: of parents, over ten years; about 1 in 1,000 a year.
DEATHS = 0.01
DEATH_DAYS = 3650
NO_NAME = pa.scalar(None, pa.string())
OF_FAMILIES = ("hardship", "moved", "homes")
CARRIED = np.timedelta64(280, "D")  # forty weeks


def everyone(young: People, moved_in: float, rng: np.random.Generator) -> People:
    """``young`` first and as they are, then older children, then the mothers and fathers of all."""
    n = max(1, round(OLDER * len(young)))
    family, born = births(n, OLDER_SIZES, OLDER_WINDOW, rng)
    older = children(family, born, moved_in, rng, numbered=(len(young),))
    kids = _together(young, dataclasses.replace(older, family=older.family + int(young.family[-1]) + 1), families=True)
    mothers, fathers = _couples(kids, (len(young), n), rng)
    return _together(_together(kids, mothers), fathers)


def _couples(kids: People, numbered: tuple[int, ...], rng: np.random.Generator) -> tuple[People, People]:
    """The mother and, in most families, the father of each family of ``kids``."""
    _, first = np.unique(kids.family, return_index=True)
    n = len(first)
    eldest, youngest = _ends(kids, n)
    her_day, his_day = _birthdays(eldest, youngest, rng)
    lone = rng.random(n) < LONE_MOTHERS
    wed = ~lone & (rng.random(n) < MARRIED / (1 - LONE_MOTHERS))  # no lone mother here is married
    origin = kids.origin[first]
    hers = np.where(rng.random(n) < MIXED, names.draw_origins(n, rng), origin)
    marriages = draw_marriages(wed, (eldest, youngest), (her_day, hers), rng)
    # A double-barrelled child's father brought the first of the two.
    his_name = gendered(_first_part(kids.surname.take(pa.array(first))), origin, np.ones(n, dtype=bool))
    her_name = gendered(kids.other_surname.take(pa.array(first)), hers, np.zeros(n, dtype=bool))
    her_name = _womens_last_names(her_name, hers, rng)
    takes = pa.array(~np.isnat(marriages.married) & (rng.random(n) < TAKES_NAME))
    taken = pc.if_else(takes, gendered(his_name, origin, np.zeros(n, dtype=bool)), NO_NAME)
    mothers = _adults(MOTHER, her_day, hers, numbered, rng)
    mothers = dataclasses.replace(
        mothers,
        surname=her_name,
        other_surname=taken,
        married=marriages.married,
        divorced=marriages.divorced,
        remarried=marriages.remarried,
        # who took the first husband's name takes the second's
        last_surname=pc.if_else(takes, marriages.second, NO_NAME),
        moved_in=kids.moved_in[first],
    )
    fathers = _adults(FATHER, his_day, origin, (*numbered, n), rng)
    fathers = dataclasses.replace(
        fathers,
        surname=his_name,
        married=marriages.married,
        divorced=marriages.divorced,
        moved_in=kids.moved_in[first],
    )
    mothers, fathers = _alive(mothers, youngest), _alive(fathers, youngest - CARRIED)
    return mothers, _only(fathers, np.flatnonzero(~lone))


def _ends(kids: People, n: int) -> tuple[Any, Any]:
    """The birthdays of the eldest and of the youngest of each of ``n`` families."""
    eldest, youngest = np.full(n, kids.born.max()), np.full(n, kids.born.min())
    np.minimum.at(eldest, kids.family, kids.born)
    np.maximum.at(youngest, kids.family, kids.born)
    return eldest, youngest


def _birthdays(eldest: Any, youngest: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Her birthday and his, from those of their children: she is of an age to bear both the eldest and the youngest."""
    n = len(eldest)
    span = (youngest - eldest).astype(np.int64) / DAYS_A_YEAR
    age = np.clip(bell(n, AGE_AT_FIRST, AGE_SPREAD, rng), YOUNGEST, OLDEST - span)
    her_day = eldest - years(age) - (places.pick(rng, n, APART) - APART // 2)
    his_day = her_day - years(bell(n, FATHERS_OLDER, FATHERS_SPREAD, rng))
    return her_day, np.minimum(his_day, eldest - years(YOUNGEST_FATHER))


def _alive(parents: People, day: Any) -> People:
    """The parents, without the deaths that came before they could have the child."""
    return dataclasses.replace(parents, died=np.where(parents.died < day, NEVER, parents.died))


def _adults(role: int, born: Any, origin: Ints, numbered: tuple[int, ...], rng: np.random.Generator) -> People:
    """One parent of each family, as yet without a surname and unmarried."""
    n = len(born)
    male = np.full(n, role == FATHER)
    shares = np.array([NEW_YEARS_BIRTHDAYS.get(name, 0.0) for name in ORIGIN_SHARES])
    new_year = born.astype("datetime64[Y]").astype("datetime64[D]")
    born = np.where(rng.random(n) < shares[origin], new_year, born)
    nameless, never = pa.nulls(n, pa.string()), np.full(n, NEVER)
    return People(
        family=np.arange(n),
        role=np.full(n, role),
        born=born,
        died=np.where(rng.random(n) < DEATHS, TODAY - places.pick(rng, n, DEATH_DAYS), NEVER),
        male=male,
        origin=origin,
        given_name=given_names(origin, born, male, rng),
        surname=nameless,
        other_surname=nameless,
        married=never,
        divorced=never,
        remarried=never,
        last_surname=nameless,
        nhs_number=nhs_numbers(n, numbered, rng),
        moved_in=np.zeros(n, dtype=bool),
        hardship=np.zeros(0),
        moved=np.zeros(0),
        homes=({}, {}),
    )


def _womens_last_names(surnames: Any, origin: Ints, rng: np.random.Generator) -> Any:
    chosen = pa.array(WOMENS_LAST_NAMES).take(pa.array(places.pick(rng, len(origin), len(WOMENS_LAST_NAMES))))
    pakistani = origin == list(ORIGIN_SHARES).index("pakistani")
    return pc.if_else(pa.array(pakistani & (rng.random(len(origin)) < FROM_ANOTHER_TRADITION)), chosen, surnames)


def _first_part(surnames: Any) -> Any:
    """Smith of Smith-Jones; Al-Masri and Au-Yeung stay whole."""
    return pc.replace_substring_regex(surnames, r"^(\pL[\pL']{2,})-\pL.*$", r"\1")


def _only(people: People, rows: Ints) -> People:
    """Those of the rows, of their families' homes nothing."""
    return _each(lambda column: column.take(pa.array(rows)) if isinstance(column, pa.Array) else column[rows], people)


def _together(first: People, second: People, *, families: bool = False) -> People:
    """One after the other; with ``families`` the homes of both, else those of the first."""

    def joined(left: Any, right: Any) -> Any:
        return pa.concat_arrays([left, right]) if isinstance(left, pa.Array) else np.concatenate([left, right])

    both = _each(joined, first, second)
    if not families:
        return dataclasses.replace(both, hardship=first.hardship, moved=first.moved, homes=first.homes)
    now, before = (
        {name: joined(home[name], other[name]) for name in home}
        for home, other in zip(first.homes, second.homes, strict=True)
    )
    hardship, moved = joined(first.hardship, second.hardship), joined(first.moved, second.moved)
    return dataclasses.replace(both, hardship=hardship, moved=moved, homes=(now, before))


def _each(change: Any, *people: People) -> People:
    """``change`` applied to every column with one entry a person."""
    columns = [field.name for field in dataclasses.fields(People) if field.name not in OF_FAMILIES]
    changed = {name: change(*(getattr(one, name) for one in people)) for name in columns}
    return dataclasses.replace(people[0], **changed)
