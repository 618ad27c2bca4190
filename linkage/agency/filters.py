"""Fields into packed rows: one Bloom filter per filter of the schema, each row the OR of its fields' filters.

Each token sets ``hashes`` positions, drawn from keyed BLAKE2b (RFC 7693) of the token alone: no double
hashing, whose regular patterns an attack can read (Niedermeyer et al. 2014). A filter is an array of bits,
bit 0 the top bit of byte 0, zero-padded to 64 bits; a row is its bytes seen as uint64 words.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.agency import kernels
from linkage.agency.columns import Coded, FieldColumn
from linkage.agency.key import Key
from linkage.agency.ordered import Columns, Records, record_dtype
from linkage.agency.textarrays import octets
from linkage.schema import Filter, Schema

Words = NDArray[np.uint64]


@dataclass(frozen=True)
class TokenSecrets:
    """The key of each field's tokens, derived for its key group."""

    by_field: Mapping[str, bytes]

    @classmethod
    def derive(cls, key: Key, schema: Schema) -> TokenSecrets:
        """HKDF once per key group, with the purpose "tokens"."""
        return cls(
            {
                field.name: key.derive(project=schema.project, purpose="tokens", key_group=field.key_group, length=64)
                for field in schema.fields
            }
        )

    def __repr__(self) -> str:
        return "TokenSecrets(hidden)"


def field_columns(schema: Schema, secrets: TokenSecrets, *, room: int) -> dict[str, FieldColumn]:
    """What will know the texts of each field, in ``room`` bytes together."""
    own = max(1, room // len(schema.fields))
    return {
        field.name: FieldColumn(
            field,
            functools.partial(kernels.rows, field, field.bits, secrets.by_field[field.name]),
            -(-field.bits // 64),
            room=own,
        )
        for field in schema.fields
    }


class KnownFilters:
    """The filters of texts by number, for records that become rows once they are in order.

    Until then a record is the numbers of its texts: a quarter of the memory, and each row is written once, where it
    will stay. What a column has forgotten is kept here for as long as records wait that refer to it.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._tables: dict[str, dict[int, Words]] = {field.name: {} for field in schema.fields}
        self._dtype = record_dtype(
            {filter.name: filter.words for filter in schema.filters},
            [group.name for group in schema.groups],
            blocks=[block.name for block in schema.blocks],
        )

    def __repr__(self) -> str:
        return f"KnownFilters({self.n_bytes:,} bytes)"

    @property
    def n_bytes(self) -> int:
        """Memory taken, without what the columns themselves hold: the last table of each."""
        return sum(tables[before].nbytes for tables in self._tables.values() for before in sorted(tables)[:-1])

    @property
    def row_bytes(self) -> int:
        """What a record of `rows` takes."""
        return self._dtype.itemsize

    def add(self, columns: Mapping[str, Coded]) -> None:
        """Keep what the numbers of a batch refer to."""
        for name, coded in columns.items():
            held = self._tables[name].get(coded.before)
            # a column's later tables begin with its earlier ones
            if held is None or len(held) < len(coded.filters):
                self._tables[name][coded.before] = coded.filters

    def forget(self) -> None:
        """No record waits any more."""
        for tables in self._tables.values():
            tables.clear()

    def empty(self, n: int) -> Columns:
        """Room for the filters of ``n`` records."""
        return {f"filter {filter.name}": np.empty((n, filter.words), np.uint64) for filter in self._schema.filters}

    def fill(self, columns: Columns, numbers: Mapping[str, NDArray[np.int32]]) -> None:
        """Write the filters of records; all zero, which means missing, for one without tokens."""
        for filter in self._schema.filters:
            kernels.or_rows(self._parts(filter, numbers), octets(columns[f"filter {filter.name}"]))

    def rows(self, records: Records) -> Records:
        """The same records with their filters in the place of numbers."""
        made = np.empty(len(records), dtype=self._dtype)
        for name in made.dtype.names or ():
            if not name.startswith("filter "):
                made[name] = records[name]
        numbers = {field.name: np.ascontiguousarray(records[f"text {field.name}"]) for field in self._schema.fields}
        assert made.dtype.fields is not None
        for filter in self._schema.filters:
            place = made.dtype.fields[f"filter {filter.name}"][1]
            kernels.or_rows(self._parts(filter, numbers), octets(made), place)
        return made

    def _parts(self, filter: Filter, numbers: Mapping[str, NDArray[np.int32]]) -> list[tuple[Words, NDArray[np.int32]]]:
        parts = []
        for name in filter.fields:
            befores = sorted(self._tables[name])
            for before, after in itertools.pairwise([*befores, 1 << 31]):
                table, own = self._tables[name][before], numbers[name]
                if len(befores) > 1 or before:
                    own = np.where((own >= before) & (own < after), own - np.int32(before), np.int32(-1))
                parts.append((table, own))
        return parts
