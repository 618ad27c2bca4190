"""Record ids: a keyed stand-in for the agency's own ids, so that neither they nor the row order leave.

Anyone with the key can test a guess at a case number. An agency that minds gives ``id_key``, a key of its
own, to `encode` and `rejoin`: then only it can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.agency import kernels
from linkage.agency.key import Key, length_prefixed
from linkage.agency.textarrays import buffers, text_array
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
    missing = _first_missing(ids)
    if missing is not None:
        row = first_row + missing
        raise RecordError(
            f"row {row:,}, column '{column}': the record has no id", row=row, column=column, rule="id missing"
        )
    return kernels.record_ids(ids, secret, length_prefixed(source))


def _first_missing(ids: pa.StringArray) -> int | None:
    """The place of the first id that is null or nothing but white space."""
    offsets, data = buffers(ids)
    if not len(data):
        return 0 if len(ids) else None
    begins = data[np.minimum(offsets[:-1], len(data) - 1)]  # of an empty text, whatever follows
    unsure = (begins <= ord(" ")) | (begins > ord("~")) | (offsets[1:] == offsets[:-1])
    if ids.null_count:
        unsure |= ids.is_null().to_numpy(zero_copy_only=False)
    for place in np.flatnonzero(unsure).tolist():
        text = ids[place].as_py()
        if text is None or not text.strip():
            return int(place)
    return None


def hex_ids(halves: NDArray[np.uint64]) -> pa.StringArray:
    """(n, 2) halves of ids as 32 lower-case hex digits each, an Arrow string array."""
    width = 2 * ID_BYTES
    return text_array(np.arange(0, width * len(halves) + 1, width, dtype=np.int32), kernels.hex_digits(halves))
