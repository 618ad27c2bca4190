"""The pairs worth a second look: those whose weight and prior leave a match possible.

A pass over all pairs emits (row, column, weight) where the likelihood ratio times the prior exceeds a small
floor. On halves of Febrl 4 this leaves some thousands of 14 million pairs, which carry all but a ten-thousandth of
the expected matches. If they would not fit the memory allowed, or are more than fifty a record, the bound rises until
they fit; past the point
where that would drop likely matches, `LimitError` says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.candidates import Tile
from linkage.central.compare import over_tiles
from linkage.central.kernels import Side
from linkage.errors import LimitError
from linkage.parallel import memory_limit

UNIT = 1024
"""Integer weights are in 1/1024 bit."""

LINK_FLOOR_BITS = -16.0
"""Low enough for a prior that rivals taken out raise by up to 13 bits (`competition.prior_log_odds`)."""

ESTIMATE_FLOOR_BITS = -24.0
"""Low enough for pairs that are alike but no matches to be many, and so to show what they agree on."""

_HIGHEST_FLOOR_BITS = -3.0
_BYTES_PER_CONTENDER = 160  # with its levels, odds and messages
# more contenders than this say that the fields tell too little, and would only take time
_FEW, _PER_RECORD = 100_000, 50


@dataclass(frozen=True)
class Contenders:
    """Pairs by row, then column: ``weight`` (p,) int32 in 1/1024 bit, none below ``bound``."""

    row: NDArray[np.int32]
    column: NDArray[np.int32]
    weight: NDArray[np.int32]
    bound: int


def prior_bits(matches: float, n_rows: int, n_columns: int) -> float:
    """log2 of the chance that a pair drawn blindly is a match."""
    return math.log2(max(matches, 1.0)) - math.log2(max(n_rows, 1)) - math.log2(max(n_columns, 1))


def collect(
    left: tuple[Side, ...],
    right: tuple[Side, ...],
    weights: tuple[NDArray[np.int32], ...],
    *,
    floor_bits: float,
    memory: int,
    threads: int | None,
    progress: bool | None,
) -> Contenders:
    """The contenders among all pairs of two sides; ``weights`` are tables as the kernels take them."""
    n_rows, n_columns = len(left[0].rows), len(right[0].rows)
    memory_limit(memory)
    # half of the smaller side: the list must not shrink because a first estimate finds few matches
    prior = prior_bits(0.5 * min(n_rows, n_columns), n_rows, n_columns)
    bound = math.ceil((floor_bits - prior) * UNIT)
    highest = math.floor((_HIGHEST_FLOOR_BITS - prior) * UNIT)
    room = max(1, min(memory // (2 * _BYTES_PER_CONTENDER), _FEW + _PER_RECORD * (n_rows + n_columns)))

    def step(tile: Tile) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        lefts = tuple(side.slice(tile.top, tile.bottom) for side in left)
        rights = tuple(side.slice(tile.first, tile.last) for side in right)
        row, column, weight = kernels.heavy_pairs(lefts, rights, weights, floor[0])
        return row + np.int32(tile.top), column + np.int32(tile.first), weight

    floor = [bound]  # read by steps already under way; what a lower floor let through is dropped below
    kept: list[tuple[NDArray[np.int32], ...]] = [(np.empty(0, np.int32),) * 3]  # an empty set has no tiles
    held = 0
    for part, share in over_tiles(step, n_rows, n_columns, threads=threads, progress=progress, label="contenders"):
        chosen = part[2] >= floor[0]
        kept.append(tuple(column[chosen] for column in part))
        held += int(chosen.sum())
        if held > room:
            floor[0] = _raised(kept, highest, share=share, memory=memory)
            kept = [tuple(column[part[2] >= floor[0]] for column in part) for part in kept]
            held = sum(len(part[0]) for part in kept)
    row, column, weight = (np.concatenate([part[place] for part in kept]) for place in range(3))
    order = np.lexsort((column, row))
    return Contenders(row[order], column[order], weight[order], floor[0])


def _raised(kept: list[tuple[NDArray[np.int32], ...]], highest: int, *, share: float, memory: int) -> int:
    """The bound that halves what is held."""
    weights = np.concatenate([part[2] for part in kept])
    bound = int(np.partition(weights, len(weights) // 2)[len(weights) // 2]) + 1
    if bound > highest:
        likely = int((weights >= highest).sum() / share)
        raise LimitError(
            f"about {likely:,} pairs are as alike as matches are. Either the fields tell too few records apart, and a "
            f"field more is needed; or the {memory:,} bytes allowed are too few, and more memory is",
            needed=likely * 2 * _BYTES_PER_CONTENDER,
            allowed=memory,
        )
    return bound
