"""A model from two encoded sets alone: which pairs to look at, estimation on them, and doubts about the outcome."""

from __future__ import annotations

import warnings
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.candidates import Tile, all_levels
from linkage.central.compare import DEFAULT_MEMORY
from linkage.central.competition import Edges
from linkage.central.contenders import ESTIMATE_FLOOR_BITS, UNIT, collect
from linkage.central.estimate import MAX_STEPS, Estimate, Parameters, estimate, starting_point
from linkage.central.kernels import ComparisonPlan, Rows
from linkage.central.levels import Comparison, comparisons, kernel_plan, sides
from linkage.central.model import FieldWeights, Model, in_canonical_order, one_partner
from linkage.central.tiles import arranged, over_tiles
from linkage.encoded import EncodedSet, require_comparable
from linkage.errors import LinkageWarning, RecordError
from linkage.schema import Schema

# beyond this many pairs the estimates come from some rows against all columns; links are always of all pairs
SAMPLE_PAIRS = 40_000_000
# below this share of records with a partner, precision fell to 0.6 on invented people (benchmarks/overlap.py)
_FEW = 0.05


def fit(
    left: EncodedSet,
    right: EncodedSet,
    *,
    duplicates: Collection[str] = (),
    threads: int | None = None,
    memory: int = DEFAULT_MEMORY,
    progress: bool | None = None,
) -> Model:
    """Estimate a Fellegi-Sunter model from two sets alone, without knowing one true match.

    For the ``fields`` layout. The order of the sets changes nothing, and the same sets give the same model.

    Parameters
    ----------
    duplicates
        Sources that may hold several records of a person. The others are one-to-one, which is what keeps
        estimation from taking households for people: say so only where it is true.

    Warns with `LinkageWarning` when estimation did not settle, when fewer than one record in twenty seems to have a
    partner, or when matches seem to agree on few fields, as they do when siblings were taken for people.

    Cost: up to 40 million pairs looked at twice; more are sampled, some rows against all columns.
    """
    require_comparable(left, right)
    if left.schema.layout != "fields":
        raise ValueError(
            "fit: takes sets of the fields layout; for the record layout use compare() or link(threshold=...)"
        )
    if not len(left) or not len(right):
        raise ValueError("fit: a set has no records")
    if not any(left.popcounts[name].any() and right.popcounts[name].any() for name in left.popcounts):
        raise RecordError("fit: no field has values in both sets, so nothing can be compared", rule="no common field")
    first, second = in_canonical_order(left, right)
    plan = comparisons(left.schema)
    lefts, rights = _sample(sides(first, plan), len(second)), sides(second, plan)
    unique = one_partner(first, second, duplicates)
    found = _estimate(lefts, rights, plan, unique, memory=memory, threads=threads, progress=progress)
    model = _model(left.schema, plan, found, len(first), len(second), share=len(lefts[0]) / len(first))
    _warn_of_doubt(model, min(len(first), len(second)))
    return model


def _estimate(
    lefts: tuple[Rows, ...],
    rights: tuple[Rows, ...],
    plan: tuple[Comparison, ...],
    unique: tuple[bool, bool],
    *,
    memory: int,
    threads: int | None,
    progress: bool | None,
) -> Estimate:
    """Levels of all pairs, contenders, EM."""
    kernel = kernel_plan(plan)
    n_rows, n_columns = len(lefts[0]), len(rights[0])
    totals = level_totals(lefts, rights, kernel, threads=threads, progress=progress)
    start = starting_point(totals, n_rows, n_columns)
    # by the start's weights, which let through few pairs that differ: under estimated ones chance pairs that agree on
    # a common name flood the list, and the household class describes them instead of siblings
    found = collect(
        lefts,
        rights,
        kernel,
        in_units(start),
        floor_bits=ESTIMATE_FLOOR_BITS,
        memory=memory,
        threads=threads,
        progress=progress,
    )
    levels = kernels.pair_levels(lefts, rights, found.row, found.column, kernel)
    return estimate(levels, Edges(found.row, found.column, n_rows, n_columns, unique), totals, start)


def in_units(parameters: Parameters) -> tuple[NDArray[np.int32], ...]:
    """log2(m / u) of each level, in 1/1024 bit."""
    return tuple(
        np.round(UNIT * np.log2(m / u)).astype(np.int32) for m, u in zip(parameters.m, parameters.u, strict=True)
    )


def level_totals(
    lefts: tuple[Rows, ...],
    rights: tuple[Rows, ...],
    plan: ComparisonPlan,
    *,
    threads: int | None,
    progress: bool | None,
) -> tuple[NDArray[np.int64], ...]:
    """How many of all pairs have each level, outcome by outcome."""
    grid = all_levels(len(lefts[0]), len(rights[0]))
    spans = arranged(
        grid, lambda first, last: kernels.arrange(tuple(rows.slice(first, last) for rows in rights)), threads=threads
    )

    def step(tile: Tile, span: int) -> tuple[NDArray[np.int64], ...]:
        return kernels.level_counts(tuple(rows.slice(tile.top, tile.bottom) for rows in lefts), spans[span], plan)

    totals = tuple(np.zeros(outcome.levels, dtype=np.int64) for outcome in plan.outcomes)
    for _, counts, _ in over_tiles(step, grid, threads=threads, progress=progress, label="levels"):
        for total, count in zip(totals, counts, strict=True):
            total += count
    return totals


def _sample(lefts: tuple[Rows, ...], n_right: int) -> tuple[Rows, ...]:
    n_rows = len(lefts[0])
    wanted = max(500, SAMPLE_PAIRS // n_right)
    if wanted >= n_rows:
        return lefts
    # rows lie in the order of their random ids, so even steps are a random sample, the same every time
    chosen = np.linspace(0, n_rows - 1, wanted).astype(np.int32)
    return tuple(side.take(chosen) for side in lefts)


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
    )


def _warn_of_doubt(model: Model, n_smaller: int) -> None:
    if not model.converged:
        warnings.warn(
            f"estimation had not settled after {MAX_STEPS} steps; treat the links with care",
            LinkageWarning,
            stacklevel=3,
        )
    if model.matches < _FEW * n_smaller:
        warnings.warn(
            f"only about {model.matches:,.0f} of {n_smaller:,} records seem to have a partner: at so few, one link in "
            "three has been wrong; look at each before acting on it",
            LinkageWarning,
            stacklevel=3,
        )
    doubtful = [item.comparison.name for item in model.fields if item.m[-1] < 0.5 * (1 - item.m[0])]
    if len(doubtful) > len(model.fields) // 2:
        warnings.warn(
            f"matches agree exactly on less than half of their values in {', '.join(doubtful)}: siblings or "
            "households may have been taken for people; few records may have a partner",
            LinkageWarning,
            stacklevel=3,
        )
