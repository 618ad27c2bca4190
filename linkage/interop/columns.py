"""Which column of a table each feature of clkhash's schema reads: by name, or by place where there are no names."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from linkage.agency import csvfile
from linkage.agency.opened import Source
from linkage.errors import RecordError, nearest, warn
from linkage.interop.clkschema import ClkSchema

if TYPE_CHECKING:
    import pyarrow as pa

Header = bool | Literal["ignore"]

_LISTS_AT_ONCE = 1 << 14
_CSV = (".csv", ".tsv", ".txt")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def placed(
    table: object, schema: ClkSchema, columns: Mapping[str, str | None] | None, *, header: Header = True
) -> tuple[object, dict[str, str | None]]:
    """The table, and the column of each feature that is not ignored, by its place in the schema."""
    names = [feature.identifier for feature in schema.features]
    for name in columns or {}:
        if name not in names:
            raise ValueError(f"columns: '{name}' is not a feature of the schema; {nearest(name, names)}")
    of_rows = isinstance(table, list | tuple) and all(issubclass(kind, list | tuple) for kind in set(map(type, table)))
    unnamed = _without_names(table, header)
    if of_rows or unnamed:
        if columns:
            raise ValueError("columns: rows have no column names, only their order; leave it out")
        headed = {f"{place}: {name}": place for place, name in enumerate(names)}
        names = list(headed)
        table = _of_file(Path(str(table)), names, headed=header == "ignore") if unnamed else _of_rows(table, names)  # type: ignore[arg-type]
    plan = {
        str(place): (columns or {}).get(names[place], names[place])
        for place, feature in enumerate(schema.features)
        if not feature.ignored
    }
    if all(column is None for column in plan.values()):
        raise ValueError("columns: the agency holds none of the schema's features")
    return table, plan


def _without_names(table: object, header: object) -> bool:
    """Whether it is a CSV file that is to be read by the order of its columns."""
    if header is True:
        return False
    if header is not False and header != "ignore":
        raise ValueError("header: True, False or 'ignore', as clkhash has it")
    if not isinstance(table, str | Path) or Path(table).suffix.lower() not in _CSV:
        raise ValueError("header: belongs to a CSV file; leave it out")
    return True


def _of_file(path: Path, names: list[str], *, headed: bool) -> Source:
    """A CSV file under names of ours; its first line is left out if it is a header."""
    csvfile.beginning(path)
    with path.open("rb") as raw:
        marked = raw.read(3) == _BYTE_ORDER_MARK
    if marked and not headed:
        warn(
            f"{path}: begins with a byte order mark, which is no part of the first value here; clkhash encodes it "
            "with that value if the file was opened as utf-8 and not as utf-8-sig"
        )
    batches = csvfile.batches(path, names, tuple(names), headed=headed, expected="the schema has")
    return Source(tuple(names), batches)


def _of_rows(rows: Sequence[Sequence[object]], names: list[str]) -> object:
    """The columns of some rows: an Arrow table if all cells are texts, else lists whose kinds `read` judges."""
    import pyarrow as pa

    n_features = len(names)
    if set(map(len, rows)) - {n_features}:
        number, found = next((place, len(row)) for place, row in enumerate(rows, start=1) if len(row) != n_features)
        raise RecordError(
            f"row {number:,} has {found} values, and the schema has {n_features} features", row=number,
            rule="number of columns",
        )  # fmt: skip
    try:
        # a part at a time, so that a row's cells are still in the cache when their columns are made
        batches = [
            _batch_of(rows[start : start + _LISTS_AT_ONCE], names) for start in range(0, len(rows), _LISTS_AT_ONCE)
        ]
        return pa.Table.from_batches(batches)
    except MemoryError:  # Arrow's own is one of its exceptions
        raise
    except (pa.ArrowException, ValueError, TypeError):
        columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
        return dict(zip(names, columns, strict=True))


def _batch_of(rows: Sequence[Sequence[object]], names: list[str]) -> pa.RecordBatch:
    import pyarrow as pa

    cells = list(itertools.chain.from_iterable(rows))
    columns = [pa.array(cells[place :: len(names)]) for place in range(len(names))]
    if not all(pa.types.is_string(column.type) or pa.types.is_null(column.type) for column in columns):
        raise TypeError
    return pa.record_batch([column.cast(pa.string()) for column in columns], names=names)
