"""Which implementation of a room's hot loops runs: the best that installation and processor have, or a forced one.

`agency` and `central` have kernels of their own and never see each other's; how one is chosen is the same in both.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from linkage.errors import warn

VARIABLE = "LINKAGE_KERNEL"

Implementation = Any  # the module `portable`, or a `Compiled` of some level


class Choice:
    """Between the implementations of one package: its module `portable`, and its `compiled` over its `_compiled`.

    ``portable`` says what the first rests on, ``slower`` what it means to have no other. Both rooms read one variable
    and their levels differ: a room that is not ``strict`` takes its best where the variable names a level it lacks.
    """

    def __init__(self, package: str, *, portable: str, slower: str, strict: bool) -> None:
        self._package, self._portable, self._slower, self._strict = package, portable, slower, strict
        self._made: dict[str, Implementation] = {}

    def chosen(self) -> Implementation:
        """The implementation in use."""
        wanted = os.environ.get(VARIABLE, "")
        if wanted not in self._made:
            self._made[wanted] = self._implementation(wanted)
        return self._made[wanted]

    def available(self) -> tuple[str, ...]:
        """What this installation and processor can run, best first; "portable" always can."""
        extension = self.extension()
        return (*extension.levels(), "portable") if extension else ("portable",)

    def name(self) -> str:
        """The implementation in use, for people."""
        return f"compiled ({self.chosen().level})" if self.is_compiled() else f"portable ({self._portable})"

    def is_compiled(self) -> bool:
        """Whether the implementation in use is a compiled one."""
        return hasattr(self.chosen(), "level")

    def extension(self) -> Any:
        """The compiled extension; None if this installation has none."""
        try:
            return importlib.import_module(f"{self._package}._compiled")
        except ImportError:
            return None

    def _implementation(self, wanted: str) -> Implementation:
        found = self.available()
        if self._strict and wanted and wanted not in found:
            raise ValueError(f"{VARIABLE}={wanted[:40]!r}: this installation runs {', '.join(found)}")
        if not wanted and found == ("portable",):
            warn(
                "the compiled kernel is missing (was there no C compiler when the package was installed?): "
                f"{self._slower}. {VARIABLE}=portable says that this is meant"
            )
        level = wanted if wanted in found else found[0]
        if level == "portable":
            return importlib.import_module(f"{self._package}.portable")
        return importlib.import_module(f"{self._package}.compiled").Compiled(self.extension(), level)
