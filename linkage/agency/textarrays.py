"""Arrow's texts as NumPy arrays and back, and rows as their bytes, without an object for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


def buffers(texts: pa.StringArray) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Text i is ``data[offsets[i] : offsets[i + 1]]``; of a null, any bytes."""
    if not len(texts):
        return np.zeros(1, dtype=np.int32), np.zeros(0, dtype=np.uint8)
    _, places, data = texts.buffers()
    offsets = np.frombuffer(places, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return offsets, np.zeros(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)


def text_array(offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> pa.StringArray:
    """The texts of such arrays, none of them null."""
    import pyarrow as pa

    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))


def octets(rows: NDArray[Any]) -> NDArray[np.uint8]:
    """The rows as bytes, (n, bytes) uint8; of contiguous ones no copy."""
    width = rows.itemsize * (rows.shape[1] if rows.ndim == 2 else 1)
    return np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), width)
