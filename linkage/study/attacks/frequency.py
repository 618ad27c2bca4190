"""Frequency alignment: equal values have equal encodings, so the most frequent encoding is the most frequent value.

Christen, Schnell, Vatsalan and Ranbaduge, "Efficient cryptanalysis of Bloom filters for privacy-preserving record
linkage" (PAKDD 2017), who need no parameter of the encoding: encodings and values are ranked by how often they occur,
and those whose frequencies stand apart are taken for each other. Written from the description, with two additions. The
adversary encodes his list under keys of his own, so that whatever the scheme makes equal is equal on both sides, and
weighs how many bits are set, which needs no key either (Kuzu, Kantarcioglu, Durham and Malin, PETS 2011, use the
lengths so). Their further step, from aligned values to the positions of q-grams, is
`linkage.study.attacks.pattern_mining`.

Against it help encodings that are all different: one filter over all fields, a salt, noise of each record's own. The
literature names nobody then, nor does this.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.encoded import EncodedSet
from linkage.sealed import sealed
from linkage.study.attacks.adversary import Columns, OwnEncodings
from linkage.study.attacks.truth import counted, right_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from linkage.study.attacks.result import Reidentified

    Whole = NDArray[np.int64]
    Floats = NDArray[np.float64]

_CHANCE_BITS = 1.5  # standard deviations below which two weights under two keys are no evidence, in bits


@sealed
@checked
def frequency_alignment(
    encoded: EncodedSet,
    known: object,
    *,
    truth: object,
    truth_key: Key | None = None,
    id: str | None = None,
    columns: Columns = None,
    least: int = 2,
    most: int = 1_000,
    seed: int = 0,
) -> Reidentified:
    """Name encoded records by how often the encoding of each filter occurs, beside how often a list's values do.

    Parameters
    ----------
    least
        Encodings that occur less often are left alone: a frequency of one is everybody's.
    most
        Aligned in each filter, the most frequent first.

    The other arguments are those of `linkage.study.attacks.graph_matching`.

    Returns
    -------
    A claim for every record of which at least one filter was aligned and one person of the list fits better than all
    others. ``confidence`` is how far ahead he is, as a share of the evidence. ``details``: ``repeated``, the share of
    encodings (record and filter) that are not the only one of their kind, without which the attack has nothing to
    begin with; ``aligned``, how many encodings were given a value; ``read``, of the values of people in both, the share
    that was read rightly, whether or not it names anybody: most boys' sex, many a frequent name.

    Cost: most ** 3 at worst in each filter, and n * m. On one core and 5,000 people some 10 seconds.
    """
    if least < 2:
        raise ValueError(f"least: at least 2, not {least!r}")
    own = OwnEncodings.of(known, encoded.schema, id=id, columns=columns, keys=1, seed=seed)
    right = right_rows(encoded, own.ids, truth, truth_key)
    began = time.perf_counter()
    evidence = np.zeros((len(encoded), len(own.ids)), dtype=np.float32)
    repeated = there = aligned = read = 0
    for filter in encoded.schema.filters:
        theirs, ours = (_Kinds.of(each, filter.name) for each in (encoded, own.sets[0]))
        repeated += int(theirs.count[theirs.count > 1].sum())
        there += int(theirs.count.sum())
        pairs = _aligned(theirs, ours, least=least, most=most)
        aligned += len(pairs[0])
        read += _read_rightly(theirs, ours, pairs, right)
        for kind, same in zip(*pairs, strict=True):
            rarity = np.log(len(own.ids) / ours.count[same])
            evidence[np.ix_(theirs.row_kind == kind, ours.row_kind == same)] += rarity
    return counted(
        "frequency alignment",
        encoded,
        own.ids,
        right,
        _plain_best(evidence),
        seconds=time.perf_counter() - began,
        details={
            "repeated": repeated / max(1, there),
            "aligned": aligned,
            "read": read / max(1, _there(encoded, right)),
        },
    )


@dataclass(frozen=True, eq=False)
class _Kinds:
    """The different encodings of one filter: of each how often it occurs and its weight, and the kind of each row.

    Missing values are of kind -1.
    """

    count: Whole
    weight: Floats
    row_kind: Whole

    @classmethod
    def of(cls, encoded: EncodedSet, name: str) -> _Kinds:
        rows = np.ascontiguousarray(encoded.filters[name])
        weight = encoded.popcounts[name]
        there = np.flatnonzero(weight > 0)
        texts = rows[there].view(np.dtype((np.void, rows.shape[1] * 8))).ravel()
        _, first, kind, count = np.unique(texts, return_index=True, return_inverse=True, return_counts=True)
        row_kind = np.full(len(rows), -1, dtype=np.int64)
        row_kind[there] = kind
        return cls(count.astype(np.int64), weight[there[first]].astype(np.float64), row_kind)


def _aligned(theirs: _Kinds, ours: _Kinds, *, least: int, most: int) -> tuple[Whole, Whole]:
    """Kinds that are taken for each other: the assignment under which frequencies and weights are likeliest."""
    from scipy.optimize import linear_sum_assignment

    rows, cols = (_frequent(kinds, least, most) for kinds in (theirs, ours))
    if not len(rows) or not len(cols):
        return rows[:0], cols[:0]
    # the square root of a count has a variance of a quarter, whatever the count: half as much again for two samples
    scale = np.sqrt(theirs.count.sum() / ours.count.sum())
    apart = np.sqrt(theirs.count[rows])[:, None] - scale * np.sqrt(ours.count[cols])[None]
    cost = apart**2 / (0.25 + 0.25 * scale**2)
    bits = theirs.weight[rows][:, None] - ours.weight[cols][None]
    spread = _CHANCE_BITS + 0.03 * ours.weight[cols][None]  # tokens that meet on a bit
    cost += (bits / spread) ** 2
    left, right = linear_sum_assignment(cost)
    return rows[left], cols[right]


def _read_rightly(theirs: _Kinds, ours: _Kinds, pairs: tuple[Whole, Whole], right: Whole) -> int:
    """For counting alone: of the people in both, how many have an encoding that was given their value."""
    value = np.full(len(theirs.count) + 1, -2, dtype=np.int64)  # the last is the missing value's, -1
    value[pairs[0]] = pairs[1]
    both = np.flatnonzero(right >= 0)
    return int(np.count_nonzero(value[theirs.row_kind[both]] == ours.row_kind[right[both]]))


def _there(encoded: EncodedSet, right: Whole) -> int:
    """Encodings of people in both, without those of missing values."""
    return sum(int(np.count_nonzero(counts[right >= 0])) for counts in encoded.popcounts.values())


def _frequent(kinds: _Kinds, least: int, most: int) -> Whole:
    order = np.argsort(-kinds.count, kind="stable")[:most]
    return np.asarray(order[kinds.count[order] >= least], dtype=np.int64)


def _plain_best(evidence: NDArray[np.float32]) -> tuple[Whole, Whole, Floats]:
    """Of each row the column with the most evidence, if one has the most, and how far it is ahead."""
    rows = np.arange(len(evidence))
    best = evidence.argmax(axis=1)
    highest = evidence[rows, best].astype(np.float64)
    evidence[rows, best] = -1
    ahead = highest - np.maximum(evidence.max(axis=1), 0)
    evidence[rows, best] = highest
    sure = np.flatnonzero((highest > 0) & (ahead > 0))
    return sure, best[sure], ahead[sure] / highest[sure]
