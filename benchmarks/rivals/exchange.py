"""The one interface of all rivals that link: files in, scored pairs out. Standard library only.

    python <rival>.py left.csv right.csv|- fields.json pairs.csv

The tables have an `id` column and the fields' own, cleaned, empty where missing. `fields.json` is
`{"given_name": "name", "dob": "date", ...}` with linkage's types; dates are 2019-04-03, a missing part 0. `pairs.csv`
gets `left_id,right_id,score`, one-to-one by greedy from the highest score: whatever score one cuts at, what lies above
is what greedy would have chosen there. With - in place of right.csv the left table is searched for duplicates: any
record may have several, so every pair is kept, once, the lower id first. The last line of stdout is JSON: the cut of
someone without truth, the versions.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

Pair = tuple[str, str, float]
Link = Callable[[Path, Path | None, dict[str, str]], Iterable[Pair]]
NO_RIGHT = "-"


def run(link: Link, *, default_cut: float, packages: tuple[str, ...]) -> None:
    """Do what the command line asks of a rival, once per process."""
    left, right, fields, out = (Path(name) for name in sys.argv[1:])
    kinds = json.loads(fields.read_text(encoding="utf-8"))
    pairs = each_once(link(left, None, kinds)) if str(right) == NO_RIGHT else one_to_one(link(left, right, kinds))
    with out.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(("left_id", "right_id", "score"))
        writer.writerows(pairs)
    print(json.dumps({"default_cut": default_cut, "versions": {name: version(name) for name in packages}}))


def one_to_one(pairs: Iterable[Pair]) -> list[Pair]:
    """Pairs from the highest score down, each record once; equal scores by id.

    >>> one_to_one([("a", "x", 0.7), ("a", "y", 0.9), ("b", "y", 0.8), ("b", "x", 0.6)])
    [('a', 'y', 0.9), ('b', 'x', 0.6)]
    """
    lefts, rights, chosen = set(), set(), []
    for left, right, score in sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1])):
        if left not in lefts and right not in rights:
            lefts.add(left)
            rights.add(right)
            chosen.append((left, right, score))
    return chosen


def each_once(pairs: Iterable[Pair]) -> list[Pair]:
    """Pairs of one table, the lower id first, each with its highest score, from that down; none of itself.

    >>> each_once([("b", "a", 0.7), ("a", "b", 0.9), ("a", "a", 1.0), ("a", "c", 0.8)])
    [('a', 'b', 0.9), ('a', 'c', 0.8)]
    """
    highest: dict[tuple[str, str], float] = {}
    for one, other, score in pairs:
        if one != other:
            pair = min(one, other), max(one, other)
            highest[pair] = max(score, highest.get(pair, score))
    return sorted(((*pair, score) for pair, score in highest.items()), key=lambda pair: (-pair[2], pair[0], pair[1]))


def columns(path: Path) -> dict[str, list[str]]:
    """A CSV file, column by column."""
    with path.open(newline="", encoding="utf-8") as handle:
        header, *rows = csv.reader(handle)
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
