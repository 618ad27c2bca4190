"""A Release and the agency's own table into link ids on its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linkage.agency.astext import as_text
from linkage.agency.key import Key, require_key
from linkage.agency.opened import require_column
from linkage.agency.recordids import hex_ids, id_secret, record_ids
from linkage.agency.records import Attachable
from linkage.arguments import checked
from linkage.errors import RecordError
from linkage.release import Release
from linkage.sealed import sealed

if TYPE_CHECKING:
    import pyarrow as pa

_ADDED = ("link_id", "confidence")


@sealed
@checked
def rejoin(release: Release, table: object, key: Key, *, id: str, id_key: Key | None = None) -> Any:
    """The agency's own table back, with a ``link_id`` column: equal link ids at two agencies are one person.

    Parameters
    ----------
    release
        From the centre, for this agency.
    table
        The table that was encoded, in any of the kinds `encode` takes; later rows may have been added.
    id
        The column of the agency's own record ids.
    id_key
        The agency's own key, if `encode` was given one.

    Returns
    -------
    All columns and rows in their order, as the kind of frame that was given (an Arrow table for a path), with
    ``link_id`` (null where unlinked or not released) and, if it was released, ``confidence``.

    Raises
    ------
    MismatchError
        The release was made under another key.
    RecordError
        Released records are not in the table: it is another table, another source or another ``id_key``. Says
        how many. Also if an id is missing.
    """
    require_key(key, release.project, release.key_check, what=f"the release for '{release.source}' was")
    frame = Attachable.of(table)
    names = [name for name in _ADDED if name in release.table.column_names]
    frame.require_free(names)
    ids = hashed_ids(id_column(frame, id), id_key or key, project=release.project, source=release.source, column=id)
    rows = _rows_of(ids.to_pylist(), release, id)
    added = {name: release.table[name].to_pylist() for name in names}
    return frame.with_texts(
        {name: [None if row is None else texts[row] for row in rows] for name, texts in added.items()}
    )


def id_column(frame: Attachable, column: str) -> pa.ChunkedArray:
    """The column of the agency's own ids; raises `RecordError` where it is missing or holds several kinds of values."""
    import pyarrow as pa

    require_column(column, frame.names, ())
    try:
        return frame.column(column)
    except MemoryError:  # Arrow's own is one of its exceptions
        raise
    except pa.ArrowException:  # its message quotes the value it stumbled over
        raise RecordError(
            f"column '{column}' mixes kinds of values; read the table with it as text (pandas: dtype=str)",
            column=column,
            rule="kind of values",
        ) from None


def require_each_once(ids: pa.StringArray, column: str) -> None:
    """Raise `RecordError` where two rows have one id: which of them is meant nobody can tell."""
    import pyarrow.compute as pc

    if pc.count_distinct(ids).as_py() != len(ids):
        raise RecordError(f"column '{column}': an id is used twice", column=column, rule="id used twice")


def _rows_of(record_ids: list[str], release: Release, column: str) -> list[int | None]:
    """The release's row of each of the table's records; None for a record it does not mention."""
    seen: dict[str, int] = {}
    for row, record_id in enumerate(record_ids, start=1):
        if seen.setdefault(record_id, row) != row:
            raise RecordError(
                f"rows {seen[record_id]:,} and {row:,}, column '{column}': the id is used twice",
                row=row,
                column=column,
                rule="id used twice",
            )
    released = release.table["record_id"].to_pylist()
    lost = sum(record_id not in seen for record_id in released)
    if lost:
        raise RecordError(
            f"{lost:,} of {len(release):,} released records are not in the table: is it the table that "
            f"'{release.source}' encoded, with the same id column and id_key? Ids read as numbers lose their leading "
            f"zeros: read them as text (pandas: dtype={{'{column}': str}})",
            rule="record not found",
        )
    row_of = {record_id: row for row, record_id in enumerate(released)}
    return [row_of.get(record_id) for record_id in record_ids]


def hashed_ids(ids: pa.ChunkedArray, key: Key, *, project: str, source: str, column: str) -> pa.StringArray:
    """The record ids of an agency's own ids, in the order given."""
    import pyarrow as pa

    text = as_text(ids, column, "identifier", 1)
    made = record_ids(text, id_secret(key, project=project), source=source, column=column, first_row=1)
    return hex_ids(made.view(">u8")) if len(made) else pa.array([], pa.string())
