"""Encoded rows in, the same rows out sorted by record id, in bounded memory.

Rows wait in memory until the budget is reached. Then all of them go to files by the first byte of their
id, in a folder (0700) beside the output that is removed at the end whatever happens; each file is sorted by
itself. Ids are uniform, so each holds a 256th of the rows. What is spilled is what will be sent anyway, plus
the row number; no name and no key.
"""

from __future__ import annotations

import itertools
import secrets
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from linkage.agency import kernels
from linkage.agency.textarrays import octets
from linkage.errors import LimitError, RecordError
from linkage.parallel import in_order, thread_count

_BUCKETS = 256
_PART = 65_536

Records = NDArray[np.void]
Columns = dict[str, NDArray[Any]]
Result = TypeVar("Result")


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
    """Records in order: the one at place i is row ``row[i]`` of block ``block[i]``."""

    given: list[Records]
    block: NDArray[np.int32]
    row: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.row)

    def empty(self, n: int) -> Columns:
        """Room for ``n`` records: their columns, apart from the row number."""
        fields = _fields(self.given[0].dtype)
        return {name: np.empty((n, *kind.shape), dtype=kind.base) for name, (kind, _) in fields.items()}

    def fill(self, columns: Columns, part: slice) -> Columns:
        """The columns, filled with the records at some places."""
        fields = _fields(self.given[0].dtype)
        outs = [(fields[name][1], octets(column)) for name, column in columns.items()]
        kernels.gather([octets(block) for block in self.given], self.block[part], self.row[part], outs)
        return columns


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

    def sorted_columns(self, *, threads: int | None) -> Columns:
        """All records, ascending by id, of a spool that has nowhere to spill.

        Raises `RecordError` with both rows if an id was given twice.
        """
        order = _sorted(self._waiting)
        whole = order.empty(len(order))

        def fill(part: slice) -> None:
            order.fill({name: column[part] for name, column in whole.items()}, part)

        for _ in in_order(fill, _parts(len(order)), threads=threads):
            pass
        return whole

    def sorted_parts(self, then: Callable[[Columns], Result], *, threads: int | None) -> Generator[Result, None, None]:
        """What ``then`` makes of consecutive records, ascending by id; otherwise as `sorted_columns`."""
        if self._spilled is None:
            order = _sorted(self._waiting)

            def made(part: slice) -> Result:
                return then(order.fill(order.empty(part.stop - part.start), part))

            yield from in_order(made, _parts(len(order)), threads=threads)
            return
        self._spill(self._spilled.parent)

        def loaded(path: Path) -> Result:
            order = _sorted([np.fromfile(path, dtype=self._dtype)])
            path.unlink()
            return then(order.fill(order.empty(len(order)), slice(None)))

        paths = sorted(self._spilled.iterdir())
        # a file is held as it was read and as it is sorted, two of them for each thread
        at_once = self._room // (3 * max(path.stat().st_size for path in paths))
        yield from in_order(loaded, paths, threads=max(1, min(thread_count(threads), at_once)))

    def _spill(self, folder: Path) -> None:
        if not self._waiting:
            return
        if self._spilled is None:
            # a dot, and a name that says what it is, for whoever finds one after a power cut. The name comes before
            # the folder: Ctrl-C in between once left it behind
            self._spilled = folder / f".linkage-sort-{secrets.token_hex(6)}.part"
            self._spilled.mkdir(mode=0o700)
            self._dtype = self._waiting[0].dtype
        given = _few(self._waiting)
        bucket = np.concatenate([block["id"][:, 0] >> np.uint64(56) for block in given]).astype(np.uint8)
        order = _in_order_of(given, np.argsort(bucket, kind="stable"))
        blocks = [octets(block) for block in given]
        ends = np.cumsum(np.bincount(bucket, minlength=_BUCKETS)).tolist()
        for number, (start, end) in enumerate(itertools.pairwise([0, *ends])):
            if end > start:
                records = np.empty(end - start, dtype=self._dtype)
                own = slice(start, end)
                kernels.gather(blocks, order.block[own], order.row[own], [(0, octets(records))])
                with (self._spilled / f"{number:03}").open("ab") as handle:
                    records.tofile(handle)
        self._waiting, self._bytes = [], 0


def _fields(dtype: np.dtype[np.void]) -> dict[str, tuple[np.dtype[Any], int]]:
    assert dtype.fields is not None
    return {name: (found[0], found[1]) for name, found in dtype.fields.items() if name != "row"}


def _parts(n: int) -> list[slice]:
    return [slice(start, min(start + _PART, n)) for start in range(0, n, _PART)]


def _sorted(blocks: list[Records]) -> Sorted:
    given = _few(blocks)
    ids = np.concatenate([block["id"] for block in given])
    high = np.ascontiguousarray(ids[:, 0])
    order = np.argsort(high)
    ascending = high[order]
    if (ascending[1:] == ascending[:-1]).any():  # an id given twice, or once in 2**64 two that begin alike
        row = np.concatenate([block["row"] for block in given])
        order = np.lexsort((row, ids[:, 1], high))
        _refuse_repeated(ids[order], row[order])
    return _in_order_of(given, order)


def _in_order_of(given: list[Records], order: NDArray[np.int64]) -> Sorted:
    counts = [len(block) for block in given]
    block = np.repeat(np.arange(len(given), dtype=np.int32), counts)
    row = np.concatenate([np.arange(count, dtype=np.int32) for count in counts])
    return Sorted(given, block[order], row[order])


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
