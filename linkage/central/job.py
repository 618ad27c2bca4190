"""What is to be compared: the filters of two sides checked, arranged and cut into tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.candidates import Grid, Tile, all_pairs
from linkage.central.kernels import Arranged, Rows
from linkage.central.sidebyside import side_by_side
from linkage.central.thresholds import MEASURES, Measure, Ratio, exact_ratio, least_overlap, similarity
from linkage.central.tiles import Found, arranged, no_pairs
from linkage.encoded import EncodedSet, require_comparable
from linkage.errors import nearest
from linkage.oneagreement import in_one_agreement
from linkage.pairs import Pairs
from linkage.parallel import thread_count
from linkage.schema import Schema


@dataclass(frozen=True, eq=False)
class Job:
    """Two sides of one filter, or of several as one, ready for the kernels."""

    left: EncodedSet
    right: EncodedSet
    within: bool
    rows: Rows
    columns: Rows
    n_bits: int
    measure: Measure
    need: NDArray[np.uint32]
    grid: Grid
    spans: Sequence[Arranged]
    names: tuple[str, ...]
    threshold: Ratio | None = None

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

    def part(self, tile: Tile, *, spans: bool, threads: int | None) -> Job:
        """The job of some rows of either side, which it numbers from 0; within one set of rows that are met again."""
        itself = self.within and (tile.top, tile.bottom) == (tile.first, tile.last)
        rows, columns = self.rows.slice(tile.top, tile.bottom), self.columns.slice(tile.first, tile.last)
        grid = all_pairs(len(rows), len(columns), within=itself, threads=thread_count(threads))
        made = _spans(grid, columns, threads=threads) if spans else []
        return replace(self, rows=rows, columns=rows if itself else columns, within=itself, grid=grid, spans=made)

    def pairs(self, row: NDArray[np.int32], column: NDArray[np.int32], overlap: NDArray[np.uint32]) -> Pairs:
        """The pairs with their similarity."""
        together = self.rows.counts[row].astype(np.int64) + self.columns.counts[column]
        alike = similarity(overlap, together, n_bits=self.n_bits, measure=self.measure)
        return Pairs(self.left, self.right, row, column, similarity=alike)


def prepared(
    left: EncodedSet,
    right: EncodedSet | None,
    *,
    threshold: Ratio,
    measure: Measure | None,
    filters: str | Sequence[str] | None,
    threads: int | None,
    spans: bool = True,
) -> Job:
    """Check what was asked for, and arrange the right side, unless no tile will ask for its ``spans``."""
    left, other = (left, left) if right is None else in_one_agreement(left, right)
    require_comparable(left, other)
    names, n_bits = chosen_filters(left.schema, filters)
    ratio = exact_ratio(threshold, name="threshold")
    known = right_measure(left.schema, names, measure)
    need = least_overlap(ratio, n_bits=n_bits, measure=known)
    job = job_of(left, other, need, names=names, measure=known, within=right is None, threads=threads, spans=spans)
    return replace(job, threshold=ratio)


def chosen_filters(schema: Schema, filters: str | Sequence[str] | None) -> tuple[tuple[str, ...], int]:
    """The names of the filters to compare, in the schema's order, and their bits together."""
    bits = {filter.name: filter.bits for filter in schema.filters}
    if filters is None and schema.layout != "record":
        raise ValueError(
            "for the fields layout use fit() or link(): no single similarity is right for all of its filters; or name"
            " those to compare (filters=)"
        )
    wanted = tuple(bits) if filters is None else (filters,) if isinstance(filters, str) else tuple(filters)
    if not wanted or len(set(wanted)) < len(wanted):
        raise ValueError("filters: the names of one or more filters, each once")
    for name in wanted:
        if name not in bits:
            raise ValueError(f"filters: {nearest(str(name)[:40], bits)}")
    names = tuple(name for name in bits if name in wanted)
    return names, sum(bits[name] for name in names)


def job_of(
    left: EncodedSet,
    right: EncodedSet,
    need: NDArray[np.uint32],
    *,
    names: tuple[str, ...],
    measure: Measure,
    within: bool,
    threads: int | None,
    spans: bool = True,
) -> Job:
    """The right side arranged, span by span."""
    rows = _together(left, names)
    columns = rows if right is left else _together(right, names)
    n_bits = sum(filter.bits for filter in left.schema.filters if filter.name in names)
    grid = all_pairs(len(rows), len(columns), within=within, threads=thread_count(threads))
    made = _spans(grid, columns, threads=threads) if spans else []
    return Job(left, right, within, rows, columns, n_bits, measure, need, grid, made, names)


def _spans(grid: Grid, columns: Rows, *, threads: int | None) -> Sequence[Arranged]:
    def arrange(first: int, last: int) -> Arranged:
        return kernels.arrange_by_count(columns.slice(first, last))

    return arranged(grid, arrange, threads=threads, row_bytes=columns.row_bytes)


def _together(side: EncodedSet, names: tuple[str, ...]) -> Rows:
    """Filters side by side, as one."""
    if len(names) == 1:
        return Rows(side.filters[names[0]], side.popcounts[names[0]])
    counts = [side.popcounts[name] for name in names]
    words = side_by_side([side.filters[name] for name in names])
    return Rows(words, np.sum(counts, axis=0, dtype=counts[0].dtype))


def right_measure(schema: Schema, names: Sequence[str], measure: str | None) -> Measure:
    """How these filters are compared: as the agreement says, or by ``measure`` where that makes sense for them.

    ``ValueError`` names the nearest measure, or the filter that it is wrong for. Where bits are exclusive ors, half of
    them are shared by any two records and shared zeros count as much: Dice would rank by chance.
    """
    similarities = {filter.name: filter.similarity for filter in schema.filters if filter.name in names}
    if measure is None:
        return "hamming" if "hamming" in similarities.values() else "dice"
    if measure not in MEASURES:
        raise ValueError(f"measure: {nearest(str(measure)[:40], MEASURES)}")
    for name, own in similarities.items():
        if own == "hamming" != measure:
            raise ValueError(
                f"measure: filter '{name}' is hardened ({', '.join(schema.harden.settings())}), and such filters are "
                f'compared by the share of bits that agree, measure="hamming"; {measure} would rank records by chance. '
                "Leave measure out: the agreement knows"
            )
    return next(known for known in MEASURES if known == measure)
