"""Tiles on any `concurrent.futures.Executor`: processes, or the machines of Dask or MPI.

A tile travels as the rows of either side, so no worker needs a file, and none ever sees a key: encodings go to the
workers, and these must be as trusted as the centre. Tiles of a comparison are larger than for threads: 13 MB of rows of
1,024 bits for two thousand million pairs, some seconds of work. Those of the model: `linkage.central.passes`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from linkage.central import kernels
from linkage.central.candidates import Grid, Tile
from linkage.central.job import Job
from linkage.central.kernels import Rows
from linkage.central.tiles import Found, no_pairs

_ROWS, _COLUMNS = 32_768, 65_536
_IN_FLIGHT = 8  # where the executor does not say how many workers it has
Item = TypeVar("Item")
Side = tuple[NDArray[np.uint64], NDArray[np.uint32]]


@dataclass(frozen=True, eq=False)
class OnExecutor:
    """A job whose tiles an executor works on."""

    job: Job
    executor: Executor

    @classmethod
    def of(cls, job: Job, executor: Executor) -> OnExecutor:
        """The job in larger tiles; ``TypeError`` for what is no executor."""
        grid = job.grid
        # within one set chunks are spans, so that each meets itself and those after it
        rows, columns = (_ROWS, _ROWS) if job.within else (_ROWS, _COLUMNS)
        larger = Grid(grid.n_left, grid.n_right, grid.within, rows, columns)
        require_executor(executor)
        return cls(replace(job, grid=larger, spans=[]), executor)

    def step(self, tile: Tile, span: int, room: int) -> Found | None:  # noqa: ARG002  # as `Job.step` has it
        """One tile, waited for."""
        return self._placed(tile, result_of(self._submitted(tile, room)))

    def run(self, tiles: Iterable[tuple[Tile, int]], room: int) -> Iterator[Found | None]:
        """The tiles in order."""

        def submitted(item: tuple[Tile, int]) -> Future[Any]:
            return self._submitted(item[0], room)

        for (tile, _), future in in_turn(self.executor, tiles, submitted):
            yield self._placed(tile, result_of(future))

    def _submitted(self, tile: Tile, room: int) -> Future[Any]:
        left, right = self.job.rows.slice(tile.top, tile.bottom), self.job.columns.slice(tile.first, tile.last)
        itself = self.job.within and (tile.top, tile.bottom) == (tile.first, tile.last)
        return self.executor.submit(met, side_of(left), side_of(right), self.job.need, room=room, itself=itself)

    def _placed(self, tile: Tile, found: Found | None) -> Found | None:
        """Rows of the sets, in place of those of the tile."""
        if found is None:
            return None
        row, column = found[0] + np.int32(tile.top), found[1] + np.int32(tile.first)
        if not self.job.within or tile.bottom <= tile.first:
            return row, column, found[2]
        above = row < column  # a part of a chunk that was cut meets its whole span
        return row[above], column[above], found[2][above]


def met(left: Side, right: Side, need: NDArray[np.uint32], *, room: int, itself: bool) -> Found | None:
    """What a worker does: the pairs of a tile, in its rows and columns; None if they are more than ``room``."""
    rows, span = Rows(*left), kernels.arrange_by_count(Rows(*right))
    if not kernels.may_reach(rows, span, need):
        return no_pairs()
    return kernels.overlaps(rows, span, need, room=room, itself=itself)


def require_executor(executor: object) -> None:
    """``TypeError`` for what has no ``submit``, as dask.distributed's has."""
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(
            "executor: an Executor of concurrent.futures, or what has its submit(), such as ProcessPoolExecutor(), "
            "dask.distributed's client.get_executor() or mpi4py.futures.MPIPoolExecutor()"
        )


def in_turn(
    executor: Executor, items: Iterable[Item], submitted: Callable[[Item], Future[Any]]
) -> Iterator[tuple[Item, Future[Any]]]:
    """Each item with what was submitted for it, in order; the first error ends what is left.

    No more are under way than keep the workers busy.
    """
    most = 2 * (getattr(executor, "_max_workers", None) or _IN_FLIGHT)
    waiting: deque[tuple[Item, Future[Any]]] = deque()
    try:
        for item in items:
            waiting.append((item, submitted(item)))
            if len(waiting) >= most:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        for _, future in waiting:
            future.cancel()


def result_of(future: Future[Any]) -> Any:
    """Waited for; ``RuntimeError`` if it was called off."""
    try:
        return future.result()
    except CancelledError:
        raise RuntimeError("executor: it was shut down, or a worker was lost, before the comparison was done") from None


def side_of(rows: Rows) -> Side:
    """What travels of them: the bits themselves, also of a file that is mapped here."""
    return np.asarray(rows.words), np.asarray(rows.counts)
