"""Some records compared with all: the pairs that nothing was left out of, to choose tables by and to measure recall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.expected import Expected
from linkage.central.job import Job
from linkage.central.tiles import Found, no_pairs
from linkage.parallel import in_order

# compared: at most so many pairs, and a sixteenth of all
_PAIRS, _SHARE = 1 << 31, 16
_SPAN_BYTES, _FEWEST_COLUMNS = 8 << 20, 1_024  # of the right side, arranged at a time
_ROOM = 1 << 20


@dataclass(frozen=True, eq=False)
class ExactSample:
    """The pairs that reach the threshold, of some left rows, evenly spaced, with all right ones.

    Within one set a row meets the others on either side of it, each pair written row below column.
    """

    row: NDArray[np.int32]
    column: NDArray[np.int32]
    overlap: NDArray[np.uint32]
    half: NDArray[np.bool_]
    by_row: NDArray[np.int64]
    size: tuple[int, int]
    within: bool

    @classmethod
    def of(cls, job: Job, *, threads: int | None) -> ExactSample:
        """Record ids are random, so evenly spaced rows are a random sample, the same every time."""
        rows = some_rows(job, _PAIRS)
        place, column, overlap = with_all(job, rows, job.need, threads=threads) or no_pairs()
        row = rows[place]
        if job.within:
            apart = row != column
            place, overlap = place[apart], overlap[apart]
            row, column = np.minimum(row, column)[apart], np.maximum(row, column)[apart]
        by_row, size = np.bincount(place, minlength=len(rows)), (len(job.rows), len(job.columns))
        return cls(row, column, overlap, place % 2 == 0, by_row, size, job.within)

    def __len__(self) -> int:
        return len(self.row)

    def expected(self, met: float) -> Expected:
        """How many pairs will be found, if so many of the sample's own meet."""
        n = len(self)
        if not n:
            return Expected(0, 0, 0)
        # as in `expected_pairs`: pairs come in clusters
        by_column = np.unique(self.column, return_counts=True)[1]
        spread = self.by_row.var() * len(self.by_row) + (by_column**2).sum() - n * n / self.size[1]
        error = 4 * np.sqrt(n + 1 + spread)
        all_of_one = met / n * self.size[0] / len(self.by_row) / (2 if self.within else 1)
        return Expected(*(int(max(0, count) * all_of_one) for count in (n, n - error, n + error)))

    def to_choose_by(self) -> Found:
        """The pairs of every other row."""
        return self.row[self.half], self.column[self.half], self.overlap[self.half]

    def recall(self, found: Found) -> float | None:
        """The share of the other rows' pairs that are among those found; None if they have none."""
        other = ~self.half
        if not other.any():
            return None
        keys = self.row[other].astype(np.int64) << 32 | self.column[other]
        return float(np.isin(keys, found[0].astype(np.int64) << 32 | found[1]).mean())


def some_rows(job: Job, pairs: int) -> NDArray[np.int32]:
    """Left rows that have so many pairs with all right ones, a sixteenth of all pairs at most."""
    n_rows, n_columns = len(job.rows), len(job.columns)
    wanted = min(pairs, n_rows * n_columns // _SHARE) // max(1, n_columns)
    return np.linspace(0, max(0, n_rows - 1), min(n_rows, max(1, wanted))).astype(np.int32)


def with_all(job: Job, rows: NDArray[np.int32], need: NDArray[np.uint32], *, threads: int | None) -> Found | None:
    """The pairs of these rows, by their place, with all columns that have the overlap they need; None for a flood."""
    chosen, n_columns = job.rows.take(rows), len(job.columns)
    at_once = max(_FEWEST_COLUMNS, _SPAN_BYTES // job.columns.row_bytes)

    def met(first: int) -> Found | None:
        span = kernels.arrange_by_count(job.columns.slice(first, min(first + at_once, n_columns)))
        found = kernels.overlaps(chosen, span, need, room=_ROOM)
        return None if found is None else (found[0], found[1] + np.int32(first), found[2])

    parts = [no_pairs()]
    for part in in_order(met, range(0, n_columns if len(rows) else 0, at_once), threads=threads):
        if part is None:
            return None
        parts.append(part)
    place, column, overlap = (np.concatenate([part[at] for part in parts]) for at in range(3))
    return place, column, overlap
