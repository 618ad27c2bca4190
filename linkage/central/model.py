"""Fellegi-Sunter on encodings: estimate the worth of each agreement without truth, and score pairs with it.

Fellegi and Sunter (1969): a pair's evidence is the sum over fields of log2(m / u), where m is the probability
of its level of agreement among matches and u among all other pairs. The levels are read off the overlap of
two filters, so no name is needed.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.compare import DEFAULT_MEMORY, over_tiles
from linkage.central.competition import Edges
from linkage.central.contenders import UNIT, Contenders, collect
from linkage.central.estimate import MAX_STEPS, Estimate, expect_maximise, starting_point, weigh
from linkage.central.kernels import Side
from linkage.central.levels import Comparison, comparisons, sides
from linkage.central.thresholds import Ratio, exact_ratio
from linkage.encoded import EncodedSet, require_comparable
from linkage.errors import LinkageWarning, MismatchError, nearest
from linkage.pairs import Pairs
from linkage.schema import Schema

# EM looks at no more pairs than this: some rows against all columns; the contenders are always of all pairs
_SAMPLE_PAIRS = 40_000_000
_ROUNDS = 4


@dataclass(frozen=True)
class FieldWeights:
    """What each level of one comparison is worth: ``m`` and ``u`` by level, level 0 is missing."""

    comparison: Comparison
    m: tuple[float, ...]
    u: tuple[float, ...]

    @property
    def weights(self) -> tuple[int, ...]:
        """log2(m / u) by level, in 1/1024 bit."""
        return tuple(round(UNIT * float(np.log2(m / u))) for m, u in zip(self.m, self.u, strict=True))


@dataclass(frozen=True)
class Model:
    """Match weights by field and level, from `fit`. It belongs to the agreement, not to the sets it came from.

    ``matches`` is the number of matches expected in the sets it was fitted to, ``converged`` whether estimation
    settled within its ``steps``.
    """

    schema: Schema
    fields: tuple[FieldWeights, ...]
    matches: float
    steps: int
    converged: bool

    def predict(
        self,
        left: EncodedSet,
        right: EncodedSet,
        *,
        probability: Ratio = 0.5,
        duplicates: Collection[str] = (),
        threads: int | None = None,
        memory: int = DEFAULT_MEMORY,
        progress: bool | None = None,
    ) -> Pairs:
        """The pairs that are one person with at least this probability, rivals considered.

        Parameters
        ----------
        probability
            In (0, 1]. At 0.5 or more a record of a one-to-one source has at most one pair.
        duplicates
            Sources that may hold several records of a person; the others are one-to-one.

        Returns
        -------
        Pairs with match_weight (log2) and probability, by left row, then right row.

        Raises
        ------
        MismatchError
            The sets or the model were made under different agreements or keys.
        LimitError
            The fields tell too few records apart: the likely pairs don't fit ``memory``.
        """
        cut = probability_cut(probability)
        self._require_fit(left, right)
        first, second = in_canonical_order(left, right)
        found = contenders(self, first, second, memory=memory, threads=threads, progress=progress)
        edges = edges_of(found, first, second, duplicates)
        chance, _ = weigh(found.weight * (np.log(2) / UNIT), edges, None)
        pairs = Pairs(first, second, found.row, found.column, match_weight=found.weight / UNIT, probability=chance)
        pairs = pairs.take(chance >= cut)
        return pairs if first is left else pairs.swapped()

    def _require_fit(self, left: EncodedSet, right: EncodedSet) -> None:
        require_comparable(left, right)
        if left.schema != self.schema:
            raise MismatchError(
                "the model was made under another agreement than the sets",
                what="schema",
                left=self.schema.fingerprint(),
                right=left.schema.fingerprint(),
            )

    def tables(self) -> tuple[NDArray[np.int32], ...]:
        """Integer weight by [sum of popcounts, overlap] of each comparison, as the kernels take them."""
        return tuple(np.array(item.weights, dtype=np.int32)[item.comparison.table()] for item in self.fields)

    def __str__(self) -> str:
        lines = [f"{'field':<16}{'level':<16}{'m':>9}{'u':>11}{'weight':>9}"]
        for item in self.fields:
            for label, m, u, weight in zip(item.comparison.labels(), item.m, item.u, item.weights, strict=True):
                lines.append(f"{item.comparison.name:<16}{label:<16}{m:>9.4f}{u:>11.2e}{weight / UNIT:>9.2f}")
        return "\n".join(lines)


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

    Warns with `LinkageWarning` when estimation did not settle, or when matches seem to agree on few fields, as
    they do when siblings or households were taken for people.

    Cost: all pairs once for the contenders, and up to 40 million pairs five times for the estimates.
    """
    require_comparable(left, right)
    if left.schema.layout != "fields":
        raise ValueError(
            "fit: takes sets of the fields layout; for the record layout use compare() or link(threshold=...)"
        )
    if not len(left) or not len(right):
        raise ValueError("fit: a set has no records")
    first, second = in_canonical_order(left, right)
    plan = comparisons(left.schema)
    lefts, rights = _sample(sides(first, plan), len(second)), sides(second, plan)
    unique = one_partner(first, second, duplicates)
    estimate = _estimate(lefts, rights, plan, unique, memory=memory, threads=threads, progress=progress)
    share = len(lefts[0].rows) / len(first)
    model = _model(left.schema, plan, estimate, estimate.parameters.matches / share)
    _warn_of_doubt(model)
    return model


def _estimate(
    lefts: tuple[Side, ...],
    rights: tuple[Side, ...],
    plan: tuple[Comparison, ...],
    unique: tuple[bool, bool],
    *,
    memory: int,
    threads: int | None,
    progress: bool | None,
) -> Estimate:
    """EM on the contenders; then contenders anew under what it found, until the matches no longer move."""
    tables = tuple(comparison.table() for comparison in plan)
    n_rows, n_columns = len(lefts[0].rows), len(rights[0].rows)
    totals = _level_totals(lefts, rights, tables, threads=threads, progress=progress)
    parameters = starting_point(totals, n_rows, n_columns)
    estimate = None
    for _ in range(_ROUNDS):
        weights = tuple(
            np.round(UNIT / np.log(2) * ratio).astype(np.int32)[table]
            for ratio, table in zip(parameters.log_ratios(), tables, strict=True)
        )
        found = collect(
            lefts, rights, weights, matches=parameters.matches, memory=memory, threads=threads, progress=progress
        )
        levels = kernels.pair_levels(lefts, rights, found.row, found.column, tables)
        edges = Edges(found.row, found.column, n_rows, n_columns, unique)
        estimate = expect_maximise(levels, edges, totals, parameters)
        moved = abs(estimate.parameters.matches - parameters.matches)
        parameters = estimate.parameters
        if moved <= 0.002 * max(parameters.matches, 1.0):
            break
    assert estimate is not None
    return estimate


def _level_totals(
    lefts: tuple[Side, ...],
    rights: tuple[Side, ...],
    tables: tuple[NDArray[np.uint8], ...],
    *,
    threads: int | None,
    progress: bool | None,
) -> tuple[NDArray[np.int64], ...]:
    totals = tuple(np.zeros(int(table.max()) + 1, dtype=np.int64) for table in tables)
    tiles = over_tiles(
        lambda tile: kernels.level_counts(
            tuple(side.slice(tile.top, tile.bottom) for side in lefts),
            tuple(side.slice(tile.first, tile.last) for side in rights), tables,
        ),
        len(lefts[0].rows), len(rights[0].rows), threads=threads, progress=progress, label="levels",
    )  # fmt: skip
    for counts, _ in tiles:
        for total, count in zip(totals, counts, strict=True):
            total += count
    return totals


def _sample(lefts: tuple[Side, ...], n_right: int) -> tuple[Side, ...]:
    n_rows = len(lefts[0].rows)
    wanted = max(500, _SAMPLE_PAIRS // n_right)
    if wanted >= n_rows:
        return lefts
    # rows lie in the order of their random ids, so even steps are a random sample, the same every time
    chosen = np.linspace(0, n_rows - 1, wanted).astype(np.int32)
    return tuple(side.take(chosen) for side in lefts)


def _model(schema: Schema, plan: tuple[Comparison, ...], estimate: Estimate, matches: float) -> Model:
    return Model(
        schema=schema,
        fields=tuple(
            FieldWeights(comparison, tuple(m.tolist()), tuple(u.tolist()))
            for comparison, m, u in zip(plan, estimate.parameters.m, estimate.parameters.u, strict=True)
        ),
        matches=matches,
        steps=estimate.steps,
        converged=estimate.converged,
    )


def _warn_of_doubt(model: Model) -> None:
    if not model.converged:
        warnings.warn(
            f"estimation had not settled after {MAX_STEPS} steps; treat the links with care",
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


def contenders(
    model: Model, first: EncodedSet, second: EncodedSet, *, memory: int, threads: int | None, progress: bool | None
) -> Contenders:
    """The contenders among all pairs, under a model."""
    plan = tuple(item.comparison for item in model.fields)
    expected = min(len(first), len(second))  # a generous prior: it sets the floor of the list, not the probabilities
    return collect(
        sides(first, plan),
        sides(second, plan),
        model.tables(),
        matches=expected,
        memory=memory,
        threads=threads,
        progress=progress,
    )


def edges_of(found: Contenders, first: EncodedSet, second: EncodedSet, duplicates: Collection[str]) -> Edges:
    """Contenders as edges that compete where a record has at most one partner."""
    return Edges(found.row, found.column, len(first), len(second), one_partner(first, second, duplicates))


def one_partner(first: EncodedSet, second: EncodedSet, duplicates: Collection[str]) -> tuple[bool, bool]:
    """Whether a record of the first, of the second set has at most one partner: the other one holds no duplicates.

    Raises ``ValueError`` for a name in ``duplicates`` that is not a source.
    """
    sources = (first.source, second.source)
    for name in duplicates:
        if name not in sources:
            raise ValueError(f"duplicates: '{name}' is not a source; {nearest(name, sources)}")
    return second.source not in duplicates, first.source not in duplicates


def in_canonical_order(left: EncodedSet, right: EncodedSet) -> tuple[EncodedSet, EncodedSet]:
    """The two sets in an order that does not depend on the caller's."""
    first = (left.source, left.digest()) <= (right.source, right.digest())
    return (left, right) if first else (right, left)


def probability_cut(value: Ratio) -> float:
    """``value``, or ``ValueError`` unless it is in (0, 1]."""
    return float(exact_ratio(value, name="probability"))
