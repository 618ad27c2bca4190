"""A number for each row of a filter, equal for equal rows: to count and to notice, never to keep a secret."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ODD, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)  # Steele, Lea and Flood 2014


def row_hashes(words: NDArray[np.uint64], *, start: int = 0) -> NDArray[np.uint64]:
    """(n,) of rows (n, words): unlike rows have unlike numbers but for one pair in 2 ** 64.

    >>> first, other, again = row_hashes(np.array([[1, 2], [2, 1], [1, 2]], dtype=np.uint64)).tolist()
    >>> first == again != other
    True
    """
    mixed = np.full(len(words), start, dtype=np.uint64)
    for place in range(words.shape[1]):
        mixed = (mixed ^ words[:, place]) * _ODD
        mixed ^= mixed >> np.uint64(29)
        mixed *= _MIX
        mixed ^= mixed >> np.uint64(32)
    return mixed
