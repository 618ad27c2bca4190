"""Rebuild every table of the README: python benchmarks/rebuild.py, at a clean commit, on a quiet machine.

Makes the rivals' environments (2 GB of disk), measures, drops what is superseded from results/*.jsonl, and writes the
tables between their marks in README.md: some three hours on 2 cores, two more for the frontier and eight for the
attacks. `nation.py`, which invents ten million people, is run by hand. Nothing else is to be done but to read the
tables, and to change the sentences around them that they contradict. Each line says the commit; results and README.md
apart, a change that is not committed makes it "-dirty". To print the tables again without
measuring: python benchmarks/tables.py. Speed of single steps: python -m pytest benchmarks/test_speed.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import machine

HERE = Path(__file__).parent
STEPS = (
    "rivals/environments.py",
    "febrl4.py",
    "overlap.py",
    "groups.py",
    "quality.py",
    "stability.py",
    "informed.py",
    "judgement.py",
    "own_threshold.py",
    "several_sets.py",
    "over_time.py",
    "model_cost.py",
    "compare_speed.py",
    "compare_scale.py",
    "candidates.py",
    "encode_speed.py",
    "clkhash_speed.py",
    "people_check.py",
    "frontier.py",
    "composite.py",
    "audit_cost.py",
    "audit_order.py",
    "frontier.py --attacks",
    "composite.py --attacks",
    "everybody.py",
    "attacks.py",
)


def main() -> None:
    if machine.commit().endswith("-dirty"):
        print("NOT A CLEAN COMMIT: every result will say so. Commit first, or read the results as a trial.", flush=True)
    failed = []
    for step in (*STEPS, "tables.py --write"):
        print(f"== {step}", flush=True)
        # a rival that can't be installed (anonlink needs Python 3.11) leaves its table as it was, not the others
        script, *arguments = step.split()
        if subprocess.run([sys.executable, HERE / script, *arguments], check=False).returncode:
            failed.append(step)
    if failed:
        sys.exit(f"NOT ALL OF IT WORKED, and tables of these are as they were: {', '.join(failed)}")


if __name__ == "__main__":
    main()
