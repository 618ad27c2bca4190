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

_ROUNDS = 40
_TOLERANCE = 1e-3
_SWING, _WATCHED = 0.02, 10  # few records: answers in turn that differ so little, over so many rounds
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


def calibrate(pairs: Candidates) -> Calibration:
    """The one-to-one links of some candidates, best first, and how likely each is a match.

    Cost: a few passes over the candidates, then 5 to 40 rounds over the links and their rivals.
    """
    links = links_of(pairs)
    links = links[np.argsort(-pairs.value[links], kind="stable")]
    value, probability, settled = pairs.value[links], _start(pairs, links), False
    seen = shown(pairs, links)
    expected: list[float] = []
    for step in range(_ROUNDS):
        if not probability.any() or value[0] == value[-1]:
            return Calibration(links, value, np.zeros(len(links)), settled=False)
        counts = counted(pairs, seen, value, probability)
        after = np.interp(value, counts.centre, fitted(counts))
        expected.append(float(after.sum()))
        if step >= _ROUNDS // 8:  # two answers in turn: between them
            after = (after + probability) / 2
        change = abs(after.sum() - probability.sum()) / max(after.sum(), 1.0)
        probability = after
        if change < _TOLERANCE:
            settled = True
            break
    return Calibration(links, value, probability, settled or _all_but_settled(expected))


def _all_but_settled(expected: list[float]) -> bool:
    """Whether the numbers of matches expected of late differ by next to nothing."""
    late = expected[-_WATCHED:]
    return max(late) - min(late) <= _SWING * max(*late, 1.0)


def _start(pairs: Candidates, links: Places) -> Floats:
    """Surely matches: links so alike that rivals as alike are few."""
    rest = np.ones(len(pairs.row), dtype=bool)
    rest[links] = False
    rivals = np.sort(pairs.value[pairs.mutual(rest)])
    as_alike = len(rivals) - np.searchsorted(rivals, pairs.value[links], side="left")
    good = np.flatnonzero(np.arange(1, len(links) + 1) >= _START * as_alike)
    return (np.arange(len(links)) <= (good[-1] if len(good) else -1)).astype(np.float64)
