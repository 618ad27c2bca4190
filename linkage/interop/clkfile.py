"""Files of CLKs: ``{"clks": [base64, ...]}`` and ``{"clknblocks": [[base64, block, ...], ...]}``.

Base64 is standard and padded; bit 0 is the top bit of byte 0; the order of the rows is the only record id.
A CLK is whole bytes there: the file does not say how many bits of the last one are padding.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from linkage.arguments import checked
from linkage.encoded import EncodedSet
from linkage.errors import FileFormatError, SchemaError, warn
from linkage.files import PathLike, written_beside
from linkage.interop.blocks import require_blocks
from linkage.interop.filters import packed
from linkage.interop.numbered import clk_octets, numbered_set, require_clkhash, require_source, width_only
from linkage.jsonfile import read_json
from linkage.schema import Schema

_MAX_BYTES = 8 << 30
_PLAIN, _BLOCKED = "clks", "clknblocks"


@checked
def read_clks(
    path: PathLike,
    *,
    schema: Schema | None = None,
    bits: int | None = None,
    source: str | None = None,
    max_bytes: int = _MAX_BYTES,
) -> EncodedSet:
    """The CLKs in a file of clkhash's, as an `EncodedSet` like any other.

    Parameters
    ----------
    schema
        clkhash's (`Schema.from_clkhash`), if it is known. The file does not say with which schema or secret it was
        made: with it, sets of another schema are told apart; without it, only those of another width.
    bits
        The width, if it is not a multiple of 8 and no schema says it; default all bits of the file's bytes.
    source
        The agency's name; default the file's, without its ending.
    max_bytes
        What reading may take in memory, about 800 bytes a CLK of 1,024 bits.

    Returns
    -------
    In the order of the file; the id of a record is its row number, from 0. Blocks are left out, with a warning:
    `read_clknblocks` gives them too.

    Raises
    ------
    FileFormatError
        Not such a file, or damaged: other JSON, something that is not base64, CLKs of unlike length. Names the row.
    LimitError
        It could take more than ``max_bytes``.
    """
    encoded, blocks = _read(path, schema, bits, source, max_bytes)
    if blocks is not None:
        warn(f"{path}: its blocks are left out; read_clknblocks and `linkage convert --blocks` keep them")
    return encoded


@checked
def read_clknblocks(
    path: PathLike,
    *,
    schema: Schema | None = None,
    bits: int | None = None,
    source: str | None = None,
    max_bytes: int = _MAX_BYTES,
) -> tuple[EncodedSet, list[tuple[str, ...]]]:
    """The CLKs in a file with blocks, and the block ids of each record. Otherwise as `read_clks`."""
    encoded, blocks = _read(path, schema, bits, source, max_bytes)
    if blocks is None:
        raise FileFormatError(
            f"{path}: holds CLKs without blocks; read it with read_clks", path=str(path), reason="clks"
        )
    return encoded, blocks


@checked
def write_clks(encoded: EncodedSet, path: PathLike) -> None:
    """Write a set of the record layout as ``{"clks": [...]}``, in its order; ids and sources are not in such a file.

    The file is its owner's only, and appears whole or not at all. Warns if the bits do not fill whole bytes: such a
    file is clkhash's own, but is read back as it was only with ``schema=`` or ``bits=``.
    """
    texts = _texts(encoded)
    _warn_of_padding(encoded.schema.bits, path)
    _write(path, _PLAIN, (json.dumps(text) for text in texts))


@checked
def write_clknblocks(encoded: EncodedSet, blocks: Sequence[Sequence[str]], path: PathLike) -> None:
    """Write a set of the record layout with the block ids of each record as ``{"clknblocks": [...]}``."""
    require_blocks(encoded, blocks)
    rows = ([text, *row] for text, row in zip(_texts(encoded), blocks, strict=True))
    _warn_of_padding(encoded.schema.bits, path)
    _write(path, _BLOCKED, map(json.dumps, rows))


def clk_facts(path: PathLike, *, max_bytes: int = _MAX_BYTES) -> dict[str, str | int] | None:
    """What a file of CLKs says of itself: rows, bits, whether it has blocks; None for JSON of another kind.

    Raises `FileFormatError` for a file of CLKs that is damaged, as `read_clks` does.
    """
    place = Path(path)
    return facts_of(place, read_json(place, max_bytes=max_bytes))


def facts_of(place: Path, content: Any) -> dict[str, str | int] | None:
    """`clk_facts` of what was read from the file."""
    kind, rows = _kind_and_rows(content)
    if kind is None:
        return None
    facts: dict[str, str | int] = {"kind": "clkhash's CLKs" + (" with blocks" if kind == _BLOCKED else "")}
    texts, blocks = _parted(place, rows) if kind == _BLOCKED else (rows, None)
    facts["records"] = len(texts)
    if texts:
        facts["bits"] = _decoded(place, texts, None)[1]  # with what padding there is
    if blocks is not None:
        facts["blocks"] = len({block for row in blocks for block in row})
    return facts


def _read(
    path: PathLike, schema: Schema | None, bits: int | None, source: str | None, max_bytes: int
) -> tuple[EncodedSet, list[tuple[str, ...]] | None]:
    place = Path(path)
    name = place.stem if source is None else source
    require_source(name)
    width = _width(schema, bits)
    kind, texts = _kind_and_rows(read_json(place, max_bytes=max_bytes))
    if kind is None:
        raise _not(place, 'not {"clks": [...]} or {"clknblocks": [...]}', "shape")
    blocks = None
    if kind == _BLOCKED:
        texts, blocks = _parted(place, texts)
    rows, n_bits = _decoded(place, texts, width)
    try:
        return numbered_set(rows, schema or width_only(n_bits), name), blocks
    except SchemaError as error:
        raise _not(place, f"CLKs of {n_bits:,} bits: {error}", "width") from None
    except ValueError as error:
        raise _not(place, str(error), "width") from None


def _width(schema: Schema | None, bits: int | None) -> int | None:
    """The width that somebody has said."""
    require_clkhash(schema)
    if schema is None:
        return None if bits is None else width_only(bits).bits
    if bits not in (None, schema.bits):
        raise ValueError(f"bits: the schema has {schema.bits:,}; leave it out")
    return schema.bits


def _kind_and_rows(content: Any) -> tuple[str | None, list[Any]]:
    """Which of the two kinds of file this is, or None, and its rows."""
    kinds = [kind for kind in (_PLAIN, _BLOCKED) if isinstance(content, dict) and kind in content]
    if len(kinds) != 1 or not isinstance(content[kinds[0]], list):
        return None, []
    return kinds[0], content[kinds[0]]


def _parted(path: Path, rows: list[Any]) -> tuple[list[Any], list[tuple[str, ...]]]:
    for number, row in enumerate(rows):
        if not isinstance(row, list) or not row or not all(isinstance(block, str) for block in row[1:]):
            raise _not(path, f"row {number:,}: not a list of a CLK and block ids", "shape")
    return [row[0] for row in rows], [tuple(row[1:]) for row in rows]


def _decoded(path: Path, texts: list[Any], width: int | None) -> tuple[Any, int]:
    """(n, words) rows and their width in bits."""
    if not texts and width is None:
        raise _not(path, "no CLKs, so their width is not known; give schema= or bits=", "empty")
    octets = []
    for number, text in enumerate(texts):
        try:
            octets.append(binascii.a2b_base64(text, strict_mode=True))
        except (binascii.Error, ValueError, TypeError):
            raise _not(path, f"row {number:,}: not base64", "base64") from None
        if len(octets[number]) != len(octets[0]):
            raise _not(
                path,
                f"row {number:,}: {len(octets[number]):,} bytes, and those before have {len(octets[0]):,}",
                "width",
            )
    n_bits = 8 * len(octets[0]) if width is None else width
    n_bytes = -(-n_bits // 8)
    if octets and len(octets[0]) != n_bytes:
        raise _not(path, f"CLKs of {len(octets[0]):,} bytes; the schema, or bits=, has {n_bits:,} bits", "width")
    return packed(np.frombuffer(b"".join(octets), dtype=np.uint8).reshape(len(octets), n_bytes)), n_bits


def _texts(encoded: EncodedSet) -> Iterator[str]:
    rows = clk_octets(encoded)  # at once, so that what is no such set is refused before a file is begun
    return (base64.b64encode(octets.tobytes()).decode() for octets in rows)


def _warn_of_padding(bits: int, path: PathLike) -> None:
    if bits % 8:
        warn(
            f"{path}: {bits:,} bits end within a byte, and such a file does not say how much of its last byte is "
            f"padding. Read it with schema= or bits={bits} (`linkage convert` --schema or --bits); else it becomes "
            f"a set of {-(-bits // 8) * 8:,} bits, which is compared with its like only"
        )


def _write(path: PathLike, kind: str, items: Iterator[str]) -> None:
    with written_beside(path) as part, part.open("w", encoding="ascii", newline="\n") as handle:
        handle.write(f'{{"{kind}": [')
        for number, item in enumerate(items):
            handle.write(f", {item}" if number else item)
        handle.write("]}\n")


def _not(path: Path, message: str, reason: str) -> FileFormatError:
    return FileFormatError(f"{path}: {message}", path=str(path), reason=reason)
