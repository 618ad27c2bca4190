"""Several filters of a set as one: in memory, or in a file beside theirs where they are mapped."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_ROWS = 65_536  # copied at a time


def side_by_side(filters: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """(n, words of all). Of mapped filters it is mapped too: a set that is larger than memory stays so.

    The file lies in the folder of theirs, which a run removes at its end.
    """
    first = filters[0]
    if not isinstance(first, np.memmap) or not isinstance(first.filename, str | os.PathLike):
        return np.concatenate(filters, axis=1)
    n, width = len(first), sum(each.shape[1] for each in filters)
    handle, name = tempfile.mkstemp(prefix="together-", dir=Path(first.filename).parent)
    with os.fdopen(handle, "wb") as file:
        for start in range(0, n, _ROWS):
            file.write(np.concatenate([each[start : start + _ROWS] for each in filters], axis=1).data)
    return np.memmap(name, dtype=np.uint64, mode="r", shape=(n, width))
