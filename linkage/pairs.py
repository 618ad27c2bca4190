"""Pairs: left row, right row, and how alike they are. What every central step takes and returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.encoded import EncodedSet
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_TEXT = 1 << 30  # bytes of ids in one Arrow array; its 32-bit offsets end at twice that


@dataclass(frozen=True, eq=False)
class Pairs(TableOfResults):
    """Pairs of records, sorted by left row, then right row; rows are in record-id order.

    left, right      (p,) int32 rows of ``left_set`` and ``right_set``
    similarity       (p,) float64 Dice in [0, 1], from `compare`
    match_weight     (p,) float64 log2 of the likelihood ratio, from `Model.predict`
    probability      (p,) float64 in [0, 1]: that the two are one person, rivals considered
    recall           where only candidates were compared: of the pairs of a sample of records, compared with all, the
                     share that is among these; None where nothing was left out, or the sample has no pair
    """

    left_set: EncodedSet
    right_set: EncodedSet
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    similarity: NDArray[np.float64] | None = None
    match_weight: NDArray[np.float64] | None = None
    probability: NDArray[np.float64] | None = None
    recall: float | None = None

    def __post_init__(self) -> None:
        self.left.flags.writeable = self.right.flags.writeable = False
        for column in self.measures().values():
            column.flags.writeable = False

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()  # NumPy's arrays are writable again when copied or pickled

    def measures(self) -> dict[str, NDArray[np.float64]]:
        """The measures that are there, by name."""
        all_three = {"similarity": self.similarity, "match_weight": self.match_weight, "probability": self.probability}
        return {name: column for name, column in all_three.items() if column is not None}

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> Pairs:
        """The chosen pairs, by their places or one truth value each; ``TypeError`` for anything else."""
        chosen = np.asarray(index)
        if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "biu"):
            raise TypeError("take: the places of pairs, or a truth value for each, as one array")
        chosen = chosen if chosen.size else chosen.astype(np.int64)
        return Pairs(
            self.left_set,
            self.right_set,
            self.left[chosen],
            self.right[chosen],
            **{name: column[chosen] for name, column in self.measures().items()},
            recall=self.recall,
        )

    def swapped(self) -> Pairs:
        """The same pairs with left and right exchanged."""
        order = np.lexsort((self.left, self.right))
        return Pairs(
            self.right_set,
            self.left_set,
            self.right[order],
            self.left[order],
            **{name: column[order] for name, column in self.measures().items()},
            recall=self.recall,
        )

    def to_arrow(self) -> pa.Table:
        """Columns left_id, right_id, and the measures that are there."""
        import pyarrow as pa

        return pa.table(
            {
                "left_id": _ids_of(self.left_set, self.left),
                "right_id": _ids_of(self.right_set, self.right),
                **self.measures(),
            }
        )

    def __len__(self) -> int:
        return len(self.left)

    def __repr__(self) -> str:
        return f"Pairs({len(self):,} of {self.left_set.source!r} and {self.right_set.source!r})"


def _ids_of(encoded: EncodedSet, rows: NDArray[np.int32]) -> pa.ChunkedArray:
    """The record ids of some rows, in as many arrays as their texts need."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = encoded.record_ids
    longest = pc.max(pc.binary_length(ids)).as_py() or 1
    at_once = max(1, _MOST_TEXT // longest)
    parts = [ids.take(pa.array(rows[start : start + at_once])) for start in range(0, len(rows), at_once)]
    return pa.chunked_array(parts, pa.string())
