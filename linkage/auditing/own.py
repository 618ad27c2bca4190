"""The agency's own table and key: some of its records, in plaintext, as the agreement encodes them, and as they are."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from linkage.agency import encode
from linkage.agency.astext import as_text
from linkage.agency.key import Key
from linkage.agency.records import Attachable, column_plan
from linkage.agency.rejoin import hashed_ids
from linkage.arrowtext import taken
from linkage.auditing.tally import Bits, Tally, bits_of
from linkage.encoded import EncodedSet
from linkage.errors import LinkageWarning, RecordError
from linkage.rows import Header
from linkage.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

Columns = Mapping[str, str | None] | None
_SOURCE = "audit"


@dataclass(frozen=True, eq=False)
class Own:
    """Records of the sample that are in the table too, in the order of the sample.

    table    their rows of the table
    bits     (n, all bits) as they are in the set
    blocks   (n,) their block keys there
    sampled  how many records the sample has, found in the table or not
    """

    schema: Schema
    table: pa.Table
    bits: Bits
    blocks: Mapping[str, NDArray[np.uint64]]
    sampled: int
    secret: Key | str | bytes
    source: str
    id: str | None
    columns: Columns
    id_key: Key | None

    @classmethod
    def of(
        cls, tally: Tally, header: Header, table: object, secret: Key | str | bytes, *, id: str | None,
        columns: Columns, id_key: Key | None,
    ) -> Own:  # fmt: skip
        """Find the sample's records in the table, by their keyed ids, by their ids as they are, or by row number."""
        wanted = _wanted(header.schema, secret, id, columns)
        whole: Any = Attachable.of(table, wanted).frame.to_arrow()
        source = header.source or _SOURCE
        rows = _numbers(tally.sample_ids, len(whole))
        if isinstance(secret, Key):
            texts = as_text(whole[str(id)], str(id), "identifier", 1)
            hashed = hashed_ids(texts, id_key or secret, project=header.schema.project, source=source, column=str(id))
            places = (_places(ids.to_pylist(), tally.sample_ids) for ids in (hashed, texts))
            rows = max(rows, *places, key=lambda each: int((each >= 0).sum()))
        there = np.flatnonzero(rows >= 0)
        return cls(
            schema=header.schema,
            table=taken(whole, rows[there]),
            bits=tally.sampled_bits()[there],
            blocks={name: tally.block_keys(name)[tally.sample_rows[there]] for name in tally.blocks},
            sampled=len(rows),
            secret=secret,
            source=source,
            id=id,
            columns=columns,
            id_key=id_key,
        )

    def __len__(self) -> int:
        return len(self.bits)

    def encoded(self, schema: Schema) -> Bits:
        """(n, all bits): the records as ``schema`` encodes them under the key."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LinkageWarning)  # about the table, said when it was encoded
            made = self._made(schema)
        parts = [bits_of(made.filters[each.name], each.bits) for each in schema.filters]
        return np.concatenate(parts, axis=1)[self._order(made)]

    def blocks_again(self) -> dict[str, NDArray[np.uint64]]:
        """(n,) the block keys that the agreement and the key make of the records."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LinkageWarning)
            made = self._made(self.schema, blocks=True)
        return {name: keys[self._order(made)] for name, keys in made.blocks.items()}

    def _made(self, schema: Schema, *, blocks: bool = False) -> EncodedSet:
        if not isinstance(self.secret, Key):
            from linkage.interop import encode_clkhash

            return encode_clkhash(self.table, schema, self.secret, columns=self.columns)
        # groups don't touch the bits, and a sample's classes are smaller than the agreement allows; source and id key
        # do, since noise is drawn by record id
        alone = dataclasses.replace(schema, groups=(), blocks=schema.blocks if blocks else ())
        return encode(
            self.table,
            alone,
            self.secret,
            id=str(self.id),
            source=self.source,
            columns=self.of_fields,
            id_key=self.id_key,
            progress=False,
        )

    @property
    def of_fields(self) -> Columns:
        """``columns`` without those of groups."""
        return _of_fields(self.schema, self.columns)

    def _order(self, made: EncodedSet) -> NDArray[np.int64]:
        """The place in the set that was made of each row of the table."""
        if not isinstance(self.secret, Key):
            return np.arange(len(self))

        ids, project = self.table[str(self.id)], self.schema.project
        hashed = hashed_ids(ids, self.id_key or self.secret, project=project, source=self.source, column=str(self.id))
        return _places(made.record_ids.to_pylist(), hashed.to_pylist())


def _of_fields(schema: Schema, columns: Columns) -> Columns:
    names = {field.name for field in schema.fields}
    return {name: column for name, column in (columns or {}).items() if name in names}


def _wanted(schema: Schema, secret: Key | str | bytes, id: str | None, columns: Columns) -> list[str] | None:
    """The columns of the table that are read: those of the fields and the ids; all under an agreement of clkhash's."""
    if not isinstance(secret, Key):
        return None
    if id is None:
        raise RecordError(
            "id: the column of the agency's own record ids, as it was given to `encode`", rule="column missing"
        )
    plan = column_plan(dataclasses.replace(schema, groups=()), _of_fields(schema, columns), id=id)
    return list(dict.fromkeys(column for column in plan.values() if column is not None))


def _places(ids: list[str], wanted: list[str]) -> NDArray[np.int64]:
    """Where each wanted id is among the ids; -1 where it is not."""
    place = {name: row for row, name in enumerate(ids)}
    return np.array([place.get(name, -1) for name in wanted], dtype=np.int64)


def _numbers(ids: list[str], rows: int) -> NDArray[np.int64]:
    """Row numbers that stand for ids, where they do."""
    found = [int(each) if each.isascii() and each.isdigit() else -1 for each in ids]
    return np.array([each if each < rows else -1 for each in found], dtype=np.int64)
