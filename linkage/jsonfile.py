"""JSON from strangers: size, nesting and memory are bounded before anything is believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from linkage.errors import FileFormatError, LimitError
from linkage.files import KEY_MARK, require_regular

# what Python makes of JSON, at most: text is held as bytes, as str and in pieces, where one letter beyond ASCII, or an
# escape that stands for one, makes every letter beside it four bytes wide; an element takes its object and its place in
# a list; a member of an object also its name and its place in two tables
_PER_BYTE, _PER_BYTE_WIDE, _PER_ELEMENT, _PER_OBJECT = 3, 14, 256, 768


def read_json(path: Path, *, max_bytes: int) -> Any:
    """What a JSON file holds.

    Raises `FileFormatError` for anything that is not JSON as RFC 8259 has it, for a name used twice in one object, for
    NaN, and for nesting beyond what Python allows; `LimitError`, before anything is built, if it would take more than
    ``max_bytes`` in memory. No message quotes the file.
    """
    require_regular(path)
    _require_room(path, path.stat().st_size * _PER_BYTE, max_bytes)
    data = path.read_bytes()
    if data.startswith(KEY_MARK):
        raise FileFormatError(f"{path}: this is a key file", path=str(path), reason="key")
    elements, objects = data.count(b",") + data.count(b"["), data.count(b"{")
    per_byte = _PER_BYTE if data.isascii() and b"\\" not in data else _PER_BYTE_WIDE
    _require_room(path, len(data) * per_byte + elements * _PER_ELEMENT + objects * _PER_OBJECT, max_bytes)
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path}: not UTF-8 text (byte {error.start:,})", path=str(path), reason="text") from None
    except json.JSONDecodeError as error:
        raise FileFormatError(
            f"{path}: not JSON, or cut short: {error.msg}, line {error.lineno:,} column {error.colno:,}",
            path=str(path),
            reason="JSON",
        ) from None
    except RecursionError:
        raise FileFormatError(f"{path}: nested too deep", path=str(path), reason="nesting") from None
    except (_RefusedError, ValueError) as error:  # ValueError itself: a number of thousands of digits
        what = str(error) if isinstance(error, _RefusedError) else "a number of thousands of digits"
        raise FileFormatError(f"{path}: {what}", path=str(path), reason="JSON") from None


class _RefusedError(Exception):
    """What JSON readers let pass and this one does not."""


def _require_room(path: Path, needed: int, max_bytes: int) -> None:
    if needed > max_bytes:
        raise LimitError(
            f"{path}: may take {needed:,} bytes in memory; allowed are {max_bytes:,}", needed=needed, allowed=max_bytes
        )


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise _RefusedError("a name is used twice in one JSON object, so nobody can say which is meant")
    return content


def _refuse_constant(_: str) -> NoReturn:
    raise _RefusedError("NaN and Infinity are not JSON")
