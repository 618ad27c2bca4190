"""What rivals show, counted by value, and the shapes that smooth curves through the counts are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.central.judging.rivals import Candidates, Shown
from linkage.central.modelling.competition import Floats

_BINS = 96
_KNOTS = 8
_UNITS = 10  # the range of values is so many units long: slopes are by unit
_MOST_BEATEN = 0.99  # above the value that so many beaten pairs lie below
_SOME_SURE = 0.5  # and so many of the links above it, links say nothing more: equal records pile up at 1
_EDGE = 0.5  # of a pair: no chance is 0 or 1


@dataclass(frozen=True)
class Counts:
    """By bin of value, (bins,) each.

    centre              the value in the middle of the bin
    both, row, column   pairs of two people: both records taken by likely matches, the row's alone, the column's alone
    links               pairs that no likely match speaks against
    row_odds, column_odds   log odds that a record has a match of a higher value, by the number of likely matches
    fitted              bool: whether the number of links in the bin is to be explained
    """

    centre: Floats
    both: Floats
    row: Floats
    column: Floats
    links: Floats
    row_odds: Floats
    column_odds: Floats
    fitted: NDArray[np.bool_]

    @property
    def beaten(self) -> Floats:
        """Pairs of two people, whichever record is taken."""
        return self.both + self.row + self.column

    @property
    def unit(self) -> float:
        """A tenth of the range of values."""
        return float(self.centre[-1] - self.centre[0]) / _UNITS

    @property
    def scaled(self) -> Floats:
        """The values in units, from 0."""
        scaled: Floats = (self.centre - self.centre[0]) / self.unit
        return scaled

    def bent(self) -> Floats:
        """A line that runs where beaten pairs are, and is level beyond."""
        low, middle, high = quantiles(self.beaten, self.centre, 3)
        flat: Floats = (np.clip(self.centre, low, high) - middle) / max(float(high - low), self.unit / 8)
        return flat

    def hinges(self) -> NDArray[np.float64]:
        """(bins, terms): a line, and one bend each where beaten pairs and where links are."""
        knots = np.concatenate([quantiles(each, self.scaled, _KNOTS) for each in (self.beaten, self.links)])
        apart = np.unique(np.round(8 * knots) / 8)
        bends = [np.maximum(self.scaled - knot, 0) for knot in apart if 0 < knot < _UNITS]
        return np.stack([np.ones(len(self.centre)), self.scaled, *bends], axis=1)


def counted(pairs: Candidates, seen: Shown, value: Floats, probability: Floats) -> Counts:
    """The counts, given each link's value and how likely it is taken to be a match."""
    edges = np.linspace(seen.value.min(), seen.value.max(), _BINS + 1)
    centre = (edges[1:] + edges[:-1]) / 2
    where = np.clip(np.searchsorted(edges, seen.value, side="right") - 1, 0, _BINS - 1)
    row, column = np.where(seen.free, 0.0, seen.row), np.where(seen.free, 0.0, seen.column)
    both, one, other, links = (
        np.bincount(where, weights=weights, minlength=_BINS).astype(np.float64)
        for weights in (row * column, row * (1 - column), (1 - row) * column, seen.free)
    )
    above = _above(value, probability, centre)
    of_row, of_column = _log_odds(above, pairs.n_rows), _log_odds(above, pairs.n_columns)
    return Counts(centre, both, one, other, links, of_row, of_column, _explained(both + one + other, links))


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


def _log_odds(taken: Floats, n: int) -> Floats:
    share = np.clip(taken, _EDGE, max(n - _EDGE, _EDGE)) / max(n, 2 * _EDGE)
    odds: Floats = np.log(share / np.maximum(1 - share, 1e-9))
    return odds


def _above(value: Floats, probability: Floats, at: Floats) -> Floats:
    """How many likely matches have a higher value."""
    order = np.argsort(value, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(probability[order])])
    above: Floats = total[-1] - total[np.searchsorted(value[order], at, side="right")]
    return above
