"""What an agency tells the centre about its own record ids: which became which, and which are withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.agency.key import Key
from linkage.agency.opened import require_column
from linkage.agency.records import Attachable
from linkage.agency.rejoin import hashed_ids, id_column
from linkage.arguments import checked
from linkage.errors import RecordError
from linkage.sealed import sealed

if TYPE_CHECKING:
    import pyarrow as pa


@sealed
@checked
def bridge(
    table: object,
    old_key: Key,
    new_key: Key,
    *,
    id: str,
    source: str,
    project: str,
    new_project: str | None = None,
    id_key: Key | None = None,
    new_id_key: Key | None = None,
) -> pa.Table:
    """From old to new record ids, so that link ids outlive a change of key: for ``link(..., bridge={source: table})``.

    Parameters
    ----------
    table
        The agency's own, in any of the kinds `encode` takes. Only the column ``id`` is read.
    id, source
        As in `encode`.
    project
        The agreement's project; ``new_project`` if that changes too.
    id_key, new_id_key
        The agency's own keys for record ids, if it uses one. Where they are equal the ids stay as they are.

    Returns
    -------
    Arrow table old_record_id, new_record_id, sorted by the old one: its order says nothing of the agency's. It tells
    the centre which record is which under two keys, which is what it is for, and nothing else; no other agency should
    have it.

    Raises `RecordError` if an id is missing or stands twice, ``ValueError`` if both keys are one and so no id changes.
    """
    import pyarrow as pa

    later = project if new_project is None else new_project
    ids = _own_ids(table, id)
    old, new = (
        hashed_ids(ids, key, project=name, source=source, column=id)
        for key, name in ((id_key or old_key, project), (new_id_key or new_key, later))
    )
    if len(old) and old.equals(new) and project == later and old_key == new_key:
        raise ValueError("bridge: the old key and the new one are one key, and no record id changes")
    return _each_once(pa.table({"old_record_id": old, "new_record_id": new}), id)


@sealed
@checked
def withdrawal(table: object, key: Key, *, id: str, source: str, project: str, id_key: Key | None = None) -> pa.Table:
    """The record ids to be forgotten at the centre: for ``link(..., withdraw={source: table})``.

    ``table`` holds the agency's own ids of those records in the column ``id``, and nothing else is read; the other
    arguments are those of `bridge`. Returns an Arrow table with the column record_id, sorted.
    """
    import pyarrow as pa

    return _each_once(
        pa.table(
            {"record_id": hashed_ids(_own_ids(table, id), id_key or key, project=project, source=source, column=id)}
        ),
        id,
    )


def _own_ids(table: object, column: str) -> pa.ChunkedArray:
    frame = Attachable.of(table)
    require_column(column, frame.names, ())
    return id_column(frame, column)


def _each_once(made: pa.Table, column: str) -> pa.Table:
    """Sorted by the first column. `RecordError` if an id stands twice."""
    first = made.column_names[0]
    ordered = made.sort_by(first).combine_chunks()
    if len(ordered[first].unique()) < ordered.num_rows:
        raise RecordError(f"column '{column}': an id is used twice", column=column, rule="id used twice")
    return ordered
