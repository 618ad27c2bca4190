"""Every pair of records at or above a similarity: tiles, threads, a memory budget, Pairs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from linkage.central import kernels
from linkage.central.candidates import Tile, all_pairs, count_tiles
from linkage.central.thresholds import Ratio, exact_ratio, least_overlap
from linkage.encoded import EncodedSet, require_comparable
from linkage.errors import LimitError
from linkage.pairs import Pairs
from linkage.parallel import in_order, memory_limit
from linkage.progress import shown

DEFAULT_MEMORY = 1 << 30

# rows, columns, value: 12 bytes a pair as found, twice that while they are put in order, and the similarity
_BYTES_PER_PAIR = 40

_NONE: kernels.Overlaps = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint32))

Found = TypeVar("Found")


def compare(
    left: EncodedSet,
    right: EncodedSet | None = None,
    *,
    threshold: Ratio,
    threads: int | None = None,
    memory: int = DEFAULT_MEMORY,
    progress: bool | None = None,
) -> Pairs:
    """Find the pairs of records at least ``threshold`` alike, by the Dice similarity of their filters.

    For the ``record`` layout. With the ``fields`` layout no single similarity is right: use `fit` or `link`.

    Parameters
    ----------
    right
        Leave out to compare ``left`` with itself; each pair is then found once, left row below right row.
    threshold
        In (0, 1]; pairs exactly at it are kept: 0.8 is 4/5, not the nearest float. A record without any value is
        like nothing.
    memory
        Bytes the pairs may take. A threshold that would give more raises `LimitError` with an estimate, as soon as
        that is clear.

    Returns
    -------
    By left row, then right row; similarity is exact to the last bit on every machine.

    Raises
    ------
    MismatchError
        The sets were encoded with different agreements, keys or versions.

    Cost: one overlap for each pair of rows; about 40 million pairs a second and core at 1,024 bits.

    >>> import numpy as np
    >>> from linkage import EncodedSet, Field, Schema
    >>> schema = Schema(project="docs", layout="record", bits=64, fields=(Field(name="surname", type="name"),))
    >>> bits = np.array([[0b0111], [0b1111]], dtype=np.uint64)
    >>> tiny = EncodedSet.from_arrays(["a", "b"], {"record": bits}, schema=schema, source="docs")
    >>> compare(tiny, threshold="6/7").similarity
    array([0.85714286])
    """
    other = left if right is None else right
    require_comparable(left, other)
    memory_limit(memory)
    if left.schema.layout != "record":
        raise ValueError("compare: takes sets of the record layout; for the fields layout use fit() or link()")
    ratio = exact_ratio(threshold, name="threshold")
    (filter,) = left.schema.filters
    lefts, rights = left.filters[filter.name], other.filters[filter.name]
    left_counts, right_counts = left.popcounts[filter.name], other.popcounts[filter.name]
    need = least_overlap(ratio, n_bits=filter.bits)

    def step(tile: Tile) -> kernels.Overlaps:
        rows, columns = slice(tile.top, tile.bottom), slice(tile.first, tile.last)
        found = kernels.overlaps(lefts[rows], rights[columns], left_counts[rows], right_counts[columns], need)
        row, column, overlap = found[0] + np.int32(tile.top), found[1] + np.int32(tile.first), found[2]
        if right is not None:
            return row, column, overlap
        above = row < column
        return row[above], column[above], overlap[above]

    tiles = over_tiles(step, len(left), len(other), within=right is None, threads=threads, progress=progress)
    found = within_memory(
        tiles,
        lambda part: len(part[0]) * _BYTES_PER_PAIR,
        memory=memory,
        advice="raise the threshold, or allow more memory",
    )
    parts = [_NONE, *found]  # an empty set, and one record within itself, have no tiles
    row, column, overlap = (np.concatenate([part[place] for part in parts]) for place in range(3))
    order = np.lexsort((column, row))
    row, column, overlap = row[order], column[order], overlap[order]
    together = left_counts[row].astype(np.int64) + right_counts[column]
    return Pairs(left, other, row, column, similarity=2.0 * overlap / np.maximum(together, 1))


def over_tiles(
    step: Callable[[Tile], Found],
    n_left: int,
    n_right: int,
    *,
    within: bool = False,
    threads: int | None,
    progress: bool | None,
    label: str = "compare",
) -> Iterator[tuple[Found, float]]:
    """The step's result of each tile, in order, and the share of all pairs seen so far."""
    tiles = list(all_pairs(n_left, n_right, within=within))
    total = sum(tile.pairs for tile in tiles) or 1
    done = 0
    results = in_order(step, tiles, threads=threads)
    for tile, result in zip(
        tiles,
        shown(results, total=count_tiles(n_left, n_right), label=label, unit="tile", progress=progress),
        strict=True,
    ):
        done += tile.pairs
        yield result, done / total


def within_memory(
    results: Iterator[tuple[Found, float]], size: Callable[[Found], int], *, memory: int, advice: str
) -> Iterator[Found]:
    """The results, until they or what can be foreseen of them is more than ``memory`` bytes: then `LimitError`.

    Records lie in the order of their random ids, so the first tiles say what the others will give.
    """
    held = 0
    for result, share in results:
        held += size(result)
        foreseen = int(held / share)
        if held > memory or (foreseen > 4 * memory and held > memory // 16):
            raise LimitError(
                f"about {foreseen // _BYTES_PER_PAIR:,} pairs would take {foreseen:,} bytes; allowed are "
                f"{memory:,}: {advice}",
                needed=foreseen,
                allowed=memory,
            )
        yield result
