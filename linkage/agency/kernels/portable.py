"""The contract of the package on NumPy, hashlib and Arrow alone."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency.kernels.portable_majorities import majorities
from linkage.agency.textarrays import octets
from linkage.agency.tokens import every_token
from linkage.field import Field
from linkage.positions import most_of_a_token

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Texts", "ValueRows", "gather", "majorities", "or_lists", "or_rows", "record_ids", "rows", "texts"]

Words = NDArray[np.uint64]

_ID_BYTES = 16
_BITS_AT_ONCE = 1 << 24  # a byte each until they are packed
_BLOCK_BYTES = 1 << 18  # what stays in a core's cache
_WORDS_PER_DIGEST = 16  # 64 bytes as 32-bit words
_TEXT_BYTES = 120  # of a text and its place in a dict


def record_ids(ids: pa.StringArray, secret: bytes, prefix: bytes) -> NDArray[np.uint8]:
    """Ids that stand in for the agency's own."""
    keyed = hmac.new(secret, prefix, "sha256")
    digests = []
    for text in ids.to_pylist():
        digest, octets = keyed.copy(), text.encode()
        digest.update(len(octets).to_bytes(8, "big") + octets)
        digests.append(digest.digest()[:_ID_BYTES])
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, _ID_BYTES)


class Texts:
    """Distinct texts, in a dict."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self.n_bytes = 0

    def numbered(self, texts: pa.StringArray) -> tuple[NDArray[np.int32], pa.StringArray]:
        """The number of each row's text, -1 for null, and the texts that were new."""
        import pyarrow as pa

        encoded = texts.dictionary_encode()
        before, known = len(self._known), self._known
        place = [known.setdefault(text, len(known)) for text in encoded.dictionary.to_pylist()]
        row = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        fresh = pa.array(list(known)[before:], pa.string())
        self.n_bytes += fresh.nbytes + _TEXT_BYTES * len(fresh)
        return np.array([*place, -1], dtype=np.int32)[row], fresh  # -1 picks the last, which is null


class ValueRows:
    """Filters of the values of one field, with the positions of all tokens met so far."""

    def __init__(self, field: Field, bits: int, secret: bytes) -> None:
        self._tokens = every_token(field)
        self._most, self._shared, self._bits, self._secret = most_of_a_token(field), field.positions, bits, secret
        self._vocabulary: dict[str, int] = {}
        self._positions = np.zeros((0, self._most), dtype=np.int64)

    @property
    def n_bytes(self) -> int:
        """Memory taken."""
        return self._positions.nbytes + _TEXT_BYTES * len(self._vocabulary)

    def of(self, values: pa.StringArray) -> Words:
        """(values, words): the filter of each cleaned value."""
        vocabulary, before = self._vocabulary, len(self._vocabulary)
        flat: list[int] = []
        first = [0]
        for value in values.to_pylist():
            if value:
                flat.extend(vocabulary.setdefault(token, len(vocabulary)) for token in self._tokens(value))
            first.append(len(flat))
        fresh = token_positions(list(vocabulary)[before:], self._secret, self._most, self._bits)
        self._positions = np.concatenate([self._positions, fresh])
        return self._rows(np.array(flat, dtype=np.int64), np.array(first, dtype=np.int64))

    def _rows(self, tokens: NDArray[np.int64], first: NDArray[np.int64]) -> Words:
        n_words = -(-self._bits // 64)
        rows = np.zeros((len(first) - 1, n_words), dtype=np.uint64)
        at_once = max(1, _BITS_AT_ONCE // (n_words * 64))  # a filter has at most 65,536 bits
        for start in range(0, len(rows), at_once):
            ends = first[start : start + at_once + 1]
            bits = np.zeros((len(ends) - 1, n_words * 64), dtype=np.uint8)
            value = np.repeat(np.arange(len(bits)), np.diff(ends))
            token, place = np.nonzero(np.arange(self._most) < self._own(ends)[:, None])
            bits[value[token], self._positions[tokens[ends[0] : ends[-1]]][token, place]] = 1
            rows[start : start + len(bits)] = np.packbits(bits, axis=1).view(np.uint64)
        return rows

    def _own(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many positions each token of consecutive values sets (`linkage.positions.shared_out`)."""
        counts = np.diff(ends)
        if not self._shared:
            return np.full(int(counts.sum()), self._most)
        place, n = np.arange(ends[0], ends[-1]) - np.repeat(ends[:-1], counts), np.repeat(counts, counts)
        own: NDArray[np.int64] = (place + 1) * self._shared // n - place * self._shared // n
        return own


texts = Texts
rows = ValueRows


def token_positions(tokens: Sequence[str], secret: bytes, n_hashes: int, n_bits: int) -> NDArray[np.int64]:
    """(tokens, n_hashes) bit positions, each uniform in [0, n_bits).

    A 32-bit word w becomes w * n_bits >> 32: any width will do, and the bias is below n_bits / 2**32.
    """
    blocks = -(-n_hashes // _WORDS_PER_DIGEST)
    digests = b"".join(
        hashlib.blake2b(token.encode("utf-8", "surrogatepass"), key=secret, salt=block.to_bytes(2, "big")).digest()
        for token in tokens
        for block in range(blocks)
    )
    words = np.frombuffer(digests, dtype="<u4").reshape(len(tokens), blocks * _WORDS_PER_DIGEST)
    return ((words[:, :n_hashes].astype(np.uint64) * np.uint64(n_bits)) >> np.uint64(32)).astype(np.int64)


def or_rows(parts: Sequence[tuple[NDArray[Any], NDArray[np.int32]]], out: NDArray[np.uint8], offset: int = 0) -> None:
    """Each row of ``out`` the OR of one row of each part; a block at a time, so that it is still in the cache."""
    given = [(octets(rows), index) for rows, index in parts]
    width = given[0][0].shape[1] if given else out.shape[1] - offset
    block = max(1, _BLOCK_BYTES // max(1, width))
    for start in range(0, len(out), block):
        made = np.zeros((min(block, len(out) - start), width), dtype=np.uint8)
        for rows, index in given:
            own = index[start : start + block]
            if own.size and own.min() >= 0:
                made[: len(own)] |= rows[own]
            else:
                there = np.flatnonzero(own >= 0)
                made[there] |= rows[own[there]]
        out[start : start + block, offset : offset + width] = made


def gather(
    given: list[NDArray[np.uint8]],
    blocks: NDArray[np.int32],
    rows: NDArray[np.int32],
    outs: Sequence[tuple[int, NDArray[np.uint8]]],
) -> None:
    """Some bytes of listed rows of several blocks, into an array for each part of the row."""
    for number, block in enumerate(given):
        own = np.flatnonzero(blocks == number)
        for offset, out in outs:
            out[own] = block[rows[own], offset : offset + out.shape[1]]


def hex_digits(numbers: Words) -> NDArray[np.uint8]:
    """The digits of all numbers, 16 each, one after the other."""
    return np.frombuffer(binascii.hexlify(numbers.astype(">u8").tobytes()), dtype=np.uint8)


def or_lists(rows: Words, items: NDArray[np.int64], first: NDArray[np.int64]) -> Words:
    """Each row the OR of a list of rows."""
    counts = np.diff(first)
    out = np.zeros((len(counts), rows.shape[1]), dtype=np.uint64)
    # the longest lists first, so that those with a t-th item are always the first so many
    order = np.argsort(-counts, kind="stable")
    block = max(1, _BLOCK_BYTES // (8 * max(1, rows.shape[1])))
    for start in range(0, len(order), block):
        own = order[start : start + block]
        held = np.zeros((len(own), rows.shape[1]), dtype=np.uint64)
        for place in range(int(counts[own[0]])):
            have = int(np.searchsorted(-counts[own], -place, side="left"))
            held[:have] |= rows[items[first[own[:have]] + place]]
        out[own] = held
    return out
