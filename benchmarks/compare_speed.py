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

import compare_tables
import full_size
import machine
import numpy as np
import results_kept

import linkage as lk
from linkage import study
from linkage.central import kernels
from linkage.central.contenders import LINK_FLOOR_BITS, UNIT, prior_bits
from linkage.central.kernels import ComparisonPlan, Product
from linkage.central.modelling.estimate import starting_point
from linkage.central.modelling.fitting import in_units
from linkage.central.modelling.levels import comparisons, kernel_plan, sides
from linkage.central.thresholds import least_overlap

sys.path.insert(0, str(Path(__file__).parent / "rivals"))
import environments

SOURCES = ("registry", "childrens_centre")
FIELDS = ("given_name", "surname", "dob", "sex", "address", "postcode")
THRESHOLDS = ("4/5", "17/20", "9/10")
SEED = 1
RIVALS = {"anonlink_dice": "anonlink_clk", "numkong_dots": "numkong_dots", "faiss_range": "faiss_range"}
# with missing and differs, five levels, and eight: six fields of eight are all the cells that are allowed
CUTS = {
    "joint histogram": ("1/2", "7/10", "9/10"),
    "joint histogram, most cells": ("1/2", "3/5", "7/10", "4/5", "9/10", "1"),
}
FIELD_ROWS = {True: (4_096, 16_384), False: (128, 16_384)}


def schema(layout: str, *, blocks: tuple[lk.Block, ...] = ()) -> lk.Schema:
    preset = lk.Schema.preset("uk-person", project="speed")
    return lk.Schema(
        project="speed",
        layout=layout,
        fields=tuple(field for field in preset.fields if field.name in FIELDS),
        blocks=blocks,
    )


def sets(rows: int, layout: str, *, blocks: tuple[lk.Block, ...] = ()) -> list[lk.EncodedSet]:
    """Two agencies' records, so many each."""
    people = study.invent(int(rows * 1.75) + 500, seed=SEED)
    key = lk.Key(np.random.default_rng(SEED).bytes(32))
    agreed = schema(layout, blocks=blocks)
    made = []
    for name in SOURCES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", lk.LinkageWarning)
            whole = lk.encode(
                people[name], agreed, key, id=people.ids[name], source=name, columns=people.held(name, agreed),
                memory=4 << 30,
            )  # fmt: skip
        ids = whole.record_ids.to_pylist()[:rows]
        filters = {filter: values[:rows] for filter, values in whole.filters.items()}
        assert len(ids) == rows
        keys = {block: values[:rows] for block, values in whole.blocks.items()}
        made.append(lk.EncodedSet.from_arrays(ids, filters, schema=agreed, source=name, blocks=keys))
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
        for _ in range(rounds):
            for threshold in THRESHOLDS:
                for kernel in kernels.available():
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
    """Joint histograms of six fields, and the contender pass at eight levels, in tiles of a run's size."""
    given = sets(FIELD_ROWS[True][1], "fields")
    plan = comparisons(given[0].schema)
    whole = kernel_plan(plan)
    bits = [item.bits for item in plan]
    group = (tuple(range(len(bits))),)
    coarse = {what: _by_cuts(cuts, bits) for what, cuts in CUTS.items()}
    lines = []
    for kernel in kernels.available():
        os.environ["LINKAGE_KERNEL"] = kernel  # empty: the best there is
        n, m = FIELD_ROWS[kernel != "portable"]
        lefts = tuple(rows.slice(0, n) for rows in sides(given[0], plan))
        rights = kernels.arrange(sides(given[1], plan))
        weights = in_units(starting_point(kernels.level_counts(lefts, rights, whole), n, m))
        bound = int((LINK_FLOOR_BITS - prior_bits(0.5 * n, n, m)) * UNIT)
        took: dict[str, list[float]] = {}
        for _ in range(rounds):
            for what, histogram in coarse.items():
                start = time.perf_counter()
                kernels.joint_counts(lefts, rights, histogram, group)
                took.setdefault(what, []).append(time.perf_counter() - start)
            start = time.perf_counter()
            kernels.heavy_pairs(lefts, rights, whole, weights, (None,) * len(bits), bound, room=n * m)
            took.setdefault("contenders", []).append(time.perf_counter() - start)
        for what, seconds in took.items():
            settings = {"rows": [n, m], "rounds": len(seconds), "bits": bits}
            if what in coarse:
                settings["cells"] = (len(CUTS[what]) + 2) ** len(bits)
            lines.append(_line(what, kernel, n * m / statistics.median(seconds), settings))
    return lines


def _by_cuts(cuts: tuple[str, ...], bits: list[int]) -> ComparisonPlan:
    ratios = [Fraction(cut) for cut in cuts]
    needs = [np.stack([least_overlap(ratio, n_bits=n) for ratio in ratios]) for n in bits]
    return ComparisonPlan.of_products(tuple(Product(i, i, need) for i, need in enumerate(needs)))


def _line(what: str, kernel: str, pairs_per_second: float, settings: dict) -> dict:
    return {
        "what": what,
        "method": f"linkage, {kernel}",
        "threads": 1,
        "million_pairs_per_second": round(pairs_per_second / 1e6, 1),
        "versions": versions_of(f"linkage, {kernel}"),
        "settings": settings,
        "seed": SEED,
        "machine": machine.machine(),
    }


def versions_of(method: str) -> dict[str, str]:
    """Of what made the encodings, and of ours the kernel that was forced, not the one forced last."""
    kernel = {"kernel": method.removeprefix("linkage, ")} if method.startswith("linkage, ") else {}
    return {name: value for name, value in machine.versions().items() if name != "kernel"} | kernel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=full_size.COMPARED)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    lines = [*compared(given.rows, given.rounds), *by_fields(given.rounds)]
    for line in lines:
        results_kept.append(compare_tables.COMPARE, line)
    print(compare_tables.speed(lines))


if __name__ == "__main__":
    main()
