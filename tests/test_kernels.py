"""Each kernel against its obvious twin: every attainable score, awkward widths, empty sides, several tiles."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.central import kernels
from linkage.central.kernels import Side
from linkage.central.levels import Comparison, missing_count
from linkage.central.thresholds import least_overlap
from tests import naive

RATIOS = [Fraction(text) for text in ("1/100", "1/3", "2/3", "3/4", "4/5", "17/20", "1")]
CUTS = tuple(Fraction(text) for text in ("2/5", "1/2", "3/5", "7/10", "4/5", "9/10", "1"))
EQUAL = (Fraction(1),)
WIDTHS = [8, 20, 63, 64, 65, 100, 129, 1000]


def counts(rows) -> np.ndarray:
    return np.bitwise_count(rows).sum(axis=1, dtype=np.uint32)


def side(rows, n_bits: int) -> Side:
    found = counts(rows).astype(np.int32)
    found[found == 0] = missing_count(n_bits)
    return Side(rows, found)


def draw(n: int, n_bits: int, *, seed: int, fill=(0.0, 0.9), alike=None) -> np.ndarray:
    """(n, n_bits) bool, rows of all kinds of fullness; half of them are near copies of rows of ``alike``."""
    rng = np.random.default_rng(seed)
    bits = rng.random((n, n_bits)) < rng.uniform(*fill, (n, 1))
    if alike is not None and len(alike):
        near = rng.random(n) < 0.5
        bits[near] = alike[rng.integers(0, len(alike), near.sum())] ^ (rng.random((near.sum(), n_bits)) < 0.05)
    bits[rng.random(n) < 0.1] = False
    return bits


def found_overlaps(left, right, need):
    found = kernels.overlaps(left, right, counts(left), counts(right), need)
    assert [column.dtype for column in found] == [np.int32, np.int32, np.uint32]
    return list(zip(*(column.tolist() for column in found), strict=True))


def every_overlap(n_bits: int):
    """Left rows and right rows such that row by row every attainable (popcount, popcount, overlap) occurs."""
    kinds = [
        (a, b, overlap)
        for a in range(n_bits + 1)
        for b in range(n_bits + 1)
        for overlap in range(max(0, a + b - n_bits), min(a, b) + 1)
    ]
    rows = [naive.with_overlap(*kind, n_bits) for kind in kinds]
    return kinds, naive.packed([left for left, _ in rows]), naive.packed([right for _, right in rows])


def exact_counts(left, right):
    """Shared bits, and both popcounts together, of every pair: (n, m) int64 each."""
    lefts, rights = (np.unpackbits(rows.view(np.uint8), axis=1).astype(np.int64) for rows in (left, right))
    return lefts @ rights.T, lefts.sum(axis=1)[:, None] + rights.sum(axis=1)


# ---- overlaps ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_bits", [1, 8, 11])
def test_overlaps__keeps_every_attainable_score_exactly_at_the_threshold_and_none_below(n_bits):
    kinds, left, right = every_overlap(n_bits)
    scores = sorted({Fraction(2 * overlap, a + b) for a, b, overlap in kinds if overlap})
    below = [(low + high) / 2 for low, high in zip([Fraction(0), *scores], scores, strict=False)]
    shared, together = exact_counts(left, right)
    assert np.diagonal(shared).tolist() == [overlap for _, _, overlap in kinds]
    for ratio in [*scores, *below]:
        rows, columns = np.nonzero((2 * shared * ratio.denominator >= ratio.numerator * together) & (shared > 0))
        expected = list(zip(rows.tolist(), columns.tolist(), shared[rows, columns].tolist(), strict=True))
        assert found_overlaps(left, right, least_overlap(ratio, n_bits=n_bits)) == expected, ratio


@pytest.mark.parametrize("n_bits", WIDTHS)
@pytest.mark.parametrize("ratio", RATIOS)
def test_overlaps__equals_its_twin(n_bits, ratio):
    bits = draw(30, n_bits, seed=n_bits)
    left, right = naive.packed(bits), naive.packed(draw(45, n_bits, seed=n_bits + 1, alike=bits))
    found = found_overlaps(left, right, least_overlap(ratio, n_bits=n_bits))
    assert found == naive.overlaps(left, right, ratio)


def test_overlaps__over_several_tiles_equals_its_twin_and_is_by_row_then_column():
    bits = draw(67, 100, seed=5)
    left, right = naive.packed(bits), naive.packed(draw(4_200, 100, seed=6, alike=bits))
    found = found_overlaps(left, right, least_overlap(Fraction(7, 10), n_bits=100))
    assert found == sorted(found)
    assert len({row for row, _, _ in found}) > 32
    assert max(column for _, column, _ in found) > 4_096
    shared, together = exact_counts(left, right)  # the twin in plain Python would take a minute
    rows, columns = np.nonzero((20 * shared >= 7 * together) & (shared > 0))
    assert found == list(zip(rows.tolist(), columns.tolist(), shared[rows, columns].tolist(), strict=True))


@pytest.mark.parametrize(("n_left", "n_right"), [(0, 0), (0, 5), (5, 0), (1, 1), (1, 40), (40, 1)])
def test_overlaps__of_no_and_one_row(n_left, n_right):
    bits = draw(n_left, 70, seed=1, fill=(0.3, 0.5))
    left, right = naive.packed(bits), naive.packed(draw(n_right, 70, seed=2, alike=bits))
    found = found_overlaps(left, right, least_overlap(Fraction(1, 3), n_bits=70))
    assert found == naive.overlaps(left, right, Fraction(1, 3))


@pytest.mark.parametrize("ratio", [Fraction(1, 10**9), Fraction(1, 2), Fraction(1)])
def test_overlaps__rows_without_bits_match_nothing_not_even_each_other(ratio):
    none, some = np.zeros((3, 2), dtype=np.uint64), naive.packed(np.ones((2, 128)))
    need = least_overlap(ratio, n_bits=128)
    assert found_overlaps(none, none, need) == []
    assert found_overlaps(none, some, need) == []
    assert found_overlaps(some, none, need) == []


def test_overlaps__of_full_rows_does_not_overflow_a_byte_of_popcounts():
    full = naive.packed(np.ones((2, 65_536)))
    need = least_overlap(Fraction(1), n_bits=65_536)
    assert found_overlaps(full, full, need) == [(0, 0, 65_536), (0, 1, 65_536), (1, 0, 65_536), (1, 1, 65_536)]


@st.composite
def two_blocks(draw_from):
    n_bits = draw_from(st.integers(1, 140))
    words = st.integers(0, 2**n_bits - 1)
    blocks = [draw_from(st.lists(words, max_size=6)) for _ in range(2)]
    rows = [
        naive.packed([[value >> place & 1 for place in range(n_bits)] for value in block])
        if block
        else np.zeros((0, -(-n_bits // 64)), dtype=np.uint64)
        for block in blocks
    ]
    return n_bits, *rows


@settings(max_examples=80, deadline=None)
@given(two_blocks(), st.fractions(min_value=Fraction(1, 1000), max_value=1))
def test_overlaps__equals_its_twin_for_any_rows(blocks, ratio):
    n_bits, left, right = blocks
    assert found_overlaps(left, right, least_overlap(ratio, n_bits=n_bits)) == naive.overlaps(left, right, ratio)


# ---- levels and weights -----------------------------------------------------------------------------------------


def plan(*widths_and_cuts) -> tuple[Comparison, ...]:
    return tuple(Comparison(f"field{place}", bits, cuts) for place, (bits, cuts) in enumerate(widths_and_cuts))


def both_sides(comparisons, n_left: int, n_right: int, *, seed: int):
    lefts, rights = [], []
    for place, comparison in enumerate(comparisons):
        bits = draw(n_left, comparison.bits, seed=seed + 2 * place)
        lefts.append(naive.packed(bits))
        rights.append(naive.packed(draw(n_right, comparison.bits, seed=seed + 2 * place + 1, alike=bits)))
    return lefts, rights


def as_sides(rows, comparisons) -> tuple[Side, ...]:
    return tuple(side(block, comparison.bits) for block, comparison in zip(rows, comparisons, strict=True))


PLANS = [
    plan((64, CUTS)),
    plan((64, EQUAL), (20, CUTS)),
    plan((100, CUTS), (8, EQUAL), (129, CUTS)),
]


@pytest.mark.parametrize("comparisons", PLANS)
@pytest.mark.parametrize(("n_left", "n_right"), [(25, 40), (1, 1), (1, 30), (30, 1)])
def test_level_counts__equals_its_twin(comparisons, n_left, n_right):
    lefts, rights = both_sides(comparisons, n_left, n_right, seed=3)
    expected = naive.levels(lefts, rights, [comparison.cuts for comparison in comparisons])
    tables = tuple(comparison.table() for comparison in comparisons)
    found = kernels.level_counts(as_sides(lefts, comparisons), as_sides(rights, comparisons), tables)
    for place, comparison in enumerate(comparisons):
        assert found[place].dtype == np.int64
        assert found[place].tolist() == np.bincount(expected[..., place].ravel(), minlength=comparison.levels).tolist()


@pytest.mark.parametrize("comparisons", PLANS)
@pytest.mark.parametrize(("n_left", "n_right"), [(25, 40), (1, 1), (40, 1)])
def test_pair_levels__equals_its_twin(comparisons, n_left, n_right):
    lefts, rights = both_sides(comparisons, n_left, n_right, seed=4)
    expected = naive.levels(lefts, rights, [comparison.cuts for comparison in comparisons])
    rng = np.random.default_rng(0)
    rows = rng.integers(0, n_left, 200).astype(np.int32)  # in no order, some of them twice
    columns = rng.integers(0, n_right, 200).astype(np.int32)
    tables = tuple(comparison.table() for comparison in comparisons)
    found = kernels.pair_levels(as_sides(lefts, comparisons), as_sides(rights, comparisons), rows, columns, tables)
    assert found.dtype == np.uint8
    assert found.tolist() == expected[rows, columns].tolist()


@pytest.mark.parametrize("comparisons", PLANS)
def test_heavy_pairs__equals_its_twin_at_every_weight_that_occurs(comparisons):
    lefts, rights = both_sides(comparisons, 20, 33, seed=5)
    levels = naive.levels(lefts, rights, [comparison.cuts for comparison in comparisons])
    rng = np.random.default_rng(1)
    weights = [np.sort(rng.integers(-9_000, 12_000, comparison.levels)).astype(np.int32) for comparison in comparisons]
    tables = tuple(weight[comparison.table()] for weight, comparison in zip(weights, comparisons, strict=True))
    lists = [weight.tolist() for weight in weights]
    sides = as_sides(lefts, comparisons), as_sides(rights, comparisons)
    occurring = sorted({weight for _, _, weight in naive.heavy_pairs(levels, lists, -(10**9))})
    for bound in {*occurring[:: max(1, len(occurring) // 12)], occurring[-1], occurring[-1] + 1, occurring[0] - 1}:
        found = kernels.heavy_pairs(*sides, tables, bound)
        assert [column.dtype for column in found] == [np.int32] * 3
        assert list(zip(*(column.tolist() for column in found), strict=True)) == naive.heavy_pairs(levels, lists, bound)


@pytest.mark.parametrize("n_bits", [1, 8, 11])
@pytest.mark.parametrize("cuts", [CUTS, EQUAL])
def test_levels__are_right_at_every_attainable_overlap(n_bits, cuts):
    _, left, right = every_overlap(n_bits)
    (comparison,) = plan((n_bits, cuts))
    numbers = np.arange(len(left), dtype=np.int32)
    found = kernels.pair_levels((side(left, n_bits),), (side(right, n_bits),), numbers, numbers, (comparison.table(),))
    assert found[:, 0].tolist() == [naive.level(a, b, cuts) for a, b in zip(left, right, strict=True)]


def test_level_kernels__over_several_tiles_agree_with_each_other_and_the_twin():
    comparisons = plan((64, EQUAL), (100, CUTS))
    lefts, rights = both_sides(comparisons, 70, 4_150, seed=8)
    sides = as_sides(lefts, comparisons), as_sides(rights, comparisons)
    tables = tuple(comparison.table() for comparison in comparisons)
    rows, columns = (part.ravel().astype(np.int32) for part in np.indices((70, 4_150)))
    levels = kernels.pair_levels(*sides, rows, columns, tables)
    totals = kernels.level_counts(*sides, tables)
    for place, total in enumerate(totals):
        assert total.tolist() == np.bincount(levels[:, place], minlength=len(total)).tolist()
    weights = [np.array([0, -3, 5], np.int32), np.arange(-4, 5, dtype=np.int32)]
    weight_tables = tuple(weight[table] for weight, table in zip(weights, tables, strict=True))
    row, column, weight = kernels.heavy_pairs(*sides, weight_tables, 5)
    total = weights[0][levels[:, 0]] + weights[1][levels[:, 1]]
    heavy = total >= 5
    assert row.tolist() == rows[heavy].tolist()
    assert column.tolist() == columns[heavy].tolist()
    assert weight.tolist() == total[heavy].tolist()
    some = np.random.default_rng(2).integers(0, len(rows), 300)
    for number in some.tolist():
        a, b = rows[number], columns[number]
        twin = [naive.level(lefts[i][a], rights[i][b], comparisons[i].cuts) for i in range(2)]
        assert levels[number].tolist() == twin


@pytest.mark.parametrize(("n_left", "n_right"), [(0, 0), (0, 5), (5, 0)])
def test_level_kernels__of_empty_sides_give_nothing(n_left, n_right):
    comparisons = plan((64, EQUAL), (20, CUTS))
    lefts, rights = both_sides(comparisons, n_left, n_right, seed=1)
    sides = as_sides(lefts, comparisons), as_sides(rights, comparisons)
    tables = tuple(comparison.table() for comparison in comparisons)
    assert [total.tolist() for total in kernels.level_counts(*sides, tables)] == [[0] * 3, [0] * 9]
    row, column, weight = kernels.heavy_pairs(*sides, tuple(table.astype(np.int32) for table in tables), -100)
    assert len(row) == len(column) == len(weight) == 0
    nothing = np.empty(0, np.int32)
    assert kernels.pair_levels(*sides, nothing, nothing, tables).shape == (0, 2)


def test_level_kernels__rows_without_bits_are_missing_against_everything():
    (comparison,) = plan((16, CUTS))
    rows = naive.packed([[0] * 16, [1] * 16])
    sides = (side(rows, 16),)
    pairs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.int32)
    found = kernels.pair_levels(sides, sides, pairs[:, 0], pairs[:, 1], (comparison.table(),))
    assert found[:, 0].tolist() == [0, 0, 0, comparison.levels - 1]


@settings(max_examples=60, deadline=None)
@given(two_blocks(), st.lists(st.integers(-5_000, 5_000), min_size=9, max_size=9), st.integers(-6_000, 6_000))
def test_level_kernels__equal_their_twins_for_any_rows(blocks, weights, bound):
    n_bits, left, right = blocks
    (comparison,) = plan((n_bits, CUTS))
    sides = (side(left, n_bits),), (side(right, n_bits),)
    levels = naive.levels([left], [right], [CUTS])
    (total,) = kernels.level_counts(*sides, (comparison.table(),))
    assert total.tolist() == np.bincount(levels.ravel(), minlength=9).tolist()
    found = kernels.heavy_pairs(*sides, (np.array(weights, np.int32)[comparison.table()],), bound)
    assert list(zip(*(part.tolist() for part in found), strict=True)) == naive.heavy_pairs(levels, [weights], bound)


def test_name__says_which_implementation_runs():
    assert kernels.name()
