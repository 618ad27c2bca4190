"""A linkage in a folder: the model and the contenders of each tile are kept, and found there by whoever continues."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.central import assign, kernels
from linkage.central.blocking.contending import contenders_of
from linkage.central.blocking.exactsample import ExactSample
from linkage.central.blocking.keyed import Keyed, keyed
from linkage.central.blocking.ways import Candidates
from linkage.central.blocking.weighing import Weighing
from linkage.central.candidates import Tile
from linkage.central.contenders import LINK_FLOOR_BITS, Contenders, at_least, collect, most_contenders, raised
from linkage.central.job import Job, prepared
from linkage.central.kernels import ComparisonPlan
from linkage.central.modelling.modelfile import from_text, to_text
from linkage.central.runs import parts
from linkage.central.runs.alike import all_similar
from linkage.central.runs.cut import cut_for, on_diagonal, tiles_of
from linkage.central.runs.folder import Part, RunFolder, run_folder
from linkage.central.runs.mapped import mapped
from linkage.central.runs.pairfiles import write_links
from linkage.central.thresholds import Ratio
from linkage.central.tiles import Found
from linkage.encoded import EncodedSet
from linkage.files import PathLike
from linkage.pairs import Pairs
from linkage.progress import shown

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.central.modelling.model import Model
    from linkage.central.modelling.predicting import Limits


_MOST_WEIGHT = 1 << 24  # 16,384 bits, in 1/1024: no model gives as much


@dataclass(frozen=True, eq=False)
class Work:
    """A run under way: its folder, and the sets, mapped."""

    folder: RunFolder
    sets: tuple[EncodedSet, ...]

    @property
    def within(self) -> bool:
        """Whether one set is linked within itself."""
        return len(self.sets) == 1

    def model(self, make: Callable[[], Model]) -> Model:
        """The model that was estimated, or is now."""
        return self.folder.text("model", lambda: to_text(make()), self._model)

    def _model(self, text: str) -> Model:
        found = from_text(text)
        if found.schema.fingerprint() != self.sets[0].schema.fingerprint():
            raise ValueError("a model of another agreement")
        return found

    def contenders(self, model: Model, tables: Keyed | None, *, limits: Limits) -> Contenders:
        """What `contenders` and `contenders_met` find, with the levels, tile by tile."""
        first, second = self.sets[0], self.sets[-1]
        weighing = Weighing.of(model, first, second)
        tiles = tiles_of(len(first), len(second), self.folder.cut, within=self.within)
        found = []
        for number, tile in enumerate(
            shown(tiles, total=len(tiles), label="parts", unit="part", progress=limits["progress"])
        ):
            make = functools.partial(self._contenders_in, tile, weighing, tables, limits)
            value = functools.partial(from_table, weighing.by.plan, tile)
            found.append(self.folder.part(f"contenders-{number:05}", make, value))
        return together(found, weighing, len(first), len(second), limits["memory"])

    def _contenders_in(self, tile: Tile, weighing: Weighing, tables: Keyed | None, limits: Limits) -> Part:
        part, itself = weighing.part(tile), on_diagonal(tile, within=self.within)
        quiet: Limits = {**limits, "progress": False}
        if tables is None:
            found = collect(
                part.lefts, part.rights, part.by.plan, part.by.weights, bonus=part.bonus, within=itself,
                of=(len(self.sets[0]), len(self.sets[-1])), floor_bits=LINK_FLOOR_BITS, **quiet,
            )  # fmt: skip
        else:
            room = most_contenders(tile.bottom - tile.top, tile.last - tile.first, limits["memory"])
            found = contenders_of(part, tables.part(tile), within=itself, room=room, limits=quiet)
        levels = kernels.pair_levels(part.lefts, part.rights, found.row, found.column, part.by.plan)
        row, column = found.row + np.int32(tile.top), found.column + np.int32(tile.first)
        return as_table(Contenders(row, column, found.weight, found.bound, levels=levels))

    def compare(
        self, left: EncodedSet, right: EncodedSet | None = None, *, threshold: Ratio,
        candidates: Candidates | None, threads: int | None, memory: int, progress: bool | None,
    ) -> Pairs:  # fmt: skip
        """As `compare`, tile by tile."""
        job = prepared(left, right, threshold=threshold, measure=None, filters=None, threads=threads, spans=False)
        sample = tables = None
        if candidates is not None:
            sample = ExactSample.of(job, threads=threads)
            tables = keyed(candidates, left, right, threshold=threshold, sample=sample, threads=threads)
        found = self.similar(job, tables, threads=threads, memory=memory, progress=progress)
        pairs = job.pairs(*found)
        return pairs if sample is None else replace(pairs, recall=sample.recall(found))

    def similar(
        self, job: Job, tables: Keyed | None, *, threads: int | None, memory: int, progress: bool | None
    ) -> Found:
        """The pairs that reach the similarity, by row, then column."""
        return all_similar(self.folder, job, tables, threads=threads, memory=memory, progress=progress)

    def assign(
        self, row: NDArray[np.int32], column: NDArray[np.int32], gain: NDArray[np.int64], *, unique: tuple[bool, bool]
    ) -> NDArray[np.bool_]:
        """As `assign.assign`."""
        return assign.assign(row, column, gain, unique=unique)

    def write(self, pairs: Pairs) -> None:
        """The links, as Parquet files in ``pairs``, for whoever goes on with tables."""
        write_links(self.folder, pairs)


@contextlib.contextmanager
def begun(
    run: PathLike, sets: Sequence[EncodedSet], settings: Mapping[str, object], *, all_pairs: bool, memory: int,
    rows: int | None = None,
) -> Iterator[Work]:  # fmt: skip
    """A run that is begun or continued, for as long as the block lasts. Raises as `run_folder` and `mapped`.

    ``rows`` of a part; left out, as many as fit ``memory``.
    """
    of = {"release": version("linkage-pprl"), "sets": [f"{each.source} {each.digest()}" for each in sets], **settings}
    cut = cut_for(sets, all_pairs=all_pairs, memory=memory) if rows is None else {"rows": rows}
    with run_folder(run, of, cut) as folder, mapped(folder.scratch, *sets) as own:
        yield Work(folder, own)


def settings_of_link(
    *,
    model: Model | None,
    candidates: Candidates | None,
    duplicates: Collection[str],
    **cuts: object,
) -> dict[str, object]:
    """What the links depend on, beside the sets."""
    given = None if model is None else hashlib.sha256(to_text(model).encode()).hexdigest()
    said = {name: None if value is None else str(value) for name, value in cuts.items()}
    return {"work": "link", "model": given, "candidates": repr(candidates), "duplicates": sorted(duplicates), **said}


def as_table(found: Contenders) -> Part:
    """Contenders with their levels as they are kept."""
    import pyarrow as pa

    assert found.levels is not None
    columns: dict[str, NDArray[Any]] = {"row": found.row, "column": found.column}
    columns["weight"] = found.weight.astype(np.int32)  # of listed pairs they come as sums, in 64 bits
    columns |= {f"level_{place}": found.levels[:, place] for place in range(found.levels.shape[1])}
    return pa.table(columns), {"bound": str(found.bound)}


def from_table(plan: ComparisonPlan, tile: Tile, table: pa.Table, said: Mapping[str, str]) -> Contenders:
    """The contenders of a part, ``ValueError`` for what cannot be such."""
    import pyarrow as pa

    row = parts.numbers(table, "row", pa.int32(), tile.top, tile.bottom - 1)
    column = parts.numbers(table, "column", pa.int32(), tile.first, tile.last - 1)
    parts.require_ascending(row, column)
    weight = parts.numbers(table, "weight", pa.int32(), -_MOST_WEIGHT, _MOST_WEIGHT)
    levels = np.empty((len(row), len(plan.outcomes)), dtype=np.uint8)
    for place, outcome in enumerate(plan.outcomes):
        levels[:, place] = parts.numbers(table, f"level_{place}", pa.uint8(), 0, outcome.levels - 1)
    return Contenders(row, column, weight, parts.whole(said, "bound"), levels=levels)


def together(found: Sequence[Contenders], weighing: Weighing, n_rows: int, n_columns: int, memory: int) -> Contenders:
    """All of them by row, then column: those that no tile had to drop, and for which there is room."""
    floor = max([weighing.by.floor, *(part.bound for part in found)])
    room = most_contenders(n_rows, n_columns, memory)
    held = [at_least((part.row, part.column, part.weight), floor) for part in found]
    while sum(len(each[0]) for each in held) > room:
        floor = raised(held, weighing.by.highest, share=1.0, memory=memory)
        held = [at_least(each, floor) for each in held]
    levels = np.concatenate([part.levels[part.weight >= floor] for part in found if part.levels is not None])
    row, column, weight = (np.concatenate([each[place] for each in held]) for place in range(3))
    order = np.argsort(row.astype(np.int64) << 32 | column, kind="stable")
    return Contenders(row, column, weight, floor, weighing.bonus, levels).take(order)
