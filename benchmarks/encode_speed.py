"""Records a second of `lk.encode`: invented people with given name, surname, date of birth, sex and postcode.

    python benchmarks/encode_speed.py [--people 1000000] [--seed 1] [--csv 10000000]

Timed is the whole call: table in, record ids, cleaning, tokens, filters, sorting, set in memory out; for a file also
its writing and its digest. Each line of "seconds" is the median of several rounds on one thread, from an Arrow table
unless it says otherwise; "cpu_seconds" is the processor time of the same rounds, which other work on the machine
stretches less. "threads" has one thread and all cores in turns, and the median of the ratio of each turn, which other
work stretches least; with it the load of the machine before and after. With --csv N, a CSV file of N people (the same
ones over and over, under new ids) is encoded to a file in a process of its own, whose peak memory is reported; the file
is removed.
Appends to results/encode_speed.jsonl and prints the line.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

ROUNDS = 7
SETTINGS = {"id": "id", "source": "speed", "progress": False}


def agreed(layout: str = "fields") -> object:
    """The agreement: defaults throughout."""
    from linkage import Field, Schema

    fields = (
        Field(name="given_name", type="name"),
        Field(name="surname", type="name"),
        Field(name="date_of_birth", type="date"),
        Field(name="sex", type="category", codes="sex"),
        Field(name="postcode", type="postcode"),
    )
    return Schema(project="encode-speed", layout=layout, fields=fields)


def timed(call: object) -> dict:
    """Median seconds of several calls, the slowest and the fastest, and the median of processor time."""
    seconds, busy = [], []
    for _ in range(ROUNDS):
        start, own = time.perf_counter(), time.process_time()
        call()
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - own)
    return {
        "seconds": round(statistics.median(seconds), 3),
        "slowest_and_fastest": [round(max(seconds), 3), round(min(seconds), 3)],
        "cpu_seconds": round(statistics.median(busy), 3),
    }


def in_turns(call: object, cores: int) -> dict:
    """One thread and all cores, one after the other in each round: how many times faster the second is."""
    rounds = {1: [], cores: []}
    for _ in range(ROUNDS):
        for threads, taken in rounds.items():
            start, own = time.perf_counter(), time.process_time()
            call(threads)
            taken.append((time.perf_counter() - start, time.process_time() - own))
    ratios = [one / all_cores for (one, _), (all_cores, _) in zip(rounds[1], rounds[cores], strict=True)]
    return {
        "times_faster": round(statistics.median(ratios), 2),
        "most_and_least": [round(max(ratios), 2), round(min(ratios), 2)],
        "seconds": [round(statistics.median(wall for wall, _ in taken), 3) for taken in rounds.values()],
        "cpu_seconds": [round(statistics.median(own for _, own in taken), 3) for taken in rounds.values()],
    }


def measure(folder: Path) -> dict:
    """All timings, in a process of its own."""
    import machine
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    import linkage as lk

    warnings.simplefilter("ignore", lk.LinkageWarning)
    key, large = lk.Key.generate(), {"memory": 8 << 30}
    table = pq.read_table(folder / "people.parquet")
    pa.csv.write_csv(table, folder / "people.csv")

    def encode(given: object = table, layout: str = "fields", threads: int = 1, **more: object) -> lk.EncodedSet:
        return lk.encode(given, agreed(layout), key, threads=threads, **SETTINGS, **large, **more)

    found = {
        "fields": timed(encode),
        "record": timed(lambda: encode(layout="record")),
        "fields, from Parquet": timed(lambda: encode(folder / "people.parquet")),
        "fields, from CSV": timed(lambda: encode(folder / "people.csv")),
        "fields, from CSV to a file": timed(lambda: encode(folder / "people.csv", out=folder / "out.parquet")),
    }
    tables = {"Arrow": table, "Parquet": folder / "people.parquet", "CSV": folder / "people.csv"}
    cores = machine.cores()
    threads = {"cores": cores, "load": [round(os.getloadavg()[0], 2)]}
    if cores > 1:
        for kind, given in tables.items():
            threads[f"from {kind}"] = in_turns(lambda count, given=given: encode(given, threads=count), cores)
        to_file = {"out": folder / "out.parquet"}
        threads["from CSV to a file"] = in_turns(lambda count: encode(tables["CSV"], threads=count, **to_file), cores)
    threads["load"].append(round(os.getloadavg()[0], 2))
    same = {encode(threads=threads).digest() for threads in (1, 2, 5)}
    if len(same) != 1:
        raise SystemExit("the bits differ by the number of threads: nothing was measured")
    return {
        "records_per_second": {name: round(table.num_rows / times["seconds"]) for name, times in found.items()},
        "records_per_cpu_second": {name: round(table.num_rows / times["cpu_seconds"]) for name, times in found.items()},
        "timings": found,
        "threads": threads,
        "rounds": ROUNDS,
        "distinct_values": {name: len(table[name].unique()) for name in table.column_names if name != "id"},
        "versions": machine.versions(),
    }


def from_csv(folder: Path) -> dict:
    """A large CSV file to a file, with all defaults."""
    import linkage as lk

    warnings.simplefilter("ignore", lk.LinkageWarning)
    start = time.perf_counter()
    made = lk.encode(folder / "large.csv", agreed(), lk.Key.generate(), out=folder / "large.parquet", **SETTINGS)
    return {
        "records": len(made),
        "seconds": round(time.perf_counter() - start, 1),
        "csv_mib": (folder / "large.csv").stat().st_size >> 20,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def write_large(folder: Path, records: int) -> None:
    """The same people over and over, each time under new ids."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    people = pq.read_table(folder / "people.parquet").drop_columns(["id"])
    with pa.csv.CSVWriter(folder / "large.csv", with_ids(people, 0).schema) as writer:
        for start in range(0, records, people.num_rows):
            writer.write_table(with_ids(people.slice(0, records - start), start))


def with_ids(people: object, start: int) -> object:
    """The people under case numbers from ``start`` on."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pc.utf8_lpad(pa.array(np.arange(start, start + people.num_rows)).cast("string"), 9, "0")
    return people.append_column("id", pc.binary_join_element_wise("C", numbers, ""))


def run(role: str, folder: Path) -> dict:
    """What this script says in that role, in a new process."""
    command = [sys.executable, __file__, "--role", role, "--path", folder]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000, help="records to encode")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--csv", type=int, default=0, metavar="N", help="also the peak memory for N records from CSV")
    parser.add_argument("--role", choices=["measure", "csv"], help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.role:
        print(json.dumps({"measure": measure, "csv": from_csv}[asked.role](asked.path)))
        return
    sys.path.insert(0, str(Path(__file__).parent / "rivals"))
    import clkhash_speed
    import machine
    import pyarrow.parquet as pq
    import tables

    with tempfile.TemporaryDirectory(prefix="encode-speed-") as scratch:
        folder = Path(scratch)
        people = clkhash_speed.invented(asked.people * 11 // 10, asked.seed).slice(0, asked.people)
        pq.write_table(with_ids(people, 0), folder / "people.parquet")
        busy = os.getloadavg()[0]
        line = {"records": people.num_rows, "seed": asked.seed, **run("measure", folder)}
        if asked.csv:
            write_large(folder, asked.csv)
            line["csv"] = run("csv", folder)
        line |= {"load_before": round(busy, 2), "machine": machine.machine()}
    tables.append(tables.RESULTS / "encode_speed.jsonl", line)
    print(json.dumps(line, indent=1))


if __name__ == "__main__":
    main()
