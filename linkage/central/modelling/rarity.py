"""Term frequency without terms: how rare a value is, by how often its very filter occurs in the two sets.

To agree on a rare surname says more than to agree on a common one: chance pairs agree on a value with its own
frequency, not with the average that u states for the level "equal" (Winkler 2000, "Frequency-based matching in
Fellegi-Sunter model of record linkage"). Equal values make equal filters, so nobody need know the name.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linkage.central.contenders import UNIT
from linkage.central.kernels import ComparisonPlan, Rows
from linkage.central.rowhash import row_hashes

Bonus = NDArray[np.int32]


def bonuses(left: tuple[Rows, ...], right: tuple[Rows, ...]) -> tuple[Bonus, ...]:
    """For each filter (n_left,) int32: what equality on this row's value is worth beyond the average, in 1/1024 bit."""
    return tuple(_bonus(*sides) for sides in zip(left, right, strict=True))


def _bonus(left: Rows, right: Rows) -> Bonus:
    value, n_values = _values(left, right)
    # in the order of `_values`: all rows of the left side, then all of the right
    present = np.concatenate([left.counts, right.counts]) > 0
    on_left = np.bincount(value[: len(left)], weights=present[: len(left)], minlength=n_values)
    on_right = np.bincount(value[len(left) :], weights=present[len(left) :], minlength=n_values)
    agreeing = on_left * on_right
    if not agreeing.any():
        return np.zeros(len(left), dtype=np.int32)
    average = agreeing.sum() / (on_left.sum() * on_right.sum())
    # a match itself puts its value into both counts: one is taken off
    frequency = np.maximum(on_left + on_right - 1, 1) / (on_left.sum() + on_right.sum())
    worth = np.where(agreeing > 0, np.round(UNIT * np.log2(average / frequency)), 0)
    found: Bonus = worth.astype(np.int32)[value[: len(left)]]
    return found


def _values(left: Rows, right: Rows) -> tuple[NDArray[np.int64], int]:
    """The number of each row's value, left rows first, and how many there are; equal filters have equal numbers.

    By a hash of 64 bits, as sorting whole filters took minutes of ten million: two of so many values have one number
    once in ten thousand runs, and are then thought as rare as both together.
    """
    mixed = np.concatenate([row_hashes(side.words) for side in (left, right)])
    values, number = np.unique(mixed, return_inverse=True)
    return number, len(values)


def of_pairs(
    bonus: tuple[Bonus, ...], rows: NDArray[np.int32], levels: NDArray[np.uint8], plan: ComparisonPlan
) -> NDArray[np.int64]:
    """(p,) int64: the bonuses of listed pairs, each where the outcome is at its highest level, in 1/1024 bit."""
    total = np.zeros(len(rows), dtype=np.int64)
    for index, (worth, outcome) in enumerate(zip(bonus, plan.outcomes, strict=True)):
        total += np.where(levels[:, index] == outcome.levels - 1, worth[rows], 0)
    return total
