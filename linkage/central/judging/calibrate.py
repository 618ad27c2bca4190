"""How likely a link of a given value is a match, from the one-to-one structure alone.

Whom a record would be linked to if its partner were not there is no match, and nobody had to look. Every likely match
shows this twice, of its row and of its column, and any two of them show it of one's row with the other's column
(`linkage.central.judging.rivals`). How many links at each value are two people follows as in capture and recapture
(Petersen 1896, Lincoln 1930): those of a row without its partner and a column that is free, times those of a column
without its partner and a row that is free, over those of both without their partners. What is left of the links at
that value are matches. `linkage.central.judging.curves` fits all of it smoothly.

Who is a likely match is what comes out of it, so it is done over until the two agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.central.judging.curves import fitted
from linkage.central.judging.rivalcounts import counted
from linkage.central.judging.rivals import Candidates, Places, links_of, shown
from linkage.central.modelling.competition import Floats

_ROUNDS, _PATIENCE = 40, 5
_TOLERANCE, _SWING = 1e-3, 0.1  # of the matches: by how much answers may change when done, and when all but done
_START = 5.0  # links to a rival as alike: more are surely matches
_SURE = 0.9  # so likely a match, or so likely none, a link is not in doubt


@dataclass(frozen=True)
class Calibration:
    """Links, best first: ``place`` among the candidates, ``value``, ``probability`` of being a match; (p,) each.

    ``settled`` says whether the probabilities and what rivals show by them came to agree.
    """

    place: Places
    value: Floats
    probability: Floats
    settled: bool

    @property
    def matches(self) -> float:
        """Expected number of matches."""
        return float(self.probability.sum())

    @property
    def sure(self) -> int:
        """How many links are a match with probability 0.9 or more."""
        return int(np.count_nonzero(self.probability >= _SURE))

    @property
    def doubtful(self) -> int:
        """How many are neither a match nor two people with probability 0.9."""
        return int(np.count_nonzero((self.probability > 1 - _SURE) & (self.probability < _SURE)))


def calibrate(pairs: Candidates, *, thinning: bool = True) -> Calibration:
    """The one-to-one links of some candidates, best first, and how likely each is a match.

    ``thinning`` as `linkage.central.judging.curves.fitted` has it.

    Cost: a few passes over the candidates, then 5 to 40 rounds over the links and their rivals.
    """
    links = links_of(pairs)
    links = links[np.argsort(-pairs.value[links], kind="stable")]
    value, probability, settled = pairs.value[links], _start(pairs, links), False
    seen = shown(pairs, links)
    for step in range(_ROUNDS):
        if not probability.any() or value[0] == value[-1]:
            return Calibration(links, value, np.zeros(len(links)), settled=False)
        counts = counted(pairs, seen, value, probability)
        answer = np.interp(value, counts.centre, fitted(counts, thinning=thinning))
        # two answers in turn, as few records may give: between them, by ever shorter steps
        further = (answer - probability) / (1 + max(step - _PATIENCE, 0) / 2)
        probability = probability + further
        matches = max(float(answer.sum()), 1.0)
        settled = abs(float((answer - probability + further).sum())) <= _SWING * matches
        if abs(float(further.sum())) < _TOLERANCE * matches:
            break
    return Calibration(links, value, probability, settled)


def _start(pairs: Candidates, links: Places) -> Floats:
    """Surely matches: links so alike that rivals as alike are few."""
    rest = np.ones(len(pairs.row), dtype=bool)
    rest[links] = False
    rivals = np.sort(pairs.value[pairs.mutual(rest)])
    as_alike = len(rivals) - np.searchsorted(rivals, pairs.value[links], side="left")
    good = np.flatnonzero(np.arange(1, len(links) + 1) >= _START * as_alike)
    return (np.arange(len(links)) <= (good[-1] if len(good) else -1)).astype(np.float64)
