"""Steps on several threads, results in the order of the items, never more in flight than needed.

Threads, because the hot loops release the interpreter's lock; and one place, so that an error or Ctrl-C
in any step ends all of them and surfaces once.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_count(threads: int | None) -> int:
    """``threads``, or all cores for None. Raises ``ValueError`` below 1."""
    if threads is None:
        return cores()
    if threads < 1:
        raise ValueError("threads: a whole number of at least 1, or None for all cores")
    return threads


def memory_limit(memory: int) -> int:
    """``memory``, or ``ValueError`` unless it is a number of bytes."""
    if memory < 1:
        raise ValueError("memory: a whole number of bytes, such as 1 << 30")
    return memory


def in_order(step: Callable[[Item], Result], items: Iterable[Item], *, threads: int | None) -> Iterator[Result]:
    """``step(item)`` of each item, in order; at most two items a thread are being held.

    >>> list(in_order(abs, [-1, 2, -3], threads=2))
    [1, 2, 3]
    """
    count = thread_count(threads)
    if count == 1:
        for item in items:
            yield step(item)
        return
    pool = ThreadPoolExecutor(count, thread_name_prefix="linkage")
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(step, item))
            if len(waiting) >= 2 * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
