"""Links carried on: a batch more, a record less, a pair that somebody looked at, another key; link ids stay."""

from __future__ import annotations

import dataclasses
import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from linkage.central import several
from linkage.central.blocking.ways import Candidates
from linkage.central.limits import Limits
from linkage.central.modelling.model import Model
from linkage.central.outcome import carried_on
from linkage.central.overtime import told
from linkage.central.overtime.carrying import past_of, state_of
from linkage.central.overtime.heldsets import lost_records, one_of_each_source
from linkage.central.overtime.identity import carried
from linkage.central.thresholds import Ratio
from linkage.decisions import decided_pairs
from linkage.encoded import EncodedSet
from linkage.errors import MismatchError
from linkage.kept import no_known
from linkage.links import Links
from linkage.oneagreement import require_growth

if TYPE_CHECKING:
    import pyarrow as pa


def link_over_time(
    sets: Sequence[EncodedSet],
    standing: Links | None,
    *,
    known: object = None,
    withdraw: Mapping[str, object] | None = None,
    bridge: Mapping[str, object] | None = None,
    model: Model | None = None,
    probability: Ratio | None = None,
    threshold: Ratio | None = None,
    candidates: Candidates | None = None,
    duplicates: Collection[str] = (),
    limits: Limits,
) -> Links:
    """What `linkage.link` gives of several sets, or of any with a standing result. Arguments as there."""
    ordered = one_of_each_source(sets)
    held = standing
    if standing is None and (withdraw or bridge):
        raise ValueError("link: withdraw and bridge belong to a standing result: link(..., standing=links)")
    if held is not None:
        _require_same_project(held, ordered, bridge or {})
        held = _under_new_ids(held, told.new_ids(bridge or {}, held))
        gone = told.withdrawn(withdraw, ordered, held)
        held = _without(held, gone)
        _require_everybody(held, ordered)
    kept = held.kept if held is not None else None
    again = tuple(sorted(duplicates or (kept.duplicates if kept is not None else ())))
    own = again if len(ordered) > 1 else (ordered[0].source,)
    cut = _cut(ordered[0], held, probability, threshold)
    table = kept.known if kept is not None else no_known()
    if known is not None:
        table = told.latest(table, decided_pairs(known, "known"))
    looked_at = told.known_rows(table, ordered) if table.num_rows else None
    past = past_of(ordered, held, cut)
    if ordered[0].schema.layout == "record":
        assert cut is not None
        decided = several.decide_by_threshold(
            ordered, cut, candidates=candidates, duplicates=own, limits=limits, past=past, known=looked_at
        )
    else:
        decided = several.decide_by_probability(
            ordered,
            cut,
            model=model,
            candidates=candidates,
            duplicates=own,
            limits=limits,
            past=past,
            known=looked_at,
        )
    release_key = held.release_key if held is not None else secrets.token_bytes(32)
    step = kept.step + 1 if kept is not None else int(held is not None)
    ids, events = carried(decided.group, _old_ids(ordered, held), release_key=release_key, step=step)
    state = state_of(decided, again, before=kept, past=past, known=table, cut_given=cut is not None, step=step)
    return carried_on(decided, ids, events, state, release_key=release_key)


def _require_same_project(held: Links, sets: Sequence[EncodedSet], bridge: Mapping[str, object]) -> None:
    """One agreement and key, unless every agency says which record is which."""
    if set(held.sources) <= set(bridge):
        return
    found = require_growth(held.schema, sets[0].schema)
    if found:
        raise MismatchError(
            f"the standing result is of another agreement than the sets: {'; '.join(found)}",
            what="schema", left=held.schema.fingerprint(), right=sets[0].schema.fingerprint(),
        )  # fmt: skip
    if not hmac.compare_digest(held.key_check.encode(), sets[0].key_check.encode()):
        raise MismatchError(
            "the standing result is of sets made with another key; under a new key every agency emits a bridge from "
            "old to new record ids: bridge={source: table}",
            what="key", left=held.key_check, right=sets[0].key_check,
        )  # fmt: skip


def _under_new_ids(held: Links, new: Mapping[str, Mapping[str, str]]) -> Links:
    """The standing result with the record ids of after; what these sources kept is met again."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not new:
        return held
    rows = zip(held.records["source"].to_pylist(), held.records["record_id"].to_pylist(), strict=True)
    ids = [new[source].get(each) if source in new else each for source, each in rows]
    lost = ids.count(None)
    if lost:
        raise ValueError(f"bridge: {lost:,} records of the standing result have no new id; withdraw them first")
    records = held.records.set_column(1, "record_id", pa.array(ids, pa.string()))
    kept = held.kept
    if kept is not None:
        known = kept.known
        for side in ("left", "right"):
            named = zip(known[f"{side}_source"].to_pylist(), known[f"{side}_id"].to_pylist(), strict=True)
            column = [new[source].get(each, each) if source in new else each for source, each in named]
            place = known.column_names.index(f"{side}_id")
            known = known.set_column(place, f"{side}_id", pa.array(column, pa.string()))
        old = pc.is_in(kept.contents["source"], pa.array(sorted(new), pa.string()))
        kept = dataclasses.replace(kept, known=known, contents=kept.contents.filter(pc.invert(old)))
    return dataclasses.replace(held, records=records, kept=kept)


def _without(held: Links, gone: Mapping[str, set[str]]) -> Links:
    """Without withdrawn records and all that names them."""
    import pyarrow as pa

    if not any(gone.values()):
        return held
    rows = zip(held.records["source"].to_pylist(), held.records["record_id"].to_pylist(), strict=True)
    stays = pa.array([each not in gone.get(source, ()) for source, each in rows], pa.bool_())
    kept = held.kept
    if kept is not None:
        kept = dataclasses.replace(kept, known=told.without_records(kept.known, gone))
    return dataclasses.replace(held, records=held.records.filter(stays), kept=kept)


def _require_everybody(held: Links, sets: Sequence[EncodedSet]) -> None:
    """Old records must be there for new ones to meet."""
    import pyarrow.compute as pc

    there = {each.source: each for each in sets}
    for source in held.sources:
        own = pc.sum(pc.equal(held.records["source"], source)).as_py()
        lost = lost_records(held.records, there[source]) if source in there else own
        if lost:
            raise ValueError(
                f"link: {lost:,} records of '{source}' in the standing result are in no set that was given. Give the "
                "files of earlier batches too, as new records meet old ones; or withdraw the records: withdraw="
            )


def _cut(first: EncodedSet, held: Links | None, probability: Ratio | None, threshold: Ratio | None) -> Ratio | None:
    """Where to cut: as said, now or before; None where nobody has."""
    if first.schema.layout == "record":
        return threshold if threshold is not None or held is None else held.cut.get("threshold")
    said = held is not None and held.kept is not None and held.kept.cut_given
    return held.cut.get("probability") if probability is None and said and held is not None else probability


def _old_ids(sets: Sequence[EncodedSet], held: Links | None) -> pa.StringArray:
    """The link id that each record had, all sets one after another."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = []
    for each in sets:
        if held is None or each.source not in held.sources:
            parts.append(pa.nulls(len(each), pa.string()))
            continue
        own = held.records.filter(pc.equal(held.records["source"], each.source)).combine_chunks()
        ids = own["record_id"].combine_chunks() if own.num_rows else pa.array([], pa.string())
        before = own["link_id"].combine_chunks() if own.num_rows else pa.array([], pa.string())
        parts.append(pa.array(before.take(pc.index_in(each.record_ids, value_set=ids)), pa.string()))
    return pa.concat_arrays(parts)
