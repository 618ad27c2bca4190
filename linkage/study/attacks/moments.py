"""How a cloud of points leans, to third order: enough to turn one over another without knowing any point.

A rotation changes the moments of a cloud in a known way, and two clouds of like people have like moments. So the
rotation sought makes those of one those of the other: the mean of each feature that needs no axes times the
coordinates, times two of them, and the mean of three coordinates. Every point counts in each, so that a few thousand
people tell them well. It is found by polar iteration, as one finds the principal axes of a tensor (De Lathauwer, De
Moor and Vandewalle 2000), from many starts at once, each of which costs milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.study.attacks.alignment import Cloud, rotation

Floats = NDArray[np.float64]

_ITERATIONS = 60
_STILL = 1e-6
_FURTHEST = 4.0  # standard deviations; one odd point would be seen in every cube
_SAME = 0.2  # two rotations are one if no entry differs by more


@dataclass(frozen=True)
class Leaning:
    """Where to look: in how many dimensions, how evenly these count, from how many starts, and how many to keep.

    evenness    0: all axes, which are principal ones, alike; 1: each by its standard deviation
    """

    dimensions: int
    evenness: float
    starts: int = 40
    kept: int = 2


@dataclass(frozen=True, eq=False)
class Moments:
    """Of f features and d coordinates, each of norm 1.

    once    (f, d) mean of a feature times a coordinate
    twice   (f, d, d) times two
    cubes   (d, d, d) mean of three coordinates
    """

    once: Floats
    twice: Floats
    cubes: Floats

    @classmethod
    def of(cls, cloud: Cloud, leaning: Leaning) -> Moments:
        """Those of the first dimensions of a cloud."""
        points = cloud.points[:, : leaning.dimensions].astype(np.float64)
        points -= points.mean(axis=0)
        spread = points.std(axis=0)
        scale = np.where(spread > 0, spread, 1)
        points = np.clip(points / scale, -_FURTHEST, _FURTHEST) * (scale / scale[0]) ** leaning.evenness
        n, d = points.shape
        two = (points[:, :, None] * points[:, None, :]).reshape(n, d * d)
        features = cloud.features.astype(np.float64)
        return cls(
            _unit(features.T @ points / n),
            _unit((features.T @ two / n).reshape(-1, d, d)),
            _unit((points.T @ two / n).reshape(d, d, d)),
        )


def rotations(left: Cloud, right: Cloud, leaning: Leaning, rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """The rotations under which the moments agree best, the best first: left points times one lie over right ones.

    Cost: n * (f + d) * d ** 2, and starts * 60 * d ** 4 at worst.
    """
    ours, theirs = (Moments.of(cloud, leaning) for cloud in (left, right))
    d = len(ours.cubes)
    starts = [ours.once.T @ theirs.once, *(rng.standard_normal((d, d)) for _ in range(leaning.starts - 1))]
    found: list[tuple[float, NDArray[np.float32]]] = []
    for start in starts:
        turn, agreement = turned(ours, theirs, rotation(start))
        if all(np.abs(turn - other).max() > _SAME for _, other in found):
            found.append((agreement, turn))
    found.sort(key=lambda each: -each[0])
    return [turn for _, turn in found[: leaning.kept]]


def turned(left: Moments, right: Moments, turn: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """A rotation nearby under which the moments agree best, and how well: 3 is wholly."""
    agreement = -np.inf
    once = left.once.T @ right.once
    back = right.twice.transpose(0, 2, 1)
    for _ in range(_ITERATIONS):
        before = agreement
        # what each part would gain from each entry of the rotation
        twice = np.matmul(np.matmul(left.twice, turn), back).sum(axis=0)
        halfway = np.tensordot(np.tensordot(left.cubes, turn, (2, 0)), turn, (1, 0))
        cubes = np.tensordot(halfway, right.cubes, ((1, 2), (2, 1)))
        agreement = float(((once + twice + cubes) * turn).sum())
        if agreement - before < _STILL and before > -np.inf:
            break
        turn = rotation(once + 2 * twice + 3 * cubes)
    return turn, agreement


def _unit(moment: Floats) -> Floats:
    size = float(np.linalg.norm(moment))
    return moment / size if size > 0 else moment
