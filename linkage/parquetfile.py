"""Small Parquet files with a checked footer: links and releases.

Every text under ``linkage.`` in the footer is covered by the digest ``linkage.header``, the columns by
``linkage.content``, so damage anywhere is seen. No statistics, nothing a data frame brought along.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linkage.errors import FileFormatError, LimitError, LinkageError
from linkage.files import KEY_MARK, PathLike, require_regular, says_of_the_machine, written_beside
from linkage.memoryleft import arrow_may_start_threads, require_memory_to_read, too_little
from linkage.parquetpages import unpacked_bytes

if TYPE_CHECKING:
    import pyarrow as pa

_MAX_TEXT = 16 << 20
_MAX_BYTES = 8 << 30


def write(path: PathLike, table: pa.Table, footer: Mapping[str, str]) -> None:
    """Write a table and its footer; the file is its owner's only, and appears whole or not at all."""
    texts = {**footer, "content": table_digest(table)}
    with (
        written_beside(path) as part,
        writer(part, table.schema.remove_metadata()) as file,
    ):
        file.write_table(table.replace_schema_metadata(None))
        file.add_key_value_metadata(with_prefix(sealed(texts)))


def read(path: PathLike, *, format: str, made_with: str) -> tuple[pa.Table, dict[str, str]]:
    """The table and footer of a file of that format. Raises `FileFormatError` for any other or a damaged one."""
    place = Path(path)
    with opened(place) as handle:
        footer = unsealed(place, handle.metadata.metadata, format=format, made_with=made_with)
        # nulls take no bytes in the file and eight or more in memory
        decoded = unpacked_bytes(place) + 8 * handle.metadata.num_rows * handle.metadata.num_columns
        if decoded > _MAX_BYTES:
            raise LimitError(
                f"{place}: decodes to {decoded:,} bytes; allowed are {_MAX_BYTES:,}", needed=decoded, allowed=_MAX_BYTES
            )
        table = handle.read(use_threads=arrow_may_start_threads())
        if table_digest(table) != footer.get("content"):
            raise FileFormatError(
                f"{place}: the content is not what was written (its digest differs)", path=str(place), reason="digest"
            )
    return table.replace_schema_metadata(None), footer


@contextlib.contextmanager
def writer(path: Path, schema: pa.Schema) -> Iterator[Any]:
    """A Parquet writer whose pages are plain and checked, and whose footer holds no statistics."""
    import pyarrow.parquet as pq

    file = pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
        write_page_checksum=True,
        store_schema=False,
    )
    try:
        yield file
    except BaseException:
        # of a table that is half written Arrow says so, in place of why, and again when the writer is thrown away
        with contextlib.suppress(Exception):
            file.close()
        file.is_open = False
        raise
    file.close()


def with_prefix(footer: Mapping[str, str]) -> dict[str, str]:
    """The footer's keys as they stand in the file."""
    return {f"linkage.{key}": value for key, value in footer.items()}


def sealed(footer: Mapping[str, str]) -> dict[str, str]:
    """The footer with the digest of all its texts under ``header``."""
    return {**footer, "header": _seal(footer)}


def unsealed(
    path: Path,
    metadata: Mapping[bytes, bytes] | None,
    *,
    format: str,
    made_with: str,
) -> dict[str, str]:
    """The checked footer of a file."""
    footer = {
        key.decode("utf-8", "replace").removeprefix("linkage."): value.decode("utf-8", "replace")
        for key, value in (metadata or {}).items() if key.startswith(b"linkage.")
    }  # fmt: skip
    found = footer.get("format")
    if found != format:
        what = f"it is a '{found[:40]}' file" if found else "it is a Parquet file of something else"
        raise FileFormatError(
            f"{path}: not a '{format}' file, which {made_with} makes; {what}", path=str(path), reason="format"
        )
    seal = footer.pop("header", "")
    if _seal(footer) != seal:
        raise FileFormatError(f"{path}: the header was changed or damaged", path=str(path), reason="header")
    return footer


@contextlib.contextmanager
def opened(path: Path, **options: Any) -> Iterator[Any]:
    """A Parquet file with its page checksums verified; what goes wrong inside becomes `FileFormatError`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    require_regular(path)
    _refuse_other_kinds(path)
    require_memory_to_read(path)
    try:
        with pq.ParquetFile(
            path,
            page_checksum_verification=True,
            pre_buffer=False,
            thrift_string_size_limit=_MAX_TEXT,
            thrift_container_size_limit=1 << 20,
            **options,
        ) as handle:
            yield handle
    except LinkageError:
        raise
    except MemoryError:
        raise too_little(path) from None
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError) as error:
        if says_of_the_machine(error):
            raise
        if type(error) is pa.ArrowException and "thread" in str(error):  # its only sign that none could be had
            raise too_little(path) from None
        # what Arrow says of a damaged file can quote its content
        raise FileFormatError(
            f"{path}: not a Parquet file, or one that was cut or damaged", path=str(path), reason="Parquet"
        ) from None


def _refuse_other_kinds(path: Path) -> None:
    with path.open("rb") as handle:
        start = handle.read(len(KEY_MARK))
    if start == KEY_MARK:
        raise FileFormatError(f"{path}: this is a key file", path=str(path), reason="key")
    if start[:4] != b"PAR1":
        raise FileFormatError(
            f"{path}: not a Parquet file; encoded sets are made with `linkage encode`, links with `linkage link`, "
            "releases with `linkage release`",
            path=str(path),
            reason="Parquet",
        )


def table_digest(table: pa.Table) -> str:
    """SHA-256 over names, types and values, the same however the table is cut into chunks."""
    total = hashlib.sha256()
    for name in table.column_names:
        column = table.column(name)
        total.update(f"{name} {column.type} {len(column)};".encode())
        for part in _bytes_of(column.combine_chunks()):
            total.update(part)
    return total.hexdigest()


def lengths_and_bytes(column: pa.StringArray) -> tuple[bytes, memoryview]:
    """Byte lengths (little-endian int32) and bytes of an Arrow string array without nulls."""
    if not len(column):
        return b"", memoryview(b"")
    _, offsets_buffer, data = column.buffers()
    offsets = np.frombuffer(offsets_buffer, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    text = memoryview(data)[offsets[0] : offsets[-1]] if data is not None else memoryview(b"")
    return np.diff(offsets).astype("<i4").tobytes(), text


def _bytes_of(column: pa.Array) -> Iterator[bytes | memoryview]:
    import pyarrow as pa
    import pyarrow.types as pt

    if isinstance(column, pa.ChunkedArray):  # combine_chunks of an empty column
        column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    yield np.packbits(column.is_valid().to_numpy(zero_copy_only=False)).tobytes()
    if pt.is_string(column.type):
        yield from lengths_and_bytes(column.fill_null(""))
    else:
        yield column.fill_null(0).to_numpy(zero_copy_only=False).astype("<f8").tobytes()


def _seal(footer: Mapping[str, str]) -> str:
    text = "".join(f"{key} {len(value)} {value};" for key, value in sorted(footer.items()))
    return hashlib.sha256(text.encode()).hexdigest()
