"""Intervals: resampling against drawing one by one, and how often they hold the truth."""

import numpy as np
import pytest

import linkage as lk
from linkage.study.evaluate import Evaluation
from linkage.study.intervals import MEASURES, evidence, intervals_by_unit, percentiles, resample
from tests import naive
from tests.test_evaluate import counts as all_counts
from tests.test_evaluate_twins import links_of


def counts(evaluation):
    return all_counts(evaluation)[:3]


def many_people(n=300, seed=5):
    """Counts of people of which some draw false links and some lose several pairs."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(0, 3, n), rng.poisson(0.1, n) * rng.integers(1, 4, n), rng.poisson(0.2, n)], axis=1)


def test_resample__has_the_law_of_drawing_one_by_one():
    people = many_people()
    drawn = resample(people, replicates=4_000)
    slow = naive.resampled([tuple(row) for row in people.tolist() if any(row)], 4_000, seed=1)
    for name, measure in MEASURES.items():
        fast = percentiles(measure(drawn))
        low, high = np.quantile([each[name] for each in slow], [0.025, 0.975])
        assert (fast.low, fast.high) == pytest.approx((low, high), abs=0.004)


def test_resample__knows_no_order_and_has_a_seed():
    people = many_people()
    shuffled = np.random.default_rng(0).permutation(people)
    assert np.array_equal(resample(people, seed=3), resample(shuffled, seed=3))
    assert not np.array_equal(resample(people, seed=3), resample(people, seed=4))


def test_resample__of_more_kinds_than_fit_at_once_draws_all_replicates(monkeypatch):
    monkeypatch.setattr("linkage.study.intervals._DRAWS", 50)
    assert len(resample(many_people(), replicates=101)) == 101
    assert (resample(many_people(), replicates=101).sum(axis=1) > 0).all()


def test_resample__of_nobody_is_nothing():
    assert resample(np.zeros((0, 3), dtype=np.int64), replicates=2).tolist() == [[0.0] * 3] * 2
    made = intervals_by_unit(np.zeros((4, 3), dtype=np.int64))
    assert all((interval.low, interval.high) == (0.0, 1.0) for interval in made.values())


def test_intervals__of_people_without_mistakes_are_wilsons():
    made = Evaluation.of_units(np.array([[1, 0, 0]] * 50), resampled="people")
    quick = Evaluation(50, 0, 0)
    assert made.precision_interval == quick.precision_interval
    assert made.f_star_interval == quick.f_star_interval


@pytest.mark.parametrize("cluster", [1, 4])
def test_intervals__hold_the_truth_nineteen_times_in_twenty(cluster):
    # pairs of a person are found or missed together, and false links come `cluster` at a time
    rng, n, held = np.random.default_rng(2), 300, {"wilson": 0, "people": 0}
    for _ in range(300):
        found = rng.random(n) < 0.9
        false = rng.random(n) < 0.06
        people = np.stack([cluster * found, cluster * false, cluster * ~found], axis=1).astype(np.int64)
        true = 0.9 / 0.96
        made = Evaluation.of_units(people, resampled="people")
        quick = Evaluation(*counts(made))
        held["people"] += made.precision_interval.low <= true <= made.precision_interval.high
        held["wilson"] += quick.precision_interval.low <= true <= quick.precision_interval.high
    assert held["people"] >= 267  # of 1,500 trials: 97 % and 93 %
    assert (held["wilson"] < 240) == (cluster > 1)


def test_units__false_links_between_strangers_are_covered():
    rng, n, rate, held = np.random.default_rng(4), 200, 0.08, 0
    given_ = [("police", str(i)) for i in range(n)] + [("school", str(i)) for i in range(n)]
    truth = {"source": [s for s, _ in given_], "id": [i for _, i in given_], "person": [i for _, i in given_]}
    for _ in range(60):
        partner = np.where(rng.random(n) < rate, (np.arange(n) + 1) % n, np.arange(n))
        links = links_of(given_, [(("police", str(i)), ("school", str(j)), 1.0) for i, j in enumerate(partner)])
        interval = lk.evaluate(links, truth).precision_interval
        held += interval.low <= 1 - rate <= interval.high
    assert held >= 53


def test_intervals__of_one_person_with_all_the_links_are_wide():
    alone, many = (intervals_by_unit(np.array(rows))["precision"] for rows in ([[900, 100, 0]], [[9, 1, 0]] * 100))
    assert alone.low < 0.3 and alone.high > 0.99
    assert many.low > 0.87 and many.high < 0.93
    assert evidence(np.ones((19, 3)), 57) == pytest.approx(1 / 3)
    assert evidence(np.ones((20, 3)), 60) == 1
