"""Which pairs are worth a look by people: those nearest the cut, and those that reach it and could not be together."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from linkage.central.explaining.waterfall import log_odds
from linkage.central.overtime.heldsets import require_records
from linkage.decisions import PAIR
from linkage.encoded import EncodedSet
from linkage.links import Links

if TYPE_CHECKING:
    from linkage.central.explaining.explanation import Explanation
    from linkage.central.modelling.model import Model

Row = dict[str, Any]
_ALIKE = "alike"


def worth_a_look(links: Links, model: Model | None, sets: Sequence[EncodedSet], n: int) -> list[Row]:
    """The ``n`` pairs of every two of these sets, as rows of `Review`; at most half of them conflicts, which are first.

    A conflict is of three records or more: what is decided about it moves more than its own pair.
    """
    cut = links.cut["probability"]
    apart = {frozenset(_ends(row)) for row in links.conflicts.select(list(PAIR)).to_pylist()}
    rows: list[Row] = []
    for left, right in _meetings(links, sets):
        used = model or _kept_model(links, left, right)
        own = [name for name in _duplicates(links) if name in (left.source, right.source)]
        other = None if right is left else right
        seen = used.explain(left, other, probability=cut, duplicates=own, progress=False)
        rows += [{**row, **_words(seen, row)} for row in _candidates(seen, links, apart, n)]
    rows.sort(key=lambda row: abs(log_odds(row["probability"]) - log_odds(cut)) if row["probability"] else float("inf"))
    conflicts = [row for row in rows if row["conflict"]][: n // 2]
    chosen = {_ends(row) for row in conflicts}
    return [*conflicts, *(row for row in rows if _ends(row) not in chosen)][:n]


def require_linked(links: Links, sets: Sequence[EncodedSet]) -> None:
    """``ValueError`` unless these are all records of sources of these links, in the ``fields`` layout."""
    sources = [each.source for each in sets]
    if not sources or not set(sources) <= set(links.sources):
        raise ValueError(f"review: give the sets that were linked, of {', '.join(links.sources)}")
    require_records(links, sets, "review")
    if len(sources) == 1 and sources[0] not in _duplicates(links) and len(links.sources) > 1:
        raise ValueError(f"review: '{sources[0]}' holds nobody twice, so there is nothing to look at within it")
    if "probability" not in links.cut:
        raise ValueError("review: the record layout has no fields to look at")


def _duplicates(links: Links) -> tuple[str, ...]:
    return links.kept.duplicates if links.kept is not None else ()


def _meetings(links: Links, sets: Sequence[EncodedSet]) -> Iterator[tuple[EncodedSet, EncodedSet]]:
    """Every two sets, and each by itself that may hold a person twice."""
    yield from itertools.combinations(sets, 2)
    for each in sets:
        if each.source in _duplicates(links) or links.sources == (each.source,):
            yield each, each


def _kept_model(links: Links, left: EncodedSet, right: EncodedSet) -> Model:
    """The model that the links of these two were made with."""
    from linkage.central.modelling.modelfile import from_text

    name = json.dumps(sorted([left.source, right.source]))
    kept = {} if links.kept is None else links.kept.models
    if not kept.get(name):
        raise ValueError(
            f"review: the links hold no model of '{left.source}' and '{right.source}'; give the one that they were "
            "made with"
        )
    return from_text(kept[name])


def _candidates(seen: Explanation, links: Links, apart: set[frozenset[tuple[str, str]]], n: int) -> Iterator[Row]:
    near = seen.nearest(n).to_arrow().to_pylist()
    for row in near:
        yield {**row, "conflict": frozenset(_ends(row)) in apart}
    told = {frozenset(_ends(row)) for row in near}
    turned = (seen.right.source, seen.left.source)
    for row in links.conflicts.to_pylist():
        ends = _ends(row)
        if frozenset(ends) in told or (ends[0][0], ends[1][0]) not in (turned, turned[::-1]):
            continue
        (left, left_id), (right, right_id) = ends if ends[0][0] == seen.left.source else ends[::-1]
        named = dict(zip(PAIR, (left, left_id, right, right_id), strict=True))
        measures = {name: row[name] for name in ("match_weight", "probability")}
        yield {**named, **measures, "reaches_cut": True, "conflict": True}


def _words(seen: Explanation, row: Mapping[str, Any]) -> Row:
    levels = {step.name: step.level for step in seen.pair(row["left_id"], row["right_id"]).steps if step.level}
    names = [item.comparison.name for item in seen.model.fields]
    words = {name: levels.get(name, "missing") for name in names}
    return {name: _ALIKE if word[:1].isdigit() else word for name, word in words.items()}


def _ends(row: Mapping[str, Any]) -> tuple[tuple[str, str], tuple[str, str]]:
    return (row["left_source"], row["left_id"]), (row["right_source"], row["right_id"])
