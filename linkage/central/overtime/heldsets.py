"""All that the centre holds of each source: several batches as one set, and which of its records are new."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.central.rowhash import row_hashes
from linkage.encoded import EncodedSet
from linkage.rows import Header, Rows

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.links import Links


def one_of_each_source(sets: Sequence[EncodedSet]) -> list[EncodedSet]:
    """One set a source, sorted by it. Of a record that comes in several batches the last one counts."""
    by_source: dict[str, list[EncodedSet]] = {}
    for each in sets:
        by_source.setdefault(each.source, []).append(each)
    return [_together(batches) for _, batches in sorted(by_source.items())]


def lost_records(records: pa.Table, side: EncodedSet) -> int:
    """How many records of ``side``'s source, of a table with columns source and record_id, are not in it."""
    import pyarrow.compute as pc

    ids = records.filter(pc.equal(records["source"], side.source))["record_id"]
    return int(np.count_nonzero(rows_by_id(side, ids) < 0))


def require_records(links: Links, sets: Sequence[EncodedSet], what: str) -> None:
    """``ValueError`` unless all records of the links are in the sets; ``what`` asks for them."""
    for each in sets:
        lost = lost_records(links.records, each)
        if lost:
            raise ValueError(
                f"{what}: {lost:,} records of '{each.source}' that were linked are in no set that was given; give the "
                "files of all batches, under the key of the links"
            )


def chosen(records: EncodedSet, rows: NDArray[np.int64] | NDArray[np.bool_]) -> EncodedSet:
    """The set of some of its records, in their order."""
    import pyarrow as pa

    places = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
    index = pa.array(places)
    taken = Rows(
        records.record_ids.take(index),
        {name: filter[places] for name, filter in records.filters.items()},
        {name: group.take(index) for name, group in records.groups.items()},
        {name: keys[places] for name, keys in records.blocks.items()},
    )
    return _set_of(records, taken)


def contents(records: EncodedSet) -> pa.StringArray:
    """16 hex digits a record that change with its filters; the same whether or not a field that is missing is agreed.

    A mix of 64 bits, to notice a change; it keeps nobody out.
    """
    import pyarrow as pa

    total = np.zeros(len(records), dtype=np.uint64)
    for name, words in records.filters.items():
        start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        mixed = row_hashes(words, start=start)
        total += np.where(records.popcounts[name] > 0, mixed, np.uint64(0))
    return pa.array([f"{each:016x}" for each in total.tolist()], pa.string())


def new_records(records: EncodedSet, known: pa.Table) -> NDArray[np.bool_]:
    """Which records are not in ``known`` (source, record_id, content), or not as they are there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    own = known.filter(pc.equal(known["source"], records.source))
    place = pc.index_in(records.record_ids, value_set=own["record_id"].combine_chunks())
    before = own["content"].combine_chunks().take(place)
    same = pc.coalesce(pc.equal(before, contents(records)), pa.scalar(value=False))
    return ~np.asarray(same.to_numpy(zero_copy_only=False), dtype=bool)


def rows_by_id(records: EncodedSet, ids: pa.ChunkedArray | pa.StringArray) -> NDArray[np.int64]:
    """(k,) the row of each id; -1 where the set has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    place = pc.fill_null(pc.index_in(plain, value_set=records.record_ids), -1)
    return np.asarray(place.to_numpy(zero_copy_only=False), dtype=np.int64)


def _together(batches: Sequence[EncodedSet]) -> EncodedSet:
    if len(batches) == 1:
        return batches[0]
    import pyarrow as pa

    ids = [text for each in batches for text in each.record_ids.to_pylist()]
    last = {text: place for place, text in enumerate(ids)}
    places = np.array([last[text] for text in sorted(last)], dtype=np.int64)
    first = batches[0]
    rows = Rows(
        pa.array(sorted(last), pa.string()),
        {
            filter.name: np.concatenate([each.filters[filter.name] for each in batches])[places]
            for filter in first.schema.filters
        },
        {
            group.name: pa.chunked_array([each.groups[group.name] for each in batches])
            .take(pa.array(places))
            .combine_chunks()
            for group in first.schema.groups
        },
        {
            block.name: np.concatenate([each.blocks[block.name] for each in batches])[places]
            for block in first.schema.blocks
        },
    )
    return _set_of(first, rows)


def _set_of(like: EncodedSet, rows: Rows) -> EncodedSet:
    return EncodedSet(Header(like.schema, like.source, len(rows), like.key_check, like.encoding_version), rows=rows)
