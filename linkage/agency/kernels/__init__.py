"""The hot loops of encoding: one contract, kept by both implementations bit for bit.

``record_ids(ids, secret, prefix)``
    (n, 16) uint8: the first 128 bits of HMAC-SHA256 of prefix, length of the id in eight bytes, id.

``texts()``, ``.numbered(column)``
    Distinct texts over several columns, numbered as they come. Gives the number of each row's text, (n,) int32 with
    -1 for null, and the texts that were new, an Arrow array.

``rows(field, bits, secret)``, ``.of(values)``
    (n, words) uint64: the filter of each cleaned value, of the tokens of `linkage.agency.tokens`; each distinct token
    is hashed once while the object lives. The empty value has an empty filter.

``or_rows(parts, out, offset)``
    Writes at ``out[:, offset:]`` (bytes, as many as a row of the parts has) the OR over the parts of ``rows[index]``;
    of nothing, zero. ``parts`` has (m, width) rows of any kind and (up to n,) int32 index, -1 for nothing; rows beyond
    a short index take nothing. ``out`` is (n, bytes) uint8.

``gather(given, blocks, rows, outs)``
    For each (offset, out) of ``outs``: ``out[i] = given[blocks[i]][rows[i], offset:]``, as many bytes as a row of
    ``out`` has. ``given`` are up to `MOST_BLOCKS` arrays (m, bytes) uint8 of one width, ``out`` is (n, bytes) uint8.

``hex_digits(numbers)``
    (16 * n,) uint8: each uint64 number as 16 lower-case digits in hexadecimal, the first one of the highest bits.

``or_lists(rows, items, first)``
    (n, words) uint64: row v is the OR of ``rows[items[first[v] : first[v + 1]]]``.

``majorities(fields, ties, out)``
    ``out`` (n, lines * 8) uint64: each bit the exclusive or, over the functions of SAUL, of the majority of votes; zero
    for a record without votes. ``fields`` are up to 64 of (spans (values, 3) uint64, text (n,) int32, flat int32,
    votes (functions * lines, tokens, 8) uint64): the tokens of value v are ``flat[spans[v, 0] : spans[v, 1]]``, each
    of which counts ``spans[v, 2]`` times; text -1 has none. ``ties``, (functions * lines * 8,) uint64, decide between
    halves.

What numbers texts or tokens is made for one call of `encode` and ends with it; it is not safe for two threads at
once. The rest is. The compiled one releases the interpreter's lock. LINKAGE_KERNEL=portable forces NumPy and hashlib.
Only record ids depend on the processor: sha_ni hashes them by its instructions for SHA-256, avx512, avx2 and generic
with registers of 16, 8 and 4 words, single one at a time; each can be forced, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency.kernels.choice import available, chosen, is_compiled, name
from linkage.field import Field

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "LINE",
    "MOST_BLOCKS",
    "available",
    "gather",
    "hex_digits",
    "is_compiled",
    "majorities",
    "name",
    "or_lists",
    "or_rows",
    "record_ids",
    "rows",
    "texts",
]

MOST_BLOCKS = 64
LINE = 8
"""Words of a line of votes."""

Words = NDArray[np.uint64]
Parts = Sequence[tuple[NDArray[Any], NDArray[np.int32]]]
Texts = Any  # of whichever implementation made it
Rows = Any


def record_ids(ids: pa.StringArray, secret: bytes, prefix: bytes) -> NDArray[np.uint8]:
    """Ids that stand in for the agency's own."""
    made: NDArray[np.uint8] = chosen().record_ids(ids, secret, prefix)
    return made


def texts() -> Texts:
    """An empty store of distinct texts."""
    return chosen().texts()


def rows(field: Field, bits: int, secret: bytes) -> Rows:
    """What makes filters of values of ``field``."""
    return chosen().rows(field, bits, secret)


def or_rows(parts: Parts, out: NDArray[np.uint8], offset: int = 0) -> None:
    """Each row of ``out`` the OR of one row of each part."""
    chosen().or_rows(parts, out, offset)


def gather(
    given: list[NDArray[np.uint8]],
    blocks: NDArray[np.int32],
    rows: NDArray[np.int32],
    outs: Sequence[tuple[int, NDArray[np.uint8]]],
) -> None:
    """Some bytes of listed rows of several blocks, into an array for each part of the row."""
    chosen().gather(given, blocks, rows, outs)


def hex_digits(numbers: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """The digits of all numbers, 16 each, one after the other."""
    made: NDArray[np.uint8] = chosen().hex_digits(numbers)
    return made


def or_lists(given: Words, items: NDArray[np.int64], first: NDArray[np.int64]) -> Words:
    """Each row the OR of a list of rows."""
    made: Words = chosen().or_lists(given, items, first)
    return made


def majorities(fields: Sequence[tuple[Any, ...]], ties: Words, out: Words) -> None:
    """Each row the exclusive or of majorities over the votes of its tokens."""
    chosen().majorities(fields, ties, out)
