"""The README's table of thresholds that were found without truth, from results alone: `own_threshold.py` measures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import mean

import full_size
from results_kept import RESULTS, complete, lines_of, table_row

OWN_THRESHOLD = RESULTS / "own_threshold.jsonl"
FEW = 0.3  # of the partners: with fewer next to everything is refused


def full_own_threshold() -> list[dict]:
    """The lines of every data set, with every share of partners, encoding and seed."""
    sets = {
        full_size.thinned(data, kept): full_size.settings(data) | ({} if kept == 1.0 else {"kept": kept})
        for data in full_size.TWO_SIDED
        for kept in (1.0, *full_size.OWN_THRESHOLD_KEPT)
    }
    lines = [line for line in lines_of(OWN_THRESHOLD) if line["settings"] == sets.get(line["data"])]
    wanted = [(data, encoding) for data in sets for encoding in full_size.OWN_THRESHOLD_ENCODINGS]
    return complete(lines, of=("data", "encoding"), seeds=full_size.SEEDS, wanted=wanted)


FULL: Mapping[Path, Callable[[], list[dict]]] = {OWN_THRESHOLD: full_own_threshold}


def made() -> dict[str, tuple[Callable[[list[dict]], str], list[dict]]]:
    """Name of the mark in the README -> what makes the table, and its lines."""
    return {"own threshold": (own_threshold, full_own_threshold())}


def own_threshold(lines: list[dict]) -> str:
    """F1 at the threshold that was found minus F1 at the best one; where few have partners, all data in one row."""
    encodings = list(dict.fromkeys(line["encoding"] for line in lines))
    head = ("data", *encodings)
    rows = [table_row(head), table_row(["---"] * len(head))]
    for name, own in parts(lines):
        rows.append(
            table_row([name, *(cell([line for line in own if line["encoding"] == each]) for each in encodings)])
        )
    return "\n".join(rows)


def parts(lines: list[dict]) -> Iterator[tuple[str, list[dict]]]:
    """Rows of the table: name and lines."""
    shares = sorted({line["settings"].get("kept", 1.0) for line in lines}, reverse=True)
    for share in shares:
        own = [line for line in lines if line["settings"].get("kept", 1.0) == share]
        names = list(dict.fromkeys(line["data"] for line in own))
        if share >= FEW:
            for name in names:
                yield name, [line for line in own if line["data"] == name]
        else:
            yield f"all {len(names)}, {100 * share:.0f} % of partners", own


def cell(lines: list[dict]) -> str:
    """The mean (lowest to highest) over what was linked, and the best threshold.

    >>> cell([{"f1": 0.97, "best_f1": 0.98, "best_cut": 0.7}, {"refused": "few", "best_f1": 0.9, "best_cut": 0.8}])
    '-0.010 (-0.010 to -0.010), best at 0.70; refused 1 of 2'
    >>> cell([{"refused": "few", "best_f1": 0.9, "best_cut": 0.8}])
    'refused'
    """
    linked = [line for line in lines if "refused" not in line]
    if not linked:
        return "refused"
    gaps = [line["f1"] - line["best_f1"] for line in linked]
    at = mean(line["best_cut"] for line in linked)
    said = f"{mean(gaps):.3f} ({min(gaps):.3f} to {max(gaps):.3f}), best at {at:.2f}"
    return said if len(linked) == len(lines) else f"{said}; refused {len(lines) - len(linked)} of {len(lines)}"
