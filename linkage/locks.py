"""Locks on open files, which end with the process that holds them, so that one that was killed leaves none behind."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_AGAIN_SECONDS = 0.05


@contextlib.contextmanager
def locked(descriptor: int, path: Path, *, wait: bool = True) -> Iterator[None]:
    """Nobody else holds the open file meanwhile; without ``wait`` ``BlockingIOError`` where somebody does.

    Another ``OSError``, with the path, where files can't be locked, as on some network file systems.
    """
    if fcntl is None:
        with _first_byte_locked(descriptor, path, wait=wait):
            yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError as error:
        raise OSError(error.errno, f"can't be locked: {error.strerror}", str(path)) from None
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextlib.contextmanager
def locked_beside(path: Path) -> Iterator[None]:
    """The same of a file that is replaced when it is written, and may not be there yet.

    Its folder is locked; Windows opens no folders, and locks an empty file beside it.
    """
    if fcntl is None:
        descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    else:
        descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        with locked(descriptor, path):
            yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _first_byte_locked(descriptor: int, path: Path, *, wait: bool) -> Iterator[None]:
    """As Windows does it: its own way to wait gives up after ten seconds."""
    msvcrt: Any = importlib.import_module("msvcrt")  # it has no types elsewhere
    while True:
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            break
        except OSError:
            if not wait:
                raise BlockingIOError(errno.EACCES, "is locked", str(path)) from None
            time.sleep(_AGAIN_SECONDS)
    try:
        yield
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
