"""Every method that links or finds duplicates, behind one call: the pairs it would report, and those of its best cut.

`linkage` is one call of `lk.link` with its defaults: of two sets, or of one that holds duplicates. Rivals get the
fields as `linkage` cleans them (case, diacritics, date and sex as one form, placeholders empty): better than they
would come. Each is judged at the cut that someone without truth would use and at the best cut, which takes the truth
to find: every score that a method gave is tried. Pairs of one table are judged as they are reported, not as the
clusters that they would join to, whoever reports them.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import datasets
import environments
import exchange
import judge
import machine
import pyarrow as pa
from datasets import Side, Trial
from pyarrow import csv

import linkage as lk
from linkage.agency.normalise import cleaner
from linkage.agency.rejoin import hashed_ids

RIVALS = ("anonlink_clk", "recordlinkage_ecm", "splink_plain")
PROJECT = "benchmark"
LOWEST = 0.001  # probability: below it no cut is best


@dataclass(frozen=True)
class Found:
    """What a method found: pairs by the agencies' own ids at its default and at its best cut, and how good they are."""

    default: judge.Truth
    best: judge.Truth
    row: dict


def measure(name: str, trial: Trial) -> Found:
    """One method on one trial."""
    return linkage(trial) if name == "linkage" else rival(name, trial)


def linkage(trial: Trial) -> Found:
    """One call with the defaults; then the probability that is best in hindsight, found as a rival's best score is.

    A plain refusal (`LinkageError`) finds nothing, and says so.
    """
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        sets = encoded(trial, datasets.key(trial.seed))
        try:
            links = lk.link(*sets, progress=False)
        except lk.LinkageError as refusal:
            nothing = judge.at([], trial.truth, 0.5)
            measures = row(nothing, nothing, time.perf_counter() - start, machine.versions())
            return Found(frozenset(), frozenset(), measures | {"refused": type(refusal).__name__})
        seconds = time.perf_counter() - start
        known = own_ids(trial)
        reported = judge.above(from_links(links, trial, known), 0.0)
        scored = exchange.each_once if trial.right is None else exchange.one_to_one
        ranked = scored(likely(sets, trial, known))
    default = judge.judged(len(reported & trial.truth), len(reported), len(trial.truth), 0.5)
    best = max(default, judge.best(ranked, trial.truth))
    chosen = reported if best == default else judge.above(ranked, best.cut)
    return Found(reported, chosen, row(default, best, seconds, machine.versions()))


def likely(sets: list[lk.EncodedSet], trial: Trial, known: Mapping[tuple[str, str], str]) -> Iterable[judge.Pair]:
    """Every pair that is at all likely, before any is chosen."""
    table = lk.fit(*sets, progress=False).predict(*sets, probability=LOWEST, progress=False).to_arrow()
    columns = (table[name].to_pylist() for name in ("left_id", "right_id", "probability"))
    left, right = trial.sides[0].source, trial.sides[-1].source
    return [(known[left, a], known[right, b], chance) for a, b, chance in zip(*columns, strict=True)]


def from_links(links: lk.Links, trial: Trial, known: Mapping[tuple[str, str], str]) -> list[judge.Pair]:
    """The links as pairs of own ids, the trial's left source first, or the lower id of one source."""
    names = ("left_source", "left_id", "right_source", "right_id", "probability")
    out = []
    for source, left, other, right, chance in zip(*(links.pairs[name].to_pylist() for name in names), strict=True):
        pair = known[source, left], known[other, right]
        turned = pair[1] < pair[0] if trial.right is None else source != trial.left.source
        out.append((*(pair[::-1] if turned else pair), chance))
    return out


def own_ids(trial: Trial) -> dict[tuple[str, str], str]:
    """Source and record id of the encoded set -> the agency's own id."""
    key, known = datasets.key(trial.seed), {}
    for side in trial.sides:
        own = side.table[side.id]
        ids = hashed_ids(pa.chunked_array(own), key, project=PROJECT, source=side.source, column=side.id).to_pylist()
        known.update(zip(((side.source, each) for each in ids), own.to_pylist(), strict=True))
    return known


def encoded(trial: Trial, key: lk.Key) -> list[lk.EncodedSet]:
    """The trial's tables as their agencies would send them."""
    schema = lk.Schema(project=PROJECT, fields=trial.fields)
    return [
        lk.encode(side.table, schema, key, id=side.id, source=side.source, columns=side.columns, progress=False)
        for side in trial.sides
    ]


def rival(name: str, trial: Trial) -> Found:
    """A rival in its own environment, on cleaned CSV files; its seconds are those of the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        left, right, fields, out = (Path(folder) / file for file in ("left.csv", "right.csv", "fields.json", "out.csv"))
        for side, path in zip(trial.sides, (left, right), strict=False):
            csv.write_csv(cleaned(side, trial.fields), path)
        fields.write_text(json.dumps({field.name: field.type for field in trial.fields}), encoding="utf-8")
        script = Path(environments.__file__).parent / f"{name}.py"
        files = [left, exchange.NO_RIGHT if trial.right is None else right, fields, out]
        start = time.perf_counter()
        done = subprocess.run([environments.python(name), script, *files], capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(f"{name} on {trial.data}, seed {trial.seed}:\n{done.stderr}")
        said = json.loads(done.stdout.splitlines()[-1])
        pairs = scored(out)
    cut, best = said["default_cut"], judge.best(pairs, trial.truth)
    measures = row(judge.at(pairs, trial.truth, cut), best, seconds, said["versions"])
    return Found(judge.above(pairs, cut), judge.above(pairs, best.cut), measures)


def cleaned(side: Side, fields: tuple[lk.Field, ...]) -> pa.Table:
    """The fields in the form that `linkage` compares, empty where it sees a value as missing."""
    columns = {"id": side.table[side.id]}
    for field in fields:
        clean = cleaner(field)
        values = side.table[side.columns[field.name]].to_pylist()
        columns[field.name] = pa.array([clean(value).value if value else "" for value in values], pa.string())
    return pa.table(columns)


def scored(path: Path) -> list[judge.Pair]:
    """A rival's pairs; without those that it gave no number, as recordlinkage does where its estimate broke down."""
    table = datasets.read(path)
    return [
        (left, right, float(score))
        for left, right, score in zip(*(table[name].to_pylist() for name in table.column_names), strict=True)
        if score is not None
    ]


def row(default: judge.Judged, best: judge.Judged, seconds: float, versions: dict[str, str]) -> dict:
    """What is kept of a measurement."""
    measures = {name: getattr(default, name) for name in ("precision", "recall", "f1", "cut")}
    measures |= {f"best_{name}": getattr(best, name) for name in ("precision", "recall", "f1", "cut")}
    return measures | {"seconds": round(seconds, 2), "versions": versions}
