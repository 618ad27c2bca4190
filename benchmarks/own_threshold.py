"""The threshold that `lk.link` finds by itself beside the best one, which takes the truth to find.

    python benchmarks/own_threshold.py [--seeds 3] [--people 6000] [--data "Febrl 4"] [--encodings record clkhash]
                                       [--kept 0.5 0.1 0.01 0]

On every data set of two tables, whole and with shares of the partners taken out of the left one, encoded as ours
(``record``, and by the profiles that guard one filter a record) and as clkhash does it: weighted by field, as the rival
in ``rivals/anonlink_clk.py`` is, and with as many bits for every token of whatever field. Both F1s are of the same
one-to-one assignment; the best threshold is the best of all by greedy, and of those near it by assignment. Where
`lk.link` refuses (`EvidenceError`) the line says so. Appends to results/own_threshold.jsonl and prints the table; of
fewer people, seeds, data or encodings than the defaults the README's takes no notice.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import datasets
import full_size
import judge
import machine
import methods
import numpy as np
import quality
import tables
import threshold_tables
from datasets import Trial
from numpy.typing import NDArray

import linkage as lk
from linkage import interop
from linkage.central import pairwise
from linkage.central.assign import one_to_one
from linkage.central.judging import ownthreshold
from linkage.central.judging.rivals import Candidates, links_of
from linkage.profile import profile_settings

sys.path.insert(0, str(Path(__file__).parent / "rivals"))
import anonlink_clk

BITS_A_TOKEN = 10
STEPS = 6  # thresholds tried on either side of the best by greedy
LIMITS = {"executor": None, "threads": None, "memory": 1 << 30, "progress": False}
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Compared:
    """Two encoded sets and all their pairs that are at all alike; ``right`` (p,) bool, whether a pair is true."""

    sets: list[lk.EncodedSet]
    pairs: lk.Pairs
    right: Bools
    n_true: int

    def f1(self, cut: float) -> judge.Judged:
        """Of the links at this threshold, as `lk.link` assigns them."""
        above = self.pairs.similarity >= cut
        pairs = self.pairs.take(above)
        chosen = one_to_one(pairs.left, pairs.right, pairwise.similarity_gain(pairs, cut))
        return judge.judged(int(self.right[above][chosen].sum()), int(chosen.sum()), self.n_true, cut)

    def best(self) -> judge.Judged:
        """At the best threshold there is."""
        alike = self.pairs.similarity
        links = links_of(Candidates.of(self.pairs.left, self.pairs.right, alike, *map(len, self.sets)))
        links = links[np.argsort(-alike[links], kind="stable")]
        values = alike[links]
        f1 = 2 * np.cumsum(self.right[links]) / (np.arange(1, len(links) + 1) + self.n_true)
        last = np.flatnonzero(np.append(values[:-1] > values[1:], True))  # equal similarities stay together
        place = int(f1[last].argmax())
        near = values[last[max(0, place - STEPS) : place + STEPS + 1]]
        return max(self.f1(float(cut)) for cut in near)


def compared(trial: Trial, sets: list[lk.EncodedSet], ids: list[list[str]]) -> Compared:
    """The pairs that `lk.link` looks at to find its threshold; ``ids`` are the agencies' own, by row of either set."""
    row_of = {each: row for row, each in enumerate(ids[1])}
    partner_of = dict(trial.truth)
    partner = np.array([row_of.get(partner_of.get(each, ""), -1) for each in ids[0]], dtype=np.int64)
    pairs = ownthreshold.alike(*sets, **LIMITS)
    return Compared(sets, pairs, partner[pairs.left] == pairs.right, len(trial.truth))


def ours(trial: Trial, profile: str = "") -> tuple[list[lk.EncodedSet], list[list[str]]]:
    """One filter a record, plain or by a profile; and the agencies' own ids by row."""
    settings = profile_settings(profile) if profile else {"layout": "record"}
    schema = lk.Schema(project=methods.PROJECT, fields=trial.fields, **settings)
    key, known = datasets.key(trial.seed), methods.own_ids(trial)
    sets = [
        lk.encode(side.table, schema, key, id=side.id, source=side.source, columns=side.columns, progress=False)
        for side in trial.sides
    ]
    return sets, [[known[each.source, name] for name in each.record_ids.to_pylist()] for each in sets]


def clkhash(trial: Trial, *, uniform: bool) -> tuple[list[lk.EncodedSet], list[list[str]]]:
    """The CLKs that clkhash makes of the values as `linkage` cleans them; and the agencies' own ids by row."""
    kinds = {field.name: field.type for field in trial.fields}
    agreed = anonlink_clk.schema(kinds)
    if uniform:
        for feature in agreed["features"]:
            feature["hashing"]["strategy"] = {"bitsPerToken": BITS_A_TOKEN}
    schema = lk.Schema.from_clkhash(agreed)
    sets = []
    for side in trial.sides:
        table = methods.cleaned(side, trial.fields)
        columns = {name: anonlink_clk.plain(table[name].to_pylist(), kind) for name, kind in kinds.items()}
        sets.append(interop.encode_clkhash(columns, schema, b"benchmark", source=side.source))
    return sets, [side.table[side.id].to_pylist() for side in trial.sides]


ENCODINGS: dict[str, Callable[[Trial], tuple[list[lk.EncodedSet], list[list[str]]]]] = {
    "record": ours,
    "guarded": partial(ours, profile="guarded"),
    "hardened": partial(ours, profile="hardened"),
    "clkhash": partial(clkhash, uniform=False),
    "clkhash, uniform": partial(clkhash, uniform=True),
}


def measure(trial: Trial, encoding: str) -> dict:
    """Both thresholds and how good they are; ``refused`` in place of what can't be had."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)  # invented people make mistakes
        sets, ids = ENCODINGS[encoding](trial)
    there = compared(trial, sets, ids)
    best = there.best() if trial.truth else judge.judged(0, 0, 0, 1.0)
    out = {"best_f1": best.f1, "best_cut": best.cut}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", lk.LinkageWarning)
        try:
            links = lk.link(*sets, progress=False)
        except lk.EvidenceError as refusal:
            return out | {"refused": str(refusal)}
    own = there.f1(links.cut["threshold"])
    return out | {"f1": own.f1, "cut": own.cut, "precision": own.precision, "recall": own.recall, "warned": bool(said)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=len(full_size.SEEDS))
    parser.add_argument("--people", type=int, default=full_size.PEOPLE)
    parser.add_argument("--data", default="", help="only data sets whose name begins so")
    parser.add_argument("--kept", nargs="*", type=float, default=full_size.OWN_THRESHOLD_KEPT, help="beside all")
    parser.add_argument("--encodings", nargs="+", choices=ENCODINGS, default=full_size.OWN_THRESHOLD_ENCODINGS)
    wanted = parser.parse_args()
    about = {"versions": machine.versions(), "machine": machine.machine()}
    lacking: set[str] = set()
    every = datasets.trials(range(1, wanted.seeds + 1), wanted.people, wanted.kept)
    for data, make in every.items():
        one_sided = data in full_size.ONE_SIDED  # within one set no threshold is found
        if one_sided or not data.startswith(wanted.data) or not quality.possible(data, ["linkage"], lacking):
            continue
        for trial in make():
            for encoding in wanted.encodings:
                line = {
                    "data": data, "seed": trial.seed, "encoding": encoding, "settings": dict(trial.settings),
                    "true_pairs": len(trial.truth), **measure(trial, encoding),
                    "data_versions": dict(trial.versions), **about,
                }  # fmt: skip
                tables.append(threshold_tables.OWN_THRESHOLD, line)
                said = "refused" if "refused" in line else f"{line['f1']:.4f} at {line['cut']:.3f}"
                print(f"{data}, seed {trial.seed}, {encoding}: {said}; best {line['best_f1']:.4f}", flush=True)
    print("\n" + threshold_tables.own_threshold(threshold_tables.full_own_threshold()))
    if lacking:
        sys.exit("NOT MEASURED, no environment for pseudopeople: run benchmarks/rivals/environments.py")


if __name__ == "__main__":
    main()
