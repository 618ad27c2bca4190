"""Who is one person over any number of agencies: clusters of records, of largest total weight.

A cluster is worth the weights of all pairs in it: of a listed pair its own, above zero where it would link by itself;
of any other what ``absent`` takes off, for it was met and found unlike. A source whose people have one record each has
at most one in a cluster. Links between two agencies at a time are not enough: the best partner of a's record in b and
the best in c need not be each other's, and following links from record to record makes long chains of people who have
little in common. To find the best clusters is NP-hard (correlation clustering: Bansal, Blum and Chawla 2004). Up to
six records that hang together are tried out in full; of more, those two clusters are joined first that gain most by
it, then records move and exchange places as long as that gains. The tests hold the outcome against the best of all.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from linkage.central.assign import groups

Numbers = NDArray[np.int64]

_ROUNDS = 20  # of joins and moves; each gains, and nearly all end after two or three
_TRIED_OUT = 6  # records: three to the power of so many steps


def clusters(
    first: Numbers,
    second: Numbers,
    weight: Numbers,
    *,
    source: NDArray[np.int32],
    unique: Sequence[bool],
    absent: Numbers,
) -> NDArray[np.int32]:
    """The cluster of each record, (n,) int32, numbered from 0 in order of their first records.

    first, second   (p,) int64, two records of each listed pair, each pair once
    weight          (p,) int64
    source          (n,) int32, whose each record is
    unique          whether a source has at most one record of a person
    absent          (sources, sources) int64, symmetric, not below zero: what a pair that isn't listed takes off
    """
    joins = weight > 0
    component = groups(first[joins], second[joins], len(source))
    inside = component[first] == component[second]
    simple = _simple(component[first[joins]], component, source, unique)
    cluster = np.where(simple[component], component, -1 - np.arange(len(source))).astype(np.int64)
    hard = inside & ~simple[component[first]]
    label = component[first[hard]]
    order = np.argsort(label, kind="stable")
    parts = np.split(np.flatnonzero(hard)[order], np.flatnonzero(np.diff(label[order])) + 1) if len(order) else []
    for part in parts:
        solved = _Clusters(first[part], second[part], weight[part], source, unique, absent).solved()
        for members in solved:
            cluster[members] = -1 - members[0]
    return _numbered(cluster)


def _simple(
    of_pairs: NDArray[np.int32],
    component: NDArray[np.int32],
    source: NDArray[np.int32],
    unique: Sequence[bool],
) -> NDArray[np.bool_]:
    """(components,) whether every two records would link, and no source has two that it says are two people.

    ``of_pairs`` are the components of the pairs that would.
    """
    n = int(component.max(initial=-1)) + 1
    size = np.bincount(component, minlength=n)
    linked = np.bincount(of_pairs, minlength=n)
    whole: NDArray[np.bool_] = linked == size * (size - 1) // 2
    only_one = np.asarray(unique, dtype=bool)[source]
    place, times = np.unique(np.stack([component[only_one], source[only_one]]), axis=1, return_counts=True)
    whole[place[0][times > 1]] = False
    return whole


def _numbered(cluster: Numbers) -> NDArray[np.int32]:
    _, start, number = np.unique(cluster, return_index=True, return_inverse=True)
    rank = np.empty(len(start), dtype=np.int32)
    rank[np.argsort(start)] = np.arange(len(start), dtype=np.int32)
    return rank[number]


class _Clusters:
    """The records of one component, each alone at first."""

    def __init__(
        self,
        first: Numbers,
        second: Numbers,
        weight: Numbers,
        source: NDArray[np.int32],
        unique: Sequence[bool],
        absent: Numbers,
    ) -> None:
        self._near: dict[int, dict[int, int]] = {}
        for a, b, worth in zip(first.tolist(), second.tolist(), weight.tolist(), strict=True):
            self._near.setdefault(a, {})[b] = worth
            self._near.setdefault(b, {})[a] = worth
        self._source = {record: int(source[record]) for record in self._near}
        self._unique, self._absent = unique, absent.tolist()
        self._of = {record: record for record in sorted(self._near)}
        self._members: dict[int, list[int]] = {record: [record] for record in self._of}
        self._next = max(self._of) + 1

    def solved(self) -> list[list[int]]:
        """The clusters, each in order, by their first records."""
        if len(self._of) <= _TRIED_OUT:
            return self._best_of_all()
        for _ in range(_ROUNDS):
            joined = self._join()
            moved = sum([self._better(record) for record in self._of])
            if not joined and not moved:
                break
        for record, cluster in list(self._of.items()):
            if all(self._near[record].get(other, 0) <= 0 for other in self._members[cluster]):
                self._put(record, -1)  # whom it belonged with has moved on
        return sorted(sorted(members) for members in self._members.values() if members)

    def _best_of_all(self) -> list[list[int]]:
        """Of every set of records the best way to part it: the cluster of its first, and the best of the rest."""
        records = list(self._of)
        best: dict[int, tuple[int, list[list[int]]]] = {0: (0, [])}
        alone = [self._total([record for place, record in enumerate(records) if chosen >> place & 1])
                 for chosen in range(1 << len(records))]  # fmt: skip
        for chosen in range(1, 1 << len(records)):
            lowest, part = chosen & -chosen, chosen
            while part:
                total = alone[part]
                if part & lowest and total is not None:
                    rest, clusters = best[chosen & ~part]
                    # of equals the one of smaller clusters, met later: nobody joins for nothing
                    if chosen not in best or total + rest >= best[chosen][0]:
                        members = [record for place, record in enumerate(records) if part >> place & 1]
                        best[chosen] = (total + rest, [members, *clusters])
                part = (part - 1) & chosen
        return best[(1 << len(records)) - 1][1]

    def _total(self, members: list[int]) -> int | None:
        """What a cluster is worth; None if it may not be."""
        total = 0
        for place, record in enumerate(members):
            if not self._fits(record, members[:place]):
                return None
            total += self._worth(record, members[:place])
        return total

    def _worth(self, record: int, others: Iterable[int]) -> int:
        """What a record adds to others."""
        near, absent = self._near[record], self._absent[self._source[record]]
        return sum(near[other] if other in near else -absent[self._source[other]] for other in others)

    def _fits(self, record: int, others: Iterable[int]) -> bool:
        own = self._source[record]
        return not self._unique[own] or all(self._source[other] != own for other in others)

    def _around(self, record: int) -> list[int]:
        """Clusters of the records that it would link with, without its own."""
        found = {self._of[other] for other, worth in self._near[record].items() if worth > 0}
        return sorted(found - {self._of[record]})

    def _join(self) -> int:
        """Join the two clusters that gain most by it, while any do; of equals those of the first records."""
        waiting = [entry for cluster in sorted(self._members) for entry in self._gains(cluster) if entry[1] == cluster]
        heapq.heapify(waiting)
        joins = 0
        while waiting:
            _, a, b = heapq.heappop(waiting)
            one, other = self._members.get(a), self._members.get(b)
            if not one or not other:
                continue  # one of the two has been joined to another since
            joins += 1
            del self._members[a], self._members[b]
            joined, self._next = self._next, self._next + 1
            self._members[joined] = [*one, *other]
            for record in self._members[joined]:
                self._of[record] = joined
            for entry in self._gains(joined):
                heapq.heappush(waiting, entry)
        return joins

    def _gains(self, cluster: int) -> list[tuple[int, int, int]]:
        """(less the gain, a cluster, another) for each that it would gain by joining."""
        own = self._members[cluster]
        found = []
        for near in sorted({each for record in own for each in self._around(record)}):
            others = self._members[near]
            gain = sum(self._worth(record, others) for record in own)
            if gain > 0 and all(self._fits(record, others) for record in own):
                found.append((-gain, min(cluster, near), max(cluster, near)))
        return found

    def _better(self, record: int) -> bool:
        """Move the record where most is gained by it: alone, into a cluster, or there in another's place."""
        here = [other for other in self._members[self._of[record]] if other != record]
        stays = self._worth(record, here)
        best, where, leaves = -stays if here else 0, -1, None
        for cluster in self._around(record):
            there = self._members[cluster]
            rivals = [] if self._fits(record, there) else [each for each in there if not self._fits(record, [each])]
            kept = [each for each in there if each not in rivals]
            if len(rivals) > 1:
                continue
            gain = self._worth(record, kept) - stays
            for rival in rivals:
                gain += max(0, self._worth(rival, here)) - self._worth(rival, kept)
            if gain > best:
                best, where, leaves = gain, cluster, rivals[0] if rivals else None
        if best <= 0:
            return False
        came_from = self._of[record]
        self._put(record, where)
        if leaves is not None:
            self._put(leaves, came_from if here and self._worth(leaves, here) > 0 else -1)
        return True

    def _put(self, record: int, cluster: int) -> None:
        """Into another cluster; -1 is one of its own."""
        if cluster < 0:
            cluster, self._next = self._next, self._next + 1
        left = self._members[self._of[record]]
        left.remove(record)
        if not left:
            del self._members[self._of[record]]
        self._members.setdefault(cluster, []).append(record)
        self._of[record] = cluster
