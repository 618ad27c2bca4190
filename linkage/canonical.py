"""The canonical form of a schema: one line of JSON, the same for equal schemas, which travels in every file."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from linkage.block import Block
from linkage.errors import SchemaError
from linkage.field import Field
from linkage.hardening import Hardening
from linkage.schema import ENCODING_VERSION, Filter, Group, Schema


def content_of(schema: Schema) -> dict[str, Any]:
    """What the line says: settings that a schema does not use are left out, so that older forms stay what they were."""
    content: dict[str, Any] = {
        "schema": 1,
        "encoding_version": ENCODING_VERSION,
        "project": schema.project,
        "layout": schema.layout,
        "fields": [_canonical_field(field) for field in schema.fields],
        "filters": [_canonical_filter(filter) for filter in schema.filters],
        "groups": [dataclasses.asdict(group) for group in schema.groups],
    }
    if schema.blocks:
        content["blocks"] = [dataclasses.asdict(block) for block in schema.blocks]
    if schema.harden:
        content |= {"bits": schema.bits, "harden": schema.harden.settings()}
    if schema.encoder != "linkage":
        content |= {"encoder": schema.encoder, "settings": schema.settings}
    return content


def from_canonical(text: str) -> Schema:
    """The schema of a canonical form. Raises `SchemaError` if it isn't exactly one that this version writes."""
    try:
        content = json.loads(text)
        fields = tuple(_field_from(item) for item in content["fields"])
        bits = content["filters"][0]["bits"] if content["layout"] == "record" else 1024
        if "harden" in content:
            bits = content["bits"]
        harden = Hardening(**content.get("harden", {}))
        groups = tuple(Group(**item) for item in content["groups"])
        blocks = tuple(Block(**item) for item in content.get("blocks", []))
        foreign = {name: content[name] for name in ("encoder", "settings") if name in content}
        schema = Schema(
            project=content["project"],
            layout=content["layout"],
            fields=fields,
            bits=bits,
            groups=groups,
            blocks=blocks,
            harden=harden,
            **foreign,
        )
    except SchemaError:
        raise
    except (KeyError, TypeError, IndexError, AttributeError, RecursionError, ValueError):
        raise SchemaError("not a canonical schema of this version", rule="canonical") from None
    if schema.canonical() != text:
        raise SchemaError("not a canonical schema of this version", rule="canonical")
    return schema


def _canonical_field(field: Field) -> dict[str, Any]:
    content = dataclasses.asdict(field)
    del content["by_layout"]
    if not field.positions:  # as fields were before there were any
        del content["positions"]
    return content


def _canonical_filter(filter: Filter) -> dict[str, Any]:
    content = dataclasses.asdict(filter)
    if filter.similarity == "dice":  # as plain filters were before there were others
        del content["similarity"]
    return content


def as_json(content: object) -> str:
    """On one line, keys sorted: the same text for equal contents."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _field_from(item: dict[str, Any]) -> Field:
    settings = dict(item)
    settings["clean"] = tuple(settings["clean"])
    settings["placeholders"] = tuple(settings["placeholders"])
    if not isinstance(settings["codes"], str):
        settings["codes"] = tuple((code, tuple(spellings)) for code, spellings in settings["codes"])
    return Field(**settings)
