"""What a measurement ran on and with: it stands beside every result."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import linkage as lk
from linkage.agency import kernels as agency_kernels
from linkage.central import kernels

ROOT = Path(__file__).parent.parent
WRITTEN = ("benchmarks/results", "README.md")  # by a rebuild


def machine() -> dict[str, str | int]:
    """Cores, processor, commit; no name of a host or a person."""
    return {"cores": cores(), "cpu": processor(), "python": platform.python_version(), "commit": commit()}


def versions() -> dict[str, str]:
    """Of `linkage`, its kernels, and what it rests on."""
    ours = {"linkage": lk.__version__, "kernel": kernels.name(), "agency_kernel": agency_kernels.name()}
    return ours | {name: version(name) for name in ("numpy", "scipy", "pyarrow")}


def data_versions(*packages: str) -> dict[str, str]:
    """Of what decides the records measured on: `linkage`, which invents or reads them, and ``packages``."""
    return {"linkage": lk.__version__} | {name: version(name) for name in ("numpy", "pyarrow", *packages)}


def cores() -> int:
    """Those this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def share_of_others() -> Iterator[list[float]]:
    """Into the list, when it is over: what share of the processors' time other processes and the host took meanwhile.

    Empty where the system keeps no such account (/proc/stat).
    """
    account = Path("/proc/stat")
    share: list[float] = []
    before, own, start = _busy(account), sum(os.times()[:4]), time.perf_counter()
    yield share
    if before is not None:
        busy = _busy(account) - before - (sum(os.times()[:4]) - own)
        share.append(round(max(0.0, busy) / (time.perf_counter() - start) / (os.cpu_count() or 1), 4))


def _busy(account: Path) -> float | None:
    """Seconds that all processors were busy, or wanted to be and the host had no time for them."""
    if not account.exists():
        return None
    user, nice, system, _, _, interrupts, soft, stolen = map(int, account.read_text().split()[1:9])
    return sum((user, nice, system, interrupts, soft, stolen)) / os.sysconf("SC_CLK_TCK")


def processor() -> str:
    """The processor's model name."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit() -> str:
    """The checkout's commit, "-dirty" if something that decides a result is not committed, empty outside a checkout.

    Results and the README's tables of them decide none: a rebuild writes them as it goes.
    """
    name = _git("rev-parse", "--short=7", "HEAD")
    changed = _git("status", "--porcelain", "--", ".", *(f":!{path}" for path in WRITTEN))
    return f"{name}-dirty" if name and changed else name


def _git(*arguments: str) -> str:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, cwd=ROOT).stdout.strip()
    except FileNotFoundError:
        return ""
