"""From the truth to one agency's table: what it was told, what it mistyped, what it lost, how it writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.study import mistakes, spellings
from linkage.study.agencies import AGENCIES
from linkage.study.families import CHILD, HOME_YEARS, day_before
from linkage.study.formats import formatted, new_ids
from linkage.study.holding import ages, held_rows
from linkage.study.name_tables import ORIGIN_SHARES
from linkage.study.places import pick
from linkage.study.rates import (
    BRITISH,
    EXCHANGED,
    MISSING_IF_POOREST,
    MISSPELT_IF_NOT_BRITISH,
    NHS_MISSING_IF_POOREST,
    POOREST,
    by_origin,
    of_poorest,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linkage.study.agencies import Agency
    from linkage.study.families import Flags, Floats, Ints, People
    from linkage.study.rates import Rates

HOME = ("address", "town", "postcode", "ward")
NULL = pa.scalar(None, pa.string())
# Judgement: chances of each kind, where the kind fits the name; slips of the keys or the scanner take what is left.
ROMANISED = 0.5
BY_EAR = 0.5
OTHER_SURNAME = 0.3  # the other parent's, a maiden name, a former husband's
KEEPS_NAME = 2  # judgement: after a divorce every second woman, so that all agencies agree on which
# Judgement: a child without a name is "Baby", the rest in turn "Baby Smith", "Baby Boy"; shares of all up to each.
BABY, BABY_SMITH = 0.5, 0.8
UNBORN_UNTIL = 3  # years: judgement, later a record made before the birth has been put right
DUE = 14  # judgement: the day a child was due is up to so many days before or after its birth
INSISTS = 0.5  # judgement: of the forms that have a placeholder, so many do not let the field be empty
MISSPELT = by_origin({name: MISSPELT_IF_NOT_BRITISH for name in ORIGIN_SHARES if name not in BRITISH}, ORIGIN_SHARES)


def write_records(
    agency: str, people: People, rates: Rates, rng: np.random.Generator, *, of_ages: tuple[int, int] | None = None
) -> tuple[Any, Any]:
    """One agency's table, in no order, and the person (position in ``people``) of each of its rows."""
    habits = AGENCIES[agency] if of_ages is None else replace(AGENCIES[agency], ages=of_ages)
    rows = held_rows(agency, people, rates, habits, rng)
    values = _as_known(people, rows, rates, habits, rng)
    values |= _misspelt(values, people.origin[rows], rates, habits, rng)
    if agency == "registry":
        unnamed = rng.random(len(rows)) < rates.unnamed
        values["given_name"] = _newborns(values, unnamed, twins(people)[rows], "Baby", rng)
    if habits.unborn:
        young = (people.role[rows] == CHILD) & (ages(people.born[rows]) < UNBORN_UNTIL)
        unborn = young & (rng.random(len(rows)) < habits.unborn)
        values["given_name"] = _newborns(values, unborn, twins(people)[rows], "Unborn", rng)
        due = values["born"] + (pick(rng, len(rows), 2 * DUE + 1) - DUE)
        values["born"] = np.where(unborn, due, values["born"])
    texts = formatted(values, rates, habits, rng)
    poorest = people.hardship[people.family[rows]] >= 1.0 - POOREST
    held = {name: column for name, column in habits.columns.items() if column is not None}
    texts = {name: _lost(name, texts[name], poorest, rates, habits, rng) for name in held}
    if habits.withholds_homes:
        hidden = pa.array(rng.random(len(rows)) < habits.withholds_homes)
        texts |= {name: pc.if_else(hidden, NULL, texts[name]) for name in HOME if name in held}
    columns = {habits.id_column: new_ids(len(rows), habits, rng)}
    columns |= {column: texts[name] for name, column in held.items()}
    return pa.table(columns), pa.array(rows)


def _as_known(people: People, rows: Ints, rates: Rates, habits: Agency, rng: np.random.Generator) -> dict[str, Any]:
    """What the agency was told, before anyone mistypes it: an earlier home or surname, another day or sex."""
    where, n = pa.array(rows), len(rows)
    family = people.family[rows]
    ago = years_ago(people, family, rates.moved * habits.care, habits, rng)
    moved = pa.array(people.moved[family] < ago)
    now, before = people.homes
    place = pa.array(family)
    values = {name: pc.if_else(moved, before[name].take(place), now[name].take(place)) for name in HOME}
    values["given_name"] = _called(people, habits, rng).take(where)
    values["surname"], values["other_surname"] = surnames_on(people, rows, day_before(ago))
    values["nhs_number"] = people.nhs_number.take(where)
    values["male"] = people.male[rows] ^ (rng.random(n) < rates.sex * habits.care)
    born = people.born[rows]
    wrong = rng.random(n) < rates.dob * habits.care
    values["born"] = np.where(wrong, mistakes.wrong_day(born, rng), born)
    return values


def years_ago(people: People, family: Ints, stale: float, habits: Agency, rng: np.random.Generator) -> Floats:
    """How many years before TODAY each record's home and surname were written down, 0 to ``HOME_YEARS``.

    ``stale`` is their mean as a share of ``HOME_YEARS``; as families last moved at any time in these as likely, it is
    the share of records with the home before the move.
    """
    low, high = max(0.0, 2.0 * stale - 1.0), min(1.0, 2.0 * stale)
    # Where people are written down again each record is from a day of its own; siblings on one register share its day.
    share = rng.random(len(family)) if habits.again else rng.random(len(people.hardship))[family]
    ago: Floats = HOME_YEARS * (low + (high - low) * share)
    return ago


def _called(people: People, habits: Agency, rng: np.random.Generator) -> Any:
    """Given names, at agencies that ask for it some with the second one behind."""
    if not habits.second_names:
        return people.given_name
    written = pa.array(rng.random(len(people)) < habits.second_names)
    both = pc.binary_join_element_wise(people.given_name, second_names(people), " ")
    return pc.if_else(written, both, people.given_name)


def second_names(people: People) -> Any:
    """Everyone's second given name: that of another of their origin, sex and generation.

    So it is the same wherever it is written. That second names are as common as first ones is judgement.
    """
    kind = people.origin * 4 + people.male * 2 + (people.role == CHILD)
    order = np.argsort(kind, kind="stable")
    partner = np.empty(len(order), dtype=np.int64)
    start = 0
    for size in np.bincount(kind).tolist():
        group = order[start : start + size]
        partner[group] = np.roll(group, size // 2)
        start += size
    return people.given_name.take(pa.array(partner))


def surnames_on(people: People, rows: Ints, day: Any) -> tuple[Any, Any]:
    """The surname on that day, and another the person might be known by."""
    where = pa.array(rows)
    first, other = people.surname.take(where), people.other_surname.take(where)
    if not (people.role != CHILD).any():
        return first, other
    last = people.last_surname.take(where)
    # by the birthday, so that all agencies agree on who keeps it
    reverted = (people.divorced[rows] <= day) & (people.born[rows].astype(np.int64) % KEEPS_NAME == 0)
    wife = pc.and_(pa.array((people.married[rows] <= day) & ~reverted), pc.is_valid(other))
    again = pc.and_(pa.array(people.remarried[rows] <= day), pc.is_valid(last))
    now = pc.if_else(again, last, pc.if_else(wife, other, first))
    once = pc.if_else(again, other, pc.if_else(wife, first, other))
    return now, pc.coalesce(once, first)


def _misspelt(
    values: dict[str, Any], origin: Ints, rates: Rates, habits: Agency, rng: np.random.Generator
) -> dict[str, Any]:
    """The names and codes as they come out of the clerk's keyboard or the scanner."""
    n = len(origin)
    slips = ((habits.scans, spellings.misread), (1.0, mistakes.slip))
    spelt = ((ROMANISED, spellings.romanised), (BY_EAR, spellings.by_ear), *slips)
    called = (
        (habits.initials, lambda names, _: spellings.initial(names)),
        (habits.nicknames, spellings.familiar),
        *spelt,
    )
    # Not in the space: whether there is one is a habit.
    old = values | {"postcode": pc.replace_substring(values["postcode"], " ", "")}
    changed = {
        name: _changed(old[name], rng.random(n) < getattr(rates, name) * habits.care, slips, rng)
        for name in ("address", "postcode", "nhs_number")
    }
    changed["postcode"] = pc.replace_substring_regex(changed["postcode"], "(.{3})$", r" \1")
    often = np.array(MISSPELT)[origin] * habits.care
    given = _changed(values["given_name"], rng.random(n) < rates.given_name * often, called, rng)
    wrong = rng.random(n) < rates.surname * often
    other = wrong & (rng.random(n) < OTHER_SURNAME) & _different(values["surname"], values["other_surname"])
    surname = _changed(values["surname"], wrong & ~other, spelt, rng)
    surname = pc.if_else(pa.array(other), values["other_surname"], surname)
    swaps = np.array(by_origin(EXCHANGED, ORIGIN_SHARES))[origin] * rates.exchanged * habits.care
    swap = pa.array(rng.random(n) < swaps)
    changed["given_name"] = pc.if_else(swap, surname, given)
    changed["surname"] = pc.if_else(swap, given, surname)
    return changed


def _changed(values: Any, wrong: Flags, ways: Sequence[tuple[float, Any]], rng: np.random.Generator) -> Any:
    """``values`` changed in one of the ``ways`` where they went wrong and hold anything."""
    mask = pc.and_(pa.array(wrong), pc.is_valid(values))
    old = values.filter(mask)
    return pc.replace_with_mask(values, mask, pc.coalesce(spellings.alternatives(old, ways, rng), old))


def _newborns(values: Mapping[str, Any], unnamed: Flags, twin: Ints, word: str, rng: np.random.Generator) -> Any:
    """Given names with those of children who had none yet: Baby, Baby Smith, Baby Girl, Twin 2."""
    n = len(unnamed)
    chance = rng.random(n)
    family = pc.binary_join_element_wise("Baby", values["surname"], " ")
    sexed = pc.if_else(pa.array(values["male"]), "Baby Boy", "Baby Girl")
    stead = pc.if_else(pa.array(chance < BABY), word, pc.if_else(pa.array(chance < BABY_SMITH), family, sexed))
    numbered = pc.binary_join_element_wise("Twin", pa.array(twin).cast(pa.string()), " ")
    stead = pc.if_else(pa.array(twin > 0), numbered, stead)
    return pc.if_else(pa.array(unnamed), stead, values["given_name"])


def twins(people: People) -> Ints:
    """1 or 2 for the first and second of twins, 0 for all others."""
    kin = (people.family[1:] == people.family[:-1]) & (people.born[1:] == people.born[:-1])
    kin &= (people.role[1:] == CHILD) & (people.role[:-1] == CHILD)
    number = np.zeros(len(people), dtype=np.int64)
    number[:-1] += kin
    number[1:] += 2 * kin
    return np.minimum(number, 2)


def _lost(name: str, values: Any, poorest: Flags, rates: Rates, habits: Agency, rng: np.random.Generator) -> Any:
    """``values`` with some gone, or a placeholder in their stead where the agency's form insists on one."""
    nhs = name == "nhs_number"
    much, little = of_poorest(NHS_MISSING_IF_POOREST if nhs else MISSING_IF_POOREST)
    # Whether a number was ever asked for is not a matter of care.
    share = rates.missing[name] * (1.0 if nhs else min(1.0, habits.care / 0.9))
    shares: Floats = np.where(poorest, much, little) * share
    gone = rng.random(len(values)) < shares
    insists = gone & (rng.random(len(values)) < INSISTS)
    values = pc.if_else(pa.array(gone), NULL, values)
    return pc.if_else(pa.array(insists), pa.scalar(habits.placeholders.get(name), pa.string()), values)


def _different(left: Any, right: Any) -> Flags:
    flags: Flags = pc.not_equal(left, right).to_numpy(zero_copy_only=False)
    return flags
