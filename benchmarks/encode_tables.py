"""The README's table of encoding, from results/encode.jsonl alone.

`encode_speed.py` (our own scheme, and a large CSV file) and `clkhash_speed.py` (clkhash's scheme, ours beside clkhash
itself) measure; `tables.py` prints and writes the table with the others. It is of one run of both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import full_size
from results_kept import RESULTS, complete, lines_of, table_row

ENCODE = RESULTS / "encode.jsonl"
OWN, LARGE, CLKHASH = "own scheme", "own scheme, a large CSV file", "clkhash's scheme"
SETTINGS = {
    OWN: {"people": full_size.ENCODED},
    LARGE: {"records": full_size.ENCODED_CSV},
    CLKHASH: {"people": full_size.ENCODED},
}
SEED = 1
HEAD = (
    f"{full_size.ENCODED:,} people, five fields, one thread",
    "records a second",
    "a second of processor time",
    "times clkhash",
    "peak MiB",
)


def full_encode() -> list[dict]:
    """The lines of the table: our own scheme, the large file and clkhash's scheme."""
    lines = [line for line in lines_of(ENCODE) if line["settings"] == SETTINGS[line["what"]]]
    return complete(lines, of=("what",), seeds=(SEED,), wanted=[(what,) for what in SETTINGS])


FULL: Mapping[Path, Callable[[], list[dict]]] = {ENCODE: full_encode}


def made() -> dict[str, tuple[Callable[[list[dict]], str], list[dict]]]:
    """Name of the mark in the README -> what makes the table, and its lines."""
    return {"encode": (encode, full_encode())}


def encode(lines: list[dict]) -> str:
    """Records a second, the multiple of clkhash's where the bits are the same, and peak memory."""
    of = {line["what"]: line for line in lines}
    rows = [table_row(HEAD), table_row(["---"] * len(HEAD)), *_own(of[OWN]), *_clkhash(of[CLKHASH]), _large(of[LARGE])]
    return "\n".join(rows)


def _own(line: dict) -> list[str]:
    """A row for each layout and kind of table."""
    rows = []
    for what, speed in line["records_per_second"].items():
        layout, _, table = what.partition(", from ")
        busy = line["records_per_cpu_second"][what]
        rows.append(table_row([f"own scheme, `{layout}`, from {table or 'Arrow'}", f"{speed:,}", f"{busy:,}", "", ""]))
    return rows


def _clkhash(line: dict) -> list[str]:
    """Ours beside clkhash; nothing is written where their bits differ."""
    ours, theirs = line["linkage"], line["clkhash"]
    kinds = {
        "clkhash's scheme by `encode_clkhash`, from Arrow": (ours["records_per_second"], ours["peak_mib"]),
        "the same, from lists of rows": (ours["records_per_second_from_rows"], None),
        f"the same by clkhash {line['versions']['clkhash']}": (theirs["records_per_second"], theirs["peak_mib"]),
    }
    return [
        table_row([what, f"{speed:,}", "", f"{speed / theirs['records_per_second']:.1f}", f"{peak:,}" if peak else ""])
        for what, (speed, peak) in kinds.items()
    ]


def _large(line: dict) -> str:
    """The large file, with all defaults."""
    what = f"own scheme, `fields`, {line['records']:,} rows from CSV to a file, {line['machine']['cores']} cores"
    return table_row([what, f"{line['records'] / line['seconds']:,.0f}", "", "", f"{line['peak_mib']:,}"])
