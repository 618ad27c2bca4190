"""The README's tables of many agencies, and of a linkage that goes on, from results alone.

`several_sets.py` and `over_time.py` measure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import mean

import full_size
from results_kept import RESULTS, complete, lines_of, table_row

SEVERAL = RESULTS / "several_sets.jsonl"
SCALE = RESULTS / "several_scale.jsonl"
OVER_TIME = RESULTS / "over_time.jsonl"
METHODS = ("linkage", "connected components", "anonlink greedy", "anonlink probabilistic")
KINDS = {"pairwise": "pairwise", "b_cubed": "B-cubed"}


AT = ("found", "0.5", "0.7", "0.9")


def full_several() -> list[dict]:
    """The lines of five agencies, at the cut that is found and at others, and the gap to the best."""
    lines = [line for line in lines_of(SEVERAL) if line["settings"] == {"people": full_size.SEVERAL_PEOPLE}]
    wanted = [(preset, method, at) for preset in full_size.PRESETS for at in AT for method in METHODS]
    wanted += [(preset, "linkage", "gap") for preset in full_size.PRESETS]
    return complete(lines, of=("preset", "method", "at"), seeds=full_size.SEVERAL_SEEDS, wanted=wanted)


def full_over_time() -> list[dict]:
    """The lines of ten months, and of batches of one standing result."""
    wanted_settings = {"people": full_size.SEVERAL_PEOPLE, "preset": "typical"}
    lines = [line for line in lines_of(OVER_TIME) if line["settings"] == wanted_settings]
    wanted = [(f"month {each}",) for each in range(1, 11)] + [("outcome",)]
    wanted += [(f"batch {share}",) for share in full_size.BATCHES]
    return complete(lines, of=("at",), seeds=full_size.SEVERAL_SEEDS, wanted=wanted)


def full_scale() -> list[dict]:
    """The line of five large agencies."""
    lines = [line for line in lines_of(SCALE) if line["settings"] == {"records": full_size.SEVERAL_RECORDS}]
    return complete(lines, of=("part",), seeds=(1,))


FULL: Mapping[Path, Callable[[], list[dict]]] = {
    SEVERAL: full_several,
    SCALE: full_scale,
    OVER_TIME: full_over_time,
}


def made() -> dict[str, tuple[Callable[[list[dict]], str], list[dict]]]:
    """Name of the mark in the README -> what makes the table, and its lines."""
    over_time = full_over_time()
    return {
        "several": (several, full_several()),
        "several_scale": (scale, full_scale()),
        "months": (months, [line for line in over_time if line["part"] != "batch"]),
        "batches": (batches, [line for line in over_time if line["part"] == "batch"]),
    }


def several(lines: list[dict]) -> str:
    """Means over the seeds, and what our decision has where it is no worse than the rival in the other measure."""
    head = (
        "five agencies", "method", "measure", "precision", "recall", "F1",
        "linkage: recall at its precision", "precision at its recall",
    )  # fmt: skip
    rows = [table_row(head), table_row(["---"] * len(head))]
    for preset in full_size.PRESETS:
        for method in METHODS:
            own = [line for line in lines if (line["preset"], line["method"], line["at"]) == (preset, method, "found")]
            for kind, title in KINDS.items():
                cells = [preset, f"**{method}**" if method == "linkage" else method, title]
                cells += [
                    f"{mean(line[f'{kind}_{name}'] for line in own):.4f}" for name in ("precision", "recall", "f1")
                ]
                for best, given in (("recall", "precision"), ("precision", "recall")):
                    cells.append(_mean(line.get(f"{kind}_{best}_at_its_{given}") for line in own))
                rows.append(table_row(cells))
    for preset in full_size.PRESETS:
        own = [line for line in lines if line["preset"] == preset and line["part"] == "gap"]
        few = f"{sum(line['components'] for line in own):,} components of up to nine records that are not simple"
        rows.append(table_row([preset, f"below the best of {few}: {max(line['gap'] for line in own):.2%}", *[""] * 6]))
    return "\n".join(rows)


def scale(lines: list[dict]) -> str:
    """What the decision over five large agencies takes, after their comparison."""
    head = ("five agencies", "records", "likely pairs", "seconds", "CPU seconds", "MiB", "pairwise F1", "B-cubed F1")
    rows = [table_row(head), table_row(["---"] * len(head))]
    for line in lines:
        cells = ["decided, with link ids", f"{sum(line['records']):,}", f"{line['pairs']:,}"]
        cells += [f"{line['decided_seconds']:.0f}", f"{line['decided_cpu']:.0f}"]
        cells += [
            f"{line['decided_peak_bytes'] / 2**20:,.0f}",
            f"{line['pairwise_f1']:.4f}",
            f"{line['b_cubed_f1']:.4f}",
        ]
        rows.append(table_row(cells))
    return "\n".join(rows)


def _mean(values: Iterable[float | None]) -> str:
    there = list(values)
    known = [value for value in there if value is not None]
    return f"{mean(known):.4f}" if known and len(known) == len(there) else "not reached" if known else ""


def months(lines: list[dict]) -> str:
    """Month by month, means over the seeds, and what differs from linking all at once."""
    head = ("month", "records so far", "new", "seconds", "models estimated again", "seconds from nothing",
            "link ids changed", "of them not listed as an event")  # fmt: skip
    rows = [table_row(head), table_row(["---"] * len(head))]
    for month in sorted({line["month"] for line in lines if line["part"] == "month"}):
        own = [line for line in lines if line.get("month") == month]
        whole = [line["seconds_from_nothing"] for line in own if "seconds_from_nothing" in line]
        cells = [str(month), *(f"{mean(line[name] for line in own):,.0f}" for name in ("records", "new"))]
        cells += [f"{mean(line['seconds'] for line in own):.1f}", f"{mean(line['estimated'] for line in own):.0f}"]
        cells += [f"{mean(whole):.1f}" if whole else ""]
        cells += [f"{sum(line.get(name, 0) for line in own):,}" for name in ("changed", "unlisted")]
        rows.append(table_row(cells))
    own = [line for line in lines if line["part"] == "outcome"]
    differ = [len(line["listed"]["only_one_by_one"]) + len(line["listed"]["only_at_once"]) for line in own]
    wrong = sum(not true for line in own for each in line["listed"].values() for *_, true in each)
    all_links = ", ".join(f"{line['links']:,}" for line in own)
    most = max(line["differences"] for line in own)
    text = f"links that differ from all at once: {', '.join(map(str, differ))} of {all_links}, {most:.2%} at most"
    rows.append(table_row([f"{text}; {wrong} of them wrong", *[""] * 7]))
    return "\n".join(rows)


def batches(lines: list[dict]) -> str:
    """What batches cost that are added to one standing result, means over the seeds."""
    head = (
        "batch",
        "new records",
        "on standing",
        "seconds",
        "models estimated again",
        "seconds of the standing result",
    )
    rows = [table_row(head), table_row(["---"] * len(head))]
    for share in sorted({line["share"] for line in lines}):
        own = [line for line in lines if line["share"] == share]
        cells = [f"{share:.0%} of all", *(f"{mean(line[name] for line in own):,.0f}" for name in ("new", "old"))]
        cells += [f"{mean(line['seconds'] for line in own):.1f}", f"{mean(line['estimated'] for line in own):.0f}"]
        rows.append(table_row([*cells, f"{mean(line['seconds_of_old'] for line in own):.1f}"]))
    return "\n".join(rows)
