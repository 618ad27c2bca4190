"""How many positions each token of a value sets in a filter of the whole record.

A record's fields share one filter, and what two records have in common is counted over all of it. With so many
positions for every token a long address outvotes a name, and the longer it is the more. So each field has positions
(`Field.positions`), and a value shares them out among its tokens, however many these are.
"""

from __future__ import annotations

import itertools
import math

from linkage.field import Field
from linkage.fieldtypes import FIELD_TYPES

_VOTES_OF_ONE = 4  # fine enough for roots
MOST = 256
"""Positions that a token may set, which are 16 digests."""


def shared_out(positions: int, n_tokens: int) -> list[int]:
    """How many positions the first, second, ... of a value's tokens sets: as even as can be, ``positions`` together.

    >>> shared_out(10, 4)
    [2, 3, 2, 3]
    """
    ends = [place * positions // n_tokens for place in range(n_tokens + 1)]
    return [after - before for before, after in itertools.pairwise(ends)]


def votes_of_a_token(positions: int, n_tokens: int) -> int:
    """How often each of a value's tokens votes under SAUL: four times the root of its share, rounded, at least once.

    A bit is a majority, so what two records have in common counts by the square of the votes.

    >>> [votes_of_a_token(76, n) for n in (3, 7, 20)]
    [20, 13, 8]
    """
    return max(1, (math.isqrt(_VOTES_OF_ONE**2 * 4 * positions // n_tokens) + 1) // 2)


def most_of_a_token(field: Field) -> int:
    """The most positions that a token of the field sets: where a value has few tokens, twice what is usual.

    A name of two letters then sets fewer positions than others, and no token of it more than one of any length.
    """
    if not field.positions:
        return field.hashes
    return min(MOST, field.positions if field.tokens == "exact" else -(-2 * field.positions // usual_tokens(field)))


def usual_tokens(field: Field) -> int:
    """Of a typical value."""
    return 1 if field.tokens == "exact" else FIELD_TYPES[field.type].mean_tokens


def usual_of_a_token(field: Field, *, saul: bool = False) -> float:
    """Positions of a token of a typical value; under SAUL the square of its votes, up to a factor of all fields."""
    if field.positions:
        return field.positions / usual_tokens(field)
    return float(field.hashes**2 if saul else field.hashes)
