"""The most similar records of each record: top-k, and mutual top-k."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from linkage.arguments import checked
from linkage.central import kernels
from linkage.central.candidates import Tile
from linkage.central.job import Job, chosen_filters, job_of, right_measure
from linkage.central.thresholds import Measure, Ratio, exact_ratio, least_overlap, similarity
from linkage.central.tiles import over_tiles
from linkage.encoded import EncodedSet, require_comparable
from linkage.pairs import Pairs

_MOST = 1_000

Best = tuple[NDArray[np.int32], NDArray[np.uint32]]
Neighbours = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint32]]
_NONE: Neighbours = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint32))


@checked
def nearest_records(
    left: EncodedSet,
    right: EncodedSet | None = None,
    *,
    k: int = 1,
    mutual: bool = False,
    threshold: Ratio | None = None,
    measure: Measure | None = None,
    filters: str | Sequence[str] | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> Pairs:
    """Find for each left record the ``k`` right records most like it, ties by record id.

    The number of pairs is bounded by ``k``, whatever the data.

    Parameters
    ----------
    right
        Leave out to find neighbours within one set; a record is not its own.
    k
        1 to 1,000.
    mutual
        Keep a pair only if each is among the other's ``k``.
    threshold
        Leave out pairs less alike than this; without it, Dice and Jaccard leave out those that share nothing.
    measure, filters
        As in `compare`.

    Returns
    -------
    Pairs with similarity, by left row, then right row. Within one set a pair can come twice, once from either side;
    with ``mutual`` it comes once, left row below right row.

    Raises `MismatchError` as `compare` does. Cost: a few times that of `compare` at the similarity of a record to its
    ``k``th neighbour; with ``mutual``, twice that.
    """
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= _MOST:
        raise ValueError(f"k: a whole number from 1 to {_MOST:,}")
    other = left if right is None else right
    require_comparable(left, other)
    names, n_bits = chosen_filters(left.schema, filters)
    known = right_measure(left.schema, names, measure)
    need = np.full(2 * n_bits + 1, known != "hamming", dtype=np.uint32)
    if threshold is not None:
        need = least_overlap(exact_ratio(threshold, name="threshold"), n_bits=n_bits, measure=known)
    job = job_of(left, other, need, names=names, measure=known, within=right is None, threads=threads)
    found = _best(job, k, threads=threads, progress=progress)
    if mutual and right is not None:
        back = job_of(other, left, need, names=names, measure=known, within=False, threads=threads)
        found = _in_both(found, _best(back, k, threads=threads, progress=progress)[1::-1])
    elif mutual:
        found = _in_both(found, found[1::-1])
        below = found[0] < found[1]
        found = found[0][below], found[1][below], found[2][below]
    order = np.argsort(found[0].astype(np.int64) << 32 | found[1])
    return job.pairs(found[0][order], found[1][order], found[2][order])


def _best(
    job: Job, k: int, *, threads: int | None, progress: bool | None
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint32]]:
    """Row, column, overlap of each left row's best."""
    # a neighbour may lie on either side of the diagonal, so within one set too every chunk meets every span
    grid = replace(job.grid, within=False)

    def step(tile: Tile, span: int) -> Best:
        diagonal = tile.top - tile.first if job.within else None
        rows = job.rows.slice(tile.top, tile.bottom)
        by_difference = job.measure == "hamming"
        return kernels.best_rows(rows, job.spans[span], job.need, k, by_difference=by_difference, diagonal=diagonal)

    parts: list[Neighbours] = [_NONE]
    best = _NONE
    for tile, found, _ in over_tiles(step, grid, threads=threads, progress=progress, label="neighbours"):
        best = _merged(job, best, _listed(tile, found), k)
        if tile.last == grid.n_right:
            parts.append(best)
            best = _NONE
    row, column, overlap = (np.concatenate([part[place] for part in parts]) for place in range(3))
    return row, column, overlap


def _listed(tile: Tile, found: Best) -> Neighbours:
    """The bests of a tile as a list of pairs."""
    present = found[0] >= 0
    row = np.broadcast_to(np.arange(tile.top, tile.bottom, dtype=np.int32)[:, None], found[0].shape)
    return row[present], found[0][present] + np.int32(tile.first), found[1][present]


def _merged(job: Job, best: Neighbours, more: Neighbours, k: int) -> Neighbours:
    """The best of what two spans gave, by row."""
    row, column, overlap = (np.concatenate(both) for both in zip(best, more, strict=True))
    together = job.rows.counts[row].astype(np.int64) + job.columns.counts[column]
    # quotients of such small whole numbers are equal, or ordered, as the exact ones are
    alike = similarity(overlap, together, n_bits=job.n_bits, measure=job.measure)
    order = np.lexsort((column, -alike, row))
    row, column, overlap = row[order], column[order], overlap[order]
    first = np.searchsorted(row, row)  # where each row begins
    kept = np.arange(len(row)) - first < k
    return row[kept], column[kept], overlap[kept]


def _in_both(
    found: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint32]], other: tuple[NDArray[np.int32], ...]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint32]]:
    """The pairs that are also among ``other``, which is (row, column)."""
    key, wanted = (rows.astype(np.int64) << 32 | columns for rows, columns in (found[:2], other))
    kept = np.isin(key, wanted)
    return found[0][kept], found[1][kept], found[2][kept]
