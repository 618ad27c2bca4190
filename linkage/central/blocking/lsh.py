"""Locality-sensitive hashing: records that agree in some bits of their filters meet, in several tables.

Two families, each with one chance that two records of a given similarity agree in one hash:

* Dice and Jaccard: MinHash (Broder 1997), the first of the filter's bits in an order of its own; two records agree with
  the chance of their Jaccard coefficient, whatever their popcounts. Only the first few positions of an order are
  looked at, and two records with no bit there agree: that only adds to the chance.
* Hamming (hardened filters): bit sampling (Indyk and Motwani 1998), one position; the chance is the similarity.

With ``k`` hashes a table and ``L`` tables a pair whose chance is p is missed with (1 - p^k)^L. For each k, L is the
least with which so large a share of the pairs of a sample is expected to be found as was asked for, its error allowed
for, or with ``each`` a pair exactly at the threshold; and of all k the one is taken that costs least on these very
sets. The orders come of a hash of the settings: the same settings, the same tables, on every machine.
"""

from __future__ import annotations

import functools
import hashlib
import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.blocking.bitplanes import keys_of, planes_of
from linkage.central.blocking.exactsample import ExactSample, some_rows, with_all
from linkage.central.blocking.meeting import met_by_keys
from linkage.central.blocking.ways import LSH
from linkage.central.candidates import Tile
from linkage.central.job import Job
from linkage.central.kernels import Rows
from linkage.central.thresholds import Measure, exact_ratio, least_overlap, similarity

Keys = NDArray[np.uint64]

_SAMPLE_PAIRS, _ALIKE_PAIRS = 1 << 21, 1 << 28
_BINS = 1_000  # of similarity
_MIDDLES = (np.arange(_BINS + 1) + 0.5) / _BINS
_MOST_HASHES, _MOST_TABLES = 64, 4_096
_MOST_CODE_BITS = 6
_UNSEEN = 0.02  # of the records, at most so many should have no bit in the first positions of an order
_FEWEST_PAIRS = 200  # of a sample that shall stand for all
_SURE = 1.64  # standard errors of the sample's mean: in 19 of 20 samples all pairs have the recall asked for
# relative costs, in scored pairs (90 ns): a record sorted and looked up in a table, and a code made of it
_ROW_COST, _CODE_COST = 0.7, 0.02
_NO_BITS = np.uint64(0x9E3779B97F4A7C15)  # in the place of a key of 0, which means that a record meets nobody


@dataclass(frozen=True)
class Chosen:
    """``tables`` of ``hashes`` each, ``code_bits`` a hash (1: bit sampling).

    ``expected_recall`` of the pairs at or above the threshold, by the sample, and ``at_threshold`` of one exactly at
    it; the ``candidates`` expected to be scored (those that meet in two tables twice), and the cost in scored pairs.
    """

    hashes: int
    tables: int
    code_bits: int
    expected_recall: float
    at_threshold: float
    candidates: int
    cost: float


@dataclass(frozen=True, eq=False)
class LSHTables:
    """The tables of a job, whose bits are laid side by side when they are first asked for keys."""

    job: Job
    chosen: Chosen
    positions: NDArray[np.int64]
    seed: str
    threads: int | None = None

    @classmethod
    def of(
        cls, job: Job, threshold: Fraction, lsh: LSH, sample: ExactSample | None, *, threads: int | None
    ) -> LSHTables:
        """Choose tables; ``ValueError`` if none keep the recall."""
        chosen = tables_for(job, threshold, lsh, sample or ExactSample.of(job, threads=threads), threads=threads)
        seed = f"{job.left.schema.fingerprint()}/{job.measure}/{threshold}/{chosen.hashes}/{chosen.code_bits}"
        return cls(job, chosen, _positions(job), hashlib.sha256(seed.encode()).hexdigest(), threads)

    @property
    def tables(self) -> int:
        """How many were chosen."""
        return self.chosen.tables

    def name(self, table: int) -> str:
        """Its number."""
        return f"table {table + 1} of {self.tables}"

    def keys(self, table: int) -> tuple[Keys, Keys]:
        """(n,) of either side, 0 for a record without bits."""
        made = [
            self._of(planes, rows, table)
            for planes, rows in zip(self._planes, (self.job.rows, self.job.columns), strict=False)
        ]
        return made[0], made[-1]

    def met(self, row: NDArray[np.int32], column: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which listed pairs meet in a table, of whose records alone bits are laid side by side."""
        rows, at_row = np.unique(row, return_inverse=True)
        columns, at_column = np.unique(column, return_inverse=True)
        job = replace(self.job, rows=self.job.rows.take(rows), columns=self.job.columns.take(columns), within=False)
        return met_by_keys(replace(self, job=job), at_row.astype(np.int32), at_column.astype(np.int32))

    def part(self, tile: Tile) -> LSHTables:
        """Of some rows."""
        return replace(self, job=self.job.part(tile, spans=False, threads=self.threads))

    @functools.cached_property
    def _planes(self) -> tuple[NDArray[np.uint64], ...]:
        sides = (self.job.rows,) if self.job.within else (self.job.rows, self.job.columns)
        return tuple(planes_of(side.words, threads=self.threads).view(np.uint64) for side in sides)

    def _of(self, planes: NDArray[np.uint64], rows: Rows, table: int) -> Keys:
        keys = keys_of(codes(planes, self.positions, self.seed, self.chosen, table), len(rows))
        return np.where(rows.counts > 0, np.where(keys == 0, _NO_BITS, keys), np.uint64(0))


def tables_for(job: Job, threshold: Fraction, lsh: LSH, sample: ExactSample, *, threads: int | None) -> Chosen:
    """The cheapest tables that keep the recall. ``ValueError`` if none do within 4,096 tables."""
    recall = float(exact_ratio(lsh.recall, name="recall"))
    at = np.array([_chance(float(threshold), job.measure)])
    # a pair exactly at the threshold stands for all of them where each counts, or few are known
    pairs = at if lsh.each or len(sample) < _FEWEST_PAIRS else _chances(job, *sample.to_choose_by())
    alike, n_pairs = _sampled(job, float(at[0]), threads=threads)
    bits = 1 if job.measure == "hamming" else code_bits(job.columns, job.n_bits)
    best: Chosen | None = None
    for hashes in range(1, _MOST_HASHES + 1):
        tables = _least_tables(pairs**hashes, recall)
        if tables is None:
            break
        met = float(alike @ _MIDDLES**hashes) * n_pairs * tables
        rows = tables * (len(job.rows) + len(job.columns)) * (_ROW_COST + hashes * _CODE_COST * (1 << bits) / 8)
        if best is None or met + rows < best.cost:
            found, least = (_found(each**hashes, tables) for each in (pairs, at))
            best = Chosen(hashes, tables, bits, found, least, int(met), met + rows)
    if best is None:
        raise ValueError(
            f"candidates: no {_MOST_TABLES:,} tables find pairs at {float(threshold):.2f} with recall {recall}: raise "
            "the threshold, ask for less recall, or compare all pairs (leave candidates out)"
        )
    return best


def _found(together: NDArray[np.float64], tables: int) -> float:
    """The share of pairs that some table finds, of their chances to meet in one."""
    return float(1 - ((1 - together) ** tables).mean())


def _surely_found(together: NDArray[np.float64], tables: int) -> float:
    """The same, less what another sample of as many pairs might show less."""
    missed = (1 - together) ** tables
    return float(1 - missed.mean() - _SURE * missed.std() / math.sqrt(len(missed)))


def _least_tables(together: NDArray[np.float64], recall: float) -> int | None:
    """The fewest tables with which the recall is expected, None if there are none."""
    low, high = 1, _MOST_TABLES
    if _surely_found(together, high) < recall:
        return None
    while low < high:
        middle = (low + high) // 2
        if _surely_found(together, middle) < recall:
            low = middle + 1
        else:
            high = middle
    return low


def code_bits(rows: Rows, n_bits: int) -> int:
    """Bits that say which of the first positions of an order is set: more for filters with fewer bits set."""
    present = rows.counts[rows.counts > 0]
    fill = float(np.median(present)) / n_bits if len(present) else 0.5
    for bits in range(2, _MOST_CODE_BITS):
        if (1 - fill) ** ((1 << bits) - 1) <= _UNSEEN:
            return bits
    return _MOST_CODE_BITS


def codes(
    planes: NDArray[np.uint64], positions: NDArray[np.int64], seed: str, chosen: Chosen, table: int
) -> list[NDArray[np.uint64]]:
    """The planes that make a table's key: ``code_bits`` for each of its hashes."""
    made: list[NDArray[np.uint64]] = []
    for hash_ in range(chosen.hashes):
        order = _order(f"{seed}/{table}/{hash_}", positions)
        made += _first_set(planes, order, chosen.code_bits) if chosen.code_bits > 1 else [planes[order[0]]]
    return made


def _first_set(planes: NDArray[np.uint64], order: NDArray[np.int64], bits: int) -> list[NDArray[np.uint64]]:
    """Which of the first 2^bits - 1 positions is the first that is set, from 1; 0 if none."""
    width = planes.shape[1]
    code = [np.zeros(width, dtype=np.uint64) for _ in range(bits)]
    open_ = np.full(width, ~np.uint64(0))
    hit = np.empty(width, dtype=np.uint64)
    for number, position in enumerate(order[: (1 << bits) - 1], start=1):
        np.bitwise_and(open_, planes[position], out=hit)
        np.bitwise_xor(open_, hit, out=open_)
        for bit in range(bits):
            if number >> bit & 1:
                np.bitwise_or(code[bit], hit, out=code[bit])
    return code


def _order(name: str, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    drawn = np.frombuffer(hashlib.shake_256(name.encode()).digest(8 * len(positions)), dtype="<u8")
    return positions[np.argsort(drawn, kind="stable")]


def _positions(job: Job) -> NDArray[np.int64]:
    """The positions that the filters use: their words may have more, and those are equal in any two records."""
    places, before = [], 0
    for filter in job.left.schema.filters:
        if filter.name in job.names:
            places.append(before + np.arange(filter.bits))
            before += filter.words * 64
    return np.concatenate(places)


def _chance(alike: float, measure: Measure) -> float:
    """Of two records of this similarity to agree in one hash."""
    return alike / (2 - alike) if measure == "dice" else alike


def _chances(
    job: Job, row: NDArray[np.int32], column: NDArray[np.int32], overlap: NDArray[np.uint32]
) -> NDArray[np.float64]:
    together = job.rows.counts[row].astype(np.int64) + job.columns.counts[column]
    kind: Measure = "hamming" if job.measure == "hamming" else "jaccard"
    return similarity(overlap, np.maximum(1, together), n_bits=job.n_bits, measure=kind)


def _sampled(job: Job, at: float, *, threads: int | None) -> tuple[NDArray[np.float64], int]:
    """Shares of all pairs by their chance of agreeing in one hash, and how many pairs there are.

    From some that are evenly spaced, as record ids are random; but of the few alike ones, who make most candidates,
    from some rows with all columns. ``at``: the chance of a pair at the threshold.
    """
    n_pairs = len(job.rows) * (len(job.rows) - 1) // 2 if job.within else len(job.rows) * len(job.columns)
    if not n_pairs:
        return np.zeros(_BINS + 1), 0
    side = math.isqrt(_SAMPLE_PAIRS)
    some = [np.linspace(0, n - 1, min(n, side)).astype(np.int32) for n in (len(job.rows), len(job.columns))]
    rows, columns = np.repeat(some[0], len(some[1])), np.tile(some[1], len(some[0]))
    if job.within:
        rows, columns = rows[rows < columns], columns[rows < columns]
    there = (job.rows.counts[rows] > 0) & (job.columns.counts[columns] > 0)
    usual = _chances(
        job, rows[there], columns[there], kernels.pair_overlaps(job.rows, job.columns, rows, columns)[there]
    )
    counted = np.bincount((usual * _BINS).astype(np.int64), minlength=_BINS + 1) / max(1, len(there))
    # between what is usual and the threshold; there a thousandth of the pairs is left, and few of a small sample
    parting = math.floor(_BINS * (float(usual.mean() if len(usual) else 0.0) + at) / 2)
    alike = some_rows(job, _ALIKE_PAIRS)
    met = with_all(job, alike, _needed(job, parting / _BINS), threads=threads)
    if met is not None:
        row, column, overlap = alike[met[0]], met[1], met[2]
        apart = row != column if job.within else np.ones(len(row), dtype=np.bool_)
        of_alike = (_chances(job, row[apart], column[apart], overlap[apart]) * _BINS).astype(np.int64)
        upper = np.bincount(of_alike, minlength=_BINS + 1) / (len(alike) * len(job.columns))
        counted[parting + 1 :] = upper[parting + 1 :]
    return counted, n_pairs


def _needed(job: Job, chance: float) -> NDArray[np.uint32]:
    """The overlaps with which pairs have this chance of agreeing in one hash."""
    ratio = Fraction(
        max(1, math.floor(_BINS * (2 * chance / (1 + chance) if job.measure == "dice" else chance))), _BINS
    )
    return least_overlap(ratio, n_bits=job.n_bits, measure=job.measure)
