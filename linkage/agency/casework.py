"""Cases at an agency: its own rows beside them, for someone to look at, with a column to decide in."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from linkage.agency.key import Key
from linkage.agency.records import Attachable
from linkage.agency.rejoin import hashed_ids, id_column
from linkage.cases import CaseList
from linkage.errors import MismatchError, RecordError

if TYPE_CHECKING:
    import pyarrow as pa


def open_cases(cases: CaseList, table: object, key: Key, *, id: str, id_key: Key | None = None) -> pa.Table:
    """The agency's own rows of its cases, in the order of the list, to be looked at and decided.

    Arguments are as for `rejoin`.

    Returns
    -------
    An Arrow table: case, same (empty: write true, false, or leave it), how each field agrees (``agrees_surname`` and so
    on), then all columns of the table. What goes back to the centre are the columns case and same alone.

    Raises `MismatchError` for cases under another key, `RecordError` if a record is not in the table.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not hmac.compare_digest(key.check(cases.project), cases.key_check):
        raise MismatchError(
            f"the cases for '{cases.source}' were made under another key than this one",
            what="key",
            left=cases.key_check,
            right=key.check(cases.project),
        )
    frame = Attachable.of(table)
    ids = hashed_ids(id_column(frame, id), id_key or key, project=cases.project, source=cases.source, column=id)
    rows = pc.index_in(cases.table["record_id"], value_set=ids).combine_chunks()
    if rows.null_count:
        raise RecordError(
            f"{rows.null_count:,} of {len(cases):,} cases are of records that are not in the table: is it the table "
            f"that '{cases.source}' encoded, with the same id column and id_key?",
            rule="record not found",
        )
    own = frame.frame.to_arrow().take(rows)
    told = {"case": cases.table["case"], "same": pa.array([""] * len(cases), pa.string())}
    told |= {f"agrees_{name}": cases.table[name] for name in cases.table.column_names[2:]}
    return pa.table(told | {name: own[name] for name in own.column_names})
