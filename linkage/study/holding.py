"""Whom an agency holds: coverage, bias, duplicates. The biases are stated in `linkage.study.agencies`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linkage.study.families import CHILD, FATHER, MOTHER, TODAY

if TYPE_CHECKING:
    from linkage.study.agencies import Agency
    from linkage.study.families import Flags, Floats, Ints, People
    from linkage.study.rates import Rates

TEEN = 10  # from this age on a child is met on its own account; judgement: England's age of criminal responsibility
DEAD = 0.2  # judgement: of those who died, an agency other than the registry met this share before
ONE_IN = 3  # judgement: of those written down again, one in so many is once more
MOST_DUPLICATES = 5  # judgement, beside the first record; but for this 1 in 243 of those with a second had a seventh


def held_rows(agency: str, people: People, rates: Rates, habits: Agency, rng: np.random.Generator) -> Ints:
    """The people an agency holds, one entry a record, in no order."""
    if agency == "registry":
        held = (rng.random(len(people)) < rates.coverage[agency]) & ~people.moved_in
    else:
        held = rng.random(len(people)) < _chances(people, rates.coverage[agency], habits, rng)
        held &= np.isnat(people.died) | (rng.random(len(people)) < DEAD)
    rows = np.flatnonzero(held)
    rows = np.repeat(rows, 1 + _further(len(rows), min(0.9, habits.again * rates.duplicates), rng))
    return rows[np.argsort(rng.random(len(rows)), kind="stable")]


def _chances(people: People, coverage: float, habits: Agency, rng: np.random.Generator) -> Floats:
    """How likely each person is held."""
    tilt = 1.0 + habits.poorer * (2.0 * people.hardship - 1.0)
    of_family = coverage * tilt
    if habits.by_family:  # all or none of a family come into sight at once
        of_family = (rng.random(len(tilt)) < np.minimum(of_family, 1.0)).astype(float)
    chance = of_family[people.family] * np.where(people.moved_in, habits.newcomers, 1.0)
    chance *= np.where(people.male & (people.role == CHILD), habits.boys, 1.0)
    return np.minimum(chance * member_shares(people, habits), 1.0)


def member_shares(people: People, habits: Agency) -> Floats:
    """Of a family in sight, the chance that this member is written down too; 0 outside the agency's ages."""
    age = ages(people.born)
    low, high = habits.ages
    of_age: Flags = (age >= low) & (age < high)
    child = np.where(age >= TEEN, habits.teens, habits.small) * of_age
    return np.select(
        [people.role == CHILD, people.role == MOTHER, people.role == FATHER],
        [child, habits.mothers, habits.fathers],
    )


def ages(born: Any) -> Ints:
    """Completed years on 1 September 2025, when a school year starts."""
    months = (TODAY.astype("datetime64[M]") - born.astype("datetime64[M]")).astype(np.int64)
    # On the first of a month the month is not complete for those born after its first day.
    late: Ints = (born > born.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    years: Ints = (months - late) // 12
    return years


def _further(n: int, again: float, rng: np.random.Generator) -> Ints:
    """How many more records of each person there are: one with chance ``again``, a third of these two, ..."""
    chance = rng.random(n)
    steps = [again / float(ONE_IN**more) for more in range(MOST_DUPLICATES)]
    more: Ints = np.sum([chance < step for step in steps], axis=0).astype(np.int64)
    return more
