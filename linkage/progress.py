"""A bar with the time left, on a terminal or in a notebook; nothing when piped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def shown(items: Iterable[Item], *, total: int | None, label: str, unit: str, progress: bool | None) -> Iterator[Item]:
    """The items again, with a bar on stderr.

    ``progress`` None shows it on a terminal or in a notebook only, True always, False never.
    """
    if progress is False or (progress is None and not _someone_watches()):
        yield from items
        return
    from tqdm.auto import tqdm

    yield from tqdm(items, total=total, desc=label, unit=unit, leave=False, dynamic_ncols=True)


def clock(seconds: float) -> str:
    """A time for people.

    >>> clock(0.2), clock(75), clock(7_300)
    ('under a second', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 1:
        return "under a second"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _someone_watches() -> bool:
    if sys.stderr is not None and sys.stderr.isatty():
        return True
    kernel = sys.modules.get("IPython")
    shell = kernel.get_ipython() if kernel is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
