"""Precision, recall and F1 of scored pairs, at a cut and at the best cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Pair = tuple[str, str, float]
Truth = frozenset[tuple[str, str]]


@dataclass(frozen=True, order=True)
class Judged:
    """How good the pairs at or above a cut are; ordered by F1."""

    f1: float
    precision: float
    recall: float
    cut: float


def at(pairs: Iterable[Pair], truth: Truth, cut: float) -> Judged:
    """The pairs of at least that score held against the truth.

    >>> at([("a", "x", 0.9), ("b", "y", 0.7)], frozenset({("a", "x"), ("b", "z")}), 0.8)
    Judged(f1=0.6666666666666666, precision=1.0, recall=0.5, cut=0.8)
    """
    found = above(pairs, cut)
    return judged(len(found & truth), len(found), len(truth), cut)


def best(pairs: Iterable[Pair], truth: Truth) -> Judged:
    """The cut with the highest F1, which takes the truth to find; equal scores stay together.

    Each cut's pairs must be those above it: of two tables one-to-one by greedy, of one table any.

    >>> best([("a", "x", 0.9), ("b", "y", 0.7), ("c", "z", 0.7)], frozenset({("a", "x"), ("b", "y"), ("c", "z")})).cut
    0.7
    """
    ranked = sorted(pairs, key=lambda pair: -pair[2])
    hits, candidates = 0, [judged(0, 0, len(truth), float("inf"))]
    for n_found, (left, right, score) in enumerate(ranked, start=1):
        hits += (left, right) in truth
        if n_found == len(ranked) or ranked[n_found][2] < score:
            candidates.append(judged(hits, n_found, len(truth), score))
    return max(candidates)


def above(pairs: Iterable[Pair], cut: float) -> Truth:
    """The pairs of at least that score.

    >>> sorted(above([("a", "x", 0.9), ("b", "y", 0.7)], 0.8))
    [('a', 'x')]
    """
    return frozenset((left, right) for left, right, score in pairs if score >= cut)


def judged(hits: int, n_found: int, n_true: int, cut: float) -> Judged:
    """The measures from counts; nothing found has precision 1."""
    precision = hits / n_found if n_found else 1.0
    recall = hits / n_true if n_true else 1.0
    return Judged(2 * hits / ((n_found + n_true) or 1), precision, recall, cut)
