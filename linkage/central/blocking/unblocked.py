"""Who meets nobody because no rule puts them in a block: told, never dropped in silence."""

from __future__ import annotations

import numpy as np

from linkage.central.blocking.ways import Blocks, Candidates, ways_of
from linkage.encoded import EncodedSet
from linkage.errors import warn


def unblocked(candidates: Candidates | None, records: EncodedSet) -> int:
    """How many records are in no block; none where they meet in another way too, or all meet."""
    ways = () if candidates is None else ways_of(candidates)
    if not ways or not all(isinstance(way, Blocks) for way in ways):
        return 0
    rules = {rule for way in ways if isinstance(way, Blocks) for rule in way.of(records.schema)}
    return len(records) - int(np.logical_or.reduce([records.blocks[rule] != 0 for rule in rules]).sum())


def warn_of_unblocked(candidates: Candidates | None, *sets: EncodedSet | None) -> None:
    """Where no `Quality` says it."""
    for each in sets:
        alone = 0 if each is None else unblocked(candidates, each)
        if each is not None and alone:
            warn(
                f"{each.source}: {alone:,} records are in no block and are compared with nobody: `block_sizes` lists "
                "them"
            )
