"""What a model costs: `fit` on 25,000 x 25,000 records, and `fit` and `predict` on 1,000,000 x 100,000.

    python benchmarks/model_cost.py [--rows 25000] [--large 1000000 100000] [--rounds 3]

Invented births and children's centre registrations, six fields, all cores, default memory. Each measurement is a
process of its own that reads the sets from files; reading them is not timed, and its peak is the kernel's account of
that process, the sets included. The smaller size runs several times: the median counts. --large 0 0 leaves the large
one out. Appends to results/model_cost.jsonl and prints the table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import compare_speed
import full_size
import machine
import model_tables
import tables

import linkage as lk

CHILD = """
import json, sys, time, warnings
from pathlib import Path
import linkage as lk
warnings.simplefilter("ignore", lk.LinkageWarning)
sets = [lk.EncodedSet.load(path) for path in sys.argv[1:]]
start = time.perf_counter()
model = lk.fit(*sets, progress=False)
fitted = time.perf_counter()
pairs = model.predict(*sets, progress=False)
done = time.perf_counter()
status = Path("/proc/self/status").read_text()
print(json.dumps({
    "fit_seconds": fitted - start, "predict_seconds": done - fitted, "pairs": len(pairs),
    "steps": model.steps, "converged": model.converged,
    "peak_bytes": int(status.partition("VmHWM:")[2].split()[0]) * 1024,
}))
"""


def first(records: lk.EncodedSet, rows: int) -> lk.EncodedSet:
    """The first so many records, which lie in the order of their random ids."""
    filters = {name: values[:rows] for name, values in records.filters.items()}
    ids = records.record_ids.slice(0, rows).to_pylist()
    return lk.EncodedSet.from_arrays(ids, filters, schema=records.schema, source=records.source)


def saved(rows: tuple[int, int], folder: Path) -> list[Path]:
    """Two files of so many records."""
    paths = []
    for records, n_rows in zip(compare_speed.sets(max(rows), "fields"), rows, strict=True):
        paths.append(folder / f"{records.source}-{n_rows}.parquet")
        first(records, n_rows).save(paths[-1])
    return paths


def measure(paths: list[Path]) -> dict:
    """One process."""
    done = subprocess.run([sys.executable, "-c", CHILD, *paths], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=full_size.COST_ROWS)
    parser.add_argument("--large", type=int, nargs=2, default=full_size.COST_LARGE, metavar=("LEFT", "RIGHT"))
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    lines = []
    for rows, rounds in (((wanted.rows, wanted.rows), wanted.rounds), (tuple(wanted.large), 1)):
        if not all(rows):
            continue
        with tempfile.TemporaryDirectory() as place:
            paths = saved(rows, Path(place))
            measured = [measure(paths) for _ in range(rounds)]
        seconds = {name: [each[name] for each in measured] for name in ("fit_seconds", "predict_seconds", "peak_bytes")}
        line = {
            "left": rows[0],
            "right": rows[1],
            "seed": compare_speed.SEED,
            "settings": {"rows": list(rows), "rounds": rounds},
            **measured[0],
            **{name: statistics.median(values) for name, values in seconds.items()},
            "rounds": seconds,
            "versions": machine.versions(),
            "machine": machine.machine(),
        }
        lines.append(line)
        tables.append(model_tables.COST, line)
        print(f"{rows[0]:,} x {rows[1]:,}: fit {line['fit_seconds']:.1f} s", flush=True)
    print("\n" + model_tables.cost(lines))


if __name__ == "__main__":
    main()
