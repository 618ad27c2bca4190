"""The kernels in NumPy: runs everywhere, and is what compiled ones must equal. Contract: the package's docstring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NAME = "portable (NumPy)"

# a tile of 32 x 2048 pairs keeps its 64-bit scratch (512 KiB) in a core's cache
_TILE_ROWS = 32
_TILE_COLUMNS = 2048

Levels = NDArray[np.uint8]
HeavyPairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]
Overlaps = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint32]]


@dataclass(frozen=True)
class Side:
    """One side of a comparison: rows (n, w) uint64, and the popcount of each, or ``missing`` for a row without bits."""

    rows: NDArray[np.uint64]
    counts: NDArray[np.int32]

    def slice(self, start: int, stop: int) -> Side:
        """Rows ``start`` to ``stop``."""
        return Side(self.rows[start:stop], self.counts[start:stop])

    def take(self, rows: NDArray[np.int32]) -> Side:
        """The listed rows."""
        return Side(self.rows[rows], self.counts[rows])


def overlaps(
    left: NDArray[np.uint64],
    right: NDArray[np.uint64],
    left_counts: NDArray[np.uint32],
    right_counts: NDArray[np.uint32],
    need: NDArray[np.uint32],
) -> Overlaps:
    """Pairs that reach the threshold."""
    columns = np.ascontiguousarray(right.T)
    scratch = _Scratch()
    found: list[Overlaps] = []
    for rows, cols in _tiles(len(left), len(right)):
        overlap = scratch.overlap(left[rows], columns[:, cols])
        needed = need[left_counts[rows, None] + right_counts[None, cols]]
        row, column = np.nonzero(overlap >= needed)
        found.append(
            (
                (row + rows.start).astype(np.int32),
                (column + cols.start).astype(np.int32),
                overlap[row, column].astype(np.uint32),
            )
        )
    return _by_row_then_column(found, np.uint32)


def level_counts(
    left: tuple[Side, ...], right: tuple[Side, ...], tables: tuple[Levels, ...]
) -> tuple[NDArray[np.int64], ...]:
    """How many pairs have each level."""
    totals = [np.zeros(256, dtype=np.int64) for _ in tables]
    for _, _, index, cells in _cells(left, right, tables):
        totals[index] += np.bincount(tables[index].ravel()[cells].ravel(), minlength=256)
    return tuple(total[: int(table.max()) + 1] for total, table in zip(totals, tables, strict=True))


def heavy_pairs(
    left: tuple[Side, ...], right: tuple[Side, ...], tables: tuple[NDArray[np.int32], ...], bound: int
) -> HeavyPairs:
    """Pairs whose summed weight reaches the bound."""
    found: list[HeavyPairs] = []
    total: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
    for rows, cols, index, cells in _cells(left, right, tables):
        weight = tables[index].ravel()[cells]
        total = weight if index == 0 else np.add(total, weight, out=total)
        if index == len(tables) - 1:
            row, column = np.nonzero(total >= bound)
            found.append(
                ((row + rows.start).astype(np.int32), (column + cols.start).astype(np.int32), total[row, column])
            )
    return _by_row_then_column(found, np.int32)


def pair_levels(
    left: tuple[Side, ...],
    right: tuple[Side, ...],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    tables: tuple[Levels, ...],
) -> Levels:
    """The levels of listed pairs."""
    levels = np.empty((len(rows), len(tables)), dtype=np.uint8)
    for start in range(0, len(rows), _TILE_ROWS * _TILE_COLUMNS):
        part = slice(start, start + _TILE_ROWS * _TILE_COLUMNS)
        for index, table in enumerate(tables):
            lefts, rights = left[index].take(rows[part]), right[index].take(columns[part])
            overlap = np.bitwise_count(lefts.rows & rights.rows).sum(axis=1, dtype=np.int32)
            levels[part, index] = table[lefts.counts + rights.counts, overlap]
    return levels


class _Scratch:
    """Arrays reused from tile to tile: fresh ones would cost more than the counting."""

    def __init__(self) -> None:
        self._both = np.empty((_TILE_ROWS, _TILE_COLUMNS), dtype=np.uint64)
        self._bits = np.empty((_TILE_ROWS, _TILE_COLUMNS), dtype=np.uint8)
        self._overlap = np.empty((_TILE_ROWS, _TILE_COLUMNS), dtype=np.int32)

    def overlap(self, left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.int32]:
        """(n, m) shared bits of left (n, w) and right (w, m); valid until the next call."""
        n, m = len(left), right.shape[1]
        both, bits, overlap = self._both[:n, :m], self._bits[:n, :m], self._overlap[:n, :m]
        for word in range(left.shape[1]):
            np.bitwise_and(left[:, word, None], right[word], out=both)
            if word == 0:
                np.bitwise_count(both, out=overlap)
            else:
                np.bitwise_count(both, out=bits)
                np.add(overlap, bits, out=overlap)
        return overlap


def _cells(
    left: tuple[Side, ...], right: tuple[Side, ...], tables: tuple[NDArray[np.uint8] | NDArray[np.int32], ...]
) -> Iterator[tuple[slice, slice, int, NDArray[np.int32]]]:
    """Tile by tile, and in it comparison by comparison, the flat index of each pair into the comparison's table."""
    columns = [np.ascontiguousarray(side.rows.T) for side in right]
    scratch = _Scratch()
    for rows, cols in _tiles(len(left[0].rows), len(right[0].rows)):
        for index, table in enumerate(tables):
            cells = scratch.overlap(left[index].rows[rows], columns[index][:, cols])
            width = np.int32(table.shape[1])
            cells += (left[index].counts[rows] * width)[:, None]
            cells += right[index].counts[cols] * width
            yield rows, cols, index, cells


def _tiles(n_rows: int, n_columns: int) -> Iterator[tuple[slice, slice]]:
    for row in range(0, n_rows, _TILE_ROWS):
        for column in range(0, n_columns, _TILE_COLUMNS):
            yield slice(row, min(row + _TILE_ROWS, n_rows)), slice(column, min(column + _TILE_COLUMNS, n_columns))


def _by_row_then_column(found: list, value: type) -> tuple:  # type: ignore[type-arg]  # three arrays, the last of ``value``
    if not found:
        return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, value)
    row, column, third = (np.concatenate([part[place] for part in found]) for place in range(3))
    by = np.lexsort((column, row))
    return row[by], column[by], third[by]
