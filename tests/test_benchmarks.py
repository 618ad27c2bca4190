"""What the benchmarks compute beside measuring: halves, cuts, tables. No rival is needed."""

import doctest
import sys
from pathlib import Path

import pyarrow as pa
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "rivals")]  # scripts, found as they find each other
import environments  # noqa: E402
import exchange  # noqa: E402
import febrl4  # noqa: E402
import full_size  # noqa: E402
import judge  # noqa: E402
import machine  # noqa: E402
import tables  # noqa: E402

del sys.path[:2]

TRUTH = frozenset({("a", "x"), ("b", "y"), ("c", "z"), ("d", "w")})


def people(suffix: str) -> pa.Table:
    persons = [str(number) for number in range(5000)]
    return pa.table({"rec_id": [f"rec-{person}-{suffix}" for person in persons], "person": persons})


@pytest.mark.parametrize("module", [judge, exchange, full_size])
def test_benchmarks__examples_in_docstrings_hold(module):
    tried = doctest.testmod(module)
    assert tried.attempted and not tried.failed


def test_halves__share_two_thirds_of_their_people():
    left, right = febrl4.halves(people("org"), people("dup-0"), seed=3)
    assert left.num_rows == right.num_rows == 3750
    assert febrl4.truth(left, right).num_rows == 2500


def test_halves__are_those_of_the_seed():
    first, again, other = (febrl4.halves(people("org"), people("dup-0"), seed=seed)[0] for seed in (3, 3, 4))
    assert first.equals(again)
    assert not first.equals(other)


def test_truth__pairs_the_two_records_of_a_person():
    true = febrl4.truth(people("org").slice(0, 3), people("dup-0").slice(2, 3))
    assert true.to_pylist() == [{"left_id": "rec-2-org", "right_id": "rec-2-dup-0"}]


def test_at__keeps_a_pair_exactly_at_the_cut():
    found = judge.at([("a", "x", 0.8), ("b", "z", 0.8), ("c", "z", 0.7)], TRUTH, 0.8)
    assert (found.precision, found.recall) == (0.5, 0.25)


def test_best__is_the_highest_f1_over_all_cuts():
    pairs = [("a", "x", 0.9), ("b", "y", 0.8), ("q", "q", 0.7), ("c", "z", 0.6), ("r", "r", 0.5)]
    found = judge.best(pairs, TRUTH)
    assert found == max(judge.at(pairs, TRUTH, score) for _, _, score in pairs)
    assert found.cut == 0.6


def test_best__does_not_cut_between_equal_scores():
    pairs = [("a", "x", 0.9), ("b", "y", 0.5), ("q", "q", 0.5), ("r", "r", 0.5), ("s", "s", 0.5)]
    assert judge.best(pairs, TRUTH) in (judge.at(pairs, TRUTH, 0.9), judge.at(pairs, TRUTH, 0.5))


def test_best__of_nothing_found_has_no_recall():
    assert judge.best([], TRUTH).recall == 0.0


def test_one_to_one__breaks_ties_by_id_whatever_the_order():
    pairs = [("b", "x", 0.9), ("a", "y", 0.9), ("a", "x", 0.9), ("b", "y", 0.1)]
    assert exchange.one_to_one(pairs) == exchange.one_to_one(pairs[::-1]) == [("a", "x", 0.9), ("b", "y", 0.1)]


def test_one_to_one__above_any_cut_is_what_greedy_chooses_from_the_pairs_above_it():
    pairs = [(left, right, (7 * ord(left) * ord(right)) % 11 / 11) for left in "abcd" for right in "wxyz"]
    chosen = exchange.one_to_one(pairs)
    for cut in (0.2, 0.5, 0.8):
        above = [pair for pair in pairs if pair[2] >= cut]
        assert exchange.one_to_one(above) == [pair for pair in chosen if pair[2] >= cut]


def test_columns__read_values_as_text(tmp_path):
    (tmp_path / "left.csv").write_text('id,name\n01,"O, Brien"\n02,\n', encoding="utf-8")
    assert exchange.columns(tmp_path / "left.csv") == {"id": ["01", "02"], "name": ["O, Brien", ""]}


def result(seed: int, f1: float, method: str = "linkage") -> dict:
    measures = dict.fromkeys(("precision", "recall", "best_precision", "best_recall", "best_f1"), f1)
    return {"data": "Febrl 4", "seed": seed, "method": method, "f1": f1, **measures}


def measured(seed: int, f1: float, **other: object) -> dict:
    return result(seed, f1) | {"settings": {"shared": 2500}, "machine": {"commit": "a"}, "versions": {"x": "1"}} | other


def shown(monkeypatch, tmp_path, lines: list[dict]) -> list[float]:
    monkeypatch.setattr(tables, "QUALITY", tmp_path / "quality.jsonl")
    tables.QUALITY.unlink(missing_ok=True)
    for line in lines:
        tables.append(tables.QUALITY, line)
    return [line["f1"] for line in tables.full_quality()]


FULL = [measured(seed, 0.5) for seed in full_size.SEEDS]


def test_tables__take_the_latest_run_that_is_whole(monkeypatch, tmp_path):
    later = [measured(seed, 0.6, machine={"commit": "b"}) for seed in full_size.SEEDS]
    assert shown(monkeypatch, tmp_path, FULL) == [0.5] * 3
    assert shown(monkeypatch, tmp_path, FULL + later) == [0.6] * 3
    assert shown(monkeypatch, tmp_path, later + FULL) == [0.5] * 3
    assert shown(monkeypatch, tmp_path, [*FULL, *later, measured(2, 0.7, machine={"commit": "b"})]) == [0.6, 0.7, 0.6]
    assert shown(monkeypatch, tmp_path, [*FULL, measured(1, 0.9, method="splink_plain")]) == [0.5] * 3


@pytest.mark.parametrize(
    "trial",
    [
        [measured(1, 0.9, machine={"commit": "b"})],  # one seed at another commit
        [measured(seed, 0.9, versions={"x": "2"}) for seed in full_size.SEEDS[:2]],
        [measured(seed, 0.9, settings={"shared": 40}) for seed in full_size.SEEDS],  # fewer people
        [measured(seed, 0.9, settings={"shared": 2500, "people": 9}) for seed in full_size.SEEDS],
        [measured(seed, 0.9) for seed in (7, 8, 9)],
    ],
)
def test_tables__take_no_notice_of_a_trial(monkeypatch, tmp_path, trial):
    assert shown(monkeypatch, tmp_path, FULL + trial) == [0.5] * 3
    assert shown(monkeypatch, tmp_path, trial + FULL) == [0.5] * 3
    assert shown(monkeypatch, tmp_path, trial) == []


def test_quality__shows_the_mean_and_the_lowest_of_the_seeds():
    *_, row = tables.quality([result(1, 0.6), result(2, 0.8)]).splitlines()
    assert row == ("| Febrl 4 | 2 | **linkage** | 0.7000 | 0.7000 | 0.7000 (0.6000) | 0.7000 | 0.7000 | 0.7000 |")


def test_results__that_are_kept_can_all_be_shown_and_name_no_machine():
    kept = {tables.QUALITY: tables.full_quality(), tables.FEBRL4: tables.full_febrl4()}
    kept[tables.OVERLAP] = tables.full_overlap()
    for path, full in kept.items():
        lines = tables.lines_of(path)
        assert len(lines) == len(full), path  # no stale line beside those that are shown
        assert all(set(line["machine"]) == {"cores", "cpu", "python", "commit"} for line in lines)
        assert all(line["versions"] and line["settings"] for line in lines)
    assert tables.quality(kept[tables.QUALITY]) and tables.febrl4(kept[tables.FEBRL4])
    assert tables.overlap(kept[tables.OVERLAP])


def test_readme__has_the_tables_of_the_results_that_are_kept():
    readme = (BENCHMARKS.parent / "README.md").read_text(encoding="utf-8")
    shown = (
        tables.quality(tables.full_quality()),
        tables.febrl4(tables.full_febrl4()),
        tables.overlap(tables.full_overlap()),
    )
    assert all(table in readme for table in shown)


def test_machine__tells_cores_and_processor():
    about = machine.machine()
    assert about["cores"] >= 1
    assert about["cpu"]


def test_environments__each_rival_that_links_has_exact_pins():
    pins = environments.requirements()
    assert {"anonlink_clk", "recordlinkage_ecm", "splink_plain", "numkong_dots", "faiss_range", "pseudopeople"} == set(
        pins
    )
    for file in pins.values():
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert lines and all("==" in line for line in lines)
