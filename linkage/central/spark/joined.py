"""Row numbers joined on keys by the cluster: candidates, each once, and how many there would be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linkage.errors import LimitError, MismatchError

# what keys are joined by: of unlike integer types, half of the pairs once vanished without an error
KEYS: Mapping[str, str] = {"row": "int", "rule": "int", "key": "bigint"}


def candidate_pairs(left: Any, right: Any, *, within: bool = False) -> Any:
    """The pairs of rows that have a key of one rule in common, each once: a DataFrame row, column, both int.

    Parameters
    ----------
    left, right
        DataFrames with the columns row (int), rule (int) and key (bigint): a record has a row for each rule by which
        it is in a block. Other columns are left out.
    within
        The two are of one set, and each pair is wanted once, row below column.

    Raises `MismatchError` for columns of other types, integers too: Spark would join them and lose pairs.

    Cost: a join of 16 bytes a record and rule. Blocks that are far larger than others are parted by Spark itself
    (adaptive execution), and none is dropped.
    """
    from pyspark.sql import functions

    require_types(left, KEYS, "left")
    require_types(right, KEYS, "right")
    ours = left.select("rule", "key", "row")
    others = right.select("rule", "key", functions.col("row").alias("column"))
    pairs = ours.join(others, ["rule", "key"]).select("row", "column")
    if within:
        pairs = pairs.where("row < column")
    return pairs.distinct()


def require_room(left: Any, right: Any, most: int, *, row_bytes: int, within: bool) -> int:
    """How many candidates there are, those that meet twice counted twice; `LimitError` if they are more than ``most``.

    ``row_bytes`` of both records' filters, which travel with every pair.
    """
    from pyspark.sql import functions

    counts = [
        side.groupBy("rule", "key").agg(functions.count("*").alias(name)) for side, name in ((left, "a"), (right, "b"))
    ]
    met = counts[0].join(counts[1], ["rule", "key"])
    each = functions.expr("a * (a - 1) div 2" if within else "a * b")
    total = int(met.agg(functions.coalesce(functions.sum(each), functions.lit(0)).alias("n")).collect()[0]["n"])
    if total > most:
        raise LimitError(
            f"about {total:,} candidates, for which {total * row_bytes:,} bytes would travel between workers; allowed "
            f"are {most:,}. Leave a rule out (Blocks(rules=...)), agree on a finer one, or allow more: "
            "OnSpark(most=...)",
            needed=total,
            allowed=most,
        )
    return total


def require_types(frame: Any, types: Mapping[str, str], side: str) -> None:
    """Raise `MismatchError` unless the columns are there, of these very types."""
    found = dict(frame.dtypes)
    for name, wanted in types.items():
        if found.get(name) != wanted:
            now = f"is {found[name]}" if name in found else "is missing"
            raise MismatchError(
                f"{side}: column '{name}' {now}, and must be {wanted}: cast it (frame.withColumn('{name}', "
                f"frame['{name}'].cast('{wanted}'))), on both sides alike",
                what=name,
                left=wanted,
                right=found.get(name, ""),
            )
