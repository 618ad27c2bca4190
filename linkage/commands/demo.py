"""The whole job in one sitting, on people who do not exist: `linkage demo`."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linkage.agency import encode
from linkage.agency.key import Key
from linkage.agency.rejoin import rejoin
from linkage.central import link
from linkage.commands.tablefiles import write_table
from linkage.encoded import EncodedSet
from linkage.errors import LinkageWarning
from linkage.links import Links
from linkage.release import Release
from linkage.schema import Schema
from linkage.study import Population, invent
from linkage.study.evaluate import Evaluation, evaluate

if TYPE_CHECKING:
    import pyarrow as pa

REGISTRY, CENTRE = "registry", "childrens_centre"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What the demo found; the files lie in its folder, and ``by_hand`` are the commands that make them anew there."""

    evaluation: Evaluation
    births: int
    unreached: int
    by_hand: tuple[str, ...]
    seconds: float


def run(folder: Path, *, people: int, seed: int, say: Say) -> Outcome:
    """Two agencies encode, a centre links, each gets its link ids back; ``say`` takes the story line by line."""
    start = time.monotonic()
    population = invent(people, seed=seed, agencies=(REGISTRY, CENTRE))
    say("Two agencies, invented, with the errors such files have. Nobody in them exists.")
    for agency in (REGISTRY, CENTRE):
        say(f"  {agency:<17}{population[agency].num_rows:>6,} records")

    schema = Schema.preset("uk-person", project="demo")
    schema.save(folder / "agreement.toml")
    key = Key.generate()
    key.save(folder / "project.key")
    say("\nThe agencies agree on the fields (agreement.toml) and share a key (project.key). The centre gets neither")
    say("name nor key. Each agency encodes its own table on its own machine:")
    files = {agency: _encoded(population, agency, schema, key, folder) for agency in (REGISTRY, CENTRE)}
    for agency, path in files.items():
        say(f"  left {agency:<17}{path.name}, {path.stat().st_size:,} bytes: record ids and bits")
    _show_one_record(population, files[REGISTRY], say)

    links = link(*(EncodedSet.load(path) for path in files.values()))
    links.save(folder / "links.parquet")
    say(f"\nThe centre compared every record with every other and linked {len(links):,} pairs.")
    births = _rejoined(links, population, REGISTRY, key, folder)
    _rejoined(links, population, CENTRE, key, folder)
    say("Each agency got back its own record ids with link ids, and put them beside its own table.")

    for name, table in (*((agency, population[agency]) for agency in files), ("truth", population.truth)):
        write_table(table, str(folder / f"{name}.csv"))
    evaluation = evaluate(links, population.truth, key=key)
    say("\nAs these people are invented, the truth is known:")
    say("  " + str(evaluation).replace("\n", "\n  "))
    unreached = births["link_id"].null_count
    say(f"\nOf {len(births):,} births, {unreached:,} linked with no children's centre registration:")
    say("the families to reach first.")
    by_hand = tuple(_by_hand(population, schema))
    return Outcome(evaluation, len(births), unreached, by_hand, time.monotonic() - start)


def _by_hand(population: Population, schema: Schema) -> Iterator[str]:
    """The job as command lines, for the folder that has the tables."""
    for agency in (REGISTRY, CENTRE):
        columns = population.held(agency, schema)
        named = [f"--column {field}={column}" for field, column in columns.items() if column and column != field]
        named += [f"--without {field}" for field, column in columns.items() if column is None]
        yield (
            f"linkage encode {agency}.csv --schema agreement.toml --key project.key --id {population.ids[agency]} "
            f"--source {agency} -o my-{agency}.parquet {' '.join(named)}"
        )
    yield f"linkage link my-{REGISTRY}.parquet my-{CENTRE}.parquet -o my-links.parquet"
    yield "linkage evaluate my-links.parquet truth.csv --key project.key"


def _encoded(population: Population, agency: str, schema: Schema, key: Key, folder: Path) -> Path:
    path = folder / f"{agency}.parquet"
    with warnings.catch_warnings():
        # invented dates and postcodes are wrong on purpose, and counted in the evaluation
        warnings.simplefilter("ignore", LinkageWarning)
        encode(
            population[agency],
            schema,
            key,
            id=population.ids[agency],
            source=agency,
            columns=population.held(agency, schema),
            out=path,
        )
    return path


def _show_one_record(population: Population, path: Path, say: Say) -> None:
    table = population[REGISTRY].slice(0, 1).to_pylist()[0]
    encoded = EncodedSet.load(path)
    bits = encoded.filters["surname"][0].tobytes().hex()
    say(f"  a row of the registry reads  {table['forename']}, {table['surname']}, {table['date_of_birth']}, ...")
    say(f"  a row of its file reads      {encoded.record_ids[0]}, surname {bits[:32]}..., ...")


def _rejoined(links: Links, population: Population, agency: str, key: Key, folder: Path) -> pa.Table:
    path = folder / f"{agency}-links.parquet"
    links.release(agency).save(path)
    return rejoin(Release.load(path), population[agency], key, id=population.ids[agency])
