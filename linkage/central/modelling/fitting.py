"""A model from two encoded sets alone: which pairs to look at, estimation on them, and doubts about the outcome."""

from __future__ import annotations

import functools
from collections.abc import Collection
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from linkage.arguments import checked
from linkage.central import kernels
from linkage.central.candidates import Tile
from linkage.central.compare import DEFAULT_MEMORY
from linkage.central.contenders import ESTIMATE_FLOOR_BITS, NATS, UNIT, best_of_each, collect
from linkage.central.kernels import ComparisonPlan, Rows
from linkage.central.limits import Limits
from linkage.central.modelling.competition import Edges
from linkage.central.modelling.estimate import Estimate, Parameters, estimate, starting_point
from linkage.central.modelling.levels import Comparison, comparisons, kernel_plan, sides
from linkage.central.modelling.model import FieldWeights, Model
from linkage.central.modelling.moving import homes
from linkage.central.modelling.rarity import Bonus, bonuses, of_pairs
from linkage.central.passes import Meet, Pass
from linkage.central.sources import in_canonical_order, one_partner
from linkage.encoded import EncodedSet, require_comparable
from linkage.errors import RecordError, warn
from linkage.oneagreement import in_one_agreement
from linkage.schema import Schema

# beyond this many pairs the estimates come from some rows against all columns; links are always of all pairs
SAMPLE_PAIRS = 40_000_000
# rivals of one record that estimation looks at: where names are all there is, a common one has hundreds of them, which
# took 30 seconds for 1,500 records and told no more
_BEST_OF_EACH = 10


@checked
def fit(
    left: EncodedSet,
    right: EncodedSet | None = None,
    *,
    duplicates: Collection[str] = (),
    executor: Executor | None = None,
    threads: int | None = None,
    memory: int = DEFAULT_MEMORY,
    progress: bool | None = None,
) -> Model:
    """Estimate a Fellegi-Sunter model from two sets alone, or one with its duplicates, without knowing one true match.

    For the ``fields`` layout. The order of the sets changes nothing, and the same sets give the same model.

    Parameters
    ----------
    duplicates
        Sources that may hold several records of a person. The others are one-to-one, which is what keeps
        estimation from taking households for people: say so only where it is true.
    executor
        Any `concurrent.futures.Executor` whose workers look at the pairs in the place of threads, as in `compare`. The
        model is the same.

    Warns with `LinkageWarning` of each of `Model.doubts`; within one set, that few have a duplicate is none.

    Cost: up to 40 million pairs looked at twice; more are sampled, some rows against all columns.
    """
    model = fitted(
        left, right, duplicates=duplicates, executor=executor, threads=threads, memory=memory, progress=progress
    )
    for doubt in model.doubts(0 if right is None else min(len(left), len(right))):
        warn(doubt)
    return model


def fitted(
    left: EncodedSet,
    right: EncodedSet | None,
    *,
    duplicates: Collection[str],
    **limits: Unpack[Limits],
) -> Model:
    """What `fit` gives, without its warnings."""
    if right is not None:
        left, right = in_one_agreement(left, right)
    _require_evidence(left, left if right is None else right)
    first, second = (left, left) if right is None else in_canonical_order(left, right)
    unique = (False, False) if right is None else one_partner(first, second, duplicates)
    plan = comparisons(left.schema)
    material = _material(first, second, plan, within=right is None)
    found = _estimate(material, unique, **limits)
    # within one set every pair was met from both of its ends
    share = len(material.lefts[0]) / len(first) * (2 if right is None else 1)
    return _model(left.schema, plan, found, len(first), len(second), share=share)


def _require_evidence(left: EncodedSet, right: EncodedSet) -> None:
    require_comparable(left, right)
    if left.schema.layout != "fields":
        raise ValueError(
            "fit: takes sets of the fields layout; for the record layout use compare() or link(threshold=...)"
        )
    empty = [each.source for each in (left, right) if not len(each)]
    if empty:
        raise ValueError(f"fit: the set of '{empty[0]}' has no records; a model of other sets can be given to `link`")
    if left is right and len(left) == 1:
        raise ValueError("fit: the set has one record, and so no pair")
    if not any(left.popcounts[name].any() and right.popcounts[name].any() for name in left.popcounts):
        raise RecordError("fit: no field has values in both sets, so nothing can be compared", rule="no common field")


@dataclass(frozen=True, eq=False)
class Material:
    """What estimation looks at: some rows of the left side, all of the right, and how rare the values of each are.

    ``own`` is None, or for each row its place on the right side: within one set a record meets itself there. ``homes``
    are the comparisons that say where someone lives.
    """

    lefts: tuple[Rows, ...]
    rights: tuple[Rows, ...]
    plan: ComparisonPlan
    bonus: tuple[Bonus, ...]
    own: NDArray[np.int32] | None
    homes: tuple[int, ...]


def _material(first: EncodedSet, second: EncodedSet, plan: tuple[Comparison, ...], *, within: bool) -> Material:
    lefts, rights = sides(first, plan), sides(second, plan)
    bonus = bonuses(lefts, rights)
    rows = _sample(len(first), len(second))
    if len(rows) < len(first):
        lefts, bonus = tuple(side.take(rows) for side in lefts), tuple(each[rows] for each in bonus)
    return Material(lefts, rights, kernel_plan(plan), bonus, rows if within else None, homes(first.schema, plan))


def _estimate(material: Material, unique: tuple[bool, bool], **limits: Unpack[Limits]) -> Estimate:
    """Levels of all pairs, contenders, EM."""
    lefts, rights, plan = material.lefts, material.rights, material.plan
    n_rows, n_columns = len(lefts[0]), len(rights[0])
    totals = level_totals(lefts, rights, plan, **limits)
    if material.own is not None:
        totals = _without_own(totals, material)
    start = starting_point(totals, n_rows, n_columns, material.homes)
    # by the start's weights, which let through few pairs that differ: under estimated ones chance pairs that agree on
    # a common name flood the list, and the household class describes them instead of siblings
    found = collect(lefts, rights, plan, in_units(start), floor_bits=ESTIMATE_FLOOR_BITS, **limits)
    if material.own is not None:
        found = found.take(material.own[found.row] != found.column)
    found = best_of_each(found, n_rows, n_columns, most=_BEST_OF_EACH)
    row, column = found.row, found.column
    levels = kernels.pair_levels(lefts, rights, row, column, plan)
    rarity = of_pairs(material.bonus, row, levels, plan).astype(np.float64) * NATS
    return estimate(levels, Edges(row, column, n_rows, n_columns, unique), totals, start, rarity)


def _without_own(totals: tuple[NDArray[np.int64], ...], material: Material) -> tuple[NDArray[np.int64], ...]:
    """Level counts without those of each record and itself."""
    assert material.own is not None
    rows = np.arange(len(material.own), dtype=np.int32)
    levels = kernels.pair_levels(material.lefts, material.rights, rows, material.own, material.plan)
    return tuple(total - np.bincount(levels[:, place], minlength=len(total)) for place, total in enumerate(totals))


def in_units(parameters: Parameters) -> tuple[NDArray[np.int32], ...]:
    """log2(m / u) of each level, in 1/1024 bit."""
    return tuple(
        np.round(UNIT * np.log2(m / u)).astype(np.int32) for m, u in zip(parameters.m, parameters.u, strict=True)
    )


def level_totals(
    lefts: tuple[Rows, ...],
    rights: tuple[Rows, ...],
    plan: ComparisonPlan,
    **limits: Unpack[Limits],
) -> tuple[NDArray[np.int64], ...]:
    """How many of all pairs have each level, outcome by outcome."""
    every = Pass.of(lefts, rights, **limits)

    def prepared(_: Tile) -> Meet[tuple[NDArray[np.int64], ...]]:
        return functools.partial(kernels.level_counts, plan=plan)

    totals = tuple(np.zeros(outcome.levels, dtype=np.int64) for outcome in plan.outcomes)
    for _, _, counts, _ in every.over(prepared, "levels"):
        for total, count in zip(totals, counts, strict=True):
            total += count
    return totals


def _sample(n_left: int, n_right: int) -> NDArray[np.int32]:
    """The rows of the left side that estimation looks at."""
    wanted = min(max(500, SAMPLE_PAIRS // n_right), n_left)
    # rows lie in the order of their random ids, so even steps are a random sample, the same every time
    return np.linspace(0, n_left - 1, wanted).astype(np.int32)


def _model(
    schema: Schema, plan: tuple[Comparison, ...], outcome: Estimate, n_rows: int, n_columns: int, *, share: float
) -> Model:
    found = outcome.parameters
    return Model(
        schema=schema,
        fields=tuple(
            FieldWeights(comparison, tuple(m.tolist()), tuple(u.tolist()), tuple(h.tolist()))
            for comparison, m, u, h in zip(plan, found.m, found.u, found.h, strict=True)
        ),
        matches=found.matches / share,
        households=found.households * max(n_rows, n_columns),
        steps=outcome.steps,
        converged=outcome.converged,
        moved=found.moved,
    )
