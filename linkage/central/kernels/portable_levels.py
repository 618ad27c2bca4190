"""Levels of agreement in NumPy: every pair's sum of popcounts and overlap, looked up in a table for each product."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkage.central.kernels.plan import ComparisonPlan, Levels, Product, Rows
from linkage.central.kernels.portable_overlap import COLUMNS_OF_A_TILE, ROWS_OF_A_TILE, Scratch


@dataclass(frozen=True, eq=False)
class Filters:
    """Several filters of the right side, each (w, n)."""

    rows: tuple[Rows, ...]
    columns: tuple[NDArray[np.uint64], ...]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows[0])

    @property
    def kernel(self) -> ModuleType:
        """The implementation this is of."""
        return sys.modules["linkage.central.kernels.portable"]


def arrange(rows: tuple[Rows, ...]) -> Filters:
    """Several filters, turned."""
    return Filters(rows, tuple(np.ascontiguousarray(each.words.T) for each in rows))


def joint_counts(
    left: tuple[Rows, ...],
    right: Filters,
    plan: ComparisonPlan,
    groups: tuple[tuple[int, ...], ...],
    *,
    diagonal: int | None,
) -> tuple[NDArray[np.int64], ...]:
    """How many pairs have which levels together."""
    shapes = [tuple(plan.outcomes[index].levels for index in group) for group in groups]
    counts = [np.zeros(int(np.prod(shape)), dtype=np.int64) for shape in shapes]
    for _, _, met, levels in _levels_of_tiles(left, right, plan, diagonal):
        for total, group, shape in zip(counts, groups, shapes, strict=True):
            cells = np.ravel_multi_index(tuple(levels[index] for index in group), shape)
            total += np.bincount(cells.ravel() if met is None else cells[met], minlength=len(total))
    return tuple(total.reshape(shape) for total, shape in zip(counts, shapes, strict=True))


def heavy_pairs(
    left: tuple[Rows, ...],
    right: Filters,
    plan: ComparisonPlan,
    weights: tuple[NDArray[np.int32], ...],
    bonus: tuple[NDArray[np.int32] | None, ...],
    bound: int,
    *,
    room: int,
    diagonal: int | None,
) -> tuple[NDArray[Any], ...] | None:
    """Pairs whose summed weight reaches a bound."""
    found = [(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32))]
    held = 0
    for top, first, met, levels in _levels_of_tiles(left, right, plan, diagonal):
        total = np.zeros(levels[0].shape, dtype=np.int32)
        for level, outcome, weight, more in zip(levels, plan.outcomes, weights, bonus, strict=True):
            total += weight[level]
            if more is not None:
                total += np.where(level == outcome.levels - 1, more[top : top + len(level), None], 0)
        row, column = np.nonzero(total >= bound if met is None else (total >= bound) & met)
        found.append(((row + top).astype(np.int32), (column + first).astype(np.int32), total[row, column]))
        held += len(row)
        if held > room:
            return None
    row, column, total = (np.concatenate([part[place] for part in found]) for place in range(3))
    by = np.lexsort((column, row))
    return row[by], column[by], total[by]


def _levels_of_tiles(
    left: tuple[Rows, ...], right: Filters, plan: ComparisonPlan, diagonal: int | None
) -> Iterator[tuple[int, int, NDArray[np.bool_] | None, list[Levels]]]:
    """Tile by tile its first row and column, which pairs count (None: all), and the level of each outcome."""
    tables = [_table(product, left, right) for product in plan.products]
    scratch = Scratch()
    n_rows, n_columns = len(left[0]), right.n
    for top in range(0, n_rows, ROWS_OF_A_TILE):
        for first in range(0, n_columns, COLUMNS_OF_A_TILE):
            rows = slice(top, min(top + ROWS_OF_A_TILE, n_rows))
            columns = slice(first, min(first + COLUMNS_OF_A_TILE, n_columns))
            met = None
            if diagonal is not None:
                met = np.arange(columns.start, columns.stop) > np.arange(rows.start, rows.stop)[:, None] + diagonal
            levels = []
            for product, table in zip(plan.products, tables, strict=True):
                lefts, rights = left[product.left], right.rows[product.right]
                cells = scratch.overlap(lefts.words[rows], right.columns[product.right][:, columns])
                width = np.int32(table.shape[1])
                cells += (lefts.counts[rows].astype(np.int32) * width)[:, None]
                cells += rights.counts[columns].astype(np.int32) * width
                found = table.ravel()[cells]
                found[lefts.counts[rows] == 0] = 0
                found[:, rights.counts[columns] == 0] = 0
                levels.append(found)
            yield (
                top,
                first,
                met,
                [outcome.table[tuple(levels[p] for p in outcome.products)] for outcome in plan.outcomes],
            )


def _table(product: Product, left: tuple[Rows, ...], right: Filters) -> Levels:
    """Level by [sum of popcounts, overlap], both sides having bits."""
    most = [int(rows.counts.max(initial=0)) for rows in (left[product.left], right.rows[product.right])]
    overlap = np.arange(min(most) + 1)
    table = np.ones((sum(most) + 1, min(most) + 1), dtype=np.uint8)
    for need in product.needs:
        table += overlap >= need[: sum(most) + 1, None]
    return table
