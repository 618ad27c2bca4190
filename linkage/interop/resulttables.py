"""anonlink's results as tables of ours: pairs as `linkage compare` writes them, groups as a table of persons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linkage import foreignparquet, parquetfile
from linkage.encoded import EncodedSet
from linkage.errors import FileFormatError, LimitError
from linkage.files import PathLike, written_beside
from linkage.interop.results import Groups
from linkage.pairs import Pairs

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS = ("left_id", "right_id", "similarity")
_MAX_BYTES = 8 << 30
_PER_PAIR = 128  # two ids, their rows twice, and the measure


def read_pairs(path: PathLike, left: EncodedSet, right: EncodedSet, *, max_bytes: int = _MAX_BYTES) -> Pairs:
    """The pairs in a file of `linkage compare`, found again in the sets that it compared.

    Raises `FileFormatError` for another file, a record that a set does not have, and a similarity outside [0, 1];
    `LimitError` if it could take more than ``max_bytes``.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    place = Path(path)
    with parquetfile.opened(place) as handle:
        if not set(_COLUMNS) <= set(handle.schema_arrow.names):
            raise _not(place, f"not pairs of `linkage compare`, which have {', '.join(_COLUMNS)}", "columns")
        needed = _PER_PAIR * handle.metadata.num_rows
        if needed > max_bytes:
            raise LimitError(
                f"{place}: may take {needed:,} bytes in memory; allowed are {max_bytes:,}",
                needed=needed,
                allowed=max_bytes,
            )
    table = foreignparquet.table(place, list(_COLUMNS), max_bytes=max_bytes)
    try:
        ids = [table[name].cast(pa.string()) for name in _COLUMNS[:2]]
        similarity = table["similarity"].cast(pa.float64()).to_numpy()
    except MemoryError:  # Arrow's own is one of its exceptions
        raise
    except pa.ArrowException:
        raise _not(place, "its columns are not texts and a number", "columns") from None
    rows = [pc.index_in(each, value_set=encoded.record_ids) for each, encoded in zip(ids, (left, right), strict=True)]
    if any(each.null_count for each in rows):
        raise _not(place, "holds a record that the sets do not have; are they those that were compared?", "records")
    if not ((similarity >= 0) & (similarity <= 1)).all():
        raise _not(place, "holds a similarity outside 0 to 1", "similarity")
    lefts, rights = (each.to_numpy().astype(np.int32) for each in rows)
    order = np.lexsort((rights, lefts))
    return Pairs(left, right, lefts[order], rights[order], similarity=similarity[order])


def persons(groups: Groups, sources: Sequence[str]) -> pa.Table:
    """Groups as a table source, id, person, as `linkage.evaluate` takes a truth; ids are those of `read_clks`.

    sources    the names of the datasets 0, 1, 2, ...; ``ValueError`` if they are not all different, or too few

    >>> persons([[(0, 7), (1, 3)]], ["alice", "bob"]).to_pylist()[1]
    {'source': 'bob', 'id': '0000000003', 'person': '0'}
    """
    import pyarrow as pa

    if len(set(sources)) != len(sources):
        raise ValueError("sources: a name for each of anonlink's datasets, all different")
    members = [(dataset, row, number) for number, group in enumerate(groups) for dataset, row in group]
    if any(dataset >= len(sources) for dataset, _, _ in members):
        raise ValueError(
            f"sources: {len(sources)} names, and the groups are of more datasets; name all, in their order"
        )
    return pa.table(
        {
            "source": pa.array([sources[dataset] for dataset, _, _ in members], pa.string()),
            "id": pa.array([f"{row:010}" for _, row, _ in members], pa.string()),
            "person": pa.array([str(number) for _, _, number in members], pa.string()),
        }
    )


def write_persons(groups: Groups, sources: Sequence[str], path: PathLike) -> None:
    """Write `persons` to a Parquet file, its owner's only."""
    table = persons(groups, sources)
    with written_beside(path) as part, parquetfile.writer(part, table.schema) as file:
        file.write_table(table)


def _not(path: Path, message: str, reason: str) -> FileFormatError:
    return FileFormatError(f"{path}: {message}", path=str(path), reason=reason)
