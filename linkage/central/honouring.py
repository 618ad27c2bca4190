"""What people decided goes before what a model thinks: a pair they call one person is one, and leaves no rivals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linkage.central.competition import Floats
from linkage.central.contenders import NATS, UNIT, Contenders
from linkage.central.decided import Decided
from linkage.central.levels import sides
from linkage.central.predicting import Scored
from linkage.central.rarity import bonuses
from linkage.central.scoring import evidence_of, levels_of

if TYPE_CHECKING:
    from linkage.central.model import Model


def honoured(model: Model, every: Scored, known: Decided) -> Scored:
    """The contenders with probability 1 and 0 where it was decided; of a one-to-one source rivals of a 1 have 0.

    Raises ``ValueError`` where two decisions give a record of a one-to-one source two partners.
    """
    for unique, rows in zip(every.edges.unique, (known.row, known.column), strict=True):
        twice = len(rows[known.same]) - len(np.unique(rows[known.same]))
        if unique and twice:
            raise ValueError(
                f"decisions: {twice:,} give a record a second partner, in a source that holds nobody twice; settle "
                'them first, or name the source: duplicates=["its name"]'
            )
    whole = _with_pairs(model, every, known.take(known.same))
    edges, chance = whole.edges, whole.chance.copy()
    for unique, group, n, rows in (
        (edges.unique[0], edges.row, edges.n_rows, known.row),
        (edges.unique[1], edges.column, edges.n_columns, known.column),
    ):
        taken = np.zeros(n, dtype=bool)
        taken[rows[known.same]] = unique
        chance[taken[group]] = 0.0
    place, there = _places(whole, known)
    chance[place[there]] = known.same[there]
    matches = max(whole.matches + float(chance.sum() - whole.chance.sum()), 0.0)
    return replace(whole, chance=chance, matches=matches)


def _places(every: Scored, known: Decided) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where the decided pairs are among the contenders, and whether they are."""
    n = every.edges.n_columns
    own = every.edges.row.astype(np.int64) * n + every.edges.column
    asked = known.row.astype(np.int64) * n + known.column
    place = np.searchsorted(own, asked)
    there = np.zeros(len(asked), dtype=bool)
    inside = place < len(own)
    there[inside] = own[place[inside]] == asked[inside]
    return place, there


def _with_pairs(model: Model, every: Scored, same: Decided) -> Scored:
    """The contenders and those decided pairs that the model did not think likely, by row, then column."""
    unlikely = same.take(~_places(every, same)[1])
    if not len(unlikely):
        return every
    edges = every.edges
    row, column = np.concatenate([edges.row, unlikely.row]), np.concatenate([edges.column, unlikely.column])
    order = np.lexsort((column, row))
    weight = np.concatenate([every.weight, _weights(model, every, unlikely)])[order]
    chance = np.concatenate([every.chance, np.zeros(len(unlikely))])[order]
    return replace(every, edges=replace(edges, row=row[order], column=column[order]), weight=weight, chance=chance)


def _weights(model: Model, every: Scored, pairs: Decided) -> Floats:
    """log2 of the likelihood ratio, in whole units."""
    own, others = sides(every.first, model.plan), sides(every.second, model.plan)
    asked = Contenders(pairs.row, pairs.column, np.zeros(len(pairs), np.int32), 0, bonuses(own, others))
    levels = levels_of(model, every.first, every.second, asked)
    match, household = evidence_of(model, asked, levels, max(len(every.first), len(every.second)))
    return np.asarray(np.round((match - np.logaddexp(0.0, household)) / NATS) / UNIT, dtype=np.float64)
