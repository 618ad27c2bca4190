"""Reading what was linked and what is true about it: two tables in, columns of record ids out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.agency.astext import as_text
from linkage.agency.key import Key
from linkage.agency.records import Attachable
from linkage.agency.rejoin import hashed_ids
from linkage.errors import RecordError, nearest
from linkage.links import Links
from linkage.pairs import Pairs

if TYPE_CHECKING:
    import pyarrow as pa

    # (source, id) columns, the rows of the table they are, and the person of each
    Read = tuple[list[tuple[pa.Array, pa.Array]], NDArray[np.int64], NDArray[np.int64] | None]

Keys = Key | Mapping[str, Key] | None


@dataclass(frozen=True, eq=False)
class Linked:
    """What was linked or compared: Arrow tables of pairs (left and right source and id, measures) and of records."""

    pairs: pa.Table
    records: pa.Table
    sources: tuple[str, ...]
    project: str

    @classmethod
    def of(cls, links: Links | Pairs) -> Linked:
        """Links as they are; pairs with their sources."""
        if isinstance(links, Links):
            return cls(links.pairs, links.records, tuple(links.sources), links.schema.project)
        import pyarrow as pa

        sets = {each.source: each for each in (links.left_set, links.right_set)}
        pairs = links.to_arrow()
        for side, source in (("right_source", links.right_set.source), ("left_source", links.left_set.source)):
            pairs = pairs.append_column(side, pa.repeat(source, len(links)))
        ids = [pa.chunked_array([each.record_ids]).combine_chunks() for each in sets.values()]
        records = {
            "source": pa.concat_arrays([pa.repeat(source, len(each)) for source, each in sets.items()]),
            "record_id": pa.concat_arrays(ids),
        }
        return cls(pairs, pa.table(records), tuple(sorted(sets)), links.left_set.schema.project)

    def measure(self, name: str | None) -> tuple[str, NDArray[np.float64]]:
        """The name and column of a measure; by default probability or else similarity."""
        there = [each for each in ("probability", "similarity", "match_weight") if each in self.pairs.column_names]
        if name is None and not there:
            raise ValueError("these pairs have no measure")
        if name is not None and name not in there:
            raise ValueError(f"measure: '{name}' is not in these pairs; {nearest(name, there)}")
        chosen = name or there[0]
        return chosen, self.pairs[chosen].to_numpy()


def read(frame: Attachable, linked: Linked, key: Keys, sources: Sequence[str] | None) -> Read:
    """The records that a truth names, in whichever of its two forms."""
    if {"left_id", "right_id"} <= set(frame.names):
        return _read_pairs(frame, linked, key, sources)
    if {"source", "id", "person"} <= set(frame.names):
        return _read_people(frame, linked, key)
    # names are shown only where the header is known to be one; else they may be someone's values
    header = {"left_id", "right_id", "source", "id", "person"} & set(frame.names)
    there = ", ".join(frame.names) if header else f"{len(frame.names):,} others; is its first line the header?"
    raise RecordError(
        f"the truth has columns left_id and right_id, or source, id and person; this table has {there}", rule="columns"
    )


def _read_pairs(frame: Attachable, linked: Linked, key: Keys, sources: Sequence[str] | None) -> Read:
    import pyarrow as pa

    chosen = _two_sources(linked.sources, sources)
    names = ("left_id", "right_id")
    ids = [
        record_ids(column(frame, name), source, linked, key, name) for name, source in zip(names, chosen, strict=True)
    ]
    columns = [(pa.repeat(source, len(each)), each) for source, each in zip(chosen, ids, strict=True)]
    return columns, np.arange(len(ids[0])), None


def _two_sources(known: tuple[str, ...], sources: Sequence[str] | None) -> tuple[str, str]:
    chosen = tuple(known if sources is None else sources)
    if sources is None and len(chosen) == 1:
        chosen *= 2  # duplicates within the one source
    if len(chosen) != 2:
        raise ValueError("sources: two names, whose ids left_id and right_id are")
    if chosen[0] == chosen[1] and len(known) > 1:
        raise ValueError(f"sources: '{chosen[0]}' is named twice; links are between two sources")
    for name in chosen:
        if name not in known:
            raise ValueError(f"sources: '{name}' was not linked; {nearest(name, known)}")
    return chosen[0], chosen[1]


def _read_people(frame: Attachable, linked: Linked, key: Keys) -> Read:
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = as_text(column(frame, "source"), "source", "identifier", 1)
    every_id, every_person = column(frame, "id"), column(frame, "person")
    parts = []
    for source in linked.sources:
        rows = np.flatnonzero(pc.fill_null(pc.equal(texts, source), fill_value=False).to_numpy(zero_copy_only=False))
        if not len(rows) and len(linked.records):
            raise RecordError(
                f"the truth has no records of '{source}'; its column source holds the names of the linked sources: "
                f"{', '.join(linked.sources)}",
                column="source",
                rule="source",
            )
        ids = record_ids(every_id.take(rows), source, linked, key, "id")
        persons = all_there(every_person.take(rows), "person")
        parts.append((rows, pa.repeat(source, len(rows)), ids, persons))
    every_row, names, every_text, every_name = zip(*parts, strict=True)
    columns = [(pa.concat_arrays(names), pa.concat_arrays(every_text))]
    codes = pa.concat_arrays(every_name).dictionary_encode().indices.to_numpy()
    return columns, np.concatenate(every_row), codes.astype(np.int64)


def column(frame: Attachable, name: str) -> pa.ChunkedArray:
    """A column of a table; `RecordError` if it mixes kinds of values, whose own message would quote one."""
    import pyarrow as pa

    try:
        return frame.column(name)
    except MemoryError:  # Arrow's own is one of its exceptions
        raise
    except pa.ArrowException:
        raise RecordError(
            f"column '{name}' mixes kinds of values; read the table with it as text (pandas: dtype=str)",
            column=name,
            rule="kind of values",
        ) from None


def record_ids(ids: pa.ChunkedArray, source: str, linked: Linked, key: Keys, column: str) -> pa.StringArray:
    """The record ids of a column of the truth: hashed if there is a key, else as they stand."""
    if key is None:
        return all_there(ids, column)
    if not isinstance(key, Key) and source not in key:
        raise ValueError(f"key: none given for '{source}'")
    own = key if isinstance(key, Key) else key[source]
    if not isinstance(own, Key):
        raise TypeError(f"key: that of '{source}' is no Key, it is {type(own).__name__}")
    return hashed_ids(ids, own, project=linked.project, source=source, column=column)


def all_there(values: pa.ChunkedArray, column: str) -> pa.StringArray:
    """A column as text, none missing: records of unknown persons would otherwise all be one person."""
    texts = as_text(values, column, "identifier", 1)
    if texts.null_count:
        raise RecordError(
            f"column '{column}' of the truth has {texts.null_count:,} missing values; leave those rows out",
            column=column,
            rule="value missing",
        )
    return texts
