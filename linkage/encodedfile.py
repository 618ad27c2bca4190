"""The file of an EncodedSet: Parquet, format 1.

Columns, none of them nullable: ``record_id`` string, ascending and distinct; one fixed-size binary column
per filter, named for it, bit 0 the top bit of byte 0, zero-padded to 64 bits; the group columns as strings; one
fixed-size binary column of 8 bytes per block, the key as a big-endian number, zero for none.
zstd; values in plain encoding, no dictionary, so that the sizes of the pages bound what is decoded; no
statistics (the default footer would hold two whole encodings in clear); page checksums. Footer, each key
behind ``linkage.``:

============== ==========================================================
format         ``encoded-set 1``
encoding       encoding version
schema         canonical schema; the widths of the filters are in it
fingerprint    its SHA-256
key_check      128 bits, hex; empty if unknown
source         the agency's name
rows           number of records
content        digest of the records (`linkage.rows.ContentDigest`)
header         SHA-256 over all of the above
============== ==========================================================

Nothing a data frame brought along is written. A reader verifies all of it: page checksums find accidents
in the records, the two digests find them everywhere. They are no signature: whoever can write the file can
write a new digest, so sets travel by a channel that shows who sent them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage import parquetfile
from linkage.canonical import from_canonical
from linkage.errors import FileFormatError, LimitError, SchemaError
from linkage.files import PathLike, written_beside
from linkage.memoryleft import arrow_may_start_threads
from linkage.parallel import in_order, thread_count
from linkage.parquetpages import unpacked_bytes
from linkage.rows import ContentDigest, Header, Rows, fault, require_intact
from linkage.schema import ENCODING_VERSION

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "encoded-set 1"
_KEYS = ("format", "encoding", "schema", "fingerprint", "key_check", "source", "rows", "content")
_ROW_GROUP = 65_536


def write(path: PathLike, header: Header, batches: Iterator[Rows], *, threads: int | None = None) -> Header:
    """Write records to a file that appears whole or not at all; returns the header with the content's digest."""
    schema = arrow_schema(header)
    total, rows = ContentDigest(), 0
    with (
        written_beside(path) as part,
        parquetfile.writer(part, schema) as writer,
    ):
        for batch in batches:
            steps: tuple[Callable[[], None], ...] = (
                functools.partial(writer.write_table, as_table(batch, schema), row_group_size=_ROW_GROUP),
                functools.partial(total.update, batch),
            )
            list(in_order(lambda step: step(), steps, threads=min(len(steps), thread_count(threads))))
            rows += len(batch)
        done = Header(header.schema, header.source, rows, header.key_check, header.encoding_version, total.hexdigest())
        writer.add_key_value_metadata(_footer(done))
    return done


def read_header(path: Path, *, max_bytes: int) -> Header:
    """The checked header of a file; raises `FileFormatError` or, for records beyond ``max_bytes``, `LimitError`."""
    with parquetfile.opened(path) as handle:
        header = _header(path, handle.metadata)
        needed = header.rows * header.row_bytes
        if needed > max_bytes:
            raise LimitError(
                f"{path}: {header.rows:,} records would take {needed:,} bytes in memory; allowed are {max_bytes:,}",
                needed=needed,
                allowed=max_bytes,
            )
        _check_columns(path, handle, header)
        # a file can claim any size; what it decodes to is bounded by what its header says it holds
        decoded = unpacked_bytes(path)
        if decoded > 2 * needed + 1_024 * header.rows * len(header.schema.groups) + (1 << 20):
            raise FileFormatError(f"{path}: decodes to more than its records can take", path=str(path), reason="size")
        return header


def read_rows(path: Path, header: Header) -> Rows:
    """All records in memory, checked; at no time are they there twice."""
    import pyarrow as pa

    rows = _gathered(path, header)
    pa.default_memory_pool().release_unused()  # it keeps what decoding took, a third of the set
    return rows


def _gathered(path: Path, header: Header) -> Rows:
    import pyarrow as pa

    filters = {filter.name: np.empty((header.rows, filter.words), np.uint64) for filter in header.schema.filters}
    ids, groups = (
        [pa.array([], pa.string())],
        {group.name: [pa.array([], pa.string())] for group in header.schema.groups},
    )
    blocks = {block.name: np.empty(header.rows, np.uint64) for block in header.schema.blocks}
    start = 0
    for part in read_batches(path, header, _ROW_GROUP):
        for name, words in part.filters.items():
            filters[name][start : start + len(part)] = words
        for name, keys in part.blocks.items():
            blocks[name][start : start + len(part)] = keys
        for name, values in part.groups.items():
            groups[name].append(values)
        ids.append(part.record_ids)
        start += len(part)
    together = {name: pa.concat_arrays(values) for name, values in groups.items()}
    return Rows(pa.concat_arrays(ids), filters, together, blocks)


def read_batches(path: Path, header: Header, rows: int) -> Iterator[Rows]:
    """The records in order, each batch checked, and the digest of all of them at the end."""
    total, count, last = ContentDigest(), 0, ""
    with parquetfile.opened(path) as handle:
        _check_columns(path, handle, header)  # again: the file may be another one by now
        for batch in handle.iter_batches(batch_size=rows, use_threads=arrow_may_start_threads()):
            part = _from_arrow(path, batch, header)
            problem = fault(part, header, after=last)
            if problem:
                raise FileFormatError(f"{path}: {problem}", path=str(path), reason=problem)
            total.update(part)
            count += len(part)
            if count > header.rows:
                break
            last = part.record_ids[-1].as_py() if len(part) else last
            yield part
    if count != header.rows:
        raise FileFormatError(
            f"{path}: holds another number of records than its header says", path=str(path), reason="rows"
        )
    require_intact(path, header.content, total.hexdigest())


def arrow_schema(header: Header) -> pa.Schema:
    """The file's columns."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("record_id", pa.string(), nullable=False),
            *(pa.field(filter.name, pa.binary(filter.words * 8), nullable=False) for filter in header.schema.filters),
            *(pa.field(group.name, pa.string(), nullable=False) for group in header.schema.groups),
            *(pa.field(block.name, pa.binary(8), nullable=False) for block in header.schema.blocks),
        ]
    )


def as_table(rows: Rows, schema: pa.Schema) -> pa.Table:
    """The records as an Arrow table."""
    import pyarrow as pa

    def packed(name: str, words: np.ndarray[Any, np.dtype[Any]]) -> pa.Array:
        return pa.Array.from_buffers(
            schema.field(name).type, len(rows), [None, pa.py_buffer(np.ascontiguousarray(words))]
        )

    filters = [packed(name, words) for name, words in rows.filters.items()]
    blocks = [packed(name, keys.astype(">u8")) for name, keys in rows.blocks.items()]
    return pa.Table.from_arrays([rows.record_ids, *filters, *rows.groups.values(), *blocks], schema=schema)


def _footer(header: Header) -> dict[str, str]:
    values = (
        FORMAT,
        str(header.encoding_version),
        header.schema.canonical(),
        header.schema.fingerprint(),
        header.key_check,
        header.source,
        str(header.rows),
        header.content,
    )
    return parquetfile.with_prefix(parquetfile.sealed(dict(zip(_KEYS, values, strict=True))))


def _header(path: Path, metadata: Any) -> Header:
    footer = parquetfile.unsealed(path, metadata.metadata, format=FORMAT, made_with="`linkage encode`")
    if set(footer) != set(_KEYS):
        raise FileFormatError(
            f"{path}: the header lacks something, or has something more", path=str(path), reason="header"
        )
    if footer["encoding"] != str(ENCODING_VERSION):
        raise FileFormatError(
            f"{path}: made with encoding version {footer['encoding'][:20]}; this release reads "
            f"version {ENCODING_VERSION}: encode again",
            path=str(path),
            reason="encoding version",
        )
    try:
        schema = from_canonical(footer["schema"])
    except SchemaError as error:
        raise FileFormatError(f"{path}: {error}", path=str(path), reason="schema") from None
    if schema.fingerprint() != footer["fingerprint"] or footer["rows"] != str(metadata.num_rows):
        raise FileFormatError(f"{path}: the header contradicts itself", path=str(path), reason="header")
    for key in ("source", "key_check"):  # they are shown in messages, so no control characters
        if len(footer[key]) > 200 or not footer[key].isprintable():
            raise FileFormatError(f"{path}: the header's {key} is no such thing", path=str(path), reason="header")
    return Header(schema, footer["source"], metadata.num_rows, footer["key_check"], ENCODING_VERSION, footer["content"])


def _check_columns(path: Path, handle: Any, header: Header) -> None:
    expected, found = arrow_schema(header), handle.schema_arrow
    if found.names != expected.names or found.types != expected.types:
        raise FileFormatError(f"{path}: its columns are not those of its schema", path=str(path), reason="columns")


def _from_arrow(path: Path, batch: pa.RecordBatch, header: Header) -> Rows:
    filters = {}
    for filter in header.schema.filters:
        octets = _octets(path, batch, filter.name, filter.words * 8)
        filters[filter.name] = octets.view(np.uint64).reshape(-1, filter.words)
    groups = {group.name: batch.column(group.name) for group in header.schema.groups}
    blocks = {
        block.name: _octets(path, batch, block.name, 8).view(">u8").astype(np.uint64) for block in header.schema.blocks
    }
    return Rows(batch.column("record_id"), filters, groups, blocks)


def _octets(path: Path, batch: pa.RecordBatch, name: str, width: int) -> NDArray[np.uint8]:
    """The bytes of a column of values of one width."""
    column = batch.column(name)
    if column.null_count:
        raise FileFormatError(f"{path}: column '{name}' has missing values", path=str(path), reason="null")
    data = np.frombuffer(column.buffers()[1], dtype=np.uint8)
    start = column.offset * width
    return data[start : start + len(column) * width]
