"""Memory for what Arrow and SciPy take without asking: threads, blocks that are read ahead, the buffer of OpenBLAS.

Where a limit (RLIMIT_AS) leaves none, they do not say so: Arrow waits for itself for ever when the first block of a CSV
file can't be had, and ends the process when a later one or a thread can't; OpenBLAS asks again for ever. So it is asked
for before they begin.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

from linkage.errors import LimitError

_STACK = 8 << 20
_REST = 192 << 20  # blocks of files, and what glibc reserves for a thread's memory


def require_memory_to_read(path: Path) -> None:
    """Raise `LimitError` unless there is room to read a file."""
    try:
        require_addresses()
    except MemoryError:
        raise too_little(path) from None


def require_addresses() -> None:
    """Raise ``MemoryError`` unless there may be 192 MiB more of addresses, and 8 for each core; none are taken."""
    if os.name != "posix":  # pragma: no cover  # no such limits
        return
    needed = _REST + _STACK * (os.cpu_count() or 1)
    try:
        mmap.mmap(-1, needed, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ).close()
    except (OSError, MemoryError):
        raise MemoryError("too little is left of what this process may have") from None


def too_little(path: Path) -> LimitError:
    """The error for a file that can't be read for want of memory."""
    return LimitError(
        f"{path}: there is not enough memory to read it, or a thread can't be had; free some, or raise the limit of "
        "this process. If the file should be small, it was damaged and claims to be large"
    )
