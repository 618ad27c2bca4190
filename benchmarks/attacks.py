"""How many people the attacks of `linkage.study.attacks` name from encodings of invented births.

    python benchmarks/attacks.py [--people 5000] [--seeds 10] [--attack "graph matching"] [--encoding record]
                                 [--overlap 0.5] [--case subset]

Births of the registry, each seed's anew, under the preset `uk-person`, in both plain layouts and the hardened profiles.
The adversary's list holds some of the same births, written down in the same way, and others: at each overlap and in
both cases of the literature (`study.attacks.two_lists`; at 100 % they are one). `known pairs` is told who a fifth of
the records are, `dictionary` has the key, and `xor tuples`, which names nobody, looks at the encodings alone. Appends a
line of each to results/attacks.jsonl and prints the table; the README's has what was measured with all people and
seeds. All of it takes some eight hours on one core.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import attack_tables
import full_size
import machine
import numpy as np
import tables

import linkage as lk
from linkage import study
from linkage.study import attacks

AGENCY = "registry"
BORN = 1.15  # invented for each that is wanted: some were born elsewhere
KEYS_FROM = 30_000  # other keys than those of the other benchmarks


@dataclass(frozen=True, eq=False)
class Trial:
    """An encoded set, what the adversary holds, and what the attacks are told besides."""

    encoded: lk.EncodedSet
    lists: attacks.Lists
    key: lk.Key
    told: Mapping[str, object]


def trial(encoding: str, case: str, overlap: float, seed: int, people: int) -> Trial:
    """One of a seed's, of so many births."""
    population = study.invent(int(people * BORN) + 50, seed=seed, agencies=[AGENCY])
    way = {"layout": encoding} if encoding in ("record", "fields") else {"profile": encoding}
    schema = lk.Schema.preset("uk-person", project="attacks", **way)
    columns, name = population.held(AGENCY, schema), population.ids[AGENCY]
    lists = attacks.two_lists(population[AGENCY].slice(0, people), id=name, overlap=overlap, case=case, seed=seed)
    key = lk.Key(np.random.default_rng(KEYS_FROM + seed).bytes(32))
    encoded = lk.encode(lists.held, schema, key, id=name, source=AGENCY, columns=columns, progress=False)
    return Trial(encoded, lists, key, {"truth": lists.truth, "truth_key": key, "id": name, "columns": columns})


def named(attack: Callable[..., attacks.Reidentified], given: Trial) -> dict:
    """What is kept of an attack that names people."""
    found = attack(given.encoded, given.lists.known, **given.told)
    return {
        "records": found.records,
        "overlapping": found.overlapping,
        "claimed": found.claimed,
        "correct": found.correct,
        "seconds": round(found.seconds, 2),
        "details": {name: float(f"{value:.4g}") for name, value in found.details.items()},
    }


def dictionary(encoded: lk.EncodedSet, known: object, *, key: lk.Key, **told: object) -> attacks.Reidentified:
    """The attack that has the key."""
    return attacks.dictionary_attack(encoded, known, key, **told)


def structure(given: Trial) -> dict:
    """What is kept of the detector, which names nobody: pairs of records, where near copies show, and the rest."""
    found = attacks.xor_tuples(given.encoded)
    pairs = [each.z for each in found.findings if (each.among, each.order) == ("records", 2)]
    others = [each.z for each in found.findings if (each.among, each.order) != ("records", 2)]
    return {
        "records": len(given.encoded),
        "z_pairs": round(max(pairs), 1),
        "z_others": round(max(others), 1),
        "relations": found.relations,
    }


NAMING: Mapping[str, Callable[..., attacks.Reidentified]] = {
    "frequency alignment": attacks.frequency_alignment,
    "pattern mining": attacks.pattern_mining,
    "graph matching": attacks.graph_matching,
    "known pairs": attacks.known_pairs,
}


def measure(attack: str, given: Trial) -> dict:
    """What is kept of one attack on one trial."""
    if attack == attack_tables.XOR:
        return structure(given)
    return named(NAMING.get(attack, partial(dictionary, key=given.key)), given)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=full_size.ATTACKED)
    parser.add_argument("--seeds", type=int, default=len(full_size.ATTACK_SEEDS))
    parser.add_argument("--attack", nargs="+", choices=full_size.ATTACKS, default=full_size.ATTACKS)
    parser.add_argument("--encoding", nargs="+", choices=full_size.ENCODINGS, default=full_size.ENCODINGS)
    parser.add_argument("--overlap", nargs="+", type=float, default=full_size.ATTACK_OVERLAPS)
    parser.add_argument("--case", nargs="+", choices=full_size.CASES, default=full_size.CASES)
    wanted = parser.parse_args()
    warnings.simplefilter("ignore", lk.LinkageWarning)
    about = {"versions": machine.versions(), "data_versions": machine.data_versions(), "machine": machine.machine()}
    lines = []
    for attack, encoding, case, overlap in attack_tables.WANTED:
        if not (attack in wanted.attack and encoding in wanted.encoding):
            continue
        if attack != attack_tables.XOR and not (
            overlap in wanted.overlap and (case in wanted.case or overlap == attack_tables.ALL)
        ):
            continue
        for seed in range(1, wanted.seeds + 1):
            of = {"attack": attack, "encoding": encoding, "case": case, "overlap": overlap, "seed": seed}
            # relations among 5,120 bits need as many records and some more
            more = full_size.XOR_MORE if attack == attack_tables.XOR else 1.0
            found = measure(attack, trial(encoding, case, overlap, seed, round(more * wanted.people)))
            lines.append(of | {"settings": {"people": wanted.people}} | found)
            tables.append(attack_tables.ATTACKED, lines[-1] | about)
            print(of, found, flush=True)
    print(f"\n{wanted.people:,} people, {wanted.seeds} seeds\n" + attack_tables.attacks(lines))


if __name__ == "__main__":
    main()
