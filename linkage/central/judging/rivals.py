"""What rivals show: pairs that would be links if a partner were not there, and so are two people.

A record has one partner. Take the partner of a likely match's row away, and the row would be linked to somebody else,
who is surely not its person; the same of its column; and of any two likely matches, the row of one and the column of
the other might be linked if both partners were gone. Each time all other links stay: what a record finds is what a
record without a partner would find among those who are really there. How likely the links are matches, and so how much
each of these counts, is for `linkage.central.judging.calibrate` to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central.modelling.competition import Floats

Rows = NDArray[np.int32]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Candidates:
    """Pairs of two one-to-one sides by how alike they are.

    row, column     (p,) int32
    value           (p,) float64, higher is more alike: a similarity or a match weight
    order           (p,) places, the best first; equals by row, then column
    """

    row: Rows
    column: Rows
    value: Floats
    n_rows: int
    n_columns: int
    order: Places

    @classmethod
    def of(cls, row: Rows, column: Rows, value: Floats, n_rows: int, n_columns: int) -> Candidates:
        """Sorted once, for all that comes."""
        return cls(row, column, value, n_rows, n_columns, np.lexsort((column, row, -value)))

    def mutual(self, taking_part: NDArray[np.bool_]) -> Places:
        """Places of the pairs that are the best of their row and of their column among those taking part."""
        places = self.order[taking_part[self.order]]
        rank = np.arange(len(places))
        best_of_row, best_of_column = (np.full(n, len(places)) for n in (self.n_rows, self.n_columns))
        # the first of each is the best: written last where the order is turned round
        best_of_row[self.row[places[::-1]]] = rank[::-1]
        best_of_column[self.column[places[::-1]]] = rank[::-1]
        both = (rank == best_of_row[self.row[places]]) & (rank == best_of_column[self.column[places]])
        mutual: Places = places[both]
        return mutual


@dataclass(frozen=True)
class Shown:
    """Pairs that would be links without a partner or two, by value and by the places of those links among all.

    both_value                  (p,) float64: both partners gone
    both_row, both_column       (p,) int64: the row's own link, the column's
    row_value, row              (q,), (q,): the row's partner gone, nobody as strong has the column
    column_value, column        (r,), (r,): the column's partner gone, nobody as strong has the row
    """

    both_value: Floats
    both_row: Places
    both_column: Places
    row_value: Floats
    row: Places
    column_value: Floats
    column: Places


def links_of(pairs: Candidates) -> Places:
    """Places of the one-to-one links, best first: the best pair of all, then the best of what it leaves, and so on."""
    open_ = np.ones(len(pairs.row), dtype=bool)
    free_row, free_column = np.ones(pairs.n_rows, dtype=bool), np.ones(pairs.n_columns, dtype=bool)
    found: list[Places] = [np.empty(0, dtype=np.int64)]
    while open_.any():
        best = pairs.mutual(open_)
        found.append(best)
        free_row[pairs.row[best]] = free_column[pairs.column[best]] = False
        open_ &= free_row[pairs.row] & free_column[pairs.column]
    return np.sort(np.concatenate(found))


def shown(pairs: Candidates, links: Places) -> Shown:
    """What every link would leave to its row and its column if the other were not there.

    The best pair of the row whose column has no stronger link itself, and of the column likewise. Where both partners
    are gone, a pair is a link that is better than what either would be left with.
    """
    n = len(pairs.row)
    rank = np.empty(n, dtype=np.int64)
    rank[pairs.order] = np.arange(n)
    own_row, own_column = (np.full(size, n, dtype=np.int64) for size in (pairs.n_rows, pairs.n_columns))
    own_row[pairs.row[links]] = own_column[pairs.column[links]] = rank[links]
    row_taken, column_taken = rank > own_row[pairs.row], rank > own_column[pairs.column]
    left_row = _best(pairs, rank, pairs.row, row_taken & ~column_taken, pairs.n_rows)
    left_column = _best(pairs, rank, pairs.column, column_taken & ~row_taken, pairs.n_columns)
    both = np.flatnonzero(row_taken & column_taken & (rank < left_row[pairs.row]) & (rank < left_column[pairs.column]))
    link_of = np.full(n, -1, dtype=np.int64)
    link_of[rank[links]] = np.arange(len(links))
    row, column = np.flatnonzero(left_row < n), np.flatnonzero(left_column < n)
    return Shown(
        pairs.value[both],
        link_of[own_row[pairs.row[both]]],
        link_of[own_column[pairs.column[both]]],
        pairs.value[pairs.order[left_row[row]]],
        link_of[own_row[row]],
        pairs.value[pairs.order[left_column[column]]],
        link_of[own_column[column]],
    )


def _best(pairs: Candidates, rank: Places, group: Rows, among: NDArray[np.bool_], n_groups: int) -> Places:
    """The rank of each group's best pair among some, as many as there are pairs where it has none."""
    best = np.full(n_groups, len(rank), dtype=np.int64)
    places = pairs.order[among[pairs.order]][::-1]
    best[group[places]] = rank[places]  # written last: the best
    return best
