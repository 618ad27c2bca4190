"""The likely pairs of two sets under a model, with all that decides about each: evidence, prior and rivals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.central.contenders import Contenders
from linkage.central.modelling.competition import Edges, Floats, Messages, prior_log_odds
from linkage.central.modelling.estimate import compete
from linkage.central.modelling.predicting import Limits
from linkage.central.modelling.scoring import contenders, evidence_of, levels_of
from linkage.encoded import EncodedSet

if TYPE_CHECKING:
    from linkage.central.modelling.model import Model


@dataclass(frozen=True, eq=False)
class LikelyPairs:
    """The likely pairs of two sets in canonical order, and all that decides about them."""

    first: EncodedSet
    second: EncodedSet
    turned: bool
    limits: Limits
    found: Contenders
    edges: Edges
    comparable: NDArray[np.bool_]
    evidence: Floats
    odds: Floats
    messages: Messages

    @property
    def chance(self) -> Floats:
        """The probability of each, rivals considered; 0 where no field could be compared."""
        settled = self.odds + self.messages.row + self.messages.column
        return np.where(self.comparable, probability_of(settled), 0.0)

    @property
    def n_larger(self) -> int:
        """Records of the larger set."""
        return max(len(self.first), len(self.second))


def likely_pairs(
    model: Model,
    first: EncodedSet,
    second: EncodedSet,
    unique: tuple[bool, bool],
    *,
    within: bool,
    turned: bool,
    limits: Limits,
) -> tuple[LikelyPairs, float]:
    """The pass, and the matches expected."""
    found = contenders(model, first, second, within=within, **limits)
    edges = Edges(found.row, found.column, len(first), len(second), unique, within)
    levels = levels_of(model, first, second, found)
    match, household = evidence_of(model, found, levels, max(len(first), len(second)))
    evidence = match - np.logaddexp(0.0, household)
    messages, matches = compete(evidence, edges)
    odds = evidence + prior_log_odds(matches, edges)
    comparable: NDArray[np.bool_] = np.any(levels, axis=1)
    return LikelyPairs(first, second, turned, limits, found, edges, comparable, evidence, odds, messages), matches


def probability_of(odds: Floats) -> Floats:
    """Of log odds, however great or small."""
    return np.asarray(1.0 / (1.0 + np.exp(np.minimum(-odds, 700.0))), dtype=np.float64)
