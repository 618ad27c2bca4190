"""A night's job over and over in one process: ``python -m tests.hostile.soak --runs 300``.

Each run encodes, saves, loads, links, compares, releases and rejoins, with errors among them; every tenth audits,
reviews and reports too. After the first runs nothing may grow: memory, open files, threads, objects of Python, files
left in the temporary folder.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np

import linkage as lk
from tests.hostile.load import KEY, SOURCES, resident

PEOPLE, WARM = 150, 40
# a run's growth, by the slope over all runs after the first: less than would fill a gigabyte in ten thousand nights
MOST_BYTES, MOST_OBJECTS = 100_000, 5


def night(folder: Path, seed: int, *, whole: bool) -> None:
    """One job, start to end; ``whole``: with what takes longest."""
    population = lk.study.invent(PEOPLE, seed=seed)
    schema = lk.Schema.preset("uk-person", project="soak", blocks=True)
    key, sets = lk.Key(KEY), []
    for name in SOURCES:
        path, table, at = folder / f"{name}.parquet", population[name], {"id": population.ids[name]}
        columns = population.held(name, schema)
        lk.encode(table, schema, key, source=name, columns=columns, out=path, progress=False, **at)
        if whole:
            lk.audit(path, schema=schema, sample=100)
        sets.append(lk.EncodedSet.load(path))
    model = lk.fit(*sets, progress=False)
    links = lk.link(*sets, model=model, progress=False)
    lk.link(*sets, model=model, candidates=lk.Blocks(), progress=False)
    lk.compare(*sets, threshold=0.9, filters=["surname", "dob"], candidates=lk.LSH())
    links.save(folder / "links.parquet")
    released = lk.Links.load(folder / "links.parquet").release(SOURCES[0])
    lk.rejoin(released, population[SOURCES[0]], key, id=population.ids[SOURCES[0]])
    lk.evaluate(links, population.truth, key=key)
    if whole:
        lk.review(links, model, *sets)
        lk.report(links, folder / "report.html", *sets, model=model)
    for wrong in (lambda: lk.EncodedSet.load(folder / "links.parquet"), lambda: lk.link(sets[0], sets[0])):
        try:
            wrong()
        except (lk.LinkageError, ValueError):
            continue
        raise AssertionError("a wrong call was answered")


def measures(temporary: Path) -> tuple[int, int, int, int, int]:
    """Memory, objects, open files, threads, files in the temporary folder."""
    gc.collect()
    return (
        resident(),
        len(gc.get_objects()),
        len(list(Path("/proc/self/fd").iterdir())),
        threading.active_count(),
        sum(1 for _ in temporary.rglob("*")),
    )


def soaked(runs: int) -> tuple[dict[str, float], list[str]]:
    """What grew, a run; and what grew too much."""
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        temporary, folder = Path(place) / "tmp", Path(place) / "night"
        temporary.mkdir()
        folder.mkdir()
        before, tempfile.tempdir = tempfile.tempdir, str(temporary)
        try:
            found = []
            for run in range(runs):
                night(folder, seed=run % 7, whole=run % 10 == 0)
                found.append(measures(temporary))
        finally:
            tempfile.tempdir = before
    after = np.array(found[min(WARM, runs // 2) :], dtype=np.float64)
    slopes = np.polyfit(np.arange(len(after)), after, 1)[0]
    names = ("bytes", "objects", "open files", "threads", "temporary files")
    allowed = (MOST_BYTES, MOST_OBJECTS, 0.01, 0.01, 0.0)
    grown = dict(zip(names, slopes.tolist(), strict=True))
    return grown, [name for name, most in zip(names, allowed, strict=True) if grown[name] > most]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=300)
    options = parser.parse_args()
    started = time.monotonic()
    grown, wrong = soaked(options.runs)
    told = ", ".join(f"{name} {value:+,.2f}" for name, value in grown.items())
    print(f"{options.runs} nights in {time.monotonic() - started:,.0f} s; grown a night: {told}")
    print(f"grew: {', '.join(wrong)}" if wrong else "nothing grew")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
