"""Assignment: always one-to-one where it must be, of the largest total there is, and the same every time."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage import LinkageWarning
from linkage.central.assign import _with_ties_broken, assign, groups, one_to_one
from tests import naive

BOTH = (True, True)


def chosen_of(cells, gain, unique=BOTH) -> np.ndarray:
    cells = np.array(cells, dtype=np.int32).reshape(-1, 2)
    return assign(cells[:, 0], cells[:, 1], np.array(gain, dtype=np.int64), unique=unique)


def is_one_to_one(cells, chosen) -> bool:
    cells = np.array(cells).reshape(-1, 2)[chosen]
    return all(len(np.unique(cells[:, side])) == len(cells) for side in (0, 1))


@st.composite
def graphs(draw):
    cells = draw(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=11))
    top = draw(st.sampled_from([1, 2, 5, 1_000, 2**33]))
    return sorted(cells), draw(st.lists(st.integers(1, top), min_size=len(cells), max_size=len(cells)))


@settings(max_examples=400, deadline=None)
@given(graphs())
def test_one_to_one__has_the_largest_total_of_all_matchings(graph):
    cells, gain = graph
    chosen = chosen_of(cells, gain)
    assert chosen.dtype == bool
    assert is_one_to_one(cells, chosen)
    assert np.array(gain, dtype=np.int64)[chosen].sum() == (naive.best_total(cells, gain) if cells else 0)


@settings(max_examples=100, deadline=None)
@given(graphs(), st.sampled_from([(True, False), (False, True), (False, False)]))
def test_assign__to_many_has_the_largest_total_too(graph, unique):
    cells, gain = graph
    chosen = chosen_of(cells, gain, unique)
    assert np.array(gain, dtype=np.int64)[chosen].sum() == (naive.best_total(cells, gain, unique) if cells else 0)
    picked = np.array(cells).reshape(-1, 2)[chosen]
    for side in (0, 1):
        assert not unique[side] or len(np.unique(picked[:, side])) == len(picked)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("top", [1, 3, 2**20, 2**33])
def test_one_to_one__equals_scipys_dense_assignment(seed, top):
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(seed)
    n_rows, n_columns = rng.integers(40, 130, 2)
    share = rng.choice([0.03, 0.3, 1.0])
    gain = np.where(
        rng.random((n_rows, n_columns)) < share, rng.integers(1, top, (n_rows, n_columns), endpoint=True), 0
    )
    cells = np.argwhere(gain)
    chosen = chosen_of(cells, gain[gain > 0])
    assert is_one_to_one(cells, chosen)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    assert gain[gain > 0][chosen].sum() == gain[rows, columns].sum()


def test_one_to_one__takes_two_middling_pairs_over_one_good_one():
    assert chosen_of([(0, 0), (0, 1), (1, 0)], [10, 6, 6]).tolist() == [False, True, True]
    assert chosen_of([(0, 0), (0, 1), (1, 0)], [13, 6, 6]).tolist() == [True, False, False]


def test_one_to_one__breaks_ties_the_same_way_every_time_and_wherever_else_pairs_are():
    rng = np.random.default_rng(0)
    cells = np.argwhere(rng.random((60, 60)) < 0.1)
    gain = np.full(len(cells), 7)
    first = chosen_of(cells, gain)
    assert chosen_of(cells, gain).tolist() == first.tolist()
    # pairs of other records change nothing
    more = np.concatenate([cells, np.argwhere(rng.random((20, 20)) < 0.2) + 100])
    assert chosen_of(more, np.full(len(more), 7))[: len(cells)].tolist() == first.tolist()


@pytest.mark.parametrize("unique", [BOTH, (True, False), (False, True), (False, False)])
def test_assign__of_nothing_is_nothing(unique):
    assert chosen_of([], [], unique).tolist() == []


def test_assign__of_one_pair_is_that_pair():
    assert chosen_of([(3, 4)], [1]).tolist() == [True]


def test_assign__where_the_columns_may_be_used_again_each_row_takes_its_best():
    cells = [(0, 0), (0, 1), (1, 1), (2, 1)]
    assert chosen_of(cells, [5, 9, 4, 1], (True, False)).tolist() == [False, True, True, True]


def test_assign__where_the_rows_may_be_used_again_each_column_takes_its_best():
    cells = [(0, 0), (0, 1), (1, 1), (2, 1)]
    assert chosen_of(cells, [5, 9, 4, 1], (False, True)).tolist() == [True, True, False, False]


def test_assign__of_equals_takes_the_lowest_record():
    cells = [(0, 0), (0, 1), (0, 2), (1, 2)]
    assert chosen_of(cells, [4, 4, 4, 4], (True, False)).tolist() == [True, False, False, True]
    assert chosen_of(cells, [4, 4, 4, 4], (False, True)).tolist() == [True, True, True, False]


def test_assign__with_duplicates_on_both_sides_keeps_every_pair():
    assert chosen_of([(0, 0), (0, 1), (1, 0)], [1, 2, 3], (False, False)).all()


def test_one_to_one__a_long_chain_is_exact_and_quick():
    # (0,0), (0,1), (1,1), (1,2), ...: of 2n + 1 pairs the even ones are best together, by one each. Taken from its
    # ends, two pairs a round, one of 40,000 took a minute
    n = 8_000
    cells = [(number // 2, (number + 1) // 2) for number in range(2 * n + 1)]
    gain = [10 if number % 2 else 11 for number in range(2 * n + 1)]
    assert chosen_of(cells, gain).tolist() == [number % 2 == 0 for number in range(2 * n + 1)]


def test_one_to_one__a_ring_takes_the_half_that_is_better_by_one():
    n = 1_000
    cells = np.array(sorted((row, (row + step) % n) for row in range(n) for step in (0, 1)))
    even = chosen_of(cells, np.full(2 * n, 10))
    for half in (even, ~even):
        gain = np.where(np.arange(2 * n) == np.flatnonzero(half)[0], 11, 10)
        assert chosen_of(cells, gain).tolist() == half.tolist()


@pytest.mark.parametrize("n", [1, 2, 1_000, 70_000])
@pytest.mark.parametrize("top", [1, 2**20, 2**21])
def test_one_to_one__ties_of_a_whole_matching_weigh_less_than_one_unit_of_gain(n, top):
    # in a ring of 50,000 pairs the ties added up to more than the one unit that one half was better by
    rows = np.arange(n, dtype=np.int32)
    value = _with_ties_broken(rows, rows[::-1], np.full(n, top))
    unit = value.min() // top
    assert (value < 2**53).all()
    assert (value - unit * top >= 0).all()
    assert (value - unit * top).sum() < unit
    assert n < 10 or len(np.unique(value)) > 1


def test_one_to_one__beyond_the_limit_is_greedy_and_says_so(monkeypatch):
    import sys

    module = sys.modules["linkage.central.assign"]
    monkeypatch.setattr(module, "_MAX_COMPONENT", 3)
    tangle = [(0, 0), (0, 1), (1, 0), (1, 1)]
    with pytest.warns(LinkageWarning, match="4 pairs hang together; they were assigned best first"):
        chosen = chosen_of(tangle, [10, 9, 9, 1])
    assert chosen.tolist() == [True, False, False, True]
    # the best other edges of 0,0 add up to more than it; a chain of three pairs is still within the limit
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert chosen_of([(0, 0), (0, 1), (1, 0)], [10, 9, 9]).tolist() == [False, True, True]


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_one_to_one__when_greedy_is_still_one_to_one_and_leaves_no_pair_that_would_fit(graph):
    import sys

    cells, gain = graph
    module = sys.modules["linkage.central.assign"]
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", LinkageWarning)
        patch.setattr(module, "_MAX_COMPONENT", 0)
        chosen = chosen_of(cells, gain)
    assert is_one_to_one(cells, chosen)
    used = np.array(cells).reshape(-1, 2)[chosen]
    for row, column in cells:
        assert row in used[:, 0] or column in used[:, 1]


def test_one_to_one__does_not_change_what_it_is_given():
    row, column, gain = np.array([0, 0], np.int32), np.array([0, 1], np.int32), np.array([5, 5])
    for given_array in (row, column, gain):
        given_array.flags.writeable = False
    one_to_one(row, column, gain)


# ---- groups -----------------------------------------------------------------------------------------------------


def test_groups__join_records_directly_and_through_others():
    found = groups(np.array([0, 4, 1]), np.array([1, 5, 2]), 7)
    assert found.dtype == np.int32
    assert len(set(found[[0, 1, 2]].tolist())) == 1
    assert len(set(found[[4, 5]].tolist())) == 1
    assert len(set(found.tolist())) == 4


@pytest.mark.parametrize("n", [0, 1, 5])
def test_groups__without_links_are_everyone_alone(n):
    nobody = np.empty(0, dtype=np.int64)
    assert sorted(groups(nobody, nobody, n).tolist()) == list(range(n))
