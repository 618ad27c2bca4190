"""A model on two sets: which pairs are contenders, and what speaks for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.contenders import LINK_FLOOR_BITS, NATS, Contenders, collect
from linkage.central.kernels import Rows
from linkage.central.limits import Limits
from linkage.central.modelling import moving
from linkage.central.modelling.competition import Floats
from linkage.central.modelling.levels import kernel_plan, sides
from linkage.central.modelling.rarity import Bonus, bonuses, of_pairs

if TYPE_CHECKING:
    from linkage.central.modelling.model import Model
    from linkage.encoded import EncodedSet

Levels = NDArray[np.uint8]


def contenders(
    model: Model,
    first: EncodedSet,
    second: EncodedSet,
    *,
    within: bool,
    **limits: Unpack[Limits],
) -> Contenders:
    """The pairs whose evidence may reach the floor: those who moved are let through by an upper bound."""
    lefts, rights = sides(first, model.plan), sides(second, model.plan)
    return contenders_among(
        model, lefts, rights, bonuses(lefts, rights), within=within, of=None, **limits,
    )  # fmt: skip


def contenders_among(
    model: Model,
    lefts: tuple[Rows, ...],
    rights: tuple[Rows, ...],
    bonus: tuple[Bonus, ...],
    *,
    within: bool,
    of: tuple[int, int] | None,
    **limits: Unpack[Limits],
) -> Contenders:
    """The same of some rows, ``of`` sets of these sizes; ``bonus`` by left row."""
    return collect(
        lefts,
        rights,
        kernel_plan(model.plan),
        upper_weights(model),
        bonus=bonus,
        within=within,
        of=of,
        floor_bits=LINK_FLOOR_BITS,
        **limits,
    )


def levels_of(model: Model, first: EncodedSet, second: EncodedSet, found: Contenders) -> Levels:
    """(p, fields) uint8: the levels of each contender."""
    lefts, rights = sides(first, model.plan), sides(second, model.plan)
    return kernels.pair_levels(lefts, rights, found.row, found.column, kernel_plan(model.plan))


def evidence_of(model: Model, found: Contenders, levels: Levels, n_larger: int) -> tuple[Floats, Floats]:
    """For each contender log(m / u), and the log of what a household would explain."""
    rarity = of_pairs(found.bonus, found.row, levels, kernel_plan(model.plan))
    match, household = rarity.copy(), rarity.copy()  # siblings too agree on what is rare
    places = moving.homes(model.schema, model.plan)
    for index, item in enumerate(model.fields):
        household += np.array(item.household_weights)[levels[:, index]]
        if index not in places:
            match += np.array(item.weights)[levels[:, index]]
    if places:
        at_home, _ = moving.evidence(levels, *_shares(model), places, model.moved)
        # in whole units, so that sums are the same on every machine
        match += np.round(at_home / NATS).astype(np.int64)
    with np.errstate(divide="ignore"):
        share = float(np.log(model.households / max(n_larger, 1)))
    return match.astype(np.float64) * NATS, household.astype(np.float64) * NATS + share


def likely_within(
    model: Model,
    source: EncodedSet,
    rows: NDArray[np.int32],
    n_larger: int,
    **limits: Unpack[Limits],
) -> Floats:
    """Log of the likelihood ratio of the likely pairs of these rows, ascending, with all others of their source."""
    every, plan = sides(source, model.plan), kernel_plan(model.plan)
    chosen = tuple(side.take(rows) for side in every)
    bonus = tuple(worth[rows] for worth in bonuses(every, every))
    found = collect(
        chosen,
        every,
        plan,
        upper_weights(model),
        bonus=bonus,
        floor_bits=LINK_FLOOR_BITS,
        **limits,
    )
    found = found.take(rows[found.row] != found.column)
    levels = kernels.pair_levels(chosen, every, found.row, found.column, plan)
    match, household = evidence_of(model, found, levels, n_larger)
    return match - np.logaddexp(0.0, household)


def upper_weights(model: Model) -> tuple[NDArray[np.int32], ...]:
    """By level, in 1/1024 bit: no pair's evidence is more than their sum."""
    weights = [np.array(item.weights, dtype=np.int32) for item in model.fields]
    if model.moved:
        for index, bound in moving.upper_bounds(*_shares(model), moving.homes(model.schema, model.plan)):
            weights[index] = np.maximum(weights[index], np.ceil(bound / NATS)).astype(np.int32)
    return tuple(weights)


def _shares(model: Model) -> tuple[list[Floats], list[Floats]]:
    return [_floats(item.m) for item in model.fields], [_floats(item.u) for item in model.fields]


def _floats(shares: tuple[float, ...]) -> Floats:
    return np.array(shares, dtype=np.float64)
