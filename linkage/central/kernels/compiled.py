"""The kernels in C: the same contract, with the right side held as bit slices (kernel.h says how that works)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkage.central.kernels import portable
from linkage.central.kernels.plan import ComparisonPlan, Outcome, Product, Rows

BLOCK = 512
_CACHE_LINE = 64
_SAMPLE_ROWS = 4_096  # tell which bits are rare
_FIRST_ROOM = 65_536  # pairs; most tiles give fewer
_FULL = -1
_UNIT = 64  # of the 16-bit sums, in units of weight
_MOST_UNITS = 30_000
_CELLS_OF_ONE = 65_536  # an accumulator has 16 bits
_ACCUMULATORS = 8
_NO_DIAGONAL = -(2**31)


@dataclass(frozen=True, eq=False)
class ByCount:
    """One filter as slices of the rows that have bits, by popcount, rarest position first."""

    rows: Rows
    order: NDArray[np.int32]
    slices: NDArray[np.uint64]
    rarest: NDArray[np.uint32]
    missing: NDArray[np.float32]
    kernel: Compiled

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Filters:
    """Several filters as slices, rows in their order."""

    rows: tuple[Rows, ...]
    order: NDArray[np.int32]
    slices: tuple[NDArray[np.uint64], ...]
    kernel: Compiled

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.order)


class Compiled:
    """The contract of `linkage.central.kernels` at one instruction set."""

    def __init__(self, extension: Any, level: str) -> None:
        self._c = extension
        self.level = level

    def arrange_by_count(self, rows: Rows) -> ByCount:
        """One filter, sliced."""
        order = _by_count(rows)
        columns = np.empty(rows.words.shape[1] * 64, dtype=np.uint32)
        step = max(1, len(rows) // _SAMPLE_ROWS)
        self._c.count_columns(rows.words, rows.counts, step, columns)
        rarest = np.argsort(columns, kind="stable").astype(np.uint32)
        missing = (1 - columns[rarest] / max(1, -(-len(rows) // step))).astype(np.float32)
        return ByCount(rows, order, self._sliced(rows, order, np.argsort(rarest)), rarest, missing, self)

    def arrange(self, rows: tuple[Rows, ...]) -> Filters:
        """Several filters, sliced."""
        order = np.arange(len(rows[0]), dtype=np.int32)
        slices = tuple(self._sliced(each, order, np.arange(each.words.shape[1] * 64)) for each in rows)
        return Filters(rows, order, slices, self)

    def _sliced(self, rows: Rows, order: NDArray[np.int32], place: NDArray[np.int64]) -> NDArray[np.uint64]:
        shape = (-(-len(order) // BLOCK), rows.words.shape[1] * 64 + 1, BLOCK // 64)
        slices = _aligned(shape)
        self._c.slice_rows(rows.words, rows.counts, order, place.astype(np.uint32), slices)
        return slices

    def overlaps(
        self, left: Rows, right: ByCount, need: NDArray[np.uint32], *, room: int, itself: bool
    ) -> tuple[NDArray[Any], ...] | None:
        """Pairs that reach a threshold."""
        search = _search(left, right, need, None)
        return _with_room(
            lambda *found: self._c.overlaps(self.level, search, itself, *found), (np.int32, np.int32, np.uint32), room
        )

    def best_rows(
        self, left: Rows, right: ByCount, need: NDArray[np.uint32], k: int, *, by_difference: bool, diagonal: int | None
    ) -> tuple[NDArray[np.int32], NDArray[np.uint32]]:
        """The best right rows of each left row."""
        column, overlap = np.empty((len(left), k), dtype=np.int32), np.zeros((len(left), k), dtype=np.uint32)
        self._c.best(self.level, _search(left, right, need, diagonal), by_difference, column, overlap)
        return column, overlap

    def joint_counts(
        self,
        left: tuple[Rows, ...],
        right: Filters,
        plan: ComparisonPlan,
        groups: tuple[tuple[int, ...], ...],
        *,
        diagonal: int | None,
    ) -> tuple[NDArray[np.int64], ...]:
        """How many pairs have which levels together."""
        found: list[NDArray[np.int64]] = []
        for group in groups:
            low, high = _halves(plan, group)
            outcomes = [(index, half) for half, members in enumerate((low, high)) for index in members]
            values = [_cells(plan, members, index) for members in (low, high) for index in members]
            shape = tuple(plan.outcomes[index].levels for index in group)
            sizes = [int(np.prod([plan.outcomes[index].levels for index in members])) for members in (low, high)]
            cells = np.zeros(sizes[0] * sizes[1], dtype=np.uint32)
            which = np.array([[0, 1 if high else -1, sizes[0]]], dtype=np.int64)
            flat = _flat(left, right, plan, outcomes, values, None, None, diagonal)
            self._c.histograms(self.level, flat, which, (cells,))
            # the low members vary fastest
            order = tuple(plan.outcomes[index].levels for index in (*high, *low))
            turned = cells.reshape(order).transpose([(*high, *low).index(index) for index in group])
            found.append(np.ascontiguousarray(turned, dtype=np.int64).reshape(shape))
        return tuple(found)

    def heavy_pairs(
        self,
        left: tuple[Rows, ...],
        right: Filters,
        plan: ComparisonPlan,
        weights: tuple[NDArray[np.int32], ...],
        bonus: tuple[NDArray[np.int32] | None, ...],
        bound: int,
        *,
        room: int,
        diagonal: int | None,
    ) -> tuple[NDArray[Any], ...] | None:
        """Pairs whose summed weight reaches a bound."""
        units = [-(-weight.astype(np.int64) // _UNIT) for weight in weights]
        most = sum(int(np.abs(unit).max()) for unit in units) + sum(
            int(np.abs(each.astype(np.int64)).max(initial=0)) // _UNIT + 1 for each in bonus if each is not None
        )
        if most > _MOST_UNITS or abs(bound) > _MOST_UNITS * _UNIT:  # no sum of 16 bits holds such weights
            arranged = portable.arrange(right.rows)
            return portable.heavy_pairs(left, arranged, plan, weights, bonus, bound, room=room, diagonal=diagonal)
        order = _telling_first(left, plan, weights)
        flat = _flat(
            left,
            right,
            plan,
            [(index, 0) for index in order],
            [units[index][plan.outcomes[index].table].ravel() for index in order],
            [weights[index] for index in order],
            tuple(bonus[index] for index in order),
            diagonal,
        )
        return _with_room(
            lambda *found: self._c.heavy(self.level, flat, bound, *found), (np.int32, np.int32, np.int32), room
        )

    def pair_overlaps(
        self, left: Rows, right: Rows, rows: NDArray[np.int32], columns: NDArray[np.int32]
    ) -> NDArray[np.uint32]:
        """Shared bits of listed pairs."""
        out = np.empty(len(rows), dtype=np.uint32)
        rows, columns = np.ascontiguousarray(rows), np.ascontiguousarray(columns)
        self._c.pair_overlaps(self.level, (left.words, left.counts), (right.words, right.counts), rows, columns, out)
        return out


def _by_count(rows: Rows) -> NDArray[np.int32]:
    order = np.argsort(rows.counts, kind="stable").astype(np.int32)
    return order[np.searchsorted(rows.counts[order], 1) :]


def _aligned(shape: tuple[int, ...]) -> NDArray[np.uint64]:
    size = int(np.prod(shape)) * 8
    raw = np.empty(size + _CACHE_LINE, dtype=np.uint8)
    start = -raw.ctypes.data % _CACHE_LINE
    return raw[start : start + size].view(np.uint64).reshape(shape)


def _search(left: Rows, right: ByCount, need: NDArray[np.uint32], diagonal: int | None) -> tuple[Any, ...]:
    return (
        (left.words, left.counts, _by_count(left)),
        (right.rows.words, right.rows.counts, right.slices, right.order),
        right.rarest,
        right.missing,
        need,
        _NO_DIAGONAL if diagonal is None else diagonal,
    )


def _with_room(call: Any, kinds: tuple[type, ...], room: int) -> tuple[NDArray[Any], ...] | None:
    """What the call found, by row, then column; None if that is more than ``room``."""
    size = min(_FIRST_ROOM, room)
    while True:
        arrays: tuple[NDArray[Any], ...] = tuple(np.empty(size, dtype=kind) for kind in kinds)
        n = call(*arrays)
        if n != _FULL:
            break
        if size == room:
            return None
        size = min(8 * size, room)
    order = np.argsort(arrays[0][:n].astype(np.int64) << 32 | arrays[1][:n])  # one key: no two pairs are alike
    return tuple(array[:n][order] for array in arrays)


def _halves(plan: ComparisonPlan, group: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The group's outcomes in two accumulators, the second only if one is too small."""
    size, place = 1, 0
    while place < len(group) and size * plan.outcomes[group[place]].levels <= _CELLS_OF_ONE // 2:
        size *= plan.outcomes[group[place]].levels
        place += 1
    return group[:place], group[place:]


def _cells(plan: ComparisonPlan, members: tuple[int, ...], index: int) -> NDArray[np.int64]:
    """What each level combination of the outcome adds to the number of a cell; the last member varies fastest."""
    after = members[members.index(index) + 1 :]
    stride = int(np.prod([plan.outcomes[other].levels for other in after]))
    return plan.outcomes[index].table.ravel().astype(np.int64) * stride


def _telling_first(left: tuple[Rows, ...], plan: ComparisonPlan, weights: tuple[NDArray[np.int32], ...]) -> list[int]:
    """Outcomes in the order that rules most pairs out for the least work; it changes no result."""

    def told(index: int) -> float:
        # most pairs have the lowest level, and a slice for each bit set is what it costs to see that
        weight = weights[index]
        filters = [plan.products[product].left for product in plan.outcomes[index].products]
        cost = sum(float(left[filter].counts.mean()) if len(left[filter]) else 1.0 for filter in filters)
        return float(weight.max() - weight[min(1, len(weight) - 1)]) / (cost + 30.0)

    return sorted(range(len(plan.outcomes)), key=told, reverse=True)


def _scale(needs: NDArray[np.uint32], most: int) -> NDArray[np.uint16] | None:
    """For each cut a number with need[s] = (s * number >> 16) + 1 at every sum to ``most``; None if a cut has none."""
    sums = np.arange(1, most + 1, dtype=np.int64)
    need = needs[:, 1 : most + 1].astype(np.int64)
    if not len(sums):
        return np.zeros(len(needs), dtype=np.uint16)
    low = (-(-((need - 1) << 16) // sums)).max(axis=1)
    high = (-(-(need << 16) // sums) - 1).min(axis=1)
    return low.astype(np.uint16) if ((low <= high) & (low >= 0) & (low < 1 << 16)).all() else None


def _flat(
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
        _NO_DIAGONAL if diagonal is None else diagonal,
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
