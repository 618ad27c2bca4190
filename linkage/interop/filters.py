"""Tokens and keys into packed rows, as clkhash hashes them: each distinct token once, each distinct value once.

A filter is an array of bits, bit 0 the top bit of byte 0, zero-padded to 64 bits; a row is its bytes as uint64 words.
The hot steps are the agency's kernels: rows of values are joined from rows of tokens, records from rows of values.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency import kernels
from linkage.interop.clkschema import ClkSchema, Derivation
from linkage.interop.features import Feature
from linkage.interop.tokens import Ints, Tokens, distinct, portions, ragged, tokens_of

Words = NDArray[np.uint64]
Part = tuple[Words, NDArray[np.integer[Any]]]
Positions = Callable[[Ints, Ints], Ints]

_BITS_AT_ONCE = 1 << 24  # a byte each until they are packed
_ROW_BYTES_AT_ONCE = 1 << 28  # of the rows of tokens
_PER_DIGEST = 32  # blake2b's 64 bytes as 16-bit numbers


def feature_keys(schema: ClkSchema, secret: bytes) -> list[tuple[bytes, bytes]]:
    """Two keys for each feature, ignored ones included."""
    size = schema.derivation.key_size
    stream = _hkdf(secret, schema.derivation, 2 * size * len(schema.features))
    keys = [stream[at : at + size] for at in range(0, len(stream), size)]
    return list(zip(keys[::2], keys[1::2], strict=True))


def _hkdf(secret: bytes, derivation: Derivation, length: int) -> bytes:
    """Extract and expand (RFC 5869, sections 2.2 and 2.3)."""
    name = derivation.hash
    pseudorandom_key = hmac.digest(derivation.salt or b"\0", secret, name)  # HMAC pads a key with zeros
    block, stream, counter = b"", b"", 0
    while len(stream) < length:
        counter += 1
        block = hmac.digest(pseudorandom_key, block + derivation.info + bytes([counter]), name)
        stream += block
    return stream[:length]


def rows_of_values(values: Sequence[str], feature: Feature, keys: tuple[bytes, bytes], n_bits: int) -> Words:
    """(values, words): the filter of each value, the tokens of no more than a portion held at once."""
    parts = [value_rows(tokens_of(values[part], feature), feature, keys, n_bits) for part in portions(values, feature)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def value_rows(tokens: Tokens, feature: Feature, keys: tuple[bytes, bytes], n_bits: int) -> Words:
    """(values, words): the filter of each value."""
    n_words = -(-n_bits // 64)
    rows = np.zeros((len(tokens.first) - 1, n_words), dtype=np.uint64)
    most = max(1, _ROW_BYTES_AT_ONCE // (8 * n_words))
    start = 0
    while start < len(rows):
        stop = int(np.searchsorted(tokens.first, tokens.first[start] + most, side="right")) - 1
        stop = max(stop, start + 1)
        _fill(rows[start:stop], tokens, slice(start, stop), feature, keys, n_bits)
        start = stop
    return rows


def or_gathered(parts: Sequence[Part], out: Words) -> None:
    """Row i of ``out`` becomes the OR, over the parts, of ``rows[index[i]]``; of nothing, zero.

    parts      (rows, index): (m, words) uint64, and up to n numbers in [0, m); rows beyond a short index take nothing
    """
    octets = out.view(np.uint8).reshape(len(out), 8 * out.shape[1])
    kernels.or_rows([(rows, index.astype(np.int32, copy=False)) for rows, index in parts], octets)


def folded(rows: Words, n_bits: int, folds: int) -> Words:
    """Rows of ``n_bits >> folds`` bits: each fold joins the halves by exclusive or."""
    if not folds:
        return rows
    bits = np.unpackbits(rows.view(np.uint8), axis=1, count=n_bits)
    for _ in range(folds):
        half = bits.shape[1] // 2
        bits = bits[:, :half] ^ bits[:, half:]
    return packed(np.packbits(bits, axis=1))


def packed(octets: NDArray[np.uint8]) -> Words:
    """(n, bytes) uint8 padded with zeros to whole words."""
    short = -octets.shape[1] % 8
    whole = np.pad(octets, ((0, 0), (0, short))) if short else np.ascontiguousarray(octets)
    return whole.view(np.uint64)


def _fill(rows: Words, tokens: Tokens, values: slice, feature: Feature, keys: tuple[bytes, bytes], n_bits: int) -> None:
    """OR the tokens of some values into their rows."""
    first, counts = tokens.first[values.start : values.stop], tokens.counts[values]
    flat = tokens.tokens[first[0] : first[0] + counts.sum()]
    hashes = _hashes(counts, feature)
    width = int(hashes.max(initial=0)) + 1
    made, each = distinct(flat * width + hashes, len(tokens.vocabulary) * width)
    token_rows = _token_rows(made // width, made % width, tokens.vocabulary, feature, keys, n_bits)
    rows[:] = kernels.or_lists(token_rows, each, np.append(first, first[0] + len(flat)) - first[0])


def _hashes(counts: Ints, feature: Feature) -> Ints:
    """How many positions each token of each value sets: the first tokens of a value take what does not divide."""
    if not feature.shared:
        return np.full(int(counts.sum()), feature.bits, dtype=np.int64)
    row, place = ragged(counts)
    each, rest = np.divmod(feature.bits, np.maximum(counts, 1))
    hashes: Ints = each[row] + (place < rest[row])
    return hashes


def _token_rows(
    token: Ints, hashes: Ints, vocabulary: Sequence[str], feature: Feature, keys: tuple[bytes, bytes], n_bits: int
) -> Words:
    """(pairs, words): the filter of each token with that many hashes; the same token may come with several numbers."""
    used, own = distinct(token, len(vocabulary))
    most = np.zeros(len(used), dtype=np.int64)
    np.maximum.at(most, own, hashes)
    encoding = (feature.format or {}).get("encoding", "utf-8")
    texts = [vocabulary[place].encode(encoding) for place in used.tolist()]
    if feature.hash == "blakeHash":
        positions = _blake_positions(texts, most, keys[0], n_bits)
    else:
        positions = _double_positions(texts, keys, n_bits, non_singular=feature.non_singular)
    n_words = -(-n_bits // 64)
    rows = np.zeros((len(token), n_words), dtype=np.uint64)
    at_once = max(1, _BITS_AT_ONCE // (n_words * 64))
    for start in range(0, len(token), at_once):
        stop = min(start + at_once, len(token))
        row, turn = ragged(hashes[start:stop])
        bits = np.zeros((stop - start, n_words * 64), dtype=np.uint8)
        bits[row, positions(own[start:stop][row], turn)] = 1
        rows[start:stop] = np.packbits(bits, axis=1).view(np.uint64)
    return rows


def _blake_positions(texts: Sequence[bytes], most: Ints, key: bytes, n_bits: int) -> Positions:
    """Keyed BLAKE2b (RFC 7693), its 64 bytes as 32 little-endian numbers; block after block with the block as salt."""
    blocks = -(-most // _PER_DIGEST)
    salts = [str(block).encode() for block in range(int(blocks.max(initial=0)))]
    digests = b"".join(
        hashlib.blake2b(text, key=key, salt=salt).digest()
        for text, count in zip(texts, blocks.tolist(), strict=True)
        for salt in salts[:count]
    )
    drawn = np.frombuffer(digests, dtype="<u2").astype(np.int64) % n_bits
    first = (np.cumsum(blocks) - blocks) * _PER_DIGEST
    return lambda token, turn: drawn[first[token] + turn]


def _double_positions(
    texts: Sequence[bytes], keys: tuple[bytes, bytes], n_bits: int, *, non_singular: bool
) -> Positions:
    """Start and step from HMAC-SHA1 and HMAC-MD5 (Schnell, Bachteler and Reiher 2011)."""
    start = np.array([_remainder(keys[0], text, "sha1", n_bits) for text in texts], dtype=np.int64)
    step = np.array([_remainder(keys[1], text, "md5", n_bits) for text in texts], dtype=np.int64)
    if non_singular:  # a step of 0 would set one bit only
        for place in np.flatnonzero(step == 0).tolist():
            attempt = 0
            while not step[place]:
                step[place] = _remainder(keys[1], texts[place] + chr(attempt).encode(), "md5", n_bits)
                attempt += 1
    return lambda token, turn: (start[token] + turn * step[token]) % n_bits


def _remainder(key: bytes, text: bytes, name: str, n_bits: int) -> int:
    return int.from_bytes(hmac.digest(key, text, name), "big") % n_bits
