"""What is carried from batch to batch: models, and pairs that may be one person, by sources and record ids."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.central import several
from linkage.central.modelling.modelfile import from_text, to_text
from linkage.central.overtime.heldsets import contents, new_records, rows_by_id
from linkage.central.overtime.newpairs import Before
from linkage.central.several import Decided, Past
from linkage.central.thresholds import Ratio, exact_ratio
from linkage.decisions import PAIR
from linkage.encoded import EncodedSet
from linkage.kept import Kept, no_known
from linkage.links import Links

if TYPE_CHECKING:
    import pyarrow as pa

# times the records of two sets: then their model is estimated again, so that it is of most records there are, and what
# that costs grows with the batches
_GROWN = 1.1


def past_of(sets: Sequence[EncodedSet], held: Links | None, cut: Ratio | None) -> Past:
    """What need not be found out again about every two sets."""
    kept = held.kept if held is not None else None
    if held is None or kept is None:
        return several.NOTHING
    by_threshold = sets[0].schema.layout == "record"
    if (
        by_threshold
        and cut is not None
        and exact_ratio(cut, name="threshold") < exact_ratio(held.cut["threshold"], name="threshold")
    ):
        return several.NOTHING  # what lies between the two was never kept
    new = [new_records(each, kept.contents) for each in sets]
    models, before = {}, {}
    for left, right in itertools.combinations_with_replacement(range(len(sets)), 2):
        name = _name(sets[left], sets[right])
        if name not in kept.models:
            continue  # these two have never met
        before[left, right] = _met_before(sets, left, right, new, kept)
        grown = len(sets[left]) + len(sets[right]) > _GROWN * kept.sizes[name]
        if not by_threshold and not grown:
            model = from_text(kept.models[name])
            if model.schema == sets[left].schema:
                models[left, right] = model
    return Past(models, before)


def _name(left: EncodedSet, right: EncodedSet) -> str:
    return json.dumps([left.source, right.source])


def _met_before(
    sets: Sequence[EncodedSet], left: int, right: int, new: Sequence[NDArray[np.bool_]], kept: Kept
) -> Before:
    import pyarrow.compute as pc

    own = kept.pairs.filter(
        pc.and_(
            pc.equal(kept.pairs["left_source"], sets[left].source),
            pc.equal(kept.pairs["right_source"], sets[right].source),
        )
    )
    row, column = rows_by_id(sets[left], own["left_id"]), rows_by_id(sets[right], own["right_id"])
    there = (row >= 0) & (column >= 0)
    row, column = row[there], column[there]
    old = ~new[left][row] & ~new[right][column]
    return Before(new[left], new[right], row[old], column[old])


def state_of(
    decided: Decided,
    duplicates: tuple[str, ...],
    *,
    before: Kept | None = None,
    past: Past = several.NOTHING,
    known: pa.Table | None = None,
    cut_given: bool = False,
    step: int = 0,
) -> Kept:
    """What the next batch needs."""
    import pyarrow as pa

    models, sizes = {}, {}
    for each in decided.met:
        left, right = decided.sets[each.left], decided.sets[each.right]
        name = _name(left, right)
        models[name] = "" if each.model is None else to_text(each.model)
        is_old = before is not None and (each.left, each.right) in past.models
        sizes[name] = before.sizes[name] if is_old and before is not None else len(left) + len(right)
    return Kept(
        pairs=_named(decided),
        contents=pa.concat_tables(
            [
                pa.table(
                    {
                        "source": pa.array([each.source] * len(each), pa.string()),
                        "record_id": each.record_ids,
                        "content": contents(each),
                    }
                )
                for each in decided.sets
            ]
        ).combine_chunks(),
        known=no_known() if known is None else known,
        models=models,
        sizes=sizes,
        duplicates=duplicates,
        cut_given=cut_given,
        step=step,
    )


def _named(decided: Decided) -> pa.Table:
    """The kept pairs by source and id."""
    import pyarrow as pa

    none = {name: pa.array([], pa.string()) for name in PAIR}
    parts = [pa.table(none)]
    for each in decided.met:
        left, right = decided.sets[each.left], decided.sets[each.right]
        n = len(each.row)
        parts.append(
            pa.table(
                {
                    "left_source": pa.array([left.source] * n, pa.string()),
                    "left_id": left.record_ids.take(pa.array(each.row)),
                    "right_source": pa.array([right.source] * n, pa.string()),
                    "right_id": right.record_ids.take(pa.array(each.column)),
                }
            )
        )
    return pa.concat_tables(parts).combine_chunks()
