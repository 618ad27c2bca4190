"""A linkage in a folder: the model and the contenders of each tile are kept, and found there by whoever continues."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import NDArray

from linkage.central import assign, kernels
from linkage.central.blocking.contending import contenders_of
from linkage.central.blocking.exactsample import ExactSample
from linkage.central.blocking.keyed import Keyed, keyed
from linkage.central.blocking.unblocked import warn_of_unblocked
from linkage.central.blocking.ways import Candidates, said
from linkage.central.candidates import Tile
from linkage.central.contenders import LINK_FLOOR_BITS, Contenders, collect, most_contenders
from linkage.central.job import Job, prepared
from linkage.central.modelling.modelfile import from_text, to_text
from linkage.central.modelling.weighing import Weighing
from linkage.central.runs.alike import all_similar
from linkage.central.runs.contended import as_table, from_table, together
from linkage.central.runs.cut import cut_for, on_diagonal, tiles_of
from linkage.central.runs.folder import Part, RunFolder, run_folder
from linkage.central.runs.mapped import mapped
from linkage.central.runs.pairfiles import write_links
from linkage.central.thresholds import Ratio, exact_ratio
from linkage.central.tiles import Found
from linkage.encoded import EncodedSet
from linkage.files import PathLike
from linkage.pairs import Pairs
from linkage.progress import shown

if TYPE_CHECKING:
    from linkage.central.limits import Limits
    from linkage.central.modelling.model import Model


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
        candidates: Candidates | None, **limits: Unpack[Limits],
    ) -> Pairs:  # fmt: skip
        """As `compare`, tile by tile."""
        threads = limits["threads"]
        job = prepared(left, right, threshold=threshold, measure=None, filters=None, threads=threads, spans=False)
        sample = tables = None
        if candidates is not None:
            sample = ExactSample.of(job, threads=threads)
            tables = keyed(candidates, left, right, threshold=threshold, sample=sample, threads=threads)
            warn_of_unblocked(candidates, left, right)
        found = self.similar(job, tables, limits=limits)
        pairs = job.pairs(*found)
        return pairs if sample is None else replace(pairs, recall=sample.recall(found))

    def similar(self, job: Job, tables: Keyed | None, *, limits: Limits) -> Found:
        """The pairs that reach the similarity, by row, then column."""
        return all_similar(self.folder, job, tables, limits=limits)

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
    **cuts: Ratio | None,
) -> dict[str, object]:
    """What the links depend on, beside the sets."""
    given = None if model is None else hashlib.sha256(to_text(model).encode()).hexdigest()
    # 0.8, "0.8" and 4/5 are one cut
    ratios = {name: None if value is None else str(exact_ratio(value, name=name)) for name, value in cuts.items()}
    return {"work": "link", "model": given, "candidates": said(candidates), "duplicates": sorted(duplicates), **ratios}
