"""What comparing by locality-sensitive hashing will take, by one of its tables on these very sets."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction

from linkage.central.blocking.lsh import LSH, require_lsh
from linkage.central.blocking.search import search_of
from linkage.central.job import Job
from linkage.parallel import thread_count


@dataclass(frozen=True)
class ByLSH:
    """What `compare` with ``candidates=LSH(...)`` would do: ``tables`` of ``hashes`` each.

    ``expected_recall`` is the chance that a pair exactly at the threshold is found (others have a higher one),
    ``candidates`` how many pairs are expected to be scored, and ``seconds`` of wall clock, by one table on these sets.
    """

    tables: int
    hashes: int
    expected_recall: float
    candidates: int
    seconds: float


def priced(job: Job, threshold: Fraction, lsh: LSH, threads: int | None) -> ByLSH:
    """One table looked up, and so many times its time. ``ValueError`` if no tables keep the recall."""
    started = time.perf_counter()
    search = search_of(job, threshold, require_lsh(lsh), threads=threads)
    ready = time.perf_counter()
    search.table(0)
    chosen, table = search.chosen, time.perf_counter() - ready
    seconds = ready - started + chosen.tables * table / thread_count(threads)
    return ByLSH(chosen.tables, chosen.hashes, chosen.expected_recall, chosen.candidates, seconds)
