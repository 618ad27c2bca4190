"""Two clouds of points laid over each other, when nobody says which point is which.

A rotation tells who is whom, and who is whom tells the rotation (Wasserstein-Procrustes: Grave, Joulin and Berthet
2019). Here each point goes to its nearest, in ever more dimensions, each fit giving the axes of the next (as ZoomOut
does for shapes: Melzi et al. 2019), which is quick and needs to begin near the truth;
`linkage.study.attacks.annealing` gets there from further off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]

_GROWTH = 1.15
_PAIRS_PER_DIMENSION = 6
_SETTLING = 4
_AGAIN = 15
_ROWS = 128


def negative_distances(left: Floats, right: Floats) -> Floats:
    """(n, m) minus the squared distance of each pair.

    >>> negative_distances(np.eye(2, dtype=np.float32), np.zeros((1, 2), dtype=np.float32)).tolist()
    [[-1.0], [-1.0]]
    """
    near = left @ right.T
    near *= 2
    near -= (left * left).sum(axis=1)[:, None]
    near -= (right * right).sum(axis=1)[None]
    return near


def rotation(across: NDArray[Any]) -> Floats:
    """The orthogonal matrix nearest to (d, d) ``left.T @ right`` of matched points: left times it lies over right."""
    left, _, right = np.linalg.svd(across.astype(np.float64))
    return np.asarray(left @ right, dtype=np.float32)


def mutual(near: Floats) -> tuple[Whole, Whole]:
    """Pairs, each the nearest of the other.

    >>> mutual(np.array([[3, 1], [2, 0]], dtype=np.float32))
    (array([0]), array([0]))
    """
    best, back = near.argmax(axis=1), near.argmax(axis=0)
    rows = np.flatnonzero(back[best] == np.arange(len(best)))
    return rows, best[rows]


def mutually_nearest(left: Floats, right: Floats) -> tuple[Whole, Whole]:
    """What `mutual` gives of their distances, some rows at a time, so that these stay where they are quick to reach.

    >>> mutually_nearest(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)[::-1])
    (array([0, 1]), array([1, 0]))
    """
    best = np.empty(len(left), dtype=np.int64)
    back, highest = np.zeros(len(right), dtype=np.int64), np.full(len(right), -np.inf, dtype=np.float32)
    for start in range(0, len(left), _ROWS):
        near = negative_distances(left[start : start + _ROWS], right)
        best[start : start + _ROWS] = near.argmax(axis=1)
        most = near.max(axis=0)
        higher = np.flatnonzero(most > highest)
        back[higher] = start + near[:, higher].argmax(axis=0)
        highest[higher] = most[higher]
    rows = np.flatnonzero(back[best] == np.arange(len(best)))
    return rows, best[rows]


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points (n, d) and what can be said of each without axes (n, f)."""

    points: Floats
    features: Floats


def refined(left: Floats, right: Floats, turn: Floats, dimensions: int) -> Floats:
    """(n, m) minus squared distances after a fit was carried to ``dimensions``: matches, axes, more of them, again.

    Pairs that are each other's nearest fit the next rotation. Cost: some 20 products of n * m * dimensions.
    """
    # a rotation fitted to fewer pairs than this for each dimension fits anything
    most = max(2, min(dimensions, left.shape[1], right.shape[1], min(len(left), len(right)) // _PAIRS_PER_DIMENSION))
    d = min(len(turn), most)
    turned = left[:, :d] @ rotation(turn[:d, :d])
    settled = 0
    while settled < _SETTLING:
        rows, cols = mutually_nearest(turned, right[:, :d])
        settled += d == most
        d = min(most, max(d + 1, int(d * _GROWTH)))
        turned = left[:, :d] @ rotation(left[rows, :d].T @ right[cols, :d])
    return negative_distances(turned, right[:, :d])


def again(left: Floats, right: Floats, near: Floats, dimensions: int) -> Floats:
    """A further `refined`, from the first dimensions of what was matched: what was right there sets right the rest."""
    rows, cols = mutual(near)
    low = min(_AGAIN, left.shape[1], right.shape[1])
    return refined(left, right, rotation(left[rows, :low].T @ right[cols, :low]), dimensions)


def ambiguity(near: Floats) -> float:
    """How near the nearest is beside the second nearest, the median over mutual pairs: 0 plainly one, 1 either.

    Squared distances; Lowe's ratio (2004). It needs no truth: the adversary too sees by it whether he got through.

    >>> ambiguity(np.array([[-1, -4], [-8, -2]], dtype=np.float32))
    0.25
    """
    rows, cols = mutual(near)
    if near.shape[1] < 2 or not len(rows):
        return 1.0
    return float(np.median(ratios(near, rows, cols)))


def ratios(near: Floats, rows: Whole, cols: Whole) -> Floats:
    """Of each pair, its squared distance over that of the row's nearest other column; at most 1."""
    others = near[rows]
    chosen = -others[np.arange(len(rows)), cols]
    others[np.arange(len(rows)), cols] = -np.inf
    second = -others.max(axis=1)
    return np.asarray(np.clip(chosen / np.maximum(second, 1e-12), 0, 1), dtype=np.float32)


def assigned(near: Floats) -> tuple[Whole, Whole]:
    """One-to-one pairs, as many as the smaller side has: mutual nearest, then the least total distance of the rest.

    Cost: the rest cubed, at worst.
    """
    from scipy.optimize import linear_sum_assignment

    rows, cols = mutual(near)
    left, right = (np.setdiff1d(np.arange(n), taken) for n, taken in zip(near.shape, (rows, cols), strict=True))
    more, their = linear_sum_assignment(-near[np.ix_(left, right)])
    return np.concatenate([rows, left[more]]), np.concatenate([cols, right[their]])
