"""What the C takes it does, and what it would refuse NumPy answers: the same result at each limit and one past it."""

from fractions import Fraction

import numpy as np
import pytest

from linkage.central import kernels
from linkage.central.kernels import ComparisonPlan, Outcome, Product, Rows, portable
from linkage.central.thresholds import least_overlap
from tests import naive
from tests.test_kernels import as_rows, draw, found_overlaps, kernel
from tests.test_kernels_levels import CUTS, EQUAL, all_levels, both_sides, heavy, needs, plan_of, rows_of

__all__ = ["kernel"]  # the fixture that runs each test with every implementation


def many_cuts(n: int):
    cuts = tuple(Fraction(place, n) for place in range(1, n + 1))
    return plan_of((64, cuts)), [cuts], [64]


def many_products(n: int):
    """All of one filter; two of them told apart."""
    products = (Product(0, 0, needs(20, CUTS)), *[Product(0, 0, needs(20, EQUAL))] * (n - 1))
    told = (Outcome((0,), np.arange(9, dtype=np.uint8)), Outcome((n - 1,), np.arange(3, dtype=np.uint8)))
    return ComparisonPlan(products, told), [CUTS, *[EQUAL] * (n - 1)], [20]


def many_outcomes(n: int):
    """A product told again and again."""
    outcomes = (Outcome((0,), np.arange(9, dtype=np.uint8)),) * n
    return ComparisonPlan((Product(0, 0, needs(20, CUTS)),), outcomes), [CUTS], [20]


def many_filters(n: int):
    return plan_of(*[(20, EQUAL)] * n), [EQUAL] * n, [20] * n


def wide_filters(n: int):
    return plan_of((64 * n, CUTS)), [CUTS], [64 * n]


def many_combinations(n: int):
    """Of the levels of four products, two more than their cuts: 16 to the fourth, and one past it."""
    cuts = [tuple(Fraction(place, of) for place in range(1, of + 1)) for of in (14, 14, 14, n)]
    products = tuple(Product(0, 0, needs(20, each)) for each in cuts)
    table = (np.indices([product.levels for product in products]).sum(axis=0) % 2).astype(np.uint8)
    return ComparisonPlan(products, (Outcome((0, 1, 2, 3), table),)), cuts, [20]


@pytest.fixture
def portable_calls(monkeypatch) -> list[str]:
    """What was asked of the portable kernel."""
    calls = []

    def spy(name, answer):
        monkeypatch.setattr(portable, name, lambda *given, **named: (calls.append(name), answer(*given, **named))[1])

    for name in ("joint_counts", "heavy_pairs", "pair_overlaps", "overlaps", "arrange_by_count"):
        spy(name, getattr(portable, name))
    return calls


LIMITS = [(many_cuts, 32), (many_products, 64), (many_outcomes, 64), (wide_filters, 128), (many_combinations, 14)]


@pytest.mark.parametrize(("made", "most"), [*LIMITS, (many_filters, 16)])
@pytest.mark.parametrize("beyond", [0, 1])
def test_level_kernels__answer_at_each_limit_of_the_c_and_past_it(kernel, portable_calls, made, most, beyond):
    plan, cuts, widths = made(most + beyond)
    lefts, rights = both_sides(widths, 5, 9, seed=81)
    levels = all_levels(plan, lefts, rights, cuts)
    places = 0, len(plan.outcomes) - 1
    arranged = kernels.arrange(rows_of(rights))
    groups = tuple((place,) for place in places)
    for place, counts in zip(places, kernels.joint_counts(rows_of(lefts), arranged, plan, groups), strict=True):
        expected = np.bincount(levels[..., place].ravel(), minlength=plan.outcomes[place].levels)
        assert counts.tolist() == expected.tolist()
    weights = [[7 * level - 9 for level in range(outcome.levels)] for outcome in plan.outcomes]
    total = sum(np.asarray(weight)[levels[..., place]] for place, weight in enumerate(weights))
    bound = int(np.median(total)) + 1
    rows, columns = np.nonzero(total >= bound)
    expected = list(zip(rows.tolist(), columns.tolist(), total[rows, columns].tolist(), strict=True))
    assert heavy(lefts, rights, plan, weights, bound) == expected
    assert set(portable_calls) == ({"joint_counts", "heavy_pairs"} if beyond or kernel == "portable" else set())


def test_level_kernels__of_more_left_filters_than_right_ones_count_both(kernel, portable_calls):
    # only the right side was looked at once, and 17 filters on the left were refused
    lefts, rights = both_sides([20] * 17, 5, 9, seed=82)
    plan = ComparisonPlan.of_products((Product(16, 0, needs(20, CUTS)),))
    (counts,) = kernels.level_counts(rows_of(lefts), kernels.arrange(rows_of(rights[:1])), plan)
    expected = naive.levels(lefts[16:], rights[:1], [CUTS])
    assert counts.tolist() == np.bincount(expected.ravel(), minlength=9).tolist()
    assert portable_calls == ["joint_counts"]


@pytest.mark.parametrize("beyond", [0, 1])
def test_overlaps__of_rows_as_wide_as_the_c_takes_and_wider(kernel, portable_calls, beyond):
    n_bits = 64 * (1_024 + beyond)
    bits = draw(3, n_bits, seed=83, fill=(0.3, 0.6))
    left, right = naive.packed(bits), naive.packed(draw(4, n_bits, seed=84, alike=bits))
    ratio = Fraction(3, 5)
    expected = naive.overlaps(left, right, ratio)
    assert expected
    assert found_overlaps(left, right, least_overlap(ratio, n_bits=n_bits)) == expected
    lefts, rights = (np.array([found[side] for found in expected], np.int32) for side in (0, 1))
    shared = kernels.pair_overlaps(as_rows(left), as_rows(right), lefts, rights)
    assert shared.tolist() == [found[2] for found in expected]
    assert bool(portable_calls) == bool(beyond or kernel == "portable")


def test_joint_counts__of_more_pairs_than_a_cell_of_the_c_counts(kernel, portable_calls, monkeypatch):
    lefts, rights = both_sides([20], 5, 9, seed=85)
    plan = plan_of((20, CUTS))
    expected = np.bincount(naive.levels(lefts, rights, [CUTS]).ravel(), minlength=9).tolist()
    for most, asked in ((45, False), (44, True)):  # 2**32 - 1 in truth: a minute's work
        portable_calls.clear()
        monkeypatch.setattr("linkage.central.kernels.compiled._MOST_PAIRS", most)
        (counts,) = kernels.joint_counts(rows_of(lefts), kernels.arrange(rows_of(rights)), plan, ((0,),))
        assert counts.tolist() == expected
        assert portable_calls == ["joint_counts"] * (asked or kernel == "portable")


@pytest.mark.parametrize("levels", [(2, 256, 256, 2), (8, 128, 256), (256, 256, 4)])
def test_joint_counts__of_as_many_cells_as_are_allowed_are_exact(levels):
    # however unlike the outcomes, both accumulators of the C hold their part of a cell's number
    lefts, rights = both_sides([20], 7, 600, seed=86)
    product = Product(0, 0, needs(20, CUTS))
    outcomes = tuple(Outcome((0,), (np.arange(9) * 31 % n).astype(np.uint8)) for n in levels)
    outcomes = tuple(
        Outcome((0,), np.where(np.arange(9) == 8, n - 1, each.table).astype(np.uint8))
        for n, each in zip(levels, outcomes, strict=True)
    )
    plan = ComparisonPlan((product,), outcomes)
    whole = tuple(range(len(levels)))
    (found,) = kernels.joint_counts(rows_of(lefts), kernels.arrange(rows_of(rights)), plan, (whole,))
    assert found.shape == levels
    assert found.size == kernels.MOST_CELLS
    told = all_levels(plan, lefts, rights, [CUTS]).reshape(-1, len(levels))
    cells, counts = np.unique(told, axis=0, return_counts=True)
    assert found[tuple(cells.T)].tolist() == counts.tolist()
    assert found.sum() == 4_200


def test_joint_counts__of_more_cells_than_a_thread_may_have_are_refused():
    lefts, rights = both_sides([20], 1, 1, seed=87)
    outcome = Outcome((0,), np.arange(9, dtype=np.uint8))
    plan = ComparisonPlan((Product(0, 0, needs(20, CUTS)),), (outcome,) * 6)
    arranged = kernels.arrange(rows_of(rights))
    with pytest.raises(ValueError, match="joint_counts: 531,441 cells in one group; at most 262,144"):
        kernels.joint_counts(rows_of(lefts), arranged, plan, ((0,), (0, 1, 2, 3, 4, 5)))


@pytest.mark.parametrize("kind", [np.int64, np.uint16, np.intp])
def test_pair_overlaps__take_lists_of_any_whole_numbers(kind):
    # NumPy's own lists of rows, such as nonzero gives, have 64 bits
    bits = draw(9, 70, seed=88)
    left, right = naive.packed(bits), naive.packed(draw(9, 70, seed=89, alike=bits))
    rows, columns = np.arange(18, dtype=kind)[::2] % 9, np.arange(9, dtype=kind)[::-1]
    found = kernels.pair_overlaps(as_rows(left), as_rows(right), rows, columns)
    assert found.tolist() == [naive.shared(left[a], right[b]) for a, b in zip(rows, columns, strict=True)]
    levels = kernels.pair_levels((as_rows(left),), (as_rows(right),), rows, columns, plan_of((70, CUTS)))
    assert levels[:, 0].tolist() == [naive.level(left[a], right[b], CUTS) for a, b in zip(rows, columns, strict=True)]


def test_rows__of_both_sides_of_a_plan_may_be_none():
    nothing = Rows(np.zeros((0, 1), np.uint64), np.zeros(0, np.uint32))
    plan, _, _ = many_cuts(33)
    (counts,) = kernels.level_counts((nothing,), kernels.arrange((nothing,)), plan)
    assert counts.tolist() == [0] * 35
