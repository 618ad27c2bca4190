"""The kept results, results/*.jsonl: one line a measurement, and which of them a table is of.

A table is of one run: what one machine measured at one commit, whole, of full size. Lines of earlier runs are
superseded; what was measured with less, later, is a trial and is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
FIXED = ("settings", "versions", "data_versions")  # of a run, whatever the seed


def append(path: Path, line: dict) -> None:
    """One result more."""
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(line, ensure_ascii=False) + "\n")


def lines_of(path: Path) -> list[dict]:
    """Every result that is kept, in the order in which they were measured; none if there is no file."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def latest(path: Path, **of: object) -> dict:
    """The line that was measured last of what is named; `SystemExit` if there is none."""
    for line in reversed(lines_of(path)):
        if all(line.get(name) == value for name, value in of.items()):
            return line
    raise SystemExit(f"{path.name}: nothing was measured of {of}; measure all of it first")


def complete(
    lines: Iterable[dict], *, of: tuple[str, ...], seeds: Sequence[int], wanted: Iterable[tuple] | None = None
) -> list[dict]:
    """The lines of the latest run that has all ``seeds`` of all that is ``wanted``, in that order, by seed.

    A run is what one machine measured at one commit. ``wanted``: what ``of`` names; by default whatever the run has.
    """
    runs: dict[str, list[dict]] = {}
    for line in lines:
        run = json.dumps(line["machine"], sort_keys=True)
        runs[run] = [*runs.pop(run, []), line]  # to the end, as the latest
    for own in reversed(runs.values()):
        found = _whole(own, of, seeds)
        if found and all(each in found for each in (found if wanted is None else wanted)):
            return [line for each in (found if wanted is None else wanted) for line in found[each]]
    return []


def _whole(lines: list[dict], of: tuple[str, ...], seeds: Sequence[int]) -> dict[tuple, list[dict]]:
    """Of each of what ``of`` names, the latest lines with all ``seeds`` that agree in what is fixed."""
    parts: dict[tuple, dict[str, dict[int, dict]]] = {}
    for line in lines:
        own = parts.setdefault(tuple(line[name] for name in of), {})
        part = json.dumps([line.get(name) for name in FIXED], sort_keys=True)
        own[part] = own.pop(part, {}) | {line["seed"]: line}
    whole = {each: [part for part in own.values() if set(seeds) <= set(part)] for each, own in parts.items()}
    return {each: [found[-1][seed] for seed in seeds] for each, found in whole.items() if found}


def superseded(lines: list[dict], shown: list[dict]) -> list[int]:
    """Places of lines from before the last of those shown that are not among them; what came after is a trial."""
    kept = {json.dumps(line) for line in shown}
    there = [place for place, line in enumerate(lines) if json.dumps(line) in kept]
    return sorted(set(range(max(there, default=0))) - set(there))


def table_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
