"""A run whose candidates are joined, scored and assigned by a Spark cluster."""

from __future__ import annotations

import contextlib
import functools
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from linkage.central import assign
from linkage.central.blocking.keyed import Keyed
from linkage.central.blocking.ways import MOST_CANDIDATES
from linkage.central.candidates import Tile
from linkage.central.contenders import Contenders
from linkage.central.job import Job
from linkage.central.modelling.weighing import Weighing
from linkage.central.runs.alike import in_order, kept, require_room_for
from linkage.central.runs.contended import as_table, from_table, together
from linkage.central.runs.cut import is_cut
from linkage.central.runs.folder import Part
from linkage.central.runs.work import Work, begun
from linkage.central.spark.components import Assign, assigned
from linkage.central.spark.joined import LARGE, candidate_pairs, large_blocks, partitions_for, require_room
from linkage.central.spark.scored import ALIKE, CONTENDERS, Reach, Weigh
from linkage.central.spark.staged import Staged, stage
from linkage.central.tiles import Found, no_pairs
from linkage.encoded import EncodedSet
from linkage.files import PathLike
from linkage.progress import shown

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.central.limits import Limits
    from linkage.central.modelling.model import Model

Value = TypeVar("Value")
_PAIRS_ASSIGNED = 1_000_000  # of a partition
_SCRATCH = ("staged", "part", "assigned")


@dataclass(frozen=True)
class OnSpark:
    """Where a run works, for ``link(..., run=OnSpark(spark, folder))``: a session, and a folder that all can reach.

    Parameters
    ----------
    session
        A ``SparkSession``, classic or Connect.
    folder
        New, empty, or of a run to continue; the driver writes to it as to a disk.
    seen_as
        The same folder as the cluster calls it, where that is another name: ``"dbfs:/runs/one"`` for
        ``/dbfs/runs/one``.
    rows
        Left records of a part: what a run that was stopped keeps of its work.
    most
        More candidates are refused with their number, before one is scored.
    """

    session: Any
    folder: PathLike
    seen_as: str | None = None
    rows: int = 1 << 20
    most: int = MOST_CANDIDATES

    def __post_init__(self) -> None:
        if not callable(getattr(self.session, "createDataFrame", None)):
            raise TypeError("OnSpark: takes a SparkSession first, such as SparkSession.builder.getOrCreate()")
        if not is_cut({"rows": self.rows}):
            raise ValueError("OnSpark: rows is a whole number from 1,024 to 2,097,152")
        if isinstance(self.most, bool) or not isinstance(self.most, int) or self.most < 1:
            raise ValueError("OnSpark: most is a whole number of candidates, at least 1")

    @contextlib.contextmanager
    def begun(
        self, sets: Sequence[EncodedSet], settings: Mapping[str, object], *, all_pairs: bool, memory: int
    ) -> Iterator[Work]:
        """The run, for as long as the block lasts. Raises as a run on this machine, and without candidates."""
        if all_pairs:
            raise ValueError(
                "on Spark records meet by candidates, such as candidates=Blocks(); all pairs are for one machine"
            )
        settings = {**settings, "engine": "spark"}
        with begun(self.folder, sets, settings, all_pairs=False, memory=memory, rows=self.rows) as work:
            # encodings, which nobody is to find there later, be it that a process was killed
            _remove_scratch(work.folder.path)
            try:
                yield SparkWork(work.folder, work.sets, self)
            finally:
                _remove_scratch(work.folder.path)


@dataclass(frozen=True)
class _Step(Generic[Value]):
    """What workers do ``by`` pairs, and which columns they give; what is kept of it; the value of what was kept."""

    by: Any
    columns: str
    keep: Callable[[pa.Table], Part]
    value: Callable[[Tile, pa.Table, Mapping[str, str]], Value]


@dataclass(frozen=True, eq=False)
class SparkWork(Work):
    """A run under way on a cluster."""

    by: OnSpark

    def contenders(self, model: Model, tables: Keyed | None, *, limits: Limits) -> Contenders:
        """As on one machine: the same pairs, weights and levels."""
        assert tables is not None  # `begun` saw to it
        weighing = Weighing.of(model, self.sets[0], self.sets[-1])
        widths = tuple(rows.words.shape[1] for rows in weighing.lefts)
        sides = (weighing.lefts, weighing.rights)
        step = Weigh(weighing.by, widths)
        n_levels = len(weighing.by.plan.outcomes)

        def keep(found: pa.Table) -> Part:
            levels = np.frombuffer(b"".join(found["levels"].to_pylist()), np.uint8).reshape(-1, n_levels)
            row, column, weight = (found[name].to_numpy() for name in ("row", "column", "weight"))
            return as_table(Contenders(row, column, weight, weighing.by.floor, levels=levels))

        value = functools.partial(from_table, weighing.by.plan)
        made = self._parts("contenders", sides, weighing.bonus, tables, _Step(step, CONTENDERS, keep, value), limits)
        return together(list(made), weighing, len(self.sets[0]), len(self.sets[-1]), limits["memory"])

    def similar(self, job: Job, tables: Keyed | None, *, limits: Limits) -> Found:
        """As on one machine."""
        assert tables is not None
        step = _Step(
            Reach(job.need, job.rows.words.shape[1]), ALIKE, _with_unsigned_overlap, functools.partial(kept, job)
        )
        found, held = [no_pairs()], 0
        for part in self._parts("alike", ((job.rows,), (job.columns,)), (), tables, step, limits):
            found.append(part)
            held += len(part[0])
            require_room_for(held, limits["memory"])
        return in_order(found)

    def assign(
        self, row: NDArray[np.int32], column: NDArray[np.int32], gain: NDArray[np.int64], *, unique: tuple[bool, bool]
    ) -> NDArray[np.bool_]:
        """Groups found by the cluster, and each assigned by a worker."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not len(row) or not any(unique):
            return assign.assign(row, column, gain, unique=unique)
        own, seen = self._scratch("assigned")
        pq.write_table(pa.table({"row": row, "column": column, "gain": gain}), own / "pairs.parquet")
        pairs = self.by.session.read.parquet(f"{seen}/pairs.parquet")
        rule = Assign(unique, assign.scale_of(row, column, gain))
        # within one set rows and columns are the same records
        offset = 0 if self.within else len(self.sets[0])
        partitions = -(-len(row) // _PAIRS_ASSIGNED)
        links = assigned(self.by.session, pairs, rule, f"{seen}/rounds", n_left=offset, partitions=partitions)
        links.write.mode("overwrite").parquet(f"{seen}/links")
        chosen = pq.read_table(own / "links")
        keys = chosen["row"].to_numpy().astype(np.int64) << 32 | chosen["column"].to_numpy()
        return np.isin(row.astype(np.int64) << 32 | column, keys)

    def _parts(
        self, name: str, sides: Any, worth: Any, tables: Keyed, step: _Step[Value], limits: Limits
    ) -> Iterator[Value]:
        """Some left rows at a time, those that are done as they were kept."""
        n, n_right = (len(own[0]) for own in sides)
        rows = self.folder.cut["rows"]
        tiles = [Tile(top, min(top + rows, n), 0, n_right) for top in range(0, n, rows)]
        names = [f"{name}-{number:05}" for number in range(len(tiles))]
        staged, partitions = None, 0
        if not all(self.folder.place(each).exists() for each in names):
            staged = Staged(*self._scratch("staged"))
            stage(staged, sides, worth, tables)
            left, right = (staged.keys(self.by.session, side) for side in ("left", "right"))
            row_bytes = 2 * sum(each.row_bytes for each in sides[0])
            total = require_room(left, right, self.by.most, row_bytes=row_bytes, within=self.within)
            partitions = partitions_for(self.by.session, total * rows // max(rows, n))
            large_blocks(left, right).write.mode("overwrite").parquet(staged.large_at)
        watched = shown(
            zip(names, tiles, strict=True), total=len(tiles), label="parts", unit="part", progress=limits["progress"]
        )
        for each, tile in watched:
            make = functools.partial(self._made, staged, step, tile, partitions)
            yield self.folder.part(each, make, functools.partial(step.value, tile))

    def _made(self, staged: Staged | None, step: _Step[Any], tile: Tile, partitions: int) -> Part:
        """One part by the cluster."""
        import pyarrow.parquet as pq
        from pyspark.sql import functions

        if staged is None:
            raise FileNotFoundError(f"{self.folder.path}: a part was removed while the run was read; begin again")
        session = self.by.session
        some = f"row >= {tile.top} and row < {tile.bottom}"
        met = candidate_pairs(
            staged.keys(session, "left").where(some), staged.keys(session, "right"), within=self.within,
            large=session.read.schema(LARGE).parquet(staged.large_at), partitions=partitions,
        )  # fmt: skip
        left = staged.rows(session, "left").where(some).withColumnRenamed("words", "left_words")
        right = staged.rows(session, "right").select(
            functions.col("row").alias("column"), functions.col("words").alias("right_words")
        )
        # row numbers alone were joined first: filters are brought to each pair once
        pairs = met.join(left, "row").join(right, "column")
        own, seen = self._scratch("part")
        pairs.mapInArrow(step.by, step.columns).write.mode("overwrite").parquet(f"{seen}/found")
        found = pq.read_table(own / "found")
        shutil.rmtree(own)
        return step.keep(found.sort_by([("row", "ascending"), ("column", "ascending")]).combine_chunks())

    def _scratch(self, name: str) -> tuple[Path, str]:
        """An empty folder, as the driver and as the cluster sees it."""
        own = self.folder.path / name
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(mode=0o700)
        return own, f"{(self.by.seen_as or own.parent.absolute().as_uri()).rstrip('/')}/{name}"


def _remove_scratch(run: Path) -> None:
    for name in _SCRATCH:
        shutil.rmtree(run / name, ignore_errors=True)


def _with_unsigned_overlap(found: pa.Table) -> Part:
    """Spark has signed numbers alone."""
    import pyarrow as pa

    place = found.column_names.index("overlap")
    return found.set_column(place, "overlap", found["overlap"].cast(pa.uint32())), {}
