"""Whom graph matching names where the adversary's list has everybody, by way to encode: the worst that it can meet.

    python benchmarks/everybody.py [--at "diffuse=3,bits=2048"] [--people 2000] [--seeds 3]

Births of the registry, each seed's anew, and a list of the same births, written down in the same way, encoded under
keys of the adversary's own, with all of the attack's ways to begin. Where bits are mixed a little it is the number of
people in both that decides whether it finds a start: `frontier.py --attacks` has the same ways of 1,000 births, of whom
the list has half, and two ways to begin. Appends a line a way and seed to results/everybody.jsonl and prints the table.
Some three minutes a way and seed on one core.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import attack_tables
import audit_order
import full_size
import machine
import results_kept
from frontier_ways import Way, name_of, way_of

import linkage as lk
from linkage.study import attacks


def measure(way: Way, seed: int, people: int) -> dict:
    """One way, of one seed's births."""
    given = audit_order.made(way, seed, people, 1.0)
    told = {"truth": given.lists.truth, "truth_key": given.key, "id": given.id, "columns": given.columns}
    found = attacks.graph_matching(given.encoded, given.lists.known, **told)
    return {
        "correct": found.correct,
        "overlapping": found.overlapping,
        "ambiguity": round(found.details["ambiguity"], 4),
        "starts": int(found.details["starts"]),
        "seconds": round(found.seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at", nargs="+", default=full_size.EVERYBODY_WAYS, help="as `frontier.py` names them")
    parser.add_argument("--people", type=int, default=full_size.EVERYBODY, help="births")
    parser.add_argument("--seeds", type=int, default=len(full_size.EVERYBODY_SEEDS))
    parser.add_argument("--out", type=Path, default=attack_tables.EVERYBODY)
    asked = parser.parse_args()
    warnings.simplefilter("ignore", lk.LinkageWarning)
    about, lines = {"versions": machine.versions(), "machine": machine.machine()}, []
    for seed in full_size.EVERYBODY_SEEDS[: asked.seeds]:
        for way in map(way_of, asked.at):
            line = {"way": name_of(way), "seed": seed, "settings": {"people": asked.people}}
            lines.append(line | measure(way, seed, asked.people))
            results_kept.append(asked.out, lines[-1] | about)
            print(lines[-1], flush=True)
    print("\n" + attack_tables.everybody(lines))


if __name__ == "__main__":
    main()
