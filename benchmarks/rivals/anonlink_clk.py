"""clkhash and anonlink: one 1024-bit filter a record, Dice similarity, greedy; see exchange.py for how it is run.

Bits by field, date above names above address, postcode and sex, so that seven fields fill less than half of the filter:
the best of eight settings tried on a half of Febrl 4, by a hair. The usual cut is 0.8.

One table: anonlink compares two data sets and knows no third way, so it gets the table twice, keeps each pair once, and
its greedy solver groups them as records of one data set, which it allows: two groups join when every pair across is
a candidate. That is what its users would run, as the other solver needs one more number. A pair's score is the
similarity at which its groups joined, so that a cut leaves what the solver would have made at that threshold.
"""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import exchange

LENGTH = 1024
LOWEST = 0.6
DEFAULT = 0.8
BITS = {"name": 100, "date": 200, "postcode": 60, "text": 60, "category": 15}
TOKENS = {
    "name": {"type": "ngram", "n": 2},
    "text": {"type": "ngram", "n": 2},
    "date": {"type": "ngram", "n": 1, "positional": True},
    "postcode": {"type": "ngram", "n": 1, "positional": True},
    "category": {"type": "exact"},
}


def link(left: Path, right: Path | None, fields: dict[str, str]) -> list[exchange.Pair]:
    import anonlink

    if right is None:
        return duplicates(exchange.columns(left), fields)
    tables = [exchange.columns(path) for path in (left, right)]
    clks = [encoded(table, fields) for table in tables]
    candidates = anonlink.candidate_generation.find_candidate_pairs(
        clks, anonlink.similarities.dice_coefficient, LOWEST
    )
    groups = anonlink.solving.greedy_solve(candidates)
    score = scores(candidates, groups)
    return [(tables[0]["id"][a], tables[1]["id"][b], similarity) for (a, b), similarity in score.items()]


def duplicates(table: dict[str, list[str]], fields: dict[str, str]) -> list[exchange.Pair]:
    """The pairs of one table that the greedy solver puts in one group."""
    import anonlink

    clks = encoded(table, fields)
    similarities, (rows, columns) = anonlink.similarities.dice_coefficient((clks, clks), LOWEST, k=None)
    found = [each for each in zip(similarities, rows, columns, strict=True) if each[1] < each[2]]
    found.sort(key=lambda each: (-each[0], *each[1:]))
    groups = anonlink.solving.greedy_solve(candidates_of(found))
    group_of = {row: number for number, group in enumerate(groups) for _, row in group}
    inside: dict[int, list[tuple[float, int, int]]] = {}
    for similarity, row, column in found:
        if row in group_of and group_of[row] == group_of.get(column):
            inside.setdefault(group_of[row], []).append((similarity, row, column))
    ids = table["id"]
    return [(ids[row], ids[column], score) for own in inside.values() for row, column, score in joined(own)]


def candidates_of(found: list[tuple[float, int, int]]) -> Any:
    """As anonlink's candidates, both records of data set 0."""
    similarities = array("d", (similarity for similarity, _, _ in found))
    none = array("I", bytes(4 * len(found)))
    return similarities, (none, none), tuple(array("I", (each[side] for each in found)) for side in (1, 2))


def joined(pairs: list[tuple[float, int, int]]) -> list[tuple[int, int, float]]:
    """All pairs of one group, each with the similarity at which greedy put both in a group.

    >>> joined([(0.9, 1, 2), (0.8, 1, 3), (0.7, 2, 3)])
    [(1, 2, 0.9), (1, 3, 0.7), (2, 3, 0.7)]
    """
    parts = {row: frozenset({row}) for pair in pairs for row in pair[1:]}
    seen: set[tuple[int, int]] = set()
    out = []
    for similarity, row, column in pairs:
        seen.add((row, column))
        if parts[row] == parts[column]:
            continue
        across = [(min(one, other), max(one, other)) for one in parts[row] for other in parts[column]]
        if seen.issuperset(across):
            out += [(*pair, similarity) for pair in sorted(across)]
            whole = parts[row] | parts[column]
            parts.update(dict.fromkeys(whole, whole))
    return out


def encoded(table: dict[str, list[str]], fields: dict[str, str]) -> list[Any]:
    """The records' filters."""
    from clkhash.clk import generate_clks
    from clkhash.schema import from_json_dict

    rows = list(zip(*(plain(table[name], kind) for name, kind in fields.items()), strict=True))
    return generate_clks(rows, from_json_dict(schema(fields)), "benchmark", validate=False, max_workers=1)


def plain(values: list[str], kind: str) -> list[str]:
    """A date as eight digits, so that each has its place."""
    return [value.replace("-", "") for value in values] if kind == "date" else values


def schema(fields: dict[str, str]) -> dict[str, Any]:
    """clkhash's linkage schema for these fields."""
    return {
        "version": 3,
        "clkConfig": {"l": LENGTH, "kdf": {"type": "HKDF", "hash": "SHA256", "salt": "", "info": "", "keySize": 64}},
        "features": [
            {
                "identifier": name,
                "format": {"type": "string", "encoding": "utf-8"},
                "hashing": {
                    "comparison": TOKENS[kind],
                    "strategy": {"bitsPerFeature": BITS[kind]},
                    "hash": {"type": "blakeHash"},
                },
            }
            for name, kind in fields.items()
        ],
    }


def scores(candidates: Any, groups: Any) -> dict[tuple[int, int], float]:
    """The similarity of each pair that was chosen, which greedy_solve throws away."""
    chosen = {tuple(row for _, row in sorted(group)) for group in groups}
    similarities, _, rows = candidates
    return {
        pair: similarity
        for similarity, *pair_rows in zip(similarities, *rows, strict=True)
        if (pair := tuple(pair_rows)) in chosen
    }


if __name__ == "__main__":
    exchange.run(link, default_cut=DEFAULT, packages=("clkhash", "anonlink"))
