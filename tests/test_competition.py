"""Rivals: the probability of each pair against the exact sum over all matchings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.central.modelling.competition import (
    Edges,
    Messages,
    chance_of_losing,
    lost,
    pass_messages,
    prior_log_odds,
    probabilities,
)
from tests import naive

BOTH = (True, True)


def edges_of(cells, n_rows: int, n_columns: int, unique=BOTH) -> Edges:
    cells = np.array(cells, dtype=np.int32).reshape(-1, 2)
    return Edges(cells[:, 0], cells[:, 1], n_rows, n_columns, unique)


def found(cells, log_odds, n_rows: int, n_columns: int, unique=BOTH, *, sweeps: int = 200) -> np.ndarray:
    edges = edges_of(cells, n_rows, n_columns, unique)
    log_odds = np.asarray(log_odds, dtype=float)
    return probabilities(log_odds, pass_messages(log_odds, edges, Messages.silent(len(log_odds)), sweeps=sweeps))


def random_graph(rng, share: float):
    n_rows, n_columns = rng.integers(1, 5, 2).tolist()
    cells = [(row, column) for row in range(n_rows) for column in range(n_columns) if rng.random() < share]
    return cells, n_rows, n_columns


def random_tree(rng, n_edges: int):
    """Grown edge by edge, each from a row or column that is there to a new one."""
    cells, n_rows, n_columns = [(0, 0)], 1, 1
    while len(cells) < n_edges:
        if rng.random() < 0.5:
            cells.append((n_rows, int(rng.integers(n_columns))))
            n_rows += 1
        else:
            cells.append((int(rng.integers(n_rows)), n_columns))
            n_columns += 1
    return sorted(cells), n_rows, n_columns


@pytest.mark.parametrize("seed", range(40))
def test_probabilities__on_trees_are_the_exact_marginals(seed):
    rng = np.random.default_rng(seed)
    cells, n_rows, n_columns = random_tree(rng, int(rng.integers(1, 11)))
    log_odds = rng.normal(0, 4, len(cells))
    exact = naive.marginals(cells, np.exp(log_odds))
    np.testing.assert_allclose(found(cells, log_odds, n_rows, n_columns), exact, atol=1e-6)


@pytest.mark.parametrize("seed", range(60))
def test_probabilities__on_small_loops_are_close_to_the_exact_marginals(seed):
    rng = np.random.default_rng(1_000 + seed)
    cells, n_rows, n_columns = random_graph(rng, 0.6)
    log_odds = rng.normal(0, 3, len(cells))
    exact = naive.marginals(cells, np.exp(log_odds))
    # Bethe marginals of dense, evenly matched loops are off by up to a tenth
    np.testing.assert_allclose(found(cells, log_odds, n_rows, n_columns), exact, atol=0.12)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("unique", [(True, False), (False, True), (False, False)])
def test_probabilities__where_one_side_is_free_are_exact_on_any_graph(seed, unique):
    rng = np.random.default_rng(seed)
    cells = [(row, column) for row in range(3) for column in range(3) if rng.random() < 0.8]
    log_odds = rng.normal(0, 4, len(cells))
    exact = naive.marginals(cells, np.exp(log_odds), unique)
    np.testing.assert_allclose(found(cells, log_odds, 3, 3, unique), exact, atol=1e-9)


def test_probabilities__without_rivals_are_the_odds_alone():
    log_odds = np.array([-2.0, 0.0, 3.0])
    expected = 1 / (1 + np.exp(-log_odds))
    np.testing.assert_allclose(found([(0, 2), (1, 1), (2, 0)], log_odds, 3, 3), expected)


def test_probabilities__of_equal_rivals_are_shared_out():
    # a row of k columns at even odds: k + 1 outcomes of the same weight
    for n in (2, 3, 10):
        np.testing.assert_allclose(found([(0, column) for column in range(n)], np.zeros(n), 1, n), 1 / (n + 1))


@pytest.mark.parametrize("seed", range(10))
def test_probabilities__a_rival_more_lowers_the_others_in_its_row_and_column(seed):
    rng = np.random.default_rng(seed)
    cells, n_rows, n_columns = random_tree(rng, 8)
    log_odds = rng.normal(0, 2, 8)
    before = found(cells, log_odds, n_rows, n_columns)
    row, column = cells[3][0], n_columns  # a column of its own
    after = found([*cells, (row, column)], [*log_odds, 1.0], n_rows, n_columns + 1)
    for number, cell in enumerate(cells):
        if cell[0] == row:
            assert after[number] < before[number]


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([BOTH, (True, False), (False, True)]))
def test_probabilities__of_a_record_with_one_partner_never_add_up_to_more_than_one(seed, unique):
    rng = np.random.default_rng(seed)
    cells, n_rows, n_columns = random_graph(rng, 0.7)
    chance = found(cells, rng.normal(0, 5, len(cells)), n_rows, n_columns, unique)
    edges = edges_of(cells, n_rows, n_columns)
    assert ((chance >= 0) & (chance <= 1)).all()
    if unique[0]:
        assert np.bincount(edges.row, weights=chance, minlength=1).max(initial=0) <= 1 + 1e-9
    if unique[1]:
        assert np.bincount(edges.column, weights=chance, minlength=1).max(initial=0) <= 1 + 1e-9


@pytest.mark.parametrize("unique", [BOTH, (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("size", [50.0, 300.0, 1e4, 1e300])
def test_probabilities__of_extreme_odds_do_not_overflow(size, unique):
    # a hopeless pair with a sure rival in its row and another in its column: exp(900) overflowed
    cells = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2)]
    for signs in ([-1, 1, 1, -1, 1], [1, 1, 1, 1, -1], [-1] * 5, [1, -1, -1, 1, 0]):
        log_odds = size * np.array(signs)
        chance = found(cells, log_odds, 3, 3, unique)
        assert np.isfinite(chance).all()
        assert ((chance >= 0) & (chance <= 1)).all()
    assert found(cells, size * np.array([-1, 1, 1, -1, 1]), 3, 3).round(3).tolist() == [0, 1, 1, 0, 1]


def test_probabilities__a_weak_rival_of_a_sure_pair_still_counts():
    # total minus the largest would cancel to nothing: its rivals are summed by themselves
    chance = found([(0, 0), (0, 1)], [60.0, 20.0], 1, 2)
    np.testing.assert_allclose(1 - chance[0], np.exp(20.0 - 60.0) / (1 + np.exp(20.0 - 60.0)), atol=1e-15)
    np.testing.assert_allclose(chance[1], np.exp(20.0 - 60.0), rtol=1e-6)


def test_probabilities__settle_within_the_sweeps_that_are_made():
    rng = np.random.default_rng(3)
    cells = sorted({(int(row), int(column)) for row, column in rng.integers(0, 40, (120, 2))})
    log_odds = rng.normal(0, 5, len(cells))
    np.testing.assert_allclose(
        found(cells, log_odds, 40, 40, sweeps=40), found(cells, log_odds, 40, 40, sweeps=2_000), atol=0.02
    )


def test_pass_messages__of_no_edges_is_silence():
    edges = edges_of([], 3, 3)
    messages = pass_messages(np.empty(0), edges, Messages.silent(0), sweeps=3)
    assert len(probabilities(np.empty(0), messages)) == 0


def test_prior_log_odds__is_of_what_is_left_when_the_matches_are_taken_out():
    edges = edges_of([], 100, 200)
    assert prior_log_odds(40, edges) == pytest.approx(np.log(40 / (60 * 160)))
    assert prior_log_odds(40, edges_of([], 100, 200, (True, False))) == pytest.approx(np.log(40 / (60 * 200)))
    assert prior_log_odds(40, edges_of([], 100, 200, (False, True))) == pytest.approx(np.log(40 / (100 * 160)))
    assert prior_log_odds(40, edges_of([], 100, 200, (False, False))) == pytest.approx(np.log(40 / (100 * 200)))


@pytest.mark.parametrize("matches", [0.0, 1e-300, 50.0, 99.9999, 100.0, 1e6])
@pytest.mark.parametrize("size", [(1, 1), (100, 100), (100, 10_000_000)])
def test_prior_log_odds__is_finite_however_many_matches_are_expected(matches, size):
    assert np.isfinite(prior_log_odds(matches, edges_of([], *size)))


def test_lost__is_the_chance_that_a_rival_has_the_row_or_the_column():
    edges = edges_of([(0, 0), (0, 1), (1, 1), (2, 2)], 3, 3)
    probability = np.array([0.9, 0.0, 0.4, 0.3])
    np.testing.assert_allclose(lost(probability, edges), [0.0, 1 - 0.1 * 0.6, 0.0, 0.0])
    one_way = edges_of([(0, 0), (0, 1), (1, 1), (2, 2)], 3, 3, (True, False))
    np.testing.assert_allclose(lost(probability, one_way), [0.0, 0.9, 0.0, 0.0])
    assert not lost(probability, edges_of([(0, 0), (0, 1), (1, 1), (2, 2)], 3, 3, (False, False))).any()


@pytest.mark.parametrize(
    ("unique", "chance"), [((True, True), 1 - 0.6 * 0.8), ((True, False), 0.4), ((False, True), 0.2), ((False,) * 2, 0)]
)
def test_chance_of_losing__is_that_of_a_pair_drawn_blindly(unique, chance):
    assert chance_of_losing(40, edges_of([], 100, 200, unique)) == pytest.approx(chance)


def test_edges__within_one_set_are_half_as_many_pairs():
    nothing = np.empty(0, np.int32)
    apart, within = (Edges(nothing, nothing, 50, 50, (False, False), within) for within in (False, True))
    assert (apart.pairs, within.pairs) == (2_500, 1_250)
    assert prior_log_odds(10, within) == pytest.approx(np.log(10 / 1_250))
