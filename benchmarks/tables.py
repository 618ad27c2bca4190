"""The README's tables, from results/*.jsonl alone: nothing is measured here.

    python benchmarks/tables.py [--write]

A table is of one run: on one machine, at one commit, with the settings of `full_size.py`, whole. Of several such runs
the latest counts; what was measured with less is a trial, and a run that lacks a rival, a data set or a seed changes
nothing. With --write the tables go into README.md, between their marks, and lines of earlier runs are dropped.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean

import agency_tables
import attack_tables
import candidate_tables
import compare_tables
import encode_tables
import frontier_tables
import full_size
import judgement_tables
import model_tables
import threshold_tables
from results_kept import RESULTS, append, complete, lines_of, superseded, table_row

from linkage.study.evaluate import Evaluation

__all__ = ["RESULTS", "append", "complete", "lines_of", "superseded", "table_row"]

README = Path(__file__).parent.parent / "README.md"
QUALITY = RESULTS / "quality.jsonl"
FEBRL4 = RESULTS / "febrl4.jsonl"
OVERLAP = RESULTS / "overlap.jsonl"
GROUPS = RESULTS / "groups.jsonl"
PEOPLE = RESULTS / "people.jsonl"
TITLES = {
    "linkage": "**linkage**",
    "anonlink_clk": "clkhash + anonlink",
    "recordlinkage_ecm": "recordlinkage ECM (plaintext)",
    "splink_plain": "Splink (plaintext)",
}


def full_quality() -> list[dict]:
    """The lines of the quality table: every method on every data set."""
    lines = [line for line in lines_of(QUALITY) if line["settings"] == full_size.settings(line["data"])]
    wanted = [(data, method) for data in full_size.DATA for method in TITLES]
    return complete(lines, of=("data", "method"), seeds=full_size.SEEDS, wanted=wanted)


def full_febrl4() -> list[dict]:
    """The lines of the table of Febrl 4's halves."""
    lines = [line for line in lines_of(FEBRL4) if line["settings"] == full_size.settings("Febrl 4")]
    wanted = [(fields,) for fields in full_size.FEBRL4_FIELDS]
    return complete(lines, of=("fields",), seeds=full_size.HALVES, wanted=wanted)


def full_overlap() -> list[dict]:
    """The lines of the table by overlap."""
    lines = [line for line in lines_of(OVERLAP) if line["settings"] == full_size.settings("invented")]
    wanted = [
        (preset, fields, kept)
        for preset in full_size.PRESETS
        for fields in full_size.OVERLAP_FIELDS
        for kept in full_size.OVERLAPS
    ]
    return complete(lines, of=("preset", "fields", "kept"), seeds=full_size.SEEDS, wanted=wanted)


def full_groups() -> list[dict]:
    """The lines of the table by origin."""
    lines = [line for line in lines_of(GROUPS) if line["settings"] == {"people": full_size.GROUPED}]
    of = ("preset", "origin")
    wanted = dict.fromkeys((preset, line["origin"]) for preset in full_size.PRESETS for line in lines)
    return complete(lines, of=of, seeds=full_size.SEEDS, wanted=wanted)


def full_people() -> list[dict]:
    """The lines of what invented people are held against."""
    lines = [line for line in lines_of(PEOPLE) if line["settings"] == {"people": full_size.CHECKED}]
    presets = {line["preset"] for line in complete(lines, of=("preset", "topic"), seeds=(full_size.CHECK_SEED,))}
    whole = presets == set(full_size.CHECKED_PRESETS)
    return complete(lines, of=("preset", "topic"), seeds=(full_size.CHECK_SEED,)) if whole else []


FULL: Mapping[Path, Callable[[], list[dict]]] = {
    QUALITY: full_quality,
    FEBRL4: full_febrl4,
    OVERLAP: full_overlap,
    GROUPS: full_groups,
    PEOPLE: full_people,
    **compare_tables.FULL,
    **model_tables.FULL,
    **judgement_tables.FULL,
    **encode_tables.FULL,
    **attack_tables.FULL,
    **agency_tables.FULL,
    **threshold_tables.FULL,
    **candidate_tables.FULL,
    **frontier_tables.FULL,
}


def prune() -> None:
    """Drop from the results what is superseded."""
    for path, full in FULL.items():
        lines = lines_of(path)
        old = set(superseded(lines, full()))
        if old:
            kept = [json.dumps(line, ensure_ascii=False) for place, line in enumerate(lines) if place not in old]
            path.write_text("\n".join(kept) + "\n", encoding="utf-8")
            print(f"{path.name}: {len(old)} superseded lines dropped, {len(kept)} kept")


def shown() -> dict[str, str]:
    """Name of the mark in the README -> table, of those that have been measured whole."""
    made = {
        "quality": (quality, full_quality()),
        "febrl4": (febrl4, full_febrl4()),
        "overlap": (overlap, full_overlap()),
        "groups": (groups, full_groups()),
        "people": (people, full_people()),
        **compare_tables.made(),
        **model_tables.made(),
        **judgement_tables.made(),
        **encode_tables.made(),
        **attack_tables.made(),
        **agency_tables.made(),
        **threshold_tables.made(),
        **candidate_tables.made(),
        **frontier_tables.made(),
    }
    return {name: of(lines) for name, (of, lines) in made.items() if lines}


def with_tables(text: str, tables: Mapping[str, str]) -> str:
    """A text with each table between its marks, ``<!-- name -->`` and ``<!-- end of name -->``.

    >>> with_tables("<!-- a -->\\nold\\n<!-- end of a -->", {"a": "new"}).split()
    ['<!--', 'a', '-->', 'new', '<!--', 'end', 'of', 'a', '-->']
    """
    for name, table in tables.items():
        before, start, rest = text.partition(f"<!-- {name} -->")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        if not start or not end:
            raise ValueError(f"README.md has no place for the table {name}: <!-- {name} --> ... <!-- end of {name} -->")
        text = f"{before}{start}\n\n{table}\n\n{end}{after}"
    return text


def write_readme() -> None:
    """Put the tables where they belong."""
    README.write_text(with_tables(README.read_text(encoding="utf-8"), shown()), encoding="utf-8")


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
        linked = [line for line in own if line["f1"] is not None]
        refused = f"refused {len(own) - len(linked)} of {len(own)}" if len(linked) < len(own) else ""
        precision = [line["precision"] for line in linked if line["precision"] is not None]
        cells = [preset, fields, f"{kept:.0%}", f"{mean(line['true_pairs'] for line in linked):.0f}" if linked else ""]
        cells.append(f"{mean(precision):.3f} ({min(precision):.3f})" if precision else refused or "no link")
        cells += [f"{mean(line[name] for line in linked):.3f}" if linked else "" for name in ("recall", "f1")]
        cells[-1] += f" ({refused})" if linked and refused else ""
        rows.append(table_row(cells))
    return "\n".join(rows)


def groups(lines: list[dict]) -> str:
    """Recall and precision by origin of the name, the seeds together, and whose recall lies apart from all others'."""
    head = ("preset", "origin of the name", "true pairs", "precision", "recall (95 %)", "recall of the others", "")
    rows = [table_row(head), table_row(["---"] * len(head))]
    for preset in dict.fromkeys(line["preset"] for line in lines):
        own = [line for line in lines if line["preset"] == preset]
        counted = {origin: _added(own, origin) for origin in dict.fromkeys(line["origin"] for line in own)}
        whole = _added(own)
        for origin, found in sorted(counted.items(), key=lambda item: item[1].recall):
            rest = _less(whole, found)
            low, high = found.recall_interval.low, found.recall_interval.high
            apart = found.recall_interval.apart(rest.recall_interval)
            side = ("lower" if found.recall < rest.recall else "higher") if apart else ""
            cells = [preset, origin.replace("_", " "), f"{found.true_positives + found.false_negatives:,}"]
            cells += [
                f"{found.precision:.4f}",
                f"{found.recall:.4f} ({low:.4f} to {high:.4f})",
                f"{rest.recall:.4f}",
                side,
            ]
            rows.append(table_row(cells))
    return "\n".join(rows)


COUNTS = ("true_positives", "false_positives", "false_negatives")


def _added(lines: list[dict], origin: str | None = None) -> Evaluation:
    """The counts of all seeds together; intervals are Wilson's, as each true pair is one child's."""
    own = [line for line in lines if origin in (None, line["origin"])]
    return Evaluation(*(sum(line[name] for line in own) for name in COUNTS))


def _less(whole: Evaluation, part: Evaluation) -> Evaluation:
    return Evaluation(*(getattr(whole, name) - getattr(part, name) for name in COUNTS))


def people(lines: list[dict]) -> str:
    """How many figures of each topic hold, and how far off the furthest is, as a share of what is allowed."""
    head = ("invented people, held against sources and targets", "figures", "off", "furthest off, of what is allowed")
    rows = [table_row(head), table_row(["---"] * len(head))]
    figures: dict[str, list[dict]] = {}
    for line in lines:
        figures.setdefault(line["topic"].partition(",")[0], []).extend(line["figures"])
    for topic, own in figures.items():
        far = [abs(each["measured"] - each["target"]) / (each["allowed"] or 1) for each in own]
        rows.append(table_row([topic, str(len(own)), str(sum(not each["holds"] for each in own)), f"{max(far):.0%}"]))
    minute = [line["people_per_minute"] for line in lines]
    rows.append(
        table_row([f"invented a minute, in the slowest preset: {min(minute) / 1e6:.1f} million people", "", "", ""])
    )
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="into README.md, and drop superseded results")
    if parser.parse_args().write:
        prune()
        write_readme()
    print("\n\n".join(shown().values()))


if __name__ == "__main__":
    main()
