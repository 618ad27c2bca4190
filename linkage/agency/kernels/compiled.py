"""The contract of the package on the compiled extension: makes its arrays, and larger ones when they are full."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency.textarrays import buffers, octets, text_array
from linkage.field import Field
from linkage.positions import most_of_a_token

if TYPE_CHECKING:
    import pyarrow as pa

_PARTS = 64
_KINDS = ("exact", "qgrams", "positional_qgrams", "date_parts", "postcode_levels", "neighbours")
_EVERY = np.zeros(0, dtype=np.uint8)  # no mask: all are valid


class Compiled:
    """The extension at one level, the width of registers that hash record ids."""

    def __init__(self, extension: Any, level: str) -> None:
        self._extension = extension
        self.level = level

    def record_ids(self, ids: pa.StringArray, secret: bytes, prefix: bytes) -> NDArray[np.uint8]:
        """Ids that stand in for the agency's own."""
        offsets, data = buffers(ids)
        out = np.empty((len(ids), 16), dtype=np.uint8)
        self._extension.record_ids(self.level, secret, prefix, offsets, data, out)
        return out

    def texts(self) -> CompiledTexts:
        """An empty store of distinct texts."""
        return CompiledTexts(self._extension)

    def rows(self, field: Field, bits: int, secret: bytes) -> CompiledRows:
        """What makes filters of values of ``field``."""
        return CompiledRows(self._extension, field, bits, secret)

    def or_rows(
        self, parts: Sequence[tuple[NDArray[Any], NDArray[np.int32]]], out: NDArray[np.uint8], offset: int = 0
    ) -> None:
        """Each row of ``out`` the OR of one row of each part."""
        given = [(octets(rows), np.ascontiguousarray(index, dtype=np.int32)) for rows, index in parts]
        width = given[0][0].shape[1] if given else out.shape[1] - offset
        for start in range(0, max(1, len(given)), _PARTS):
            self._extension.or_rows(given[start : start + _PARTS], out, offset, width, bool(start))

    def gather(
        self,
        given: list[NDArray[np.uint8]],
        blocks: NDArray[np.int32],
        rows: NDArray[np.int32],
        outs: Sequence[tuple[int, NDArray[np.uint8]]],
    ) -> None:
        """Some bytes of listed rows of several blocks, into an array for each part of the row."""
        for start in range(0, len(outs), _PARTS):
            self._extension.gather(given, blocks, rows, list(outs[start : start + _PARTS]))

    def hex_digits(self, numbers: NDArray[np.uint64]) -> NDArray[np.uint8]:
        """The digits of all numbers, 16 each, one after the other."""
        out = np.empty(16 * numbers.size, dtype=np.uint8)
        self._extension.hex_digits(np.ascontiguousarray(numbers, dtype=np.uint64).reshape(-1), out)
        return out

    def or_lists(
        self, rows: NDArray[np.uint64], items: NDArray[np.int64], first: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        """Each row the OR of a list of rows."""
        out = np.empty((len(first) - 1, rows.shape[1]), dtype=np.uint64)
        self._extension.or_lists(octets(rows), items, first, octets(out))
        return out

    def majorities(self, fields: Sequence[tuple[Any, ...]], ties: NDArray[np.uint64], out: NDArray[np.uint64]) -> None:
        """Each row the exclusive or of majorities over the votes of its tokens."""
        given = [
            (spans, np.ascontiguousarray(text), flat, votes.reshape(len(votes), -1))
            for spans, text, flat, votes in fields
        ]
        self._extension.majorities(self.level, given, ties, out)


class CompiledTexts:
    """Distinct texts, in the arrays of a `_Store`."""

    def __init__(self, extension: Any) -> None:
        self._extension = extension
        self._store = _Store(extension)

    @property
    def n_bytes(self) -> int:
        """Memory taken."""
        return self._store.n_bytes

    def numbered(self, texts: pa.StringArray) -> tuple[NDArray[np.int32], pa.StringArray]:
        """The number of each row's text, -1 for null, and the texts that were new."""
        offsets, data = buffers(texts)
        valid = texts.is_valid().to_numpy(zero_copy_only=False).view(np.uint8) if texts.null_count else _EVERY
        codes = np.empty(len(texts), dtype=np.int32)
        before = self._store.n
        row, self._store.n = self._extension.number_texts(offsets, data, valid, 0, self._store.parts(), codes)
        while row < len(texts):
            self._store.grow()
            row, self._store.n = self._extension.number_texts(offsets, data, valid, row, self._store.parts(), codes)
        return codes, self._store.texts(before)


class CompiledRows:
    """Filters of the values of one field, with the positions of all tokens met so far."""

    def __init__(self, extension: Any, field: Field, bits: int, secret: bytes) -> None:
        self._extension = extension
        self._number = {"neighbours": field.reach}.get(field.tokens, field.q)
        self._kind = _KINDS.index(field.tokens)
        self._bits = bits
        self._secret = secret
        self._store = _Store(extension)
        self._shared = field.positions
        self._positions = np.empty((self._store.room, most_of_a_token(field)), dtype=np.uint32)

    @property
    def n_bytes(self) -> int:
        """Memory taken."""
        return self._store.n_bytes + self._positions.nbytes

    def of(self, values: pa.StringArray) -> NDArray[np.uint64]:
        """(values, words): the filter of each cleaned value."""
        offsets, data = buffers(values)
        out = np.zeros((len(values), -(-self._bits // 64)), dtype=np.uint64)
        row = self._set(offsets, data, 0, out)
        while row < len(values):
            self._store.grow()
            larger = np.empty((self._store.room, self._positions.shape[1]), dtype=np.uint32)
            larger[: len(self._positions)] = self._positions
            self._positions = larger
            row = self._set(offsets, data, row, out)
        return out

    def _set(self, offsets: NDArray[np.int32], data: NDArray[np.uint8], row: int, out: NDArray[np.uint64]) -> int:
        parts = self._store.parts()
        settings = (self._kind, self._number, self._bits, self._shared, self._secret)
        done, self._store.n = self._extension.set_tokens(
            offsets, data, row, *settings, parts, self._positions, octets(out)
        )
        return int(done)


class _Store:
    """Distinct texts one after the other, and the table that finds them; the fields of store.h."""

    def __init__(self, extension: Any) -> None:
        self._extension = extension
        self._seed = secrets.randbits(64)
        self.n = 0
        self.room = 1 << 10
        self._slots = np.full(2 * self.room, -1, dtype=np.int64)
        self._hashes = np.zeros(self.room, dtype=np.uint64)
        self._ends = np.zeros(self.room + 1, dtype=np.int64)
        self._bytes = np.zeros(16 * self.room, dtype=np.uint8)

    @property
    def n_bytes(self) -> int:
        return self._slots.nbytes + self._hashes.nbytes + self._ends.nbytes + self._bytes.nbytes

    def parts(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], int, int]:
        return self._slots, self._hashes, self._ends, self._bytes, self.n, self._seed

    def texts(self, start: int) -> pa.StringArray:
        """Those from number ``start`` on."""
        ends = self._ends[start : self.n + 1]
        return text_array((ends - ends[0]).astype(np.int32), self._bytes[ends[0] : ends[-1]].copy())

    def grow(self) -> None:
        """Room for twice as much."""
        self.room *= 2
        self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
        self._ends = np.concatenate([self._ends, np.zeros(self.room // 2, dtype=np.int64)])
        self._bytes = np.concatenate([self._bytes, np.zeros_like(self._bytes)])
        self._slots = np.full(2 * self.room, -1, dtype=np.int64)
        self._extension.place(self._hashes, self.n, self._slots)
