"""What not knowing the truth costs where few records have a partner: default F1 beside a model told m and u.

    python benchmarks/informed.py [--seeds 3] [--people 6000] [--data "Febrl 4"] [--kept 0.3 0.1 0.01]

The told model is the same one, its m counted on the true pairs and its u on all others, level by level; how many
matches to expect it finds itself, as the default does. The class of households stays as it was fitted, or is left out:
whichever gives the higher F1, so that the bar is no lower for a class that went wrong. Where the library refuses to
answer (`LinkageError`) the line says so, with F1 null. Appends to results/informed.jsonl; of fewer people or seeds
than the defaults the README's table takes no notice.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from contextlib import suppress
from dataclasses import replace

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
from numpy.typing import NDArray

import linkage as lk
from linkage.central import kernels
from linkage.central.modelling.fitting import level_totals
from linkage.central.modelling.levels import comparisons, kernel_plan, sides
from linkage.central.modelling.model import FieldWeights, Model

IMAGINED = 0.5  # pairs of each level, so that one that was not seen has a finite weight


def measure(trial: Trial) -> dict:
    """Default F1, None where refused, and that of the told model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        sets = methods.encoded(trial, datasets.key(trial.seed))
        known = methods.own_ids(trial)

        def f1(model: Model | None) -> float:
            links = lk.link(*sets, model=model, progress=False)
            return judge.at(methods.from_links(links, trial, known), trial.truth, 0.0).f1

        fitted, default = None, None
        with suppress(lk.LinkageError):
            fitted = lk.fit(*sets, progress=False)
            default = f1(None)
        return {"f1": default, "informed_f1": max(f1(model) for model in told(fitted, sets, trial, known))}


def told(
    fitted: Model | None, sets: list[lk.EncodedSet], trial: Trial, known: dict[tuple[str, str], str]
) -> list[Model]:
    """The model with m and u from truth: without households, and with those that were fitted."""
    plan = comparisons(sets[0].schema)
    m, u = true_shares(sets, rows_of(sets, trial, known))
    bare = Model(
        schema=sets[0].schema,
        fields=tuple(
            FieldWeights(each, tuple(own.tolist()), tuple(other.tolist()), tuple(other.tolist()))
            for each, own, other in zip(plan, m, u, strict=True)
        ),
        matches=float(len(trial.truth)),
        households=0.0,
        steps=0,
        converged=True,
    )
    if fitted is None:
        return [bare]
    fields = (replace(item, m=own.m, u=own.u) for item, own in zip(fitted.fields, bare.fields, strict=True))
    # its m is counted on all matches, those who moved among them
    return [bare, replace(fitted, fields=tuple(fields), matches=bare.matches, moved=0.0)]


def rows_of(
    sets: list[lk.EncodedSet], trial: Trial, known: dict[tuple[str, str], str]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The true pairs as rows of the two sets."""
    places = [{known[each.source, name]: row for row, name in enumerate(each.record_ids.to_pylist())} for each in sets]
    pairs = sorted((places[0][left], places[1][right]) for left, right in trial.truth)
    rows, columns = np.array(pairs, dtype=np.int32).reshape(-1, 2).T
    return np.ascontiguousarray(rows), np.ascontiguousarray(columns)


def true_shares(
    sets: list[lk.EncodedSet], pairs: tuple[NDArray[np.int32], NDArray[np.int32]]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Of each comparison the share of each level among true pairs, and among all others."""
    plan = comparisons(sets[0].schema)
    kernel, (lefts, rights) = kernel_plan(plan), (sides(each, plan) for each in sets)
    levels = kernels.pair_levels(lefts, rights, *pairs, kernel)
    m, u = [], []
    totals = level_totals(lefts, rights, kernel, executor=None, threads=None, memory=1 << 30, progress=False)
    for index, total in enumerate(totals):
        true = np.bincount(levels[:, index], minlength=len(total))
        for out, count in ((m, true), (u, total - true)):
            out.append((count + IMAGINED) / (count.sum() + IMAGINED * len(total)))
    return m, u


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=len(full_size.SEEDS))
    parser.add_argument("--people", type=int, default=full_size.PEOPLE)
    parser.add_argument("--data", default="", help="only data sets whose name begins so")
    parser.add_argument("--kept", nargs="+", type=float, default=full_size.KEPT[1:], help="shares of partners")
    wanted = parser.parse_args()
    lacking: set[str] = set()
    lines = []
    for data, make in datasets.trials(range(1, wanted.seeds + 1), wanted.people, wanted.kept).items():
        if not data.startswith(wanted.data) or not data.endswith("% of partners"):
            continue
        for trial in make() if quality.possible(data, ["linkage"], lacking) else ():
            lines.append(
                {
                    "data": data,
                    "seed": trial.seed,
                    "settings": dict(trial.settings),
                    "true_pairs": len(trial.truth),
                    **measure(trial),
                    "versions": machine.versions(),
                    "data_versions": dict(trial.versions),
                    "machine": machine.machine(),
                }
            )
            tables.append(model_tables.INFORMED, lines[-1])
            said = "refused" if lines[-1]["f1"] is None else f"{lines[-1]['f1']:.3f}"
            print(f"{data}, seed {trial.seed}: {said}, told {lines[-1]['informed_f1']:.3f}", flush=True)
    print("\n" + model_tables.informed(lines))
    if lacking:
        sys.exit("NOT MEASURED, no environment for pseudopeople: run benchmarks/rivals/environments.py")


if __name__ == "__main__":
    main()
