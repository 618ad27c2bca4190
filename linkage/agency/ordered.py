"""Records in the order of their ids.

A record is its id, its row number and its filters. Until its place is known it has the numbers of its texts instead,
where filters are made of them: a quarter of the memory, and a filter is written once, where it will stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from linkage.agency import kernels
from linkage.agency.textarrays import octets
from linkage.errors import RecordError

Records = NDArray[np.void]
Columns = dict[str, NDArray[Any]]
Numbers = Mapping[str, NDArray[np.int32]]


def record_dtype(
    words: dict[str, int], groups: list[str], texts: Sequence[str] = (), blocks: Sequence[str] = ()
) -> np.dtype[np.void]:
    """A record: id (its two halves as numbers, which sort as its bytes do), row, filters, group codes, block keys.

    One whose filters are made later has the numbers of its ``texts`` instead.
    """
    return np.dtype(
        [
            ("id", "u8", (2,)),
            ("row", "<i8"),
            *((f"filter {name}", "u8", (count,)) for name, count in words.items()),
            *((f"text {name}", "<i4") for name in texts),
            *((f"group {name}", "<i4") for name in groups),
            *((f"block {name}", "u8") for name in blocks),
        ]
    )


class Later(Protocol):
    """Makes the filters of records that have the numbers of their texts: see `linkage.agency.filters.KnownFilters`."""

    @property
    def n_bytes(self) -> int:
        """Memory taken."""

    @property
    def row_bytes(self) -> int:
        """What a record of `rows` takes."""

    def forget(self) -> None:
        """No record waits any more."""

    def empty(self, n: int) -> Columns:
        """Room for the filters of ``n`` records."""

    def fill(self, columns: Columns, numbers: Numbers) -> None:
        """Write the filters of records."""

    def rows(self, records: Records) -> Records:
        """The same records with their filters in the place of numbers."""


@dataclass(frozen=True)
class Sorted:
    """Records in order: the one at place i is row ``row[i]`` of block ``block[i]``."""

    given: list[Records]
    block: NDArray[np.int32]
    row: NDArray[np.int32]
    later: Later | None

    def __len__(self) -> int:
        return len(self.row)

    def empty(self, n: int) -> Columns:
        """Room for ``n`` records: their columns, apart from the row number."""
        fields = _fields(self.given[0].dtype)
        made = {
            name: np.empty((n, *kind.shape), dtype=kind.base)
            for name, (kind, _) in fields.items()
            if not name.startswith("text ")
        }
        return made | self.later.empty(n) if self.later else made

    def fill(self, columns: Columns, part: slice) -> Columns:
        """The columns, filled with the records at some places."""
        fields = _fields(self.given[0].dtype)
        block, row = self.block[part], self.row[part]
        numbers = {name[5:]: np.empty(len(row), np.int32) for name in fields if name.startswith("text ")}
        outs = [(fields[name][1], octets(column)) for name, column in columns.items() if name in fields]
        outs += [(fields[f"text {name}"][1], octets(column)) for name, column in numbers.items()]
        kernels.gather([octets(given) for given in self.given], block, row, outs)
        if self.later:
            self.later.fill(columns, numbers)
        return columns


def _fields(dtype: np.dtype[np.void]) -> dict[str, tuple[np.dtype[Any], int]]:
    assert dtype.fields is not None
    return {name: (found[0], found[1]) for name, found in dtype.fields.items() if name != "row"}


def sorted_by_id(blocks: list[Records], later: Later | None) -> Sorted:
    """All records, ascending by id; ``blocks`` is emptied. Raises `RecordError` with both rows of a repeated id."""
    made, beginnings = by_beginnings(few(blocks), later)
    same = beginnings[1:] == beginnings[:-1]
    if same.any():  # an id given twice, or a few of millions that begin alike
        tied = np.zeros(len(made), dtype=np.bool_)
        tied[1:] = same
        tied[:-1] |= same
        _settle(made, np.flatnonzero(tied))
    return made


def by_beginnings(given: list[Records], later: Later | None) -> tuple[Sorted, NDArray[np.uint64]]:
    """Records in the order of the first bits of their ids, 24 or more and mostly some 40; and those, ascending."""
    # sorted are words of 64 bits, the id's first bits and then block and row, so that nothing has to be moved along:
    # five times as fast as finding out the order
    row_bits = max(len(block) for block in given).bit_length()
    place_bits = row_bits + len(given).bit_length()
    words = np.empty(sum(len(block) for block in given), dtype=np.uint64)
    start = 0
    for number, block in enumerate(given):
        own = words[start : start + len(block)]
        own[:] = block["id"][:, 0]
        own >>= np.uint64(place_bits)
        own <<= np.uint64(place_bits)
        own |= np.arange(number << row_bits, (number << row_bits) + len(block), dtype=np.uint64)
        start += len(block)
    words.sort()
    row = (words & np.uint64((1 << row_bits) - 1)).astype(np.int32)
    block_of = (words >> np.uint64(row_bits) & np.uint64((1 << (place_bits - row_bits)) - 1)).astype(np.int32)
    words >>= np.uint64(place_bits)
    words <<= np.uint64(place_bits)
    return Sorted(given, block_of, row, later), words


def _settle(made: Sorted, places: NDArray[np.int64]) -> None:
    """Put in order those records whose ids begin alike: by the whole id, then by row number."""
    block, row = made.block[places], made.row[places]
    ids, number = np.empty((len(places), 2), dtype=np.uint64), np.empty(len(places), dtype=np.int64)
    for which, records in enumerate(made.given):
        own = np.flatnonzero(block == which)
        ids[own], number[own] = records["id"][row[own]], records["row"][row[own]]
    order = np.lexsort((number, ids[:, 1], ids[:, 0]))
    _refuse_repeated(ids[order], number[order])
    made.block[places], made.row[places] = block[order], row[order]


def few(blocks: list[Records]) -> list[Records]:
    """The records in no more blocks than the kernel takes; the list is emptied, so that none is held twice."""
    at_once, made = -(-len(blocks) // kernels.MOST_BLOCKS), []
    while blocks:
        made.append(np.concatenate(blocks[:at_once]) if at_once > 1 else blocks[0])
        del blocks[:at_once]
    return made


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
