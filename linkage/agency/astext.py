"""An Arrow column of any plain kind as text, as it was written; what can't be had as written is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.agency.textarrays import buffers
from linkage.arrowtext import as_strings, is_whole
from linkage.errors import RecordError

if TYPE_CHECKING:
    import pyarrow as pa


def as_text(array: pa.Array, column: str, kind: str, first_row: int) -> pa.StringArray:
    """An Arrow array of any plain kind as strings; ``kind`` is the field's type."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as pt

    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pt.is_run_end_encoded(array.type):
        array = pc.run_end_decode(array)
    if pt.is_dictionary(array.type):
        if not is_whole(array):  # what an index stands for is looked up wherever it points
            raise RecordError(
                f"column '{column}' is damaged, or holds text that is not UTF-8", column=column, rule="encoding of text"
            )
        if pt.is_string_view(array.type.value_type):  # polars' categoricals, which Arrow can't decode
            array = pa.DictionaryArray.from_arrays(array.indices, as_strings(array.dictionary))
        array = array.dictionary_decode()
    given = array.type
    if pt.is_null(given) or array.null_count == len(array):
        return pa.nulls(len(array), pa.string())
    if (pt.is_floating(given) or (pt.is_decimal(given) and given.scale)) and kind != "number":
        array = _whole_or_refused(array, column)
    elif pt.is_timestamp(given) or pt.is_date(given):
        array = _days(array, column, whole=kind == "identifier")
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
            f"column '{column}' holds {str(given).partition('<')[0]}, which is not text, a date or a number",
            column=column,
            rule="kind of values",
        )
    try:
        text = as_strings(array)
        _require_utf8(text)
        return text
    except MemoryError:  # Arrow's own is one of its exceptions
        raise
    except (pa.ArrowException, UnicodeDecodeError):
        raise RecordError(
            f"column '{column}' holds text that is not UTF-8, at or after row {first_row:,}",
            row=first_row,
            column=column,
            rule="encoding of text",
        ) from None


def _days(array: pa.Array, column: str, *, whole: bool) -> pa.Array:
    """Days; ``whole`` where a time of day may not be cut off, as two records of a day would have one id."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        days = array.cast(pa.date32(), safe=False)
        if whole and pa.types.is_timestamp(array.type):
            odd = pc.any(pc.not_equal(pc.floor_temporal(array, unit="day"), array)).as_py()
        else:
            odd = False
    except pa.ArrowInvalid:
        raise RecordError(
            f"column '{column}' holds times of a zone that this system does not know", column=column, rule="time zone"
        ) from None
    if odd:
        raise RecordError(
            f"column '{column}' holds times, of which only the day would count: give it as text",
            column=column,
            rule="kind of values",
        )
    return days


def _require_utf8(text: pa.StringArray) -> None:
    """Raise Arrow's error unless each text is UTF-8: Python's own holds the value.

    Arrow looks at one text after the other. Most columns are ASCII, which can be seen of all texts at once.
    """
    text.validate()
    offsets, data = buffers(text)
    ascending = offsets[0] >= 0 and offsets[-1] <= len(data) and (offsets[1:] >= offsets[:-1]).all()
    if not ascending or (data[offsets[0] : offsets[-1]] >= 0x80).any():
        text.validate(full=True)


def _whole_or_refused(array: pa.Array, column: str) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_float16(array.type):  # of halves pyarrow 17 can't tell which are NaN
        array = array.cast(pa.float32())
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
