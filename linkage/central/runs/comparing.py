"""Every pair at or above a similarity, to a folder: of sets larger than memory, in parts that a stopped run keeps."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linkage.arguments import checked
from linkage.central.blocking.exactsample import ExactSample
from linkage.central.blocking.keyed import Keyed, expected_to_meet, keyed
from linkage.central.blocking.unblocked import warn_of_unblocked
from linkage.central.blocking.ways import Candidates, said
from linkage.central.candidates import Tile
from linkage.central.compare import DEFAULT_MEMORY, MOST_PAIRS, most_pairs, refuse_so_many, require_all_pairs
from linkage.central.expected import expected_pairs
from linkage.central.job import Job, prepared
from linkage.central.limits import Limits
from linkage.central.runs import parts
from linkage.central.runs.alike import found_in
from linkage.central.runs.cut import tiles_of
from linkage.central.runs.folder import Part
from linkage.central.runs.pairfiles import digest_of, remove_files, require_no_others, write_file
from linkage.central.runs.work import Work, begun
from linkage.central.thresholds import Measure, Ratio, exact_ratio
from linkage.encoded import EncodedSet, require_comparable
from linkage.files import PathLike
from linkage.oneagreement import in_one_agreement
from linkage.parallel import memory_limit
from linkage.progress import shown

if TYPE_CHECKING:
    import pyarrow as pa


_MOST_OF_A_TILE = 1 << 53


@dataclass(frozen=True)
class PairsInFolder:
    """How many ``pairs`` are in the files of ``folder``, and with candidates their ``recall`` (see `Pairs.recall`)."""

    folder: Path
    pairs: int
    recall: float | None = None

    def __len__(self) -> int:
        return self.pairs


@checked
def compare_to_folder(
    left: EncodedSet,
    right: EncodedSet | None = None,
    *,
    folder: PathLike,
    threshold: Ratio,
    measure: Measure | None = None,
    filters: str | Sequence[str] | None = None,
    candidates: Candidates | None = None,
    most: int = MOST_PAIRS,
    executor: Executor | None = None,
    threads: int | None = None,
    memory: int = DEFAULT_MEMORY,
    progress: bool | None = None,
) -> PairsInFolder:
    """The pairs of `compare`, in Parquet files of a folder: for sets and pairs that are more than memory holds.

    The sets stream from their files to ones that are mapped, ``folder/rows``, as large as they are when unpacked, and
    removed at the end; some rows of either side meet at a time. What is done is kept in ``folder``: the same call
    continues a run that was stopped, and gives the same pairs.

    Parameters
    ----------
    folder
        A new folder, or an empty one, or that of a run to continue. The pairs are in ``folder/pairs``: left_id,
        right_id and similarity, of a file by left row, then right row. It stays at the centre.
    most
        More pairs would fill a disk: `LimitError` in any case before there are more.
    memory
        Bytes for the rows that meet at a time and the pairs they give. Record ids come on top, some 30 bytes a record.

    All else as `compare`.

    Raises
    ------
    MismatchError
        The run in the folder was begun with other sets, another setting or another release: it says which.
    FileExistsError
        The folder holds something that is no run.
    BlockingIOError
        Another process works in it.

    Cost: as `compare`, and reading and writing the sets once.
    """
    limits: Limits = {"executor": executor, "threads": threads, "memory": memory_limit(memory), "progress": progress}
    require_all_pairs(candidates, executor)
    most_pairs(most)
    exact_ratio(threshold, name="threshold")
    sets = (left,) if right is None else in_one_agreement(left, right)
    require_comparable(*sets)
    wanted = None if filters is None else sorted([filters] if isinstance(filters, str) else filters)
    settings = {
        "work": "compare", "threshold": str(exact_ratio(threshold, name="threshold")), "measure": measure,
        "filters": wanted, "candidates": said(candidates),
    }  # fmt: skip
    with begun(folder, sets, settings, all_pairs=candidates is None, memory=memory) as work:
        own = work.sets[0], None if work.within else work.sets[1]
        job = prepared(*own, threshold=threshold, measure=measure, filters=filters, threads=threads, spans=False)
        tables = sample = None
        if candidates is not None:
            sample = ExactSample.of(job, threads=threads)
            tables = keyed(
                candidates, *own, threshold=threshold, measure=measure, filters=filters, sample=sample, threads=threads
            )
            warn_of_unblocked(candidates, *own)
        _require_room(job, work, most, tables, sample, threads=threads)
        found = _written(work, job, tables, most, limits=limits)
        recall = None
        if tables is not None and sample is not None and not sample.half.all():
            # what meets is scored exactly, so what meets is found
            recall = float(tables.met(sample.row, sample.column)[~sample.half].mean())
        return PairsInFolder(work.folder.path / "pairs", found, recall)


def _require_room(
    job: Job, work: Work, most: int, tables: Keyed | None, sample: ExactSample | None, *, threads: int | None
) -> None:
    """`LimitError` if a sample, of all pairs one tile's, says that there will be more pairs than are allowed."""
    if tables is not None and sample is not None:
        met = sample.expected(expected_to_meet(tables, sample))
        if met.at_least > most:
            refuse_so_many(met.pairs, most)
        return
    n, m = len(job.rows), len(job.columns)
    tiles = tiles_of(n, m, work.folder.cut, within=False)
    if not tiles or n * m == 0:
        return
    tile = tiles[len(tiles) // 2]
    expected = expected_pairs(job.part(tile, spans=True, threads=threads), threads=threads)
    share = tile.pairs / (n * m / (2 if job.within else 1))
    if expected.at_least / share > most:
        refuse_so_many(int(expected.pairs / share), most)


def _written(work: Work, job: Job, tables: Keyed | None, most: int, *, limits: Limits) -> int:
    """Tile after tile, how many pairs."""
    tiles = tiles_of(len(job.rows), len(job.columns), work.folder.cut, within=job.within)
    total = 0
    watched = shown(tiles, total=len(tiles), label="parts", unit="part", progress=limits["progress"])
    for number, tile in enumerate(watched):
        make = functools.partial(_tile, work, job, tables, f"{number:05}", tile, most - total, limits=limits)
        total += work.folder.part(f"done-{number:05}", make, functools.partial(_pairs_of, work, f"{number:05}"))
        if total > most:
            refuse_so_many(total, most)
    require_no_others(work.folder, {f"{number:05}" for number in range(len(tiles))})
    return total


def _pairs_of(work: Work, name: str, table: pa.Table, said: Mapping[str, str]) -> int:
    """How many pairs a tile has: what says that it is done is of no use without them, as they were written."""
    import pyarrow as pa

    pairs = parts.numbers(table, "pairs", pa.int64(), 0, _MOST_OF_A_TILE)
    if len(pairs) != 1 or said.get("files") != digest_of(work.folder, name):
        raise ValueError("its pairs are not all there, or changed")
    return int(pairs[0])


def _tile(work: Work, job: Job, tables: Keyed | None, name: str, tile: Tile, most: int, *, limits: Limits) -> Part:
    """A tile's pairs to files of its own; what says that it is done comes after them."""
    import pyarrow as pa

    remove_files(work.folder, name)
    total = 0
    for number, part in enumerate(found_in(job, tables, tile, limits=limits)):
        total += len(part[0])
        if total > most:
            refuse_so_many(total, most)
        write_file(work.folder, f"{name}-{number:05}", job.pairs(*part))
    return pa.table({"pairs": pa.array([total], pa.int64())}), {"files": digest_of(work.folder, name)}
