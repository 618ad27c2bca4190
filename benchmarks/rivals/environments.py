"""Make an environment for every rival, beside this file: their pins fight, so each has its own.

    python benchmarks/rivals/environments.py [name ...]

`.venv-<name>` from `requirements-<name>.txt` here or one folder up (pseudopeople, which makes data). One that was
made whole from the same requirements is left as it is; any other is made anew. anonlink needs Python 3.11.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent


def requirements() -> dict[str, Path]:
    """Environment -> the file of its pins."""
    files = [*HERE.glob("requirements-*.txt"), *HERE.parent.glob("requirements-*.txt")]
    return {file.stem.removeprefix("requirements-"): file for file in sorted(files)}


def python(name: str) -> Path:
    """The interpreter of that environment, made or not."""
    folder = HERE / f".venv-{name}"
    return folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python"


def made(name: str) -> bool:
    """Whether the environment is there, whole, and has today's pins."""
    mark = _mark(name)
    return mark.exists() and mark.read_bytes() == requirements()[name].read_bytes()


def make(name: str) -> None:
    """Make one environment; raises if a package cannot be had."""
    folder = HERE / f".venv-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    subprocess.run([python(name), "-m", "pip", "install", "--quiet", "-r", requirements()[name]], check=True)
    shutil.copyfile(requirements()[name], _mark(name))


def _mark(name: str) -> Path:
    # written last, so that half an environment is not taken for one
    return HERE / f".venv-{name}" / "made-from.txt"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"default all: {', '.join(requirements())}")
    failed = []
    for name in parser.parse_args().names or requirements():
        if made(name):
            print(f"{name}: there already")
            continue
        try:
            make(name)
            print(f"{name}: made")
        except subprocess.CalledProcessError:
            failed.append(name)
            print(f"{name}: FAILED, its packages could not be installed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
