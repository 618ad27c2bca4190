"""What the README's figures are measured with: a run with anything less is a trial, and no table shows it."""

from __future__ import annotations

PEOPLE = 6_000  # invented children
NOISE = 0.04  # of pseudopeople's cells, in each way
SHARED = 2_500  # people in both halves of Febrl 4
SEEDS = (1, 2, 3)
HALVES = tuple(range(10))
GROUPED = 20_000  # invented children, of whom enough are of the rarest origins
CHECKED = 50_000  # invented children, held against sources
COMPARED = 20_000  # rows of either side, where speed is compared
CHECK_SEED = 1
CHECKED_PRESETS = ("typical", "clean", "hard")
OVERLAP_FIELDS = ("six fields", "names, date, sex")
OVERLAPS = (1.0, 0.3, 0.1, 0.01)
FEBRL4_FIELDS = ("seven fields", "four fields")
PRESETS = ("typical", "hard")
DATA = (
    *(f"Febrl 4, {fields}" for fields in FEBRL4_FIELDS),
    *(f"invented, {preset}" for preset in PRESETS),
    "pseudopeople, births x wic",
    "pseudopeople, wic x census",
)


def settings(data: str) -> dict[str, float]:
    """Those of a data set, by its name in the tables.

    >>> settings("pseudopeople, births x wic")
    {'noise': 0.04}
    """
    of_kind = {"invented": {"people": PEOPLE}, "pseudopeople": {"noise": NOISE}, "Febrl 4": {"shared": SHARED}}
    return of_kind[data.partition(",")[0]]
