"""Encoded rows in, the same rows out sorted by record id, in bounded memory.

Rows wait in memory until the budget is reached, where they can as the numbers of their texts. Then all of them go to
files by the first byte of their id, in a folder (0700) beside the output that is removed at the end whatever happens;
each file is sorted by itself. Ids are uniform, so each holds a 256th of the rows. What is spilled is what will be sent
anyway, plus the row number; no name and no key.
"""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from linkage import leftovers
from linkage.agency import kernels
from linkage.agency.ordered import Columns, Later, Records, by_beginnings, few, sorted_by_id
from linkage.agency.textarrays import octets
from linkage.errors import LimitError
from linkage.parallel import in_order, thread_count

_BUCKETS = 256
_PART = 65_536
_SORTING = 24  # bytes a record while the order is found: a word, block and row, and once more a word

Result = TypeVar("Result")


class Spool:
    """Collects records and gives them back in order; without ``out`` there is nowhere to spill. A context manager."""

    def __init__(self, *, memory: int, out: Path | None, later: Later | None = None) -> None:
        # sorting a block takes it three times over
        self._room = max(1, memory // 4)
        self._out, self._later = out, later
        self._waiting: list[Records] = []
        self._bytes = 0
        self._spilled: Path | None = None
        self._lock = -1
        self._dtype: np.dtype[np.void]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._spilled is not None:
            shutil.rmtree(self._spilled, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)

    def add(self, records: Records) -> None:
        """Take the next records."""
        self._waiting.append(records)
        if self._out is None:
            self._bytes += len(records) * (self._later.row_bytes if self._later else records.itemsize)
            if self._bytes > self._room:
                raise LimitError(
                    f"the encoded records take more than {self._room * 4:,} bytes to sort in memory; give a "
                    "file with out=, or a larger memory=",
                    needed=self._bytes * 4,
                    allowed=self._room * 4,
                )
            return
        self._bytes += records.nbytes + _SORTING * len(records)
        if self._bytes + (self._later.n_bytes if self._later else 0) > self._room:
            self._spill(self._out.parent)

    def sorted_columns(self, *, threads: int | None) -> Columns:
        """All records, ascending by id, of a spool that has nowhere to spill; it is empty then.

        Raises `RecordError` with both rows if an id was given twice.
        """
        order = sorted_by_id(self._waiting, self._later)
        whole = order.empty(len(order))

        def fill(part: slice) -> None:
            order.fill({name: column[part] for name, column in whole.items()}, part)

        for _ in in_order(fill, _parts(len(order)), threads=threads):
            pass
        return whole

    def sorted_parts(self, then: Callable[[Columns], Result], *, threads: int | None) -> Generator[Result, None, None]:
        """What ``then`` makes of consecutive records, ascending by id; otherwise as `sorted_columns`."""
        if self._spilled is None:
            order = sorted_by_id(self._waiting, self._later)

            def made(part: slice) -> Result:
                return then(order.fill(order.empty(part.stop - part.start), part))

            yield from in_order(made, _parts(len(order)), threads=threads)
            return
        self._spill(self._spilled.parent)

        def loaded(path: Path) -> Result:
            order = sorted_by_id([np.frombuffer(path.read_bytes(), dtype=self._dtype)], None)
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
            self._spilled = folder / f".{leftovers.SORTING}{secrets.token_hex(6)}.part"
            self._spilled.mkdir(mode=0o700)
            self._lock = leftovers.hold_folder(self._spilled)
        given = few(self._waiting)
        order, beginnings = by_beginnings(given, None)
        blocks = [octets(block) for block in given]
        firsts = np.arange(1, _BUCKETS, dtype=np.uint64) << np.uint64(56)
        ends = np.searchsorted(beginnings, firsts).tolist()
        for number, (start, end) in enumerate(itertools.pairwise([0, *ends, len(order)])):
            if end > start:
                records = np.empty(end - start, dtype=given[0].dtype)
                own = slice(start, end)
                kernels.gather(blocks, order.block[own], order.row[own], [(0, octets(records))])
                if self._later:
                    records = self._later.rows(records)
                self._dtype = records.dtype
                bucket = self._spilled / f"{number:03}"
                bucket.touch(mode=0o600)  # as the folder is: whatever the process lets others see of its files
                with bucket.open("ab") as handle:  # not NumPy's tofile: it makes a TypeError of Ctrl-C or SIGTERM
                    handle.write(octets(records).data)
        self._bytes = 0
        if self._later:
            self._later.forget()


def _parts(n: int) -> list[slice]:
    return [slice(start, min(start + _PART, n)) for start in range(0, n, _PART)]
