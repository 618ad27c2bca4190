"""Which of several likely partners: the probability of each pair when a record has at most one.

The pairs are the edges of a bipartite graph, each with odds from its evidence alone. A partner taken is a
partner gone, so the probability of an edge falls with the odds of its rivals in the row and the column. The
exact marginals are a sum over all matchings; sum-product messages along rows and columns give them closely,
and exactly on trees (Huang and Jebara 2009, "Approximating the permanent with belief propagation").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MAX_LOG_ODDS = 300.0
_DAMPING = 0.5
# ten records and one in a hundred stay free, or weak evidence would do for the last few, and for two single records
_FREE = 10.0


@dataclass(frozen=True)
class Edges:
    """Pairs as edges: ``row``, ``column`` (p,) int32; ``unique``: whether a row, a column has at most one partner.

    ``within``: rows and columns are one set, and each pair is an edge once.
    """

    row: NDArray[np.int32]
    column: NDArray[np.int32]
    n_rows: int
    n_columns: int
    unique: tuple[bool, bool] = (True, True)
    within: bool = False

    @property
    def pairs(self) -> float:
        """All pairs there are, edges or not."""
        return self.n_rows * self.n_columns / (2 if self.within else 1)


@dataclass(frozen=True)
class Messages:
    """Log of the chance that no rival in the row, in the column takes the edge; (p,) each."""

    row: Floats
    column: Floats

    @classmethod
    def silent(cls, n_edges: int) -> Messages:
        """Before anything was heard: no rivals."""
        return cls(np.zeros(n_edges), np.zeros(n_edges))


def prior_log_odds(matches: float, edges: Edges) -> float:
    """Log odds that a free row and a free column belong together, before their evidence.

    With k matches between n and m records and one partner each, n - k rows and m - k columns are left to a pair
    whose rivals have been counted out: k / ((n - k)(m - k)), not k / (n m). The plain prior counts the rivals twice,
    which loses recall on hard data.
    """
    rows, columns = edges.n_rows, edges.n_columns
    rows_left = max(rows - matches, 0.01 * rows, _FREE) if edges.unique[0] else max(float(rows), _FREE)
    columns_left = max(columns - matches, 0.01 * columns, _FREE) if edges.unique[1] else max(float(columns), _FREE)
    twice = np.log(2) if edges.within else 0.0
    return float(np.log(max(matches, 1e-9)) - np.log(rows_left) - np.log(columns_left) + twice)


def lost(probability: Floats, edges: Edges) -> Floats:
    """The chance of each edge that a rival has its row or its column: then it is no match, whatever it shares."""
    free = np.ones(len(probability))
    for unique, group, n_groups in zip(
        edges.unique, (edges.row, edges.column), (edges.n_rows, edges.n_columns), strict=True
    ):
        if unique:
            rivals = np.bincount(group, weights=probability, minlength=n_groups)[group] - probability
            free *= 1 - np.clip(rivals, 0.0, 1.0)
    return 1 - free


def chance_of_losing(matches: float, edges: Edges) -> float:
    """The same of a pair drawn blindly."""
    free = 1.0
    for unique, n_groups in zip(edges.unique, (edges.n_rows, edges.n_columns), strict=True):
        if unique:
            free *= 1 - min(matches / n_groups, 1.0)
    return 1 - free


def pass_messages(log_odds: Floats, edges: Edges, messages: Messages, *, sweeps: int) -> Messages:
    """The messages after some sweeps over rows and columns."""
    odds = np.clip(log_odds, -_MAX_LOG_ODDS, _MAX_LOG_ODDS)
    row, column = messages.row, messages.column
    for _ in range(sweeps):
        if edges.unique[0]:
            heard = _no_rival(odds + column, edges.row, edges.n_rows)
            row = _DAMPING * row + (1 - _DAMPING) * heard
        if edges.unique[1]:
            heard = _no_rival(odds + row, edges.column, edges.n_columns)
            column = _DAMPING * column + (1 - _DAMPING) * heard
    return Messages(row, column)


def probabilities(log_odds: Floats, messages: Messages) -> Floats:
    """The probability of each edge, its rivals considered."""
    total = np.clip(log_odds, -_MAX_LOG_ODDS, _MAX_LOG_ODDS) + messages.row + messages.column
    return probability_of(total)


def probability_of(log_odds: Floats) -> Floats:
    """Of log odds, however great or small: a hopeless edge with two sure rivals is where exp would overflow."""
    return np.asarray(1.0 / (1.0 + np.exp(np.minimum(-log_odds, 700.0))), dtype=np.float64)


def _no_rival(log_odds: Floats, group: NDArray[np.int32], n_groups: int) -> Floats:
    """-log(1 + sum of the odds of the other edges of the group), for each edge."""
    odds = np.exp(log_odds)
    total = np.bincount(group, weights=odds, minlength=n_groups)
    largest = np.zeros(n_groups)
    np.maximum.at(largest, group, odds)
    is_largest = odds == largest[group]
    # total minus the largest would cancel to nothing: for it, the others are summed by themselves
    others = np.bincount(group, weights=np.where(is_largest, 0.0, odds), minlength=n_groups)
    ties = np.bincount(group, weights=is_largest, minlength=n_groups)
    rivals = np.where(is_largest, others[group] + (ties[group] - 1) * odds, total[group] - odds)
    return -np.log1p(np.maximum(rivals, 0.0))
