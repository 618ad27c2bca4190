"""The agreement between the agencies: which fields, how they are cleaned and encoded.

A `Schema` holds no secret. Its canonical form travels inside every encoded file, so the centre
can name a difference between two parties, and two schemas that mean the same have the same
fingerprint however they were written down. It is read from TOML by `linkage.agreement`.

Underneath, a schema is a list of `Filter`, each a Bloom filter over one or more fields.
``layout = "fields"`` is shorthand for one filter a field, ``layout = "record"`` for a single
filter over all of them (a CLK: Schnell, Bachteler and Reiher 2011).
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from linkage.errors import SchemaError, nearest
from linkage.fieldtypes import FIELD_TYPES, Layout, record_hashes

if TYPE_CHECKING:
    from linkage.agency.check import Problems
    from linkage.files import PathLike

ENCODING_VERSION = 0
"""Version 0 promises nothing between releases; version 1 will be the same bits for ever."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_MAX_BITS = 65_536


@dataclass(frozen=True, kw_only=True)
class Field:
    """One identifier of a person, and how it becomes bits. Everything but name and type has a default.

    Parameters
    ----------
    name
        Lower-case letters, digits and underscores; the column's name unless ``encode(columns=)`` says other.
    type
        ``name``, ``date``, ``postcode``, ``category``, ``number``, ``identifier`` or ``text``.
    clean
        Cleaning rules, for types ``name`` and ``text``; ``()`` for none.
    tokens
        ``qgrams``, ``positional_qgrams``, ``date_parts``, ``postcode_levels``, ``neighbours``, ``exact``.
    q
        Letters in a q-gram.
    step, reach
        Type ``number``: values are rounded to ``step``; two values ``reach`` or more steps apart share nothing
        beyond it, nearer ones share more.
    codes
        Type ``category``: ``"sex"`` reads M, male, boy, 1 ... as one code; or a table of code -> spellings.
    day_first
        Type ``date``: 03/04/2019 is the 3rd of April. Dates that start with the year need no rule.
    placeholders
        Values that mean "not known" here, beyond the frozen list of each type.
    scheme
        Type ``identifier``: ``"nhs"`` lets ``check`` test the check digit. Default for names that begin with nhs.
        A wrong check digit is reported but still encoded: one slipped digit is evidence all the same.
    missing
        ``"allow"``: an empty value sets no bits and has its own level in the model. ``"refuse"``: an error.
    weight
        Share of the bits in the ``record`` layout, relative to what the type gets.
    bits, hashes
        Filter width (``fields`` layout), and positions set per token.
    key_group
        Fields of one group hash equal tokens to equal positions, so that a given name written in the surname's
        place can be seen. The cost: the centre sees that a value occurs in both fields, and may count
        frequencies over both together. All fields of type ``name`` share the group ``"name"``.
    """

    name: str
    type: str
    clean: tuple[str, ...] | None = None
    tokens: str = ""
    q: int = 2
    step: float = 1.0
    reach: int = 5
    codes: tuple[tuple[str, tuple[str, ...]], ...] | Literal["sex", ""] = ""
    day_first: bool = True
    placeholders: tuple[str, ...] = ()
    missing: str = "allow"
    weight: float = 1.0
    bits: int = 0
    hashes: int = 0
    key_group: str = ""
    scheme: str = ""

    def __post_init__(self) -> None:
        check_name("field", self.name)
        if self.type not in FIELD_TYPES:
            self._refuse("type", f"'{self.type}' is not a field type; {nearest(self.type, FIELD_TYPES)}")
        kind = FIELD_TYPES[self.type]
        if self.clean is None:
            object.__setattr__(self, "clean", kind.clean)
        defaults: dict[str, Any] = {
            "tokens": kind.tokens[0],
            "bits": kind.bits,
            "codes": "sex" if self.type == "category" and self.name in ("sex", "gender") else "",
            "key_group": kind.key_group or self.name,
            "scheme": "nhs" if self.type == "identifier" and self.name.startswith("nhs") else "",
        }
        for setting, value in defaults.items():
            if not getattr(self, setting):
                object.__setattr__(self, setting, value)
        self._check_choices()
        self._check_numbers()

    def _check_choices(self) -> None:
        kind = FIELD_TYPES[self.type]
        if self.tokens not in kind.tokens:
            self._refuse("tokens", f"'{self.tokens}' does not fit type {self.type}; "
                                   f"{nearest(self.tokens, kind.tokens)}")
        for rule in self.clean or ():
            if rule not in kind.clean_choices:
                self._refuse("clean", f"'{rule}' is not a cleaning rule of type {self.type}; "
                                      f"{nearest(rule, kind.clean_choices)}")
        object.__setattr__(self, "clean", tuple(rule for rule in kind.clean_choices if rule in (self.clean or ())))
        if self.missing not in ("allow", "refuse"):
            self._refuse("missing", f"{nearest(self.missing, ('allow', 'refuse'))}")
        if self.scheme and (self.scheme != "nhs" or self.type != "identifier"):
            self._refuse("scheme", "the one scheme is \"nhs\", for type identifier")
        if self.codes and self.type != "category":
            self._refuse("codes", f"belongs to type category, not {self.type}")
        if isinstance(self.codes, str) and self.codes not in ("", "sex"):
            self._refuse("codes", "must be \"sex\" or a table of code = [spellings]")
        check_name("key_group", self.key_group)

    def _check_numbers(self) -> None:
        for setting, low, high in (("q", 1, 8), ("reach", 1, 64), ("hashes", 0, 256)):
            value = getattr(self, setting)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                self._refuse(setting, f"must be a whole number from {low} to {high}")
        for setting in ("step", "weight"):
            value = getattr(self, setting)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 1e-9 <= value <= 1e9:
                self._refuse(setting, "must be a positive number up to 1e9")
            object.__setattr__(self, setting, float(value))
        check_bits(f"field '{self.name}'", self.bits)

    def _refuse(self, rule: str, message: str) -> None:
        raise SchemaError(f"field '{self.name}', {rule}: {message}", field=self.name, rule=rule)


@dataclass(frozen=True)
class Filter:
    """One Bloom filter of a record: ``bits`` wide, over the named fields."""

    name: str
    bits: int
    fields: tuple[str, ...]

    @property
    def words(self) -> int:
        """64-bit words that hold the filter."""
        return -(-self.bits // 64)


@dataclass(frozen=True)
class Group:
    """A coarse column (a ward, a year of birth) that travels in clear; every class has at least ``smallest`` records."""

    name: str
    smallest: int = 10

    def __post_init__(self) -> None:
        check_name("group", self.name)
        if isinstance(self.smallest, bool) or not isinstance(self.smallest, int) or self.smallest < 1:
            raise SchemaError(f"group '{self.name}', smallest: must be a whole number of at least 1",
                              field=self.name, rule="smallest")


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What the agencies agreed on. Equal schemas have equal fingerprints; make one with `load` or `preset`.

    >>> schema = Schema(project="early-help", fields=(Field(name="surname", type="name"), Field(name="dob", type="date")))
    >>> [(filter.name, filter.bits) for filter in schema.filters]
    [('surname', 256), ('dob', 256)]
    >>> Schema(project="early-help", layout="record", fields=schema.fields).filters
    (Filter(name='record', bits=1024, fields=('surname', 'dob')),)
    """

    project: str
    fields: tuple[Field, ...]
    layout: Layout = "fields"
    bits: int = 1024
    groups: tuple[Group, ...] = ()

    def __post_init__(self) -> None:
        _check_label("project", self.project)
        if self.layout not in ("fields", "record"):
            raise SchemaError(f"layout: {nearest(self.layout, ('fields', 'record'))}", rule="layout")
        check_bits("the record filter", self.bits)
        if not 1 <= len(self.fields) <= 64:
            raise SchemaError(f"field: an agreement has 1 to 64 fields, this one has {len(self.fields)}", rule="field")
        names = [item.name for item in (*self.fields, *self.groups)]
        for name in names:
            if names.count(name) > 1:
                raise SchemaError(f"field '{name}': the name is used twice", field=name, rule="name")
        object.__setattr__(self, "fields", self._with_hashes())

    def _with_hashes(self) -> tuple[Field, ...]:
        # settings that the layout decides are written out, so that equal meanings have equal fingerprints
        if self.layout == "fields":
            return tuple(
                dataclasses.replace(field, hashes=field.hashes or FIELD_TYPES[field.type].hashes, weight=1.0)
                for field in self.fields
            )
        counts = record_hashes([(field.type, field.weight) for field in self.fields], self.bits)
        return tuple(
            dataclasses.replace(field, hashes=field.hashes or count, bits=self.bits)
            for field, count in zip(self.fields, counts, strict=True)
        )

    @functools.cached_property
    def filters(self) -> tuple[Filter, ...]:
        """The Bloom filters of a record, in the order of the file's columns."""
        if self.layout == "record":
            return (Filter("record", self.bits, tuple(field.name for field in self.fields)),)
        return tuple(Filter(field.name, field.bits, (field.name,)) for field in self.fields)

    def field(self, name: str) -> Field:
        """The field of that name; ``KeyError`` if there is none."""
        return {field.name: field for field in self.fields}[name]

    def canonical(self) -> str:
        """The schema as one line of JSON that is the same for equal schemas; it travels in every file."""
        content = {
            "schema": 1,
            "encoding_version": ENCODING_VERSION,
            "project": self.project,
            "layout": self.layout,
            "fields": [dataclasses.asdict(field) for field in self.fields],
            "filters": [dataclasses.asdict(filter) for filter in self.filters],
            "groups": [dataclasses.asdict(group) for group in self.groups],
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    def fingerprint(self) -> str:
        """SHA-256 of the canonical form, 64 hex digits: read it to each other over the telephone."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    @classmethod
    def load(cls, path: PathLike) -> Schema:
        """The agreement in a TOML file. Raises `SchemaError` that names the field, the rule and the nearest spelling."""
        from linkage.agreement import load

        return load(path)

    @classmethod
    def preset(cls, name: str, *, project: str | None = None, layout: Layout = "fields") -> Schema:
        """A ready agreement; ``"uk-person"`` has names, date of birth, sex, address, postcode and NHS number.

        Give ``project`` a name of your own: files of two projects can't be compared, even under one key.
        """
        from linkage.agreement import preset

        return preset(name, project=project, layout=layout)

    def save(self, path: PathLike) -> None:
        """Write the agreement as TOML, with every setting that differs from its default."""
        from linkage.agreement import save

        save(self, path)

    def check(self, table: object, **options: Any) -> Problems:
        """What in a table breaks the agreement: row, column and rule, never the value.

        Takes the arguments of `linkage.agency.check.check`. Runs at the agency; this is the one place where
        the agreement reaches into a room, so that the people who hold it need only one name.
        """
        from linkage.agency.check import check

        return check(table, self, **options)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{field.name}</td><td>{field.type}</td><td>{field.tokens}</td><td>{field.bits}</td></tr>"
            for field in self.fields
        )
        return (f"<p><b>{_escaped(self.project)}</b>, layout {self.layout}, fingerprint {self.fingerprint()[:16]}</p>"
                f"<table><tr><th>field</th><th>type</th><th>tokens</th><th>bits</th></tr>{rows}</table>")


def differences(left: Schema, right: Schema) -> list[str]:
    """What two schemas disagree on, one short sentence each; empty if they are equal.

    >>> a = Schema(project="p", fields=(Field(name="dob", type="date"),))
    >>> differences(a, dataclasses.replace(a, project="q"))
    ["project: 'p' and 'q'"]
    """
    found = [
        f"{setting}: {getattr(left, setting)!r} and {getattr(right, setting)!r}"
        for setting in ("project", "layout")
        if getattr(left, setting) != getattr(right, setting)
    ]
    lefts = {field.name: field for field in left.fields}
    rights = {field.name: field for field in right.fields}
    found += [f"field '{name}': only on the left" for name in lefts if name not in rights]
    found += [f"field '{name}': only on the right" for name in rights if name not in lefts]
    for name in lefts:
        if name in rights:
            found += [
                f"field '{name}', {setting.name}: {getattr(lefts[name], setting.name)!r} and "
                f"{getattr(rights[name], setting.name)!r}"
                for setting in dataclasses.fields(Field)
                if getattr(lefts[name], setting.name) != getattr(rights[name], setting.name)
            ]
    if left.filters != right.filters and not found:
        found.append("order of the fields")
    if left.groups != right.groups:
        found.append("groups")
    return found


def from_canonical(text: str) -> Schema:
    """The schema of a canonical form. Raises `SchemaError` if it isn't exactly one that this version writes."""
    try:
        content = json.loads(text)
        fields = tuple(_field_from(item) for item in content["fields"])
        bits = content["filters"][0]["bits"] if content["layout"] == "record" else 1024
        groups = tuple(Group(**item) for item in content["groups"])
        schema = Schema(project=content["project"], layout=content["layout"], fields=fields, bits=bits, groups=groups)
    except (KeyError, TypeError, IndexError, AttributeError, RecursionError, json.JSONDecodeError):
        raise SchemaError("not a canonical schema of this version", rule="canonical") from None
    if schema.canonical() != text:
        raise SchemaError("not a canonical schema of this version", rule="canonical")
    return schema


def _field_from(item: dict[str, Any]) -> Field:
    settings = dict(item)
    settings["clean"] = tuple(settings["clean"])
    settings["placeholders"] = tuple(settings["placeholders"])
    if not isinstance(settings["codes"], str):
        settings["codes"] = tuple((code, tuple(spellings)) for code, spellings in settings["codes"])
    return Field(**settings)


def check_name(what: str, name: object) -> None:
    """Raise `SchemaError` unless ``name`` is lower-case letters, digits and underscores."""
    if not isinstance(name, str) or not _NAME.match(name) or name == "record_id":
        shown = name if isinstance(name, str) else type(name).__name__
        raise SchemaError(f"{what} '{shown}': a name is lower-case letters, digits and underscores, starts with a "
                          "letter, and isn't record_id", field=str(shown), rule="name")


def check_bits(what: str, bits: object) -> None:
    """Raise `SchemaError` unless ``bits`` is a possible filter width."""
    if isinstance(bits, bool) or not isinstance(bits, int) or not 8 <= bits <= _MAX_BITS:
        raise SchemaError(f"{what}, bits: must be a whole number from 8 to {_MAX_BITS}", rule="bits")


def _check_label(what: str, label: object) -> None:
    if not isinstance(label, str) or not 1 <= len(label) <= 200 or not label.isprintable():
        raise SchemaError(f"{what}: must be 1 to 200 printable characters", rule=what)


def _escaped(text: str) -> str:
    import html

    return html.escape(text)
