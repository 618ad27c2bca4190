"""What can go wrong, one class for each thing a caller can act on.

::

    LinkageError             never raised itself: catch it to catch all of these
    ├─ SchemaError           the agreement is wrong               field, rule
    ├─ RecordError           a table breaks the agreement         row, column, rule
    ├─ FileFormatError       not a file this library can read     path, reason
    ├─ MismatchError         these sets cannot be compared        what, left, right
    ├─ PrivacyError          it would give away more than agreed  measure
    ├─ LimitError            it would need more than allowed      needed, allowed
    ├─ EvidenceError         the data can't say who is whom       -
    └─ UnexpectedError       a fault of this library or another   -

Misuse of an argument stays ``ValueError`` or ``TypeError``. No message ever holds a value
from a person's record, a key, or part of either: messages name the row, the column and the
rule. The command line turns each class into an exit code (``linkage.cli``).
"""

from __future__ import annotations

import difflib
import os
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

_LONGEST = 2_000
_OURS = str(Path(__file__).parent) + os.sep


class LinkageError(Exception):
    """Base of the library's errors.

    A message may name what a stranger's file says, a setting or a column: no control character of it reaches the
    terminal or the log, no writing direction is turned, and it ends after 2,000 letters.
    """

    def __init__(self, message: str) -> None:
        shown = (
            message if message.isprintable() else "".join(c if c.isprintable() or c == "\n" else "?" for c in message)
        )
        super().__init__(shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}...")


class SchemaError(LinkageError, ValueError):
    """The agreement is wrong: names the field and the rule."""

    def __init__(self, message: str, *, field: str | None = None, rule: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.rule = rule


class RecordError(LinkageError, ValueError):
    """A table breaks the agreement: names the row, the column and the rule, never the value."""

    def __init__(
        self, message: str, *, row: int | None = None, column: str | None = None, rule: str | None = None
    ) -> None:
        super().__init__(message)
        self.row = row
        self.column = column
        self.rule = rule


class FileFormatError(LinkageError, ValueError):
    """Not a file this library can read, or one that was damaged."""

    def __init__(self, message: str, *, path: str | None = None, reason: str | None = None) -> None:
        super().__init__(message)
        self.path = path
        self.reason = reason


class MismatchError(LinkageError, ValueError):
    """Two parties disagree: other schema, key, project or encoding version."""

    def __init__(
        self, message: str, *, what: str | None = None, left: str | None = None, right: str | None = None
    ) -> None:
        super().__init__(message)
        self.what = what
        self.left = left
        self.right = right


class PrivacyError(LinkageError, ValueError):
    """Refused, because it would give away more than was agreed."""

    def __init__(self, message: str, *, measure: str | None = None) -> None:
        super().__init__(message)
        self.measure = measure


class LimitError(LinkageError, RuntimeError):
    """Refused, because it would need more memory than the caller allows, or than there is; carries any estimate."""

    def __init__(self, message: str, *, needed: int | None = None, allowed: int | None = None) -> None:
        super().__init__(message)
        self.needed = needed
        self.allowed = allowed


class EvidenceError(LinkageError, RuntimeError):
    """Refused, because the data can't say who is whom: links would be guesses."""


class UnexpectedError(LinkageError, RuntimeError):
    """A fault of this library, of one it uses or of the table's own: what was raised where, but not its text.

    That could hold a person's value. ``LINKAGE_TRACEBACK=1`` in the environment leaves all of it in, frames and
    variables included: for invented people.
    """


class LinkageWarning(UserWarning):
    """Something the result depends on that a person should know, such as a field that is all missing."""


def warn(message: str) -> None:
    """Warn with `LinkageWarning` of the caller's line that called this library, however far in it is noticed."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, LinkageWarning, stacklevel=level)


def nearest(word: object, choices: Iterable[str]) -> str:
    """The end of an error message: the word that was probably meant, and the legal ones.

    >>> nearest("dat", ["date", "name"])
    "did you mean 'date'? The choices are: date, name"
    >>> nearest("xyz", ["date", "name"])
    'the choices are: date, name'
    """
    known = list(choices)
    close = difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
    listed = ", ".join(known)
    return f"did you mean '{close[0]}'? The choices are: {listed}" if close else f"the choices are: {listed}"
