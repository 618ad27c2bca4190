"""Whether the invented people are what their sources and rates say: every figure, its target and its source.

    python benchmarks/people_check.py [--people 50000] [--seed 1] [--preset clean typical hard]

One line a figure: target, measured, how far off it may be, source. Ends with 1 if any is further off. Also prints how
many people a minute were invented.
"""

from __future__ import annotations

import argparse
import sys
import time

from linkage import study
from linkage.study import differences, plausible, written
from linkage.study.agencies import AGENCIES
from linkage.study.plausible import Finding
from linkage.study.rates import PRESETS

DUPLICATES = {name: habits.again for name, habits in AGENCIES.items() if habits.again}


def check(preset: study.people.Preset, people: int, seed: int) -> list[tuple[str, list[Finding]]]:
    """All findings about one preset, under headings."""
    start = time.perf_counter()
    population = study.invent(people, seed=seed, agencies=tuple(AGENCIES), preset=preset)
    seconds = time.perf_counter() - start
    print(f"\n{preset}: {len(population):,} people, {len(population) / seconds * 60 / 1e6:.1f} million a minute")
    registry = study.invent(people, seed=seed, preset=preset)
    rest = [
        ("errors, two agencies", list(differences.between(population, preset))),
        *((f"errors, {name}", list(differences.from_truth(population, preset, name))) for name in AGENCIES),
        *((f"each rate alone, {name}", alone(name, preset, people, seed)) for name in AGENCIES),
        ("duplicates", list(plausible.about_duplicates(population, preset, DUPLICATES))),
    ]
    if preset != "typical":  # names, families and homes are the same in every preset
        return rest
    return [
        ("names", list(plausible.about_names(population))),
        ("twins", list(plausible.about_twins(population))),
        ("births", list(plausible.about_births(population))),
        ("families", list(plausible.about_families(population))),
        ("places", list(plausible.about_places(registry))),
        *rest,
        ("unequal errors", list(plausible.about_unequal_errors(population))),
    ]


def alone(agency: str, preset: study.people.Preset, people: int, seed: int) -> list[Finding]:
    """One agency's own findings, from people drawn for it."""
    rates = PRESETS[preset]
    return list(written.against_truth(written.write(agency, rates, people, seed), rates))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--preset", nargs="+", choices=("clean", "typical", "hard"), default=("typical", "clean", "hard")
    )
    wanted = parser.parse_args()
    figures = off = 0
    for preset in wanted.preset:
        for heading, findings in check(preset, wanted.people, wanted.seed):
            print(f"\n{heading:<66}{'target':>9}{'measured':>9}  allowed   source")
            for finding in findings:
                print(finding)
                figures += 1
                off += not finding.holds
    print(f"\n{off} of {figures} figures are not as stated." if off else f"\nAll {figures} figures are as stated.")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
