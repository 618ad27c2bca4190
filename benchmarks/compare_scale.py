"""Whole commands, from two files of encoded sets to a file of pairs: time, peak memory, growth, threads.

    python benchmarks/compare_scale.py [--largest 1000000]

`linkage compare --threshold 0.85` on invented births and children's centre registrations, 1,024 bits. Sizes from 10,000
rows a side to the largest; the time of a pair and the peak memory of the process beside each. Then two threads
over one, in turns. Appends to results/compare_scale.jsonl and prints the README's table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import compare_speed
import compare_tables
import full_size
import machine
import results_kept

import linkage as lk

SIZES = (10_000, 30_000, 100_000, 200_000, full_size.COMPARED_MOST)
THREADS_ROWS, THREADS_ROUNDS, MOST_ROUNDS = 100_000, 5, 25
GROWTH_ROWS, GROWTH_ROUNDS = 300_000, 3  # above, the command's own figure tells
THRESHOLD = "0.85"
FLOOD_ROWS, FLOOD_THRESHOLDS = 30_000, ("0.70", "0.60", "0.55")  # memory must not follow the pairs


def files(sets: list[lk.EncodedSet], rows: int, folder: Path) -> list[str]:
    """The first so many records of each, saved."""
    made = []
    for each in sets:
        path = folder / f"{each.source}-{rows}.parquet"
        filters = {name: values[:rows] for name, values in each.filters.items()}
        ids = each.record_ids.slice(0, rows).to_pylist()
        lk.EncodedSet.from_arrays(ids, filters, schema=each.schema, source=each.source).save(path)
        made.append(str(path))
    return made


# the peak is the kernel's own account of this process alone: what wait4 gives counts the parent before exec too
CHILD = """
import json, sys, time
from pathlib import Path
from linkage import exitcodes
from linkage.cli import cli
start = time.perf_counter()
code = exitcodes.run(cli, sys.argv[1:])
took = time.perf_counter() - start
status = Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
print(json.dumps({"work_seconds": took, "peak_bytes": peak}))
sys.exit(code)
"""


def command(inputs: list[str], folder: Path, threshold: str = THRESHOLD) -> dict:
    """Seconds of the whole process and of its work, its peak bytes, and the pairs it wrote."""
    out = folder / "pairs.parquet"
    arguments = ["compare", *inputs, "--threshold", threshold, "-o", str(out), "--json"]
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", CHILD, *arguments], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - start
    said, measured = (json.loads(line) for line in done.stdout.splitlines())
    return {"seconds": round(seconds, 2), **measured, "found": said["pairs"], "file_bytes": out.stat().st_size}


def planned(sets: list[lk.EncodedSet], threshold: str) -> dict:
    """What `plan` says of the command."""
    found = lk.plan(*sets, threshold=threshold)
    return {"planned_seconds": round(found.seconds, 2), "planned_bytes": found.in_parts.memory}


def threads_ratio(sets: list[lk.EncodedSet]) -> dict:
    """How many times faster two threads are than one, in turns, and how busy the machine was with other things.

    The median of the rounds in which it was quiet: where others have the second core, two threads measure them.
    """
    rounds = []
    for _ in range(MOST_ROUNDS):
        with machine.share_of_others() as others:
            one, two = (compare_speed.ours(sets, "17/20", "", threads)[0] for threads in (1, 2))
        rounds.append({"ratio": round(one / two, 3), "others": others[0] if others else None})
        quiet = [each["ratio"] for each in rounds if each["others"] is None or each["others"] <= compare_tables.QUIET]
        if len(quiet) == THREADS_ROUNDS:
            break
    return {"ratio": round(statistics.median(quiet), 3) if quiet else None, "quiet": len(quiet), "rounds": rounds}


def nanoseconds_a_pair(sets: list[lk.EncodedSet], rows: int) -> float:
    """Of `compare` alone, on one thread."""
    seconds = [compare_speed.ours(sets, "17/20", "")[0] for _ in range(GROWTH_ROUNDS)]
    return round(statistics.median(seconds) / rows**2 * 1e9, 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    largest = parser.parse_args().largest
    lines = []
    whole = compare_speed.sets(largest, "record")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for rows in (size for size in SIZES if size <= largest):
            inputs = files(whole, rows, folder)
            measured = {"what": "command", **command(inputs, folder)}
            loaded = [lk.EncodedSet.load(path) for path in inputs]
            measured |= planned(loaded, THRESHOLD)
            measured["nanoseconds_a_pair"] = nanoseconds_a_pair(loaded, rows) if rows <= GROWTH_ROWS else None
            lines.append(measured | {"settings": {"rows": rows, "threshold": THRESHOLD, "bits": 1024}})
            for threshold in FLOOD_THRESHOLDS if rows == FLOOD_ROWS else ():
                flood = {"what": "command", **command(inputs, folder, threshold), "nanoseconds_a_pair": None}
                flood |= planned(loaded, threshold)
                lines.append(flood | {"settings": {"rows": rows, "threshold": threshold, "bits": 1024}})
            if rows == THREADS_ROWS:
                settings = {"rows": rows, "threshold": THRESHOLD, "rounds": THREADS_ROUNDS}
                lines.append({"what": "threads", **threads_ratio(loaded), "settings": settings})
    lines = [
        line | {"versions": machine.versions(), "seed": compare_speed.SEED, "machine": machine.machine()}
        for line in lines
    ]
    for line in lines:
        results_kept.append(compare_tables.SCALE, line)
    print(compare_tables.scale(lines))


if __name__ == "__main__":
    main()
