"""The kernels in C: the same contract, with the right side held as bit slices (kernel.h says how that works)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkage.central.kernels import portable
from linkage.central.kernels.flat import NO_DIAGONAL, Filters, flat_plan
from linkage.central.kernels.plan import ComparisonPlan, Rows

BLOCK = 512
_CACHE_LINE = 64
_SAMPLE_ROWS = 4_096  # tell which bits are rare
_FIRST_ROOM = 65_536  # pairs; most tiles give fewer
_FULL = -1
_UNIT = 64  # of the 16-bit sums, in units of weight
_MOST_UNITS = 30_000
_CELLS_OF_ONE = 65_536  # an accumulator has 16 bits
# what the C refuses more of (buffers.c, fields.c): `_is_beyond`
_MOST_WORDS, _MOST_WORDS_OF_A_FIELD = 1_024, 128
_MOST_FILTERS, _MOST_PRODUCTS, _MOST_CUTS = 16, 64, 32
_MOST_OUTCOMES, _MOST_COMBINATIONS = 64, 65_536
_MOST_PAIRS = 2**32 - 1  # that a cell counts


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


class Compiled:
    """The contract of `linkage.central.kernels` at one instruction set."""

    def __init__(self, extension: Any, level: str) -> None:
        self._c = extension
        self.level = level

    def arrange_by_count(self, rows: Rows) -> ByCount | portable.ByCount:
        """One filter, sliced."""
        if _is_beyond((rows,), most_words=_MOST_WORDS):
            return portable.arrange_by_count(rows)
        order = _by_count(rows)
        columns = np.empty(rows.words.shape[1] * 64, dtype=np.uint32)
        step = max(1, len(rows) // _SAMPLE_ROWS)
        self._c.count_columns(rows.words, rows.counts, step, columns)
        rarest = np.argsort(columns, kind="stable").astype(np.uint32)
        missing = (1 - columns[rarest] / max(1, -(-len(rows) // step))).astype(np.float32)
        return ByCount(rows, order, self._sliced(rows, order, np.argsort(rarest)), rarest, missing, self)

    def arrange(self, rows: tuple[Rows, ...]) -> Filters | portable.Filters:
        """Several filters, sliced."""
        if _is_beyond(rows):
            return portable.arrange(rows)
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
        if _is_beyond(left, plan) or len(left[0]) * right.n > _MOST_PAIRS:
            return portable.joint_counts(left, portable.arrange(right.rows), plan, groups, diagonal=diagonal)
        found: list[NDArray[np.int64]] = []
        for group in groups:
            low, high = _halves(plan, group)
            outcomes = [(index, half) for half, members in enumerate((low, high)) for index in members]
            values = [_cells(plan, members, index) for members in (low, high) for index in members]
            shape = tuple(plan.outcomes[index].levels for index in group)
            sizes = [int(np.prod([plan.outcomes[index].levels for index in members])) for members in (low, high)]
            cells = np.zeros(sizes[0] * sizes[1], dtype=np.uint32)
            which = np.array([[0, 1 if high else -1, sizes[0]]], dtype=np.int64)
            flat = flat_plan(left, right, plan, outcomes, values, None, None, diagonal)
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
        too_heavy = most > _MOST_UNITS or abs(bound) > _MOST_UNITS * _UNIT  # for sums of 16 bits
        if too_heavy or _is_beyond(left, plan):
            arranged = portable.arrange(right.rows)
            return portable.heavy_pairs(left, arranged, plan, weights, bonus, bound, room=room, diagonal=diagonal)
        order = _telling_first(left, plan, weights)
        flat = flat_plan(
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
        if _is_beyond((left,), most_words=_MOST_WORDS):
            return portable.pair_overlaps(left, right, rows, columns)
        out = np.empty(len(rows), dtype=np.uint32)
        rows, columns = (np.ascontiguousarray(each, dtype=np.int32) for each in (rows, columns))
        self._c.pair_overlaps(self.level, (left.words, left.counts), (right.words, right.counts), rows, columns, out)
        return out


def _is_beyond(
    side: tuple[Rows, ...], plan: ComparisonPlan | None = None, *, most_words: int = _MOST_WORDS_OF_A_FIELD
) -> bool:
    """Whether the C refuses these filters, or the plan for them: then the portable kernel answers."""
    return (
        len(side) > _MOST_FILTERS
        or any(rows.words.shape[1] > most_words for rows in side)
        or (
            plan is not None
            and (
                len(plan.products) > _MOST_PRODUCTS
                or any(len(product.needs) > _MOST_CUTS for product in plan.products)
                or len(plan.outcomes) > _MOST_OUTCOMES
                or any(outcome.table.size > _MOST_COMBINATIONS for outcome in plan.outcomes)
            )
        )
    )


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
        NO_DIAGONAL if diagonal is None else diagonal,
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
