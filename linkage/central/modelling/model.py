"""Fellegi-Sunter on encodings: what each agreement is worth, and pairs scored with it.

Fellegi and Sunter (1969): a pair's evidence is the sum over fields of log2(m / u), where m is the probability
of its level of agreement among matches and u among all other pairs. The levels are read off the overlap of
two filters, so no name is needed.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from linkage.arguments import checked
from linkage.central.compare import DEFAULT_MEMORY
from linkage.central.contenders import UNIT
from linkage.central.limits import Limits
from linkage.central.modelling.levels import Comparison
from linkage.central.modelling.moving import homes
from linkage.central.modelling.predicting import scored, warn_of_undecided
from linkage.central.sources import in_canonical_order, one_partner
from linkage.central.thresholds import Ratio, probability_cut
from linkage.encoded import EncodedSet, require_comparable
from linkage.errors import MismatchError
from linkage.files import PathLike
from linkage.oneagreement import narrower, under
from linkage.pairs import Pairs
from linkage.schema import Schema
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.central.explaining.explanation import Explanation
    from linkage.central.modelling.modeldifferences import ModelDifferences

# by the share of records that seem to have a partner, of 144 linkages of development data: from a fifteenth down the
# lowest precision was 0.83, below a thirtieth 0.57
_RARE, _FEW = 1 / 15, 1 / 30
_NOBODY = 0.999  # a field missing in so many pairs is held by nobody


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
    """Match weights by field and level, from `fit` or `of`. It belongs to the agreement, not to the sets it came from.

    The evidence of a pair is the sum of its fields' weights, less what a household would explain: two siblings agree
    on surname, address and postcode together far more often than those fields' weights say. ``households`` is how
    many such pairs a record of the smaller set has, ``matches`` the number of matches expected in the sets it was
    fitted to, ``converged`` whether estimation settled within its ``steps``. ``moved`` is the share of matches whose
    home is another: fields of type postcode and text, where there are several. Of these, m is of those who stayed, and
    two homes that differ throughout count against a match once, not once a field.
    """

    schema: Schema
    fields: tuple[FieldWeights, ...]
    matches: float
    households: float
    steps: int
    converged: bool
    moved: float = 0.0

    def doubts(self, n_records: int) -> list[str]:
        """Why links by this model may be wrong, in sets of which the smaller has so many records; most times nothing.

        Estimation did not settle; so few records seem to have a partner that the few matches are hard to tell from
        siblings, or can't be; matches seem to agree on few fields, as when siblings were taken for people.
        """
        found = []
        if not self.converged:
            found.append(f"estimation had not settled after {self.steps} steps; treat the links with care")
        if self.too_few(n_records):
            found.append(
                f"only about {self.matches:,.0f} of {n_records:,} records seem to have a partner: at so few, one link "
                "in three has been wrong; look at each before acting on it"
            )
        elif self.matches < _RARE * n_records:
            found.append(
                f"only about {self.matches:,.0f} of {n_records:,} records seem to have a partner: at so few, up to one "
                "link in six has been wrong; look at the less sure ones before acting on them"
            )
        weak = [item.comparison.name for item in self.fields if item.m[-1] < 0.5 * (1 - item.m[0])]
        if 2 * len(weak) >= len(self.fields):  # what a household shares is never weak
            found.append(
                f"matches agree exactly on less than half of their values in {', '.join(weak)}: siblings or "
                "households may have been taken for people; few records may have a partner"
            )
        return found

    def too_few(self, n_records: int) -> bool:
        """Whether fewer than one in thirty of so many records seem to have a partner."""
        return self.matches < _FEW * n_records

    def plot(self, *, ax: Any = None) -> Any:
        """Draw what each level of agreement is worth, field after field; fields that no record has are left out.

        Returns matplotlib axes; matplotlib is the extra ``plot``.
        """
        from linkage import charts

        weights: dict[str, dict[str, float]] = {}
        for row in self.to_arrow().to_pylist():
            weights.setdefault(row["field"], {})[row["level"]] = row["match_weight"]
        empty = {item.comparison.name for item in self.fields if min(item.m[0], item.u[0]) > _NOBODY}
        return charts.draw_weights({name: levels for name, levels in weights.items() if name not in empty}, ax=ax)

    @checked
    def predict(
        self,
        left: EncodedSet,
        right: EncodedSet | None = None,
        *,
        probability: Ratio = 0.5,
        duplicates: Collection[str] = (),
        executor: Executor | None = None,
        threads: int | None = None,
        memory: int = DEFAULT_MEMORY,
        progress: bool | None = None,
    ) -> Pairs:
        """The pairs that are one person with at least this probability, rivals considered.

        Parameters
        ----------
        right
            Leave out to find the duplicates within one set.
        probability
            In (0, 1]. At 0.5 or more a record of a one-to-one source has at most one pair.
        duplicates
            Sources that may hold several records of a person; the others are one-to-one.
        executor
            Any `concurrent.futures.Executor` whose workers look at the pairs in the place of threads, as in `compare`.

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
        within = right is None
        other = left if right is None else right
        left, other = self.with_its_fields(left, other)
        first, second = in_canonical_order(left, other)
        unique = (False, False) if within else one_partner(first, second, duplicates)
        limits: Limits = {"executor": executor, "threads": threads, "memory": memory, "progress": progress}
        every = scored(self, first, second, within=within, unique=unique, limits=limits)
        warn_of_undecided(every)
        pairs = every.pairs(cut)
        return pairs if first is left else pairs.swapped()

    @checked
    def explain(
        self,
        left: EncodedSet,
        right: EncodedSet | None = None,
        *,
        probability: Ratio = 0.5,
        duplicates: Collection[str] = (),
        threads: int | None = None,
        memory: int = DEFAULT_MEMORY,
        progress: bool | None = None,
    ) -> Explanation:
        """Why pairs are linked or not: an `Explanation` to ask about pairs, records and fields.

        ``probability`` is the cut that it asks about, such as ``links.cut["probability"]``; all else as `predict`, at
        the same cost.
        """
        from linkage.central.explaining.explanation import explain

        left, other = self.with_its_fields(left, left if right is None else right)
        right = right if right is None else other
        limits: Limits = {"executor": None, "threads": threads, "memory": memory, "progress": progress}
        return explain(self, left, right, probability=probability, duplicates=duplicates, limits=limits)

    def with_its_fields(self, left: EncodedSet, right: EncodedSet) -> tuple[EncodedSet, EncodedSet]:
        """The sets under the model's agreement, of which they may be an earlier version. Raises as `require_fit`."""
        left, right = (under(each, self.schema) if narrower(each.schema, self.schema) else each
                       for each in (left, right))  # fmt: skip
        self.require_fit(left, right)
        return left, right

    def require_fit(self, left: EncodedSet, right: EncodedSet) -> None:
        """Raise `MismatchError` unless the sets and the model are of one agreement and key."""
        require_comparable(left, right)
        if left.schema != self.schema:
            raise MismatchError(
                "the model was made under another agreement than the sets",
                what="schema",
                left=self.schema.fingerprint(),
                right=left.schema.fingerprint(),
            )

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

    @classmethod
    @checked
    def of(cls, schema: Schema, table: object, *, matches: float, households: float = 0.0, moved: float = 0.0) -> Model:
        """A model given by someone who knows, or an edited one: m and u of every level.

        Parameters
        ----------
        table
            Columns field, level, m, u and, if there are ``households``, h: what `to_arrow` gives, as a data frame or a
            dict of columns. Of each field every level is needed, and m, u and h sum to 1 over them, missing included.
        matches
            How many are expected, for `doubts`; linking finds their number in the sets at hand.
        households
            Pairs of two people of one household for each record of the smaller set.
        moved
            Share of the matches, below 1, whose postcode and text fields agree no more than those of strangers.

        Raises ``ValueError`` naming what is wrong or lacking.

        >>> from linkage import Field
        >>> schema = Schema(project="trial", fields=(Field(name="sex", type="category"),))
        >>> levels = {"field": ["sex"] * 3, "level": ["missing", "differs", "equal"]}
        >>> print(Model.of(schema, levels | {"m": [0.02, 0.01, 0.97], "u": [0.02, 0.48, 0.5]}, matches=900))
        field           level                   m          u        h   weight
        sex             missing            0.0200   2.00e-02   0.0200     0.00
        sex             differs            0.0100   4.80e-01   0.4800    -5.58
        sex             equal              0.9700   5.00e-01   0.5000     0.96
        """
        from linkage.central.modelling.modelgiven import given

        return given(schema, table, matches=matches, households=households, moved=moved)

    @checked
    def save(self, path: PathLike) -> None:
        """Write the model as JSON; an existing file is replaced.

        It holds the agreement and no record, no value and no key. What it gives away are frequencies over all records:
        how often each field is missing, how often two people agree on it, how many matches and households there are.
        """
        from linkage.central.modelling.modelfile import save

        save(self, path)

    @classmethod
    @checked
    def load(cls, path: PathLike) -> Model:
        """The model that `save` wrote, figure for figure; for any sets of its agreement.

        Raises `FileFormatError` saying what is wrong, and where: everything is checked, and changes are found.
        """
        from linkage.central.modelling.modelfile import load

        return load(path)

    @checked
    def differences(self, other: Model) -> ModelDifferences:
        """Level by level, this model's weights and another's; what moves the evidence of matches most comes first.

        Raises `MismatchError` if they are of different agreements.

        >>> from linkage import Field
        >>> schema = Schema(project="trial", fields=(Field(name="sex", type="category"),))
        >>> levels = {"field": ["sex"] * 3, "level": ["missing", "differs", "equal"], "u": [0.02, 0.48, 0.5]}
        >>> careful = Model.of(schema, levels | {"m": [0.02, 0.01, 0.97]}, matches=900)
        >>> print(careful.differences(Model.of(schema, levels | {"m": [0.02, 0.04, 0.94]}, matches=900)))
        field           level                left    right  difference   effect
        sex             differs             -5.58    -3.58        2.00    0.050
        sex             equal                0.96     0.91       -0.04    0.043
        sex             missing              0.00     0.00        0.00    0.000
        """
        from linkage.central.modelling.modeldifferences import between

        return between(self, other)

    def _places(self) -> str:
        return ", ".join(self.fields[index].comparison.name for index in homes(self.schema, self.plan))

    @property
    def plan(self) -> tuple[Comparison, ...]:
        """What is compared, field by field."""
        return tuple(item.comparison for item in self.fields)

    def __len__(self) -> int:
        return sum(item.comparison.levels for item in self.fields)

    def __repr__(self) -> str:
        return f"Model({len(self.fields)} fields, {self.matches:,.0f} matches expected)"

    def __str__(self) -> str:
        lines = [f"{'field':<16}{'level':<16}{'m':>9}{'u':>11}{'h':>9}{'weight':>9}"]
        for field, level, m, u, h, weight in zip(*self.to_arrow().to_pydict().values(), strict=True):
            lines.append(f"{field:<16}{level:<16}{m:>9.4f}{u:>11.2e}{h:>9.4f}{weight:>9.2f}")
        if self.moved:
            lines.append(f"{self.moved:.1%} of the matches have moved; m of {self._places()} is of the others")
        return "\n".join(lines)


def _in_units(above: tuple[float, ...], below: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(round(UNIT * float(np.log2(a / b))) for a, b in zip(above, below, strict=True))
