"""Who works, with how much memory, and whether progress shows: what every long step is told."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TypedDict


class Limits(TypedDict):
    """Workers in the place of threads, or None; threads, None for all cores; memory in bytes; progress."""

    executor: Executor | None
    threads: int | None
    memory: int
    progress: bool | None
