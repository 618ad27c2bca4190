"""What every table of results can do: turn into Arrow, pandas or polars, have a length, show itself in a notebook."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from linkage.arrowtext import is_whole

if TYPE_CHECKING:
    import pyarrow as pa

_SHOWN = 10


class TableOfResults:
    """Mix-in for values that define `to_arrow`."""

    def to_arrow(self) -> pa.Table:
        """The result as an Arrow table."""
        raise TypeError("a table of results defines to_arrow")

    def to_pandas(self) -> Any:
        """The result as a pandas frame (pandas must be installed)."""
        _require("pandas")
        return self.to_arrow().to_pandas()

    def to_polars(self) -> Any:
        """The result as a polars frame (polars must be installed)."""
        _require("polars")
        import polars

        return polars.from_arrow(self.to_arrow())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        table = self.to_arrow()
        head = table.slice(0, _SHOWN).to_pylist()
        titles = "".join(f"<th>{escape(name)}</th>" for name in table.column_names)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(_shown(value))}</td>" for value in row.values()) + "</tr>" for row in head
        )
        more = f"<p>{len(head):,} of {table.num_rows:,} rows</p>" if table.num_rows > len(head) else ""
        return f"<p>{escape(repr(self))}</p><table><tr>{titles}</tr>{rows}</table>{more}"


def as_arrow(table: Any, what: str, columns: Sequence[str] = ()) -> pa.Table:
    """A small table that someone gave as a data frame, an Arrow table or a dict of columns; ``TypeError`` for others.

    what      the argument it came in, for the message
    columns   those it must have; ``ValueError`` if one is not there

    ``ValueError`` also for two columns of one name: nobody could tell which is meant.
    """
    import pyarrow as pa

    if type(table).__module__.startswith("pandas"):  # Arrow takes no such frame, and says why only in its own words
        _require_distinct(getattr(table, "columns", ()), what)
    kind = type(table).__name__
    needed = f", with the columns {', '.join(columns)}" if columns else ""
    try:
        if hasattr(table, "collect") and not hasattr(table, "__arrow_c_stream__"):
            table = table.collect()  # polars LazyFrame
        found = pa.table(dict(table) if isinstance(table, Mapping) else table)
    except MemoryError:  # Arrow's own is one of its exceptions
        raise
    except Exception:  # of whatever library gives it: what it says can quote the content
        raise TypeError(
            f"{what}: must be a data frame, an Arrow table or a dict of columns of one length{needed}; this is "
            f"{kind}, or can't be read"
        ) from None
    if not is_whole(found):
        raise ValueError(f"{what}: holds text that is not UTF-8, or is damaged")
    _require_distinct(found.column_names, what)
    lacking = [name for name in columns if name not in found.column_names]
    if lacking:
        raise ValueError(f"{what}: lacks the column {', '.join(lacking)}; needed are {', '.join(columns)}")
    return found


def names_twice(names: Iterable[object]) -> str:
    """That names stand there more than once, and how many; empty if none does.

    They are not told: without its header line the names of a table are a person's values.

    >>> names_twice(["id", "name", "id"])
    'names of columns that are there twice: 1; rename or drop them'
    """
    twice = sum(times > 1 for times in Counter(map(str, names)).values())
    return f"names of columns that are there twice: {twice:,}; rename or drop them" if twice else ""


def texts(table: pa.Table, what: str, column: str) -> list[str]:
    """A column of texts; ``ValueError`` says which row, from 1, is none. ``what`` as in `as_arrow`."""
    import pyarrow as pa

    kind = table[column].type.value_type if pa.types.is_dictionary(table[column].type) else table[column].type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    if len(table) and not (text or kind == pa.string_view()):  # days and times can be such that Python has no value
        raise ValueError(f"{what}, row 1: {column} must be text")
    found: list[str] = table[column].to_pylist()
    for row, text in enumerate(found, start=1):
        if not isinstance(text, str):
            raise ValueError(f"{what}, row {row:,}: {column} must be text")
    return found


def _require_distinct(names: Iterable[object], what: str) -> None:
    fault = names_twice(names)
    if fault:
        raise ValueError(f"{what}: {fault}")


def _require(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise ImportError(f"{package} is not installed: run `pip install {package}`, or use to_arrow()", name=package)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
