"""Cases: pairs that two agencies look at together, under a number that both have, each seeing its own record alone.

What goes to an agency is Parquet, format 1: ``case``, ``record_id`` (its own), then for each field how the two records
agree on it, in a word: equal, alike, differs, missing, exchanged. No record id of the other agency, no similarity, no
probability. Footer: ``linkage.format``, ``project``, ``source``, ``key_check``, ``run``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage import parquetfile
from linkage.errors import FileFormatError
from linkage.files import PathLike
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "cases 1"
_FOOTER = ("project", "source", "key_check", "run")


@dataclass(frozen=True, eq=False)
class CaseList(TableOfResults):
    """The cases of one source, the most telling first: its own record ids, and in words how each field agrees."""

    table: pa.Table
    project: str
    source: str
    key_check: str
    run: str

    def to_arrow(self) -> pa.Table:
        """Columns case, record_id, and one for each field."""
        return self.table

    def save(self, path: PathLike) -> None:
        """Write the file that goes to the agency (readable by its owner only)."""
        footer = {"format": FORMAT, **{name: str(getattr(self, name)) for name in _FOOTER}}
        parquetfile.write(path, self.table, footer)

    @classmethod
    def load(cls, path: PathLike) -> CaseList:
        """The cases in a file. Raises `FileFormatError` if it holds none, or is damaged."""
        table, footer = parquetfile.read(path, format=FORMAT, made_with="`linkage cases`")
        fits = (
            table.column_names[:2] == ["case", "record_id"]
            and all(str(kind) == "string" for kind in table.schema.types)
            and not sum(column.null_count for column in table.columns)
            and set(_FOOTER) <= set(footer)
        )
        if not fits:
            raise FileFormatError(f"{path}: its columns are not those of cases", path=str(path), reason="columns")
        return cls(table, *(footer[name] for name in _FOOTER))

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        return f"CaseList({self.source!r}, {len(self):,} cases)"
