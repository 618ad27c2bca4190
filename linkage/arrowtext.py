"""Arrow columns as strings, and as Arrow's own functions take them, with every pyarrow that is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


def is_whole(values: Any) -> bool:
    """Whether offsets, views and indices of an Arrow array or table point inside, and all text is UTF-8.

    Arrow says which is not so in words that can quote the content.
    """
    import pyarrow as pa

    try:
        values.validate(full=True)
    except pa.ArrowException:
        return False
    return True


def as_strings(column: Any) -> pa.StringArray | pa.ChunkedArray:
    """The column, an array or in chunks, as strings. Raises Arrow's error, or ``UnicodeDecodeError``, for what is none.

    pyarrow 17 casts no string views, which polars 1.3 and DuckDB give it; what it reads itself has none.
    """
    import pyarrow as pa

    if pa.types.is_string_view(column.type):
        column.validate(full=True)  # a cast reads wherever a view points
    try:
        return column.cast(pa.string())
    except pa.ArrowNotImplementedError:
        if not pa.types.is_string_view(column.type):
            raise
    if isinstance(column, pa.ChunkedArray):
        return pa.chunked_array([as_strings(chunk) for chunk in column.chunks], pa.string())
    return pa.array(column.to_pylist(), pa.string())


def taken(table: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """These rows of a table, in this order; views and run-end encoded columns, of which Arrow takes none, become plain.

    Raises Arrow's error where a column is of another kind that it can't take rows of.
    """
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        table = table.set_column(place, field.name, without_views(table.column(place)))
    return table.take(pa.array(rows, pa.int64()))


def without_views(column: Any) -> Any:
    """An Arrow column as Arrow's functions take it: no views of strings or bytes, no run-end encoding."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    if pa.types.is_string_view(column.type):
        return as_strings(column)
    if pa.types.is_binary_view(column.type):
        return pa.chunked_array([pa.array(column.to_pylist(), pa.binary())])  # pyarrow 17 casts none
    return column
