"""Hardened rows: the bits of a plain loop over the definitions, the same for any cut, and zero for missing alone."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import linkage as lk
from linkage import Field, Key, Schema
from linkage.agency import harden as harden_module
from linkage.agency.bitplanes import above, total
from linkage.hardening import Hardening
from tests import naive

KEY = Key(bytes.fromhex("a1f3095c7be24d886f10c9d2b4e7365a2b91d05f4c83e61a77fe0d3498bc5216"))
OTHER_KEY = Key(bytes.fromhex("5be0cd19137e2179a54ff53a3c6ef372bb67ae856a09e667510e527f9b05688c"))
FIELDS = (
    Field(name="given_name", type="name"),
    Field(name="surname", type="name"),
    Field(name="dob", type="date"),
    Field(name="sex", type="category"),
    Field(name="postcode", type="postcode"),
)
COLUMNS = ("no", *(field.name for field in FIELDS))
ROWS = [
    ("1", "Ann", "Lee", "2019-04-03", "F", "LS1 4AP"),
    ("2", "ANN", "Ann", "03/04/2019", "female", "LS1 4AP"),
    ("3", None, None, None, None, None),
    ("4", "", " ", "unknown", "", "nil"),
    ("5", "Zoë", "O’Brien-Łukasz", "2019", None, None),
    ("6", None, None, None, "M", None),
    ("7", "Wu", None, None, None, "M1 1AE"),
    ("8", "x" * 200, "van der Berg", "1900-01-01", "M", "SW1A 1AA"),
]
STEPS = [
    {"saul": 1},
    {"saul": 3},
    {"saul": 2, "balance": True, "noise": 0.2},
    {"fold": 1},
    {"fold": 2, "diffuse": 3},
    {"diffuse": 5},
    {"balance": True},
    {"noise": 0.3},
    {"fold": 1, "diffuse": 2, "balance": True, "noise": 0.1},
    {"salt": "dob"},
    {"salt": "given_name", "fold": 1, "noise": 0.05},
]


def schema_of(steps: dict, *, bits: int = 128, fields=FIELDS, project: str = "hardening") -> Schema:
    return Schema(project=project, fields=fields, layout="record", bits=bits, harden=Hardening(**steps))


def table(rows=ROWS, columns=COLUMNS) -> dict:
    return {name: [row[place] for row in rows] for place, name in enumerate(columns)}


def encoded(schema: Schema, rows=ROWS, *, key: Key = KEY, source: str = "nursery", columns=COLUMNS, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        return lk.encode(table(rows, columns), schema, key, id="no", source=source, progress=False, **options)


def by_id(found, rows=ROWS, *, source: str = "nursery", key: Key = KEY) -> dict[str, bytes]:
    """The agency's own id -> the bytes of its row."""
    secret = key.derive(project=found.schema.project, purpose="record ids")
    own = {naive.record_id(secret, source, row[0]): row[0] for row in rows}
    made = found.filters["record"]
    return {own[name]: made[place].tobytes() for place, name in enumerate(found.record_ids.to_pylist())}


def bits_by_id(found, rows=ROWS, **options) -> dict[str, np.ndarray]:
    width = found.schema.filters[0].bits
    return {
        name: np.unpackbits(np.frombuffer(data, np.uint8), count=width).astype(int)
        for name, data in by_id(found, rows, **options).items()
    }


def agreement(left, right) -> float:
    return float(np.mean(left == right))


@pytest.mark.parametrize("bits", [64, 104, 200])
@pytest.mark.parametrize("steps", STEPS, ids=str)
def test_encode__gives_the_bits_of_the_definitions(steps, bits):
    schema = schema_of(steps, bits=bits)
    expected = {
        row[0]: naive.hardened_row(dict(zip(COLUMNS, row, strict=True)), schema, KEY, "nursery", row[0]) for row in ROWS
    }
    assert by_id(encoded(schema)) == expected


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.none() | st.text("abcé 9", max_size=6)] * 2, st.sampled_from([None, "2019-04-03", "1/2/1999"])),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([step for step in STEPS if "given_name" not in step.values()]),
    st.integers(64, 150),
)
def test_encode__gives_the_bits_of_the_definitions_for_any_text(values, steps, bits):
    fields = (FIELDS[0], Field(name="surname", type="text", weight=3.0), FIELDS[2])
    rows = [(str(number), *value) for number, value in enumerate(values)]
    columns = ("no", "given_name", "surname", "dob")
    schema = schema_of(steps, bits=bits - bits % 4, fields=fields)
    expected = {
        row[0]: naive.hardened_row(dict(zip(columns, row, strict=True)), schema, KEY, "nursery", row[0]) for row in rows
    }
    assert by_id(encoded(schema, rows, columns=columns), rows) == expected


@pytest.mark.parametrize("steps", STEPS, ids=str)
def test_encode__leaves_a_record_without_any_value_all_zero_and_no_other(steps):
    found = by_id(encoded(schema_of(steps, bits=64)))
    assert {name for name, data in found.items() if not any(data)} == {"3", "4"}


def test_steps__set_a_bit_where_a_present_record_would_come_out_all_zero():
    schema = schema_of({"fold": 1}, bits=16)
    steps = harden_module.FilterSteps(KEY, schema, schema.filters[0])
    rows = naive.packed([[1] * 16, [0] * 16, [1, 0] * 8])
    made = steps.applied(rows, np.array([True, False, True]), np.zeros((3, 2), dtype=np.uint64))
    assert np.array_equal(made, naive.packed([[1] + [0] * 7, [0] * 8, [1] + [0] * 7]))


@pytest.mark.parametrize("steps", STEPS, ids=str)
def test_encode__gives_the_same_bits_for_any_cut_threads_and_kernel(steps, monkeypatch, tmp_path):
    schema = schema_of(steps, bits=256)
    rows = [(f"{number}", *ROWS[number % len(ROWS)][1:]) for number in range(1_500)]
    digests = {encoded(schema, rows, threads=threads).digest() for threads in (1, 3)}
    monkeypatch.setenv("LINKAGE_KERNEL", "portable")
    monkeypatch.setattr(harden_module, "_BITS_AT_ONCE", 1 << 14)
    digests.add(encoded(schema, rows, threads=2, memory=1 << 22, out=tmp_path / "out.parquet").digest())
    assert len(digests) == 1
    assert lk.EncodedSet.load(tmp_path / "out.parquet").schema == schema


@pytest.mark.parametrize("steps", STEPS, ids=str)
def test_encode__gives_unrelated_bits_under_another_key_or_project(steps):
    schema = schema_of(steps, bits=2048)
    first = bits_by_id(encoded(schema))["1"]
    chance = first.mean() ** 2 + (1 - first.mean()) ** 2
    other_project = schema_of(steps, bits=2048, project="another")
    for found in (
        bits_by_id(encoded(schema, key=OTHER_KEY), key=OTHER_KEY),
        bits_by_id(encoded(other_project)),
    ):
        assert abs(agreement(first, found["1"]) - chance) < 0.07


def test_encode__repeats_the_noise_of_a_record_and_shares_it_with_no_other():
    schema, plain = schema_of({"noise": 0.4}, bits=4096), schema_of({}, bits=4096)
    rows = [(str(number), *ROWS[0][1:]) for number in range(8)]
    more = [*rows[::-2], ("8", *ROWS[4][1:])]
    first, again = by_id(encoded(schema, rows), rows), by_id(encoded(schema, more), more)
    assert {name: first[name] for name in ("7", "5", "3", "1")} == {name: again[name] for name in again if name != "8"}
    clean = bits_by_id(encoded(plain, rows), rows)
    noise = {name: bits ^ clean[name] for name, bits in bits_by_id(encoded(schema, rows), rows).items()}
    elsewhere = bits_by_id(encoded(schema, rows, source="school"), rows, source="school")
    noise["of another agency"] = elsewhere["0"] ^ clean["0"]
    for name, each in noise.items():
        assert abs(each.mean() - 0.2) < 5 * (0.16 / 4096) ** 0.5, name
    masks = [*noise.values()]
    for place, one in enumerate(masks):
        for other in masks[:place]:
            assert abs(np.mean(one & other) - 0.04) < 5 * (0.04 * 0.96 / 4096) ** 0.5


def test_saul__agrees_by_chance_in_half_of_the_bits_and_more_the_more_tokens_are_shared():
    rows = [
        ("1", "Katherine", "Ashworth", "1987-06-05", "F", "LS1 4AP"),
        ("2", "Katharine", "Ashworth", "1987-06-05", "F", "LS1 4AP"),
        ("3", "Katharine", "Ashford", "1987-06-15", "F", "M1 1AE"),
        ("4", "Tom", "Blok", "2001-12-30", "M", "SW9 7QQ"),
    ]
    found = bits_by_id(encoded(schema_of({"saul": 2}, bits=8192), rows), rows)
    near, middle, far = (agreement(found["1"], found[other]) for other in "234")
    assert near > middle + 0.05
    assert middle > far + 0.05
    assert abs(far - 0.5) < 0.06
    assert all(abs(bits.mean() - 0.5) < 5 * 0.5 / 8192**0.5 for bits in found.values())


def test_saul__agrees_as_the_arccosine_law_says():
    # n distinct tokens each, s of them shared: the agreement is (1 + (1 - 2 acos(s / n) / pi) ** f) / 2
    fields = (Field(name="a", type="number", reach=50, step=1.0, hashes=1), Field(name="b", type="category", hashes=1))
    rows = [("1", "1000", None), ("2", "1020", None), ("3", "1050", None)]
    for functions in (1, 3):
        found = bits_by_id(
            encoded(schema_of({"saul": functions}, bits=16384, fields=fields), rows, columns=("no", "a", "b")), rows
        )
        for other, shared in (("2", 81 / 101), ("3", 51 / 101)):
            expected = (1 + (1 - 2 * np.arccos(shared) / np.pi) ** functions) / 2
            assert abs(agreement(found["1"], found[other]) - expected) < 0.025


def test_saul__sees_an_exchanged_name_because_names_share_votes():
    rows = [("1", "Morgan", "Ashworth", None, None, None), ("2", "Ashworth", "Morgan", None, None, None)]
    found = bits_by_id(encoded(schema_of({"saul": 3}, bits=512), rows), rows)
    assert agreement(found["1"], found["2"]) == 1


def test_salt__lets_records_of_one_salt_alone_be_compared():
    rows = [
        ("1", "Ann", "Lee", "2019-04-03", "F", "LS1 4AP"),
        ("2", "Ann", "Lee", "3/4/2019", "F", "LS1 4AP"),
        ("3", "Ann", "Lee", "2019-04-04", "F", "LS1 4AP"),
        ("4", "Ann", "Lee", None, "F", "LS1 4AP"),
        ("5", "ann", "LEE", "unknown", "F", "LS1 4AP"),
    ]
    made = encoded(schema_of({"salt": "dob"}, bits=1024), rows)
    found = by_id(made, rows)
    assert found["1"] == found["2"]
    assert found["4"] == found["5"], "records without salt are salted alike: they can match one another"
    pairs = lk.compare(made, threshold=0.6)
    assert len(pairs) == 2, "and nobody else"


def test_salt__is_not_put_out_by_values_that_another_thread_adds_meanwhile():
    # the number of values known was once asked for again and again while it grew
    import pyarrow as pa

    class Growing(list):
        def __len__(self):
            self.append("another")
            return super().__len__()

    schema = schema_of({"salt": "dob"}, bits=256)
    steps, columns = harden_module.Hardener(KEY, schema), harden_module.columns_for(schema, KEY, room=1 << 20)
    part, made = slice(0, len(ROWS)), []
    for kind in (list, Growing):
        coded = {
            name: columns[name].coded(pa.array([row[place] for row in ROWS], pa.string()))
            for place, name in enumerate(COLUMNS)
            if place
        }
        for each in coded.values():
            each.made.texts = kind(each.made.texts)
        made.append(steps._makers["record"].rows(coded, part)[0])
    assert np.array_equal(*made)


# ---- draws ------------------------------------------------------------------------------------------------------


def test_permutation__favours_no_order():
    from linkage.agency.draws import permutation, words

    drawn = words(bytes(32))
    counts: dict = {}
    for _ in range(24 * 400):
        order = tuple(permutation(drawn, 4).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24
    chi_square = sum((count - 400) ** 2 / 400 for count in counts.values())
    assert chi_square < 58  # 23 degrees of freedom: 1 in 10,000


def test_below__draws_again_what_would_favour_the_low_numbers():
    from linkage.agency.draws import below

    n = 3 << 30  # of 2**32 words a quarter would be low numbers a second time
    assert below(iter([n, n + 5, 7]), n) == 7
    assert below(iter([2**32 - 1, 9]), 7) == 2  # 2**32 is 4 more than a multiple of 7


@pytest.mark.parametrize(("n", "each"), [(8, 4), (64, 2), (200, 10), (1024, 5)])
def test_spread__uses_every_position_equally_often_and_none_twice_in_one_place(n, each):
    from linkage.agency.draws import spread, words

    made = spread(words(bytes(range(32))), n, each)
    assert all(sorted(row) == list(range(n)) for row in made.tolist())
    assert all(len(set(column)) == each for column in made.T.tolist())
    assert made.tolist() == naive.spread(naive.draws(bytes(range(32))), n, each)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**64 - 1)), max_size=12), st.integers(0, 90))
def test_bitplanes__count_as_plain_addition_does(planes, limit):
    given_planes = [(level, np.array([word], dtype=np.uint64)) for level, word in planes]
    digits = total(given_planes)
    most = max(limit, sum(1 << level for level, _ in planes), 1)
    answer = above(given_planes, np.array([limit]), most)
    for bit in (0, 1, 31, 63):
        expected = sum((word >> bit & 1) << level for level, word in planes)
        assert sum((int(digit.ravel()[0]) >> bit & 1) << level for level, digit in enumerate(digits)) == expected
        assert (int(answer.ravel()[0]) >> bit & 1) == (expected > limit)


# ---- known answers ----------------------------------------------------------------------------------------------

VECTORS = Path(__file__).parent / "vectors"


def test_vectors__of_hardened_records_are_what_is_made_today():
    known = json.loads((VECTORS / "hardened_v1.json").read_text())
    import importlib.util

    spec = importlib.util.spec_from_file_location("make_hardened_v1", VECTORS / "make_hardened_v1.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert maker.content() == known
