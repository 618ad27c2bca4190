"""How sure a share is that was counted: what both rooms say of one."""

from __future__ import annotations

import math

NORMAL = 1.959963984540054  # of 95 %


def wilson_ends(hits: float, trials: float) -> tuple[float, float]:
    """The ends of Wilson's 95 % score interval (Wilson 1927) of a share, trials being independent; 0 and 1 of none.

    >>> [round(end, 3) for end in wilson_ends(98, 100)]
    [0.93, 0.994]
    """
    if not trials:
        return 0.0, 1.0
    share, square = hits / trials, NORMAL * NORMAL
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    spread = share * (1 - share) / trials + square / (4 * trials * trials)
    half = NORMAL * math.sqrt(max(0.0, spread)) / (1 + square / trials)
    return max(0.0, middle - half), min(1.0, middle + half)
