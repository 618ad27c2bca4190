"""How many pairs a comparison will give, before it is begun."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.job import Job
from linkage.parallel import in_order

# a sixty-fourth of the pairs, at most so many, says how many there will be
_SAMPLE_SHARE, _SAMPLE_PAIRS = 64, 1 << 24
_SAMPLE_AT_ONCE, _SAMPLE_ENOUGH = 1 << 18, 50_000  # a flood is soon seen, and takes little memory to see


@dataclass(frozen=True)
class Expected:
    """How many pairs there will be, from a sample; ``at_least`` and ``at_most`` are four standard errors away."""

    pairs: int
    at_least: int
    at_most: int


def expected_pairs(job: Job, *, most: int = _SAMPLE_PAIRS, threads: int | None) -> Expected:
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
    few = max(1, _SAMPLE_AT_ONCE // (last - first))
    pieces = [chosen[start : start + few] for start in range(0, len(chosen), few)]
    by_row, by_column, met, n = [], np.zeros(last - first, dtype=np.int64), 0, 0
    for rows, columns in in_order(lambda piece: _met(job, piece, span, first), pieces, threads=threads):
        by_row.append(rows)
        by_column += np.bincount(columns, minlength=last - first)
        n += len(columns)
        met += len(rows) * (last - first)
        if n > _SAMPLE_ENOUGH:
            break
    # pairs come in clusters: alike records are alike to many, on either side
    spread = [counts.var() * len(counts) for counts in (np.concatenate(by_row), by_column)]
    error = 4 * np.sqrt(n + 1 + sum(spread))
    return Expected(*(int(max(0, count) * total / met) for count in (n, n - error, n + error)))


def _met(job: Job, rows: NDArray[np.int32], span: int, first: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """How many pairs each of these left rows has in the span, and the column of each of them."""
    found = kernels.overlaps(job.rows.take(rows), job.spans[span], job.need, room=len(rows) * job.spans[span].n)
    assert found is not None  # room for every pair
    row, column = found[:2]
    if job.within:
        other = rows[row] != column + first
        row, column = row[other], column[other]
    return np.bincount(row, minlength=len(rows)), column
