"""Hardening as part of the agreement: settings without effect are refused, and what means the same is the same."""

import dataclasses

import pyarrow as pa
import pytest

import linkage as lk
from linkage.agreement import load, parse, to_toml
from linkage.canonical import from_canonical
from linkage.disagreement import differences
from linkage.errors import SchemaError
from linkage.field import Field
from linkage.hardening import Hardening
from linkage.positions import votes_of_a_token
from linkage.profile import PROFILES
from linkage.schema import Schema

NAMES = [{"name": "given_name", "type": "name"}, {"name": "dob", "type": "date"}]
FIELDS = tuple(Field(**each) for each in NAMES)


def agreement(**top) -> dict:
    return {"version": 1, "project": "p", "layout": "record", "bits": 1024, "field": NAMES, **top}


@pytest.mark.parametrize(
    ("content", "rule", "says"),
    [
        ({"harden": {"sual": 4}}, "sual", "did you mean 'saul'"),
        ({"harden": {}}, "harden", "without a step it has no effect"),
        ({"harden": [{"saul": 4}]}, "harden", "written as \\[harden\\]"),
        ({"harden": 4}, "harden", "written as \\[harden\\]"),
        ({"harden": {"fold": 0}}, "fold", "no effect"),
        ({"harden": {"balance": False}}, "balance", "no effect"),
        ({"harden": {"noise": 0.0}}, "noise", "no effect"),
        ({"harden": {"noise": 1e-9}}, "noise", "at least 0.001"),
        ({"harden": {"noise": 0.95}}, "noise", "0.001 to 0.9"),
        ({"harden": {"noise": float("nan")}}, "noise", "0.001 to 0.9"),
        ({"harden": {"noise": True}}, "noise", "0.001 to 0.9"),
        ({"harden": {"saul": 9}}, "saul", "from 1 to 8"),
        ({"harden": {"saul": True}}, "saul", "from 1 to 8"),
        ({"harden": {"saul": 2.0}}, "saul", "from 1 to 8"),
        ({"harden": {"diffuse": 1}}, "diffuse", "from 2 to 64"),
        ({"harden": {"balance": 1}}, "balance", "true or false"),
        ({"harden": {"salt": 3}}, "salt", "name of a field"),
        ({"harden": {"salt": "surname"}}, "salt", "'surname' is not a field of this agreement"),
        ({"harden": {"salt": "dob"}, "field": NAMES[1:]}, "salt", "only field"),
        ({"harden": {"saul": 2, "salt": "dob"}}, "salt", "not together with saul"),
        ({"harden": {"saul": 2, "fold": 1}}, "fold", "no place after saul"),
        ({"harden": {"saul": 2, "diffuse": 3}}, "diffuse", "no place after saul"),
        ({"harden": {"fold": 2}, "bits": 1022}, "fold", "multiple of 4"),
        ({"harden": {"fold": 2}, "bits": 16}, "fold", "can't be halved"),
        ({"harden": {"diffuse": 5}, "bits": 8}, "diffuse", "at most half"),
        ({"harden": {"saul": 1}, "bits": 63}, "saul", "too few"),
        ({"harden": {"balance": True}, "bits": 65_536}, "balance", "more than 65,536"),
        ({"profile": "hardned"}, "layout", "the profile decides it"),
    ],
    ids=str,
)
def test_parse__names_the_step_that_is_wrong(content, rule, says):
    with pytest.raises(SchemaError, match=says) as caught:
        parse(agreement(**content))
    assert caught.value.rule == rule


def test_parse__refuses_hardening_of_the_fields_layout():
    with pytest.raises(SchemaError, match='hardening belongs to layout = "record"'):
        parse({"version": 1, "project": "p", "field": NAMES, "harden": {"noise": 0.1}})


def test_parse__names_the_nearest_profile():
    with pytest.raises(SchemaError, match="did you mean 'hardened'"):
        parse({"version": 1, "project": "p", "field": NAMES, "profile": "hardned"})


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_profile__is_a_name_for_its_settings(profile, tmp_path):
    schema = parse({"version": 1, "project": "p", "field": NAMES, "profile": profile.name})
    assert schema == Schema(project="p", fields=FIELDS, layout=profile.layout, bits=profile.bits, harden=profile.harden)
    assert schema.profile == profile.name
    assert profile.name in schema._repr_html_()
    schema.save(tmp_path / "agreement.toml")
    assert load(tmp_path / "agreement.toml") == schema == from_canonical(schema.canonical())


def test_profile__is_empty_for_settings_of_ones_own():
    assert Schema(project="p", fields=FIELDS, layout="record").profile == ""
    assert Schema(project="p", fields=FIELDS, layout="record", bits=64, harden=Hardening(saul=5)).profile == ""


def test_preset__takes_a_profile():
    assert Schema.preset("uk-person", profile="hardened").filters[0].bits == 5120
    assert Schema.preset("uk-person", profile="linkable") == Schema.preset("uk-person")
    with pytest.raises(SchemaError, match="profile 'guarded' has layout = \"record\""):
        Schema.preset("uk-person", profile="guarded", layout="fields")


def test_profiles__is_a_table_that_says_what_each_does_not():
    found = lk.profiles()
    table = found.to_arrow()
    assert len(found) == table.num_rows == pa.table(found).num_rows == 3
    assert str(found).count("not against: ") == found._repr_html_().count("<tr>") - 1 == 3
    assert table["profile"].to_pylist() == ["linkable", "guarded", "hardened"]
    assert table["similarity"].to_pylist() == ["model", "hamming", "hamming"]
    assert all(table[name].null_count == 0 for name in table.column_names if name != "bits")


def test_canonical__of_a_plain_agreement_has_no_word_of_hardening():
    for layout in ("fields", "record"):
        text = Schema(project="p", fields=FIELDS, layout=layout).canonical()
        assert "harden" not in text
        assert "similarity" not in text


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ({}, {"saul": 4}, "harden, saul: not there and 4"),
        ({"saul": 4}, {"saul": 5}, "harden, saul: 4 and 5"),
        ({"noise": 0.1}, {"fold": 1}, "harden, noise: 0.1"),
        ({"salt": "dob"}, {"salt": "given_name"}, "harden, salt: dob and given_name"),
    ],
)
def test_differences__name_the_step(one, other, says):
    left, right = (
        Schema(project="p", fields=FIELDS, layout="record", harden=Hardening(**steps)) for steps in (one, other)
    )
    assert left.fingerprint() != right.fingerprint()
    assert says in " ".join(differences(left, right))


def test_differences__name_the_width_before_it_is_balanced():
    one = Schema(project="p", fields=FIELDS, layout="record", bits=1024, harden=Hardening(saul=2))
    other = dataclasses.replace(one, bits=2048, harden=Hardening(saul=2, balance=True))
    assert one.filters[0].bits == 1024
    assert {"bits: 1024 and 2048", "harden, balance: not there and True"} <= set(differences(one, other))


def test_noise__is_rounded_to_what_is_drawn_so_that_equal_bits_have_equal_fingerprints():
    one, other = Hardening(noise=0.1), Hardening(noise=0.1 + 1e-7)
    assert one == other
    assert one.noise == 3277 / 32768
    assert to_toml(Schema(project="p", fields=FIELDS, layout="record", harden=one)).count("noise = 0.100006103515625")


def test_votes__of_a_value_are_shared_out_and_follow_weights_by_their_root():
    def positions(**weights):
        fields = [{**each, **({"weight": weights[each["name"]]} if each["name"] in weights else {})} for each in NAMES]
        return [field.positions for field in parse(agreement(field=fields, harden={"saul": 2})).fields]

    even, dob = positions(), positions(dob=4.0)
    assert dob[1] / dob[0] == pytest.approx(4 * even[1] / even[0], rel=0.02)
    # four times the weight is twice the votes
    assert votes_of_a_token(4 * even[0], 7) == pytest.approx(2 * votes_of_a_token(even[0], 7), abs=1)
    for n_tokens in (1, 3, 8, 30):
        whole = n_tokens * votes_of_a_token(even[0], n_tokens) ** 2
        assert whole == pytest.approx(16 * even[0], rel=0.15)


@pytest.mark.parametrize("bits", [64, 8_192])
def test_votes__do_not_follow_the_width(bits):
    one, other = (
        Schema(project="p", fields=FIELDS, layout="record", bits=each, harden=Hardening(saul=2))
        for each in (1_024, bits)
    )
    assert [field.positions for field in one.fields] == [field.positions for field in other.fields]


def test_canonical__that_was_tampered_with_is_refused():
    text = Schema(project="p", fields=FIELDS, layout="record", harden=Hardening(fold=1)).canonical()
    for old, new in (
        ('"fold":1', '"fold":2'),
        ('"fold":1', '"fold":1,"saul":0'),
        ('"similarity":"hamming"', '"similarity":"dice"'),
    ):
        assert old in text
        with pytest.raises(SchemaError):
            from_canonical(text.replace(old, new))


def test_schema__of_clkhash_takes_no_hardening():
    with pytest.raises(SchemaError, match="hardening of ours"):
        Schema(project="p", fields=(), layout="record", encoder="clkhash", harden=Hardening(fold=1))
