"""What a file that clkhash, anonlink or `linkage convert` wrote says of itself, for `linkage info`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from linkage.errors import FileFormatError
from linkage.interop.blocks import are_blocks
from linkage.interop.clkfile import facts_of
from linkage.interop.clkschema import load
from linkage.interop.results import candidate_facts, groups_of
from linkage.jsonfile import read_json

Facts = dict[str, str | int]

_MAX_BYTES = 8 << 30
_KNOWN = "CLKs or a linkage schema of clkhash, groups of anonlink, blocks that `linkage convert` keeps"


def facts(path: Path, *, max_bytes: int = _MAX_BYTES) -> Facts | None:
    """Kind and content of such a file, whatever its name; None for one that is no JSON and no candidate pairs.

    Nothing of a record is shown. None, too, for a model, which tells of itself. Raises `FileFormatError` for a damaged
    one, and for JSON that is none of them.
    """
    if not path.is_file():
        return None
    found: Facts | None = candidate_facts(path, max_bytes=max_bytes)
    if found is not None or not _is_json(path):
        return found
    content = read_json(path, max_bytes=max_bytes)
    if isinstance(content, list):
        return _groups(path, content)
    if are_blocks(content):
        return _blocks(content)
    if isinstance(content, dict) and "clkConfig" in content:
        return _schema(content)
    if isinstance(content, dict) and isinstance(content.get("format"), str):
        return None
    found = facts_of(path, content)
    if found is None:
        raise FileFormatError(
            f"{path}: JSON, but not a model of `linkage fit`, nor {_KNOWN}", path=str(path), reason="shape"
        )
    return found


def _is_json(path: Path) -> bool:
    with path.open("rb") as handle:
        start = handle.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    return path.suffix.lower() == ".json" or start[:1] == b"{" or start[:2] in (b"[[", b"[]")


def _groups(path: Path, content: list[Any]) -> Facts:
    groups = groups_of(path, content)
    members = [member for group in groups for member in group]
    return {
        "kind": "anonlink's groups",
        "groups": len(groups),
        "records": len(members),
        "datasets": len({dataset for dataset, _ in members}),
        "largest group": max(map(len, groups), default=0),
    }


def _blocks(content: dict[str, Any]) -> Facts:
    return {
        "kind": "blocks of a set, kept by `linkage convert --blocks`",
        "records": len(content["blocks"]),
        "of the set with content": str(content["of"])[:64] if str(content["of"]).isalnum() else "?",
    }


def _schema(content: dict[str, Any]) -> Facts:
    schema = load(content)
    return {
        "kind": "clkhash's linkage schema",
        "version": int(content["version"]),
        "bits": schema.bits,
        "features": len(content["features"]),
        "fingerprint": schema.fingerprint(),
    }
