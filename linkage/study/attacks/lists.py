"""The two cases of the literature: what an agency encodes and what an adversary holds, drawn from one invented list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from linkage.agency.records import Attachable
from linkage.arguments import checked
from linkage.errors import RecordError
from linkage.sealed import sealed

if TYPE_CHECKING:
    import pyarrow as pa

Case = Literal["subset", "partial"]


@dataclass(frozen=True, eq=False)
class Lists:
    """``held`` is what the agency encodes, ``known`` the adversary's list, both with the columns of the source.

    ``truth`` has the ids of the people in both, as ``left_id`` (in ``held``) and ``right_id`` (in ``known``).
    """

    held: pa.Table
    known: pa.Table
    truth: pa.Table

    def __repr__(self) -> str:
        return f"Lists: {len(self.held):,} held, {len(self.known):,} known, {len(self.truth):,} in both"


@sealed
@checked
def two_lists(table: object, *, id: str, overlap: float, case: Case = "subset", seed: int) -> Lists:
    """Part a table of people, so that a share of them is in both lists, under the same values and ids.

    Parameters
    ----------
    overlap
        The share of the table's people that both hold, in (0, 1].
    case
        ``subset``: the agency holds these alone, and the adversary everyone. ``partial``: of the others, either holds
        one half. (The two cases of Schäfer, Armknecht and Heng, ACSAC 2024.)

    >>> people = {"id": [str(n) for n in range(100)]}
    >>> two_lists(people, id="id", overlap=0.2, case="partial", seed=1)
    Lists: 60 held, 60 known, 20 in both
    >>> two_lists(people, id="id", overlap=0.2, seed=1)
    Lists: 20 held, 100 known, 20 in both
    """
    import pyarrow as pa

    frame = Attachable.of(table)
    if not 0 < overlap <= 1:
        raise ValueError(f"overlap: a share above 0 and at most 1, not {overlap!r}")
    if case not in ("subset", "partial"):
        raise ValueError(f"case: 'subset' or 'partial', not {case!r}")
    if id not in frame.names:
        raise RecordError("the table has no such id column", column=id, rule="column missing")
    whole: Any = frame.frame.to_arrow()
    rows = np.random.default_rng(seed).permutation(len(whole))
    n_both = max(1, round(overlap * len(rows)))
    both, others = rows[:n_both], rows[n_both:]
    if case == "subset":
        held, known = both, rows
    else:
        half = len(others) // 2
        held, known = np.concatenate([both, others[:half]]), np.concatenate([both, others[half:]])
    ids = whole[id].combine_chunks().take(pa.array(np.sort(both)))
    return Lists(
        held=whole.take(pa.array(np.sort(held))),
        known=whole.take(pa.array(np.sort(known))),
        truth=pa.table({"left_id": ids, "right_id": ids}),
    )
