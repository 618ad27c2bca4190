"""What is known of the sources that meet: which set comes first, and whether a record has at most one partner."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from linkage.encoded import EncodedSet
from linkage.errors import nearest


def one_partner(first: EncodedSet, second: EncodedSet, duplicates: Collection[str]) -> tuple[bool, bool]:
    """Whether a record of the first, of the second set has at most one partner: the other one holds no duplicates.

    Raises ``ValueError`` for a name in ``duplicates`` that is not a source.
    """
    require_sources((first.source, second.source), duplicates)
    return second.source not in duplicates, first.source not in duplicates


def require_sources(sources: Sequence[str], duplicates: Collection[str]) -> None:
    """Refuse with ``ValueError`` a name in ``duplicates`` that is not a source."""
    for name in duplicates:
        if name not in sources:
            raise ValueError(f"duplicates: '{name}' is not a source; {nearest(name, sources)}")


def in_canonical_order(left: EncodedSet, right: EncodedSet) -> tuple[EncodedSet, EncodedSet]:
    """The two sets in an order that does not depend on the caller's."""
    first, second = all_in_canonical_order(left, right)
    return first, second


def all_in_canonical_order(*sets: EncodedSet) -> tuple[EncodedSet, ...]:
    """The sets in an order that does not depend on the caller's."""
    return tuple(sorted(sets, key=lambda each: (each.source, each.digest())))
