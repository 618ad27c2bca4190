"""Distinct texts of one kind, numbered as they come: values that a salt is, forms that a block is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

_TEXT_BYTES = 150


class Values:
    """The texts met so far, by number; the empty one is 0."""

    def __init__(self) -> None:
        self._known = {"": 0}
        self.texts = [""]

    def __repr__(self) -> str:
        return f"Values({len(self.texts)})"

    @property
    def n_bytes(self) -> int:
        """Memory taken."""
        return _TEXT_BYTES * len(self.texts)

    def of(self, values: pa.StringArray) -> NDArray[np.uint64]:
        """(values, 1): the number of each."""
        return np.array([[self.number(value)] for value in values.to_pylist()], dtype=np.uint64).reshape(-1, 1)

    def number(self, text: str) -> int:
        """Of one text, known or new."""
        number = self._known.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number
