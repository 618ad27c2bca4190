"""Parquet that another program wrote: an agency's own table, ids and decisions that somebody sent.

Any writer's pages pass, but for one encoding, and what they can become in memory is bounded before Arrow decodes them:
a dictionary of one long text made 65,536 rows of it, 64 GB, out of a file of 3 kB.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkage import parquetfile
from linkage.errors import FileFormatError, LimitError
from linkage.memoryleft import arrow_may_start_threads
from linkage.parquetpages import groups

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_OF_A_GROUP = 4 << 30
_MOST_OF_A_BATCH = 1 << 28
_MOST_OF_A_TABLE = 1 << 30


def names(path: Path) -> tuple[str, ...]:
    """The columns. Raises `FileFormatError` for another file."""
    with _opened(path) as handle:
        return tuple(handle.schema_arrow.names)


def n_rows(path: Path) -> int:
    """How many rows the file says it has. Raises `FileFormatError` for another file."""
    with _opened(path) as handle:
        return int(handle.metadata.num_rows)


def batches(path: Path, columns: list[str], *, rows: int) -> Iterator[pa.RecordBatch]:
    """The columns, at most ``rows`` records at a time, and fewer where they could take more than 256 MiB.

    Raises `FileFormatError` for a damaged file, `LimitError` for one that unpacks to more than a table can be.
    """
    found = _groups(path)
    most = max((size for size, _ in found), default=0)
    if most > _MOST_OF_A_GROUP:
        raise LimitError(
            f"{path}: a row group unpacks to {most:,} bytes; allowed are {_MOST_OF_A_GROUP:,}",
            needed=most, allowed=_MOST_OF_A_GROUP,
        )  # fmt: skip
    longest = _longest_texts(path, columns, [places for _, places in found])
    at_once = max(1, min(rows, _MOST_OF_A_BATCH // max(longest, 1)))
    with _opened(path) as handle:
        yield from handle.iter_batches(batch_size=at_once, columns=columns, use_threads=arrow_may_start_threads())


def table(path: Path, columns: list[str] | None = None, *, max_bytes: int = _MOST_OF_A_TABLE) -> pa.Table:
    """A small table, or some columns of it, as a whole. Raises as `batches`, and `LimitError` beyond ``max_bytes``."""
    import pyarrow as pa

    found, total = [], 0
    with _opened(path) as handle:
        schema = handle.schema_arrow.remove_metadata()
    if columns is not None:
        schema = pa.schema([schema.field(name) for name in columns])
    for batch in batches(path, schema.names, rows=65_536):
        found.append(batch.replace_schema_metadata(None))
        total += batch.nbytes
        if total > max_bytes:
            raise LimitError(f"{path}: a table of more than {max_bytes:,} bytes", needed=total, allowed=max_bytes)
    return pa.Table.from_batches(found, schema)


def _longest_texts(path: Path, columns: list[str], dictionaries: list[list[int]]) -> int:
    """Bytes of a row in which each text is the longest of its dictionary: what pages of numbers may turn into."""
    import pyarrow.compute as pc

    with _opened(path) as handle:
        leaves, kinds = handle.schema, handle.schema_arrow
        texts = {name for name in columns if kinds.names.count(name) == 1 and _is_text(kinds.field(name).type)}
        named = [tuple(leaves.column(place).path for place in places) for places in dictionaries]
    by_names: dict[tuple[str, ...], list[int]] = {}
    for group, names in enumerate(named):
        by_names.setdefault(tuple(name for name in names if name in texts), []).append(group)
    longest = 0
    for names, of_them in by_names.items():
        with _opened(path, read_dictionary=list(names)) as handle:
            for group in of_them if names else ():
                first = next(
                    handle.iter_batches(batch_size=1, row_groups=[group], columns=list(names), use_threads=False), None
                )
                found = [] if first is None else first.columns
                lengths = (pc.max(pc.binary_length(each.dictionary)).as_py() for each in found)
                longest = max(longest, sum(each or 0 for each in lengths))
    return longest


def _groups(path: Path) -> list[tuple[int, list[int]]]:
    with _opened(path):
        return groups(path)


def _is_text(kind: Any) -> bool:
    import pyarrow.types as pt

    return bool(pt.is_string(kind) or pt.is_binary(kind) or pt.is_large_string(kind) or pt.is_large_binary(kind))


@contextlib.contextmanager
def _opened(path: Path, **options: Any) -> Iterator[Any]:
    try:
        with parquetfile.opened(path, **options) as handle:
            yield handle
    except FileFormatError as error:
        if error.reason not in ("Parquet", "pages"):
            raise
        raise FileFormatError(
            f"{path}: not a Parquet file, or a damaged one", path=str(path), reason="Parquet"
        ) from None
