"""Who is one person over five agencies: our decision, connected components and anonlink's solvers on the same pairs.

    python benchmarks/several_sets.py [--people 20000] [--seeds 1 2 3] [--presets typical hard] [--without-scale]
    python benchmarks/several_sets.py --records 100000

Five invented agencies, two of which hold some people twice. The pairs, with their probabilities, are those that
`linkage.link` weighs; each method gets them at the cut that `link` finds by itself and at others. Measures are of
records in groups: pairwise and B-cubed. No cut is best in precision and in recall, so of every rival it is also shown
what recall our decision has where its precision is no lower than the rival's (`recall_at_its_precision`, over cuts from
0.01 to 0.99), and the other way round. `gap` is how far our decision is below the best there is, on all components of
up to nine records that are not simple, each of which is parted in every way. --records: so many records of each agency
are compared where they agree on something, then decided in a process of its own, whose time and memory are shown.
Appends to results/several_sets.jsonl
and several_scale.jsonl.
"""

from __future__ import annotations

import argparse
import itertools
import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import full_size
import machine
import numpy as np
import pyarrow.compute as pc
import tables
from rivals import environments

import linkage as lk
from linkage import study
from linkage.agency.rejoin import hashed_ids
from linkage.central import several
from linkage.central.assign import groups
from linkage.central.contenders import LINK_FLOOR_BITS, Contenders, prior_bits
from linkage.central.modelling.fitting import fitted
from linkage.central.modelling.levels import sides
from linkage.central.modelling.rarity import bonuses
from linkage.central.modelling.scoring import evidence_of, levels_of
from linkage.central.overtime.heldsets import chosen
from linkage.central.overtime.newpairs import Before
from linkage.central.several import Decided

AGENCIES = ("childrens_centre", "police", "primary_school", "social_work", "youth_work")
TWICE = ("police", "social_work")
LARGE = ("childrens_centre", "police", "primary_school", "secondary_school", "social_work")
PEOPLE_PER_RECORD = 1.95  # of the smallest of them
RESULT = tables.RESULTS / "several_sets.jsonl"
SCALE = tables.RESULTS / "several_scale.jsonl"
SOLVER = Path(__file__).parent / "rivals" / "anonlink_solve.py"
PROJECT = "several"
MEMORY = 4 << 30
CUTS = (0.5, 0.7, 0.9)
ALL_CUTS = (0.01, 0.02, 0.05, *(round(0.05 * step, 2) for step in range(2, 20)), 0.97, 0.98, 0.99)
BLOCKS = (("dob",), ("postcode",), ("nhs_number",), ("given_name", "surname"))
SMALL = 9  # records: three to the power of nine steps


def sets_of(
    people: int, seed: int, preset: str, agencies: tuple[str, ...] = AGENCIES
) -> tuple[list[lk.EncodedSet], np.ndarray]:
    """What each agency sends, and the person of each record, all sets one after another."""
    population = study.invent(people, seed=seed, preset=preset, agencies=agencies)
    schema = lk.Schema.preset("uk-person", project=PROJECT)
    key = lk.Key(np.random.default_rng(20_000 + seed).bytes(32))
    sets, persons = [], []
    for name in agencies:
        columns = population.held(name, schema)
        table = population[name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", lk.LinkageWarning)  # values that can't be read are part of the invention
            sets.append(lk.encode(table, schema, key, id=population.ids[name], source=name, columns=columns))
        truth = population.truth.filter(pc.equal(population.truth["source"], name))
        ids = hashed_ids(truth["id"], key, project=PROJECT, source=name, column="id")
        persons.append(truth["person"].take(pc.index_in(sets[-1].record_ids, value_set=ids)).to_pylist())
    return sets, np.unique(np.concatenate(persons), return_inverse=True)[1]


def measures(group: np.ndarray, person: np.ndarray) -> dict[str, float]:
    """Pairwise and B-cubed precision, recall and F1 of groups of records.

    >>> measures(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]))["pairwise_precision"]
    0.3333333333333333
    """
    n = int(person.max()) + 1
    cells, both = np.unique(group.astype(np.int64) * n + person, return_counts=True)
    of_group, of_person = np.bincount(group), np.bincount(person)
    true = _pairs(both)
    found = {"pairwise_precision": true / _pairs(of_group), "pairwise_recall": true / _pairs(of_person)}
    squared = both.astype(float) ** 2
    found["b_cubed_precision"] = float((squared / of_group[cells // n]).sum() / len(person))
    found["b_cubed_recall"] = float((squared / of_person[cells % n]).sum() / len(person))
    for name in ("pairwise", "b_cubed"):
        precision, recall = found[f"{name}_precision"], found[f"{name}_recall"]
        found[f"{name}_f1"] = 2 * precision * recall / (precision + recall)
    return found


def _pairs(sizes: np.ndarray) -> float:
    return float((sizes * (sizes - 1) // 2).sum())


def decided(sets: list[lk.EncodedSet], probability: float | None = None) -> Decided:
    """What `link` decides of five sets."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        limits = {"threads": None, "memory": MEMORY, "progress": False}
        return several.decide_by_probability(sets, probability, model=None, duplicates=TWICE, limits=limits)


class Listed:
    """The pairs of all sets in rows of all sets one after another, from a cut on."""

    def __init__(self, found: Decided, cut: float) -> None:
        self.offset = np.concatenate([[0], np.cumsum([len(each) for each in found.sets])])
        parts = [
            (
                each.pairs.left + self.offset[each.left],
                each.pairs.right + self.offset[each.right],
                each.pairs.probability,
            )
            for each in found.met
        ]
        left, right, chance = (np.concatenate(side) for side in zip(*parts, strict=True))
        order = np.lexsort((right, left, -chance))
        order = order[chance[order] >= cut]
        self.left, self.right, self.chance = left[order], right[order], chance[order]


def methods(found: Decided, cut: float) -> Iterator[tuple[str, np.ndarray, float]]:
    """Name, group of each record and seconds of processor time of each way to decide."""
    start = time.process_time()
    ours = several.decided_at(cut, found.sets, found.met, duplicates=TWICE, known=None).group
    yield "linkage", ours, time.process_time() - start
    pairs = Listed(found, cut)
    start = time.process_time()
    whole = groups(pairs.left, pairs.right, int(pairs.offset[-1]))
    yield "connected components", whole, time.process_time() - start
    for solver in ("greedy", "probabilistic"):
        yield f"anonlink {solver}", *anonlink(pairs, solver)


def anonlink(pairs: Listed, solver: str) -> tuple[np.ndarray, float]:
    """The groups of anonlink's solver, lone records among them."""
    sides = {}
    for side, rows in (("left", pairs.left), ("right", pairs.right)):
        place = np.searchsorted(pairs.offset, rows, side="right") - 1
        sides |= {f"{side}_set": place, side: rows - pairs.offset[place]}
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "pairs.npz", Path(folder) / "groups.npz"
        np.savez(given, similarity=pairs.chance, **sides)
        python = environments.python("anonlink_clk")
        subprocess.run([python, "-W", "ignore", SOLVER, given, out, solver], check=True)
        made = np.load(out)
        group = int(pairs.offset[-1]) + np.arange(int(pairs.offset[-1]))
        group[pairs.offset[made["set"]] + made["row"]] = made["group"]
        return np.unique(group, return_inverse=True)[1], float(made["seconds"])


def gap(found: Decided, cut: float) -> dict[str, float]:
    """How far our decision is below the best, of all components of up to nine records that are not simple.

    Up to six they are tried out in full; ``searched`` are the others.
    """
    from linkage.central.hardclusters import TRIED_OUT, Component

    worths = []
    made = Component.solved

    def watched(self: Component) -> object:
        parts = made(self)
        if len(self.nodes) <= SMALL:
            best = self.best_of_all()
            best_parts = [self.nodes[each] for each in best]
            worths.append((self.worth_of(parts), self.worth_of(best_parts), len(self.nodes) > TRIED_OUT))
        return parts

    Component.solved = watched  # type: ignore[method-assign]
    try:
        several.decided_at(cut, found.sets, found.met, duplicates=TWICE, known=None)
    finally:
        Component.solved = made  # type: ignore[method-assign]
    ours, best = (sum(pair[place] for pair in worths) for place in (0, 1))
    below = sum(each[0] < each[1] for each in worths)
    searched = sum(each[2] for each in worths)
    return {"components": len(worths), "searched": searched, "below_best": below, "gap": 1 - ours / best if best else 0}


def against(rival: dict[str, float], ours: list[dict[str, float]]) -> dict[str, float | None]:
    """The best recall of ours at no lower precision than the rival's, and the best precision at no lower recall."""
    found: dict[str, float | None] = {}
    for kind in ("pairwise", "b_cubed"):
        for best, given in (("recall", "precision"), ("precision", "recall")):
            there = [each[f"{kind}_{best}"] for each in ours if each[f"{kind}_{given}"] >= rival[f"{kind}_{given}"]]
            found[f"{kind}_{best}_at_its_{given}"] = max(there, default=None)
    return found


def quality(people: int, seeds: list[int], presets: list[str]) -> None:
    """Every method at every cut."""
    about = {"versions": machine.versions(), "machine": machine.machine(), "settings": {"people": people}}
    for preset, seed in itertools.product(presets, seeds):
        sets, person = sets_of(people, seed, preset)
        found = decided(sets)
        own = found.cut["probability"]
        ours = [
            measures(several.decided_at(cut, found.sets, found.met, duplicates=TWICE, known=None).group, person)
            for cut in ALL_CUTS
        ]
        for at, cut in (("found", own), *((str(each), each) for each in CUTS)):
            for name, group, seconds in methods(found, cut):
                row = {"part": "quality", "preset": preset, "seed": seed, "at": at, "cut": cut}
                row |= {"method": name, "records": len(person), "seconds": round(seconds, 3)}
                measured = measures(group, person)
                if name != "linkage":
                    measured |= against(measured, ours)
                row |= {each: value if value is None else round(value, 5) for each, value in measured.items()}
                tables.append(RESULT, row | about)
                print(json.dumps(row), flush=True)
        row = {"part": "gap", "method": "linkage", "preset": preset, "seed": seed, "at": "gap", "cut": own} | gap(
            found, own
        )
        tables.append(RESULT, row | about)
        print(json.dumps(row), flush=True)


def equal_pairs(first: lk.EncodedSet, second: lk.EncodedSet, names: tuple[str, ...]) -> np.ndarray:
    """(k,) row << 32 | column of the records whose filters of these names are there and equal."""
    values = []
    for each in (first, second):
        words = np.ascontiguousarray(np.concatenate([each.filters[name] for name in names], axis=1))
        there = np.all([each.popcounts[name] > 0 for name in names], axis=0)
        values.append((words.view(f"V{words.shape[1] * 8}").ravel(), np.flatnonzero(there)))
    (left, rows), (right, columns) = values
    number = np.unique(np.concatenate([left[rows], right[columns]]), return_inverse=True)[1]
    order = np.argsort(number[len(rows) :], kind="stable")
    found = number[len(rows) :][order]
    start, stop = (np.searchsorted(found, number[: len(rows)], side=side) for side in ("left", "right"))
    times = stop - start
    place = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times) + np.repeat(start, times)
    return np.repeat(rows, times).astype(np.int64) << 32 | columns[order][place]


def likely(model: lk.Model, first: lk.EncodedSet, second: lk.EncodedSet, *, within: bool) -> Before:
    """Pairs that agree on the date of birth, the postcode, the NHS number or both names, down to the usual floor."""
    keys = [equal_pairs(first, second, names) for names in BLOCKS]
    key = np.unique(np.concatenate(keys))
    row, column = (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int32)
    if within:
        row, column = row[row < column], column[row < column]
    bonus = bonuses(sides(first, model.plan), sides(second, model.plan))
    found = Contenders(row, column, np.zeros(len(row), np.int32), 0, bonus)
    match, _ = evidence_of(model, found, levels_of(model, first, second, found), max(len(first), len(second)))
    prior = prior_bits(0.5 * min(len(first), len(second)), len(first), len(second))
    kept = match / np.log(2) + prior >= LINK_FLOOR_BITS
    old = [np.zeros(len(each), dtype=bool) for each in (first, second)]
    return Before(*old, row[kept].astype(np.int64), column[kept].astype(np.int64))


def at_scale(records: int) -> None:
    """So many records of each of five agencies, compared in blocks here and decided in another process."""
    sets, person = sets_of(int(PEOPLE_PER_RECORD * records), 1, "typical", LARGE)
    offset = np.concatenate([[0], np.cumsum([len(each) for each in sets])])
    kept, persons = [], []
    for place, each in enumerate(sets):  # the people of the lowest numbers, so that agencies still share them
        own = person[offset[place] : offset[place + 1]]
        rows = np.sort(np.argsort(own, kind="stable")[:records])
        kept.append(chosen(each, rows))
        persons.append(own[rows])
    start = time.perf_counter(), time.process_time()
    models, before = {}, {}
    limits = {"threads": None, "memory": MEMORY, "progress": False}
    for one, other in itertools.combinations_with_replacement(range(len(kept)), 2):
        if one != other or kept[one].source in TWICE:
            own = [name for name in TWICE if name in (kept[one].source, kept[other].source)]
            second = None if one == other else kept[other]
            models[one, other] = fitted(kept[one], second, duplicates=own, **limits)
            before[one, other] = likely(models[one, other], kept[one], kept[other], within=one == other)
            print(kept[one].source, kept[other].source, len(before[one, other].row), file=sys.stderr, flush=True)
    past = several.Past(models, before)
    found = several.decide_by_probability(kept, None, model=None, duplicates=TWICE, limits=limits, past=past)
    row = {"part": "scale", "seed": 1, "records": [len(each) for each in kept]}
    row["compared_seconds"] = time.perf_counter() - start[0]
    row["compared_cpu"] = time.process_time() - start[1]
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "found.pickle"  # our own, within this run
        with given.open("wb") as handle:
            pickle.dump((found.sets, found.met, found.cut["probability"]), handle)
        child = subprocess.run(
            [sys.executable, __file__, "--decide", given], check=True, capture_output=True, text=True
        )
    row |= json.loads(child.stdout.splitlines()[-1])
    row |= {name: round(value, 5) for name, value in measures(found.group, np.concatenate(persons)).items()}
    about = {"versions": machine.versions(), "machine": machine.machine(), "settings": {"records": records}}
    tables.append(SCALE, row | about)
    print(json.dumps(row))


def decide_alone(given: Path) -> None:
    """What comes after comparison, with nothing else in this process: decision, link ids, the table of links."""
    import secrets

    from linkage.central.outcome import carried_on
    from linkage.central.overtime.carrying import state_of
    from linkage.central.overtime.identity import carried

    with given.open("rb") as handle:
        sets, met, cut = pickle.load(handle)
    start = time.perf_counter(), time.process_time()
    found = several.decided_at(cut, sets, met, duplicates=TWICE, known=None)
    clustered = time.process_time() - start[1]
    release_key = secrets.token_bytes(32)
    ids, events = carried(found.group, nobody(len(found.group)), release_key=release_key, step=0)
    links = carried_on(found, ids, events, state_of(found, TWICE), release_key=release_key)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        json.dumps(
            {
                "pairs": sum(len(each.pairs) for each in met), "kept": links.kept.pairs.num_rows, "links": len(links),
                "clusters_cpu": clustered, "decided_seconds": time.perf_counter() - start[0],
                "decided_cpu": time.process_time() - start[1], "decided_peak_bytes": peak,
            }
        )
    )  # fmt: skip


def nobody(n: int) -> object:
    """No record had a link id."""
    import pyarrow as pa

    return pa.nulls(n, pa.string())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=full_size.SEVERAL_PEOPLE)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(full_size.SEVERAL_SEEDS))
    parser.add_argument("--presets", nargs="+", default=list(full_size.PRESETS))
    parser.add_argument("--records", type=int, help="large agencies alone, of so many records each")
    parser.add_argument("--without-scale", action="store_true", help="leave the large agencies out")
    parser.add_argument("--decide", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.decide is not None:
        decide_alone(wanted.decide)
        return
    if wanted.records is None:
        quality(wanted.people, wanted.seeds, wanted.presets)
    if wanted.records is not None or not wanted.without_scale:
        at_scale(wanted.records or full_size.SEVERAL_RECORDS)


if __name__ == "__main__":
    main()
