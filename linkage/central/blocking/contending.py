"""Contenders among candidates, and how many of the likely matches the candidates take in.

The model is estimated on all pairs of some records, so nothing that blocking removes bends its m and u; what is removed
is measured: of some records all contenders are found, and those among them that meet in no table are what is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.blocking.keyed import Keyed
from linkage.central.blocking.search import Rows, distinct, over_candidates
from linkage.central.contenders import Contenders, at_least, most_contenders, raised
from linkage.central.modelling.competition import Edges
from linkage.central.modelling.estimate import weigh
from linkage.central.modelling.levels import kernel_plan, sides
from linkage.central.modelling.rarity import Bonus
from linkage.central.modelling.scoring import contenders_among, evidence_of
from linkage.central.modelling.weighing import Weighing, Weights
from linkage.central.tiles import Found, no_pairs
from linkage.quality import Span
from linkage.shares import wilson_ends

if TYPE_CHECKING:
    from linkage.central.limits import Limits
    from linkage.central.modelling.model import Model
    from linkage.encoded import EncodedSet

# pairs of the records that show what is lost; and of these at least so many
_SAMPLE_PAIRS, _FEWEST_ROWS = 2_000_000_000, 1_000


def contenders_met(
    model: Model,
    first: EncodedSet,
    second: EncodedSet,
    tables: Keyed,
    *,
    new: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None = None,
    within: bool,
    limits: Limits,
) -> Contenders:
    """What `contenders` would find among all pairs, of those that meet; ``new``: and of which either record is new."""
    weighing = Weighing.of(model, first, second)
    room = most_contenders(len(first), len(second), limits["memory"])
    return contenders_of(weighing, tables, new=new, within=within, room=room, limits=limits)


def contenders_of(
    weighing: Weighing,
    tables: Keyed,
    *,
    new: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None = None,
    within: bool,
    room: int,
    limits: Limits,
) -> Contenders:
    """The same of rows that are at hand; where there are more than ``room``, the lightest are dropped."""

    def step(row: Rows, column: Rows) -> Found:
        if new is not None:
            fresh = new[0][row] | new[1][column]
            row, column = row[fresh], column[fresh]
        return weighing.found(row, column)

    parts = over_candidates(
        step, tables, within=within, threads=limits["threads"], progress=limits["progress"], label="candidates"
    )
    found, floor = _within_room(parts, weighing.by, room=room, memory=limits["memory"])
    row, column, weight = found
    return Contenders(row, column, weight, floor, weighing.bonus)


def _within_room(parts: Iterator[Found], by: Weights, *, room: int, memory: int) -> tuple[Found, int]:
    """Each pair once; where they are more than there is room for, the lightest are dropped, or `LimitError` says so."""
    held, new, n, floor = no_pairs(), [no_pairs()], 0, by.floor
    for part in parts:
        new.append(part)
        n += len(part[0])
        if n <= max(len(held[0]), room // 4):
            continue
        held, new, n = distinct([held, *new]), [no_pairs()], 0
        while len(held[0]) > room:
            floor = raised([held], by.highest, share=1.0, memory=memory)
            held = at_least(held, floor)
    return at_least(distinct([held, *new]), floor), floor


def share_met(
    model: Model,
    first: EncodedSet,
    second: EncodedSet,
    tables: Keyed,
    *,
    bonus: tuple[Bonus, ...],
    within: bool,
    unique: tuple[bool, bool],
    limits: Limits,
) -> Span | None:
    """Of the likely matches of some records of the first set, the share that meets; None if there are none.

    The interval is Wilson's, with the expected number of matches for that of trials.
    """
    n = len(first)
    wanted = min(n, max(_FEWEST_ROWS, _SAMPLE_PAIRS // max(1, len(second))))
    rows = np.linspace(0, max(0, n - 1), wanted).astype(np.int32)
    lefts, rights = sides(first, model.plan), sides(second, model.plan)
    some, own = tuple(side.take(rows) for side in lefts), tuple(worth[rows] for worth in bonus)
    found = contenders_among(model, some, rights, own, within=False, of=(n, len(second)), **limits)
    if within:
        found = found.take(rows[found.row] != found.column)
    levels = kernels.pair_levels(some, rights, found.row, found.column, kernel_plan(model.plan))
    edges = Edges(found.row, found.column, len(rows), len(second), unique)
    chance = weigh(*evidence_of(model, found, levels, max(n, len(second))), edges)[2]
    total = float(chance.sum())
    if total < 1:
        return None
    met = float(chance[tables.met(rows[found.row], found.column)].sum())
    return Span(met / total, *wilson_ends(met, total))
