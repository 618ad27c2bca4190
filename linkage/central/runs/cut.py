"""How two sides are cut for a run: what meets at a time fits into memory, and is done in some minutes.

A tile is some rows of either side. Every pair lies in one tile, whichever ways its records meet, so what a tile finds
is whole: no pair has to be looked for in another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from linkage.central.candidates import Tile
from linkage.encoded import EncodedSet

_A_ROW = 96  # of keys, sorted, and what is known of a row beside its filters
_FEWEST, _MOST = 1_024, 1 << 21
_PAIRS = 1 << 35  # where all are compared: some minutes on two cores


def cut_for(sets: Sequence[EncodedSet], *, all_pairs: bool, memory: int) -> dict[str, int]:
    """Rows of a tile on either side: of both sides they take half of ``memory``."""
    filters = sum(8 * filter.words for filter in sets[0].schema.filters)
    rows = memory // (4 * (filters + _A_ROW))
    if all_pairs:
        rows = min(rows, math.isqrt(_PAIRS))
    return {"rows": max(_FEWEST, min(rows, _MOST))}


def is_cut(cut: object) -> bool:
    """Whether it is one that `cut_for` gives; a row at a time would take for ever."""
    rows = cut.get("rows") if isinstance(cut, dict) and len(cut) == 1 else None
    return type(rows) is int and _FEWEST <= rows <= _MOST


def tiles_of(n_left: int, n_right: int, cut: Mapping[str, int], *, within: bool) -> list[Tile]:
    """All tiles, row by row; within one set those on the diagonal and above it, whose rows are below its columns.

    >>> [tuple(tile) for tile in tiles_of(3, 3, {"rows": 2}, within=True)]
    [(0, 2, 0, 2), (0, 2, 2, 3), (2, 3, 2, 3)]
    """
    rows = cut["rows"]
    return [
        Tile(top, min(top + rows, n_left), first, min(first + rows, n_right))
        for top in range(0, n_left, rows)
        for first in range(top if within else 0, n_right, rows)
    ]


def on_diagonal(tile: Tile, *, within: bool) -> bool:
    """Whether its rows are its columns, so that each pair would be met twice."""
    return within and tile.top == tile.first
