"""The README's table of attacks, from results/attacks.jsonl alone: `attacks.py` measures.

Of each attack and encoding the mean over the seeds of the share re-identified, with the interval that seeds drawn again
and the people of all of them give, whichever is wider: an attack gets in or not, so people of one seed are not
independent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import full_size
import numpy as np
from results_kept import RESULTS, complete, lines_of, table_row

from linkage.study.intervals import Interval, resample, wilson

ATTACKED = RESULTS / "attacks.jsonl"
EVERYBODY = RESULTS / "everybody.jsonl"
PLAIN = 0.6  # an ambiguity below it is of a right alignment, as `graph_matching` says
XOR = "xor tuples"
ALL = 1.0
ONE = "both"  # cases, at an overlap of 100 %
OF = ("attack", "encoding", "case", "overlap")
MEASURED = (
    *((case, overlap) for case in full_size.CASES for overlap in full_size.ATTACK_OVERLAPS if overlap != ALL),
    ("subset", ALL),
)
WANTED = tuple(
    (attack, encoding, *each)
    for attack in full_size.ATTACKS
    for encoding in full_size.ENCODINGS
    for each in ((("subset", ALL),) if attack == XOR else MEASURED)
)


def full_attacks() -> list[dict]:
    """Of each attack, encoding, case and overlap the lines of the latest run with all seeds, if there is one.

    All of it takes the better part of a day, so it may be measured in parts.
    """
    lines = [line for line in lines_of(ATTACKED) if line["settings"] == {"people": full_size.ATTACKED}]
    cells = ([line for line in lines if tuple(line[name] for name in OF) == cell] for cell in WANTED)
    return [line for own in cells for line in complete(own, of=OF, seeds=full_size.ATTACK_SEEDS)]


def full_everybody() -> list[dict]:
    """The lines of whom graph matching names from a list of everybody: of each way the latest run with all seeds."""
    lines = [line for line in lines_of(EVERYBODY) if line["settings"] == {"people": full_size.EVERYBODY}]
    cells = ([line for line in lines if line["way"] == way] for way in full_size.EVERYBODY_WAYS)
    found = [complete(own, of=("way",), seeds=full_size.EVERYBODY_SEEDS) for own in cells]
    return [line for own in found for line in own] if all(found) else []


FULL: Mapping[Path, Callable[[], list[dict]]] = {ATTACKED: full_attacks, EVERYBODY: full_everybody}


def made() -> dict[str, tuple[Callable[[list[dict]], str], list[dict]]]:
    """Name of the mark in the README -> what makes the table, and its lines."""
    return {"attacks": (attacks, full_attacks()), "everybody": (everybody, full_everybody())}


def everybody(lines: list[dict]) -> str:
    """A row a way: whom graph matching names of a list of everybody, and in how many seeds it can tell itself."""
    rows = [table_row(("way", "named (95 %)", "and knows it")), table_row(["---"] * 3)]
    for way in dict.fromkeys(line["way"] for line in lines):
        own = [line for line in lines if line["way"] == way]
        knew = sum(line["ambiguity"] < PLAIN for line in own)
        rows.append(table_row((way, f"{_cell(own)} %", f"in {knew} of {len(own)}")))
    return "\n".join(rows)


def attacks(lines: list[dict]) -> str:
    """A row for each attack, encoding and case, a column for each overlap, and what the XOR tuples show."""
    naming = [line for line in lines if line["attack"] != XOR]
    overlaps = sorted({line["overlap"] for line in naming})
    head = ("re-identified, % of the people in both (95 %)", "encoding", "case", *(f"{each:.0%}" for each in overlaps))
    rows = [table_row(head), table_row(["---"] * len(head))]
    for attack, encoding in dict.fromkeys((line["attack"], line["encoding"]) for line in naming):
        own = [line for line in naming if (line["attack"], line["encoding"]) == (attack, encoding)]
        for case in dict.fromkeys(line["case"] for line in own if line["overlap"] != ALL) or ("subset",):
            cells = [_cell([line for line in own if _is(line, case, overlap)]) for overlap in overlaps]
            rows.append(table_row([attack, f"`{encoding}`", case, *cells]))
    found = [line for line in lines if line["attack"] == XOR]
    return "\n".join([*rows, *(["", _structure(found)] if found else [])])


def _is(line: dict, case: str, overlap: float) -> bool:
    return line["overlap"] == overlap and (line["case"] == case or overlap == ALL)


def _cell(lines: list[dict]) -> str:
    if not lines:
        return ""
    low, high = interval(lines).low, interval(lines).high
    mean = sum(line["correct"] / line["overlapping"] for line in lines) / len(lines)
    return f"{100 * mean:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def interval(lines: list[dict]) -> Interval:
    """Of the share, over seeds drawn again or over all people, whichever reaches further.

    >>> interval([{"correct": 0, "overlapping": 50}, {"correct": 50, "overlapping": 50}])
    Interval(low=0.0, high=1.0)
    """
    counts = np.array([(line["correct"], line["overlapping"] - line["correct"]) for line in lines])
    whole = wilson(int(counts[:, 0].sum()), int(counts.sum()))
    drawn = resample(counts)
    low, high = np.quantile(drawn[:, 0] / drawn.sum(axis=1), (0.025, 0.975))
    return Interval(min(whole.low, float(low)), max(whole.high, float(high)))


def _structure(lines: list[dict]) -> str:
    """Of each encoding the least and the greatest z over seeds, pairs of records apart from all other tuples."""
    said = []
    for encoding in dict.fromkeys(line["encoding"] for line in lines):
        own = [line for line in lines if line["encoding"] == encoding]
        pairs, others = (
            f"{min(line[name] for line in own):,.0f} to {max(line[name] for line in own):,.0f}"
            for name in ("z_pairs", "z_others")
        )
        known = [line["relations"] for line in own if line["relations"] is not None]
        related = f", {max(known):,} relations among bits" if known else ""
        said.append(f"`{encoding}` z {pairs} in pairs of records, {others} in other tuples{related}")
    return f"Low-weight XOR tuples, least to greatest of the seeds (chance stays below 8): {'; '.join(said)}."
