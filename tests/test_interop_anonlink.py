"""anonlink 0.15.3 on our CLKs and on clkhash's finds the same; we find that and what its float bound loses.

Needs anonlink, which has wheels for CPython 3.11 and older only; `benchmarks/clkhash_speed.py --anonlink` does the same
in the environment of the benchmarks.
"""

import io
import warnings
from fractions import Fraction

import pytest
from bitarray import bitarray
from clkhash.clk import generate_clks
from clkhash.schema import from_json_dict

import linkage as lk
from linkage import interop, study

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports pkg_resources, which warns
    anonlink = pytest.importorskip("anonlink", reason="anonlink is not installed")

FIELDS = ("forename", "surname", "date_of_birth", "sex", "postcode")
SCHEMA = {
    "version": 3,
    "clkConfig": {"l": 1024, "kdf": {"type": "HKDF"}},
    "features": [
        {"identifier": name, "format": {"type": "string"},
         "hashing": {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerFeature": 120}}}
        for name in FIELDS
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def sides():
    """Two agencies' rows, their dates and sexes written alike."""
    people = study.invent(600, seed=4)
    columns = {"registry": FIELDS, "childrens_centre": ("given", "family_name", "dob", "gender", "postcode")}
    made = []
    for agency, names in columns.items():
        given, surname, born, sex, postcode = (people[agency][name].cast("string").to_pylist() for name in names)
        born = ["-".join(reversed((text or "").split("/"))) for text in born]
        sex = [(text or "")[:1] for text in sex]
        rows = zip(given, surname, born, sex, postcode, strict=True)
        made.append([[text or "" for text in row] for row in rows])
    return made


def theirs(clks, threshold):
    similarity, _, (left, right) = anonlink.candidate_generation.find_candidate_pairs(
        clks, anonlink.similarities.dice_coefficient, threshold
    )
    return dict(zip(zip(left, right, strict=True), similarity, strict=True))


def test_anonlink__finds_the_same_in_our_clks_and_in_clkhashs(sides):
    agreed, there = lk.Schema.from_clkhash(SCHEMA), from_json_dict(SCHEMA)
    ours = [interop.encode_clkhash(rows, agreed, b"s", source=str(at)) for at, rows in enumerate(sides)]
    as_bits = [interop.to_bitarrays(made) for made in ours]
    clks = [generate_clks(rows, there, b"s", max_workers=1) for rows in sides]
    assert as_bits == clks
    for threshold in (0.6, 0.7, 0.75, 0.8, 0.9):
        expected = theirs(clks, threshold)
        assert theirs(as_bits, threshold) == expected
        pairs = lk.compare(*ours, threshold=threshold)
        found = dict(zip(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), pairs.similarity, strict=True))
        assert expected and expected.items() <= found.items()
        for left, right in found.keys() - expected.keys():  # exactly on the threshold, and lost to rounding
            one, other = clks[0][left], clks[1][right]
            assert Fraction(2 * (one & other).count(), one.count() + other.count()) == Fraction(str(threshold))


def test_anonlink__loses_a_pair_that_we_keep():
    small, large = (bitarray([place < count for place in range(1024)]) for count in (60, 100))
    assert not theirs([[small], [large]], 0.75)
    assert theirs([[large], [small]], 0.75)
    sets = [interop.from_bitarrays([clk], source=name) for name, clk in (("a", small), ("b", large))]
    assert len(lk.compare(*sets, threshold=0.75)) == 1


def test_anonlink__reads_what_we_write_and_writes_what_we_read(sides, tmp_path):
    agreed = lk.Schema.from_clkhash(SCHEMA)
    ours = [interop.encode_clkhash(rows, agreed, b"s", source=str(at)) for at, rows in enumerate(sides)]
    pairs = lk.compare(*ours, threshold=0.7)
    interop.write_candidate_pairs(pairs, tmp_path / "ours")
    with (tmp_path / "ours").open("rb") as handle:
        loaded = anonlink.serialization.load_candidate_pairs(handle)
    assert set(zip(*loaded[2], strict=True)) == set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    groups = [sorted(group) for group in anonlink.solving.greedy_solve(loaded)]
    interop.write_groups(groups, tmp_path / "groups.json")
    assert interop.read_groups(tmp_path / "groups.json") == sorted(groups)
    again = io.BytesIO()
    anonlink.serialization.dump_candidate_pairs(loaded, again)
    (tmp_path / "theirs").write_bytes(again.getvalue())
    read = interop.read_candidate_pairs(tmp_path / "theirs", *ours)
    assert read.left.tolist() == pairs.left.tolist() and read.similarity.tolist() == pairs.similarity.tolist()
