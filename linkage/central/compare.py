"""Every pair of records at or above a similarity: thresholds in, Pairs out, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.candidates import Grid, Tile, all_pairs
from linkage.central.kernels import Arranged, Rows
from linkage.central.thresholds import MEASURES, Measure, Ratio, exact_ratio, least_overlap, similarity
from linkage.central.tiles import BYTES_PER_PAIR, Found, arranged, in_parts
from linkage.encoded import EncodedSet, require_comparable
from linkage.errors import LimitError, nearest
from linkage.files import PathLike
from linkage.pairs import Pairs
from linkage.parallel import memory_limit, thread_count

DEFAULT_MEMORY = 1 << 30
MOST_PAIRS = 100_000_000
"""In a file some four gigabytes."""

# a sixty-fourth of the pairs, at most so many, says how many there will be
_SAMPLE_SHARE, _SAMPLE_PAIRS = 64, 1 << 24
_SAMPLE_AT_ONCE, _SAMPLE_ENOUGH = 1 << 18, 50_000  # a flood is soon seen, and takes little memory to see


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
        """The pairs of a tile, in rows and columns of the sets."""
        rows = self.rows.slice(tile.top, tile.bottom)
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


def compare(
    left: EncodedSet,
    right: EncodedSet | None = None,
    *,
    threshold: Ratio,
    measure: Measure = "dice",
    threads: int | None = None,
    memory: int = DEFAULT_MEMORY,
    progress: bool | None = None,
) -> Pairs:
    """Find the pairs of records at least ``threshold`` alike, by the similarity of their filters.

    For the ``record`` layout. With the ``fields`` layout no single similarity is right: use `fit` or `link`.

    Parameters
    ----------
    right
        Leave out to compare ``left`` with itself; each pair is then found once, left row below right row.
    threshold
        In (0, 1]; pairs exactly at it are kept: 0.8 is 4/5, not the nearest float. A record without any value is
        like nothing.
    measure
        dice (twice the shared bits to the sum of both), jaccard (shared bits to all that either has), or hamming
        (share of the filter's positions at which the two are equal).
    memory
        Bytes the pairs may take. A threshold that would give more raises `LimitError` with an estimate before the
        work begins, where a sample can tell; `compare_in_parts` has no such limit.

    Returns
    -------
    By left row, then right row; similarity is exact to the last bit on every machine.

    Raises
    ------
    MismatchError
        The sets were encoded with different agreements, keys or versions.

    Cost: one overlap for each pair of rows; on one core of 2023 some thousand million pairs a second at 0.85 and
    1,024 bits (benchmarks/compare_speed.py). Beside the sets, memory for the right one again.

    >>> import numpy as np
    >>> from linkage import EncodedSet, Field, Schema
    >>> schema = Schema(project="docs", layout="record", bits=64, fields=(Field(name="surname", type="name"),))
    >>> bits = np.array([[0b0111], [0b1111]], dtype=np.uint64)
    >>> tiny = EncodedSet.from_arrays(["a", "b"], {"record": bits}, schema=schema, source="docs")
    >>> compare(tiny, threshold="6/7").similarity
    array([0.85714286])
    """
    memory_limit(memory)
    job = prepared(left, right, threshold=threshold, measure=measure, threads=threads)
    expected = expected_pairs(job)
    if expected.at_least * BYTES_PER_PAIR > memory:
        _refuse(expected.pairs, memory)
    found: list[Found] = [(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint32))]
    held = 0
    for part, share in in_parts(job.step, job.grid, memory=memory, threads=threads, progress=progress, label="compare"):
        held += len(part[0])
        found.append(part)
        if held * BYTES_PER_PAIR > memory:
            _refuse(int(held / share), memory)
    row, column, overlap = (np.concatenate([part[place] for part in found]) for place in range(3))
    return job.pairs(row, column, overlap)


def compare_in_parts(
    left: EncodedSet,
    right: EncodedSet | None = None,
    *,
    threshold: Ratio,
    measure: Measure = "dice",
    most: int = MOST_PAIRS,
    threads: int | None = None,
    memory: int = DEFAULT_MEMORY,
    progress: bool | None = None,
) -> Iterator[Pairs]:
    """The pairs of `compare`, a part at a time, in the same order: for thresholds that give more than memory holds.

    No part takes more than ``memory`` bytes, however many pairs there are; an empty part is left out. More than
    ``most`` pairs would fill a disk: `LimitError` with an estimate, before the first part where a sample can tell, and
    in any case before the part that would be too many. To a file:

        linkage.write_pairs(linkage.compare_in_parts(left, right, threshold=0.6), "pairs.parquet")
    """
    memory_limit(memory)
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise ValueError("most: a whole number of pairs, at least 1")
    job = prepared(left, right, threshold=threshold, measure=measure, threads=threads)
    expected = expected_pairs(job)
    if expected.at_least > most:
        _refuse_so_many(expected.pairs, most)
    return _parts(job, most, memory=memory, threads=threads, progress=progress)


def _parts(job: Job, most: int, *, memory: int, threads: int | None, progress: bool | None) -> Iterator[Pairs]:
    given = 0
    for part, share in in_parts(job.step, job.grid, memory=memory, threads=threads, progress=progress, label="compare"):
        given += len(part[0])
        if given > most:
            _refuse_so_many(int(given / share), most)
        if len(part[0]):
            yield job.pairs(*part)


def write_pairs(parts: Iterator[Pairs], path: PathLike) -> int:
    """Write parts of pairs to one Parquet file (left_id, right_id, similarity), whole or not at all; how many pairs.

    Readable by its owner only. It stays at the centre: record ids with how alike they are help to re-identify.
    """
    import pyarrow as pa

    from linkage.files import written_beside
    from linkage.parquetfile import writer

    columns = pa.schema([("left_id", pa.string()), ("right_id", pa.string()), ("similarity", pa.float64())])
    written = 0
    with written_beside(path) as part_file, writer(part_file, columns) as file:
        for pairs in parts:
            file.write_table(pairs.to_arrow())
            written += len(pairs)
    return written


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


@dataclass(frozen=True)
class Expected:
    """How many pairs there will be, from a sample; ``at_least`` and ``at_most`` are four standard errors away."""

    pairs: int
    at_least: int
    at_most: int


def expected_pairs(job: Job, *, most: int = _SAMPLE_PAIRS) -> Expected:
    """How many pairs the job will give, from some left rows against one span: ids are random, so it is a sample."""
    grid = job.grid
    total = grid.n_left * grid.n_right // (2 if job.within else 1)
    if not total or not job.spans:
        return Expected(0, 0, 0)
    span = len(job.spans) // 2
    first, last = grid.spans()[span]
    wanted = min(grid.n_left * grid.n_right // _SAMPLE_SHARE, most) // (last - first)
    chosen = np.linspace(0, grid.n_left - 1, min(max(1, wanted), grid.n_left)).astype(np.int32)
    np.random.default_rng(0).shuffle(chosen)  # the sample may end early, and must not end with the last ids
    by_row, by_column, met, n = [], np.zeros(last - first, dtype=np.int64), 0, 0
    few = max(1, _SAMPLE_AT_ONCE // (last - first))
    for start in range(0, len(chosen), few):
        rows = chosen[start : start + few]
        found = kernels.overlaps(job.rows.take(rows), job.spans[span], job.need, room=len(rows) * (last - first))
        assert found is not None  # room for every pair
        other = rows[found[0]] != found[1] + first if job.within else np.ones(len(found[0]), dtype=np.bool_)
        by_row.append(np.bincount(found[0][other], minlength=len(rows)))
        by_column += np.bincount(found[1][other], minlength=last - first)
        n += int(other.sum())
        met += len(rows) * (last - first)
        if n > _SAMPLE_ENOUGH:
            break
    # pairs come in clusters: alike records are alike to many, on either side
    spread = [counts.var() * len(counts) for counts in (np.concatenate(by_row), by_column)]
    error = 4 * np.sqrt(n + 1 + sum(spread))
    return Expected(*(int(max(0, count) * total / met) for count in (n, n - error, n + error)))


def _refuse(expected: int, memory: int) -> NoReturn:
    needed = expected * BYTES_PER_PAIR
    raise LimitError(
        f"about {expected:,} pairs would take {needed:,} bytes; allowed are {memory:,}: raise the threshold, or allow "
        "more memory, or take the pairs in parts (compare_in_parts)",
        needed=needed,
        allowed=memory,
    )


def _refuse_so_many(expected: int, most: int) -> NoReturn:
    raise LimitError(
        f"about {expected:,} pairs would come out; allowed are {most:,}: raise the threshold, or allow more",
        needed=expected * BYTES_PER_PAIR,
        allowed=most * BYTES_PER_PAIR,
    )
