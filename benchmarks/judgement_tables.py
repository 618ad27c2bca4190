"""The README's tables of judgement without truth, from results alone: `judgement.py` measures.

The development data and the presets at small size have a file each, and the tables show whichever is whole. A line is
of the presets if its seed is one of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import mean

import full_size
from results_kept import RESULTS, complete, lines_of, table_row

from linkage.quality import CLOSE

JUDGEMENT = RESULTS / "judgement.jsonl"
PRESETS = RESULTS / "judgement_presets.jsonl"
NEAR = CLOSE
LEAST = 0.985  # precision that asking for 0.99 may give
ALL = f"{len(full_size.TWO_SIDED)} data sets"


def full_data() -> list[dict]:
    """The lines of every data set, with every share of partners and all seeds."""
    lines = [line for line in lines_of(JUDGEMENT) if line["settings"] == full_size.settings(line["data"])]
    names = [full_size.thinned(data, kept) for data in full_size.TWO_SIDED for kept in shares()]
    return complete(lines, of=("data",), seeds=full_size.SEEDS, wanted=[(name,) for name in names])


def full_presets() -> list[dict]:
    """The lines of the presets at small size, with every share of partners and all seeds."""
    lines = [line for line in lines_of(PRESETS) if line["settings"]["people"] == full_size.JUDGED_PEOPLE]
    invented = [f"invented, {preset}" for preset in full_size.CHECKED_PRESETS]
    names = [full_size.thinned(data, kept) for data in invented for kept in shares()]
    return complete(lines, of=("data",), seeds=full_size.JUDGED_SEEDS, wanted=[(name,) for name in names])


FULL: Mapping[Path, Callable[[], list[dict]]] = {JUDGEMENT: full_data, PRESETS: full_presets}


def made() -> dict[str, tuple[Callable[[list[dict]], str], list[dict]]]:
    """Name of the mark in the README -> what makes the table, and its lines."""
    lines = [*full_data(), *full_presets()]
    return {"judgement": (judgement, lines), "asked": (asked, lines), "refined": (refined, lines)}


def path_of(line: dict) -> Path:
    """The file that a line goes to."""
    return PRESETS if small(line) else JUDGEMENT


def shares() -> tuple[float, ...]:
    """All partners, then the shares of them that are kept."""
    return (1.0, *full_size.JUDGED_KEPT)


def small(line: dict) -> bool:
    """Whether it is of the presets at small size."""
    return line["seed"] in full_size.JUDGED_SEEDS


def parts(lines: list[dict]) -> Iterator[tuple[str, str, list[dict]]]:
    """Name of the data, share of partners, lines."""
    for name in (ALL, *full_size.CHECKED_PRESETS):
        for kept in shares():
            own = [
                line
                for line in lines
                if line["settings"].get("kept", 1.0) == kept
                and (not small(line) if name == ALL else small(line) and line["data"].startswith(f"invented, {name}"))
            ]
            if own:
                yield (name if name == ALL else f"invented, {name}"), f"{kept:.0%}", own


def judgement(lines: list[dict]) -> str:
    """How often what is stated is near the truth, and the truth within the interval; of those that say they know."""
    head = (
        "data", "partners kept", "linked", "says it can't know", "precision: within 0.02", "if it says it is close",
        "in its interval", "furthest too high", "recall: within 0.05", "if it says it is close", "in its interval",
        "furthest too high",
    )  # fmt: skip
    rows = [table_row(head), table_row(["---"] * len(head))]
    for name, kept, own in parts(lines):
        linked = [line for line in own if "refused" not in line]
        known = [line for line in linked if line["known"]]
        cells = [name, kept, f"{len(linked)} of {len(own)}", str(len(linked) - len(known))]
        for measure, near in NEAR.items():
            spans = [line[measure] for line in known]
            close = [span for span in spans if max(span[2] - span[0], span[0] - span[1]) <= near]
            cells += [
                f"{sum(abs(value - true) <= near for value, *_, true in spans)} of {len(spans)}",
                f"{sum(abs(value - true) <= near for value, *_, true in close)} of {len(close)}",
                str(sum(low <= true <= high for _, low, high, true in spans)),
                f"{max((value - true for value, *_, true in spans), default=0.0):.3f}",
            ]
        rows.append(table_row(cells))
    return "\n".join(rows)


def asked(lines: list[dict]) -> str:
    """What ``precision=0.99`` gives."""
    head = (
        "data", "partners kept", "answered", "true precision, mean (lowest)", "0.985 or more", "recall",
        "highest recall at 0.985, with truth",
    )  # fmt: skip
    rows = [table_row(head), table_row(["---"] * len(head))]
    for name, kept, own in parts(lines):
        linked = [line for line in own if "refused" not in line]
        answered = [line for line in linked if line["asked"] is not None]
        cells = [name, kept, f"{len(answered)} of {len(linked)}"]
        if answered:
            precision = [line["asked"][0] for line in answered]
            cells += [f"{mean(precision):.4f} ({min(precision):.4f})", str(sum(each >= LEAST for each in precision))]
            cells += [f"{mean(line['asked'][1] for line in answered):.3f}"]
            cells += [f"{mean(line['possible_recall'] for line in answered):.3f}"]
        rows.append(table_row([*cells, *[""] * (len(head) - len(cells))]))
    return "\n".join(rows)


def refined(lines: list[dict]) -> str:
    """F1 before and after 300 decisions: by the refined model alone, and with the decisions honoured."""
    head = (
        "data", "partners kept", "linkages", "F1 before", "refined: F1", "lower in", "higher in", "model stayed in",
        "decisions honoured: F1", "lower in", "higher in",
    )  # fmt: skip
    rows = [table_row(head), table_row(["---"] * len(head))]
    for name, kept, own in parts(lines):
        linked = [line for line in own if "refused" not in line]
        if not linked:
            continue
        cells = [name, kept, str(len(linked)), f"{mean(line['f1_before'] for line in linked):.4f}"]
        for after in ("f1_after", "f1_decided"):
            gains = [line[after] - line["f1_before"] for line in linked]
            cells.append(f"{mean(line[after] for line in linked):.4f}")
            cells += [str(sum(gain < 0 for gain in gains)), str(sum(gain > 0 for gain in gains))]
            if after == "f1_after":
                cells.append(str(sum(line["stayed"] for line in linked)))
        rows.append(table_row(cells))
    return "\n".join(rows)
