"""Whether the invented people are what their sources and rates say: every figure, its target and its source.

    python benchmarks/people_check.py [--people 50000] [--seed 1] [--preset clean typical hard]

One line a figure: target, measured, how far off it may be, source. Ends with 1 if any is further off. Appends them,
with how many people a minute were invented, to results/people.jsonl, one line a preset and topic; of fewer people,
another seed or fewer presets than the defaults the README's table takes no notice.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time

import full_size
import machine
import tables

from linkage import study
from linkage.study import differences, kinds, known_names, plausible, written
from linkage.study.agencies import AGENCIES
from linkage.study.plausible import Finding
from linkage.study.rates import PRESETS

KINDS_PEOPLE = 20_000  # children are enough for those: each record shows one
DUPLICATES = {name: habits.again for name, habits in AGENCIES.items() if habits.again}


def check(preset: study.people.Preset, people: int, seed: int) -> tuple[float, list[tuple[str, list[Finding]]]]:
    """How many people a minute were invented, and all findings about one preset, under headings."""
    start = time.perf_counter()
    population = study.invent(people, seed=seed, agencies=tuple(AGENCIES), preset=preset)
    seconds = time.perf_counter() - start
    speed = len(population) / seconds * 60
    print(f"\n{preset}: {len(population):,} people, {speed / 1e6:.1f} million a minute")
    registry = study.invent(people, seed=seed, preset=preset)
    rest = [
        ("differences, two agencies", list(differences.between(population, preset))),
        *((f"differences, {name}", list(differences.from_truth(population, preset, name))) for name in AGENCIES),
        *((f"each rate alone, {name}", alone(name, preset, people, seed)) for name in AGENCIES),
        ("duplicates", list(plausible.about_duplicates(population, preset, DUPLICATES))),
    ]
    if preset != "typical":  # names, families and homes are the same in every preset
        return speed, rest
    return speed, [
        ("names", list(known_names.about_names(population))),
        ("origins", list(known_names.about_origins(population))),
        ("twins", list(plausible.about_twins(population))),
        ("births", list(plausible.about_births(population))),
        ("families", list(plausible.about_families(population))),
        ("places", list(plausible.about_places(registry))),
        *rest,
        ("unequal errors", list(plausible.about_unequal_errors(population))),
        ("kinds of error and habits", list(kinds.about_kinds(min(people, KINDS_PEOPLE), seed))),
    ]


def alone(agency: str, preset: study.people.Preset, people: int, seed: int) -> list[Finding]:
    """One agency's own findings, from people drawn for it."""
    rates = PRESETS[preset]
    return list(written.against_truth(written.write(agency, rates, people, seed), rates))


def figure(finding: Finding) -> dict:
    """A finding as it is kept."""
    facts = dataclasses.asdict(finding) | {"holds": finding.holds}
    return {name: float(f"{fact:.5g}") if isinstance(fact, float) else fact for name, fact in facts.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=full_size.CHECKED)
    parser.add_argument("--seed", type=int, default=full_size.CHECK_SEED)
    parser.add_argument("--preset", nargs="+", choices=full_size.CHECKED_PRESETS, default=full_size.CHECKED_PRESETS)
    wanted = parser.parse_args()
    figures = off = 0
    about = {"versions": machine.versions(), "machine": machine.machine()}
    for preset in wanted.preset:
        speed, topics = check(preset, wanted.people, wanted.seed)
        for heading, findings in topics:
            line = {
                "preset": preset,
                "topic": heading,
                "seed": wanted.seed,
                "settings": {"people": wanted.people},
                "people_per_minute": round(speed),
                "figures": [figure(finding) for finding in findings],
            }
            tables.append(tables.PEOPLE, line | about)
            print(f"\n{heading:<66}{'target':>9}{'measured':>9}  allowed   source")
            for finding in findings:
                print(finding)
                figures += 1
                off += not finding.holds
    print(f"\n{off} of {figures} figures are not as stated." if off else f"\nAll {figures} figures are as stated.")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
