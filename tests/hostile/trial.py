"""Reading damaged files in a child process, under limits of time and memory.

The child says before each file which one it begins, so that a crash or a hang is laid at the door of the right one.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import subprocess
import sys
import warnings
from collections import Counter
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import linkage
from linkage import LinkageError

SECONDS_A_MUTANT = 20
MAX_MEMORY = 8 << 30  # of addresses, most of which Arrow and NumPy reserve and never touch
MOST_GROWTH = 384 << 20  # of memory in use, by one file of some kB
LONGEST_MESSAGE = 2_000
BAD = ("SILENT", "OTHER", "CRASH", "MEMORY", "MESSAGE")
ROOT = Path(__file__).parents[2]
COMMAND = ("-m", "tests.hostile.trial")


@dataclass(frozen=True)
class Job:
    """Mutants ``first`` to ``last`` of a file of some format."""

    kind: str
    original: str
    first: int
    last: int


def work(jobs: list[Job]) -> None:
    """Read the mutants of each job; a line before each and one with the outcome after."""
    warnings.simplefilter("ignore")
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(MAX_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number, job in enumerate(jobs):
        _one(number, job)


def _one(number: int, job: Job) -> None:
    from tests.hostile.formats import FORMATS

    given, path = FORMATS[job.kind], Path(job.original)
    data, expected = path.read_bytes(), given.read(path)
    place = path.with_name(f"mutant{path.suffix}")
    place.touch(mode=0o600)
    for seed in range(job.first, job.last):
        print("begin", number, seed, flush=True)
        changed = given.damage(data, seed)
        place.write_bytes(changed)
        before = _most_memory()
        faulthandler.dump_traceback_later(SECONDS_A_MUTANT, exit=True)  # a thread of C: it ends loops in C too
        outcome = "unchanged" if changed == data else _outcome(given, place, expected)
        faulthandler.cancel_dump_traceback_later()
        if _most_memory() - before > MOST_GROWTH:
            outcome = f"MEMORY {(_most_memory() - before) >> 20} MiB more: {outcome}"
        print("end", number, seed, outcome, flush=True)


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
    """Most memory in use so far, in bytes; getrusage would begin with what the parent had."""
    said = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(said.split()[1]) << 10


def outcomes(kind: str, original: Path, first: int, last: int) -> dict[int, str]:
    """The outcome of each mutant."""
    return run([Job(kind, str(original), first, last)])[0]


def run(jobs: list[Job]) -> list[dict[int, str]]:
    """The outcomes of several jobs; after a crash or a hang a new child goes on with the next mutant."""
    found: list[dict[int, str]] = [{} for _ in jobs]
    paths = os.pathsep.join([str(ROOT), str(Path(linkage.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    left = dict(enumerate(jobs))
    while left:
        numbers = list(left)
        child = subprocess.run(
            [sys.executable, *COMMAND, json.dumps([astuple(job) for job in left.values()])],
            capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths}, check=False,
        )  # fmt: skip
        begun = None
        for line in child.stdout.splitlines():
            word, place, seed, *outcome = line.split(" ", 3)
            begun = numbers[int(place)], int(seed)
            if word == "end":
                found[begun[0]][begun[1]] = outcome[0]
        if begun is None:
            raise AssertionError(f"the child did not begin: {child.stderr[-2000:]}")
        number, seed = begun
        if seed not in found[number]:
            found[number][seed] = f"CRASH OR HANG rc={child.returncode}: {child.stderr[-300:]}"
        left = {each: job for each, job in left.items() if each >= number}
        left[number] = replace(jobs[number], first=seed + 1)
        left = {each: job for each, job in left.items() if job.first < job.last}
        if number == numbers[-1] and child.returncode == 0:
            break
    return found


def bad(found: dict[int, str]) -> dict[int, str]:
    """What must not be."""
    return {seed: outcome for seed, outcome in found.items() if outcome.split()[0] in BAD}


def counts(found: dict[int, str]) -> Counter[str]:
    """How many ended how, by the first word of the outcome."""
    return Counter(outcome.split()[0] for outcome in found.values())


if __name__ == "__main__":
    work([Job(*each) for each in json.loads(sys.argv[1])])
