"""compare() and nearest_records() of the fields layout: the filters that are named, several as one."""

from fractions import Fraction

import numpy as np
import pyarrow.parquet as pq
import pytest

import linkage as lk
from linkage.cli import cli
from linkage.commands.exitcodes import run
from tests import naive
from tests.test_compare import triples

SCHEMA = lk.Schema(
    project="tests",
    fields=(
        lk.Field(name="surname", type="name", bits=128),
        lk.Field(name="dob", type="date", bits=192),
        lk.Field(name="sex", type="category", bits=64),
    ),
)
NAMES = tuple(filter.name for filter in SCHEMA.filters)


def rows(n: int, *, seed: int, of: dict | None = None) -> dict[str, np.ndarray]:
    """Random filters, a twentieth of them missing; with ``of``, the first rows are near copies."""
    rng = np.random.default_rng(seed)
    made = {}
    for filter in SCHEMA.filters:
        bits = rng.random((n, filter.bits)) < 0.3
        if of is not None:
            copied = of[filter.name][: n // 2]
            bits[: len(copied)] = copied ^ (rng.random(copied.shape) < 0.04)
        bits[rng.random(n) < 0.05] = False
        made[filter.name] = bits
    return made


def encoded(bits: dict[str, np.ndarray], source: str) -> lk.EncodedSet:
    n = len(next(iter(bits.values())))
    filters = {name: naive.packed(each) for name, each in bits.items()}
    return lk.EncodedSet.from_arrays([f"{source}-{i:04}" for i in range(n)], filters, schema=SCHEMA, source=source)


@pytest.fixture(scope="module")
def bits():
    left = rows(60, seed=1)
    return left, rows(90, seed=2, of=left)


@pytest.fixture(scope="module")
def sets(bits):
    return encoded(bits[0], "left"), encoded(bits[1], "right")


def as_one(bits: dict[str, np.ndarray], names) -> np.ndarray:
    return naive.packed(np.concatenate([bits[name] for name in NAMES if name in names], axis=1))


def by_twin(left, right, ratio: Fraction, n_bits: int, measure: str) -> list[tuple[int, int, float]]:
    found = []
    for row, one in enumerate(left):
        for column, other in enumerate(right):
            counts = [naive.as_int(each).bit_count() for each in (one, other)]
            alike = naive.similarity(*counts, naive.shared(one, other), n_bits, measure)
            if alike >= ratio:
                found.append((row, column, float(alike)))
    return found


@pytest.mark.parametrize("names", [("surname",), ("sex",), ("surname", "dob"), ("dob", "surname"), NAMES])
@pytest.mark.parametrize("measure", ["dice", "jaccard", "hamming"])
def test_compare__takes_the_bits_of_several_filters_as_those_of_one(bits, sets, names, measure):
    ratio = Fraction(4, 5) if measure == "hamming" else Fraction(1, 2)
    n_bits = sum(filter.bits for filter in SCHEMA.filters if filter.name in names)
    expected = by_twin(*(as_one(side, names) for side in bits), ratio, n_bits, measure)
    assert len(expected) > 10
    found = lk.compare(*sets, threshold=ratio, measure=measure, filters=names)
    assert triples(found) == expected
    parts = [triples(part) for part in lk.compare_in_parts(*sets, threshold=ratio, measure=measure, filters=names)]
    assert [each for part in parts for each in part] == expected


def test_compare__of_one_set_with_itself(bits, sets):
    own = as_one(bits[0], ("surname", "dob"))
    expected = [each for each in by_twin(own, own, Fraction(2, 5), 320, "dice") if each[0] < each[1]]
    assert expected
    assert triples(lk.compare(sets[0], threshold="2/5", filters=["surname", "dob"])) == expected


def test_nearest_records__by_the_named_filters(bits, sets):
    left, right = (as_one(side, ("surname", "dob")) for side in bits)
    best = lk.nearest_records(*sets, k=3, filters=("surname", "dob"))
    expected = {
        row: [column for column, _ in naive.nearest(one, right, 320, "dice")[:3]] for row, one in enumerate(left)
    }
    assert {row: set(best.right[best.left == row].tolist()) for row in range(len(left))} == {
        row: set(columns) for row, columns in expected.items()
    }


def test_compare__of_a_single_name_needs_no_list(sets):
    assert triples(lk.compare(*sets, threshold=0.6, filters="dob")) == triples(
        lk.compare(*sets, threshold=0.6, filters=["dob"])
    )


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (["surnam"], "filters: .*surname"),
        ([], "filters: the names of one or more"),
        (["dob", "dob"], "each once"),
        (["record"], "filters: "),
    ],
)
def test_compare__refuses_filters_that_are_not_there(sets, filters, message):
    with pytest.raises(ValueError, match=message):
        lk.compare(*sets, threshold=0.6, filters=filters)
    with pytest.raises(ValueError, match=message):
        lk.nearest_records(*sets, filters=filters)


def test_plan__foresees_the_named_filters(sets):
    found = lk.plan(*sets, threshold=0.6, filters=["surname", "dob"])
    assert found.in_parts is not None
    assert found.pairs_expected <= found.pairs_at_most
    with pytest.raises(ValueError, match="needs the threshold"):
        lk.plan(*sets, filters=["surname"])


def test_compare_command__by_filter(sets, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for each in sets:
        each.save(f"{each.source}.parquet")
    chosen = ["--filter", "surname", "--filter", "dob"]
    both = ["left.parquet", "right.parquet", "--threshold", "0.6"]
    assert run(cli, ["compare", *both, *chosen, "-o", "pairs.parquet"]) == 0
    expected = lk.compare(*sets, threshold="0.6", filters=["surname", "dob"])
    assert pq.read_table("pairs.parquet").equals(expected.to_arrow())
    assert run(cli, ["plan", *both, *chosen]) == 0
    assert "pairs to compare" in capsys.readouterr().out
    assert run(cli, ["compare", *both, "-o", "pairs.parquet"]) == 2
