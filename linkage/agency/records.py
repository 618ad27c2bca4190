"""Any table in, columns of text out, in batches, with the row number of the first record of each.

A table is a CSV or Parquet path, or anything in memory that speaks Arrow's capsule protocol (pandas,
polars, pyarrow, DuckDB) or that narwhals knows; a dict of columns will do. Rows are counted from 1, and
a CSV file's header is not a row. Values stay text as written: no number is parsed, and only an empty
cell is missing, so a surname such as NA or None survives the reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linkage.agency.astext import as_text
from linkage.agency.opened import BATCH_ROWS, opened, plain_table, require_distinct
from linkage.errors import LimitError, RecordError, SchemaError, nearest
from linkage.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa


_MOST_HELD = 8 << 30


@dataclass(frozen=True)
class Batch:
    """Some records: ``columns[name]`` is an Arrow string array; ``first_row`` counts from 1."""

    first_row: int
    columns: Mapping[str, pa.StringArray]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def column_plan(schema: Schema, columns: Mapping[str, str | None] | None, *, id: str | None) -> dict[str, str | None]:
    """Where each field, group and the id is found: field -> column, None for a field the agency does not hold.

    A field not named in ``columns`` is looked for under its own name.
    """
    if schema.encoder != "linkage":
        raise SchemaError("this agreement is clkhash's: encode with linkage.interop.encode_clkhash", rule="encoder")
    known = [*(field.name for field in schema.fields), *(group.name for group in schema.groups)]
    for name in columns or {}:
        if name not in known:
            raise ValueError(f"columns: '{name}' is not a field of the agreement; {nearest(name, known)}")
    plan: dict[str, str | None] = {name: name for name in known}
    plan.update(columns or {})
    if id is not None:
        plan["record_id"] = id  # no field can have this name
    if all(plan[field.name] is None for field in schema.fields):
        raise ValueError("columns: the agency holds none of the agreement's fields")
    for group in schema.groups:
        if plan[group.name] is None:
            raise ValueError(f"columns: group '{group.name}' must be there; a group can't be left out")
    return plan


def read(
    table: object,
    plan: Mapping[str, str | None],
    schema: Schema,
    *,
    rows: int | None = None,
    may_be_empty: bool = False,
) -> Iterator[Batch]:
    """The planned columns of a table as text, at most ``rows`` (default `BATCH_ROWS`) records at a time.

    Raises `RecordError` for a missing column, a column of the wrong kind, and, unless it ``may_be_empty``, a table
    without records.
    """
    import pyarrow as pa

    wanted = list(dict.fromkeys(column for column in plan.values() if column is not None))
    source = opened(table, wanted)
    kinds = {field.name: field.type for field in schema.fields}
    row, at_once = 1, min(rows or BATCH_ROWS, BATCH_ROWS)
    for big in source.batches:
        for start in range(0, big.num_rows, at_once):
            part = big.slice(start, at_once)
            columns = {
                name: pa.nulls(part.num_rows, pa.string())
                if column is None
                else as_text(part.column(column), column, kinds.get(name, "identifier"), row)
                for name, column in plan.items()
            }
            yield Batch(row, columns)
            row += part.num_rows
    if row == 1 and not may_be_empty:
        raise RecordError("the table has no records", rule="no records")


def _held(batches: Iterator[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """All of them. Raises `LimitError` before they fill the memory: a dictionary can say a long text many times."""
    found, total = [], 0
    for batch in batches:
        found.append(batch)
        total += _bytes_of(batch)
        if total > _MOST_HELD:
            raise LimitError(f"a table of more than {_MOST_HELD:,} bytes", needed=total, allowed=_MOST_HELD)
    return found


def _bytes_of(batch: pa.RecordBatch) -> int:
    import pyarrow as pa

    try:
        return int(batch.nbytes)
    except pa.ArrowException:  # pyarrow 17 can't say it of views
        return int(batch.get_total_buffer_size())


@dataclass(frozen=True)
class Attachable:
    """A whole table that columns of text can be added to, in the kind of frame it came as."""

    frame: Any  # a narwhals frame
    names: tuple[str, ...]

    @classmethod
    def of(cls, table: object, wanted: Sequence[str] | None = None) -> Attachable:
        """pandas and polars stay what they are; everything else, and the ``wanted`` columns, becomes an Arrow table."""
        import narwhals.stable.v2 as nw
        import pyarrow as pa

        if wanted is not None:
            batches = _held(opened(table, list(wanted)).batches)
            some = pa.Table.from_batches(batches).select(wanted) if batches else pa.table({name: [] for name in wanted})
            return cls(nw.from_native(some, eager_only=True), tuple(wanted))
        if hasattr(table, "collect") and not hasattr(table, "__arrow_c_stream__"):
            table = plain_table(table.collect)  # polars LazyFrame
        if isinstance(table, pa.Table):
            require_distinct(table.column_names)
        if type(table).__module__.split(".")[0] == "pandas" and hasattr(table, "columns"):  # a Series has none
            require_distinct([str(name) for name in table.columns])
        frame: Any = nw.from_native(table, pass_through=True)
        if not isinstance(frame, nw.DataFrame):
            source = opened(table, None)
            require_distinct(source.names)
            batches = _held(source.batches)
            empty = pa.table({name: pa.array([], pa.string()) for name in source.names})
            frame = nw.from_native(pa.Table.from_batches(batches) if batches else empty, eager_only=True)
        return cls(frame, tuple(map(str, frame.columns)))  # pandas names them as it likes

    def require_free(self, names: Iterable[str]) -> None:
        """Raise `RecordError` if the table has a column of a name that columns of ours will have."""
        for column in names:
            if column in self.names:
                raise RecordError(
                    f"column '{column}' is in the table already; rename or drop it", column=column, rule="column names"
                )

    def column(self, name: str) -> pa.ChunkedArray:
        """A column, as Arrow."""
        return self.frame[:, [self.names.index(name)]].to_arrow().column(0)

    def with_texts(self, added: Mapping[str, list[str | None]]) -> Any:
        """The table with further columns, as the caller's kind of frame."""
        import narwhals.stable.v2 as nw

        series = [
            nw.new_series(name, texts, nw.String(), backend=self.frame.implementation) for name, texts in added.items()
        ]
        return self.frame.with_columns(*series).to_native()
