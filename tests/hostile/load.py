"""Many linkages at once: ``python -m tests.hostile.load --at-once 24``.

So many links in threads of one process, and so many processes, started anew and forked: each must give byte for byte
what it gives alone, and the memory of all be within what they were allowed together beside the sets. Three sizes,
both layouts, all pairs and candidates, one thread and two.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import multiprocessing
import os
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import linkage as lk

KEY = bytes.fromhex("5d1f0a6c93be2748e1c05b7f3a9d8264f0c7e51b2d8a4936607cfeb1d3529a48")
SOURCES = ("registry", "childrens_centre")
PEOPLE = (300, 700, 1_500)
MEMORY = 16 << 20
WAYS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("fields", {}),
    ("fields", {"candidates": lk.Blocks()}),
    ("record", {"threshold": 0.8}),
    ("record", {"threshold": 0.8, "candidates": lk.LSH(recall=0.95)}),
)

Job = tuple[int, int, int]  # people, way, threads


def jobs(at_once: int) -> list[Job]:
    """So many different ones, over and over."""
    every = itertools.cycle(itertools.product(PEOPLE, range(len(WAYS)), (1, 2)))
    return list(itertools.islice(every, at_once))


def sets(people: int, layout: str) -> list[lk.EncodedSet]:
    population = lk.study.invent(people, seed=people)
    schema = lk.Schema.preset("uk-person", project="load", layout=layout, blocks=True)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        return [
            lk.encode(
                population[name], schema, lk.Key(KEY), id=population.ids[name], source=name, progress=False,
                columns=population.held(name, schema),
            )
            for name in SOURCES
        ]  # fmt: skip


def digest_of(given: list[lk.EncodedSet], job: Job) -> str:
    """Of the pairs, and of who is linked with whom."""
    links = lk.link(*given, memory=MEMORY, threads=job[2], progress=False, **WAYS[job[1]][1])
    return hashlib.sha256(repr(links.pairs.to_pydict()).encode()).hexdigest()


def own_digest(job: Job) -> tuple[str, int]:
    """The same, of sets that are made here, with the peak memory of this process."""
    warnings.simplefilter("ignore")
    found = digest_of(sets(job[0], WAYS[job[1]][0]), job)
    return found, resident("VmHWM")


def resident(line: str = "VmRSS") -> int:
    """Bytes of this process, by Linux' account of it."""
    return int(Path("/proc/self/status").read_text().partition(f"{line}:")[2].split()[0]) * 1024


def in_threads(at_once: int) -> dict[str, int]:
    """Links at once in this process against the same ones by themselves, and what memory they took together."""
    wanted = jobs(at_once)
    made = {(people, layout): sets(people, layout) for people in PEOPLE for layout in ("fields", "record")}
    alone = {job: digest_of(made[job[0], WAYS[job[1]][0]], job) for job in dict.fromkeys(wanted)}
    before, peak, done = resident(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(at_once) as pool:
        found = list(pool.map(lambda job: digest_of(made[job[0], WAYS[job[1]][0]], job), wanted))
    done.set()
    watcher.join()
    different = sum(alone[job] != each for job, each in zip(wanted, found, strict=True))
    return {"links": at_once, "different": different, "grown": max(0, peak[0] - before), "allowed": at_once * MEMORY}


def in_processes(at_once: int, method: str) -> dict[str, int]:
    """The same in processes of their own, ``spawn`` or ``fork``: forked after threads have run here."""
    wanted = jobs(at_once)
    made = {(people, layout): sets(people, layout) for people in PEOPLE for layout in ("fields", "record")}
    alone = {job: digest_of(made[job[0], WAYS[job[1]][0]], job) for job in dict.fromkeys(wanted)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads about, which is what is tried
        with multiprocessing.get_context(method).Pool(at_once, maxtasksperchild=1) as pool:
            found = pool.map_async(own_digest, wanted, chunksize=1).get(timeout=1_800)
    different = sum(alone[job] != each for job, (each, _) in zip(wanted, found, strict=True))
    return {"links": at_once, "different": different, "largest": max(peak for _, peak in found)}


def main() -> None:
    warnings.simplefilter("ignore", lk.LinkageWarning)
    parser = argparse.ArgumentParser()
    parser.add_argument("--at-once", type=int, default=24)
    options = parser.parse_args()
    started, wrong = time.monotonic(), 0
    told = {"threads": in_threads(options.at_once), "processes, spawned": in_processes(options.at_once, "spawn")}
    if hasattr(os, "fork"):
        told["processes, forked"] = in_processes(options.at_once, "fork")
    for name, figures in told.items():
        print(f"{name}: {', '.join(f'{what} {value:,}' for what, value in figures.items())}")
        wrong += figures["different"] + (figures.get("grown", 0) > figures.get("allowed", sys.maxsize))
    print(f"{time.monotonic() - started:,.0f} s")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
