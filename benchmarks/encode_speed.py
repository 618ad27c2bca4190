"""Records a second of `lk.encode`: invented people with given name, surname, date of birth, sex and postcode.

    python benchmarks/encode_speed.py [--people 1000000] [--seed 1] [--csv 10000000] [--rounds 7]

Timed is the whole call: table in, record ids, cleaning, tokens, filters, sorting, set in memory out; for a file also
its writing and its digest. Each line of "seconds" is the median of several rounds on one thread, from an Arrow table
unless it says otherwise; "cpu_seconds" is the processor time of the same rounds, which other work on the machine
stretches less. "threads" has one thread and all cores in turns, and the median of the ratio of each turn, which other
work stretches least; with it the load of the machine before and after. Then a CSV file of --csv people (the same ones
over and over, under new ids) is encoded to a file, with all defaults, in a process of its own, whose peak memory is
reported; the file is removed; --csv 0 leaves it out.
Appends a line of each to results/encode.jsonl, of which the README's table is made, and prints them.
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

import encode_tables
import full_size

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


def timed(call: object, rounds: int) -> dict:
    """Median seconds of several calls, the slowest and the fastest, and the median of processor time."""
    seconds, busy = [], []
    for _ in range(rounds):
        start, own = time.perf_counter(), time.process_time()
        call()
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - own)
    return {
        "seconds": round(statistics.median(seconds), 3),
        "slowest_and_fastest": [round(max(seconds), 3), round(min(seconds), 3)],
        "cpu_seconds": round(statistics.median(busy), 3),
    }


def in_turns(call: object, cores: int, n_rounds: int) -> dict:
    """One thread and all cores, one after the other in each round: how many times faster the second is."""
    rounds = {1: [], cores: []}
    for _ in range(n_rounds):
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


def measure(folder: Path, rounds: int) -> dict:
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
        "fields": timed(encode, rounds),
        "record": timed(lambda: encode(layout="record"), rounds),
        "fields, from Parquet": timed(lambda: encode(folder / "people.parquet"), rounds),
        "fields, from CSV": timed(lambda: encode(folder / "people.csv"), rounds),
        "fields, from CSV to a file": timed(lambda: encode(folder / "people.csv", out=folder / "out.parquet"), rounds),
    }
    tables = {"Arrow": table, "Parquet": folder / "people.parquet", "CSV": folder / "people.csv"}
    cores = machine.cores()
    threads = {"cores": cores, "load": [round(os.getloadavg()[0], 2)]}
    if cores > 1:
        for kind, given in tables.items():
            threads[f"from {kind}"] = in_turns(lambda count, given=given: encode(given, threads=count), cores, rounds)
        to_file = {"out": folder / "out.parquet"}
        threads["from CSV to a file"] = in_turns(
            lambda count: encode(tables["CSV"], threads=count, **to_file), cores, rounds
        )
    threads["load"].append(round(os.getloadavg()[0], 2))
    same = {encode(threads=threads).digest() for threads in (1, 2, 5)}
    if len(same) != 1:
        raise SystemExit("the bits differ by the number of threads: nothing was measured")
    return {
        "records_per_second": {name: round(table.num_rows / times["seconds"]) for name, times in found.items()},
        "records_per_cpu_second": {name: round(table.num_rows / times["cpu_seconds"]) for name, times in found.items()},
        "timings": found,
        "threads": threads,
        "rounds": rounds,
        "distinct_values": {name: len(table[name].unique()) for name in table.column_names if name != "id"},
        "versions": machine.versions(),
    }


def from_csv(folder: Path) -> dict:
    """A large CSV file to a file, with all defaults."""
    import machine

    import linkage as lk

    warnings.simplefilter("ignore", lk.LinkageWarning)
    start = time.perf_counter()
    made = lk.encode(folder / "large.csv", agreed(), lk.Key.generate(), out=folder / "large.parquet", **SETTINGS)
    return {
        "records": len(made),
        "seconds": round(time.perf_counter() - start, 1),
        "csv_mib": (folder / "large.csv").stat().st_size >> 20,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "versions": machine.versions(),
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


def run(role: str, folder: Path, rounds: int) -> dict:
    """What this script says in that role, in a new process."""
    command = [sys.executable, __file__, "--role", role, "--path", folder, "--rounds", str(rounds)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=full_size.ENCODED, help="records to encode")
    parser.add_argument("--seed", type=int, default=encode_tables.SEED)
    parser.add_argument(
        "--csv", type=int, default=full_size.ENCODED_CSV, metavar="N", help="records of a CSV file, or 0"
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--role", choices=["measure", "csv"], help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.role:
        print(json.dumps(measure(asked.path, asked.rounds) if asked.role == "measure" else from_csv(asked.path)))
        return
    sys.path.insert(0, str(Path(__file__).parent / "rivals"))
    import clkhash_speed
    import machine
    import pyarrow.parquet as pq
    import results_kept

    with tempfile.TemporaryDirectory(prefix="encode-speed-") as scratch:
        folder = Path(scratch)
        people = clkhash_speed.first(asked.people, asked.seed)
        pq.write_table(with_ids(people, 0), folder / "people.parquet")
        busy = os.getloadavg()[0]
        about = {"seed": asked.seed, "load_before": round(busy, 2), "machine": machine.machine()}
        settings = {"people": people.num_rows}
        lines = [{"what": encode_tables.OWN, "settings": settings, **run("measure", folder, asked.rounds), **about}]
        if asked.csv:
            write_large(folder, asked.csv)
            settings = {"records": asked.csv}
            lines.append({"what": encode_tables.LARGE, "settings": settings, **run("csv", folder, 1), **about})
    for line in lines:
        results_kept.append(encode_tables.ENCODE, line)
        print(json.dumps(line, indent=1))


if __name__ == "__main__":
    main()
