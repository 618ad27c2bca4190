"""Sweep: ways to encode, thresholds and seeds into one tidy table of quality, cost and risk."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from linkage.agency import encode
from linkage.agency.key import Key
from linkage.arguments import checked
from linkage.central import link
from linkage.encoded import EncodedSet
from linkage.errors import LinkageError, LinkageWarning
from linkage.files import PathLike
from linkage.hardening import Hardening
from linkage.links import Links
from linkage.pairs import Pairs
from linkage.progress import shown
from linkage.schema import Schema
from linkage.study.evaluate import evaluate
from linkage.study.people import invent
from linkage.study.population import Population
from linkage.study.swept import COLUMNS, Row, Sweep, digest, keep, kept

_KEYS_FROM = 70_000  # so that a key never rests on the numbers that the people do


@dataclass(frozen=True, eq=False)
class Trial:
    """One seed's people, encoded one way: what measures and attacks of your own are given.

    ``left`` and ``right`` are the encoded sets, ``tables`` what they were made of, ``at`` the ``id`` and ``columns``
    that `encode` took for each; ``truth`` has the true pairs as ``left_id``, ``right_id``, and ``agencies`` whose.
    """

    schema: Schema
    key: Key
    seed: int
    agencies: tuple[str, str]
    left: EncodedSet
    right: EncodedSet
    tables: tuple[Any, Any]
    at: tuple[Mapping[str, Any], Mapping[str, Any]]
    truth: Any


Measure = Callable[[Trial], float]
Method = Callable[[EncodedSet, EncodedSet, float | None], Links | Pairs]
Rival = Callable[[Any, Any], Any]


@checked
def sweep(
    schemas: Mapping[str, Schema],
    *,
    harden: Mapping[str, Hardening] | None = None,
    thresholds: Sequence[float | None] = (None,),
    seeds: Sequence[int] = (1, 2, 3),
    people: int | Callable[[int], Population] = 2_000,
    agencies: tuple[str, str] = ("registry", "childrens_centre"),
    measures: Mapping[str, Measure] | None = None,
    methods: Mapping[str, Method] | None = None,
    rivals: Mapping[str, Rival] | None = None,
    out: PathLike | None = None,
    progress: bool | None = None,
) -> Sweep:
    """Encode, link and judge in every way asked for: a row for each way, seed, method and threshold.

    Parameters
    ----------
    schemas
        Name -> agreement.
    harden
        Name -> hardening, each laid over every agreement of the ``record`` layout; others are taken once, as they are.
    thresholds
        Similarities for the ``record`` layout, probabilities for ``fields``; None leaves the cut to `linkage.link`.
    seeds
        Of the people, and of the key that they are encoded with.
    people
        How many to invent, or a function from a seed to a `Population`.
    measures
        Name -> function of a `Trial` that gives a number: an attack's rate, a cost, anything. One column each, of
        another name than those below.
    methods
        Name -> function of left set, right set and threshold that gives `Links` or `Pairs`: your own similarity or
        assignment, beside ours, which is called ``linkage``. It may raise a `LinkageError` in place of an answer.
    rivals
        Name -> function of the two plaintext tables that gives a table ``left_id``, ``right_id``.
    out
        A file (JSON). What it has is not measured again, so that a sweep that was stopped goes on; it is replaced
        after every way and seed. It does not notice that a function was changed: give that another name.

    Returns
    -------
    A `Sweep`, in the order of seeds, agreements and hardenings, methods and thresholds, then rivals. Columns:
    ``schema`` and ``harden`` (null for a rival), ``seed``, ``method``, ``threshold``, ``precision``, ``recall``,
    ``f1``, ``links``, ``refused`` (the error's name where there was no answer), ``bits`` a record, ``encode_seconds``,
    ``link_seconds``, ``risk`` (of `linkage.audit` of the left set, with table and key), and one for each of
    ``measures``.

    Examples
    --------
    >>> clk = Schema.preset("uk-person", project="sweep", layout="record")
    >>> found = sweep({"CLK": clk}, harden={"plain": Hardening(), "folded": Hardening(fold=1)}, thresholds=[0.8],
    ...               seeds=[1], people=300)
    >>> found.to_arrow().select(["schema", "harden", "threshold"]).to_pylist()
    [{'schema': 'CLK', 'harden': 'plain', 'threshold': 0.8}, {'schema': 'CLK', 'harden': 'folded', 'threshold': 0.8}]
    """
    ways = list(_ways(schemas, harden or {}))
    if not ways or not thresholds or not seeds:
        raise ValueError("sweep: give at least one schema, one threshold (None leaves it to link) and one seed")
    taken = [name for name in measures or {} if name in COLUMNS]
    if taken:
        raise ValueError(
            f"sweep: measures: '{taken[0]}' is a column of the sweep's own, which has {', '.join(COLUMNS)}; give the "
            "measure another name"
        )
    called = ["linkage", *(methods or {}), *(rivals or {})]
    for name in called:
        if called.count(name) > 1:
            raise ValueError(f"sweep: '{name}' is the name of two methods, whose rows could not be told apart")
    tried = {"linkage": _own, **(methods or {})}
    path = None if out is None else Path(out)
    rows = kept(path)
    wanted = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinkageWarning)  # what link doubts shows in the row
        for seed in shown(seeds, total=len(seeds), label="sweep", unit="seed", progress=progress):
            population = _population(people, seed, agencies)
            of = digest(*(population[agency] for agency in agencies), [seed, *agencies])
            for names, schema in ways:
                job = digest(of, [*names, schema.canonical(), *tried, "measures", *(measures or {})], list(thresholds))
                if job not in rows:
                    trial = _trial(schema, seed, population, agencies)
                    rows[job] = [dict(zip(("schema", "harden"), names, strict=True)) | row
                                 for row in _judged(*trial, tried, thresholds, measures or {})]  # fmt: skip
                    keep(path, rows)
                wanted.append(job)
            for name, rival in (rivals or {}).items():
                job = digest(of, ["rival", name])
                if job not in rows:
                    rows[job] = [_beside(name, rival, seed, population, agencies)]
                    keep(path, rows)
                wanted.append(job)
    return Sweep(tuple(row for job in wanted for row in rows[job]), tuple(measures or {}))


def _ways(schemas: Mapping[str, Schema], harden: Mapping[str, Hardening]) -> Iterator[tuple[tuple[str, str], Schema]]:
    for name, schema in schemas.items():
        if schema.layout != "record" or not harden:
            yield (name, ""), schema
            continue
        for step, hardening in harden.items():
            yield (name, step), replace(schema, harden=hardening)


def _population(people: int | Callable[[int], Population], seed: int, agencies: tuple[str, str]) -> Population:
    return people(seed) if callable(people) else invent(people, seed=seed, agencies=agencies)


def _trial(schema: Schema, seed: int, population: Population, agencies: tuple[str, str]) -> tuple[Trial, float]:
    """The two sets, encoded, and the seconds it took."""
    key = Key(np.random.default_rng([_KEYS_FROM, seed]).bytes(32))
    at: list[dict[str, Any]] = [
        {"id": population.ids[name], "columns": population.held(name, schema)} for name in agencies
    ]
    start = time.perf_counter()
    sets = [
        encode(population[name], schema, key, source=name, progress=False, **where)
        for name, where in zip(agencies, at, strict=True)
    ]
    seconds = time.perf_counter() - start
    tables = (population[agencies[0]], population[agencies[1]])
    truth = population.pairs(*agencies)
    return Trial(schema, key, seed, agencies, sets[0], sets[1], tables, (at[0], at[1]), truth), seconds


def _judged(
    trial: Trial,
    encode_seconds: float,
    methods: Mapping[str, Method],
    thresholds: Sequence[float | None],
    measures: Mapping[str, Measure],
) -> list[Row]:
    from linkage.auditing import audit  # the one room above this one; it uses the attacks

    risk = audit(trial.left, schema=trial.schema, key=trial.key, table=trial.tables[0], **trial.at[0]).risk
    width = sum(each.bits for each in trial.schema.filters)
    own = {name: _number(measure(trial)) for name, measure in measures.items()}
    rows = []
    for name, method in methods.items():
        for threshold in thresholds:
            start = time.perf_counter()
            found: dict[str, Any] = {"refused": None}
            try:
                links = method(trial.left, trial.right, threshold)
                seconds = time.perf_counter() - start
                held = evaluate(links, trial.truth, key=trial.key, sources=trial.agencies)
                found |= _quality(held.true_positives, held.false_positives, held.false_negatives)
            except LinkageError as error:
                seconds = time.perf_counter() - start
                found |= {"refused": type(error).__name__, **dict.fromkeys(("precision", "recall", "f1", "links"))}
            rows.append(
                {"seed": trial.seed, "method": name, "threshold": threshold, **found, "bits": width,
                 "encode_seconds": encode_seconds, "link_seconds": seconds, "risk": risk, **own}
            )  # fmt: skip
    return rows


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _own(left: EncodedSet, right: EncodedSet, threshold: float | None) -> Links:
    if left.schema.layout == "record":
        return link(left, right, threshold=threshold, progress=False)
    return link(left, right, probability=threshold, progress=False)


def _quality(true: int, false: int, missed: int) -> dict[str, Any]:
    found, wanted = true + false, true + missed
    return {
        "precision": true / found if found else None,
        "recall": true / wanted if wanted else None,
        "f1": 2 * true / (found + wanted) if found + wanted else None,
        "links": found,
    }


def _beside(name: str, rival: Rival, seed: int, population: Population, agencies: tuple[str, str]) -> Row:
    import pyarrow as pa

    start = time.perf_counter()
    given = rival(*(population[agency] for agency in agencies))
    seconds = time.perf_counter() - start
    found = pa.table(given).select(["left_id", "right_id"]).to_pylist()
    linked = {(row["left_id"], row["right_id"]) for row in found}
    truth = {(row["left_id"], row["right_id"]) for row in population.pairs(*agencies).to_pylist()}
    hits = len(linked & truth)
    quality = _quality(hits, len(linked) - hits, len(truth) - hits)
    return {"schema": None, "harden": None, "seed": seed, "method": name, **quality, "link_seconds": seconds}
