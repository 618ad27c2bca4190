"""Link ids that stay: a person keeps theirs from batch to batch, and every change is told as an event."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

_ID_BYTES = 16


def carried(
    group: NDArray[np.int32], old: pa.StringArray, *, release_key: bytes, step: int
) -> tuple[pa.StringArray, pa.Table]:
    """The link id of each record, null where alone in its group, and the events.

    group   (n,) int32, numbered from 0 in order of their first records
    old     (n,) the link id that each record had, null if none

    An old id stays with the group that has most of its records, and a group with the old id of most of its records; of
    equals the one of the first record. New ids are made from the release key, the step and the group's number: from no
    record, so that a withdrawn one leaves no trace in the id of those it was linked with.

    Events are rows kind, old_link_id, new_link_id, for all records that had the one and have the other now. ``merge``:
    nobody has the old id any more. ``split``: others still have it; the new id is null for records that are alone now.
    ``end``: nobody has it, and its records are alone.
    """
    import pyarrow as pa

    n_groups = int(group.max(initial=-1)) + 1
    linked = np.bincount(group, minlength=n_groups) > 1
    texts: list[str | None] = [None] * n_groups
    coded = old.dictionary_encode()
    names = coded.dictionary.to_pylist()
    code = np.asarray(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
    cells, count = np.unique(code[code >= 0] * n_groups + group[code >= 0], return_counts=True)
    of_code, of_group = cells // max(1, n_groups), cells % max(1, n_groups)
    kept: set[int] = set()
    for cell in np.lexsort((of_group, of_code, -count)).tolist():  # codes are in order of their first records
        name, place = int(of_code[cell]), int(of_group[cell])
        if linked[place] and texts[place] is None and name not in kept:
            texts[place] = names[name]
            kept.add(name)
    for place in np.flatnonzero(linked).tolist():
        if texts[place] is None:
            texts[place] = _made(release_key, step, place)
    told = set()  # of a person in pieces several records may now be alone
    for name, place in zip(of_code.tolist(), of_group.tolist(), strict=True):
        if texts[place] != names[name]:
            kind = "split" if name in kept else "merge" if texts[place] is not None else "end"
            told.add((kind, names[name], texts[place]))
    listed = sorted(told, key=lambda event: (event[0], event[1], event[2] or ""))
    events = {
        column: pa.array([event[place] for event in listed], pa.string())
        for place, column in enumerate(("kind", "old_link_id", "new_link_id"))
    }
    return pa.array([texts[place] for place in group.tolist()], pa.string()), pa.table(events)


def _made(release_key: bytes, step: int, place: int) -> str:
    return hmac.digest(release_key, f"person {step} {place}".encode(), "sha256")[:_ID_BYTES].hex()
