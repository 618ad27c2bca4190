"""Texts as a feature's format has them: checked, missing ones replaced, dates and whole numbers rewritten.

A text is only ever looked at once, however many records have it. What breaks the format is told by its rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from linkage.interop.features import Feature
from linkage.interop.tokens import neighbours

_WRITTEN = "%Y%m%d"
_USUAL_N = 64
_MOST_LETTERS = 1 << 26  # of all n-grams of a value, which are held at once
_DIGITS = {"%Y": "(?P<y>[1-9][0-9]{3})", "%m": "(?P<m>[0-9]{2})", "%d": "(?P<d>[0-9]{2})"}


class BrokenError(Exception):
    """A text breaks the format; says the rule, never the text."""


@dataclass(frozen=True)
class Values:
    """``values[i]`` is what is encoded of text i; ``broken`` holds the rule that text i breaks."""

    values: list[str]
    broken: dict[int, str]


def values_of(texts: Sequence[str], feature: Feature, *, validate: bool) -> Values:
    """The value of each text; without ``validate`` only what can't be encoded at all is broken, as in clkhash."""
    check, write, encodable = _checker(feature, validate=validate), _writer(feature), _encodable(feature)
    if check is None and write is None and encodable is None and feature.sentinel is None:
        return Values(list(texts), {})
    values, broken = list(texts), {}
    for place, text in enumerate(texts):
        try:
            if text == feature.sentinel:
                values[place] = feature.replace_with
            else:
                if check is not None:
                    check(text)
                if write is not None:
                    values[place] = write(text)
            if encodable is not None:
                encodable(values[place])
        except BrokenError as error:
            broken[place] = str(error)
            values[place] = ""
    return Values(values, broken)


def _checker(feature: Feature, *, validate: bool) -> Callable[[str], None] | None:
    settings: dict[str, Any] = feature.format or {}
    if not validate or settings["type"] == "date":  # a date is checked as it is rewritten
        return None
    if settings["type"] == "enum":
        return _of_values(frozenset(settings["values"]))
    if settings["type"] == "integer":
        return _in_range(settings.get("minimum"), settings.get("maximum"))
    if "pattern" in settings:
        return _of_pattern(settings["pattern"])
    if settings["case"] == "mixed" and not settings["minLength"] and "maxLength" not in settings:
        return None
    return _of_shape(settings["case"], settings["minLength"], settings.get("maxLength"))


def _of_values(values: frozenset[str]) -> Callable[[str], None]:
    def check(text: str) -> None:
        if text not in values:
            raise BrokenError("not one of the values of the schema")

    return check


def _in_range(low: int | None, high: int | None) -> Callable[[str], None]:
    def check(text: str) -> None:
        number = _whole(text)
        if low is not None and number < low:
            raise BrokenError(f"below {low}")
        if high is not None and number > high:
            raise BrokenError(f"above {high}")

    return check


def _of_pattern(pattern: str) -> Callable[[str], None]:
    matches = re.compile(pattern).fullmatch

    def check(text: str) -> None:
        if matches(text) is None:
            raise BrokenError("not of the schema's pattern")

    return check


def _of_shape(case: str, shortest: int, longest: int | None) -> Callable[[str], None]:
    def check(text: str) -> None:
        if len(text) < shortest:
            raise BrokenError(f"shorter than {shortest} letters")
        if longest is not None and len(text) > longest:
            raise BrokenError(f"longer than {longest} letters")
        if (case == "upper" and text.upper() != text) or (case == "lower" and text.lower() != text):
            raise BrokenError(f"not in {case} case")

    return check


def _writer(feature: Feature) -> Callable[[str], str] | None:
    settings: dict[str, Any] = feature.format or {}
    if settings["type"] == "integer":
        return lambda text: str(_whole(text))
    if settings["type"] == "date":
        return _date_writer(settings["format"])
    return None


def _whole(text: str) -> int:
    try:
        return int(text, base=10)
    except ValueError:
        raise BrokenError("not a whole number") from None


def _date_writer(pattern: str) -> Callable[[str], str]:
    quick = _quick_dates(pattern)

    def write(text: str) -> str:
        match = quick and quick.fullmatch(text)
        if match:
            year, month, day = match["y"], match["m"], match["d"]
            try:
                date(int(year), int(month), int(day))
            except ValueError:
                raise BrokenError(f"not a date written {pattern}") from None
            return f"{year}{month}{day}"
        try:
            return datetime.strptime(text, pattern).strftime(_WRITTEN)
        except ValueError:
            raise BrokenError(f"not a date written {pattern}") from None

    return write


def _quick_dates(pattern: str) -> re.Pattern[str] | None:
    """Dates in full digits, which need no strptime; None for a format that has anything but %Y, %m, %d and signs.

    Years below 1000 are left to strftime, which does not write them alike on all platforms.
    """
    parts = re.split("(%.)", pattern)
    if sorted(parts[1::2]) != sorted(_DIGITS) or any(character.isalnum() for character in "".join(parts[::2])):
        return None
    return re.compile("".join(_DIGITS.get(part) or re.escape(part) for part in parts))


def _encodable(feature: Feature) -> Callable[[str], None] | None:
    encoding = (feature.format or {}).get("encoding", "utf-8")
    wide = feature.n > _USUAL_N
    if encoding != "ascii" and feature.numbers is None and feature.replace_with.isascii() and not wide:
        return None  # a record's text is always UTF-8

    def check(value: str) -> None:
        if wide and (len(value) + feature.n) * feature.n > _MOST_LETTERS:
            raise BrokenError(f"too long for n-grams of {feature.n:,} letters, {_MOST_LETTERS:,} letters in all")
        try:
            value.encode(encoding)
        except UnicodeEncodeError:
            raise BrokenError(f"letters that {encoding} can't write") from None
        if feature.numbers is not None and value:
            try:
                neighbours(value, feature.numbers)
            except (ValueError, OverflowError):
                raise BrokenError("not a number") from None

    return check
