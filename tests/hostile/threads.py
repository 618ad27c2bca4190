"""Every kernel from four threads at once, on the same inputs: ``python -m tests.hostile.threads``.

Under ThreadSanitizer (test_kernels_sanitized.py) it shows whether two calls ever touch the same place.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.hostile.scribble import Call, copied, recorded

TIMES = 8


def own_outputs(call: Call, threads: int) -> list[Any]:
    """Arguments for each of several calls: arrays that the call writes into are its own, the others are shared."""
    _, function, given = call
    alone: list[Any] = []
    first = copied(given, alone)
    before = [each.copy() for each in alone]
    function(*first)
    written = [bool((each != was).any()) for each, was in zip(alone, before, strict=True)]
    made = []
    for _ in range(threads):
        arrays: list[Any] = []
        copied(given, arrays)
        chosen = iter(own if is_out else shared for own, shared, is_out in zip(arrays, before, written, strict=True))
        made.append(_with(given, chosen))
    return made


def _with(given: Any, arrays: Any) -> Any:
    if isinstance(given, tuple | list):
        return type(given)(_with(each, arrays) for each in given)
    return given if isinstance(given, bytes | str | int | float) or given is None else next(arrays)


def main() -> None:
    with ThreadPoolExecutor(4) as pool:
        for call in recorded():
            for done in [pool.submit(call[1], *given) for given in own_outputs(call, TIMES)]:
                done.result()
            print(call[0], flush=True)
    print("all of them")


if __name__ == "__main__":
    main()
