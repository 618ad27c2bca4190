"""Smooth curves through what rivals show: how many links of each value are two people, and how many matches.

Counts by value are Poisson, with means that are smooth in the value:

    both        N a b                       N(v) pairs of two people: log-linear with bends
    row alone   N a (1 - b)                 a(v), b(v) chance that the row, the column is one whose partner is thought
    column      N (1 - a) b                 away: log odds by how many are, with a smooth line of their own, as
                                            families go together
    links       N (1 - a)(1 - b) + M        M(v) matches: rises with the value, up to where most of them are; or its
                                            odds, M over links of two people, do

The highest posterior is found by Levenberg's and Marquardt's descent. Nothing of it is fitted to any data set: the
spreads of the priors are those of "may as well double", and half or twice of them moves a threshold hardly at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central.judging.rivalcounts import Counts
from linkage.central.modelling.competition import Floats

_STEPS = 60
_MUCH = 5.0  # log of how much higher a posterior is
_LARGEST_STEP = 5.0
# standard deviations of what is expected before any count is seen
_LEVEL, _BEND = 30.0, 2.0
_CHANCES = (1.0, 1.5, 1.0)  # level, line, and each bend of log odds
_PLACE, _SLOPE = 50.0, 2.0  # of log M: where it begins, and the log of its rise in a unit, which is 1 before
_HIGHEST, _STEEPEST = 50.0, 4.0  # logs of a count and of a rise
_FEWEST, _FLATTEST, _UNSURE = 0.02, 0.1, 0.01  # where M starts: links of a bin, rise of the log in a unit, chance


def fitted(counts: Counts, *, thinning: bool) -> Floats:
    """The chance that a link of each bin is a match.

    ``thinning`` says that of matches there are fewer the less alike they are, which holds for most of them where
    similarity is in proportion to what is shared. It is given up where much speaks for their odds rising instead:
    where people move and all else stays, matches pile up at what is left.
    """
    shapes = counts.hinges(), counts.chances(), counts.stretches()
    curves = _Curves(counts, *shapes, by_odds=True)
    at, least = curves.climbed()
    if thinning:
        other = _Curves(counts, *shapes, by_odds=False)
        there, value = other.climbed()
        if value < least + _MUCH:
            curves, at = other, there
    chance: Floats = 1 / (1 + np.exp(np.clip(curves.wrong(at) - curves.matches(at), -_HIGHEST, _HIGHEST)))
    return rising(chance, counts.links)


def rising(share: Floats, weight: Floats) -> Floats:
    """The rising numbers nearest to some (isotonic regression: neighbours that fall are pooled).

    >>> rising(np.array([0.25, 0.75, 0.25, 1.0]), np.array([1.0, 1.0, 3.0, 1.0])).tolist()
    [0.25, 0.375, 0.375, 1.0]
    """
    pools: list[tuple[float, float, int]] = []  # sum of weighted shares, of weights, and how many
    for mean, own in zip(share.tolist(), np.maximum(weight, 1e-9).tolist(), strict=True):
        pools.append((mean * own, own, 1))
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            last, before = pools.pop(), pools.pop()
            pools.append((before[0] + last[0], before[1] + last[1], before[2] + last[2]))
    found: Floats = np.repeat([total / own for total, own, _ in pools], [size for *_, size in pools])
    return found


@dataclass(frozen=True)
class _Curves:
    """Parameters in order: N, a and b (a term each), log M or its odds (level, and the log of its rise by stretch)."""

    counts: Counts
    hinges: NDArray[np.float64]
    chances: NDArray[np.float64]
    stretches: NDArray[np.float64]
    by_odds: bool

    def climbed(self) -> tuple[Floats, float]:
        """The parameters of the highest posterior, and minus its log: first N, a and b without the links, then all.

        M starts with the links that the first leave over: let go at once, N may come to explain every link.
        """
        n = self.hinges.shape[1] + 2 * self.chances.shape[1]
        at = np.zeros(n + 1 + self.stretches.shape[1])
        at[0] = np.log(self.counts.beaten.mean() + 0.1)
        at, _ = self._descended(at, n, np.zeros_like(self.counts.fitted))
        at[n:] = self._left_over(at)
        return self._descended(at, len(at), self.counts.fitted)

    def matches(self, at: Floats) -> Floats:
        """log M of each bin."""
        level = at[-self.stretches.shape[1] - 1]
        rises: Floats = level + self._rises(at).sum(axis=1)
        return rises + (self.wrong(at) if self.by_odds else np.log(self.counts.width))

    def wrong(self, at: Floats) -> Floats:
        """log of the links of two people in each bin."""
        people, row, column = self._logs(at)
        wrong: Floats = people - np.logaddexp(0, row) - np.logaddexp(0, column)
        return wrong

    def _rises(self, at: Floats) -> NDArray[np.float64]:
        rises: NDArray[np.float64] = np.exp(np.minimum(at[-self.stretches.shape[1] :], _STEEPEST)) * self.stretches
        return rises

    def _left_over(self, at: Floats) -> Floats:
        """The parameters of M that go with the links which N, a and b don't explain."""
        c, wrong = self.counts, np.exp(np.minimum(self.wrong(at), _HIGHEST))
        if self.by_odds:
            share = rising(1 - np.minimum(wrong / np.maximum(c.links, 1e-9), 1.0), c.links)
            share = np.clip(share, _UNSURE, 1 - _UNSURE)
            log = np.log(share / (1 - share))
        else:
            over = np.maximum(c.links - wrong, 0.0) / c.width
            top = int(np.flatnonzero(c.fitted)[-1])
            over[top:] = over[: top + 1].max()
            log = np.log(np.maximum(rising(over, c.width), _FEWEST))
        bins = np.arange(len(log))
        ends = np.interp(np.linspace(0, bins[-1], self.stretches.shape[1] + 1), bins, log)
        return np.concatenate([ends[:1], np.log(np.maximum(np.diff(ends), _FLATTEST))])

    def _logs(self, at: Floats) -> tuple[Floats, Floats, Floats]:
        """log N, and the log odds of a and b."""
        n, k = self.hinges.shape[1], self.chances.shape[1]
        row = self.counts.row_odds + self.chances @ at[n : n + k]
        column = self.counts.column_odds + self.chances @ at[n + k : n + 2 * k]
        return self.hinges @ at[:n], row, column

    def _prior(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of every parameter."""
        level, line, bend = _CHANCES
        chances = [level, line, *[bend] * (self.chances.shape[1] - 2)]
        bends, stretches = self.hinges.shape[1] - 2, self.stretches.shape[1]
        spread = [*[_LEVEL] * 2, *[_BEND] * bends, *chances, *chances, _PLACE, *[_SLOPE] * stretches]
        return np.zeros(len(spread)), np.array(spread)

    def _descended(self, at: Floats, n_free: int, explained: NDArray[np.bool_]) -> tuple[Floats, float]:
        """Where the least is that is reached from ``at`` if the first so many may move; links count where explained."""
        value, slope, curvature = self._at(at, explained)
        damping = 1e-3
        for _ in range(_STEPS):
            step, free = np.zeros(len(at)), curvature[:n_free, :n_free]
            step[:n_free] = np.linalg.solve(free + damping * np.diag(np.diag(free)), slope[:n_free])
            there = at - np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
            further = self._at(there, explained)
            if further[0] < value:
                gained, at = value - further[0], there
                value, slope, curvature = further
                damping = max(damping / 4, 1e-6)
                if gained < 1e-7 * (1 + abs(value)):
                    break
            else:
                damping *= 8
                if damping > 1e8:
                    break
        return at, value

    def _at(self, at: Floats, explained: NDArray[np.bool_]) -> tuple[float, Floats, NDArray[np.float64]]:
        """Minus the log of the posterior, its slope, and its expected curvature."""
        c = self.counts
        people, row, column = self._logs(at)
        taken, free = [[-np.logaddexp(0, sign * each) for each in (row, column)] for sign in (-1, 1)]
        a, b, matches = np.exp(taken[0]), np.exp(taken[1]), self.matches(at)
        line = np.concatenate([np.ones((len(matches), 1)), self._rises(at)], axis=1)
        whole, links = np.ones(len(matches)), np.logaddexp(people + free[0] + free[1], matches)
        match = np.exp(matches - links)
        wrong = np.ones(len(match)) if self.by_odds else 1 - match
        # counts, log of their mean, and by how much that changes with log N, log odds of a and of b, and log M
        terms = (
            (c.both, people + taken[0] + taken[1], whole, 1 - a, 1 - b, 0 * whole, whole),
            (c.row, people + taken[0] + free[1], whole, 1 - a, -b, 0 * whole, whole),
            (c.column, people + free[0] + taken[1], whole, -a, 1 - b, 0 * whole, whole),
            (c.links, links, wrong, -a * wrong, -b * wrong, match, explained),
        )
        mean, spread = self._prior()
        away = (at - mean) / spread
        value, slope, curvature = float(away @ away) / 2, away / spread, np.diag(1 / spread**2)
        for count, log_rate, *by, used in terms:
            log_rate = np.minimum(log_rate, _HIGHEST)
            rate = np.exp(log_rate) * used
            value += float((rate - used * count * log_rate).sum())
            parts = zip(by, (self.hinges, self.chances, self.chances, line), strict=True)
            change = np.concatenate([each[:, None] * part for each, part in parts], axis=1)
            slope = slope + change.T @ (rate - used * count)
            curvature = curvature + (change * rate[:, None]).T @ change
        return value, slope, curvature
