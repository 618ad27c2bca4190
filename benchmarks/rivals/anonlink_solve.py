"""anonlink's solvers for any number of data sets, on pairs that somebody else found; run in `.venv-anonlink_clk`.

    python anonlink_solve.py pairs.npz groups.npz greedy|probabilistic

pairs.npz: ``similarity`` (p,) falling, ``left_set``, ``right_set``, ``left``, ``right`` (p,) data sets and rows.
groups.npz: ``group``, ``set``, ``row`` (r,) of the records in groups, and ``seconds`` of processor time that the solver
took. Pairs within a data set are let through, so that data sets may hold several records of a person.
"""

from __future__ import annotations

import sys
import time
from array import array
from typing import Any

import anonlink
import numpy as np


def solved(candidates: Any, solver: str) -> Any:
    """Groups of (data set, row)."""
    if solver == "greedy":
        return anonlink.solving.greedy_solve(candidates)
    # its default share of pairs that must be there to join two groups
    return anonlink.solving.probabilistic_greedy_solve(candidates, merge_threshold=0.5, deduplicated=False)


def main() -> None:
    pairs, out, solver = sys.argv[1:]
    given = np.load(pairs)
    sets, rows = (
        tuple(array("I", given[f"{side}{what}"].astype(np.uint32).tolist()) for side in ("left", "right"))
        for what in ("_set", "")
    )
    candidates = (array("d", given["similarity"].tolist()), sets, rows)
    start = time.process_time()
    groups = solved(candidates, solver)
    seconds = time.process_time() - start
    found = np.array([(number, *record) for number, group in enumerate(groups) for record in group], dtype=np.int64)
    found = found.reshape(-1, 3)
    np.savez(out, group=found[:, 0], set=found[:, 1], row=found[:, 2], seconds=seconds)


if __name__ == "__main__":
    main()
