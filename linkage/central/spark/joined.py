"""Row numbers joined on keys by the cluster: candidates, each once, and how many there would be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linkage.errors import LimitError, MismatchError

# what keys are joined by: of unlike integer types, half of the pairs once vanished without an error
KEYS: Mapping[str, str] = {"row": "int", "rule": "int", "key": "bigint"}


LARGE = "rule int, key bigint, rows bigint, columns bigint"
# rows of either side that meet in one task: some 16 million pairs
_SQUARE = 4_096


def candidate_pairs(
    left: Any, right: Any, *, within: bool = False, large: Any = None, partitions: int | None = None
) -> Any:
    """The pairs of rows that have a key of one rule in common, each once: a DataFrame row, column, both int.

    Parameters
    ----------
    left, right
        DataFrames with the columns row (int), rule (int) and key (bigint): a record has a row for each rule by which
        it is in a block. Other columns are left out.
    within
        The two are of one set, and each pair is wanted once, row below column.
    large
        The blocks that are met in squares (`large_blocks`), counted anew if left out.
    partitions
        Into how many the pairs are made; left out, as Spark sees fit by the bytes of the keys.

    Raises `MismatchError` for columns of other types, integers too: Spark would join them and lose pairs.

    Cost: a join of 16 bytes a record and rule. A block of which one task would have to make too many pairs is met in
    squares of some rows of either side; none is dropped.
    """
    require_types(left, KEYS, "left")
    require_types(right, KEYS, "right")
    pairs = meeting(left, right, large_blocks(left, right) if large is None else large, partitions)
    if within:
        pairs = pairs.where("row < column")
    return pairs.distinct()


def meeting(left: Any, right: Any, large: Any, partitions: int | None) -> Any:
    """The pairs of equal keys, a pair of two rules twice: a DataFrame row, column.

    By its key alone a block would be left to one task: keys are few bytes, so that adaptive execution sees nothing to
    part, and even puts partitions together where their number is not said.
    """
    from pyspark.sql import functions

    large = functions.broadcast(large)
    place = "coalesce(pmod(xxhash64({row}), {parts}), 0L)"
    every = "explode(sequence(0L, coalesce({parts}, 1L) - 1))"
    ours = left.join(large, ["rule", "key"], "left").select(
        "rule", "key", "row",
        functions.expr(place.format(row="row", parts="rows")).alias("down"),
        functions.expr(every.format(parts="columns")).alias("across"),
    )  # fmt: skip
    others = right.join(large, ["rule", "key"], "left").select(
        "rule", "key", functions.col("row").alias("column"),
        functions.expr(place.format(row="row", parts="columns")).alias("across"),
        functions.expr(every.format(parts="rows")).alias("down"),
    )  # fmt: skip
    by = ["rule", "key", "down", "across"]
    if partitions is not None:
        ours, others = (side.repartition(partitions, *by) for side in (ours, others))
    return ours.join(others, by).select("row", "column")


def partitions_for(session: Any, candidates: int) -> int:
    """Of so many pairs; no fewer than the cluster is set to have."""
    return max(int(session.conf.get("spark.sql.shuffle.partitions")), -(-candidates // (_SQUARE * _SQUARE)))


def large_blocks(left: Any, right: Any) -> Any:
    """Blocks of more pairs than one task should make: a DataFrame rule, key, and parts of ``rows`` and ``columns``."""
    from pyspark.sql import functions

    parts = [functions.expr(f"cast(ceil({n} / {_SQUARE}) as bigint)").alias(name)
             for n, name in (("a", "rows"), ("b", "columns"))]  # fmt: skip
    return _sizes(left, right).where(f"a * b > {_SQUARE * _SQUARE}").select("rule", "key", *parts)


def _sizes(left: Any, right: Any) -> Any:
    """Blocks of both sides with their records: a DataFrame rule, key, a, b."""
    from pyspark.sql import functions

    counts = [
        side.groupBy("rule", "key").agg(functions.count("*").alias(name)) for side, name in ((left, "a"), (right, "b"))
    ]
    return counts[0].join(counts[1], ["rule", "key"])


def require_room(left: Any, right: Any, most: int, *, row_bytes: int, within: bool) -> int:
    """How many candidates there are, those that meet twice counted twice; `LimitError` if they are more than ``most``.

    ``row_bytes`` of both records' filters, which travel with every pair.
    """
    from pyspark.sql import functions

    each = functions.expr("a * (a - 1) div 2" if within else "a * b")
    total = int(
        _sizes(left, right).agg(functions.coalesce(functions.sum(each), functions.lit(0)).alias("n")).collect()[0]["n"]
    )
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
