"""Keys of records, table by table: two records are candidates if any table gives both the same key.

Blocks and LSH come down to this, and so does their union; whoever finds equal keys (`meeting` here, elsewhere a
cluster) need not know which it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from linkage.central.blocking.exactsample import ExactSample
from linkage.central.blocking.lsh import LSHTables
from linkage.central.blocking.meeting import counted, met_by_keys
from linkage.central.blocking.ways import Blocks, Candidates, ways_of
from linkage.central.candidates import Tile
from linkage.central.job import prepared
from linkage.central.thresholds import Measure, Ratio, exact_ratio
from linkage.encoded import EncodedSet
from linkage.errors import LimitError

Keys = NDArray[np.uint64]


class Keyed(Protocol):
    """``tables`` of them, named; ``keys(table)`` are (n,) uint64 of either side, 0 where a record meets nobody.

    Within one set both are the same array.
    """

    @property
    def tables(self) -> int:
        """How many."""

    def name(self, table: int) -> str:
        """For messages."""

    def keys(self, table: int) -> tuple[Keys, Keys]:
        """Of left and right records."""

    def met(self, row: NDArray[np.int32], column: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which listed pairs have a key in common; of no others are keys made."""

    def part(self, tile: Tile) -> Keyed:
        """The same tables of some of the rows of either side; within one set, of rows that follow one another."""


@dataclass(frozen=True, eq=False)
class BlockTables:
    """A table for each rule."""

    left: EncodedSet
    right: EncodedSet
    rules: tuple[str, ...]
    tile: Tile | None = None

    @property
    def tables(self) -> int:
        """How many rules."""
        return len(self.rules)

    def name(self, table: int) -> str:
        """The rule."""
        return f"block '{self.rules[table]}'"

    def keys(self, table: int) -> tuple[Keys, Keys]:
        """As the agencies made them."""
        left, right = (side.blocks[self.rules[table]] for side in (self.left, self.right))
        if self.tile is None:
            return left, right
        return left[self.tile.top : self.tile.bottom], right[self.tile.first : self.tile.last]

    def met(self, row: NDArray[np.int32], column: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Rule by rule."""
        return met_by_keys(self, row, column)

    def part(self, tile: Tile) -> BlockTables:
        """Of some rows."""
        return replace(self, tile=tile)


@dataclass(frozen=True, eq=False)
class Together:
    """The tables of several ways, one way after another."""

    parts: Sequence[Keyed]

    @property
    def tables(self) -> int:
        """Of all."""
        return sum(part.tables for part in self.parts)

    def name(self, table: int) -> str:
        """As its way calls it."""
        part, own = self._at(table)
        return part.name(own)

    def keys(self, table: int) -> tuple[Keys, Keys]:
        """As its way makes them."""
        part, own = self._at(table)
        return part.keys(own)

    def met(self, row: NDArray[np.int32], column: NDArray[np.int32]) -> NDArray[np.bool_]:
        """By any way."""
        met = np.zeros(len(row), dtype=np.bool_)
        for part in self.parts:
            met |= part.met(row, column)
        return met

    def part(self, tile: Tile) -> Together:
        """Of some rows."""
        return Together([part.part(tile) for part in self.parts])

    def _at(self, table: int) -> tuple[Keyed, int]:
        for part in self.parts:
            if table < part.tables:
                return part, table
            table -= part.tables
        raise IndexError(table)


def keyed(
    candidates: Candidates,
    left: EncodedSet,
    right: EncodedSet | None,
    *,
    threshold: Ratio | None,
    measure: Measure | None = None,
    filters: str | Sequence[str] | None = None,
    sample: ExactSample | None = None,
    refuse: bool = True,
    threads: int | None,
) -> Keyed:
    """The tables of two comparable sets, or of one with itself.

    ``threshold``, ``measure``, ``filters`` and ``sample`` are those of `compare`; in linking LSH has its own.

    Raises ``ValueError`` for ways that these sets don't have, and `LimitError` for more candidates than a way allows,
    unless it shall not ``refuse``.
    """
    parts: list[Keyed] = []
    for way in ways_of(candidates):
        if isinstance(way, Blocks):
            own = BlockTables(left, left if right is None else right, way.of(left.schema))
            if refuse:
                require_room(own, way.most, within=right is None)
            parts.append(own)
            continue
        least = way.threshold if threshold is None else threshold
        if least is None:
            raise ValueError(
                "candidates: LSH needs the similarity from which records shall meet, such as LSH(threshold=0.7)"
            )
        names = filters if filters is not None else way.filters or tuple(each.name for each in left.schema.filters)
        job = prepared(left, right, threshold=least, measure=measure, filters=names, threads=threads, spans=False)
        hashed = LSHTables.of(job, exact_ratio(least, name="threshold"), way, sample, threads=threads)
        if refuse:
            require_room_in_tables(hashed, way.most)
        parts.append(hashed)
    return parts[0] if len(parts) == 1 else Together(parts)


def require_room(blocks: BlockTables, most: int, *, within: bool) -> None:
    """`LimitError` if the blocks give more candidates than allowed, before one is scored."""
    counts = [counted(*blocks.keys(table), within=within) for table in range(blocks.tables)]
    total = sum(each.pairs for each in counts)
    if total > most:
        worst = max(range(len(counts)), key=lambda table: counts[table].pairs)
        raise LimitError(
            f"about {total:,} candidates, allowed are {most:,}: {counts[worst].pairs:,} of them by "
            f"{blocks.name(worst)}, whose largest block gives {counts[worst].largest:,}. Leave that rule out "
            "(Blocks(rules=...)), agree on a finer one, or allow more: Blocks(most=...)",
            needed=total,
            allowed=most,
        )


def require_room_in_tables(tables: LSHTables, most: int) -> None:
    """`LimitError` if a sample says that hashing gives more candidates than allowed, before one is scored."""
    total = tables.chosen.candidates
    if total > most:
        raise LimitError(
            f"about {total:,} candidates by {tables.tables:,} tables of LSH, allowed are {most:,}: too many records "
            "are alike. Raise the threshold, ask for less recall, use Blocks(), or allow more: LSH(most=...)",
            needed=total,
            allowed=most,
        )


def expected_to_meet(tables: Keyed, sample: ExactSample) -> float:
    """How many of a sample's pairs meet: by LSH as it was chosen, by several ways at least as many as by the best."""
    if isinstance(tables, Together):
        return max(expected_to_meet(part, sample) for part in tables.parts)
    if isinstance(tables, LSHTables):
        return tables.chosen.expected_recall * len(sample)
    return float(tables.met(sample.row, sample.column).sum())
