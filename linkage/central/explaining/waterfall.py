"""How the probability of one pair comes about, step by step: each adds its bits to the log odds so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from linkage.central.contenders import NATS, UNIT, Contenders
from linkage.central.modelling import moving
from linkage.central.modelling.competition import probability_of
from linkage.central.modelling.levels import kernel_plan
from linkage.central.modelling.rarity import of_pairs
from linkage.central.modelling.scoring import Levels, evidence_of, levels_of
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.central.explaining.explanation import Explanation
    from linkage.central.modelling.model import Model
    from linkage.central.modelling.predicting import Scored
    from linkage.encoded import EncodedSet

_BIT = float(np.log(2))
_TOLD_BITS = 0.1  # what a value's rarity adds is a step of its own from here on, and part of its field's below


@dataclass(frozen=True)
class Step:
    """One thing that speaks for or against: ``name``, the ``level`` of agreement if it is a field, bits (log2)."""

    name: str
    level: str
    match_weight: float


@dataclass(frozen=True, repr=False)
class Waterfall(TableOfResults):
    """One pair explained, from `Explanation.pair`: the steps sum to the log2 of its odds, as `Model.predict` has them.

    The first step is what any two records have in favour before they are compared: how many matches are expected.
    Then each field; of several fields of one home, each given those before it, so that a move counts once. A value
    rarer or commoner than most is a step of its own. What two people of one household share is taken off, and last
    what likelier partners of either record leave to this pair.

    ``reaches_cut`` says whether ``probability`` is at or above the ``cut``; ``why`` says it in words.

    >>> steps = (Step("before comparing", "", -9.0), Step("surname", "equal", 9.0), Step("dob", "equal", 4.0))
    >>> print(Waterfall("a1", "b7", steps, 0.941, 0.5, "probability at or above the cut of 0.5"))
    step                              level             weight   total  probability
    before comparing                                     -9.00   -9.00     0.001949
    surname                           equal               9.00    0.00     0.500000
    dob                               equal               4.00    4.00     0.941176
    probability at or above the cut of 0.5
    """

    left_id: str
    right_id: str
    steps: tuple[Step, ...]
    probability: float
    cut: float
    why: str

    @property
    def reaches_cut(self) -> bool:
        """Whether the pair's probability is at or above the cut."""
        return self.probability >= self.cut

    @property
    def match_weight(self) -> float:
        """log2 of the likelihood ratio, as in `Pairs`: all steps but the first and what rivals leave."""
        exact = sum(step.match_weight for step in self.steps if step.name not in _NOT_EVIDENCE)
        return round(exact * UNIT) / UNIT

    def to_arrow(self) -> pa.Table:
        """Columns step, level, match_weight (bits), total (bits so far), probability (of that total)."""
        import pyarrow as pa

        total = np.cumsum([step.match_weight for step in self.steps])
        return pa.table(
            {
                "step": [step.name for step in self.steps],
                "level": [step.level for step in self.steps],
                "match_weight": [step.match_weight for step in self.steps],
                "total": total,
                "probability": probability_of(total * _BIT),
            }
        )

    def plot(self, *, ax: Any = None) -> Any:
        """Draw the steps, each from where the one before it ended; the cut is a dashed line.

        Returns matplotlib axes; matplotlib is the extra ``plot``.
        """
        from linkage import charts

        named = [(f"{step.name}: {step.level}" if step.level else step.name, step.match_weight) for step in self.steps]
        return charts.draw_waterfall(named, cut=log_odds(self.cut) / _BIT, ax=ax)

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"Waterfall(probability {self.probability:.4f}; {self.why})"

    def __str__(self) -> str:
        lines = [f"{'step':<34}{'level':<16}{'weight':>8}{'total':>8}{'probability':>13}"]
        lines += [
            f"{row['step']:<34}{row['level']:<16}{row['match_weight']:>8.2f}{row['total']:>8.2f}"
            f"{row['probability']:>13.6f}"
            for row in self.to_arrow().to_pylist()
        ]
        return "\n".join([*lines, self.why])


PRIOR, LEFT_RIVALS, RIGHT_RIVALS = "before comparing", "rivals of the left record", "rivals of the right record"
_NOT_EVIDENCE = (PRIOR, LEFT_RIVALS, RIGHT_RIVALS)


def steps_of_fields(model: Model, pair: Contenders, levels: Levels, n_larger: int) -> Iterator[Step]:
    """Evidence of one pair, field by field, in whole units: the sum is that of `Model.predict`."""
    plan = kernel_plan(model.plan)
    places = moving.homes(model.schema, model.plan)
    given = 0
    for index, item in enumerate(model.fields):
        level = int(levels[0, index])
        weight = item.weights[level]
        if index in places:
            # given the fields of the home before it: that they all differ is said once
            so_far = _at_home(model, levels, tuple(place for place in places if place <= index))
            weight, given = so_far - given, so_far
        alone = np.zeros_like(levels)
        alone[0, index] = level
        rare = int(of_pairs(pair.bonus, pair.row, alone, plan)[0])
        told = abs(rare) >= _TOLD_BITS * UNIT
        yield Step(item.comparison.name, item.comparison.labels()[level], (weight if told else weight + rare) / UNIT)
        if told:
            yield Step(f"{item.comparison.name}, a {'rare' if rare > 0 else 'common'} value", "", rare / UNIT)
    _, household = evidence_of(model, pair, levels, n_larger)
    shared = float(np.logaddexp(0.0, household)[0])
    if shared:
        yield Step("what a household would share", "", -shared / _BIT)


def _at_home(model: Model, levels: Levels, places: tuple[int, ...]) -> int:
    m, u = ([np.array(getattr(item, which)) for item in model.fields] for which in ("m", "u"))
    return round(float(moving.evidence(levels, m, u, places, model.moved)[0][0]) / NATS)


def log_odds(probability: float) -> float:
    """Of 1, that of the greatest number below it."""
    chance = min(probability, 1 - 2.0**-53)
    return float(np.log(chance) - np.log1p(-chance))


def explained(of: Explanation, left_id: str, right_id: str) -> Waterfall:
    """See `Explanation.pair`."""
    seen = of.likely
    row, column = _row_of(of.left, left_id, "left_id"), _row_of(of.right, right_id, "right_id")
    if of.left is of.right and row == column:
        raise ValueError("pair: the two are one record; a pair has two")
    if of.turned or (seen.edges.within and column < row):
        row, column = column, row
    pair = Contenders(np.array([row], np.int32), np.array([column], np.int32), np.zeros(1, np.int32), 0,
                      seen.found.bonus)  # fmt: skip
    levels = levels_of(of.model, seen.first, seen.second, pair)
    steps = [Step(PRIOR, "", seen.prior / _BIT)]
    steps += steps_of_fields(of.model, pair, levels, seen.n_larger)
    names = (RIGHT_RIVALS, LEFT_RIVALS) if of.turned else (LEFT_RIVALS, RIGHT_RIVALS)
    by_name = dict(zip(names, rivals_of(seen, row, column), strict=True))
    steps += [Step(name, "", by_name[name] / _BIT) for name in (LEFT_RIVALS, RIGHT_RIVALS) if by_name[name]]
    comparable = bool(levels.any())
    total = np.array([sum(step.match_weight for step in steps) * _BIT])
    probability = float(probability_of(total)[0]) if comparable else 0.0
    return Waterfall(
        left_id, right_id, tuple(steps), probability, of.cut, _why(of, probability, by_name, comparable=comparable)
    )


def _row_of(side: EncodedSet, record_id: str, name: str) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not isinstance(record_id, str):
        raise TypeError(f"pair: {name} must be text, a record id of '{side.source}'")
    row: int = pc.index(side.record_ids, pa.scalar(record_id, pa.string())).as_py()
    if row < 0:
        raise ValueError(
            f"pair: '{side.source}' has no record with this {name}; take one from Links.pairs or "
            "EncodedSet.record_ids, and mind which set is the left one"
        )
    return row


def rivals_of(seen: Scored, row: int, column: int) -> tuple[float, float]:
    """What the rivals in the row, in the column leave: as settled for a likely pair, as heard for any other."""
    edges, messages = seen.edges, seen.messages
    first, end = np.searchsorted(edges.row, [row, row + 1])  # they lie by row, then column
    own = first + np.searchsorted(edges.column[first:end], column)
    if own < end and edges.column[own] == column:
        return float(messages.row[own]), float(messages.column[own])
    left = []
    for unique, group, place, heard in (
        (edges.unique[0], edges.row, row, messages.column),
        (edges.unique[1], edges.column, column, messages.row),
    ):
        others = np.flatnonzero(group == place)
        odds = np.exp(np.minimum(seen.evidence[others] + seen.prior + heard[others], 700.0))
        left.append(-float(np.log1p(odds.sum())) if unique else 0.0)
    return left[0], left[1]


def _why(of: Explanation, probability: float, rivals: dict[str, float], *, comparable: bool) -> str:
    if not comparable:
        return "not linked: of every field one of the two has no value, so nothing can be compared"
    if probability >= of.cut:
        return f"probability at or above the cut of {of.cut:g}"
    alone = np.log(probability) - np.log1p(-probability) - sum(rivals.values()) if probability else -np.inf
    if alone < log_odds(of.cut):
        return f"not linked: the evidence does not reach the cut of {of.cut:g}, rivals or none"
    return "not linked: the evidence would do, but another record fits as well or better"
