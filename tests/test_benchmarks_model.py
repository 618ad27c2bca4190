"""What the benchmarks of the model compute beside measuring: duplicates, paired intervals, bars. No rival is needed."""

import doctest
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import linkage as lk
from linkage.study.intervals import f1

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks are no part of the wheel", allow_module_level=True)
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "rivals")]  # scripts, found as they find each other
import anonlink_clk  # noqa: E402
import datasets  # noqa: E402
import exchange  # noqa: E402
import full_size  # noqa: E402
import informed  # noqa: E402
import judge  # noqa: E402
import methods  # noqa: E402
import model_tables  # noqa: E402
import paired  # noqa: E402

del sys.path[:2]

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")


@pytest.fixture(scope="module")
def births() -> datasets.Trial:
    return datasets.invented("typical", 400, 1)


@pytest.fixture(scope="module")
def duplicates() -> datasets.Trial:
    return datasets.febrl_duplicates(1)


def found(default: frozenset, best: frozenset, truth: frozenset, **more: object) -> methods.Found:
    hits = judge.judged(len(default & truth), len(default), len(truth), 0.5)
    return methods.Found(default, best, methods.row(hits, hits, 0.0, {"x": "1"}) | more)


@pytest.mark.parametrize("module", [model_tables, anonlink_clk])
def test_benchmarks__examples_in_docstrings_hold(module):
    tried = doctest.testmod(module)
    assert tried.attempted and not tried.failed


def test_febrl_duplicates__are_one_table_with_every_pair_of_a_person_once(duplicates):
    assert duplicates.right is None and len(duplicates.sides) == 1
    assert duplicates.left.table.num_rows == full_size.RECORDS
    assert all(left < right for left, right in duplicates.truth)
    assert all(duplicates.person_of[left] == duplicates.person_of[right] for left, right in duplicates.truth)
    many = np.unique([left for left, _ in duplicates.truth], return_counts=True)[1]
    assert len(duplicates.truth) == 6538 and many.max() == 5  # up to six records of a person


def test_thinned__takes_partners_out_of_the_left_side_alone(births):
    thin = datasets.thinned(lambda seed: births, 0.1, 1)
    gone = births.left.table.num_rows - thin.left.table.num_rows
    assert thin.truth < births.truth and gone == len(births.truth) - len(thin.truth)
    assert thin.right is births.right and 0.02 < len(thin.truth) / len(births.truth) < 0.2
    assert thin.settings == {"people": 400, "kept": 0.1}
    assert thin.data == "invented, typical, 10 % of partners"
    assert thin.truth == datasets.thinned(lambda seed: births, 0.1, 1).truth
    assert thin.truth != datasets.thinned(lambda seed: births, 0.1, 2).truth


def test_trials__are_the_data_sets_that_the_tables_show():
    assert set(datasets.trials((1,), kept=full_size.KEPT)) == set(full_size.MODEL_DATA)
    for data in full_size.MODEL_DATA:
        assert full_size.settings(data)


def test_person_of__is_another_in_each_seed_where_people_are_invented_anew(births):
    other = datasets.invented("typical", 400, 2)
    assert not set(births.person_of.values()) & set(other.person_of.values())
    assert {left for left, _ in births.truth} <= set(births.person_of)


def test_each_once__keeps_every_pair_of_a_record():
    pairs = [("a", "b", 0.9), ("c", "a", 0.8), ("b", "c", 0.7), ("b", "a", 0.6), ("c", "c", 1.0)]
    assert exchange.each_once(pairs) == [("a", "b", 0.9), ("a", "c", 0.8), ("b", "c", 0.7)]


def test_joined__waits_until_every_pair_across_is_a_candidate():
    chain = [(0.9, 1, 2), (0.8, 2, 3)]  # 1 and 3 never met
    assert anonlink_clk.joined(chain) == [(1, 2, 0.9)]
    two = [(0.9, 1, 2), (0.9, 3, 4), (0.8, 1, 3), (0.8, 1, 4), (0.7, 2, 3), (0.6, 2, 4)]
    assert [score for *_, score in anonlink_clk.joined(two)] == [0.9, 0.9, 0.6, 0.6, 0.6, 0.6]


def test_linkage__finds_pairs_by_the_agencies_own_ids(births):
    seen = methods.linkage(births)
    assert (
        judge.judged(len(seen.default & births.truth), len(seen.default), len(births.truth), 0.5).f1 == seen.row["f1"]
    )
    assert seen.row["best_f1"] >= seen.row["f1"] > 0.9


def test_linkage__of_one_set_takes_its_links_the_lower_id_first(duplicates):
    few = replace(duplicates, left=replace(duplicates.left, table=duplicates.left.table.slice(0, 800)))
    here = set(few.left.table["rec_id"].to_pylist())
    few = replace(few, truth=frozenset(pair for pair in duplicates.truth if here.issuperset(pair)))
    seen = methods.linkage(few)
    assert len(few.truth) > 50 and all(left < right for left, right in seen.default | seen.best)
    assert seen.row["best_f1"] >= seen.row["f1"] > 0.9


def test_linkage__that_refuses_has_found_nothing_and_says_so(monkeypatch, births):
    def refuses(*sets: object, **options: object) -> None:
        raise lk.LimitError("too few", needed=2, allowed=1)

    monkeypatch.setattr(lk, "link", refuses)
    seen = methods.linkage(births)
    assert (seen.default, seen.row["f1"], seen.row["refused"]) == (frozenset(), 0.0, "LimitError")


def test_paired__counts_are_those_that_f1_is_made_of(births):
    truth = births.truth
    ours, theirs = frozenset(sorted(truth)[3:]), frozenset(sorted(truth)[:-9])
    pair = paired.Paired()
    pair.add(births, {"linkage": found(ours, ours, truth), "splink_plain": found(theirs, truth, truth)})
    line = pair.line()
    assert line["f1"] == judge.at([(*each, 1.0) for each in ours], truth, 0.5).f1
    assert line["splink_f1"] == judge.at([(*each, 1.0) for each in theirs], truth, 0.5).f1
    assert line["splink_best_f1"] == 1.0 and line["splink_precision"] == 1.0
    assert line["minus_default"]["value"] == pytest.approx(line["f1"] - line["splink_f1"])
    assert line["minus_best"]["low"] <= line["minus_best"]["value"] <= line["minus_best"]["high"] <= 0


def test_paired__of_equal_methods_has_no_width(births):
    some = frozenset(sorted(births.truth)[5:])
    pair = paired.Paired()
    pair.add(births, dict.fromkeys(("linkage", "splink_plain"), found(some, some, births.truth)))
    assert pair.line()["minus_default"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_paired__leaves_out_a_seed_that_was_refused_and_counts_it(births):
    truth, pair = births.truth, paired.Paired()
    nothing = found(frozenset(), frozenset(), truth, refused="EvidenceError")
    pair.add(births, {"linkage": nothing, "splink_plain": found(truth, truth, truth)})
    assert pair.line()["f1"] is None and pair.line()["minus_best"] is None and pair.line()["refused"] == 1
    pair.add(births, {"linkage": found(truth, truth, truth), "splink_plain": found(frozenset(), truth, truth)})
    assert (pair.line()["f1"], pair.line()["splink_f1"], pair.line()["refused"]) == (1.0, 0.0, 1)


def test_paired__takes_a_person_of_two_seeds_for_one():
    truth, person_of = frozenset({("a", "x"), ("b", "y")}), {"a": "1", "b": "2"}
    people: dict = {}
    for _ in range(2):
        paired.tally(people, [truth - {("b", "y")}, frozenset({("a", "y")})], truth, person_of)
    assert {who: counts.tolist() for who, counts in people.items()} == {
        "1": [2, 0, 0, 0, 2, 2],
        "2": [0, 0, 2, 0, 0, 2],
    }
    assert f1(np.array([2, 0, 2])) == judge.at([("a", "x", 1.0)], truth, 0.5).f1


def test_told__has_m_of_true_pairs_and_u_of_all_others(births):
    sets = methods.encoded(births, datasets.key(births.seed))
    model, *_ = informed.told(None, sets, births, methods.own_ids(births))
    by_name = {item.comparison.name: item for item in model.fields}
    assert by_name["sex"].m[-1] > 0.9 > 0.6 > by_name["sex"].u[-1] > 0.4
    assert all(sum(shares) == pytest.approx(1.0) for item in model.fields for shares in (item.m, item.u))
    assert informed.measure(births)["informed_f1"] > 0.9


def test_informed__counts_a_refusal(monkeypatch, births):
    monkeypatch.setattr(
        lk, "fit", lambda *sets, **options: (_ for _ in ()).throw(lk.LimitError("", needed=1, allowed=0))
    )
    told = informed.measure(births)
    assert told["f1"] is None and told["informed_f1"] > 0.9


def line(**other: object) -> dict:
    fine = {"value": 0.01, "low": -0.01, "high": 0.03}
    return {
        "data": "invented, hard",
        "settings": {"people": full_size.PEOPLE},
        "seeds": [1],
        "refused": 0,
        "f1": 0.98,
        "precision": 0.995,
        "splink_precision": 0.99,
        "splink_best_precision": None,
        "minus_default": fine,
        "minus_best": fine,
        "by_seed": [{"recordlinkage_ecm": {"f1": 0.9}, "anonlink_clk": {"f1": 0.8}}],
    } | other


def test_model__shows_each_difference_and_which_bar_is_missed():
    below = {"value": -0.02, "low": -0.03, "high": -0.01}
    *_, good, bad, _, summary = model_tables.model(
        [line(), line(minus_default=below, minus_best=below, precision=0.98)]
    ).splitlines()
    assert good == (
        "| invented, hard | 0.9800 | +0.0100 (-0.0100 to +0.0300) | +0.0100 (-0.0100 to +0.0300) | 0.9950 |"
        " 0.9900, - | 0.9000 | 0.8000 | - |"
    )
    assert bad.endswith("| Splink's default, Splink's best, precision |")
    assert summary == "Above Splink's default on 1 of 2 data sets; short of a bar on 1."


def test_model__allows_a_plain_refusal_at_one_percent_only():
    refused = {"refused": 1, "minus_default": None, "minus_best": None, "precision": None, "f1": None}
    assert model_tables.short_of(line(**refused, settings={"kept": 0.01})) == []
    assert model_tables.short_of(line(**refused, settings={"kept": 0.1})) == ["an answer"]
    *_, row, _, summary = model_tables.model([line(), line(**refused, settings={"kept": 0.01})]).splitlines()
    assert row.startswith("| invented, hard | refused |  |  | - |") and "1 of 2 data sets, 1 refused" in summary


def test_informed__table_takes_a_refusal_for_nothing_found_in_the_mean():
    lines = [
        {"data": full_size.thinned("invented, hard", kept), "f1": score, "informed_f1": 0.9}
        for kept, score in ((0.3, 0.9), (0.3, None), (0.1, 0.8), (0.01, None))
    ]
    *_, row = model_tables.informed(lines).splitlines()
    assert row == "| invented, hard | 0.900 (+0.000), refused 1 of 2 | 0.800 (-0.100) | refused | -0.333 |"


def test_model_tables__take_no_notice_of_a_trial(monkeypatch, tmp_path):
    monkeypatch.setattr(model_tables, "MODEL", tmp_path / "model.jsonl")
    monkeypatch.setattr(full_size, "MODEL_DATA", ("invented, hard",))
    rows = [{name: {"f1": 0.9} for name in model_tables.METHODS}] * 3
    whole = line(seeds=list(full_size.SEEDS), seed=0, by_seed=rows, machine={"commit": "a"}, versions={"x": "1"})
    fewer = [
        whole | {"seeds": [1], "machine": {"commit": "b"}},
        whole | {"settings": {"people": 9}, "machine": {"commit": "b"}},
        whole | {"by_seed": [{"linkage": {"f1": 0.9}}] * 3, "machine": {"commit": "b"}},
    ]
    from results_kept import append

    for each in [whole, *fewer]:
        append(model_tables.MODEL, each)
    assert model_tables.full_model() == [whole]
