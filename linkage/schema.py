"""The agreement between the agencies: which fields, how they are cleaned and encoded.

A `Schema` holds no secret. Its canonical form travels inside every encoded file, so the centre
can name a difference between two parties (`linkage.disagreement`), and two schemas that mean the
same have the same fingerprint however they were written down. It is read from TOML by
`linkage.agreement`.

Underneath, a schema is a list of `Filter`, each a Bloom filter over one or more fields.
``layout = "fields"`` is shorthand for one filter a field, ``layout = "record"`` for a single
filter over all of them (a CLK: Schnell, Bachteler and Reiher 2011).

A schema of clkhash (`Schema.from_clkhash`) is one of these too, so that its sets are compared, linked and saved
like our own: one filter, no fields of ours, and clkhash's own settings as they decide bits.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from linkage.argumentkinds import kinds, with_numbers_of_python
from linkage.arguments import checked, require
from linkage.block import MOST_BLOCKS, Block
from linkage.errors import SchemaError, nearest
from linkage.field import Field, check_bits, check_name
from linkage.fieldtypes import Layout, default_hashes, record_positions
from linkage.hardening import NOT_HARDENED, Hardening, Similarity
from linkage.sealed import sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linkage.agency.check import Problems
    from linkage.files import PathLike

ENCODING_VERSION = 1
"""Version 1 is the same bits for ever; version 0, before the first release, promised nothing and is read no more."""

_MAX_FIELD_BITS = 2048  # the model's tables grow with the square of it


@dataclass(frozen=True)
class Filter:
    """One filter of a record: ``bits`` wide as it travels, over the named fields, and how two of them are compared."""

    name: str
    bits: int
    fields: tuple[str, ...]
    similarity: Similarity = "dice"

    @property
    def words(self) -> int:
        """64-bit words that hold the filter."""
        return -(-self.bits // 64)


@dataclass(frozen=True)
class Group:
    """A coarse column (a ward, a year of birth) that travels in clear; classes have ``smallest`` records or more."""

    name: str
    smallest: int = 10

    def __post_init__(self) -> None:
        with_numbers_of_python(self)
        check_name("group", self.name)
        if isinstance(self.smallest, bool) or not isinstance(self.smallest, int) or self.smallest < 1:
            raise SchemaError(
                f"group '{self.name}', smallest: must be a whole number of at least 1", field=self.name, rule="smallest"
            )


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What the agencies agreed on. Equal schemas have equal fingerprints; make one with `load` or `preset`.

    >>> fields = (Field(name="surname", type="name"), Field(name="dob", type="date"))
    >>> schema = Schema(project="early-help", fields=fields)
    >>> [(filter.name, filter.bits) for filter in schema.filters]
    [('surname', 256), ('dob', 512)]
    >>> Schema(project="early-help", layout="record", fields=fields).filters
    (Filter(name='record', bits=1024, fields=('surname', 'dob'), similarity='dice'),)
    """

    project: str
    fields: tuple[Field, ...]
    layout: Layout = "fields"
    bits: int = 1024
    """Of the ``record`` layout: width of what is made of the tokens, before it is folded or balanced."""
    groups: tuple[Group, ...] = ()
    blocks: tuple[Block, ...] = ()
    """Rules by which records meet where there are too many to compare all."""
    harden: Hardening = NOT_HARDENED
    encoder: Literal["linkage", "clkhash"] = "linkage"
    settings: str = ""
    """Of clkhash: its linkage schema as canonical JSON, without secrets; empty if nobody said what it was."""

    def __post_init__(self) -> None:
        with_numbers_of_python(self)
        _check_label("project", self.project)
        for name, kind in (("fields", "Field"), ("groups", "Group"), ("blocks", "Block")):
            require(getattr(self, name), kinds(f"Sequence[{kind}]"), name)
        if self.encoder != "linkage" or self.settings:
            self._check_foreign()
            return
        if self.layout not in ("fields", "record"):
            raise SchemaError(f"layout: {nearest(self.layout, ('fields', 'record'))}", rule="layout")
        check_bits("the record filter", self.bits)
        if not 1 <= len(self.fields) <= 64:
            raise SchemaError(f"field: an agreement has 1 to 64 fields, this one has {len(self.fields)}", rule="field")
        names = [
            *(field.name for field in self.fields),
            *(group.name for group in self.groups),
            *(block.name for block in self.blocks),
        ]
        for name in names:
            if names.count(name) > 1:
                raise SchemaError(f"field '{name}': the name is used twice", field=name, rule="name")
        self._check_blocks()
        if not isinstance(self.harden, Hardening):
            raise SchemaError("harden: a Hardening, such as Hardening(fold=1)", rule="harden")
        self.harden.check(self.bits, self.layout, tuple(field.name for field in self.fields))
        object.__setattr__(self, "fields", self._as_decided())

    def _check_blocks(self) -> None:
        if len(self.blocks) > MOST_BLOCKS:
            raise SchemaError(f"block: an agreement has at most {MOST_BLOCKS}", rule="block")
        fields = {field.name: field for field in self.fields}
        for block in self.blocks:
            block.check(fields)

    def _check_foreign(self) -> None:
        if self.encoder == "linkage":
            raise SchemaError("settings: belong to a schema of clkhash; ours are in its fields", rule="settings")
        if self.encoder != "clkhash":
            raise SchemaError(f"encoder: {nearest(self.encoder, ('linkage', 'clkhash'))}", rule="encoder")
        if self.layout != "record" or self.fields or self.groups or self.blocks or self.harden:
            raise SchemaError(
                "encoder: clkhash has the record layout, and no fields, groups, blocks or hardening of ours",
                rule="encoder",
            )
        check_bits("the record filter", self.bits)
        from linkage.canonical import as_json

        try:
            settings = json.loads(self.settings or "{}")
            if self.settings not in ("", as_json(settings)) or not isinstance(settings, dict):
                raise ValueError
        except (ValueError, TypeError, RecursionError):
            raise SchemaError("settings: not canonical JSON; use Schema.from_clkhash", rule="settings") from None

    def _as_decided(self) -> tuple[Field, ...]:
        """The fields with what the layout decides written out, so that equal meanings have equal fingerprints."""
        fields = [field.decided_anew() for field in self.fields]
        if self.layout == "fields":
            return tuple(self._in_own_filter(field) for field in fields)
        kinds = [(field.type, field.weight) for field in fields]
        counts = record_positions(kinds, self.bits, saul=bool(self.harden.saul))
        return tuple(self._in_one_filter(field, count) for field, count in zip(fields, counts, strict=True))

    def _in_own_filter(self, field: Field) -> Field:
        if field.bits > _MAX_FIELD_BITS:
            _refuse(field, "bits", f"at most {_MAX_FIELD_BITS} in the fields layout")
        if field.positions:
            _refuse(field, "positions", 'belongs to layout = "record"; here hashes says how many each token sets')
        return dataclasses.replace(
            field, weight=1.0, **_decided(field, "hashes", default_hashes(field.type, field.tokens))
        )

    def _in_one_filter(self, field: Field, count: int) -> Field:
        if field.positions and field.hashes:
            _refuse(field, "positions", "of a whole value, and hashes of each of its tokens; give one of them")
        each = "hashes" if field.hashes else "positions"
        made = dataclasses.replace(field, bits=self.bits, **_decided(field, each, count))
        return dataclasses.replace(made, by_layout=(*made.by_layout, "bits"))

    @property
    def profile(self) -> str:
        """The name of the profile that these settings are; empty if they are none's."""
        from linkage.profile import name_of

        return name_of(self)

    @functools.cached_property
    def filters(self) -> tuple[Filter, ...]:
        """The filters of a record, in the order of the file's columns."""
        if self.layout == "record":
            names = tuple(field.name for field in self.fields)
            return (Filter("record", self.harden.width(self.bits), names, self.harden.similarity),)
        return tuple(Filter(field.name, field.bits, (field.name,)) for field in self.fields)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a file beside the record ids: filters, groups, blocks."""
        return (
            *(filter.name for filter in self.filters),
            *(group.name for group in self.groups),
            *(block.name for block in self.blocks),
        )

    @checked
    def field(self, name: str) -> Field:
        """The field of that name; ``KeyError`` if there is none."""
        known = {field.name: field for field in self.fields}
        if name not in known:
            raise KeyError(f"no field '{name}'; {nearest(name, known)}")
        return known[name]

    def canonical(self) -> str:
        """The schema as one line of JSON that is the same for equal schemas; it travels in every file."""
        from linkage.canonical import as_json, content_of

        return as_json(content_of(self))

    def fingerprint(self) -> str:
        """SHA-256 of the canonical form, 64 hex digits: read it to each other over the telephone."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    @classmethod
    @checked
    def load(cls, path: PathLike) -> Schema:
        """The agreement in a TOML file; `SchemaError` names the field, the rule and the nearest spelling."""
        from linkage.agreement import load

        return load(path)

    @classmethod
    @checked
    def preset(
        cls,
        name: str,
        *,
        project: str | None = None,
        layout: Layout | None = None,
        profile: str | None = None,
        blocks: bool = False,
    ) -> Schema:
        """A ready agreement; ``"uk-person"`` has names, date of birth, sex, address, postcode and NHS number.

        Give ``project`` a name of your own: files of two projects can't be compared, even under one key. ``profile`` is
        ``"linkable"``, ``"guarded"`` or ``"hardened"`` (`linkage.profiles`) and decides the layout. With ``blocks`` it
        has rules by which records meet (`linkage.block.standard_blocks`), for sets too large to compare all pairs; they
        show the centre more.
        """
        from linkage.agreement import preset

        return preset(name, project=project, layout=layout, profile=profile, blocks=blocks)

    @classmethod
    @checked
    def from_clkhash(cls, schema: PathLike | Mapping[str, Any]) -> Schema:
        """The linkage schema of clkhash, version 1, 2 or 3: a JSON file, or what was read from one.

        For `linkage.interop`: `encode_clkhash` makes the CLKs that clkhash 0.18.3 makes of it. `SchemaError` names
        the feature and the setting; `FileFormatError` if it is no JSON. Warns with `LinkageWarning` about
        ``xorFolds``, which clkhash documents and ignores.
        """
        from linkage.interop.clkschema import load

        return load(schema)

    @checked
    def save(self, path: PathLike) -> None:
        """Write the agreement as TOML, with every setting that differs from its default."""
        from linkage.agreement import save

        if self.encoder != "linkage":
            raise SchemaError("a clkhash schema stays the JSON file it is; TOML can't hold it", rule="encoder")
        save(self, path)

    @sealed
    @checked
    def check(self, table: object, **options: Any) -> Problems:
        """What in a table breaks the agreement: row, column and rule, never the value.

        Takes the arguments of `linkage.agency.check.check`. Runs at the agency; this is the one place where
        the agreement reaches into a room, so that the people who hold it need only one name.
        """
        from linkage.agency.check import check

        return check(table, self, **options)

    def __str__(self) -> str:
        """The agreement as people write it, with its fingerprint; clkhash's in a line, as it stays the JSON it is."""
        mark = f"fingerprint {self.fingerprint()[:16]}"
        if self.encoder != "linkage":
            return f"{self.encoder} schema, {len(self.fields)} features, {mark}"
        from linkage.agreement import to_toml

        return f"{to_toml(self).rstrip()}\n# {mark}"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{field.name}</td><td>{field.type}</td><td>{field.tokens}</td><td>{field.bits}</td></tr>"
            for field in self.fields
        )
        return (
            f"<p><b>{_escaped(self.project)}</b>, layout {self.layout}, profile {self.profile or 'none'}, "
            f"fingerprint {self.fingerprint()[:16]}</p>"
            f"<table><tr><th>field</th><th>type</th><th>tokens</th><th>bits</th></tr>{rows}</table>"
        )


def _decided(field: Field, setting: str, by_layout: int) -> dict[str, Any]:
    """The setting as it was asked for, or as the layout has it, and whether that is the same."""
    value = getattr(field, setting) or by_layout
    return {setting: value, "by_layout": (setting,) if value == by_layout else ()}


def _refuse(field: Field, rule: str, message: str) -> NoReturn:
    raise SchemaError(f"field '{field.name}', {rule}: {message}", field=field.name, rule=rule)


def _check_label(what: str, label: object) -> None:
    if not isinstance(label, str) or not 1 <= len(label.strip()) <= 200 or not label.isprintable():
        raise SchemaError(f"{what}: must be 1 to 200 printable characters", rule=what)


def _escaped(text: str) -> str:
    import html

    return html.escape(text)
