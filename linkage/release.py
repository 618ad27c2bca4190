"""Release: what goes back to one agency, and the specification of its file.

Parquet, format 1: ``record_id`` string and ``link_id`` string (null where the record linked with nothing),
sorted by record id, and on request ``confidence``. No similarity, no probability, no other agency's id: a
table of similarities lets a reader fingerprint people (Culnane, Rubinstein and Teague 2017). Footer:
``linkage.format``, ``project``, ``source``, ``key_check``, ``run`` (equal for all releases of one result) and the
digests.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linkage import parquetfile
from linkage.errors import FileFormatError
from linkage.files import PathLike, written_beside
from linkage.tables import TableOfResults

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "release 1"
CONFIDENCE = ("certain", "likely", "review")


@dataclass(frozen=True, eq=False)
class Release(TableOfResults):
    """The records of one source with their link ids; equal link ids at two agencies are one person."""

    table: pa.Table
    project: str
    source: str
    key_check: str
    run: str

    def to_arrow(self) -> pa.Table:
        """Columns record_id, link_id, and confidence if it was asked for."""
        return self.table

    def save(self, path: PathLike) -> None:
        """Write the file that goes to the agency (readable by its owner only)."""
        if Path(path).suffix.lower() in (".csv", ".tsv", ".txt"):
            raise ValueError(f"{path}: a release is a Parquet file; to_csv() or --csv writes a table for eyes as well")
        footer = {
            "format": FORMAT,
            "project": self.project,
            "source": self.source,
            "key_check": self.key_check,
            "run": self.run,
        }
        parquetfile.write(path, self.table, footer)

    def to_csv(self, path: PathLike) -> None:
        """Write the table as CSV, for eyes; `load` reads only the Parquet file, which knows whose it is."""
        from pyarrow import csv

        with written_beside(path) as part:
            csv.write_csv(self.table, part)

    @classmethod
    def load(cls, path: PathLike) -> Release:
        """The release in a file. Raises `FileFormatError` if it is none, or damaged."""
        table, footer = parquetfile.read(path, format=FORMAT, made_with="`linkage release`")
        names = ["record_id", "link_id"]
        fits = (
            table.column_names in (names, [*names, "confidence"])
            and all(str(kind) == "string" for kind in table.schema.types)
            and not table["record_id"].null_count
            and {"project", "source", "key_check", "run"} <= set(footer)
        )
        if not fits:
            raise FileFormatError(f"{path}: its columns are not those of a release", path=str(path), reason="columns")
        return cls(table, footer["project"], footer["source"], footer["key_check"], footer["run"])

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        linked = len(self) - self.table["link_id"].null_count
        return f"Release({self.source!r}, {len(self):,} records, {linked:,} linked)"
