"""Which record is in which group: by a column of the truth, by source, or as somebody lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency.astext import as_text
from linkage.errors import RecordError, nearest
from linkage.study.held import Held
from linkage.study.truth import Keys, Linked, column, record_ids


def groups_of_column(held: Held, by: str) -> tuple[list[str], NDArray[np.int64]]:
    """The names in order, and (n,) the group of every record, by a column of the truth or by source."""
    if by == "source":
        return list(held.linked.sources), held.source
    if by not in held.frame.names:
        raise RecordError(
            f"by: column '{by}' is not in the truth; {nearest(by, held.frame.names)}", column=by, rule="column missing"
        )
    texts = as_text(column(held.frame, by).take(held.rows), by, "number", 1)
    labels = np.tile(texts.to_numpy(zero_copy_only=False), len(held.named))
    return numbered_groups(held, np.concatenate(held.named), labels)


def named_records(by: Mapping[tuple[str, str], Any], linked: Linked, key: Keys) -> tuple[Any, NDArray[np.object_]]:
    """Source and record id as Arrow columns, and the group, of the records of a mapping; other sources left out."""
    import pyarrow as pa

    if not isinstance(by, Mapping):
        raise TypeError(f"by: a column of the truth, or a mapping (source, id) -> group, not {type(by).__name__}")
    if not all(isinstance(record, tuple) and len(record) == 2 for record in by):
        raise ValueError("by: a mapping (source, id) -> group")
    parts, labels = [], []
    for source in linked.sources:
        own = {str(record[1]): group for record, group in by.items() if record[0] == source}
        ids = pa.chunked_array([pa.array(list(own), pa.string())])
        parts.append((pa.repeat(source, len(own)), record_ids(ids, source, linked, key, "by")))
        labels += [None if group is None else str(group) for group in own.values()]
    names, ids = (pa.concat_arrays(each) for each in zip(*parts, strict=True))
    return (names, ids), np.array(labels, dtype=object)


def numbered_groups(
    held: Held, record: NDArray[np.int64], labels: NDArray[np.object_]
) -> tuple[list[str], NDArray[np.int64]]:
    """The names in order, and (n,) the group of every record, -1 if not known."""
    import pyarrow as pa
    import pyarrow.compute as pc

    coded = pa.array(labels, pa.string()).dictionary_encode()
    names = coded.dictionary.to_pylist()
    order = _in_order(names)
    rank = np.empty(len(names) + 1, np.int64)
    rank[order], rank[-1] = np.arange(len(names)), -1
    group = np.full(held.n, -1)
    number = rank[pc.fill_null(coded.indices, -1).to_numpy()]
    group[record] = number
    if np.any(group[record] != number):
        raise RecordError("by: a record is in two groups", rule="one group a record")
    return [names[place] for place in order], group


def _in_order(names: list[str]) -> list[int]:
    """The order of names: as numbers if all are, so that age 10 comes after 9."""
    try:
        worth: list[Any] = [float(name) for name in names]
    except ValueError:
        worth = names
    return sorted(range(len(names)), key=worth.__getitem__)
