"""What two schemas disagree on, said so that the people on either side can find it in their own."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from linkage.field import Field
from linkage.schema import Schema


def differences(left: Schema, right: Schema) -> list[str]:
    """What two schemas disagree on, one short sentence each; empty if they are equal.

    >>> a = Schema(project="p", fields=(Field(name="dob", type="date"),))
    >>> differences(a, dataclasses.replace(a, project="q"))
    ["project: 'p' and 'q'"]
    """
    found = [
        f"{setting}: {getattr(left, setting)!r} and {getattr(right, setting)!r}"
        for setting in ("project", "layout", "encoder")
        if getattr(left, setting) != getattr(right, setting)
    ]
    found += _harden_differences(left, right)
    if "linkage" not in (left.encoder, right.encoder):
        return found + _clkhash_differences(left, right)
    lefts = {field.name: field for field in left.fields}
    rights = {field.name: field for field in right.fields}
    found += [f"field '{name}': only on the left" for name in lefts if name not in rights]
    found += [f"field '{name}': only on the right" for name in rights if name not in lefts]
    found += _field_differences(lefts, rights)
    if left.layout == right.layout == "record" and left.bits != right.bits:
        found.append(f"bits: {left.bits} and {right.bits}")
    if left.filters != right.filters and not found:
        found.append("order of the fields")
    if left.groups != right.groups:
        found.append("groups")
    return found + _block_differences(left, right)


def shared_differences(left: Schema, right: Schema) -> list[str]:
    """The same, but for fields that only one has, and for their order; of hardened ones all of it.

    >>> a = Schema(project="p", fields=(Field(name="dob", type="date"),))
    >>> shared_differences(a, dataclasses.replace(a, fields=(*a.fields, Field(name="sex", type="category"))))
    []
    """
    ours = "linkage" in (left.encoder, right.encoder)
    rights = {field.name: field for field in right.fields}
    names = {field.name for field in left.fields} & set(rights)
    if not ours or not names or left.harden or right.harden:  # what hardening does to a field may rest on another
        return differences(left, right)
    kept = tuple(field for field in left.fields if field.name in names)
    blocks = {block.name for block in left.blocks} & {block.name for block in right.blocks}
    return differences(_with(left, kept, blocks), _with(right, tuple(rights[field.name] for field in kept), blocks))


def _with(schema: Schema, fields: tuple[Field, ...], blocks: set[str]) -> Schema:
    """Of these fields, and of these blocks those that are made of them."""
    names = {field.name for field in fields}
    own = (block for block in schema.blocks if block.name in blocks and {name for name, _ in block.parts} <= names)
    return dataclasses.replace(schema, fields=fields, blocks=tuple(own))


def _field_differences(lefts: dict[str, Field], rights: dict[str, Field]) -> list[str]:
    return [
        f"field '{name}', {setting.name}: {getattr(lefts[name], setting.name)!r} and "
        f"{getattr(rights[name], setting.name)!r}"
        for name in lefts
        if name in rights
        for setting in dataclasses.fields(Field)
        if setting.compare and getattr(lefts[name], setting.name) != getattr(rights[name], setting.name)
    ]


def _block_differences(left: Schema, right: Schema) -> list[str]:
    lefts, rights = ({block.name: block.keys for block in schema.blocks} for schema in (left, right))
    found = [f"block '{name}': only on the left" for name in lefts if name not in rights]
    found += [f"block '{name}': only on the right" for name in rights if name not in lefts]
    found += [
        f"block '{name}': of {', '.join(lefts[name])} and {', '.join(rights[name])}"
        for name in lefts
        if name in rights and lefts[name] != rights[name]
    ]
    if not found and left.blocks != right.blocks:
        found.append("order of the blocks")
    return found


def _harden_differences(left: Schema, right: Schema) -> list[str]:
    lefts, rights = left.harden.settings(), right.harden.settings()
    return [
        f"harden, {step}: {lefts.get(step, 'not there')} and {rights.get(step, 'not there')}"
        for step in {**lefts, **rights}
        if lefts.get(step) != rights.get(step)
    ]


def _clkhash_differences(left: Schema, right: Schema) -> list[str]:
    if left.bits != right.bits:
        return [f"bits: {left.bits} and {right.bits}"]
    if bool(left.settings) != bool(right.settings):
        side = "right" if left.settings else "left"
        return [f"clkhash schema: not known on the {side}; give it as schema= where that set is read"]
    return list(_leaves_that_differ(json.loads(left.settings or "{}"), json.loads(right.settings or "{}"), "clkhash"))


def _leaves_that_differ(left: Any, right: Any, where: str, levels: int = 8) -> Iterator[str]:
    if isinstance(left, dict) and isinstance(right, dict) and levels:
        for name in sorted({*left, *right}):
            yield from _leaves_that_differ(left.get(name), right.get(name), f"{where}.{name}", levels - 1)
    elif isinstance(left, list) and isinstance(right, list) and levels:
        if len(left) != len(right):
            yield f"{where}: {len(left)} and {len(right)} of them"
        for place, (one, other) in enumerate(zip(left, right, strict=False)):
            yield from _leaves_that_differ(one, other, f"{where}[{place}]", levels - 1)
    elif left != right:
        yield f"{where}: {left!r:.60} and {right!r:.60}"
