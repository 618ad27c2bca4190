"""The records of an encoded set and what it says of itself: plain values, their digest, and what can be wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.errors import FileFormatError
from linkage.parquetfile import lengths_and_bytes
from linkage.schema import ENCODING_VERSION, Schema

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Header:
    """What a set says of itself; ``key_check`` is empty for sets whose key is unknown (`EncodedSet.from_arrays`)."""

    schema: Schema
    source: str
    rows: int
    key_check: str
    encoding_version: int = ENCODING_VERSION
    content: str = ""

    @property
    def row_bytes(self) -> int:
        """Bytes of one record in memory, groups apart."""
        return 32 + 8 * (sum(filter.words for filter in self.schema.filters) + len(self.schema.blocks))


@dataclass(frozen=True)
class Rows:
    """Consecutive records: ``filters[name]`` is (n, words) uint64, ``groups[name]`` an Arrow string array.

    ``blocks[name]`` is (n,) uint64, 0 where a record is in no block by that rule. Its arrays become read-only.
    """

    record_ids: pa.StringArray
    filters: Mapping[str, NDArray[np.uint64]]
    groups: Mapping[str, pa.StringArray]
    blocks: Mapping[str, NDArray[np.uint64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        make_read_only(self.filters)
        make_read_only(self.blocks)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()  # NumPy's arrays are writable again when copied or pickled

    def __len__(self) -> int:
        return len(self.record_ids)

    def slice(self, start: int, stop: int) -> Rows:
        """Records ``start`` to ``stop``, without a copy."""
        return Rows(
            self.record_ids.slice(start, stop - start),
            {name: rows[start:stop] for name, rows in self.filters.items()},
            {name: group.slice(start, stop - start) for name, group in self.groups.items()},
            {name: keys[start:stop] for name, keys in self.blocks.items()},
        )


def make_read_only(arrays: Mapping[str, NDArray[Any]]) -> None:
    """So that what does not change doesn't."""
    for array in arrays.values():
        array.flags.writeable = False


class ContentDigest:
    """SHA-256 over the records in order, the same however they are cut into batches."""

    def __init__(self) -> None:
        self._columns: dict[str, Any] = {}

    def update(self, rows: Rows) -> None:
        """Add the next records."""
        texts = {"record_id": rows.record_ids, **{f"group {name}": group for name, group in rows.groups.items()}}
        for name, column in texts.items():
            lengths, data = lengths_and_bytes(column)
            self._of(f"{name} lengths").update(lengths)
            self._of(name).update(data)
        for name, packed in rows.filters.items():
            self._of(f"filter {name}").update(np.ascontiguousarray(packed).ravel())
        for name, keys in rows.blocks.items():
            self._of(f"block {name}").update(keys.astype(">u8"))

    def _of(self, column: str) -> Any:
        return self._columns.setdefault(column, hashlib.sha256())

    def hexdigest(self) -> str:
        """64 hex digits."""
        parts = "".join(f"{name}={digest.hexdigest()};" for name, digest in sorted(self._columns.items()))
        return hashlib.sha256(parts.encode()).hexdigest()


def fault(rows: Rows, header: Header, *, after: str) -> str:
    """What is wrong with consecutive records that follow record id ``after``; empty if nothing is.

    Ids must be present, ascending and distinct; filters as wide as the schema says, bits beyond the width zero.
    """
    import pyarrow.compute as pc

    ids = rows.record_ids
    if ids.null_count or (len(ids) and pc.min(pc.binary_length(ids)).as_py() == 0):
        return "a record without id"
    first = ids.slice(0, 1)
    if len(ids) and (not pc.all(pc.less(ids.slice(0, len(ids) - 1), ids.slice(1))).as_py() and len(ids) > 1):
        return "record ids that are not ascending and distinct"
    if len(ids) and after and not first[0].as_py() > after:
        return "record ids that are not ascending and distinct"
    for filter in header.schema.filters:
        packed = rows.filters[filter.name]
        if packed.shape != (len(ids), filter.words):
            return f"filter '{filter.name}' of another width or length than the schema says"
        if packed.size and np.any(packed[:, -1] & _beyond(filter.bits)):
            return f"filter '{filter.name}' with bits set beyond its width"
    for block in header.schema.blocks:
        if rows.blocks[block.name].shape != (len(ids),):
            return f"block '{block.name}' of another length than there are records"
    for group in header.schema.groups:
        column = rows.groups[group.name]
        if column.null_count or len(column) != len(ids):
            return f"group '{group.name}' with missing values"
    return ""


def require_intact(path: Path, expected: str, found: str) -> None:
    """Raise `FileFormatError` if the records of a file are not those that were written."""
    if expected != found:
        raise FileFormatError(
            f"{path}: the records are not those that were written (their digest differs)",
            path=str(path),
            reason="digest",
        )


def _beyond(bits: int) -> np.uint64:
    # bit 0 is the top bit of byte 0, so the padding is the tail of the last eight bytes, in any byte order
    used = bits % 64 or 64
    mask = np.packbits(np.arange(64) >= used)
    return np.uint64(mask.view(np.uint64)[0])
