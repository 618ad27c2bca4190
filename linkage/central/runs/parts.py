"""What is taken from a part of a run: columns and figures that are what they must be.

A digest is no signature, and a folder may hold what another program put there: what is used as a place in an array is
checked before. ``ValueError`` says what is wrong, and `RunFolder.part` in which file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


def numbers(table: pa.Table, name: str, kind: pa.DataType, first: int, last: int) -> NDArray[Any]:
    """The one column of that name and kind, (n,): no nulls, nothing below ``first`` or beyond ``last``."""
    values: NDArray[Any] = _column(table, name, kind).to_numpy()
    if len(values) and not (values.min() >= first and values.max() <= last):
        raise ValueError(f"column {name} has a number that cannot be")
    return values


def require_ascending(row: NDArray[np.int32], column: NDArray[np.int32]) -> None:
    """``ValueError`` unless the pairs are by row, then column, each of them once."""
    pairs = row.astype(np.int64) << 32 | column
    if not (pairs[1:] > pairs[:-1]).all():
        raise ValueError("pairs are out of order, or twice there")


def text(table: pa.Table) -> str:
    """The one text that a part holds."""
    import pyarrow as pa

    column = _column(table, "text", pa.string())
    if len(column) != 1:
        raise ValueError("not one text")
    return str(column[0].as_py())


def whole(said: Mapping[str, str], name: str) -> int:
    """A number of the footer."""
    if not re.fullmatch("-?[0-9]{1,15}", said.get(name, "")):
        raise ValueError(f"{name} is no number")
    return int(said[name])


def _column(table: pa.Table, name: str, kind: pa.DataType) -> pa.ChunkedArray:
    if table.column_names.count(name) != 1:
        raise ValueError(f"not one column {name}")
    column = table[name]
    if column.type != kind or column.null_count:
        raise ValueError(f"column {name} is not {kind} without nulls")
    return column
