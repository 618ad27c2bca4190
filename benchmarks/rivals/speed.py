"""The one interface of rivals that are measured for raw speed: rows of two files in, seconds and pairs found out.

    python <rival>.py <left.npy> <right.npy> <threshold, such as 4/5>

Files hold (n, bytes) uint8, bits packed. One line of JSON on stdout: seconds of one thread for all pairs that reach the
Dice threshold, how many those are, and versions. What a rival needs to make of the rows beforehand is not timed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from importlib.metadata import version
from typing import Any

import numpy as np

Rows = Any  # numpy (n, bytes) uint8
WARM_ROWS = 2_000


def run(prepare: Callable[[Rows], Any], find: Callable[[Any, Any, Fraction], int], *, package: str) -> None:
    """Time all pairs once, after a small part of them that is thrown away."""
    left, right = (np.load(path) for path in sys.argv[1:3])
    threshold = Fraction(sys.argv[3])
    find(prepare(left[:WARM_ROWS]), prepare(right[:WARM_ROWS]), threshold)
    sides = prepare(left), prepare(right)
    start = time.perf_counter()
    found = find(*sides, threshold)
    said = {"seconds": time.perf_counter() - start, "found": found}
    print(json.dumps(said | {"versions": {package: version(package), "numpy": np.__version__}}))


def counts(rows: Rows) -> Any:
    """Bits set in each row."""
    return np.bitwise_count(rows.view(np.uint64)).sum(axis=1, dtype=np.int64)


def alike(overlap: Any, left: Any, right: Any, threshold: Fraction) -> Any:
    """Which pairs reach the threshold, in whole numbers."""
    return 2 * threshold.denominator * overlap >= threshold.numerator * (left + right)
