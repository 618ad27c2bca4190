"""How good links are when the truth is known: precision, recall, F1, F*, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.links import Links
from linkage.pairs import Pairs
from linkage.sealed import sealed
from linkage.study.held import hold
from linkage.study.intervals import Interval, intervals_by_unit, quick_intervals, share
from linkage.study.truth import Linked
from linkage.study.units import Units
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Evaluation", "Interval", "evaluate"]


@dataclass(frozen=True)
class Evaluation(TableOfResults):
    """Links held against the truth.

    true_positives, false_positives, false_negatives: pairs found that are true, found that are not, and true but
    not found. ``outside``: true pairs of which a record was in no set, so that no linkage could find them; they
    are not counted among the missed.

    Intervals are 95 %. `evaluate` makes them by resampling (see `linkage.study.intervals`) and puts them in
    ``intervals``, measure -> interval, and what was drawn, "people" or "components", in ``resampled``; counts alone
    give Wilson's, as if pairs were independent.

    >>> print(Evaluation(true_positives=90, false_positives=10, false_negatives=30))
    precision 0.900 (0.826 to 0.945), recall 0.750 (0.666 to 0.819), F1 0.818 (0.757 to 0.867),
    F* 0.692 (0.608 to 0.765)
    90 true links, 10 false, 30 missed
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    outside: int = 0
    intervals: Mapping[str, Interval] = field(default_factory=dict, repr=False, hash=False)
    resampled: str = ""

    @classmethod
    def of_units(cls, counts: NDArray[np.int64], *, outside: int = 0, resampled: str, seed: int = 0) -> Evaluation:
        """From (u, 3) true links, false links and missed true pairs of each unit: a person, say."""
        true, false, missed = map(int, counts.sum(axis=0))
        return cls(true, false, missed, outside, intervals_by_unit(counts, seed=seed), resampled)

    @property
    def precision(self) -> float:
        """Share of the links that are true; NaN if there are none."""
        return share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Share of the true pairs that were linked; NaN if there are none."""
        return share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        found = self.false_positives + self.false_negatives
        return share(2 * self.true_positives, 2 * self.true_positives + found)

    @property
    def f_star(self) -> float:
        """Share of true links among all pairs linked or true: TP / (TP + FP + FN) = F1 / (2 - F1).

        Hand, Christen and Kirielle 2021, "F*: an interpretable transformation of the F-measure". It ranks as F1 does,
        and unlike it is a share of something.
        """
        return share(self.true_positives, self.true_positives + self.false_positives + self.false_negatives)

    @property
    def precision_interval(self) -> Interval:
        """95 %."""
        return self._interval("precision")

    @property
    def recall_interval(self) -> Interval:
        """95 %."""
        return self._interval("recall")

    @property
    def f1_interval(self) -> Interval:
        """95 %."""
        return self._interval("F1")

    @property
    def f_star_interval(self) -> Interval:
        """95 %."""
        return self._interval("F*")

    def _interval(self, name: str) -> Interval:
        if name in self.intervals:
            return self.intervals[name]
        return quick_intervals(self.true_positives, self.false_positives, self.false_negatives)[name]

    def to_arrow(self) -> pa.Table:
        """Columns measure, value, low, high."""
        import pyarrow as pa

        rows = self._rows()
        return pa.table(
            {
                "measure": [name for name, _, _ in rows],
                "value": [value for _, value, _ in rows],
                "low": [interval.low for _, _, interval in rows],
                "high": [interval.high for _, _, interval in rows],
            }
        )

    def _rows(self) -> list[tuple[str, float, Interval]]:
        return [
            ("precision", self.precision, self.precision_interval),
            ("recall", self.recall, self.recall_interval),
            ("F1", self.f1, self.f1_interval),
            ("F*", self.f_star, self.f_star_interval),
        ]

    def __len__(self) -> int:
        return len(self._rows())

    def __str__(self) -> str:
        measures = ", ".join(
            f"{name} {value:.3f} ({interval.low:.3f} to {interval.high:.3f})" for name, value, interval in self._rows()
        )
        outside = f", {self.outside:,} true pairs with a record in no set" if self.outside else ""
        return (
            f"{measures}\n{self.true_positives:,} true links, {self.false_positives:,} false, "
            f"{self.false_negatives:,} missed{outside}"
        )


@sealed
@checked
def evaluate(
    links: Links | Pairs,
    truth: object,
    *,
    key: Key | Mapping[str, Key] | None = None,
    sources: Sequence[str] | None = None,
    seed: int = 0,
) -> Evaluation:
    """Precision, recall, F1 and F* of links, from a table of the truth.

    Parameters
    ----------
    links
        Or pairs, which are taken for links.
    truth
        A table (or CSV or Parquet path) with columns ``left_id, right_id``: one row per true pair; or
        ``source, id, person``: one row per record, records of one person are true pairs across sources (within it,
        where only one was linked).
    key
        With it the truth's ids are the agencies' own; without, record ids. A mapping source -> key where agencies
        gave an ``id_key``. Only someone who may see both sides has this: a researcher, not the centre.
    sources
        Whose ids ``left_id`` and ``right_id`` are; default the links' two sources in alphabetical order.
    seed
        Of the resampling that makes the intervals: of persons where the truth names them, of the connected
        components of links and true pairs where it does not.

    Raises `RecordError` if the truth has other columns or missing values, knows none of a source's records, or gives
    one record two persons; `LimitError` if it makes more than 100 million pairs. Cost: some 80 bytes a true pair.
    """
    held = hold(Linked.of(links), truth, key=key, sources=sources)
    units = Units(held)
    return Evaluation.of_units(units.counts(held), outside=held.outside, resampled=units.kind, seed=seed)
