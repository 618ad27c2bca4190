"""Cases: pairs that two agencies look at together, under a number that both have, each seeing its own record alone.

What goes to an agency is Parquet, format 1: ``case``, ``record_id`` (its own), then for each field how the two records
agree on it, in a word: equal, alike, differs, missing, exchanged. No record id of the other agency, no similarity, no
probability. Footer: ``linkage.format``, ``project``, ``source``, ``key_check``, ``run``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linkage.foragency import ForAgency

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False, repr=False)
class CaseList(ForAgency):
    """The cases of one source, the most telling first: its own record ids, and in words how each field agrees.

    Columns case, record_id, and one for each field.
    """

    FORMAT: ClassVar[str] = "cases 1"
    MADE_WITH: ClassVar[str] = "`linkage cases`"

    @classmethod
    def _fits(cls, table: pa.Table) -> bool:
        first = table.column_names[:2] == ["case", "record_id"]
        return first and not sum(column.null_count for column in table.columns)

    def __repr__(self) -> str:
        return f"CaseList({self.source!r}, {len(self):,} cases)"
