"""Encodings into points: who is like whom is all that is read of them, so a key changes nothing but the axes.

Under one agreement two keys give other bits, but records as alike as before, up to the chance by which tokens fall on
one bit. So the similarities of a set, as a matrix, hold a picture of its people that is turned but not distorted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from linkage.encoded import EncodedSet
from linkage.study.attacks.adversary import bits_of

Floats = NDArray[np.float32]

# of the others, how alike each share of them is at most; the far ends tell the most about whom a point stands beside
_SHARES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99)
_SCALES = (6, 15, 40)
_OTHERS = 1_500
_TOLERANCE = 1e-3


def similarity(sets: Sequence[EncodedSet]) -> Floats:
    """(n, n) how far the bits of two records vary together, a bit on average, over sets of equal rows.

    The product of the centred bits: for records of like weight it orders pairs as Dice and as bit agreement do. Several
    sets, one a key, average out the chance collisions of each. Cost: n * n * bits a set, 4 * n * n bytes.
    """
    total = np.zeros((len(sets[0]), len(sets[0])), dtype=np.float32)
    for encoded in sets:
        bits = bits_of(encoded).astype(np.float32)
        bits -= bits.mean(axis=0)
        total += bits @ bits.T / np.float32(bits.shape[1])
    return total / np.float32(len(sets))


def embedding(alike: Floats, dimensions: int) -> Floats:
    """(n, d) points whose inner products are the similarities: the d greatest eigenvectors, greatest first.

    Classical scaling (Torgerson 1952), which is what kernel principal components are. ``d`` is ``dimensions``, or fewer
    where there are no more. Cost: some hundreds of n * n products.
    """
    from scipy.sparse.linalg import eigsh

    n = len(alike)
    d = max(1, min(dimensions, n - 2))
    # fixed, so that equal sets give equal points
    start = np.random.default_rng(0).standard_normal(n).astype(np.float32)
    value, vector = eigsh(alike, k=d, v0=start, tol=_TOLERANCE)
    order = np.argsort(-value)
    return np.asarray(vector[:, order] * np.sqrt(np.maximum(value[order], 0)), dtype=np.float32)


def structure(points: Floats, weight: Floats) -> Floats:
    """(n, f) what can be said of each point without axes, in standard units: features that no key can change.

    points  (n, d) an embedding
    weight  (n,) bits set in each record

    Its distance from the middle, how alike it is to each share of the others at three scales (the local distributions
    of Mémoli 2011), and its weight, which counts twice. The others are as many as 1,500, evenly spaced.
    """
    others = np.linspace(0, len(points) - 1, min(_OTHERS, len(points))).round().astype(np.int64)
    parts = [weight[:, None], weight[:, None]]
    for scale in _SCALES:
        near = points[:, :scale]
        parts.append(np.quantile(near @ near[others].T, _SHARES, axis=1).T)
        parts.append((near * near).sum(axis=1)[:, None])
    features = np.concatenate(parts, axis=1).astype(np.float32)
    features -= features.mean(axis=0)
    spread = features.std(axis=0)
    return np.asarray(features / np.where(spread > 0, spread, 1) / np.sqrt(features.shape[1]), dtype=np.float32)
