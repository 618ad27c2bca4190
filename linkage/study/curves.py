"""What every threshold would give: precision, recall, F1 and F* as the bar for a link rises."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from linkage import charts
from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.links import Links
from linkage.pairs import Pairs
from linkage.sealed import sealed
from linkage.study.evaluate import Evaluation
from linkage.study.held import hold
from linkage.study.intervals import MEASURES, f1
from linkage.study.truth import Linked
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

_POINTS = 1_000


@dataclass(frozen=True, eq=False)
class Curve(TableOfResults):
    """Counts at thresholds: a pair is linked if its measure is the threshold or more.

    measure                             which measure: similarity, match_weight or probability
    threshold                           (k,) float64, ascending
    true_positives, false_positives     (k,) int64, of pairs at or above it
    possible                            true pairs that could be found
    outside                             true pairs with a record in no set

    >>> three = Curve("similarity", np.array([0.7, 0.8, 0.9]), np.array([9, 8, 5]), np.array([6, 1, 0]), possible=10)
    >>> three.recall
    array([0.9, 0.8, 0.5])
    >>> three.best_threshold
    0.8
    """

    measure: str
    threshold: Values
    true_positives: Whole
    false_positives: Whole
    possible: int
    outside: int = 0

    def __post_init__(self) -> None:
        for column in (self.threshold, self.true_positives, self.false_positives):
            column.flags.writeable = False

    @property
    def false_negatives(self) -> Whole:
        """(k,) true pairs below the threshold, or not among the pairs at all."""
        return self.possible - self.true_positives

    @property
    def precision(self) -> Values:
        """(k,), NaN where nothing is linked."""
        return self._of("precision")

    @property
    def recall(self) -> Values:
        """(k,)."""
        return self._of("recall")

    @property
    def f1(self) -> Values:
        """(k,)."""
        return self._of("F1")

    @property
    def f_star(self) -> Values:
        """(k,)."""
        return self._of("F*")

    def _of(self, name: str) -> Values:
        return MEASURES[name](_totals(self.true_positives, self.false_positives, self.possible))

    @property
    def best_threshold(self) -> float:
        """Where F1 is highest; the highest such threshold. It was chosen with the truth, which no real linkage has."""
        if not len(self):
            raise ValueError("a curve of no pairs has no best threshold")
        return float(self.threshold[_last_highest(self.f1)])

    def at(self, threshold: float) -> Evaluation:
        """The evaluation at the lowest threshold of the curve that is no lower than this; Wilson's intervals."""
        if math.isnan(threshold):
            raise ValueError("threshold: not a number")
        place = int(np.searchsorted(self.threshold, threshold))
        if place == len(self):
            return Evaluation(0, 0, self.possible, self.outside)
        true, false = int(self.true_positives[place]), int(self.false_positives[place])
        return Evaluation(true, false, self.possible - true, self.outside)

    def to_arrow(self) -> pa.Table:
        """Columns threshold, true_positives, false_positives, false_negatives, precision, recall, f1, f_star."""
        import pyarrow as pa

        names = ("threshold", "true_positives", "false_positives", "false_negatives")
        return pa.table({name: getattr(self, name) for name in (*names, "precision", "recall", "f1", "f_star")})

    def plot(self, ax: Any = None, *, kind: Literal["thresholds", "precision-recall"] = "thresholds") -> Any:
        """Draw it on matplotlib axes, new ones if none are given, and give them back.

        ``thresholds`` draws the measures over the threshold, ``precision-recall`` precision over recall.
        """
        if kind not in ("thresholds", "precision-recall"):
            raise ValueError(f"kind: 'thresholds' or 'precision-recall', not {kind!r}")
        if kind == "precision-recall":
            lines = {"": self.precision}
            return charts.draw_lines(self.recall, lines, x_label="recall", y_label="precision", ax=ax)
        lines = {"precision": self.precision, "recall": self.recall, "F1": self.f1}
        return charts.draw_lines(self.threshold, lines, x_label=self.measure.replace("_", " "), ax=ax)

    def __len__(self) -> int:
        return len(self.threshold)

    def __repr__(self) -> str:
        return f"Curve({len(self):,} thresholds of {self.measure})"


@sealed
@checked
def curve(
    links: Links | Pairs,
    truth: object,
    *,
    key: Key | Mapping[str, Key] | None = None,
    sources: Sequence[str] | None = None,
    measure: str | None = None,
    thresholds: Sequence[float] | None = None,
) -> Curve:
    """Counts and measures of pairs at or above each threshold.

    Parameters
    ----------
    links
        Pairs that were scored, or links. Pairs below the cut they were made at are not there, so a curve starts at
        it; links were assigned at their cut, and a higher one might have assigned otherwise.
    measure
        "similarity", "match_weight" or "probability"; by default probability, or similarity where there is none.
    thresholds
        By default all values that occur, thinned to about a thousand, the best by F1 among them.

    The other arguments are those of `linkage.study.evaluate.evaluate`.
    """
    linked = Linked.of(links)
    name, given = linked.measure(measure)
    held = hold(linked, truth, key=key, sources=sources)
    value = np.full(len(held.pairs), -np.inf)
    np.maximum.at(value, held.row, given)  # a pair listed twice counts once, at its better
    order = np.argsort(value)
    value, hits = value[order], np.concatenate([[0], np.cumsum(held.hit[order])])
    if thresholds is None:
        every = np.unique(value)
        wanted = every[_thinned(*_above(every, value, hits), len(held.true))]
    else:
        wanted = _numbers(thresholds)
        if np.isnan(wanted).any():
            raise ValueError("thresholds: one of them is not a number")
    true, false = _above(wanted, value, hits)
    return Curve(name, wanted, true, false, len(held.true), held.outside)


def _numbers(thresholds: Sequence[float]) -> Values:
    try:
        return np.unique(np.asarray(thresholds, dtype=np.float64))
    except (TypeError, ValueError):
        raise ValueError(f"thresholds: numbers, such as [0.5, 0.9], not {type(thresholds).__name__}") from None


def _above(thresholds: Values, value: Values, hits: Whole) -> tuple[Whole, Whole]:
    """True and false pairs at or above each threshold; ``hits`` (p + 1,) true ones among the first of ``value``."""
    below = np.searchsorted(value, thresholds)
    true = hits[-1] - hits[below]
    return true, len(value) - below - true


def _thinned(true: Whole, false: Whole, possible: int) -> Whole:
    """Places of about a thousand of the thresholds, at equal distances, and the best by F1."""
    if len(true) <= _POINTS:
        return np.arange(len(true))
    evenly = np.linspace(0, len(true) - 1, _POINTS).round().astype(np.int64)
    return np.union1d(evenly, _last_highest(f1(_totals(true, false, possible))))


def _totals(true: Whole, false: Whole, possible: int) -> Values:
    return np.stack([true, false, possible - true], axis=1).astype(np.float64)


def _last_highest(values: Values) -> int:
    filled = np.nan_to_num(values, nan=-1.0)
    return len(filled) - 1 - int(np.argmax(filled[::-1]))
