"""compare(candidates=LSH()): only pairs that all pairs find, at least the recall promised, the same each time."""

import dataclasses
from fractions import Fraction

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import linkage as lk
from linkage.central.blocking.bitplanes import keys_of, planes_of
from linkage.central.blocking.lsh import LSH, tables_for
from linkage.central.blocking.meeting import met
from linkage.central.kernels import Rows
from linkage.cli import cli
from tests.test_compare import encoded, some, triples


@pytest.fixture(scope="module")
def two_sets() -> tuple[lk.EncodedSet, lk.EncodedSet]:
    bits = some(1_500, seed=5)
    return encoded(bits), encoded(some(2_000, seed=6, of=bits), source="right")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 150), st.integers(1, 3), st.integers(0, 5))
def test_planes__hold_each_bit_of_each_row(n, width, seed):
    words = np.random.default_rng(seed).integers(0, 2**64, (n, width), dtype=np.uint64)
    bits = np.unpackbits(words.view(np.uint8).reshape(n, width * 8), axis=1)
    planes = planes_of(words, threads=1)
    assert np.array_equal(np.unpackbits(planes, axis=1, bitorder="little")[:, :n], bits.T)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 150), st.integers(1, 150), st.integers(0, 5))
def test_keys__are_equal_where_all_planes_are(n, n_planes, seed):
    rng = np.random.default_rng(seed)
    bits = (rng.random((n_planes, n)) < 0.5)[:, rng.integers(0, max(1, n // 2), n)]
    padded = np.zeros((n_planes, -(-n // 64) * 64), dtype=bool)
    padded[:, :n] = bits
    planes = list(np.packbits(padded, axis=1, bitorder="little").view(np.uint64))
    keys = keys_of(planes, n)
    alike = (bits[:, :, None] == bits[:, None, :]).all(axis=0)
    assert np.array_equal(keys[:, None] == keys[None, :], alike)


keys = st.lists(st.sampled_from([0, 1, 2, 3, 2**40, 2**63]), max_size=12)


@given(keys, keys)
def test_met__is_every_pair_with_equal_keys_once(left, right):
    arrays = [np.array(side, dtype=np.uint64) for side in (left, right)]
    found = [pair for rows, columns in met(*arrays, within=False) for pair in zip(rows, columns, strict=True)]
    assert sorted(found) == [(r, c) for r, a in enumerate(left) for c, b in enumerate(right) if a == b]
    found = [
        pair for rows, columns in met(arrays[0], arrays[0], within=True) for pair in zip(rows, columns, strict=True)
    ]
    assert sorted(found) == [(r, c) for r, a in enumerate(left) for c, b in enumerate(left) if a == b and r < c]


def test_met__a_block_larger_than_is_held_comes_in_parts(monkeypatch):
    monkeypatch.setattr("linkage.central.blocking.meeting._AT_ONCE", 100)
    parts = list(met(np.zeros(70, np.uint64), np.zeros(30, np.uint64), within=False))
    assert len(parts) > 20
    assert max(len(rows) for rows, _ in parts) <= 100
    assert len({pair for part in parts for pair in zip(*part, strict=True)}) == 70 * 30


@pytest.mark.parametrize("measure", ["dice", "jaccard", "hamming"])
@pytest.mark.parametrize("recall", [0.5, 0.99])
@pytest.mark.parametrize("within", [False, True])
def test_lsh__finds_what_it_promises_and_nothing_else(two_sets, measure, recall, within):
    sets = two_sets[1:] if within else two_sets
    threshold = 0.9 if measure == "hamming" else 0.8
    every = triples(lk.compare(*sets, threshold=threshold, measure=measure))
    found = triples(lk.compare(*sets, threshold=threshold, measure=measure, candidates=LSH(recall=recall)))
    assert found == [triple for triple in every if triple in set(found)]  # their order and similarity too
    assert len(every) > 100
    assert len(found) >= recall * len(every)


def test_lsh__chance_at_the_threshold_is_the_one_stated():
    # pairs made to lie at the threshold: the promise is for them, and no more than it is worth
    rng = np.random.default_rng(8)
    left = rng.random((4_000, 128)) < 0.3
    right = left.copy()
    for row in range(len(left)):  # swap a fifth of the bits that are set for others: Dice of about 0.8
        ones, zeros = np.flatnonzero(left[row]), np.flatnonzero(~left[row])
        n = round(len(ones) / 5)
        right[row, rng.choice(ones, n, replace=False)] = False
        right[row, rng.choice(zeros, n, replace=False)] = True
    sets = encoded(left), encoded(right, source="right")
    rows = [Rows(each.filters["record"], each.popcounts["record"]) for each in sets]
    lsh = LSH(recall=0.6)
    chosen = tables_for(lsh, *rows, Fraction("3/4"), n_bits=128, measure="dice", within=False)
    every, found = (
        {pair[:2] for pair in triples(lk.compare(*sets, threshold="3/4", candidates=how))} for how in (None, lsh)
    )
    assert 0.6 <= chosen.expected_recall < 0.75
    assert len(found & every) / len(every) >= chosen.expected_recall - 0.03


def test_lsh__same_pairs_for_any_threads(two_sets):
    one, three = (triples(lk.compare(*two_sets, threshold=0.8, candidates=LSH(0.7), threads=n)) for n in (1, 3))
    assert one == three


def test_lsh__records_without_bits_meet_nobody():
    empty = encoded(np.zeros((50, 128)))
    assert len(lk.compare(empty, threshold=0.5, candidates=LSH())) == 0
    assert len(lk.compare(empty, encoded(some(20, seed=1), source="right"), threshold=0.5, candidates=LSH())) == 0


def test_lsh__more_pairs_than_memory_are_refused():
    same = encoded(np.tile(some(1, seed=11) | True, (400, 1)))
    with pytest.raises(lk.LimitError, match="raise the threshold"):
        lk.compare(same, threshold=0.9, candidates=LSH(), memory=100_000)


@pytest.mark.parametrize("recall", [0, 1, 1.5, "x"])
def test_lsh__refuses_a_recall_it_cannot_keep(recall):
    with pytest.raises(ValueError, match="recall"):
        LSH(recall=recall)


def test_lsh__refuses_what_no_tables_can_do():
    bits = some(300, seed=1)
    with pytest.raises(ValueError, match="compare all pairs"):
        lk.compare(encoded(bits), threshold="1/1000", candidates=LSH())
    with pytest.raises(ValueError, match="LSH"):
        lk.compare(encoded(bits), threshold=0.9, candidates="lsh")


def test_lsh__command_writes_the_pairs(two_sets, tmp_path):
    paths = [str(tmp_path / f"{each.source}.parquet") for each in two_sets]
    for each, path in zip(two_sets, paths, strict=True):
        each.save(path)
    out = str(tmp_path / "pairs.parquet")
    done = CliRunner().invoke(cli, ["compare", *paths, "--threshold", "0.8", "--lsh-recall", "0.99", "--out", out])
    assert done.exit_code == 0, done.output
    assert pq.read_metadata(out).num_rows == len(lk.compare(*two_sets, threshold=0.8, candidates=LSH()))


def test_plan__prices_lsh_and_recommends_the_quicker(two_sets):
    found = lk.plan(*two_sets, threshold=0.8, candidates=LSH())
    assert found.by_lsh.expected_recall >= 0.99
    assert found.by_lsh.candidates > 0
    assert f"recommended: {found.recommended}" in str(found)
    slow = dataclasses.replace(found, seconds=2 * found.by_lsh.seconds)
    quick = dataclasses.replace(found, seconds=found.by_lsh.seconds / 2)
    assert (slow.recommended, quick.recommended) == ("LSH", "all pairs")
    assert lk.plan(*two_sets, threshold=0.8).recommended == "all pairs"
