"""Few people of a kind: by what is missing, by rare values, by groups in clear, by blocks.

A class of a few is a class in which they can be found by whoever knows that they belong to it, whatever was done to the
other bits. Ten is the least that is usual in official statistics for tables that are published; a group's own limit is
in the agreement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from linkage.auditing.finding import Finding
from linkage.auditing.tally import Tally
from linkage.schema import Schema

SMALLEST = 10
_FEW_VALUES = 20  # a filter of so many different values at most is a class, not an identifier; one of codes always is
_FEWEST = 50  # records; in fewer, each is one of few in any case
_ALONE_WARN, _ALONE_FAIL = 0.02, 0.1
_IN_SMALL_BLOCKS = 0.05
_EMPTY_WARN, _EMPTY_FAIL = 0.1, 0.5


def class_findings(tally: Tally, schema: Schema) -> list[Finding]:
    """Patterns of missing fields, rare values of filters that have few, and groups."""
    alone = _alone(tally)
    codes = {each.name for each in schema.filters if {schema.field(name).type for name in each.fields} == {"category"}}
    rare = {
        name: _in_small(each.kinds)
        for name, each in tally.filters.items()
        if len(each.kinds) <= _FEW_VALUES or name in codes
    }
    worst = max(rare, key=lambda name: rare[name]) if rare else ""
    small = {each.name: _below(tally.groups.get(each.name, Counter()), each.smallest) for each in schema.groups}
    group = max(small, key=lambda name: small[name]) if small else ""
    filled = max((each.present for each in tally.filters.values()), default=0)
    return [
        Finding(
            name="empty records",
            value=1 - filled / tally.n if tally.n else 1.0,
            unit="share",
            warn_above=_EMPTY_WARN,
            fail_above=_EMPTY_FAIL,
            reason="At least so many records have no value in any field, or there is no record at all: nothing can be "
            "linked by them, and nothing here was measured on them.",
            change="See whether the extract was cut short, and whether columns= names those that hold the values.",
        ),
        Finding(
            name="missing fields",
            value=alone / max(1, tally.n),
            unseen=_unseen(tally),
            unit="share",
            warn_above=_ALONE_WARN,
            fail_above=_ALONE_FAIL,
            reason=f"{alone:,} of {tally.n:,} records lack fields in a way that no other does, and can be found by it.",
            change='Leave out a field that is mostly missing (columns={"field": None}), or use one filter a record.',
        ),
        Finding(
            name="small classes",
            value=rare.get(worst, 0) if tally.n >= _FEWEST else 0,
            unseen=_unseen(tally) or ("" if rare else "no filter stands for so few values"),
            unit="records",
            warn_above=0,
            fail_above=None,
            where=worst if rare.get(worst) and tally.n >= _FEWEST else "",
            reason=f"So many have one of few values, and fewer than {SMALLEST} share it: they stand out.",
            change="Agree on coarser codes for it, or put it into one filter with other fields.",
        ),
        Finding(
            name="group classes",
            value=small.get(group, 0),
            unit="classes",
            warn_above=None,
            fail_above=0,
            where=group if small.get(group) else "",
            reason="Groups travel in clear, and these have fewer records than the agreement allows.",
            change="Make the groups coarser, or leave out the records of the small ones.",
        ),
    ]


def blocks(given: Sequence[Sequence[str]]) -> Finding:
    """How many records lie in a block of fewer than ten."""
    sizes = Counter(block for row in given for block in set(row))
    small = sum(any(sizes[block] < SMALLEST for block in row) for row in given)
    least = min(sizes.values(), default=0)
    return Finding(
        name="block sizes",
        value=small / max(1, len(given)),
        unit="share",
        warn_above=0.0,
        fail_above=_IN_SMALL_BLOCKS,
        reason=f"So many records are in a block of fewer than {SMALLEST} (the smallest has {least:,}). A block says "
        "what its records have in common, and its size how rare that is.",
        change="Block by something coarser: fewer letters, the year in place of the date.",
    )


def keyed_blocks(tally: Tally, schema: Schema) -> Finding:
    """How many records lie in a block of fewer than ten, by rules of the agreement.

    In the ``fields`` layout the filters show as much without them, so that there is no failing by it.
    """
    keys = {name: tally.block_keys(name) for name in tally.blocks}
    alone, largest = np.zeros(tally.n, dtype=np.bool_), {}
    for name, own in keys.items():
        _, place, counts = np.unique(own, return_inverse=True, return_counts=True)
        alone |= (counts < SMALLEST)[place] & (own != 0)
        largest[name] = int(counts[place[own != 0]].max(initial=0))
    common = max(largest, key=lambda name: largest[name])
    return Finding(
        name="keyed blocks",
        unseen="" if any(largest.values()) else "no record has the key of a block",
        value=float(alone.mean()) if tally.n else 0.0,
        unit="share",
        warn_above=_IN_SMALL_BLOCKS,
        fail_above=_IN_SMALL_BLOCKS if schema.layout == "record" else None,
        reason=f"So many records are in a block of fewer than {SMALLEST} by some rule; the largest block has "
        f"{largest[common]:,} records ('{common}'). How large the blocks are can be held against how common names and "
        "dates are, and records that share many blocks are alike, however their filters were hardened.",
        change="Have fewer rules and coarser ones, or none and let the centre find candidates by LSH.",
    )


def _unseen(tally: Tally) -> str:
    if len(tally.filters) < 2:
        return "in one filter a record it does not show by itself"
    return f"fewer than {_FEWEST} records" if tally.n < _FEWEST else ""


def _alone(tally: Tally) -> int:
    """Records whose pattern of missing filters is nobody else's."""
    if len(tally.filters) < 2 or tally.n < _FEWEST:
        return 0
    there = np.stack([np.concatenate(each.values) != 0 for each in tally.filters.values()], axis=1)
    _, counts = np.unique(np.packbits(there, axis=1), axis=0, return_counts=True)
    return int((counts == 1).sum())


def _in_small(kinds: np.ndarray) -> int:
    return int(kinds[kinds < SMALLEST].sum())


def _below(sizes: Counter[str], smallest: int) -> int:
    return sum(size < smallest for size in sizes.values())
