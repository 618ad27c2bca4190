"""One bit of every record side by side, and back: 64 records are asked about a bit in one operation.

A plane holds one bit position of all rows, eight rows a byte. Both ways are the transposition of 8 by 8 bits of
Warren, Hacker's Delight (2nd edition, 2013), section 7-3, on many words at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linkage.parallel import in_order

_AT_ONCE = 1 << 16  # rows
# of each step: which bits stay, which move up by how many places (and their mirror image down)
_STEPS = (
    (0xAA55AA55AA55AA55, 0x00AA00AA00AA00AA, 7),
    (0xCCCC3333CCCC3333, 0x0000CCCC0000CCCC, 14),
    (0xF0F0F0F00F0F0F0F, 0x00000000F0F0F0F0, 28),
)


def planes_of(words: NDArray[np.uint64], *, threads: int | None) -> NDArray[np.uint8]:
    """Planes (positions, bytes) of rows (n, words); bytes are rows / 8, up to the next 8 bytes, zeros beyond the rows.

    Position 0 is the top bit of the row's first byte.
    """
    n, width = words.shape
    planes = np.zeros((width * 64, -(-n // 64) * 8), dtype=np.uint8)

    def part(first: int) -> None:
        rows = words[first : first + _AT_ONCE].view(np.uint8)
        groups = -(-len(rows) // 8)
        if len(rows) % 8:
            rows = np.concatenate([rows, np.zeros((8 * groups - len(rows), width * 8), np.uint8)])
        squares = np.ascontiguousarray(rows.reshape(groups, 8, width * 8).transpose(0, 2, 1)).view("<u8")[:, :, 0]
        turned = _turned(squares).view(np.uint8).reshape(groups, width * 8, 8)[:, :, ::-1]
        planes[:, first // 8 : first // 8 + groups] = turned.reshape(groups, width * 64).T

    list(in_order(part, range(0, n, _AT_ONCE), threads=threads))
    return planes


def keys_of(planes: list[NDArray[np.uint64]], n: int) -> NDArray[np.uint64]:
    """(n,): equal for rows equal in every plane. Others differ: always with 64 planes at most, else nearly always."""
    keys = np.zeros(n, dtype=np.uint64)
    for start in range(0, len(planes), 64):
        some = planes[start : start + 64]
        bytes_ = np.zeros((n + 63) // 64 * 64 * 8, dtype=np.uint8).reshape(-1, 8)
        for place in range(0, len(some), 8):
            eight = np.zeros((8, len(bytes_) // 8), dtype=np.uint8)
            for line, plane in enumerate(some[place : place + 8]):
                eight[line] = plane.view(np.uint8)
            bytes_[:, place // 8] = _turned(np.ascontiguousarray(eight.T).view("<u8")[:, 0]).view(np.uint8)
        # odd multipliers keep different keys different
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + bytes_.view("<u8")[:n, 0]
    return keys


def _turned(squares: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """8 by 8 bits turned over the other diagonal: row r, bit from the top c, to row 7 - c, bit from the top 7 - r."""
    for stay, move, by in _STEPS:
        places = np.uint64(by)
        up = (squares & np.uint64(move)) << places
        squares = squares & np.uint64(stay) | up | (squares >> places) & np.uint64(move)
    return np.ascontiguousarray(squares)
