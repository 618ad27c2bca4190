"""The wheel in clean environments: ``python -m tests.hostile.matrix`` (needs `build`; pip finds the rest).

Built once from a copy of the checkout, then installed beside the oldest dependencies that are allowed, today's, and
pandas 2 and 3, on each Python from 3.11 on that is here; a part of the suite that touches what the dependencies do runs
there, outside the checkout. With ``--whole`` all of it.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # and nothing of linkage: whatever has `build` may run this

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# the lower bounds of pyproject.toml, which this proves, the first pandas for NumPy 2, the first polars and DuckDB whose
# tables Arrow reads, and a pyparsing of matplotlib's time, or it warns
OLDEST = (
    *("numpy==2.0.1", "scipy==1.13.1", "pyarrow==17.0.0", "narwhals==2.0.0", "click==8.1.3", "tqdm==4.66.1"),
    *("python-stdnum==1.19", "matplotlib==3.9.0", "pyparsing==3.1.2", "pandas==2.2.2", "polars==1.3.0"),
    "duckdb==1.1.3",
)
PARTS = (
    *("records", "encode", "encodedfile", "files", "blocks", "normalise", "check", "attach", "release_rejoin"),
    *("identity", "link", "link_several", "candidates", "compare", "estimate", "modelfile", "over_time", "overlap"),
    *("quality", "cli", "cli_centre", "report", "charts", "evaluate", "interop_convert", "hostile_text", "vectors"),
    *("runs", "kinds_of_tables"),
)


@dataclass(frozen=True)
class Environment:
    """A Python, and what is installed beside the wheel: ``pins`` in place of today's."""

    name: str
    python: str
    pins: tuple[str, ...] = ()


def environments() -> list[Environment]:
    """Those that this machine can have."""
    there = {version: path for version in PYTHONS if (path := interpreter(version))}
    first = next(iter(there))
    return [
        Environment(f"Python {first}, oldest dependencies", there[first], OLDEST),
        Environment(f"Python {first}, pandas 2", there[first], ("pandas<3",)),
        *(Environment(f"Python {version}, today's", path, ("pandas>=3",)) for version, path in there.items()),
    ]


@functools.cache
def interpreter(version: str) -> str:
    """The path of this Python, empty if there is none; a shim of pyenv may be there and lead nowhere."""
    homes = sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    for path in (shutil.which(f"python{version}"), *homes):
        asked = [path, "-c", f"import sys; sys.exit('%d.%d' % sys.version_info[:2] != {version!r})"]
        if path and not subprocess.run(asked, capture_output=True, check=False).returncode:
            return path
    return ""


def built(folder: Path) -> Path:
    """The wheel, built where nothing of the checkout's environments is in the way."""
    copy = folder / "source"
    ignored = shutil.ignore_patterns(".venv*", ".git", "build", "dist", "__pycache__", ".pytest_cache")
    shutil.copytree(ROOT, copy, ignore=ignored)
    run([sys.executable, "-m", "build", "-q", "--wheel", "--outdir", str(folder), str(copy)])
    return next(folder.glob("*.whl"))


def tried(each: Environment, wheel: Path, folder: Path, *, whole: bool) -> tuple[bool, str]:
    """Whether the tests pass there, and the last line that they said."""
    shutil.rmtree(folder, ignore_errors=True)
    run([each.python, "-m", "venv", str(folder / "venv")])
    python = str(folder / "venv" / "bin" / "python")
    others = ["pytest", "pytest-xdist", "hypothesis", "pandas", "polars", "duckdb", "matplotlib", "bitarray"]
    install = [python, "-m", "pip", "install", "-q", str(wheel), *others, *each.pins]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        return False, f"could not be installed: {done.stderr.strip().splitlines()[-1][:200]}"
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    chosen = ["tests", "--ignore=tests/test_benchmarks.py"] if whole else [f"tests/test_{part}.py" for part in PARTS]
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile", "-p", "no:cacheprovider", *chosen],
        cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    said = done.stdout.strip().splitlines()
    return done.returncode == 0, said[-1] if done.returncode == 0 else "\n".join(said[-40:])


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": ""})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--whole", action="store_true", help="all tests, in each")
    parser.add_argument("--only", default="", help="environments whose name has this in it")
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        wheel = built(Path(place))
        print(f"{wheel.name}", flush=True)
        for each in environments():
            if options.only not in each.name:
                continue
            started = time.monotonic()
            passed, said = tried(each, wheel, Path(place) / "tried", whole=options.whole)
            failed += not passed
            word = "passed" if passed else "FAILED"
            print(f"{each.name}: {word}, {time.monotonic() - started:,.0f} s: {said}", flush=True)
    for version in PYTHONS:
        if not interpreter(version):
            print(f"Python {version}: not on this machine")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
