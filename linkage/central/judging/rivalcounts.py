"""What rivals show, counted by value, and the shapes that smooth curves through the counts are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central.judging.rivals import Candidates, Shown
from linkage.central.modelling.competition import Floats

_BINS = 96
_BEATEN_BINS = 0.7  # at least so many of them where beaten pairs are
_NEARLY_ALL_BEATEN = 0.999
_UNITS = 10  # the bins are so many units long: slopes are by unit
_CHANCE_KNOTS = 6
_MOST_BEATEN = 0.99  # above the value that so many beaten pairs lie below
_SOME_SURE = 0.5  # and so many of the links above it, links say nothing more: equal records pile up at 1
_EDGE = 0.5  # of a pair: no chance is 0 or 1


@dataclass(frozen=True)
class Counts:
    """By bin of value, (bins,) each.

    centre, width       the value in the middle of the bin; how wide it is, the first of them 1
    both, row, column   links of two people there would be: of two records without their partners, of a row without its
                        partner and a free column, of a column without its partner and a free row
    links               the links there are
    row_odds, column_odds   log odds that a record not linked above is one whose partner is thought away, by how many
                            there are of either kind
    fitted              bool: whether the number of links in the bin is to be explained
    """

    centre: Floats
    width: Floats
    both: Floats
    row: Floats
    column: Floats
    links: Floats
    row_odds: Floats
    column_odds: Floats
    fitted: NDArray[np.bool_]

    @property
    def beaten(self) -> Floats:
        """Links of two people, whichever record is without its partner."""
        return self.both + self.row + self.column

    @property
    def scaled(self) -> Floats:
        """The bins in order, from 0 to 10 units."""
        scaled: Floats = np.linspace(0.0, _UNITS, len(self.centre))
        return scaled

    def chances(self) -> NDArray[np.float64]:
        """(bins, terms): level, a line that runs where beaten pairs are and is level beyond, and bends in it."""
        knots = quantiles(self.beaten, self.scaled, _CHANCE_KNOTS)
        inside = np.clip(self.scaled, knots[0], knots[-1])
        line = (inside - knots[len(knots) // 2]) / max(float(knots[-1] - knots[0]), 1 / 8)
        apart = np.unique(np.round(8 * knots) / 8)[1:-1]
        bends = [np.maximum(inside - knot, 0) for knot in apart]
        return np.stack([np.ones(len(self.centre)), line, *bends], axis=1)

    def hinges(self) -> NDArray[np.float64]:
        """(bins, terms): a line, and a bend each half unit."""
        bends = [np.maximum(self.scaled - knot, 0) for knot in np.arange(0.5, _UNITS, 0.5)]
        return np.stack([np.ones(len(self.centre)), self.scaled, *bends], axis=1)

    def stretches(self) -> NDArray[np.float64]:
        """(bins, stretches): how far each bin reaches into stretches of one unit."""
        reach: NDArray[np.float64] = np.clip(self.scaled[:, None] - np.arange(_UNITS), 0.0, 1.0)
        return reach


def counted(pairs: Candidates, seen: Shown, value: Floats, probability: Floats) -> Counts:
    """The counts, given each link's value, descending, and how likely it is taken to be a match."""
    every = (seen.both_value, seen.row_value, seen.column_value, value)
    edges = _edges(np.concatenate(every[:-1]), value)
    bins = len(edges) - 1
    centre = (edges[1:] + edges[:-1]) / 2
    weights = (
        probability[seen.both_row] * probability[seen.both_column],
        probability[seen.row],
        probability[seen.column],
        np.ones(len(value)),
    )
    both, one, other, links = (
        np.bincount(
            np.clip(np.searchsorted(edges, each, side="right") - 1, 0, bins - 1), weights=weight, minlength=bins
        ).astype(np.float64)
        for each, weight in zip(every, weights, strict=True)
    )
    matches, linked = _above(value, probability, centre), _above(value, np.ones(len(value)), centre)
    # of the records whose partner is thought away, those that have found no other above
    of_row = matches - _above(seen.row_value, weights[1], centre)
    of_column = matches - _above(seen.column_value, weights[2], centre)
    odds = (_log_odds(of_row, pairs.n_rows - linked), _log_odds(of_column, pairs.n_columns - linked))
    width = np.diff(edges) / (edges[1] - edges[0])
    return Counts(centre, width, both, one, other, links, *odds, _explained(both + one + other, links))


def _edges(beaten: Floats, links: Floats) -> Floats:
    """Bins as wide as each other up to where beaten pairs end; above, wider ones if that is most of the range.

    Similarities that agree by half in chance pairs already (Hamming) leave these in a small part of the range.
    """
    lowest, highest = min(float(links[-1]), float(beaten.min(initial=np.inf))), float(links[0])
    end = float(np.quantile(beaten, _NEARLY_ALL_BEATEN)) if len(beaten) else highest
    end = min(max(end, lowest + (highest - lowest) / _BINS), highest)
    below = int(_BINS * max(_BEATEN_BINS, (end - lowest) / (highest - lowest)))
    parts = np.linspace(lowest, end, below + 1), np.linspace(end, highest, _BINS - below + 1)
    found: Floats = np.unique(np.concatenate(parts))
    return found


def quantiles(count: Floats, at: Floats, n: int) -> Floats:
    """``n`` places that part a count evenly, from 5 to 95 % of it."""
    total = np.cumsum(count) + 1e-9 * np.arange(1, len(count) + 1)
    found: Floats = np.interp(np.linspace(0.05, 0.95, n) * total[-1], total, at)
    return found


def _explained(beaten: Floats, links: Floats) -> NDArray[np.bool_]:
    total = np.cumsum(beaten)
    top = int(np.searchsorted(total, _MOST_BEATEN * total[-1]))
    over = np.cumsum(np.where(np.arange(len(links)) > top, links, 0.0))
    if over[-1]:
        top = int(np.searchsorted(over, _SOME_SURE * over[-1]))
    explained: NDArray[np.bool_] = np.arange(len(links)) <= min(top, len(links) - 3)
    return explained


def _log_odds(gone: Floats, free: Floats) -> Floats:
    odds: Floats = np.log(np.maximum(gone, _EDGE)) - np.log(np.maximum(free, _EDGE))
    return odds


def _above(value: Floats, probability: Floats, at: Floats) -> Floats:
    """How many likely matches have a higher value."""
    order = np.argsort(value, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(probability[order])])
    above: Floats = total[-1] - total[np.searchsorted(value[order], at, side="right")]
    return above
