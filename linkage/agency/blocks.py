"""Block keys: what a rule makes of a record, under a key, so that the centre sees who meets and not by what.

A key is the first 64 bits of HMAC-SHA256 (RFC 2104) of the forms that the rule names, under a secret for blocks and
with the rule itself in the message: two rules never share a key. Without the key of the project nobody can try values;
whoever has it can, as with everything here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.agency import kernels
from linkage.agency.columns import Coded, FieldColumn
from linkage.agency.distinct import Values
from linkage.agency.key import Key, length_prefixed
from linkage.agency.records import Batch
from linkage.block import Block
from linkage.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa

Keys = NDArray[np.uint64]

_BETWEEN = "\x1f"  # white space to Python, so that no cleaned value has one
_SOUNDS = {letter: digit for digit, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1)
           for letter in letters}  # fmt: skip
_UK_POSTCODE = re.compile(r"([A-Z]{1,2})[0-9][0-9A-Z]?[0-9][A-Z]{2}\Z")


def soundex(word: str) -> str:
    """Letter and three digits, as the National Archives of the United States code names; empty without letters a to z.

    >>> soundex("robert"), soundex("rupert"), soundex("ashcraft"), soundex("tymczak"), soundex("pfister")
    ('r163', 'r163', 'a261', 't522', 'p236')
    """
    letters = [letter for letter in word.lower() if "a" <= letter <= "z"]
    if not letters:
        return ""
    code, last = letters[0], _SOUNDS.get(letters[0], 0)
    for letter in letters[1:]:
        sound = _SOUNDS.get(letter, 0)
        if sound and sound != last:
            code += str(sound)
        if letter not in "hw":  # between two letters of one sound these change nothing, a vowel parts them
            last = sound
    return f"{code}000"[:4]


def _word(value: str) -> str:
    return value.split(" ", 1)[0]


def _day_month(value: str) -> str:
    month, day = value[5:7], value[8:]
    return "-".join(sorted((month, day))) if "00" not in (month, day) else ""


def _of_postcode(value: str, cut: Callable[[str, int], str]) -> str:
    found = _UK_POSTCODE.match(value)
    return cut(value, len(found[1])) if found else ""


# of a cleaned value that is not empty; "" if there is no such form of it
_FORMS: Mapping[tuple[str, str], Callable[[str], str]] = {
    # of a script without a to z the first word is the nearest there is to a sound
    ("name", "sound"): lambda value: soundex(_word(value)) or _word(value),
    ("name", "start"): lambda value: _word(value)[:3],
    ("name", "initial"): lambda value: value[:1],
    ("date", "whole"): lambda value: "" if "00" in (value[:2], value[5:7], value[8:]) else value,
    ("date", "year"): lambda value: "" if value[:4] == "0000" else value[:4],
    ("date", "month"): lambda value: "" if "00" in (value[:2], value[5:7]) else value[:7],
    ("date", "day_month"): _day_month,
    ("postcode", "sector"): lambda value: _of_postcode(value, lambda code, _: code[:-2]),
    ("postcode", "district"): lambda value: _of_postcode(value, lambda code, _: code[:-3]),
    ("postcode", "area"): lambda value: _of_postcode(value, lambda code, area: code[:area]),
    ("text", "start"): lambda value: value.replace(" ", "")[:8],
}


class Forms:
    """The forms of one field's values that rules ask for, each distinct one numbered; "" is 0."""

    def __init__(self, kind: str, forms: Sequence[str]) -> None:
        self._made = [_FORMS.get((kind, form), str) for form in forms]
        self.known = [Values() for _ in forms]

    def __repr__(self) -> str:
        return f"Forms({len(self.known)} forms)"

    @property
    def n_bytes(self) -> int:
        """Memory taken."""
        return sum(each.n_bytes for each in self.known)

    def of(self, values: pa.StringArray) -> Keys:
        """(values, forms) uint64: the number of each."""
        made = np.zeros((len(values), len(self._made)), dtype=np.uint64)
        for place, value in enumerate(values.to_pylist()):
            if value:
                steps = zip(self.known, self._made, strict=True)
                made[place] = [known.number(step(value)) for known, step in steps]
        return made


class BlockKeys:
    """The block keys of batches of records; safe to call from several threads."""

    def __init__(self, schema: Schema, key: Key, *, room: int) -> None:
        self._blocks = schema.blocks
        self._secret = key.derive(project=schema.project, purpose="blocks")
        forms: dict[str, list[str]] = {}
        for block in self._blocks:
            for field, form in block.parts:
                own = forms.setdefault(field, [])
                if form not in own:
                    own.append(form)
        self._forms = forms
        self._columns = {
            name: FieldColumn(
                schema.field(name),
                functools.partial(Forms, schema.field(name).type, own),
                len(own),
                room=max(1, room // len(forms)),
            )
            for name, own in forms.items()
        }

    def __repr__(self) -> str:
        return f"BlockKeys({len(self._blocks)} blocks)"

    def of(self, batch: Batch) -> dict[str, Keys]:
        """(rows,) uint64 of each rule; 0 where the record is in no block by it."""
        coded = {name: column.coded(batch.columns[name]) for name, column in self._columns.items()}
        return {block.name: self._keys(block, coded, len(batch)) for block in self._blocks}

    def _keys(self, block: Block, coded: Mapping[str, Coded], n: int) -> Keys:
        import pyarrow as pa
        import pyarrow.compute as pc

        texts, there = [], np.ones(n, dtype=np.bool_)
        for field, form in block.parts:
            place = self._forms[field].index(form)
            numbers = _numbers(coded[field], place)
            there &= numbers > 0
            known = (
                coded[field].made.known[place].texts[: int(numbers.max(initial=0)) + 1]
            )  # another thread may be adding
            if len(known) > n:  # a column of which nearly every value is another
                used, numbers = np.unique(numbers, return_inverse=True)
                known = [known[number] for number in used.tolist()]
            texts.append(pa.array(known, pa.string()).take(pa.array(numbers)))
        joined = pc.binary_join_element_wise(*texts, _BETWEEN) if len(texts) > 1 else texts[0]
        made = kernels.record_ids(joined, self._secret, length_prefixed("block", block.name, *block.keys))
        keys = made[:, :8].copy().view(">u8")[:, 0].astype(np.uint64)
        return np.where(there, np.maximum(keys, np.uint64(1)), np.uint64(0))


def _numbers(coded: Coded, place: int) -> NDArray[np.int64]:
    """The number of each record's form; 0 for none."""
    found = np.zeros(len(coded.text), dtype=np.int64)
    there = coded.text >= 0
    found[there] = coded.filters[coded.text[there], place]
    return found
