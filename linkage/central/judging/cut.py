"""Where to cut when nobody says: 0.5, or higher where too many of the links would be wrong.

At 0.5 wrong and missed links are about as many, which is near the best F1. Where evidence is weak, that is one wrong
link in fifty, and here a wrong link does more harm than a missed one. So the cut rises until the links are expected
to be right but for one in two hundred (the mean of their probabilities), and no further than 0.7. On the README's sets
with many errors (pseudopeople) that costs up to 0.016 of recall and takes out a quarter to a third of the wrong links;
on those with few it changes nothing. Expectations are a little too good where errors are not independent, hence one in
two hundred where one in a hundred is wanted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = 0.5, 0.7
WRONG = 0.005


def default_cut(probability: NDArray[np.float64]) -> float:
    """The lowest cut in [0.5, 0.7] above which so few links are expected to be wrong.

    >>> default_cut(np.array([0.999, 0.998, 0.997, 0.996]))
    0.5
    >>> default_cut(np.array([0.999] * 60 + [0.9, 0.65, 0.6, 0.55]))
    0.66
    >>> default_cut(np.array([0.9, 0.9])), default_cut(np.array([0.58]))
    (0.7, 0.59)
    """
    falling = -np.sort(-probability)
    wrong = np.cumsum(1 - falling) / np.arange(1, len(falling) + 1)
    kept = int(np.count_nonzero(wrong <= WRONG))  # it rises along with them
    if kept == len(falling):
        return LOWEST
    # in hundredths, so that a cut can be read and given again, and above what it leaves out: 100 * 0.58 is below 58
    above = np.floor(100 * falling[kept] + 1) / 100
    return float(np.clip(above if above > falling[kept] else np.round(above + 0.01, 2), LOWEST, HIGHEST))
