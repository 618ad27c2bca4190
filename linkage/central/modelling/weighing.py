"""Listed pairs weighed by a model: which of them are contenders. On this machine and on a cluster's workers alike."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.candidates import Tile
from linkage.central.contenders import LINK_FLOOR_BITS, UNIT, highest_floor, prior_bits
from linkage.central.kernels import ComparisonPlan, Rows
from linkage.central.modelling.levels import kernel_plan, sides
from linkage.central.modelling.rarity import Bonus, bonuses, of_pairs
from linkage.central.modelling.scoring import upper_weights
from linkage.central.tiles import Found

if TYPE_CHECKING:
    from linkage.central.modelling.model import Model
    from linkage.encoded import EncodedSet

Places = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Weights:
    """What levels are worth, in 1/1024 bit, and from which sum on a pair is a contender; ``highest``: of that sum."""

    plan: ComparisonPlan
    weights: tuple[NDArray[np.int32], ...]
    floor: int
    highest: int

    @classmethod
    def of(cls, model: Model, n_rows: int, n_columns: int) -> Weights:
        """A model's, in sets of these sizes."""
        prior = prior_bits(0.5 * min(n_rows, n_columns), n_rows, n_columns)
        floor = math.ceil((LINK_FLOOR_BITS - prior) * UNIT)
        return cls(kernel_plan(model.plan), upper_weights(model), floor, highest_floor(prior))

    def found(
        self,
        lefts: tuple[Rows, ...],
        rights: tuple[Rows, ...],
        bonus: tuple[Bonus, ...],
        row: Places,
        column: Places,
    ) -> tuple[Places, Places, NDArray[np.int32], NDArray[np.uint8]]:
        """Of listed pairs the contenders: rows, columns, weights (p,) and levels (p, comparisons)."""
        levels = kernels.pair_levels(lefts, rights, row, column, self.plan)
        weight = of_pairs(bonus, row, levels, self.plan)
        for index, own in enumerate(self.weights):
            weight += own[levels[:, index]]
        kept = weight >= self.floor
        return row[kept], column[kept], weight[kept].astype(np.int32), levels[kept]


@dataclass(frozen=True, eq=False)
class Weighing:
    """The rows of two sides with what they are weighed by; ``bonus`` by left row, of the values of both whole sets."""

    lefts: tuple[Rows, ...]
    rights: tuple[Rows, ...]
    bonus: tuple[Bonus, ...]
    by: Weights

    @classmethod
    def of(cls, model: Model, first: EncodedSet, second: EncodedSet) -> Weighing:
        """All rows."""
        lefts, rights = sides(first, model.plan), sides(second, model.plan)
        return cls(lefts, rights, bonuses(lefts, rights), Weights.of(model, len(first), len(second)))

    def part(self, tile: Tile) -> Weighing:
        """Some rows of either side, which are numbered from 0."""
        return replace(
            self,
            lefts=tuple(rows.slice(tile.top, tile.bottom) for rows in self.lefts),
            rights=tuple(rows.slice(tile.first, tile.last) for rows in self.rights),
            bonus=tuple(worth[tile.top : tile.bottom] for worth in self.bonus),
        )

    def found(self, row: Places, column: Places) -> Found:
        """Of listed pairs the contenders: rows, columns and weights."""
        return self.by.found(self.lefts, self.rights, self.bonus, row, column)[:3]
