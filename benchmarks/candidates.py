"""What locality-sensitive hashing finds and costs beside all pairs, as the sets grow.

    python benchmarks/candidates.py [--rows 30000 100000] [--threshold 0.85] [--recall 0.99]

Invented births and children's centre registrations, six fields in one filter of 1,024 bits, so many records a side.
Exact pairs are those of a sample of the left records with all right ones, compared in the same run: the recall is the
share of these that LSH found, and the exact seconds are the sample's times the records over the sample's. Processor
seconds of the whole `lk.compare`, popcounts included, on all cores; peak memory of the process, people included.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import time

import compare_speed
import machine
import numpy as np

import linkage as lk

SAMPLE = 10_000


def measured(rows: int, threshold: str, recall: str) -> dict:
    """One size."""
    left, right = compare_speed.sets(rows, "record")
    chosen = np.linspace(0, rows - 1, min(SAMPLE, rows)).astype(int)
    ids = left.record_ids.to_pylist()
    some = lk.EncodedSet.from_arrays(
        [ids[row] for row in chosen],
        {"record": left.filters["record"][chosen]},
        schema=left.schema,
        source=left.source,
    )
    found, lsh_seconds = _timed(left, right, threshold, lk.LSH(recall=recall))
    exact, sample_seconds = _timed(some, right, threshold, None)
    keys = found.left.astype(np.int64) << 32 | found.right
    wanted = chosen[exact.left].astype(np.int64) << 32 | exact.right
    exact_seconds = sample_seconds * rows / len(chosen)
    return {
        "rows": rows,
        "threshold": threshold,
        "recall_asked": recall,
        "pairs": len(found),
        "sampled_exact_pairs": len(exact),
        "recall": float(np.isin(wanted, keys).mean()),
        "lsh_cpu_seconds": round(lsh_seconds, 2),
        "exact_cpu_seconds_from_sample": round(exact_seconds, 2),
        "times_faster": round(exact_seconds / lsh_seconds, 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def _timed(left: lk.EncodedSet, right: lk.EncodedSet, threshold: str, how: lk.LSH | None) -> tuple[lk.Pairs, float]:
    for each in (left, right):
        each.__dict__.pop("popcounts", None)  # counted within the time
    start = time.process_time()
    pairs = lk.compare(left, right, threshold=threshold, candidates=how, memory=2 << 30)
    return pairs, time.process_time() - start


def main() -> None:
    """Print one line of JSON a size, and how the cost grows from each to the next."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[30_000, 100_000])
    parser.add_argument("--threshold", default="0.85")
    parser.add_argument("--recall", default="0.99")
    options = parser.parse_args()
    print(json.dumps(machine.machine()))
    before = None
    for rows in options.rows:
        now = measured(rows, options.threshold, options.recall)
        if before:
            growth = math.log(now["lsh_cpu_seconds"] / before["lsh_cpu_seconds"])
            now["exponent"] = round(growth / math.log(rows / before["rows"]), 2)
        print(json.dumps(now), flush=True)
        before = now


if __name__ == "__main__":
    main()
