"""Cleaning of many values at once, for those that are written in the plainest ways; `normalise` says what is right.

A value is plain if nothing has to be known about it: a name of ASCII letters without title or particle, a date in
digits that exists, a postcode of letters and digits, an identifier of digits. Most values are. Whatever is not
certainly so is left to `normalise`, and tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linkage.agency import tables
from linkage.agency.normalise import MAX_LETTERS, plain_form
from linkage.field import Field

if TYPE_CHECKING:
    import pyarrow as pa

Mask = NDArray[np.bool_]

_WORDS = r"^[A-Za-z][A-Za-z' -]*$"
_PARTS_WITH_RULES = "|".join(sorted(tables.TITLES | tables.TITLES_ALONE | tables.SUFFIXES | tables.PARTICLES))
_UNNAMED = "|".join(sorted(tables.UNNAMED_FIRST_WORDS) + [text.strip() for text in tables.UNNAMED_BEGINNINGS])
_NO_NAMES = rf"\b(?:{_PARTS_WITH_RULES})\b|^(?:{_UNNAMED})(?: |$)"
_YEAR_LAST = r"^([0-9]{2})[-/.]([0-9]{2})[-/.]([0-9]{4})$"
_DATE = (
    r"^(?:18[5-9][0-9]|19[0-9]{2}|20[0-9]{2})-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|"
    r"(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|[12][0-9]))$"
)
_UK_POSTCODE = r"^[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}$"
_OTHER_POSTCODE = r"^[A-Z0-9]*[0-9][A-Z0-9]*$"  # a digit, so that it is no word for unknown
_NEITHER_O_NOR_I = r"[2-9A-HJ-NP-Z]{3}$"
_LETTERS = ("diacritics", "case", "punctuation")


@dataclass(frozen=True)
class Plain:
    """Values that were cleaned at once: ``values[i]`` counts only where ``done[i]``."""

    values: pa.StringArray
    done: Mask
    odd: Mask
    """Those that are kept and reported as "not a UK postcode"."""


def plain_values(texts: pa.StringArray, field: Field) -> Plain | None:
    """Which of the texts are plain, and their cleaned form; None if values of such a field never are."""
    cleaners: dict[str, Callable[[pa.StringArray, Field], Plain | None]] = {
        "name": _names,
        "text": _names,
        "date": _dates,
        "postcode": _postcodes,
        "identifier": _identifiers,
    }
    clean = cleaners.get(field.type)
    if clean is None or (field.placeholders and field.type not in ("name", "text")):
        return None
    return clean(texts, field)


def _names(texts: pa.StringArray, field: Field) -> Plain | None:
    import pyarrow.compute as pc

    if not frozenset(_LETTERS) <= frozenset(field.clean or ()):
        return None
    done = _matches(texts, _WORDS) & (_mask(pc.binary_length(texts)) <= MAX_LETTERS)
    values = pc.replace_substring(pc.ascii_lower(texts), "'", "")
    values = pc.ascii_trim(pc.replace_substring_regex(values, "[ -]+", " "), " ")
    no_value = tables.UNKNOWN | tables.UNNAMED | tables.NO_ADDRESS | {plain_form(text) for text in field.placeholders}
    done &= ~_matches(values, _NO_NAMES) & ~_among(values, no_value) & (_mask(pc.binary_length(values)) > 0)
    return _plain(values, done)


def _dates(texts: pa.StringArray, field: Field) -> Plain:
    import pyarrow.compute as pc

    values = pc.replace_substring_regex(texts, _YEAR_LAST, r"\3-\2-\1" if field.day_first else r"\3-\1-\2")
    no_date = [f"{year:04}-{month:02}-{day:02}" for year, month, day in tables.NO_DATE]
    return _plain(values, _matches(values, _DATE) & ~_among(values, no_date))


def _postcodes(texts: pa.StringArray, field: Field) -> Plain:  # noqa: ARG001  # one signature for all types
    import pyarrow.compute as pc

    values = pc.replace_substring(pc.ascii_upper(texts), " ", "")
    ours = _matches(values, _UK_POSTCODE)
    odd = ~ours
    if odd.any():
        others = values.filter(_bools(odd))
        odd[odd] = _matches(others, _OTHER_POSTCODE) & _matches(others, _NEITHER_O_NOR_I)
    done = (ours | odd) & (_mask(pc.binary_length(texts)) <= MAX_LETTERS)
    done &= ~_among(values, tables.NO_POSTCODE) & ~_mask(pc.starts_with(values, tables.NO_POSTCODE_AREA))
    return _plain(values, done, odd)


def _identifiers(texts: pa.StringArray, field: Field) -> Plain:
    import pyarrow.compute as pc

    values = pc.replace_substring(texts, " ", "")
    done = _matches(texts, "^[0-9][0-9 ]*$") & (_mask(pc.binary_length(texts)) <= MAX_LETTERS)
    done &= ~_among(values, tables.NO_IDENTIFIER)
    if field.scheme == "nhs":
        done &= _mask(pc.binary_length(values)) == 10
        done[done] = _nhs_numbers(values.filter(_bools(done)))
    for digit in "0123456789":
        done &= ~_matches(values, f"^{digit}+$")  # 0000000000
    return _plain(values, done)


def _nhs_numbers(values: pa.StringArray) -> Mask:
    """Whether ten digits are an NHS number: weighed 10 to 1 they add up to a multiple of 11."""
    from linkage.agency.textarrays import buffers

    offsets, data = buffers(values)
    digits = data[offsets[0] : offsets[-1]].reshape(-1, 10).astype(np.int64) - ord("0")
    right: Mask = digits @ np.arange(10, 0, -1) % 11 == 0
    return right


def _plain(values: pa.StringArray, done: Mask, odd: Mask | None = None) -> Plain:
    return Plain(values, done, np.zeros_like(done) if odd is None else odd & done)


def _matches(texts: pa.StringArray, pattern: str) -> Mask:
    import pyarrow.compute as pc

    found: Mask = _mask(pc.match_substring_regex(texts, pattern))
    return found


def _among(texts: pa.StringArray, known: Iterable[str]) -> Mask:
    import pyarrow as pa
    import pyarrow.compute as pc

    found: Mask = _mask(pc.is_in(texts, value_set=pa.array(sorted(known), pa.string())))
    return found


def _mask(array: pa.Array) -> NDArray[Any]:
    made: NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return made.copy()


def _bools(mask: Mask) -> pa.BooleanArray:
    import pyarrow as pa

    return pa.array(mask)
