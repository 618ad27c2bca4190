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
    # per token under SAUL; measured (benchmarks/frontier.py): more for names, whose few tokens a long address outvotes
    votes: int
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
        votes=3,
        clean=(*_LETTERS, "titles", "particles"),
        clean_choices=(*_LETTERS, "titles", "particles"),
        key_group="name",
    ),
    # 39 tokens of 2 positions are 78, in a filter wide enough that unlike dates share few by chance
    "date": FieldType(tokens=("date_parts", "exact"), bits=512, hashes=2, mean_tokens=39, share=1.2, votes=2),
    "postcode": FieldType(
        tokens=("postcode_levels", "qgrams", "positional_qgrams", "exact"),
        bits=256,
        hashes=8,
        mean_tokens=9,
        share=0.6,
        votes=2,
    ),
    "category": FieldType(tokens=("exact",), bits=64, hashes=16, mean_tokens=1, share=0.3, votes=4),
    "number": FieldType(tokens=("neighbours", "exact"), bits=256, hashes=6, mean_tokens=11, share=0.5, votes=2),
    "identifier": FieldType(
        tokens=("positional_qgrams", "qgrams", "exact"), bits=256, hashes=6, mean_tokens=11, share=1.2, votes=3
    ),
    "text": FieldType(
        tokens=("qgrams", "positional_qgrams", "exact"),
        bits=512,
        hashes=8,
        mean_tokens=18,
        share=0.5,
        votes=1,
        clean=_LETTERS,
        clean_choices=(*_LETTERS, "titles", "particles"),
    ),
}

# judgement: fuller filters make unlike records alike, emptier ones give a frequency attack cleaner patterns
_RECORD_FILL = 0.35


# of a value that is one token: two values seldom share half of them
_HASHES_OF_ONE = 16

# fine enough for the square roots of weights; as few as will do are written out
_VOTES_OF_ONE = 4


def default_hashes(kind: str, tokens: str) -> int:
    """Positions per token in a filter of the field's own."""
    return _HASHES_OF_ONE if tokens == "exact" else FIELD_TYPES[kind].hashes


def record_positions(fields: Sequence[tuple[str, float]], bits: int) -> list[int]:
    """Positions of a value of each (type, weight), so that a record fills about a third of one filter.

    With n positions drawn at random, a filter of L bits has 1 - exp(-n / L) of them set.
    """
    shares = [FIELD_TYPES[kind].share * weight for kind, weight in fields]
    positions = -math.log(1 - _RECORD_FILL) * bits
    return [max(1, round(positions * share / sum(shares))) for share in shares]


def votes(fields: Sequence[tuple[str, str, float]]) -> list[int]:
    """Votes per token of each (type, tokens, weight) under SAUL.

    A bit is a majority, so what two records have in common counts by the square of the votes: a token that is a field's
    only one gets the root of what its tokens would be, and a weight works by its root.
    """
    wanted = [
        FIELD_TYPES[kind].votes * math.sqrt(weight * (FIELD_TYPES[kind].mean_tokens if tokens == "exact" else 1))
        for kind, tokens, weight in fields
    ]
    fine = [min(256, max(1, round(_VOTES_OF_ONE * each))) for each in wanted]
    return [each // math.gcd(*fine) for each in fine]
