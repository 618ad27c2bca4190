"""The README's tables of what privacy costs, from what is kept of `frontier.py`, which measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean, stdev

import full_size
from frontier_ways import grid, name_of
from results_kept import RESULTS, complete, lines_of, table_row
from scipy.stats import t as student

from linkage.profile import PROFILES

FRONTIER = RESULTS / "frontier.jsonl"
CONFIRMED = RESULTS / "confirmed.jsonl"
COMPOSITE = RESULTS / "composite.jsonl"
TOLD = RESULTS / "told.jsonl"
PROFILED = tuple(name_of({"profile": profile.name}) for profile in PROFILES)
PLAIN = "plain,bits=1024"
CONFIRMED_WAYS = (*PROFILED, PLAIN)


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


def full_confirmed() -> list[dict]:
    """The lines of the latest run of the profiles and a plain filter, on the seeds that no width was chosen with."""
    lines = [line for line in lines_of(CONFIRMED) if line["settings"] == full_size.settings("invented")]
    wanted = [(way, preset) for way in CONFIRMED_WAYS for preset in full_size.PRESETS]
    return complete(lines, of=("way", "preset"), seeds=full_size.CONFIRMED_SEEDS, wanted=wanted)


def full_told() -> list[dict]:
    """The lines of the latest run of what one names who is told a fifth: ways of the grid and of `composite.py`."""
    lines = [line for line in lines_of(TOLD) if line["settings"] == {"people": full_size.FRONTIER_ATTACKED}]
    wanted = [(way,) for way in (*grid(), *dict.fromkeys(line["way"] for line in lines_of(COMPOSITE)))]
    return complete(lines, of=("way",), seeds=full_size.ATTACK_SEEDS, wanted=wanted)


def with_told(lines: list[dict]) -> list[dict]:
    """The same, with the share named by who is told a fifth of that later run, of the people of all its seeds."""
    counts: dict[str, tuple[int, int]] = {}
    for line in full_told():
        right, of = counts.get(line["way"], (0, 0))
        counts[line["way"]] = right + line["correct"], of + line["overlapping"]
    return [line | {"told": counts[line["way"]][0] / counts[line["way"]][1]} for line in lines if line["way"] in counts]


def full_composite() -> list[dict]:
    """The lines of the latest run of all ways to put fields together, on both presets."""
    lines = [line for line in lines_of(COMPOSITE) if line["settings"] == full_size.settings("invented")]
    ways = dict.fromkeys(line["way"] for line in lines)
    wanted = [(way, preset) for way in ways for preset in full_size.PRESETS]
    return complete(lines, of=("way", "preset"), seeds=full_size.SEEDS, wanted=wanted)


FULL: Mapping[Path, Callable[[], list[dict]]] = {
    FRONTIER: full_frontier,
    CONFIRMED: full_confirmed,
    COMPOSITE: full_composite,
    TOLD: full_told,
}


def made() -> dict[str, tuple[Callable[[list[dict]], str], list[dict]]]:
    """Name of the mark in the README -> what makes the table, and its lines."""
    lines = with_told(full_frontier())
    return {
        "profiles": (frontier, [line for line in lines if line["way"] in CONFIRMED_WAYS]),
        "composite": (composite, with_told(full_composite())),
        "profiles confirmed": (confirmed, full_confirmed()),
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
                *(f"{mean_of([line for line in own if line['preset'] == preset], 'f1'):.4f}" for preset in presets),
                *(share_of(own, which) for which in ("leak", "leak_weighed", "named", "told")),
                f"{mean_of(own, 'encoded_per_second'):,.0f}",
                f"{speed:,.0f}" if (speed := mean_of(own, "million_pairs_per_second")) is not None else "",
            ]
        )
    return "\n".join(map(table_row, rows))


def confirmed(lines: list[dict]) -> str:
    """One row a profile: how far F1 is from a plain filter's on the same people, and the leak; means and intervals."""
    head = [
        "way",
        *(f"F1 minus plain, {preset} (95 %)" for preset in full_size.PRESETS),
        "leak (95 %)",
        "weighed (95 %)",
    ]
    rows = [head, ["---"] * len(head)]
    held = {(line["way"], line["preset"], line["seed"]): line for line in lines}
    for way in PROFILED:
        apart = [
            [held[way, preset, seed]["f1"] - held[PLAIN, preset, seed]["f1"] for seed in full_size.CONFIRMED_SEEDS]
            for preset in full_size.PRESETS
        ]
        own = [line for line in lines if line["way"] == way]
        leaks = [[100 * line[name] for line in own] for name in ("leak", "leak_weighed")]
        rows.append(
            [way, *(_with_interval(each, "+.4f") for each in apart), *(_with_interval(each, ".1f") for each in leaks)]
        )
    return "\n".join(map(table_row, rows))


def _with_interval(values: list[float], form: str) -> str:
    """Mean and Student's interval of it (Student 1908), the seeds being independent.

    >>> _with_interval([1.0, 2.0, 3.0], ".1f")
    '2.0 (-0.5 to 4.5)'
    """
    centre = mean(values)
    reach = float(student.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5
    return f"{centre:{form}} ({centre - reach:{form}} to {centre + reach:{form}})"


def composite(lines: list[dict]) -> str:
    """One row a way to put fields together: means over seeds, F1 of each preset by each score."""
    presets = list(dict.fromkeys(line["preset"] for line in lines))
    head = ["filters", "bits", *(f"F1, {preset} (apart; joint; told)" for preset in presets)]
    head += ["leak", "own", "named", "of one", "told a fifth"]
    rows = [head, ["---"] * len(head)]
    for way in dict.fromkeys(line["way"] for line in lines):
        own = [line for line in lines if line["way"] == way]
        scored = []
        for preset in presets:
            here = [line for line in own if line["preset"] == preset]
            best, *others = (f"{mean_of(here, name):.4f}" for name in ("f1", "f1_apart", "f1_joint", "f1_told"))
            scored.append(best if way.startswith("one") else f"{best} ({'; '.join(others)})")
        shares = (share_of(own, name) for name in ("leak", "leak_own", "named", "named_one", "told"))
        rows.append([way, f"{own[0]['bits']:,}", *scored, *shares])
    return "\n".join(map(table_row, rows))


def figures(lines: list[dict], way: str) -> dict[str, float | None]:
    """What `linkage.profiles` says was measured of a way."""
    own = [line for line in with_told(lines) if line["way"] == way]
    by = {preset: [line for line in own if line["preset"] == preset] for preset in full_size.PRESETS}
    names = ("leak", "named", "told", "encoded_per_second", "million_pairs_per_second")
    f1 = {f"f1_{preset}": mean_of(each, "f1") for preset, each in by.items()}
    return f1 | {name: mean_of(own, name) for name in names}


def mean_of(lines: list[dict], name: str) -> float | None:
    held = [line[name] for line in lines if line.get(name) is not None]
    return mean(held) if held else None


def share_of(lines: list[dict], name: str) -> str:
    value = mean_of(lines, name)
    return "" if value is None else f"{100 * value:.1f} %"
