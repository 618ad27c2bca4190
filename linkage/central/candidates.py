"""Which rows meet: all pairs, cut into tiles that one step compares at a time.

The right side is cut into spans of rows that follow one another, and each is arranged for the kernels once; the left
side into chunks. A chunk meets a span in a tile. Within one set a chunk meets the spans from its own rows on.
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
# within one set the span that a chunk lies in is met whole: half of it for nothing, so spans are narrower
_SPANS_WITHIN = 8


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
        """The tiles of a chunk, each with the number of its span."""
        for span, (first, last) in enumerate(self.spans()):
            if not self.within or last > chunk[0] + 1:
                yield span, Tile(*chunk, first, last)


def all_pairs(n_left: int, n_right: int, *, within: bool = False, threads: int = 1) -> Grid:
    """Every pair once; with ``within``, those on and below the diagonal are for the kernels to leave out."""
    rows = min(_ROWS, max(_FEWEST_ROWS, -(-n_left // (4 * threads))))
    columns = min(_WIDEST_SPAN, max(_BLOCK, _PAIRS[kernels.is_compiled()] // rows))
    if within:
        columns = min(columns, max(_BLOCK, n_right // _SPANS_WITHIN))
    return Grid(n_left, n_right, within, rows, -(-columns // _BLOCK) * _BLOCK)
