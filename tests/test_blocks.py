"""Keyed blocks: what a rule makes of a record, how the keys travel, and what an agreement with them refuses."""

import dataclasses
import hashlib
import hmac
import warnings

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import linkage as lk
from linkage.agency.blocks import soundex
from linkage.agency.key import length_prefixed
from linkage.agreement import parse, to_toml
from linkage.block import FORMS, Block, standard_blocks
from linkage.oneagreement import in_one_agreement

KEY = lk.Key(bytes.fromhex("5d1f0a6c93be2748e1c05b7f3a9d8264f0c7e51b2d8a4936607cfeb1d3529a48"))
FIELDS = (
    lk.Field(name="given", type="name"),
    lk.Field(name="surname", type="name"),
    lk.Field(name="dob", type="date"),
    lk.Field(name="postcode", type="postcode"),
    lk.Field(name="address", type="text"),
)
TABLE = {
    "id": ["1", "2", "3", "4"],
    "given": ["Anne-Marie", "ANNE", "", "Łukasz"],
    "surname": ["Smith", "Smyth", "Jones", "Ó Briain"],
    "dob": ["2019-04-03", "03/04/2019", "2019", "04/03/2019"],
    "postcode": ["LS6 3AB", "ls63ad", "D02 X285", ""],
    "address": ["12 High Street", "12, High St.", "", "3 The Row"],
}


def schema(*keys, fields=FIELDS, **other) -> lk.Schema:
    rules = tuple(Block(name=f"rule{place}", keys=key) for place, key in enumerate(keys))
    return lk.Schema(project="blocks", fields=fields, blocks=rules, **other)


def encoded(agreed, table=TABLE, key=KEY, **options) -> lk.EncodedSet:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        return lk.encode(table, agreed, key, id="id", source="nursery", progress=False, **options)


def keys_by_id(records: lk.EncodedSet, rule: str, table=TABLE) -> list[int]:
    """Keys in the order of the table."""
    import pyarrow as pa

    from linkage.agency.rejoin import hashed_ids

    ids = hashed_ids(pa.chunked_array([table["id"]]), KEY, project="blocks", source="nursery", column="id").to_pylist()
    place = {name: row for row, name in enumerate(records.record_ids.to_pylist())}
    return [int(records.blocks[rule][place[name]]) for name in ids]


def key_of(agreed, rule: int, *forms: str) -> int:
    """The definition, spelled out: HMAC-SHA256 of the rule and of the forms with a separator between them."""
    block = agreed.blocks[rule]
    text = "\x1f".join(forms).encode()
    secret = KEY.derive(project="blocks", purpose="blocks")
    message = length_prefixed("block", block.name, *block.keys) + len(text).to_bytes(8, "big") + text
    return int.from_bytes(hmac.digest(secret, message, hashlib.sha256)[:8], "big")


@pytest.mark.parametrize(
    ("keys", "forms"),
    [
        (("surname:sound", "dob:year"), [("s530", "2019"), ("s530", "2019"), ("j520", "2019"), ("o165", "2019")]),
        (("given:initial",), [("a",), ("a",), None, ("l",)]),
        (("given:start",), [("ann",), ("ann",), None, ("luk",)]),
        (("given",), [("anne marie",), ("anne",), None, ("lukasz",)]),
        (("dob",), [("2019-04-03",), ("2019-04-03",), None, ("2019-03-04",)]),
        (("dob:month",), [("2019-04",), ("2019-04",), None, ("2019-03",)]),
        (("dob:day_month",), [("03-04",), ("03-04",), None, ("03-04",)]),
        (("postcode:sector",), [("LS63",), ("LS63",), None, None]),
        (("postcode:district", "given:initial"), [("LS6", "a"), ("LS6", "a"), None, None]),
        (("postcode:area",), [("LS",), ("LS",), None, None]),
        (("postcode",), [("LS63AB",), ("LS63AD",), ("D02X285",), None]),
        (("address:start",), [("12highst",), ("12highst",), None, ("3therow",)]),
    ],
)
def test_block_keys__are_the_mac_of_the_forms_that_the_rule_names(keys, forms):
    agreed = schema(keys)
    expected = [0 if each is None else key_of(agreed, 0, *each) for each in forms]
    assert keys_by_id(encoded(agreed), "rule0") == expected


def test_every_form_has_a_meaning_for_a_value_of_its_type():
    values = {"name": "Ann", "date": "2019-04-03", "postcode": "LS6 3AB", "text": "a b", "category": "x",
              "number": "4", "identifier": "A1"}  # fmt: skip
    for kind, forms in FORMS.items():
        for form in forms:
            field = lk.Field(name="it", type=kind)
            agreed = schema((f"it:{form}",), fields=(field,))
            made = encoded(agreed, {"id": ["1"], "it": [values[kind]]})
            assert made.blocks["rule0"][0], (kind, form)


def test_two_rules_of_the_same_keys_share_none_and_neither_do_projects_or_keys():
    agreed = schema(("dob",), ("dob",))
    made = encoded(agreed)
    first, second = made.blocks["rule0"], made.blocks["rule1"]
    assert not np.any((first == second) & (first != 0))
    elsewhere = encoded(dataclasses.replace(agreed, project="another"))
    rotated = encoded(agreed, key=lk.Key.generate())
    for other in (elsewhere, rotated):
        assert not set(first[first != 0].tolist()) & set(other.blocks["rule0"].tolist())


@pytest.mark.parametrize(
    ("word", "code"),
    [  # examples of the National Archives: https://www.archives.gov/research/census/soundex
        ("washington", "w252"), ("lee", "l000"), ("gutierrez", "g362"), ("pfister", "p236"), ("jackson", "j250"),
        ("tymczak", "t522"), ("vandeusen", "v532"), ("ashcraft", "a261"), ("ó", ""), ("", ""),
    ],
)  # fmt: skip
def test_soundex__codes_as_the_national_archives_do(word, code):
    assert soundex(word) == code


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
def test_soundex__is_a_letter_and_three_digits(word):
    code = soundex(word)
    assert code[0] == word[0]
    assert len(code) == 4
    assert code[1:].isdigit()


def test_blocks__are_the_same_from_a_file_however_it_was_written(tmp_path):
    population = lk.study.invent(400, seed=3)
    agreed = lk.Schema.preset("uk-person", project="blocks", blocks=True)
    columns = {field.name: population.columns["registry"][field.name] for field in agreed.fields}
    options = {"id": population.ids["registry"], "source": "registry", "columns": columns, "progress": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        plain = lk.encode(population["registry"], agreed, KEY, threads=1, **options)
        lk.encode(population["registry"], agreed, KEY, threads=3, memory=1, out=tmp_path / "spilled.parquet", **options)
    plain.save(tmp_path / "saved.parquet")
    for name in ("spilled", "saved"):
        again = lk.EncodedSet.load(tmp_path / f"{name}.parquet")
        assert again.digest() == plain.digest()
        assert list(again.blocks) == [block.name for block in agreed.blocks]
        for rule, keys in again.blocks.items():
            assert np.array_equal(keys, plain.blocks[rule])
            assert not keys.flags.writeable
    hardened = dataclasses.replace(
        lk.Schema.preset("uk-person", project="blocks", profile="guarded", blocks=True), project="blocks"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        other = lk.encode(population["registry"], hardened, KEY, **options)
    assert all(np.array_equal(other.blocks[rule], keys) for rule, keys in plain.blocks.items())


def test_blocks__changed_in_a_file_are_noticed(tmp_path):
    made = encoded(schema(("dob",)))
    made.save(tmp_path / "a.parquet")
    file = pq.ParquetFile(tmp_path / "a.parquet")
    table = file.read()
    mixed = table.set_column(
        table.column_names.index("rule0"), table.schema.field("rule0"), table["rule0"].take(list(range(3, -1, -1)))
    )
    pq.write_table(mixed, tmp_path / "b.parquet", use_dictionary=False, write_statistics=False)
    with pytest.raises(lk.FileFormatError):
        len(lk.EncodedSet.load(tmp_path / "b.parquet").blocks)


def test_encode__says_how_many_records_are_in_no_block():
    table = {"id": ["1", "2", "3"], "given": ["Ann", "", "Bo"], "dob": ["2019-04-03", "", ""]}
    agreed = schema(("given:initial",), ("dob",), fields=(FIELDS[0], FIELDS[2]))
    with pytest.warns(lk.LinkageWarning, match=r"1 of 3 records are in no block by any rule"):
        lk.encode(table, agreed, KEY, id="id", source="nursery", progress=False)


def test_agreement__with_blocks_is_the_same_after_writing_and_reading():
    agreed = schema(("surname:sound", "dob:year"), ("postcode",))
    import tomllib

    assert parse(tomllib.loads(to_toml(agreed))) == agreed
    assert "[[block]]" in str(agreed)
    without = dataclasses.replace(agreed, blocks=())
    assert agreed.fingerprint() != without.fingerprint()
    assert '"blocks":' not in without.canonical()


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"name": "a", "keys": ["surnam"]}, "did you mean 'surname'"),
        ({"name": "a", "keys": ["surname:sounds"]}, "did you mean 'sound'"),
        ({"name": "a", "keys": ["dob:initial"]}, "not a form of field 'dob'"),
        ({"name": "a", "keys": []}, "one to 8"),
        ({"name": "a", "keys": ["dob", "dob"]}, "each once"),
        ({"name": "a", "keys": "dob"}, "a list of fields"),
        ({"name": "dob", "keys": ["dob"]}, "used twice"),
        ({"name": "A b", "keys": ["dob"]}, "lower-case"),
        ({"name": "a"}, "missing"),
        ({"keys": ["dob"]}, "missing"),
        ({"name": "a", "keys": ["dob"], "size": 3}, "not a setting"),
    ],
)
def test_agreement__refuses_a_block_that_means_nothing(block, message):
    fields = [{"name": "surname", "type": "name"}, {"name": "dob", "type": "date"}]
    with pytest.raises(lk.SchemaError, match=message):
        parse({"version": 1, "project": "p", "field": fields, "block": [block]})


def test_agreement__has_sixteen_blocks_at_most():
    with pytest.raises(lk.SchemaError, match="at most 16"):
        schema(*[("dob",)] * 17)


def test_sets_whose_rules_differ_can_not_be_compared_and_the_message_says_which():
    left, right = encoded(schema(("dob",))), encoded(schema(("dob:year",)))
    with pytest.raises(lk.MismatchError, match=r"block 'rule0': of dob and dob:year"):
        lk.fit(left, right)


def test_a_set_without_a_rule_takes_part_in_an_agreement_that_has_one_more():
    fewer, more = encoded(schema(("dob",))), encoded(schema(("dob",), ("surname",)))
    one, other = in_one_agreement(fewer, more)
    assert one.schema == other.schema == more.schema
    assert not one.blocks["rule1"].any()
    assert np.array_equal(one.blocks["rule0"], fewer.blocks["rule0"])


def test_standard_blocks__are_those_for_which_there_are_fields():
    names = [block.name for block in standard_blocks(FIELDS)]
    assert names == [
        "born_initial", "sound_month", "sounds_year", "sounds_day", "same_names", "postcode_initial", "sector_day",
        "address_initial",
    ]  # fmt: skip
    assert standard_blocks(FIELDS[:1]) == ()
    assert [block.name for block in standard_blocks([lk.Field(name="nhs_number", type="identifier")])] == [
        "by_nhs_number"
    ]


def test_audit__judges_small_blocks_and_notices_keys_of_another_table():
    population = lk.study.invent(600, seed=5)
    agreed = lk.Schema.preset("uk-person", project="blocks", profile="guarded", blocks=True)
    columns = {field.name: population.columns["registry"][field.name] for field in agreed.fields}
    at = {"id": population.ids["registry"], "columns": columns}
    table = population["registry"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)
        made = lk.encode(table, agreed, KEY, source="registry", progress=False, **at)
    sound = lk.audit(made, schema=agreed, key=KEY, table=table, **at)
    assert sound["keyed blocks"].level == "fail"
    assert sound["keyed blocks"].value > 0.5
    assert sound["made by the key"].value == 0
    blocks = dict(made.blocks) | {"born_initial": np.roll(made.blocks["born_initial"], 1)}
    other = lk.EncodedSet.from_arrays(
        made.record_ids.to_pylist(), dict(made.filters), schema=agreed, source="registry", blocks=blocks,
        key_check=made.key_check,
    )  # fmt: skip
    assert lk.audit(other, schema=agreed, key=KEY, table=table, **at)["made by the key"].value > 0.5


def test_from_arrays__refuses_blocks_of_another_shape():
    agreed = schema(("dob",))
    made = encoded(agreed)
    for blocks in (None, {"rule0": np.zeros(3, np.uint64)}, {"rule0": np.zeros(4, np.int64)}):
        with pytest.raises(ValueError, match="block 'rule0' must be"):
            lk.EncodedSet.from_arrays(
                made.record_ids.to_pylist(), dict(made.filters), schema=agreed, source="x", blocks=blocks
            )


def test_without_and_arrow__carry_the_blocks_along():
    made = encoded(schema(("dob",)))
    gone = made.record_ids.to_pylist()[1]
    left = made.without([gone])
    assert left.blocks["rule0"].tolist() == np.delete(made.blocks["rule0"], 1).tolist()
    octets = made.to_arrow()["rule0"].to_pylist()
    assert [int.from_bytes(each, "big") for each in octets] == made.blocks["rule0"].tolist()
