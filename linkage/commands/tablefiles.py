"""Small tables as files, .csv or .parquet: record ids, decisions of people, answers on cases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from linkage.arrowtext import is_whole, without_views
from linkage.errors import FileFormatError
from linkage.files import require_place, written_beside

if TYPE_CHECKING:
    import pyarrow as pa


def table_of(path: str, *columns: str) -> pa.Table:
    """The table in a file, ids and case numbers as they are written, a column ``same`` as true, false or null.

    Raises `FileFormatError` where a column is not there, text is no UTF-8, or ``same`` holds another word
    (`linkage.decisions`).
    """
    from linkage.agency.records import Attachable
    from linkage.decisions import answers

    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: no such file")
    found: pa.Table = Attachable.of(path).frame.to_arrow()
    if not is_whole(found):
        raise FileFormatError(f"{path}: holds text that is not UTF-8, or is damaged", path=path, reason="text")
    for name in columns:
        if name not in found.column_names:
            raise FileFormatError(f"{path}: has no column '{name}'", path=path, reason="columns")
    if "same" not in found.column_names:
        return found
    try:
        same = answers(found["same"], path)
    except ValueError as error:
        raise FileFormatError(str(error), path=path, reason="same") from None
    return found.set_column(found.column_names.index("same"), "same", same)


def withdrawn_at(path: str) -> pa.Table:
    """The record ids that an agency withdraws. Raises `FileFormatError` for another table, which may name everybody."""
    found = table_of(path, "record_id")
    if found.num_columns > 1:
        raise FileFormatError(
            f"{path}: has other columns than record_id, so `linkage withdrawal` did not write it: a set or a list of "
            "cases would withdraw all who are in it",
            path=path,
            reason="columns",
        )
    return found


def by_source(option: str, given: tuple[str, ...]) -> dict[str, str]:
    """The files of an option SOURCE=FILE, by source."""
    found = {}
    for item in given:
        source, path = parted(item)
        if not source or source in found:
            raise click.UsageError(f"{option} {item}: written as SOURCE=FILE, once a source")
        found[source] = path
    return found


def parted(item: str) -> tuple[str, str]:
    """Source and file of SOURCE=FILE, where either may hold the sign itself: the file is the one that is there.

    >>> parted("police=no-such-file.csv"), parted("nothing")
    (('police', 'no-such-file.csv'), ('', 'nothing'))
    """
    signs = [place for place, sign in enumerate(item) if sign == "="]
    there = [place for place in signs if Path(item[place + 1 :]).is_file()]
    if not signs:
        return "", item
    place = (there or signs)[-1]
    return item[:place], item[place + 1 :]


def require_table_place(path: str) -> None:
    """Raise, before any work, unless a table can be written there."""
    if Path(path).suffix.lower() not in (".csv", ".parquet"):
        raise ValueError(f"{path}: a table is written as .csv or .parquet")
    require_place(Path(path), None)


def _write_csv(table: pa.Table, part: Path, path: str) -> None:
    import pyarrow as pa
    from pyarrow import csv

    columns = [without_views(each) for each in table.columns]
    try:
        if not all(map(_is_writable, columns)):
            raise pa.ArrowInvalid("")
        csv.write_csv(pa.table(columns, table.column_names), part)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise ValueError(
            f"{path}: the table has a column that CSV can't hold: lists, structs, bytes, text that is not UTF-8, days "
            "that no calendar has or the like; write .parquet"
        ) from None


def _is_writable(column: pa.ChunkedArray) -> bool:
    """Whether texts are UTF-8 and days have a name: Arrow writes the bytes as they are, and "<value out of range" """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_temporal(column.type) and not pa.types.is_duration(column.type):
        return not pc.any(pc.starts_with(column.cast(pa.string()), "<")).as_py()
    return is_whole(column)


def write_table(table: pa.Table, path: str) -> None:
    """Write a table as .csv or .parquet, whole or not at all, for its owner's eyes only."""
    from pyarrow import parquet

    require_table_place(path)
    kind = Path(path).suffix.lower()
    with written_beside(path) as part:
        if kind == ".csv":
            _write_csv(table, part, path)
        else:
            parquet.write_table(table, part)
