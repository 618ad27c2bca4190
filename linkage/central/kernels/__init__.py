"""The hot loops of comparison: one contract, kept by every implementation bit for bit.

The right side is arranged once and met by many left rows:

``arrange(rows)``, ``arrange_by_count(rows)``
    The right side as an implementation likes it: several filters (tuple of `Rows`) for the calls that take a plan,
    or one filter for `overlaps` and `best_rows`. ``right.n`` is the number of rows.

``overlaps(left, right, need, *, room, itself)`` (and ``may_reach``, whether it can give any pair at all)
    Pairs that reach a threshold. ``need`` is (sums,) uint32: the least overlap by the sum of two popcounts, never
    falling. Rows without bits match nothing, whatever the need. ``itself``: left is the right side, and each pair is
    met and given once, row below column.
    Returns row, column (p,) int32, by row then column, and overlap (p,) uint32; None if there are more than ``room``.

``best_rows(left, right, need, k, *, by_difference, diagonal)``
    The k best right rows of each left row among those that reach ``need``, best first, ties by column. Ranked by
    overlap to sum of popcounts (Dice, Jaccard), or ``by_difference`` by overlap less half the sum (Hamming).
    Returns column (n, k) int32, -1 where there are fewer, and overlap (n, k) uint32, 0 there.

``joint_counts(left, right, plan, groups, *, diagonal)``
    How many pairs have which levels together, for each group of the plan's outcomes: (levels, ...) int64 each. A
    group of more than `MOST_CELLS` is a ValueError.

``heavy_pairs(left, right, plan, weights, bonus, bound, *, room, diagonal)``
    Pairs whose summed integer weight reaches ``bound``. ``weights`` has (levels,) int32 for each outcome, in 1/1024
    bit; ``bonus`` None or (n,) int32 by left row, added at the outcome's highest level: equal values are equally
    rare on both sides, so a term's frequency can be given by row.
    Returns row, column, weight (p,) int32, by row then column; None if there are more than ``room``.

``pair_overlaps(left, right, rows, columns)``, ``pair_levels(left, right, rows, columns, plan)``
    For listed pairs of unarranged rows: overlap (p,) uint32, and level (p, outcomes) uint8.

``diagonal``: None, or a number d: only pairs with column > row + d (`best_rows`: column != row + d), so that parts of
one set meet each other once. Kernels take arrays, return arrays, raise nothing and know no options; callers have
checked everything. All release the interpreter's lock.

The environment variable LINKAGE_KERNEL forces one: portable, or an instruction set (generic, popcnt, avx2, avx512,
neon).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkage.central.kernels.choice import available, chosen, is_compiled, name
from linkage.central.kernels.plan import ComparisonPlan, Levels, Outcome, Product, Rows

__all__ = [
    "MOST_CELLS",
    "ComparisonPlan",
    "HeavyPairs",
    "Levels",
    "Outcome",
    "Overlaps",
    "Product",
    "Rows",
    "arrange",
    "arrange_by_count",
    "available",
    "best_rows",
    "heavy_pairs",
    "is_compiled",
    "joint_counts",
    "level_counts",
    "may_reach",
    "name",
    "overlaps",
    "pair_levels",
    "pair_overlaps",
]

MOST_CELLS = 1 << 18
"""Of one joint histogram: a thread has its own."""

_CACHED_CELLS = 4_096  # stay in a core's nearest cache

HeavyPairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]
Overlaps = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint32]]
Arranged = Any  # of whichever implementation made it


def arrange_by_count(rows: Rows) -> Arranged:
    """One filter of the right side, for `overlaps` and `best_rows`."""
    return chosen().arrange_by_count(rows)


def arrange(rows: tuple[Rows, ...]) -> Arranged:
    """Several filters of the right side, for the calls that take a plan."""
    return chosen().arrange(rows)


def may_reach(left: Rows, right: Arranged, need: NDArray[np.uint32]) -> bool:
    """Whether popcounts alone allow any pair to reach a threshold: a bound, and no pair is looked at."""
    if not len(right.order):
        return False
    fewest, most = right.rows.counts[right.order[[0, -1]]]
    # the right row with fewest bits needs the least, and no overlap is above either popcount
    least = need[left.counts + fewest]
    return bool(((least <= left.counts) & (least <= most) & (left.counts > 0)).any())


def overlaps(
    left: Rows, right: Arranged, need: NDArray[np.uint32], *, room: int, itself: bool = False
) -> Overlaps | None:
    """Pairs that reach a threshold."""
    found: Overlaps | None = right.kernel.overlaps(left, right, need, room=room, itself=itself)
    return found


def best_rows(
    left: Rows, right: Arranged, need: NDArray[np.uint32], k: int, *, by_difference: bool, diagonal: int | None = None
) -> tuple[NDArray[np.int32], NDArray[np.uint32]]:
    """The best right rows of each left row."""
    found: tuple[NDArray[np.int32], NDArray[np.uint32]] = right.kernel.best_rows(
        left, right, need, k, by_difference=by_difference, diagonal=diagonal
    )
    return found


def joint_counts(
    left: tuple[Rows, ...],
    right: Arranged,
    plan: ComparisonPlan,
    groups: tuple[tuple[int, ...], ...],
    *,
    diagonal: int | None = None,
) -> tuple[NDArray[np.int64], ...]:
    """How many pairs have which levels together."""
    for group in groups:
        cells = math.prod(plan.outcomes[index].levels for index in group)
        if cells > MOST_CELLS:
            raise ValueError(
                f"joint_counts: {cells:,} cells in one group; at most {MOST_CELLS:,}: join levels, or part the group"
            )
    found: tuple[NDArray[np.int64], ...] = right.kernel.joint_counts(left, right, plan, groups, diagonal=diagonal)
    return found


def level_counts(
    left: tuple[Rows, ...], right: Arranged, plan: ComparisonPlan, *, diagonal: int | None = None
) -> tuple[NDArray[np.int64], ...]:
    """How many pairs have each level, outcome by outcome: margins of few small joint histograms."""
    groups = _small_groups(plan)
    counts = joint_counts(left, right, plan, groups, diagonal=diagonal)
    margins: dict[int, NDArray[np.int64]] = {}
    for group, count in zip(groups, counts, strict=True):
        for axis, outcome in enumerate(group):
            margins[outcome] = count.sum(axis=tuple(other for other in range(len(group)) if other != axis))
    return tuple(margins[outcome] for outcome in range(len(plan.outcomes)))


def heavy_pairs(
    left: tuple[Rows, ...],
    right: Arranged,
    plan: ComparisonPlan,
    weights: tuple[NDArray[np.int32], ...],
    bonus: tuple[NDArray[np.int32] | None, ...],
    bound: int,
    *,
    room: int,
    diagonal: int | None = None,
) -> HeavyPairs | None:
    """Pairs whose summed weight reaches a bound."""
    found: HeavyPairs | None = right.kernel.heavy_pairs(
        left, right, plan, weights, bonus, bound, room=room, diagonal=diagonal
    )
    return found


def pair_overlaps(left: Rows, right: Rows, rows: NDArray[np.int32], columns: NDArray[np.int32]) -> NDArray[np.uint32]:
    """Shared bits of listed pairs."""
    found: NDArray[np.uint32] = chosen().pair_overlaps(left, right, rows, columns)
    return found


def pair_levels(
    left: tuple[Rows, ...],
    right: tuple[Rows, ...],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    plan: ComparisonPlan,
) -> Levels:
    """The levels of listed pairs."""
    levels = [
        _product_levels(left[product.left], right[product.right], rows, columns, product) for product in plan.products
    ]
    found = np.empty((len(rows), len(plan.outcomes)), dtype=np.uint8)
    for index, outcome in enumerate(plan.outcomes):
        found[:, index] = outcome.table[tuple(levels[product] for product in outcome.products)]
    return found


def _product_levels(
    left: Rows, right: Rows, rows: NDArray[np.int32], columns: NDArray[np.int32], product: Product
) -> Levels:
    overlap = pair_overlaps(left, right, rows, columns)
    counts = left.counts[rows], right.counts[columns]
    level = np.ones(len(rows), dtype=np.uint8)
    for need in product.needs:
        level += overlap >= need[counts[0] + counts[1]]
    level[(counts[0] == 0) | (counts[1] == 0)] = 0
    return level


def _small_groups(plan: ComparisonPlan) -> tuple[tuple[int, ...], ...]:
    groups: list[list[int]] = [[]]
    cells = 1
    for index, outcome in enumerate(plan.outcomes):
        if groups[-1] and cells * outcome.levels > _CACHED_CELLS:
            groups.append([])
            cells = 1
        groups[-1].append(index)
        cells *= outcome.levels
    return tuple(tuple(group) for group in groups)
