"""Kernel calls whose arrays another thread writes into meanwhile: ``python -m tests.hostile.scribble --seconds 2``.

The calls are those that encoding, comparing and linking some hundred people make, recorded with their arrays. Each is
made again and again while a thread fills one of the arrays after another with rubbish and puts back what was there.
What the calls answer means nothing; that the process goes on is what is tried, best under AddressSanitizer.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

ROOMS = ("linkage.central.kernels._compiled", "linkage.agency.kernels._compiled")
ALLOWED = (ValueError, TypeError, OverflowError, MemoryError, BufferError)
Call = tuple[str, Callable[..., Any], tuple[Any, ...]]


def recorded() -> list[Call]:
    """The largest call of each function, and of each kind of arguments."""
    found: dict[tuple[str, str], tuple[int, Call]] = {}
    real = {room: importlib.import_module(room) for room in ROOMS}

    def watched(room: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any) -> Any:
            arrays: list[Any] = []
            copy = copied(given, arrays)
            key, size = (f"{room.split('.')[1]}.{name}", shape_of(given)), sum(each.nbytes for each in arrays)
            if size > found.get(key, (-1,))[0]:
                found[key] = size, (key[0], function, copy)
            return function(*given)

        return called

    for room, module in real.items():
        stand_in = types.ModuleType(room)
        for name in dir(module):
            value = getattr(module, name)
            setattr(stand_in, name, watched(room, name, value) if callable(value) and name != "levels" else value)
        sys.modules[room] = stand_in
    work()
    sys.modules.update(real)
    return [call for _, call in found.values()]


def copied(given: Any, arrays: list[Any]) -> Any:
    """The same arguments with arrays that can be written to, which are listed."""
    if isinstance(given, tuple | list):
        return type(given)(copied(each, arrays) for each in given)
    if isinstance(given, bytes | str | int | float) or given is None:
        return given
    arrays.append(np.array(memoryview(given)))
    return arrays[-1]


def shape_of(given: Any) -> str:
    """How arguments are nested, to one of each kind."""
    if isinstance(given, tuple | list):
        return f"({min(len(given), 3)}{''.join(shape_of(each) for each in given[:3])})"
    return str(given) if isinstance(given, str | bool) else type(given).__name__[0]


def work() -> None:
    """What an agency and a centre do, with each kernel in it."""
    import linkage as lk

    warnings.simplefilter("ignore")
    people, key = lk.study.invent(900, seed=3, agencies=["registry", "childrens_centre"]), lk.Key.generate()
    for profile in ("linkable", "hardened"):
        schema = lk.Schema.preset("uk-person", project="scribble", profile=profile)
        sets = [lk.encode(people[name], schema, key, id=people.ids[name], source=name, progress=False,
                          columns=people.held(name, schema)) for name in people.ids]  # fmt: skip
        lk.link(*sets, progress=False, **({} if profile == "linkable" else {"threshold": 0.8}))
        filters = None if profile == "hardened" else ["surname"]
        lk.compare(*sets, threshold=0.8, filters=filters, progress=False)
        lk.nearest_records(*sets, k=3, threshold=0.5, filters=filters, progress=False)


def rubbish(rng: np.random.Generator, n: int) -> Any:
    """Bytes that are large, negative, or small numbers that may pass for indices."""
    kind = rng.integers(4)
    if kind == 0:
        return rng.integers(0, 256, n, dtype=np.uint8)
    return np.resize(np.array([[0xFF], [0x7F, 0xFF, 0xFF, 0x7F], [9, 0, 0, 0]][kind - 1], dtype=np.uint8), n)


def scribble(arrays: list[Any], good: list[Any], running: threading.Event) -> None:
    """Fill one array after another with rubbish, and put back what was there."""
    rng = np.random.default_rng(1)
    flat = [each.reshape(-1).view(np.uint8) for each in arrays if each.size]
    was = [each.reshape(-1).view(np.uint8) for each in good if each.size]
    while running.is_set():
        place = int(rng.integers(len(flat)))
        flat[place][:] = rubbish(rng, flat[place].size)
        time.sleep(float(rng.random()) * 2e-4)
        flat[place][:] = was[place]


def tried(call: Call, seconds: float) -> Iterator[bool]:
    """Whether each call was answered or refused."""
    _, function, given = call
    arrays: list[Any] = []
    given = copied(given, arrays)
    good = [each.copy() for each in arrays]
    running = threading.Event()
    running.set()
    thread = threading.Thread(target=scribble, args=(arrays, good, running))
    thread.start()
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            for array, before in zip(arrays, good, strict=True):
                array[...] = before
            try:
                function(*given)
                yield True
            except ALLOWED:
                yield False
    finally:
        running.clear()
        thread.join()


def main(arguments: list[str]) -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=2.0, help="for each call")
    asked.add_argument("--only", default="", help="functions whose name holds this")
    options = asked.parse_args(arguments)
    sys.setswitchinterval(1e-5)
    for call in recorded():
        if options.only not in call[0]:
            continue
        faulthandler.dump_traceback_later(60 + options.seconds, exit=True)
        print(f"{call[0]:<26}", end="", flush=True)
        answered = list(tried(call, options.seconds))
        print(f"{sum(answered):>8,} answered {len(answered) - sum(answered):>8,} refused", flush=True)
        faulthandler.cancel_dump_traceback_later()
    print("went on")


if __name__ == "__main__":
    main(sys.argv[1:])
