"""Whatever holds a table, opened: its column names, and once its record batches.

A CSV or Parquet path, or anything in memory that speaks Arrow's capsule protocol, or a dict of columns. What is wrong
with it is said without a value of it: messages of Arrow, and of whatever computes a table, may quote a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkage import foreignparquet
from linkage.agency import csvfile
from linkage.errors import FileFormatError, RecordError, nearest
from linkage.files import require_regular
from linkage.tables import names_twice

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Source:
    """A table's column names and, once, its record batches."""

    names: tuple[str, ...]
    batches: Iterator[pa.RecordBatch]


def opened(table: object, wanted: list[str] | None) -> Source:
    """A table ready to be read once; only the ``wanted`` columns, or all."""
    if isinstance(table, Source):
        return table
    if isinstance(table, str | Path):
        path = Path(table)
        require_regular(path)
        if path.suffix.lower() in (".parquet", ".pq"):
            return _open_parquet(path, wanted)
        if path.suffix.lower() in (".csv", ".tsv", ".txt"):
            names = csvfile.header(path)
            chosen = _present(wanted, names) if wanted is not None else list(names)
            return Source(names, csvfile.batches(path, chosen, names))
        raise FileFormatError(f"{path}: a table is a .csv, .tsv or .parquet file", path=str(path))
    return _open_in_memory(table, wanted)


def _open_parquet(path: Path, wanted: list[str] | None) -> Source:
    names = foreignparquet.names(path)
    chosen = _present(wanted, names) if wanted is not None else list(names)
    return Source(names, foreignparquet.batches(path, chosen, rows=BATCH_ROWS))


def _open_in_memory(table: object, wanted: list[str] | None) -> Source:
    import pyarrow as pa

    if isinstance(table, list) and table and all(isinstance(row, dict) for row in table):
        # Arrow would take the columns of the first row only
        table = {
            name: [row.get(name) for row in table] for name in dict.fromkeys(name for row in table for name in row)
        }
    if isinstance(table, dict):
        columns = dict(zip(map(str, table), table.values(), strict=True))
        if len(columns) < len(table):
            require_distinct([str(name) for name in table])
        chosen = {name: columns[name] for name in (columns if wanted is None else _present(wanted, tuple(columns)))}
        table = plain_table(lambda: pa.table(chosen), lambda: _mixed(chosen, wanted))
    if hasattr(table, "collect") and not hasattr(table, "__arrow_c_stream__"):
        table = plain_table(table.collect)  # polars LazyFrame
    table = _only_columns(table, wanted)
    # one column alone speaks the same protocol: polars' and, from 3 on, pandas' Series
    is_column = (
        type(table).__name__ == "Series"
        or isinstance(table, pa.ChunkedArray)
        or (isinstance(table, pa.Array) and not isinstance(table, pa.StructArray))
    )
    if hasattr(table, "__arrow_c_stream__") and not is_column:
        frame: Any = table
        reader = plain_table(lambda: pa.RecordBatchReader.from_stream(frame), lambda: _mixed(frame, wanted))
        names, stream = tuple(reader.schema.names), _read_carefully(reader)
    elif hasattr(table, "__arrow_c_array__") and not is_column:
        if isinstance(table, pa.StructArray):  # a record that is null has nothing in it
            table = pa.record_batch(table.flatten(), [each.name for each in table.type])
        given: Any = table
        batch = plain_table(lambda: pa.record_batch(given))
        names, stream = tuple(batch.schema.names), iter((batch,))
    else:
        raise TypeError(
            f"a table is a path, a pandas, polars, Arrow or DuckDB table, or a dict of columns; "
            f"this is {type(table).__name__}"
        )
    if wanted is not None:
        _present(wanted, names)
    return Source(names, stream)


def _only_columns(table: Any, wanted: list[str] | None) -> Any:
    """A pandas or polars table without the columns nobody asked for, which may hold what Arrow can't."""
    library = type(table).__module__.split(".")[0]
    if wanted is None or library not in ("pandas", "polars") or not hasattr(table, "columns"):
        return table
    names = [str(name) for name in table.columns]
    chosen = _present(wanted, tuple(names))
    if library == "polars":
        return table.select(chosen)
    return table.iloc[:, [names.index(column) for column in chosen]].set_axis(chosen, axis=1)  # they may be numbers


def _mixed(columns: Any, wanted: list[str] | None) -> str | None:
    """The first column that Arrow can't hold, where the columns were asked for by name and so have names."""
    import pyarrow as pa

    for name in wanted or ():
        try:
            given = columns[name]
            pa.array(given) if isinstance(given, list | tuple) else pa.table({name: given})
        except MemoryError:  # Arrow's own is one of its exceptions
            raise
        except Exception:  # of whichever library
            return name
    return None


def plain_table(make: Callable[[], Any], culprit: Callable[[], str | None] = lambda: None) -> Any:
    """What ``make`` makes of somebody's table; `RecordError`, which quotes nothing, where it can't.

    ``culprit`` names the column that was at fault, where it is known.
    """
    import pyarrow as pa

    try:
        return make()
    except (StopIteration, MemoryError):  # Arrow's own of memory is one of its exceptions
        raise
    except UnicodeError:
        raise RecordError(
            "a column holds text that can't be written as UTF-8, such as half of a letter of UTF-16; read the table "
            "anew with its own encoding",
            rule="encoding of text",
        ) from None
    except (pa.ArrowException, ValueError, TypeError):
        # Arrow's own message quotes the value it stumbled over
        column = culprit()
        fault = (
            f"column '{column}' mixes kinds of values, or holds a kind that Arrow does not have"
            if column is not None
            else "a column mixes kinds of values or the columns differ in length"
        )
        raise RecordError(
            f"{fault}; read the table with every identifier as text (pandas: dtype=str)",
            column=column,
            rule="kind of values",
        ) from None
    except Exception as error:  # whatever computes the table: a DuckDB query, a polars plan
        raise RecordError(
            f"the table could not be computed ({type(error).__name__}); its own message may quote a record, so it is "
            "not repeated here",
            rule="table",
        ) from None


def _read_carefully(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    while True:
        try:
            batch = plain_table(reader.read_next_batch)
        except StopIteration:
            return
        yield batch


def _present(wanted: Iterable[str], names: tuple[str, ...]) -> list[str]:
    chosen = list(wanted)
    missing = [column for column in chosen if column not in names]
    if missing:
        others = f" (nor are {', '.join(map(repr, missing[1:]))})" if missing[1:] else ""
        raise RecordError(
            f"column '{missing[0]}' is not in the table{others}; {_known(missing[0], names, chosen)}. A field whose "
            "column has another name is given with columns={field: name} (command line: --column FIELD=NAME), one that "
            "the agency does not hold with columns={field: None} (--without FIELD)",
            column=missing[0],
            rule="column missing",
        )
    for column in chosen:
        if names.count(column) > 1:
            raise RecordError(f"column '{column}': there are two of that name", column=column, rule="column names")
    return chosen


def require_distinct(names: Sequence[str]) -> None:
    """Raise `RecordError` unless each name is there once."""
    fault = names_twice(names)
    if fault:
        raise RecordError(fault, rule="column names")


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
