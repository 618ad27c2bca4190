"""Tiles on threads: what every pass over all pairs has in common, and pairs that come out in parts of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from linkage.central.candidates import Grid, Tile
from linkage.parallel import in_order, thread_count
from linkage.progress import shown

Result = TypeVar("Result")
Arranged = Any
# row, column, and what was found of the pair: int32, int32, and 32 bits more
Found = tuple[NDArray[Any], ...]

# as found, joined, sorted, and made into results: measured at 58
BYTES_PER_PAIR = 60
_FEWEST_PAIRS = 4_096
# bytes of the right side, for the kernels: of a larger one each span is arranged whenever it is met
_MOST_ARRANGED = 1 << 30


def arranged(
    grid: Grid, arrange: Callable[[int, int], Arranged], *, threads: int | None, row_bytes: int
) -> Sequence[Arranged]:
    """``arrange(first, last)`` of each span: made once, or where all would take too much, each time it is met."""
    if grid.n_right * row_bytes > _MOST_ARRANGED:
        return _Spans(grid.spans(), arrange)
    return list(in_order(lambda span: arrange(*span), grid.spans(), threads=threads))


@dataclass(frozen=True)
class _Spans(Sequence[Arranged]):
    ends: list[tuple[int, int]]
    arrange: Callable[[int, int], Arranged]

    def __getitem__(self, span: Any) -> Arranged:
        return self.arrange(*self.ends[span])

    def __len__(self) -> int:
        return len(self.ends)


def over_tiles(
    step: Callable[[Tile, int], Result],
    grid: Grid,
    *,
    threads: int | None,
    progress: bool | None,
    label: str,
    run: Callable[[Iterable[tuple[Tile, int]]], Iterator[Result]] | None = None,
) -> Iterator[tuple[Tile, Result, float]]:
    """``step(tile, span)`` of each tile, chunk by chunk, and the share of all pairs seen so far.

    On threads, or as ``run(tiles)`` has it, which gives the results in order.
    """
    tiles = [(tile, span) for chunk in grid.chunks() for span, tile in grid.tiles(chunk)]
    total, done = sum(tile.pairs for tile, _ in tiles) or 1, 0
    results = run(tiles) if run else in_order(lambda item: step(*item), tiles, threads=threads)
    watched = shown(results, total=len(tiles), label=label, unit="tile", progress=progress)
    for (tile, _), result in zip(tiles, watched, strict=True):
        done += tile.pairs
        yield tile, result, done / total


def in_parts(
    step: Callable[[Tile, int, int], Found | None],
    grid: Grid,
    *,
    memory: int,
    threads: int | None,
    progress: bool | None,
    label: str,
    run: Callable[[Iterable[tuple[Tile, int]], int], Iterator[Found | None]] | None = None,
) -> Iterator[tuple[Found, float]]:
    """What ``step(tile, span, room)`` finds, by row, then column, and the share of all pairs seen so far.

    However many pairs there are, they take no more than ``memory`` bytes at a time: half of it for tiles under way,
    half for the chunk they belong to. A chunk that gives more is dropped, cut in two and met again; a row that gives
    more is handed on in pieces. No tile or part has to make do with less than `_FEWEST_PAIRS`.
    """
    flying = 2 * thread_count(threads) + 1
    limit = max(_FEWEST_PAIRS, memory // (2 * BYTES_PER_PAIR))
    room = max(_FEWEST_PAIRS, limit // flying)
    held: list[Found] | None = []
    tiles = over_tiles(
        lambda tile, span: step(tile, span, room),
        grid,
        threads=threads,
        progress=progress,
        label=label,
        run=(lambda items: run(items, room)) if run else None,
    )
    for tile, found, share in tiles:
        if found is None or (held is not None and sum(len(part[0]) for part in held) + len(found[0]) > limit):
            held = None
        elif held is not None:
            held.append(found)
        if tile.last < grid.n_right:
            continue
        if held is None:
            for smaller in _cut(step, grid, (tile.top, tile.bottom), limit):
                yield smaller, share
        else:
            yield _joined(held), share
        held = []


def _cut(
    step: Callable[[Tile, int, int], Found | None], grid: Grid, chunk: tuple[int, int], limit: int
) -> Iterator[Found]:
    """A chunk that gives more than ``limit``: in two halves, and those again, down to pieces of one row."""
    top, bottom = chunk
    if bottom - top == 1:
        yield from _row_cut(step, grid, chunk, limit)
        return
    middle = (top + bottom) // 2
    for half in ((top, middle), (middle, bottom)):
        part = _met(step, grid, half, limit)
        if part is None:
            yield from _cut(step, grid, half, limit)
        else:
            yield part


def _row_cut(
    step: Callable[[Tile, int, int], Found | None], grid: Grid, row: tuple[int, int], limit: int
) -> Iterator[Found]:
    """One row's pairs, ``limit`` at a time; beyond those, what one span gives is held, and no more."""
    held = no_pairs()
    for span, tile in grid.tiles(row):
        found = step(tile, span, tile.pairs)
        assert found is not None  # room for every pair
        held = _joined([held, found])
        while len(held[0]) > limit:
            yield tuple(column[:limit].copy() for column in held)
            held = tuple(column[limit:] for column in held)
    if len(held[0]):
        yield tuple(column.copy() for column in held)  # a view keeps alive all that it was cut from


def _met(
    step: Callable[[Tile, int, int], Found | None], grid: Grid, chunk: tuple[int, int], limit: int
) -> Found | None:
    """What these rows find in all spans from theirs on; None if it is more than ``limit``."""
    parts: list[Found] = []
    left = limit
    for span, (first, last) in enumerate(grid.spans()):
        if grid.within and last <= chunk[0]:
            continue
        found = step(Tile(*chunk, first, last), span, left)
        if found is None:
            return None
        parts.append(found)
        left -= len(found[0])
    return _joined(parts)


def no_pairs() -> Found:
    """A tile in which nothing was found."""
    return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint32)


def _joined(parts: list[Found]) -> Found:
    """The tiles of a chunk as one list in order."""
    if not parts:
        return no_pairs()
    if len(parts) == 1:
        return parts[0]
    columns = tuple(np.concatenate([part[place] for part in parts]) for place in range(len(parts[0])))
    order = np.argsort(columns[0].astype(np.int64) << 32 | columns[1])
    return tuple(column[order] for column in columns)
