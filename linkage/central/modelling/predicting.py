"""A model on two sets, or within one: every contender with its weight and probability, and pairs within a source."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import NDArray

from linkage.central.contenders import NATS, UNIT, Contenders
from linkage.central.modelling.competition import Edges, Floats, prior_log_odds
from linkage.central.modelling.estimate import weigh
from linkage.central.modelling.scoring import contenders, evidence_of, levels_of, likely_within
from linkage.errors import LinkageWarning
from linkage.pairs import Pairs

if TYPE_CHECKING:
    from linkage.central.modelling.model import Model
    from linkage.encoded import EncodedSet

# a record is undecided that surely has a partner, though none is much likelier than the next
_SURE, _UNDECIDED = 0.8, 0.55
_FEW_UNDECIDED = 0.05  # of those with a partner: twins and namesakes
_SAMPLE = 4_000  # records of a source that are held against all of it


class Limits(TypedDict):
    """Threads, memory in bytes, and whether to show progress."""

    threads: int | None
    memory: int
    progress: bool | None


@dataclass(frozen=True, eq=False)
class Scored:
    """All contenders of two sets, or of one within itself, with what a model says of them.

    edges       rows, columns, and which side is one-to-one
    weight      (p,) float64 log2 of the likelihood ratio
    chance      (p,) float64 probability of each, rivals considered; 0 where no field could be compared
    matches     how many are expected among all of them
    """

    first: EncodedSet
    second: EncodedSet
    edges: Edges
    weight: Floats
    chance: Floats
    matches: float

    @property
    def prior(self) -> float:
        """Log odds of a pair whose records are free, before its evidence."""
        return prior_log_odds(self.matches, self.edges)

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
    """What the model says of two sets in their canonical order; warns of a source that seems to hold people twice.

    ``found`` are the pairs to be weighed, if they are known already.
    """
    if found is None:
        found = contenders(model, first, second, within=within, **limits)
    edges = Edges(found.row, found.column, len(first), len(second), unique, within)
    levels = levels_of(model, first, second, found)
    evidence, chance, matches = weigh(*evidence_of(model, found, levels, max(len(first), len(second))), edges)
    # in whole units, so that sums and orders are the same on every machine
    weight = np.round(evidence / NATS) / UNIT
    _warn_of_undecided(chance, edges)
    # a pair of which no field could be compared is no link, however many records have partners
    return Scored(first, second, edges, weight, np.where(levels.any(axis=1), chance, 0.0), matches)


def look_alikes(model: Model, source: EncodedSet, n_larger: int, *, limits: Limits) -> Within:
    """The likely pairs within a source that holds nobody twice: two people each, whatever they share.

    Of more than 4,000 records so many, evenly spaced, are held against all. ``n_larger`` as in linking.
    """
    n = len(source)
    rows: NDArray[np.int32] = np.linspace(0, n - 1, min(n, _SAMPLE)).astype(np.int32)
    evidence = likely_within(model, source, rows, n_larger, **limits)
    # of two records that are both in the sample the pair is found twice
    return Within(np.sort(evidence), n / max(len(rows), 1) / 2)


def _warn_of_undecided(chance: Floats, edges: Edges) -> None:
    """Of records that surely have a partner among several who fit alike: a source holds people twice, undeclared."""
    sides = ((edges.row, edges.n_rows), (edges.column, edges.n_columns))
    for unique, (group, n_groups) in zip(edges.unique, sides, strict=True):
        best = np.zeros(n_groups)
        np.maximum.at(best, group, chance)
        partnered = np.bincount(group, weights=chance, minlength=n_groups)
        undecided = int(((partnered > _SURE) & (best < _UNDECIDED)).sum())
        if unique and undecided > 1 + _FEW_UNDECIDED * float(partnered.sum()):
            warnings.warn(
                f"{undecided:,} records have a partner, but two or more fit them alike, and few were chosen: if a "
                'source holds people twice, say so: duplicates=["its name"]',
                LinkageWarning,
                stacklevel=4,
            )
            return
