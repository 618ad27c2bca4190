"""All that an exception can be made to tell, by whatever shows it: Python, rich, IPython, a tracker of errors."""

from __future__ import annotations

import io
import traceback
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.traceback import Traceback

import linkage

PACKAGE = Path(linkage.__file__).parent
TOO_LONG = 20_000


def plain(error: BaseException) -> str:
    """As Python prints it."""
    return "".join(traceback.format_exception(error))


def with_locals(error: BaseException) -> str:
    """As Python prints it with variables."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def rich(error: BaseException) -> str:
    """As rich prints it with variables."""
    made = Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_length=None, locals_max_string=None
    )
    console = Console(file=io.StringIO(), width=2_000)
    console.print(made)
    return console.file.getvalue()


def walked(error: BaseException) -> str:
    """Every variable of every frame, of its causes too, and what an exception has beside its text."""
    said, left, seen = [], [error], set()
    while left:
        each = left.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        said += [repr(each), str(each), repr(each.args), repr(vars(each))]
        for frame in _frames(each.__traceback__):
            said += [f"{name} = {_shown(value)}" for name, value in frame.f_locals.items()]
        left += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
    return "\n".join(said)


def ipython(error: BaseException) -> str:
    """As IPython prints it with variables, where it is installed."""
    try:
        from IPython.core.ultratb import VerboseTB
    except ImportError:
        return ""
    return "\n".join(VerboseTB().structured_traceback(type(error), error, error.__traceback__))


WAYS = (plain, with_locals, rich, walked, ipython)


def without_caller(error: BaseException) -> BaseException:
    """The same, from the first frame of the library on: what a caller's own variables hold is the caller's."""
    where = error.__traceback__
    while where is not None and not Path(where.tb_frame.f_code.co_filename).is_relative_to(PACKAGE):
        where = where.tb_next
    return error.with_traceback(where)


def _frames(where: TracebackType | None):
    while where is not None:
        yield where.tb_frame
        where = where.tb_next


def _shown(value: object) -> str:
    try:
        text = repr(value)
        if hasattr(value, "to_pylist"):
            text += repr(value.to_pylist())
        if isinstance(value, bytes | bytearray | memoryview):
            text += bytes(value).hex()
    except BaseException as failed:
        return f"no repr: {type(failed).__name__}"
    return text[:TOO_LONG]
