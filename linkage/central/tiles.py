"""Tiles on threads: what every pass over all pairs has in common, and pairs that come out in parts of bounded size."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
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

BYTES_PER_FOUND = 12
# as found, joined, sorted, and made into results
BYTES_PER_PAIR = 40
_FEWEST_PAIRS = 4_096


def arranged(grid: Grid, arrange: Callable[[int, int], Arranged], *, threads: int | None) -> list[Arranged]:
    """``arrange(first, last)`` of each span."""
    return list(in_order(lambda span: arrange(*span), grid.spans(), threads=threads))


def over_tiles(
    step: Callable[[Tile, int], Result],
    grid: Grid,
    *,
    threads: int | None,
    progress: bool | None,
    label: str,
) -> Iterator[tuple[tuple[int, int], list[Result], float]]:
    """Chunk by chunk its rows, ``step(tile, span)`` of each of its tiles, and the share of all pairs seen so far."""
    tiles = [(chunk, tile, span) for chunk in grid.chunks() for span, tile in grid.tiles(chunk)]
    total, done = sum(tile.pairs for _, tile, _ in tiles) or 1, 0
    results = in_order(lambda item: step(item[1], item[2]), tiles, threads=threads)
    watched = shown(results, total=len(tiles), label=label, unit="tile", progress=progress)
    for chunk, group in itertools.groupby(zip(tiles, watched, strict=True), key=lambda item: item[0][0]):
        of_chunk = []
        for (_, tile, _), result in group:
            done += tile.pairs
            of_chunk.append(result)
        yield chunk, of_chunk, done / total


def in_parts(
    step: Callable[[Tile, int, int], Found | None],
    grid: Grid,
    *,
    memory: int,
    threads: int | None,
    progress: bool | None,
    label: str,
) -> Iterator[tuple[Found, float]]:
    """What ``step(tile, span, room)`` finds, by row, then column, and the share of all pairs seen so far.

    No part has more than ``memory`` bytes' worth of pairs, whatever comes out: a chunk that gives more is cut in two
    and met again.
    """
    flying = 2 * thread_count(threads) + 1
    room = max(_FEWEST_PAIRS, memory // (BYTES_PER_PAIR * flying))

    def tile_step(tile: Tile, span: int) -> Found | None:
        return step(tile, span, room)

    for chunk, found, share in over_tiles(tile_step, grid, threads=threads, progress=progress, label=label):
        whole = _joined(found, room * flying)
        if whole is not None:
            yield whole, share
            continue
        for smaller in _cut(step, grid, chunk, room):
            yield smaller, share


def _cut(
    step: Callable[[Tile, int, int], Found | None], grid: Grid, chunk: tuple[int, int], room: int
) -> Iterator[Found]:
    """The chunk in two halves, and those again, until each fits; one row always does, having few columns."""
    top, bottom = chunk
    middle = (top + bottom) // 2
    for half in ((top, middle), (middle, bottom)) if bottom - top > 1 else (chunk,):
        limit = room if half[1] - half[0] > 1 else grid.n_right
        part = _joined([step(tile, span, limit) for span, tile in _tiles_of(grid, half)], limit)
        if part is None:
            yield from _cut(step, grid, half, room)
        else:
            yield part


def _tiles_of(grid: Grid, chunk: tuple[int, int]) -> Iterator[tuple[int, Tile]]:
    return replace(grid, rows=chunk[1] - chunk[0]).tiles(chunk)


def _joined(found: list[Found | None], room: int) -> Found | None:
    """The tiles of a chunk as one list in order; None if one of them, or all together, have no room."""
    parts = [part for part in found if part is not None]
    if len(parts) < len(found) or sum(len(part[0]) for part in parts) > room:
        return None
    if not parts:
        return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint32)
    if len(parts) == 1:
        return parts[0]
    columns = tuple(np.concatenate([part[place] for part in parts]) for place in range(len(parts[0])))
    order = np.argsort(columns[0].astype(np.int64) << 32 | columns[1])
    return tuple(column[order] for column in columns)
