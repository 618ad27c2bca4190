"""EncodedSet: what crosses the trust boundary. Its file is specified in `linkage.encodedfile`.

It holds, for each record, a keyed record id, one Bloom filter per filter of the schema, and the group
columns that were agreed to travel in clear. It holds no name, no key and no id of the agency. It is still
personal data: see the package docstring for what the centre can learn from it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.errors import FileFormatError, MismatchError
from linkage.parquetfile import lengths_and_bytes
from linkage.schema import ENCODING_VERSION, Schema, differences

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.files import PathLike


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
        return 32 + 8 * sum(filter.words for filter in self.schema.filters)


@dataclass(frozen=True)
class Rows:
    """Consecutive records: ``filters[name]`` is (n, words) uint64, ``groups[name]`` an Arrow string array."""

    record_ids: pa.StringArray
    filters: Mapping[str, NDArray[np.uint64]]
    groups: Mapping[str, pa.StringArray]

    def __len__(self) -> int:
        return len(self.record_ids)

    def slice(self, start: int, stop: int) -> Rows:
        """Records ``start`` to ``stop``, without a copy."""
        return Rows(
            self.record_ids.slice(start, stop - start),
            {name: rows[start:stop] for name, rows in self.filters.items()},
            {name: group.slice(start, stop - start) for name, group in self.groups.items()},
        )


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
            self._of(f"filter {name}").update(np.ascontiguousarray(packed).view(np.uint8).tobytes())

    def _of(self, column: str) -> Any:
        return self._columns.setdefault(column, hashlib.sha256())

    def hexdigest(self) -> str:
        """64 hex digits."""
        parts = "".join(f"{name}={digest.hexdigest()};" for name, digest in sorted(self._columns.items()))
        return hashlib.sha256(parts.encode()).hexdigest()


class EncodedSet:
    """The encoded records of one agency, sorted by record id. Made by `encode`, read by `load`; it does not change.

    A loaded set is a handle: the header is read and checked at once, the records when they are first asked for.
    """

    def __init__(self, header: Header, *, rows: Rows | None = None, path: Path | None = None) -> None:
        self._header = header
        self._given = rows
        self._path = path

    @classmethod
    def load(cls, path: PathLike, *, max_bytes: int = 8 << 30) -> EncodedSet:
        """The set in a file.

        Raises `FileFormatError` if the file is not one of these, was cut or changed, and `LimitError` if its
        records would take more than ``max_bytes`` in memory.
        """
        from linkage import encodedfile

        return cls(encodedfile.read_header(Path(path), max_bytes=max_bytes), path=Path(path))

    @classmethod
    def from_arrays(
        cls,
        record_ids: list[str],
        filters: Mapping[str, NDArray[np.uint64]],
        *,
        schema: Schema,
        source: str,
        groups: Mapping[str, list[str]] | None = None,
        key_check: str = "",
    ) -> EncodedSet:
        """A set from arrays, for researchers: ``filters[name]`` is (n, words) uint64 for each filter of the schema.

        Records are sorted by id. Raises ``ValueError`` if the ids repeat or a shape does not fit the schema.
        """
        import pyarrow as pa

        order = np.array(sorted(range(len(record_ids)), key=record_ids.__getitem__), dtype=np.int64)
        rows = Rows(
            pa.array([record_ids[index] for index in order], pa.string()),
            {
                filter.name: _readonly(np.asarray(filters[filter.name], dtype=np.uint64)[order])
                for filter in schema.filters
            },
            {
                group.name: pa.array([(groups or {})[group.name][index] for index in order], pa.string())
                for group in schema.groups
            },
        )
        header = Header(schema=schema, source=source, rows=len(rows), key_check=key_check)
        problem = fault(rows, header, after="")
        if problem:
            raise ValueError(f"from_arrays: {problem}")
        return cls(header, rows=rows)

    @property
    def schema(self) -> Schema:
        """The agreement it was encoded with."""
        return self._header.schema

    @property
    def source(self) -> str:
        """The agency's name."""
        return self._header.source

    @property
    def key_check(self) -> str:
        """Equal for sets made with one key in one project; says nothing else about the key."""
        return self._header.key_check

    @property
    def encoding_version(self) -> int:
        """Version of the encoding; sets of two versions can't be compared."""
        return self._header.encoding_version

    @property
    def record_ids(self) -> pa.StringArray:
        """Record ids in ascending order."""
        return self._rows.record_ids

    @property
    def filters(self) -> Mapping[str, NDArray[np.uint64]]:
        """(n, words) uint64 per filter, read-only; a row of zeros means missing."""
        return self._rows.filters

    @functools.cached_property
    def popcounts(self) -> Mapping[str, NDArray[np.uint32]]:
        """(n,) uint32 per filter: the bits set in each row."""
        return {name: np.bitwise_count(rows).sum(axis=1, dtype=np.uint32) for name, rows in self.filters.items()}

    @property
    def groups(self) -> Mapping[str, pa.StringArray]:
        """The group columns that travel in clear."""
        return self._rows.groups

    @functools.cached_property
    def _rows(self) -> Rows:
        if self._given is not None:
            return self._given
        from linkage import encodedfile

        assert self._path is not None
        return encodedfile.read_rows(self._path, self._header)

    def batches(self, rows: int = 65_536) -> Iterator[Rows]:
        """The records in order, at most ``rows`` at a time; straight from the file if they are not in memory yet.

        A file is checked as it is read: a fault found in a later batch raises then, and the digest at the end.
        """
        if self._given is None and "_rows" not in self.__dict__:
            from linkage import encodedfile

            assert self._path is not None
            yield from encodedfile.read_batches(self._path, self._header, rows)
            return
        for start in range(0, len(self), rows):
            yield self._rows.slice(start, min(start + rows, len(self)))

    def digest(self) -> str:
        """SHA-256 of the records: two sets with equal digests hold the same encodings under the same ids."""
        return self._header.content or self._computed_digest

    @functools.cached_property
    def _computed_digest(self) -> str:
        total = ContentDigest()
        for rows in self.batches():
            total.update(rows)
        return total.hexdigest()

    def save(self, path: PathLike) -> None:
        """Write the file that goes to the centre (readable by its owner only); an existing file is replaced."""
        from linkage import encodedfile

        encodedfile.write(path, self._header, self.batches())

    def to_arrow(self) -> pa.Table:
        """Columns record_id, one fixed-size binary column per filter, and the groups."""
        from linkage import encodedfile

        schema = encodedfile.arrow_schema(self._header)
        return schema.empty_table() if not len(self) else encodedfile.as_table(self._rows, schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return self._header.rows

    def __repr__(self) -> str:
        return f"EncodedSet({self.source!r}, {len(self):,} records, {len(self.schema.filters)} filters)"

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{name}</td><td>{np.mean(counts > 0):.1%}</td><td>{np.mean(counts[counts > 0]):.1f}</td></tr>"
            if counts.any()
            else f"<tr><td>{name}</td><td>0%</td><td></td></tr>"
            for name, counts in self.popcounts.items()
        )
        return (
            f"<p><b>{escape(self.source)}</b>: {len(self):,} encoded records, schema "
            f"{self.schema.fingerprint()[:16]}</p><table><tr><th>filter</th><th>present</th>"
            f"<th>bits set, mean</th></tr>{rows}</table>"
        )


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
    for group in header.schema.groups:
        column = rows.groups[group.name]
        if column.null_count or len(column) != len(ids):
            return f"group '{group.name}' with missing values"
    return ""


def require_comparable(*sets: EncodedSet) -> None:
    """Raise `MismatchError` naming the difference unless the sets share schema, key and encoding version."""
    first = sets[0]
    for other in sets[1:]:
        pair = f"'{first.source}' and '{other.source}'"
        if first.encoding_version != other.encoding_version:
            raise MismatchError(
                f"{pair} were encoded with different versions: {first.encoding_version} and "
                f"{other.encoding_version}; encode again with one release",
                what="encoding version",
                left=str(first.encoding_version),
                right=str(other.encoding_version),
            )
        found = differences(first.schema, other.schema)
        if found:
            raise MismatchError(
                f"{pair} were encoded with different agreements: {'; '.join(found)}",
                what="schema",
                left=first.schema.fingerprint(),
                right=other.schema.fingerprint(),
            )
        if first.key_check != other.key_check:
            raise MismatchError(
                f"{pair} were encoded with different keys (key checks {first.key_check[:8]}... and "
                f"{other.key_check[:8]}...); every agency must use the project's one key",
                what="key",
                left=first.key_check,
                right=other.key_check,
            )


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


def _readonly(array: NDArray[np.uint64]) -> NDArray[np.uint64]:
    fixed = np.ascontiguousarray(array)
    fixed.flags.writeable = False
    return fixed
