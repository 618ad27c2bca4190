"""m and u probabilities without truth: expectation and maximisation over contenders that compete.

Plain EM over all pairs finds the wrong class, households instead of people: members of one share surname
and address, and are many. Two things tell them apart. A record has one partner, so in the expectation step
the pairs of a row and of a column compete (`linkage.central.modelling.competition`). And pairs that agree on some
fields together without being one person have a class of their own, which does not compete: where few records
have a partner there is no winner to exclude a sibling, and siblings would become the matches.

``benchmarks/overlap.py`` measures it at overlaps from 100 to 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from linkage.central.modelling import moving
from linkage.central.modelling.competition import (
    Edges,
    Floats,
    Messages,
    chance_of_losing,
    lost,
    pass_messages,
    prior_log_odds,
    probabilities,
)

Households = Literal["shown", "assumed", "none"]
_WAYS_TO_SEE_THEM: tuple[Households, ...] = ("shown", "assumed", "none")

MAX_STEPS = 200
_SWEEPS = 3
_LAST_SWEEPS = 40
_TOLERANCE = 1e-5
# m stays at its start while the household class finds its members: else it would fit them first
_HELD_STEPS = 15
# matches imagined to lie at the start: a class of siblings, which agree less, must outweigh these to be taken for one
# of matches, and a level that no match has keeps a chance. Below 30 low overlaps fail, above 100 nothing is gained
_IMAGINED = 100.0
# household pairs that the class is given before any is seen to have lost to a partner
_DOUBT = 1.0
# a household class smaller than this share of the matches is made of matches with many errors
_FEWEST_HOUSEHOLDS = 0.02
# and one that hardly helps to tell matches from chance takes some of them away for nothing; where there are families it
# gains from 1 bit (WIC) to 22 (invented births), where there are none, 0.2 (Febrl 4)
_LEAST_GAIN_BITS = 0.5
# a field tells people of a household apart if they agree on it less than half as often as matches do
_ALIKE = 0.5
_STRANGE = 0.5  # of how often strangers differ on it
_TELLING = 4.0  # times as common among matches as among chance pairs
_EQUAL = 0.8
_EQUAL_CODES = 0.95
# of the matches imagined at the start
_MOVED = 0.1


@dataclass(frozen=True)
class Parameters:
    """m, u and h by level of each comparison: among matches, chance pairs, and pairs of a household.

    ``matches`` is the expected number of matches, ``households`` the share of household pairs among all pairs.
    ``homes`` are the comparisons of which m is of those who have not ``moved``, a share of the matches.
    """

    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    h: tuple[Floats, ...]
    matches: float
    households: float
    homes: tuple[int, ...] = ()
    moved: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """Where EM stopped: parameters, each contender's probability, steps taken, and whether it had settled."""

    parameters: Parameters
    probability: Floats
    steps: int
    converged: bool


def starting_point(
    totals: tuple[NDArray[np.int64], ...], n_rows: int, n_columns: int, homes: tuple[int, ...] = ()
) -> Parameters:
    """Before anything is known: most matches agree, u is what all pairs show, half of the smaller side matches."""
    u, m = [], []
    for total in totals:
        share = (total + 0.5) / (total.sum() + 0.5 * len(total))
        equal = _EQUAL_CODES if len(total) == 3 else _EQUAL
        rising = 2.0 ** np.arange(len(total) - 1)
        rising = (1 - equal) * rising / rising.sum()
        rising[-1] += equal
        u.append(share)
        m.append(np.concatenate([share[:1], rising * (1 - share[0])]))
    moved = _MOVED if homes else 0.0
    return Parameters(tuple(m), tuple(u), tuple(u), 0.5 * min(n_rows, n_columns), 0.0, homes, moved)


def estimate(
    levels: NDArray[np.uint8], edges: Edges, totals: tuple[NDArray[np.int64], ...], start: Parameters, rarity: Floats
) -> Estimate:
    """Where EM stops: of three ways to see households the one that tells matches best from chance.

    With a class for them that must show by how many lose to partners; with one that need not, for files that hold
    one member of a household each; and without. Arguments as `expect_maximise`.
    """
    *with_class, without = [
        expect_maximise(levels, edges, totals, start, rarity, households=households) for households in _WAYS_TO_SEE_THEM
    ]
    sound = [each for each in with_class if _is_of_households(each.parameters, edges)]
    # the first of equals is the class that has shown itself
    best = max(sound, key=lambda each: round(_apart(each.parameters), 1), default=without)
    gained = _apart(best.parameters) - _apart(without.parameters)
    return best if gained >= _LEAST_GAIN_BITS else without


def _is_of_households(parameters: Parameters, edges: Edges) -> bool:
    pairs = parameters.households * edges.pairs
    return pairs >= _FEWEST_HOUSEHOLDS * parameters.matches and _parts_people(parameters)


def _apart(parameters: Parameters) -> float:
    """How far apart matches and chance pairs are: the sum over the fields of KL(m || u), in bits.

    A class of matches that has taken in siblings agrees less, on the very fields that tell people apart.
    """
    return sum(
        float(m @ np.log2(m / u)) * (1 - parameters.moved if index in parameters.homes else 1)
        for index, (m, u) in enumerate(zip(parameters.m, parameters.u, strict=True))
    )


def _parts_people(parameters: Parameters) -> bool:
    """Whether some field tells the two of a household apart; if none does, the class is one of matches with errors.

    On that field they agree much less often than matches do, and differ nearly as often as strangers: where they have
    exchanged names, or nearly the same one, they are one person. (In Febrl 3 one start in ten took a third of the
    matches for households.)
    """
    return any(
        _not_differing(h, m > _TELLING * u) < _ALIKE * _not_differing(m, m > _TELLING * u)
        and _differing(h, u > m) > _STRANGE * _differing(u, u > m)
        for m, u, h in zip(parameters.m, parameters.u, parameters.h, strict=True)
    )


def _differing(shares: Floats, against: NDArray[np.bool_]) -> float:
    """The share of pairs on levels that speak against a match, of those that have the field."""
    return float(shares[1:][against[1:]].sum() / max(1 - shares[0], 1e-9))


def _not_differing(shares: Floats, telling: NDArray[np.bool_]) -> float:
    """The share of pairs on levels that speak for a match, or for nothing, as that of a name exchanged with another."""
    return float(shares[0] + shares[1:][telling[1:]].sum())


def expect_maximise(
    levels: NDArray[np.uint8],
    edges: Edges,
    totals: tuple[NDArray[np.int64], ...],
    start: Parameters,
    rarity: Floats | float = 0.0,
    *,
    households: Households = "shown",
) -> Estimate:
    """EM over the contenders.

    levels      (p, comparisons) uint8 of each contender
    totals      level counts over all pairs of rows and columns, contenders or not: u is what is left of them
                when the expected matches and households are taken out
    rarity      (p,) log of how much rarer than most the values are on which a contender agrees
    """
    parameters, messages = start, Messages.silent(len(levels))
    converged, step = False, 0
    probability = np.zeros(len(levels))
    while not converged and step < MAX_STEPS:
        step += 1
        match, household, gone = log_ratios(levels, parameters)
        match, household = match + rarity, household + rarity
        odds = match + prior_log_odds(parameters.matches, edges) - np.logaddexp(0.0, household)
        messages = pass_messages(odds, edges, messages, sweeps=_SWEEPS)
        probability = probabilities(odds, messages)
        if step == 1:  # no household is known yet: what looks like a match but lost is the first guess
            household = match + np.log(max(parameters.matches, 1.0) / edges.pairs)
        sharing = _household_pairs(household, probability, edges, parameters.matches, households)
        after = _maximised(levels, probability, gone, sharing, totals, start, hold=step <= _HELD_STEPS)
        converged = step > _HELD_STEPS + 1 and _change(parameters, after) < _TOLERANCE
        parameters = after
    return Estimate(parameters, probability, step, converged)


def _household_pairs(
    household: Floats, probability: Floats, edges: Edges, matches: float, households: Households
) -> Floats:
    """How far each contender is expected to be two people of one household.

    A pair whose record has its partner elsewhere is surely two people, so what they share is measured on those where
    most records have partners: among the rest are matches with many errors. And of pairs of a household as many lose
    as of any pairs: where hardly any do, the class has taken in the matches themselves and must give way, unless
    households are ``assumed``.
    """
    if households == "none":
        return np.zeros(len(household))
    likely = 1 / (1 + np.exp(-np.clip(household, -300.0, 300.0)))
    no_match, beaten, chance = 1 - probability, lost(probability, edges), chance_of_losing(matches, edges)
    support = 1.0
    if households == "shown":
        support = (float(beaten @ likely) + _DOUBT) / (chance * float(no_match @ likely) + _DOUBT)
    pairs: Floats = likely * np.minimum(beaten + (1 - chance) * no_match, 1.0) * min(support, 1.0)
    return pairs


def weigh(
    match: Floats, household: Floats, edges: Edges, matches: float | None = None
) -> tuple[Floats, Messages, Floats, float]:
    """Each contender's evidence, its probability under a given model, and the expected matches.

    match         log(m / u) of each contender's levels, and of its values' rarity
    household     log of h / u times the share of household pairs among all, and rarity; -inf where there are none
    matches       None: unknown for these sets, and found along the way
    Returns       log of the likelihood ratio of one person to two, what rivals leave, probability, matches
    """
    evidence = match - np.logaddexp(0.0, household)
    messages, expected = compete(evidence, edges, matches)
    chance = probabilities(evidence + prior_log_odds(expected, edges), messages)
    return evidence, messages, chance, expected


def compete(evidence: Floats, edges: Edges, matches: float | None = None) -> tuple[Messages, float]:
    """What rivals leave to each contender, and the expected matches; arguments as `weigh`."""
    messages = Messages.silent(len(evidence))
    if not len(evidence):
        return messages, 0.0
    expected = 0.5 * min(edges.n_rows, edges.n_columns) if matches is None else matches
    for _ in range(MAX_STEPS if matches is None else 0):
        odds = evidence + prior_log_odds(expected, edges)
        messages = pass_messages(odds, edges, messages, sweeps=_SWEEPS)
        before, expected = expected, float(probabilities(odds, messages).sum())
        if abs(before - expected) <= _TOLERANCE * max(expected, 1e-9):
            break
    odds = evidence + prior_log_odds(expected, edges)
    return pass_messages(odds, edges, messages, sweeps=_LAST_SWEEPS), expected


def log_ratios(levels: NDArray[np.uint8], parameters: Parameters) -> tuple[Floats, Floats, Floats]:
    """log(m / u) and log(households h / (all pairs) u) summed over the comparisons, of each contender.

    And the chance that it moved, if it is a match.
    """
    homes = parameters.homes
    match, gone = moving.evidence(levels, parameters.m, parameters.u, homes, parameters.moved)
    household = np.zeros(len(levels))
    for index, (m, u, h) in enumerate(zip(parameters.m, parameters.u, parameters.h, strict=True)):
        if index not in homes:
            match += np.log(m / u)[levels[:, index]]
        household += np.log(h / u)[levels[:, index]]
    with np.errstate(divide="ignore"):
        return match, household + np.log(parameters.households), gone


def _maximised(
    levels: NDArray[np.uint8],
    probability: Floats,
    gone: Floats,
    sharing: Floats,
    totals: tuple[NDArray[np.int64], ...],
    start: Parameters,
    *,
    hold: bool,
) -> Parameters:
    m, u, h = [], [], []
    stayed = probability * (1 - gone)
    for index, total in enumerate(totals):
        every, matched, shared = (
            np.bincount(levels[:, index], weights=weights, minlength=len(total)).astype(np.float64)
            for weights in (probability, stayed if index in start.homes else probability, sharing)
        )
        chance = np.maximum(total - every - shared, 0.0) + 0.5
        u.append(chance / chance.sum())
        h.append((shared + u[-1]) / (shared.sum() + 1.0))
        m.append(start.m[index] if hold else _m_of(matched, start.m[index], u[-1][0]))
    matches, households = float(probability.sum()), float(sharing.sum()) / float(totals[0].sum())
    moved = (float(probability @ gone) + _IMAGINED * start.moved) / (matches + _IMAGINED)
    return Parameters(tuple(m), tuple(u), tuple(h), matches, households, start.homes, start.moved if hold else moved)


def _m_of(matched: Floats, start: Floats, u_missing: float) -> Floats:
    """m by level from expected counts; a field always or never missing says nothing by being so."""
    # imagined matches enough to hold m at u where too few are expected to tell them apart
    strength = 1.0 / min(u_missing, 1 - u_missing)
    missing = (matched[0] + strength * u_missing) / (matched.sum() + strength)
    imagined = _IMAGINED * start[1:] / start[1:].sum()
    present = (matched[1:] + imagined) / (matched[1:].sum() + _IMAGINED)
    return np.concatenate([[missing], present * (1 - missing)])


def _change(before: Parameters, after: Parameters) -> float:
    matches = abs(before.matches - after.matches) / max(after.matches, 1e-9)
    return max([matches, *(float(np.abs(a - b).max()) for a, b in zip(before.m, after.m, strict=True))])
