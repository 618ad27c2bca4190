"""What a process that was killed leaves beside its output, and its removal by the next one that writes there.

A part of an output is ``.NAME.<12 hex digits>.part``, a folder in which records are sorted
``.linkage-sort-<12 hex digits>.part``. Whoever writes one holds a lock on it, which goes with the process: what is not
locked and a minute old, or by a wrong clock a minute from now, is nobody's; in the folder of a run, which has a lock of
its own, at any age. Where there are no such locks (Windows, some network file systems) nothing is removed outside a
run's folder, and names tell a person what it is.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover  # Windows
    fcntl = None  # type: ignore[assignment]

SORTING = "linkage-sort-"
_PART = r"[0-9a-f]{12}\.part"
_LONGEST = 230  # bytes; a name has 255, of which a part takes 19
_AGE_SECONDS = 60  # between its making and its lock a part is nobody's for a moment


def hold(descriptor: int) -> bool:
    """Lock what is open until it is closed; whether that is possible here."""
    if fcntl is None:
        return False
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


def hold_folder(folder: Path) -> int:
    """Lock a folder until the descriptor that is returned is closed; -1 where that is not possible."""
    if fcntl is None:  # pragma: no cover  # Windows, which opens no folder either
        return -1
    descriptor = os.open(folder, os.O_RDONLY)
    hold(descriptor)
    return descriptor


def part_of(output: str) -> str:
    """A new name for a part of an output, no longer than a name may be."""
    return f".{_short(output)}.{secrets.token_hex(6)}.part"


def is_part_of(name: str, output: str) -> bool:
    """Whether a file of this name is a part of that output."""
    return re.fullmatch(rf"\.{re.escape(_short(output))}\.{_PART}", name) is not None


def clear(final: Path) -> None:
    """Remove what killed processes left in the folder of ``final``: parts of it, and records being sorted."""
    if fcntl is not None:
        _clear(final.parent, rf"\.({re.escape(_short(final.name))}\.|{SORTING}){_PART}", _AGE_SECONDS)


def clear_all(folder: Path) -> None:
    """Remove every part in a folder that this process alone writes to, however young."""
    _clear(folder, rf"\..+\.{_PART}", None)


def _short(name: str) -> str:
    """The name of an output, as much of it as its parts have room for."""
    own = os.fsencode(name)
    # no half a letter, which macOS would refuse
    return name if len(own) <= _LONGEST else own[:_LONGEST].decode("utf-8", "ignore")


def _clear(folder: Path, name: str, older: int | None) -> None:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in [each for each in entries if re.fullmatch(name, each.name)]:
            with contextlib.suppress(OSError):  # another's, or gone meanwhile
                if older is None or abs(time.time() - entry.stat(follow_symlinks=False).st_mtime) > older:
                    _remove_if_nobodys(Path(entry.path))


def _remove_if_nobodys(path: Path) -> None:
    if fcntl is None:  # pragma: no cover  # Windows, which removes no file that is open
        path.unlink()
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    finally:
        os.close(descriptor)
