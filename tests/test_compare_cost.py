"""What comparing takes, counted and not timed: memory however many pairs come out, half the work within one set, and
no work where popcounts alone rule every pair out."""

import tracemalloc

import numpy as np
import pytest

import linkage as lk
from linkage.central import kernels, tiles
from linkage.central.kernels import portable, portable_overlap
from linkage.central.thresholds import exact_ratio, least_overlap
from tests.test_compare import encoded, some, triples
from tests.test_kernels import as_rows

IMPLEMENTATIONS = sorted({kernels.available()[0], "portable"})


@pytest.fixture(params=IMPLEMENTATIONS)
def kernel(request, monkeypatch):
    monkeypatch.setenv("LINKAGE_KERNEL", request.param)
    return request.param


@pytest.fixture
def small_tiles(monkeypatch):
    """Some dozens of tiles where a few thousand rows would be one."""
    monkeypatch.setattr("linkage.central.candidates._ROWS", 256)
    monkeypatch.setattr("linkage.central.candidates._WIDEST_SPAN", 512)
    monkeypatch.setattr("linkage.central.candidates._SMALLEST_SQUARE", 512)


@pytest.fixture
def steps(monkeypatch) -> list:
    """The tiles that kernels were asked for, as (left rows, right rows, itself)."""
    asked = []
    overlaps = kernels.overlaps

    def counted(left, right, need, *, room, itself=False):
        asked.append((len(left), right.n, itself))
        return overlaps(left, right, need, room=room, itself=itself)

    monkeypatch.setattr(kernels, "overlaps", counted)
    return asked


def peak_of(work) -> int:
    """Bytes held at once beyond those held before: NumPy tells tracemalloc of its arrays."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def alike(n: int, source: str) -> lk.EncodedSet:
    """Records of which every pair comes out."""
    return encoded(np.ones((n, 128)), source=source)


# ---- memory -----------------------------------------------------------------------------------------------------

MEMORY = 12 << 20
ARRANGED = 3 << 20  # the right side again, and what a kernel keeps for a tile


@pytest.mark.parametrize("n", [800, 1_600])
@pytest.mark.parametrize("within", [False, True])
def test_compare_in_parts__takes_the_memory_allowed_however_many_pairs_come_out(kernel, small_tiles, n, within):
    sets = (alike(n, "left"),) if within else (alike(n, "left"), alike(n, "right"))
    seen = []

    def work():
        for part in lk.compare_in_parts(*sets, threshold=1, memory=MEMORY, threads=2):
            seen.append(len(part))

    assert peak_of(work) < MEMORY + ARRANGED
    assert sum(seen) == (n * (n - 1) // 2 if within else n * n)
    assert sum(seen) * tiles.BYTES_PER_PAIR > MEMORY


def test_compare__takes_the_memory_allowed_up_to_the_last_pair(kernel, small_tiles):
    sets = alike(1_000, "left"), alike(1_000, "right")
    memory = 1_000_000 * tiles.BYTES_PER_PAIR
    found = []
    assert peak_of(lambda: found.append(lk.compare(*sets, threshold=1, memory=memory, threads=2))) < memory + ARRANGED
    assert len(found[0]) == 1_000_000


def test_compare__refuses_what_does_not_fit_before_it_takes_more_than_that(kernel, small_tiles):
    # nothing in the sample says that the last thousand records are all alike
    rare = np.concatenate([some(7_000, seed=1), np.ones((1_500, 128), dtype=bool)])
    sets = encoded(rare), encoded(rare, source="right")
    memory = 2_000_000 * tiles.BYTES_PER_PAIR

    def work():
        with pytest.raises(lk.LimitError):
            lk.compare(*sets, threshold=1, memory=memory, threads=2)

    assert peak_of(work) < memory + 2 * ARRANGED


# ---- one set with itself ----------------------------------------------------------------------------------------


def test_compare__of_a_set_with_itself_asks_for_each_tile_above_the_diagonal_once(steps, small_tiles):
    records = encoded(some(6_000, seed=2))
    lk.compare(records, threshold=0.9)
    squares = [step for step in steps if step[0] > 400]  # the others are the sample's
    sides = [rows for rows, _, itself in squares if itself]
    assert sum(sides) == 6_000
    assert len(squares) == len(sides) * (len(sides) + 1) // 2 > 5
    met = sum(rows * columns / (2 if itself else 1) for rows, columns, itself in squares)
    assert met == 6_000**2 / 2


def test_overlaps__of_rows_with_themselves_count_half_the_pairs(monkeypatch):
    # of the portable kernel, which can be watched; the compiled one turns back at the same place in each block
    counted = [0, 0]
    overlap = portable_overlap.Scratch.overlap

    def watched(self, left, right):
        counted[itself] += len(left) * right.shape[1]
        return overlap(self, left, right)

    monkeypatch.setattr(portable_overlap.Scratch, "overlap", watched)
    rows = as_rows(encoded(some(9_000, seed=3)).filters["record"])
    need = least_overlap(exact_ratio("3/5", name=""), n_bits=128)
    arranged = portable.arrange_by_count(rows)
    for itself in (False, True):
        portable.overlaps(rows, arranged, need, room=10**9, itself=itself)
    assert 0.5 <= counted[1] / counted[0] < 0.65


# ---- popcount bands ---------------------------------------------------------------------------------------------


def test_compare__asks_for_no_tile_that_popcounts_rule_out(kernel, steps, small_tiles):
    # of 12, 32, 64 and 115 bits: one band and the next are no more than two thirds alike
    rng = np.random.default_rng(4)
    bits = rng.random((2_048, 128)).argsort(axis=1) < np.repeat([12, 32, 64, 115], 512)[:, None]
    near = bits ^ (np.arange(128) == rng.integers(0, 128, (2_048, 1)))  # a bit more or less
    pairs = lk.compare(encoded(bits), encoded(near, source="right"), threshold=0.8)
    assert [step for step in steps if step[0] == 256] == [(256, 512, False)] * 8  # of 32: each band meets itself
    shared = bits.astype(np.int32) @ near.T.astype(np.int32)
    together = bits.sum(axis=1)[:, None] + near.sum(axis=1)
    rows, columns = np.nonzero(10 * shared >= 4 * together)
    assert [pair[:2] for pair in triples(pairs)] == list(zip(rows.tolist(), columns.tolist(), strict=True))
    assert len(pairs) > 2_000


@pytest.mark.parametrize("ratio", ["1/10", "1/2", "4/5", "1"])
@pytest.mark.parametrize("measure", ["dice", "jaccard", "hamming"])
def test_may_reach__is_true_wherever_two_popcounts_could_match(kernel, ratio, measure):
    need = least_overlap(exact_ratio(ratio, name=""), n_bits=24, measure=measure)
    band = np.tri(25, 24, -1, dtype=np.uint8)  # row r has r bits
    rows = as_rows(np.packbits(np.pad(band, ((0, 0), (0, 40))), axis=1).view(np.uint64))
    for first in range(25):
        for last in range(first + 1, 26, 4):
            arranged = kernels.arrange_by_count(rows.slice(first, last))
            for row in range(25):
                possible = [
                    other for other in range(max(1, first), last) if row and need[row + other] <= min(row, other)
                ]
                reached = kernels.may_reach(rows.slice(row, row + 1), arranged, need)
                assert reached or not possible
                # between the ends of a wide band the bound may hope too much, at one count it is exact
                assert last > first + 1 or reached == bool(possible)
