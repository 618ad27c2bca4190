"""Whether the key, or where estimation starts, decides how good links are: default F1 under ten keys, from ten starts.

    python benchmarks/stability.py [--keys 10] [--people 6000] [--data "Febrl 4"]

The records of seed 1, encoded anew under each key, one call of `lk.link`, no truth. Of one table the same. Estimation
has one start, the same for everyone; here nine others are put in its place, with each field's m of equal values drawn
from 0.6 to 0.95 and the matches from a tenth to nearly all. Appends to results/stability.jsonl and
prints the spread; of fewer keys or people than the defaults the README's table takes no notice.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import replace
from functools import partial

import datasets
import full_size
import judge
import machine
import methods
import model_tables
import numpy as np
import quality
import tables
from datasets import Trial

import linkage as lk
from linkage.central.modelling import fitting
from linkage.central.modelling.estimate import Parameters

KEYS_FROM = 500  # other keys than the seeds' own


def default_f1(trial: Trial, number: int) -> float:
    """One call under one key; nothing found if it refuses."""
    keyed = replace(trial, seed=number)  # the records stay, the key is the number's
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        try:
            links = lk.link(*methods.encoded(keyed, datasets.key(number)), progress=False)
        except lk.LinkageError:
            return 0.0
    return judge.at(methods.from_links(links, keyed, methods.own_ids(keyed)), trial.truth, 0.0).f1


def f1_from(trial: Trial, start: int) -> float:
    """One call under the first key, from the library's own start (0) or another."""
    own = fitting.starting_point
    if start:
        fitting.starting_point = partial(another_start, start)
    try:
        return default_f1(trial, KEYS_FROM)
    finally:
        fitting.starting_point = own


def another_start(
    number: int, totals: tuple[np.ndarray, ...], n_rows: int, n_columns: int, homes: tuple[int, ...]
) -> Parameters:
    """u as all pairs show it; m, the number of matches and who moved drawn at random."""
    rng = np.random.default_rng(number)
    matches = rng.uniform(0.1, 0.95) * min(n_rows, n_columns)
    u = [(total + 0.5) / (total.sum() + 0.5 * len(total)) for total in totals]
    m = []
    for share in u:
        equal, rising = rng.uniform(0.6, 0.95), 2.0 ** np.arange(len(share) - 1)
        present = (1 - equal) * rising / rising.sum()
        present[-1] += equal
        m.append(np.concatenate([share[:1], present * (1 - share[0])]))
    moved = rng.uniform(0.02, 0.4) if homes else 0.0
    return Parameters(tuple(m), tuple(u), tuple(u), matches, 0.0, homes, moved)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=full_size.KEYS, help="and starts")
    parser.add_argument("--people", type=int, default=full_size.PEOPLE)
    parser.add_argument("--data", default="", help="only data sets whose name begins so")
    wanted = parser.parse_args()
    lacking: set[str] = set()
    lines = []
    for data, make in datasets.trials(full_size.SEEDS[:1], wanted.people).items():
        if not data.startswith(wanted.data) or not quality.possible(data, ["linkage"], lacking):
            continue
        for trial in make():
            scores = [default_f1(trial, KEYS_FROM + number) for number in range(wanted.keys)]
            started = [f1_from(trial, start) for start in range(wanted.keys)]
            lines.append(
                {
                    "data": data,
                    "seed": trial.seed,
                    "settings": dict(trial.settings) | {"keys": wanted.keys},
                    "f1": scores,
                    "f1_by_start": started,
                    "versions": machine.versions(),
                    "data_versions": dict(trial.versions),
                    "machine": machine.machine(),
                }
            )
            tables.append(model_tables.STABILITY, lines[-1])
            print(
                f"{data}: spread over keys {max(scores) - min(scores):.4f}, starts {max(started) - min(started):.4f}",
                flush=True,
            )
    print("\n" + model_tables.stability(lines))
    if lacking:
        sys.exit("NOT MEASURED, no environment for pseudopeople: run benchmarks/rivals/environments.py")


if __name__ == "__main__":
    main()
