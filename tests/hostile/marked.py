"""People whose every value is a word that occurs nowhere else, and what it would look like if one came out."""

from __future__ import annotations

import base64
import random
import re
from dataclasses import dataclass, field

import numpy as np

import linkage as lk

FIELDS = (("given_name", "name"), ("surname", "name"), ("dob", "date"), ("postcode", "postcode"),
          ("nhs_number", "identifier"), ("address", "text"))  # fmt: skip
CASED = ("raw", "base64", "base64 for addresses", "a repr")  # ways to write in which case matters
_FIRST = 6  # bytes; no value is shorter
_LETTERS = "bcdfghjkmpqvwxz"


def _word(draw: random.Random, length: int = 8) -> str:
    return "".join(draw.choices(_LETTERS, k=length))


def _postcode(draw: random.Random) -> str:
    return f"{''.join(draw.choices('KWZ', k=2))}{draw.randint(60, 99)} {draw.randint(1, 9)}{_word(draw, 2).upper()}"


def people(n: int, *, seed: int = 1) -> dict[str, list[str]]:
    """A table of ``n`` people, with their case numbers as ``no``."""
    draw = random.Random(seed)
    return {
        "no": [f"case-{_word(draw)}-{row}" for row in range(n)],
        "given_name": [_word(draw).title() for _ in range(n)],
        "surname": [_word(draw).title() for _ in range(n)],
        "dob": [f"19{draw.randint(11, 99)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}" for _ in range(n)],
        "postcode": [_postcode(draw) for _ in range(n)],
        "nhs_number": [f"9{draw.randint(10**8, 10**9 - 1)}" for _ in range(n)],
        "address": [f"{draw.randint(1, 99)} {_word(draw).title()} Way" for _ in range(n)],
    }


def schema(project: str = "marked", **options: object) -> lk.Schema:
    """An agreement on the fields of such people."""
    fields = tuple(lk.Field(name=name, type=kind) for name, kind in FIELDS)
    return lk.Schema(project=project, fields=fields, **options)


@dataclass
class Secrets:
    """What is looked for: values of people, however they were cleaned, and secret bytes, however they were written."""

    values: set[str] = field(default_factory=set)
    octets: list[bytes] = field(default_factory=list)

    def add_people(self, table: dict[str, list[str]]) -> None:
        """Every value of the table, as written and without what cleaning takes out."""
        for column in table.values():
            for value in column:
                self.values |= {value.lower(), re.sub(r"[^a-z0-9]", "", value.lower())}
                self.values |= {word for word in value.lower().split() if len(word) >= _FIRST}

    def add_key(self, *secrets: bytes) -> None:
        """Some secret bytes."""
        self.octets += secrets

    def found_in(self, said: bytes | str) -> list[str]:
        """What came out, by what it is; the value itself only of these invented people."""
        data = said.encode("utf-8", "surrogateescape") if isinstance(said, str) else said
        lower = data.lower()
        known = _within(lower, sorted(self.values))
        for number, secret in enumerate(self.octets):
            forms = [how for how, form in written(secret) if form in (data if how in CASED else lower)]
            known += [f"secret {number} as {how}" for how in forms]
        return known


def _within(data: bytes, values: list[str]) -> list[str]:
    """The values that stand in the data: tens of thousands, so by their first six bytes."""
    encoded = [value.encode() for value in values]
    assert all(len(value) >= _FIRST for value in encoded)
    if len(data) < _FIRST or not values:
        return []
    weights = 256 ** np.arange(_FIRST, dtype=np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, np.uint8), _FIRST) @ weights
    begins = np.frombuffer(b"".join(value[:_FIRST] for value in encoded), np.uint8).reshape(-1, _FIRST) @ weights
    present = np.isin(begins, windows)
    return [value for value, there in zip(values, present.tolist(), strict=True) if there and value.encode() in data]


def written(secret: bytes) -> list[tuple[str, bytes]]:
    """How the first bytes of a secret look in a file or on a screen; a display may have cut off the rest."""
    first = secret[:9]
    numbers = ", ".join(map(str, first[:6])).encode()
    return [
        ("raw", first),
        ("hex", first.hex().encode()),
        ("base64", base64.b64encode(first)),
        ("base64 for addresses", base64.urlsafe_b64encode(first)),
        ("base32", base64.b32encode(secret[:10]).lower()),
        ("a repr", repr(first)[2:-1].encode()),
        ("numbers", numbers),
        ("numbers in an array", b" ".join(b"%3d" % byte for byte in first[:6]).strip()),
    ]
