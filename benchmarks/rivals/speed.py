"""The one interface of rivals that are measured for raw speed: random rows in, pairs a second out.

    python <rival>.py [rows]

One line of JSON on stdout: pairs a second (median of the rounds) on one thread, rows of either side, rounds, versions.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

BITS = 1024
TILE = 64
ROUNDS = 5
Rows = Any  # numpy (n, 128) uint8, bits packed


def run(compare: Callable[[Rows, Rows], None], *, package: str) -> None:
    """Time all pairs of two sets of random rows, half full; the first round is thrown away."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rng = np.random.default_rng(1)
    left, right = (rng.integers(0, 256, (rows, BITS // 8), np.uint8) for _ in range(2))
    compare(left, right)
    pairs_per_second = statistics.median(rows * rows / seconds(compare, left, right) for _ in range(ROUNDS))
    said = {"pairs_per_second": round(pairs_per_second), "rows": rows, "rounds": ROUNDS, "bits": BITS, "threads": 1}
    print(json.dumps(said | {"versions": {package: version(package), "numpy": np.__version__}}))


def seconds(compare: Callable[[Rows, Rows], None], left: Rows, right: Rows) -> float:
    start = time.perf_counter()
    compare(left, right)
    return time.perf_counter() - start
