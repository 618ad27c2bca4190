"""Two clouds laid over each other while each point may still be several: what a first guess gets wrong can be righted.

Soft assignment (Sinkhorn: Cuturi 2013) says how much of each point goes to each other one, and orthogonal Procrustes
(Schönemann 1966) which rotation that makes; round by round sharper, and in a dimension more, whose axis the fit so far
gives. The growth must be slow: of filters whose bits are exclusive ors of two, few and greater steps name nobody from
most of the starts from which these name all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.study.attacks.alignment import Cloud, Floats, negative_distances, rotation

_BALANCING = 6
_LEAST = -50.0  # exp of less is nothing, and slow where it is nearly nothing
# temperatures, of the mean squared length of a point
_FIRST_ROUNDS, _FIRST_SOFT, _FIRST_SHARP = 24, 0.3, 0.02
_ROUNDS, _SOFT, _SHARP = 96, 0.2, 0.1
_GROWTH = 1.035


@dataclass(frozen=True)
class Start:
    """How to begin: in how many dimensions, on at most how many points, and for how much structure counts at first."""

    dimensions: int
    sample: int
    trust: float


def soft_assignment(near: Floats, temperature: float) -> tuple[Floats, Floats, Floats]:
    """The share of each left point that goes to each right one, rows and columns nearly even, as (n, m), (n,), (m,).

    Multiplied they are the shares, which is seldom done: what is wanted is where the points go. Takes ``near`` over.
    """
    near /= np.float32(temperature)
    near -= near.max(axis=1, keepdims=True)
    np.maximum(near, _LEAST, out=near)
    np.exp(near, out=near)
    many = np.float32(len(near) / near.shape[1])
    of_rows: Floats = np.ones(len(near), np.float32)
    of_columns: Floats = np.ones(near.shape[1], np.float32)
    for _ in range(_BALANCING):
        np.divide(1, near @ of_columns, out=of_rows)
        np.divide(many, of_rows @ near, out=of_columns)
    return near, of_rows, of_columns


def carried(near: Floats, temperature: float, right: Floats) -> Floats:
    """(n, d) where each left point goes among the right ones, by `soft_assignment`. Takes ``near`` over."""
    shares, of_rows, of_columns = soft_assignment(near, temperature)
    return np.asarray(of_rows[:, None] * (shares @ (of_columns[:, None] * right)), dtype=np.float32)


def first_rotation(left: Cloud, right: Cloud, start: Start, rng: np.random.Generator) -> Floats:
    """A rotation of the first dimensions, from structure alone at first and then from the points too.

    Cost: some 24 * 6 passes over sample * sample.
    """
    rows = rng.permutation(len(left.points))[: start.sample]
    cols = rng.permutation(len(right.points))[: start.sample]
    d = min(start.dimensions, left.points.shape[1], right.points.shape[1])
    these, those = left.points[rows, :d], right.points[cols, :d]
    scale = np.sqrt((those * those).sum(axis=1).mean())
    these, those = these / scale, those / scale
    alike = negative_distances(left.features[rows], right.features[cols])
    goes = carried(alike.copy(), 0.05, those)
    for progress in np.linspace(0, 1, _FIRST_ROUNDS, dtype=np.float32):
        turn = rotation(these.T @ goes)
        near = negative_distances(these @ turn, those) + start.trust * (1 - progress) * alike
        goes = carried(near, float(_FIRST_SOFT * (_FIRST_SHARP / _FIRST_SOFT) ** progress), those)
    return rotation(these.T @ goes)


def annealed(left: Floats, right: Floats, turn: Floats, dimensions: int) -> Floats:
    """(n, m) minus squared distances after a rotation of the first dimensions has grown to ``dimensions``.

    Cost: 96 rounds of two products of n * m * dimensions and some 20 passes over n * m.
    """
    most = min(dimensions, left.shape[1], right.shape[1])
    d = min(len(turn), most)
    turn = rotation(turn[:d, :d])
    for progress in np.linspace(0, 1, _ROUNDS):
        near, those = negative_distances(left[:, :d] @ turn, right[:, :d]), right[:, :d]
        wide = float((those * those).sum(axis=1).mean())
        temperature = _SOFT * (_SHARP / _SOFT) ** progress * wide
        d = min(most, max(d + 1, int(d * _GROWTH)))
        turn = rotation(left[:, :d].T @ carried(near, temperature, right[:, :d]))
    return negative_distances(left[:, :d] @ turn, right[:, :d])
