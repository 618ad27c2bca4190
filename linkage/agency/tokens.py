"""A cleaned value into its tokens: what says most plainly what they are; `kernels` makes the same of many at once.

Tokens are what two values of one thing have in common when a person has mistyped one of them. Equal
tokens of one key group become equal bit positions, so a token says what it is: ``Y1937`` is a year,
``M11`` a month; q-grams of names are bare, so that a given name in the surname's place is still seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from linkage.field import Field

Tokeniser = Callable[[str], list[str]]


def tokeniser(field: Field) -> Tokeniser:
    """The function from a cleaned value of ``field`` to its distinct tokens; never empty for a value.

    >>> tokeniser(Field(name="surname", type="name"))("li wu")
    [' l', 'li', 'i ', ' w', 'wu', 'u ']
    >>> tokeniser(Field(name="age", type="number", reach=1))("41")
    ['N40', 'N41', 'N42']
    """
    tokens = every_token(field)
    return lambda value: list(dict.fromkeys(tokens(value)))


def every_token(field: Field) -> Tokeniser:
    """The same in the order of the value, one that comes twice as often as it comes."""
    made: dict[str, Callable[[str], Iterator[str]]] = {
        "qgrams": lambda value: _qgrams(value, field.q),
        "positional_qgrams": lambda value: _positional_qgrams(value, field.q),
        "date_parts": _date_parts,
        "postcode_levels": _postcode_levels,
        "neighbours": lambda value: _neighbours(value, field.reach),
        "exact": lambda value: iter((f"={value}",)),
    }
    tokens = made[field.tokens]
    return lambda value: list(tokens(value))


def _qgrams(value: str, q: int) -> Iterator[str]:
    # each word padded by itself: the order of words does not matter, and half of a double-barrelled name is half
    pad = " " * (q - 1)
    for word in value.split(" "):
        padded = f"{pad}{word}{pad}"
        yield from (padded[start : start + q] for start in range(len(padded) - q + 1))


def _positional_qgrams(value: str, q: int) -> Iterator[str]:
    pad = " " * (q - 1)
    padded = f"{pad}{value}{pad}"
    yield from (f"{start}:{padded[start : start + q]}" for start in range(len(padded) - q + 1))


# how often each part of a date is there. Year, month and day weigh 18, 9 and 12 of 39, so that the overlap of two dates
# tells which of them agree, without a filter of twelve months that their frequencies would give away: 30 of 39 tokens
# are left where the month differs, 27 to 29 with the day, 26 where both are exchanged, 21 with the year, 18 of a year
_YEAR, _DIGIT_OF_YEAR, _MONTH, _DAY, _DIGIT_OF_DAY, _EXCHANGED = 12, 3, 5, 4, 2, 4


def _date_parts(value: str) -> Iterator[str]:
    """Year, month, day; a slipped digit keeps the tokens of the other; exchanged day and month share their X tokens."""
    year, month, day = value[:4], value[5:7], value[8:]
    if year != "0000":
        yield from _copies(f"Y{year}", _YEAR)
        yield from _copies(f"Y{year[:3]}.", _DIGIT_OF_YEAR)
        yield from _copies(f"Y{year[:2]}.{year[3]}", _DIGIT_OF_YEAR)
    if month != "00":
        yield from _copies(f"M{month}", _MONTH)
        yield from _copies(f"X{month}", _EXCHANGED)
    if day != "00":
        yield from _copies(f"D{day}", _DAY)
        yield from _copies(f"D{day[0]}.", _DIGIT_OF_DAY)
        yield from _copies(f"D.{day[1]}", _DIGIT_OF_DAY)
        yield from _copies(f"X{day}" if day != month else f"X{day} twice", _EXCHANGED)


def _copies(token: str, n_copies: int) -> Iterator[str]:
    """The token, and itself numbered: each copy sets positions of its own."""
    yield token
    yield from (f"{token} {number}" for number in range(2, n_copies + 1))


def _postcode_levels(value: str) -> Iterator[str]:
    """Every prefix at which postcodes are read (area, district, sector, unit), and each letter's place."""
    inward = len(value) - 3
    if inward >= 2 and value[inward].isdigit() and value[inward + 1 :].isalpha():
        area = 2 if value[1].isalpha() else 1
        prefixes = {area, inward, inward + 1, len(value)}
        yield from (f"O{place}{letter}" for place, letter in enumerate(value[:inward]))
        yield from (f"I{place}{letter}" for place, letter in enumerate(value[inward:]))
    else:
        prefixes = set(range(1, len(value) + 1))
        yield from (f"O{place}{letter}" for place, letter in enumerate(value))
    yield from (f"P{value[:length]}" for length in sorted(prefixes))


def _neighbours(value: str, reach: int) -> Iterator[str]:
    """The value's step and ``reach`` steps to either side (Vatsalan and Christen 2016)."""
    middle = int(value)
    yield from (f"N{step}" for step in range(middle - reach, middle + reach + 1))
