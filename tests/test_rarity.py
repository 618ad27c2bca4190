"""How rare a value is, from filters alone."""

import numpy as np
import pytest

from linkage.central.contenders import UNIT
from linkage.central.kernels import ComparisonPlan, Product, Rows
from linkage.central.modelling.rarity import bonuses, of_pairs


def rows(*values: int) -> Rows:
    """One word each; 0 is missing."""
    words = np.array(values, dtype=np.uint64)[:, None]
    return Rows(words, np.bitwise_count(words).sum(axis=1, dtype=np.uint32))


def test_bonuses__are_worth_more_the_rarer_the_value():
    common, rare = 0b0011, 0b1100
    (bonus,) = bonuses((rows(common, common, common, rare),), (rows(common, common, rare, common),))
    average = (3 * 3 + 1 * 1) / 16
    expected = {common: np.log2(average / (5 / 8)), rare: np.log2(average / (1 / 8))}
    assert bonus.dtype == np.int32
    assert bonus.tolist() == [round(UNIT * expected[value]) for value in (common, common, common, rare)]


def test_bonuses__do_not_depend_on_which_side_is_left():
    left, right = rows(1, 1, 2, 4, 0), rows(2, 1, 4, 4)
    (forth,), (back,) = bonuses((left,), (right,)), bonuses((right,), (left,))
    by_value = dict(zip(left.words[:, 0].tolist(), forth.tolist(), strict=True))
    for value, worth in zip(right.words[:, 0].tolist(), back.tolist(), strict=True):
        assert by_value[value] == worth


def test_bonuses__missing_and_unshared_values_are_worth_nothing():
    (bonus,) = bonuses((rows(0, 1, 2),), (rows(0, 0, 2),))
    assert bonus.tolist()[:2] == [0, 0]
    assert bonus.tolist()[2] != 0
    for left, right in ((rows(1), rows(2)), (rows(0), rows(0)), (rows(), rows(1)), (rows(1), rows())):
        assert not bonuses((left,), (right,))[0].any()


@pytest.mark.parametrize("words", [1, 3])
def test_bonuses__look_at_every_word(words):
    wide = np.zeros((2, words), np.uint64)
    wide[:, 0] = 7
    wide[1, -1] ^= np.uint64(1 << 40)
    side = Rows(wide, np.bitwise_count(wide).sum(axis=1, dtype=np.uint32))
    (bonus,) = bonuses((side,), (side,))
    assert bonus[0] == bonus[1]  # each is there once a side: neither is rarer
    double = side.take(np.array([0, 0, 1], np.int32))
    (bonus,) = bonuses((double,), (double,))
    assert bonus[0] < bonus[2]


def test_of_pairs__counts_only_where_the_level_is_the_highest():
    plan = ComparisonPlan.of_products(tuple(Product(i, i, np.ones((1, 3), np.uint32)) for i in range(2)))
    bonus = (np.array([10, 20], np.int32), np.array([100, 200], np.int32))
    levels = np.array([[2, 2], [2, 1], [0, 2], [1, 0]], np.uint8)
    assert of_pairs(bonus, np.array([0, 1, 1, 0], np.int32), levels, plan).tolist() == [110, 20, 200, 0]
