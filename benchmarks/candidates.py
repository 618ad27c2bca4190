"""What locality-sensitive hashing finds and costs beside all pairs, as the sets grow.

    python benchmarks/candidates.py [--rows 30000 100000] [--threshold 0.85] [--recall 0.99]

Invented births and children's centre registrations, six fields in one filter of 1,024 bits, so many records a side.
Exact pairs are those of a sample of the left records with all right ones, compared in the same run: the recall is the
share of these that LSH found. The exact seconds for all left records follow from those of the sample and of few of its
records, so that arranging the right side counts once. Processor seconds of the whole `lk.compare`, popcounts included,
on all cores; peak memory of the process, people included.
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

SAMPLE, FEW = 10_000, 1_000


def measured(rows: int, threshold: str, recall: str) -> dict:
    """One size."""
    left, right = compare_speed.sets(rows, "record")
    chosen = np.linspace(0, rows - 1, min(SAMPLE, rows)).astype(int)
    some, few = _of(left, chosen), _of(left, chosen[:: max(1, len(chosen) // FEW)])
    found, lsh_seconds = _timed(left, right, threshold, lk.LSH(recall=recall))
    exact, sample_seconds = _timed(some, right, threshold, None)
    few_seconds = _timed(few, right, threshold, None)[1]
    keys = found.left.astype(np.int64) << 32 | found.right
    wanted = chosen[exact.left].astype(np.int64) << 32 | exact.right
    a_row = (sample_seconds - few_seconds) / (len(some) - len(few))
    exact_seconds = few_seconds + a_row * (rows - len(few))
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


def _of(whole: lk.EncodedSet, chosen: np.ndarray) -> lk.EncodedSet:
    ids = whole.record_ids.to_pylist()
    words = {"record": whole.filters["record"][chosen]}
    return lk.EncodedSet.from_arrays([ids[row] for row in chosen], words, schema=whole.schema, source=whole.source)


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
