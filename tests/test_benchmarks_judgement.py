"""What the benchmark of judgement computes beside measuring: the best recall, reviewed pairs, tables."""

import doctest
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks are no part of the wheel", allow_module_level=True)
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "rivals")]  # scripts, found as they find each other
import datasets  # noqa: E402
import full_size  # noqa: E402
import judgement  # noqa: E402
import judgement_tables  # noqa: E402
import methods  # noqa: E402

del sys.path[:2]


def line(data, seed, *, precision=(0.99, 0.9, 1.0, 0.98), recall=(0.9, 0.8, 1.0, 0.95), **more):
    kept = more.pop("kept", 1.0)
    about = {"settings": {"people": full_size.JUDGED_PEOPLE} | ({} if kept == 1.0 else {"kept": kept})}
    stated = {"known": True, "precision": list(precision), "recall": list(recall), "asked": [0.99, 0.8]}
    decided = {"possible_recall": 0.9, "f1_before": 0.9, "f1_after": 0.95, "f1_decided": 0.96, "stayed": False}
    return {"data": data, "seed": seed, **about, **stated, **decided, **more}


def test_benchmarks__examples_in_docstrings_hold():
    tried = doctest.testmod(judgement)
    assert tried.attempted and not tried.failed


def test_measure__says_what_is_stated_beside_the_truth():
    trial = datasets.invented("hard", 500, 3)
    got = judgement.measure(trial)
    direct = methods.linkage(trial).row
    for name in judgement.MEASURES:
        stated, low, high, true = got[name]
        assert 0 <= low <= stated <= high <= 1
        assert true == direct[name]
    assert got["f1_before"] == direct["f1"] and got["f1_after"] >= got["f1_before"]
    assert got["f1_decided"] >= got["f1_after"]
    assert 0.9 < got["possible_recall"] <= 1 and got["asked"][0] > 0.9


def test_judgement__counts_how_often_it_was_near_and_inside():
    own = [
        line("invented, hard", 101),
        line("invented, hard", 102, precision=(0.99, 0.95, 1.0, 0.94), recall=(0.9, 0.8, 0.95, 0.97)),
        line("invented, hard", 103, known=False),
        {"data": "invented, hard", "seed": 104, "settings": {"people": 1_500}, "refused": "EvidenceError"},
        line("invented, hard, 10 % of partners", 101, kept=0.1),
    ]
    whole_row = "| invented, hard | 100% | 3 of 4 | 1 | 1 of 2 | 0 of 0 | 1 | 0.050 | 1 of 2 | 0 of 0 | 1 | -0.050 |"
    _, _, whole, tenth = judgement_tables.judgement(own).splitlines()
    assert whole == whole_row
    assert tenth.startswith("| invented, hard | 10% | 1 of 1 | 0 |")


def test_asked__tells_what_came_and_what_was_possible():
    own = [
        line("invented, hard", 101),
        line("invented, hard", 102, asked=[0.97, 0.9]),
        line("invented, hard", 103, asked=None),
    ]
    *_, row = judgement_tables.asked(own).splitlines()
    assert row == "| invented, hard | 100% | 2 of 3 | 0.9800 (0.9700) | 1 | 0.850 | 0.900 |"


def test_refined__counts_where_it_was_lower_and_higher():
    own = [
        line("invented, hard", 101),
        line("invented, hard", 102, f1_after=0.85),
        line("invented, hard", 103, f1_after=0.9, stayed=True),
        {"data": "invented, hard", "seed": 104, "settings": {"people": 1_500}, "refused": "EvidenceError"},
    ]
    *_, row = judgement_tables.refined(own).splitlines()
    assert row == "| invented, hard | 100% | 3 | 0.9000 | 0.9000 | 1 | 1 | 1 | 0.9600 | 0 | 3 |"


def test_full__takes_no_part_of_a_run(monkeypatch):
    about = {"machine": {"commit": "x"}, "versions": {}, "data_versions": {}}
    few = [
        line(full_size.thinned(f"invented, {preset}", kept), seed, kept=kept) | about
        for preset in full_size.CHECKED_PRESETS
        for kept in judgement_tables.shares()
        for seed in full_size.JUDGED_SEEDS
    ]
    names = [full_size.thinned(data, kept) for data in full_size.TWO_SIDED for kept in judgement_tables.shares()]
    whole = [line(name, seed) | about | {"settings": full_size.settings(name)} for name in names
             for seed in full_size.SEEDS]  # fmt: skip
    assert all(judgement_tables.path_of(each) == judgement_tables.PRESETS for each in few)
    assert all(judgement_tables.path_of(each) == judgement_tables.JUDGEMENT for each in whole)
    kept = {judgement_tables.PRESETS: few, judgement_tables.JUDGEMENT: whole}
    monkeypatch.setattr(judgement_tables, "lines_of", kept.__getitem__)
    assert len(judgement_tables.full_presets()) == len(few)
    assert len(judgement_tables.full_data()) == len(whole)
    table = judgement_tables.judgement(judgement_tables.made()["judgement"][1])
    assert f"| {len(full_size.TWO_SIDED)} data sets | 50% |" in table and "| invented, clean | 1% |" in table
    whole.pop()
    few.pop()
    assert judgement_tables.full_data() == judgement_tables.full_presets() == []
