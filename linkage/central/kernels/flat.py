"""A comparison plan as flat arrays, which is how fields.c reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkage.central.kernels.plan import ComparisonPlan, Outcome, Product, Rows

NO_DIAGONAL = -(2**31)


@dataclass(frozen=True, eq=False)
class Filters:
    """Several filters of the right side as slices, rows in their order."""

    rows: tuple[Rows, ...]
    order: NDArray[np.int32]
    slices: tuple[NDArray[np.uint64], ...]
    kernel: Any  # the one that sliced them

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.order)


def flat_plan(
    left: tuple[Rows, ...],
    right: Filters,
    plan: ComparisonPlan,
    outcomes: list[tuple[int, int]],
    values: list[NDArray[np.int64]],
    weights: list[NDArray[np.int32]] | None,
    bonus: tuple[NDArray[np.int32] | None, ...] | None,
    diagonal: int | None,
) -> tuple[Any, ...]:
    """The plan as fields.c reads it: (outcome, accumulator) with what each level combination adds there."""
    products, needs, scales = _flat_products(left, right, plan.products)
    chosen = [plan.outcomes[index] for index, _ in outcomes]
    table = np.zeros((len(chosen), 7), dtype=np.int64)
    references = [product for outcome in chosen for product in outcome.products]
    strides = [stride for outcome in chosen for stride in outcome.strides()]
    starts = _starts([len(outcome.products) for outcome in chosen])
    places = _starts([outcome.table.size for outcome in chosen])
    weighed = weights if weights is not None else [np.zeros(0, dtype=np.int32)] * len(chosen)
    for row, (outcome, (_, accumulator)) in enumerate(zip(chosen, outcomes, strict=True)):
        last = outcome.levels - 1
        size = outcome.table.size
        table[row] = (len(outcome.products), starts[row], accumulator, size, places[row], last, 0)
    table[:, 6] = _starts([len(weight) for weight in weighed])
    return (
        tuple((rows.words, rows.counts) for rows in left),
        tuple(
            (rows.words, rows.counts, slices, right.order)
            for rows, slices in zip(right.rows, right.slices, strict=True)
        ),
        products,
        needs,
        scales,
        table,
        np.array(references, dtype=np.int32),
        np.array(strides, dtype=np.int32),
        np.concatenate(values).astype(np.int16),
        np.concatenate([_levels(outcome) for outcome in chosen]),
        np.concatenate(weighed).astype(np.int32),
        bonus if bonus is not None else (None,) * len(chosen),
        NO_DIAGONAL if diagonal is None else diagonal,
    )


def _levels(outcome: Outcome) -> NDArray[np.uint8]:
    return np.ascontiguousarray(outcome.table, dtype=np.uint8).ravel()


def _flat_products(
    left: tuple[Rows, ...], right: Filters, products: tuple[Product, ...]
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint16]]:
    table = np.zeros((len(products), 6), dtype=np.int64)
    scales: list[NDArray[np.uint16]] = []
    at = 0
    starts = _starts([product.needs.size for product in products])
    for row, product in enumerate(products):
        most = sum(int(rows.counts.max(initial=0)) for rows in (left[product.left], right.rows[product.right]))
        scale = _scale(product.needs, most)
        cuts, sums = product.needs.shape
        table[row] = (product.left, product.right, cuts, sums, starts[row], -1 if scale is None else at)
        if scale is not None:
            scales.append(scale)
            at += len(scale)
    needs = np.concatenate([product.needs.ravel() for product in products])
    return table, needs, np.concatenate([np.zeros(0, dtype=np.uint16), *scales])


def _starts(lengths: list[int]) -> list[int]:
    return [sum(lengths[:index]) for index in range(len(lengths))]


def _scale(needs: NDArray[np.uint32], most: int) -> NDArray[np.uint16] | None:
    """For each cut a number with need[s] = (s * number >> 16) + 1 at every sum to ``most``; None if a cut has none."""
    sums = np.arange(1, most + 1, dtype=np.int64)
    need = needs[:, 1 : most + 1].astype(np.int64)
    if not len(sums):
        return np.zeros(len(needs), dtype=np.uint16)
    low = (-(-((need - 1) << 16) // sums)).max(axis=1)
    high = (-(-(need << 16) // sums) - 1).min(axis=1)
    return low.astype(np.uint16) if ((low <= high) & (low >= 0) & (low < 1 << 16)).all() else None
