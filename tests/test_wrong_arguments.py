"""Every argument of every public function, of a wrong kind: it is taken, or refused by a `raise` of ours that names it.

Not one may come out as an ``AttributeError`` of what was given, an error of NumPy or Arrow, or "unexpected".
"""

import hashlib
import inspect
import linecache
import os
import traceback
from dataclasses import dataclass
from dataclasses import field as part
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import linkage as lk
from linkage import interop, study
from linkage.study import attacks

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")

OURS = str(Path(lk.__file__).parent) + os.sep
WRONG = (None, -1, "", {}, object(), float("nan"), [None], "a\0b", np.bool_(True), pd.Series([3.5]))


@dataclass(frozen=True)
class Call:
    """A call that works."""

    function: Any
    given: tuple[Any, ...] = ()
    named: dict[str, Any] = part(default_factory=dict)


def call(function: Any, *given: Any, **named: Any) -> Call:
    return Call(function, given, named)


@pytest.fixture(scope="module")
def calls(tmp_path_factory) -> dict[str, Call]:
    """Name -> a call that works, of few people."""
    folder = tmp_path_factory.mktemp("wrong")
    key, people = lk.Key.generate(), study.invent(150, seed=3)
    left, right = sorted(people.ids)
    fields, record, blocked = (
        lk.Schema.preset("uk-person", project="wrong", layout=layout, blocks=blocks)
        for layout, blocks in (("fields", False), ("record", False), ("fields", True))
    )

    def encoded(schema: lk.Schema, agency: str) -> lk.EncodedSet:
        held = people.held(agency, schema)
        return lk.encode(
            people[agency], schema, key, id=people.ids[agency], source=agency, columns=held, progress=False
        )

    one, other = encoded(fields, left), encoded(fields, right)
    clk, other_clk = encoded(record, left), encoded(record, right)
    own, table, held = people.ids[left], people[left], people.held(left, fields)
    model, truth = lk.fit(one, other, progress=False), people.pairs(left, right)
    links = lk.link(one, other, model=model, progress=False)
    links.save(folder / "links.parquet")
    one.save(folder / "set.parquet")
    model.save(folder / "model.toml")
    fields.save(folder / "schema.toml")
    key.save(folder / "a.key")
    pairs, review = lk.compare(clk, other_clk, threshold=0.7, progress=False), lk.review(links, model, one, other, n=20)
    decisions = review.to_arrow().select(["left_source", "left_id", "right_source", "right_id"])
    decisions = decisions.append_column("same", pa.array([True] * len(decisions)))
    lists = attacks.two_lists(table, id=own, overlap=0.5, seed=1)
    seen = lk.encode(lists.held, record, key, id=own, source=left, columns=people.held(left, record), progress=False)
    adversary = {"truth": lists.truth, "truth_key": key, "id": own, "columns": people.held(left, record)}
    first_start = inspect.signature(attacks.graph_matching).parameters["starts"].default[:1]
    release = links.release(left)
    release.save(folder / "release.parquet")
    cases = review.for_source(left)
    bits = interop.to_bitarrays(clk)
    interop.write_clks(clk, folder / "clks.json")
    interop.write_clknblocks(clk, [["a"]] * len(clk), folder / "blocks.json")
    interop.write_candidate_pairs(pairs, folder / "pairs.json")
    interop.write_groups([[(0, 1), (1, 1)]], folder / "groups.json")
    clkhash = lk.Schema.from_clkhash(CLKHASH)
    quiet = {"progress": False}
    return {
        "attach": call(lk.attach, links, people[left], people[right], key=key, id=(own, people.ids[right])),
        "audit": call(lk.audit, clk, schema=record, key=key, table=table, id=own, columns=held, sample=60),
        "block_sizes": call(lk.block_sizes, encoded(blocked, left)),
        "bridge": call(lk.bridge, table, key, lk.Key.generate(), id=own, source=left, project="wrong"),
        "compare": call(lk.compare, clk, other_clk, threshold=0.8, **quiet),
        "compare_in_parts": call(lambda *a, **k: list(lk.compare_in_parts(*a, **k)), clk, other_clk, threshold=0.8),
        "compare_to_folder": call(lk.compare_to_folder, clk, other_clk, folder=folder / "run", threshold=0.8, **quiet),
        "encode": call(lk.encode, table, fields, key, id=own, source=left, columns=held, **quiet),
        "evaluate": call(lk.evaluate, links, truth, key=key),
        "fit": call(lk.fit, one, other, **quiet),
        "link": call(lk.link, one, other, **quiet),
        "nearest_records": call(lk.nearest_records, clk, other_clk, **quiet),
        "open_cases": call(lk.open_cases, cases, table, key, id=own),
        "overlap": call(lk.overlap, links, one, other),
        "plan": call(lk.plan, clk, other_clk, threshold=0.8),
        "profiles": call(lk.profiles),
        "refine": call(lk.refine, model, one, other, decisions, **quiet),
        "rejoin": call(lk.rejoin, release, table, key, id=own),
        "report": call(lk.report, links, folder / "report.html", one, other, model=model),
        "review": call(lk.review, links, model, one, other, n=20),
        "withdrawal": call(lk.withdrawal, table, key, id=own, source=left, project="wrong"),
        "write_pairs": call(lk.write_pairs, [pairs], folder / "pairs.parquet"),
        "compare_runs": call(study.compare_runs, links, links, truth, key=key),
        "curve": call(study.curve, links, truth, key=key),
        "evaluate_agencies": call(study.evaluate_agencies, {"a": (links, truth), "b": (links, truth)}, key=key),
        "evaluate_candidates": call(study.evaluate_candidates, links, truth, key=key),
        "evaluate_clusters": call(study.evaluate_clusters, links, truth, key=key),
        "evaluate_groups": call(
            study.evaluate_groups, links, truth, {(left, no): "a" for no in table[own].to_pylist()}, key=key
        ),
        "invent": call(study.invent, 50, seed=1),
        "load_febrl": call(study.load_febrl, 1),
        "sweep": call(study.sweep, {"a": record}, thresholds=(0.8,), seeds=(1,), people=50, **quiet),
        "dictionary_attack": call(attacks.dictionary_attack, seen, lists.known, key, **adversary),
        "frequency_alignment": call(attacks.frequency_alignment, seen, lists.known, **adversary),
        "graph_matching": call(attacks.graph_matching, seen, lists.known, **adversary, starts=first_start),
        "known_pairs": call(attacks.known_pairs, seen, lists.known, **adversary),
        "pattern_mining": call(attacks.pattern_mining, seen, lists.known, **adversary),
        "two_lists": call(attacks.two_lists, table, id=own, overlap=0.5, seed=1),
        "xor_tuples": call(attacks.xor_tuples, seen, sample=60, rounds=2),
        "encode_clkhash": call(interop.encode_clkhash, {"name": ["Ann", "Bo"]}, clkhash, b"secret" * 6),
        "from_bitarrays": call(interop.from_bitarrays, bits),
        "to_bitarrays": call(interop.to_bitarrays, clk),
        "read_clks": call(interop.read_clks, folder / "clks.json"),
        "read_clknblocks": call(interop.read_clknblocks, folder / "blocks.json"),
        "read_candidate_pairs": call(interop.read_candidate_pairs, folder / "pairs.json", clk, other_clk),
        "read_groups": call(interop.read_groups, folder / "groups.json"),
        "write_clks": call(interop.write_clks, clk, folder / "clks2.json"),
        "write_clknblocks": call(interop.write_clknblocks, clk, [["a"]] * len(clk), folder / "blocks2.json"),
        "write_candidate_pairs": call(interop.write_candidate_pairs, pairs, folder / "pairs2.json"),
        "write_groups": call(interop.write_groups, [[(0, 1), (1, 1)]], folder / "groups2.json"),
        "Model.predict": call(model.predict, one, other),
        "Model.explain": call(model.explain, one, other),
        "Model.differences": call(model.differences, model),
        "Model.save": call(model.save, folder / "model2.toml"),
        "Model.load": call(lk.Model.load, folder / "model.toml"),
        "Links.save": call(links.save, folder / "links2.parquet"),
        "Links.load": call(lk.Links.load, folder / "links.parquet"),
        "Links.release": call(links.release, left),
        "Links.for_research": call(links.for_research, one, other, recipient="university"),
        "Release.save": call(release.save, folder / "release2.parquet"),
        "Release.load": call(lk.Release.load, folder / "release.parquet"),
        "Review.for_source": call(review.for_source, left),
        "EncodedSet.save": call(one.save, folder / "set2.parquet"),
        "EncodedSet.load": call(lk.EncodedSet.load, folder / "set.parquet"),
        "EncodedSet.without": call(one.without, one.record_ids.to_pylist()[:1]),
        "Audit.raise_above": call(lk.audit(clk).raise_above, "fail"),
        "Schema": call(lk.Schema, project="wrong", fields=fields.fields),
        "Schema.preset": call(lk.Schema.preset, "uk-person", project="wrong"),
        "Schema.field": call(fields.field, "dob"),
        "Schema.save": call(fields.save, folder / "schema2.toml"),
        "Schema.load": call(lk.Schema.load, folder / "schema.toml"),
        "Field": call(lk.Field, name="a", type="name"),
        "Hardening": call(lk.Hardening, saul=2),
        "Blocks": call(lk.Blocks, ()),
        "LSH": call(lk.LSH),
        "Policy": call(lk.Policy),
        "Key": call(lk.Key, hashlib.sha256(b"one of many").digest()),
        "Key.save": call(key.save, folder / "b.key"),
        "Key.load": call(lk.Key.load, folder / "a.key"),
        "Key.check": call(key.check, "wrong"),
        "Pairs.take": call(pairs.take, [0]),
        "Population.held": call(people.held, left, fields),
        "Population.pairs": call(people.pairs, left, right),
    }


CLKHASH = {
    "version": 3,
    "clkConfig": {"l": 1024, "kdf": {"type": "HKDF", "hash": "SHA256", "info": "", "salt": "", "keySize": 64}},
    "features": [
        {
            "identifier": "name",
            "format": {"type": "string", "encoding": "utf-8"},
            "hashing": {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerFeature": 100}},
        }
    ],
}


def with_one_wrong(good: Call):
    """The same call with each of its arguments, and each that it has a default for, replaced by what is wrong.

    But no Series into a value that is frozen when it is made, which asks whether a setting is among the legal ones.
    """
    wrongs = WRONG[:-1] if isinstance(good.function, type) else WRONG
    for place in range(len(good.given)):
        for wrong in wrongs:
            yield place, wrong, (*good.given[:place], wrong, *good.given[place + 1 :]), good.named
    optional = list(inspect.signature(good.function).parameters.values())[len(good.given) :]
    names = [each.name for each in optional if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    for name in dict.fromkeys([*good.named, *names]):
        for wrong in wrongs:
            yield name, wrong, good.given, good.named | {name: wrong}


def is_named(error: Exception) -> bool:
    """Whether a statement of ours raised it on purpose, or the system says that there is no such file."""
    if isinstance(error, OSError):
        return True
    last = traceback.extract_tb(error.__traceback__)[-1]
    statement = "".join(
        linecache.getline(last.filename, line) for line in range(last.lineno or 0, (last.end_lineno or 0) + 1)
    )
    return (
        not isinstance(error, lk.UnexpectedError)
        and last.filename.startswith(OURS)
        and statement.lstrip().startswith("raise ")
    )


def test_calls__are_of_every_public_function_and_work(calls):
    modules = (lk, study, attacks, interop)
    public = {name for each in modules for name in each.__all__ if inspect.isfunction(getattr(each, name))}
    assert public <= set(calls)
    for good in calls.values():
        good.function(*good.given, **good.named)


def test_argument_of_a_wrong_kind__is_taken_or_refused_by_a_statement_of_ours(calls, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some are taken for the name of a file
    tried, unnamed = 0, []
    for name, good in calls.items():
        for which, wrong, given, named in with_one_wrong(good):
            tried += 1
            try:
                good.function(*given, **named)
            except Exception as error:  # what it is, is what is asked
                if not is_named(error):
                    unnamed.append(f"{name}, {which} = {wrong!r}: {error!r}")
    assert tried > 2_000
    assert not unnamed, "\n".join(unnamed)
