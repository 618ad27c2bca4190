"""The comparison plan: which filters meet, and how the overlap of two becomes a level of agreement.

Level 0 is missing on either side, 1 the least agreement, the last one equal filters. The cuts lie on the
Dice similarity of two filters and are exact ratios.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from linkage.central.kernels import ComparisonPlan, Product, Rows
from linkage.central.thresholds import least_overlap
from linkage.encoded import EncodedSet
from linkage.schema import Schema

# judgement: two unrelated names lie near 0.25, one slipped letter in six near 0.75
_CUTS = tuple(Fraction(cut) for cut in ("2/5", "1/2", "3/5", "7/10", "4/5", "9/10", "1"))
_CUTS_OF_CODES = (Fraction(1),)  # one token: equal or not


@dataclass(frozen=True)
class Comparison:
    """One filter against itself on the other side: ``cuts`` part its levels 1, 2, ... from one another."""

    name: str
    bits: int
    cuts: tuple[Fraction, ...]

    @property
    def levels(self) -> int:
        """Number of levels, missing included."""
        return len(self.cuts) + 2

    def labels(self) -> list[str]:
        """What each level means.

        >>> Comparison("sex", 64, (Fraction(1),)).labels()
        ['missing', 'differs', 'equal']
        """
        steps = [f"{float(cut):.2g} or more" for cut in self.cuts[:-1]]
        return ["missing", "differs", *steps, "equal"]

    def needs(self) -> NDArray[np.uint32]:
        """(cuts, 2 * bits + 1): the least overlap that reaches each cut, by the sum of two popcounts."""
        return np.stack([least_overlap(cut, n_bits=self.bits) for cut in self.cuts])


def comparisons(schema: Schema) -> tuple[Comparison, ...]:
    """One comparison per filter."""
    kinds = {field.name: field.tokens for field in schema.fields}
    return tuple(
        Comparison(filter.name, filter.bits, _CUTS_OF_CODES if kinds.get(filter.name) == "exact" else _CUTS)
        for filter in schema.filters
    )


def kernel_plan(plan: tuple[Comparison, ...]) -> ComparisonPlan:
    """The comparisons as the kernels take them: each filter with itself, each level an outcome."""
    return ComparisonPlan.of_products(
        tuple(Product(index, index, comparison.needs()) for index, comparison in enumerate(plan))
    )


def sides(records: EncodedSet, plan: tuple[Comparison, ...]) -> tuple[Rows, ...]:
    """The rows of each comparison on one side."""
    return tuple(Rows(records.filters[item.name], records.popcounts[item.name]) for item in plan)
