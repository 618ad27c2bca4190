"""What the README's figures are measured with: a run with anything less is a trial, and no table shows it."""

from __future__ import annotations

PEOPLE = 6_000  # invented children
NOISE = 0.04  # of pseudopeople's cells, in each way
SHARED = 2_500  # people in both halves of Febrl 4
SEEDS = (1, 2, 3)
HALVES = tuple(range(10))
ROWS = 10_000  # of the bare counting


def settings(data: str) -> dict[str, float]:
    """Those of a data set, by its name in the tables.

    >>> settings("pseudopeople, births x wic")
    {'noise': 0.04}
    """
    of_kind = {"invented": {"people": PEOPLE}, "pseudopeople": {"noise": NOISE}, "Febrl 4": {"shared": SHARED}}
    return of_kind[data.partition(",")[0]]
