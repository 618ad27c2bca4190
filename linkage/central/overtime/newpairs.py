"""The pairs of two sets to be weighed where some records are new: those kept from before, and all of new records.

New records meet everybody, old ones only them; so the cost grows with the batch. All pairs, kept and new, are then
weighed together as if they had been found at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.central.blocking.contending import contenders_met
from linkage.central.blocking.keyed import keyed
from linkage.central.blocking.ways import Candidates
from linkage.central.compare import compare
from linkage.central.contenders import Contenders
from linkage.central.job import right_measure
from linkage.central.kernels import Rows
from linkage.central.limits import Limits
from linkage.central.modelling.levels import sides
from linkage.central.modelling.rarity import bonuses
from linkage.central.modelling.scoring import contenders_among
from linkage.central.overtime.heldsets import chosen
from linkage.central.thresholds import Ratio, exact_ratio, least_overlap, similarity
from linkage.encoded import EncodedSet
from linkage.pairs import Pairs

if TYPE_CHECKING:
    from linkage.central.modelling.model import Model

_AT_ONCE = 65_536

Places = NDArray[np.int64]
New = NDArray[np.bool_]


@dataclass(frozen=True)
class Before:
    """Of two sets in canonical order: which records are new, (n,) bool each, and the kept pairs, (k,) rows each."""

    new_first: New
    new_second: New
    row: Places
    column: Places

    @classmethod
    def nothing(cls, n_first: int, n_second: int) -> Before:
        """Everybody is new."""
        none = np.zeros(0, np.int64)
        return cls(np.ones(n_first, bool), np.ones(n_second, bool), none, none)

    def parts(self, *, within: bool) -> list[tuple[Places, Places, bool]]:
        """Which rows meet which: new ones all, old ones the new; the last says whether both are the same rows."""
        new, old = np.flatnonzero(self.new_first), np.flatnonzero(~self.new_first)
        if within:
            return [(new, new, True), (old, new, False)]
        return [(new, np.arange(len(self.new_second)), False), (old, np.flatnonzero(self.new_second), False)]


def contenders_with_kept(
    model: Model,
    first: EncodedSet,
    second: EncodedSet,
    before: Before,
    candidates: Candidates | None,
    *,
    within: bool,
    limits: Limits,
) -> Contenders:
    """What `contenders` would find in all, up to pairs that were too unlike to be kept; or among the candidates."""
    if candidates is not None:
        return _met_with_kept(model, first, second, before, candidates, within=within, limits=limits)
    lefts, rights = sides(first, model.plan), sides(second, model.plan)
    bonus = bonuses(lefts, rights)
    row, column = [before.row], [before.column]
    for some, others, own in before.parts(within=within):
        if len(some) and len(others):
            found = contenders_among(
                model,
                _taken(lefts, some),
                _taken(rights, others),
                tuple(each[some] for each in bonus),
                within=own,
                of=(len(first), len(second)),
                **limits,
            )
            row.append(some[found.row])
            column.append(others[found.column])
    rows, columns = _sorted(np.concatenate(row), np.concatenate(column), within=within)
    return Contenders(rows, columns, np.zeros(len(rows), np.int32), 0, bonus)


def _met_with_kept(
    model: Model,
    first: EncodedSet,
    second: EncodedSet,
    before: Before,
    candidates: Candidates,
    *,
    within: bool,
    limits: Limits,
) -> Contenders:
    tables = keyed(candidates, first, None if within else second, threshold=None, threads=limits["threads"])
    # within one set both are the same rows
    new = (before.new_first, before.new_first if within else before.new_second)
    found = contenders_met(model, first, second, tables, new=new, within=within, limits=limits)
    row, column = (np.concatenate(each) for each in ((before.row, found.row), (before.column, found.column)))
    rows, columns = _sorted(row.astype(np.int64), column.astype(np.int64), within=within)
    return Contenders(rows, columns, np.zeros(len(rows), np.int32), 0, found.bonus)


def pairs_with_kept(
    left: EncodedSet,
    right: EncodedSet,
    before: Before,
    candidates: Candidates | None,
    *,
    within: bool,
    threshold: Ratio,
    limits: Limits,
) -> Pairs:
    """What `compare` would find in all; the kept pairs are those of before at this threshold."""
    row, column = [before.row], [before.column]
    for some, others, own in before.parts(within=within):
        if len(some) and len(others):
            these, those = _some(left, some), None if own else _some(right, others)
            found = compare(these, those, threshold=threshold, candidates=candidates, **limits)
            row.append(some[found.left])
            column.append(others[found.right])
    rows, columns = _sorted(np.concatenate(row), np.concatenate(column), within=within)
    return _alike(Pairs(left, right, rows, columns), exact_ratio(threshold, name="threshold"))


def _some(records: EncodedSet, rows: Places) -> EncodedSet:
    return records if len(rows) == len(records) else chosen(records, rows)


def _alike(pairs: Pairs, threshold: Fraction) -> Pairs:
    """Those of listed pairs that reach the threshold, with their similarity, as `compare` gives them."""
    left, right, row, column = pairs.left_set, pairs.right_set, pairs.left, pairs.right
    name, n_bits = left.schema.filters[0].name, left.schema.filters[0].bits
    words = (left.filters[name], right.filters[name])
    overlap = np.zeros(len(row), dtype=np.uint32)
    for start in range(0, len(row), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        shared = words[0][row[part]] & words[1][column[part]]
        overlap[part] = np.bitwise_count(shared).sum(axis=1, dtype=np.uint32)
    together = left.popcounts[name][row].astype(np.int64) + right.popcounts[name][column]
    measure = right_measure(left.schema, (name,), None)
    alike = overlap >= least_overlap(threshold, n_bits=n_bits, measure=measure)[together]
    measured = similarity(overlap, together, n_bits=n_bits, measure=measure)
    return Pairs(left, right, row[alike], column[alike], similarity=measured[alike])


def _taken(side: tuple[Rows, ...], rows: Places) -> tuple[Rows, ...]:
    return tuple(each.take(rows.astype(np.int32)) for each in side)


def _sorted(row: Places, column: Places, *, within: bool) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Each pair once, by row, then column; within one set the lower row first."""
    if within:
        row, column = np.minimum(row, column), np.maximum(row, column)
    key = np.unique(row << 32 | column)
    return (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int32)
