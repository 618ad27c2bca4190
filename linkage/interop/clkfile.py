"""Files of CLKs: ``{"clks": [base64, ...]}`` and ``{"clknblocks": [[base64, block, ...], ...]}``.

Base64 is standard and padded; bit 0 is the top bit of byte 0; the order of the rows is the only record id.

An encoded set has no place for blocks. Those that are to come back stay in a file beside it, of ours:
``{"blocks": [[block, ...], ...], "of": the set's digest}``.
"""

from __future__ import annotations

import base64
import binascii
import json
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from linkage.encoded import EncodedSet
from linkage.errors import FileFormatError, LinkageWarning, SchemaError
from linkage.files import PathLike, written_beside
from linkage.interop.filters import packed
from linkage.interop.numbered import clk_octets, numbered_set, require_clkhash, require_source, width_only
from linkage.jsonfile import read_json
from linkage.schema import Schema

_MAX_BYTES = 8 << 30
_PLAIN, _BLOCKED = "clks", "clknblocks"


def read_clks(
    path: PathLike, *, schema: Schema | None = None, source: str | None = None, max_bytes: int = _MAX_BYTES
) -> EncodedSet:
    """The CLKs in a file of clkhash's, as an `EncodedSet` like any other.

    Parameters
    ----------
    schema
        clkhash's (`Schema.from_clkhash`), if it is known. The file does not say with which schema or secret it was
        made: with it, sets of another schema are told apart; without it, only those of another width.
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
    encoded, blocks = _read(path, schema, source, max_bytes)
    if blocks is not None:
        warnings.warn(
            f"{path}: its blocks are left out; read_clknblocks and `linkage convert --blocks` keep them",
            LinkageWarning,
            stacklevel=2,
        )
    return encoded


def read_clknblocks(
    path: PathLike, *, schema: Schema | None = None, source: str | None = None, max_bytes: int = _MAX_BYTES
) -> tuple[EncodedSet, list[tuple[str, ...]]]:
    """The CLKs in a file with blocks, and the block ids of each record. Otherwise as `read_clks`."""
    encoded, blocks = _read(path, schema, source, max_bytes)
    if blocks is None:
        raise FileFormatError(
            f"{path}: holds CLKs without blocks; read it with read_clks", path=str(path), reason="clks"
        )
    return encoded, blocks


def write_clks(encoded: EncodedSet, path: PathLike) -> None:
    """Write a set of the record layout as ``{"clks": [...]}``, in its order; ids and sources are not in such a file.

    The file is its owner's only, and appears whole or not at all.
    """
    texts = _texts(encoded)
    _write(path, _PLAIN, (json.dumps(text) for text in texts))


def write_clknblocks(encoded: EncodedSet, blocks: Sequence[Sequence[str]], path: PathLike) -> None:
    """Write a set of the record layout with the block ids of each record as ``{"clknblocks": [...]}``."""
    _require_blocks(encoded, blocks)
    rows = ([text, *row] for text, row in zip(_texts(encoded), blocks, strict=True))
    _write(path, _BLOCKED, map(json.dumps, rows))


def write_blocks(encoded: EncodedSet, blocks: Sequence[Sequence[str]], path: PathLike) -> None:
    """Write the block ids of each record to a file of their own, for `read_blocks` of the same set."""
    _require_blocks(encoded, blocks)
    with written_beside(path) as part:
        content = {"blocks": [list(row) for row in blocks], "of": encoded.digest()}
        part.write_text(json.dumps(content) + "\n", encoding="ascii", newline="\n")


def read_blocks(path: PathLike, encoded: EncodedSet, *, max_bytes: int = _MAX_BYTES) -> list[tuple[str, ...]]:
    """The block ids of each record of the set. Raises `FileFormatError` for those of another set, or another file."""
    place = Path(path)
    content = read_json(place, max_bytes=max_bytes)
    if not isinstance(content, dict) or content.keys() != {"blocks", "of"} or not isinstance(content["blocks"], list):
        raise _not(place, 'not {"blocks": [...], "of": ...}, as `linkage convert --blocks` writes it', "shape")
    if content["of"] != encoded.digest() or len(content["blocks"]) != len(encoded):
        raise _not(place, "holds the blocks of another set", "content")
    for number, row in enumerate(content["blocks"]):
        if not isinstance(row, list) or not all(isinstance(block, str) for block in row):
            raise _not(place, f"row {number:,}: not a list of block ids", "shape")
    return [tuple(row) for row in content["blocks"]]


def clk_facts(path: PathLike, *, max_bytes: int = _MAX_BYTES) -> dict[str, str | int] | None:
    """What a file of CLKs says of itself: rows, bits, whether it has blocks; None for JSON of another kind.

    Raises `FileFormatError` for a file of CLKs that is damaged, as `read_clks` does.
    """
    place = Path(path)
    kind, rows = _kind_and_rows(read_json(place, max_bytes=max_bytes))
    if kind is None:
        return None
    facts: dict[str, str | int] = {"kind": "clkhash's CLKs" + (" with blocks" if kind == _BLOCKED else "")}
    texts, blocks = _parted(place, rows) if kind == _BLOCKED else (rows, None)
    facts["records"] = len(texts)
    if texts:
        facts["bits"] = _decoded(place, texts, None)[1]
    if blocks is not None:
        facts["blocks"] = len({block for row in blocks for block in row})
    return facts


def _read(
    path: PathLike, schema: Schema | None, source: str | None, max_bytes: int
) -> tuple[EncodedSet, list[tuple[str, ...]] | None]:
    place = Path(path)
    name = place.stem if source is None else source
    require_source(name)
    require_clkhash(schema)
    kind, texts = _kind_and_rows(read_json(place, max_bytes=max_bytes))
    if kind is None:
        raise _not(place, 'not {"clks": [...]} or {"clknblocks": [...]}', "shape")
    blocks = None
    if kind == _BLOCKED:
        texts, blocks = _parted(place, texts)
    rows, n_bits = _decoded(place, texts, schema)
    try:
        return numbered_set(rows, schema or width_only(n_bits), name), blocks
    except SchemaError as error:
        raise _not(place, f"CLKs of {n_bits:,} bits: {error}", "width") from None
    except ValueError as error:
        raise _not(place, str(error), "width") from None


def _kind_and_rows(content: Any) -> tuple[str | None, list[Any]]:
    """Which of the two kinds of file this is, or None, and its rows."""
    kinds = [kind for kind in (_PLAIN, _BLOCKED) if isinstance(content, dict) and kind in content]
    if len(kinds) != 1 or not isinstance(content[kinds[0]], list):
        return None, []
    return kinds[0], content[kinds[0]]


def _require_blocks(encoded: EncodedSet, blocks: Sequence[Sequence[str]]) -> None:
    if len(blocks) != len(encoded):
        raise ValueError(f"blocks: one list of ids for each of {len(encoded):,} records, not {len(blocks):,}")
    if any(isinstance(row, str) or not all(isinstance(block, str) for block in row) for row in blocks):
        raise TypeError("blocks: lists of texts")


def _parted(path: Path, rows: list[Any]) -> tuple[list[Any], list[tuple[str, ...]]]:
    for number, row in enumerate(rows):
        if not isinstance(row, list) or not row or not all(isinstance(block, str) for block in row[1:]):
            raise _not(path, f"row {number:,}: not a list of a CLK and block ids", "shape")
    return [row[0] for row in rows], [tuple(row[1:]) for row in rows]


def _decoded(path: Path, texts: list[Any], schema: Schema | None) -> tuple[Any, int]:
    """(n, words) rows and their width in bits."""
    if not texts and schema is None:
        raise _not(path, "no CLKs, so their width is not known; give schema=", "empty")
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
    n_bytes = len(octets[0]) if octets else 0
    n_bits = 8 * n_bytes if schema is None else schema.bits
    if octets and n_bytes != -(-n_bits // 8):
        raise _not(path, f"CLKs of {n_bytes:,} bytes, and the schema has {n_bits:,} bits", "width")
    whole = np.frombuffer(b"".join(octets), dtype=np.uint8).reshape(len(octets), -(-n_bits // 8))
    return packed(whole), n_bits


def _texts(encoded: EncodedSet) -> Iterator[str]:
    for octets in clk_octets(encoded):
        yield base64.b64encode(octets.tobytes()).decode()


def _write(path: PathLike, kind: str, items: Iterator[str]) -> None:
    with written_beside(path) as part, part.open("w", encoding="ascii", newline="\n") as handle:
        handle.write(f'{{"{kind}": [')
        for number, item in enumerate(items):
            handle.write(f", {item}" if number else item)
        handle.write("]}\n")


def _not(path: Path, message: str, reason: str) -> FileFormatError:
    return FileFormatError(f"{path}: {message}", path=str(path), reason=reason)
