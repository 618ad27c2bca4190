"""Pattern mining: bits that are set together in many records are the positions of one frequent q-gram.

Christen, Vidanage, Ranbaduge and Schnell, "Pattern-mining based cryptanalysis of Bloom filters for privacy-preserving
record linkage" (PAKDD 2018), and, as "Precise and fast cryptanalysis", in TKDE. Positions that co-occur in as many
records as a q-gram does in a list of like people are taken for that q-gram's, then the next one is sought among the
records with it and without it; last, people are named by the q-grams that their records were found to hold. Written
from the description, with these differences. Positions are grouped by how they vary together, rather than by Apriori.
Which q-gram a group is of is told by how often it occurs with every other group at once, which is to look into all the
parts that those divide the records into, and a little by how many positions the agreement gives it. And people who are
plainly named show the positions of the rarer tokens. So it goes further than what was published.

Against it help encodings in which a q-gram sets no bit for certain (noise of each record's own, XOR) and filters in
which no q-gram is frequent. Published: at most 20.7 % one-to-one on plain filters, and nobody under balancing, XOR
folding, random noise or a salt.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.encoded import EncodedSet
from linkage.sealed import sealed
from linkage.study.attacks.adversary import Columns, PlainList, bits_of
from linkage.study.attacks.alignment import assigned, mutual, negative_distances, ratios
from linkage.study.attacks.truth import counted, right_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linkage.study.attacks.result import Reidentified

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]

_RARE = 0.02  # of the records: q-grams that fewer have leave no pattern to be seen
_SURE = 0.85  # of the records with a q-gram, those with each of its bits: a bit or two are in another's pattern
_FEWEST = 3  # bits in a pattern: two are set together by chance too often
_FIRST = (5, 10, 3, 20, 40, 7, 14, 28)  # how many patterns are told apart by frequency alone, tried in turn
_GROWTH = 1.3
_NEVER, _CONTRARY = 1e6, 25.0  # costs: of another filter; at most of one joint frequency
_SEEN = 4  # named people with a token, at least, to say where its bits are
_PLAIN = 0.8  # of squared distances, nearest to second nearest: below it somebody is named plainly enough to learn from
_ROUNDS = 4
_CHANCE = 1e-7  # that all who have a token have a bit for other reasons
_MANY = 2  # tokens whose bits are told, for each pattern that was begun with: then the start was right


@sealed
@checked
def pattern_mining(
    encoded: EncodedSet,
    known: object,
    *,
    truth: object,
    truth_key: Key | None = None,
    id: str | None = None,
    columns: Columns = None,
) -> Reidentified:
    """Name encoded records by which bits are set together, beside which q-grams a plain list has and how often.

    The arguments are those of `linkage.study.attacks.graph_matching`; ``known`` is a plain list.

    Returns
    -------
    A claim for every record that can have one, or none at all if no pattern was found. ``confidence`` is one minus the
    ratio of the squared distances to the nearest and the second nearest person, in tokens. ``details``: ``patterns``,
    how many groups of bits were taken for a token; ``tokens``, how many tokens have known bits in the end.

    Cost: n * bits ** 2 a filter, and n * m * tokens a round. On one core and 5,000 people some 30 seconds.
    """
    plain = PlainList.of(known, encoded.schema, id=id, columns=columns)
    right = right_rows(encoded, plain.ids, truth, truth_key)
    parts = [
        PlainList.of(known, encoded.schema, id=id, columns=columns, fields=filter.fields)
        for filter in encoded.schema.filters
    ]
    began = time.perf_counter()
    patterns = _Words.beside([_patterns(bits_of(encoded, [filter.name])) for filter in encoded.schema.filters])
    words = _Words.beside([_words(part) for part in parts])
    near, n_patterns, n_tokens = _most_told(bits_of(encoded), plain, patterns, words)
    rows, cols = assigned(near) if n_patterns else (np.zeros(0, np.int64), np.zeros(0, np.int64))
    return counted(
        "pattern mining",
        encoded,
        plain.ids,
        right,
        (rows, cols, 1 - ratios(near, rows, cols)),
        seconds=time.perf_counter() - began,
        details={"patterns": n_patterns, "tokens": n_tokens},
    )


@dataclass(frozen=True, eq=False)
class _Words:
    """Tokens that always come together, or the bits that some seem to set.

    held    (n, w) float32 of 0 and 1: who has them
    size    (w,) positions that they set
    place   (w,) the number of their filter
    """

    held: Floats
    size: NDArray[np.float64]
    place: Whole

    @classmethod
    def beside(cls, parts: Sequence[tuple[Floats, NDArray[np.float64]]]) -> _Words:
        """Those of every filter."""
        place = np.repeat(np.arange(len(parts)), [len(size) for _, size in parts])
        return cls(
            np.concatenate([held for held, _ in parts], axis=1), np.concatenate([size for _, size in parts]), place
        )


def _words(plain: PlainList) -> tuple[Floats, NDArray[np.float64]]:
    """What leaves a pattern in the filter of these fields, if anything does."""
    share = np.asarray(plain.tokens.mean(axis=0)).ravel()
    frequent = np.flatnonzero((share >= _RARE) & (share <= 1 - _RARE))
    if not len(frequent):
        return np.zeros((len(plain), 0), np.float32), np.zeros(0)
    dense = np.asarray(plain.tokens[:, frequent].todense(), dtype=np.uint8)
    different, which = np.unique(np.packbits(dense, axis=0).T, axis=0, return_inverse=True)
    size = np.bincount(np.ravel(which), weights=plain.weight[frequent], minlength=len(different))
    held = np.unpackbits(np.ascontiguousarray(different), axis=1, count=len(plain))
    return np.asarray(held.T, dtype=np.float32), np.asarray(size, dtype=np.float64)


def _patterns(bits: NDArray[np.uint8]) -> tuple[Floats, NDArray[np.float64]]:
    """Groups of bits of a filter that are set together."""
    groups = _groups(bits)
    seen = [bits[:, group].all(axis=1) for group in groups]
    held = np.stack(seen, axis=1) if seen else np.zeros((len(bits), 0))
    return held.astype(np.float32), np.array([len(group) for group in groups], dtype=np.float64)


def _groups(bits: NDArray[np.uint8]) -> list[Whole]:
    """Columns that are set together far more often than by chance, the groups in most records first."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    share = bits.mean(axis=0)
    moving = np.flatnonzero((share > 0) & (share < 1))
    if len(moving) < _FEWEST or len(bits) < 10:
        return []
    spread = bits[:, moving].astype(np.float32)
    spread -= spread.mean(axis=0)
    spread /= np.sqrt((spread * spread).sum(axis=0))
    apart = 1 - np.clip(spread.T @ spread, -1, 1)
    np.fill_diagonal(apart, 0)
    tree = linkage(squareform(apart, checks=False), method="average")
    # six standard deviations of a correlation that is none
    cluster = fcluster(tree, 1 - max(0.15, 6 / np.sqrt(len(bits))), criterion="distance")
    groups = [moving[cluster == number] for number in np.unique(cluster)]
    return [group for group in groups if len(group) >= _FEWEST and bits[:, group].all(axis=1).any()]


def _most_told(bits: NDArray[np.uint8], plain: PlainList, patterns: _Words, words: _Words) -> tuple[Floats, int, int]:
    """(n, m) minus squared distances in tokens, of the start that tells the most tokens; patterns and tokens known."""
    if min(patterns.held.shape[1], words.held.shape[1]) < _FEWEST:
        return np.zeros((len(bits), len(plain)), np.float32), 0, 0
    best = None
    for first in _FIRST:
        rows, cols = _named(patterns, words, first)
        near = negative_distances(patterns.held[:, rows], words.held[:, cols])
        near, n_tokens = _told_by_named(bits, plain, near, len(rows))
        if best is None or n_tokens > best[2]:
            best = near, len(rows), n_tokens
        if n_tokens > _MANY * len(rows):
            break
    assert best is not None
    return best


def _named(patterns: _Words, words: _Words, first: int) -> tuple[Whole, Whole]:
    """Which pattern is of which word: the first by frequency and size, more and more by what occurs with them."""
    from scipy.optimize import linear_sum_assignment

    order = np.argsort(-patterns.held.mean(axis=0), kind="stable")
    theirs, ours = (each.T @ each / len(each) for each in (patterns.held[:, order], words.held))
    noise = 1 / len(patterns.held) + 1 / len(words.held)
    once = _unlike(np.diag(theirs), np.diag(ours), noise)
    once += (((patterns.size[order, None] - words.size) / (1 + 0.3 * words.size)) ** 2).clip(max=9)
    once[patterns.place[order, None] != words.place] = _NEVER
    k = min(first, *once.shape)
    rows, cols = linear_sum_assignment(once[:k])
    while True:
        cost = once.copy()
        for row, col in zip(rows, cols, strict=True):
            pair = _unlike(theirs[:, row], ours[:, col], noise).clip(max=_CONTRARY)
            pair[row], pair[:, col] = 0, _CONTRARY
            pair[row, col] = 0
            cost += pair
        if k == min(once.shape):
            rows, cols = mutual(-cost.astype(np.float32))
            sure = cost[rows, cols] < _NEVER
            return order[rows[sure]], cols[sure]
        k = min(min(once.shape), max(k + 1, int(k * _GROWTH)))
        rows, cols = linear_sum_assignment(cost[:k])


def _unlike(left: Any, right: Any, noise: float) -> NDArray[np.float64]:
    """(p, w) squared differences of shares, in variances."""
    middle = (left[:, None] + right[None]) / 2
    variance = middle * (1 - middle) * noise + 0.01**2
    return np.asarray((left[:, None] - right[None]) ** 2 / variance, dtype=np.float64)


def _told_by_named(bits: NDArray[np.uint8], plain: PlainList, near: Floats, n_patterns: int) -> tuple[Floats, int]:
    """Distances once more, in all tokens whose bits the plainly named people show, and how many those tokens are."""
    n_tokens = 0
    for _ in range(_ROUNDS):
        rows, cols = mutual(near)
        plainly = ratios(near, rows, cols) < _PLAIN
        where = _positions(bits[rows[plainly]], plain.tokens[cols[plainly]])
        told = np.flatnonzero(where.any(axis=0))
        if len(told) <= max(n_tokens, n_patterns):
            break
        n_tokens = len(told)
        where = where[:, told].astype(np.float32)
        held = bits.astype(np.float32) @ where >= 0.9 * where.sum(axis=0)
        near = negative_distances(
            held.astype(np.float32), np.asarray(plain.tokens[:, told].todense(), dtype=np.float32)
        )
    return near, n_tokens


def _positions(bits: NDArray[np.uint8], tokens: Any) -> NDArray[np.bool_]:
    """(bits, t) which bits are set in nearly all people with a token, and not in nearly all people."""
    holders = np.asarray(tokens.sum(axis=0)).ravel()
    both = np.asarray((tokens.T @ bits.astype(np.float32)).T)
    usual = bits.mean(axis=0)[:, None] if len(bits) else np.zeros((bits.shape[1], 1))
    # bits so often set by others that every holder may have them by chance say nothing
    chance = usual ** (_SURE * np.maximum(holders, 1))
    return np.asarray((holders >= _SEEN) & (both >= _SURE * holders) & (chance < _CHANCE), dtype=np.bool_)
