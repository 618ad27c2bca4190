"""The pairs worth a second look: those whose weight and prior leave a match possible.

A pass over all pairs emits (row, column, weight) where the likelihood ratio times the prior exceeds a small
floor. On halves of Febrl 4 this leaves some thousands of 14 million pairs, which carry all but a ten-thousandth of
the expected matches. If they would not fit the memory allowed, or are more than fifty a record, the bound rises until
they fit; past the point
where that would drop likely matches, `LimitError` says so.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Unpack

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.candidates import Tile, diagonal
from linkage.central.kernels import ComparisonPlan, HeavyPairs, Rows
from linkage.central.limits import Limits
from linkage.central.passes import Meet, Pass
from linkage.errors import LimitError
from linkage.parallel import memory_limit

UNIT = 1024
"""Integer weights are in 1/1024 bit."""

NATS = math.log(2) / UNIT
"""Of one unit of weight."""

LINK_FLOOR_BITS = -16.0
"""Low enough for a prior that rivals taken out raise by up to 13 bits (`competition.prior_log_odds`)."""

ESTIMATE_FLOOR_BITS = -24.0
"""Low enough for pairs that are alike but no matches to be many, and so to show what they agree on."""

_HIGHEST_FLOOR_BITS = -3.0
BYTES_PER_CONTENDER = 160  # with its levels, odds and messages
# more contenders than this say that the fields tell too little, and would only take time
_FEW, _PER_RECORD = 100_000, 50
_TILE_ROOM = 65_536


@dataclass(frozen=True)
class Contenders:
    """Pairs by row, then column: ``weight`` (p,) int32 in 1/1024 bit, none below ``bound``, ``bonus`` contained.

    ``levels`` (p, comparisons) uint8 of each, where they are at hand.
    """

    row: NDArray[np.int32]
    column: NDArray[np.int32]
    weight: NDArray[np.int32]
    bound: int
    bonus: tuple[NDArray[np.int32], ...] = ()
    levels: NDArray[np.uint8] | None = None

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Contenders:
        """Those chosen, (p,) bool or their places."""
        levels = None if self.levels is None else self.levels[chosen]
        return Contenders(self.row[chosen], self.column[chosen], self.weight[chosen], self.bound, self.bonus, levels)


def prior_bits(matches: float, n_rows: int, n_columns: int) -> float:
    """log2 of the chance that a pair drawn blindly is a match."""
    return math.log2(max(matches, 1.0)) - math.log2(max(n_rows, 1)) - math.log2(max(n_columns, 1))


def highest_floor(prior: float) -> int:
    """The bound, in units, past which likely matches would be dropped."""
    return math.floor((_HIGHEST_FLOOR_BITS - prior) * UNIT)


def most_contenders(n_rows: int, n_columns: int, memory: int) -> int:
    """The longest list of contenders that is kept."""
    return max(1, min(memory // (2 * BYTES_PER_CONTENDER), _FEW + _PER_RECORD * (n_rows + n_columns)))


def collect(
    left: tuple[Rows, ...],
    right: tuple[Rows, ...],
    plan: ComparisonPlan,
    weights: tuple[NDArray[np.int32], ...],
    *,
    bonus: tuple[NDArray[np.int32], ...] = (),
    within: bool = False,
    of: tuple[int, int] | None = None,
    floor_bits: float,
    **limits: Unpack[Limits],
) -> Contenders:
    """The contenders among all pairs of two sides, or of rows below columns ``within`` one.

    ``weights`` are by level of each outcome of the plan, ``bonus`` by left row where the level is its highest. Where
    the sides are some rows ``of`` larger ones, the floor is that of those.
    """
    n_rows, n_columns = len(left[0]), len(right[0])
    memory = memory_limit(limits["memory"])
    # half of the smaller side: the list must not shrink because a first estimate finds few matches
    prior = prior_bits(0.5 * min(of or (n_rows, n_columns)), *(of or (n_rows, n_columns)))
    highest = highest_floor(prior)
    room = most_contenders(n_rows, n_columns, memory)
    worth = bonus or (None,) * len(plan.outcomes)
    every = Pass.of(left, right, within=within, **limits)

    def prepared(tile: Tile) -> Meet[HeavyPairs | None]:
        added = tuple(each if each is None else each[tile.top : tile.bottom] for each in worth)
        return functools.partial(
            kernels.heavy_pairs,
            plan=plan,
            weights=weights,
            bonus=added,
            bound=floor[0],
            room=_TILE_ROOM + room,
            diagonal=diagonal(tile, within=within),
        )

    # read by steps already under way; what a lower floor let through is dropped below, in the order of the tiles, so
    # that the outcome does not depend on which step read which
    floor = [math.ceil((floor_bits - prior) * UNIT)]
    kept: list[HeavyPairs] = [(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32))]
    held = 0
    for tile, span, found, share in every.over(prepared, "contenders"):
        part = found
        while part is None:
            part = every.once(prepared, tile, span)
            if part is None:
                floor[0] = _next_floor(floor[0], highest, room=room, memory=memory)
        row, column, weight = at_least(part, floor[0])
        kept.append((row + np.int32(tile.top), column + np.int32(tile.first), weight))
        held += len(kept[-1][0])
        while held > room:
            floor[0] = raised(kept, highest, share=share, memory=memory)
            kept = [at_least(each, floor[0]) for each in kept]
            held = sum(len(each[0]) for each in kept)
    row, column, weight = (np.concatenate([part[place] for part in kept]) for place in range(3))
    order = np.argsort(row.astype(np.int64) << 32 | column)
    return Contenders(row[order], column[order], weight[order], floor[0], bonus)


def best_of_each(found: Contenders, n_rows: int, n_columns: int, *, most: int) -> Contenders:
    """The contenders that are among the ``most`` heaviest of their row or of their column.

    At most ``most`` for each row and each column, however many records share a common name.
    """
    tie = mixed(found.row, found.column)
    chosen = np.zeros(len(found.row), dtype=bool)
    for group, n_groups in ((found.row, n_rows), (found.column, n_columns)):
        # by row number some few columns would take all ties, and the other records be left without a partner
        order = np.lexsort((tie, -found.weight, group))
        counts = np.bincount(group, minlength=n_groups)
        place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        chosen[order[place < most]] = True
    return found.take(chosen)


def mixed(row: NDArray[np.int32], column: NDArray[np.int32]) -> NDArray[np.uint64]:
    """(p,) uint64 that spread over their whole range, the same on every machine: to settle ties fairly."""
    bits = row.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + column.astype(np.uint64) * np.uint64(
        0xC2B2AE3D27D4EB4F
    )
    bits ^= bits >> np.uint64(29)
    return bits * np.uint64(0xBF58476D1CE4E5B9)


def at_least(found: tuple[NDArray[Any], ...], floor: int) -> HeavyPairs:
    """Those of rows, columns and weights that have this weight."""
    chosen = found[2] >= floor
    return found[0][chosen], found[1][chosen], found[2][chosen]


def _next_floor(floor: int, highest: int, *, room: int, memory: int) -> int:
    """A bit more, as one tile alone gives more than there is room for."""
    if floor >= highest:
        _refuse(room, memory)
    return min(floor + UNIT, highest)


def raised(kept: Sequence[tuple[NDArray[Any], ...]], highest: int, *, share: float, memory: int) -> int:
    """The bound that halves what is held; `LimitError` past the highest one."""
    weights = np.concatenate([part[2] for part in kept])
    bound = int(np.partition(weights, len(weights) // 2)[len(weights) // 2]) + 1
    if bound > highest:
        _refuse(int((weights >= highest).sum() / share), memory)
    return bound


def _refuse(likely: int, memory: int) -> NoReturn:
    raise LimitError(
        f"about {likely:,} pairs are as alike as matches are. Either the fields tell too few records apart, and a "
        f"field more is needed; or the {memory:,} bytes allowed are too few, and more memory is",
        needed=likely * 2 * BYTES_PER_CONTENDER,
        allowed=memory,
    )
