"""Who belongs to whom: one partner each, by maximum total gain; then everyone's group.

The assignment is exact. Edges that no better alternative can displace are taken first; what is left falls
into small connected components, each solved by shortest augmenting paths (scipy, after Jonker and Volgenant
1987). scipy wants a full matching and drops explicit zeros, so each row also has a private dummy column, and
gains are integers above zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linkage.central.contenders import mixed
from linkage.errors import warn
from linkage.memoryleft import require_addresses

Rows = NDArray[np.int32]
Gains = NDArray[np.int64]
Chosen = NDArray[np.bool_]

# beyond this many pairs a component is assigned greedily, and a warning says so
_MAX_COMPONENT = 300_000
_TIE_BITS = 10
# each round of taking sure edges can make others sure; a long chain would need as many rounds as it has links
_ROUNDS = 20


def assign(
    row: Rows, column: Rows, gain: Gains, *, unique: tuple[bool, bool], scale: tuple[int, int] | None = None
) -> Chosen:
    """Which pairs become links, (p,) bool: of largest total gain, under ``unique``.

    row, column     (p,) int32, by row then column
    gain            (p,) int64, above zero and below 2**34
    unique          whether a row, a column may have one partner only; where neither, all pairs are links
    scale           where these are whole groups of more pairs: of all of those the smaller of the largest row and the
                    largest column, and the largest gain, so that ties fall as among all
    """
    if unique == (True, True):
        return one_to_one(row, column, gain, scale)
    chosen = np.ones(len(row), dtype=bool)
    if unique[0]:
        chosen &= _best_of_group(row, column, gain)
    if unique[1]:
        chosen &= _best_of_group(column, row, gain)
    return chosen


def one_to_one(row: Rows, column: Rows, gain: Gains, scale: tuple[int, int] | None = None) -> Chosen:
    """The pairs of a maximum-weight matching."""
    value = _with_ties_broken(row, column, gain, scale)
    chosen = np.zeros(len(row), dtype=bool)
    open_edges = np.arange(len(row))
    for _ in range(_ROUNDS):
        sure = _undisplaceable(row[open_edges], column[open_edges], value[open_edges])
        if not sure.any():
            break
        taken = open_edges[sure]
        chosen[taken] = True
        free = ~np.isin(row[open_edges], row[taken]) & ~np.isin(column[open_edges], column[taken])
        open_edges = open_edges[free]
    for component in _components(row[open_edges], column[open_edges]):
        edges = open_edges[component]
        solve = _solved if len(edges) <= _MAX_COMPONENT else _greedy
        chosen[edges[solve(row[edges], column[edges], value[edges])]] = True
    return chosen


def groups(first: NDArray[np.int64], second: NDArray[np.int64], n_records: int) -> NDArray[np.int32]:
    """The group of each record, (n_records,) int32: records joined by links, directly or through others."""
    require_addresses()
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(n_records, n_records))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int32)


def scale_of(row: Rows, column: Rows, gain: Gains) -> tuple[int, int]:
    """What ties of these pairs are broken by: the smaller of the largest row and column, and the largest gain."""
    return min(int(row.max(initial=0)), int(column.max(initial=0))), int(gain.max(initial=1))


def _with_ties_broken(
    row: Rows, column: Rows, gain: Gains, scale: tuple[int, int] | None = None
) -> NDArray[np.float64]:
    # without this, equal totals would be settled by scipy's version. The ties of a whole matching together stay
    # below one unit of gain (they once outweighed it in a ring of 50,000), and sums exact in a float's 53 bits
    if not len(gain):
        return gain.astype(np.float64)
    smaller, most = scale or scale_of(row, column, gain)
    size_bits = (smaller + 1).bit_length()
    shift = max(min(_TIE_BITS + size_bits, 52 - most.bit_length()), 0)
    tie_bits = max(shift - size_bits, 0)
    tie = (mixed(row, column) >> np.uint64(63 - tie_bits) >> np.uint64(1)).astype(np.int64)
    return ((gain << shift) + tie).astype(np.float64)


def _undisplaceable(row: Rows, column: Rows, value: NDArray[np.float64]) -> Chosen:
    """Edges worth more than the best other edge of their row and the best other of their column together."""
    return value > _best_other(row, value) + _best_other(column, value)


def _best_other(group: Rows, value: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.lexsort((value, group))
    last = np.ones(len(order), dtype=bool)
    last[:-1] = group[order][1:] != group[order][:-1]
    best = np.zeros(len(order))
    ends = np.flatnonzero(last)
    sizes = np.diff(np.concatenate([[-1], ends]))
    best[order] = np.repeat(value[order][ends], sizes)
    second = np.where(sizes > 1, value[order][np.maximum(ends - 1, 0)], 0.0)
    best[order[ends]] = second
    return best


def _components(row: Rows, column: Rows) -> list[NDArray[np.int64]]:
    if not len(row):
        return []
    _, rows = np.unique(row, return_inverse=True)
    _, columns = np.unique(column, return_inverse=True)
    n_rows = int(rows.max()) + 1
    label = groups(rows.astype(np.int64), columns.astype(np.int64) + n_rows, n_rows + int(columns.max()) + 1)[rows]
    order = np.argsort(label, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1)


def _solved(row: Rows, column: Rows, value: NDArray[np.float64]) -> NDArray[np.int64]:
    require_addresses()
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    rows_present, rows = np.unique(row, return_inverse=True)
    columns_present, columns = np.unique(column, return_inverse=True)
    n_rows, n_columns = len(rows_present), len(columns_present)
    top = value.max() + 1
    # cost of an edge: top - value; of staying alone, on a column of one's own: top
    costs = np.concatenate([top - value, np.full(n_rows, top)])
    sides = (np.concatenate([rows, np.arange(n_rows)]), np.concatenate([columns, n_columns + np.arange(n_rows)]))
    # SciPy before 1.14 takes no wider numbers of rows and columns than these
    where = (sides[0].astype(np.int32), sides[1].astype(np.int32))
    matrix = csr_array((costs, where), shape=(n_rows, n_columns + n_rows))
    matched_rows, matched_columns = min_weight_full_bipartite_matching(matrix)
    partner = np.full(n_rows, -1)
    partner[matched_rows] = matched_columns
    return np.flatnonzero(partner[rows] == columns)


def _greedy(row: Rows, column: Rows, value: NDArray[np.float64]) -> NDArray[np.int64]:
    warn(
        f"{len(row):,} pairs hang together; they were assigned best first, which may not be the best in "
        "total. Raise the threshold to part them"
    )
    used_rows: set[int] = set()
    used_columns: set[int] = set()
    chosen = []
    for edge in np.argsort(-value, kind="stable").tolist():
        if int(row[edge]) not in used_rows and int(column[edge]) not in used_columns:
            used_rows.add(int(row[edge]))
            used_columns.add(int(column[edge]))
            chosen.append(edge)
    return np.array(chosen, dtype=np.int64)


def _best_of_group(group: Rows, other: Rows, gain: Gains) -> Chosen:
    # of equals the one with the lowest record id
    order = np.lexsort((-other, gain, group))
    best = np.ones(len(order), dtype=bool)
    best[:-1] = group[order][1:] != group[order][:-1]
    chosen = np.zeros(len(order), dtype=bool)
    chosen[order] = best
    return chosen
