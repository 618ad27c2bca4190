"""The overlap of every pair of a tile, in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# a tile's 64-bit scratch (512 KiB) stays in a core's cache; NumPy meets a row of fewer columns at a third of the speed
ROWS_OF_A_TILE = 16
COLUMNS_OF_A_TILE = 4_096
_WORDS_OF_A_BYTE = 3  # have at most 192 bits: added as bytes, which is faster by four


class Scratch:
    """Arrays reused from tile to tile: fresh ones would cost more than the counting."""

    def __init__(self) -> None:
        shape = ROWS_OF_A_TILE, COLUMNS_OF_A_TILE
        self._both = np.empty(shape, dtype=np.uint64)
        self._bits = np.empty(shape, dtype=np.uint8)
        self._few = np.empty(shape, dtype=np.uint8)
        self._overlap = np.empty(shape, dtype=np.int32)

    def overlap(self, left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.int32]:
        """(n, m) shared bits of left (n, w) and right (w, m); valid until the next call."""
        n, m = len(left), right.shape[1]
        both, bits, few, overlap = self._both[:n, :m], self._bits[:n, :m], self._few[:n, :m], self._overlap[:n, :m]
        overlap[:] = 0
        for first in range(0, left.shape[1], _WORDS_OF_A_BYTE):
            few[:] = 0
            for word in range(first, min(first + _WORDS_OF_A_BYTE, left.shape[1])):
                np.bitwise_and(left[:, word, None], right[word], out=both)
                np.bitwise_count(both, out=bits)
                np.add(few, bits, out=few)
            np.add(overlap, few, out=overlap)
        return overlap
