"""Candidates scored: tables prepared ahead, their pairs on threads, what is found joined now and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.blocking.keyed import Keyed
from linkage.central.blocking.meeting import Meeting
from linkage.central.job import Job
from linkage.central.tiles import Found, no_pairs
from linkage.parallel import in_order, thread_count
from linkage.progress import shown

Rows = NDArray[np.int32]
Result = TypeVar("Result")

# records of tables that are prepared side by side; a prepared one takes some 30 bytes for each
_AHEAD = 8_000_000


def over_candidates(
    step: Callable[[Rows, Rows], Result],
    tables: Keyed,
    *,
    within: bool,
    threads: int | None,
    progress: bool | None,
    label: str,
) -> Iterator[Result]:
    """``step(rows, columns)`` of all candidates, table by table, in parts; a pair of two tables comes twice."""

    def meeting(table: int) -> Meeting:
        return Meeting.of(*tables.keys(table), within=within)

    def parts() -> Iterator[tuple[Meeting, tuple[int, int]]]:
        n = sum(map(len, tables.keys(0))) if tables.tables else 0
        ahead = max(1, min(thread_count(threads), _AHEAD // max(1, n)))
        made = in_order(meeting, range(tables.tables), threads=ahead)
        for each in shown(made, total=tables.tables, label=label, unit="table", progress=progress):
            for part in each.parts():
                yield each, part

    return in_order(lambda item: step(*item[0].pairs(item[1])), parts(), threads=threads)


def similar(
    tables: Keyed, job: Job, *, threads: int | None, progress: bool | None, room: Callable[[int], None]
) -> Found:
    """The candidates that reach the overlap they need, each once; ``room(pairs)`` may refuse what is held so far."""

    def step(row: Rows, column: Rows) -> Found:
        counts = job.rows.counts[row], job.columns.counts[column]
        needed = job.need[counts[0] + counts[1]]
        # no overlap is above either popcount; and a record without bits is like nothing
        hopeful = np.flatnonzero((needed <= np.minimum(*counts)) & (np.minimum(*counts) > 0))
        row, column, needed = row[hopeful], column[hopeful], needed[hopeful]
        overlap = kernels.pair_overlaps(job.rows, job.columns, row, column)
        kept = overlap >= needed
        return row[kept], column[kept], overlap[kept]

    found = over_candidates(step, tables, within=job.within, threads=threads, progress=progress, label="candidates")
    return joined(found, room)


def joined(parts: Iterator[Found], room: Callable[[int], None]) -> Found:
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


def distinct(parts: list[Found]) -> Found:
    """Each pair once, by row, then column."""
    row, column, more = (np.concatenate([part[place] for part in parts]) for place in range(3))
    _, first = np.unique(row.astype(np.int64) << 32 | column, return_index=True)
    return row[first], column[first], more[first]
