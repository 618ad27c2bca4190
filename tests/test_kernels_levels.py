"""The kernels that take a comparison plan, against their twins: levels, joins, crossed filters, weights, bonus."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.central import kernels
from linkage.central.kernels import ComparisonPlan, Outcome, Product, Rows
from linkage.central.thresholds import least_overlap
from tests import naive
from tests.test_kernels import as_rows, counts, draw, every_overlap, kernel, two_blocks

__all__ = ["kernel"]  # the fixture that runs each test with every implementation

CUTS = tuple(Fraction(text) for text in ("2/5", "1/2", "3/5", "7/10", "4/5", "9/10", "1"))
EQUAL = (Fraction(1),)
ROOM = 1 << 22


def needs(n_bits: int, cuts) -> np.ndarray:
    return np.stack([least_overlap(cut, n_bits=n_bits) for cut in cuts])


def plan_of(*widths_and_cuts) -> ComparisonPlan:
    return ComparisonPlan.of_products(
        tuple(Product(place, place, needs(*each)) for place, each in enumerate(widths_and_cuts))
    )


def both_sides(widths, n_left: int, n_right: int, *, seed: int):
    lefts, rights = [], []
    for place, n_bits in enumerate(widths):
        bits = draw(n_left, n_bits, seed=seed + 2 * place)
        lefts.append(naive.packed(bits))
        rights.append(naive.packed(draw(n_right, n_bits, seed=seed + 2 * place + 1, alike=bits)))
    return lefts, rights


def rows_of(words) -> tuple[Rows, ...]:
    return tuple(as_rows(each) for each in words)


def all_levels(plan, lefts, rights, cuts) -> np.ndarray:
    """(n, m, outcomes) by the twin."""
    products = np.stack(
        [
            naive.levels([lefts[p.left]], [rights[p.right]], [cut])[..., 0]
            for p, cut in zip(plan.products, cuts, strict=True)
        ],
        axis=-1,
    )
    return np.stack([o.table[tuple(products[..., p] for p in o.products)] for o in plan.outcomes], axis=-1)


def heavy(lefts, rights, plan, weights, bound, *, bonus=None, diagonal=None, room=ROOM):
    bonus = bonus or (None,) * len(plan.outcomes)
    weights = tuple(np.asarray(weight, np.int32) for weight in weights)
    arranged = kernels.arrange(rows_of(rights))
    found = kernels.heavy_pairs(rows_of(lefts), arranged, plan, weights, bonus, bound, room=room, diagonal=diagonal)
    if found is None:
        return None
    assert [column.dtype for column in found] == [np.int32] * 3
    return list(zip(*(column.tolist() for column in found), strict=True))


PLANS = [((64, CUTS),), ((64, EQUAL), (20, CUTS)), ((100, CUTS), (8, EQUAL), (129, CUTS))]
SIZES = [(25, 40), (1, 1), (1, 30), (30, 1)]


@pytest.mark.parametrize("fields", PLANS)
@pytest.mark.parametrize(("n_left", "n_right"), SIZES)
def test_level_counts__equal_their_twin(fields, n_left, n_right):
    lefts, rights = both_sides([n_bits for n_bits, _ in fields], n_left, n_right, seed=3)
    plan = plan_of(*fields)
    expected = naive.levels(lefts, rights, [cuts for _, cuts in fields])
    found = kernels.level_counts(rows_of(lefts), kernels.arrange(rows_of(rights)), plan)
    for place, outcome in enumerate(plan.outcomes):
        assert found[place].dtype == np.int64
        assert found[place].tolist() == np.bincount(expected[..., place].ravel(), minlength=outcome.levels).tolist()


@pytest.mark.parametrize("fields", PLANS)
@pytest.mark.parametrize(("n_left", "n_right"), SIZES)
@pytest.mark.parametrize("diagonal", [None, 0, -7])
def test_joint_counts__equal_their_twin(fields, n_left, n_right, diagonal):
    lefts, rights = both_sides([n_bits for n_bits, _ in fields], n_left, n_right, seed=6)
    plan = plan_of(*fields)
    levels = naive.levels(lefts, rights, [cuts for _, cuts in fields])
    whole = tuple(range(len(fields)))
    groups = (whole, whole[::-1], whole[-1:])
    found = kernels.joint_counts(rows_of(lefts), kernels.arrange(rows_of(rights)), plan, groups, diagonal=diagonal)
    met = [
        tuple(levels[row, column])
        for row, column in np.ndindex(n_left, n_right)
        if diagonal is None or column > row + diagonal
    ]
    for group, cells in zip(groups, found, strict=True):
        expected = np.zeros([plan.outcomes[index].levels for index in group], dtype=np.int64)
        for level in met:
            expected[tuple(level[index] for index in group)] += 1
        assert cells.dtype == np.int64
        assert (cells == expected).all()


def test_joint_counts__of_more_cells_than_sixteen_bits_hold():
    cuts = [CUTS] * 5 + [EQUAL]
    lefts, rights = both_sides([40] * 6, 20, 30, seed=7)
    plan = plan_of(*((40, each) for each in cuts))
    (found,) = kernels.joint_counts(rows_of(lefts), kernels.arrange(rows_of(rights)), plan, ((0, 1, 2, 3, 4, 5),))
    assert found.size == 9**5 * 3 > 1 << 16
    levels = naive.levels(lefts, rights, cuts).reshape(-1, 6)
    cells, counts = np.unique(levels, axis=0, return_counts=True)
    assert found.sum() == 600
    assert found[tuple(cells.T)].tolist() == counts.tolist()


@pytest.mark.parametrize("fields", PLANS)
@pytest.mark.parametrize(("n_left", "n_right"), SIZES)
def test_pair_levels__equal_their_twin(fields, n_left, n_right):
    lefts, rights = both_sides([n_bits for n_bits, _ in fields], n_left, n_right, seed=4)
    expected = naive.levels(lefts, rights, [cuts for _, cuts in fields])
    rng = np.random.default_rng(0)
    rows = rng.integers(0, n_left, 200).astype(np.int32)  # in no order, some of them twice
    columns = rng.integers(0, n_right, 200).astype(np.int32)
    found = kernels.pair_levels(rows_of(lefts), rows_of(rights), rows, columns, plan_of(*fields))
    assert found.dtype == np.uint8
    assert found.tolist() == expected[rows, columns].tolist()


@pytest.mark.parametrize("fields", PLANS)
def test_heavy_pairs__equal_their_twin_at_every_weight_that_occurs(fields):
    lefts, rights = both_sides([n_bits for n_bits, _ in fields], 20, 33, seed=5)
    plan = plan_of(*fields)
    levels = naive.levels(lefts, rights, [cuts for _, cuts in fields])
    rng = np.random.default_rng(1)
    weights = [np.sort(rng.integers(-9_000, 12_000, outcome.levels)).tolist() for outcome in plan.outcomes]
    occurring = sorted({weight for _, _, weight in naive.heavy_pairs(levels, weights, -(10**9))})
    for bound in {*occurring[:: max(1, len(occurring) // 12)], occurring[-1], occurring[-1] + 1, occurring[0] - 1}:
        assert heavy(lefts, rights, plan, weights, bound) == naive.heavy_pairs(levels, weights, bound)


def test_heavy_pairs__beyond_sixteen_bits_are_exact_too():
    lefts, rights = both_sides([40, 20], 20, 33, seed=5)
    plan = plan_of((40, CUTS), (20, EQUAL))
    levels = naive.levels(lefts, rights, [CUTS, EQUAL])
    weights = [[0, -9_000_000, *range(0, 6_000_000, 1_000_000)], [0, -5, 8_000_000]]
    weights[0].append(9_000_000)
    for bound in (-9_000_005, 0, 8_000_000, 17_000_000):
        assert heavy(lefts, rights, plan, weights, bound) == naive.heavy_pairs(levels, weights, bound)


def test_heavy_pairs__say_nothing_where_there_is_no_room():
    lefts, rights = both_sides([40], 20, 700, seed=5)
    plan = plan_of((40, EQUAL))
    found = heavy(lefts, rights, plan, [[0, 1, 2]], 0)
    assert len(found) == 14_000
    assert heavy(lefts, rights, plan, [[0, 1, 2]], 0, room=13_999) is None
    assert heavy(lefts, rights, plan, [[0, 1, 2]], 0, room=14_000) == found


@pytest.mark.parametrize("diagonal", [-40, 0, 3])
def test_heavy_pairs__past_a_diagonal_are_those_with_larger_columns(diagonal):
    lefts, rights = both_sides([60, 20], 60, 1_100, seed=9)
    plan = plan_of((60, CUTS), (20, EQUAL))
    weights = [list(range(-3, 6)), [0, -2, 4]]
    whole = heavy(lefts, rights, plan, weights, 2)
    assert len(whole) > 100
    expected = [found for found in whole if found[1] > found[0] + diagonal]
    assert heavy(lefts, rights, plan, weights, 2, diagonal=diagonal) == expected


# ---- crossed filters, joined levels, and what equal values are worth ---------------------------------------------


def crossed_plan(n_bits: int) -> tuple[ComparisonPlan, list]:
    """Names compared straight and crossed; the exchange is a level of its own, above what each name shows alone."""
    cuts = [CUTS[:3], CUTS[:3], EQUAL, EQUAL]
    pairs = [(0, 0), (1, 1), (0, 1), (1, 0)]
    products = tuple(Product(*pair, needs(n_bits, cut)) for pair, cut in zip(pairs, cuts, strict=True))
    exchanged = np.zeros((5, 5, 3, 3), dtype=np.uint8)
    exchanged += np.arange(5, dtype=np.uint8)[:, None, None, None] + np.arange(5, dtype=np.uint8)[:, None, None]
    exchanged[:, :, 2, 2] = 9
    alone = np.array([0, 1, 1, 2, 3], dtype=np.uint8)  # two levels of one product taken together
    return ComparisonPlan(products, (Outcome((0, 1, 2, 3), exchanged), Outcome((1,), alone))), cuts


@pytest.mark.parametrize("n_bits", [24, 64])
def test_kernels__of_crossed_filters_and_joined_levels_equal_their_twins(n_bits):
    bits = [draw(40, n_bits, seed=40 + place, fill=(0.3, 0.6)) for place in range(2)]
    lefts = [naive.packed(each) for each in bits]
    rights = [naive.packed(np.vstack([bits[1 - place][:15], bits[place][10:40]])) for place in range(2)]
    plan, cuts = crossed_plan(n_bits)
    levels = all_levels(plan, lefts, rights, cuts)
    assert (levels[..., 0] == 9).any()
    arranged = kernels.arrange(rows_of(rights))
    (joint,) = kernels.joint_counts(rows_of(lefts), arranged, plan, ((0, 1),))
    assert joint.tolist() == np.histogram2d(*levels.reshape(-1, 2).T, bins=(range(11), range(5)))[0].tolist()
    weights = [list(range(-40, 60, 10)), [0, -7, 3, 11]]
    for bound in (-60, 0, 20, 55):
        assert heavy(lefts, rights, plan, weights, bound) == naive.heavy_pairs(levels, weights, bound)
    rows, columns = (part.ravel().astype(np.int32) for part in np.indices((40, 45)))
    listed = kernels.pair_levels(rows_of(lefts), rows_of(rights), rows, columns, plan)
    assert listed.tolist() == levels.reshape(-1, 2).tolist()


@pytest.mark.parametrize("joined", [False, True])
def test_heavy_pairs__add_a_rows_bonus_at_the_highest_level_and_there_alone(joined):
    lefts, rights = both_sides([24, 24], 30, 600, seed=50)
    if joined:
        plan, cuts = crossed_plan(24)
    else:
        plan, cuts = plan_of((24, CUTS), (24, EQUAL)), [CUTS, EQUAL]
    levels = all_levels(plan, lefts, rights, cuts)
    rng = np.random.default_rng(2)
    weights = [np.sort(rng.integers(-3_000, 3_000, outcome.levels)).tolist() for outcome in plan.outcomes]
    bonus = tuple(rng.integers(-5_000, 9_000, 30).astype(np.int32) for _ in plan.outcomes)
    for bound in (-2_000, 0, 4_000):
        expected = []
        for row, column in np.ndindex(30, 600):
            total = 0
            for place, outcome in enumerate(plan.outcomes):
                level = int(levels[row, column, place])
                total += weights[place][level] + (int(bonus[place][row]) if level == outcome.levels - 1 else 0)
            if total >= bound:
                expected.append((row, column, total))
        assert heavy(lefts, rights, plan, weights, bound, bonus=bonus) == expected
        assert expected


def test_levels__by_a_table_on_the_overlap_alone():
    lefts, rights = both_sides([30], 20, 40, seed=60)
    constant = np.repeat(np.array([[3], [6], [9]], dtype=np.uint32), 61, axis=1)
    plan = ComparisonPlan.of_products((Product(0, 0, constant),))
    rows, columns = (part.ravel().astype(np.int32) for part in np.indices((20, 40)))
    found = kernels.pair_levels(rows_of(lefts), rows_of(rights), rows, columns, plan)[:, 0]
    for row, column, level in zip(rows, columns, found, strict=True):
        one, other = lefts[0][row], rights[0][column]
        both = naive.as_int(one) and naive.as_int(other)
        assert level == (1 + sum(naive.shared(one, other) >= cut for cut in (3, 6, 9)) if both else 0)
    (counts,) = kernels.level_counts(rows_of(lefts), kernels.arrange(rows_of(rights)), plan)
    assert counts.tolist() == np.bincount(found, minlength=5).tolist()


# ---- edges ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_bits", [1, 8, 11])
@pytest.mark.parametrize("cuts", [CUTS, EQUAL])
def test_levels__are_right_at_every_attainable_overlap(n_bits, cuts):
    kinds, left, right = every_overlap(n_bits)
    plan = plan_of((n_bits, cuts))
    numbers = np.arange(len(left), dtype=np.int32)
    found = kernels.pair_levels((as_rows(left),), (as_rows(right),), numbers, numbers, plan)
    assert found[:, 0].tolist() == [naive.level(a, b, cuts) for a, b in zip(left, right, strict=True)]
    expected = np.zeros(len(cuts) + 2, dtype=np.int64)
    for row in left:
        expected += np.bincount([naive.level(row, other, cuts) for other in right[:60]], minlength=len(cuts) + 2)
    (counts,) = kernels.level_counts((as_rows(left),), kernels.arrange((as_rows(right[:60]),)), plan)
    assert counts.tolist() == expected.tolist()
    assert len(kinds) == len(left)


def test_levels__of_filters_with_more_bits_than_one_sum_counts():
    bits = draw(4, 3_000, seed=70, fill=(0.5, 0.9))
    left, right = naive.packed(bits), naive.packed(draw(6, 3_000, seed=71, alike=bits))
    (counts,) = kernels.level_counts((as_rows(left),), kernels.arrange((as_rows(right),)), plan_of((3_000, CUTS)))
    expected = [naive.level(a, b, CUTS) for a in left for b in right]
    assert counts.tolist() == np.bincount(expected, minlength=9).tolist()


def test_levels__of_filters_too_wide_for_sixteen_bits():
    bits = draw(2, 40_000, seed=72, fill=(0.9, 1.0))
    left, right = naive.packed(bits), naive.packed(draw(2, 40_000, seed=73, alike=bits))
    (counts,) = kernels.level_counts((as_rows(left),), kernels.arrange((as_rows(right),)), plan_of((40_000, CUTS)))
    expected = [naive.level(a, b, CUTS) for a in left for b in right]
    assert counts.tolist() == np.bincount(expected, minlength=9).tolist()


@pytest.mark.parametrize(("n_left", "n_right"), [(0, 0), (0, 5), (5, 0)])
def test_level_kernels__of_empty_sides_give_nothing(n_left, n_right):
    lefts, rights = both_sides([64, 20], n_left, n_right, seed=1)
    plan = plan_of((64, EQUAL), (20, CUTS))
    arranged = kernels.arrange(rows_of(rights))
    assert [total.tolist() for total in kernels.level_counts(rows_of(lefts), arranged, plan)] == [[0] * 3, [0] * 9]
    assert heavy(lefts, rights, plan, [[0] * 3, [0] * 9], -100) == []
    nothing = np.empty(0, np.int32)
    assert kernels.pair_levels(rows_of(lefts), rows_of(rights), nothing, nothing, plan).shape == (0, 2)


def test_level_kernels__rows_without_bits_are_missing_against_everything():
    words = naive.packed([[0] * 16, [1] * 16])
    plan = plan_of((16, CUTS))
    pairs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.int32)
    rows, columns = pairs[:, 0].copy(), pairs[:, 1].copy()
    found = kernels.pair_levels((as_rows(words),), (as_rows(words),), rows, columns, plan)
    assert found[:, 0].tolist() == [0, 0, 0, 8]
    (counts,) = kernels.level_counts((as_rows(words),), kernels.arrange((as_rows(words),)), plan)
    assert counts.tolist() == [3, *[0] * 7, 1]


def test_level_kernels__over_several_blocks_agree_with_each_other():
    lefts, rights = both_sides([64, 100], 70, 4_150, seed=8)
    plan = plan_of((64, EQUAL), (100, CUTS))
    rows, columns = (part.ravel().astype(np.int32) for part in np.indices((70, 4_150)))
    levels = kernels.pair_levels(rows_of(lefts), rows_of(rights), rows, columns, plan)
    totals = kernels.level_counts(rows_of(lefts), kernels.arrange(rows_of(rights)), plan)
    for place, total in enumerate(totals):
        assert total.tolist() == np.bincount(levels[:, place], minlength=len(total)).tolist()
    weights = [[0, -3, 5], list(range(-4, 5))]
    total = np.array(weights[0])[levels[:, 0]] + np.array(weights[1])[levels[:, 1]]
    chosen = total >= 5
    expected = list(zip(rows[chosen].tolist(), columns[chosen].tolist(), total[chosen].tolist(), strict=True))
    assert heavy(lefts, rights, plan, weights, 5) == expected


def test_level_kernels__of_left_rows_whose_values_repeat():
    """In one filter each value is met often, in one now and then, far apart, in one once."""
    lefts, rights = both_sides([64, 100, 130], 150, 40, seed=21)
    for place, values in enumerate((3, 70)):
        lefts[place] = lefts[place][np.random.default_rng(place).integers(0, values, 150)]
    plan = plan_of((64, EQUAL), (100, CUTS), (130, CUTS))
    levels = naive.levels(lefts, rights, [EQUAL, CUTS, CUTS])
    (joint,) = kernels.joint_counts(rows_of(lefts), kernels.arrange(rows_of(rights)), plan, ((0, 1, 2),))
    expected = np.zeros(joint.shape, np.int64)
    np.add.at(expected, tuple(levels.reshape(-1, 3).T), 1)
    assert (joint == expected).all()
    weights = [[0, -3, 5], list(range(-4, 5)), list(range(9))]
    assert heavy(lefts, rights, plan, weights, 6) == naive.heavy_pairs(levels, weights, 6)


def test_level_kernels__of_more_values_that_repeat_than_are_kept():
    rng = np.random.default_rng(5)
    lefts = [np.tile(rng.integers(0, 1 << 63, (3_000, 1), dtype=np.uint64), (2, 1))]
    rights = [np.concatenate([lefts[0][::100], rng.integers(0, 1 << 63, (40, 1), dtype=np.uint64)])]
    plan = plan_of((64, CUTS))
    overlaps = np.bitwise_count(lefts[0] & rights[0].T)
    sums = counts(lefts[0])[:, None] + counts(rights[0])
    levels = 1 + sum((overlaps >= need[sums]).astype(int) for need in plan.products[0].needs)
    (total,) = kernels.level_counts(rows_of(lefts), kernels.arrange(rows_of(rights)), plan)
    assert total.tolist() == np.bincount(levels.ravel(), minlength=9).tolist()
    found = heavy(lefts, rights, plan, [list(range(9))], 8)
    assert [pair[:2] for pair in found] == [tuple(pair) for pair in np.argwhere(levels == 8)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(two_blocks(), st.lists(st.integers(-5_000, 5_000), min_size=9, max_size=9), st.integers(-6_000, 6_000))
def test_level_kernels__equal_their_twins_for_any_rows(blocks, weights, bound):
    n_bits, left, right = blocks
    plan = plan_of((n_bits, CUTS))
    levels = naive.levels([left], [right], [CUTS])
    (total,) = kernels.level_counts((as_rows(left),), kernels.arrange((as_rows(right),)), plan)
    assert total.tolist() == np.bincount(levels.ravel(), minlength=9).tolist()
    assert heavy([left], [right], plan, [weights], bound) == naive.heavy_pairs(levels, [weights], bound)
