"""`compare` by candidates: tables side by side on threads, what they find joined now and again to stay small."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from linkage.central.blocking.bitplanes import keys_of, planes_of
from linkage.central.blocking.lsh import LSH, Tables, codes, tables_for
from linkage.central.blocking.meeting import distinct, met, scored
from linkage.central.job import Job
from linkage.central.kernels import Rows
from linkage.central.tiles import Found, no_pairs
from linkage.parallel import in_order


@dataclass(frozen=True, eq=False)
class Search:
    """Tables chosen for a job, and its records that have bits, ready to be looked up."""

    job: Job
    chosen: Tables
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    left: Rows
    right: Rows
    planes: tuple[NDArray[np.uint64], ...]
    positions: NDArray[np.int64]
    seed: str

    def table(self, table: int) -> Found:
        """The pairs that share this table's key and reach the threshold, in rows of the records that have bits."""
        keys = [
            keys_of(codes(planes, self.positions, self.seed, self.chosen, table), n)
            for planes, n in zip(self.planes, (len(self.left), len(self.right)), strict=False)
        ]
        return scored(met(keys[0], keys[-1], within=self.job.within), self.left, self.right, self.job.need)[0]


def search_of(job: Job, threshold: Fraction, lsh: LSH, *, threads: int | None) -> Search:
    """Choose tables and lay the bits side by side; ``ValueError`` if no tables keep the recall."""
    rows, columns = _present(job.rows), _present(job.columns)
    left, right = job.rows.take(rows), job.columns.take(columns)
    chosen = tables_for(lsh, left, right, threshold, n_bits=job.n_bits, measure=job.measure, within=job.within)
    seed = hashlib.sha256(f"{job.left.schema.fingerprint()}/{job.measure}/{threshold}/{chosen}".encode()).hexdigest()
    planes = tuple(
        planes_of(side.words, threads=threads).view(np.uint64) for side in ((left,) if job.within else (left, right))
    )
    return Search(job, chosen, rows, columns, left, right, planes, _positions(job), seed)


def pairs_by_lsh(job: Job, threshold: Fraction, lsh: LSH, *, threads: int | None, room: Callable[[int], None]) -> Found:
    """The pairs of the job that share a table's key; ``room(pairs)`` may refuse what is held so far."""
    search = search_of(job, threshold, lsh, threads=threads)
    found = _joined(in_order(search.table, range(search.chosen.tables), threads=threads), room)
    return search.rows[found[0]], search.columns[found[1]], found[2]


def _joined(parts: Iterator[Found], room: Callable[[int], None]) -> Found:
    """Found by any table, each pair once; joined when as much is new as is held, so that it is never sorted often."""
    held, new, n = no_pairs(), [no_pairs()], 0
    for part in parts:
        new.append(part)
        n += len(part[0])
        if n > len(held[0]):
            held, new, n = distinct([held, *new]), [], 0
            room(len(held[0]))
    held = distinct([held, *new])
    room(len(held[0]))
    return held


def _present(rows: Rows) -> NDArray[np.int32]:
    return np.flatnonzero(rows.counts).astype(np.int32)


def _positions(job: Job) -> NDArray[np.int64]:
    """The positions that the filters use: their words may have more, and those are equal in any two records."""
    places, before = [], 0
    for filter in job.left.schema.filters:
        if filter.name in job.names:
            places.append(before + np.arange(filter.bits))
            before += filter.words * 64
    return np.concatenate(places)
