"""Speed of single steps, by pytest-benchmark: python -m pytest benchmarks/test_speed.py.

Times on a shared machine: compare by ratio, both sides in one run. Nothing is asserted about time.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import linkage as lk
from linkage import study

SOURCES = ("registry", "childrens_centre")
KEY = lk.Key(np.random.default_rng(1).bytes(32))


@pytest.fixture(scope="module")
def people():
    return study.invent(5_000, seed=1)


def encoded(people, layout):
    schema = lk.Schema.preset("uk-person", project="speed", layout=layout)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        return [
            lk.encode(people[name], schema, KEY, id=people.ids[name], source=name, columns=people.held(name, schema))
            for name in SOURCES
        ]


@pytest.mark.parametrize("layout", ["fields", "record"])
def test_encode(benchmark, people, layout):
    sets = benchmark(encoded, people, layout)
    benchmark.extra_info["records"] = sum(len(each) for each in sets)


def test_compare(benchmark, people):
    sets = encoded(people, "record")
    pairs = benchmark(lk.compare, *sets, threshold=0.8, threads=1)
    benchmark.extra_info["pairs_compared"] = len(sets[0]) * len(sets[1])
    assert len(pairs)


def test_fit(benchmark, people):
    sets = encoded(people, "fields")
    assert benchmark(lk.fit, *sets, threads=1).converged


def test_predict(benchmark, people):
    sets = encoded(people, "fields")
    model = lk.fit(*sets)
    assert len(benchmark(model.predict, *sets, threads=1))


def test_invent(benchmark):
    assert len(benchmark(study.invent, 20_000, seed=1)) == 20_000


def test_evaluate(benchmark, people):
    links = lk.link(*encoded(people, "fields"))
    assert benchmark(lk.evaluate, links, people.truth, key=KEY).f1 > 0.9
