"""Records as numbers and pairs as one number each, so that a million pairs are compared by sorting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.central.assign import groups

if TYPE_CHECKING:
    import pyarrow as pa

Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Numbers:
    """How many records there are in all, and (n,) which source each is of."""

    n: int
    source: Whole


def numbered(columns: Sequence[tuple[pa.Array, pa.Array]], sources: tuple[str, ...]) -> tuple[Numbers, list[Whole]]:
    """Number the records that several (source, id) columns name: equal numbers for equal source and id.

    Returns the number of each row, one array for each of the columns. Sources other than ``sources`` are refused by
    an assertion: a caller has left them out.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = [len(ids) for _, ids in columns]
    names = pa.chunked_array([chunk for name, _ in columns for chunk in _strings(name)], pa.large_string())
    texts = pa.chunked_array([chunk for _, ids in columns for chunk in _strings(ids)], pa.large_string())
    place = pc.index_in(names, value_set=pa.array(sources, pa.large_string()))
    assert not place.null_count, "a record of a source that was not linked"
    text = texts.combine_chunks().dictionary_encode()
    # a cell for each id in each source, of which those in use are counted through
    cell = text.indices.to_numpy().astype(np.int64) * len(sources) + place.to_numpy()
    used = np.zeros(len(text.dictionary) * len(sources), dtype=bool)
    used[cell] = True
    cells = np.flatnonzero(used)
    number = np.cumsum(used) - 1
    rows = np.split(number[cell], np.cumsum(lengths)[:-1])
    return Numbers(len(cells), cells % max(1, len(sources))), rows


def _strings(column: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    import pyarrow as pa

    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return [chunk.cast(pa.large_string()) for chunk in chunks]  # in one string array 67 million ids would not fit


def both_ways(left: Whole, right: Whole, n: int) -> Whole:
    """(p,) int64 a pair of records below n as one number, the same for left and right exchanged.

    >>> both_ways(np.array([2, 1]), np.array([1, 2]), 10)
    array([12, 12])
    """
    return np.minimum(left, right) * n + np.maximum(left, right)


def found_in(values: Whole, among: Whole) -> Mask:
    """Which values are among others, both ascending and distinct.

    >>> found_in(np.array([1, 4, 9]), np.array([4, 5]))
    array([False,  True, False])
    """
    if not len(among):
        return np.zeros(len(values), dtype=bool)
    at = np.minimum(np.searchsorted(among, values), len(among) - 1)
    return np.asarray(among[at] == values)


def count_pairs_within(group: Whole) -> int:
    """How many pairs of places have an equal number, below zero left out.

    >>> count_pairs_within(np.array([7, 3, 7, -1, -1, 7]))
    3
    """
    sizes = np.unique(group[group >= 0], return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())


def pairs_within(group: Whole) -> tuple[Whole, Whole]:
    """All pairs of places whose numbers are equal: lower and higher place; numbers below zero pair with nothing.

    >>> pairs_within(np.array([7, 3, 7, -1, -1, 7]))
    (array([0, 0, 2]), array([2, 5, 5]))
    """
    places = np.flatnonzero(group >= 0)
    places = places[np.argsort(group[places], kind="stable")]
    starts = np.flatnonzero(np.diff(group[places], prepend=-1))
    sizes = np.diff(starts, append=len(places))
    # each place with all that come after it in its group
    after = np.repeat(starts + sizes, sizes) - np.arange(len(places)) - 1
    first = np.repeat(np.arange(len(places)), after)
    step = np.arange(len(first)) - np.repeat(np.cumsum(after) - after, after)
    return places[first], places[first + 1 + step]


def components(left: Whole, right: Whole, n: int) -> Whole:
    """(n,) a number for each of n records, equal for records that pairs join, directly or through others."""
    return groups(left, right, n).astype(np.int64)
