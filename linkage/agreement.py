"""The agreement as people write it: TOML in, TOML out, and the presets.

The smallest agreement::

    version = 1
    project = "early-help-2026"
    layout  = "fields"

    [[field]]
    name = "given_name"
    type = "name"

Every other setting of a field is described in `linkage.schema.Field`.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

from linkage.block import Block, standard_blocks
from linkage.errors import FileFormatError, SchemaError, nearest
from linkage.field import Field
from linkage.fieldtypes import Layout
from linkage.files import PathLike, require_regular, written_beside
from linkage.hardening import NOT_HARDENED, harden_from
from linkage.profile import profile_settings
from linkage.schema import Group, Schema

_MAX_BYTES = 1 << 20
_MOST_DOTS = 64  # of a line: what tomllib does with a dotted name grows with the square of its parts
_TOP = ("version", "project", "profile", "layout", "bits", "harden", "field", "group", "block")
_FIELD = tuple(setting.name for setting in dataclasses.fields(Field) if setting.compare)
_GROUP, _BLOCK = (tuple(setting.name for setting in dataclasses.fields(kind)) for kind in (Group, Block))

PRESETS: dict[str, tuple[tuple[str, str], ...]] = {
    "uk-person": (
        ("given_name", "name"),
        ("surname", "name"),
        ("dob", "date"),
        ("sex", "category"),
        ("address", "text"),
        ("postcode", "postcode"),
        ("nhs_number", "identifier"),
    ),
}


def load(path: PathLike) -> Schema:
    """The agreement in a TOML file."""
    source = Path(path)
    require_regular(source)
    if source.stat().st_size > _MAX_BYTES:
        raise FileFormatError(f"{source}: larger than an agreement can be ({_MAX_BYTES:,} bytes)", path=str(source))
    data = source.read_bytes()
    if max((line.count(b".") for line in data.splitlines()), default=0) > _MOST_DOTS:
        raise FileFormatError(
            f"{source}: a line with more than {_MOST_DOTS} dots; write a long list on several lines", path=str(source)
        )
    try:
        content = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{source}: not UTF-8 text (byte {error.start})", path=str(source)) from None
    except (ValueError, RecursionError) as error:  # ValueError itself for a number of thousands of digits
        raise FileFormatError(f"{source}: not TOML: {error}", path=str(source)) from None
    return parse(content)


def parse(content: dict[str, Any]) -> Schema:
    """The agreement in a table that TOML gave.

    >>> parse({"version": 1, "project": "p", "field": [{"name": "dob", "type": "dat"}]})
    Traceback (most recent call last):
    ...
    linkage.errors.SchemaError: field 'dob', type: 'dat' is not a field type; did you mean 'date'? The choices are: ...
    """
    _only_known("the agreement", content, _TOP)
    if content.get("version") != 1 or isinstance(content["version"], bool):
        raise SchemaError("version: this library reads agreements with version = 1", rule="version")
    if "project" not in content:
        raise SchemaError(
            'project: missing; give the project a name, such as project = "early-help-2026"', rule="project"
        )
    items = content.get("field", [])
    if not _is_list_of_tables(items) or not items:
        raise SchemaError("field: an agreement needs at least one [[field]] with a name and a type", rule="field")
    groups = content.get("group", [])
    if not _is_list_of_tables(groups):
        raise SchemaError("group: written as [[group]] with a name", rule="group")
    if not _is_list_of_tables(content.get("block", [])):
        raise SchemaError("block: written as [[block]] with a name and keys", rule="block")
    if "profile" in content:
        return _of_profile(content)
    layout = content.get("layout", "fields")
    if "bits" in content and layout != "record":
        raise SchemaError(
            'bits: belongs to layout = "record"; in layout = "fields" each field has its own bits', rule="bits"
        )
    return Schema(
        project=content["project"],
        layout=layout,
        bits=content.get("bits", 1024),
        fields=tuple(_field(item, layout) for item in items),
        groups=tuple(_group(item) for item in groups),
        blocks=tuple(_block(item) for item in content.get("block", [])),
        harden=harden_from(content["harden"]) if "harden" in content else NOT_HARDENED,
    )


def _of_profile(content: dict[str, Any]) -> Schema:
    """An agreement that names a profile in place of what a profile decides."""
    for setting in ("layout", "bits", "harden"):
        if setting in content:
            raise SchemaError(
                f"{setting}: the profile decides it; leave it out, or leave out profile and write all of layout, bits "
                "and [harden]",
                rule=setting,
            )
    settings = profile_settings(content["profile"])
    harden = {"harden": settings["harden"].settings()} if settings["harden"] else {}
    bits = {"bits": settings["bits"]} if settings["layout"] == "record" else {}
    rest = {name: value for name, value in content.items() if name != "profile"}
    return parse(rest | {"layout": settings["layout"]} | bits | harden)


def preset(
    name: str,
    *,
    project: str | None = None,
    layout: Layout | None = None,
    profile: str | None = None,
    blocks: bool = False,
) -> Schema:
    """The preset of that name."""
    if name not in PRESETS:
        raise SchemaError(f"preset '{name}': {nearest(name, PRESETS)}", rule="preset")
    fields = tuple(Field(name=field, type=kind) for field, kind in PRESETS[name])
    rules = standard_blocks(fields) if blocks else ()
    if profile is None:
        return Schema(
            project=project or name, fields=fields, layout="fields" if layout is None else layout, blocks=rules
        )
    settings = profile_settings(profile)
    if layout not in (None, settings["layout"]):
        raise SchemaError(f"layout: profile '{profile}' has layout = \"{settings['layout']}\"", rule="layout")
    return Schema(project=project or name, fields=fields, blocks=rules, **settings)


def save(schema: Schema, path: PathLike) -> None:
    """Write the agreement as TOML."""
    with written_beside(path, mode=0o644) as part:
        part.write_text(to_toml(schema), encoding="utf-8", newline="\n")


def to_toml(schema: Schema) -> str:
    """The agreement as TOML: project, layout, fields, and each setting that isn't its default.

    >>> print(to_toml(Schema(project="p", fields=(Field(name="dob", type="date", day_first=False),))))
    version = 1
    project = "p"
    layout = "fields"
    <BLANKLINE>
    [[field]]
    name = "dob"
    type = "date"
    day_first = false
    <BLANKLINE>
    """
    lines = ["version = 1", f"project = {_text(schema.project)}", f"layout = {_text(schema.layout)}"]
    if schema.layout == "record":
        lines.append(f"bits = {schema.bits}")
    if schema.harden:
        lines += ["", "[harden]", *(f"{step} = {_value(value)}" for step, value in schema.harden.settings().items())]
    for field in schema.fields:
        lines += ["", "[[field]]", *_settings_that_differ(field, schema.layout)]
    for group in schema.groups:
        lines += ["", "[[group]]", f"name = {_text(group.name)}", f"smallest = {group.smallest}"]
    for block in schema.blocks:
        lines += ["", "[[block]]", f"name = {_text(block.name)}", f"keys = {_value(block.keys)}"]
    return "\n".join(lines) + "\n"


def _settings_that_differ(field: Field, layout: Layout) -> list[str]:
    plain = Schema(project="plain", layout=layout, fields=(Field(name=field.name, type=field.type),)).fields[0]
    # how many positions a token sets by default depends on what its tokens are
    same_tokens = Field(name=field.name, type=field.type, tokens=field.tokens)
    by_tokens = Schema(project="plain", layout=layout, fields=(same_tokens,)).fields[0]
    lines = [f"name = {_text(field.name)}", f"type = {_text(field.type)}"]
    for setting in _FIELD[2:]:
        value = getattr(field, setting)
        usual = getattr(by_tokens if setting == "hashes" else plain, setting)
        # positions per token of the record layout depend on all fields: written out always, so that they stay
        computed = layout == "record" and setting in ("hashes", "positions") and value
        decided = layout == "record" and setting in ("bits", "hashes", "positions")
        if computed or (value != usual and not decided):
            lines.append(f"{setting} = {_value(value)}")
    return lines


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return "{ " + ", ".join(f"{_text(code)} = {_value(spellings)}" for code, spellings in value) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return str(value)


def _text(value: str) -> str:
    # JSON's escapes are legal in a TOML basic string, except for DEL, which TOML wants escaped
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _is_list_of_tables(items: object) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def _field(item: dict[str, Any], layout: object) -> Field:
    name = item.get("name", "without a name")
    _only_known(f"field '{name}'", item, _FIELD, field=str(name))
    for setting in ("name", "type"):
        if not isinstance(item.get(setting), str):
            raise SchemaError(f"field '{name}', {setting}: missing, or not text", field=str(name), rule=setting)
    if "bits" in item and layout == "record":
        raise SchemaError(
            f"field '{name}', bits: in layout = \"record\" the width is that of the whole record; "
            "use weight to give a field a larger share",
            field=name,
            rule="bits",
        )
    if "weight" in item and layout != "record":
        raise SchemaError(
            f'field \'{name}\', weight: belongs to layout = "record"; in layout = "fields" the model '
            "estimates what each field is worth",
            field=name,
            rule="weight",
        )
    for setting in ("bits", "hashes", "positions"):  # zero stands for "by type" in a Field
        if setting in item and not item[setting]:
            raise SchemaError(f"field '{name}', {setting}: must be above 0", field=name, rule=setting)
    settings = dict(item)
    for setting in ("clean", "placeholders"):
        if setting in settings:
            settings[setting] = _texts(name, setting, settings[setting])
    for setting in ("tokens", "missing", "key_group", "scheme"):
        if not isinstance(settings.get(setting, ""), str):
            raise SchemaError(f"field '{name}', {setting}: must be text", field=name, rule=setting)
    if "codes" in settings and not settings["codes"]:  # an empty one stands for "by name" in a Field
        raise SchemaError(
            f"field '{name}', codes: must be \"sex\" or a table of code = [spellings]", field=name, rule="codes"
        )
    if isinstance(settings.get("codes", ""), dict):
        settings["codes"] = tuple(
            (code, _texts(name, "codes", spellings)) for code, spellings in settings["codes"].items()
        )
    return Field(**settings)


def _group(item: dict[str, Any]) -> Group:
    _only_known(f"group '{item.get('name', 'without a name')}'", item, _GROUP)
    if "name" not in item:
        raise SchemaError("group, name: missing", rule="name")
    return Group(**item)


def _block(item: dict[str, Any]) -> Block:
    _only_known(f"block '{item.get('name', 'without a name')}'", item, _BLOCK)
    for setting in _BLOCK:
        if setting not in item:
            raise SchemaError(f"block '{item.get('name', 'without a name')}', {setting}: missing", rule="block")
    return Block(**item)


def _texts(field: str, setting: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SchemaError(f"field '{field}', {setting}: must be a list of texts", field=field, rule=setting)
    return tuple(value)


def _only_known(where: str, content: dict[str, Any], known: tuple[str, ...], *, field: str | None = None) -> None:
    for word in content:
        if word not in known:
            raise SchemaError(f"{where}: '{word}' is not a setting; {nearest(word, known)}", field=field, rule=word)
