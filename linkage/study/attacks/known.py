"""Known pairs: some people's encodings are known, and from them it is learnt what the key does to everybody's tokens.

Whoever has matched some records, by graph matching or as he is in both lists himself, need not know the key: bits are
nearly a sum over tokens, or made of sums, and these can be fitted. The dataset extension attack and NEPAL (Mildenberger
et al. 2025) learn it with neural networks, to spell out people who are in no list (at most 33 % of records exactly,
published); here the task is the one of the other attacks, to name those who are, and a ridge regression (Hoerl and
Kennard 1970) from tokens to bits does it, with a kernel (Saunders, Gammerman and Vovk 1998) where bits are the
exclusive or of such sums: how alike two people's bits are to be is public. Claims that are sure are then learnt from as
if they were told (self-training: Yarowsky 1995), and make others sure; who is told enough people keeps some of them
apart to judge how sure is sure. Of 5,000 births `guarded` falls to that, `hardened` hardly gives it a beginning.
Written from the descriptions.

Against it help encodings in which unlike people are not alike at all: see `linkage.study.attacks.graph` for what else
they must be.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
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
Whole = NDArray[np.int64]
Pairs = tuple[Whole, Whole]

_PENALTY = 0.3
_JUDGES = 5  # one in so many of those told
_FEWEST_JUDGES = 50  # fewer can't tell which claims are right
_RIGHT = 0.9
_ROUNDS, _WORSE = 20, 2  # and rounds that may be no better than the best


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

    The other arguments, and the claims, are those of `linkage.study.attacks.graph_matching`. ``details``: ``told``,
    and ``believed``, how many claims were learnt from too; nobody's where he is told fewer than 250.

    Cost: a round told * told * (tokens + bits), and n * m * bits, with those believed counted among the told; at most
    21 rounds. On one core and 5,000 people some 5 seconds, where he is told a thousand up to two minutes.
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
    task = _Task(plain, encoded.schema.harden, bits_of(encoded).astype(np.float32), (told, right[told]))
    if len(told) == len(encoded) or not len(task.free(right[told])):
        raise ValueError("share: nobody is left to name")
    believed = task.believed()
    (rows, people), confidence = task.claims(task.told, believed)
    return counted(
        "known pairs",
        encoded,
        plain.ids,
        right,
        (rows, people, confidence),
        seconds=time.perf_counter() - began,
        details={"told": len(told), "believed": len(believed[0])},
        left_out=told,
    )


@dataclass(frozen=True, eq=False)
class _Task:
    """What the adversary has: a list, the encodings' bits, and the encoded rows and people he is told."""

    plain: PlainList
    harden: Hardening
    bits: Floats
    told: Pairs

    def free(self, people: Whole) -> Whole:
        return np.setdiff1d(np.arange(len(self.plain)), people)

    def claims(self, known: Pairs, believed: Pairs) -> tuple[Pairs, Floats]:
        """Of all encodings but those known, whose they are, one-to-one, and how sure that is.

        What is believed of one half of them is learnt from for the other half alone: else it would only be repeated.
        """
        rest, others = np.setdiff1d(np.arange(len(self.bits)), known[0]), self.free(known[1])
        near = np.empty((len(rest), len(others)), dtype=np.float32)
        for half in range(2 if len(believed[0]) else 1):
            own = rest % 2 == half if len(believed[0]) else np.ones(len(rest), dtype=bool)
            other = believed[0] % 2 != half
            rows, people = (np.concatenate([each, more[other]]) for each, more in zip(known, believed, strict=True))
            expected = _learnt(self.plain, self.harden, people, self.bits[rows])
            near[own] = negative_distances(self.bits[rest[own]], expected[others])
        left, right = assigned(near)
        return (rest[left], others[right]), 1 - ratios(near, left, right)

    def believed(self) -> Pairs:
        """Pairs to learn from beside those that he is told: claims so sure that others as sure were right.

        Some of those that he is told he keeps apart, and learns nothing from them: they judge how sure is sure enough,
        and when to stop. Each round learns from what was believed before, and is sure of more.
        """
        some = len(self.told[0]) // _JUDGES
        best = now = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        rows, people = self.told
        judges, known = (rows[:some], people[:some]), (rows[some:], people[some:])
        most = worse = 0
        for _ in range(_ROUNDS if some >= _FEWEST_JUDGES else 0):
            (left, right), sure = self.claims(known, now)
            place = {row: at for at, row in enumerate(left.tolist())}
            at = np.array([place.get(row, -1) for row in judges[0].tolist()])
            hit = (at >= 0) & (right[at] == judges[1])
            if hit.sum() > most:
                most, best, worse = int(hit.sum()), now, 0
            elif worse == _WORSE:
                break
            else:
                worse += 1
            chosen = (sure >= _sure_enough(np.where(at >= 0, sure[at], -1), hit)) & ~np.isin(left, judges[0])
            if not chosen.any():
                break
            now = left[chosen], right[chosen]
        return best


def _sure_enough(sure: Floats, hit: NDArray[np.bool_]) -> float:
    """The least confidence from which on most claims are right, by these; infinite if there is none."""
    order = np.argsort(-sure, kind="stable")
    right = np.cumsum(hit[order]) / np.arange(1, len(sure) + 1)
    enough = np.flatnonzero(right >= _RIGHT)
    return float(sure[order][enough[-1]]) if len(enough) else np.inf


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
