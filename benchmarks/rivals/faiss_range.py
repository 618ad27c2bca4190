"""faiss: range search of binary rows by Hamming distance, then the Dice threshold on what it gives.

    python faiss_range.py <left.npy> <right.npy> <threshold>

The radius is the least that loses no pair: rows of s bits together at Dice t differ in at most (1 - t) s places.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import speed


def find(left: speed.Rows, right: speed.Rows, threshold: Fraction) -> int:
    import faiss

    faiss.omp_set_num_threads(1)
    sizes = [speed.counts(rows) for rows in (left, right)]
    index = faiss.IndexBinaryFlat(left.shape[1] * 8)
    index.add(right)
    radius = int((1 - threshold) * int(sizes[0].max() + sizes[1].max())) + 1
    starts, distance, column = index.range_search(left, radius)
    row = np.repeat(np.arange(len(left)), np.diff(starts).astype(np.int64))
    a, b = sizes[0][row], sizes[1][column]
    overlap = (a + b - distance.astype(np.int64)) // 2
    return int(np.count_nonzero(speed.alike(overlap, a, b, threshold)))


if __name__ == "__main__":
    speed.run(lambda rows: rows, find, package="faiss-cpu")
