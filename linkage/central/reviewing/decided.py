"""What people decided about pairs of two sets, as rows of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.decisions import decided_pairs
from linkage.encoded import EncodedSet


@dataclass(frozen=True, eq=False)
class Decided:
    """Pairs by row, then column, each once: (p,) int32 rows of either set, and whether they are one person."""

    row: NDArray[np.int32]
    column: NDArray[np.int32]
    same: NDArray[np.bool_]

    def folds(self, n: int) -> NDArray[np.int64]:
        """(p,) a part from 0 to n - 1 for each; those of one row are together, as they decide about one another."""
        rows, place = np.unique(self.row, return_inverse=True)
        # rows lie in the order of random ids
        folds: NDArray[np.int64] = np.arange(len(rows))[place] % n
        return folds

    def __len__(self) -> int:
        return len(self.row)


def decided(table: object, first: EncodedSet, second: EncodedSet, *, within: bool) -> Decided:
    """The decisions about pairs of these sets; see `linkage.central.reviewing.refining.refine` for the table."""
    found: dict[tuple[str, str], bool] = {}
    contrary = 0
    for pair, same in _pairs(table, first.source, second.source):
        ordered = (min(pair), max(pair)) if within else pair
        contrary += found.setdefault(ordered, same) != same
    if contrary:
        raise ValueError(f"decisions: {contrary:,} contradict another about the same pair; settle them first")
    rows, columns = (_rows_of(side, [pair[place] for pair in found]) for place, side in enumerate((first, second)))
    unknown = int(((rows < 0) | (columns < 0)).sum())
    if unknown:
        raise ValueError(
            f"decisions: {unknown:,} are about records that '{first.source}' or '{second.source}' does not have; use "
            "the sets that were linked when the decisions were made"
        )
    order = np.lexsort((columns, rows))
    return Decided(rows[order], columns[order], np.array(list(found.values()), dtype=np.bool_)[order])


def _rows_of(side: EncodedSet, ids: list[str]) -> NDArray[np.int32]:
    """The rows of record ids, -1 for one that is not there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.index_in(pa.array(ids, pa.string()), value_set=side.record_ids)
    rows: NDArray[np.int32] = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    return rows


def _pairs(table: object, first: str, second: str) -> Iterator[tuple[tuple[str, str], bool]]:
    """Ids of the first and the second source, and what was decided; of other sources nothing."""
    columns = decided_pairs(table, "decisions").to_pydict().values()
    for left_source, left, right_source, right, same in zip(*columns, strict=True):
        if (left_source, right_source) == (first, second):
            yield (left, right), same
        elif (left_source, right_source) == (second, first):
            yield (right, left), same
