"""The README's tables, from results/*.jsonl alone: nothing is measured here.

    python benchmarks/tables.py

A line shows only if it was measured with the settings of `full_size.py`, by a run that did so for every seed: on one
machine, at one commit, with the same versions. Of several such runs the latest counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean

import full_size

RESULTS = Path(__file__).parent / "results"
QUALITY = RESULTS / "quality.jsonl"
FEBRL4 = RESULTS / "febrl4.jsonl"
OVERLAP = RESULTS / "overlap.jsonl"
SPEED = RESULTS / "speed.jsonl"
TITLES = {
    "linkage": "**linkage**",
    "anonlink_clk": "clkhash + anonlink",
    "recordlinkage_ecm": "recordlinkage ECM (plaintext)",
    "splink_plain": "Splink (plaintext)",
}


def append(path: Path, line: dict) -> None:
    """One result more."""
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(line) + "\n")


def read(path: Path, *, key: tuple[str, ...]) -> list[dict]:
    """The results, each of what ``key`` names once: the latest."""
    return list({tuple(line[name] for name in key): line for line in lines_of(path)}.values())


def complete(lines: Iterable[dict], *, of: tuple[str, ...], seeds: Sequence[int]) -> list[dict]:
    """Of each of what ``of`` names, the lines of the latest run that has all ``seeds``, by seed."""
    runs: dict[tuple, dict[str, dict[int, dict]]] = {}
    for line in lines:
        own = runs.setdefault(tuple(line[name] for name in of), {})
        run = json.dumps([line["machine"], line["versions"], line["settings"]], sort_keys=True)
        # to the end, as the latest
        own[run] = own.pop(run, {}) | {line["seed"]: line}
    whole = ([run for run in own.values() if set(seeds) <= set(run)] for own in runs.values())
    return [found[-1][seed] for found in whole if found for seed in seeds]


def lines_of(path: Path) -> list[dict]:
    """Every result that is kept, in the order in which they were measured."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def full_quality() -> list[dict]:
    """The lines of the quality table."""
    lines = [line for line in lines_of(QUALITY) if line["settings"] == full_size.settings(line["data"])]
    return complete(lines, of=("data", "method"), seeds=full_size.SEEDS)


def full_febrl4() -> list[dict]:
    """The lines of the table of Febrl 4's halves."""
    lines = [line for line in lines_of(FEBRL4) if line["settings"] == full_size.settings("Febrl 4")]
    return complete(lines, of=("fields",), seeds=full_size.HALVES)


def full_overlap() -> list[dict]:
    """The lines of the table by overlap."""
    lines = [line for line in lines_of(OVERLAP) if line["settings"] == full_size.settings("invented")]
    return complete(lines, of=("preset", "fields", "kept"), seeds=full_size.SEEDS)


def febrl4(lines: list[dict]) -> str:
    """Means over the halves, beside the record layout at its best threshold."""
    head = (
        "Febrl 4, mean of seeded halves",
        "precision",
        "recall",
        "F1 (lowest)",
        "record layout, best F1 (threshold)",
    )
    rows = [table_row(head), table_row(["---"] * len(head))]
    for fields in dict.fromkeys(line["fields"] for line in lines):
        own = [line for line in lines if line["fields"] == fields]
        mean_of = {name: mean(line[name] for line in own) for name in ("precision", "recall", "f1", "record_f1")}
        span = sorted(line["record_threshold"] for line in own)
        rows.append(
            table_row(
                [
                    fields,
                    f"{mean_of['precision']:.4f}",
                    f"{mean_of['recall']:.4f}",
                    f"{mean_of['f1']:.4f} ({min(line['f1'] for line in own):.4f})",
                    f"{mean_of['record_f1']:.4f} ({span[0]:.2f} to {span[-1]:.2f})",
                ]
            )
        )
    return "\n".join(rows)


def overlap(lines: list[dict]) -> str:
    """Means over the seeds by preset, fields and the share of partners kept."""
    head = ("preset", "fields", "partners kept", "true pairs", "precision (lowest)", "recall", "F1")
    rows = [table_row(head), table_row(["---"] * len(head))]
    for preset, fields, kept in dict.fromkeys((line["preset"], line["fields"], line["kept"]) for line in lines):
        own = [line for line in lines if (line["preset"], line["fields"], line["kept"]) == (preset, fields, kept)]
        precision = [line["precision"] for line in own if line["precision"] is not None]
        rows.append(
            table_row(
                [
                    preset,
                    fields,
                    f"{kept:.0%}",
                    f"{mean(line['true_pairs'] for line in own):.0f}",
                    f"{mean(precision):.3f} ({min(precision):.3f})" if precision else "no link",
                    f"{mean(line['recall'] for line in own):.3f}",
                    f"{mean(line['f1'] for line in own):.3f}",
                ]
            )
        )
    return "\n".join(rows)


def speed(lines: list[dict]) -> str:
    """Pairs a second of 1,024-bit rows on one thread, and how many times the portable kernel's."""
    own = next(line["pairs_per_second"] for line in lines if line["method"] == "linkage")
    rows = [table_row(("1,024 bits, one thread", "million pairs a second", "of linkage's")), table_row(["---"] * 3)]
    rows += [
        table_row((line["method"], f"{line['pairs_per_second'] / 1e6:,.0f}", f"{line['pairs_per_second'] / own:.1f}"))
        for line in lines
    ]
    return "\n".join(rows)


def quality(lines: list[dict]) -> str:
    """Means over the seeds: at the usual cut, with the lowest F1, and at the best one."""
    head = ("data", "seeds", "method", "precision", "recall", "F1 (lowest)", "best cut: precision", "recall", "F1")
    rows = [table_row(head), table_row(["---"] * len(head))]
    for data in dict.fromkeys(line["data"] for line in lines):
        own = [line for line in lines if line["data"] == data]
        rows += [
            table_row(means(data, method, [line for line in own if line["method"] == method]))
            for method in TITLES
            if any(line["method"] == method for line in own)
        ]
    return "\n".join(rows)


def means(data: str, method: str, lines: list[dict]) -> list[str]:
    """One row of the quality table."""
    mean_of = {name: mean(line[name] for line in lines) for name in lines[0] if isinstance(lines[0][name], float)}
    return [
        data,
        str(len(lines)),
        TITLES[method],
        f"{mean_of['precision']:.4f}",
        f"{mean_of['recall']:.4f}",
        f"{mean_of['f1']:.4f} ({min(line['f1'] for line in lines):.4f})",
        *(f"{mean_of[name]:.4f}" for name in ("best_precision", "best_recall", "best_f1")),
    ]


def table_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    of_full_size = [line for line in read(SPEED, key=("method", "rows")) if line["rows"] == full_size.ROWS]
    shown = (quality(full_quality()), febrl4(full_febrl4()), overlap(full_overlap()), speed(of_full_size))
    print("\n\n".join(shown))


if __name__ == "__main__":
    main()
