"""Whose pairs are whose: each pair found, false or missed belongs to one person, or one component, to resample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linkage.study.held import Held
from linkage.study.numbered import components

Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Units:
    """The unit of every pair, by which intervals resample.

    of_pairs, of_true     (p,) and (t,) unit of each pair found and of each true pair
    n                     how many units there are
    kind                  "people" or "components"

    A true pair belongs to its person. A false link joins two and belongs to the one with more false links (of
    equals, to the lower record's), so that a person who draws many comes or goes with all of them. Giving each half
    a link would halve the variance of the number of false ones, giving each a whole would double it. Where the truth
    names no persons, units are the connected components of the true pairs and the links.
    """

    def __init__(self, held: Held) -> None:
        lefts, rights = held.ends(np.concatenate([held.pairs, held.true]))
        n_pairs = len(held.pairs)
        if held.person is None:
            self.kind = "components"
            unit = components(lefts, rights, held.n)[lefts]
        else:
            self.kind = "people"
            # a record that the truth does not know is a person of its own
            person = np.where(held.person < 0, held.person.max(initial=-1) + 1 + np.arange(held.n), held.person)
            lower, higher = person[lefts], person[rights]
            false = np.flatnonzero(lower[:n_pairs] != higher[:n_pairs])
            times = np.bincount(np.concatenate([lower[false], higher[false]]), minlength=1)
            unit = lower
            more = times[higher[false]] > times[lower[false]]
            unit[false[more]] = higher[false[more]]
        self.n = int(unit.max(initial=-1)) + 1
        self.of_pairs, self.of_true = unit[:n_pairs], unit[n_pairs:]

    def counts(self, held: Held, *, pairs: Mask | None = None, true: Mask | None = None) -> Whole:
        """(u, 3) true links, false links and missed true pairs of each unit.

        pairs, true     (p,) and (t,) which to count at all; a true pair is missed if it was not found
        """
        missed, chosen = held.missed, [held.hit, ~held.hit]
        if pairs is not None:
            chosen = [each & pairs for each in chosen]
        if true is not None:
            missed = missed & true
        whose = [self.of_pairs[chosen[0]], self.of_pairs[chosen[1]], self.of_true[missed]]
        return np.stack([np.bincount(each, minlength=self.n) for each in whose], axis=1)
