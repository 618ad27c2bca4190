"""The README's tables, from results/*.jsonl alone: nothing is measured here.

python benchmarks/tables.py
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import mean

RESULTS = Path(__file__).parent / "results"
QUALITY = RESULTS / "quality.jsonl"
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


def read(path: Path) -> list[dict]:
    """The results, each data set, seed and method once: the latest."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return list({(line["data"], line["seed"], line["method"]): line for line in lines}.values())


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


if __name__ == "__main__":
    print(quality(read(QUALITY)))
