"""Cases at an agency: its own rows beside them, for someone to look at, with a column to decide in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkage.agency.key import Key, require_key
from linkage.agency.opened import plain_table
from linkage.agency.records import Attachable
from linkage.agency.rejoin import hashed_ids, id_column, require_each_once
from linkage.arguments import checked
from linkage.arrowtext import taken
from linkage.cases import CaseList
from linkage.errors import RecordError
from linkage.sealed import sealed

if TYPE_CHECKING:
    import pyarrow as pa


@sealed
@checked
def open_cases(cases: CaseList, table: object, key: Key, *, id: str, id_key: Key | None = None) -> pa.Table:
    """The agency's own rows of its cases, in the order of the list, to be looked at and decided.

    Arguments are as for `rejoin`.

    Returns
    -------
    An Arrow table: case, same (empty: write true, false, or leave it), how each field agrees (``agrees_surname`` and so
    on), then all columns of the table. What goes back to the centre are the columns case and same alone.

    Raises `MismatchError` for cases under another key, `RecordError` if a record is not in the table, an id is in it
    twice, or the table has a column of the name of one of ours.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    require_key(key, cases.project, cases.key_check, what=f"the cases for '{cases.source}' were")
    frame = Attachable.of(table)
    ids = hashed_ids(id_column(frame, id), id_key or key, project=cases.project, source=cases.source, column=id)
    require_each_once(ids, id)
    rows = pc.index_in(cases.table["record_id"], value_set=ids).combine_chunks()
    if rows.null_count:
        raise RecordError(
            f"{rows.null_count:,} of {len(cases):,} cases are of records that are not in the table: is it the table "
            f"that '{cases.source}' encoded, with the same id column and id_key?",
            rule="record not found",
        )
    own = plain_table(lambda: taken(frame.frame.to_arrow(), rows.to_numpy()))
    told = {"case": cases.table["case"], "same": pa.array([""] * len(cases), pa.string())}
    told |= {f"agrees_{name}": cases.table[name] for name in cases.table.column_names[2:]}
    frame.require_free(told)  # its values would stand where the centre reads ours
    return pa.table(told | {name: own[name] for name in own.column_names})
