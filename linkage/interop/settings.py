"""One setting of a foreign schema: there, of the right kind, in its range. Messages show settings, never records."""

from __future__ import annotations

import math
from typing import Any

from linkage.errors import SchemaError, nearest


def table(given: object, where: str, *, field: str | None = None) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        raise _wrong(where, f"must be an object, {found(given)}", field)
    return given


def text(given: object, where: str, *, field: str | None = None) -> str:
    """A text."""
    if not isinstance(given, str):
        raise _wrong(where, f"must be a text, {found(given)}", field)
    return given


def flag(given: object, where: str, *, field: str | None = None) -> bool:
    """True or false."""
    if not isinstance(given, bool):
        raise _wrong(where, f"must be true or false, {found(given)}", field)
    return given


def choice(given: object, where: str, choices: tuple[str, ...], *, field: str | None = None) -> str:
    """One of some words."""
    if not isinstance(given, str) or given not in choices:
        raise _wrong(
            where, nearest(given, choices) if isinstance(given, str) else f"must be a text, {found(given)}", field
        )
    return given


def whole(given: object, where: str, *, low: int | None, high: int | None = None, field: str | None = None) -> int:
    """A whole number in a range; 15.0 is one too, as it is to JSON."""
    number = int(given) if isinstance(given, float) and given.is_integer() else given
    if isinstance(number, bool) or not isinstance(number, int):
        raise _wrong(where, f"must be a whole number, {found(given)}", field)
    if (low is not None and number < low) or (high is not None and number > high):
        limits = f"from {low:,} to {high:,}" if high is not None else f"of at least {low:,}"
        raise _wrong(where, f"must be a whole number {limits}", field)
    return number


def number(given: object, where: str, *, field: str | None = None) -> float | int:
    """A number; a whole one comes back as an int, so that 5 and 5.0 are the same setting."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise _wrong(where, f"must be a number, {found(given)}", field)
    return int(given) if isinstance(given, float) and given.is_integer() else given


def found(given: object) -> str:
    """What is there instead.

    >>> found(None), found([1])
    ('and is missing', 'not a list')
    """
    kinds = {
        dict: "an object",
        list: "a list",
        str: "this text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return "and is missing" if given is None else f"not {kinds.get(type(given), type(given).__name__)}"


def _wrong(where: str, message: str, field: str | None) -> SchemaError:
    return SchemaError(f"{where}: {message}", field=field, rule=where.rpartition(".")[2].rpartition(" ")[2])
