"""Known pairs: some people's encodings are known, and from them it is learnt what the key does to everybody's tokens.

Whoever has matched some records, by graph matching or as he is in both lists himself, need not know the key: bits are
nearly a sum over tokens, or made of sums, and these can be fitted. The dataset extension attack and NEPAL (Mildenberger
et al. 2025) learn it with neural networks, to spell out people who are in no list (at most 33 % of records exactly,
published); here the task is the one of the other attacks, to name those who are, and a ridge regression (Hoerl and
Kennard 1970) from tokens to bits does it, with a kernel (Saunders, Gammerman and Vovk 1998) where bits are the
exclusive or of such sums: how alike two people's bits are to be is public. Written from the descriptions.

Against it help encodings in which unlike people are not alike at all: see `linkage.study.attacks.graph` for what else
they must be.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.encoded import EncodedSet
from linkage.hardening import Hardening
from linkage.sealed import sealed
from linkage.study.attacks.adversary import Columns, PlainList, bits_of
from linkage.study.attacks.alignment import assigned, negative_distances, ratios
from linkage.study.attacks.result import Reidentified
from linkage.study.attacks.truth import counted, right_rows

Floats = NDArray[np.float32]

_PENALTY = 0.3


@sealed
@checked
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
    plain = PlainList.of(known, encoded.schema, id=id, columns=columns, salted=True)
    right = right_rows(encoded, plain.ids, truth, truth_key)
    began = time.perf_counter()
    both = np.flatnonzero(right >= 0)
    told = np.random.default_rng(seed).permutation(both)[: max(2, round(share * len(both)))]
    if len(told) < 2:
        raise ValueError("truth: at least two people must be in both, of whom some are told")
    bits = bits_of(encoded).astype(np.float32)
    expected = _learnt(plain, encoded.schema.harden, right[told], bits[told])
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


def _learnt(plain: PlainList, harden: Hardening, told: NDArray[np.int64], bits: Floats) -> Floats:
    """(m, bits) what each person of the list is expected to look like: kernel ridge regression in its dual form."""
    alike, across = (
        resemblance(plain.shares[told], plain.shares[told], harden),
        resemblance(plain.shares, plain.shares[told], harden),
    )
    average = bits.mean(axis=0)
    # a constant beside the tokens would do as well; centring both is simpler
    middle = alike.mean(axis=0)
    alike, across = alike - middle, across - middle
    alike -= alike.mean(axis=1, keepdims=True)
    across -= across.mean(axis=1, keepdims=True)
    penalty = _PENALTY * np.trace(alike) / len(told)
    fitted = np.linalg.solve(alike + penalty * np.eye(len(told)), bits - average)
    return np.asarray(across @ fitted + average, dtype=np.float32)


def resemblance(rows: Any, columns: Any, harden: Hardening) -> NDArray[np.float64]:
    """(n, m): how alike the bits of two people are expected to be, up to a factor, from their shares of positions.

    Plain bits are a sum over tokens, and as alike as the tokens. Of an exclusive or of f bits the correlation is that
    of one of them to the power of f: under SAUL one is a majority vote, of correlation 1 - 2 a / pi at an angle a
    between the votes (`linkage.agency.saul`); of plain bits it falls with the positions that differ.
    """
    together = np.asarray((rows @ columns.T).todense(), dtype=np.float64)
    own = [np.asarray(each.multiply(each).sum(axis=1), dtype=np.float64).ravel() for each in (rows, columns)]
    if harden.saul:
        cosine = together / np.maximum(np.sqrt(np.outer(*own)), 1e-9)
        return np.asarray((1 - 2 * np.arccos(np.clip(cosine, -1, 1)) / np.pi) ** harden.saul)
    functions = max(harden.diffuse, 1) << harden.fold
    if functions == 1:
        return together
    apart = own[0][:, None] + own[1] - 2 * together
    return np.asarray(np.exp(-functions * np.maximum(apart, 0.0) / own[1].mean()))
