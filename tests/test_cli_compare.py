"""linkage plan and linkage compare: files in, a forecast or a file of pairs out."""

import dataclasses
import json

import pyarrow.parquet as pq
import pytest

import linkage as lk
from linkage.central.tiles import BYTES_PER_PAIR
from linkage.cli import cli
from linkage.commands.exitcodes import run
from tests.test_compare import encoded, some


@pytest.fixture
def sets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bits = some(600, seed=1)
    found = encoded(bits), encoded(some(900, seed=2, of=bits), source="right")
    for each, name in zip(found, ("left.parquet", "right.parquet"), strict=True):
        each.save(name)
    return found


def test_compare__writes_the_pairs_and_says_how_many(sets, capsys, tmp_path):
    assert run(cli, ["compare", "left.parquet", "right.parquet", "--threshold", "2/3", "-o", "pairs.parquet"]) == 0
    expected = lk.compare(*sets, threshold="2/3")
    assert pq.read_table("pairs.parquet").equals(expected.to_arrow())
    assert f"{len(expected):,} pairs in pairs.parquet" in capsys.readouterr().out
    assert run(cli, ["compare", "right.parquet", "--threshold", "0.8", "-o", "within.parquet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "pairs": len(lk.compare(sets[1], threshold=0.8)),
        "out": "within.parquet",
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["left.parquet", "right.parquet", "--threshold", "0.8", "-o", "left.parquet"], 2),
        (["left.parquet", "right.parquet", "left.parquet", "--threshold", "0.8", "-o", "p.parquet"], 2),
        (["left.parquet", "right.parquet", "--threshold", "nan", "-o", "p.parquet"], 2),
        (["left.parquet", "right.parquet", "--threshold", "0.1", "--most", "99", "-o", "p.parquet"], 6),
        (["left.parquet", "missing.parquet", "--threshold", "0.8", "-o", "p.parquet"], 3),
    ],
)
def test_compare__of_what_it_cannot_do_writes_nothing(sets, tmp_path, arguments, code):
    before = sorted(path.name for path in tmp_path.iterdir())
    assert run(cli, ["compare", *arguments]) == code
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_plan__foresees_what_compare_does(sets, capsys):
    assert run(cli, ["plan", "left.parquet", "right.parquet", "--threshold", "0.7", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    true = len(lk.compare(*sets, threshold=0.7))
    assert found["pairs_compared"] == 540_000
    assert found["pairs_expected"] / 3 < true < found["pairs_at_most"]
    assert found["seconds"] > 0 and found["memory"] > 1 << 20 and found["fits"]
    assert run(cli, ["plan", "left.parquet", "right.parquet", "--threshold", "0.7"]) == 0
    assert "540,000 pairs to compare" in capsys.readouterr().out


def test_plan__says_of_a_flood_that_memory_is_too_small_and_a_file_is_not(sets, capsys):
    # it once foretold a refusal, and the command wrote the pairs
    arguments = ["left.parquet", "right.parquet", "--threshold", "0.05", "--memory", "1"]
    assert run(cli, ["plan", *arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert not found["fits"]
    assert found["allowed"] == 1 << 20 < found["needed"] == found["pairs_expected"] * BYTES_PER_PAIR
    assert found["in_parts"]["fits"]
    assert found["in_parts"]["most"] == 100_000_000
    part = (1 << 20) // (2 * BYTES_PER_PAIR) * 320  # half of what is allowed, once it is written
    assert found["in_parts"]["memory"] == found["memory"] - found["needed"] + part
    assert run(cli, ["plan", *arguments]) == 0
    first, at_once, to_a_file = capsys.readouterr().out.splitlines()
    assert f"about {found['pairs_expected']:,} pairs" in first
    assert at_once == (
        f"compare() in memory: will be refused: the pairs need {found['needed'] / 2**20:,.0f} MiB, allowed are 1 MiB"
    )
    in_all = f"{found['in_parts']['memory'] / 2**20:,.0f} MiB"
    assert to_a_file == f"linkage compare to a file: {in_all}; allowed are 100,000,000 pairs"
    with pytest.raises(lk.LimitError):
        lk.compare(*sets, threshold=0.05, memory=1 << 20)
    assert run(cli, ["compare", *arguments, "-o", "pairs.parquet"]) == 0
    assert pq.read_table("pairs.parquet").num_rows == len(lk.compare(*sets, threshold=0.05))


def test_plan__says_that_more_pairs_than_allowed_would_not_be_written(sets, capsys):
    arguments = ["left.parquet", "right.parquet", "--threshold", "0.05", "--most", "1000"]
    assert run(cli, ["plan", *arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["fits"] and not found["in_parts"]["fits"]
    assert run(cli, ["plan", *arguments]) == 0
    assert "linkage compare to a file: will be refused: allowed are 1,000 pairs" in capsys.readouterr().out
    assert run(cli, ["compare", *arguments, "-o", "pairs.parquet"]) == 6
    with pytest.raises(ValueError, match=r"^most: "):
        lk.plan(*sets, threshold=0.5, most=0)


def test_plan__says_where_the_sample_cannot_tell(sets):
    found = lk.plan(*sets, threshold=0.7)
    near = dataclasses.replace(found, allowed=(found.pairs_at_most - 1) * BYTES_PER_PAIR)
    assert str(near).count("may yet be refused") == 1
    assert "may yet be refused" not in str(found)
    few = dataclasses.replace(found, in_parts=dataclasses.replace(found.in_parts, most=found.pairs_at_most - 1))
    assert str(few).count("may yet be refused") == 1


def test_plan__of_one_set_counts_each_pair_once(sets):
    found = lk.plan(sets[1], threshold=0.8)
    true = len(lk.compare(sets[1], threshold=0.8))
    assert found.pairs_compared == 900 * 899 // 2
    assert found.pairs_expected / 4 - 50 < true < found.pairs_at_most


@pytest.mark.parametrize("n", [0, 1])
def test_plan__of_hardly_any_records_is_no_work(n):
    found = lk.plan(encoded(some(n, seed=3)), encoded(some(n, seed=4), source="right"), threshold=0.8)
    assert found.pairs_compared == n * n
    assert found.fits


def test_plan__needs_the_threshold_that_the_layout_needs(sets):
    with pytest.raises(ValueError, match="needs the threshold"):
        lk.plan(*sets)


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")  # invented numbers may be wrong
def test_plan__of_the_fields_layout_bounds_the_contenders():
    from linkage import study

    people = study.invent(1_500, seed=3, preset="clean")
    schema = lk.Schema.preset("uk-person", project="tests")
    key = lk.Key.generate()
    names = ("registry", "childrens_centre")
    made = [
        lk.encode(people[name], schema, key, id=people.ids[name], source=name, columns=people.held(name, schema))
        for name in names
    ]
    found = lk.plan(*made)
    assert found.pairs_compared == len(made[0]) * len(made[1])
    assert 0 < found.pairs_expected <= found.pairs_at_most
    assert found.fits
    assert found.in_parts is None
    assert "MiB of memory" in str(found)
    with pytest.raises(ValueError, match="without a threshold"):
        lk.plan(*made, threshold=0.8)
    alone = lk.plan(made[0])
    assert alone.pairs_compared == len(made[0]) * (len(made[0]) - 1) // 2
    assert alone.pairs_expected < len(made[0])  # not each record with itself
