"""The README's tables of what privacy costs, from what is kept of `frontier.py`, which measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean, stdev

import attack_tables
import full_size
from frontier_ways import grid, name_of
from results_kept import RESULTS, complete, lines_of, table_row
from scipy.stats import t as student

from linkage.profile import PROFILES

FRONTIER = RESULTS / "frontier.jsonl"
COMPOSITE = RESULTS / "composite.jsonl"
ATTACKED = RESULTS / "attacked.jsonl"
TOLD = "known pairs"  # the attack that is told some
PROFILED = tuple(name_of({"profile": profile.name}) for profile in PROFILES)
PLAIN = "plain,bits=1024"


def full_frontier() -> list[dict]:
    """Of each way of the grid the lines of the latest run that has it on both presets, if each has one."""
    lines = [line for line in lines_of(FRONTIER) if line["settings"] == full_size.settings("invented")]
    found = [
        complete(
            [line for line in lines if line["way"] == way],
            of=("way", "preset"),
            seeds=full_size.FRONTIER_SEEDS,
            wanted=[(way, preset) for preset in full_size.PRESETS],
        )
        for way in grid()
    ]
    return [line for own in found for line in own] if all(found) else []


def full_attacked() -> list[dict]:
    """Of each way of the grid, and of those of `composite.py`, the lines of the latest run that has all seeds of it."""
    lines = [line for line in lines_of(ATTACKED) if line["settings"] == {"people": full_size.FRONTIER_ATTACKED}]
    runs = (tuple(grid()), tuple(dict.fromkeys(line["way"] for line in lines_of(COMPOSITE))))
    found = []
    for run in runs:
        own = [[line for line in lines if line["way"] == way] for way in run]
        whole = [complete(each, of=("way",), seeds=full_size.ATTACK_SEEDS) for each in own]
        found += [line for each in whole for line in each] if all(whole) else []
    return found


def with_attacks(lines: list[dict]) -> list[dict]:
    """The same, of ways that were attacked, with what the best keyless attack and the one that is told some named."""
    attacked = full_attacked()
    found = {way: _named([line for line in attacked if line["way"] == way]) for way in {line["way"] for line in lines}}
    return [line | own for line in lines if (own := found[line["way"]])]


def _named(lines: list[dict]) -> dict[str, list[dict]]:
    """Of one way: correct and overlapping of each seed, by the attack that names most of all; none if not attacked."""
    if not lines:
        return {}
    counts = {name: [line["attacks"][name] for line in lines] for name in lines[0]["attacks"]}
    of_one = {name: [line.get("of_one", line["attacks"])[name] for line in lines] for name in counts}
    keyless = [name for name in counts if name != TOLD]
    best, best_of_one = (
        max((by[name] for name in keyless), key=lambda seeds: sum(right for right, _ in seeds))
        for by in (counts, of_one)
    )
    chosen = {"named": best, "named_one": best_of_one, "told": of_one[TOLD]}
    return {name: [{"correct": right, "overlapping": of} for right, of in seeds] for name, seeds in chosen.items()}


def full_composite() -> list[dict]:
    """The lines of the latest run of all ways to put fields together, on both presets."""
    lines = [line for line in lines_of(COMPOSITE) if line["settings"] == full_size.settings("invented")]
    ways = dict.fromkeys(line["way"] for line in lines)
    wanted = [(way, preset) for way in ways for preset in full_size.PRESETS]
    return complete(lines, of=("way", "preset"), seeds=full_size.SEEDS, wanted=wanted)


FULL: Mapping[Path, Callable[[], list[dict]]] = {
    FRONTIER: full_frontier,
    COMPOSITE: full_composite,
    ATTACKED: full_attacked,
}


def made() -> dict[str, tuple[Callable[[list[dict]], str], list[dict]]]:
    """Name of the mark in the README -> what makes the table, and its lines."""
    lines = with_attacks(full_frontier())
    profiles = [line for line in lines if line["way"] in (*PROFILED, PLAIN)]
    return {
        "profiles": (frontier, profiles),
        "composite": (composite, with_attacks(full_composite())),
        "profiles beside plain": (beside_plain, profiles),
        "frontier": (frontier, [line for line in lines if line["way"] not in PROFILED]),
    }


def frontier(lines: list[dict]) -> str:
    """One row a way: F1 of each preset, leak and what attacks named, with intervals; speeds, means over seeds."""
    presets = list(dict.fromkeys(line["preset"] for line in lines))
    head = ["way", "bits", *(f"F1, {preset}" for preset in presets), "leak", "weighed", "named", "told a fifth"]
    rows = [[*head, "records/s", "M pairs/s"], ["---"] * (len(head) + 2)]
    for way in dict.fromkeys(line["way"] for line in lines):
        own = [line for line in lines if line["way"] == way]
        quality = [[line["f1"] for line in own if line["preset"] == preset] for preset in presets]
        leaks = [[100 * line[name] for line in own] for name in ("leak", "leak_weighed")]
        rows.append(
            [
                way,
                f"{own[0]['bits']:,}",
                *(f"{mean(each):.4f}{_reach(each, '.4f')}" for each in quality),
                *(f"{mean(each):.1f}{_reach(each, '.1f')} %" for each in leaks),
                *(_share(own[0][name]) if name in own[0] else "" for name in ("named", "told")),
                f"{mean_of(own, 'encoded_per_second'):,.0f}",
                f"{speed:,.0f}" if (speed := mean_of(own, "million_pairs_per_second")) is not None else "",
            ]
        )
    return "\n".join(map(table_row, rows))


def _share(seeds: list[dict]) -> str:
    """The share that an attack names of the people of all seeds, and its interval.

    >>> _share([{"correct": 0, "overlapping": 500}] * 10)
    '0.0 % (0.0 to 0.1)'
    """
    low, high = attack_tables.interval(seeds).low, attack_tables.interval(seeds).high
    return f"{100 * rate_of(seeds):.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def rate_of(seeds: list[dict]) -> float:
    return sum(line["correct"] for line in seeds) / sum(line["overlapping"] for line in seeds)


def beside_plain(lines: list[dict]) -> str:
    """One row a profile: how far F1 is from a plain filter's on the same people, mean and interval."""
    head = ["way", *(f"F1 minus plain, {preset} (95 %)" for preset in full_size.PRESETS)]
    rows = [head, ["---"] * len(head)]
    held = {(line["way"], line["preset"], line["seed"]): line for line in lines}
    for way in PROFILED:
        apart = [
            [held[way, preset, seed]["f1"] - held[PLAIN, preset, seed]["f1"] for seed in full_size.FRONTIER_SEEDS]
            for preset in full_size.PRESETS
        ]
        rows.append([way, *(_with_interval(each, "+.4f") for each in apart)])
    return "\n".join(map(table_row, rows))


def _with_interval(values: list[float], form: str) -> str:
    """Mean and Student's interval of it (Student 1908), the seeds being independent.

    >>> _with_interval([1.0, 2.0, 3.0], ".1f")
    '2.0 (-0.5 to 4.5)'
    """
    centre, reach = mean(values), _half_width(values)
    return f"{centre:{form}} ({centre - reach:{form}} to {centre + reach:{form}})"


def _reach(values: list[float], form: str) -> str:
    """Half of the same interval, to be written after the mean; nothing of one value.

    >>> _reach([1.0, 2.0, 3.0], ".1f"), _reach([1.0], ".1f")
    (' ±2.5', '')
    """
    return f" ±{_half_width(values):{form}}" if len(values) > 1 else ""


def _half_width(values: list[float]) -> float:
    return float(student.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5


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
        leaks = (f"{100 * mean(line[name] for line in own):.1f} %" for name in ("leak", "leak_own"))
        named = (_share(own[0][name]) if name in own[0] else "" for name in ("named", "named_one", "told"))
        rows.append([way, f"{own[0]['bits']:,}", *scored, *leaks, *named])
    return "\n".join(map(table_row, rows))


def figures(lines: list[dict], way: str) -> dict[str, float | None]:
    """What `linkage.profiles` says was measured of a way."""
    own = [line for line in with_attacks(lines) if line["way"] == way]
    by = {preset: [line for line in own if line["preset"] == preset] for preset in full_size.PRESETS}
    f1 = {f"f1_{preset}": mean_of(each, "f1") for preset, each in by.items()}
    means = {name: mean_of(own, name) for name in ("leak", "encoded_per_second", "million_pairs_per_second")}
    return f1 | means | {name: rate_of(own[0][name]) for name in ("named", "told")}


def mean_of(lines: list[dict], name: str) -> float | None:
    held = [line[name] for line in lines if line.get(name) is not None]
    return mean(held) if held else None
