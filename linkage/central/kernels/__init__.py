"""The hot loops of comparison: one contract, kept by every implementation bit for bit.

``overlaps(left, right, left_counts, right_counts, need)``
    Pairs of two blocks of rows that reach a threshold.

    left, right              (n, w), (m, w) uint64, C order
    left_counts, ...         (n,), (m,) uint32, bits set in each row
    need                     (2 * n_bits + 1,) uint32: least overlap by the sum of two popcounts
    Returns row, column      (p,) int32, by row then column; overlap (p,) uint32

``level_counts(left, right, tables)``
    How many pairs of two blocks have each level, comparison by comparison.

    left, right              tuples of `Side`, one per comparison
    tables                   tuple of (2 * missing + 1, n_bits + 1) uint8, level by [sum of popcounts, overlap];
                             a row without bits counts as ``missing`` bits, beyond any real sum
    Returns                  tuple of (levels,) int64

``heavy_pairs(left, right, tables, bound)``
    Pairs of two blocks whose summed integer weight reaches a bound.

    tables                   as above but int32: weight by [sum of popcounts, overlap], in 1/1024 bit
    bound                    int, likewise
    Returns row, column      (p,) int32, by row then column; weight (p,) int32

``pair_levels(left, right, rows, columns, tables)``
    The levels of listed pairs: (p, comparisons) uint8.

Kernels take arrays, return arrays, raise nothing and know no options; callers have checked everything.
"""

from __future__ import annotations

from linkage.central.kernels import portable
from linkage.central.kernels.portable import Overlaps, Side, heavy_pairs, level_counts, overlaps, pair_levels

__all__ = ["Overlaps", "Side", "heavy_pairs", "level_counts", "name", "overlaps", "pair_levels"]


def name() -> str:
    """The implementation in use."""
    return portable.NAME
