"""Clusters, candidates, curves and runs on cases worked out by hand, and what they refuse."""

import math

import numpy as np
import pyarrow as pa
import pytest

import linkage as lk
from linkage.study.candidates import CandidateEvaluation, evaluate_candidates
from linkage.study.clusters import evaluate_clusters
from linkage.study.curves import Curve, curve
from linkage.study.intervals import intervals_by_unit
from linkage.study.runs import compare_runs
from tests.test_evaluate import FOUND, KEY, PEOPLE, SCHEMA, TRUE, encoded, links_of
from tests.test_evaluate_groups import BOTH, FAIR, UNFAIR

# ---- clusters ---------------------------------------------------------------------------------------------------


def with_link_ids(links, link_ids):
    records = links.records.set_column(2, "link_id", pa.array(link_ids, pa.string()))
    return lk.Links(links.pairs, records, links.sources, SCHEMA, "", {}, bytes(32))


GROUPS = with_link_ids(FOUND, ["k", "k", "l", None, "k", "l", "l", None])


@pytest.mark.parametrize("truth", [TRUE, PEOPLE], ids=["pairs", "people"])
def test_clusters__are_worked_out_by_hand(truth):
    # groups {a b v} {c w x} {d} {y}; people {a v} {b x} {c w} {d y}
    done = evaluate_clusters(GROUPS, truth)
    assert (done.pairwise.true_positives, done.pairwise.false_positives, done.pairwise.false_negatives) == (2, 4, 2)
    assert done.b_cubed_precision == pytest.approx((2 / 3 * 4 + 1 / 3 * 2 + 2) / 8)
    assert done.b_cubed_recall == pytest.approx((4 * 1 + 4 * 0.5) / 8)
    assert done.b_cubed_f1 == pytest.approx(2 * (16 / 3 / 8) * 0.75 / (16 / 3 / 8 + 0.75))
    assert (done.clusters, done.people, done.exact) == (4, 4, 0)


def test_clusters__of_one_group_of_all_have_a_wide_interval():
    done = evaluate_clusters(with_link_ids(UNFAIR, ["k"] * 200), BOTH)
    assert done.b_cubed_recall == 1.0
    assert done.b_cubed_precision == pytest.approx(2 / 200)
    # of 19,900 pairs taken as independent it would be 0.004 to 0.006
    assert done.pairwise.precision_interval.high > 0.5
    assert done.b_cubed_precision_interval.high > 0.5
    assert done.b_cubed_recall_interval.low < 0.5


def test_clusters__resample_what_groups_and_people_join():
    # the first 50 people in groups of two: 2 true pairs and 4 false in each; the others alone and whole
    group = [f"g{i // 2}" if i < 50 else f"h{i}" for i in range(100)]
    done = evaluate_clusters(with_link_ids(UNFAIR, group * 2), BOTH)
    by_hand = np.array([[2, 4, 0]] * 25 + [[1, 0, 0]] * 50)
    assert done.pairwise.intervals == intervals_by_unit(by_hand)
    assert done.exact == 50


def test_clusters__refuse_pairs_which_have_no_link_ids():
    pairs = lk.compare(
        encoded(["p1"], ["Abernathy"], "police"), encoded(["s1"], ["Abernathy"], "school"), threshold=1, progress=False
    )
    with pytest.raises(TypeError, match="links: must be of the type Links, not Pairs"):
        evaluate_clusters(pairs, {"left_id": ["p1"], "right_id": ["s1"]}, key=KEY)


# ---- candidates -------------------------------------------------------------------------------------------------


def test_candidates__of_pairs_keep_reach_apart_from_saving():
    names = ["Abernathy", "Brimblecombe", "Cholmondeley", "Dalrymple"]
    police, school = encoded(list("abcd"), names, "police"), encoded(list("vwxy"), names, "school")
    pairs = lk.compare(police, school, threshold=1, progress=False)
    truth = {"left_id": list("abc"), "right_id": list("vwy")}
    done = evaluate_candidates(pairs, truth, key=KEY)
    assert (done.candidates, done.all_pairs, done.reached, done.missed) == (4, 16, 2, 1)
    assert (done.recall, done.reduction_ratio, done.quality) == (2 / 3, 0.75, 0.5)
    assert done.to_arrow()["measure"].to_pylist() == ["candidate recall", "reduction ratio", "pairs quality"]
    assert lk.evaluate(pairs, truth, key=KEY).precision == 0.5


def test_candidates__within_one_source_meet_once():
    names = ["Abernathy", "Abernathy", "Brimblecombe", "Dalrymple"]
    police = encoded(list("abcd"), names, "police")
    pairs = lk.compare(police, threshold=1, progress=False)
    people = {"source": ["police"] * 4, "id": list("abcd"), "person": list("1123")}
    done = evaluate_candidates(pairs, people, key=KEY)
    assert (done.candidates, done.all_pairs, done.reached, done.missed) == (1, 6, 1, 0)
    listed = {"left_id": ["b"], "right_id": ["a"]}
    assert evaluate_candidates(pairs, listed, key=KEY).reached == 1


def test_candidates__of_a_million_by_a_million_do_not_overflow():
    done = CandidateEvaluation(10, 10**14, 9, 1)
    assert done.reduction_ratio == 1 - 1e-13


# ---- curves -----------------------------------------------------------------------------------------------------


def scored(n, seed=0):
    rng = np.random.default_rng(seed)
    links = links_of(
        [(f"p{i}", f"s{i if i % 3 else (i + 1) % n}") for i in range(n)], *([f"{s}{i}" for i in range(n)] for s in "ps")
    )
    pairs = links.pairs.append_column("similarity", pa.array(rng.random(n)))
    truth = {"left_id": [f"p{i}" for i in range(n)], "right_id": [f"s{i}" for i in range(n)]}
    return lk.Links(pairs, links.records, links.sources, SCHEMA, "", {}, bytes(32)), truth


def test_curve__of_many_values_is_thinned_and_keeps_the_best():
    links, truth = scored(5_000)
    thin = curve(links, truth)
    every = curve(links, truth, thresholds=links.pairs["similarity"].to_pylist())
    assert 1_000 <= len(thin) <= 1_001
    assert thin.best_threshold == every.best_threshold
    assert thin.at(thin.best_threshold).f1 == every.f1.max()
    assert (thin.threshold[0], thin.threshold[-1]) == (every.threshold[0], every.threshold[-1])
    assert thin.to_pandas().shape == (len(thin), 8)
    assert repr(every) == "Curve(5,000 thresholds of similarity)"
    with pytest.raises(ValueError, match="read-only"):
        thin.threshold[0] = 1


def test_curve__says_which_measures_there_are():
    links, truth = scored(9)
    with pytest.raises(ValueError, match="measure: 'probability' is not in these pairs; the choices are: similarity"):
        curve(links, truth, measure="probability")
    with pytest.raises(ValueError, match="these pairs have no measure"):
        curve(FOUND, TRUE)
    with pytest.raises(ValueError, match="thresholds: one of them is not a number"):
        curve(links, truth, thresholds=[0.5, math.nan])
    with pytest.raises(ValueError, match="threshold: not a number"):  # it was the end of the curve
        curve(links, truth).at(math.nan)
    with pytest.raises(TypeError, match="links: must be of the type Links or of the type Pairs, not dict"):
        curve({}, truth)


def test_curve__of_no_pairs_misses_everything():
    links, truth = scored(9)
    none = lk.Links(links.pairs.slice(0, 0), links.records, links.sources, SCHEMA, "", {}, bytes(32))
    done = curve(none, truth)
    assert len(done) == 0
    assert done.at(0.5).false_negatives == 9
    with pytest.raises(ValueError, match="no best threshold"):
        _ = done.best_threshold


def test_curve__takes_the_higher_of_two_thresholds_that_are_equally_good():
    done = Curve("similarity", np.array([0.5, 0.6]), np.array([4, 4]), np.array([1, 1]), possible=5)
    assert done.best_threshold == 0.6


# ---- runs -------------------------------------------------------------------------------------------------------


def test_runs__name_the_pairs_that_changed():
    after = links_of([("a", "v"), ("b", "x"), ("d", "w")], "abcd", "vwxy")
    done = compare_runs(FOUND, after, TRUE)
    rows = [(row["left_id"], row["right_id"], row["change"], row["true"]) for row in done.changed.to_pylist()]
    assert rows == [
        ("b", "x", "gained", True),
        ("d", "w", "gained", False),
        ("b", "w", "lost", False),
        ("c", "x", "lost", False),
    ]
    table = done.to_arrow()
    assert table["change"].to_pylist()[1] == 0.25
    assert all(row["low"] - 1e-12 <= row["change"] <= row["high"] + 1e-12 for row in table.to_pylist())
    assert len(done) == table.num_rows == 4
    assert str(done).splitlines()[1].startswith("recall 0.250 -> 0.500 (+0.250, ")


def test_runs__intervals_of_a_change_are_narrower_than_those_of_the_runs():
    better = links_of(
        [(f"p{i}", f"s{i}") for i in (*range(20), *FAIR)], *([f"{s}{i}" for i in range(100)] for s in "ps")
    )
    done = compare_runs(UNFAIR, better, BOTH)
    change = done.changes["recall"]
    assert 0 < change.low < 0.05 < change.high < 0.11
    assert done.before.recall_interval.high > done.after.recall_interval.low


def test_runs__that_are_equal_changed_nothing():
    links = links_of([(str(i), str(i % 7)) for i in range(9)], map(str, range(9)), map(str, range(9)))
    truth = {"left_id": [str(i) for i in range(9)], "right_id": [str(i) for i in range(9)]}
    done = compare_runs(links, links, truth)
    assert {(interval.low, interval.high) for interval in done.changes.values()} == {(0.0, 0.0)}
    assert done.changed.num_rows == 0
    assert (done.kept_true, done.kept_false) == (7, 2)
    assert "gained 0 true links and 0 false" in str(done)
    with pytest.raises(ValueError, match=r"not over the same records: 18 of police, school and 17 of police, school"):
        compare_runs(links, links_of([], map(str, range(9)), map(str, range(8))), truth)
