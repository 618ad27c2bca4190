"""What comparing candidates will take, by one table of each way on these very sets."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from linkage.central import kernels
from linkage.central.blocking.exactsample import ExactSample
from linkage.central.blocking.keyed import Keyed, keyed, met_in_any
from linkage.central.blocking.lsh import LSHTables
from linkage.central.blocking.meeting import Meeting, counted
from linkage.central.blocking.search import Rows
from linkage.central.blocking.ways import Candidates, ways_of
from linkage.central.job import Job
from linkage.central.modelling.levels import comparisons, kernel_plan, sides
from linkage.encoded import EncodedSet
from linkage.parallel import thread_count
from linkage.progress import clock


@dataclass(frozen=True)
class Price:
    """Of one way to find candidates: ``tables`` to look up, ``candidates`` to be scored, ``seconds`` of wall clock.

    ``recall`` is the share of the pairs at or above the threshold that is expected to be found: by the tables that were
    chosen, or for blocks of the pairs of a sample; None in linking, where no threshold says which pairs count.
    """

    way: str
    tables: int
    candidates: int
    seconds: float
    recall: float | None

    def __str__(self) -> str:
        found = "" if self.recall is None else f", {self.recall:.4f} of the pairs found"
        return (
            f"by {self.way}: about {clock(self.seconds)}; {self.tables:,} tables, about {self.candidates:,} "
            f"candidates{found}"
        )


def prices(
    candidates: Candidates, left: EncodedSet, right: EncodedSet | None, job: Job | None, *, threads: int | None
) -> tuple[Price, ...]:
    """Each way by itself; ``job``: of a comparison, or None for linking. ``ValueError`` as `keyed`."""
    sample = ExactSample.of(job, threads=threads) if job is not None else None
    score = _overlaps(job) if job is not None else _levels(left, right)
    found = []
    for way in ways_of(candidates):
        started = time.perf_counter()
        if job is None:
            tables = keyed(way, left, right, threshold=None, threads=threads)
        else:
            tables = keyed(
                way,
                left,
                right,
                threshold=job.threshold,
                measure=job.measure,
                filters=job.names,
                sample=sample,
                threads=threads,
            )
        ready = time.perf_counter() - started
        found.append(_priced(type(way).__name__, tables, score, sample, ready, within=right is None, threads=threads))
    return tuple(found)


def _priced(
    name: str,
    tables: Keyed,
    score: Callable[[Rows, Rows], object],
    sample: ExactSample | None,
    ready: float,
    *,
    within: bool,
    threads: int | None,
) -> Price:
    started = time.perf_counter()
    keys = tables.keys(0)
    meeting = Meeting.of(*keys, within=within)
    a_table = time.perf_counter() - started
    n, scoring = 0, 0.0
    for part in meeting.parts():
        started = time.perf_counter()
        pairs = meeting.pairs(part)
        score(*pairs)
        n, scoring = len(pairs[0]), time.perf_counter() - started
        break
    if isinstance(tables, LSHTables):
        candidates, recall = tables.chosen.candidates, tables.chosen.expected_recall if sample is not None else None
    else:
        of_tables = (counted(*tables.keys(table), within=within) for table in range(tables.tables))
        candidates, recall = sum(each.pairs for each in of_tables), _recall(tables, sample)
    work = tables.tables * a_table + candidates * scoring / max(1, n)
    return Price(name, tables.tables, candidates, ready + work / thread_count(threads), recall)


def _recall(tables: Keyed, sample: ExactSample | None) -> float | None:
    if sample is None or not len(sample):
        return None
    return float(met_in_any(tables, sample.row, sample.column).mean())


def _overlaps(job: Job) -> Callable[[Rows, Rows], object]:
    return lambda row, column: kernels.pair_overlaps(job.rows, job.columns, row, column)


def _levels(left: EncodedSet, right: EncodedSet | None) -> Callable[[Rows, Rows], object]:
    plan = comparisons(left.schema)
    lefts = sides(left, plan)
    rights = lefts if right is None else sides(right, plan)
    return lambda row, column: kernels.pair_levels(lefts, rights, row, column, kernel_plan(plan))


def cheapest(prices: Sequence[Price], seconds: float) -> str:
    """The way that takes least time, ``"all pairs"`` if that is comparing all, which miss nothing."""
    best = min(prices, key=lambda price: price.seconds, default=None)
    return best.way if best is not None and best.seconds < seconds else "all pairs"
