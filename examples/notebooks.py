"""The stories as notebooks with their outputs: make them, or check that those kept are what the stories give today.

    python examples/notebooks.py                    runs every story and compares it with its notebook
    python examples/notebooks.py births_reached     one
    python examples/notebooks.py --write            makes the notebooks anew

A story is a script in this folder whose cells begin with ``# %%``; its notebook, of the same name, is made from it and
never edited. A notebook that is out of date, a cell that raises or warns, or a picture that is gone fails. Needs the
extra ``notebooks``.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

HERE = Path(__file__).parent
SCRIPT_ALONE = {"from_clkhash"}  # clkhash pins packages so old that it has no place beside a notebook\'s
SECONDS = 600  # that a cell may take on a busy machine
# Keys and link ids are drawn at random; in a notebook that is compared with itself they are the same each time
SETUP = """
import hashlib as _hashlib, itertools as _itertools, secrets as _secrets, warnings as _warnings
_drawn = _itertools.count()
_secrets.token_bytes = lambda size: _hashlib.shake_256(f"story {next(_drawn)}".encode()).digest(size)
_warnings.simplefilter("error")
_warnings.simplefilter("default", PendingDeprecationWarning)  # the kernel's own, as it stops
%matplotlib inline
%config InlineBackend.figure_format = "png"
%config InlineBackend.rc = {"figure.dpi": 80, "savefig.dpi": 80}
"""


def stories() -> list[Path]:
    """The scripts with cells, in alphabetical order."""
    found = (path for path in HERE.glob("*.py") if path.read_text(encoding="utf-8").startswith("# %%"))
    return sorted(path for path in found if path.stem not in SCRIPT_ALONE)


def made(story: Path) -> NotebookNode:
    """The notebook of a story, run from its first cell to its last in a folder of its own."""
    notebook = jupytext.read(story, fmt="py:percent")
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SETUP))
    with tempfile.TemporaryDirectory() as folder:
        config = Config()
        if sys.platform != "win32":  # sockets of this user alone
            config.KernelManager.transport, config.KernelManager.ip = "ipc", str(Path(folder) / "kernel")
        place = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=place, config=config).execute()
    notebook.cells.pop(0)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # drawn at random otherwise
        cell["metadata"] = {}
        if cell.cell_type == "code":
            cell["execution_count"] = None
            # progress is for whoever waits, and says how long it took
            cell["outputs"] = _joined([each for each in cell["outputs"] if each.get("name") != "stderr"])
            for output in cell["outputs"]:
                output.pop("execution_count", None)
                if output["output_type"] == "execute_result":
                    output["execution_count"] = None
    return notebook


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """What is printed in one go is one output: on a busy machine it arrives in pieces."""
    made: list[NotebookNode] = []
    for each in outputs:
        if made and each["output_type"] == made[-1]["output_type"] == "stream":
            made[-1]["text"] += each["text"]
        else:
            made.append(each)
    return made


def as_text(notebook: NotebookNode) -> list[str]:
    """What a reader would miss if it changed: every cell, and its outputs as text; of a picture that it is there."""
    lines = []
    for cell in notebook.cells:
        lines += [f"[{cell.cell_type}]", *cell.source.splitlines()]
        for output in cell.get("outputs", []):
            kinds = output.get("data", {})
            if "image/png" in kinds:
                lines.append("[picture]")
                continue
            text = kinds.get("text/plain", output.get("text", ""))
            lines += [f"[{output['output_type']} {output.get('name', '')}]", *str(text).splitlines()]
    return lines


def differences(story: Path, notebook: NotebookNode) -> list[str]:
    """Lines that differ from the notebook that is kept; none if it is up to date."""
    kept = story.with_suffix(".ipynb")
    if not kept.exists():
        return [f"{kept.name}: is not there; make it with --write"]
    old = as_text(nbformat.read(kept, as_version=4))
    return list(difflib.unified_diff(old, as_text(notebook), kept.name, "today", lineterm="", n=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="of stories, without .py; default: all")
    parser.add_argument("--write", action="store_true", help="keep the notebooks that are made")
    wanted = parser.parse_args()
    known = {path.stem: path for path in stories()}
    unknown = set(wanted.names) - set(known)
    if unknown:
        parser.error(f"no story {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if sys.platform == "win32":  # what pyzmq needs there
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    stale = []
    for name in wanted.names or known:
        start = time.perf_counter()
        notebook = made(known[name])
        changed = [] if wanted.write else differences(known[name], notebook)
        print(f"{name}: {time.perf_counter() - start:.0f} s{', NOT AS KEPT' if changed else ''}", flush=True)
        print("\n".join(changed[:60]), end="\n" if changed else "")
        stale += [name] if changed else []
        if wanted.write:
            nbformat.write(notebook, known[name].with_suffix(".ipynb"))
    if stale:
        sys.exit(
            f"out of date: {', '.join(stale)}; if that is meant: python examples/notebooks.py --write {' '.join(stale)}"
        )


if __name__ == "__main__":
    main()
