"""The standing result: pairs and records with their link ids, from what was decided about rows of the sets."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.central.disclosing.disclose import new_link_ids
from linkage.encoded import EncodedSet
from linkage.links import Links
from linkage.pairs import Pairs
from linkage.quality import Quality

if TYPE_CHECKING:
    import pyarrow as pa

    from linkage.central.several import Decided
    from linkage.kept import Kept


def standing(
    sets: Sequence[EncodedSet],
    linked: Sequence[Pairs],
    group: NDArray[np.int32],
    cut: Mapping[str, float],
    *,
    conflicts: Sequence[Pairs] = (),
    quality: Quality | None = None,
) -> Links:
    """Links of ``sets``, whose records one set after another are of ``group``.

    ``linked`` are pairs of one group, ``conflicts`` pairs above the cut that ended up in two.
    """
    release_key = secrets.token_bytes(32)
    sources, ids = [each.source for each in sets], [each.record_ids for each in sets]
    records = _records(sets, new_link_ids(sources, ids, group, release_key))
    named = _named(linked)
    return Links(
        pairs=named,
        conflicts=_named(conflicts) if conflicts else named.slice(0, 0),
        records=records,
        sources=tuple(sources),
        schema=sets[0].schema,
        key_check=sets[0].key_check,
        cut=cut,
        release_key=release_key,
        quality=quality,
    )


def carried_on(
    decided: Decided, link_ids: pa.StringArray, events: pa.Table, kept: Kept, *, release_key: bytes
) -> Links:
    """Links of what was decided of several sets, with link ids that stay."""
    sets = decided.sets
    pairs, conflicts = _named(decided.linked), _named(decided.conflicts)
    return Links(
        pairs=pairs,
        conflicts=conflicts,
        records=_records(sets, link_ids),
        sources=tuple(each.source for each in sets),
        schema=sets[0].schema,
        key_check=sets[0].key_check,
        cut=decided.cut,
        release_key=release_key,
        events=events,
        kept=kept,
    )


def _records(sets: Sequence[EncodedSet], link_ids: pa.StringArray) -> pa.Table:
    import pyarrow as pa

    ids = [each.record_ids for each in sets]
    return pa.table(
        {
            "source": pa.array([each.source for each in sets for _ in range(len(each))], pa.string()),
            "record_id": pa.concat_arrays(
                [part.combine_chunks() if hasattr(part, "combine_chunks") else part for part in ids]
            ),
            "link_id": link_ids,
        }
    )


def _named(found: Sequence[Pairs]) -> pa.Table:
    """All pairs in one table, in the order of sources and rows, which is that of ids."""
    import pyarrow as pa

    tables = []
    for pairs in sorted(found, key=lambda pairs: (pairs.left_set.source, pairs.right_set.source)):
        table = pairs.to_arrow()
        tables.append(
            pa.table(
                {
                    "left_source": pa.array([pairs.left_set.source] * len(pairs), pa.string()),
                    "left_id": table["left_id"],
                    "right_source": pa.array([pairs.right_set.source] * len(pairs), pa.string()),
                    "right_id": table["right_id"],
                    **pairs.measures(),
                }
            )
        )
    if len(tables) == 1:
        return tables[0]
    order = ("left_source", "left_id", "right_source", "right_id")
    return pa.concat_tables(tables).sort_by([(name, "ascending") for name in order]).combine_chunks()
