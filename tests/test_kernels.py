"""Each kernel against its obvious twin: every attainable score, awkward widths, empty sides, several tiles."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.central import kernels
from linkage.central.kernels import Rows
from linkage.central.thresholds import least_overlap
from tests import naive

RATIOS = [Fraction(text) for text in ("1/100", "1/3", "2/3", "3/4", "4/5", "17/20", "1")]
WIDTHS = [8, 20, 63, 64, 65, 100, 129, 1000]
ROOM = 1 << 22


@pytest.fixture(autouse=True, params=kernels.available())
def kernel(request, monkeypatch):
    """Every implementation that runs here."""
    monkeypatch.setenv("LINKAGE_KERNEL", request.param)
    return request.param


def counts(rows) -> np.ndarray:
    return np.bitwise_count(rows).sum(axis=1, dtype=np.uint32)


def as_rows(words) -> Rows:
    return Rows(words, counts(words))


def draw(n: int, n_bits: int, *, seed: int, fill=(0.0, 0.9), alike=None) -> np.ndarray:
    """(n, n_bits) bool, rows of all kinds of fullness; half of them are near copies of rows of ``alike``."""
    rng = np.random.default_rng(seed)
    bits = rng.random((n, n_bits)) < rng.uniform(*fill, (n, 1))
    if alike is not None and len(alike):
        near = rng.random(n) < 0.5
        bits[near] = alike[rng.integers(0, len(alike), near.sum())] ^ (rng.random((near.sum(), n_bits)) < 0.05)
    bits[rng.random(n) < 0.1] = False
    return bits


def found_overlaps(left, right, need, *, itself=False):
    arranged = kernels.arrange_by_count(as_rows(right))
    found = kernels.overlaps(as_rows(left), arranged, need, room=ROOM, itself=itself)
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
    assert (
        kernels.overlaps(
            as_rows(left), kernels.arrange_by_count(as_rows(right)), least_overlap(Fraction(7, 10), n_bits=100), room=60
        )
        is None
    )
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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(two_blocks(), st.fractions(min_value=Fraction(1, 1000), max_value=1))
def test_overlaps__equals_its_twin_for_any_rows(blocks, ratio):
    n_bits, left, right = blocks
    assert found_overlaps(left, right, least_overlap(ratio, n_bits=n_bits)) == naive.overlaps(left, right, ratio)


# a pair's overlap and popcounts decide, so one table of whole numbers serves every measure
@pytest.mark.parametrize("measure", ["jaccard", "hamming"])
@pytest.mark.parametrize("n_bits", [8, 11])
def test_overlaps__under_other_measures_keeps_every_attainable_score(measure, n_bits):
    kinds, left, right = every_overlap(n_bits)
    scores = {naive.similarity(*kind, n_bits, measure) for kind in kinds}
    shared, together = exact_counts(left, right)
    lefts, rights = counts(left), counts(right)
    for ratio in sorted(score for score in scores if score)[::3]:
        need = least_overlap(ratio, n_bits=n_bits, measure=measure)
        enough = {kind for kind in set(kinds) if naive.similarity(*kind, n_bits, measure) >= ratio}
        expected = [
            (row, column, int(shared[row, column]))
            for row, column in np.ndindex(shared.shape)
            if (int(lefts[row]), int(rights[column]), int(shared[row, column])) in enough
        ]
        assert found_overlaps(left, right, need) == expected, ratio
    assert together.max() == 2 * n_bits


@pytest.mark.parametrize("n", [0, 1, 2, 70, 700, 1_100])
def test_overlaps__of_a_set_with_itself_are_each_pair_once_row_below_column(n):
    words = naive.packed(draw(n, 70, seed=12, fill=(0.3, 0.5)))
    need = least_overlap(Fraction(3, 5), n_bits=70)
    expected = [found for found in found_overlaps(words, words, need) if found[0] < found[1]]
    assert found_overlaps(words, words, need, itself=True) == expected
    assert n < 70 or len(expected) > 3


def test_overlaps__of_rows_of_thousands_of_bits_are_exact():
    # more slices than one sum counts to
    bits = draw(6, 4_000, seed=13, fill=(0.4, 0.9))
    left, right = naive.packed(bits), naive.packed(draw(9, 4_000, seed=14, alike=bits))
    for ratio in (Fraction(1, 2), Fraction(9, 10)):
        need = least_overlap(ratio, n_bits=4_000)
        assert found_overlaps(left, right, need) == naive.overlaps(left, right, ratio)


# ---- neighbours and listed pairs --------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", ["dice", "jaccard", "hamming"])
@pytest.mark.parametrize("k", [1, 2, 7, 60])
@pytest.mark.parametrize(("n_left", "n_right"), [(20, 50), (3, 1), (1, 3), (0, 4), (4, 0)])
def test_best_rows__equal_their_twin(measure, k, n_left, n_right):
    bits = draw(n_left, 40, seed=20, fill=(0.2, 0.5))
    left, right = naive.packed(bits), naive.packed(draw(n_right, 40, seed=21, alike=bits))
    need = np.full(81, measure != "hamming", dtype=np.uint32)
    arranged = kernels.arrange_by_count(as_rows(right))
    column, overlap = kernels.best_rows(as_rows(left), arranged, need, k, by_difference=measure == "hamming")
    assert (column.dtype, overlap.dtype) == (np.int32, np.uint32)
    assert column.shape == overlap.shape == (n_left, k)
    for row in range(n_left):
        expected = naive.nearest(left[row], right, 40, measure)[:k]
        found = [(c, o) for c, o in zip(column[row].tolist(), overlap[row].tolist(), strict=True) if c >= 0]
        assert found == expected, row


def test_best_rows__over_many_blocks_keep_the_best_and_leave_out_the_row_itself():
    words = naive.packed(draw(2_000, 90, seed=22, fill=(0.2, 0.4)))
    need = least_overlap(Fraction(1, 2), n_bits=90)
    arranged = kernels.arrange_by_count(as_rows(words))
    column, overlap = kernels.best_rows(as_rows(words[:50]), arranged, need, 3, by_difference=False, diagonal=0)
    shared, together = exact_counts(words[:50], words)
    for row in range(50):
        scores = [
            (-Fraction(2 * int(shared[row, c]), int(together[row, c])), c)
            for c in range(2_000)
            if c != row and 4 * shared[row, c] >= together[row, c] > 0
        ]
        expected = [c for _, c in sorted(scores)[:3]]
        assert [c for c in column[row].tolist() if c >= 0] == expected
        assert overlap[row, : len(expected)].tolist() == [int(shared[row, c]) for c in expected]


@pytest.mark.parametrize("n_bits", [20, 64, 129, 1_000])
def test_pair_overlaps__are_of_the_pairs_listed(n_bits):
    bits = draw(30, n_bits, seed=30)
    left, right = naive.packed(bits), naive.packed(draw(40, n_bits, seed=31, alike=bits))
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 30, 200).astype(np.int32), rng.integers(0, 40, 200).astype(np.int32)
    found = kernels.pair_overlaps(as_rows(left), as_rows(right), rows, columns)
    assert found.dtype == np.uint32
    assert found.tolist() == [naive.shared(left[a], right[b]) for a, b in zip(rows, columns, strict=True)]


def test_name__says_which_implementation_runs(kernel):
    assert kernel in kernels.name()
