"""Which implementation runs: the best that this installation and processor have, or the one that is forced."""

from __future__ import annotations

import functools
import os
import warnings
from typing import Any

from linkage.central.kernels import portable
from linkage.errors import LinkageWarning

VARIABLE = "LINKAGE_KERNEL"

Implementation = Any  # the module `portable`, or a `Compiled`


def chosen() -> Implementation:
    """The implementation in use."""
    return _implementation(os.environ.get(VARIABLE, ""))


def available() -> tuple[str, ...]:
    """What this installation and processor can run, best first; "portable" always can."""
    extension = _extension()
    return (*extension.levels(), "portable") if extension else ("portable",)


def name() -> str:
    """The implementation in use, for people."""
    return "portable (NumPy)" if chosen() is portable else f"compiled ({chosen().level})"


def is_compiled() -> bool:
    """Whether the implementation in use is a compiled one."""
    return chosen() is not portable


@functools.cache
def _implementation(wanted: str) -> Implementation:
    found = available()
    if wanted and wanted not in found:
        raise ValueError(f"{VARIABLE}={wanted[:40]!r}: this installation runs {', '.join(found)}")
    if not wanted and found == ("portable",):
        warnings.warn(
            "the compiled kernels are missing (was there no C compiler when the package was installed?): comparison "
            f"runs on NumPy and takes many times longer. {VARIABLE}=portable says that this is meant",
            LinkageWarning,
            stacklevel=2,
        )
    level = wanted or found[0]
    if level == "portable":
        return portable
    from linkage.central.kernels.compiled import Compiled

    return Compiled(_extension(), level)


@functools.cache
def _extension() -> Any:
    try:
        from linkage.central.kernels import _compiled
    except ImportError:
        return None
    return _compiled
