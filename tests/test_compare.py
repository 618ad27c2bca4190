"""compare(): every pair at or above the threshold and no other, whatever the threads, the order and the memory."""

import copy
import dataclasses
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import linkage as lk
from linkage.central import tiles as engine
from linkage.central.candidates import Grid, all_pairs
from linkage.pairs import Pairs
from tests import naive

SCHEMA = lk.Schema(project="tests", layout="record", bits=128, fields=(lk.Field(name="surname", type="name"),))


def encoded(bits, *, source="left", schema=SCHEMA, key_check="", ids=None) -> lk.EncodedSet:
    bits = np.asarray(bits, dtype=bool).reshape(-1, schema.bits)
    ids = [f"{source}-{row:06}" for row in range(len(bits))] if ids is None else ids
    return lk.EncodedSet.from_arrays(
        ids, {"record": naive.packed(bits)}, schema=schema, source=source, key_check=key_check
    )


def some(n: int, *, seed: int, of=None, n_bits: int = 128) -> np.ndarray:
    """Random rows, some empty; with ``of``, half are near copies of its rows."""
    rng = np.random.default_rng(seed)
    bits = rng.random((n, n_bits)) < 0.3
    if of is not None:
        near = rng.random(n) < 0.5
        bits[near] = of[rng.integers(0, len(of), near.sum())] ^ (rng.random((near.sum(), n_bits)) < 0.04)
    bits[rng.random(n) < 0.05] = False
    return bits


@pytest.fixture(scope="module")
def two_sets() -> tuple[lk.EncodedSet, lk.EncodedSet]:
    bits = some(60, seed=1)
    return encoded(bits), encoded(some(80, seed=2, of=bits), source="right")


@pytest.fixture(scope="module")
def two_large_sets() -> tuple[lk.EncodedSet, lk.EncodedSet]:
    """Of several tiles: more than 512 rows, more than 8,192 columns."""
    bits = some(1_100, seed=3)
    return encoded(bits), encoded(some(9_000, seed=4, of=bits), source="right")


def triples(pairs: Pairs) -> list[tuple[int, int, float]]:
    return list(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.similarity.tolist(), strict=True))


def by_twin(left: lk.EncodedSet, right: lk.EncodedSet, ratio: Fraction) -> list[tuple[int, int, float]]:
    lefts, rights = left.filters["record"], right.filters["record"]
    return [
        (row, column, float(naive.dice(lefts[row], rights[column])))
        for row, column, _ in naive.overlaps(lefts, rights, ratio)
    ]


@pytest.mark.parametrize("threshold", [0.2, 0.5, "2/3", 0.8, Fraction(9, 10), 1])
def test_compare__equals_its_twin(two_sets, threshold):
    expected = by_twin(*two_sets, Fraction(str(threshold)))
    assert triples(lk.compare(*two_sets, threshold=threshold)) == expected


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=8, max_size=8), max_size=8), st.fractions(min_value=0.01, max_value=1))
def test_compare__within_any_set_equals_its_twin(rows, ratio):
    schema = dataclasses.replace(SCHEMA, bits=8)
    records = encoded(np.array(rows, dtype=bool).reshape(-1, 8), schema=schema)
    expected = [found for found in by_twin(records, records, ratio) if found[0] < found[1]]
    assert triples(lk.compare(records, threshold=ratio)) == expected


def test_compare__keeps_the_pair_that_anonlink_lost_in_either_order():
    # anonlink's accelerated path truncates a float bound: Dice of exactly 0.75 was dropped one way round
    schema = dataclasses.replace(SCHEMA, bits=1024)
    left, right = naive.with_overlap(60, 100, 60, 1024)
    one, other = encoded(left, schema=schema), encoded(right, source="right", schema=schema)
    for pairs in (lk.compare(one, other, threshold=0.75), lk.compare(other, one, threshold=0.75)):
        assert pairs.similarity.tolist() == [0.75]


@pytest.mark.parametrize("threshold", ["0.60", "0.70", "0.75", "0.80", "0.85", "0.90", "0.95", "2/3", "1"])
def test_compare__keeps_pairs_exactly_at_threshold_and_none_a_bit_below(threshold):
    # nested filters: anonlink dropped 170 of 655 such pairs
    ratio, n_bits = Fraction(threshold), 1024
    schema = dataclasses.replace(SCHEMA, bits=n_bits)
    sizes = [(ratio * large / (2 - ratio), large) for large in range(1, n_bits)]
    exact = [(int(small), large) for small, large in sizes if small.denominator == 1][::4]
    assert len(exact) > 5
    for small, large in exact:
        left, right = naive.with_overlap(small, large, small, n_bits)
        less = left.copy()
        less[small - 1] = False
        less[-1] = True  # as many bits, one shared fewer
        theirs = encoded(right, source="right", schema=schema)
        at = lk.compare(encoded(left, schema=schema), theirs, threshold=threshold)
        assert at.similarity.tolist() == [float(ratio)], (small, large)
        below = lk.compare(encoded(less, schema=schema), theirs, threshold=threshold)
        assert len(below) == 0, (small, large)


def test_compare__records_without_bits_match_nothing_not_even_each_other():
    rows = np.zeros((4, 128), dtype=bool)
    rows[2:] = True
    records = encoded(rows)
    assert triples(lk.compare(records, threshold="1/1000000")) == [(2, 3, 1.0)]
    pairs = lk.compare(records, encoded(rows, source="right"), threshold="1/1000000")
    assert triples(pairs) == [(2, 2, 1.0), (2, 3, 1.0), (3, 2, 1.0), (3, 3, 1.0)]


def test_compare__within_one_set_finds_each_pair_once_left_below_right(two_sets):
    _, records = two_sets
    pairs = lk.compare(records, threshold=0.7)
    assert len(pairs)
    assert (pairs.left < pairs.right).all()
    assert len(set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))) == len(pairs)
    assert triples(pairs) == [found for found in by_twin(records, records, Fraction(7, 10)) if found[0] < found[1]]


def test_compare__within_a_set_of_several_tiles_is_the_upper_half_of_it_against_itself(two_large_sets):
    _, records = two_large_sets
    within, against = lk.compare(records, threshold=0.8), lk.compare(records, records, threshold=0.8)
    upper = against.left < against.right
    assert triples(within) == triples(against.take(upper))
    assert len(within) > 1_000


def test_compare__swapping_the_sets_swaps_the_pairs_and_nothing_else(two_sets, two_large_sets):
    for left, right in (two_sets, two_large_sets):
        pairs, other = lk.compare(left, right, threshold=0.75), lk.compare(right, left, threshold=0.75)
        assert triples(other.swapped()) == triples(pairs)
        assert other.swapped().left_set is left
        assert len(pairs)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_compare__is_the_same_for_any_number_of_threads(two_large_sets, threads):
    pairs = lk.compare(*two_large_sets, threshold=0.8, threads=threads)
    assert triples(pairs) == triples(lk.compare(*two_large_sets, threshold=0.8))
    order = np.lexsort((pairs.right, pairs.left))
    assert order.tolist() == list(range(len(pairs)))


def test_compare__over_several_tiles_loses_no_pair(two_large_sets):
    left, right = two_large_sets
    bits = [np.unpackbits(part.filters["record"].view(np.uint8), axis=1).astype(np.float32) for part in (left, right)]
    shared, together = bits[0] @ bits[1].T, bits[0].sum(axis=1)[:, None] + bits[1].sum(axis=1)  # exact: small integers
    rows, columns = np.nonzero((2 * 4 * shared >= 3 * together) & (shared > 0))
    pairs = lk.compare(left, right, threshold=0.75)
    assert pairs.left.tolist() == rows.tolist()
    assert pairs.right.tolist() == columns.tolist()
    assert rows.max() > 512
    assert columns.max() > 8_192


@pytest.mark.parametrize(("n_left", "n_right"), [(0, 0), (0, 3), (3, 0), (1, 1)])
def test_compare__of_empty_sets_gives_no_pairs(n_left, n_right):
    # np.concatenate of no tiles: "need at least one array to concatenate"
    left, right = encoded(np.ones((n_left, 128))), encoded(np.ones((n_right, 128)), source="right")
    pairs = lk.compare(left, right, threshold=0.5)
    assert len(pairs) == n_left * n_right
    assert pairs.to_arrow().column_names == ["left_id", "right_id", "similarity"]


@pytest.mark.parametrize("n", [0, 1])
def test_compare__within_no_and_one_record_gives_no_pairs(n):
    # one record has no tile above the diagonal: once a ValueError about concatenating
    assert len(lk.compare(encoded(np.ones((n, 128))), threshold=0.5)) == 0


def test_compare__pairs_are_by_record_id_order_whatever_the_order_given():
    bits = some(20, seed=9)
    ids = [f"id{number:02}" for number in np.random.default_rng(0).permutation(20)]
    shuffled = encoded(bits, ids=ids)
    order = np.argsort(ids)
    straight = encoded(bits[order], ids=sorted(ids))
    assert triples(lk.compare(shuffled, threshold=0.3)) == triples(lk.compare(straight, threshold=0.3))
    assert len(lk.compare(straight, threshold=0.3))


# ---- limits -----------------------------------------------------------------------------------------------------


def test_compare__a_flooding_threshold_is_refused_with_an_estimate(two_large_sets):
    left, right = two_large_sets
    with pytest.raises(lk.LimitError, match="raise the threshold, or allow more memory") as caught:
        lk.compare(left, right, threshold=0.05, memory=4 << 20)
    assert caught.value.allowed == 4 << 20
    true_need = len(left) * len(right) * 0.9 * engine.BYTES_PER_PAIR  # nearly all pairs, 40 bytes each
    assert true_need / 1.5 < caught.value.needed < true_need * 1.5
    assert f"{caught.value.needed:,} bytes" in str(caught.value)


def test_compare__a_flood_within_one_set_is_refused_too(two_large_sets):
    _, records = two_large_sets
    with pytest.raises(lk.LimitError) as caught:
        lk.compare(records, threshold=0.05, memory=4 << 20)
    true_need = len(records) ** 2 / 2 * 0.9 * engine.BYTES_PER_PAIR
    assert true_need / 3 < caught.value.needed < true_need * 3


def test_compare__what_fits_is_not_refused(two_sets):
    pairs = lk.compare(*two_sets, threshold=0.7)
    assert triples(lk.compare(*two_sets, threshold=0.7, memory=engine.BYTES_PER_PAIR * len(pairs))) == triples(pairs)
    with pytest.raises(lk.LimitError):
        lk.compare(*two_sets, threshold=0.7, memory=engine.BYTES_PER_PAIR * len(pairs) - 1)


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_compare__refuses_a_number_of_threads_that_is_none(two_sets, threads):
    with pytest.raises((TypeError, ValueError), match=r"^threads: "):
        lk.compare(*two_sets, threshold=0.7, threads=threads)


@pytest.mark.parametrize("threshold", [0, 1.01, -1, float("nan"), True, None, "high"])
def test_compare__refuses_a_threshold_that_is_none(two_sets, threshold):
    with pytest.raises(ValueError, match=r"^threshold: "):
        lk.compare(*two_sets, threshold=threshold)


# ---- who may be compared ----------------------------------------------------------------------------------------


def test_compare__refuses_the_fields_layout():
    schema = lk.Schema(project="tests", fields=(lk.Field(name="surname", type="name"),))
    records = lk.EncodedSet.from_arrays(["a"], {"surname": np.ones((1, 4), np.uint64)}, schema=schema, source="s")
    with pytest.raises(ValueError, match=r"for the fields layout use fit\(\) or link\(\)"):
        lk.compare(records, threshold=0.8)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"project": "other"}, "project: 'tests' and 'other'"),
        ({"bits": 256}, "field 'surname', (bits|hashes): "),
        ({"fields": (lk.Field(name="surname", type="name", q=3),)}, "field 'surname', q: 2 and 3"),
        ({"fields": (lk.Field(name="forename", type="name"),)}, "field 'surname': only on the left"),
    ],
)
def test_compare__refuses_sets_of_other_agreements_and_names_the_difference(change, named):
    other = dataclasses.replace(SCHEMA, **change)
    left, right = encoded(some(3, seed=0)), encoded(some(3, seed=0, n_bits=other.bits), source="right", schema=other)
    with pytest.raises(lk.MismatchError, match=named) as caught:
        lk.compare(left, right, threshold=0.8)
    assert caught.value.what == "schema"
    assert (caught.value.left, caught.value.right) == (SCHEMA.fingerprint(), other.fingerprint())


def test_compare__refuses_sets_of_other_keys():
    left, right = encoded(some(3, seed=0), key_check="a" * 32), encoded(some(3, seed=0), key_check="b" * 32)
    with pytest.raises(lk.MismatchError, match="different keys") as caught:
        lk.compare(left, right, threshold=0.8)
    assert caught.value.what == "key"


# ---- the value --------------------------------------------------------------------------------------------------


def test_pairs__turn_into_tables_with_record_ids(two_sets):
    pairs = lk.compare(*two_sets, threshold=0.7)
    table = pairs.to_arrow()
    assert table.column_names == ["left_id", "right_id", "similarity"]
    assert table.num_rows == len(pairs) > 0
    assert table["left_id"].to_pylist() == [f"left-{row:06}" for row in pairs.left.tolist()]
    assert table["right_id"].to_pylist() == [f"right-{row:06}" for row in pairs.right.tolist()]
    assert pairs.to_pandas().to_dict("list") == table.to_pydict()
    assert pairs.to_polars().to_dict(as_series=False) == table.to_pydict()


def test_pairs__whose_ids_are_more_text_than_one_array_holds_come_in_several(two_sets, monkeypatch, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pairs = lk.compare(*two_sets, threshold=0.5)
    whole = pairs.to_arrow()
    monkeypatch.setattr("linkage.pairs._MOST_TEXT", 10 * len("right-000000") + 1)
    table = pairs.to_arrow()
    assert table.equals(whole) and table.schema == whole.schema
    assert table["right_id"].type == pa.string()
    assert [len(chunk) for chunk in table["right_id"].chunks[:-1]] == [10] * ((len(pairs) - 1) // 10)
    assert lk.write_pairs(iter([pairs]), tmp_path / "pairs.parquet") == len(pairs)
    assert pq.read_table(tmp_path / "pairs.parquet").equals(whole)
    none = pairs.take(np.array([], dtype=np.int64)).to_arrow()
    assert none.num_rows == 0 and none.schema == whole.schema


def test_pairs__are_an_arrow_stream(two_sets):
    import pyarrow as pa

    pairs = lk.compare(*two_sets, threshold=0.7)
    assert pa.table(pairs).equals(pairs.to_arrow())


def test_pairs__show_themselves(two_sets):
    pairs = lk.compare(*two_sets, threshold=0.3)
    assert repr(pairs) == f"Pairs({len(pairs):,} of 'left' and 'right')"
    html = pairs._repr_html_()
    assert "<th>similarity</th>" in html
    assert html.count("<tr>") == 11
    assert f"10 of {len(pairs):,} rows" in html


def test_pairs__escape_what_a_source_is_called():
    records = encoded(np.ones((2, 128)), source="<script>")
    assert "<script>" not in lk.compare(records, threshold=1)._repr_html_()


def test_pairs__are_read_only(two_sets):
    """Copied or pickled ones were not."""
    pairs = lk.compare(*two_sets, threshold=0.7)
    for each in (pairs, copy.deepcopy(pairs), pickle.loads(pickle.dumps(pairs))):
        assert triples(each) == triples(pairs)
        for column in (each.left, each.right, each.similarity):
            with pytest.raises(ValueError, match="read-only"):
                column[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        pairs.left = None


def test_pairs__taken_are_the_chosen_ones(two_sets):
    pairs = lk.compare(*two_sets, threshold=0.5)
    strong = pairs.take(pairs.similarity >= 0.8)
    assert triples(strong) == [found for found in triples(pairs) if found[2] >= 0.8]
    assert triples(strong) == triples(lk.compare(*two_sets, threshold=0.8))
    assert triples(pairs.take(np.array([2, 0]))) == [triples(pairs)[2], triples(pairs)[0]]
    assert list(strong.measures()) == ["similarity"]


# ---- tiles ------------------------------------------------------------------------------------------------------


def tiles_of(grid: Grid):
    return [tile for chunk in grid.chunks() for _, tile in grid.tiles(chunk)]


@pytest.mark.parametrize("threads", [1, 7])
@pytest.mark.parametrize(("n_left", "n_right"), [(0, 0), (0, 3), (3, 0), (1, 1), (2_049, 513), (600, 9_000)])
def test_all_pairs__cover_every_pair_once(n_left, n_right, threads):
    seen = np.zeros((n_left, n_right), dtype=np.int8)
    for tile in tiles_of(all_pairs(n_left, n_right, threads=threads)):
        seen[tile.top : tile.bottom, tile.first : tile.last] += 1
        assert tile.pairs == (tile.bottom - tile.top) * (tile.last - tile.first) > 0
    assert (seen == 1).all()


@pytest.mark.parametrize("n", [0, 1, 2, 513, 5_000])
def test_all_pairs__within_one_set_are_squares_on_the_diagonal_and_all_above(n):
    seen = np.zeros((n, n), dtype=np.int8)
    grid = all_pairs(n, n, within=True, threads=4)
    for tile in tiles_of(grid):
        seen[tile.top : tile.bottom, tile.first : tile.last] += 1
        assert tile.top <= tile.first
        assert tile.top == tile.first or tile.bottom <= tile.first
    assert (seen[np.triu_indices(n, 1)] == 1).all()
    assert seen.sum() <= n * n / 2 + n * grid.rows / 2


# ---- other measures, parts, files, neighbours --------------------------------------------------------------------


@pytest.mark.parametrize("measure", ["dice", "jaccard", "hamming"])
@pytest.mark.parametrize("threshold", [0.6, "2/3", 0.9])
def test_compare__by_each_measure_equals_its_twin(two_sets, measure, threshold):
    left, right = two_sets
    rows = [side.filters["record"] for side in two_sets]
    pairs = lk.compare(left, right, threshold=threshold, measure=measure)
    expected = []
    for a, b in np.ndindex(len(left), len(right)):
        sizes = [naive.as_int(rows[0][a]).bit_count(), naive.as_int(rows[1][b]).bit_count()]
        alike = naive.similarity(*sizes, naive.shared(rows[0][a], rows[1][b]), 128, measure)
        if alike >= Fraction(str(threshold)):
            expected.append((a, b, float(alike)))
    assert triples(pairs) == expected
    assert expected


def test_compare__names_the_measures(two_sets):
    with pytest.raises(ValueError, match="did you mean 'jaccard'"):
        lk.compare(*two_sets, threshold=0.5, measure="jacard")


@pytest.mark.parametrize("memory", [1, 200_000, 5_000_000])
@pytest.mark.parametrize("within", [False, True])
def test_compare_in_parts__gives_the_same_pairs_in_parts_that_fit(two_large_sets, memory, within):
    sets = two_large_sets[1:] if within else two_large_sets
    whole = lk.compare(*sets, threshold=0.65)
    parts = list(lk.compare_in_parts(*sets, threshold=0.65, memory=memory, threads=2))
    assert [triple for part in parts for triple in triples(part)] == triples(whole)
    assert len(whole) > 4_000
    fewest = engine._FEWEST_PAIRS
    assert all(0 < len(part) <= max(fewest, memory // engine.BYTES_PER_PAIR) for part in parts)


def test_compare_in_parts__of_a_flood_stays_in_parts_that_fit():
    records = encoded(np.ones((2_000, 128)))
    other = encoded(np.ones((2_500, 128)), source="right")
    seen = 0
    for part in lk.compare_in_parts(records, other, threshold=1, memory=1 << 20):
        assert len(part) * engine.BYTES_PER_PAIR <= 1 << 20
        assert part.left[0] * 2_500 + part.right[0] == seen
        seen += len(part)
    assert seen == 2_000 * 2_500


@pytest.mark.parametrize(("n_left", "n_right"), [(3, 100_000), (1, 5_000), (100_000, 2)])
@pytest.mark.parametrize("memory", [1, 60_000, 1 << 19])
def test_compare_in_parts__of_one_row_that_is_like_all_is_cut_too(n_left, n_right, memory):
    sets = encoded(np.ones((n_left, 128))), encoded(np.ones((n_right, 128)), source="right")
    most = max(engine._FEWEST_PAIRS, memory // engine.BYTES_PER_PAIR)
    seen = 0
    for part in lk.compare_in_parts(*sets, threshold=1, memory=memory, threads=2):
        assert 0 < len(part) <= most
        held = part.left if part.left.base is None else part.left.base
        assert len(held) <= most, "a view keeps alive what it was cut from"
        assert (part.left.astype(np.int64) * n_right + part.right == np.arange(seen, seen + len(part))).all()
        seen += len(part)
    assert seen == n_left * n_right


def test_compare_in_parts__of_one_row_does_not_depend_on_threads_or_spans(monkeypatch):
    bits = some(6_000, seed=5)
    bits[::3] = True
    sets = encoded(bits[:4]), encoded(bits, source="right")
    whole = triples(lk.compare(*sets, threshold=0.3))
    monkeypatch.setattr(engine, "_FEWEST_PAIRS", 100)
    sizes = []
    for threads, widest in ((1, 65_536), (3, 65_536), (2, 512)):
        monkeypatch.setattr("linkage.central.candidates._WIDEST_SPAN", widest)
        parts = list(lk.compare_in_parts(*sets, threshold=0.3, memory=1, threads=threads))
        assert [triple for part in parts for triple in triples(part)] == whole
        sizes.append([len(part) for part in parts])
    assert len(whole) > 2_000 and max(sizes[0]) == 100
    assert sizes[0] == sizes[1] == sizes[2]


@pytest.mark.parametrize("wanted", [1, 10_000])
def test_compare_in_parts__of_one_row_within_a_set_is_cut_too(wanted, monkeypatch):
    records = encoded(np.ones((3_000, 128)))
    monkeypatch.setattr(engine, "_FEWEST_PAIRS", 500)
    parts = list(lk.compare_in_parts(records, threshold=1, memory=wanted, threads=2))
    assert max(map(len, parts)) == 500
    found = np.concatenate([part.left.astype(np.int64) * 3_000 + part.right for part in parts])
    row, column = np.triu_indices(3_000, 1)
    assert (found == row * 3_000 + column).all()


def test_compare_in_parts__refuses_more_pairs_than_allowed_with_an_estimate(two_large_sets):
    with pytest.raises(lk.LimitError, match="pairs would come out; allowed are 1,000") as caught:
        lk.compare_in_parts(*two_large_sets, threshold=0.05, most=1_000)
    true = 1_100 * 9_000 * 0.9
    assert true / 2 < caught.value.needed / engine.BYTES_PER_PAIR < true * 2
    exact = len(lk.compare(*two_large_sets, threshold=0.8))
    assert sum(map(len, lk.compare_in_parts(*two_large_sets, threshold=0.8, most=exact))) == exact
    with pytest.raises(lk.LimitError):
        list(lk.compare_in_parts(*two_large_sets, threshold=0.8, most=exact - 1))


def test_write_pairs__writes_what_compare_finds(two_large_sets, tmp_path):
    import pyarrow.parquet as pq

    path = tmp_path / "pairs.parquet"
    written = lk.write_pairs(lk.compare_in_parts(*two_large_sets, threshold=0.7, memory=1 << 18), path)
    expected = lk.compare(*two_large_sets, threshold=0.7)
    assert written == len(expected) > 100
    assert pq.read_table(path).equals(expected.to_arrow())
    assert path.stat().st_mode & 0o777 == 0o600


def test_write_pairs__writes_the_measures_that_the_pairs_have(two_sets, tmp_path):
    """Those of Model.predict, which have no similarity, ended in an error of Arrow's about schemas."""
    import pyarrow.parquet as pq

    found = lk.compare(*two_sets, threshold=0.7)
    given = {"match_weight": np.arange(len(found)) / 2, "probability": found.similarity / 2}
    predicted = lk.Pairs(*two_sets, found.left, found.right, **given)
    assert lk.write_pairs(iter([predicted]), tmp_path / "predicted.parquet") == len(found)
    assert pq.read_table(tmp_path / "predicted.parquet").equals(predicted.to_arrow())
    assert lk.write_pairs(iter([]), tmp_path / "none.parquet") == 0
    assert pq.read_table(tmp_path / "none.parquet").column_names == ["left_id", "right_id", "similarity"]
    with pytest.raises(ValueError, match="parts: some have match_weight, probability, others similarity"):
        lk.write_pairs(iter([found, predicted]), tmp_path / "mixed.parquet")


def test_write_pairs__refuses_parts_of_other_sets(two_sets, tmp_path):
    """Parts of (a, b) and (b, a) went into one file, whose left_id held ids of either."""
    left, right = two_sets
    found = lk.compare(left, right, threshold=0.7)
    other = lk.compare(left, right.without(right.record_ids.to_pylist()[:1]), threshold=0.7)
    for one in (lk.compare(right, left, threshold=0.7), found.swapped(), other, lk.compare(left, threshold=0.7)):
        with pytest.raises(ValueError, match="are not of the same sets in the same order"):
            lk.write_pairs(iter([found, one]), tmp_path / "pairs.parquet")
    assert list(tmp_path.iterdir()) == []


def test_write_pairs__takes_parts_of_the_same_sets_read_again_and_no_part_twice(two_sets, tmp_path):
    """The same part twice was written twice."""
    found = lk.compare(*two_sets, threshold=0.7)
    half, rest = (found.take(np.arange(len(found)) % 2 == odd) for odd in (0, 1))
    for each in two_sets:
        each.save(tmp_path / each.source)
    again = [lk.EncodedSet.load(tmp_path / each.source) for each in two_sets]
    rest = lk.Pairs(*again, rest.left, rest.right, similarity=rest.similarity)
    empty = found.take([])
    assert lk.write_pairs(iter([half, empty, rest, empty]), tmp_path / "pairs.parquet") == len(found)
    with pytest.raises(ValueError, match="two begin with the same pair"):
        lk.write_pairs(iter([half, rest, half]), tmp_path / "twice.parquet")
    assert not (tmp_path / "twice.parquet").exists()


def test_write_pairs__that_fails_leaves_nothing(two_sets, tmp_path):
    def parts():
        yield lk.compare(*two_sets, threshold=0.7)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lk.write_pairs(parts(), tmp_path / "pairs.parquet")
    assert list(tmp_path.iterdir()) == []


def neighbours_by_twin(left, right, k, measure, *, within=False):
    rows, others = left.filters["record"], right.filters["record"]
    found = []
    for a in range(len(left)):
        near = [(b, o) for b, o in naive.nearest(rows[a], others, 128, measure) if not (within and a == b)]
        found += [(a, b) for b, _ in near[:k]]
    return sorted(found)


def pairs_of(found: Pairs) -> list[tuple[int, int]]:
    return list(zip(found.left.tolist(), found.right.tolist(), strict=True))


@pytest.mark.parametrize("measure", ["dice", "jaccard", "hamming"])
@pytest.mark.parametrize("k", [1, 3, 200])
def test_nearest_records__equal_their_twin(two_sets, measure, k):
    left, right = two_sets
    expected = neighbours_by_twin(left, right, k, measure)
    assert pairs_of(lk.nearest_records(left, right, k=k, measure=measure)) == expected
    back = neighbours_by_twin(right, left, k, measure)
    both = [pair for pair in expected if pair[::-1] in set(back)]
    assert pairs_of(lk.nearest_records(left, right, k=k, measure=measure, mutual=True)) == both
    within = neighbours_by_twin(right, right, k, measure, within=True)
    assert pairs_of(lk.nearest_records(right, k=k, measure=measure)) == within
    mutual = [pair for pair in within if pair[::-1] in set(within) and pair[0] < pair[1]]
    assert pairs_of(lk.nearest_records(right, k=k, measure=measure, mutual=True)) == mutual


def test_nearest_records__leave_out_those_below_a_threshold(two_sets):
    found = lk.nearest_records(*two_sets, k=5, threshold=0.7)
    every = lk.nearest_records(*two_sets, k=5)
    assert triples(found) == [pair for pair in triples(every) if pair[2] >= 0.7]
    assert 0 < len(found) < len(every)


def test_nearest_records__over_several_spans_are_the_best_of_all(two_large_sets, monkeypatch):
    left, right = two_large_sets
    found = lk.nearest_records(left, right, k=2)
    monkeypatch.setattr("linkage.central.candidates._WIDEST_SPAN", 512)
    assert triples(lk.nearest_records(left, right, k=2, threads=2)) == triples(found)
    assert (np.bincount(found.left)[left.popcounts["record"] > 0] == 2).all()


@pytest.mark.parametrize("k", [0, -1, 1.5, True, 1_001])
def test_nearest_records__refuse_a_number_that_is_none(two_sets, k):
    with pytest.raises((TypeError, ValueError), match=r"^k: "):
        lk.nearest_records(*two_sets, k=k)
