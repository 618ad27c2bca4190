"""Record ids: a keyed stand-in for the agency's own ids, so that neither they nor the row order leave.

Anyone with the key can test a guess at a case number. An agency that minds gives ``id_key``, a key of its
own, to `encode` and `rejoin`: then only it can.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.agency.key import Key, length_prefixed
from linkage.errors import RecordError

if TYPE_CHECKING:
    import pyarrow as pa

ID_BYTES = 16


def id_secret(key: Key, *, project: str) -> bytes:
    """The secret under which record ids are made; from the agency's own key where it has one."""
    return key.derive(project=project, purpose="record ids")


def record_ids(ids: pa.StringArray, secret: bytes, *, source: str, column: str, first_row: int) -> NDArray[np.uint8]:
    """(rows, 16) uint8: the first 128 bits of HMAC-SHA256 of source and id.

    Raises `RecordError` with the row if an id is missing or blank.
    """
    texts = ids.to_pylist()
    for row, text in enumerate(texts, start=first_row):
        if text is None or not text.strip():
            raise RecordError(
                f"row {row:,}, column '{column}': the record has no id", row=row, column=column, rule="id missing"
            )
    return _hashed(texts, secret, source)


def _hashed(texts: Iterable[str], secret: bytes, source: str) -> NDArray[np.uint8]:
    prefix = length_prefixed(source)
    digests = b"".join(hmac.digest(secret, prefix + length_prefixed(text), "sha256")[:ID_BYTES] for text in texts)
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, ID_BYTES)


def hex_ids(halves: NDArray[np.uint64]) -> pa.StringArray:
    """(n, 2) halves of ids as 32 lower-case hex digits each, an Arrow string array."""
    import pyarrow as pa

    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    data = halves.astype(">u8").view(np.uint8).reshape(-1, ID_BYTES)
    text = np.stack([digits[data >> 4], digits[data & 15]], axis=2)
    offsets = np.arange(len(data) + 1, dtype=np.int32) * (2 * ID_BYTES)
    return pa.StringArray.from_buffers(len(data), pa.py_buffer(offsets), pa.py_buffer(text.tobytes()))
