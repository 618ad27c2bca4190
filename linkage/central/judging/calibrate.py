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
_BEND, _CHANCE, _CHANCE_LINE, _CHANCE_BEND, _PLACE, _SLOPE = 2.0, 1.0, 1.5, 1.0, 50.0, 2.0
_SURE = 0.01
_USUAL_SLOPE = np.log(1.0)  # of l, in a tenth of the range of values
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
        after = np.interp(value, counts.centre, _fitted(counts))
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
    """The chance that a link of each bin is a match."""
    curves = _Curves(counts, counts.hinges(), counts.chances(), counts.stretches())
    at = curves.fitted()
    return 1 / (1 + np.exp(-curves.odds(at)))


def rising(share: Floats, weight: Floats) -> Floats:
    """The rising numbers nearest to some (isotonic regression, by pooling neighbours that fall)."""
    means: list[float] = []
    weights: list[float] = []
    sizes: list[int] = []
    for mean, own in zip(share.tolist(), weight.tolist(), strict=True):
        means.append(mean)
        weights.append(own)
        sizes.append(1)
        while len(means) > 1 and means[-2] >= means[-1]:
            mean, own, size = means.pop(), weights.pop(), sizes.pop()
            both = weights[-1] + own
            means[-1] = (means[-1] * weights[-1] + mean * own) / both if both else (means[-1] + mean) / 2
            weights[-1] = both
            sizes[-1] += size
    return np.repeat(means, sizes)


@dataclass(frozen=True)
class _Curves:
    """Parameters in order: N (a term each), a and b (a term each), l (level, and log of its rise by stretch)."""

    counts: Counts
    hinges: NDArray[np.float64]
    chances: NDArray[np.float64]
    stretches: NDArray[np.float64]

    def fitted(self) -> Floats:
        """The parameters of the highest posterior that is found: first N, a and b without the links, then all.

        l starts where links are that the first leave over; let go at once, it may end where N explains every link.
        """
        n, k = self.hinges.shape[1], self.chances.shape[1]
        at = np.zeros(n + 2 * k + 1 + self.stretches.shape[1])
        at[0] = np.log(self.counts.beaten.mean() + 0.1)
        first = self._descended(at, n + 2 * k)
        people, row, column = self._curves(first)
        wrong = np.exp(np.minimum(people - np.logaddexp(0, row) - np.logaddexp(0, column), _HIGHEST))
        links = self.counts.links
        share = np.clip(rising(1 - np.minimum(wrong / np.maximum(links, 1e-9), 1.0), links), _SURE, 1 - _SURE)
        start = np.log(share / (1 - share))
        ends = np.interp(np.linspace(0, len(start) - 1, self.stretches.shape[1] + 1), np.arange(len(start)), start)
        first[n + 2 * k] = ends[0]
        first[n + 2 * k + 1 :] = np.log(np.maximum(np.diff(ends), 0.1))
        return self._descended(first, len(at))

    def odds(self, at: Floats) -> Floats:
        """l of each bin."""
        k = self.stretches.shape[1]
        odds: Floats = at[-k - 1] + self._rises(at).sum(axis=1)
        return odds

    def _rises(self, at: Floats) -> NDArray[np.float64]:
        rises: NDArray[np.float64] = np.exp(np.minimum(at[-self.stretches.shape[1] :], 4.0)) * self.stretches
        return rises

    def _curves(self, at: Floats) -> tuple[Floats, Floats, Floats]:
        """log N, and the log odds of a and b."""
        n, k = self.hinges.shape[1], self.chances.shape[1]
        row = self.counts.row_odds + self.chances @ at[n : n + k]
        column = self.counts.column_odds + self.chances @ at[n + k : n + 2 * k]
        return self.hinges @ at[:n], row, column

    def _descended(self, at: Floats, n_free: int) -> Floats:
        """Where the least is that is reached from ``at`` if the first so many may move (Levenberg, Marquardt)."""
        with_links = n_free == len(at)
        value, slope, curvature = self._at(at, with_links)
        damping = 1e-3
        for _ in range(_STEPS):
            step, free = np.zeros(len(at)), curvature[:n_free, :n_free]
            step[:n_free] = np.linalg.solve(free + damping * np.diag(np.diag(free)), slope[:n_free])
            further = self._at(at - np.clip(step, -5, 5), with_links)
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
        return at

    def _at(self, at: Floats, with_links: bool) -> tuple[float, Floats, NDArray[np.float64]]:
        """Minus the log of the posterior, its slope, and its expected curvature: counts are Poisson."""
        c, k = self.counts, self.stretches.shape[1]
        rises, odds = self._rises(at), self.odds(at)
        line = np.concatenate([np.ones((len(odds), 1)), rises], axis=1)
        people, row, column = self._curves(at)
        taken, free = [[-np.logaddexp(0, sign * each) for each in (row, column)] for sign in (-1, 1)]
        a, b, match = np.exp(taken[0]), np.exp(taken[1]), np.exp(-np.logaddexp(0, -odds))
        none, whole = np.zeros(len(odds)), np.ones(len(odds))
        terms = (
            (c.both, people + taken[0] + taken[1], 1 - a, 1 - b, none, whole),
            (c.row, people + taken[0] + free[1], 1 - a, -b, none, whole),
            (c.column, people + free[0] + taken[1], -a, 1 - b, none, whole),
            (c.links, people + free[0] + free[1] + np.logaddexp(0, odds), -a, -b, match, c.fitted * with_links),
        )
        chance_sd = [_CHANCE, _CHANCE_LINE] + [_CHANCE_BEND] * (self.chances.shape[1] - 2)
        sd = np.concatenate(
            [[30.0] * 2, [_BEND] * (self.hinges.shape[1] - 2), chance_sd, chance_sd, [_PLACE], [_SLOPE] * k]
        )
        mean = np.zeros(len(at))
        mean[-k:] = _USUAL_SLOPE
        away = (at - mean) / sd
        value, slope, curvature = float(away @ away) / 2, away / sd, np.diag(1 / sd**2)
        for count, log_rate, by_row, by_column, by_odds, used in terms:
            log_rate = np.minimum(log_rate, _HIGHEST)
            rate = np.exp(log_rate) * used
            value += float((rate - used * count * log_rate).sum())
            change = np.concatenate(
                [self.hinges, by_row[:, None] * self.chances, by_column[:, None] * self.chances,
                 by_odds[:, None] * line], axis=1,
            )  # fmt: skip
            slope = slope + change.T @ (rate - used * count)
            curvature = curvature + (change * rate[:, None]).T @ change
        return value, slope, curvature
