"""What the cluster reads: rows and keys of either side as Parquet in the run's folder, written by the driver."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.central.blocking.keyed import Keyed
from linkage.central.candidates import Tile
from linkage.central.kernels import Rows
from linkage.files import written_beside

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 1 << 18  # of a file
SIDES = ("left", "right")


@dataclass(frozen=True)
class Staged:
    """Folders of what was staged: ``path`` as the driver sees it, ``seen_as`` as the cluster does."""

    path: Path
    seen_as: str

    @property
    def large_at(self) -> str:
        """Where the large blocks are."""
        return f"{self.seen_as}/large"

    def rows(self, session: Any, side: str) -> Any:
        """A DataFrame row int, words binary and, on the left, worth binary."""
        return session.read.parquet(f"{self.seen_as}/rows-{side}")

    def keys(self, session: Any, side: str) -> Any:
        """A DataFrame row int, rule int, key bigint."""
        return session.read.parquet(f"{self.seen_as}/keys-{side}")


def stage(staged: Staged, sides: Sequence[Sequence[Rows]], worth: Sequence[NDArray[np.int32]], tables: Keyed) -> None:
    """Write both sides, in place of what an earlier try left; within one set they are the same records.

    ``worth`` (n_left,) int32 of each filter, or none: what its value adds.
    """
    shutil.rmtree(staged.path, ignore_errors=True)
    staged.path.mkdir(mode=0o700)
    for side, own in zip(SIDES, sides, strict=True):
        for kind in ("rows", "keys"):
            (staged.path / f"{kind}-{side}").mkdir(mode=0o700)
        n = len(own[0])
        for number, first in enumerate(range(0, max(1, n), _ROWS)):
            last = min(first + _ROWS, n)
            table = _rows(own, worth if side == "left" else (), first, last)
            _write(table, staged.path / f"rows-{side}" / f"{number:05}.parquet")
    n_left, n_right = (len(own[0]) for own in sides)
    for number, first in enumerate(range(0, max(1, n_left, n_right), _ROWS)):
        ends = [(min(first, n), min(first + _ROWS, n)) for n in (n_left, n_right)]
        part = tables.part(Tile(*ends[0], *ends[1]))
        made = [part.keys(table) for table in range(part.tables)]
        for place, side in enumerate(SIDES):
            table = _keys([each[place] for each in made], ends[place][0])
            _write(table, staged.path / f"keys-{side}" / f"{number:05}.parquet")


def _rows(own: Sequence[Rows], worth: Sequence[NDArray[np.int32]], first: int, last: int) -> pa.Table:
    import pyarrow as pa

    words = np.concatenate([rows.words[first:last] for rows in own], axis=1)
    columns = {"row": pa.array(np.arange(first, last, dtype=np.int32)), "words": _binary(words)}
    if worth:
        columns["worth"] = _binary(np.stack([each[first:last] for each in worth], axis=1))
    return pa.table(columns)


def _keys(keys: Sequence[NDArray[np.uint64]], first: int) -> pa.Table:
    """Signed, as Spark has no other numbers: to be equal is all they are for."""
    import pyarrow as pa

    there = [np.flatnonzero(each) for each in keys]
    rules = [np.full(len(each), rule, dtype=np.int32) for rule, each in enumerate(there)]
    return pa.table(
        {
            "row": pa.array((np.concatenate(there) + first).astype(np.int32)),
            "rule": pa.array(np.concatenate(rules)),
            "key": pa.array(np.concatenate([each[own] for each, own in zip(keys, there, strict=True)]).view(np.int64)),
        }
    )


def _binary(rows: NDArray[Any]) -> pa.Array:
    """(n, k) as one value of bytes a row."""
    import pyarrow as pa

    width = rows.shape[1] * rows.itemsize
    fixed = pa.Array.from_buffers(
        pa.binary(width), len(rows), [None, pa.py_buffer(np.ascontiguousarray(rows).tobytes())]
    )
    return fixed.cast(pa.binary())


def _write(table: pa.Table, path: Path) -> None:
    import pyarrow.parquet as pq

    with written_beside(path) as part:
        pq.write_table(
            table, part, compression="zstd", write_statistics=["row"] if "row" in table.column_names else False
        )
