"""Encoded rows in, the same rows out sorted by record id, in bounded memory.

Rows wait in memory until the budget is reached. Then all of them go to files by the first byte of their
id, in a folder (0700) beside the output that is removed at the end whatever happens; each file is sorted by
itself. Ids are uniform, so each holds a 256th of the rows. What is spilled is what will be sent anyway, plus
the row number; no name and no key.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from linkage.agency import kernels
from linkage.errors import LimitError, RecordError

_BUCKETS = 256

Records = NDArray[np.void]


def record_dtype(words: dict[str, int], groups: list[str]) -> np.dtype[np.void]:
    """A record: id (its two halves as numbers, which sort as its bytes do), row number, filters, group codes."""
    return np.dtype(
        [
            ("id", "u8", (2,)),
            ("row", "<i8"),
            *((f"filter {name}", "u8", (count,)) for name, count in words.items()),
            *((f"group {name}", "<i4") for name in groups),
        ]
    )


@dataclass(frozen=True)
class Sorted:
    """Records in order: ``sorted["id"]`` and so on are their columns, put in order when asked for."""

    given: list[Records]
    block: NDArray[np.int32]
    row: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, name: str) -> NDArray[Any]:
        dtype = self.given[0].dtype
        assert dtype.fields is not None
        kind, offset = dtype.fields[name][:2]
        out = np.empty((len(self), *kind.shape), dtype=kind.base)
        octets = [block.view(np.uint8).reshape(len(block), dtype.itemsize) for block in self.given]
        kernels.gather(octets, offset, self.block, self.row, out.view(np.uint8).reshape(len(self), kind.itemsize))
        return out


class Spool:
    """Collects records and gives them back in order; without ``out`` there is nowhere to spill. A context manager."""

    def __init__(self, *, memory: int, out: Path | None) -> None:
        # sorting a block takes it three times over
        self._room = max(1, memory // 4)
        self._out = out
        self._waiting: list[Records] = []
        self._bytes = 0
        self._spilled: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._spilled is not None:
            shutil.rmtree(self._spilled, ignore_errors=True)

    def add(self, records: Records) -> None:
        """Take the next records."""
        self._waiting.append(records)
        self._bytes += records.nbytes
        if self._bytes > self._room:
            if self._out is None:
                raise LimitError(
                    f"the encoded records take more than {self._room * 4:,} bytes to sort in memory; give a "
                    "file with out=, or a larger memory=",
                    needed=self._bytes * 4,
                    allowed=self._room * 4,
                )
            self._spill(self._out.parent)

    def sorted_blocks(self) -> Iterator[Sorted]:
        """All records, ascending by id. Raises `RecordError` with both rows if an id was given twice."""
        if self._spilled is None:
            yield from _sorted(self._waiting)
            return
        self._spill(self._spilled.parent)
        for bucket in range(_BUCKETS):
            path = self._spilled / f"{bucket:03}"
            if path.exists():
                yield from _sorted([np.fromfile(path, dtype=self._dtype)])
                path.unlink()

    def _spill(self, folder: Path) -> None:
        if not self._waiting:
            return
        if self._spilled is None:
            # a dot, and a name that says what it is, for whoever finds one after a power cut. The name comes before
            # the folder: Ctrl-C in between once left it behind
            self._spilled = folder / f".linkage-sort-{secrets.token_hex(6)}.part"
            self._spilled.mkdir(mode=0o700)
            self._dtype = self._waiting[0].dtype
        records = np.concatenate(self._waiting)
        bucket = (records["id"][:, 0] >> np.uint64(56)).astype(np.int64)
        order = np.argsort(bucket, kind="stable")
        ends = np.searchsorted(bucket[order], np.arange(_BUCKETS), side="right")
        start = 0
        for number, end in enumerate(ends.tolist()):
            if end > start:
                with (self._spilled / f"{number:03}").open("ab") as handle:
                    records[order[start:end]].tofile(handle)
            start = end
        self._waiting, self._bytes = [], 0


def _sorted(blocks: list[Records]) -> Iterator[Sorted]:
    if not blocks:
        return
    given = _few(blocks)
    blocks.clear()
    ids = np.concatenate([block["id"] for block in given])
    high = np.ascontiguousarray(ids[:, 0])
    order = np.argsort(high)
    ascending = high[order]
    if (ascending[1:] == ascending[:-1]).any():  # an id given twice, or once in 2**64 two that begin alike
        row = np.concatenate([block["row"] for block in given])
        order = np.lexsort((row, ids[:, 1], high))
        _refuse_repeated(ids[order], row[order])
    counts = [len(block) for block in given]
    block = np.repeat(np.arange(len(given), dtype=np.int32), counts)
    row_of = np.concatenate([np.arange(count, dtype=np.int32) for count in counts])
    yield Sorted(given, block[order], row_of[order])


def _few(blocks: list[Records]) -> list[Records]:
    """No more blocks than the kernel takes."""
    at_once = -(-len(blocks) // kernels.MOST_BLOCKS)
    if at_once == 1:
        return list(blocks)
    return [np.concatenate(blocks[start : start + at_once]) for start in range(0, len(blocks), at_once)]


def _refuse_repeated(ids: NDArray[np.uint64], row: NDArray[np.int64]) -> None:
    same = (ids[1:] == ids[:-1]).all(axis=1)
    if same.any():
        first = int(np.flatnonzero(same)[0])
        before, again = int(row[first]), int(row[first + 1])
        raise RecordError(
            f"rows {before:,} and {again:,} have the same id; ids must be distinct ({int(same.sum()):,} "
            "repeated here). Number the records, or remove the copies",
            row=again,
            rule="id used twice",
        )
