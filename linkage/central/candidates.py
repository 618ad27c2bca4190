"""Which rows meet: all pairs, cut into tiles that one step compares at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

# rows x columns of a tile: large enough to be worth a thread's while, small enough to bound what one can give
_TILE_ROWS = 512
_TILE_COLUMNS = 8_192


class Tile(NamedTuple):
    """Left rows ``top`` to ``bottom`` meet right rows ``first`` to ``last`` (ends excluded)."""

    top: int
    bottom: int
    first: int
    last: int

    @property
    def pairs(self) -> int:
        """Pairs in the tile."""
        return (self.bottom - self.top) * (self.last - self.first)


def all_pairs(n_left: int, n_right: int, *, within: bool = False) -> Iterator[Tile]:
    """Tiles that cover every pair once, by left row, then right row.

    ``within``: one set against itself. Tiles wholly below the diagonal are left out; the pairs on and below it in
    the others are for the caller to drop.
    """
    for top in range(0, n_left, _TILE_ROWS):
        bottom = min(top + _TILE_ROWS, n_left)
        for first in range(0, n_right, _TILE_COLUMNS):
            last = min(first + _TILE_COLUMNS, n_right)
            if not within or last > top + 1:
                yield Tile(top, bottom, first, last)


def count_tiles(n_left: int, n_right: int) -> int:
    """Tiles of `all_pairs`, at most."""
    return -(-n_left // _TILE_ROWS) * -(-n_right // _TILE_COLUMNS)
