"""A command's errors as one line on stderr and an exit code; no traceback, which could show a person's value.

====  ==========================================================
0     ok
1     unexpected: a fault of this library or of one below it
2     usage
3     bad input: a table, a file, or the agreement itself
4     the parties disagree: agreement, key or version
5     refused for privacy
6     over a limit of memory
130   interrupted; 143 told to end (SIGTERM); 129 its terminal is gone
====  ==========================================================
"""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
import warnings
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import click

from linkage import errors
from linkage.files import looks_like_a_key
from linkage.memoryleft import is_for_want_of_memory
from linkage.sealed import SHOWN

_NO_MEMORY = 6
_EXIT: tuple[tuple[type[BaseException], int], ...] = (
    (errors.UnexpectedError, 1),
    (errors.MismatchError, 4),
    (errors.PrivacyError, 5),
    (errors.LimitError, _NO_MEMORY),
    (errors.LinkageError, 3),
    (MemoryError, _NO_MEMORY),
    (OSError, 3),
)

_told: list[int] = []


def heed_signals() -> None:
    """Leave by way of all clean-up when told to end, so that no part of a file stays behind."""
    for name in ("SIGTERM", "SIGHUP", "SIGINT"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        # else whoever started this wants it ignored, as `nohup` does
        if number and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _stop)


def _stop(number: int, _: object) -> None:
    if _told:  # a second one in the midst of cleaning up would leave what the first was to remove
        return
    _told.append(number)
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)


def say_anything() -> None:
    """What the terminal's encoding lacks is written as an escape, and a stream that was closed takes what comes."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  # as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def run(command: click.Command, arguments: list[str]) -> int:
    """The exit code of a command line; what went wrong is one line on stderr."""
    if any(looks_like_a_key(argument) for argument in arguments):  # before anything repeats it
        _say(
            "error: there is a key on the command line, where every user of this machine and the shell's history can "
            "read it: it is no secret any more. Make another with `linkage keygen`, and give it as --key FILE"
        )
        return 2
    if any("\ud800" <= letter <= "\udfff" for argument in arguments for letter in argument):
        _say("error: an argument is not in the encoding of this system's texts, UTF-8 most often; rename the file")
        return 2
    printed_on = sys.stdout
    try:
        return _ran(command, arguments)
    except SystemExit as told:
        if sys.stdout is not printed_on:  # click has put another in its place, as its reader is gone
            sys.stdout = printed_on
            return _unread()
        return told.code if isinstance(told.code, int) else 1


def leave(code: int) -> NoReturn:
    """End with an exit code; at once if told to, or if there was no memory, when all clean-up is done.

    Python's own end would take down libraries that may be half imported and have threads at work: of 434 commands that
    were stopped one ended with SIGSEGV, its output whole; short of memory some ended so, or with SIGABRT, after they
    had said what was wrong.
    """
    if _told or code == _NO_MEMORY:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # its reader is gone
                stream.flush()
        os._exit(code)
    sys.exit(code)


def _ran(command: click.Command, arguments: list[str]) -> int:
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            warnings.simplefilter("always", errors.LinkageWarning)
            code = command.main(args=arguments, prog_name="linkage", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0  # click gives back the code of an Exit raised inside
    except click.exceptions.Exit as done:
        return done.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _interrupted()
    except click.ClickException as error:
        with suppress(OSError):  # what it is told on may be full
            error.show()
        return 2
    except BrokenPipeError:
        return _unread()
    except Exception as error:
        if _told:  # some C code makes another exception of it, NumPy while it is imported
            return _interrupted() if _told[0] == signal.SIGINT else 128 + _told[0]
        return _explained(error)


def _unread() -> int:
    """The reader of what is printed went away, as `head` does: what was to be written is."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _interrupted() -> int:
    _say("interrupted; nothing half-written is left")
    return 130


def _say(text: str) -> None:
    """On stderr; where nobody can read it, or it is full, the work and its exit code are as they would be."""
    with suppress(OSError, ValueError):
        click.echo(text, err=True)


def _explained(error: Exception) -> int:
    if os.environ.get(SHOWN):
        traceback.print_exc()
    if is_for_want_of_memory(error):
        error = MemoryError()
    for kind, code in _EXIT:
        if isinstance(error, kind):
            what = "unexpected error" if kind is errors.UnexpectedError else "error"
            _say(f"{what}: {_said(error)}")
            return code
    where = traceback.extract_tb(error.__traceback__)[-1]
    ours = Path(where.filename).is_relative_to(Path(__file__).parents[1])
    if ours and isinstance(error, ValueError | TypeError | ImportError):  # a package that an extra brings
        _say(f"error: {error}")
        return 2
    # the text of a foreign error could hold a person's value
    place = f"{Path(where.filename).name}, line {where.lineno}"
    _say(f"unexpected error: {type(error).__name__} in {place}; set {SHOWN}=1 to see all of it")
    return 1


def _said(error: BaseException) -> str:
    if isinstance(error, errors.LinkageError):
        return str(error)
    if isinstance(error, MemoryError):  # Python's own says nothing, Arrow's and NumPy's how much was asked for
        return "there is not enough memory" + (f" ({error})" if str(error) else "") + "; free some, or raise the limit"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    _say(f"warning: {message}")
