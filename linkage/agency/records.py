"""Any table in, columns of text out, in batches, with the row number of the first record of each.

A table is a CSV or Parquet path, or anything in memory that speaks Arrow's capsule protocol (pandas,
polars, pyarrow, DuckDB) or that narwhals knows; a dict of columns will do. Rows are counted from 1, and
a CSV file's header is not a row. Values stay text as written: no number is parsed, and only an empty
cell is missing, so a surname such as NA or None survives the reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkage.agency import csvfile
from linkage.errors import FileFormatError, RecordError, SchemaError, nearest
from linkage.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Batch:
    """Some records: ``columns[name]`` is an Arrow string array; ``first_row`` counts from 1."""

    first_row: int
    columns: Mapping[str, pa.StringArray]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


@dataclass(frozen=True)
class Source:
    """A table's column names and, once, its record batches."""

    names: tuple[str, ...]
    batches: Iterator[pa.RecordBatch]


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
    source = _opened(table, wanted)
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


@dataclass(frozen=True)
class Attachable:
    """A whole table that columns of text can be added to, in the kind of frame it came as."""

    frame: Any  # a narwhals frame
    names: tuple[str, ...]

    @classmethod
    def of(cls, table: object) -> Attachable:
        """pandas and polars stay what they are; everything else becomes an Arrow table."""
        import narwhals.stable.v2 as nw
        import pyarrow as pa

        if hasattr(table, "collect") and not hasattr(table, "__arrow_c_stream__"):
            table = table.collect()  # polars LazyFrame
        if type(table).__module__.split(".")[0] == "pandas":
            _require_distinct([str(name) for name in table.columns])  # type: ignore[attr-defined]
        frame: Any = nw.from_native(table, pass_through=True)
        if not isinstance(frame, nw.DataFrame):
            source = _opened(table, None)
            _require_distinct(source.names)
            batches = list(source.batches)
            empty = pa.table({name: pa.array([], pa.string()) for name in source.names})
            frame = nw.from_native(pa.Table.from_batches(batches) if batches else empty, eager_only=True)
        return cls(frame, tuple(frame.columns))

    def column(self, name: str) -> pa.ChunkedArray:
        """A column, as Arrow."""
        return self.frame.select(name).to_arrow()[name]

    def with_texts(self, added: Mapping[str, list[str | None]]) -> Any:
        """The table with further columns, as the caller's kind of frame."""
        import narwhals.stable.v2 as nw

        series = [
            nw.new_series(name, texts, nw.String(), backend=self.frame.implementation) for name, texts in added.items()
        ]
        return self.frame.with_columns(*series).to_native()


def _opened(table: object, wanted: list[str] | None) -> Source:
    if isinstance(table, Source):
        return table
    if isinstance(table, str | Path):
        path = Path(table)
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file")
        if path.suffix.lower() in (".parquet", ".pq"):
            return _open_parquet(path, wanted)
        if path.suffix.lower() in (".csv", ".tsv", ".txt"):
            names = csvfile.header(path)
            chosen = _present(wanted, names) if wanted is not None else list(names)
            return Source(names, csvfile.batches(path, chosen, names))
        raise FileFormatError(f"{path}: a table is a .csv, .tsv or .parquet file", path=str(path))
    return _open_in_memory(table, wanted)


def _open_parquet(path: Path, wanted: list[str] | None) -> Source:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        handle = pq.ParquetFile(path)
    except (pa.ArrowException, OSError):
        raise FileFormatError(f"{path}: not a Parquet file, or a damaged one", path=str(path)) from None
    names = tuple(handle.schema_arrow.names)
    chosen = _present(wanted, names) if wanted is not None else list(names)

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            yield from handle.iter_batches(batch_size=BATCH_ROWS, columns=chosen)
        except (pa.ArrowException, OSError):
            raise FileFormatError(f"{path}: a damaged Parquet file", path=str(path)) from None

    return Source(names, batches())


def _open_in_memory(table: object, wanted: list[str] | None) -> Source:
    import pyarrow as pa

    if isinstance(table, list) and table and all(isinstance(row, dict) for row in table):
        # Arrow would take the columns of the first row only
        table = {
            name: [row.get(name) for row in table] for name in dict.fromkeys(name for row in table for name in row)
        }
    if isinstance(table, dict):
        names = tuple(name for name in table if isinstance(name, str))
        chosen = list(table) if wanted is None else _present(wanted, names)
        columns = {name: table[name] for name in chosen}
        table = _plain_table(lambda: pa.table(columns))
    if hasattr(table, "collect") and not hasattr(table, "__arrow_c_stream__"):
        table = _plain_table(table.collect)  # polars LazyFrame
    table = _only_columns(table, wanted)
    if hasattr(table, "__arrow_c_stream__"):
        frame = table
        reader = _plain_table(lambda: pa.RecordBatchReader.from_stream(frame))
        names, stream = tuple(reader.schema.names), _read_carefully(reader)
    elif hasattr(table, "__arrow_c_array__"):
        batch = pa.record_batch(table)
        names, stream = tuple(batch.schema.names), iter((batch,))
    else:
        raise TypeError(
            f"a table is a path, a pandas, polars, Arrow or DuckDB table, or a dict of columns; "
            f"this is {type(table).__name__}"
        )
    if wanted is not None:
        _present(wanted, names)
    return Source(names, stream)


def _only_columns(table: object, wanted: list[str] | None) -> object:
    """A pandas table without the columns nobody asked for, which may hold what Arrow can't."""
    if wanted is None or type(table).__module__.split(".")[0] != "pandas" or not hasattr(table, "columns"):
        return table
    names = [str(name) for name in table.columns]
    chosen = _present(wanted, tuple(names))
    for column in chosen:
        if names.count(column) > 1:
            raise RecordError(f"column '{column}': there are two of that name", column=column, rule="column names")
    return table[chosen]  # type: ignore[index]


def _plain_table(make: Any) -> Any:
    import pyarrow as pa

    try:
        return make()
    except (pa.ArrowException, ValueError, TypeError):
        # Arrow's own message quotes the value it stumbled over
        raise RecordError(
            "a column mixes kinds of values or the columns differ in length; read the table with every "
            "identifier as text (pandas: dtype=str)",
            rule="kind of values",
        ) from None
    except (StopIteration, MemoryError):
        raise
    except Exception as error:  # whatever computes the table: a DuckDB query, a polars plan
        raise RecordError(
            f"the table could not be computed ({type(error).__name__}); its own message may quote a record, so it is "
            "not repeated here",
            rule="table",
        ) from None


def _read_carefully(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    while True:
        try:
            batch = _plain_table(reader.read_next_batch)
        except StopIteration:
            return
        yield batch


def _present(wanted: Iterable[str], names: tuple[str, ...]) -> list[str]:
    chosen = list(wanted)
    for column in chosen:
        if column not in names:
            raise RecordError(
                f"column '{column}' is not in the table; {_known(column, names, chosen)}. A field whose column has "
                "another name is given with columns={field: name} (command line: --column FIELD=NAME), one that the "
                "agency does not hold with columns={field: None} (--without FIELD)",
                column=column,
                rule="column missing",
            )
        if names.count(column) > 1:
            raise RecordError(f"column '{column}': there are two of that name", column=column, rule="column names")
    return chosen


def _require_distinct(names: Sequence[str]) -> None:
    twice = sum(1 for name in set(names) if list(names).count(name) > 1)
    if twice:
        # not named: without its header line the names of a table are a person's values
        raise RecordError(f"{twice} column names are there twice; rename or drop them", rule="column names")


def _known(column: str, names: tuple[str, ...], wanted: Iterable[str]) -> str:
    """What the table has instead. Names are shown only where the header is known to be one; else they are values."""
    if any(name in names for name in wanted):
        return nearest(column, names)
    return f"it has {len(names):,} columns; is its first line the header?"


def require_column(column: str, names: tuple[str, ...], wanted: Iterable[str]) -> None:
    """Raise `RecordError` unless the table has the column."""
    if column not in names:
        raise RecordError(
            f"column '{column}' is not in the table; {_known(column, names, wanted)}",
            column=column,
            rule="column missing",
        )


def as_text(array: pa.Array, column: str, kind: str, first_row: int) -> pa.StringArray:
    """An Arrow array of any plain kind as strings; ``kind`` is the field's type."""
    import pyarrow as pa
    import pyarrow.types as pt

    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pt.is_dictionary(array.type):
        if pt.is_string_view(array.type.value_type):  # polars' categoricals, which Arrow can't decode
            array = pa.DictionaryArray.from_arrays(array.indices, array.dictionary.cast(pa.string()))
        array = array.dictionary_decode()
    given = array.type
    if pt.is_null(given) or array.null_count == len(array):
        return pa.nulls(len(array), pa.string())
    if (pt.is_floating(given) or (pt.is_decimal(given) and given.scale)) and kind != "number":
        array = _whole_or_refused(array, column)
    elif pt.is_timestamp(given) or pt.is_date(given):
        array = array.cast(pa.date32(), safe=False)
    elif not (
        pt.is_string(given)
        or pt.is_large_string(given)
        or pt.is_string_view(given)
        or pt.is_integer(given)
        or pt.is_floating(given)
        or pt.is_decimal(given)
        or pt.is_boolean(given)
    ):
        raise RecordError(
            f"column '{column}' holds {given}, which is not text, a date or a number",
            column=column,
            rule="kind of values",
        )
    try:
        text = array.cast(pa.string())
        text.validate(full=True)  # Python's own error on bytes that are not UTF-8 holds the value
        return text
    except pa.ArrowException:
        raise RecordError(
            f"column '{column}' holds text that is not UTF-8, at or after row {first_row:,}",
            row=first_row,
            column=column,
            rule="encoding of text",
        ) from None


def _whole_or_refused(array: pa.Array, column: str) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if (
        pa.types.is_floating(array.type) and pc.all(pc.is_nan(array)).as_py()
    ):  # an empty column of a frame that has no missing value but NaN
        return pa.nulls(len(array), pa.string())
    raise RecordError(
        f"column '{column}' holds numbers with a decimal point, as tables do when whole numbers have a gap: "
        f"4505577104 would be read as 4505577104.0. Read the file with this column as text "
        f"(pandas: dtype={{'{column}': str}})",
        column=column,
        rule="kind of values",
    )
