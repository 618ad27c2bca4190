"""Locality-sensitive hashing: records that agree in some bits of their filters meet, in several tables.

Two families, each with one chance that two records of a given similarity agree in one hash:

* Dice and Jaccard: MinHash (Broder 1997), the first of the filter's bits in an order of its own; two records agree with
  the chance of their Jaccard coefficient, whatever their popcounts. Only the first few positions of an order are
  looked at, and two records with no bit there agree: that only adds to the chance.
* Hamming (hardened filters): bit sampling (Indyk and Motwani 1998), one position; the chance is the similarity.

With ``k`` hashes a table and ``L`` tables a pair whose chance is p is missed with (1 - p^k)^L. For each k, L is the
least for which a pair exactly at the threshold is found with the recall that was asked for, so any pair above is found
with more; and of all k the one is taken that costs least on these very sets, by a sample of their pairs. The orders
come of a hash of the settings: the same settings, the same tables, on every machine.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.kernels import Rows
from linkage.central.thresholds import Measure, Ratio, exact_ratio, similarity

_SAMPLE_PAIRS = 1 << 21
_BINS = 1_000  # of similarity
_MIDDLES = (np.arange(_BINS + 1) + 0.5) / _BINS
_MOST_HASHES, _MOST_TABLES = 64, 4_096
_MOST_CODE_BITS = 6
_UNSEEN = 0.02  # of the records, at most so many should have no bit in the first positions of an order
# relative costs, in scored pairs: a record sorted and looked up in a table, and a code made of it
_ROW_COST, _CODE_COST = 4.0, 0.1


@dataclass(frozen=True)
class LSH:
    """Find candidates by locality-sensitive hashing: ``compare(left, right, threshold=0.85, candidates=LSH())``.

    ``recall`` is the least chance, in (0, 1), with which a pair exactly at the threshold is found; pairs above are
    found with a higher one. What is kept is exact: a pair below the threshold never comes out.

    >>> LSH(recall=0.95)
    LSH(recall=0.95)
    """

    recall: Ratio = 0.99

    def __post_init__(self) -> None:
        if exact_ratio(self.recall, name="recall") == 1:
            raise ValueError("recall: below 1; only all pairs miss nothing (leave candidates out)")


def require_lsh(candidates: object) -> LSH:
    """``candidates``, or ``ValueError`` unless it is an `LSH`."""
    if not isinstance(candidates, LSH):
        raise ValueError("candidates: LSH(recall=0.99), or leave it out for all pairs")
    return candidates


@dataclass(frozen=True)
class Tables:
    """What was chosen: ``tables`` of ``hashes`` each, ``code_bits`` a hash (1: bit sampling).

    ``expected_recall`` of a pair exactly at the threshold, and the ``candidates`` expected to be scored (those that
    meet in two tables twice), with their cost in scored pairs.
    """

    hashes: int
    tables: int
    code_bits: int
    expected_recall: float
    candidates: int
    cost: float


def tables_for(
    lsh: LSH, left: Rows, right: Rows, threshold: Fraction, *, n_bits: int, measure: Measure, within: bool
) -> Tables:
    """The cheapest tables that keep the recall. ``ValueError`` if none do within 4,096 tables."""
    recall = float(exact_ratio(lsh.recall, name="recall"))
    least = float(threshold)
    at_threshold = least / (2 - least) if measure == "dice" else least
    alike, pairs = _sampled(left, right, n_bits=n_bits, measure=measure, within=within)
    bits = 1 if measure == "hamming" else code_bits(right, n_bits)
    best: Tables | None = None
    for hashes in range(1, _MOST_HASHES + 1):
        together = at_threshold**hashes
        tables = 1 if together >= recall else math.ceil(math.log1p(-recall) / math.log1p(-together))
        if tables > _MOST_TABLES:
            break
        met = float(alike @ _MIDDLES**hashes) * pairs * tables
        rows = tables * (len(left) + len(right)) * (_ROW_COST + hashes * _CODE_COST * (1 << bits) / 8)
        if best is None or met + rows < best.cost:
            best = Tables(hashes, tables, bits, 1 - (1 - together) ** tables, int(met), met + rows)
    if best is None:
        raise ValueError(
            f"candidates: no {_MOST_TABLES:,} tables find pairs at {least:.2f} with recall {recall}: raise the "
            "threshold, ask for less recall, or compare all pairs (leave candidates out)"
        )
    return best


def code_bits(rows: Rows, n_bits: int) -> int:
    """Bits that say which of the first positions of an order is set: more for filters with fewer bits set."""
    present = rows.counts[rows.counts > 0]
    fill = float(np.median(present)) / n_bits if len(present) else 0.5
    for bits in range(2, _MOST_CODE_BITS):
        if (1 - fill) ** ((1 << bits) - 1) <= _UNSEEN:
            return bits
    return _MOST_CODE_BITS


def codes(
    planes: NDArray[np.uint64], positions: NDArray[np.int64], seed: str, chosen: Tables, table: int
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


def _sampled(
    left: Rows, right: Rows, *, n_bits: int, measure: Measure, within: bool
) -> tuple[NDArray[np.float64], int]:
    """Shares of pairs by their chance of agreeing in one hash, from some evenly spaced; and how many pairs there are.

    Record ids are random, so the sample is too.
    """
    pairs = len(left) * (len(left) - 1) // 2 if within else len(left) * len(right)
    if not pairs:
        return np.zeros(_BINS + 1), 0
    side = math.isqrt(_SAMPLE_PAIRS)
    some = [np.linspace(0, n - 1, min(n, side)).astype(np.int32) for n in (len(left), len(right))]
    rows, columns = np.repeat(some[0], len(some[1])), np.tile(some[1], len(some[0]))
    if within:
        rows, columns = rows[rows < columns], columns[rows < columns]
    overlap = kernels.pair_overlaps(left, right, rows, columns)
    together = left.counts[rows].astype(np.int64) + right.counts[columns]
    kind: Measure = "hamming" if measure == "hamming" else "jaccard"
    alike = similarity(overlap, np.maximum(1, together), n_bits=n_bits, measure=kind)
    counted = np.bincount((alike * _BINS).astype(np.int64), minlength=_BINS + 1)
    return counted / max(1, len(alike)), pairs
