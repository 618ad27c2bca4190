"""What the standing result keeps so that a later batch need not meet everybody again.

Of each pair that may be one person, however its rivals stand, the two record ids; of each record a digest of its
filters, to see whether it has changed; the models; and what reviewers have said. No filter and no level.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.decisions import PAIR

if TYPE_CHECKING:
    import pyarrow as pa

EVENTS = ("kind", "old_link_id", "new_link_id")
_ROWS = ("kept", "same", "different", "content", "merge", "split", "end")


@dataclass(frozen=True, eq=False)
class Kept:
    """State of a result that is carried on.

    pairs        Arrow table left_source, left_id, right_source, right_id: what is weighed again with each batch
    contents     Arrow table source, record_id, content: 16 hex digits that change with the record's filters
    known        Arrow table of the pair's four columns and ``same``, bool: what reviewers have said
    models       file text of a model by the sources that it is for, as "left right", JSON
    sizes        how many records of each source the models were estimated from
    duplicates   the sources that may hold several records of a person
    cut_given    whether somebody said where to cut; if not, each batch looks for it among all pairs
    step         how many batches have been added
    """

    pairs: pa.Table
    contents: pa.Table
    known: pa.Table
    models: Mapping[str, str]
    sizes: Mapping[str, int]
    duplicates: tuple[str, ...] = ()
    cut_given: bool = False
    step: int = 0

    def footer(self) -> str:
        """All but the tables, as JSON."""
        plain = {"models": dict(self.models), "sizes": dict(self.sizes), "duplicates": list(self.duplicates)}
        return json.dumps(plain | {"cut_given": self.cut_given, "step": self.step})

    @classmethod
    def of(cls, footer: str, table: pa.Table) -> Kept:
        """From the footer and the rows of a file."""
        plain = json.loads(footer)
        return cls(
            pairs=_pairs(table, "kept"),
            contents=_contents(table),
            known=_known(table),
            models={str(name): str(text) for name, text in plain["models"].items()},
            sizes={str(name): int(size) for name, size in plain["sizes"].items()},
            duplicates=tuple(str(name) for name in plain["duplicates"]),
            cut_given=bool(plain["cut_given"]),
            step=int(plain["step"]),
        )


def no_events() -> pa.Table:
    """Nothing has happened to any link id."""
    import pyarrow as pa

    return pa.table({name: pa.array([], pa.string()) for name in EVENTS})


def no_known() -> pa.Table:
    """Nobody has looked at any pair."""
    import pyarrow as pa

    return pa.table({name: pa.array([], pa.string()) for name in PAIR} | {"same": pa.array([], pa.bool_())})


def rows_of(kept: Kept | None, events: pa.Table) -> pa.Table:
    """Rows for the file: ``kind``, the four columns of a pair, and ``link_id``.

    Of a record's content the digest stands in ``right_id``; of an event the old link id in ``left_id``.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    told = {"kind": events["kind"], "left_id": events["old_link_id"], "link_id": events["new_link_id"]}
    parts = [_padded(told, events.num_rows)]
    if kept is not None:
        n = kept.pairs.num_rows
        parts.append(
            _padded({"kind": pa.array(["kept"] * n, pa.string())} | {each: kept.pairs[each] for each in PAIR}, n)
        )
        said = pc.if_else(kept.known["same"], "same", "different")
        parts.append(_padded({"kind": said} | {each: kept.known[each] for each in PAIR}, kept.known.num_rows))
        n = kept.contents.num_rows
        record = {"left_source": kept.contents["source"], "left_id": kept.contents["record_id"]}
        kind = pa.array(["content"] * n, pa.string())
        parts.append(_padded({"kind": kind, **record, "right_id": kept.contents["content"]}, n))
    return pa.concat_tables(parts).combine_chunks()


def events_of(table: pa.Table) -> pa.Table:
    """The events among the rows of a file, in their order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    told = table.filter(pc.is_in(table["kind"], pa.array(["merge", "split", "end"])))
    return told.select(["kind", "left_id", "link_id"]).rename_columns(list(EVENTS)).combine_chunks()


def _padded(columns: Mapping[str, object], n: int) -> pa.Table:
    import pyarrow as pa

    names = ("kind", *PAIR, "link_id")
    return pa.table({name: columns.get(name, pa.nulls(n, pa.string())) for name in names}).cast(
        pa.schema([(name, pa.string()) for name in names])
    )


def _pairs(table: pa.Table, *kinds: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    chosen = table.filter(pc.is_in(table["kind"], pa.array(kinds)))
    return chosen.select(list(PAIR)).combine_chunks()


def _known(table: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    chosen = table.filter(pc.is_in(table["kind"], pa.array(["same", "different"])))
    return chosen.select(list(PAIR)).append_column("same", pc.equal(chosen["kind"], "same")).combine_chunks()


def _contents(table: pa.Table) -> pa.Table:
    import pyarrow.compute as pc

    chosen = table.filter(pc.equal(table["kind"], "content"))
    return chosen.select(["left_source", "left_id", "right_id"]).rename_columns(["source", "record_id", "content"])
