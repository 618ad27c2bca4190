"""numkong: a plain loop over its packed dot products, tile by tile, and the threshold in NumPy.

    python numkong_dots.py <left.npy> <right.npy> <threshold>

With NUMKONG_COUNT_ONLY=1 the overlaps are counted and thrown away, which is less than anyone needs.
"""

from __future__ import annotations

import os
from fractions import Fraction

import numpy as np
import speed

TILE = 64
COUNT_ONLY = os.environ.get("NUMKONG_COUNT_ONLY") == "1"


def find(left: speed.Rows, right: speed.Rows, threshold: Fraction) -> int:
    import numkong

    bits = numkong.dots_pack(right, dtype="uint1")  # not "u1": that is a byte
    sizes = [speed.counts(rows) for rows in (left, right)]
    found = 0
    for start in range(0, len(left), TILE):
        overlap = numkong.dots_packed(left[start : start + TILE], bits)
        if not COUNT_ONLY:
            shared = np.asarray(overlap, dtype=np.int64)
            here = sizes[0][start : start + TILE, None]
            found += int(np.count_nonzero(speed.alike(shared, here, sizes[1], threshold)))
    return found


if __name__ == "__main__":
    speed.run(lambda rows: rows, find, package="numkong")
