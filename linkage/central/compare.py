"""Every pair of records at or above a similarity: thresholds in, Pairs out, however many there are."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from typing import NoReturn

import numpy as np

from linkage.argumentkinds import kinds
from linkage.arguments import checked, require
from linkage.central.blocking.exactsample import ExactSample
from linkage.central.blocking.keyed import Keyed, expected_to_meet, keyed
from linkage.central.blocking.search import similar
from linkage.central.blocking.unblocked import warn_of_unblocked
from linkage.central.blocking.ways import Candidates
from linkage.central.executors import OnExecutor
from linkage.central.expected import expected_pairs
from linkage.central.job import Job, prepared
from linkage.central.thresholds import Measure, Ratio
from linkage.central.tiles import BYTES_PER_PAIR, Found, in_parts, no_pairs
from linkage.encoded import EncodedSet
from linkage.errors import LimitError
from linkage.files import PathLike
from linkage.pairs import Pairs
from linkage.parallel import memory_limit

DEFAULT_MEMORY = 1 << 30
MOST_PAIRS = 100_000_000
"""In a file some four gigabytes."""


@checked
def compare(
    left: EncodedSet,
    right: EncodedSet | None = None,
    *,
    threshold: Ratio,
    measure: Measure | None = None,
    filters: str | Sequence[str] | None = None,
    candidates: Candidates | None = None,
    executor: Executor | None = None,
    threads: int | None = None,
    memory: int = DEFAULT_MEMORY,
    progress: bool | None = None,
) -> Pairs:
    """Find the pairs of records at least ``threshold`` alike, by the similarity of their filters.

    With the ``fields`` layout no single similarity is right: use `fit` or `link`, or say which ``filters`` to compare.

    Parameters
    ----------
    right
        Leave out to compare ``left`` with itself; each pair is then found once, left row below right row.
    threshold
        In (0, 1]; pairs exactly at it are kept: 0.8 is 4/5, not the nearest float. A record without any value is
        like nothing.
    measure
        dice (twice the shared bits to the sum of both), jaccard (shared bits to all that either has), or hamming
        (share of the filter's positions at which the two are equal). Left out, the one that the agreement is made for:
        hamming for most hardened filters, which refuse any other; else dice.
    filters
        Names of the filters to compare, such as ``["surname", "dob"]``; the bits of several count as one filter's. The
        ``record`` layout has one.
    candidates
        Only pairs that meet are compared: ``Blocks()`` in a block of the agreement, ``LSH(recall=0.99)`` in a table of
        locality-sensitive hashes, ``Blocks() | LSH()`` in either. ``Pairs.recall`` says which share of a sample's pairs
        that found, and a warning how many records are in no block. Left out: all pairs, none missed.
    executor
        Any `concurrent.futures.Executor` whose workers compare in the place of threads (`linkage.central.executors`):
        processes, or other machines through Dask or MPI. All pairs only. The pairs are the same.
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
    1,024 bits (benchmarks/compare_speed.py). Beside the sets, memory for the right one again, and
    with several filters for both once more.

    >>> import numpy as np
    >>> from linkage import EncodedSet, Field, Schema
    >>> schema = Schema(project="docs", layout="record", bits=64, fields=(Field(name="surname", type="name"),))
    >>> bits = np.array([[0b0111], [0b1111]], dtype=np.uint64)
    >>> tiny = EncodedSet.from_arrays(["a", "b"], {"record": bits}, schema=schema, source="docs")
    >>> compare(tiny, threshold="6/7").similarity
    array([0.85714286])
    """
    memory_limit(memory)
    require_all_pairs(candidates, executor)
    if candidates is not None:
        job = prepared(left, right, threshold=threshold, measure=measure, filters=filters, threads=threads, spans=False)
        sample = ExactSample.of(job, threads=threads)
        tables = keyed(
            candidates, job.left, None if job.within else job.right, threshold=threshold, measure=measure,
            filters=filters, sample=sample, threads=threads,
        )  # fmt: skip
        warn_of_unblocked(candidates, left, right)
        return _by_candidates(job, tables, sample, threads=threads, memory=memory, progress=progress)
    job = prepared(left, right, threshold=threshold, measure=measure, filters=filters, threads=threads)
    expected = expected_pairs(job, threads=threads)
    if expected.at_least * BYTES_PER_PAIR > memory:
        refuse(expected.pairs, memory)
    found = [no_pairs()]
    held = 0
    for part, share in all_parts(job, executor, memory=memory, threads=threads, progress=progress):
        held += len(part[0])
        found.append(part)
        if held * BYTES_PER_PAIR > memory:
            refuse(int(held / share), memory)
    row, column, overlap = (np.concatenate([part[place] for part in found]) for place in range(3))
    return job.pairs(row, column, overlap)


def _by_candidates(
    job: Job, tables: Keyed, sample: ExactSample, *, threads: int | None, memory: int, progress: bool | None
) -> Pairs:
    def room(held: int) -> None:
        if held * BYTES_PER_PAIR > memory:
            refuse(held, memory)

    expected = sample.expected(expected_to_meet(tables, sample))
    if expected.at_least * BYTES_PER_PAIR > memory:
        refuse(expected.pairs, memory)
    found = similar(tables, job, threads=threads, progress=progress, room=room)
    return dataclasses.replace(job.pairs(*found), recall=sample.recall(found))


@checked
def compare_in_parts(
    left: EncodedSet,
    right: EncodedSet | None = None,
    *,
    threshold: Ratio,
    measure: Measure | None = None,
    filters: str | Sequence[str] | None = None,
    most: int = MOST_PAIRS,
    executor: Executor | None = None,
    threads: int | None = None,
    memory: int = DEFAULT_MEMORY,
    progress: bool | None = None,
) -> Iterator[Pairs]:
    """The pairs of `compare`, a part at a time, in the same order: for thresholds that give more than memory holds.

    No part takes more than ``memory`` bytes, however many pairs there are, and be they all of one record; an empty part
    is left out. Below 240 KiB ``memory`` saves nothing more: a part may always have 4,096 pairs. More than ``most``
    pairs would fill a disk: `LimitError` with an estimate, before the first part where a sample can tell, and in any
    case before the part that would be too many. ``executor`` as there. To a file:

        linkage.write_pairs(linkage.compare_in_parts(left, right, threshold=0.6), "pairs.parquet")
    """
    memory_limit(memory)
    most_pairs(most)
    job = prepared(left, right, threshold=threshold, measure=measure, filters=filters, threads=threads)
    expected = expected_pairs(job, threads=threads)
    if expected.at_least > most:
        refuse_so_many(expected.pairs, most)
    return _parts(job, executor, most, memory=memory, threads=threads, progress=progress)


def _parts(
    job: Job, executor: Executor | None, most: int, *, memory: int, threads: int | None, progress: bool | None
) -> Iterator[Pairs]:
    given = 0
    for part, share in all_parts(job, executor, memory=memory, threads=threads, progress=progress):
        given += len(part[0])
        if given > most:
            refuse_so_many(int(given / share), most)
        if len(part[0]):
            yield job.pairs(*part)


@checked
def write_pairs(parts: Iterator[Pairs], path: PathLike) -> int:
    """Write parts of the pairs of two sets, or of one, to one Parquet file, whole or not at all; how many pairs.

    Columns left_id, right_id and the measures that the pairs have: similarity, from `compare`. The parts are of the
    same sets, in the same order, and no pair is in two of them, as `compare_in_parts` gives them; ``ValueError`` for
    parts of other sets or measures, or that begin with the same pair.

    Readable by its owner only. It stays at the centre: record ids with how alike they are help to re-identify.
    """
    import pyarrow as pa

    from linkage.files import written_beside
    from linkage.parquetfile import writer

    written = 0
    with written_beside(path) as part_file:
        of_one = _of_one_comparison(parts)
        first = next(of_one, None)
        measures = ("similarity",) if first is None else first.measures()
        columns = dict.fromkeys(("left_id", "right_id"), pa.string()) | dict.fromkeys(measures, pa.float64())
        with writer(part_file, pa.schema(list(columns.items()))) as file:
            for pairs in itertools.chain(() if first is None else (first,), of_one):
                file.write_table(pairs.to_arrow())
                written += len(pairs)
    return written


def _of_one_comparison(parts: Iterable[Pairs]) -> Iterator[Pairs]:
    """The parts; ``ValueError`` for one of other sets or measures than the first, or that was there before."""
    first, began = None, set()
    for pairs in parts:
        require(pairs, kinds("Pairs"), "parts")
        if first is None:
            first = pairs
        if not (_are_one(pairs.left_set, first.left_set) and _are_one(pairs.right_set, first.right_set)):
            raise ValueError(
                f"parts: {pairs!r} and {first!r} are not of the same sets in the same order, so that a column of the "
                "file would hold ids of both; write each to a file of its own"
            )
        if pairs.measures().keys() != first.measures().keys():
            here, before = (", ".join(each.measures()) or "no measure" for each in (pairs, first))
            raise ValueError(f"parts: some have {here}, others {before}; write each to a file of its own")
        if len(pairs):
            begins = int(pairs.left[0]), int(pairs.right[0])  # parts that share no pair begin with different ones
            if begins in began:
                raise ValueError("parts: two begin with the same pair, which the file would hold twice; give each once")
            began.add(begins)
        yield pairs


def _are_one(one: EncodedSet, other: EncodedSet) -> bool:
    return one is other or (one.source == other.source and one.digest() == other.digest())


def all_parts(
    job: Job, executor: Executor | None, *, memory: int, threads: int | None, progress: bool | None
) -> Iterator[tuple[Found, float]]:
    """What all pairs give, on threads or on an executor, and the share of them seen so far."""
    if executor is None:
        return in_parts(job.step, job.grid, memory=memory, threads=threads, progress=progress, label="compare")
    by = OnExecutor.of(job, executor)
    return in_parts(
        by.step, by.job.grid, memory=memory, threads=threads, progress=progress, label="compare", run=by.run
    )


def require_all_pairs(candidates: Candidates | None, executor: Executor | None) -> None:
    """``ValueError`` for candidates on an executor."""
    if candidates is not None and executor is not None:
        raise ValueError("compare: an executor compares all pairs; candidates are found on this machine")


def most_pairs(most: int) -> int:
    """``most``, or ``ValueError`` unless it is a number of pairs."""
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise ValueError("most: a whole number of pairs, at least 1")
    return most


def refuse(expected: int, memory: int) -> NoReturn:
    """`LimitError`: the pairs would not fit into memory."""
    needed = expected * BYTES_PER_PAIR
    raise LimitError(
        f"about {expected:,} pairs would take {needed:,} bytes; allowed are {memory:,}: raise the threshold, or allow "
        "more memory, or take the pairs in parts (compare_in_parts)",
        needed=needed,
        allowed=memory,
    )


def refuse_so_many(expected: int, most: int) -> NoReturn:
    """`LimitError`: more pairs than are allowed."""
    raise LimitError(
        f"about {expected:,} pairs would come out; allowed are {most:,}: raise the threshold, or allow more",
        needed=expected * BYTES_PER_PAIR,
        allowed=most * BYTES_PER_PAIR,
    )
