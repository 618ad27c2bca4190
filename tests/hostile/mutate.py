"""Read damaged files by the thousand, format by format: ``python -m tests.hostile.mutate --mutants 2000``.

Prints a table; exits with 1 if any mutant crashed, hung, took memory without end, raised something else than an error
of this library, or was read as something else where a digest promises that it can't be.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.hostile.formats import FORMATS
from tests.hostile.trial import bad, counts, outcomes

COLUMNS = (
    "mutants",
    "refused",
    "as it was",
    "otherwise",
    "silent",
    "other error",
    "memory",
    "message",
    "crash or hang",
)


def main(arguments: list[str]) -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mutants", type=int, default=2_000, help="of each format")
    asked.add_argument("--first", type=int, default=0, help="number of the first")
    asked.add_argument("--format", action="append", choices=list(FORMATS), help="only this one; repeat")
    given = asked.parse_args(arguments)
    print("| format | " + " | ".join(COLUMNS) + " |\n|---" * 1 + "|---:" * len(COLUMNS) + "|")
    totals, failed = [0] * len(COLUMNS), {}
    for name in given.format or FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            original = FORMATS[name].make(Path(folder))
            found = outcomes(name, original, given.first, given.first + given.mutants)
        row = _row(found)
        totals = [total + each for total, each in zip(totals, row, strict=True)]
        print(f"| {name} | " + " | ".join(f"{each:,}" for each in row) + " |", flush=True)
        failed |= {(name, seed): outcome for seed, outcome in bad(found).items()}
    print("| all | " + " | ".join(f"{each:,}" for each in totals) + " |")
    for (name, seed), outcome in failed.items():
        print(f"{name}, mutant {seed}: {outcome}", file=sys.stderr)
    return int(bool(failed))


def _row(found: dict[int, str]) -> list[int]:
    ended = counts(found)
    unharmed = ended["same"] + ended["unchanged"]
    return [len(found), ended["refused"], unharmed, ended["otherwise"], ended["SILENT"], ended["OTHER"],
            ended["MEMORY"], ended["MESSAGE"], ended["CRASH"]]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
