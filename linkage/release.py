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
from typing import TYPE_CHECKING, ClassVar

from linkage.arguments import checked
from linkage.files import PathLike, written_beside
from linkage.foragency import ForAgency

if TYPE_CHECKING:
    import pyarrow as pa

CONFIDENCE = ("certain", "likely", "review")


@dataclass(frozen=True, eq=False, repr=False)
class Release(ForAgency):
    """The records of one source with their link ids; equal link ids at two agencies are one person.

    Columns record_id, link_id, and confidence if it was asked for.
    """

    FORMAT: ClassVar[str] = "release 1"
    MADE_WITH: ClassVar[str] = "`linkage release`"

    @checked
    def save(self, path: PathLike) -> None:
        """Write the file that goes to the agency (readable by its owner only)."""
        if Path(path).suffix.lower() in (".csv", ".tsv", ".txt"):
            raise ValueError(f"{path}: a release is a Parquet file; to_csv() or --csv writes a table for eyes as well")
        super().save(path)

    @checked
    def to_csv(self, path: PathLike) -> None:
        """Write the table as CSV, for eyes; `load` reads only the Parquet file, which knows whose it is."""
        from pyarrow import csv

        with written_beside(path) as part:
            csv.write_csv(self.table, part)

    @classmethod
    def _fits(cls, table: pa.Table) -> bool:
        names = ["record_id", "link_id"]
        return table.column_names in (names, [*names, "confidence"]) and not table["record_id"].null_count

    def __repr__(self) -> str:
        linked = len(self) - self.table["link_id"].null_count
        return f"Release({self.source!r}, {len(self):,} records, {linked:,} linked)"
