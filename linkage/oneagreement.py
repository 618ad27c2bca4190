"""Sets of one agreement in versions of more and of fewer fields, as sets of the widest: what one lacks is missing.

Filters of one name, settings and key hold the same bits whatever other fields are agreed on. So an agency that still
encodes under an earlier version, without a field that came later, can take part: the field counts as missing in all
of its records, and the model weighs what both sides have.
"""

from __future__ import annotations

import numpy as np

from linkage.disagreement import differences, shared_differences
from linkage.encoded import EncodedSet
from linkage.errors import warn
from linkage.rows import Header, Rows
from linkage.schema import Schema


def in_one_agreement(*sets: EncodedSet) -> tuple[EncodedSet, ...]:
    """The sets under the agreement among them that has all fields of every other.

    They are as given where all agree, or where none has all fields or they differ in more: `require_comparable` says
    in what. Warns with `LinkageWarning` of the fields that a set lacks.
    """
    widest = max(
        (each.schema for each in sets),
        key=lambda schema: (len(schema.fields), len(schema.blocks), schema.fingerprint()),
    )
    if not all(narrower(each.schema, widest) for each in sets):
        return sets
    for each in sets:
        lacking = _lacking(each.schema, widest)
        if lacking:
            warn(f"'{each.source}' was encoded under an agreement without {', '.join(lacking)}: missing in its records")
    return tuple(under(each, widest) for each in sets)


def narrower(schema: Schema, widest: Schema) -> bool:
    """Whether the other is the same agreement, or the same with more fields."""
    return schema == widest or (
        schema.layout == widest.layout == "fields"
        and not _lacking(widest, schema)
        and {block.name for block in schema.blocks} <= {block.name for block in widest.blocks}
        and not shared_differences(schema, widest)
    )


def under(records: EncodedSet, widest: Schema) -> EncodedSet:
    """The set under an agreement of more fields, which are missing in it, and of more blocks, in which nobody is."""
    if records.schema == widest:
        return records
    there = records.filters
    filters = {
        filter.name: there[filter.name] if filter.name in there else _missing(len(records), filter.words)
        for filter in widest.filters
    }
    header = Header(widest, records.source, len(records), records.key_check, records.encoding_version)
    none = np.zeros(len(records), dtype=np.uint64)
    blocks = {block.name: records.blocks.get(block.name, none) for block in widest.blocks}
    return EncodedSet(header, rows=Rows(records.record_ids, filters, records.groups, blocks))


def require_growth(before: Schema, now: Schema) -> list[str]:
    """How an agreement differs from the one it follows, other than by more fields; empty if it doesn't."""
    return [] if narrower(before, now) else differences(before, now)


def _lacking(schema: Schema, widest: Schema) -> list[str]:
    own = {field.name for field in schema.fields}
    return [field.name for field in widest.fields if field.name not in own]


def _missing(n: int, words: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    return np.zeros((n, words), dtype=np.uint64)
