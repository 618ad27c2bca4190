"""How far `linkage` is from Splink on one data set: differences of F1 with paired 95 % intervals.

**The interval.** Each person has nine counts: true links, false links and missed true pairs, of `linkage` at its
default, of Splink at its default, and of Splink at its best cut, all seeds added up. People are drawn with
replacement, a thousand times, each with all nine counts: what is hard for both methods is drawn for both, so the
interval is of the difference and not of two separate scores. F1 is that of the counts added up over seeds and people.
A person who comes in several seeds (Febrl's and pseudopeople's do, invented ones do not) is drawn with all of them:
seeds are not taken for more people than there are. A false link belongs to the person of its left record, or of the
lower id where one table is searched. Splink's best cut is that of the data as they are, chosen with truth for each
seed, and stays there in the draws. A seed that `linkage` refuses to link is counted as refused and left out of all
three; where it refuses every one there is no figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from datasets import Trial
from judge import Truth
from methods import Found
from numpy.typing import NDArray

from linkage.study.intervals import f1, percentiles, precision, resample

OURS, THEIRS = "linkage", "splink_plain"
SEED = 0  # of the draws
KINDS = 3  # true, false, missed
MEASURES = ("f1", "precision", "splink_f1", "splink_precision", "splink_best_f1", "splink_best_precision")


@dataclass
class Paired:
    """The trials of one data set, seed by seed as they are measured."""

    trials: list[Trial] = field(default_factory=list)
    rows: list[Mapping[str, dict]] = field(default_factory=list)
    people: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def add(self, trial: Trial, found: Mapping[str, Found]) -> None:
        """One seed more, with what each method found."""
        self.trials.append(trial)
        self.rows.append({name: each.row for name, each in found.items()})
        if OURS in found and THEIRS in found and not refused(self.rows[-1]):
            sets = [found[OURS].default, found[THEIRS].default, found[THEIRS].best]
            tally(self.people, sets, trial.truth, trial.person_of)

    def line(self) -> dict | None:
        """The data set's result, if both were measured on it."""
        if not all(OURS in rows and THEIRS in rows for rows in self.rows) or not self.rows:
            return None
        first = self.trials[0]
        return {
            "data": first.data,
            "seed": SEED,
            "seeds": [trial.seed for trial in self.trials],
            "settings": dict(first.settings),
            "data_versions": dict(first.versions),
            "versions": {name: version for row in self.rows[0].values() for name, version in row["versions"].items()},
            "true_pairs": [len(trial.truth) for trial in self.trials],
            "refused": sum(map(refused, self.rows)),
            **self.figures(),
            "by_seed": [{name: _short(row) for name, row in rows.items()} for rows in self.rows],
        }

    def figures(self) -> dict:
        """F1, precision and differences; None of each where every seed was refused."""
        if not self.people:
            return dict.fromkeys((*MEASURES, "minus_default", "minus_best"))
        counts = np.array(list(self.people.values()))
        whole = counts.sum(axis=0)
        of = [slice(KINDS * each, KINDS * (each + 1)) for each in range(3)]
        draws = resample(counts, seed=SEED)
        values = [measure(whole[each].astype(float)) for each in of for measure in (f1, precision)]
        measured = dict(zip(MEASURES, map(_or_none, values), strict=True))
        for name, other in (("minus_default", of[1]), ("minus_best", of[2])):
            interval = percentiles(f1(draws[:, of[0]]) - f1(draws[:, other]))
            value = float(f1(whole[of[0]]) - f1(whole[other]))
            measured[name] = {"value": value, "low": interval.low, "high": interval.high}
        return measured


def refused(rows: Mapping[str, dict]) -> bool:
    """Whether `linkage` would not link that seed."""
    return "refused" in rows[OURS]


def tally(
    people: dict[str, NDArray[np.int64]], found: Sequence[Truth], truth: Truth, person_of: Mapping[str, str]
) -> None:
    """Add to each person true links, false links and missed pairs of each of the sets of pairs found, in turn."""
    for place, pairs in enumerate(found):
        for kind, some in enumerate((pairs & truth, pairs - truth, truth - pairs)):
            for left, _ in some:
                counts = people.setdefault(person_of[left], np.zeros(KINDS * len(found), dtype=np.int64))
                counts[KINDS * place + kind] += 1


def _short(row: dict) -> dict:
    names = ("precision", "recall", "f1", "best_f1", "seconds")
    return {name: row[name] for name in names} | ({"refused": row["refused"]} if "refused" in row else {})


def _or_none(share: float) -> float | None:
    """A share, or None of nothing."""
    return None if np.isnan(share) else float(share)
