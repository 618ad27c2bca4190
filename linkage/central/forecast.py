"""What a linkage will take, before it is begun: pairs, time and memory, measured on a sample of these very sets."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np
from numpy.typing import NDArray

from linkage.arguments import checked
from linkage.central import kernels
from linkage.central.blocking.price import Price, cheapest, prices
from linkage.central.blocking.ways import Candidates
from linkage.central.compare import DEFAULT_MEMORY, MOST_PAIRS, most_pairs
from linkage.central.contenders import BYTES_PER_CONTENDER, LINK_FLOOR_BITS, UNIT, most_contenders, prior_bits
from linkage.central.expected import expected_pairs
from linkage.central.job import Job, prepared
from linkage.central.modelling.estimate import starting_point
from linkage.central.modelling.fitting import SAMPLE_PAIRS, in_units
from linkage.central.modelling.levels import comparisons, kernel_plan, sides
from linkage.central.thresholds import Measure, Ratio
from linkage.central.tiles import BYTES_PER_PAIR
from linkage.encoded import EncodedSet, require_comparable
from linkage.parallel import memory_limit, thread_count
from linkage.progress import clock

# large enough for a steady rate, small enough to be done in about a second
_SAMPLE_PAIRS = {True: 1 << 27, False: 1 << 23}
_SAMPLE_ROWS = 16_384
_SAMPLE_ROOM = 1 << 20  # a flood ends the sample early: then the time foreseen is too short, and the run refused
_PROGRAM = 150 << 20  # Python with NumPy, Arrow and SciPy
_WRITTEN_BYTES_PER_PAIR = 320  # of a part: found, joined, given its record ids, and written; measured at 30,000 rows


@dataclass(frozen=True)
class InParts:
    """What `compare_in_parts`, or the command ``linkage compare``, would do: pairs in parts, to a file.

    ``memory`` in bytes, sets and program included; ``most`` pairs allowed; and whether it ``fits`` them, else the run
    is refused.
    """

    memory: int
    most: int
    fits: bool


@dataclass(frozen=True)
class Plan:
    """What `plan` foresees.

    ``pairs_compared``; ``pairs_expected`` to come out, and ``pairs_at_most`` four standard errors above; ``seconds``
    of wall clock at this machine's present load; ``memory`` in bytes, sets and program included; of which what comes
    out has ``needed``, and so much was ``allowed``; whether it ``fits``, else `compare` is refused; ``in_parts``, which
    may fit where that does not (None for the ``fields`` layout, where `link` keeps to what is allowed); the ``kernel``
    that will do it; and what each way costs, if the plan was asked for ``candidates``.
    """

    pairs_compared: int
    pairs_expected: int
    pairs_at_most: int
    seconds: float
    memory: int
    needed: int
    allowed: int
    fits: bool
    in_parts: InParts | None
    kernel: str
    by_candidates: tuple[Price, ...] = ()

    @property
    def recommended(self) -> str:
        """What takes least time: ``"Blocks"`` or ``"LSH"``, if priced, or ``"all pairs"``, which miss nothing.

        No way that would be refused, or finds less than the recall asked of LSH, or 0.95 where none was asked for.
        """
        return cheapest(self.by_candidates, self.seconds)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def __str__(self) -> str:
        foreseen = (
            f"{self.pairs_compared:,} pairs to compare, about {clock(self.seconds)} with {self.kernel}; about "
            f"{self.pairs_expected:,} pairs (at most {self.pairs_at_most:,}) come out"
        )
        ways = [*map(str, self.by_candidates), *([f"recommended: {self.recommended}"] if self.by_candidates else [])]
        if self.in_parts is None:
            return "\n".join((f"{foreseen}; {_mib(self.memory)} of memory", *ways))
        return "\n".join((foreseen, self._at_once(), self._to_a_file(self.in_parts), *ways))

    def _at_once(self) -> str:
        pairs = f"the pairs need {_mib(self.needed)}, allowed are {_mib(self.allowed)}"
        if not self.fits:
            return f"compare() in memory: will be refused: {pairs}"
        return f"compare() in memory: {_mib(self.memory)}; {pairs}{self._risk(self.allowed // BYTES_PER_PAIR)}"

    def _to_a_file(self, parts: InParts) -> str:
        allowed = f"allowed are {parts.most:,} pairs"
        if not parts.fits:
            return f"linkage compare to a file: will be refused: {allowed}"
        return f"linkage compare to a file: {_mib(parts.memory)}; {allowed}{self._risk(parts.most)}"

    def _risk(self, most: int) -> str:
        return "" if self.pairs_at_most <= most else ", and it may yet be refused on the way"


@checked
def plan(
    left: EncodedSet,
    right: EncodedSet | None = None,
    *,
    threshold: Ratio | None = None,
    measure: Measure | None = None,
    filters: str | Sequence[str] | None = None,
    candidates: Candidates | None = None,
    threads: int | None = None,
    memory: int = DEFAULT_MEMORY,
    most: int = MOST_PAIRS,
) -> Plan:
    """Foresee pairs, time and memory of `compare` (``record`` layout, or ``filters``) or `link` (``fields`` layout).

    Runs the real kernels on a sample of the pairs, evenly spaced: record ids are random, so the sample is too. The
    arguments are those of the run that is planned (``most``: of `compare_in_parts`); without ``threshold`` the sets
    must be of the ``fields`` layout. With ``candidates`` each of their ways is priced too, by one of its tables, and
    several together; the quickest that finds enough is recommended: the decision is yours, as all pairs alone miss
    nothing.

    Cost: reads both sets, arranges the right one and compares some millions of pairs; about a second.

    >>> import numpy as np
    >>> from linkage import EncodedSet, Field, Schema
    >>> schema = Schema(project="docs", layout="record", bits=64, fields=(Field(name="surname", type="name"),))
    >>> bits = np.arange(1, 101, dtype=np.uint64)[:, None]
    >>> ids = [f"{row:03}" for row in range(100)]
    >>> some = EncodedSet.from_arrays(ids, {"record": bits}, schema=schema, source="docs")
    >>> plan(some, threshold=0.9).pairs_compared
    4950
    """
    memory_limit(memory)
    if left.schema.layout == "record" or filters is not None:
        if threshold is None:
            raise ValueError("plan: comparing needs the threshold that the run will have")
        found = _of_similarity(
            left, right, threshold, measure, filters, threads=threads, memory=memory, most=most_pairs(most)
        )
        if candidates is None:
            return found
        job = prepared(left, right, threshold=threshold, measure=measure, filters=filters, threads=threads, spans=False)
        return replace(found, by_candidates=prices(candidates, left, right, job, threads=threads))
    if threshold is not None:
        raise ValueError("plan: sets of the fields layout are linked without a threshold")
    found = _of_fields(left, right, threads=threads, memory=memory)
    if candidates is None:
        return found
    return replace(found, by_candidates=prices(candidates, left, right, None, threads=threads))


def _of_similarity(
    left: EncodedSet,
    right: EncodedSet | None,
    threshold: Ratio,
    measure: Measure | None,
    filters: str | Sequence[str] | None,
    *,
    threads: int | None,
    memory: int,
    most: int,
) -> Plan:
    started = time.perf_counter()
    job = prepared(left, right, threshold=threshold, measure=measure, filters=filters, threads=threads)
    arranging = time.perf_counter() - started
    expected = expected_pairs(job, most=_SAMPLE_PAIRS[kernels.is_compiled()], threads=threads)
    grid = job.grid
    rate = 0.0
    if grid.n_left and job.spans:
        first, last = grid.spans()[0]
        chosen = _even(grid.n_left, max(1, _SAMPLE_PAIRS[kernels.is_compiled()] // (last - first)))
        started = time.perf_counter()
        kernels.overlaps(job.rows.take(chosen), job.spans[0], job.need, room=_SAMPLE_ROOM)
        rate = len(chosen) * (last - first) / (time.perf_counter() - started)
    compared = grid.n_left * grid.n_right if right is not None else grid.n_left * (grid.n_left - 1) // 2
    needed = expected.pairs * BYTES_PER_PAIR
    sets = _PROGRAM + _bytes_of(left, right) + job.columns.words.nbytes + _copied(job)
    of_a_part = min(expected.pairs * grid.rows // max(1, grid.n_left), memory // (2 * BYTES_PER_PAIR))
    return Plan(
        compared,
        expected.pairs,
        expected.at_most,
        arranging + (compared / rate / thread_count(threads) if rate else 0.0),
        sets + needed,
        needed,
        memory,
        expected.at_least * BYTES_PER_PAIR <= memory,
        InParts(sets + of_a_part * _WRITTEN_BYTES_PER_PAIR, most, expected.at_least <= most),
        kernels.name(),
    )


def _of_fields(left: EncodedSet, other: EncodedSet | None, *, threads: int | None, memory: int) -> Plan:
    right = left if other is None else other
    require_comparable(left, right)
    compared = len(left) * (len(left) - 1) // 2 if other is None else len(left) * len(right)
    program = _PROGRAM + _bytes_of(left, right) + sum(rows.nbytes for rows in right.filters.values())
    if not compared:
        return Plan(0, 0, 0, 0.0, program, 0, memory, fits=True, in_parts=None, kernel=kernels.name())
    comparison = comparisons(left.schema)
    whole = kernel_plan(comparison)
    columns = _even(len(right), _SAMPLE_ROWS)
    rows = _even(len(left), max(1, _SAMPLE_PAIRS[kernels.is_compiled()] // 8 // len(columns)))
    lefts = tuple(each.take(rows) for each in sides(left, comparison))
    rights = kernels.arrange(tuple(each.take(columns) for each in sides(right, comparison)))
    met = len(rows) * len(columns)
    started = time.perf_counter()
    totals = kernels.level_counts(lefts, rights, whole)
    for_levels = (time.perf_counter() - started) / met
    # by the start's weights, as the first pass has them; later ones let fewer through
    weights = in_units(starting_point(totals, len(rows), len(columns)))
    prior = prior_bits(0.5 * min(len(left), len(right)), len(left), len(right))
    started = time.perf_counter()
    found = kernels.heavy_pairs(
        lefts, rights, whole, weights, (None,) * len(whole.outcomes), int((LINK_FLOOR_BITS - prior) * UNIT), room=met
    )
    for_contenders = (time.perf_counter() - started) / met
    assert found is not None  # room for every pair
    # within one set a record that meets itself is no pair
    n = int((rows[found[0]] != columns[found[1]]).sum()) if other is None else len(found[0])
    room = most_contenders(len(left), len(right), memory)
    expected, at_most = (min(room, int(count * compared / met)) for count in (n, n + 4 * np.sqrt(n + 1)))
    sampled = min(compared, SAMPLE_PAIRS)
    work = sampled * (for_levels + for_contenders) + compared * for_contenders
    needed = at_most * 2 * BYTES_PER_CONTENDER
    return Plan(
        compared,
        expected,
        at_most,
        work / thread_count(threads),
        program + needed,
        needed,
        memory,
        fits=True,
        in_parts=None,
        kernel=kernels.name(),
    )


def _mib(bytes_: int) -> str:
    return f"{bytes_ / 2**20:,.0f} MiB"


def _even(n: int, wanted: int) -> NDArray[np.int32]:
    return np.linspace(0, n - 1, min(n, wanted)).astype(np.int32)


def _copied(job: Job) -> int:
    """Of several filters as one."""
    sides = [(job.left, job.rows)] if job.within else [(job.left, job.rows), (job.right, job.columns)]
    return sum(rows.words.nbytes for side, rows in sides if len(side.filters) > 1)


def _bytes_of(left: EncodedSet, right: EncodedSet | None) -> int:
    """Filters, popcounts and record ids of the sets."""
    ids = 40
    return sum(
        sum(rows.nbytes + 4 * len(rows) for rows in side.filters.values()) + ids * len(side)
        for side in (left, right)
        if side is not None
    )
