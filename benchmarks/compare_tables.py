"""The README's tables of comparing, from results/compare.jsonl and compare_scale.jsonl alone.

`compare_speed.py` (kernels beside rivals) and `compare_scale.py` (whole commands) measure; `tables.py` prints and
writes the tables with the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import full_size
from results_kept import RESULTS, lines_of, table_row

COMPARE = RESULTS / "compare.jsonl"
SCALE = RESULTS / "compare_scale.jsonl"
QUIET = 0.02  # of the processors' time: what others may take of a round that counts
BY_FIELDS = {
    "joint histogram": "joint histogram, 15,625 cells",
    "joint histogram, most cells": "joint histogram, 262,144 cells",
    "contenders": "contenders",
}


def full_compare() -> list[dict]:
    """All that the latest run of full size of `compare_speed.py` wrote on each kind of processor."""
    latest = {own[0]["machine"]["cpu"]: own for own in _whole(COMPARE, full_size.COMPARED)}
    return [line for own in latest.values() for line in own]


def full_scale() -> list[dict]:
    """All that the latest run of `compare_scale.py` up to the largest size wrote."""
    return [[], *_whole(SCALE, full_size.COMPARED_MOST)][-1]


def _whole(path: Path, rows: int) -> list[list[dict]]:
    """The runs, each of one machine and commit, that have so many rows; the latest is last."""
    runs: dict[str, list[dict]] = {}
    for line in lines_of(path):
        runs.setdefault(json.dumps(line["machine"], sort_keys=True), []).append(line)
    return [own for own in runs.values() if any(line["settings"]["rows"] == rows for line in own)]


FULL: Mapping[Path, Callable[[], list[dict]]] = {COMPARE: full_compare, SCALE: full_scale}


def made() -> dict[str, tuple[Callable[[list[dict]], str], list[dict]]]:
    """Name of the mark in the README -> what makes the table, and its lines."""
    return {"speed": (speed, full_compare()), "scale": (scale, full_scale())}


def speed(lines: list[dict]) -> str:
    """Million pairs a second, and as a multiple of anonlink's, for each processor that was measured."""
    runs: dict[str, list[dict]] = {}
    for line in lines:
        about = line["machine"]
        runs.setdefault(f"{about['cpu']}, at commit {about['commit']}:", []).append(line)
    return "\n\n".join(f"{title}\n\n{_speed(own)}" for title, own in runs.items())


def _speed(lines: list[dict]) -> str:
    of = {(line["what"], line["method"], line.get("threshold"), line["threads"]): line for line in lines}
    found = {key: line["million_pairs_per_second"] for key, line in of.items()}
    thresholds = list(dict.fromkeys(key[2] for key in found if key[0] == "threshold"))
    out = ["| one thread, million pairs a second (times anonlink) | 0.80 | 0.85 | 0.90 |", "| --- | --- | --- | --- |"]
    for method, threads in dict.fromkeys((key[1], key[3]) for key in found if key[0] == "threshold"):
        cells = []
        for threshold in thresholds:
            value, base = found["threshold", method, threshold, threads], found["threshold", "anonlink", threshold, 1]
            cells.append(f"{value:,.0f} ({value / base:.3g})")
        out.append(f"| {method}{', two threads' if threads == 2 else ''} | {' | '.join(cells)} |")
    whats = [what for what in BY_FIELDS if any(key[0] == what for key in found)]
    head = ["six fields, one thread, million pairs a second", *(BY_FIELDS[what] for what in whats)]
    out += ["", table_row(head), table_row(["---"] * len(head))]
    for method in dict.fromkeys(key[1] for key in found if key[0] == "contenders"):
        out.append(table_row([method, *(f"{found[what, method, None, 1]:,.0f}" for what in whats)]))
    return "\n".join(out)


def scale(lines: list[dict]) -> str:
    """Time and memory of whole commands, and of `compare` alone the time of a pair."""
    head = (
        "rows a side",
        "threshold",
        "seconds",
        "peak MiB (planned)",
        "pairs found",
        "compare alone, one thread: ns a pair",
    )
    out = [table_row(head), table_row(["---"] * len(head))]
    out += [_command(line) for line in lines if line["what"] == "command"]
    out += [f"\n{_two_threads(line)}" for line in lines if line["what"] == "threads"]
    return "\n".join(out)


def _command(line: dict) -> str:
    rows, each = line["settings"]["rows"], line["nanoseconds_a_pair"]
    peak, planned = line["peak_bytes"] / 2**20, line["planned_bytes"] / 2**20
    return table_row(
        [
            f"{rows:,}",
            line["settings"]["threshold"],
            f"{line['seconds']:,.1f}",
            f"{peak:,.0f} ({planned:,.0f})",
            f"{line['found']:,}",
            f"{each:.3f}" if each else f"(two threads: {line['work_seconds'] / rows**2 * 1e9:.3f})",
        ]
    )


def _two_threads(line: dict) -> str:
    if line["ratio"] is None:
        return "Two threads over one: not measured, as other work had the processors in every round."
    return (
        f"Two threads over one, {line['settings']['rows']:,} rows a side: {line['ratio']:.2f} (median of"
        f" {line['quiet']} rounds in which others took at most {QUIET:.0%} of the processors' time, of"
        f" {len(line['rounds'])})."
    )
