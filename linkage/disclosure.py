"""Disclosure control: which counts of people may leave, so that none, and no sum or difference of them, is of a few.

A count below the policy's threshold is suppressed; the others are rounded, and totals are rounded by themselves. Then
the table is attacked: from all that would be published, and from the rules, which are public, it is worked out between
which bounds each suppressed count must lie (two linear programmes a count). Where they are too near each other a
further count is suppressed, and where no other is left, a total (cell suppression with an audit: Fischetti and Salazar
2001).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from linkage.argumentkinds import with_numbers_of_python
from linkage.errors import LimitError, nearest
from linkage.memoryleft import require_addresses

Whole = NDArray[np.int64]
Marks = NDArray[np.bool_]

_MOST = 10**9  # a threshold or base beyond it hides every count there is
_MOST_AUDITED = 2_000  # suppressed counts, of two linear programmes each


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What may be published.

    threshold   the least count that may be
    base        the others are rounded to its nearest multiple; 1 rounds nothing
    zero        ``shown``, or ``suppressed`` like small counts, as nought says something of everybody
    symbol      what stands for a suppressed count in text

    >>> Policy(threshold=10, base=5).rounded(np.array([12, 13, 27])).tolist()
    [10, 15, 25]
    """

    threshold: int = 10
    base: int = 5
    zero: Literal["shown", "suppressed"] = "suppressed"
    symbol: str = "*"

    def __post_init__(self) -> None:
        with_numbers_of_python(self)
        for name in ("threshold", "base"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
                raise ValueError(f"policy, {name}: a whole number from 1 to {_MOST:,}")
        if self.zero not in ("shown", "suppressed"):
            raise ValueError("policy, zero: 'shown' or 'suppressed'")

    def rounded(self, counts: Whole) -> Whole:
        """To the nearest multiple of the base, halves up."""
        return (2 * counts + self.base) // (2 * self.base) * self.base

    def small(self, counts: Whole) -> Marks:
        """Which must be suppressed for themselves."""
        few: Marks = counts < self.threshold
        return few if self.zero == "suppressed" else few & (counts > 0)

    @property
    def lowest(self) -> int:
        """The least that a suppressed count may be."""
        return 0 if self.zero == "suppressed" else 1


POLICIES: Mapping[str, Policy] = {
    "strict": Policy(threshold=10, base=5, zero="suppressed"),
    "hes": Policy(threshold=8, base=5, zero="shown"),
    "ons": Policy(threshold=10, base=1, zero="shown"),
    "ukllc": Policy(threshold=10, base=1, zero="suppressed", symbol="<10"),
    "opensafely": Policy(threshold=8, base=5, zero="suppressed", symbol="0"),
}
"""Named policies: NHS Digital's for hospital episodes, since 2018 (1 to 7 suppressed, the others to the nearest 5); the
threshold of ten of the ONS Secure Research Service, where a person checks as well; UK Longitudinal Linkage
Collaboration (nothing below 10, nought included); OpenSAFELY (7 and fewer written as 0, the others to the nearest 5).
``strict`` is below 10 and to the nearest 5."""


def policy_of(policy: str | Policy) -> Policy:
    """A policy by its name, or the one given."""
    if isinstance(policy, Policy):
        return policy
    if policy not in POLICIES:
        raise ValueError(f"policy: '{policy}' is none; {nearest(policy, POLICIES)}; or a Policy of your own")
    return POLICIES[policy]


@dataclass(frozen=True, eq=False)
class Protected:
    """What may be published: ``value`` (n,) int64, meaningless where ``hidden`` (n,) bool."""

    value: Whole
    hidden: Marks


@dataclass(frozen=True, eq=False)
class Counts:
    """Counts and their sums: ``count`` (n,), the first ``cells`` of them whole cells, and the rest sums of those.

    sums        (n - cells, cells) bool: of which cells each is the sum
    """

    count: Whole
    cells: int
    sums: Marks

    @classmethod
    def of(cls, table: Whole) -> Counts:
        """Of a table (rows, columns): its cells, then row totals, column totals and the grand total, each once."""
        n_rows, n_columns = table.shape
        place = np.arange(table.size).reshape(table.shape)
        members = [place[row] for row in range(n_rows)] if n_columns > 1 else []
        members += [place[:, column] for column in range(n_columns)] if n_rows > 1 else []
        if min(table.shape) > 1:
            members.append(place.ravel())
        sums = np.zeros((len(members), table.size), dtype=bool)
        for row, chosen in enumerate(members):
            sums[row, chosen] = True
        flat = table.ravel().astype(np.int64)
        return cls(np.concatenate([flat, sums.astype(np.int64) @ flat]), table.size, sums)


def protect(counts: Counts, policy: Policy, *, hidden: Marks | None = None, held: Whole | None = None) -> Protected:
    """Suppress and round, until no suppressed count can be narrowed down.

    ``hidden`` are counts that shall not be shown whatever they are, ``held`` (n,) what is shown of others in place of
    their rounded value, -1 for most. Raises `LimitError` for a table with too many small
    counts to be audited: make its groups coarser.
    """
    value = policy.rounded(counts.count)
    if held is not None:
        value = np.where(held >= 0, held, value)
    primary = policy.small(counts.count) if hidden is None else policy.small(counts.count) | hidden
    hide = primary.copy()
    if int(primary.sum()) > _MOST_AUDITED:
        raise LimitError(
            f"{int(primary.sum()):,} counts are too small to show, more than can be audited; make the groups coarser",
            needed=int(primary.sum()),
            allowed=_MOST_AUDITED,
        )
    while True:
        narrow = _narrowed(counts, value, hide, primary, policy)
        if not len(narrow):
            return Protected(value, hide)
        for place in narrow.tolist():
            hide[_also(counts, hide, place)] = True


def feasible(counts: Counts, value: Whole, hidden: Marks, policy: Policy, places: Sequence[int]) -> NDArray[np.float64]:
    """(k, 2) the least and the greatest that each of these can be, for someone who sees what is published."""
    require_addresses()
    from scipy.optimize import linprog

    # halves go up; what is shown is nought or at least the threshold
    lowest = np.where(value > 0, np.maximum(value - policy.base // 2, policy.threshold), 0)
    highest = np.where(value > 0, value + (policy.base - 1) // 2, 0)
    # a nought that was suppressed for another's sake: with more for it no table would fit, and all would look safe
    least = np.where(hidden, np.minimum(policy.lowest, counts.count), lowest).astype(float)
    most = np.where(hidden, np.inf, highest)
    bounds = np.stack([least, most], axis=1)
    rows = counts.sums.astype(float)
    of_sums = bounds[counts.cells :]
    known = np.isfinite(of_sums[:, 1])
    matrix = np.concatenate([rows[known], -rows])
    limits = np.concatenate([of_sums[known, 1], -of_sums[:, 0]])
    found = []
    for place in places:
        goal = np.zeros(counts.cells)
        goal[: counts.cells] = np.arange(counts.cells) == place if place < counts.cells else rows[place - counts.cells]
        ends = []
        for sign in (1.0, -1.0):
            told = linprog(sign * goal, A_ub=matrix if len(matrix) else None, b_ub=limits if len(matrix) else None,
                           bounds=bounds[: counts.cells], method="highs")  # fmt: skip
            ends.append(sign * told.fun if told.status == 0 else sign * -np.inf)
        found.append(ends)
    return np.array(found).reshape(-1, 2)


def _narrowed(counts: Counts, value: Whole, hide: Marks, primary: Marks, policy: Policy) -> Whole:
    """Places of suppressed counts that are told to less than the threshold wide."""
    places = np.flatnonzero(primary)
    ranges = feasible(counts, value, hide, policy, places.tolist())
    width = ranges[:, 1] - ranges[:, 0] if len(places) else np.empty(0)
    return places[width < policy.threshold - 1 - 1e-6]


def _also(counts: Counts, hide: Marks, place: int) -> int:
    """What to suppress beside a count: the smallest shown cell that shares a shown total with it, or such a total."""
    own = np.arange(counts.cells) == place if place < counts.cells else counts.sums[place - counts.cells]
    totals = np.flatnonzero((counts.sums & own).any(axis=1) & ~hide[counts.cells :])
    # a nought that is shown elsewhere and not here would show itself
    sharing = (counts.sums[totals].any(axis=0) | own) & ~hide[: counts.cells] & (counts.count[: counts.cells] > 0)
    beside = np.flatnonzero(sharing)
    if len(beside):
        return int(beside[np.argmin(counts.count[beside])])
    if not len(totals):  # what was suppressed for another in this round has taken care of it
        return place
    # of nought the total shows itself too: suppressing it helps nobody
    some = totals[counts.count[counts.cells :][totals] > 0]
    totals = some if len(some) else totals
    return counts.cells + int(totals[np.argmin(counts.sums[totals].sum(axis=1))])
