"""The comparison plan: which filters meet, and how the overlap of two becomes a level of agreement.

Level 0 is missing on either side, 1 the least agreement, the last one equal filters. The cuts lie on the
Dice similarity of two filters and are exact ratios. Two names of one key group also meet crosswise: where each is
like the other's and neither like its own, they were exchanged. That is level 2 of the first of the two, which carries
the evidence; the second then counts as missing, or one slip would be counted twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from linkage.central.kernels import ComparisonPlan, Levels, Outcome, Product, Rows
from linkage.central.thresholds import least_overlap
from linkage.encoded import EncodedSet
from linkage.field import Field
from linkage.schema import Schema

# judgement: two unrelated names lie near 0.25, one slipped letter in six near 0.75
_CUTS = tuple(Fraction(cut) for cut in ("2/5", "1/2", "3/5", "7/10", "4/5", "9/10", "1"))
_CUTS_OF_CODES = (Fraction(1),)  # one token: equal or not
# both names crosswise: strangers reach it in 1 to 6 of a million pairs (invented people, Febrl 4, pseudopeople), and of
# exchanged names many are misspelt too
_CROSSED = Fraction(3, 5)
_OWN_BELOW = Fraction(7, 10)
# a table has an axis for each name it could be exchanged with, and their levels multiply
_MOST_NAMES = 3


@dataclass(frozen=True)
class Comparison:
    """One filter against itself on the other side: ``cuts`` part its levels 1, 2, ... from one another.

    ``partners`` are the filters it may be exchanged with, earlier and later ones; an exchange is a level of the
    earlier of the two.
    """

    name: str
    bits: int
    cuts: tuple[Fraction, ...]
    partners: tuple[str, ...] = ()
    exchanges: bool = False

    @property
    def levels(self) -> int:
        """Number of levels, missing included."""
        return len(self.cuts) + 2 + self.exchanges

    def labels(self) -> list[str]:
        """What each level means.

        >>> Comparison("sex", 64, (Fraction(1),)).labels()
        ['missing', 'differs', 'equal']
        """
        steps = [f"{float(cut):.2g} or more" for cut in self.cuts[:-1]]
        return ["missing", "differs", *(["exchanged"] if self.exchanges else []), *steps, "equal"]

    def needs(self) -> NDArray[np.uint32]:
        """(cuts, 2 * bits + 1): the least overlap that reaches each cut, by the sum of two popcounts."""
        return np.stack([least_overlap(cut, n_bits=self.bits) for cut in self.cuts])


def comparisons(schema: Schema) -> tuple[Comparison, ...]:
    """One comparison per filter, names of one key group with those they may be exchanged with."""
    fields = {field.name: field for field in schema.fields}
    names = [filter.name for filter in schema.filters]
    made = []
    for filter in schema.filters:
        field = fields.get(filter.name)
        cuts = _CUTS_OF_CODES if field is not None and field.tokens == "exact" else _CUTS
        partners = _partners(field, schema) if field is not None else ()
        later = any(names.index(partner) > names.index(filter.name) for partner in partners)
        made.append(Comparison(filter.name, filter.bits, cuts, partners, exchanges=later))
    return tuple(made)


def _partners(field: Field, schema: Schema) -> tuple[str, ...]:
    """The names that set the same bits for the same tokens, and so can be seen in one another's place."""
    if field.type != "name" or field.tokens == "exact":
        return ()
    alike = [other.name for other in schema.fields if _same_bits(field, other)][:_MOST_NAMES]
    return tuple(name for name in alike if name != field.name) if field.name in alike else ()


def _same_bits(field: Field, other: Field) -> bool:
    ways = ((each.type, each.key_group, each.tokens, each.q, each.bits, each.hashes) for each in (field, other))
    return len(set(ways)) == 1


@lru_cache(maxsize=8)
def kernel_plan(plan: tuple[Comparison, ...]) -> ComparisonPlan:
    """The comparisons as the kernels take them: each filter with itself, then names crosswise."""
    place = {item.name: index for index, item in enumerate(plan)}
    products = [Product(index, index, item.needs()) for index, item in enumerate(plan)]
    crossed: dict[tuple[int, int], int] = {}
    for left, item in enumerate(plan):
        for partner in item.partners:
            crossed[left, place[partner]] = len(products)
            products.append(Product(left, place[partner], np.atleast_2d(least_overlap(_CROSSED, n_bits=item.bits))))
    return ComparisonPlan(tuple(products), tuple(_outcome(index, plan, place, crossed) for index in range(len(plan))))


def _outcome(
    index: int, plan: tuple[Comparison, ...], place: dict[str, int], crossed: dict[tuple[int, int], int]
) -> Outcome:
    """The level of one comparison: its own, unless crosswise agreement says that the names were exchanged."""
    item = plan[index]
    own = np.arange(len(item.cuts) + 2, dtype=np.uint8)
    if item.exchanges:
        own[2:] += 1
    products, table = [index], own
    for partner in item.partners:
        other = place[partner]
        products += [other, crossed[index, other], crossed[other, index]]
        table = _with_exchange(table, item, plan[other], to=2 if other > index else 0)
    return Outcome(tuple(products), np.ascontiguousarray(table))


def _with_exchange(table: Levels, item: Comparison, other: Comparison, *, to: int) -> Levels:
    """Three axes more: the other name's own level, and the two crosswise ones."""
    shape = (*table.shape, len(other.cuts) + 2, 3, 3)
    wider = np.broadcast_to(table[..., None, None, None], shape).copy()
    alone, other_alone = _first_level_of(item, _OWN_BELOW), _first_level_of(other, _OWN_BELOW)
    # a name exchanged with an earlier one has no evidence of its own, whatever a later one says
    wider[:alone, ..., :other_alone, 2, 2] = np.where(table[:alone, ..., None] == 0, 0, to)
    return wider


def _first_level_of(item: Comparison, cut: Fraction) -> int:
    """The first level of the product of a filter with itself that lies at or above a cut."""
    return 2 + sum(each < cut for each in item.cuts)


def sides(records: EncodedSet, plan: tuple[Comparison, ...]) -> tuple[Rows, ...]:
    """The rows of each comparison on one side."""
    return tuple(Rows(records.filters[item.name], records.popcounts[item.name]) for item in plan)
