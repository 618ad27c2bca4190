"""Sums of bits, 64 at once: a plane holds one binary digit of many counts, a bit for each.

Plane ``level`` counts ``2 ** level`` wherever it has a 1. Three planes of one level become one of it and one of the
next by the five operations of a full adder (carry-save addition, Harley and Seal), so n bits are counted in about 5 n
operations on words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]


def total(planes: Iterable[tuple[int, Words]]) -> list[Words]:
    """The digits of the sum of (level, plane), the least first.

    >>> one = np.array([0b011], dtype=np.uint64)
    >>> [int(digit[0]) for digit in total([(0, one), (0, one), (0, np.array([0b110], dtype=np.uint64))])]
    [6, 3]
    """
    waiting: list[list[Words]] = []
    for level, plane in planes:
        _push(waiting, level, plane)
    digits: list[Words] = []
    level = 0
    while level < len(waiting):
        held = waiting[level]
        if len(held) == 2:
            _push_to(waiting, level + 1, held[0] & held[1])
            held = [held[0] ^ held[1]]
        elif len(held) == 3:
            _push_to(waiting, level + 1, _add(held))
        digits.append(held[0] if held else np.zeros(1, dtype=np.uint64))
        level += 1
    return digits


def above(planes: Sequence[tuple[int, Words]], limits: NDArray[np.int64], most: int) -> Words:
    """1 where the sum is above the limit of its row; no sum is above ``most``.

    What lies between the limit and the next power of two is added: then a sum above it is one that carries so far.
    """
    top = most.bit_length()
    missing = (1 << top) - 1 - limits
    constants = [(level, np.where(missing >> level & 1, ~np.uint64(0), np.uint64(0))[:, None]) for level in range(top)]
    digits = total([*planes, *constants])
    return digits[top] if len(digits) > top else np.zeros(1, dtype=np.uint64)


def any_bit(rows: Words) -> NDArray[np.bool_]:
    """(rows,) whether a row has a bit set."""
    found: NDArray[np.bool_] = np.any(rows, axis=1)
    return found


def _push(waiting: list[list[Words]], level: int, plane: Words) -> None:
    _push_to(waiting, level, plane)
    while len(waiting[level]) == 3:
        carry = _add(waiting[level])
        level += 1
        _push_to(waiting, level, carry)


def _push_to(waiting: list[list[Words]], level: int, plane: Words) -> None:
    while len(waiting) <= level:
        waiting.append([])
    waiting[level].append(plane)


def _add(held: list[Words]) -> Words:
    """Three planes of a level become one, in place; the carry is returned."""
    one, other, third = held
    either = one ^ other
    carry = (one & other) | (either & third)
    held[:] = [either ^ third]
    return carry
