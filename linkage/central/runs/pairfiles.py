"""Pairs as Parquet files of a folder ``pairs`` in that of a run: record ids and measures, for any tool that reads them.

The files can be read as one table: ``pyarrow.parquet.read_table(folder / "pairs")``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

from linkage.central.runs.folder import PAIRS, RunFolder
from linkage.errors import FileFormatError
from linkage.files import written_beside
from linkage.pairs import Pairs
from linkage.parquetfile import writer

_ROWS = 1 << 20  # of links in a file


def write_file(run: RunFolder, name: str, pairs: Pairs) -> None:
    """One file of pairs."""
    table = pairs.to_arrow()
    folder = _folder(run)
    with written_beside(folder / f"{name}.parquet") as part, writer(part, table.schema) as file:
        file.write_table(table)


def digest_of(run: RunFolder, name: str) -> str:
    """Of the files of this name and numbers after it, to the last byte."""
    made = hashlib.sha256()
    for path in sorted(_folder(run).glob(f"{name}-*.parquet")):
        with path.open("rb") as handle:
            made.update(f"{path.name} {hashlib.file_digest(handle, 'sha256').hexdigest()} ".encode())
    return made.hexdigest()


def require_no_others(run: RunFolder, names: Collection[str]) -> None:
    """`FileFormatError` if there are files of other names: whoever reads the folder would take them in."""
    for path in sorted(_folder(run).iterdir()):
        if path.suffix == ".parquet" and path.name.rpartition("-")[0] not in names:
            raise FileFormatError(f"{path}: not what this run wrote; remove it", path=str(path), reason="content")


def remove_files(run: RunFolder, name: str) -> None:
    """What was written under this name and numbers after it by somebody who did not come to its end."""
    for path in _folder(run).glob(f"{name}-*.parquet"):
        path.unlink()


def write_links(run: RunFolder, pairs: Pairs) -> None:
    """All links, in place of those of an earlier end of the same run."""
    remove_files(run, "links")
    for number, start in enumerate(range(0, max(1, len(pairs)), _ROWS)):
        write_file(run, f"links-{number:05}", pairs.take(np.arange(start, min(start + _ROWS, len(pairs)))))


def _folder(run: RunFolder) -> Path:
    folder = run.path / PAIRS
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
