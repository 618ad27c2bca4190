"""A date as people write it, in its plain form, into year, month and day."""

from __future__ import annotations

import re

from linkage.agency import tables

_FIRST_YEAR, _LAST_YEAR = 1850, 2100
_EIGHT = re.compile(r"\d{8}\Z")
_RUN_TOGETHER = re.compile(r"(\d{1,2})([a-z]{3,9})(\d{4})\Z")  # 03apr2019


def date_parts(plain: str, *, day_first: bool) -> tuple[int, int, int] | None:
    """Year, month, day as written, 0 for a part that is not there; None if it is no date."""
    if _EIGHT.match(plain):
        return _eight_digits(plain, day_first=day_first)
    words = _RUN_TOGETHER.sub(r"\1 \2 \3", plain).split()
    if 2 <= len(words) <= 3 and any(word in tables.MONTHS for word in words):
        words, month_named = [str(tables.MONTHS.get(word, word)) for word in words], True
    else:
        month_named = False
    words = [re.sub(r"(?<=\d)(st|nd|rd|th)\Z", "", word) for word in words]
    if not all(word.isascii() and word.isdigit() and len(word) <= 4 for word in words):
        return None
    numbers = [int(word) for word in words]
    if len(words) == 1:
        return (numbers[0], 0, 0) if len(words[0]) == 4 else None
    if len(words) == 2:
        return _year_and_month(words, numbers)
    if len(words) != 3:
        return None
    if len(words[0]) == 4:
        return numbers[0], numbers[1], numbers[2]
    if len(words[2]) != 4:
        return None
    named_first = month_named and plain.split()[0] in tables.MONTHS
    day, month = (numbers[1], numbers[0]) if named_first or not (day_first or month_named) else (numbers[0], numbers[1])
    if month > 12 >= day:  # 12/25/2019 where the day comes first: then 12 is no day either
        return numbers[2], month, 99
    return numbers[2], month, day


def _year_and_month(words: list[str], numbers: list[int]) -> tuple[int, int, int] | None:
    if len(words[0]) == 4:
        return numbers[0], numbers[1], 0
    return (numbers[1], numbers[0], 0) if len(words[1]) == 4 else None


def _eight_digits(text: str, *, day_first: bool) -> tuple[int, int, int]:
    # a year at the end can't be a month and a day too, so the readings never clash; at the front it can be a day and
    # a month: 20121985 is the 20th of December
    if not _FIRST_YEAR <= int(text[4:]) <= _LAST_YEAR:
        return int(text[:4]), int(text[4:6]), int(text[6:])
    first, second = int(text[:2]), int(text[2:4])
    return (int(text[4:]), second, first) if day_first else (int(text[4:]), first, second)


def parts_in_range(year: int, month: int, day: int) -> tuple[int, int, int]:
    """The same with 0 for a part that can't be: each is missing alone, the others remain evidence."""
    year = year if _FIRST_YEAR <= year <= _LAST_YEAR else 0
    month = month if 1 <= month <= 12 else 0
    longest = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1] if month else 31
    return year, month, day if 1 <= day <= longest else 0
