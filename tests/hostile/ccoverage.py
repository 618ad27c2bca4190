"""Which lines of C the kernel tests run: ``python -m tests.hostile.ccoverage``; needs gcc and its gcov.

Builds the kernels with counters into a folder of its own, runs the kernel tests there at every instruction set that
this processor has, and prints a table by file. Lines that another processor's instructions need are not compiled here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = [
    *(
        f"tests/test_kernels{part}.py"
        for part in ("", "_levels", "_bars", "_limits", "_boundary", "_hostile", "_choice")
    ),
    "tests/test_agency_kernels.py",
    "tests/test_harden.py",
]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built(folder)
        for level in levels(folder):
            tried(folder, level)
        print(table(counted(folder)))


def built(folder: Path) -> None:
    """The package with counters, its tests beside it, and its objects where gcov looks for them."""
    options = [f"--config-settings={each}" for each in (
        "cmake.define.LINKAGE_COVERAGE=ON", f"build-dir={folder / 'objects'}"
    )]  # fmt: skip
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--target",
        folder / "package",
        ROOT,
        *options,
    ]
    subprocess.run(command, check=True)
    shutil.copytree(ROOT / "tests", folder / "package" / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder / "package")


def levels(folder: Path) -> list[str]:
    """Instruction sets of this processor."""
    code = "from linkage.central import kernels; print(*kernels.available())"
    said = subprocess.run(
        [_python(), "-c", code], cwd=folder, env=_paths(folder), check=True, capture_output=True, text=True
    )
    return [level for level in said.stdout.split() if level != "portable"]


def tried(folder: Path, level: str) -> None:
    """The kernel tests at one instruction set."""
    options = ["-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib -m 'not slow'"]
    forced = {"LINKAGE_KERNEL": level}
    # what counts is what ran: a test that wants another level than the forced one may well fail
    subprocess.run([_python(), "-m", "pytest", *options, *TESTS], cwd=folder / "package", env=_paths(folder) | forced,
                   check=False, stdout=subprocess.DEVNULL)  # fmt: skip


def counted(folder: Path) -> dict[str, dict[int, int]]:
    """File -> line -> how often it ran, over all files that include it."""
    found: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for data in sorted((folder / "objects").rglob("*.gcda")):
        said = subprocess.run(
            ["gcov", "--json-format", "--stdout", data], cwd=folder, check=True, capture_output=True, text=True
        )
        for line in said.stdout.splitlines():
            for file in json.loads(line)["files"]:
                if "linkage/" in file["file"]:
                    for each in file["lines"]:
                        found[file["file"].rpartition("linkage/")[2]][each["line_number"]] += each["count"]
    return found


def table(found: dict[str, dict[int, int]]) -> str:
    """A line of Markdown for each file, and for all."""
    rows = [(file, sum(map(bool, lines.values())), len(lines)) for file, lines in sorted(found.items())]
    rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    lines = [f"| {file} | {ran:,} of {n:,} | {ran / n:.1%} |" for file, ran, n in rows]
    missed = [f"{file}: lines {', '.join(str(line) for line, times in lines.items() if not times)}"
              for file, lines in sorted(found.items()) if not all(lines.values())]  # fmt: skip
    return "\n".join(["| file | lines run | share |", "|---|---:|---:|", *lines, "", "not run:", *missed])


def _python() -> str:
    return str(getattr(sys, "_base_executable", sys.executable))


def _paths(folder: Path) -> dict[str, str]:
    # an editable install puts itself before any path, by a .pth file that only its own site-packages reads
    return os.environ | {"PYTHONPATH": f"{folder / 'package'}{os.pathsep}{sysconfig.get_path('purelib')}"}


if __name__ == "__main__":
    main()
