"""Ids and order of rows: whether they say where a record stood in the agency's table, or what its number is."""

from __future__ import annotations

import math

import numpy as np

from linkage.auditing.finding import Finding
from linkage.auditing.tally import Tally
from linkage.schema import Schema

_STRAYS = 3.0  # of uniform ids once in thirty millions
_FEWEST = 50
_ALIKE = 6.0


def order_findings(tally: Tally, schema: Schema) -> list[Finding]:
    """Ids that are not keyed, rows that are not in their order, neighbours that are alike."""
    foreign = schema.encoder != "linkage"
    odd = tally.odd_ids / max(1, tally.n)
    stray = _stray(tally.heads) if not tally.odd_ids else 0.0
    unkeyed = max(odd, float(stray > _STRAYS))
    return [
        Finding(
            name="record ids",
            value=unkeyed,
            unit="share",
            warn_above=0.0,
            # sets of clkhash have no other ids than row numbers: no mistake of the agency's, and a risk all the same
            fail_above=None if foreign else 0.0,
            reason="Ids are no keyed hashes: row numbers or the agency's own. They tell the order of its table, or who "
            "it is.",
            change="Encode with `linkage encode`, which makes keyed ids and sorts by them; clkhash's sets can only be "
            "shuffled before they are encoded.",
        ),
        Finding(
            name="row order",
            value=float(tally.falling),
            unit="rows",
            warn_above=None,
            fail_above=0,
            reason="Rows don't stand in the order of their ids, so they stand in another, such as that of the table: "
            "by surname, by date, by ward.",
            change="Write the file with `linkage encode` or EncodedSet.save, which sort it.",
        ),
        Finding(
            name="neighbouring rows",
            value=max(0.0, _nearer(tally)),
            unseen="" if tally.beside[2] >= _FEWEST else f"fewer than {_FEWEST} records",
            unit="standard errors nearer than chance",
            warn_above=None,
            fail_above=_ALIKE,
            reason="Records that stand next to each other are alike: the order is that of the agency's table, and "
            "says who lives together or who was born when.",
            change="Encode with `linkage encode`, or shuffle the table before it is encoded.",
        ),
    ]


def _stray(heads: np.ndarray) -> float:
    """How far ids are from uniform: Kolmogorov's distance in units of its spread."""
    n = len(heads)
    if n < _FEWEST:
        return 0.0
    places = np.sort(heads).astype(np.float64) / 2.0**64
    steps = np.arange(n)
    return float(math.sqrt(n) * max((places - steps / n).max(), ((steps + 1) / n - places).max()))


def _nearer(tally: Tally) -> float:
    (beside, beside_squares, n), (chance, chance_squares, _) = tally.beside, tally.by_chance
    if n < _FEWEST:
        return 0.0
    variance = (beside_squares + chance_squares) / n - (beside / n) ** 2 - (chance / n) ** 2
    return float((chance - beside) / n / math.sqrt(max(variance, 1e-9) / n))
