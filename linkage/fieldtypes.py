"""What each field type does unless the agreement says otherwise: cleaning, tokens, width, positions per token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Layout = Literal["fields", "record"]

_LETTERS = ("diacritics", "case", "punctuation")


@dataclass(frozen=True)
class FieldType:
    """Defaults of a type; the first of ``tokens`` is the default, ``mean_tokens`` is for a typical value."""

    tokens: tuple[str, ...]
    bits: int
    hashes: int
    mean_tokens: int
    share: float  # of the record filter's positions, relative to the other types
    # the same under SAUL, where what differs is noise in every bit: addresses, which people leave, count less
    saul_share: float = 0.0
    clean: tuple[str, ...] = ()
    clean_choices: tuple[str, ...] = ()
    key_group: str = ""


FIELD_TYPES: dict[str, FieldType] = {
    "name": FieldType(
        tokens=("qgrams", "positional_qgrams", "exact"),
        bits=256,
        hashes=10,
        mean_tokens=7,
        share=1.0,
        clean=(*_LETTERS, "titles", "particles"),
        clean_choices=(*_LETTERS, "titles", "particles"),
        key_group="name",
    ),
    # 39 tokens of 2 positions are 78, in a filter wide enough that unlike dates share few by chance
    "date": FieldType(tokens=("date_parts", "exact"), bits=512, hashes=2, mean_tokens=39, share=1.2, saul_share=1.8),
    "postcode": FieldType(
        tokens=("postcode_levels", "qgrams", "positional_qgrams", "exact"),
        bits=256,
        hashes=8,
        mean_tokens=9,
        share=0.6,
    ),
    "category": FieldType(tokens=("exact",), bits=64, hashes=16, mean_tokens=1, share=0.3),
    "number": FieldType(tokens=("neighbours", "exact"), bits=256, hashes=6, mean_tokens=11, share=0.5),
    "identifier": FieldType(
        tokens=("positional_qgrams", "qgrams", "exact"), bits=256, hashes=6, mean_tokens=11, share=1.2
    ),
    "text": FieldType(
        tokens=("qgrams", "positional_qgrams", "exact"),
        bits=512,
        hashes=8,
        mean_tokens=18,
        share=0.5,
        saul_share=0.15,
        clean=_LETTERS,
        clean_choices=(*_LETTERS, "titles", "particles"),
    ),
}

# judgement: fuller filters make unlike records alike, emptier ones give a frequency attack cleaner patterns
_RECORD_FILL = 0.35


# of a value that is one token: two values seldom share half of them
_HASHES_OF_ONE = 16

_SAUL_BITS = 1024


def default_hashes(kind: str, tokens: str) -> int:
    """Positions per token in a filter of the field's own."""
    return _HASHES_OF_ONE if tokens == "exact" else FIELD_TYPES[kind].hashes


def record_positions(fields: Sequence[tuple[str, float]], bits: int, *, saul: bool) -> list[int]:
    """Positions of a value of each (type, weight), so that a record fills about a third of one filter.

    With n positions drawn at random, a filter of L bits has 1 - exp(-n / L) of them set. Under SAUL they stand for
    votes, of which only the proportions count: those of 1,024 bits, whatever the width.
    """
    kinds = [FIELD_TYPES[kind] for kind, _ in fields]
    shares = [
        ((kind.saul_share if saul else 0.0) or kind.share) * weight
        for kind, (_, weight) in zip(kinds, fields, strict=True)
    ]
    bits = _SAUL_BITS if saul else bits
    positions = -math.log(1 - _RECORD_FILL) * bits
    return [max(1, round(positions * share / sum(shares))) for share in shares]
