"""Who moved: a match whose fields of the home all differ, for one reason.

A family that moves changes address and postcode at once. Field by field that would count against the match once for
each, as if they were slips independent of one another, and children who moved would be most of what is missed. So a
match has either stayed, and its home agrees as m says, or moved, and it agrees no more than the homes of two strangers:
a mixture of two latent classes (McLachlan and Peel 2000, ch. 2) over those fields alone, its one further parameter the
share of matches who moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from linkage.central.modelling.levels import Comparison
from linkage.schema import Schema

Floats = NDArray[np.float64]

_OF_A_HOME = ("postcode", "text")


def homes(schema: Schema, plan: Sequence[Comparison]) -> tuple[int, ...]:
    """The comparisons that say where someone lives; none if it is one alone, whose m holds those who moved."""
    types = {field.name: field.type for field in schema.fields}
    found = tuple(index for index, item in enumerate(plan) if types.get(item.name) in _OF_A_HOME)
    return found if len(found) > 1 else ()


def of_strangers(m: Floats, u: Floats) -> Floats:
    """The levels of one field among matches who moved: missing as often as with other matches, else as by chance."""
    present = 1 - m[:1]
    return np.concatenate([m[:1], u[1:] / u[1:].sum() * present])


def upper_bounds(m: Sequence[Floats], u: Sequence[Floats], places: Sequence[int]) -> Iterator[tuple[int, Floats]]:
    """Of each field of the home log(v / u) by level, v as if they moved: with the greater of m and v, sums are bounds.

    The mixture of the two classes is at most the greater of them, and a sum of greater ones at most the sum of each.
    """
    for index in places:
        yield index, np.log(of_strangers(m[index], u[index]) / u[index])


def evidence(
    levels: NDArray[np.uint8], m: Sequence[Floats], u: Sequence[Floats], places: Sequence[int], moved: float
) -> tuple[Floats, Floats]:
    """Of each pair log of the likelihood ratio of its home, and the chance that, if it is a match, they moved."""
    stayed = np.full(len(levels), np.log1p(-moved))
    gone = np.full(len(levels), np.log(moved) if moved else -np.inf)
    for index in places:
        stayed += np.log(m[index] / u[index])[levels[:, index]]
        gone += np.log(of_strangers(m[index], u[index]) / u[index])[levels[:, index]]
    together = np.logaddexp(stayed, gone)
    return together, np.exp(gone - together)
