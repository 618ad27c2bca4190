"""m and u probabilities without truth: expectation and maximisation over contenders that compete.

Plain EM over all pairs finds the wrong class, households instead of people: members of one share surname
and address, and are many. What tells a person's pair from a household's is that a record has one partner;
so in the expectation step the pairs of a row and of a column compete (`linkage.central.competition`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central.competition import Edges, Floats, Messages, pass_messages, prior_log_odds, probabilities

MAX_STEPS = 200
_SWEEPS = 3
_LAST_SWEEPS = 40
_TOLERANCE = 1e-5
# one imagined match keeps the m of a level that no match has from nought
_IMAGINED = 1.0
_IMAGINED_EQUAL = 0.75


@dataclass(frozen=True)
class Parameters:
    """m and u by level of each comparison, and the expected number of matches."""

    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    matches: float

    def log_ratios(self) -> tuple[Floats, ...]:
        """log(m / u) by level of each comparison."""
        return tuple(np.log(m) - np.log(u) for m, u in zip(self.m, self.u, strict=True))


@dataclass(frozen=True)
class Estimate:
    """Where EM stopped: parameters, each contender's probability, steps taken, and whether it had settled."""

    parameters: Parameters
    probability: Floats
    steps: int
    converged: bool


def starting_point(totals: tuple[NDArray[np.int64], ...], n_rows: int, n_columns: int) -> Parameters:
    """Before anything is known: most matches agree, u is what all pairs show, half of the smaller side matches."""
    u, m = [], []
    for total in totals:
        share = (total + 0.5) / (total.sum() + 0.5 * len(total))
        rising = 2.0 ** np.arange(len(total) - 1)
        rising = 0.2 * rising / rising.sum()
        rising[-1] += 0.8
        u.append(share)
        m.append(np.concatenate([share[:1], rising * (1 - share[0])]))
    return Parameters(tuple(m), tuple(u), 0.5 * min(n_rows, n_columns))


def expect_maximise(
    levels: NDArray[np.uint8], edges: Edges, totals: tuple[NDArray[np.int64], ...], start: Parameters
) -> Estimate:
    """EM over the contenders.

    levels      (p, comparisons) uint8 of each contender
    totals      level counts over all pairs of rows and columns, contenders or not: u is what is left of them
                when the expected matches are taken out
    """
    parameters, messages = start, Messages.silent(len(levels))
    converged, step = False, 0
    probability = np.zeros(len(levels))
    while not converged and step < MAX_STEPS:
        step += 1
        odds = _log_odds(levels, parameters, edges)
        messages = pass_messages(odds, edges, messages, sweeps=_SWEEPS)
        probability = probabilities(odds, messages)
        after = _maximised(levels, probability, totals)
        converged = _change(parameters, after) < _TOLERANCE
        parameters = after
    return Estimate(parameters, probability, step, converged)


def weigh(log_ratio: Floats, edges: Edges, matches: float | None) -> tuple[Floats, float]:
    """Each contender's probability under a given model, and the expected matches.

    ``matches`` None: unknown for these sets, and found along the way.
    """
    expected = 0.5 * min(edges.n_rows, edges.n_columns) if matches is None else matches
    messages = Messages.silent(len(log_ratio))
    for _ in range(MAX_STEPS if matches is None else 0):
        odds = log_ratio + prior_log_odds(expected, edges)
        messages = pass_messages(odds, edges, messages, sweeps=_SWEEPS)
        before, expected = expected, float(probabilities(odds, messages).sum())
        if abs(before - expected) <= _TOLERANCE * max(expected, 1e-9):
            break
    odds = log_ratio + prior_log_odds(expected, edges)
    messages = pass_messages(odds, edges, messages, sweeps=_LAST_SWEEPS)
    return probabilities(odds, messages), expected


def _log_odds(levels: NDArray[np.uint8], parameters: Parameters, edges: Edges) -> Floats:
    odds = np.full(len(levels), prior_log_odds(parameters.matches, edges))
    for index, ratio in enumerate(parameters.log_ratios()):
        odds += ratio[levels[:, index]]
    return odds


def _maximised(levels: NDArray[np.uint8], probability: Floats, totals: tuple[NDArray[np.int64], ...]) -> Parameters:
    m, u = [], []
    for index, total in enumerate(totals):
        matched: Floats = np.bincount(levels[:, index], weights=probability, minlength=len(total)).astype(np.float64)
        unmatched = np.maximum(total - matched, 0.0) + 0.5
        u.append(unmatched / unmatched.sum())
        m.append(_m_of(matched, u[-1][0]))
    return Parameters(tuple(m), tuple(u), float(probability.sum()))


def _m_of(matched: Floats, u_missing: float) -> Floats:
    """m by level from expected counts. Missing is drawn towards its u: where none was seen it is worth nothing."""
    missing = (matched[0] + _IMAGINED) / (matched.sum() + _IMAGINED / u_missing)
    imagined = np.full(len(matched) - 1, _IMAGINED * (1 - _IMAGINED_EQUAL) / (len(matched) - 2))
    imagined[-1] = _IMAGINED * _IMAGINED_EQUAL
    present = (matched[1:] + imagined) / (matched[1:].sum() + _IMAGINED)
    return np.concatenate([[missing], present * (1 - missing)])


def _change(before: Parameters, after: Parameters) -> float:
    matches = abs(before.matches - after.matches) / max(after.matches, 1e-9)
    return max([matches, *(float(np.abs(a - b).max()) for a, b in zip(before.m, after.m, strict=True))])
