"""What comparing candidates will take, by one table of each way on these very sets."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from linkage.central import kernels
from linkage.central.blocking.exactsample import ExactSample
from linkage.central.blocking.keyed import Keyed, keyed
from linkage.central.blocking.lsh import LSHTables
from linkage.central.blocking.meeting import Meeting, counted
from linkage.central.blocking.search import Rows
from linkage.central.blocking.ways import LSH, Blocks, Candidates, ways_of
from linkage.central.job import Job
from linkage.central.modelling.levels import comparisons, kernel_plan, sides
from linkage.central.thresholds import exact_ratio
from linkage.encoded import EncodedSet
from linkage.parallel import thread_count
from linkage.progress import clock

_ENOUGH = 0.95  # of the pairs a way should find to be recommended, where no recall was asked for


@dataclass(frozen=True)
class Price:
    """Of one way to find candidates: ``tables`` to look up, ``candidates`` to be scored, ``seconds`` of wall clock.

    ``recall`` is the share of the pairs at or above the threshold that is expected to be found: by the tables that were
    chosen, or for blocks of the pairs of a sample; None in linking, where no threshold says which pairs count. Of
    several ways together, named ``"Blocks | LSH"``, it is that of the best one, and so at least that.
    ``against`` it: why it is not recommended, however quick; empty if nothing is.
    """

    way: str
    tables: int
    candidates: int
    seconds: float
    recall: float | None
    against: str = ""

    def __str__(self) -> str:
        found = "" if self.recall is None else f", {self.recall:.4f} of the pairs found"
        against = f": {self.against}" if self.against else ""
        return (
            f"by {self.way}: about {clock(self.seconds)}; {self.tables:,} tables, about {self.candidates:,} "
            f"candidates{found}{against}"
        )


def prices(
    candidates: Candidates, left: EncodedSet, right: EncodedSet | None, job: Job | None, *, threads: int | None
) -> tuple[Price, ...]:
    """Each way by itself, and several together; ``job``: of a comparison, or None for linking.

    ``ValueError`` as `keyed`; a way that would be refused for its candidates is priced too.
    """
    sample = ExactSample.of(job, threads=threads) if job is not None else None
    score = _overlaps(job) if job is not None else _levels(left, right)
    found, ways = [], ways_of(candidates)
    asked = [float(exact_ratio(way.recall, name="recall")) for way in ways if isinstance(way, LSH)]
    enough = min(asked, default=_ENOUGH)
    for way in ways:
        started = time.perf_counter()
        if job is None:
            tables = keyed(way, left, right, threshold=None, refuse=False, threads=threads)
        else:
            tables = keyed(
                way,
                left,
                right,
                threshold=job.threshold,
                measure=job.measure,
                filters=job.names,
                sample=sample,
                refuse=False,
                threads=threads,
            )
        ready = time.perf_counter() - started
        price = _priced(_name(way), tables, score, sample, ready, within=right is None, threads=threads)
        found.append(replace(price, against=_against(price, way.most, enough)))
    if len(found) > 1:
        found.append(_together(found, ways, enough))
    return tuple(found)


def _name(way: Blocks | LSH) -> str:
    """As it is written, without what is so by default."""
    rules = ", ".join(way.rules) if isinstance(way, Blocks) else ""
    return f"{type(way).__name__}({rules})" if rules else type(way).__name__


def _against(price: Price, most: int, enough: float) -> str:
    if price.candidates > most:
        return f"will be refused, allowed are {most:,}"
    if not price.candidates:
        return "no two records meet"
    if price.recall is not None and price.recall < enough:
        return f"fewer than {enough:g}"
    return ""


def _together(found: Sequence[Price], ways: Sequence[Blocks | LSH], enough: float) -> Price:
    """All of them, whose tables are looked up one after another."""
    recalls = [price.recall for price in found if price.recall is not None]
    price = Price(
        " | ".join(price.way for price in found),
        sum(price.tables for price in found),
        sum(price.candidates for price in found),
        sum(price.seconds for price in found),
        max(recalls, default=None),
    )
    refused = (each.against for each, way in zip(found, ways, strict=True) if each.candidates > way.most)
    return replace(price, against=next(refused, "") or _against(price, price.candidates, enough))


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
    return float(tables.met(sample.row, sample.column).mean())


def _overlaps(job: Job) -> Callable[[Rows, Rows], object]:
    return lambda row, column: kernels.pair_overlaps(job.rows, job.columns, row, column)


def _levels(left: EncodedSet, right: EncodedSet | None) -> Callable[[Rows, Rows], object]:
    plan = comparisons(left.schema)
    lefts = sides(left, plan)
    rights = lefts if right is None else sides(right, plan)
    return lambda row, column: kernels.pair_levels(lefts, rights, row, column, kernel_plan(plan))


def cheapest(prices: Sequence[Price], seconds: float) -> str:
    """The way that takes least time of those with nothing against them; ``"all pairs"`` if comparing all is quicker."""
    best = min((price for price in prices if not price.against), key=lambda price: price.seconds, default=None)
    return best.way if best is not None and best.seconds < seconds else "all pairs"
