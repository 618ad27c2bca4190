"""Values into their comparable form, by the type's rules; a value that means "not known" becomes empty.

A cleaner takes one text and gives `Cleaned`: the comparable form (empty for missing) and the name of the
rule the value breaks, if any. A value that can't be read counts as missing and is reported; a value that is
merely odd (a postcode of another country) is kept and reported.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import NamedTuple

from linkage.agency import tables
from linkage.agency.dates import date_parts, parts_in_range
from linkage.field import Field

MAX_LETTERS = 1_000
NOT_UK = "not a UK postcode"

REMEDIES = {
    "a year of two digits could be of either century": "write years with four digits",
    "part of the date is outside its range": "if the month comes before the day, set day_first = false",
    "written as a number with a decimal point": "read the file with identifiers as text",
    "not one of the codes": "add the spelling to the field's codes",
}
"""What to do about a broken rule, where that is known."""


class Cleaned(NamedTuple):
    """A value's comparable form, and the rule it breaks ("" if none)."""

    value: str
    problem: str = ""


Cleaner = Callable[[str], Cleaned]

_NOT_WORD = re.compile(r"[\W_]+")
_NOT_ALNUM = re.compile(r"[^0-9A-Z]+")
_UK_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}\Z")


def cleaner(field: Field) -> Cleaner:
    """The function that cleans one value of ``field``.

    >>> from linkage import Field
    >>> cleaner(Field(name="surname", type="name"))("  O’BRIEN-Łukasz ")
    Cleaned(value='obrien lukasz', problem='')
    >>> cleaner(Field(name="dob", type="date"))("3 Apr 2019").value
    '2019-04-03'
    """
    clean = {
        "name": _name_cleaner,
        "text": _name_cleaner,
        "date": _date_cleaner,
        "postcode": _postcode_cleaner,
        "category": _category_cleaner,
        "number": _number_cleaner,
        "identifier": _identifier_cleaner,
    }[field.type](field)
    extra = frozenset(plain_form(text) for text in field.placeholders)

    def cleaned(text: str) -> Cleaned:
        if len(text) > MAX_LETTERS:
            return Cleaned("", f"longer than {MAX_LETTERS} letters")
        if extra and plain_form(text) in extra:
            return Cleaned("")
        return clean(text)

    return cleaned


def without_diacritics(text: str) -> str:
    """Latin, Greek and Cyrillic letters as plain ones; other scripts as they are.

    >>> without_diacritics("Zoë Ångström Йордан")
    'Zoe Angstrom Иordan'
    """
    if text.isascii():
        return text
    bare = _replaced(unicodedata.normalize("NFKD", text).translate(tables.ACCENTS), tables.LETTERS, _LETTERS)
    return unicodedata.normalize("NFC", bare)


def plain_form(text: str) -> str:
    """Lower case, no diacritics, punctuation as single spaces: the form of the frozen tables."""
    return _parted(_folded(text, case=True, diacritics=True, silent=True))


def _folded(text: str, *, case: bool, diacritics: bool, silent: bool) -> str:
    """Texts that differ in the things named become one; canonically equal texts always do."""
    # silent marks go first and last: ´ decomposes into a space and an accent, and ŉ into an apostrophe and n
    value = _replaced(text, tables.SILENT, _SILENT) if silent else text
    if value.isascii():
        return value.casefold() if case else value
    # compatible forms first: 𝐀 and № are capitals only once decomposed
    value = unicodedata.normalize("NFKC" if diacritics else "NFC", value)
    if case:
        # case before diacritics: the letter table is of small letters, and casefold of İ leaves a mark to drop
        value = value.casefold()
    value = without_diacritics(value) if diacritics else unicodedata.normalize("NFC", value)
    return _replaced(value, tables.SILENT, _SILENT) if silent else value


_SILENT, _LETTERS = (frozenset(map(chr, table)) for table in (tables.SILENT, tables.LETTERS))


def _replaced(text: str, table: Mapping[int, str | None], letters: frozenset[str]) -> str:
    # translate looks in vain for each letter of most texts, which takes it several times as long
    return text if letters.isdisjoint(text) else text.translate(table)


def _parted(text: str) -> str:
    """Words of letters, digits and the vowel signs that belong to them; all else becomes single spaces."""
    if text.isascii():
        return _NOT_WORD.sub(" ", text).strip()
    # Python's \w leaves out combining marks: all but one name of "कि" and "का" would be lost
    letters = [letter if letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc") else " " for letter in text]
    return " ".join("".join(letters).split())


def _name_cleaner(field: Field) -> Cleaner:
    rules = frozenset(field.clean or ())
    no_value = _no_name if field.type == "name" else _no_text

    def clean(text: str) -> Cleaned:
        if no_value(plain_form(text)):
            return Cleaned("")
        silent = "punctuation" in rules
        value = _folded(text, case="case" in rules, diacritics="diacritics" in rules, silent=silent)
        words = (_parted(value) if silent else value).split()
        if "titles" in rules and len(words) == 1 and words[0] in tables.TITLES_ALONE:
            return Cleaned("")
        if "titles" in rules and len(bare := _without_titles(words)) < len(words):
            words = bare
            if no_value(plain_form(" ".join(words))):  # Mr Unknown, Miss Baby Smith
                return Cleaned("")
        if "particles" in rules:
            while (joined := _with_particles_joined(words)) != words:  # de l 0 becomes del 0, and del is a particle
                words = joined
        return Cleaned(" ".join(words))

    return clean


def _no_name(plain: str) -> bool:
    return (
        plain in tables.UNKNOWN
        or plain in tables.UNNAMED
        or plain.split(" ", 1)[0] in tables.UNNAMED_FIRST_WORDS
        or plain.startswith(tables.UNNAMED_BEGINNINGS)
    )


def _no_text(plain: str) -> bool:
    return plain in tables.UNKNOWN or plain in tables.NO_ADDRESS


def _without_titles(words: list[str]) -> list[str]:
    while len(words) > 1 and words[0] in tables.TITLES:
        words = words[1:]
    while len(words) > 1 and words[-1] in tables.SUFFIXES:
        words = words[:-1]
    return words


def _with_particles_joined(words: list[str]) -> list[str]:
    # "mc donald", "van der berg" and "al hassan" are written joined as often as not
    joined: list[str] = []
    prefix = ""
    for word in words[:-1]:
        if word in tables.PARTICLES:
            prefix += word
        else:
            joined.append(prefix + word)
            prefix = ""
    return joined + [prefix + word for word in words[-1:]]


def _date_cleaner(field: Field) -> Cleaner:
    def clean(text: str) -> Cleaned:
        plain = plain_form(_TIME.sub("", text.strip()))
        if not plain or plain in tables.UNKNOWN or plain in ("na", "nk"):
            return Cleaned("")
        if _SHORT_YEAR.match(plain):
            return Cleaned("", "a year of two digits could be of either century")
        parts = date_parts(plain, day_first=field.day_first)
        if parts is None:
            return Cleaned("", "not a date")
        if parts in tables.NO_DATE:
            return Cleaned("")
        year, month, day = parts_in_range(*parts)
        if not (year or month or day):
            return Cleaned("", "" if parts == (0, 0, 0) or parts[0] in (1111, 9999) else "not a date")
        outside = any(given and not kept for given, kept in zip(parts, (year, month, day), strict=True))
        value = f"{year:04}-{month:02}-{day:02}"
        return Cleaned(value, "part of the date is outside its range" if outside else "")

    return clean


_TIME = re.compile(r"(?<=\d)[Tt ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[Zz]|[+-]\d{2}(?::?\d{2})?|[AaPp][Mm])?\Z")
_SHORT_YEAR = re.compile(r"\d{1,2} (?:\d{1,2}|[a-z]{3,9}) \d{2}\Z")


def _postcode_cleaner(field: Field) -> Cleaner:  # noqa: ARG001  # one signature for all types
    def clean(text: str) -> Cleaned:
        value = _NOT_ALNUM.sub("", without_diacritics(text.upper()))
        if not value or _says_unknown(value, text):
            return Cleaned("", _unreadable(value, text))
        if value in tables.NO_POSTCODE or value.startswith(tables.NO_POSTCODE_AREA):
            return Cleaned("")
        value = _letters_where_letters_belong(value)
        return Cleaned(value, "" if _UK_POSTCODE.match(value) else NOT_UK)

    return clean


def _says_unknown(value: str, text: str) -> bool:
    # the table has "not known" with its space, and t.b.c. without its dots
    return plain_form(text) in tables.UNKNOWN or value.lower() in tables.UNKNOWN


def _unreadable(value: str, text: str) -> str:
    # a dash for "none" is missing; letters and digits of another script are a value that gets lost
    return "" if value or not any(letter.isalnum() for letter in text) else "not in Latin letters and digits"


_TO_DIGIT = str.maketrans("OI", "01")
_TO_LETTER = str.maketrans("01", "OI")


def _letters_where_letters_belong(value: str) -> str:
    """O and 0, I and 1 told apart in the last three places, where a UK postcode has a digit and two letters."""
    fixed = value[:-3] + value[-3:-2].translate(_TO_DIGIT) + value[-2:].translate(_TO_LETTER)
    return fixed if _UK_POSTCODE.match(fixed) else value


def _category_cleaner(field: Field) -> Cleaner:
    if field.codes == "sex":
        table, unknown = tables.SEX, tables.UNKNOWN | tables.SEX_UNKNOWN
    else:
        table = {plain_form(word): plain_form(code) for code, words in field.codes or () for word in (code, *words)}
        unknown = tables.UNKNOWN
    closed = bool(field.codes)

    def clean(text: str) -> Cleaned:
        plain = plain_form(text)
        if not plain or (plain in unknown and plain not in table):
            return Cleaned("")
        if closed and plain not in table:
            return Cleaned("", "not one of the codes")
        return Cleaned(table.get(plain, plain))

    return clean


_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?:\D|\Z)|\d{3},)")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z|[+-]?inf(?:inity)?\Z", flags=re.IGNORECASE)


def _number_cleaner(field: Field) -> Cleaner:
    def clean(text: str) -> Cleaned:
        plain = plain_form(text)
        if not plain or plain in tables.UNKNOWN:
            return Cleaned("")
        digits = _THOUSANDS.sub("", text.replace("£", "").strip())
        if not _NUMBER.match(digits):
            return Cleaned("", "" if plain == "nan" else "not a number")
        number = float(digits)
        if not math.isfinite(number) or abs(number / field.step) > 2**53:
            return Cleaned("", "outside the range of numbers")
        return Cleaned(str(math.floor(number / field.step + 0.5)))

    return clean


_DECIMAL_POINT = re.compile(r"(?<=\d)\.0+\Z")  # 4505577104.0: a whole number that passed through a table with gaps


def _identifier_cleaner(field: Field) -> Cleaner:
    def clean(text: str) -> Cleaned:
        whole = _DECIMAL_POINT.sub("", text.strip())
        value = _NOT_ALNUM.sub("", without_diacritics(whole.upper()))
        if not value or value in tables.NO_IDENTIFIER or _says_unknown(value, text):
            return Cleaned("", _unreadable(value, text))
        if len(value) > 3 and len(set(value)) == 1:  # 0000000000, 9999999999
            return Cleaned("")
        wrong = field.scheme == "nhs" and not _is_nhs_number(value)
        if whole != text.strip():
            return Cleaned(value, "written as a number with a decimal point")
        return Cleaned(value, "not an NHS number (length or check digit)" if wrong else "")

    return clean


def _is_nhs_number(value: str) -> bool:
    from stdnum.gb import nhs

    return bool(nhs.is_valid(value))
