"""The kernels in NumPy: runs everywhere, and is what compiled ones must equal. Contract: the package's docstring.

`overlaps` counts the first words of every pair, which decide nearly all of them, and the rest only of pairs that can
still reach the need. Levels are looked up in tables by sum of popcounts and overlap (`portable_levels`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkage.central.kernels.plan import Rows
from linkage.central.kernels.portable_levels import Filters, arrange, heavy_pairs, joint_counts
from linkage.central.kernels.portable_overlap import COLUMNS_OF_A_TILE, ROWS_OF_A_TILE, Scratch

__all__ = [
    "Filters",
    "arrange",
    "arrange_by_count",
    "best_rows",
    "heavy_pairs",
    "joint_counts",
    "overlaps",
    "pair_overlaps",
]

_Part = tuple[int, int, int, int]  # top and bottom row, first and last column; ends excluded

_SAMPLE = 64
_PAIR_COST_WORDS = 40  # a pair counted alone costs as much as so many words of a tile


@dataclass(frozen=True, eq=False)
class ByCount:
    """One filter of the rows that have bits, by popcount: ``columns`` (w, n), and what is left after each word."""

    rows: Rows
    order: NDArray[np.int32]
    columns: NDArray[np.uint64]
    counts: NDArray[np.int64]
    left_after: NDArray[np.int32]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @property
    def kernel(self) -> ModuleType:
        """This module."""
        return sys.modules[__name__]


def arrange_by_count(rows: Rows) -> ByCount:
    """One filter, sorted and turned."""
    order = _by_count(rows)
    columns = np.ascontiguousarray(rows.words[order].T)
    return ByCount(rows, order, columns, rows.counts[order].astype(np.int64), _left_after(columns))


def overlaps(
    left: Rows, right: ByCount, need: NDArray[np.uint32], *, room: int, itself: bool
) -> tuple[NDArray[Any], ...] | None:
    """Pairs that reach a threshold."""
    own, signed = arrange_by_count(left), need.astype(np.int32)
    head = _words_that_tell(own, right, signed)
    scratch, held = Scratch(), 0
    found: list[tuple[NDArray[Any], ...]] = []
    for tile in _tiles(len(own.order), len(right.order)):
        part = _possible(own, right, signed, tile, itself=itself)
        if part is None:
            continue
        row, column, overlap = _by_head(scratch, own, right, signed, head, part)
        if itself:  # both sides lie in one order
            above = column > row
            row, column, overlap = row[above], column[above], overlap[above]
        row, column, overlap = _to_the_end(own, right, signed, head, (row, column, overlap))
        row, column = own.order[row], right.order[column]
        if itself:
            row, column = np.minimum(row, column), np.maximum(row, column)
        found.append((row, column, overlap.astype(np.uint32)))
        held += len(row)
        if held > room:
            return None
    return _by_row_then_column(found, np.uint32)


def _possible(left: ByCount, right: ByCount, need: NDArray[np.int32], tile: _Part, *, itself: bool) -> _Part | None:
    """What popcounts leave of a tile."""
    top, bottom, start, last = tile
    first = max(start, top) if itself else start
    if first >= last:
        return None
    counts = left.counts[top:bottom]
    least = need[counts + right.counts[first]]
    possible = (least <= counts) & (least <= right.counts[last - 1])
    if not possible.any():
        return None
    return top + int(possible.argmax()), bottom - int(possible[::-1].argmax()), first, last


def _by_head(
    scratch: Scratch, left: ByCount, right: ByCount, need: NDArray[np.int32], head: int, part: _Part
) -> tuple[NDArray[Any], ...]:
    """Pairs that the first ``head`` words do not rule out, with their overlap there."""
    top, bottom, first, last = part
    shared = scratch.overlap(left.columns[:head, top:bottom].T, right.columns[:head, first:last])
    # the rows have about as many bits: one bound a column leaves few pairs more than one a pair would
    still = np.minimum(left.left_after[head, top:bottom].max(), right.left_after[head, first:last])
    place = np.flatnonzero(shared >= need[left.counts[top] + right.counts[first:last]] - still)
    row, column = np.divmod(place, last - first)
    return row + top, column + first, shared[row, column]


def _to_the_end(
    left: ByCount, right: ByCount, need: NDArray[np.int32], head: int, pairs: tuple[NDArray[Any], ...]
) -> tuple[NDArray[Any], ...]:
    """Of pairs with their overlap in the first ``head`` words those that reach the need, with all of it."""
    row, column, overlap = pairs
    needed = need[left.counts[row] + right.counts[column]]
    for word in range(head, len(left.columns) + 1):
        still = np.minimum(left.left_after[word].take(row), right.left_after[word].take(column))
        kept = np.flatnonzero(overlap + still >= needed)
        row, column, overlap, needed = (each.take(kept) for each in (row, column, overlap, needed))
        if word < len(left.columns):
            overlap += np.bitwise_count(left.columns[word].take(row) & right.columns[word].take(column))
    return row, column, overlap


def best_rows(
    left: Rows, right: ByCount, need: NDArray[np.uint32], k: int, *, by_difference: bool, diagonal: int | None
) -> tuple[NDArray[np.int32], NDArray[np.uint32]]:
    """The best right rows of each left row: a row against all, one after another."""
    best, overlap = np.full((len(left), k), -1, dtype=np.int32), np.zeros((len(left), k), dtype=np.uint32)
    counts = left.counts.astype(np.int64)
    for row in np.flatnonzero(counts):
        shared = np.bitwise_count(right.columns & left.words[row][:, None]).sum(axis=0, dtype=np.int64)
        together = right.counts + counts[row]
        kept = shared >= need[together]
        if diagonal is not None:
            kept &= right.order != row + diagonal
        # quotients of such small whole numbers are equal, or ordered, as the exact ones are
        rank = 2 * shared[kept] - together[kept] if by_difference else shared[kept] / together[kept]
        chosen = np.lexsort((right.order[kept], -rank))[:k]
        best[row, : len(chosen)] = right.order[kept][chosen]
        overlap[row, : len(chosen)] = shared[kept][chosen]
    return best, overlap


def pair_overlaps(left: Rows, right: Rows, rows: NDArray[np.int32], columns: NDArray[np.int32]) -> NDArray[np.uint32]:
    """Shared bits of listed pairs."""
    return _count(left.words, right.words, rows, columns)


def _count(
    left: NDArray[np.uint64], right: NDArray[np.uint64], rows: NDArray[Any], columns: NDArray[Any]
) -> NDArray[np.uint32]:
    shared = np.empty(len(rows), dtype=np.uint32)
    step = ROWS_OF_A_TILE * COLUMNS_OF_A_TILE // 4
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        both = left[rows[part]] & right[columns[part]]
        shared[part] = np.bitwise_count(both).sum(axis=1, dtype=np.uint32)
    return shared


def _by_count(rows: Rows) -> NDArray[np.int32]:
    order = np.argsort(rows.counts, kind="stable").astype(np.int32)
    return order[np.searchsorted(rows.counts[order], 1) :]


def _left_after(columns: NDArray[np.uint64]) -> NDArray[np.int32]:
    """(w + 1, n): the bits of each row after its first so many words."""
    counts = np.bitwise_count(columns).astype(np.int32)
    after = np.zeros((len(columns) + 1, columns.shape[1]), dtype=np.int32)
    after[:-1] = counts[::-1].cumsum(axis=0, dtype=np.int32)[::-1]
    return after


def _words_that_tell(left: ByCount, right: ByCount, need: NDArray[np.int32]) -> int:
    """After how many words it is cheapest to go on pair by pair, from a sample; it changes no result."""
    width = len(left.columns)
    if not len(left.order) or not len(right.order):
        return width
    rows, columns = (
        np.linspace(0, len(side.order) - 1, min(_SAMPLE, len(side.order))).astype(np.int64) for side in (left, right)
    )
    both = np.bitwise_count(left.columns[:, rows][:, :, None] & right.columns[:, columns][:, None]).cumsum(axis=0)
    needed = need[left.counts[rows][:, None] + right.counts[columns]]
    cost = [float(width)] * (width + 1)
    for head in range(1, width):
        still = np.minimum(left.left_after[head, rows][:, None], right.left_after[head, columns])
        cost[head] = head + _PAIR_COST_WORDS * float((both[head - 1] + still >= needed).mean())
    return min(range(1, width + 1), key=lambda head: cost[head])


def _tiles(n_rows: int, n_columns: int) -> Iterator[_Part]:
    for row in range(0, n_rows, ROWS_OF_A_TILE):
        for column in range(0, n_columns, COLUMNS_OF_A_TILE):
            yield row, min(row + ROWS_OF_A_TILE, n_rows), column, min(column + COLUMNS_OF_A_TILE, n_columns)


def _by_row_then_column(found: list[tuple[NDArray[Any], ...]], value: type) -> tuple[NDArray[Any], ...]:
    parts = [(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, value)), *found]
    row, column, third = (np.concatenate([part[place] for part in parts]) for place in range(3))
    by = np.lexsort((column, row))
    return row[by], column[by], third[by]
