"""Thresholds as exact ratios, and the least overlap that reaches one.

No float decides which pairs exist: a bound computed in floating point once lost pairs that lay exactly
on the threshold (0.75 with popcounts 60 and 100).
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

_MAX_TEXT = 50

Ratio = float | str | Fraction | Decimal


def exact_ratio(value: Ratio, *, name: str) -> Fraction:
    """The ratio a person meant: 0.8 is 4/5, not the nearest float; "2/3" will do. In (0, 1], else ``ValueError``.

    >>> exact_ratio(0.8, name="threshold"), exact_ratio("2/3", name="threshold")
    (Fraction(4, 5), Fraction(2, 3))
    """
    if isinstance(value, np.generic):
        value = str(value)  # NumPy's numbers are written like Python's: a float32 of 0.8 is 4/5 too
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction | Decimal):
        raise ValueError(f'{name}: a number above 0 and at most 1, or a ratio as text such as "2/3"')
    if (isinstance(value, str) and len(value) > _MAX_TEXT) or (isinstance(value, str | Decimal) and _is_tiny(value)):
        raise ValueError(f"{name}: must be above 0 and at most 1, and have fewer than {_MAX_TEXT} digits")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name}: must be above 0 and at most 1")
    try:
        ratio = Fraction(str(value) if isinstance(value, float) else value)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ValueError(f'{name}: not a number; write 0.8 or "4/5"') from None
    if not 0 < ratio <= 1:
        raise ValueError(f"{name}: must be above 0 and at most 1")
    return ratio


def _is_tiny(value: str | Decimal) -> bool:
    # as a fraction 1e-999999999 has a thousand million digits
    try:
        exponent = Decimal(value).as_tuple().exponent
    except ArithmeticError:
        return False
    return isinstance(exponent, int) and abs(exponent) > _MAX_TEXT


def least_overlap(ratio: Fraction, *, n_bits: int) -> NDArray[np.uint32]:
    """need[s]: the least number of shared bits with which two rows of s bits together have Dice >= ``ratio``.

    Shape (2 * n_bits + 1,). Dice is 2 * overlap / s, so need[s] = ceil(ratio * s / 2), and at least 1: rows
    without bits are like nothing, not even each other.

    >>> int(least_overlap(Fraction(3, 4), n_bits=100)[160])
    60
    """
    sums = range(2 * n_bits + 1)
    up, down = ratio.numerator, 2 * ratio.denominator
    return np.array([max(1, -(-up * total // down)) for total in sums], dtype=np.uint32)
