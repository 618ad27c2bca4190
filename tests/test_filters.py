"""Tokens into bits: the same bits as a plain loop sets, at any width, evenly spread, and none for a missing value."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage import Field, Key, Schema
from linkage.agency.filters import KnownFilters, TokenSecrets, field_columns
from linkage.agency.kernels import portable as portable_module
from linkage.agency.kernels.portable import token_positions
from linkage.agency.ordered import record_dtype
from linkage.fieldtypes import FIELD_TYPES
from tests import naive

KEY = Key(bytes.fromhex("a1f3095c7be24d886f10c9d2b4e7365a2b91d05f4c83e61a77fe0d3498bc5216"))
VALUES = {
    "name": ["Ann", "O’Brien-Łukasz", None, "", "  ", "Zoë", "van der Berg", "unknown", "Wu", "李", "x" * 300],
    "date": ["2019-04-03", "03/04/2019", "2019", "04/2019", "00/00/2019", "1900-01-01", None, "soon", "11/11/2011"],
    "postcode": ["SW1A 1AA", "sw1a1aa", "M1 1AE", "ZZ99 3VZ", None, "D02 X285", "SW1A"],
    "category": ["a", "B", "unknown", None, "", "é"],
    "number": ["41", "41.4", "-3", "1,000", None, "nan", "x", "£12"],
    "identifier": ["943 476 5919", "9434765919", "0000000000", None, "AB-12/34"],
    "text": ["1 High Street, Leeds", "no fixed abode", None, "Flat 2", "straße"],
}


@pytest.fixture(autouse=True, params=["portable", ""])
def kernel(request, monkeypatch):
    monkeypatch.setenv("LINKAGE_KERNEL", request.param)


def schema_of(*fields: Field, layout: str = "fields", bits: int = 1024) -> Schema:
    return Schema(project="filters", layout=layout, fields=fields, bits=bits)


def by_loop(records: list[dict], schema: Schema, key: Key) -> dict[str, list[bytes]]:
    def secret_of(name):
        group = schema.field(name).key_group
        return key.derive(project=schema.project, purpose="tokens", key_group=group, length=64)

    return {
        filter.name: [naive.encoded_filter(record, schema, filter, secret_of) for record in records]
        for filter in schema.filters
    }


def fast(records: list[dict], schema: Schema, key: Key, room: int = 1 << 30) -> dict[str, np.ndarray]:
    """In three batches, so that later ones meet texts that are known; their rows are made at the end."""
    known = field_columns(schema, TokenSecrets.derive(key, schema), room=room)
    third, later = max(1, -(-len(records) // 3)), KnownFilters(schema)
    batches = [
        numbered(records[start : start + third], schema, known, later)
        for start in range(0, max(1, len(records)), third)
    ]
    made = later.empty(len(records))
    waiting = np.concatenate(batches)
    later.fill(made, {field.name: np.ascontiguousarray(waiting[f"text {field.name}"]) for field in schema.fields})
    rows = later.rows(waiting)
    assert rows.itemsize == later.row_bytes
    assert np.array_equal(rows["row"], waiting["row"])
    for filter in schema.filters:
        assert np.array_equal(rows[f"filter {filter.name}"], made[f"filter {filter.name}"])
    return {filter.name: made[f"filter {filter.name}"] for filter in schema.filters}


def numbered(records: list[dict], schema: Schema, known, later: KnownFilters) -> np.ndarray:
    coded = {
        field.name: known[field.name].coded(pa.array([record.get(field.name) for record in records], pa.string()))
        for field in schema.fields
    }
    later.add(coded)
    made = np.zeros(len(records), dtype=record_dtype({}, [], list(coded)))
    made["row"] = np.arange(len(records))
    for name, column in coded.items():
        made[f"text {name}"] = column.numbers()
    return made


def assert_same(records: list[dict], schema: Schema, key: Key = KEY) -> None:
    found, expected = fast(records, schema, key), by_loop(records, schema, key)
    assert list(found) == list(expected) == [filter.name for filter in schema.filters]
    for filter in schema.filters:
        rows = found[filter.name]
        assert rows.dtype == np.uint64
        assert rows.shape == (len(records), filter.words)
        assert [row.tobytes() for row in rows] == expected[filter.name]


@pytest.mark.parametrize("tokens", ["first", "second", "last"])
@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_rows__equal_the_plain_loop_for_every_type_and_way_to_tokenise(kind, tokens):
    ways = FIELD_TYPES[kind].tokens
    way = {"first": ways[0], "second": ways[min(1, len(ways) - 1)], "last": ways[-1]}[tokens]
    schema = schema_of(Field(name="f", type=kind, tokens=way))
    assert_same([{"f": value} for value in VALUES[kind]], schema)


@pytest.mark.parametrize("layout", ["fields", "record"])
def test_rows__equal_the_plain_loop_for_all_types_together(layout):
    schema = schema_of(*(Field(name=f"a_{kind}", type=kind) for kind in FIELD_TYPES), layout=layout)
    records = [{f"a_{kind}": VALUES[kind][row % len(VALUES[kind])] for kind in FIELD_TYPES} for row in range(23)]
    assert_same(records, schema)


@pytest.mark.parametrize("bits", [8, 9, 63, 64, 65, 100, 127, 129, 1000, 1023, 2000])
def test_rows__equal_the_plain_loop_at_any_width(bits):
    records = [{"f": value, "g": value} for value in VALUES["name"]]
    assert_same(records, schema_of(Field(name="f", type="name", bits=bits)))
    assert_same(
        records, schema_of(Field(name="f", type="name"), Field(name="g", type="text"), layout="record", bits=bits)
    )


@pytest.mark.parametrize("hashes", [1, 15, 16, 17, 32, 33, 256])
def test_rows__equal_the_plain_loop_for_any_number_of_positions(hashes):
    assert_same([{"f": value} for value in VALUES["name"]], schema_of(Field(name="f", type="name", hashes=hashes)))


def test_rows__are_the_same_however_many_values_are_built_at_once(monkeypatch):
    schema = schema_of(Field(name="f", type="name", bits=200))
    records = [{"f": f"name {number % 57}"} for number in range(200)]
    expected = fast(records, schema, KEY)["f"]
    for rows_at_once in (1, 2, 56, 57, 58):
        monkeypatch.setattr(portable_module, "_BITS_AT_ONCE", 256 * rows_at_once)
        assert np.array_equal(fast(records, schema, KEY)["f"], expected)


@pytest.mark.parametrize("layout", ["fields", "record"])
def test_rows__are_the_same_when_what_is_known_is_forgotten_between_batches(layout):
    schema = schema_of(Field(name="a", type="name"), Field(name="b", type="date"), layout=layout)
    records = [{"a": f"name {row % 57}", "b": f"20{row % 30:02}-01-02"} for row in range(200)]
    expected, found = (fast(records, schema, KEY, room=room) for room in (1 << 30, 1))
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_known_filters__take_nothing_once_forgotten_and_begin_anew():
    schema = schema_of(Field(name="a", type="name"), layout="fields")
    known = field_columns(schema, TokenSecrets.derive(KEY, schema), room=1)
    later, records = KnownFilters(schema), [{"a": f"name {row}"} for row in range(50)]
    expected = fast(records, schema, KEY)["a"]
    for start in (0, 20):
        batches = [numbered(records[at : at + 10], schema, known, later) for at in (start, start + 10)]
        assert later.n_bytes > 0  # room for nothing: what the column knew of the first batch is kept here alone
        assert np.array_equal(later.rows(np.concatenate(batches))["filter a"], expected[start : start + 20])
        later.forget()
        assert later.n_bytes == 0


def test_rows__do_not_take_a_gigabyte_for_the_widest_filter():
    """16,384 distinct values of a 65,536-bit filter were once built at a byte a bit: 1 GiB a thread."""
    import tracemalloc

    schema = Schema(
        project="p", layout="record", bits=65_536, fields=(Field(name="f", type="identifier", tokens="exact"),)
    )
    texts = pa.array([f"id{number}" for number in range(3_000)])
    known = field_columns(schema, TokenSecrets.derive(KEY, schema), room=1 << 30)["f"]
    tracemalloc.start()
    try:
        packed = known.coded(texts).filters
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * packed.nbytes + (40 << 20)


@pytest.mark.parametrize("layout", ["fields", "record"])
def test_rows__are_zero_exactly_where_all_is_missing(layout):
    schema = schema_of(Field(name="a", type="name"), Field(name="b", type="date"), layout=layout)
    records = [
        {"a": None, "b": None}, {"a": "", "b": "00/00/0000"}, {"a": "unknown", "b": "soon"}, {"a": "Ann"}, {"b": "2019"}
    ]  # fmt: skip
    found = {name: rows.any(axis=1).tolist() for name, rows in fast(records, schema, KEY).items()}
    if layout == "record":
        assert found == {"record": [False, False, False, True, True]}
    else:
        assert found == {"a": [False, False, False, True, False], "b": [False, False, False, False, True]}


@pytest.mark.parametrize("layout", ["fields", "record"])
def test_rows__take_a_column_without_any_value_and_a_table_without_rows(layout):
    schema = schema_of(Field(name="a", type="name"), Field(name="b", type="date"), layout=layout)
    assert_same([{}, {}, {}], schema)
    assert all(rows.shape[0] == 0 for rows in fast([], schema, KEY).values())


def test_rows__set_no_bit_beyond_the_width():
    schema = schema_of(Field(name="f", type="name", bits=70, hashes=200))
    rows = fast([{"f": "a long enough name to fill it"}], schema, KEY)["f"]
    bits = np.unpackbits(rows.view(np.uint8), axis=1)[0]
    assert bits[:70].all()
    assert not bits[70:].any()


def test_token_positions__stay_within_the_width_and_reach_both_ends():
    tokens = [f"t{number}" for number in range(2_000)]
    for n_bits in (8, 11, 70, 65_535):
        positions = token_positions(tokens, b"k" * 64, 16, n_bits)
        assert positions.min() >= 0
        assert positions.max() < n_bits
    positions = token_positions(tokens, b"k" * 64, 16, 70)
    assert set(positions.ravel().tolist()) == set(range(70))


def test_token_positions__are_uniform_up_to_the_widest_filter():
    """clkhash takes 16-bit slices modulo the width, so in its wide filters no high bit was ever set."""
    tokens = [str(number) for number in range(41_000)]
    positions = token_positions(tokens, b"k" * 64, 16, 65_536).ravel()  # 656,000 draws
    for n_bins in (2, 64, 1024):
        counts = np.bincount(positions * n_bins // 65_536, minlength=n_bins)
        expected = len(positions) / n_bins
        chi_square = float(((counts - expected) ** 2 / expected).sum())
        assert abs(chi_square - (n_bins - 1)) < 6 * np.sqrt(2 * n_bins)
    assert len(np.unique(positions)) > 65_500  # about 3 of 65,536 positions stay empty


def test_token_positions__of_one_token_do_not_depend_on_each_other():
    positions = token_positions([str(number) for number in range(20_000)], b"k" * 64, 4, 100)
    # double hashing would make the differences equal: h1 - h0 = h2 - h1
    differences = np.diff(positions, axis=1) % 100
    assert abs(float((differences[:, 0] == differences[:, 1]).mean()) - 0.01) < 0.004


def test_rows__share_positions_within_a_key_group_and_not_outside_it():
    schema = schema_of(
        Field(name="given", type="name"),
        Field(name="family", type="name"),
        Field(name="alias", type="name", key_group="alias"),
    )
    rows = fast([{"given": "Lee", "family": "Lee", "alias": "Lee"}], schema, KEY)
    assert np.array_equal(rows["given"], rows["family"])
    assert not np.array_equal(rows["given"], rows["alias"])


def test_rows__differ_by_key_and_by_project():
    schema = schema_of(Field(name="f", type="name"))
    other = Schema(project="another", fields=schema.fields)
    rows = [
        fast([{"f": "Ann"}], schema, KEY),
        fast([{"f": "Ann"}], schema, Key.generate()),
        fast([{"f": "Ann"}], other, KEY),
    ]
    assert len({row["f"].tobytes() for row in rows}) == 3


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.text(max_size=12)), min_size=1, max_size=6),
    st.integers(8, 300),
    st.integers(1, 40),
    st.sampled_from(["fields", "record"]),
)
def test_rows__equal_the_plain_loop_for_any_text(texts, bits, hashes, layout):
    schema = schema_of(
        Field(name="a", type="name", bits=bits, hashes=hashes), Field(name="b", type="text"), layout=layout, bits=bits
    )
    assert_same([{"a": text, "b": text} for text in texts], schema)
