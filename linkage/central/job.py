"""What is to be compared: two sides of one filter checked, arranged and cut into tiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.candidates import Grid, Tile, all_pairs
from linkage.central.kernels import Arranged, Rows
from linkage.central.thresholds import MEASURES, Measure, Ratio, exact_ratio, least_overlap, similarity
from linkage.central.tiles import Found, arranged, no_pairs
from linkage.encoded import EncodedSet, require_comparable
from linkage.errors import nearest
from linkage.pairs import Pairs
from linkage.parallel import thread_count


@dataclass(frozen=True, eq=False)
class Job:
    """Two sides of one filter, ready for the kernels."""

    left: EncodedSet
    right: EncodedSet
    within: bool
    rows: Rows
    columns: Rows
    n_bits: int
    measure: Measure
    need: NDArray[np.uint32]
    grid: Grid
    spans: list[Arranged]

    def step(self, tile: Tile, span: int, room: int) -> Found | None:
        """The pairs of a tile, in rows and columns of the sets; None if there are more than ``room``."""
        rows = self.rows.slice(tile.top, tile.bottom)
        if not kernels.may_reach(rows, self.spans[span], self.need):
            return no_pairs()
        itself = self.within and (tile.top, tile.bottom) == (tile.first, tile.last)
        found = kernels.overlaps(rows, self.spans[span], self.need, room=room, itself=itself)
        if found is None:
            return None
        row, column = found[0] + np.int32(tile.top), found[1] + np.int32(tile.first)
        if not self.within or itself or tile.bottom <= tile.first:
            return row, column, found[2]
        above = row < column  # a part of a chunk that was cut meets its whole span
        return row[above], column[above], found[2][above]

    def pairs(self, row: NDArray[np.int32], column: NDArray[np.int32], overlap: NDArray[np.uint32]) -> Pairs:
        """The pairs with their similarity."""
        together = self.rows.counts[row].astype(np.int64) + self.columns.counts[column]
        alike = similarity(overlap, together, n_bits=self.n_bits, measure=self.measure)
        return Pairs(self.left, self.right, row, column, similarity=alike)


def prepared(
    left: EncodedSet, right: EncodedSet | None, *, threshold: Ratio, measure: Measure, threads: int | None
) -> Job:
    """Check what was asked for, and arrange the right side."""
    other = left if right is None else right
    require_comparable(left, other)
    if left.schema.layout != "record":
        raise ValueError("compare: takes sets of the record layout; for the fields layout use fit() or link()")
    ratio = exact_ratio(threshold, name="threshold")
    (filter,) = left.schema.filters
    need = least_overlap(ratio, n_bits=filter.bits, measure=known_measure(measure))
    return job_of(left, other, need, n_bits=filter.bits, measure=measure, within=right is None, threads=threads)


def job_of(
    left: EncodedSet,
    right: EncodedSet,
    need: NDArray[np.uint32],
    *,
    n_bits: int,
    measure: Measure,
    within: bool,
    threads: int | None,
) -> Job:
    """The right side arranged, span by span."""
    (name,) = left.filters
    rows, columns = (Rows(side.filters[name], side.popcounts[name]) for side in (left, right))
    grid = all_pairs(len(rows), len(columns), within=within, threads=thread_count(threads))
    spans = arranged(grid, lambda first, last: kernels.arrange_by_count(columns.slice(first, last)), threads=threads)
    return Job(left, right, within, rows, columns, n_bits, measure, need, grid, spans)


def known_measure(measure: str) -> Measure:
    """``measure``, or ``ValueError`` naming the nearest."""
    for known in MEASURES:
        if measure == known:
            return known
    raise ValueError(f"measure: {nearest(str(measure)[:40], MEASURES)}")
