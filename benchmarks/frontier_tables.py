"""The README's tables of what privacy costs, from results/frontier.jsonl alone: `frontier.py` measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean

import full_size
from frontier_ways import grid, name_of
from results_kept import RESULTS, complete, lines_of, table_row

from linkage.profile import PROFILES

FRONTIER = RESULTS / "frontier.jsonl"
PROFILED = tuple(name_of({"profile": profile.name}) for profile in PROFILES)


def full_frontier() -> list[dict]:
    """The lines of the latest run that has all ways of the grid, on both presets."""
    lines = [
        line
        for line in lines_of(FRONTIER)
        if line["settings"] == full_size.settings("invented")
        and line.get("attacked", full_size.FRONTIER_ATTACKED) == full_size.FRONTIER_ATTACKED
    ]
    wanted = [(way, preset) for way in grid() for preset in full_size.PRESETS]
    return complete(lines, of=("way", "preset"), seeds=full_size.SEEDS, wanted=wanted)


FULL: Mapping[Path, Callable[[], list[dict]]] = {FRONTIER: full_frontier}


def made() -> dict[str, tuple[Callable[[list[dict]], str], list[dict]]]:
    """Name of the mark in the README -> what makes the table, and its lines."""
    lines = full_frontier()
    return {
        "profiles": (frontier, [line for line in lines if line["way"] in (*PROFILED, "plain,bits=1024")]),
        "frontier": (frontier, [line for line in lines if line["way"] not in PROFILED]),
    }


def frontier(lines: list[dict]) -> str:
    """One row a way: means over seeds, F1 of each preset."""
    presets = list(dict.fromkeys(line["preset"] for line in lines))
    head = ["way", "bits", *(f"F1, {preset}" for preset in presets), "leak", "weighed", "named", "told a fifth"]
    rows = [[*head, "records/s", "M pairs/s"], ["---"] * (len(head) + 2)]
    for way in dict.fromkeys(line["way"] for line in lines):
        own = [line for line in lines if line["way"] == way]
        rows.append(
            [
                way,
                f"{own[0]['bits']:,}",
                *(f"{_mean([line for line in own if line['preset'] == preset], 'f1'):.4f}" for preset in presets),
                *(_share(own, which) for which in ("leak", "leak_weighed", "named", "told")),
                f"{_mean(own, 'encoded_per_second'):,.0f}",
                f"{speed:,.0f}" if (speed := _mean(own, "million_pairs_per_second")) is not None else "",
            ]
        )
    return "\n".join(map(table_row, rows))


def figures(lines: list[dict], way: str) -> dict[str, float | None]:
    """What `linkage.profiles` says was measured of a way."""
    own = [line for line in lines if line["way"] == way]
    by = {preset: [line for line in own if line["preset"] == preset] for preset in full_size.PRESETS}
    names = ("leak", "named", "told", "encoded_per_second", "million_pairs_per_second")
    f1 = {f"f1_{preset}": _mean(each, "f1") for preset, each in by.items()}
    return f1 | {name: _mean(own, name) for name in names}


def _mean(lines: list[dict], name: str) -> float | None:
    held = [line[name] for line in lines if line.get(name) is not None]
    return mean(held) if held else None


def _share(lines: list[dict], name: str) -> str:
    value = _mean(lines, name)
    return "" if value is None else f"{100 * value:.1f} %"
