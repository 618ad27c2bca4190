"""Fields into packed rows: one Bloom filter per filter of the schema, each row the OR of its fields' filters.

Each token sets ``hashes`` positions, drawn from keyed BLAKE2b (RFC 7693) of the token alone: no double
hashing, whose regular patterns an attack can read (Niedermeyer et al. 2014). A filter is an array of bits,
bit 0 the top bit of byte 0, zero-padded to 64 bits; a row is its bytes seen as uint64 words.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from linkage.agency import kernels
from linkage.agency.columns import Coded, FieldColumn
from linkage.agency.key import Key
from linkage.agency.spool import Records
from linkage.schema import Schema


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


def packed_rows(records: Records, columns: Mapping[str, Coded], schema: Schema) -> Records:
    """The records with their filters in place; one without tokens is all zero, which means missing."""
    octets = records.view(np.uint8).reshape(len(records), records.itemsize)
    for filter in schema.filters:
        assert records.dtype.fields is not None
        place = records.dtype.fields[f"filter {filter.name}"][1]
        kernels.or_rows([(columns[name].filters, columns[name].text) for name in filter.fields], octets, place)
    return records
