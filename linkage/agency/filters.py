"""Tokens and key into packed rows: one Bloom filter per filter of the schema.

Each token sets ``hashes`` positions, drawn from keyed BLAKE2b (RFC 7693) of the token alone: no double
hashing, whose regular patterns an attack can read (Niedermeyer et al. 2014). A filter is an array of bits,
bit 0 the top bit of byte 0, zero-padded to 64 bits; a row is its bytes seen as uint64 words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.agency.key import Key
from linkage.agency.tokens import TokenColumn
from linkage.schema import Schema

_BITS_AT_ONCE = 1 << 24  # a byte each until they are packed
_WORDS_PER_DIGEST = 16  # 64 bytes as 32-bit words


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


def packed_rows(
    columns: Mapping[str, TokenColumn], schema: Schema, secrets: TokenSecrets
) -> dict[str, NDArray[np.uint64]]:
    """One (rows, words) uint64 array per filter; a row without tokens is all zero, which means missing."""
    packed = {}
    for filter in schema.filters:
        rows: NDArray[np.uint64] | None = None
        for name in filter.fields:
            column, field = columns[name], schema.field(name)
            positions = token_positions(column.vocabulary, secrets.by_field[name], field.hashes, filter.bits)
            values = _value_rows(column, positions, filter.words)
            part = values[column.row_value]  # row_value -1 picks the last row, which is zero
            rows = part if rows is None else np.bitwise_or(rows, part, out=rows)
        assert rows is not None
        packed[filter.name] = rows
    return packed


def token_positions(vocabulary: list[str], secret: bytes, n_hashes: int, n_bits: int) -> NDArray[np.int64]:
    """(tokens, n_hashes) bit positions, each uniform in [0, n_bits).

    A 32-bit word w becomes w * n_bits >> 32: any width will do, and the bias is below n_bits / 2**32.
    """
    blocks = -(-n_hashes // _WORDS_PER_DIGEST)
    digests = b"".join(
        hashlib.blake2b(token.encode("utf-8", "surrogatepass"), key=secret, salt=block.to_bytes(2, "big")).digest()
        for token in vocabulary
        for block in range(blocks)
    )
    words = np.frombuffer(digests, dtype="<u4").reshape(len(vocabulary), blocks * _WORDS_PER_DIGEST)
    return ((words[:, :n_hashes].astype(np.uint64) * np.uint64(n_bits)) >> np.uint64(32)).astype(np.int64)


def _value_rows(column: TokenColumn, positions: NDArray[np.int64], n_words: int) -> NDArray[np.uint64]:
    """(values + 1, words): the filter of each distinct value, and a last row of zeros."""
    n_values = len(column.first_token) - 1
    rows = np.zeros((n_values + 1, n_words), dtype=np.uint64)
    at_once = _BITS_AT_ONCE // (n_words * 64)  # a filter has at most 65,536 bits
    for start in range(0, n_values, at_once):
        stop = min(start + at_once, n_values)
        first = column.first_token[start : stop + 1]
        bits = np.zeros((stop - start, n_words * 64), dtype=np.uint8)
        value = np.repeat(np.arange(stop - start), np.diff(first))
        bits[value[:, None], positions[column.tokens[first[0] : first[-1]]]] = 1
        rows[start:stop] = np.packbits(bits, axis=1).view(np.uint64)
    return rows
