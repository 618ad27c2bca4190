"""The commands that write, on invented people: what each needs, what it writes, and what it must have written."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import linkage as lk

AGENCIES = ("registry", "childrens_centre")
Value = Callable[[Path], object]


@dataclass(frozen=True)
class Command:
    """A command line in a folder of inputs.

    outputs   file -> what it holds, as a value that is the same in every run
    kept      folder of a run that a stopped command continues -> the same, once it has come to its end
    new       outputs that are refused where they are already
    """

    line: tuple[str, ...]
    outputs: dict[str, Value]
    kept: dict[str, Value] = field(default_factory=dict)
    new: frozenset[str] = frozenset()


def prepare(folder: Path, people: int = 1_200) -> None:
    """Everything that the commands read."""
    population, key = lk.study.invent(people, seed=7, agencies=AGENCIES), lk.Key.generate()
    schema = lk.Schema.preset("uk-person", project="faults")
    schema.save(folder / "agreement.toml")
    key.save(folder / "project.key")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sets = []
        for name in AGENCIES:
            from pyarrow import csv

            csv.write_csv(population[name], folder / f"{name}.csv")
            sets.append(lk.encode(population[name], schema, key, id=population.ids[name], source=name,
                                  columns=population.held(name, schema), progress=False))  # fmt: skip
            sets[-1].save(folder / f"{name}.parquet")
        first = [each.without(each.record_ids.to_pylist()[::2]) for each in sets]
        for name, each in zip(AGENCIES, first, strict=True):
            each.save(folder / f"{name}-1.parquet")
            gone = np.array(sets[0].record_ids.to_pylist())[:40].tolist()
        for name, each, half in zip(AGENCIES, sets, first, strict=True):
            each.without(half.record_ids.to_pylist()).save(folder / f"{name}-2.parquet")
        lk.fit(*sets, progress=False).save(folder / "model.json")
        links = lk.link(*first, progress=False)
        links.save(folder / "standing.parquet")
        made = lk.link(*sets, progress=False)
        made.save(folder / "links.parquet")
        made.release("registry").save(folder / "release.parquet")
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"record_id": gone}), folder / "gone.parquet")
        (folder / "held").write_text(" ".join(_columns(population, schema)))
        _prepare_later(folder, population, schema, key, links)


def _prepare_later(folder: Path, population: object, schema: lk.Schema, key: lk.Key, standing: lk.Links) -> None:
    """What the steps after a linkage read: a standing result with events, cases, decisions; and clkhash's CLKs."""
    batches = [lk.EncodedSet.load(folder / f"{name}-{batch}.parquet") for batch in (1, 2) for name in AGENCIES]
    lk.link(*batches, standing=standing, progress=False).save(folder / "carried.parquet")
    line = next(each.line for name, each in commands(folder).items() if name == "cases")
    given = tuple("review.csv" if each == "out.csv" else each.replace("=to.", "=cases.") for each in line)
    code, said = finished(given, folder)
    assert code == 0, said
    numbers = [row.split(",")[0] for row in (folder / "review.csv").read_text().splitlines()[1:]]
    (folder / "decided.csv").write_text("case,same\n" + "".join(f"{number},true\n" for number in numbers))
    pairs = lk.Links.load(folder / "links.parquet").pairs.to_pylist()
    same = [(each["left_id"], each["right_id"], "true") for each in pairs[::4]]
    other = [(one["left_id"], two["right_id"], "false") for one, two in zip(pairs[1::4], pairs[2::4], strict=False)]
    left, right = pairs[0]["left_source"], pairs[0]["right_source"]
    rows = [f"{left},{one},{right},{two},{truth}\n" for one, two, truth in same + other]
    (folder / "decisions.csv").write_text("left_source,left_id,right_source,right_id,same\n" + "".join(rows))
    blocked = lk.Schema.preset("uk-person", project="faults", blocks=True)
    own = {"id": population.ids["registry"], "source": "registry", "columns": population.held("registry", blocked)}  # type: ignore[attr-defined]
    lk.encode(population["registry"], blocked, key, **own, progress=False).save(folder / "blocked.parquet")  # type: ignore[index]
    record = lk.Schema(project="faults", fields=schema.fields, layout="record", bits=1024)
    clks = lk.encode(population["registry"], record, key, **own, progress=False)  # type: ignore[index]
    lk.interop.write_clks(clks, folder / "clks.json")
    (folder / "groups.json").write_text(json.dumps([[[0, row], [1, row + 1]] for row in range(0, 4_000, 2)]))


def _columns(population: object, schema: lk.Schema) -> list[str]:
    held = population.held("registry", schema)  # type: ignore[attr-defined]
    named = [f"--column={field}={column}" for field, column in held.items() if column]
    id_column = population.ids["registry"]  # type: ignore[attr-defined]
    return [*named, *(f"--without={field}" for field, column in held.items() if column is None), f"--id={id_column}"]


def commands(folder: Path) -> dict[str, Command]:
    """By name."""
    held = (folder / "held").read_text().split()
    both, halves = (
        ("registry.parquet", "childrens_centre.parquet"),
        tuple(f"{name}-{batch}.parquet" for batch in (1, 2) for name in AGENCIES),
    )
    key = ("--key", "project.key")
    encode = ("encode", "registry.csv", "--schema", "agreement.toml", *key, "--source", "registry", *held)
    id_option = next(each for each in held if each.startswith("--id="))
    return {
        "encode": Command((*encode, "-o", "out.parquet"), {"out.parquet": digest}),
        "encode, spilling": Command((*encode, "-o", "out.parquet", "--memory", "1"), {"out.parquet": digest}),
        "compare": Command(
            ("compare", *both, "--threshold", "0.6", "--filter", "surname", "-o", "out.parquet"),
            {"out.parquet": octets},
        ),
        "fit": Command(("fit", *both, "-o", "out.json"), {"out.json": octets}),
        "link": Command(("link", *both, "-o", "out.parquet"), {"out.parquet": people_of}),
        "link, over time": Command(
            ("link", *halves, "--standing", "standing.parquet", "-o", "standing.parquet"),
            {"standing.parquet": people_of},
        ),
        "release": Command(
            ("release", "links.parquet", "--source", "registry", "-o", "out.parquet", "--csv", "out.csv"),
            {"out.parquet": octets, "out.csv": octets}, new=frozenset({"out.csv"}),
        ),
        "rejoin": Command(
            ("rejoin", "release.parquet", "registry.csv", *key, id_option, "-o", "out.csv"), {"out.csv": octets}
        ),
        "cases": Command(
            ("cases", "links.parquet", *both, "--model", "model.json", "--pairs", "40", "--to", "registry=to.parquet",
             "-o", "out.csv"), {"out.csv": octets, "to.parquet": octets},
        ),
        "explain": Command(
            ("explain", *both, "--model", "model.json", "--dropping", "-o", "out.csv"), {"out.csv": octets}
        ),
        "withdraw": Command(
            ("withdraw", "registry.parquet", "--ids", "gone.parquet", "-o", "registry.parquet"),
            {"registry.parquet": digest},
        ),
        "link, in a folder": Command(
            ("link", *both, "-o", "out.parquet", "--run", "run", "--memory", "1"), {"out.parquet": people_of},
            {"run": pairs_in},
        ),
        "compare, in a folder": Command(
            ("compare", *both, "--threshold", "0.6", "--filter", "surname", "--run", "run", "--memory", "1"), {},
            {"run": pairs_in},
        ),
        "audit": Command(
            ("audit", "registry.parquet", "--schema", "agreement.toml", *key, "--table", "registry.csv", *held,
             "--allow", "fail", "-o", "out.html"), {"out.html": octets},
        ),
        "report": Command(("report", "links.parquet", *both, "-o", "out.html"), {"out.html": octets}),
        "overlap": Command(
            ("overlap", "links.parquet", "--csv", "out.csv", "--ledger", "ledger.json"),
            {"out.csv": octets, "ledger.json": published},
        ),
        "bridge": Command(
            ("bridge", "registry.csv", *key, "--new-key", "project.key", id_option, "--source", "registry", "--project",
             "faults", "--new-project", "later", "-o", "out.parquet"), {"out.parquet": octets},
        ),
        "withdrawal": Command(
            ("withdrawal", "registry.csv", *key, id_option, "--source", "registry", "--project", "faults", "-o",
             "out.parquet"), {"out.parquet": octets},
        ),
        "keygen": Command(("keygen", "out.key"), {"out.key": works}, new=frozenset({"out.key"})),
        "schema": Command(
            ("schema", "uk-person", "--project", "later", "-o", "out.toml"), {"out.toml": octets},
            new=frozenset({"out.toml"}),
        ),
        "convert": Command(
            ("convert", "clks.json", "--source", "registry", "-o", "out.parquet"), {"out.parquet": digest}
        ),
        "convert, groups": Command(
            ("convert", "groups.json", "-o", "out.parquet", "--sources", ",".join(AGENCIES)), {"out.parquet": octets}
        ),
        "blocks": Command(
            ("blocks", "blocked.parquet", "--block", "by_nhs_number", "--unblocked", "out.csv"), {"out.csv": octets}
        ),
        "refine": Command(
            ("refine", *both, "--model", "model.json", "--decisions", "decisions.csv", "-o", "out.json"),
            {"out.json": octets},
        ),
        "open-cases": Command(
            ("open-cases", "cases.parquet", "registry.csv", *key, id_option, "-o", "out.csv"), {"out.csv": octets}
        ),
        "settle": Command(
            ("settle", "review.csv", "--decisions", "registry=decided.csv", "-o", "out.csv"), {"out.csv": octets}
        ),
        "events": Command(("events", "carried.parquet", "-o", "out.csv"), {"out.csv": octets}),
        "research": Command(
            ("research", "links.parquet", *both, "--recipient", "university", "-o", "out.csv"), {"out.csv": octets}
        ),
        "demo": Command(("demo", "--people", "400", "--folder", "out"), {"out": story}, new=frozenset({"out"})),
        "with a log": Command(
            ("--log", "log.jsonl", "fit", *both, "-o", "out.json"), {"out.json": octets}
        ),
    }  # fmt: skip


def digest(path: Path) -> object:
    """Of an encoded set."""
    loaded = lk.EncodedSet.load(path)
    for _ in loaded.batches():
        pass
    return loaded.digest(), loaded.source


def works(path: Path) -> object:
    """Of a key: that it can be read."""
    return repr(lk.Key.load(path))


def octets(path: Path) -> object:
    """Of any file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def story(path: Path) -> object:
    """Of a demo's folder, whose key is drawn anew in each: the tables, and what else there is."""
    return {file.name: octets(file) if file.suffix == ".csv" else None for file in sorted(path.iterdir())}


def published(path: Path) -> object:
    """Of a ledger: what was published, however often."""
    return frozenset(map(json.dumps, json.loads(path.read_text())["ledger 1"]))


def pairs_in(path: Path) -> object:
    """Of a run's folder: the bytes of its pairs, file by file."""
    return {file.name: octets(file) for file in sorted((path / "pairs").iterdir())}


def people_of(path: Path) -> object:
    """Of links: who is whom; link ids are drawn anew in each run."""
    records = lk.Links.load(path).records.to_pylist()
    together: dict[str, list[tuple[str, str]]] = {}
    for row in records:
        if row["link_id"] is not None:
            together.setdefault(row["link_id"], []).append((row["source"], row["record_id"]))
    return len(records), frozenset(map(frozenset, together.values()))


def started(line: tuple[str, ...], folder: Path, **options: object) -> subprocess.Popen[str]:
    """The command, begun."""
    paths = os.pathsep.join([str(Path(lk.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {name: value for name, value in os.environ.items() if name != "LINKAGE_LOG"} | {"PYTHONPATH": paths}
    return subprocess.Popen(
        [sys.executable, "-m", "linkage", *line], cwd=folder, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, **({"preexec_fn": heeding_signals} | options),
    )  # fmt: skip


def heeding_signals() -> None:
    """What a shell starts in the background ignores Ctrl-C, what `nohup` starts SIGHUP, and so would the commands."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def finished(line: tuple[str, ...], folder: Path, **options: object) -> tuple[int, str]:
    """Exit code, and what was said."""
    process = started(line, folder, **options)
    said = process.communicate(timeout=300)
    return process.returncode, "".join(said)
