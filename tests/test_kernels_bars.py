"""Levels told from bit planes: each overlap at each cut, joined tables, sums that take all sixteen bits."""

from fractions import Fraction

import numpy as np
import pytest

from linkage.central import kernels
from linkage.central.kernels import ComparisonPlan, Outcome, Product
from linkage.central.thresholds import least_overlap
from tests import naive
from tests.test_kernels import as_rows, draw, kernel
from tests.test_kernels_levels import CUTS, EQUAL, all_levels, both_sides, heavy, needs, plan_of, rows_of

__all__ = ["kernel"]  # the fixture that runs each test with every implementation


def of_ratios(n_bits: int, *ratios: Fraction, measure="dice") -> np.ndarray:
    return np.stack([least_overlap(ratio, n_bits=n_bits, measure=measure) for ratio in ratios])


TABLES = {
    "seven cuts": lambda n: of_ratios(n, *CUTS),
    "one cut": lambda n: of_ratios(n, Fraction(1, 3)),
    "every second of a hundred": lambda n: of_ratios(n, *(Fraction(place, 100) for place in range(38, 101, 2))),
    "thousandths": lambda n: of_ratios(n, Fraction(837, 1_000), Fraction(838, 1_000), Fraction(999, 1_000)),
    "Jaccard": lambda n: of_ratios(n, Fraction(1, 2), Fraction(7, 10), Fraction(1), measure="jaccard"),
    # no line of the sum: the first falls to nothing, the others say the same of every sum, or leap
    "Hamming": lambda n: of_ratios(n, Fraction(1, 2), Fraction(9, 10), measure="hamming"),
    "overlaps alone": lambda n: np.repeat(np.array([[0], [1], [9], [70_000]], dtype=np.uint32), 2 * n + 1, axis=1),
    "leaps": lambda n: (np.arange(2 * n + 1, dtype=np.uint32)[None] // 16) ** 2 + np.array([[0], [3]], np.uint32),
    "none": lambda n: np.zeros((0, 2 * n + 1), dtype=np.uint32),
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("n_bits", [7, 65, 129, 250])
def test_levels__of_a_row_with_rows_of_every_count_and_overlap(table, n_bits):
    # in planes seven, eight and ten bits are ways of their own: up to 112 slices, up to 240, and more
    need = TABLES[table](n_bits)
    plan = ComparisonPlan.of_products((Product(0, 0, need),))
    counts = sorted({0, 1, 2, 3, n_bits // 3, n_bits // 2, n_bits - 1, n_bits})
    for n_left in {0, 1, 2, n_bits // 2 + 1, n_bits - 5, n_bits}:
        met = [
            (n_right, overlap)
            for n_right in counts
            for overlap in range(max(0, n_left + n_right - n_bits), min(n_left, n_right) + 1)
        ]
        right = naive.packed([naive.with_overlap(n_left, *each, n_bits)[1] for each in met])
        left = naive.packed([naive.with_overlap(n_left, 0, 0, n_bits)[0]])
        expected = np.zeros(len(need) + 2, dtype=np.int64)
        for n_right, overlap in met:
            reached = sum(int(overlap >= row[n_left + n_right]) for row in need)
            expected[1 + reached if n_left and n_right else 0] += 1
        (found,) = kernels.level_counts((as_rows(left),), kernels.arrange((as_rows(right),)), plan)
        assert found.tolist() == expected.tolist(), (n_left, met)


@pytest.mark.parametrize("n_left", [1, 31, 33, 70])
@pytest.mark.parametrize("diagonal", [None, -600, -40, 0, 20, 500, 1_090])
def test_joint_counts__past_a_diagonal_over_several_blocks(n_left, diagonal):
    lefts, rights = both_sides([40, 20], n_left, 1_100, seed=5)
    plan = plan_of((40, CUTS), (20, EQUAL))
    rows, columns = (part.ravel().astype(np.int32) for part in np.indices((n_left, 1_100)))
    met = np.ones(len(rows), dtype=bool) if diagonal is None else columns > rows + diagonal
    levels = kernels.pair_levels(rows_of(lefts), rows_of(rights), rows[met], columns[met], plan)
    expected = np.zeros((9, 3), dtype=np.int64)
    np.add.at(expected, tuple(levels.T), 1)
    arranged = kernels.arrange(rows_of(rights))
    (found,) = kernels.joint_counts(rows_of(lefts), arranged, plan, ((0, 1),), diagonal=diagonal)
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize(("most", "worth"), [(640_000, 0), (480_000, 480_000), (700_000, 700_000)])
def test_heavy_pairs__whose_sums_take_all_bits_of_a_plane_and_one_more(most, worth):
    # 30,000 units of 64 are as many as the C adds; past them NumPy answers
    lefts, rights = both_sides([24, 24, 24], 33, 40, seed=11)
    cuts = [CUTS, EQUAL, CUTS[::3]]
    plan = plan_of(*((24, each) for each in cuts))
    levels = naive.levels(lefts, rights, cuts)
    rng = np.random.default_rng(12)
    weights = [rng.integers(-most, most + 1, outcome.levels) for outcome in plan.outcomes]
    for place, weight in enumerate(weights):
        weight[1], weight[-1] = (-most, most) if place % 2 else (most, -most)
    bonus = None
    if worth:
        bonus = tuple(rng.choice([-worth, worth, 0], 33).astype(np.int32) if place else None for place in range(3))
    total = np.zeros(levels.shape[:2], dtype=np.int64)
    for place, outcome in enumerate(plan.outcomes):
        total += weights[place][levels[..., place]]
        if bonus and bonus[place] is not None:
            total += np.where(levels[..., place] == outcome.levels - 1, bonus[place][:, None], 0)
    for bound in (-3 * most, *np.quantile(total, [0, 0.3, 0.9, 1]).astype(int), int(total.max()) + 1):
        rows, columns = np.nonzero(total >= bound)
        expected = list(zip(rows.tolist(), columns.tolist(), total[rows, columns].tolist(), strict=True))
        assert heavy(lefts, rights, plan, weights, int(bound), bonus=bonus) == expected


# ---- outcomes of several products: where none of their sets is reached, only the first one is looked at -----------


def any_table(rng, shape):
    return rng.integers(0, 12, shape)


def plain(rng, shape):
    return np.broadcast_to(np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1)), shape)


def with_one_set(rng, shape):
    """Otherwise where the second and the last product agree wholly."""
    table = plain(rng, shape).copy()
    where = [slice(None)] * len(shape)
    where[0], where[1], where[-1] = slice(1, 3), -1, -1
    table[tuple(where)] = 11
    return table


def with_the_last_product_missing(rng, shape):
    table = plain(rng, shape).copy()
    table[..., 0] = 10
    return table


def with_many_sets(rng, shape):
    """Each two products that agree wholly are otherwise; with five of them more sets than are kept."""
    table = plain(rng, shape).copy()
    for one in range(1, len(shape)):
        for other in range(one + 1, len(shape)):
            where = [slice(None)] * len(shape)
            where[one] = where[other] = -1
            table[tuple(where)] = 11
    return table


@pytest.mark.parametrize("table", [any_table, plain, with_one_set, with_the_last_product_missing, with_many_sets])
@pytest.mark.parametrize("n_products", [2, 3, 6])
def test_kernels__of_joined_levels_equal_their_twins(table, n_products):
    cuts = [CUTS[::3], EQUAL, EQUAL, CUTS[:2], (), EQUAL][:n_products]
    bits = draw(35, 24, seed=21, fill=(0.2, 0.5))
    bits[5] = 0
    lefts = [naive.packed(bits), naive.packed(bits[::-1])]
    rights = [naive.packed(np.vstack([bits[::2], draw(9, 24, seed=22)])), naive.packed(np.vstack([bits[9:], bits[:1]]))]
    sides = [(place % 2, place // 2 % 2) for place in range(n_products)]
    tables = [needs(24, cut) if cut else np.zeros((0, 49), dtype=np.uint32) for cut in cuts]
    products = tuple(Product(*side, need) for side, need in zip(sides, tables, strict=True))
    rng = np.random.default_rng(23)
    joined = table(rng, tuple(product.levels for product in products)).astype(np.uint8)
    plan = ComparisonPlan(
        products, (Outcome(tuple(range(n_products)), joined), Outcome((1,), np.arange(3, dtype=np.uint8)))
    )
    levels = all_levels(plan, lefts, rights, cuts)
    arranged = kernels.arrange(rows_of(rights))
    (joint,) = kernels.joint_counts(rows_of(lefts), arranged, plan, ((1, 0),))
    expected = np.zeros(joint.shape, dtype=np.int64)
    np.add.at(expected, (levels[..., 1].ravel(), levels[..., 0].ravel()), 1)
    assert joint.tolist() == expected.tolist()
    weights = [rng.integers(-2_000, 2_000, outcome.levels) for outcome in plan.outcomes]
    bonus = (rng.integers(-3_000, 3_000, 35).astype(np.int32), None)
    total = weights[0][levels[..., 0]] + weights[1][levels[..., 1]]
    total += np.where(levels[..., 0] == plan.outcomes[0].levels - 1, bonus[0][:, None], 0)
    for bound in np.quantile(total, [0, 0.5, 0.9, 1]).astype(int):
        rows, columns = np.nonzero(total >= bound)
        expected_pairs = list(zip(rows.tolist(), columns.tolist(), total[rows, columns].tolist(), strict=True))
        assert heavy(lefts, rights, plan, weights, int(bound), bonus=bonus) == expected_pairs
