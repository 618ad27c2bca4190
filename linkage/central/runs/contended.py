"""Contenders of a tile as a run keeps them, and those of all tiles together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.central.candidates import Tile
from linkage.central.contenders import Contenders, at_least, most_contenders, raised
from linkage.central.kernels import ComparisonPlan
from linkage.central.modelling.weighing import Weighing
from linkage.central.runs import parts
from linkage.central.runs.folder import Part

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_WEIGHT = 1 << 24  # 16,384 bits, in 1/1024: no model gives as much


def as_table(found: Contenders) -> Part:
    """Contenders with their levels as they are kept."""
    import pyarrow as pa

    assert found.levels is not None
    columns: dict[str, NDArray[Any]] = {"row": found.row, "column": found.column}
    columns["weight"] = found.weight.astype(np.int32)  # of listed pairs they come as sums, in 64 bits
    columns |= {f"level_{place}": found.levels[:, place] for place in range(found.levels.shape[1])}
    return pa.table(columns), {"bound": str(found.bound)}


def from_table(plan: ComparisonPlan, tile: Tile, table: pa.Table, said: Mapping[str, str]) -> Contenders:
    """The contenders of a part, ``ValueError`` for what cannot be such."""
    import pyarrow as pa

    row = parts.numbers(table, "row", pa.int32(), tile.top, tile.bottom - 1)
    column = parts.numbers(table, "column", pa.int32(), tile.first, tile.last - 1)
    parts.require_ascending(row, column)
    weight = parts.numbers(table, "weight", pa.int32(), -_MOST_WEIGHT, _MOST_WEIGHT)
    levels = np.empty((len(row), len(plan.outcomes)), dtype=np.uint8)
    for place, outcome in enumerate(plan.outcomes):
        levels[:, place] = parts.numbers(table, f"level_{place}", pa.uint8(), 0, outcome.levels - 1)
    return Contenders(row, column, weight, parts.whole(said, "bound"), levels=levels)


def together(found: Sequence[Contenders], weighing: Weighing, n_rows: int, n_columns: int, memory: int) -> Contenders:
    """All of them by row, then column: those that no tile had to drop, and for which there is room."""
    none = np.zeros(0, np.int32)
    nobody = Contenders(
        none, none, none, weighing.by.floor, levels=np.zeros((0, len(weighing.by.plan.outcomes)), np.uint8)
    )
    found = [nobody, *found]  # of a set without records there is no tile
    floor = max(part.bound for part in found)
    room = most_contenders(n_rows, n_columns, memory)
    held = [at_least((part.row, part.column, part.weight), floor) for part in found]
    while sum(len(each[0]) for each in held) > room:
        floor = raised(held, weighing.by.highest, share=1.0, memory=memory)
        held = [at_least(each, floor) for each in held]
    levels = np.concatenate([part.levels[part.weight >= floor] for part in found if part.levels is not None])
    row, column, weight = (np.concatenate([each[place] for each in held]) for place in range(3))
    order = np.argsort(row.astype(np.int64) << 32 | column, kind="stable")
    return Contenders(row, column, weight, floor, weighing.bonus, levels).take(order)
