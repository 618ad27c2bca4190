"""How likely a link of a given value is a match, from the one-to-one structure alone.

Counts of what `linkage.central.judging.rivals` shows, by value: pairs of two people of which a likely match takes the
row's record, the column's, or both; and links, of which nothing is known yet. Were it chance who has a partner, the
three counts would give that of pairs of two people of which neither record is taken, as in capture and recapture
(Petersen 1896, Lincoln 1930): one alone times other alone over both. All four counts are fitted together, smoothly in
the value:

    both        N a b                       N(v) pairs of two people: log-linear between a few bends
    row alone   N a (1 - b)                 a(v), b(v) chance that the row's, the column's record is taken: log odds by
    column      N (1 - a) b                     the number of matches above v, and a line more, as families go together
    links       N (1 - a)(1 - b)(1 + e^l)   l(v) log odds that a link is a match: a rising line
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central.judging.rivalcounts import Counts, counted, quantiles
from linkage.central.judging.rivals import Candidates, Places, links_of, shown
from linkage.central.modelling.competition import Floats

_ROUNDS = 40
_STEPS = 60
_TRIES = 5
_TOLERANCE = 1e-3
_SWING, _WATCHED = 0.02, 10  # few records: answers in turn that differ so little, over so many rounds
_START = 5.0  # links to a rival as alike: more are surely matches
# standard deviations of what is expected before any count is seen
_BEND, _CHANCE, _CHANCE_LINE, _PLACE, _SLOPE, _UNEVEN = 3.0, 1.0, 2.0**0.5, 50.0, 1.0, 1.5
_USUAL_SLOPE = np.log(2.0)  # of l, in a tenth of the range of values
_HIGHEST = 50.0  # log of a count


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


def calibrate(pairs: Candidates) -> Calibration:
    """The one-to-one links of some candidates, best first, and how likely each is a match.

    Cost: a few passes over the candidates a round, 5 to 40 rounds.
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
        after = 1 / (1 + np.exp(-np.interp(value, counts.centre, _fitted(counts))))
        expected.append(float(after.sum()))
        if step >= _ROUNDS // 2:  # two answers in turn: between them
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


def _fitted(counts: Counts) -> Floats:
    """l of each bin, from the best of some starts."""
    curves = _Curves(counts, counts.hinges(), counts.bent(), counts.stretches())
    starts = quantiles(np.where(counts.fitted, counts.links, 0.0), counts.scaled, _TRIES)
    found = [curves.climbed(float(start)) for start in starts]
    _, best = min(found, key=lambda each: each[0])
    return curves.odds(best)


@dataclass(frozen=True)
class _Curves:
    """Parameters in order: N (a term each), a and b (level, line), l (level, log of slope, by stretch what it differs)."""

    counts: Counts
    hinges: NDArray[np.float64]
    bent: Floats
    stretches: NDArray[np.float64]

    def climbed(self, crossing: float) -> tuple[float, Floats]:
        """Minus the log of the posterior, and the parameters where it is least, l starting at 0 at ``crossing``.

        l is held there until the others fit: let go at once, it may end where N alone explains every link.
        """
        n = self.hinges.shape[1]
        at = np.zeros(n + 6 + self.stretches.shape[1])
        at[0] = np.log(self.counts.beaten.mean() + 0.1)
        at[n + 4], at[n + 5] = -np.exp(_USUAL_SLOPE) * crossing, _USUAL_SLOPE
        return self._descended(self._descended(at, n + 4)[1], len(at))

    def odds(self, at: Floats) -> Floats:
        """l of each bin."""
        return at[self.hinges.shape[1] + 4] + self._rises(at).sum(axis=1)

    def _rises(self, at: Floats) -> NDArray[np.float64]:
        """(bins, stretches): by how much l has risen in each."""
        n = self.hinges.shape[1]
        rises: NDArray[np.float64] = np.exp(np.minimum(at[n + 5] + at[n + 6 :], 8.0)) * self.stretches
        return rises

    def _descended(self, at: Floats, n_free: int) -> tuple[float, Floats]:
        """The least that is reached from ``at`` when its first so many parameters may move (Levenberg, Marquardt)."""
        value, slope, curvature = self._at(at)
        damping = 1e-3
        for _ in range(_STEPS):
            step, free = np.zeros(len(at)), curvature[:n_free, :n_free]
            step[:n_free] = np.linalg.solve(free + damping * np.diag(np.diag(free)), slope[:n_free])
            further = self._at(at - np.clip(step, -5, 5))
            if further[0] < value:
                gained = value - further[0]
                at = at - np.clip(step, -5, 5)
                value, slope, curvature = further
                damping = max(damping / 4, 1e-6)
                if gained < 1e-7 * (1 + abs(value)):
                    break
            else:
                damping *= 8
                if damping > 1e8:
                    break
        return value, at

    def _at(self, at: Floats) -> tuple[float, Floats, NDArray[np.float64]]:
        """Minus the log of the posterior, its slope, and its expected curvature: counts are Poisson."""
        c, n = self.counts, self.hinges.shape[1]
        rises = self._rises(at)
        line = np.concatenate([np.ones((len(c.centre), 1)), rises.sum(axis=1, keepdims=True), rises], axis=1)
        chance = np.stack([np.ones(len(c.centre)), self.bent], axis=1)
        people = self.hinges @ at[:n]
        row, column = c.row_odds + chance @ at[n : n + 2], c.column_odds + chance @ at[n + 2 : n + 4]
        odds = at[n + 4] + line[:, 1]
        taken, free = [[-np.logaddexp(0, sign * each) for each in (row, column)] for sign in (-1, 1)]
        a, b, match = np.exp(taken[0]), np.exp(taken[1]), np.exp(-np.logaddexp(0, -odds))
        none, whole = np.zeros(len(c.centre)), np.ones(len(c.centre))
        terms = (
            (c.both, people + taken[0] + taken[1], 1 - a, 1 - b, none, whole),
            (c.row, people + taken[0] + free[1], 1 - a, -b, none, whole),
            (c.column, people + free[0] + taken[1], -a, 1 - b, none, whole),
            (c.links, people + free[0] + free[1] + np.logaddexp(0, odds), -a, -b, match, c.fitted),
        )
        sd = np.concatenate(
            [[30.0] * 2, [_BEND] * (n - 2), [_CHANCE, _CHANCE_LINE] * 2, [_PLACE, _SLOPE], [_UNEVEN] * (len(at) - n - 6)]
        )
        mean = np.zeros(len(at))
        mean[n + 5] = _USUAL_SLOPE
        away = (at - mean) / sd
        value, slope, curvature = float(away @ away) / 2, away / sd, np.diag(1 / sd**2)
        for count, log_rate, by_row, by_column, by_odds, used in terms:
            log_rate = np.minimum(log_rate, _HIGHEST)
            rate = np.exp(log_rate) * used
            value += float((rate - used * count * log_rate).sum())
            change = np.concatenate(
                [self.hinges, by_row[:, None] * chance, by_column[:, None] * chance, by_odds[:, None] * line], axis=1
            )
            slope = slope + change.T @ (rate - used * count)
            curvature = curvature + (change * rate[:, None]).T @ change
        return value, slope, curvature
