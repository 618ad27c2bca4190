"""Values into tokens, as clkhash's comparisons make them; n-grams of all values at once.

- n-grams: n - 1 spaces of padding on each side, duplicates kept; positional ones begin with their place, from 1
- exact: the value
- numeric (Vatsalan and Christen 2016): the value's place on a grid and ``resolution`` places to either side
- an empty value has no token
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkage.interop.features import Feature, Numbers

Ints = NDArray[np.int64]

_CODE_POINTS = 0x110000
_SMALL = 1 << 22  # a table of a span up to this, and not far beyond the number of keys, is cheaper than sorting
_LARGEST = 1 << 62
_LETTERS_AT_ONCE = 1 << 24  # of all tokens of some values: twelve bytes each where windows are cut, then one or more
_LETTERS_OF_A_NUMBER = 16


@dataclass(frozen=True)
class Tokens:
    """Value v has the tokens ``tokens[first[v] : first[v + 1]]``, in order; a token is its place in ``vocabulary``."""

    first: Ints
    tokens: Ints
    vocabulary: list[str]

    @property
    def counts(self) -> Ints:
        """(values,) how many tokens each has."""
        return np.diff(self.first)


def tokens_of(values: Sequence[str], feature: Feature) -> Tokens:
    """The tokens of each value.

    >>> made = tokens_of(["ada", ""], Feature("name", n=2, positional=True))
    >>> [made.vocabulary[token] for token in made.tokens], made.counts.tolist()
    (['1  a', '2 ad', '3 da', '4 a '], [4, 0])
    """
    if feature.numbers is not None:
        return _numeric(values, feature.numbers)
    if feature.n:
        return _ngrams(values, feature.n, positional=feature.positional)
    filled = np.array([bool(value) for value in values], dtype=np.int64)
    return Tokens(_ends(filled), np.arange(filled.sum()), [value for value in values if value])


def portions(values: Sequence[str], feature: Feature) -> list[slice]:
    """The values in parts whose tokens have no more than so many letters together, or in ones; at least one part."""
    if feature.numbers is not None:
        each = np.full(len(values), _LETTERS_OF_A_NUMBER * (2 * feature.numbers.resolution + 1))
    elif feature.n:
        each = (np.fromiter(map(len, values), dtype=np.int64, count=len(values)) + feature.n - 1) * feature.n
    else:
        return [slice(0, len(values))]
    ends = np.cumsum(each)
    start = 0
    parts: list[slice] = []
    while not parts or start < len(values):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _LETTERS_AT_ONCE, side="right")))
        parts.append(slice(start, stop))
        start = stop
    return parts


def distinct(keys: Ints, span: int) -> tuple[Ints, Ints]:
    """The distinct keys in [0, span), ascending, and for each key its place among them."""
    if span > min(_SMALL, 4 * len(keys)):
        found, place = np.unique(keys, return_inverse=True)
        return found, place.reshape(-1).astype(np.int64)
    table = np.zeros(span, dtype=np.int64)
    table[keys] = 1
    found = np.flatnonzero(table)
    table[found] = np.arange(len(found))
    return found, table[keys]


def ragged(counts: Ints) -> tuple[Ints, Ints]:
    """Of a list in rows of these lengths: each item's row, and its place in that row."""
    row = np.repeat(np.arange(len(counts)), counts)
    return row, np.arange(len(row)) - _ends(counts)[row]


def _ends(counts: Ints) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


def _ngrams(values: Sequence[str], n: int, *, positional: bool) -> Tokens:
    lengths = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    counts = np.where(lengths > 0, lengths + n - 1, 0)
    padded = np.where(lengths > 0, lengths + 2 * (n - 1), 0)
    begins = _ends(padded)
    letters = np.full(begins[-1], ord(" "), dtype=np.int64)
    row, place = ragged(lengths)
    letters[begins[row] + n - 1 + place] = np.frombuffer("".join(values).encode("utf-32-le"), dtype="<u4")
    row, place = ragged(counts)
    start = begins[row] + place
    keys, span = _window_keys(letters, start, n)
    if positional:
        places = int(place.max(initial=0)) + 1
        if span * places > _LARGEST:
            grams, keys = distinct(keys, span)
            span = len(grams)
        keys, span = keys * places + place, span * places
    grams, tokens = distinct(keys, span)
    example = np.zeros(len(grams), dtype=np.int64)
    example[tokens] = np.arange(len(tokens))
    vocabulary = _windows(letters, start[example], n)
    if positional:
        vocabulary = [f"{at} {gram}" for at, gram in zip((place[example] + 1).tolist(), vocabulary, strict=True)]
    return Tokens(_ends(counts), tokens, vocabulary)


def _windows(letters: Ints, starts: Ints, n: int) -> list[str]:
    """The n letters from each start on."""
    made = []
    at_once = max(1, _LETTERS_AT_ONCE // n)
    for at in range(0, len(starts), at_once):
        windows = letters[starts[at : at + at_once, None] + np.arange(n)].astype("<u4").tobytes().decode("utf-32-le")
        made += [windows[begin : begin + n] for begin in range(0, len(windows), n)]
    return made


def _window_keys(letters: Ints, start: Ints, n: int) -> tuple[Ints, int]:
    """A number for each window of n letters, equal for equal windows, and the number that all are below."""
    alphabet, letter = distinct(letters, _CODE_POINTS)
    size = max(len(alphabet), 1)
    keys, span = np.zeros(len(start), dtype=np.int64), 1
    for offset in range(n):
        if span * size > _LARGEST:
            known, keys = distinct(keys, span)
            span = len(known)
        keys, span = keys * size + letter[start + offset], span * size
    return keys, span


def _numeric(values: Sequence[str], numbers: Numbers) -> Tokens:
    vocabulary: dict[str, int] = {}
    flat: list[int] = []
    counts = []
    for value in values:
        made = neighbours(value, numbers) if value else []
        counts.append(len(made))
        flat.extend(vocabulary.setdefault(token, len(vocabulary)) for token in made)
    return Tokens(_ends(np.array(counts, dtype=np.int64)), np.array(flat, dtype=np.int64), list(vocabulary))


def neighbours(value: str, numbers: Numbers) -> list[str]:
    """The value's tokens. Raises ``ValueError`` or ``OverflowError`` if it is no number.

    >>> neighbours("25", Numbers(distance=8, resolution=2, precision=0))
    ['88', '96', '104', '112', '120']
    """
    middle = _on_grid(value, numbers)
    return [str(middle + step * numbers.distance) for step in range(-numbers.resolution, numbers.resolution + 1)]


def _on_grid(value: str, numbers: Numbers) -> int:
    # all is times 2 * resolution, which saves dividing the distance
    scale: int = 10**numbers.precision
    try:
        whole = int(value, base=10) * scale
    except ValueError:
        # what is no whole number goes through floating point, and without precision is cut, not rounded
        whole = round(float(value) * scale) if numbers.precision else int(float(value))
    fine = whole * 2 * numbers.resolution
    over = fine % numbers.distance
    if over == 0:
        return fine
    return fine - over if over < numbers.distance / 2 else fine + numbers.distance - over
