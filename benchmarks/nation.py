"""Whole populations, from tables to links, by blocks: encoded, blocked and linked on this machine.

    python benchmarks/nation.py [--rows 100000 300000 1000000] [--folder DIR]
    python benchmarks/nation.py --rows 10000000 --folder DIR       # 47 minutes, beside inventing the people
    python benchmarks/nation.py --rows 100000 1000000 --out-of-core --folder DIR

Invented births and children's centre registrations, six fields, the preset's blocks, so many records a side. Every half
million has a seed of its own and was born four years before the last: ten million are people of 84 years of birth, all
of them in the same towns. Not timed: inventing them, and what is made of the links
with the truth. Each step is a process of its own on all cores, from file to file; its peak is the kernel's account of
it. Appends to results/nation.jsonl; with --out-of-core, where sets are mapped, 1 GiB is allowed, and memory is what is
no file's, to results/nation_out_of_core.jsonl.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import compare_speed
import machine
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import results_kept

import linkage as lk
from linkage import study
from linkage.agency.rejoin import hashed_ids
from linkage.block import standard_blocks

SHARD, YEARS = 500_000, 4
RESULT = results_kept.RESULTS / "nation.jsonl"
RESULT_OUT_OF_CORE = results_kept.RESULTS / "nation_out_of_core.jsonl"
SOURCES = compare_speed.SOURCES
CHILD = """
import sys, time, json, warnings
from pathlib import Path
import linkage as lk
warnings.simplefilter("ignore", lk.LinkageWarning)
start = time.perf_counter()
{step}
seconds = time.perf_counter() - start
peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
print(json.dumps(told | {{"seconds": round(seconds, 1), "processor_seconds": round(time.process_time(), 1),
                          "peak_bytes": peak}}))
"""
ENCODE = """
schema, key = lk.Schema.load("agreement.toml"), lk.Key.load("key")
told = {"records": 0}
for source in SOURCES:
    made = lk.encode(f"{source}.parquet", schema, key, id="id", source=source, out=f"{source}.encoded", progress=False)
    told["records"] += len(made)
"""
LINK = """
sets = [lk.EncodedSet.load(f"{source}.encoded", max_bytes=64 << 30) for source in SOURCES]
links = lk.link(*sets, candidates=lk.Blocks(), memory=8 << 30, progress=False)
links.save("links.parquet")
told = {"links": len(links), "candidates": lk.block_sizes(*sets).pairs,
        "expected_precision": links.quality.precision.value, "expected_recall": links.quality.recall.value,
        "words": list(links.quality.words)}
"""
OUT_OF_CORE = """
import shutil, threading
import pyarrow.parquet as pq
anonymous = [0]
def watch():
    while True:
        anonymous[0] = max(anonymous[0], int(Path("/proc/self/status").read_text().partition("RssAnon:")[2].split()[0]))
        time.sleep(0.02)
threading.Thread(target=watch, daemon=True).start()
shutil.rmtree("run", ignore_errors=True)
sets = [lk.EncodedSet.load(f"{source}.encoded", max_bytes=64 << 30) for source in SOURCES]
links = lk.link(*sets, candidates=lk.Blocks(), run="run", memory=1 << 30, progress=False)
links.save("links.parquet")
kept = [pq.ParquetFile(path).metadata.num_rows for path in Path("run").glob("contenders-*")]
told = {"links": len(links), "contenders": sum(kept), "parts": len(kept), "anonymous_bytes": anonymous[0] * 1024}
"""


def agreement() -> lk.Schema:
    plain = compare_speed.schema("fields")
    return lk.Schema(project=plain.project, fields=plain.fields, blocks=standard_blocks(plain.fields))


def write_people(rows: int, folder: Path) -> None:
    """Tables of both agencies and the truth, a shard at a time."""
    names = [field.name for field in agreement().fields]
    kinds = pa.schema([(name, pa.string()) for name in ("id", *names)])
    truths = pa.schema([("source", pa.string()), ("id", pa.string()), ("person", pa.string())])
    with (
        pq.ParquetWriter(folder / f"{SOURCES[0]}.parquet", kinds) as first,
        pq.ParquetWriter(folder / f"{SOURCES[1]}.parquet", kinds) as second,
        pq.ParquetWriter(folder / "truth.parquet", truths) as truth,
    ):
        for number, start in enumerate(range(0, rows, SHARD)):
            wanted = min(SHARD, rows - start)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", lk.LinkageWarning)  # numbers for tests run out, and are not used
                people = study.invent(int(wanted * 1.75) + 500, seed=number + 1)
            for source, writer in zip(SOURCES, (first, second), strict=True):
                held = people.held(source, agreement())
                table = people[source].slice(0, wanted)
                ids = _numbered(table[people.ids[source]], number)
                columns = [table[held[name]].cast(pa.string()) for name in names]
                columns[names.index("dob")] = _earlier(columns[names.index("dob")], YEARS * number)
                writer.write_table(pa.table([ids, *columns], schema=kinds))
            whole = people.truth
            persons = _numbered(whole["person"], number)
            truth.write_table(pa.table([whole["source"], _numbered(whole["id"], number), persons], schema=truths))


def _numbered(values: pa.ChunkedArray, shard: int) -> pa.Array:
    return pa.array([f"{shard}-{value}" for value in values.to_pylist()], pa.string())


def _earlier(dates: pa.ChunkedArray, years: int) -> pa.Array:
    """Dates with a year of four digits so many years before: a multiple of four, for the 29ths of February."""
    moved = (None if date is None else re.sub(r"\b(19|20)\d\d\b", lambda year: str(int(year[0]) - years), date)
             for date in dates.to_pylist())  # fmt: skip
    return pa.array(moved, pa.string())


def step(code: str, folder: Path) -> dict:
    """What a process of its own tells."""
    made = CHILD.format(step=code.replace("SOURCES", repr(SOURCES)))
    done = subprocess.run([sys.executable, "-c", made], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the step ended with {done.returncode}:\n{done.stderr[-2_000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def judged(folder: Path, key: lk.Key) -> dict:
    """The links against the truth, of records that are in the tables; tables joined, as lists would not fit."""
    truth, links = pq.read_table(folder / "truth.parquet"), lk.Links.load(folder / "links.parquet")
    persons = {}
    for source in SOURCES:
        own = truth.filter(pc.equal(truth["source"], source))
        ids = pq.read_table(folder / f"{source}.parquet", columns=["id"])["id"]
        person = own["person"].take(pc.index_in(ids, value_set=own["id"].combine_chunks()))
        hashed = hashed_ids(ids, key, project=agreement().project, source=source, column="id")
        persons[source] = (hashed.combine_chunks() if isinstance(hashed, pa.ChunkedArray) else hashed, person)
    of_pair = []
    for side in ("left", "right"):  # every pair has the same source on a side
        hashed, person = persons[links.pairs[f"{side}_source"][0].as_py()]
        of_pair.append(person.take(pc.index_in(links.pairs[f"{side}_id"], value_set=hashed)))
    right = pc.sum(pc.equal(*of_pair)).as_py()
    both = pc.sum(pc.is_in(persons[SOURCES[0]][1], value_set=persons[SOURCES[1]][1].combine_chunks())).as_py()
    precision, recall = right / len(links), right / both
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / (precision + recall)}


def measured(rows: int, folder: Path, link: str) -> dict:
    """One size."""
    key = lk.Key(np.random.default_rng(1).bytes(32))
    agreement().save(folder / "agreement.toml")
    if not (folder / "key").exists():
        key.save(folder / "key")
    if not (folder / "truth.parquet").exists():
        write_people(rows, folder)
    encoded, linked = step(ENCODE, folder), step(link, folder)
    return {"rows": rows, "encode": encoded, "link": linked, "true": judged(folder, key)}


def main() -> None:
    """Print one line of JSON a size, and how the cost grows from each to the next."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000])
    parser.add_argument("--folder", type=Path, help="where the files go, and stay; left out, they are removed")
    parser.add_argument("--out-of-core", action="store_true", help="link in a folder, of sets that are mapped")
    options = parser.parse_args()
    before = None
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as temporary:
            folder = (options.folder or Path(temporary)) / str(rows)
            folder.mkdir(parents=True, exist_ok=True)
            now = measured(rows, folder, OUT_OF_CORE if options.out_of_core else LINK)
        if before:
            growth = math.log(now["link"]["processor_seconds"] / before["link"]["processor_seconds"])
            now["exponent"] = round(growth / math.log(rows / before["rows"]), 2)
        about = {"settings": {"rows": rows, "shard": SHARD, "years": YEARS}, "seed": 1, "versions": machine.versions()}
        results_kept.append(
            RESULT_OUT_OF_CORE if options.out_of_core else RESULT,
            {"name": "nation", **now, **about, "machine": machine.machine()},
        )
        print(json.dumps(now), flush=True)
        before = now


if __name__ == "__main__":
    main()
