"""The pairs of a tile that reach a similarity, and those of all tiles, kept in a run's folder."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from linkage.central.blocking.keyed import Keyed
from linkage.central.blocking.search import similar
from linkage.central.candidates import Tile
from linkage.central.compare import all_parts, refuse
from linkage.central.job import Job
from linkage.central.limits import Limits
from linkage.central.runs import parts
from linkage.central.runs.cut import tiles_of
from linkage.central.runs.folder import Part, RunFolder
from linkage.central.tiles import BYTES_PER_PAIR, Found, no_pairs
from linkage.progress import shown

if TYPE_CHECKING:
    import pyarrow as pa


def found_in(job: Job, tables: Keyed | None, tile: Tile, *, limits: Limits) -> Iterator[Found]:
    """A tile's pairs in rows and columns of the job, in parts that fit ``memory``; of candidates in one, or refused."""
    for row, column, overlap in _of_part(job, tables, tile, limits=limits):
        if len(row):
            yield row + np.int32(tile.top), column + np.int32(tile.first), overlap


def all_similar(folder: RunFolder, job: Job, tables: Keyed | None, *, limits: Limits) -> Found:
    """The pairs of all tiles by row, then column; `LimitError` if they take more than ``memory``."""
    tiles = tiles_of(len(job.rows), len(job.columns), folder.cut, within=job.within)
    found, held = [no_pairs()], 0
    watched = shown(tiles, total=len(tiles), label="parts", unit="part", progress=limits["progress"])
    for number, tile in enumerate(watched):
        make = functools.partial(_made, job, tables, tile, limits=limits)
        found.append(folder.part(f"alike-{number:05}", make, functools.partial(kept, job, tile)))
        held += len(found[-1][0])
        require_room_for(held, limits["memory"])
    return in_order(found)


def _made(job: Job, tables: Keyed | None, tile: Tile, *, limits: Limits) -> Part:
    import pyarrow as pa

    found, held = [no_pairs()], 0
    for part in found_in(job, tables, tile, limits=limits):
        found.append(part)
        held += len(part[0])
        require_room_for(held, limits["memory"])
    row, column, overlap = in_order(found)
    return pa.table({"row": row, "column": column, "overlap": overlap}), {}


def kept(job: Job, tile: Tile, table: pa.Table, _: Mapping[str, str]) -> Found:
    """The pairs of a part, ``ValueError`` for what cannot be such."""
    import pyarrow as pa

    row = parts.numbers(table, "row", pa.int32(), tile.top, tile.bottom - 1)
    column = parts.numbers(table, "column", pa.int32(), tile.first, tile.last - 1)
    parts.require_ascending(row, column)
    overlap = parts.numbers(table, "overlap", pa.uint32(), 0, job.n_bits)
    if (overlap > np.minimum(job.rows.counts[row], job.columns.counts[column])).any():
        raise ValueError("more bits in common than either has")
    return row, column, overlap


def in_order(found: Sequence[Found]) -> Found:
    """All of them by row, then column."""
    row, column, overlap = (np.concatenate([part[place] for part in found]) for place in range(3))
    order = np.argsort(row.astype(np.int64) << 32 | column, kind="stable")
    return row[order], column[order], overlap[order]


def _of_part(job: Job, tables: Keyed | None, tile: Tile, *, limits: Limits) -> Iterator[Found]:
    threads, memory = limits["threads"], limits["memory"]
    part = job.part(tile, spans=tables is None and limits["executor"] is None, threads=threads)
    if tables is None:
        made = all_parts(part, limits["executor"], threads=threads, memory=memory, progress=False)
        yield from (found for found, _ in made)
        return
    yield similar(
        tables.part(tile), part, threads=threads, progress=False, room=lambda held: require_room_for(held, memory)
    )


def require_room_for(held: int, memory: int) -> None:
    """`LimitError` if so many pairs take more than ``memory``."""
    if held * BYTES_PER_PAIR > memory:
        refuse(held, memory)
