"""Which pairs hang together, found by the cluster, and assignment in each of these groups.

Components by alternating large and small stars (Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii 2014,
"Connected components in MapReduce and beyond"): every record is tied to the smallest of its neighbours until all of a
group are tied to one. Each round is written, as plans that only grow end in a session that dies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linkage.central import assign
from linkage.central.spark.joined import require_types

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_ROUNDS = 100  # they grow with the logarithm of the longest chain
CHOSEN = "row int, column int"


def components(session: Any, edges: Any, folder: str) -> Any:
    """A DataFrame node bigint, component bigint: the smallest node that each is connected with, itself included.

    ``edges`` has the columns a and b, both bigint; ``folder`` is where the rounds are written, as the cluster sees it.
    """
    from pyspark.sql import functions

    require_types(edges, {"a": "bigint", "b": "bigint"}, "edges")
    turned = edges.select(functions.greatest("a", "b").alias("u"), functions.least("a", "b").alias("v"))
    now = _written(session, turned.where("u != v").distinct(), f"{folder}/round-0")
    before = None
    for number in range(1, _MOST_ROUNDS + 1):
        now = _written(session, _small_star(_large_star(now)), f"{folder}/round-{number}")
        state = _state(now)
        if state == before:
            break
        before = state
    else:
        raise RuntimeError(f"components: not settled after {_MOST_ROUNDS} rounds")
    ends = edges.select(functions.explode(functions.array("a", "b")).alias("node")).distinct()
    tied = now.select(functions.col("u").alias("node"), functions.col("v").alias("component"))
    own = functions.coalesce("component", "node").alias("component")
    return ends.join(tied, "node", "left").select("node", own)


def _large_star(edges: Any) -> Any:
    """Of each record the larger neighbours, tied to its smallest one or to itself."""
    from pyspark.sql import functions

    both = edges.unionByName(edges.select(functions.col("v").alias("u"), functions.col("u").alias("v")))
    least = both.groupBy("u").agg(functions.least(functions.min("v"), functions.col("u")).alias("m"))
    larger = both.where("v > u").join(least, "u")
    return larger.select(functions.col("v").alias("u"), functions.col("m").alias("v")).where("u != v").distinct()


def _small_star(edges: Any) -> Any:
    """Of each record the smaller neighbours and itself, tied to the smallest."""
    from pyspark.sql import functions

    least = edges.groupBy("u").agg(functions.min("v").alias("m"))
    others = edges.join(least, "u").where("v != m").select(functions.col("v").alias("u"), functions.col("m").alias("v"))
    own = least.select("u", functions.col("m").alias("v"))
    return others.unionByName(own).distinct()


def _state(edges: Any) -> tuple[int, int]:
    """Equal where nothing has changed, but for one chance in 2 ** 64."""
    from pyspark.sql import functions

    mixed = functions.expr("coalesce(bit_xor(xxhash64(u, v)), 0L)").alias("mixed")
    row = edges.agg(functions.count("*").alias("n"), mixed).collect()[0]
    return int(row["n"]), int(row["mixed"])


def _written(session: Any, frame: Any, path: str) -> Any:
    frame.write.mode("overwrite").parquet(path)
    return session.read.parquet(path)


@dataclass(frozen=True)
class Assign:
    """What a worker does with the pairs of whole groups; ``scale`` is that of all pairs, so ties fall alike."""

    unique: tuple[bool, bool]
    scale: tuple[int, int]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Of batches row, column, gain of a partition: the pairs that become links, `CHOSEN`."""
        import pyarrow as pa

        tables = [pa.Table.from_batches([batch]) for batch in batches]
        if not tables:
            return
        table = pa.concat_tables(tables)
        row, column, gain = (table[name].to_numpy() for name in ("row", "column", "gain"))
        chosen = assign.assign(row, column, gain, unique=self.unique, scale=self.scale)
        yield pa.RecordBatch.from_arrays(
            [pa.array(row[chosen], pa.int32()), pa.array(column[chosen], pa.int32())], ["row", "column"]
        )


def assigned(session: Any, pairs: Any, rule: Assign, folder: str, *, n_left: int, partitions: int) -> Any:
    """The pairs that become links, a DataFrame row, column; ``pairs`` has row int, column int and gain bigint."""
    from pyspark.sql import functions

    left, right = functions.expr("cast(row as bigint)"), functions.expr(f"cast(column as bigint) + {n_left}L")
    together = components(session, pairs.select(left.alias("a"), right.alias("b")), folder)
    placed = pairs.withColumn("node", left).join(together, "node")
    # of one group all pairs are in one partition, in the order that assignment wants
    parted = placed.repartition(max(1, partitions), "component").sortWithinPartitions("row", "column")
    return parted.select("row", "column", "gain").mapInArrow(rule, CHOSEN)
