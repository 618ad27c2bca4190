"""Positions of the record layout: a value shares them out among its tokens, whatever their number."""

import dataclasses
import math
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import linkage as lk
from linkage.agreement import parse, to_toml
from linkage.canonical import from_canonical
from linkage.errors import SchemaError
from linkage.fieldtypes import FIELD_TYPES
from linkage.positions import MOST, most_of_a_token, shared_out, votes_of_a_token

KEY = lk.Key(bytes.fromhex("5d1f0a6c93be2748e1c05b7f3a9d8264f0c7e51b2d8a4936607cfeb1d3529a48"))


@given(st.integers(0, 3_000), st.integers(1, 400))
def test_shared_out__gives_all_of_them_and_no_token_much_more_than_another(positions, n_tokens):
    shares = shared_out(positions, n_tokens)
    assert len(shares) == n_tokens
    assert sum(shares) == positions
    assert max(shares) - min(shares) <= 1


@given(st.integers(1, 1 << 20), st.integers(1, 400))
def test_votes_of_a_token__are_four_roots_of_its_share(positions, n_tokens):
    wanted = 4 * math.sqrt(positions / n_tokens)
    assert abs(votes_of_a_token(positions, n_tokens) - max(wanted, 1)) <= 0.5 + 1e-9


def record_of(*fields: lk.Field, **settings) -> lk.Schema:
    return lk.Schema(project="positions", layout="record", fields=fields, **settings)


def bits_set(schema: lk.Schema, values: list[str]) -> list[int]:
    name = schema.fields[0].name
    table = {"id": [str(row) for row in range(len(values))], name: values}
    made = lk.encode(table, schema, KEY, id="id", source="s", progress=False)
    return sorted(made.popcounts["record"].tolist())


def test_encode__of_one_filter_gives_a_long_value_no_more_bits_than_a_short_one():
    schema = record_of(lk.Field(name="address", type="text"), bits=2_048)
    counts = bits_set(schema, ["12 northgate rd", "flat 12 the old maltings 118 upper northgate street"])
    positions = schema.fields[0].positions
    assert positions > 800
    # some are drawn twice
    assert 0.7 * positions < counts[0] <= counts[1] < 1.15 * counts[0]


@pytest.mark.parametrize("kind", FIELD_TYPES)
@pytest.mark.parametrize("bits", [64, 1_024, 65_536])
def test_most_of_a_token__is_at_least_what_a_usual_value_gives_it(kind, bits):
    field = record_of(lk.Field(name="f", type=kind), bits=bits).fields[0]
    assert field.positions > 0
    assert field.hashes == 0
    assert 1 <= most_of_a_token(field) <= MOST
    assert most_of_a_token(field) >= min(MOST, max(shared_out(field.positions, FIELD_TYPES[kind].mean_tokens)))


def test_fields__of_another_agreement_are_decided_by_the_layout_they_come_to():
    """Fields of a preset for single filters kept those filters' hashes in a filter of the whole record."""
    fields, record = (lk.Schema.preset("uk-person", project="positions", layout=way) for way in ("fields", "record"))
    for of in (fields, record):
        assert record_of(*of.fields) == record
        assert lk.Schema(project="positions", fields=of.fields).fingerprint() == fields.fingerprint()
        guarded = lk.Schema.preset("uk-person", project="positions", profile="guarded")
        assert dataclasses.replace(guarded, fields=of.fields) == guarded


def test_fields__keep_what_was_asked_for():
    asked = lk.Field(name="a", type="name", hashes=7), lk.Field(name="b", type="name", positions=99)
    schema = record_of(*asked)
    assert [(field.hashes, field.positions) for field in schema.fields] == [(7, 0), (0, 99)]
    assert record_of(*schema.fields, bits=2_048).fields[1].positions == 99


def test_positions__travel_in_every_form_of_the_agreement():
    schema = record_of(
        lk.Field(name="a", type="name", positions=123), lk.Field(name="b", type="date"), lk.Field(name="c", type="text")
    )
    assert parse(tomllib.loads(to_toml(schema))) == schema
    assert from_canonical(schema.canonical()) == schema
    other = record_of(dataclasses.replace(schema.fields[0], positions=124), *schema.fields[1:])
    assert other.fingerprint() != schema.fingerprint()


def test_positions__are_refused_where_they_have_no_effect():
    with pytest.raises(SchemaError, match="belongs to layout"):
        lk.Schema(project="p", fields=(lk.Field(name="a", type="name", positions=9),))


@pytest.mark.parametrize("value", [-1, 1.5, True, "9", 65_537])
def test_positions__are_a_number(value):
    with pytest.raises(SchemaError, match="positions: must be a whole number"):
        lk.Field(name="a", type="name", positions=value)


def test_positions__and_hashes_are_two_ways_to_say_it():
    with pytest.raises(SchemaError, match="give one of them"):
        record_of(lk.Field(name="a", type="name", positions=9, hashes=3))


def test_weight__is_a_share_of_the_positions():
    schema = record_of(lk.Field(name="a", type="name", weight=3.0), lk.Field(name="b", type="name"))
    assert np.isclose(schema.fields[0].positions / schema.fields[1].positions, 3.0, rtol=0.02)
