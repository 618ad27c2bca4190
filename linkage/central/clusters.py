"""Who is one person over any number of agencies: clusters of records, of largest total weight.

A cluster is worth the weights of all pairs in it: of a listed pair its own, above zero where it would link by itself;
of any other what ``absent`` takes off, for it was met and found unlike. A source whose people have one record each has
at most one in a cluster. Links between two agencies at a time are not enough: the best partner of a's record in b and
the best in c need not be each other's, and following links from record to record makes long chains of people who have
little in common. To find the best clusters is NP-hard (correlation clustering: Bansal, Blum and Chawla 2004). Records
are parted into components in bulk, and most are simple: every two would link. Of the others up to six records that
hang together are tried out in full (`linkage.central.hardclusters`); of more, those two clusters are joined first that
gain most by it, then records move and exchange places as long as that gains. The tests hold the outcome against the
best of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central.assign import groups
from linkage.central.hardclusters import SURE, Component
from linkage.errors import warn

Numbers = NDArray[np.int64]

_MOST_PAIRS = 500_000  # of one component, which takes a minute; a search keeps some 200 bytes for each


@dataclass(frozen=True)
class Known:
    """Pairs that somebody has looked at: ``first``, ``second`` (k,) int64 records, ``same`` (k,) bool."""

    first: Numbers
    second: Numbers
    same: NDArray[np.bool_]

    @classmethod
    def nothing(cls) -> Known:
        """Nobody has looked."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool))


def clusters(
    first: Numbers,
    second: Numbers,
    weight: Numbers,
    *,
    source: NDArray[np.int32],
    unique: Sequence[bool],
    absent: Numbers,
    known: Known | None = None,
) -> NDArray[np.int32]:
    """The cluster of each record, (n,) int32, numbered from 0 in order of their first records.

    first, second   (p,) int64, two records of each listed pair, each pair once
    weight          (p,) int64, below 2**40
    source          (n,) int32, whose each record is
    unique          whether a source has at most one record of a person
    absent          (sources, sources) int64, symmetric, not below zero: what a pair that isn't listed takes off
    known           pairs that are one person, or two, whatever their weight; the first also of one source
    """
    n = len(source)
    told = known or Known.nothing()
    node = (
        groups(told.first[told.same], told.second[told.same], n).astype(np.int64) if told.same.any() else np.arange(n)
    )
    counts = _counts(node, source, len(unique))
    apart = ~told.same
    one, other, worth = _between_nodes(
        np.concatenate([node[first], node[told.first[apart]]]),
        np.concatenate([node[second], node[told.second[apart]]]),
        np.concatenate([weight + absent[source[first], source[second]], np.full(np.count_nonzero(apart), -SURE)]),
        counts,
        absent,
    )
    joins = worth > 0
    component = groups(one[joins], other[joins], len(counts))
    simple = _simple(component[one[joins]], component, counts, unique)
    cluster = np.where(simple[component], component, -1 - np.arange(len(counts))).astype(np.int64)
    hard = (component[one] == component[other]) & ~simple[component[one]]
    for part in _parts(component[one], worth, np.flatnonzero(hard)):
        for members in Component(one[part], other[part], worth[part], counts, unique, absent).solved():
            cluster[members] = -1 - members[0]
    return _numbered(cluster[node])


def _counts(node: Numbers, source: NDArray[np.int32], n_sources: int) -> Numbers:
    """(nodes, sources) int64: the records of each source that a node has."""
    n = int(node.max(initial=-1)) + 1
    return np.bincount(node * n_sources + source, minlength=n * n_sources).reshape(n, n_sources).astype(np.int64)


def _between_nodes(
    one: Numbers, other: Numbers, more: Numbers, counts: Numbers, absent: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Each two nodes once, and what they are worth together; ``more`` is what a pair adds to an unlisted one."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    key, place = np.unique((low * len(counts) + high)[low != high], return_inverse=True)
    low, high = key // max(1, len(counts)), key % max(1, len(counts))
    worth = np.zeros(len(key), dtype=np.int64)
    np.add.at(worth, place, more[one != other])
    return low, high, np.maximum(worth - ((counts[low] @ absent) * counts[high]).sum(axis=1), -SURE)


def _simple(
    of_pairs: NDArray[np.int32], component: NDArray[np.int32], counts: Numbers, unique: Sequence[bool]
) -> NDArray[np.bool_]:
    """(components,) whether every two nodes would link, and no source has two records that it says are two people.

    ``of_pairs`` are the components of the pairs that would.
    """
    n = int(component.max(initial=-1)) + 1
    size = np.bincount(component, minlength=n)
    linked = np.bincount(of_pairs, minlength=n)
    whole: NDArray[np.bool_] = linked == size * (size - 1) // 2
    for place, alone in enumerate(unique):
        if alone:
            holders = np.bincount(component, weights=counts[:, place] > 0, minlength=n)
            whole &= holders <= 1
    return whole


def _parts(component: NDArray[np.int32], worth: Numbers, hard: Numbers) -> list[Numbers]:
    """The places of the pairs of each hard component; of one too large to be searched the pairs that say most."""
    if not len(hard):
        return []
    order = hard[np.argsort(component[hard], kind="stable")]
    parts = np.split(order, np.flatnonzero(np.diff(component[order])) + 1)
    for place, part in enumerate(parts):
        if len(part) > _MOST_PAIRS:
            warn(
                f"{len(part):,} pairs hang together; only the {_MOST_PAIRS:,} that say most were looked at. Raise the "
                "threshold or the probability to part them"
            )
            parts[place] = np.sort(part[np.argsort(-np.abs(worth[part]), kind="stable")[:_MOST_PAIRS]])
    return parts


def _numbered(cluster: Numbers) -> NDArray[np.int32]:
    _, start, number = np.unique(cluster, return_index=True, return_inverse=True)
    rank = np.empty(len(start), dtype=np.int32)
    rank[np.argsort(start)] = np.arange(len(start), dtype=np.int32)
    return rank[number]
