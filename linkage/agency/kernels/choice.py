"""Which implementation runs: the compiled one if this installation has it, unless the other is forced."""

from __future__ import annotations

import functools
import os
import warnings
from typing import Any

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
    implementation = chosen()
    return f"compiled ({implementation.level})" if is_compiled() else "portable (NumPy and hashlib)"


def is_compiled() -> bool:
    """Whether the compiled implementation is in use."""
    return hasattr(chosen(), "level")


@functools.cache
def _implementation(wanted: str) -> Implementation:
    import linkage.agency.kernels.portable as portable

    found = available()
    if not wanted and found == ("portable",):
        warnings.warn(
            "the agency's compiled kernel is missing (was there no C compiler when the package was installed?): "
            f"encoding runs on NumPy and hashlib and takes several times longer. {VARIABLE}=portable says that this "
            "is meant",
            LinkageWarning,
            stacklevel=2,
        )
    # the variable is shared with comparison, which has levels of its own: one unknown here leaves the best
    level = wanted if wanted in found else found[0]
    if level == "portable":
        return portable
    from linkage.agency.kernels.compiled import Compiled

    return Compiled(_extension(), level)


@functools.cache
def _extension() -> Any:
    try:
        from linkage.agency.kernels import _compiled
    except ImportError:
        return None
    return _compiled
