"""What rivals show: pairs that are surely no match, because a partner has one or both of their records.

A record has one partner. Of the pairs that would be links if no likely match were there (each the best of its row and
of its column among all that are no likely match), some have a record that a stronger, likely match takes: those are
two people, and nobody had to look. They are counted by which of their records is taken: the row's, the column's, both.
From these three counts follows the fourth that can't be seen, how many are two people although neither is taken
(`linkage.central.judging.calibrate`).
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
    """Pairs that are the best of row and column where no likely match is: by value, and how far each is taken.

    value           (p,) float64
    row, column     (p,) in [0, 1]: how surely a stronger match has the row's record, the column's
    free            (p,) bool: links, which no stronger link takes part in
    place           (p,) int64, of the pair among the candidates
    """

    value: Floats
    row: Floats
    column: Floats
    free: NDArray[np.bool_]
    place: Places


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


def shown(pairs: Candidates, links: Places, probability: Floats) -> Shown:
    """What the likely matches among the links show of the other pairs; ``probability`` is of each link."""
    likely = np.zeros(len(pairs.row), dtype=bool)
    likely[links[probability > 0.5]] = True
    others = pairs.mutual(~likely)
    place = np.union1d(others, np.flatnonzero(likely))
    linked = np.zeros(len(pairs.row), dtype=bool)
    linked[links] = True
    row = _taken(pairs, pairs.row, pairs.n_rows, links, probability, place)
    column = _taken(pairs, pairs.column, pairs.n_columns, links, probability, place)
    return Shown(pairs.value[place], row, column, linked[place], place)


def _taken(pairs: Candidates, group: Rows, n_groups: int, links: Places, probability: Floats, place: Places) -> Floats:
    """How surely the record of each pair is taken by a link at least as strong."""
    strength, surely = np.full(n_groups, -np.inf), np.zeros(n_groups)
    strength[group[links]], surely[group[links]] = pairs.value[links], probability
    own = np.full(n_groups, -1, dtype=np.int64)
    own[group[links]] = links
    by_another = (own[group[place]] != place) & (strength[group[place]] >= pairs.value[place])
    return np.where(by_another, surely[group[place]], 0.0)
