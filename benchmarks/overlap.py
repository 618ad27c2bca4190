"""Match quality where few records have a partner: invented births against children's centres.

    python benchmarks/overlap.py [--people 6000] [--seeds 3]

All of one side's partners but a share are taken out of the registry, so that 100, 30, 10 and 1 % of those who had a
partner keep one. Siblings and households stay: they are what gets taken for people. Default settings, one call, no
truth. Appends to results/overlap.jsonl and prints what was measured; of fewer people or seeds than the defaults the
README's table, which `tables.py` prints, takes no notice.
"""

from __future__ import annotations

import argparse
import math
import warnings

import full_size
import machine
import numpy as np
import pyarrow as pa
import tables

import linkage as lk
from linkage import study

SIX = ("given_name", "surname", "dob", "sex", "address", "postcode")
FIELD_SETS = dict(zip(full_size.OVERLAP_FIELDS, (SIX, SIX[:4]), strict=True))
LEFT, RIGHT = "registry", "childrens_centre"


def measure(preset: str, fields: tuple[str, ...], overlap: float, seed: int, people: int) -> lk.Evaluation | None:
    """How good the links are; None if `lk.link` refuses, as too few have a partner."""
    population = study.invent(people, seed=seed, preset=preset)
    schema = lk.Schema.preset("uk-person", project="overlap")
    schema = lk.Schema(project="overlap", fields=tuple(field for field in schema.fields if field.name in fields))
    key = lk.Key(np.random.default_rng(20_000 + seed).bytes(32))
    both = {LEFT: thinned(population, overlap, seed), RIGHT: population[RIGHT]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        sets = [
            lk.encode(table, schema, key, id=population.ids[name], source=name, columns=population.held(name, schema))
            for name, table in both.items()
        ]
        try:
            links = lk.link(*sets)
        except lk.EvidenceError:
            return None
        return lk.evaluate(links, population.truth, key=key)


def figures(done: lk.Evaluation | None) -> dict[str, float | None]:
    """What is kept of one measurement; nothing but None of a refusal."""
    if done is None:
        return dict.fromkeys(("true_pairs", "precision", "recall", "f1"))
    return {
        "true_pairs": done.true_positives + done.false_negatives,
        "precision": None if math.isnan(done.precision) else done.precision,
        "recall": done.recall,
        "f1": done.f1,
    }


def thinned(population: study.Population, overlap: float, seed: int) -> pa.Table:
    """The registry without most of the births that the children's centre knows."""
    partners = population.pairs(LEFT, RIGHT)["left_id"].to_pylist()
    chance = np.random.default_rng(seed).random(len(partners))
    gone = {partner for partner, share in zip(partners, chance, strict=True) if share >= overlap}
    ids = population[LEFT][population.ids[LEFT]].to_pylist()
    return population[LEFT].filter(pa.array([name not in gone for name in ids]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=full_size.PEOPLE)
    parser.add_argument("--seeds", type=int, default=len(full_size.SEEDS))
    wanted = parser.parse_args()
    about = {
        "versions": machine.versions(),
        "data_versions": machine.data_versions(),
        "machine": machine.machine(),
    }
    rows = []
    for preset in full_size.PRESETS:
        for name, fields in FIELD_SETS.items():
            for kept in full_size.OVERLAPS:
                for seed in range(1, wanted.seeds + 1):
                    done = measure(preset, fields, kept, seed, wanted.people)
                    row = {
                        "preset": preset,
                        "fields": name,
                        "kept": kept,
                        "seed": seed,
                        "settings": {"people": wanted.people},
                        **figures(done),
                    }
                    rows.append(row)
                    tables.append(tables.OVERLAP, row | about)
                print(f"{preset}, {name}, {kept:.0%}: {rows[-1]}", flush=True)
    print(f"\n{wanted.people:,} people, {wanted.seeds} seeds\n" + tables.overlap(rows))


if __name__ == "__main__":
    main()
