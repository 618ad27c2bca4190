"""Match quality of `linkage` and its rivals: one command measures everything the quality table shows.

    python benchmarks/rivals/environments.py
    python benchmarks/quality.py [--seeds 3] [--people 6000] [--data "Febrl 4"] [--methods linkage splink_plain]

`linkage` is one call of `lk.link` with its defaults. Rivals get the fields as `linkage` cleans them (case, diacritics,
date and sex as one form, placeholders empty): better than they would come. Each is judged at the cut that someone
without truth would use and at the best cut, which takes the truth to find: every score that a method gave is tried.
Appends to results/quality.jsonl as it goes, then prints the table as `tables.py` does, which takes no notice of fewer
seeds, people or methods than the defaults. What an environment is missing for is left out, said, and ends in failure.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import datasets
import environments
import exchange
import full_size
import judge
import machine
import pyarrow as pa
import tables
from datasets import Side, Trial
from pyarrow import csv

import linkage as lk
from linkage.agency.normalise import cleaner
from linkage.agency.rejoin import hashed_ids

RIVALS = ("anonlink_clk", "recordlinkage_ecm", "splink_plain")
PROJECT = "benchmark"
SCORED = ("left_id", "right_id", "probability")
LOWEST = 0.001  # probability: below it no cut is best


def linkage(trial: Trial) -> dict:
    """One call with the defaults; then the probability that is best in hindsight, found as a rival's best score is."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        sets = encoded(trial)
        links = lk.link(*sets, progress=False)
        seconds = time.perf_counter() - start
        pairs = lk.fit(*sets, progress=False).predict(*sets, probability=LOWEST, progress=False).to_arrow()
    at_default = judged(links, trial, 0.5)
    chosen = exchange.one_to_one(zip(*(pairs[name].to_pylist() for name in SCORED), strict=True))
    best = max(at_default, judge.best(chosen, hashed(trial)))
    return row(at_default, best, seconds, machine.versions())


def hashed(trial: Trial) -> judge.Truth:
    """The true pairs by the record ids of the encoded sets."""
    key = datasets.key(trial.seed)
    columns = zip(*sorted(trial.truth), strict=True)
    ids = [
        hashed_ids(pa.chunked_array([list(own)]), key, project=PROJECT, source=side.source, column=side.id).to_pylist()
        for side, own in zip((trial.left, trial.right), columns, strict=True)
    ]
    return frozenset(zip(*ids, strict=True))


def encoded(trial: Trial) -> list[lk.EncodedSet]:
    schema = lk.Schema(project=PROJECT, fields=trial.fields)
    key = datasets.key(trial.seed)
    return [
        lk.encode(side.table, schema, key, id=side.id, source=side.source, columns=side.columns, progress=False)
        for side in (trial.left, trial.right)
    ]


def judged(links: lk.Links, trial: Trial, cut: float) -> judge.Judged:
    left, right = zip(*sorted(trial.truth), strict=True)
    truth = pa.table({"left_id": left, "right_id": right})
    sources = (trial.left.source, trial.right.source)
    done = lk.evaluate(links, truth, key=datasets.key(trial.seed), sources=sources)
    hits = done.true_positives
    return judge.judged(hits, hits + done.false_positives, hits + done.false_negatives, cut)


def rival(name: str, trial: Trial) -> dict:
    """A rival in its own environment, on cleaned CSV files; its seconds are those of the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / file for file in ("left.csv", "right.csv", "fields.json", "pairs.csv")]
        csv.write_csv(cleaned(trial.left, trial.fields), paths[0])
        csv.write_csv(cleaned(trial.right, trial.fields), paths[1])
        paths[2].write_text(json.dumps({field.name: field.type for field in trial.fields}), encoding="utf-8")
        script = Path(environments.__file__).parent / f"{name}.py"
        start = time.perf_counter()
        done = subprocess.run(
            [environments.python(name), script, *paths],
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(f"{name} on {trial.data}, seed {trial.seed}:\n{done.stderr}")
        said = json.loads(done.stdout.splitlines()[-1])
        pairs = scored(paths[3])
    cut = said["default_cut"]
    return row(judge.at(pairs, trial.truth, cut), judge.best(pairs, trial.truth), seconds, said["versions"])


def cleaned(side: Side, fields: tuple[lk.Field, ...]) -> pa.Table:
    """The fields in the form that `linkage` compares, empty where it sees a value as missing."""
    columns = {"id": side.table[side.id]}
    for field in fields:
        clean = cleaner(field)
        values = side.table[side.columns[field.name]].to_pylist()
        columns[field.name] = pa.array([clean(value).value if value else "" for value in values], pa.string())
    return pa.table(columns)


def scored(path: Path) -> list[judge.Pair]:
    table = datasets.read(path)
    return [
        (left, right, float(score))
        for left, right, score in zip(*(table[name].to_pylist() for name in table.column_names), strict=True)
    ]


def row(default: judge.Judged, best: judge.Judged, seconds: float, versions: dict[str, str]) -> dict:
    measures = {name: getattr(default, name) for name in ("precision", "recall", "f1", "cut")}
    measures |= {f"best_{name}": getattr(best, name) for name in ("precision", "recall", "f1", "cut")}
    return measures | {"seconds": round(seconds, 2), "versions": versions}


def possible(data: str, methods: list[str], lacking: set[str]) -> list[str]:
    """The methods whose environments are there; says which are not, and adds them to ``lacking``."""
    needed = {"pseudopeople"} if data.startswith("pseudopeople") else set()
    missing = sorted(name for name in {*methods, *needed} - {"linkage"} if not environments.made(name))
    for name in missing:
        print(f"{data}: NO ENVIRONMENT for {name}; run benchmarks/rivals/environments.py", file=sys.stderr)
    lacking.update(missing)
    return [] if needed & set(missing) else [name for name in methods if name not in missing]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=len(full_size.SEEDS))
    parser.add_argument("--people", type=int, default=full_size.PEOPLE, help="invented; others' data have their size")
    parser.add_argument("--data", default="", help="only data sets whose name begins so")
    parser.add_argument("--methods", nargs="+", default=["linkage", *RIVALS], choices=["linkage", *RIVALS])
    wanted = parser.parse_args()
    about, lacking = machine.machine(), set()
    for data, make in datasets.trials(range(1, wanted.seeds + 1), wanted.people).items():
        if not data.startswith(wanted.data):
            continue
        methods = possible(data, wanted.methods, lacking)
        for trial in make() if methods else ():
            facts = {
                "data": data,
                "seed": trial.seed,
                "settings": dict(trial.settings),
                "data_versions": dict(trial.versions),
                "records": [trial.left.table.num_rows, trial.right.table.num_rows],
                "true_pairs": len(trial.truth),
            }
            for method in methods:
                measured = linkage(trial) if method == "linkage" else rival(method, trial)
                line = facts | {"method": method} | measured | {"machine": about}
                tables.append(tables.QUALITY, line)
                print(f"{data}, seed {trial.seed}, {method}: {line['f1']:.4f}, best {line['best_f1']:.4f}", flush=True)
    print("\n" + tables.quality(tables.full_quality()))
    if lacking:
        sys.exit(
            f"NOT MEASURED, no environment for: {', '.join(sorted(lacking))}. Run benchmarks/rivals/environments.py;"
            " until a run has all of them, the README keeps the table of an earlier one."
        )


if __name__ == "__main__":
    main()
