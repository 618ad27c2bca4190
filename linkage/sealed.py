"""What an error may carry out of a step that sees people or the key: what the library says, and nothing else.

A traceback holds every function that was running, and each of these its variables: values of people, the key, what was
derived from it. Notebooks, error trackers and rich tracebacks show them. And what NumPy, Arrow or Python itself say of
a fault may quote the value that they failed on. So the entries into the library that see such things are `sealed`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dis import opmap
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, TypeVar

from linkage.errors import LinkageError, LinkageWarning, UnexpectedError
from linkage.memoryleft import is_for_want_of_memory

SHOWN = "LINKAGE_TRACEBACK"
"""The environment variable that leaves everything in, to find a fault with invented people."""

Given = ParamSpec("Given")
Made = TypeVar("Made")

_OURS = Path(__file__).parent
_RAISE = opmap["RAISE_VARARGS"]


def sealed(step: Callable[Given, Made]) -> Callable[Given, Made]:
    """The same function, out of which an error comes without the frames it passed, and without what was its cause.

    Its type stays, and its text where this library wrote it, or the operating system: anything else becomes an
    `UnexpectedError` that says what was raised where, or a ``MemoryError`` where that was the reason. Ctrl-C stays what
    it is.
    """

    @functools.wraps(step)
    def entry(*given: Given.args, **named: Given.kwargs) -> Made:
        try:
            return step(*given, **named)
        except BaseException as error:
            if os.environ.get(SHOWN):
                raise
            told = _told(error)
        # this frame is the one that stays in the traceback: with them the table would be in it
        del given, named
        try:
            raise told
        finally:
            del told  # or error, traceback and frame would hold one another

    return entry


def _told(error: BaseException) -> BaseException:
    told = error
    if is_for_want_of_memory(error):
        told = MemoryError()
    elif isinstance(error, Exception) and not _is_ours(error):
        told = UnexpectedError(f"{type(error).__name__} in {_place(error)}; set {SHOWN}=1 to see all of it")
    told.__traceback__ = told.__cause__ = told.__context__ = None
    return told


def _is_ours(error: Exception) -> bool:
    """Whether no value can be in its text: this library wrote it, or it says what the system lacks."""
    if isinstance(error, LinkageError | LinkageWarning | OSError | MemoryError):
        return True
    first = error.__traceback__
    if first is None or first.tb_next is None:  # arguments that the function does not have
        return True
    last = _last(error.__traceback__)
    code = last.tb_frame.f_code
    # int("Smith") fails in our line too, with a text that is not ours: only a `raise` there wrote it
    return Path(code.co_filename).is_relative_to(_OURS) and code.co_code[last.tb_lasti] == _RAISE


def _place(error: Exception) -> str:
    last = _last(error.__traceback__)
    return f"{Path(last.tb_frame.f_code.co_filename).name}, line {last.tb_lineno}"


def _last(where: TracebackType | None) -> TracebackType:
    assert where is not None
    while where.tb_next is not None:
        where = where.tb_next
    return where
