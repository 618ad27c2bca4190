"""No copy of a command's memory on disk when it crashes: names and keys would be in it, encodings at the centre.

The limit on core files is set to nought, which the kernel obeys where it writes them itself. Where it gives them to a
program (``systemd-coredump``, ``apport``) it is asked on Linux not to dump this process at all; other processes of the
same user can then not read its memory either, nor attach a debugger. A process of one's own that imports the library is
one's own: SECURITY.md has the two lines. ``LINKAGE_TRACEBACK`` in the environment, for whoever looks for a fault with
invented people, leaves dumps as they are.
"""

from __future__ import annotations

import contextlib
import os
import sys

from linkage.sealed import SHOWN

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def forbid() -> None:
    """From now on, for this process and any it starts the limit, for this process alone the rest."""
    if os.environ.get(SHOWN):
        return
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows; a limit that may not be changed
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):  # a C library without it
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
