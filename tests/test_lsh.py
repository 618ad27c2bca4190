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
from linkage.central.blocking import exactsample, meeting
from linkage.central.blocking.bitplanes import keys_of, planes_of
from linkage.central.blocking.exactsample import ExactSample
from linkage.central.blocking.lsh import tables_for
from linkage.central.blocking.meeting import Meeting, counted
from linkage.central.blocking.ways import LSH
from linkage.central.job import prepared
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


def met(left, right, *, within):
    made = Meeting.of(left, right, within=within)
    return [pair for part in made.parts() for pair in zip(*made.pairs(part), strict=True)]


@given(keys, keys)
def test_meeting__is_every_pair_with_equal_keys_once_and_0_meets_nobody(left, right):
    arrays = [np.array(side, dtype=np.uint64) for side in (left, right)]
    expected = [(r, c) for r, a in enumerate(left) for c, b in enumerate(right) if a == b != 0]
    assert sorted(met(*arrays, within=False)) == expected
    assert counted(*arrays, within=False).pairs == len(expected)
    expected = [(r, c) for r, a in enumerate(left) for c, b in enumerate(left) if a == b != 0 and r < c]
    assert sorted(met(arrays[0], arrays[0], within=True)) == expected
    assert counted(arrays[0], arrays[0], within=True).pairs == len(expected)


def test_meeting__a_block_larger_than_is_held_comes_in_parts(monkeypatch):
    monkeypatch.setattr(meeting, "AT_ONCE", 100)
    made = Meeting.of(np.ones(70, np.uint64), np.ones(30, np.uint64), within=False)
    parts = [made.pairs(part) for part in made.parts()]
    assert len(parts) > 20
    assert max(len(rows) for rows, _ in parts) <= 100
    assert len({pair for part in parts for pair in zip(*part, strict=True)}) == 70 * 30


def test_meeting__keys_whose_hashes_agree_do_not_meet():
    # two keys with equal upper halves of their hash: found by hashing a million
    keys = np.random.default_rng(3).integers(1, 2**64, 300_000, dtype=np.uint64)
    upper = meeting._by_hash(keys) >> np.uint64(32)
    _, first, counts = np.unique(upper, return_index=True, return_counts=True)
    assert (counts > 1).any()
    one = int(first[counts > 1][0])
    other = int(np.flatnonzero(upper == upper[one])[1])
    assert met(keys[[one]], keys[[other]], within=False) == []
    assert met(keys[[one]], keys[[one]], within=False) == [(0, 0)]


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
    lsh = LSH(recall=0.6, each=True)
    job = prepared(*sets, threshold="3/4", measure="dice", filters=None, threads=1)
    chosen = tables_for(job, Fraction("3/4"), lsh, ExactSample.of(job, threads=1), threads=1)
    every, found = (
        {pair[:2] for pair in triples(lk.compare(*sets, threshold="3/4", candidates=how))} for how in (None, lsh)
    )
    assert 0.6 <= chosen.at_threshold < 0.75
    assert len(found & every) / len(every) >= chosen.at_threshold - 0.03


def test_lsh__recall_asked_of_all_pairs_takes_fewer_tables_and_is_kept(two_sets, monkeypatch):
    monkeypatch.setattr(exactsample, "_SHARE", 2)  # as many pairs as a sample of larger sets has
    job = prepared(*two_sets, threshold="7/10", measure="dice", filters=None, threads=1)
    sample = ExactSample.of(job, threads=1)
    of_all, of_each = (
        tables_for(job, Fraction("7/10"), LSH(0.95, each=each), sample, threads=1) for each in (False, True)
    )
    assert of_all.tables < of_each.tables
    assert of_all.expected_recall >= 0.95 <= of_each.at_threshold
    every, found = (lk.compare(*two_sets, threshold="7/10", candidates=how) for how in (None, LSH(0.95)))
    assert len(found) / len(every) > 0.93
    assert every.recall is None
    assert abs(found.recall - len(found) / len(every)) < 0.08


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


def test_lsh__more_candidates_than_allowed_are_refused_before_one_is_scored(two_sets, monkeypatch):
    """Blocks that flood were refused; tables of records that are all alike went on for as long as it took."""
    same = encoded(np.tile(some(1, seed=11) | True, (400, 1)))
    monkeypatch.setattr("linkage.central.compare.similar", None)
    with pytest.raises(
        lk.LimitError, match=r"about 79,\d+ candidates by 1 tables of LSH, allowed are 1,000"
    ) as refused:
        lk.compare(same, threshold=0.9, candidates=LSH(most=1_000))
    assert refused.value.needed > 79_000
    with pytest.raises(lk.LimitError, match="about 79,800 pairs would take"):
        lk.compare(same, threshold=0.9, candidates=LSH(), memory=1_000_000)
    for most in (0, True, "x"):
        with pytest.raises(ValueError, match="LSH: most is a whole number"):
            LSH(most=most)


@pytest.mark.parametrize("recall", [0, 1, 1.5, "x"])
def test_lsh__refuses_a_recall_it_cannot_keep(recall):
    with pytest.raises(ValueError, match="recall"):
        LSH(recall=recall)


def test_lsh__refuses_what_no_tables_can_do():
    bits = some(300, seed=1)
    with pytest.raises(ValueError, match="compare all pairs"):
        lk.compare(encoded(bits), threshold="1/1000", candidates=LSH(each=True))
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
    (price,) = found.by_candidates
    assert price.way == "LSH"
    assert price.recall >= 0.99
    assert price.candidates > 0
    assert f"recommended: {found.recommended}" in str(found)
    slow = dataclasses.replace(found, seconds=2 * price.seconds)
    quick = dataclasses.replace(found, seconds=price.seconds / 2)
    assert (slow.recommended, quick.recommended) == ("LSH", "all pairs")
    assert lk.plan(*two_sets, threshold=0.8).recommended == "all pairs"
