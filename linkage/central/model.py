"""Fellegi-Sunter on encodings: what each agreement is worth, and pairs scored with it.

Fellegi and Sunter (1969): a pair's evidence is the sum over fields of log2(m / u), where m is the probability
of its level of agreement among matches and u among all other pairs. The levels are read off the overlap of
two filters, so no name is needed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.compare import DEFAULT_MEMORY
from linkage.central.competition import Edges, Floats
from linkage.central.contenders import LINK_FLOOR_BITS, UNIT, Contenders, collect
from linkage.central.estimate import weigh
from linkage.central.levels import Comparison, kernel_plan, sides
from linkage.central.thresholds import Ratio, exact_ratio
from linkage.encoded import EncodedSet, require_comparable
from linkage.errors import MismatchError, nearest
from linkage.pairs import Pairs
from linkage.schema import Schema
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

_NATS = float(np.log(2)) / UNIT  # of one unit of weight


@dataclass(frozen=True)
class FieldWeights:
    """What each level of one comparison is worth: ``m``, ``u`` and ``h`` by level, level 0 is missing.

    Their probability among matches, among chance pairs, and among two people of one household.
    """

    comparison: Comparison
    m: tuple[float, ...]
    u: tuple[float, ...]
    h: tuple[float, ...]

    @property
    def weights(self) -> tuple[int, ...]:
        """log2(m / u) by level, in 1/1024 bit."""
        return _in_units(self.m, self.u)

    @property
    def household_weights(self) -> tuple[int, ...]:
        """log2(h / u) by level, in 1/1024 bit."""
        return _in_units(self.h, self.u)


@dataclass(frozen=True, repr=False)
class Model(TableOfResults):
    """Match weights by field and level, from `fit`. It belongs to the agreement, not to the sets it came from.

    The evidence of a pair is the sum of its fields' weights, less what a household would explain: two siblings agree
    on surname, address and postcode together far more often than those fields' weights say. ``households`` is how
    many such pairs a record of the smaller set has, ``matches`` the number of matches expected in the sets it was
    fitted to, ``converged`` whether estimation settled within its ``steps``.
    """

    schema: Schema
    fields: tuple[FieldWeights, ...]
    matches: float
    households: float
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
        levels = self._levels(first, second, found)
        evidence, chance, _ = weigh(*self._evidence(first, second, found, levels), edges)
        # in whole units, so that sums and orders are the same on every machine
        weight = np.round(evidence / _NATS) / UNIT
        pairs = Pairs(first, second, found.row, found.column, match_weight=weight, probability=chance)
        # a pair of which no field could be compared is no link, however many records have partners
        pairs = pairs.take((chance >= cut) & levels.any(axis=1))
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

    def _levels(self, first: EncodedSet, second: EncodedSet, found: Contenders) -> NDArray[np.uint8]:
        plan = tuple(item.comparison for item in self.fields)
        return kernels.pair_levels(sides(first, plan), sides(second, plan), found.row, found.column, kernel_plan(plan))

    def _evidence(
        self, first: EncodedSet, second: EncodedSet, found: Contenders, levels: NDArray[np.uint8]
    ) -> tuple[Floats, Floats]:
        """For each contender log(m / u), and the log of what a household would explain."""
        household = np.zeros(len(levels), dtype=np.int64)
        for index, item in enumerate(self.fields):
            household += np.array(item.household_weights)[levels[:, index]]
        with np.errstate(divide="ignore"):
            share = float(np.log(self.households / max(len(first), len(second), 1)))
        return found.weight.astype(np.float64) * _NATS, household.astype(np.float64) * _NATS + share

    def to_arrow(self) -> pa.Table:
        """Columns field, level, m, u, h, match_weight (log2 of m / u): a row for each level of each field."""
        import pyarrow as pa

        columns: dict[str, list[object]] = {name: [] for name in ("field", "level", "m", "u", "h", "match_weight")}
        for item in self.fields:
            columns["field"] += [item.comparison.name] * item.comparison.levels
            columns["level"] += item.comparison.labels()
            columns["m"] += item.m
            columns["u"] += item.u
            columns["h"] += item.h
            columns["match_weight"] += [weight / UNIT for weight in item.weights]
        return pa.table(columns)

    def __len__(self) -> int:
        return sum(item.comparison.levels for item in self.fields)

    def __repr__(self) -> str:
        return f"Model({len(self.fields)} fields, {self.matches:,.0f} matches expected)"

    def __str__(self) -> str:
        lines = [f"{'field':<16}{'level':<16}{'m':>9}{'u':>11}{'h':>9}{'weight':>9}"]
        for field, level, m, u, h, weight in zip(*self.to_arrow().to_pydict().values(), strict=True):
            lines.append(f"{field:<16}{level:<16}{m:>9.4f}{u:>11.2e}{h:>9.4f}{weight:>9.2f}")
        return "\n".join(lines)


def contenders(
    model: Model, first: EncodedSet, second: EncodedSet, *, memory: int, threads: int | None, progress: bool | None
) -> Contenders:
    """The contenders among all pairs, under a model."""
    plan = tuple(item.comparison for item in model.fields)
    return collect(
        sides(first, plan),
        sides(second, plan),
        kernel_plan(plan),
        tuple(np.array(item.weights, dtype=np.int32) for item in model.fields),
        floor_bits=LINK_FLOOR_BITS,
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
    if isinstance(duplicates, str):
        raise TypeError('duplicates: a list of sources, such as ["police"]')
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


def _in_units(above: tuple[float, ...], below: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(round(UNIT * float(np.log2(a / b))) for a, b in zip(above, below, strict=True))
