"""The researcher's room: invented people with known truth, and measures against it; so it may see both sides."""

from __future__ import annotations

from linkage.study import attacks
from linkage.study.candidates import evaluate_candidates
from linkage.study.clusters import evaluate_clusters
from linkage.study.curves import curve
from linkage.study.data import Febrl, load_febrl
from linkage.study.grid import Trial, sweep
from linkage.study.groups import GroupEvaluation, evaluate_agencies, evaluate_groups
from linkage.study.people import invent
from linkage.study.population import Population
from linkage.study.runs import compare_runs
from linkage.study.swept import Sweep

__all__ = [
    "Febrl",
    "GroupEvaluation",
    "Population",
    "Sweep",
    "Trial",
    "attacks",
    "compare_runs",
    "curve",
    "evaluate_agencies",
    "evaluate_candidates",
    "evaluate_clusters",
    "evaluate_groups",
    "invent",
    "load_febrl",
    "sweep",
]
