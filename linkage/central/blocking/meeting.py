"""Records with equal keys meet: candidates table by table, in bulk, scored by the kernels, each pair kept once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.kernels import Rows
from linkage.central.tiles import Found, no_pairs

_AT_ONCE = 1 << 20  # candidates held at a time, or those of one record where these are more


def met(
    left: NDArray[np.uint64], right: NDArray[np.uint64], *, within: bool
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Pairs of rows with equal keys; within one set each once, row below column. No block is too large: it is tiled."""
    by_left = np.argsort(left, kind="stable").astype(np.int32)
    by_right = by_left if within else np.argsort(right, kind="stable").astype(np.int32)
    sorted_left, sorted_right = left[by_left], right[by_right]
    end = np.searchsorted(sorted_right, sorted_left, side="right")
    start = np.arange(1, len(left) + 1) if within else np.searchsorted(sorted_right, sorted_left, side="left")
    many = end - start
    some = np.flatnonzero(many)
    many, start, by_left = many[some], start[some], by_left[some]
    total = np.cumsum(many)
    first = 0
    while first < len(many):
        before = total[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(total, before + _AT_ONCE, side="right")))
        each = many[first:last]
        skipped = np.repeat(start[first:last] - (total[first:last] - each - before), each)
        row = np.repeat(by_left[first:last], each)
        column = by_right[skipped + np.arange(len(row))]
        yield (np.minimum(row, column), np.maximum(row, column)) if within else (row, column)
        first = last


def scored(
    candidates: Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]], left: Rows, right: Rows, need: NDArray[np.uint32]
) -> tuple[Found, int]:
    """Those candidates that reach the overlap they need, and how many were scored."""
    found, n = [no_pairs()], 0
    for row, column in candidates:
        n += len(row)
        overlap = kernels.pair_overlaps(left, right, row, column)
        counts = left.counts[row], right.counts[column]
        kept = (overlap >= need[counts[0] + counts[1]]) & (counts[0] > 0) & (counts[1] > 0)
        found.append((row[kept], column[kept], overlap[kept]))
    return (np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found]),
            np.concatenate([part[2] for part in found])), n  # fmt: skip


def distinct(parts: list[Found]) -> Found:
    """Each pair once, by row, then column."""
    row, column, overlap = (np.concatenate([part[place] for part in parts]) for place in range(3))
    _, first = np.unique(row.astype(np.int64) << 32 | column, return_index=True)
    return row[first], column[first], overlap[first]
