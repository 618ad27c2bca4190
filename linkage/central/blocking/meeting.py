"""Records with equal keys meet: candidates table by table, in bulk, scored by the kernels, each pair kept once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.kernels import Rows
from linkage.central.tiles import Found, no_pairs

_AT_ONCE = 1 << 20  # candidates held at a time, or those of one record where these are more
_HASH, _RIGHT, _ROW = np.uint64(0xFFFFFFFF << 32), np.uint64(1 << 31), np.uint64((1 << 31) - 1)


def met(
    left: NDArray[np.uint64], right: NDArray[np.uint64], *, within: bool
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Pairs of rows with equal keys; within one set each once, row below column. No block is too large: it is tiled.

    Keys meet by 32 bits of a hash: few pairs more, which scoring drops.
    """
    order, own, partner, many = _partners(left, right, within=within)
    total = np.cumsum(many)
    first = 0
    while first < len(many):
        before = total[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(total, before + _AT_ONCE, side="right")))
        each = many[first:last]
        skipped = np.repeat(partner[first:last] - (total[first:last] - each - before), each)
        row = np.repeat(order[own[first:last]], each)
        column = order[skipped + np.arange(len(row))]
        yield (np.minimum(row, column), np.maximum(row, column)) if within else (row, column)
        first = last


def _partners(
    left: NDArray[np.uint64], right: NDArray[np.uint64], *, within: bool
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows in order of their keys; and of each with partners its place, the place of the first, and how many follow."""
    sides = [_by_hash(left)] if within else [_by_hash(left), _by_hash(right) | _RIGHT]
    together = np.concatenate(sides)
    together.sort()  # one number for hash, side and row: a block is a run, its left rows first
    order = (together & _ROW).astype(np.int32)
    hashes = together >> np.uint64(32)
    bounds = np.concatenate([[0], np.flatnonzero(hashes[1:] != hashes[:-1]) + 1, [len(hashes)]])
    start, end = bounds[:-1], bounds[1:]
    if within:
        start, end = start[end - start > 1], end[end - start > 1]
        own = np.repeat(start, end - start) + _numbered(end - start)
        return order, own, own + 1, np.repeat(end, end - start) - own - 1
    of_right = np.concatenate([[0], np.cumsum((together & _RIGHT) > 0)])
    rights = of_right[end] - of_right[start]
    lefts = end - start - rights
    both = (lefts > 0) & (rights > 0)
    start, lefts, rights = start[both], lefts[both], rights[both]
    own = np.repeat(start, lefts) + _numbered(lefts)
    return order, own, np.repeat(start + lefts, lefts), np.repeat(rights, lefts)


def _by_hash(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = (keys ^ keys >> np.uint64(32)) * np.uint64(0x9E3779B97F4A7C15)
    return mixed & _HASH | np.arange(len(keys), dtype=np.uint64)


def _numbered(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, ... of each run."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)


def scored(
    candidates: Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]], left: Rows, right: Rows, need: NDArray[np.uint32]
) -> tuple[Found, int]:
    """Candidates, of rows that have bits, that reach the overlap they need; and how many candidates there were."""
    found, n = [no_pairs()], 0
    for row, column in candidates:
        n += len(row)
        counts = left.counts[row], right.counts[column]
        needed = need[counts[0] + counts[1]]
        # no overlap is above either popcount
        hopeful = np.flatnonzero(needed <= np.minimum(*counts))
        row, column, needed = row[hopeful], column[hopeful], needed[hopeful]
        overlap = kernels.pair_overlaps(left, right, row, column)
        kept = overlap >= needed
        found.append((row[kept], column[kept], overlap[kept]))
    return (np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found]),
            np.concatenate([part[2] for part in found])), n  # fmt: skip


def distinct(parts: list[Found]) -> Found:
    """Each pair once, by row, then column."""
    row, column, overlap = (np.concatenate([part[place] for part in parts]) for place in range(3))
    _, first = np.unique(row.astype(np.int64) << 32 | column, return_index=True)
    return row[first], column[first], overlap[first]
