"""How long an audit takes, and in how much memory: with the agreement, the agency's table and its key.

    python benchmarks/audit_cost.py [--records 1000000] [--profiles linkable hardened]

Invented births of the registry under the preset `uk-person`; the table is a Parquet file, and a process of its own
audits the encoded file beside it. Appends a line a profile to results/audit_cost.jsonl: seconds of the clock and of the
processor, and the most memory. Inventing and encoding so many takes minutes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
import warnings
from pathlib import Path

import machine
import pyarrow as pa
import pyarrow.parquet as pq
import results_kept

import linkage as lk
from linkage import study

COST = results_kept.RESULTS / "audit_cost.jsonl"
AGENCY, SEED = "registry", 1
INVENTED = 100_000  # people at a time: as many audits' worth of births, with ids of their own


def births(wanted: int) -> tuple[pa.Table, str, study.Population]:
    """So many births, a hundred thousand people at a time, and the column of their ids."""
    parts, seed, n = [], SEED, 0
    while n < wanted:
        population = study.invent(min(INVENTED, 2 * wanted), seed=seed, agencies=[AGENCY])
        table = population[AGENCY].slice(0, wanted - n)
        id = population.ids[AGENCY]
        own = pa.array([f"{seed}-{each}" for each in table[id].to_pylist()])
        parts.append(table.set_column(table.column_names.index(id), id, own))
        n, seed = n + table.num_rows, seed + 1
    return pa.concat_tables(parts), id, population


def audited(path: str, table: str, schema: str, key: str, given: dict, said: multiprocessing.Queue) -> None:
    """In a process of its own, so that its most memory is the audit's."""
    warnings.simplefilter("ignore", lk.LinkageWarning)
    clock, processor = time.perf_counter(), time.process_time()
    found = lk.audit(path, schema=lk.Schema.load(schema), key=lk.Key.load(key), table=table, **given)
    said.put(
        {
            "seconds": round(time.perf_counter() - clock, 1),
            "processor_seconds": round(time.process_time() - processor, 1),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
            "records": found.records,
            "level": found.level,
        }
    )


def measure(profile: str, table: pa.Table, id: str, population: study.Population, folder: Path) -> dict:
    """What the audit of one profile's file takes."""
    schema, key = lk.Schema.preset("uk-person", project="audit", profile=profile), lk.Key.generate()
    given = {"id": id, "columns": population.held(AGENCY, schema)}
    paths = [
        str(folder / name) for name in (f"{profile}.parquet", "table.parquet", f"{profile}.toml", f"{profile}.key")
    ]
    schema.save(paths[2])
    key.save(paths[3])
    pq.write_table(table, paths[1])
    lk.encode(paths[1], schema, key, source=AGENCY, out=paths[0], progress=False, **given)
    anew = multiprocessing.get_context("spawn")
    said = anew.Queue()
    child = anew.Process(target=audited, args=(*paths, given, said))
    child.start()
    found = said.get()
    child.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--profiles", nargs="+", default=["linkable", "hardened"])
    parser.add_argument("--out", type=Path, default=COST)
    asked = parser.parse_args()
    warnings.simplefilter("ignore", lk.LinkageWarning)
    table, id, population = births(asked.records)
    with tempfile.TemporaryDirectory() as folder:
        for profile in asked.profiles:
            line = {"profile": profile, "settings": {"records": asked.records}}
            line |= measure(profile, table, id, population, Path(folder))
            results_kept.append(asked.out, line | {"versions": machine.versions(), "machine": machine.machine()})
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
