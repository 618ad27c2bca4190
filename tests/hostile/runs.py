"""A run's folder, as it is continued: what says what the run is of, and the parts that are done."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import linkage as lk
from linkage import EncodedSet, Key, Schema, encode

AGENCIES = ("registry", "childrens_centre")
KEY = Key(bytes.fromhex("a1f3095c7be24d886f10c9d2b4e7365a2b91d05f4c83e61a77fe0d3498bc5216"))
_SETS: dict[str, tuple[EncodedSet, EncodedSet]] = {}
_WHOLE = "run that is done"


def run_file(path: Path, part: str) -> Path:
    """A run that came to its end, in a folder beside ``path``; that one file of it, at ``path``."""
    _continued(path.with_name(_WHOLE), part)
    return Path(shutil.copy(path.with_name(_WHOLE) / part, path))


def read_run(path: Path, part: str) -> object:
    """What a run gives that is continued with ``path`` as its part."""
    here = path.with_name("run that goes on")
    shutil.rmtree(here, ignore_errors=True)
    shutil.copytree(path.with_name(_WHOLE), here, copy_function=shutil.copyfile)
    (here / part).unlink()
    (here / part).symlink_to(path)  # a pipe or a device could not be copied
    return _continued(here, part)


def _continued(here: Path, part: str) -> object:
    layout = "fields" if part.startswith(("run", "model", "contenders")) else "record"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        if layout not in _SETS:
            _SETS[layout] = _sets(layout)
        if part.startswith("done"):
            found = lk.compare_to_folder(*_SETS[layout], folder=here, threshold=0.8, progress=False)
            return found.pairs, [each.name for each in sorted(found.folder.iterdir())]
        links = lk.link(*_SETS[layout], run=here, progress=False)
    return links.pairs.to_pydict(), str(links.quality)


def _sets(layout: str) -> tuple[EncodedSet, EncodedSet]:
    people = lk.study.invent(150, seed=5, agencies=list(AGENCIES))
    schema = Schema.preset("uk-person", project="mutation", layout=layout)
    left, right = (
        encode(people[name], schema, KEY, id=people.ids[name], source=name, columns=people.held(name, schema),
               progress=False) for name in AGENCIES
    )  # fmt: skip
    return left, right
