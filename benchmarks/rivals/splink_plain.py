"""Splink 5 on plaintext, in DuckDB: the ceiling; see exchange.py for how it is run.

Written down once for all data sets. Pairs: any one name, date, postcode or text equal, or three letters of both names.
Levels: names by Jaro-Winkler or exchanged, with term frequency; dates by one slip, two of year, month and
day, or the year; postcode by
edits and sector; text by Jaro-Winkler. u from ten million random pairs; m from blocks of equal names, then equal dates.
The cut is probability 0.5, which is match weight 0. One table is `dedupe_only`, all else the same; its pairs are the
predicted ones, not the clusters that they would join to.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import exchange

DEFAULT = 0.0
LOWEST = -10.0
RECALL = 0.7  # of the deterministic rules; a guess, as nobody knows it
SEED = 1


def link(left: Path, right: Path | None, fields: dict[str, str]) -> list[exchange.Pair]:
    from splink import DuckDBAPI, Linker

    database = DuckDBAPI()
    tables = [registered(database, path, name) for path, name in ((left, "a"), (right, "b")) if path]
    kind = "link_only" if right else "dedupe_only"
    linker = Linker(tables, settings(fields, kind), log_level=None)
    train(linker, fields)
    pairs = linker.inference.predict(threshold_match_weight=LOWEST).as_duckdbpyrelation()
    return pairs.project("id_l, id_r, match_weight").fetchall()


def registered(database: Any, path: Path, name: str) -> Any:
    """A CSV file as a table of text, null where empty."""
    rows = f"select * from read_csv('{path}', all_varchar = true, nullstr = '', header = true)"
    database.duckdb_con.execute(f"create table csv_{name} as {rows}")
    return database.register(f"csv_{name}", dataset_display_name=name)


def settings(fields: dict[str, str], link_type: str) -> Any:
    from splink import SettingsCreator

    return SettingsCreator(
        link_type=link_type,
        unique_id_column_name="id",
        comparisons=[comparison(name, kind, fields) for name, kind in fields.items()],
        blocking_rules_to_generate_predictions=blocks(fields),
        retain_matching_columns=False,
    )


def blocks(fields: dict[str, str]) -> list[Any]:
    """Which pairs are scored: those that agree on any one field that says much."""
    from splink import block_on

    names = of_type(fields, "name")
    starts = block_on(*(f"substr({name}, 1, 3)" for name in names))
    return [*(block_on(name) for name, kind in fields.items() if kind != "category"), starts]


def train(linker: Any, fields: dict[str, str]) -> None:
    """Prior, u and m, without truth."""
    from splink import block_on

    names, (date, *_) = of_type(fields, "name"), of_type(fields, "date")
    others = [*of_type(fields, "postcode"), *of_type(fields, "text")]
    rules = [block_on(*names, date), *(block_on(names[0], date, other) for other in others)]
    linker.training.estimate_probability_two_random_records_match(rules, recall=RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=SEED)
    for block in (block_on(*names), block_on(date)):
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(block)
        except ValueError as error:
            # where no pair of a block is a match, m falls below what a float can hold and Splink ends: that session is
            # left out, as its user would, and the other's m or Splink's own start stay
            if "m_probability value" not in str(error):
                raise


def of_type(fields: dict[str, str], wanted: str) -> list[str]:
    return [name for name, kind in fields.items() if kind == wanted]


def comparison(name: str, kind: str, fields: dict[str, str]) -> Any:
    """The levels of one field, from equal to anything else."""
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    levels = {"name": name_levels, "date": date_levels, "postcode": postcode_levels, "text": text_levels}
    if kind == "category":
        return cl.ExactMatch(name)
    inner = levels[kind](name, of_type(fields, "name"))
    return cl.CustomComparison([cll.NullLevel(name), *inner, cll.ElseLevel()], output_column_name=name)


def name_levels(name: str, names: list[str]) -> list[Any]:
    import splink.comparison_level_library as cll

    crossed = [cll.CustomLevel(f"{name}_l = {other}_r") for other in names if other != name]
    return [
        cll.ExactMatchLevel(name).configure(tf_adjustment_column=name),
        cll.JaroWinklerLevel(name, 0.92),
        cll.JaroWinklerLevel(name, 0.88),
        *crossed,
        cll.JaroWinklerLevel(name, 0.7),
    ]


def date_levels(name: str, _names: list[str]) -> list[Any]:
    import splink.comparison_level_library as cll

    year, month, day = (f"substr({name}_{{side}}, {start})" for start in ("1, 4", "6, 2", "9, 2"))
    same = [f"{part.format(side='l')} = {part.format(side='r')}" for part in (year, month, day)]
    exchanged = (
        f"{month.format(side='l')} = {day.format(side='r')} and {day.format(side='l')} = {month.format(side='r')}"
    )
    conditions = [
        f"damerau_levenshtein({name}_l, {name}_r) <= 1 or ({same[0]} and {exchanged})",
        " or ".join(f"({one} and {other})" for one, other in combinations(same, 2)),
        same[0],
    ]
    return [cll.ExactMatchLevel(name), *(cll.CustomLevel(condition) for condition in conditions)]


def postcode_levels(name: str, _names: list[str]) -> list[Any]:
    import splink.comparison_level_library as cll

    sector = f"substr({name}_l, 1, length({name}_l) - 2) = substr({name}_r, 1, length({name}_r) - 2)"
    return [
        cll.ExactMatchLevel(name).configure(tf_adjustment_column=name),
        cll.DamerauLevenshteinLevel(name, 1),
        cll.CustomLevel(sector),
    ]


def text_levels(name: str, _names: list[str]) -> list[Any]:
    import splink.comparison_level_library as cll

    return [
        cll.ExactMatchLevel(name).configure(tf_adjustment_column=name),
        cll.JaroWinklerLevel(name, 0.92),
        cll.JaroWinklerLevel(name, 0.8),
    ]


if __name__ == "__main__":
    exchange.run(link, default_cut=DEFAULT, packages=("splink", "duckdb"))
