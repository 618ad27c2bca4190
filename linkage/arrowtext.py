"""An Arrow column as strings, with every pyarrow that is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


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
