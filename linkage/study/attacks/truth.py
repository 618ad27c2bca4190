"""Which encoded record is whom in the adversary's list, for counting alone: no attack is shown it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.agency.key import Key
from linkage.agency.records import Attachable
from linkage.agency.rejoin import hashed_ids
from linkage.encoded import EncodedSet
from linkage.errors import RecordError
from linkage.study.attacks.result import Reidentified
from linkage.study.truth import all_there, column

if TYPE_CHECKING:
    import pyarrow as pa

Whole = NDArray[np.int64]
Floats = NDArray[np.float32] | NDArray[np.float64]


def right_rows(encoded: EncodedSet, known_ids: pa.StringArray, truth: object, truth_key: Key | None) -> Whole:
    """(n,) the row in the adversary's list of each encoded record's person, -1 where he does not have them.

    Raises `RecordError` if the truth has other columns, or none of its pairs is in both sets.
    """
    frame = Attachable.of(truth)
    if not {"left_id", "right_id"} <= set(frame.names):
        raise RecordError("the truth of an attack has columns left_id and right_id", rule="columns")
    lefts, rights = column(frame, "left_id"), all_there(column(frame, "right_id"), "right_id")
    if truth_key is None:
        lefts = all_there(lefts, "left_id")
    else:
        project = encoded.schema.project
        lefts = hashed_ids(lefts, truth_key, project=project, source=encoded.source, column="left_id")
    left_row = {record: row for row, record in enumerate(encoded.record_ids.to_pylist())}
    right_row = {record: row for row, record in enumerate(known_ids.to_pylist())}
    rows = np.full(len(encoded), -1, dtype=np.int64)
    for left, right in zip(lefts.to_pylist(), rights.to_pylist(), strict=True):
        if left in left_row and right in right_row:
            rows[left_row[left]] = right_row[right]
    if len(lefts) and (rows < 0).all():
        raise RecordError(
            "no pair of the truth has both its records here: left_id is a record id of the encoded set, or the "
            "agency's own with truth_key=; right_id is an id of the known list",
            rule="record not found",
        )
    return rows


def counted(
    attack: str,
    encoded: EncodedSet,
    known_ids: pa.StringArray,
    right: Whole,
    claim: tuple[Whole, Whole, Floats],
    *,
    seconds: float,
    details: Mapping[str, float] | None = None,
    left_out: Whole | None = None,
) -> Reidentified:
    """The result of claims, each a row of the encoded set, a row of the list and a confidence.

    ``left_out``: encoded rows that don't count, since the adversary was told who they are.
    """
    import pyarrow as pa

    left, known, confidence = claim
    counts = np.ones(len(encoded), dtype=bool)
    counts[left_out if left_out is not None else []] = False
    order = np.lexsort((left, -confidence))
    order = order[counts[left[order]]]
    left, known, confidence = left[order], known[order], confidence[order]
    hit = right[left] == known
    claims = pa.table(
        {
            "left_id": encoded.record_ids.take(pa.array(left)),
            "right_id": known_ids.take(pa.array(known)),
            "confidence": pa.array(confidence.astype(np.float64)),
            "right": pa.array(hit),
        }
    )
    return Reidentified(
        attack=attack,
        records=int(counts.sum()),
        overlapping=int(np.count_nonzero((right >= 0) & counts)),
        claimed=len(left),
        correct=int(hit.sum()),
        seconds=seconds,
        details=dict(details or {}),
        claims=claims,
    )
