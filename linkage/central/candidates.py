"""Which rows meet: all pairs, cut into tiles that one step compares at a time.

The right side is cut into spans of rows that follow one another, and each is arranged for the kernels once; the left
side into chunks. A chunk meets a span in a tile. Within one set chunks are spans, and each meets itself and those
after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from linkage.central import kernels

# rows of a chunk: enough to be worth arranging a span, few enough to show progress and bound what a tile can give
_ROWS = 2_048
_FEWEST_ROWS = 256
_BLOCK = 512
_WIDEST_SPAN = 65_536
# pairs of a tile, so that one takes some hundredths of a second and Ctrl-C never waits long
_PAIRS = {True: 1 << 27, False: 1 << 23}
# within one set chunks and spans are the same rows: square tiles, those on the diagonal met by half
_SQUARES, _SMALLEST_SQUARE, _LARGEST_SQUARE = 4, 2_048, 16_384
# of passes over several filters: the same for every kernel and thread count, as what is kept depends on the order. Rows
# with equal values share what is found for one, so more rows are quicker, as long as there are tiles for every thread
_LEVEL_ROWS, _FEWEST_LEVEL_ROWS, _LEVEL_COLUMNS = 4_096, 1_024, 8_192


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


@dataclass(frozen=True)
class Grid:
    """All pairs of two sides (or ``within`` one) as chunks of ``rows`` and spans of ``columns``."""

    n_left: int
    n_right: int
    within: bool
    rows: int
    columns: int

    def spans(self) -> list[tuple[int, int]]:
        """First and last row (excluded) of each span."""
        return [(first, min(first + self.columns, self.n_right)) for first in range(0, self.n_right, self.columns)]

    def chunks(self) -> list[tuple[int, int]]:
        """First and last row (excluded) of each chunk."""
        return [(top, min(top + self.rows, self.n_left)) for top in range(0, self.n_left, self.rows)]

    def tiles(self, chunk: tuple[int, int]) -> Iterator[tuple[int, Tile]]:
        """The tiles of a chunk, each with the number of its span; within one set from its own on."""
        for span, (first, last) in enumerate(self.spans()):
            if not self.within or last > chunk[0]:
                yield span, Tile(*chunk, first, last)


def all_pairs(n_left: int, n_right: int, *, within: bool = False, threads: int = 1) -> Grid:
    """Every pair once; with ``within``, tiles on the diagonal are for the kernels to meet by half."""
    if within:
        side = min(_LARGEST_SQUARE, max(_SMALLEST_SQUARE, n_left // _SQUARES // _BLOCK * _BLOCK))
        return Grid(n_left, n_left, within, side, side)
    rows = min(_ROWS, max(_FEWEST_ROWS, -(-n_left // (8 * threads))))
    columns = min(_WIDEST_SPAN, max(_BLOCK, _PAIRS[kernels.is_compiled()] // rows))
    return Grid(n_left, n_right, within, rows, -(-columns // _BLOCK) * _BLOCK)


def all_levels(n_left: int, n_right: int, *, within: bool = False) -> Grid:
    """Every pair once, for passes over several filters; within one set the kernels leave out what `diagonal` says."""
    rows = min(_LEVEL_ROWS, max(_FEWEST_LEVEL_ROWS, n_left // 8 // _BLOCK * _BLOCK))
    return Grid(n_left, n_right, within=within, rows=rows, columns=_LEVEL_COLUMNS)


def diagonal(tile: Tile, *, within: bool) -> int | None:
    """What keeps a tile to pairs of row below column: the kernels' ``diagonal``, None if all its pairs are such."""
    return tile.top - tile.first if within and tile.first < tile.bottom else None
