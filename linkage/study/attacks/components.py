"""Axes that clouds of like people share: the directions along which each is least like a bell.

What sets people apart has causes that have little to do with one another (sex, year of birth, street), and each gives a
direction along which a cloud is far from normal. They are found in either cloud by itself (independent component
analysis by fixed points: Hyvärinen 1999), and told apart by the shape of what lies along them, which no key changes.
That lays one cloud roughly over the other, where a search from chance does not come near;
`linkage.study.attacks.moments` then sets it right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.study.attacks.alignment import Cloud, rotation
from linkage.study.attacks.moments import Leaning, Moments, turned

Floats = NDArray[np.float32]

_ITERATIONS = 200
_STILL = 1e-4
_FURTHEST = 6.0  # standard deviations; one odd person would be a direction
_SHAPE = np.linspace(0.005, 0.995, 80)  # quantiles
_LEAST = 0.05  # of the weight of a plain match
_EVENNESS = 0.2  # of the moments: with more, wrong rotations have agreed better than the right one


@dataclass(frozen=True)
class Independent:
    """Where to look: in how many dimensions, from how many starts, and how many to keep."""

    dimensions: int
    starts: int = 12
    kept: int = 4


def rotations(left: Cloud, right: Cloud, where: Independent, rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """Rotations of the first dimensions, those whose moments agree best first: left points times one lie over right.

    Cost: starts * 2 * 200 passes over n * dimensions.
    """
    d = min(where.dimensions, left.points.shape[1], right.points.shape[1])
    leaning = Leaning(d, _EVENNESS)
    ours, theirs = (Moments.of(cloud, leaning) for cloud in (left, right))
    white = [_whitened(cloud, d) for cloud in (left, right)]
    found = []
    for start in range(where.starts):
        axes = [_components(points, rng, bounded=start % 2 == 0) for points, _ in white]
        across = _matched(*(points @ turn for (points, _), turn in zip(white, axes, strict=True)))
        whole = axes[0] @ across @ axes[1].T
        begun = rotation(whole * white[1][1] / white[0][1][:, None])
        found.append(turned(ours, theirs, begun))
    found.sort(key=lambda each: -each[1])
    return [turn for turn, _ in found[: where.kept]]


def _whitened(cloud: Cloud, d: int) -> tuple[Floats, Floats]:
    """The first coordinates, which are principal ones, in standard deviations, odd ones brought near; and these."""
    points = cloud.points[:, :d] - cloud.points[:, :d].mean(axis=0)
    spread = points.std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    return np.clip(points / spread, -_FURTHEST, _FURTHEST), spread


def _components(points: Floats, rng: np.random.Generator, *, bounded: bool) -> Floats:
    """(d, d) the directions, as columns; by either of the two usual contrasts: each finds what the other doesn't."""
    n, d = points.shape
    axes = rotation(rng.standard_normal((d, d)))
    for _ in range(_ITERATIONS):
        along = points @ axes
        if bounded:
            bent = np.tanh(along)
            slope = 1 - bent * bent
        else:
            bell = np.exp(-along * along / 2)
            bent, slope = along * bell, (1 - along * along) * bell
        further = rotation(points.T @ bent / n - axes * slope.mean(axis=0))
        moved = np.abs(np.abs((further * axes).sum(axis=0)) - 1).max()
        axes = further
        if moved < _STILL:
            break
    return axes


def _matched(left: Floats, right: Floats) -> Floats:
    """(d, d) which direction of one is which of the other, one each, and with which sign; the plainer the heavier."""
    from scipy.optimize import linear_sum_assignment

    ours, theirs = (np.quantile(along, _SHAPE, axis=0).T for along in (left, right))
    same = ((ours[:, None] - theirs) ** 2).mean(axis=2)
    turned_round = ((-ours[:, None, ::-1] - theirs) ** 2).mean(axis=2)
    unlike = np.minimum(same, turned_round)
    one, other = linear_sum_assignment(np.sqrt(unlike))
    second = np.partition(unlike, 1, axis=1)[one, 1] if len(unlike) > 1 else np.ones(1)
    plain = np.clip(1 - unlike[one, other] / np.maximum(second, 1e-9), 0, 1) + _LEAST
    across: Floats = np.zeros_like(unlike)
    across[one, other] = plain * np.where(same[one, other] <= turned_round[one, other], 1, -1)
    return across
