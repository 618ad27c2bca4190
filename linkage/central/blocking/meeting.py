"""Records with equal keys meet: candidates of a table, in bulk, in parts of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Places = NDArray[np.int64]

AT_ONCE = 1 << 20  # candidates held at a time, or those of one record where these are more
_HASH, _RIGHT, _ROW = np.uint64(0xFFFFFFFF << 32), np.uint64(1 << 31), np.uint64((1 << 31) - 1)
_HASHES_DIFFER = np.uint64(1 << 32)


@dataclass(frozen=True)
class Counted:
    """How many pairs have equal keys, how many keys are shared, and how many pairs the largest block gives."""

    pairs: int
    blocks: int
    largest: int


def counted(left: Keys, right: Keys, *, within: bool) -> Counted:
    """Count the pairs of two sides, or of rows below columns within one, without making them."""
    lefts, of_left = np.unique(left[left != 0], return_counts=True)
    if within:
        each = of_left * (of_left - 1) // 2
    else:
        rights, of_right = np.unique(right[right != 0], return_counts=True)
        _, places, others = np.intersect1d(lefts, rights, assume_unique=True, return_indices=True)
        each = of_left[places] * of_right[others]
    return Counted(int(each.sum()), int(np.count_nonzero(each)), int(each.max(initial=0)))


@dataclass(frozen=True, eq=False)
class Meeting:
    """The pairs of rows with equal keys, not yet made; within one set each once, row below column.

    order      (k,) rows in order of their keys, of a block the left ones first
    own        (r,) the place in that order of each row that has partners
    partner    (r,) the place of its first partner
    many       (r,) how many it has
    """

    left: Keys
    right: Keys
    within: bool
    order: NDArray[np.int32]
    own: Places
    partner: Places
    many: Places

    @classmethod
    def of(cls, left: Keys, right: Keys, *, within: bool) -> Meeting:
        """Of two sides, or within one, whose keys are then given twice. Keys of 0 meet nobody."""
        sides = [_by_hash(left)] if within else [_by_hash(left), _by_hash(right) | _RIGHT]
        together = np.concatenate(sides)
        together.sort()  # one number for hash, side and row: a block is a run, its left rows first
        order = (together & _ROW).astype(np.int32)
        same = np.zeros(len(together) + 1, dtype=np.bool_)  # as the one before; no row is alone with itself
        np.less(together[1:] ^ together[:-1], _HASHES_DIFFER, out=same[1:-1])
        start = np.flatnonzero(same[1:] & ~same[:-1])
        end = np.flatnonzero(same[:-1] & ~same[1:]) + 1
        if within:
            own = np.repeat(start, end - start) + _numbered(end - start)
            return cls(left, right, within, order, own, own + 1, np.repeat(end, end - start) - own - 1)
        n_right = np.zeros(len(together) + 1, dtype=np.int32)
        np.cumsum((together & _RIGHT) != 0, out=n_right[1:])
        rights = (n_right[end] - n_right[start]).astype(np.int64)
        lefts = end - start - rights
        both = (lefts > 0) & (rights > 0)
        start, lefts, rights = start[both], lefts[both], rights[both]
        own = np.repeat(start, lefts) + _numbered(lefts)
        return cls(left, right, within, order, own, np.repeat(start + lefts, lefts), np.repeat(rights, lefts))

    def parts(self) -> Iterator[tuple[int, int]]:
        """Runs of its rows that have about a million pairs each: no block is too large."""
        total = np.cumsum(self.many)
        first = 0
        while first < len(total):
            before = total[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(total, before + AT_ONCE, side="right")))
            yield first, last
            first = last

    def pairs(self, part: tuple[int, int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows and columns of a part."""
        own, partner, many = (each[slice(*part)] for each in (self.own, self.partner, self.many))
        row, place = self.order[own], partner
        if (many != 1).any():
            row, ends = np.repeat(row, many), np.cumsum(many)
            place = np.repeat(partner - (ends - many), many) + np.arange(len(row))
        column = self.order[place]
        if self.within:
            row, column = np.minimum(row, column), np.maximum(row, column)
        same = self.left[row] == self.right[column]  # order was by 32 bits of a hash
        return (row, column) if same.all() else (row[same], column[same])


def _by_hash(keys: Keys) -> Keys:
    mixed = (keys ^ keys >> np.uint64(32)) * np.uint64(0x9E3779B97F4A7C15)
    made: Keys = (mixed & _HASH | np.arange(len(keys), dtype=np.uint64))[keys != 0]
    return made


def _numbered(lengths: Places) -> Places:
    """0, 1, ... of each run."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)


class _WithKeys(Protocol):
    @property
    def tables(self) -> int: ...

    def keys(self, table: int) -> tuple[Keys, Keys]: ...


def met_by_keys(tables: _WithKeys, row: NDArray[np.int32], column: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which listed pairs have a key in common."""
    met = np.zeros(len(row), dtype=np.bool_)
    for table in range(tables.tables):
        left, right = tables.keys(table)
        own = left[row]
        met |= (own == right[column]) & (own != 0)
    return met
