"""Match quality of `linkage` and its rivals: one command measures everything that the tables of quality show.

    python benchmarks/rivals/environments.py
    python benchmarks/quality.py [--seeds 3] [--people 6000] [--data "Febrl 4"] [--methods linkage splink_plain]
                                 [--kept 0.5 0.3 0.1 0.01]

`methods.py` says how each is run and judged, `paired.py` how far `linkage` is from Splink. Data sets of two tables are
measured whole and with shares of the partners taken out of the left one; Febrl 3 is one table with duplicates.
Appends to results/quality.jsonl for the main data sets, and to results/model.jsonl one line for every data set, as it
goes, then prints the tables as `tables.py` does, which takes no notice of fewer seeds, people or methods than the
defaults. What an environment is missing for is left out, said, and ends in failure.
"""

from __future__ import annotations

import argparse
import sys

import datasets
import environments
import full_size
import machine
import methods
import model_tables
import tables
from datasets import Trial
from methods import RIVALS, Found
from paired import Paired


def possible(data: str, methods: list[str], lacking: set[str]) -> list[str]:
    """The methods whose environments are there; says which are not, and adds them to ``lacking``."""
    needed = {"pseudopeople"} if data.startswith("pseudopeople") else set()
    missing = sorted(name for name in {*methods, *needed} - {"linkage"} if not environments.made(name))
    for name in missing:
        print(f"{data}: NO ENVIRONMENT for {name}; run benchmarks/rivals/environments.py", file=sys.stderr)
    lacking.update(missing)
    return [] if needed & set(missing) else [name for name in methods if name not in missing]


def measured(trial: Trial, names: list[str], failed: list[str]) -> dict[str, Found]:
    """What each method found; one that ends in an error is said, added to ``failed``, and does not stop the others."""
    found = {}
    for name in names:
        try:
            found[name] = methods.measure(name, trial)
        except RuntimeError as error:
            print(f"FAILED: {error}", file=sys.stderr, flush=True)
            failed.append(f"{name} on {trial.data}, seed {trial.seed}")
            continue
        row = found[name].row
        said = "refused" if "refused" in row else f"{row['f1']:.4f}, best {row['best_f1']:.4f}"
        print(f"{trial.data}, seed {trial.seed}, {name}: {said}", flush=True)
    return found


def kept(trial: Trial, found: dict[str, Found], about: dict) -> None:
    """One line a method of the data sets that the quality table shows."""
    facts = {
        "data": trial.data,
        "seed": trial.seed,
        "settings": dict(trial.settings),
        "data_versions": dict(trial.versions),
        "records": [side.table.num_rows for side in trial.sides],
        "true_pairs": len(trial.truth),
    }
    for method, each in found.items():
        tables.append(tables.QUALITY, facts | {"method": method} | each.row | {"machine": about})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=len(full_size.SEEDS))
    parser.add_argument("--people", type=int, default=full_size.PEOPLE, help="invented; others' data have their size")
    parser.add_argument("--data", default="", help="only data sets whose name begins so")
    parser.add_argument("--methods", nargs="+", default=["linkage", *RIVALS], choices=["linkage", *RIVALS])
    parser.add_argument("--kept", nargs="*", type=float, default=full_size.KEPT, help="shares of partners, beside all")
    wanted = parser.parse_args()
    about, lacking, failed = machine.machine(), set(), []
    for data, make in datasets.trials(range(1, wanted.seeds + 1), wanted.people, wanted.kept).items():
        if not data.startswith(wanted.data):
            continue
        there = possible(data, wanted.methods, lacking)
        paired = Paired()
        for trial in make() if there else ():
            found = measured(trial, there, failed)
            paired.add(trial, found)
            if data in full_size.DATA:
                kept(trial, found, about)
        line = paired.line()
        if line:
            tables.append(model_tables.MODEL, line | {"machine": about})
    print("\n" + tables.quality(tables.full_quality()))
    print("\n" + model_tables.model(model_tables.full_model()))
    if lacking or failed:
        sys.exit(
            f"NOT MEASURED, no environment for: {', '.join(sorted(lacking)) or 'none'}. Run"
            f" benchmarks/rivals/environments.py. FAILED: {'; '.join(failed) or 'none'}. Until a run has all of them,"
            " the README keeps the table of an earlier one."
        )


if __name__ == "__main__":
    main()
