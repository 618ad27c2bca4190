"""What a worker does: pairs with their filters in, those that count out. Pickled by Spark; it holds weights, no row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.kernels import Rows
from linkage.central.modelling.weighing import Weights

if TYPE_CHECKING:
    import pyarrow as pa

CONTENDERS = "row int, column int, weight int, levels binary"
ALIKE = "row int, column int, overlap int"


@dataclass(frozen=True, eq=False)
class Weigh:
    """Pairs that a model thinks worth a second look; ``widths`` in words of each filter."""

    by: Weights
    widths: tuple[int, ...]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Of batches row, column, left_words, right_words, worth: those of `CONTENDERS`."""
        import pyarrow as pa

        for batch in batches:
            lefts, rights = (_filters(batch.column(name), self.widths) for name in ("left_words", "right_words"))
            worth = _matrix(batch.column("worth"), np.dtype(np.int32), len(self.widths))
            places = np.arange(len(batch), dtype=np.int32)
            bonus = tuple(np.ascontiguousarray(worth[:, place]) for place in range(worth.shape[1]))
            kept, _, weight, levels = self.by.found(lefts, rights, bonus, places, places)
            yield pa.RecordBatch.from_arrays(
                [*_pairs(batch, kept), pa.array(weight), pa.array([each.tobytes() for each in levels], pa.binary())],
                ["row", "column", "weight", "levels"],
            )


@dataclass(frozen=True, eq=False)
class Reach:
    """Pairs that reach a similarity: ``need`` is the least overlap by the sum of two popcounts."""

    need: NDArray[np.uint32]
    width: int

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Of batches row, column, left_words, right_words: those of `ALIKE`."""
        import pyarrow as pa

        for batch in batches:
            (left,), (right,) = (_filters(batch.column(name), (self.width,)) for name in ("left_words", "right_words"))
            places = np.arange(len(batch), dtype=np.int32)
            overlap = kernels.pair_overlaps(left, right, places, places)
            # a record without bits is like nothing
            there = (left.counts > 0) & (right.counts > 0)
            kept = np.flatnonzero((overlap >= self.need[left.counts + right.counts]) & there)
            yield pa.RecordBatch.from_arrays(
                [*_pairs(batch, kept), pa.array(overlap[kept].astype(np.int32))], ["row", "column", "overlap"]
            )


def _pairs(batch: pa.RecordBatch, kept: NDArray[Any]) -> list[pa.Array]:
    import pyarrow as pa

    return [batch.column(name).take(pa.array(kept, pa.int64())) for name in ("row", "column")]


def _filters(column: pa.Array, widths: tuple[int, ...]) -> tuple[Rows, ...]:
    words = _matrix(column, np.dtype(np.uint64), sum(widths))
    made, first = [], 0
    for width in widths:
        own = np.ascontiguousarray(words[:, first : first + width])
        made.append(Rows(own, np.bitwise_count(own).sum(axis=1, dtype=np.uint32)))
        first += width
    return tuple(made)


def _matrix(column: pa.Array, kind: np.dtype[Any], width: int) -> NDArray[Any]:
    """(n, width) of a column of bytes, whichever of Arrow's binary types Spark made of it; ``ValueError`` if not so."""
    import pyarrow as pa

    values = column.cast(pa.binary(width * kind.itemsize))  # of another length it is refused
    if values.null_count:
        raise ValueError("a staged record without its filters")
    octets = np.frombuffer(values.buffers()[1], dtype=np.uint8)
    start, each = values.offset * width * kind.itemsize, width * kind.itemsize
    return octets[start : start + len(values) * each].view(kind).reshape(-1, width)
