"""How many pairs a comparison will give, before it is begun."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.central import kernels
from linkage.central.job import Job

# a sixty-fourth of the pairs, at most so many, says how many there will be
_SAMPLE_SHARE, _SAMPLE_PAIRS = 64, 1 << 24
_SAMPLE_AT_ONCE, _SAMPLE_ENOUGH = 1 << 18, 50_000  # a flood is soon seen, and takes little memory to see


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
