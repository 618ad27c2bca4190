"""The graph of who is like whom: how much of the plaintexts' is left in the encodings.

Graph matching lays one graph over the other and names the records (`linkage.study.attacks.graph_matching`), so what is
left of it is what an adversary with a list of names and no key has to go by. Two measures, by samples:

leak       of the 1 % of pairs whose plaintexts are most alike, the share among the 1 % whose encodings are
nearest    of each record's 10 nearest in plaintext, the share among its 10 nearest in the encodings

By chance the first is 1 %, the second 10 of all other records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32] | NDArray[np.float64]

MOST_ALIKE = 0.01  # of all pairs
NEAREST = 10


def plain_resemblance(tokens: Any, weights: NDArray[np.float64] | None = None) -> Floats:
    """(n, n): of every two of n records the Dice similarity of their tokens; under ``weights``, the cosine.

    tokens   (n, t) scipy.sparse of 0 and 1
    """
    if weights is None:
        counts = np.asarray(tokens.sum(axis=1)).ravel()
        return np.asarray(2 * (tokens @ tokens.T).toarray() / np.maximum(counts[:, None] + counts, 1))
    weighed = tokens.multiply(weights[None]).tocsr()
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    return np.asarray((weighed @ weighed.T).toarray() / np.maximum(np.outer(lengths, lengths), 1e-9))


def encoded_resemblance(bits: NDArray[np.uint8], *, hamming: bool) -> Floats:
    """(n, n): of every two of n rows of 0 and 1 the share of bits that agree, or the Dice similarity."""
    rows = bits.astype(np.float32)
    counts, shared = rows.sum(axis=1), rows @ rows.T
    together = counts[:, None] + counts
    if hamming:
        return np.asarray(1 - (together - 2 * shared) / rows.shape[1])
    return np.asarray(2 * shared / np.maximum(together, 1))


def leak(plain: Floats, hidden: Floats) -> float:
    """The share of the most alike pairs that are still among the most alike.

    >>> alike = np.random.default_rng(1).random((200, 200))
    >>> leak(alike, alike), leak(alike, -alike)
    (1.0, 0.0)
    """
    return shared(most_alike(plain), most_alike(hidden))


def most_alike(resemblance: Floats) -> NDArray[np.intp]:
    """The most alike of all pairs, by their place above the diagonal, row by row."""
    above = np.triu_indices(len(resemblance), 1)
    most = max(1, int(MOST_ALIKE * len(above[0])))
    # equal similarities in the order of the pairs would favour the first records
    mixed = np.random.default_rng(0).permutation(len(above[0]))
    return mixed[np.argsort(-resemblance[above][mixed], kind="stable")[:most]]


def shared(one: NDArray[np.intp], other: NDArray[np.intp]) -> float:
    """The share of some pairs that are among as many others."""
    return len(np.intersect1d(one, other, assume_unique=True)) / len(one)


def nearest_kept(plain: Floats, hidden: Floats) -> float:
    """The share of each record's nearest others in one that are among its nearest in the other.

    >>> alike = np.random.default_rng(1).random((200, 200))
    >>> nearest_kept(alike, alike)
    1.0
    """
    n = len(plain)
    most = min(NEAREST, n - 1)
    mixed = np.random.default_rng(0).permutation(n)
    near = []
    for each in (plain, hidden):
        alike = each[:, mixed].copy()
        alike[mixed, np.arange(n)] = -np.inf  # oneself
        near.append(np.argsort(-alike, axis=1, kind="stable")[:, :most])
    return float((near[0][:, :, None] == near[1][:, None, :]).any(axis=2).mean())
