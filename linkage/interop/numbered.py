"""Encoded sets whose ids are row numbers: what CLKs from elsewhere become, for they come without ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage import encodedfile
from linkage.encoded import EncodedSet
from linkage.interop.filters import Words
from linkage.rows import Header, Rows, fault
from linkage.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa

_HALF = 5  # of the digits of an id
_NAME = "record"


def numbered_set(rows: Words, schema: Schema, source: str) -> EncodedSet:
    """The set of (n, words) rows in their order. ``ValueError`` if bits are set beyond the schema's width.

    It has no key check: a check made of a secret that may be a phrase would let anyone test guesses at it.
    """
    held = _numbered(rows, 0)
    header = Header(schema=schema, source=source, rows=len(held), key_check="")
    problem = fault(held, header, after="")
    if problem:
        raise ValueError(problem)
    return EncodedSet(header, rows=held)


def numbered_file(path: Path, parts: Iterable[Words], schema: Schema, source: str) -> EncodedSet:
    """The set of the rows of all parts, in a file and not in memory; otherwise as `numbered_set`."""

    def batches() -> Iterator[Rows]:
        start = 0
        for rows in parts:
            yield _numbered(rows, start)
            start += len(rows)

    return EncodedSet(encodedfile.write(path, Header(schema, source, 0, ""), batches()), path=path)


def _numbered(rows: Words, start: int) -> Rows:
    return Rows(row_numbers(len(rows), start), {_NAME: rows}, {})


def row_numbers(count: int, start: int = 0) -> pa.StringArray:
    """0, 1, 2 ... as ids of ten digits, so that they sort as they count and a set that grows keeps them.

    >>> row_numbers(2).to_pylist()
    ['0000000000', '0000000001']
    """
    import pyarrow as pa

    powers = 10 ** np.arange(_HALF - 1, -1, -1)
    halves = (np.arange(min(10**_HALF, start + count))[:, None] // powers % 10 + ord("0")).astype(np.uint8)
    high, low = np.divmod(np.arange(start, start + count), 10**_HALF)
    digits = np.concatenate([halves[high], halves[low]], axis=1)
    offsets = np.arange(count + 1, dtype=np.int32) * (2 * _HALF)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(digits))


def clk_octets(encoded: EncodedSet) -> NDArray[np.uint8]:
    """(n, bytes): each record as clkhash writes it, in as many bytes as the bits need.

    Raises ``ValueError`` for a set that isn't of the record layout.
    """
    if encoded.schema.layout != "record":
        raise ValueError("a CLK is one filter a record: takes sets of the record layout, this one has a filter a field")
    octets = np.ascontiguousarray(encoded.filters[_NAME]).view(np.uint8)
    return octets[:, : -(-encoded.schema.bits // 8)]


def require_source(source: object) -> None:
    """``ValueError`` unless it is a name that can stand in a message."""
    if not isinstance(source, str) or not 1 <= len(source) <= 200 or not source.isprintable():
        raise ValueError("source: the agency's name, 1 to 200 printable characters")


def require_clkhash(schema: Schema | None) -> None:
    """``ValueError`` for a schema of ours, which says nothing of a CLK."""
    if schema is not None and schema.encoder != "clkhash":
        raise ValueError("schema: one of clkhash's, from Schema.from_clkhash")


def width_only(n_bits: int) -> Schema:
    """The schema of CLKs of which only the width is known."""
    return Schema(project="clkhash", layout="record", fields=(), bits=n_bits, encoder="clkhash")
