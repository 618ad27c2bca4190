"""A set whose filters and blocks lie in files of a run's folder, mapped into memory: the system reads what is needed.

They are copied from the set as it streams by, checked against its digest, each time a run is begun or continued. Record
ids and groups stay in memory, some 30 bytes a record. What a killed run leaves of the files is written over by the
next, and a run that ends removes them.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkage.encoded import EncodedSet
from linkage.rows import Header, Rows

_ROWS = 65_536  # held at a time


@contextlib.contextmanager
def mapped(folder: Path, *sets: EncodedSet) -> Iterator[tuple[EncodedSet, ...]]:
    """The sets, mapped for as long as the block runs.

    Raises what `EncodedSet.batches` does, and ``OSError`` if the disk has no room for them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield tuple(_mapped(each, folder / str(place)) for place, each in enumerate(sets))
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # on Windows they stay while somebody holds the arrays


def _mapped(records: EncodedSet, folder: Path) -> EncodedSet:
    import pyarrow as pa

    folder.mkdir(mode=0o700)
    names = {filter.name: filter.words for filter in records.schema.filters}
    rules = [block.name for block in records.schema.blocks]
    groups = {group.name: [pa.array([], pa.string())] for group in records.schema.groups}
    ids = [pa.array([], pa.string())]
    with contextlib.ExitStack() as files:
        # by number: a name of the agreement may be no name of a file
        words = [_opened(files, folder / f"filter-{place}") for place in range(len(names))]
        counts = [_opened(files, folder / f"count-{place}") for place in range(len(names))]
        keys = [_opened(files, folder / f"block-{place}") for place in range(len(rules))]
        for part in records.batches(_ROWS):
            for place, name in enumerate(names):
                own = part.filters[name]
                words[place].write(np.ascontiguousarray(own).data)
                counts[place].write(np.bitwise_count(own).sum(axis=1, dtype=np.uint32).data)
            for place, rule in enumerate(rules):
                keys[place].write(np.ascontiguousarray(part.blocks[rule]).data)
            for name, values in groups.items():
                values.append(part.groups[name])
            ids.append(part.record_ids)
    n = len(records)
    rows = Rows(
        pa.concat_arrays(ids),
        {name: _array(folder / f"filter-{place}", np.uint64, (n, width))
         for place, (name, width) in enumerate(names.items())},
        {name: pa.concat_arrays(values) for name, values in groups.items()},
        {rule: _array(folder / f"block-{place}", np.uint64, (n,)) for place, rule in enumerate(rules)},
    )  # fmt: skip
    header = Header(records.schema, records.source, n, records.key_check, records.encoding_version, records.digest())
    popcounts = {name: _array(folder / f"count-{place}", np.uint32, (n,)) for place, name in enumerate(names)}
    return EncodedSet(header, rows=rows, popcounts=popcounts)


def _opened(files: contextlib.ExitStack, path: Path) -> Any:
    handle = path.open("xb")
    path.chmod(0o600)
    return files.enter_context(handle)


def _array(path: Path, kind: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    if not shape[0]:
        return np.zeros(shape, dtype=kind)  # nothing can be mapped of an empty file
    return np.memmap(path, dtype=kind, mode="r", shape=shape)
