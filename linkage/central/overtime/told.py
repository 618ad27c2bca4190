"""What people say of records: which pairs are one person or two, whose record is withdrawn, which id became which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linkage.argumentkinds import listed
from linkage.central.assign import groups
from linkage.central.clusters import Known
from linkage.central.overtime.heldsets import rows_by_id
from linkage.decisions import PAIR
from linkage.encoded import EncodedSet
from linkage.kept import no_known
from linkage.tables import as_arrow, texts

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.links import Links


def latest(before: pa.Table, now: pa.Table) -> pa.Table:
    """All that is known; where it was said of a pair before, what is said now."""
    rows: dict[frozenset[tuple[str, str]], dict[str, Any]] = {}
    for row in [*before.to_pylist(), *now.to_pylist()]:
        rows[frozenset([(row["left_source"], row["left_id"]), (row["right_source"], row["right_id"])])] = row
    return no_known().from_pylist(list(rows.values()), schema=no_known().schema)


def known_rows(known: pa.Table, sets: Sequence[EncodedSet]) -> Known:
    """The same by row, all sets one after another. ``ValueError`` for what can't be: with counts, never an id."""
    offset = dict(zip([each.source for each in sets], np.cumsum([0, *map(len, sets)]).tolist(), strict=False))
    ends = []
    for side in ("left", "right"):
        row = np.full(known.num_rows, -1, dtype=np.int64)
        sources = np.array(known[f"{side}_source"].to_pylist(), dtype=object)
        for each in sets:
            place = rows_by_id(each, known[f"{side}_id"])
            row = np.where((sources == each.source) & (place >= 0), place + offset[each.source], row)
        ends.append(row)
    lost = int(np.count_nonzero((ends[0] < 0) | (ends[1] < 0)))
    if lost:
        raise ValueError(f"known: {lost:,} pairs name a record that is in no set")
    same = np.asarray(known["same"].to_numpy(zero_copy_only=False), dtype=bool)
    person = groups(ends[0][same], ends[1][same], sum(map(len, sets)))
    against = int(np.count_nonzero(person[ends[0][~same]] == person[ends[1][~same]]))
    if against:
        raise ValueError(
            f"known: {against:,} pairs are said to be two people, and by way of others one; settle which is right"
        )
    return Known(ends[0], ends[1], same)


def without_records(known: pa.Table, gone: Mapping[str, set[str]]) -> pa.Table:
    """What is known of the others."""
    import pyarrow as pa

    named = zip(*(known[name].to_pylist() for name in PAIR), strict=True)
    stays = [a not in gone.get(one, ()) and b not in gone.get(other, ()) for one, a, other, b in named]
    return known.filter(pa.array(stays, pa.bool_()))


def withdrawn(
    withdraw: Mapping[str, object] | None, sets: Sequence[EncodedSet], standing: Links
) -> dict[str, set[str]]:
    """Record ids by source. ``ValueError`` if one was never there, or is still in a set."""
    found = {}
    sources = [each.source for each in sets]
    for source, ids in (withdraw or {}).items():
        if source not in standing.sources:
            raise ValueError(f"withdraw: '{source}' is not a source of the standing result")
        gone = set(_ids(ids))
        records = standing.records.select(["source", "record_id"]).to_pylist()
        unknown = len(gone - {row["record_id"] for row in records if row["source"] == source})
        if unknown:
            raise ValueError(f"withdraw: {unknown:,} record ids of '{source}' are not in the standing result")
        if source in sources:
            still = sum(each in gone for each in sets[sources.index(source)].record_ids.to_pylist())
            if still:
                raise ValueError(
                    f"withdraw: {still:,} of the records are in the sets of '{source}' still, and would come back with "
                    "the next batch; take them out of every file: EncodedSet.without, `linkage withdraw`"
                )
        found[source] = gone
    return found


def new_ids(bridge: Mapping[str, object], standing: Links) -> dict[str, dict[str, str]]:
    """Old record id -> new one, by source, from tables with columns old_record_id and new_record_id."""
    found = {}
    for source, given in bridge.items():
        if source not in standing.sources:
            raise ValueError(f"bridge: '{source}' is not a source of the standing result")
        table = as_arrow(given, "bridge", ("old_record_id", "new_record_id"))
        old, new = (texts(table, "bridge", name) for name in ("old_record_id", "new_record_id"))
        if len(set(old)) < len(old) or len(set(new)) < len(new):
            raise ValueError(f"bridge: of '{source}' every old and every new record id stands once")
        found[source] = dict(zip(old, new, strict=True))
    return found


def _ids(ids: object) -> list[str]:
    ids = ids if hasattr(ids, "columns") else listed(ids)  # a table, or a column of one
    if isinstance(ids, str):
        raise TypeError("withdraw: for each source a list of record ids, or a table with a column record_id")
    if isinstance(ids, list | tuple | set | frozenset):
        return [str(each) for each in ids]
    return texts(as_arrow(ids, "withdraw", ["record_id"]), "withdraw", "record_id")
