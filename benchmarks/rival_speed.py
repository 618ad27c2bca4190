"""Pairs a second of 1,024-bit rows on one thread: linkage's kernel, numkong and faiss, one after another in one run.

    python benchmarks/rival_speed.py [--rows 10000]

numkong and faiss run in their environments (benchmarks/rivals/environments.py). Random rows, half full: no early exit
can show, so this is the bare counting. Appends to results/speed.jsonl and prints the README's table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import machine
import numpy as np
import tables

from linkage.central import kernels

sys.path.insert(0, str(Path(__file__).parent / "rivals"))
import environments

RIVALS = ("numkong_dots", "faiss_range")
BITS, ROUNDS = 1024, 5


def linkage(rows: int) -> dict:
    """All pairs through the threshold kernel, at a threshold that nothing reaches."""
    left, right = (np.random.default_rng(seed).integers(0, 2**64, (rows, BITS // 64), np.uint64) for seed in (1, 2))
    counts = [np.bitwise_count(side).sum(axis=1, dtype=np.uint32) for side in (left, right)]
    need = np.full(2 * BITS + 1, BITS, dtype=np.uint32)
    seconds = []
    for _ in range(ROUNDS + 1):  # the first is thrown away
        start = time.perf_counter()
        kernels.overlaps(left, right, counts[0], counts[1], need)
        seconds.append(time.perf_counter() - start)
    return {"pairs_per_second": round(rows * rows / statistics.median(seconds[1:])), "versions": machine.versions()}


def rival(name: str, rows: int) -> dict:
    """What a rival's script says."""
    script = environments.HERE / f"{name}.py"
    done = subprocess.run(
        [environments.python(name), script, str(rows)], capture_output=True, text=True, check=True, cwd=script.parent
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    rows = parser.parse_args().rows
    for name in ("linkage", *(name for name in RIVALS if environments.made(name))):
        measured = linkage(rows) if name == "linkage" else rival(name, rows)
        tables.append(tables.SPEED, {"method": name, "rows": rows} | measured | {"machine": machine.machine()})
    print(tables.speed(tables.read(tables.SPEED, key=("method",))))


if __name__ == "__main__":
    main()
