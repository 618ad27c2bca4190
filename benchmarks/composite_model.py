"""Fellegi-Sunter over a few filters that depend on one another: joint levels, log-linear in their pairs, one-to-one.

Filters of pairs of fields share fields, so that what they say of two records is not independent, neither of matches nor
of others. The levels of all filters together are one cell; the chance of each cell is fitted by iterative proportional
scaling to the two-way margins (Deming and Stephan 1940; log-linear models for record linkage: Winkler 1993), or to the
one-way margins, which is the usual independence. Matches compete within rows and columns as in `linkage` itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from linkage.central.modelling.competition import Edges, prior_log_odds, probabilities
from linkage.central.modelling.estimate import compete

Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]

QUANTILES = (0.9, 0.99, 0.999, 0.9999)
ABOVE = 3  # levels between the last of these and the greatest similarity, and one above
LEVELS = len(QUANTILES) + ABOVE + 1
LEAST_LEVEL, NEAREST = 3, 5  # in some filter, and in each row: pairs that are looked at
SWEEPS, SCALINGS = 60, 30
SETTLED = 1e-6
IMAGINED = 1.0  # pairs spread over all cells, so that none is impossible


def levels_of(similarity: Matrix) -> NDArray[np.uint8]:
    """The level of each pair: by quantiles of all pairs, then by equal steps up to the greatest.

    >>> alike = np.linspace(0, 1, 100_000, dtype=np.float32).reshape(100, 1_000)
    >>> np.bincount(levels_of(alike).ravel(), minlength=LEVELS).tolist()[:4]
    [90000, 9000, 900, 90]
    """
    sample = similarity.ravel()
    if len(sample) > 5_000_000:
        sample = np.random.default_rng(0).choice(sample, 5_000_000, replace=False)
    edges = np.quantile(sample, QUANTILES)
    steps = np.linspace(edges[-1], float(similarity.max()), ABOVE + 2)[1:-1]
    return np.searchsorted(np.concatenate([edges, steps]), similarity, side="right").astype(np.uint8)


def summed(similarities: Sequence[Matrix]) -> Matrix:
    """Of each pair the sum of the similarities, in standard deviations of all pairs."""
    return np.sum([(each - each.mean()) / each.std() for each in similarities], axis=0, dtype=np.float32)


def log_linear(counts: Floats, n_filters: int, *, order: int) -> Floats:
    """Chances of cells that have the margins of the counts: of every two filters (order 2), or of each alone (1).

    >>> apart = log_linear(np.array([40.0, 10.0, 10.0, 40.0] + [0.0] * 60), 2, order=1)
    >>> bool(abs(apart.sum() - 1) < 1e-9)
    True
    """
    shape = (LEVELS,) * n_filters
    wanted = (counts + IMAGINED / len(counts)).reshape(shape)
    wanted = wanted / wanted.sum()
    fitted = np.full(shape, 1.0 / wanted.size)
    axes = [tuple(set(range(n_filters)) - set(kept)) for kept in combinations(range(n_filters), min(order, n_filters))]
    for _ in range(SCALINGS if len(axes) > 1 else 1):
        for axis in axes:
            fitted = fitted * (wanted.sum(axis=axis, keepdims=True) / fitted.sum(axis=axis, keepdims=True))
    return np.asarray(fitted.ravel())


@dataclass(frozen=True, eq=False)
class Cells:
    """Pairs to be scored, by the cell of their levels, and how many of all pairs are in each cell."""

    edges: Edges
    cell: NDArray[np.intp]
    all_pairs: Floats
    n_filters: int

    @classmethod
    def of(cls, similarities: Sequence[Matrix]) -> Cells:
        """Of all pairs, those that are much alike in some filter, and the nearest of each row in all."""
        levels = [levels_of(each) for each in similarities]
        cell = np.zeros(levels[0].shape, dtype=np.intp)
        for each in levels:
            cell = cell * LEVELS + each
        looked_at = np.max(levels, axis=0) >= LEAST_LEVEL
        nearest = np.argsort(-summed(similarities), axis=1, kind="stable")[:, :NEAREST]
        np.put_along_axis(looked_at, nearest, values=True, axis=1)
        rows, columns = np.nonzero(looked_at)
        total = np.bincount(cell.ravel(), minlength=LEVELS ** len(levels)).astype(np.float64)
        edges = Edges(rows.astype(np.int32), columns.astype(np.int32), *levels[0].shape)
        return cls(edges, cell[rows, columns], total, len(levels))


def estimated(cells: Cells, similarities: Sequence[Matrix], *, orders: tuple[int, int]) -> Floats:
    """The probability of each pair, from a model estimated without truth."""
    row, column = cells.edges.row, cells.edges.column
    total = summed(similarities)
    best = (total[row, column] == total.max(axis=1)[row]) & (total[row, column] == total.max(axis=0)[column])
    chance, before = best.astype(np.float64), np.inf
    for _ in range(SWEEPS):
        chance, expected = _step(cells, chance, orders)
        if abs(expected - before) <= SETTLED * max(expected, 1.0):
            break
        before = expected
    return chance


def told(cells: Cells, true: NDArray[np.bool_], *, orders: tuple[int, int]) -> Floats:
    """The same with the levels of matches and others counted from the truth."""
    return _step(cells, true.astype(np.float64), orders)[0]


def _step(cells: Cells, chance: Floats, orders: tuple[int, int]) -> tuple[Floats, float]:
    matched = np.bincount(cells.cell, weights=chance, minlength=len(cells.all_pairs))
    m = log_linear(matched, cells.n_filters, order=orders[0])
    u = log_linear(np.maximum(cells.all_pairs - matched, 0.0), cells.n_filters, order=orders[1])
    evidence = np.log(m / u)[cells.cell]
    messages, expected = compete(evidence, cells.edges)
    return probabilities(evidence + prior_log_odds(expected, cells.edges), messages), expected
