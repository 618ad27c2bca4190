"""Block: a rule by which records meet, computed at the agency and carried as a keyed number.

Two records meet if a rule gives both the same key: equal year of birth and surnames that sound alike, say. The centre
sees which records share a key and how many do, never what it was made of; the audit judges how much that tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkage.errors import SchemaError, nearest
from linkage.field import check_name

if TYPE_CHECKING:
    from linkage.field import Field

FORMS: Mapping[str, tuple[str, ...]] = {
    "name": ("whole", "sound", "start", "initial"),
    "date": ("whole", "year", "month", "day_month"),
    "postcode": ("whole", "sector", "district", "area"),
    "text": ("whole", "start"),
    "category": ("whole",),
    "number": ("whole",),
    "identifier": ("whole",),
}
"""What a key may be made of, by type of field: see `Block`."""

MOST_BLOCKS, _MOST_KEYS = 16, 8


@dataclass(frozen=True, kw_only=True)
class Block:
    """Records meet that are equal in all of ``keys``, each a field, or a field and a form of it: ``"surname:sound"``.

    Parameters
    ----------
    name
        Lower-case letters, digits and underscores; no field or group has it.
    keys
        One to eight of these, by type of the field:

        - any: ``"postcode"``, the whole cleaned value
        - name: ``sound`` (Soundex of the first word), ``start`` (its first three letters), ``initial``
        - date: ``year``, ``month`` (with its year), ``day_month`` (without year; day and month exchanged are the same)
        - postcode: ``sector`` (LS6 3), ``district`` (LS6), ``area`` (LS)
        - text: ``start`` (the first eight letters and digits)

    A record in which one of them is missing is in no block by this rule, so have several rules that fail for unlike
    reasons. A rule should be coarse enough to survive mistakes and fine enough that blocks stay small:
    `linkage.block_sizes` says how large they are.

    >>> Block(name="sound_year", keys=("surname:sound", "dob:year")).parts
    (('surname', 'sound'), ('dob', 'year'))
    """

    name: str
    keys: tuple[str, ...]

    def __post_init__(self) -> None:
        check_name("block", self.name)
        keys = self.keys
        if isinstance(keys, str) or not isinstance(keys, list | tuple) or not all(isinstance(key, str) for key in keys):
            self._refuse('keys: a list of fields and their forms, such as ["surname:sound", "dob:year"]')
        if not 1 <= len(keys) <= _MOST_KEYS or len(set(keys)) < len(keys):
            self._refuse(f"keys: one to {_MOST_KEYS} of them, each once")
        object.__setattr__(self, "keys", tuple(keys))

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """Field and form of each key."""
        split = [key.partition(":") for key in self.keys]
        return tuple((field, form or "whole") for field, _, form in split)

    def check(self, fields: Mapping[str, Field]) -> None:
        """Raise `SchemaError` unless the fields are agreed and have these forms."""
        for field, form in self.parts:
            if field not in fields:
                self._refuse(f"keys: '{field}' is not a field of the agreement; {nearest(field, fields)}")
            forms = FORMS[fields[field].type]
            if form not in forms:
                self._refuse(f"keys: '{form}' is not a form of field '{field}'; {nearest(form, forms)}")

    def _refuse(self, message: str) -> None:
        raise SchemaError(f"block '{self.name}', {message}", field=self.name, rule="block")


def standard_blocks(fields: Iterable[Field]) -> tuple[Block, ...]:
    """Rules for people of whom names, a date of birth and an address are known, as far as the fields are there.

    Each leaves out what another rests on: a mistake in one field, a move or a marriage leaves most records together
    under one of them; tests/test_candidates.py holds how many against invented people. By the order of the fields the
    first of type name is the given name, the second the surname.

    >>> from linkage import Field
    >>> people = [Field(name="given", type="name"), Field(name="family", type="name"), Field(name="dob", type="date")]
    >>> [block.keys for block in standard_blocks(people)]  # doctest: +NORMALIZE_WHITESPACE
    [('dob', 'given:initial'), ('family:sound', 'dob:month'), ('given:sound', 'family:sound', 'dob:year'),
    ('given:sound', 'family:sound', 'dob:day_month'), ('given', 'family')]
    """
    by_type: dict[str, list[str]] = {}
    for field in fields:
        by_type.setdefault(field.type, []).append(field.name)
    given, surname = [*by_type.get("name", []), "", ""][:2]
    born, postcode, address = (by_type.get(kind, [""])[0] for kind in ("date", "postcode", "text"))
    rules = {
        "born_initial": (born, f"{given}:initial"),
        "sound_month": (f"{surname}:sound", f"{born}:month"),
        "sounds_year": (f"{given}:sound", f"{surname}:sound", f"{born}:year"),
        "sounds_day": (f"{given}:sound", f"{surname}:sound", f"{born}:day_month"),
        "same_names": (given, surname),
        "postcode_initial": (postcode, f"{given}:initial"),
        "sector_day": (f"{postcode}:sector", f"{born}:day_month"),
        "address_initial": (f"{address}:start", f"{given}:initial"),
        **{f"by_{name}"[:63]: (name,) for name in by_type.get("identifier", [])},
    }
    return tuple(
        Block(name=name, keys=keys)
        for name, keys in rules.items()
        if all(key and not key.startswith(":") for key in keys)
    )
