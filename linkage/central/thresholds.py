"""Thresholds as exact ratios, and the least overlap that reaches one.

No float decides which pairs exist: a bound computed in floating point once lost pairs that lay exactly
on the threshold (0.75 with popcounts 60 and 100).
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Literal

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
    # as a fraction 1e-999999999 has a thousand million digits, and what not even Decimal holds would never be done
    exponents = re.findall(r"[eE]([+-]?[\d_]+)", value) if isinstance(value, str) else []
    if any(len(each) > len(str(_MAX_TEXT)) + 1 for each in exponents):
        return True
    try:
        exponent = Decimal(value).as_tuple().exponent
    except ArithmeticError:
        return False
    return isinstance(exponent, int) and abs(exponent) > _MAX_TEXT


Measure = Literal["dice", "jaccard", "hamming"]
MEASURES: tuple[Measure, ...] = ("dice", "jaccard", "hamming")


def least_overlap(ratio: Fraction, *, n_bits: int, measure: Measure = "dice") -> NDArray[np.uint32]:
    """need[s]: the least number of shared bits with which two rows of s bits together are at least ``ratio`` alike.

    Shape (2 * n_bits + 1,). With o shared bits Dice is 2 o / s, Jaccard o / (s - o), and the Hamming similarity
    1 - (s - 2 o) / n_bits; each rises with o, so one table of whole numbers serves all. Under Dice and Jaccard it is
    at least 1: nothing in common is never alike.

    >>> int(least_overlap(Fraction(3, 4), n_bits=100)[160])
    60
    >>> int(least_overlap(Fraction(3, 5), n_bits=100, measure="jaccard")[160])
    60
    >>> int(least_overlap(Fraction(3, 5), n_bits=100, measure="hamming")[160])
    60
    """
    top, under = ratio.numerator, ratio.denominator
    sums = range(2 * n_bits + 1)
    if measure == "hamming":
        # 2 o >= s - n (1 - ratio)
        needs = [-(-(under * total - n_bits * (under - top)) // (2 * under)) for total in sums]
        return np.array([max(0, need) for need in needs], dtype=np.uint32)
    up, down = (top, 2 * under) if measure == "dice" else (top, top + under)
    return np.array([max(1, -(-up * total // down)) for total in sums], dtype=np.uint32)


def similarity(
    overlap: NDArray[np.uint32], together: NDArray[np.int64], *, n_bits: int, measure: Measure
) -> NDArray[np.float64]:
    """How alike pairs are, of their shared bits and the sum of their popcounts; the same float on every machine."""
    shared = overlap.astype(np.float64)
    if measure == "hamming":
        return (n_bits - (together - 2 * shared)) / n_bits
    return 2 * shared / together if measure == "dice" else shared / (together - shared)


def probability_cut(value: Ratio) -> float:
    """``value``, or ``ValueError`` unless it is in (0, 1]."""
    return float(exact_ratio(value, name="probability"))
