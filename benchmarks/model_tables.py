"""The README's tables of what the model must show, from results alone: beside Splink, keys, few partners, cost.

`tables.py` prints and writes them with the others; `quality.py`, `stability.py`, `informed.py` and `model_cost.py`
measure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean

import full_size
from results_kept import RESULTS, complete, lines_of, table_row

MODEL = RESULTS / "model.jsonl"
STABILITY = RESULTS / "stability.jsonl"
INFORMED = RESULTS / "informed.jsonl"
COST = RESULTS / "model_cost.jsonl"
METHODS = ("linkage", "anonlink_clk", "recordlinkage_ecm", "splink_plain")
RESAMPLED = 0  # the seed of paired.py's draws
ALMOST_NONE = 0.01


def full_model() -> list[dict]:
    """The lines of the table beside Splink: every data set, all seeds, all methods."""
    lines = [
        line
        for line in lines_of(MODEL)
        if line["settings"] == full_size.settings(line["data"])
        and line["seeds"] == list(full_size.SEEDS)
        and all(set(rows) == set(METHODS) for rows in line["by_seed"])
    ]
    return complete(lines, of=("data",), seeds=(RESAMPLED,), wanted=[(data,) for data in full_size.MODEL_DATA])


def full_stability() -> list[dict]:
    """The lines of the table of keys."""
    lines = [
        line
        for line in lines_of(STABILITY)
        if line["settings"] == full_size.settings(line["data"]) | {"keys": full_size.KEYS}
    ]
    wanted = [(data,) for data in (*full_size.TWO_SIDED, *full_size.ONE_SIDED)]
    return complete(lines, of=("data",), seeds=full_size.SEEDS[:1], wanted=wanted)


def full_informed() -> list[dict]:
    """The lines of the table of few partners."""
    lines = [line for line in lines_of(INFORMED) if line["settings"] == full_size.settings(line["data"])]
    wanted = [(full_size.thinned(data, kept),) for data in full_size.TWO_SIDED for kept in full_size.KEPT[1:]]
    return complete(lines, of=("data",), seeds=full_size.SEEDS, wanted=wanted)


def full_cost() -> list[dict]:
    """The lines of the table of cost."""
    wanted = [(full_size.COST_ROWS, full_size.COST_ROWS), full_size.COST_LARGE]
    lines = [line for line in lines_of(COST) if (line["left"], line["right"]) in wanted]
    return complete(lines, of=("left", "right"), seeds=(1,), wanted=wanted)


FULL: Mapping[Path, Callable[[], list[dict]]] = {
    MODEL: full_model,
    STABILITY: full_stability,
    INFORMED: full_informed,
    COST: full_cost,
}


def made() -> dict[str, tuple[Callable[[list[dict]], str], list[dict]]]:
    """Name of the mark in the README -> what makes the table, and its lines."""
    return {
        "model": (model, full_model()),
        "stability": (stability, full_stability()),
        "informed": (informed, full_informed()),
        "cost": (cost, full_cost()),
    }


def model(lines: list[dict]) -> str:
    """Default F1 beside Splink's, and which of the bars each data set is short of."""
    head = (
        "data", "linkage F1", "minus Splink's default (95 %)", "minus Splink's best (95 %)", "precision",
        "Splink's: default, best cut", "recordlinkage F1", "anonlink F1", "short of",
    )  # fmt: skip
    rows = [table_row(head), table_row(["---"] * len(head))]
    for line in lines:
        cells = [line["data"], _f1(line)]
        cells += [_difference(line[name]) for name in ("minus_default", "minus_best")]
        cells += [_share(line["precision"])]
        cells += [f"{_share(line['splink_precision'])}, {_share(line['splink_best_precision'])}"]
        cells += [_mean_f1(line, name) for name in ("recordlinkage_ecm", "anonlink_clk")]
        rows.append(table_row([*cells, ", ".join(short_of(line)) or "-"]))
    answered = [line["minus_default"]["value"] for line in lines if line["minus_default"]]
    above, short = sum(value > 0 for value in answered), sum(bool(short_of(line)) for line in lines)
    refused = f", {len(lines) - len(answered)} refused" if len(answered) < len(lines) else ""
    counts = f"Above Splink's default on {above} of {len(lines)} data sets{refused}; short of a bar on {short}."
    return "\n".join([*rows, "", counts])


def short_of(line: dict) -> list[str]:
    """The bars that a data set misses, by name.

    >>> line = {"minus_default": {"value": -0.01}, "minus_best": {"high": -0.001}, "precision": 0.98, "refused": 0}
    >>> short_of(line | {"splink_precision": 0.97, "splink_best_precision": 0.995, "seeds": [1]})
    ["Splink's default", "Splink's best", 'precision']
    """
    few = line.get("settings", {}).get("kept", 1.0) <= ALMOST_NONE  # where a plain refusal is allowed
    misses = ["an answer"] if line["refused"] and not few else []
    if line["minus_default"] is None:
        return misses
    if line["minus_default"]["value"] < 0:
        misses.append("Splink's default")
    if line["minus_best"]["high"] < 0:
        misses.append("Splink's best")
    reached = max(line["splink_precision"] or 0.0, line["splink_best_precision"] or 0.0)
    if reached >= 0.99 and (line["precision"] or 0.0) < 0.99:
        misses.append("precision")
    return misses


def stability(lines: list[dict]) -> str:
    """The spread of default F1 over keys, and over starts."""
    head = ("data", "keys", "F1: mean", "lowest", "highest", "spread", "spread over as many starts")
    rows = [table_row(head), table_row(["---"] * len(head))]
    for line in lines:
        low, high = min(line["f1"]), max(line["f1"])
        starts = max(line["f1_by_start"]) - min(line["f1_by_start"])
        cells = [f"{value:.4f}" for value in (mean(line["f1"]), low, high, high - low, starts)]
        rows.append(table_row([line["data"], str(len(line["f1"])), *cells]))
    return "\n".join(rows)


def informed(lines: list[dict]) -> str:
    """Default F1, and less that of the model told m and u, by data set and share of partners; mean over 30 and 10 %."""
    shares = full_size.KEPT[1:]
    titles = [f"{100 * kept:.0f} %: F1 (minus told m and u)" for kept in shares]
    head = ("data", *titles, "mean difference, 30 and 10 %")
    rows = [table_row(head), table_row(["---"] * len(head))]
    for data in full_size.TWO_SIDED:
        own = {kept: [line for line in lines if line["data"] == full_size.thinned(data, kept)] for kept in shares}
        low = [_less(line) for kept in shares[:2] for line in own[kept]]
        if low:
            rows.append(table_row([data, *(_beside_told(own[kept]) for kept in shares), f"{mean(low):+.3f}"]))
    return "\n".join(rows)


def cost(lines: list[dict]) -> str:
    """Seconds and memory."""
    head = ("six fields, invented people", "cores", "seconds: fit", "fit and predict", "peak MiB", "pairs")
    rows = [table_row(head), table_row(["---"] * len(head))]
    for line in lines:
        cells = [f"{line['left']:,} x {line['right']:,}", str(line["machine"]["cores"]), f"{line['fit_seconds']:.1f}"]
        cells += [f"{line['fit_seconds'] + line['predict_seconds']:.1f}"]
        rows.append(table_row([*cells, f"{line['peak_bytes'] / 2**20:,.0f}", f"{line['pairs']:,}"]))
    return "\n".join(rows)


def _f1(line: dict) -> str:
    if line["f1"] is None:
        return "refused"
    refused = f" (refused {line['refused']} of {len(line['seeds'])})" if line["refused"] else ""
    return f"{line['f1']:.4f}{refused}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _mean_f1(line: dict, method: str) -> str:
    own = [rows[method]["f1"] for rows in line["by_seed"] if method in rows]
    return f"{mean(own):.4f}" if own else ""


def _difference(found: dict | None) -> str:
    return "" if found is None else f"{found['value']:+.4f} ({found['low']:+.4f} to {found['high']:+.4f})"


def _less(line: dict) -> float:
    """Refused is nothing found."""
    return (line["f1"] or 0.0) - line["informed_f1"]


def _beside_told(lines: list[dict]) -> str:
    refused = sum(line["f1"] is None for line in lines)
    if refused == len(lines):
        return "refused" if lines else ""
    answered = [line for line in lines if line["f1"] is not None]
    more = f", refused {refused} of {len(lines)}" if refused else ""
    return f"{mean(line['f1'] for line in answered):.3f} ({mean(map(_less, answered)):+.3f}){more}"
