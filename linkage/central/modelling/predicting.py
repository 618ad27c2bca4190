"""A model on two sets, or within one: every contender with its weight and probability, and pairs within a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.central.contenders import NATS, UNIT, Contenders
from linkage.central.limits import Limits
from linkage.central.modelling.competition import Edges, Floats, Messages, prior_log_odds
from linkage.central.modelling.estimate import weigh
from linkage.central.modelling.scoring import contenders, evidence_of, levels_of, likely_within
from linkage.errors import warn
from linkage.pairs import Pairs

if TYPE_CHECKING:
    from linkage.central.modelling.model import Model
    from linkage.encoded import EncodedSet

# a record is undecided that surely has a partner, though none is much likelier than the next
_SURE, _UNDECIDED = 0.8, 0.55
_FEW_UNDECIDED = 0.05  # of those with a partner: twins and namesakes
# records of a source that are held against all of it, and the pairs that makes where a source is very large
_SAMPLE, _FEWEST_SAMPLED, _SAMPLED_PAIRS = 4_000, 500, 4_000_000_000


@dataclass(frozen=True, eq=False)
class Scored:
    """All contenders of two sets, or of one within itself, in canonical order, with what a model says of them.

    found        the contenders, and what each value's rarity adds
    edges        their rows and columns, and which side is one-to-one
    comparable   (p,) bool whether both records have a value in any field
    evidence     (p,) float64 log of the likelihood ratio
    messages     what the rivals of each leave to it
    chance       (p,) float64 probability of each, rivals considered; 0 where no field could be compared
    matches      how many are expected among all of them
    met          of the matches there are, the share that may be among them: 1 unless only candidates were compared
    """

    first: EncodedSet
    second: EncodedSet
    found: Contenders
    edges: Edges
    comparable: NDArray[np.bool_]
    evidence: Floats
    messages: Messages
    chance: Floats
    matches: float
    met: float = 1.0

    @property
    def prior(self) -> float:
        """Log odds of a pair whose records are free, before its evidence."""
        return prior_log_odds(self.matches, self.edges)

    @property
    def weight(self) -> Floats:
        """(p,) float64 log2 of the likelihood ratio, in whole units: sums and orders are the same on every machine."""
        return np.asarray(np.round(self.evidence / NATS) / UNIT, dtype=np.float64)

    @property
    def n_larger(self) -> int:
        """Records of the larger set."""
        return max(len(self.first), len(self.second))

    def pairs(self, cut: float) -> Pairs:
        """Those of at least this probability, above 0."""
        kept = self.chance >= max(cut, np.finfo(np.float64).tiny)
        row, column = self.edges.row[kept], self.edges.column[kept]
        return Pairs(
            self.first, self.second, row, column, match_weight=self.weight[kept], probability=self.chance[kept]
        )


@dataclass(frozen=True, eq=False)
class Within:
    """Pairs within one source by the log of their likelihood ratio, ascending; each stands for ``times`` of them."""

    evidence: Floats
    times: float

    def reaching(self, evidence: float) -> float:
        """How many pairs have at least so much."""
        return self.times * (len(self.evidence) - int(np.searchsorted(self.evidence, evidence)))


def scored(
    model: Model,
    first: EncodedSet,
    second: EncodedSet,
    *,
    within: bool,
    unique: tuple[bool, bool],
    limits: Limits,
    found: Contenders | None = None,
) -> Scored:
    """What the model says of two sets in their canonical order; ``found``: the pairs to weigh, if they are known."""
    if found is None:
        found = contenders(model, first, second, within=within, **limits)
    edges = Edges(found.row, found.column, len(first), len(second), unique, within)
    levels = levels_of(model, first, second, found) if found.levels is None else found.levels
    told = evidence_of(model, found, levels, max(len(first), len(second)))
    evidence, messages, chance, matches = weigh(*told, edges)
    comparable: NDArray[np.bool_] = np.any(levels, axis=1)
    # a pair of which no field could be compared is no link, however many records have partners
    chance = np.where(comparable, chance, 0.0)
    return Scored(first, second, found, edges, comparable, evidence, messages, chance, matches)


def look_alikes(model: Model, source: EncodedSet, n_larger: int, *, limits: Limits) -> Within:
    """The likely pairs within a source that holds nobody twice: two people each, whatever they share.

    Of more than 4,000 records so many, evenly spaced, are held against all; of more than a million fewer, down to 500.
    ``n_larger`` as in linking.
    """
    n = len(source)
    wanted = min(n, _SAMPLE, max(_FEWEST_SAMPLED, _SAMPLED_PAIRS // max(n, 1)))
    rows: NDArray[np.int32] = np.linspace(0, n - 1, wanted).astype(np.int32)
    evidence = likely_within(model, source, rows, n_larger, **limits)
    # of two records that are both in the sample the pair is found twice
    return Within(np.sort(evidence), n / max(len(rows), 1) / 2)


def warn_of_undecided(every: Scored) -> None:
    """Of records that surely have a partner among several who fit alike: a source holds people twice, undeclared."""
    edges, chance = every.edges, every.chance
    sides = ((edges.row, edges.n_rows), (edges.column, edges.n_columns))
    for unique, (group, n_groups) in zip(edges.unique, sides, strict=True):
        best = np.zeros(n_groups)
        np.maximum.at(best, group, chance)
        partnered = np.bincount(group, weights=chance, minlength=n_groups)
        undecided = int(((partnered > _SURE) & (best < _UNDECIDED)).sum())
        if unique and undecided > 1 + _FEW_UNDECIDED * float(partnered.sum()):
            warn(
                f"{undecided:,} records have a partner, but two or more fit them alike, and few were chosen: if a "
                'source holds people twice, say so: duplicates=["its name"]'
            )
            return
