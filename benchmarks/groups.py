"""Whom a linkage serves worse: recall by origin of the name, invented births against children's centres.

    python benchmarks/groups.py [--people 20000] [--seeds 3]

Default settings, one call, no truth. Of each seed one line an origin is appended to results/groups.jsonl; the README's
table adds up the seeds, and takes no notice of fewer people or seeds than the defaults.
"""

from __future__ import annotations

import argparse
import warnings

import full_size
import machine
import numpy as np
import tables

import linkage as lk
from linkage import study

LEFT, RIGHT = "registry", "childrens_centre"
FIELDS = ("given_name", "surname", "dob", "sex", "address", "postcode")


def measure(preset: str, seed: int, people: int) -> study.GroupEvaluation:
    """One linkage, by the origin that the truth of each person says."""
    population = study.invent(people, seed=seed, preset=preset)
    known = lk.Schema.preset("uk-person", project="groups").fields
    schema = lk.Schema(project="groups", fields=tuple(field for field in known if field.name in FIELDS))
    key = lk.Key(np.random.default_rng(40_000 + seed).bytes(32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        sets = [
            lk.encode(
                population[name], schema, key, id=population.ids[name], source=name,
                columns=population.held(name, schema), progress=False,
            )
            for name in (LEFT, RIGHT)
        ]  # fmt: skip
        links = lk.link(*sets, progress=False)
    truth = population.truth.join(population.persons.select(["person", "origin"]), "person")
    return study.evaluate_groups(links, truth, "origin", key=key)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=full_size.GROUPED)
    parser.add_argument("--seeds", type=int, default=len(full_size.SEEDS))
    wanted = parser.parse_args()
    about = {
        "versions": machine.versions(),
        "data_versions": machine.data_versions(),
        "machine": machine.machine(),
    }
    lines = []
    for preset in full_size.PRESETS:
        for seed in range(1, wanted.seeds + 1):
            for origin, found in measure(preset, seed, wanted.people).groups.items():
                line = {
                    "preset": preset,
                    "origin": origin,
                    "seed": seed,
                    "settings": {"people": wanted.people},
                    "true_positives": found.true_positives,
                    "false_positives": found.false_positives,
                    "false_negatives": found.false_negatives,
                }
                lines.append(line | about)
                tables.append(tables.GROUPS, lines[-1])
            print(f"{preset}, seed {seed}: {len(lines)} lines", flush=True)
    print(f"\n{wanted.people:,} people, {wanted.seeds} seeds\n" + tables.groups(lines))


if __name__ == "__main__":
    main()
