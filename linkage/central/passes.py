"""A pass over all pairs of two sides with several filters: tile by tile, on threads or by an executor's workers."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, TypeVar, Unpack

from linkage.central import kernels
from linkage.central.candidates import Grid, Tile, all_levels
from linkage.central.executors import Side, in_turn, require_executor, result_of, side_of
from linkage.central.kernels import Rows
from linkage.central.limits import Limits
from linkage.central.tiles import Arranged, arranged, over_tiles

Result = TypeVar("Result")
Meet = Callable[[tuple[Rows, ...], Arranged], Result]
"""What is done with the rows of a tile and its arranged columns; what is made for workers must survive pickling."""

# tiles that travel as one, and are the same ones: 50 MB of six filters of 1,024 bits, some seconds
_TOGETHER = 8


@dataclass(frozen=True, eq=False)
class Pass:
    """The rows of two sides and the tiles in which they meet; ``spans`` of the right side, arranged, for threads."""

    lefts: tuple[Rows, ...]
    rights: tuple[Rows, ...]
    grid: Grid
    spans: Sequence[Arranged]
    executor: Executor | None
    threads: int | None
    progress: bool | None

    @classmethod
    def of(
        cls,
        lefts: tuple[Rows, ...],
        rights: tuple[Rows, ...],
        *,
        within: bool = False,
        **limits: Unpack[Limits],
    ) -> Pass:
        """Of all rows; the tiles are the same for threads and for executors. ``TypeError`` for what is no executor."""
        grid = all_levels(len(lefts[0]), len(rights[0]), within=within)
        executor, threads = limits["executor"], limits["threads"]
        spans: Sequence[Arranged] = []
        if executor is None:
            spans = arranged(
                grid,
                lambda first, last: kernels.arrange(tuple(rows.slice(first, last) for rows in rights)),
                threads=threads,
                row_bytes=sum(rows.row_bytes for rows in rights),
            )
        else:
            require_executor(executor)
        return cls(lefts, rights, grid, spans, executor, threads, limits["progress"])

    def over(self, prepared: Callable[[Tile], Meet[Result]], label: str) -> Iterator[tuple[Tile, int, Result, float]]:
        """What ``prepared(tile)`` makes of each tile, in order: tile, span, result, share of the pairs seen so far."""
        run = None if self.executor is None else functools.partial(self._run, self.executor, prepared)

        def step(tile: Tile, span: int) -> tuple[int, Result]:
            return span, self.once(prepared, tile, span)

        for tile, (span, result), share in over_tiles(
            step, self.grid, threads=self.threads, progress=self.progress, label=label, run=run
        ):
            yield tile, span, result, share

    def once(self, prepared: Callable[[Tile], Meet[Result]], tile: Tile, span: int) -> Result:
        """The same of one tile, waited for."""
        if self.executor is not None:
            [(_, found)] = self._run(self.executor, prepared, [(tile, span)])
            return found
        return prepared(tile)(tuple(rows.slice(tile.top, tile.bottom) for rows in self.lefts), self.spans[span])

    def _run(
        self, executor: Executor, prepared: Callable[[Tile], Meet[Result]], tiles: Iterable[tuple[Tile, int]]
    ) -> Iterator[tuple[int, Result]]:
        def submitted(some: Sequence[tuple[Tile, int]]) -> Future[Any]:
            top, bottom, first, _ = some[0][0]
            sides = _sides(self.lefts, top, bottom), _sides(self.rights, first, some[-1][0].last)
            each = [(prepared(tile), tile.first - first, tile.last - first) for tile, _ in some]
            return executor.submit(met, sides[0], sides[1], each)

        for some, future in in_turn(executor, _together(tiles), submitted):
            for (_, span), found in zip(some, result_of(future), strict=True):
                yield span, found


def met(left: tuple[Side, ...], right: tuple[Side, ...], each: Sequence[tuple[Meet[Result], int, int]]) -> list[Result]:
    """What a worker does: some rows with one span after the other, each ``(meet, first, last)`` of the columns."""
    rows, columns = tuple(Rows(*side) for side in left), tuple(Rows(*side) for side in right)
    return [
        meet(rows, kernels.arrange(tuple(side.slice(first, last) for side in columns))) for meet, first, last in each
    ]


def _sides(rows: tuple[Rows, ...], start: int, stop: int) -> tuple[Side, ...]:
    return tuple(side_of(each.slice(start, stop)) for each in rows)


def _together(tiles: Iterable[tuple[Tile, int]]) -> Iterator[list[tuple[Tile, int]]]:
    """Tiles of one chunk that follow one another, some at a time."""
    for _, chunk in itertools.groupby(tiles, key=lambda item: item[0].top):
        rest = list(chunk)
        for start in range(0, len(rest), _TOGETHER):
            yield rest[start : start + _TOGETHER]
