"""The README's tables of candidates, from results/candidates.jsonl and nation.jsonl alone.

`candidates.py` (comparing by blocks and by LSH beside all pairs) and `nation.py` (from tables to links) measure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import full_size
from results_kept import RESULTS, lines_of, table_row

CANDIDATES = RESULTS / "candidates.jsonl"
NATION = RESULTS / "nation.jsonl"


def full_candidates() -> list[dict]:
    """The latest run of `candidates.py` that has every size by both ways."""
    wanted = [(way, rows) for rows in full_size.CANDIDATE_ROWS for way in ("blocks", "LSH")]
    return _latest(CANDIDATES, lambda line: (line["way"], line["rows"]), wanted)


def full_nation() -> list[dict]:
    """The latest line of `nation.py` of every size: the largest takes an hour, and is not measured at each commit."""
    return _latest(NATION, lambda line: line["rows"], list(full_size.NATION_ROWS), one_commit=False)


def _latest(path: Path, of: Callable[[dict], object], wanted: list, *, one_commit: bool = True) -> list[dict]:
    runs: dict[str, dict[object, dict]] = {}
    for line in lines_of(path):
        about = {name: said for name, said in line["machine"].items() if one_commit or name != "commit"}
        runs.setdefault(json.dumps(about, sort_keys=True), {})[of(line)] = line
    whole = [[own[each] for each in wanted] for own in runs.values() if all(each in own for each in wanted)]
    return whole[-1] if whole else []


FULL: Mapping[Path, Callable[[], list[dict]]] = {CANDIDATES: full_candidates, NATION: full_nation}


def made() -> dict[str, tuple[Callable[[list[dict]], str], list[dict]]]:
    """Name of the mark in the README -> what makes the table, and its lines."""
    return {"candidates": (candidates, full_candidates()), "nation": (nation, full_nation())}


def candidates(lines: list[dict]) -> str:
    """Recall and cost beside all pairs."""
    head = ["records a side", "candidates by", "recall", "processor seconds", "all pairs, by a sample", "times faster"]
    rows = (
        (
            f"{line['rows']:,}",
            line["way"],
            f"{line['recall']:.4f}",
            f"{line['cpu_seconds']:,.1f}",
            f"{line['exact_cpu_seconds_from_sample']:,.1f}",
            f"{line['times_faster']:.3g}",
            f"{line['peak_mib']:,}",
        )
        for line in lines
    )
    return _table([*head, "peak, MiB"], rows) + f"\n\n{_exponents(lines)}"


def _exponents(lines: list[dict]) -> str:
    said = []
    for way in dict.fromkeys(line["way"] for line in lines):
        found = [line["exponent"] for line in lines if line["way"] == way and "exponent" in line]
        said.append(f"{way} {', '.join(f'{each:.2f}' for each in found)}")
    return f"Processor time grows with the records to the power of, from each size to the next: {'; '.join(said)}."


def nation(lines: list[dict]) -> str:
    """From tables to links."""
    head = ["records a side", "encode, s", "link, s", "candidates", "links", "recall: expected, true", "precision"]
    rows = (
        (
            f"{line['rows']:,}",
            f"{line['encode']['seconds']:,.0f}",
            f"{line['link']['seconds']:,.0f}",
            f"{line['link']['candidates']:,}",
            f"{line['link']['links']:,}",
            f"{line['link']['expected_recall']:.3f}, {line['true']['recall']:.3f}",
            f"{line['true']['precision']:.3f}",
            f"{max(line[step]['peak_bytes'] for step in ('encode', 'link')) / 2**30:.1f}",
        )
        for line in lines
    )
    return _table([*head, "peak, GiB"], rows)


def _table(head: list[str], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(map(table_row, [head, ["---"] * len(head), *rows]))
