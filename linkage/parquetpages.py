"""What the pages of a Parquet file unpack to, read in plain Python before Arrow touches them.

The sizes that Arrow shows bound nothing: with a dictionary or shared prefixes, 2 kB of file once became 2 GB of text.
And asking pyarrow for the metadata of a damaged column can end the process (a C++ exception that nobody catches). So
the footer and each page's header, which are Thrift in its compact protocol, are read here, and only plain pages pass.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from linkage.errors import FileFormatError
from linkage.files import says_of_the_machine

_MAGIC = b"PAR1"
_MAX_HEADER = 1_024  # of a page without statistics: about 30 bytes
_MAX_FOREIGN_HEADER = 1 << 17  # a page's least and most value may be in it
_MAX_INT = 2**31

# numbers of fields and values in parquet.thrift
_ROW_GROUPS, _COLUMNS, _METADATA = 4, 1, 3
_COMPRESSED, _FIRST_PAGE, _DICTIONARY = 7, 9, 11
_STATISTICS, _BLOOM, _COLUMN_INDEX = 12, 14, 6
_LEAST_AND_MOST = {1, 2, 5, 6}
_PAGE_KIND, _PAGE_UNPACKED, _PAGE_PACKED, _DATA_PAGE = 1, 2, 3, 5
_VALUES_AS, _DEFINITIONS_AS, _REPETITIONS_AS = 2, 3, 4
_PLAIN, _DICTIONARY_2, _RLE, _PREFIXES, _DICTIONARY_8 = 0, 2, 3, 7, 8
_DATA_PAGE_2, _VALUES_AS_2 = 8, 4
_DATA, _OF_DICTIONARY, _DATA_2 = 0, 2, 3  # kinds of pages

# what a damaged footer or page makes of the code below
_DAMAGED = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError, OverflowError, OSError)


def unpacked_bytes(path: Path) -> int:
    """Bytes that all pages of a file unpack to.

    Raises `FileFormatError` unless each is a data page in plain encoding, as this library writes them.
    """
    with _undamaged(path, "pages", of=" of plain pages, as this library writes them") as handle:
        return sum(_unpacked(handle, start, length) for start, length in _chunks(handle))


def groups(path: Path) -> list[tuple[int, list[int]]]:
    """Bytes that the pages of each row group unpack to, whoever wrote them, and places of columns with a dictionary.

    Raises `FileFormatError` if the file is damaged, or has what bounds nothing: texts that begin as the one before, or
    a dictionary that the first page of values makes no use of.
    """
    with _undamaged(path, "pages") as handle:
        return [
            (
                sum(_unpacked_by_any(handle, column[_METADATA]) for column in group[_COLUMNS]),
                [place for place, column in enumerate(group[_COLUMNS]) if _DICTIONARY in column[_METADATA]],
            )
            for group in _footer(handle)[_ROW_GROUPS]
        ]


def showing_columns(path: Path) -> list[int]:
    """Places of columns that show values outside their pages: least and most, page indexes, Bloom filters.

    Raises `FileFormatError` if the footer can't be read.
    """
    found = set()
    with _undamaged(path, "Parquet") as handle:
        for group in _footer(handle)[_ROW_GROUPS]:
            for place, column in enumerate(group[_COLUMNS]):
                metadata = column[_METADATA]
                least_or_most = _LEAST_AND_MOST & set(metadata.get(_STATISTICS) or {})
                if least_or_most or _COLUMN_INDEX in column or _BLOOM in metadata:
                    found.add(place)
    return sorted(found)


@contextlib.contextmanager
def _undamaged(path: Path, reason: str, *, of: str = "") -> Iterator[BinaryIO]:
    """The open file; what goes wrong in reading it becomes `FileFormatError`, unless it says of the machine."""
    try:
        with path.open("rb") as handle:
            yield handle
    except _DAMAGED as error:
        if says_of_the_machine(error):
            raise
        raise FileFormatError(
            f"{path}: not a Parquet file{of}, or one that was cut or damaged", path=str(path), reason=reason
        ) from None


def _chunks(handle: BinaryIO) -> Iterator[tuple[int, int]]:
    """Start and length of each column of each row group."""
    for group in _footer(handle)[_ROW_GROUPS]:
        for column in group[_COLUMNS]:
            metadata = column[_METADATA]
            if _DICTIONARY in metadata:
                raise ValueError
            yield metadata[_FIRST_PAGE], metadata[_COMPRESSED]


def _footer(handle: BinaryIO) -> dict[int, Any]:
    """The file's metadata, by the numbers of its fields."""
    handle.seek(-8, os.SEEK_END)
    tail = handle.read(8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or length > handle.tell() - 12:
        raise ValueError
    handle.seek(-8 - length, os.SEEK_END)
    footer, _ = _struct(handle.read(length), 0)
    return footer


def _unpacked(handle: BinaryIO, start: int, length: int) -> int:
    if length and start < len(_MAGIC):  # a column without values has no place
        raise ValueError
    total, end = 0, start + length
    while start < end:
        handle.seek(start)
        page, header = _struct(handle.read(_MAX_HEADER), 0)
        data, packed, unpacked = page[_DATA_PAGE], page[_PAGE_PACKED], page[_PAGE_UNPACKED]
        kinds = (page[_PAGE_KIND], data[_VALUES_AS], data[_DEFINITIONS_AS], data[_REPETITIONS_AS])
        if kinds != (0, _PLAIN, _RLE, _RLE) or not (0 <= packed < _MAX_INT and 0 <= unpacked < _MAX_INT):
            raise ValueError
        total += unpacked
        start += header + packed
    return total


def _unpacked_by_any(handle: BinaryIO, chunk: dict[int, Any]) -> int:
    # Arrow looks for a dictionary where the chunk begins, and some writers do not say that there is one
    start = min(chunk[_FIRST_PAGE], chunk.get(_DICTIONARY) or chunk[_FIRST_PAGE])
    total, end, first, of_dictionary = 0, start + chunk[_COMPRESSED], True, False
    while start < end:
        handle.seek(start)
        page, header = _struct(handle.read(_MAX_FOREIGN_HEADER), 0)
        kind, packed, unpacked = page[_PAGE_KIND], page[_PAGE_PACKED], page[_PAGE_UNPACKED]
        if not (0 <= packed < _MAX_INT and 0 <= unpacked < _MAX_INT):
            raise ValueError
        if kind == _OF_DICTIONARY:
            of_dictionary, chunk[_DICTIONARY] = True, start
        else:
            written = page[_DATA_PAGE][_VALUES_AS] if kind == _DATA else page[_DATA_PAGE_2][_VALUES_AS_2]
            if kind not in (_DATA, _DATA_2) or written == _PREFIXES:
                raise ValueError
            if first and of_dictionary and written not in (_DICTIONARY_2, _DICTIONARY_8):
                raise ValueError
            first = False
        total += unpacked
        start += header + packed
    return total


def _struct(data: bytes, at: int) -> tuple[dict[int, Any], int]:
    """Field number -> value, and where it ends."""
    fields: dict[int, Any] = {}
    number = 0
    while head := data[at]:
        step, kind, at = head >> 4, head & 15, at + 1
        if step:
            number += step
        else:
            number, at = _number(data, at)
        if not 0 < number < 2**15:  # Arrow's number would wrap round
            raise ValueError
        if kind in (1, 2):  # the kind is the truth value
            fields[number] = kind == 1
        else:
            fields[number], at = _value(data, at, kind)
    return fields, at + 1


def _value(data: bytes, at: int, kind: int) -> tuple[Any, int]:
    """A value, and where it ends; texts and decimal numbers, which nobody asks for, as None."""
    match kind:
        case 1 | 2 | 3:  # in a list a truth value is a byte
            return data[at], at + 1
        case 4 | 5 | 6:
            return _number(data, at)
        case 7:
            _ = data[at + 7]  # must be there: a list of 2**60 of nothing would keep us for ever
            return None, at + 8
        case 8:
            length, at = _varint(data, at)
            return None, at + length
        case 9 | 10:
            return _list(data, at)
        case 11:
            return _map(data, at)
        case 12:
            return _struct(data, at)
    raise ValueError


def _list(data: bytes, at: int) -> tuple[list[Any], int]:
    head, at = data[at], at + 1
    count = head >> 4
    if count == 15:
        count, at = _varint(data, at)
    items = []
    for _ in range(count):
        item, at = _value(data, at, head & 15)
        items.append(item)
    return items, at


def _map(data: bytes, at: int) -> tuple[None, int]:
    count, at = _varint(data, at)
    if count:
        kinds, at = data[at], at + 1
        for _ in range(count):
            for kind in (kinds >> 4, kinds & 15):
                _, at = _value(data, at, kind)
    return None, at


def _number(data: bytes, at: int) -> tuple[int, int]:
    raw, at = _varint(data, at)
    return (raw >> 1) ^ -(raw & 1), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte, at = data[at], at + 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError
