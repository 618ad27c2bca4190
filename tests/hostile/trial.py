"""Reading damaged files in a child process, under limits of time and memory.

The child says before each file which one it begins, so that a crash or a hang is laid at the door of the right one.
"""

from __future__ import annotations

import faulthandler
import os
import resource
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import linkage
from linkage import LinkageError

SECONDS_A_MUTANT = 20
MAX_MEMORY = 8 << 30  # of addresses, most of which Arrow and NumPy reserve and never touch
MOST_GROWTH = 384 << 20  # of memory in use, by one file of some kB
LONGEST_MESSAGE = 2_000
BAD = ("SILENT", "OTHER", "CRASH", "MEMORY", "MESSAGE")
ROOT = Path(__file__).parents[2]


def work(kind: str, original: str, first: int, last: int) -> None:
    """Read mutants ``first`` to ``last``; a line before each and one with the outcome after."""
    from tests.hostile.formats import FORMATS

    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    given, path = FORMATS[kind], Path(original)
    data, expected = path.read_bytes(), given.read(path)
    place = path.with_name(f"mutant{path.suffix}")
    place.touch(mode=0o600)
    for seed in range(first, last):
        print("begin", seed, flush=True)
        changed = given.damage(data, seed)
        place.write_bytes(changed)
        before = _most_memory()
        faulthandler.dump_traceback_later(SECONDS_A_MUTANT, exit=True)  # a thread of C: it ends loops in C too
        outcome = "unchanged" if changed == data else _outcome(given, place, expected)
        faulthandler.cancel_dump_traceback_later()
        if _most_memory() - before > MOST_GROWTH:
            outcome = f"MEMORY {(_most_memory() - before) >> 20} MiB more: {outcome}"
        print("end", seed, outcome, flush=True)


def _outcome(given, place: Path, expected: object) -> str:
    try:
        found = given.read(place)
    except LinkageError as error:
        said = str(error)
        if not said or len(said) > LONGEST_MESSAGE or not said.replace("\n", "").isprintable():
            return f"MESSAGE {type(error).__name__}: {said!a}"[:300]
        return f"refused {type(error).__name__}"
    except BaseException as error:  # whatever it is, the parent reports it
        return f"OTHER {type(error).__name__}: {error!s}".encode("ascii", "replace").decode().replace("\n", " ")[:400]
    if found == expected:
        return "same"
    return "SILENT" if given.sealed else "otherwise"


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def outcomes(kind: str, original: Path, first: int, last: int) -> dict[int, str]:
    """The outcome of each mutant; after a crash or a hang a new child goes on with the next."""
    found: dict[int, str] = {}
    paths = os.pathsep.join([str(ROOT), str(Path(linkage.__file__).parents[1])])
    while first < last:
        child = subprocess.run(
            [sys.executable, "-m", "tests.hostile.trial", kind, str(original), str(first), str(last)],
            capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths}, check=False, cwd=original.parent,
        )  # fmt: skip
        begun = first - 1
        for line in child.stdout.splitlines():
            word, _, rest = line.partition(" ")
            seed, _, outcome = rest.partition(" ")
            if word == "begin":
                begun = int(seed)
            elif word == "end":
                found[int(seed)] = outcome
        if begun < first:
            raise AssertionError(f"the child did not begin: {child.stderr[-2000:]}")
        if begun not in found:
            found[begun] = f"CRASH OR HANG rc={child.returncode}: {child.stderr[-300:]}"
        first = begun + 1
    return found


def bad(found: dict[int, str]) -> dict[int, str]:
    """What must not be."""
    return {seed: outcome for seed, outcome in found.items() if outcome.split()[0] in BAD}


def counts(found: dict[int, str]) -> Counter[str]:
    """How many ended how, by the first word of the outcome."""
    return Counter(outcome.split()[0] for outcome in found.values())


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
