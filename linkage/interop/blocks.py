"""The blocks of CLKs in a file of their own, of ours: ``{"blocks": [[block, ...], ...], "of": the set's digest}``.

An encoded set has no place for blocks. Those that are to come back stay in such a file beside it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from linkage.encoded import EncodedSet
from linkage.errors import FileFormatError
from linkage.files import PathLike, written_beside
from linkage.jsonfile import read_json

_MAX_BYTES = 8 << 30


def write_blocks(encoded: EncodedSet, blocks: Sequence[Sequence[str]], path: PathLike) -> None:
    """Write the block ids of each record to a file of their own, for `read_blocks` of the same set."""
    require_blocks(encoded, blocks)
    with written_beside(path) as part:
        content = {"blocks": [list(row) for row in blocks], "of": encoded.digest()}
        part.write_text(json.dumps(content) + "\n", encoding="ascii", newline="\n")


def read_blocks(path: PathLike, encoded: EncodedSet, *, max_bytes: int = _MAX_BYTES) -> list[tuple[str, ...]]:
    """The block ids of each record of the set. Raises `FileFormatError` for those of another set, or another file."""
    place = Path(path)
    content = read_json(place, max_bytes=max_bytes)
    if not are_blocks(content):
        raise _not(place, 'not {"blocks": [...], "of": ...}, as `linkage convert --blocks` writes it', "shape")
    if content["of"] != encoded.digest() or len(content["blocks"]) != len(encoded):
        raise _not(place, "holds the blocks of another set", "content")
    for number, row in enumerate(content["blocks"]):
        if not isinstance(row, list) or not all(isinstance(block, str) for block in row):
            raise _not(place, f"row {number:,}: not a list of block ids", "shape")
    return [tuple(row) for row in content["blocks"]]


def are_blocks(content: Any) -> bool:
    """Whether JSON is such a file, its rows not looked at."""
    return isinstance(content, dict) and content.keys() == {"blocks", "of"} and isinstance(content["blocks"], list)


def require_blocks(encoded: EncodedSet, blocks: Sequence[Sequence[str]]) -> None:
    """Raise unless there is a list of texts for each record."""
    if len(blocks) != len(encoded):
        raise ValueError(f"blocks: one list of ids for each of {len(encoded):,} records, not {len(blocks):,}")
    if any(
        not isinstance(row, Sequence) or isinstance(row, str) or not all(isinstance(block, str) for block in row)
        for row in blocks
    ):
        raise TypeError("blocks: lists of texts")


def _not(path: Path, message: str, reason: str) -> FileFormatError:
    return FileFormatError(f"{path}: {message}", path=str(path), reason=reason)
