"""How good links are expected to be, from what a centre has: the model's probabilities, and what contradicts them.

Wrong links, at a cut. The model expects the sum of 1 - p over the links. That is near the truth where most records have
a partner, and too few, by up to five times, where few have: brothers and sisters, twins above all, are taken for
people. How many such pairs there are shows *within* the sources: two records of one source that holds nobody twice are
two people, whatever they share. If a and b pairs within the two sources have as much evidence as links have, some
4ab / (a + b) pairs across them do, and of these the share whose records are both without a partner are links. That
takes it that whole families are not absent together, which they often are; so the expectation is half way between the
model's and that number, and never below the model's.

Missed matches, at a cut: the probability that the pairs have which were not linked, in sum. Matches of which hardly
anything agrees are not in it.

``benchmarks/judgement.py`` measures it, and README has the tables: on eight data sets and three presets precision came
within 0.02 of the truth in 84 of 84 linkages with all partners, 82 of 84 with half of them and 48 of 68 with a tenth,
where there are some hundred links; in its interval in all but one. Wherever the interval was narrower than 0.02 either
side, it was within.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from linkage.central.judging.calibrate import Calibration
from linkage.central.judging.rivals import Candidates, links_of
from linkage.central.modelling.competition import Floats
from linkage.central.modelling.predicting import Scored, Within
from linkage.quality import Expectation, Quality, doubts_of, wide_of

CUTS = (*(cut / 100 for cut in range(5, 100, 5)), 0.97, 0.98, 0.99, 0.995, 0.999)
_FAR = 0.1  # of recall: so far from the rest a group is served worse
_FEWEST_OF_GROUP = 30.0  # expected matches
_FAINT = 0.5  # links less likely than that: what thousands of them add up to may be the curve's error alone
_UNKNOWN = "not known"
_UNSEEN = "matches no more alike than strangers show in no similarity: recall may be lower than is said"


def judge(
    scored: Scored,
    within: Sequence[Within] | None,
    cut: float,
    probability: Floats,
    *,
    doubts: Sequence[str] = (),
    groups: Mapping[str, Mapping[str, float]] | None = None,
) -> Quality:
    """What the links with these probabilities, made at ``cut``, are expected to be worth.

    ``within`` are the pairs within either source, None where one may hold people twice.
    """
    ranked = _one_to_one(scored)
    curve = tuple(_expected(scored, within, each, ranked[ranked >= each]) for each in CUTS)
    at = _expected(scored, within, cut, probability)
    words = [*doubts, *(tuple(doubts_of(at)) or wide_of(at)), *_unequal(groups or {})]
    if within is None:
        words.append(
            "a source may hold people twice, so what its own pairs show could not be used: precision is the model's own"
        )
    return Quality(at, curve, "probability", within is not None, not any(doubts_of(at)), tuple(words), groups)


def similarity_judged(links: Calibration, cut: float) -> Quality:
    """The same of links by similarity, of which rivals showed how likely each is a match."""
    cuts = np.unique(np.round(np.quantile(links.value, np.linspace(0, 1, len(CUTS))), 4))
    points = []
    for each in (cut, *cuts.tolist()):
        above = links.value >= each
        chosen, right = links.probability[above], float(links.probability[above].sum())
        faint = float(links.probability[~above & (links.probability < _FAINT)].sum())
        points.append(Expectation(each, len(chosen), len(chosen) - right, max(links.matches - right, 0.0), faint))
    doubts = tuple(doubts_of(points[0]))
    words = (*(doubts or wide_of(points[0])), _UNSEEN)
    return Quality(points[0], tuple(points[1:]), "similarity", checked=False, known=not doubts, words=words)


def _expected(scored: Scored, within: Sequence[Within] | None, cut: float, probability: Floats) -> Expectation:
    wrong = float((1 - probability).sum())
    missed = max(scored.matches / scored.met - float(probability.sum()), 0.0)
    if within is not None:
        wrong = (wrong + max(wrong, _look_alikes(scored, within, cut))) / 2
    return Expectation(cut, len(probability), min(wrong, float(len(probability))), missed)


def _look_alikes(scored: Scored, within: Sequence[Within], cut: float) -> float:
    """Pairs of two people across the sources that would be links at this cut, by what is within them."""
    if cut >= 1:
        return 0.0  # no evidence makes sure of a pair
    least = np.log(cut / (1 - cut)) - scored.prior
    a, b = (each.reaching(float(least)) for each in within)
    free = 1.0
    for n in (scored.edges.n_rows, scored.edges.n_columns):
        free *= 1 - min(scored.matches / max(n, 1), 1.0)
    return 4 * a * b / (a + b) * free if a + b else 0.0


def _one_to_one(scored: Scored) -> Floats:
    """The probabilities of the links there would be at the lowest cut, descending."""
    edges = scored.edges
    chosen: NDArray[np.int64] | slice = slice(None)
    if all(edges.unique):
        chosen = links_of(Candidates.of(edges.row, edges.column, scored.chance, edges.n_rows, edges.n_columns))
    return -np.sort(-scored.chance[chosen])


def recall_by_group(
    values: Sequence[Sequence[str | None]],
    rows: Sequence[NDArray[np.int32]],
    chance: Floats,
    linked: NDArray[np.bool_],
    *,
    met: float,
) -> dict[str, float]:
    """Expected recall of the records of each value of a group: probability that is linked, of all that they have.

    ``values`` by row of either side, empty where a side does not have the group; ``rows`` (p,) of the contenders.
    ``met``: the share of all matches that is among them, taken to be the same in each group. Groups of which fewer than
    30 matches are expected are left out.
    """
    found: dict[str, list[float]] = {}
    for of, row in zip(values, rows, strict=True):
        if not len(of):
            continue
        names = np.array([value or _UNKNOWN for value in of], dtype=object)[row]
        for name in np.unique(names.astype(str)):
            own = names == name
            part = found.setdefault(str(name), [0.0, 0.0])
            part[0] += float(chance[own & linked].sum())
            part[1] += float(chance[own].sum())
    return {name: met * got / whole for name, (got, whole) in found.items() if whole >= _FEWEST_OF_GROUP}


def _unequal(groups: Mapping[str, Mapping[str, float]]) -> list[str]:
    words = []
    for name, shares in groups.items():
        if len(shares) < 2:
            continue
        usual = float(np.median(list(shares.values())))
        low = [value for value, share in shares.items() if share < usual - _FAR]
        if low:
            words.append(
                f"by {name}, {', '.join(low)} can expect a recall more than {_FAR:.0%} below that of the middle group: "
                "who acts on these links misses more of its people"
            )
    return words
