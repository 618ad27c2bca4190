"""Questions to an `Explanation`: which pairs hung by least, which records cannot be linked, what a field changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from linkage.central.contenders import NATS, UNIT, Contenders
from linkage.central.explaining.explanation import Explanation, Listing
from linkage.central.explaining.waterfall import log_odds
from linkage.central.modelling.competition import Floats, probability_of
from linkage.central.modelling.levels import sides
from linkage.central.modelling.model import Model
from linkage.central.modelling.predicting import Scored, scored
from linkage.central.modelling.rarity import bonuses
from linkage.central.modelling.scoring import Levels, evidence_of
from linkage.encoded import EncodedSet
from linkage.rows import Header, Rows


def nearest_cut(of: Explanation, n: int) -> Listing:
    """See `Explanation.nearest`."""
    seen, chance = of.likely, of.likely.chance
    settled = seen.evidence + seen.prior + seen.messages.row + seen.messages.column
    away = np.where(seen.comparable, np.abs(settled - log_odds(of.cut)), np.inf)
    order = np.lexsort((seen.edges.column, seen.edges.row, away))
    order = order[np.isfinite(away[order])][:n]
    row, column = seen.edges.row[order], seen.edges.column[order]
    left, right = (column, row) if of.turned else (row, column)
    table = {
        "left_source": pa.array([of.left.source] * len(order), pa.string()),
        "left_id": of.left.record_ids.take(pa.array(left)),
        "right_source": pa.array([of.right.source] * len(order), pa.string()),
        "right_id": of.right.record_ids.take(pa.array(right)),
        "match_weight": seen.weight[order],
        "probability": chance[order],
        "reaches_cut": chance[order] >= of.cut,
    }
    return Listing(pa.table(table), f"pairs nearest the cut of {of.cut:g}")


def beyond_reach(of: Explanation) -> Listing:
    """See `Explanation.unlinkable`."""
    seen, model = of.likely, of.model
    both = sides(seen.first, model.plan), sides(seen.second, model.plan)
    tables = []
    rows, columns = seen.edges.row, seen.edges.column
    ways = [(seen.first, both[0], both[1], (rows, columns) if seen.edges.within else (rows,))]
    if not seen.edges.within:
        ways.append((seen.second, both[1], both[0], (columns,)))
    for records, own, others, groups in ways:
        held = np.stack([rows.counts > 0 for rows in own], axis=1)
        top = np.array([item.levels - 1 for item in model.plan])
        levels: Levels = np.where(held, top, 0).astype(np.uint8)
        every = np.arange(len(records), dtype=np.int32)
        itself = Contenders(every, every, np.zeros(len(every), np.int32), 0, bonuses(own, others))
        match, household = evidence_of(model, itself, levels, seen.n_larger)
        evidence = match - np.logaddexp(0.0, household)
        # to be equal on a common value, or on all that a household shares, says less than to be nearly so
        for group in groups:
            np.maximum.at(evidence, group, seen.evidence)
        chance = np.where(held.any(axis=1), probability_of(evidence + seen.prior), 0.0)
        few = np.flatnonzero(chance < of.cut)
        few = few[np.lexsort((few, chance[few]))]
        names = [item.name for item in model.plan]
        lacking = [", ".join(name for name, there in zip(names, held[row], strict=True) if not there) for row in few]
        table = {
            "source": pa.array([records.source] * len(few), pa.string()),
            "record_id": records.record_ids.take(pa.array(few)),
            "match_weight": np.round(evidence[few] / NATS) / UNIT,
            "probability": chance[few],
            "missing": pa.array(lacking, pa.string()),
        }
        tables.append(pa.table(table))
    return Listing(pa.concat_tables(tables), f"records that cannot be linked at {of.cut:g}")


def without_each_field(of: Explanation) -> Listing:
    """See `Explanation.dropping`."""
    seen = of.likely
    before = _linked(seen, of.cut)
    rows = [_effect(None, before, before, seen.chance, of.cut)]
    for name in (item.name for item in of.model.plan):
        if not (seen.first.popcounts[name].any() and seen.second.popcounts[name].any()):
            continue
        first, second = _without(seen.first, name), _without(seen.second, name)
        again = scored(
            _mute(of.model, name), first, first if seen.edges.within else second,
            within=seen.edges.within, unique=seen.edges.unique, limits=of.limits,
        )  # fmt: skip
        rows.append(_effect(name, before, _linked(again, of.cut), again.chance, of.cut))
    names = ("field", "links", "kept", "lost", "gained", "wrong", "missed")
    return Listing(pa.table({name: [row[name] for row in rows] for name in names}), "fields left out in turn")


def _without(side: EncodedSet, name: str) -> EncodedSet:
    """The set as if nobody had a value in this field."""
    filters = dict(side.filters) | {name: np.zeros_like(side.filters[name])}
    header = Header(side.schema, side.source, len(side), side.key_check, side.encoding_version)
    return EncodedSet(header, rows=Rows(side.record_ids, filters, side.groups, side.blocks))


def _mute(model: Model, name: str) -> Model:
    """The model in which this field says nothing."""
    fields = tuple(replace(item, m=item.u, h=item.u) if item.comparison.name == name else item for item in model.fields)
    return replace(model, fields=fields)


def _linked(seen: Scored, cut: float) -> set[tuple[int, int]]:
    chosen = seen.chance >= cut
    return set(zip(seen.edges.row[chosen].tolist(), seen.edges.column[chosen].tolist(), strict=True))


def _effect(
    name: str | None, before: set[tuple[int, int]], after: set[tuple[int, int]], chance: Floats, cut: float
) -> dict[str, object]:
    linked = chance >= cut
    return {
        "field": name,
        "links": len(after),
        "kept": len(before & after),
        "lost": len(before - after),
        "gained": len(after - before),
        "wrong": float((1 - chance[linked]).sum()),
        "missed": float(chance[~linked].sum()),
    }


def with_a_field(of: Explanation, m: float, u: float) -> Listing:
    """See `Explanation.adding`."""
    chance, cut = of.likely.chance, of.cut
    rows = [(float(np.sum(chance >= cut)), *_expected(chance, np.ones(len(chance)), cut))]
    links = wrong = missed = 0.0
    for of_matches, of_others in ((m, u), (1 - m, 1 - u)):  # it agrees, or it doesn't
        happens = chance * of_matches + (1 - chance) * of_others
        after = chance * of_matches / happens
        links += float(happens[after >= cut].sum())
        more_wrong, more_missed = _expected(after, happens, cut)
        wrong, missed = wrong + more_wrong, missed + more_missed
    rows.append((links, wrong, missed))
    columns = dict(zip(("links", "wrong", "missed"), zip(*rows, strict=True), strict=True))
    return Listing(pa.table({"field": ["none more", "one more"], **columns}), "expectations without and with a field")


def _expected(chance: Floats, times: Floats, cut: float) -> tuple[float, float]:
    """Wrong links and missed matches among pairs that happen so many times each."""
    linked = chance >= cut
    return float(((1 - chance) * times)[linked].sum()), float((chance * times)[~linked].sum())
