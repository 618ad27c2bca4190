"""faiss: range search of 1024-bit rows on one thread, in pairs a second: python faiss_range.py [rows].

Hamming distance below 200, which random rows half full (512 on average) do not reach: counting alone is timed.
"""

from __future__ import annotations

import speed

RADIUS = 200


def compare(left: speed.Rows, right: speed.Rows) -> None:
    """All pairs within the radius."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryFlat(speed.BITS)
    index.add(right)
    index.range_search(left, RADIUS)


if __name__ == "__main__":
    speed.run(compare, package="faiss-cpu")
