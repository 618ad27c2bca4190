"""What the kernels take: rows of one filter, and the plan of which filters meet and what their overlap means."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Rows:
    """One filter of one side: ``words`` (n, w) uint64, C order, and ``counts`` (n,) uint32, the bits set in each."""

    words: NDArray[np.uint64]
    counts: NDArray[np.uint32]

    def slice(self, start: int, stop: int) -> Rows:
        """Rows ``start`` to ``stop``, not copied."""
        return Rows(self.words[start:stop], self.counts[start:stop])

    @property
    def row_bytes(self) -> int:
        """Of one filter."""
        return 8 * int(self.words.shape[1])

    def take(self, rows: NDArray[np.int32]) -> Rows:
        """The listed rows."""
        return Rows(self.words[rows], self.counts[rows])

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True, eq=False)
class Product:
    """One left filter against one right filter, of equal width; they may differ, for exchanged names.

    ``needs`` is (cuts, sums) uint32: the least overlap that reaches each cut, by the sum of both popcounts; it
    falls neither along the cuts nor along the sums. Level 0: a side has no bits; 1: no cut is reached; and one more
    for each cut. A cut on the overlap alone is a constant row.
    """

    left: int
    right: int
    needs: NDArray[np.uint32]

    @property
    def levels(self) -> int:
        """Number of levels, missing included."""
        return len(self.needs) + 2


@dataclass(frozen=True, eq=False)
class Outcome:
    """The levels of one or more products as one: ``table`` has an axis for each of ``products`` and gives the level."""

    products: tuple[int, ...]
    table: Levels

    @property
    def levels(self) -> int:
        """Number of levels."""
        return int(self.table.max()) + 1

    def strides(self) -> tuple[int, ...]:
        """Steps in the flat table from one level of each product to the next."""
        return tuple(math.prod(self.table.shape[axis + 1 :]) for axis in range(self.table.ndim))


@dataclass(frozen=True, eq=False)
class ComparisonPlan:
    """Which filters meet, and the outcomes that their levels are joined to."""

    products: tuple[Product, ...]
    outcomes: tuple[Outcome, ...]

    @classmethod
    def of_products(cls, products: tuple[Product, ...]) -> ComparisonPlan:
        """Every product's level by itself."""
        alone = (np.arange(product.levels, dtype=np.uint8) for product in products)
        return cls(products, tuple(Outcome((index,), table) for index, table in enumerate(alone)))

    def only(self, outcomes: tuple[int, ...]) -> ComparisonPlan:
        """The plan with some of its outcomes, in that order."""
        return ComparisonPlan(self.products, tuple(self.outcomes[index] for index in outcomes))
