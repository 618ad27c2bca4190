"""`compare` by candidates: tables side by side on threads, what they find joined now and again to stay small."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
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


def pairs_by_lsh(
    job: Job, threshold: Fraction, lsh: LSH, *, threads: int | None, room: Callable[[int], None]
) -> tuple[Found, Tables]:
    """The pairs of the job that share a table's key; ``room(pairs)`` may refuse what is held so far."""
    rows, columns = _present(job.rows), _present(job.columns)
    left, right = job.rows.take(rows), job.columns.take(columns)
    chosen = tables_for(lsh, left, right, threshold, n_bits=job.n_bits, measure=job.measure, within=job.within)
    positions = _positions(job)
    seed = hashlib.sha256(f"{job.left.schema.fingerprint()}/{job.measure}/{threshold}/{chosen}".encode()).hexdigest()
    lefts = planes_of(left.words, threads=threads).view(np.uint64)
    rights = lefts if job.within else planes_of(right.words, threads=threads).view(np.uint64)

    def of_table(table: int) -> Found:
        keys = [
            keys_of(codes(planes, positions, seed, chosen, table), n)
            for planes, n in ((lefts, len(left)), (rights, len(right)))[: 1 if job.within else 2]
        ]
        return scored(met(keys[0], keys[-1], within=job.within), left, right, job.need)[0]

    found = _joined(in_order(of_table, range(chosen.tables), threads=threads), room)
    return (rows[found[0]], columns[found[1]], found[2]), chosen


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
