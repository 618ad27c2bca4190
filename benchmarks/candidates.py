"""What candidates find and cost beside all pairs, as the sets grow: by the preset's blocks, and by LSH.

    python benchmarks/candidates.py [--rows 100000 300000 1000000 3000000] [--threshold 0.85] [--recall 0.99]

Invented births and children's centre registrations, six fields in one filter of 1,024 bits, so many records a side.
Exact pairs are those of a sample of the left records with all right ones, compared in the same run: the recall is the
share of these that the candidates found. The exact seconds for all left records follow from those of the sample and of
few of its records, so that arranging the right side counts once. Processor seconds of the whole `lk.compare`, popcounts
included, on all cores; peak memory of the process, people included. Appends to results/candidates.jsonl.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import time

import compare_speed
import full_size
import machine
import numpy as np
import results_kept

import linkage as lk
from linkage.block import standard_blocks

SAMPLE, FEW = 10_000, 1_000
RESULT = results_kept.RESULTS / "candidates.jsonl"


def measured(rows: int, threshold: str, recall: str) -> list[dict]:
    """One size, by both ways."""
    left, right = compare_speed.sets(rows, "record", blocks=standard_blocks(compare_speed.schema("record").fields))
    chosen = np.linspace(0, rows - 1, min(SAMPLE, rows)).astype(int)
    some, few = _of(left, chosen), _of(left, chosen[:: max(1, len(chosen) // FEW)])
    exact, sample_seconds = _timed(some, right, threshold, None)
    few_seconds = _timed(few, right, threshold, None)[1]
    wanted = chosen[exact.left].astype(np.int64) << 32 | exact.right
    a_row = (sample_seconds - few_seconds) / (len(some) - len(few))
    exact_seconds = few_seconds + a_row * (rows - len(few))
    lines = []
    for name, way in (("blocks", lk.Blocks()), ("LSH", lk.LSH(recall=recall))):
        found, seconds = _timed(left, right, threshold, way)
        keys = found.left.astype(np.int64) << 32 | found.right
        lines.append({
            "way": name,
            "rows": rows,
            "threshold": threshold,
            "recall_asked": recall if name == "LSH" else None,
            "pairs": len(found),
            "sampled_exact_pairs": len(exact),
            "recall": float(np.isin(wanted, keys).mean()),
            "recall_told": found.recall,
            "cpu_seconds": round(seconds, 2),
            "exact_cpu_seconds_from_sample": round(exact_seconds, 2),
            "times_faster": round(exact_seconds / seconds, 2),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        })  # fmt: skip
    return lines


def _of(whole: lk.EncodedSet, chosen: np.ndarray) -> lk.EncodedSet:
    ids = whole.record_ids.to_pylist()
    words = {"record": whole.filters["record"][chosen]}
    blocks = {name: keys[chosen] for name, keys in whole.blocks.items()}
    return lk.EncodedSet.from_arrays(
        [ids[row] for row in chosen], words, schema=whole.schema, source=whole.source, blocks=blocks
    )


def _timed(
    left: lk.EncodedSet, right: lk.EncodedSet, threshold: str, how: lk.LSH | lk.Blocks | None
) -> tuple[lk.Pairs, float]:
    for each in (left, right):
        each.__dict__.pop("popcounts", None)  # counted within the time
    start = time.process_time()
    pairs = lk.compare(left, right, threshold=threshold, candidates=how, memory=2 << 30)
    return pairs, time.process_time() - start


def main() -> None:
    """Print one line of JSON a size, and how the cost grows from each to the next."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=list(full_size.CANDIDATE_ROWS))
    parser.add_argument("--threshold", default="0.85")
    parser.add_argument("--recall", default="0.99")
    options = parser.parse_args()
    before: dict[str, dict] = {}
    for rows in options.rows:
        for now in measured(rows, options.threshold, options.recall):
            if now["way"] in before:
                last = before[now["way"]]
                growth = math.log(now["cpu_seconds"] / last["cpu_seconds"])
                now["exponent"] = round(growth / math.log(rows / last["rows"]), 2)
            settings = {"rows": rows, "threshold": options.threshold, "recall": options.recall, "sample": SAMPLE}
            about = {"settings": settings, "seed": compare_speed.SEED, "versions": machine.versions()}
            results_kept.append(RESULT, {"name": "candidates", **now, **about, "machine": machine.machine()})
            print(json.dumps(now), flush=True)
            before[now["way"]] = now


if __name__ == "__main__":
    main()
