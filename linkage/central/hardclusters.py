"""The best way to part a few records that hang together: in full up to six, by joins and moves beyond.

A node is a record, or several that are known to be one person. What two nodes are worth together is a whole number;
two that no pair lists take off what ``absent`` says for their sources. Sums are kept by cluster, so a join costs as
much as the joined cluster has neighbours, and a round of moves as much as there are pairs.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

SURE = 1 << 44
"""More than all that can be said for or against a pair."""

_ROUNDS = 20  # of joins and moves; each gains, and nearly all end after two or three
_PAIRS_MET = 1_000_000  # in all rounds: of components of hundreds of thousands of pairs a round takes ten seconds
TRIED_OUT = 6  # nodes: three to the power of so many steps


class Component:
    """The nodes of one component, each a cluster of its own at first.

    one, other   (p,) int64, two nodes of each listed pair, each pair once
    worth        (p,) int64, what they are worth together
    counts       (nodes, sources) int64, how many records of each source a node has
    """

    def __init__(
        self, one: Numbers, other: Numbers, worth: Numbers, counts: Numbers, unique: Sequence[bool], absent: Numbers
    ) -> None:
        self.nodes = np.unique(np.concatenate([one, other]))
        self._counts: list[list[int]] = counts[self.nodes].tolist()
        self._unique = [place for place, alone in enumerate(unique) if alone]
        self._absent: list[list[int]] = absent.tolist()
        # what a pair is worth beyond an unlisted one, so that a sum over listed pairs less `_off` is the whole
        self._near: list[dict[int, int]] = [{} for _ in self.nodes]
        ends = (np.searchsorted(self.nodes, side).tolist() for side in (one, other))
        for a, b, each in zip(*ends, worth.tolist(), strict=True):
            more = each + self._off(self._counts[a], self._counts[b])
            self._near[a][b] = self._near[b][a] = more
        self._of = list(range(len(self.nodes)))
        self._members: dict[int, list[int]] = {node: [node] for node in self._of}
        self._held: dict[int, list[int]] = {node: list(self._counts[node]) for node in self._of}
        self._next = len(self.nodes)

    def solved(self) -> list[Numbers]:
        """The clusters, each in order, by their first nodes."""
        found = self.best_of_all() if len(self._of) <= TRIED_OUT else self._searched()
        return [self.nodes[sorted(members)] for members in sorted(map(sorted, found))]

    def worth_of(self, parts: Sequence[Numbers]) -> int:
        """What clusters of nodes are worth together."""
        total = 0
        for part in parts:
            members = np.searchsorted(self.nodes, part).tolist()
            total += sum(self._worth(node, other) for place, node in enumerate(members) for other in members[:place])
        return total

    def _searched(self) -> list[list[int]]:
        n_pairs = sum(map(len, self._near)) // 2
        for _ in range(min(_ROUNDS, max(1, _PAIRS_MET // max(1, n_pairs)))):
            joined = self._join()
            moved = sum([self._better(node) for node in range(len(self._of))])
            if not joined and not moved:
                break
        for node, cluster in enumerate(list(self._of)):
            if all(self._worth(node, other) <= 0 for other in self._members[cluster] if other != node):
                self._put(node, -1)  # whom it belonged with has moved on
        return list(self._members.values())

    def best_of_all(self) -> list[list[int]]:
        """Of every set of nodes the best way to part it: the cluster of its first, and the best of the rest.

        Nodes are numbered from 0. Three to the power of their number steps.
        """
        n = len(self._of)
        best: dict[int, tuple[int, list[list[int]]]] = {0: (0, [])}
        alone = [self._total([node for node in range(n) if chosen >> node & 1]) for chosen in range(1 << n)]
        for chosen in range(1, 1 << n):
            lowest, part = chosen & -chosen, chosen
            while part:
                total = alone[part]
                if part & lowest and total is not None:
                    rest, clusters = best[chosen & ~part]
                    # of equals the one of smaller clusters, met later: nobody joins for nothing
                    if chosen not in best or total + rest >= best[chosen][0]:
                        best[chosen] = (total + rest, [[node for node in range(n) if part >> node & 1], *clusters])
                part = (part - 1) & chosen
        return best[(1 << n) - 1][1]

    def _total(self, members: list[int]) -> int | None:
        """What a cluster is worth; None if it may not be."""
        total = 0
        for place, node in enumerate(members):
            for other in members[:place]:
                if self._clash(self._counts[node], self._counts[other]):
                    return None
                total += self._worth(node, other)
        return total

    def _off(self, some: list[int], others: list[int]) -> int:
        """What all pairs of records of two sides would take off, were none listed."""
        return sum(
            n * sum(off * many for off, many in zip(row, others, strict=True) if many)
            for n, row in zip(some, self._absent, strict=True)
            if n
        )

    def _worth(self, node: int, other: int) -> int:
        return self._near[node].get(other, 0) - self._off(self._counts[node], self._counts[other])

    def _clash(self, some: list[int], others: list[int]) -> bool:
        """Whether both have records of a source that has at most one of a person."""
        return any(some[place] and others[place] for place in self._unique)

    def _join(self) -> int:
        """Join the two clusters that gain most by it, while any do; of equals those of the first nodes."""
        sums: dict[int, dict[int, int]] = {cluster: {} for cluster in self._members}
        for node, near in enumerate(self._near):
            own = sums[self._of[node]]
            for other, more in near.items():
                if self._of[other] != self._of[node]:
                    own[self._of[other]] = own.get(self._of[other], 0) + more
        waiting = [entry for each in sorted(sums) for entry in self._gains(each, sums[each]) if entry[1] == each]
        heapq.heapify(waiting)
        joins = 0
        while waiting:
            _, a, b = heapq.heappop(waiting)
            if a not in sums or b not in sums:
                continue  # one of the two has been joined to another since
            joins += 1
            made = self._merged(a, b)
            joined, smaller = (sums.pop(each) for each in ((a, b) if len(sums[a]) >= len(sums[b]) else (b, a)))
            for beside, more in smaller.items():
                joined[beside] = joined.get(beside, 0) + more
            del joined[a], joined[b]
            sums[made] = joined
            for beside, more in joined.items():
                sums[beside].pop(a, None)
                sums[beside].pop(b, None)
                sums[beside][made] = more
            for entry in self._gains(made, joined):
                heapq.heappush(waiting, entry)
        return joins

    def _gains(self, cluster: int, near: dict[int, int]) -> list[tuple[int, int, int]]:
        """(less the gain, a cluster, another) for each that it would gain by joining."""
        own, found = self._held[cluster], []
        for other, more in near.items():
            held = self._held[other]
            if more > 0 and not self._clash(own, held):
                gain = more - self._off(own, held)
                if gain > 0:
                    found.append((-gain, min(cluster, other), max(cluster, other)))
        return found

    def _merged(self, a: int, b: int) -> int:
        made, self._next = self._next, self._next + 1
        self._members[made] = [*self._members.pop(a), *self._members.pop(b)]
        self._held[made] = [one + other for one, other in zip(self._held.pop(a), self._held.pop(b), strict=True)]
        for node in self._members[made]:
            self._of[node] = made
        return made

    def _better(self, node: int) -> bool:
        """Move the node where most is gained by it: alone, into a cluster, or there in another's place."""
        near, own, home = self._near[node], self._counts[node], self._of[node]
        sums: dict[int, int] = {}
        for other, more in near.items():
            sums[self._of[other]] = sums.get(self._of[other], 0) + more
        left = [all_ - mine for all_, mine in zip(self._held[home], own, strict=True)]
        stays = sums.pop(home, 0) - self._off(own, left)
        best, where, leaves = -stays if len(self._members[home]) > 1 else 0, -1, None
        for cluster in sorted(sums):
            gain, rival = sums[cluster] - stays, None
            held = self._held[cluster]
            if self._clash(own, held):
                rivals = [each for each in self._members[cluster] if self._clash(own, self._counts[each])]
                if len(rivals) > 1:
                    continue
                rival = rivals[0]
                held = [all_ - its for all_, its in zip(held, self._counts[rival], strict=True)]
                gain += self._of_leaving(rival, node) - near.get(rival, 0)
            gain -= self._off(own, held)
            if gain > best:
                best, where, leaves = gain, cluster, rival
        if best <= 0:
            return False
        self._put(node, where)
        if leaves is not None:
            stay = home in self._members and self._sum(leaves, home) > 0
            self._put(leaves, home if stay else -1)
        return True

    def _of_leaving(self, rival: int, node: int) -> int:
        """What a rival gains where it takes the node's place, or stands alone, less what it was worth."""
        home, there = self._of[node], self._of[rival]
        others = [each for each in self._members[home] if each != node]
        kept = [each for each in self._members[there] if each != rival]
        here = sum(self._worth(rival, each) for each in others)
        if any(self._clash(self._counts[rival], self._counts[each]) for each in others):
            here = 0
        return max(0, here) - sum(self._worth(rival, each) for each in kept)

    def _sum(self, node: int, cluster: int) -> int:
        """What a node is worth to a cluster; nothing where it may not be."""
        others = self._members[cluster]
        if any(self._clash(self._counts[node], self._counts[each]) for each in others):
            return 0
        return sum(self._worth(node, each) for each in others)

    def _put(self, node: int, cluster: int) -> None:
        """Into another cluster; -1 is one of its own."""
        if cluster < 0:
            cluster, self._next = self._next, self._next + 1
        left, own = self._of[node], self._counts[node]
        self._members[left].remove(node)
        self._held[left] = [all_ - its for all_, its in zip(self._held[left], own, strict=True)]
        if not self._members[left]:
            del self._members[left], self._held[left]
        self._members.setdefault(cluster, []).append(node)
        self._held[cluster] = [
            all_ + its for all_, its in zip(self._held.get(cluster, [0] * len(own)), own, strict=True)
        ]
        self._of[node] = cluster
