"""Known pairs: some people's encodings are known, and from them it is learnt what the key does to everybody's tokens.

Whoever has matched some records, by graph matching or as he is in both lists himself, need not know the key: bits are
nearly a sum over tokens, and sums can be fitted. The dataset extension attack and NEPAL (Mildenberger et al. 2025)
learn it with neural networks, to spell out people who are in no list (at most 33 % of records exactly, published);
here the task is the one of the other attacks, to name those who are, and a ridge regression (Hoerl and Kennard 1970)
from tokens to bits does it. Written from the description.

Against it help encodings that are not nearly a sum: see `linkage.study.attacks.graph` for what else they must be.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from linkage.agency.key import Key
from linkage.encoded import EncodedSet
from linkage.sealed import sealed
from linkage.study.attacks.adversary import Columns, PlainList, bits_of
from linkage.study.attacks.alignment import assigned, negative_distances, ratios
from linkage.study.attacks.result import Reidentified
from linkage.study.attacks.truth import counted, right_rows

Floats = NDArray[np.float32]

_PENALTY = 0.3


@sealed
def known_pairs(
    encoded: EncodedSet,
    known: object,
    *,
    truth: object,
    share: float = 0.2,
    truth_key: Key | None = None,
    id: str | None = None,
    columns: Columns = None,
    seed: int = 0,
) -> Reidentified:
    """Name the others, when the people of some encodings are known.

    Parameters
    ----------
    known
        The adversary's plain list.
    share
        How many of the true pairs he is told, drawn by ``seed``. They are counted nowhere.

    The other arguments, and the claims, are those of `linkage.study.attacks.graph_matching`. ``details``: ``told``.

    Cost: told * told * (tokens + bits), and n * m * bits. On one core and 5,000 people some 5 seconds.
    """
    if not 0 < share < 1:
        raise ValueError(f"share: between 0 and 1, not {share!r}")
    plain = PlainList.of(known, encoded.schema, id=id, columns=columns)
    right = right_rows(encoded, plain.ids, truth, truth_key)
    began = time.perf_counter()
    both = np.flatnonzero(right >= 0)
    told = np.random.default_rng(seed).permutation(both)[: max(2, round(share * len(both)))]
    bits = bits_of(encoded).astype(np.float32)
    expected = _learnt(plain.tokens, right[told], bits[told])
    rest = np.setdiff1d(np.arange(len(encoded)), told)
    others = np.setdiff1d(np.arange(len(plain)), right[told])
    if not len(rest) or not len(others):
        raise ValueError("share: nobody is left to name")
    near = negative_distances(bits[rest], expected[others])
    rows, cols = assigned(near)
    confidence = 1 - ratios(near, rows, cols)
    return counted(
        "known pairs",
        encoded,
        plain.ids,
        right,
        (rest[rows], others[cols], confidence),
        seconds=time.perf_counter() - began,
        details={"told": len(told)},
        left_out=told,
    )


def _learnt(tokens: object, told: NDArray[np.int64], bits: Floats) -> Floats:
    """(m, bits) what each person of the list is expected to look like: ridge regression in its dual form."""
    from scipy.sparse import csr_matrix

    every = csr_matrix(tokens)
    seen = every[told]
    alike = np.asarray((seen @ seen.T).todense(), dtype=np.float64)
    across = np.asarray((every @ seen.T).todense(), dtype=np.float64)
    average = bits.mean(axis=0)
    # a constant beside the tokens would do as well; centring both is simpler
    middle = alike.mean(axis=0)
    alike, across = alike - middle, across - middle
    alike -= alike.mean(axis=1, keepdims=True)
    across -= across.mean(axis=1, keepdims=True)
    penalty = _PENALTY * np.trace(alike) / len(told)
    fitted = np.linalg.solve(alike + penalty * np.eye(len(told)), bits - average)
    return np.asarray(across @ fitted + average, dtype=np.float32)
