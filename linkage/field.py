"""Field: one identifier of a person, and how it becomes bits."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from linkage.argumentkinds import with_numbers_of_python
from linkage.errors import SchemaError, nearest
from linkage.fieldtypes import FIELD_TYPES

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
# columns of the tables of cases, reviews, overlaps and extracts, beside which fields and groups have theirs
_OURS = (
    *("record_id", "case", "same", "place", "probability", "left_source", "left_id", "right_source", "right_id"),
    *("match_weight", "reaches_cut", "link_id", "source", "known_to", "people"),
)
_MAX_BITS = 65_536
_ONLY_FOR = {
    "step": ("number",),
    "reach": ("number",),
    "day_first": ("date",),
    "q": tuple(name for name, kind in FIELD_TYPES.items() if "qgrams" in kind.tokens),
}


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
        Filter width (``fields`` layout; at most 2,048), and positions set per token.
    positions
        ``record`` layout: positions that a value sets in the record's filter, shared out evenly among its tokens, so
        that a long address tells no more than a short one; with ``saul`` (`Hardening`) the votes of tokens follow
        (`linkage.positions`). In their place ``hashes`` may be given: so many positions, or votes, for every token.
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
    positions: int = 0
    key_group: str = ""
    scheme: str = ""
    # of bits, hashes and positions those that the agreement's layout decided: in another it decides them anew
    by_layout: tuple[str, ...] = dataclasses.field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        with_numbers_of_python(self)
        check_name("field", self.name)
        if not isinstance(self.type, str) or self.type not in FIELD_TYPES:
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
        self._check_effects()

    def _check_choices(self) -> None:
        kind = FIELD_TYPES[self.type]
        if self.tokens not in kind.tokens:
            self._refuse(
                "tokens", f"'{self.tokens}' does not fit type {self.type}; {nearest(self.tokens, kind.tokens)}"
            )
        if not isinstance(self.clean, list | tuple | None):
            self._refuse("clean", f"rules as a list, not {type(self.clean).__name__}")
        for rule in self.clean or ():
            if rule not in kind.clean_choices:
                which = nearest(rule, kind.clean_choices) if kind.clean_choices else "it has none"
                self._refuse("clean", f"'{rule}' is not a cleaning rule of type {self.type}; {which}")
        object.__setattr__(self, "clean", tuple(rule for rule in kind.clean_choices if rule in (self.clean or ())))
        if self.missing not in ("allow", "refuse"):
            self._refuse("missing", f"{nearest(self.missing, ('allow', 'refuse'))}")
        if self.scheme and (self.scheme != "nhs" or self.type != "identifier"):
            self._refuse("scheme", f'the one scheme is "nhs", for type identifier; {nearest(self.scheme, ["nhs"])}')
        if self.codes and self.type != "category":
            self._refuse("codes", f"belongs to type category, not {self.type}")
        if self.codes not in ("", "sex"):
            object.__setattr__(self, "codes", self._sorted_codes())
        if not isinstance(self.placeholders, tuple | list) or not all(
            isinstance(text, str) for text in self.placeholders
        ):
            self._refuse("placeholders", "must be a list of texts")
        self._require_utf8("placeholders", self.placeholders)
        object.__setattr__(self, "placeholders", tuple(sorted(set(self.placeholders))))
        if not isinstance(self.day_first, bool):
            self._refuse("day_first", "must be true or false")
        check_name(f"field '{self.name}', key_group", self.key_group, field=self.name, rule="key_group")

    def _sorted_codes(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        # sorted, so that agreements that mean the same are the same
        found: dict[str, tuple[str, ...]] = {}
        code_of: dict[str, str] = {}
        given: Any = self.codes
        try:
            for code, spellings in given:
                if isinstance(spellings, str) or not all(isinstance(text, str) for text in (code, *spellings)):
                    raise TypeError
                if code in found:
                    self._refuse("codes", f"'{code}' is there twice")
                for text in (code, *spellings):
                    if code_of.setdefault(text.strip().casefold(), code) != code:
                        self._refuse("codes", f"'{text}' belongs to two codes")
                found[code] = tuple(sorted(set(spellings)))
        except SchemaError:
            raise
        except (TypeError, ValueError):
            self._refuse("codes", 'must be "sex" or a table of code = [spellings]')
        self._require_utf8("codes", code_of)
        return tuple(sorted(found.items()))

    def _check_numbers(self) -> None:
        for setting, low, high in (("q", 1, 8), ("reach", 1, 64), ("hashes", 0, 256), ("positions", 0, _MAX_BITS)):
            value = getattr(self, setting)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                self._refuse(setting, f"must be a whole number from {low} to {high}")
        for setting in ("step", "weight"):
            value = getattr(self, setting)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 1e-9 <= value <= 1e9:
                self._refuse(setting, "must be a positive number up to 1e9")
            object.__setattr__(self, setting, float(value))
        check_bits(f"field '{self.name}'", self.bits, field=self.name)
        for setting, types in _ONLY_FOR.items():
            # a setting without effect would make agreements differ that mean the same
            if self.type not in types and getattr(self, setting) != getattr(Field, setting):
                self._refuse(setting, f"belongs to type {' or '.join(types)}, not {self.type}")

    def _check_effects(self) -> None:
        for setting, needed in (("q", "qgrams"), ("reach", "neighbours")):
            if needed not in self.tokens and getattr(self, setting) != type(self).__dataclass_fields__[setting].default:
                self._refuse(setting, f'has no effect with tokens = "{self.tokens}"')

    def decided_anew(self) -> Field:
        """The same without what a layout decided."""
        asked: dict[str, Any] = dict.fromkeys(self.by_layout, 0)
        return dataclasses.replace(self, by_layout=(), **asked) if asked else self

    def _require_utf8(self, rule: str, texts: Iterable[str]) -> None:
        # the agreement travels in every file
        if any("\ud800" <= letter <= "\udfff" for text in texts for letter in text):
            self._refuse(rule, "holds half of a letter of UTF-16, which no file can hold; write it anew")

    def _refuse(self, rule: str, message: str) -> NoReturn:
        raise SchemaError(f"field '{self.name}', {rule}: {message}", field=self.name, rule=rule)


def check_name(what: str, name: object, *, field: str | None = None, rule: str = "name") -> None:
    """Raise `SchemaError` unless ``name`` is lower-case letters, digits and underscores."""
    if not isinstance(name, str) or not _NAME.match(name) or name in _OURS:
        shown = name if isinstance(name, str) else type(name).__name__
        raise SchemaError(
            f"{what} '{shown}': a name is lower-case letters, digits and underscores, starts with a "
            "letter, and isn't record_id or another column of our tables, such as case, source or link_id",
            field=field or str(shown),
            rule=rule,
        )


def check_bits(what: str, bits: object, *, field: str | None = None) -> None:
    """Raise `SchemaError` unless ``bits`` is a possible filter width."""
    if isinstance(bits, bool) or not isinstance(bits, int) or not 8 <= bits <= _MAX_BITS:
        raise SchemaError(f"{what}, bits: must be a whole number from 8 to {_MAX_BITS}", field=field, rule="bits")
