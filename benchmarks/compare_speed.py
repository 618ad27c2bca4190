"""Pairs a second on realistic encodings, beside anonlink, numkong and faiss, in one run; one thread unless said.

    python benchmarks/compare_speed.py [--rows 20000] [--rounds 5]

Invented births and children's centre registrations, six fields in one filter of 1,024 bits (fill 0.34 on average).
Every round runs each method once, one after another; medians over the rounds. What is timed is the whole of
`lk.compare`, popcounts and arranging included; rivals are timed as rivals/speed.py says, in their own environments.
Appends to results/compare.jsonl and prints the README's table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from fractions import Fraction
from pathlib import Path

import machine
import numpy as np
import tables

import linkage as lk
from linkage import study
from linkage.central import kernels
from linkage.central.contenders import LINK_FLOOR_BITS, UNIT, prior_bits
from linkage.central.estimate import starting_point
from linkage.central.fitting import in_units
from linkage.central.kernels import ComparisonPlan, Product
from linkage.central.levels import comparisons, kernel_plan, sides
from linkage.central.thresholds import least_overlap

sys.path.insert(0, str(Path(__file__).parent / "rivals"))
import environments

RESULTS = tables.RESULTS / "compare.jsonl"
SOURCES = ("registry", "childrens_centre")
FIELDS = ("given_name", "surname", "dob", "sex", "address", "postcode")
THRESHOLDS = ("4/5", "17/20", "9/10")
SEED = 1
RIVALS = {"anonlink_dice": "anonlink_clk", "numkong_dots": "numkong_dots", "faiss_range": "faiss_range"}
COARSE = tuple(Fraction(cut) for cut in ("1/2", "7/10", "9/10"))  # with missing and differs, five levels
FIELD_ROWS = {True: (2_048, 16_384), False: (128, 16_384)}


def schema(layout: str) -> lk.Schema:
    preset = lk.Schema.preset("uk-person", project="speed")
    return lk.Schema(
        project="speed", layout=layout, fields=tuple(field for field in preset.fields if field.name in FIELDS)
    )


def sets(rows: int, layout: str) -> list[lk.EncodedSet]:
    """Two agencies' records, so many each."""
    people = study.invent(int(rows * 1.75) + 500, seed=SEED)
    key = lk.Key(np.random.default_rng(SEED).bytes(32))
    agreed = schema(layout)
    made = []
    for name in SOURCES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", lk.LinkageWarning)
            whole = lk.encode(
                people[name], agreed, key, id=people.ids[name], source=name, columns=people.held(name, agreed)
            )
        ids = whole.record_ids.to_pylist()[:rows]
        filters = {filter: values[:rows] for filter, values in whole.filters.items()}
        assert len(ids) == rows
        made.append(lk.EncodedSet.from_arrays(ids, filters, schema=agreed, source=name))
    return made


def ours(given: list[lk.EncodedSet], threshold: str, kernel: str, threads: int = 1) -> tuple[float, int]:
    os.environ["LINKAGE_KERNEL"] = kernel  # empty: the best there is
    for each in given:
        each.__dict__.pop("popcounts", None)  # counted within the time
    start = time.perf_counter()
    pairs = lk.compare(*given, threshold=threshold, threads=threads)
    return time.perf_counter() - start, len(pairs)


def rival(name: str, files: list[Path], threshold: str, **environment: str) -> dict:
    script = environments.HERE / f"{name}.py"
    done = subprocess.run(
        [environments.python(RIVALS[name]), script, *files, threshold],
        capture_output=True, text=True, check=True, cwd=script.parent, env={**os.environ, **environment},
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def compared(rows: int, rounds: int) -> list[dict]:
    """Every method at every threshold."""
    given = sets(rows, "record")
    fill = float(np.mean([each.popcounts["record"].mean() for each in given]) / 1024)
    seconds: dict[tuple[str, str, int], list[float]] = {}
    found: dict[tuple[str, str, int], int] = {}
    versions: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.npy" for name in SOURCES]
        for each, path in zip(given, files, strict=True):
            np.save(path, np.ascontiguousarray(each.filters["record"]).view(np.uint8))
        for turn in range(rounds):
            for threshold in THRESHOLDS:
                for kernel in kernels.available():
                    if kernel == "portable" and turn:
                        continue  # a minute each
                    for threads in (1, 2) if kernel == kernels.available()[0] else (1,):
                        key = (f"linkage, {kernel}", threshold, threads)
                        took, found[key] = ours(given, threshold, kernel, threads)
                        seconds.setdefault(key, []).append(took)
                for name in RIVALS:
                    if not environments.made(RIVALS[name]):
                        raise SystemExit(f"{name}: run benchmarks/rivals/environments.py {RIVALS[name]} first")
                    for label, setting in _variants(name):
                        key = (label, threshold, 1)
                        said = rival(name, files, threshold, **setting)
                        seconds.setdefault(key, []).append(said["seconds"])
                        found[key], versions[label] = said["found"], said["versions"]
    settings = {"rows": rows, "rounds": rounds, "bits": 1024, "fill": round(fill, 3), "fields": list(FIELDS)}
    return [
        {
            "what": "threshold",
            "method": method,
            "threshold": threshold,
            "threads": threads,
            "million_pairs_per_second": round(rows * rows / statistics.median(took) / 1e6, 1),
            "found": found[method, threshold, threads],
            "versions": versions_of(method) | versions.get(method, {}),
            "settings": settings,
            "seed": SEED,
            "machine": machine.machine(),
        }
        for (method, threshold, threads), took in seconds.items()
    ]


def _variants(name: str) -> list[tuple[str, dict[str, str]]]:
    if name != "numkong_dots":
        return [(name.partition("_")[0], {})]
    return [("numkong", {}), ("numkong, counting only", {"NUMKONG_COUNT_ONLY": "1"})]


def by_fields(rounds: int) -> list[dict]:
    """The joint histogram of six fields at five levels, and the contender pass at eight, in tiles of a run's size."""
    given = sets(FIELD_ROWS[True][1], "fields")
    plan = comparisons(given[0].schema)
    whole = kernel_plan(plan)
    bits = [item.bits for item in plan]
    coarse = ComparisonPlan.of_products(
        tuple(Product(i, i, np.stack([least_overlap(cut, n_bits=n) for cut in COARSE])) for i, n in enumerate(bits))
    )
    lines = []
    for kernel in kernels.available():
        os.environ["LINKAGE_KERNEL"] = kernel  # empty: the best there is
        n, m = FIELD_ROWS[kernel != "portable"]
        lefts = tuple(rows.slice(0, n) for rows in sides(given[0], plan))
        rights = kernels.arrange(sides(given[1], plan))
        weights = in_units(starting_point(kernels.level_counts(lefts, rights, whole), n, m))
        bound = int((LINK_FLOOR_BITS - prior_bits(0.5 * n, n, m)) * UNIT)
        took: dict[str, list[float]] = {"joint histogram": [], "contenders": []}
        for _ in range(rounds if kernel != "portable" else 1):
            start = time.perf_counter()
            kernels.joint_counts(lefts, rights, coarse, (tuple(range(len(bits))),))
            middle = time.perf_counter()
            kernels.heavy_pairs(lefts, rights, whole, weights, (None,) * len(bits), bound, room=n * m)
            took["joint histogram"].append(middle - start)
            took["contenders"].append(time.perf_counter() - middle)
        lines += [
            {
                "what": what,
                "method": f"linkage, {kernel}",
                "threads": 1,
                "million_pairs_per_second": round(n * m / statistics.median(seconds) / 1e6, 1),
                "versions": versions_of(f"linkage, {kernel}"),
                "settings": {"rows": [n, m], "rounds": len(seconds), "bits": bits, "cells": 5 ** len(bits)},
                "seed": SEED,
                "machine": machine.machine(),
            }
            for what, seconds in took.items()
        ]
    return lines


def versions_of(method: str) -> dict[str, str]:
    """Of what made the encodings, and of ours the kernel that was forced, not the one forced last."""
    kernel = {"kernel": method.removeprefix("linkage, ")} if method.startswith("linkage, ") else {}
    return {name: value for name, value in machine.versions().items() if name != "kernel"} | kernel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    lines = [*compared(given.rows, given.rounds), *by_fields(given.rounds)]
    for line in lines:
        tables.append(RESULTS, line)
    print(tables.speed(lines))


if __name__ == "__main__":
    main()
