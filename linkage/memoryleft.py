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

# what the loader says of a library that does not fit under a limit of addresses, and Python of a thread
_NO_ROOM = ("failed to map segment", "annot allocate memory", "cannot map zero-fill pages", "can't start new thread")
# and of a package whose own import swallowed what the loader said: under a limit that is why it ends half way
_HALF_IMPORTED = "partially initialized module"


def is_for_want_of_memory(error: BaseException) -> bool:
    """Whether an error that is no ``MemoryError`` says that there was too little: what the loader says, or Python."""
    if isinstance(error, AttributeError) and addresses_are_limited():
        return _HALF_IMPORTED in str(error)
    return isinstance(error, ImportError | RuntimeError) and any(sign in str(error) for sign in _NO_ROOM)


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


def addresses_are_limited() -> bool:
    """Whether this process may have so many and no more (RLIMIT_AS, `ulimit -v`)."""
    if os.name != "posix":  # pragma: no cover  # no such limits
        return False
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def take_no_more_than_needed() -> None:
    """Have Arrow, where addresses are limited, take them one by one; to be called before it is imported.

    Its own pool takes a GiB at once if there is one, and in what is left by that no thread can start: that was the end
    of processes that were allowed 1,360 to 1,400 MiB.
    """
    if addresses_are_limited():
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def arrow_may_start_threads() -> bool:
    """Whether Parquet may be decoded by several: what runs out of memory in one of Arrow's threads ends the process."""
    return not addresses_are_limited()


def too_little(path: Path) -> LimitError:
    """The error for a file that can't be read for want of memory."""
    return LimitError(
        f"{path}: there is not enough memory to read it, or a thread can't be had; free some, or raise the limit of "
        "this process. If the file should be small, it was damaged and claims to be large"
    )
