"""What a process that was killed leaves beside its output, and its removal by the next one that writes there.

A part of an output is ``.NAME.<12 hex digits>.part``, a folder in which records are sorted
``.linkage-sort-<12 hex digits>.part``. Whoever writes one holds a lock on it, which goes with the process: what is a
minute old and not locked is nobody's. Where there are no such locks (Windows, some network file systems) nothing is
removed, and names tell a person what it is.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover  # Windows
    fcntl = None  # type: ignore[assignment]

SORTING = "linkage-sort-"
_AGE_SECONDS = 60  # between its making and its lock a part is nobody's for a moment


def hold(descriptor: int) -> bool:
    """Lock what is open until it is closed; whether that is possible here."""
    if fcntl is None:
        return False
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


def clear(final: Path) -> None:
    """Remove what killed processes left in the folder of ``final``: parts of it, and records being sorted."""
    if fcntl is None:
        return
    name = re.compile(rf"\.({re.escape(final.name)}\.|{SORTING})[0-9a-f]{{12}}\.part")
    with contextlib.suppress(OSError), os.scandir(final.parent) as entries:
        for entry in [each for each in entries if name.fullmatch(each.name)]:
            with contextlib.suppress(OSError):  # another's, or gone meanwhile
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > _AGE_SECONDS:
                    _remove_if_nobodys(Path(entry.path))


def _remove_if_nobodys(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    finally:
        os.close(descriptor)
