"""Majorities of weighted votes on NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency.bitplanes import above, total

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_ROWS_AT_ONCE = 256  # what is in hand stays in a core's cache


@dataclass(frozen=True, eq=False)
class _Voters:
    """A field: for each place in a list the token of each value that has one, values with more tokens first."""

    tokens: list[Numbers]
    value: Numbers  # (records,)
    length: Numbers  # (values,)
    each: Numbers  # (values,) votes of a token
    votes: Words  # (lines, tokens, 8)

    @property
    def n_votes(self) -> Numbers:
        """(records,)"""
        return (self.length * self.each)[self.value]


def majorities(fields: Sequence[tuple[Any, ...]], ties: Words, out: Words) -> None:
    """Each row the exclusive or of majorities over the votes of its tokens."""
    out[:] = 0
    voters = [_voters(*field) for field in fields]
    n_votes = sum((each.n_votes for each in voters), np.zeros(len(out), dtype=np.int64))
    present = n_votes > 0
    tied = ties.reshape(-1, 8)
    lines = out.shape[1] // 8
    for slice_, tie in enumerate(tied):
        at = slice(slice_ % lines * 8, slice_ % lines * 8 + 8)
        out[:, at] ^= np.where(present[:, None], _answers(voters, slice_, tie, n_votes), np.uint64(0))


def _voters(spans: Words, text: NDArray[np.int32], flat: NDArray[np.int32], votes: Words) -> _Voters:
    numbers, place = np.unique(text, return_inverse=True)
    own = np.zeros((len(numbers), 3), dtype=np.int64)
    own[numbers >= 0] = spans[numbers[numbers >= 0]]
    length = own[:, 1] - own[:, 0]
    # the longest first, so that those with a t-th token are always the first so many
    order = np.argsort(-length, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    first, length = own[order, 0], length[order]
    having = [int(np.searchsorted(-length, -nth, side="left")) for nth in range(int(length.max(initial=0)))]
    tokens = [flat[first[:n] + nth].astype(np.int64) for nth, n in enumerate(having)]
    return _Voters(tokens, rank[place], length, own[order, 2], votes)


def _answers(voters: Sequence[_Voters], line: int, tie: Words, n_votes: Numbers) -> Words:
    """(records, 8): 1 where more than half of a record's votes are, or half and the tie goes up."""
    sums = [_of_values(each, line) for each in voters]
    out = np.empty((len(n_votes), 8), dtype=np.uint64)
    for start in range(0, len(out), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        planes: list[tuple[int, Words]] = []
        for field, levels in zip(voters, sums, strict=True):
            own = [(level, rows[field.value[part]]) for level, rows in enumerate(levels)]
            each = field.each[field.value[part]]
            for bit in range(int(each.max(initial=0)).bit_length()):
                counts = -(each >> bit & 1).astype(np.uint64)[:, None]  # all ones, or none
                planes += [(level + bit, rows & counts) for level, rows in own]
        even = np.where(n_votes[part] % 2 == 0, ~np.uint64(0), np.uint64(0))[:, None]
        planes.append((0, even & tie))
        out[part] = above(planes, n_votes[part] // 2, int(n_votes[part].max(initial=0)) + 1)
    return out


def _of_values(field: _Voters, line: int) -> list[Words]:
    """Planes of the number of tokens that vote 1, by value."""
    votes, counts = field.votes[line], [len(nth) for nth in field.tokens]
    planes = [np.zeros((len(field.length), 8), dtype=np.uint64) for _ in range(len(counts).bit_length())]
    for start in range(0, counts[0] if counts else 0, _ROWS_AT_ONCE):
        stop = min(start + _ROWS_AT_ONCE, counts[0])
        given: list[tuple[int, Words]] = []
        for nth, count in zip(field.tokens, counts, strict=True):
            if count <= start:
                break
            own = votes[nth[start : min(stop, count)]]
            if len(own) < stop - start:
                own = np.concatenate([own, np.zeros((stop - start - len(own), 8), dtype=np.uint64)])
            given.append((0, own))
        for level, rows in enumerate(total(given)):
            planes[level][start:stop] = rows
    return planes
