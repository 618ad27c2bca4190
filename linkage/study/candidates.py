"""How good candidates are, before anything is decided about them: what they reach, and what they spare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.links import Links
from linkage.pairs import Pairs
from linkage.sealed import sealed
from linkage.study.held import hold
from linkage.study.intervals import Interval, intervals_by_unit, share, wilson
from linkage.study.truth import Linked
from linkage.study.units import Units
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class CandidateEvaluation(TableOfResults):
    """Pairs that were to be looked at, held against the truth.

    Apart from `Evaluation`, as a candidate is no decision: one that is not true costs time and is no mistake, while
    a true pair that is no candidate is lost to every later step.

    candidates, all_pairs     how many there are, and how many there would be if all records met
    reached, missed           true pairs among the candidates, and not
    outside                   true pairs with a record in no set

    >>> print(CandidateEvaluation(candidates=2_000, all_pairs=1_000_000, reached=95, missed=5))
    candidate recall 0.950 (0.888 to 0.978), reduction ratio 0.9980
    2,000 candidates of 1,000,000 pairs, 95 of 100 true pairs among them
    """

    candidates: int
    all_pairs: int
    reached: int
    missed: int
    outside: int = 0
    interval: Interval | None = None

    @property
    def recall(self) -> float:
        """Share of the true pairs that are candidates: pairs completeness (Christen 2012, section 7.2)."""
        return share(self.reached, self.reached + self.missed)

    @property
    def recall_interval(self) -> Interval:
        """95 %: by resampling if made by `evaluate_candidates`, else Wilson's."""
        return wilson(self.reached, self.reached + self.missed) if self.interval is None else self.interval

    @property
    def reduction_ratio(self) -> float:
        """Share of all pairs that need not be looked at (Christen 2012, section 7.2)."""
        return 1 - share(self.candidates, self.all_pairs)

    @property
    def quality(self) -> float:
        """Share of the candidates that are true: pairs quality (Christen 2012); the precision of taking them all."""
        return share(self.reached, self.candidates)

    def to_arrow(self) -> pa.Table:
        """Columns measure, value, low, high; no interval for what has no chance in it."""
        import pyarrow as pa

        interval = self.recall_interval
        return pa.table(
            {
                "measure": ["candidate recall", "reduction ratio", "pairs quality"],
                "value": [self.recall, self.reduction_ratio, self.quality],
                "low": pa.array([interval.low, None, None], pa.float64()),
                "high": pa.array([interval.high, None, None], pa.float64()),
            }
        )

    def __len__(self) -> int:
        return 3

    def __str__(self) -> str:
        interval = self.recall_interval
        return (
            f"candidate recall {self.recall:.3f} ({interval.low:.3f} to {interval.high:.3f}), "
            f"reduction ratio {self.reduction_ratio:.4f}\n{self.candidates:,} candidates of {self.all_pairs:,} pairs, "
            f"{self.reached:,} of {self.reached + self.missed:,} true pairs among them"
        )


@sealed
@checked
def evaluate_candidates(
    candidates: Pairs | Links,
    truth: object,
    *,
    key: Key | Mapping[str, Key] | None = None,
    sources: Sequence[str] | None = None,
    seed: int = 0,
) -> CandidateEvaluation:
    """Candidate recall (pairs completeness) and reduction ratio of pairs that were to be compared.

    Arguments are those of `linkage.study.evaluate.evaluate`.
    """
    linked = Linked.of(candidates)
    held = hold(linked, truth, key=key, sources=sources)
    units = Units(held)
    counts = units.counts(held)
    sizes = np.bincount(held.source[held.known], minlength=len(linked.sources)).astype(object)  # no overflow
    # each record with all of the other sources, or of its own where there is one source only
    partners = sizes - 1 if len(linked.sources) == 1 else sizes.sum() - sizes
    return CandidateEvaluation(
        candidates=len(held.pairs),
        all_pairs=int((sizes * partners).sum()) // 2,
        reached=int(counts[:, 0].sum()),
        missed=int(counts[:, 2].sum()),
        outside=held.outside,
        interval=intervals_by_unit(counts, seed=seed)["recall"],
    )
