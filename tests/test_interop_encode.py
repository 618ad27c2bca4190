"""encode_clkhash: known answers, any table, and what is said when something is wrong."""

import base64
import hashlib
import json
import logging
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import csv

import linkage as lk
from linkage import interop
from linkage.interop import clkschema, encode, filters

VECTORS = json.loads((Path(__file__).parent / "vectors" / "clkhash_0_18_3.json").read_text(encoding="utf-8"))
QUIET = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")


def feature(name, comparison=None, form=None, **hashing):
    settings = {"comparison": comparison or {"type": "ngram", "n": 2}, "strategy": {"bitsPerToken": 8}, **hashing}
    return {"identifier": name, "format": form or {"type": "string"}, "hashing": settings}


def schema(*features, bits=256, **config):
    content = {"version": 3, "clkConfig": {"l": bits, "kdf": {"type": "HKDF"}, **config}, "features": list(features)}
    return lk.Schema.from_clkhash(content)


def texts(encoded):
    wide = np.ascontiguousarray(encoded.filters["record"]).view(np.uint8)[:, : -(-encoded.schema.bits // 8)]
    return [base64.b64encode(row.tobytes()).decode() for row in wide]


@QUIET
@pytest.mark.parametrize("case", VECTORS["schemas"], ids=[case["name"] for case in VECTORS["schemas"]])
def test_encode_clkhash__known_answers(case):
    agreed = lk.Schema.from_clkhash(case["schema"])
    assert texts(interop.encode_clkhash(VECTORS["rows"], agreed, VECTORS["secret"])) == case["clks"]


def test_known_answers__are_those_that_were_written():
    # they are what clkhash once made; nobody edits them
    digest = hashlib.sha256(json.dumps(VECTORS, sort_keys=True).encode()).hexdigest()
    assert digest == "a3de09ee9d8ddb890558b2d293cc1d3a741a25293124370fb35674e0c8099655"


def test_feature_keys__known_answers():
    kdf = {"type": "HKDF", "hash": "SHA512", "salt": "bGlua2FnZSBzYWx0IQ==", "info": "bGlua2FnZSBpbmZv", "keySize": 48}
    agreed = clkschema.clkhash_schema(schema(feature("a"), feature("b"), kdf=kdf))
    made = filters.feature_keys(agreed, VECTORS["secret"].encode())
    assert [[key.hex() for key in pair] for pair in made] == VECTORS["keys"]


def test_encode_clkhash__ignored_features_take_their_keys_but_need_no_column():
    ignored = {"identifier": "row", "ignored": True}
    with_row, without = schema(ignored, feature("name")), schema(feature("name"))
    rows = interop.encode_clkhash([["7", "Ann"]], with_row, b"s")
    assert texts(interop.encode_clkhash({"name": ["Ann"]}, with_row, b"s")) == texts(rows)
    assert texts(interop.encode_clkhash({"name": ["Ann"]}, without, b"s")) != texts(rows)


TABLE = {"given": ["Ann", "", "Zoë"], "age": ["7", "08", "9"]}
AGREED = schema(
    feature("given"), feature("age", {"type": "numeric", "thresholdDistance": 2, "resolution": 2}, {"type": "integer"})
)


@pytest.mark.parametrize("kind", ["rows", "tuples", "dicts", "arrow", "pandas", "polars", "duckdb", "csv", "parquet"])
def test_encode_clkhash__any_table_gives_the_same(kind, tmp_path):
    table = pa.table(TABLE)
    rows = [list(row) for row in zip(*TABLE.values(), strict=True)]
    csv.write_csv(table, tmp_path / "t.csv")
    pd.DataFrame(TABLE).to_parquet(tmp_path / "t.parquet")
    with duckdb.connect() as connection:
        given = {
            "rows": rows,
            "tuples": tuple(map(tuple, rows)),
            "dicts": table.to_pylist(),
            "arrow": table,
            "pandas": pd.DataFrame(TABLE)[["age", "given"]],
            "polars": pl.DataFrame(TABLE),
            "duckdb": connection.from_arrow(table),
            "csv": tmp_path / "t.csv",
            "parquet": str(tmp_path / "t.parquet"),
        }[kind]
        assert texts(interop.encode_clkhash(given, AGREED, b"s")) == texts(interop.encode_clkhash(TABLE, AGREED, b"s"))


def test_encode_clkhash__a_missing_value_is_the_empty_text():
    missing = {"given": ["Ann", None, "Zoë"], "age": [7, 8, 9]}
    assert texts(interop.encode_clkhash(missing, AGREED, b"s")) == texts(interop.encode_clkhash(TABLE, AGREED, b"s"))


def test_encode_clkhash__a_column_can_have_another_name_or_not_be_held():
    plain = interop.encode_clkhash({"given": ["Ann"], "age": ["7"]}, AGREED, b"s")
    renamed = interop.encode_clkhash({"forename": ["Ann"], "age": ["7"]}, AGREED, b"s", columns={"given": "forename"})
    assert texts(plain) == texts(renamed)
    unheld = interop.encode_clkhash({"age": ["7"]}, AGREED, b"s", columns={"given": None})
    assert texts(unheld) == texts(interop.encode_clkhash({"given": [""], "age": ["7"]}, AGREED, b"s"))


def test_encode_clkhash__features_of_one_name_read_one_column():
    twice = schema(feature("name"), feature("name", {"type": "exact"}))
    assert texts(interop.encode_clkhash({"name": ["Ann"]}, twice, b"s")) == texts(
        interop.encode_clkhash([["Ann", "Ann"]], twice, b"s")
    )


def test_encode_clkhash__keeps_the_order_and_numbers_the_rows():
    made = interop.encode_clkhash([["b"], ["a"], ["b"]], schema(feature("name")), b"s", source="alice")
    assert [int(row) for row in made.record_ids.to_pylist()] == [0, 1, 2]
    one, two, three = texts(made)
    assert one == three != two
    assert (made.source, made.key_check, made.schema.layout) == ("alice", "", "record")


def test_encode_clkhash__writes_to_a_file_what_it_would_hold(monkeypatch, tmp_path):
    # parts of 64 rows, so that ids and order run on from part to part
    monkeypatch.setattr(encode, "_BYTES_AT_ONCE", 1)
    agreed = schema(feature("name"), feature("born", form={"type": "date", "format": "%Y-%m-%d"}))
    rows = {
        "name": [f"Name{row % 17}" for row in range(300)],
        "born": [f"20{row % 100:02}-01-02" for row in range(300)],
    }
    held = interop.encode_clkhash(rows, agreed, b"s", source="a")
    made = interop.encode_clkhash(rows, agreed, b"s", source="a", out=tmp_path / "a.parquet")
    loaded = lk.EncodedSet.load(tmp_path / "a.parquet")
    assert made.digest() == loaded.digest() == held.digest()
    assert loaded.record_ids.equals(held.record_ids) and np.array_equal(
        loaded.filters["record"], held.filters["record"]
    )
    assert (loaded.source, loaded.key_check) == ("a", "") and loaded.schema == agreed


def test_encode_clkhash__leaves_no_half_written_file(monkeypatch, tmp_path):
    monkeypatch.setattr(encode, "_BYTES_AT_ONCE", 1)
    (tmp_path / "t.csv").write_text("born\n" + "2001-01-02\n" * 200 + "soon\n")
    agreed = schema(feature("born", form={"type": "date", "format": "%Y-%m-%d"}))
    with pytest.raises(lk.RecordError, match="row 201"):
        interop.encode_clkhash(tmp_path / "t.csv", agreed, b"s", out=tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="the table itself"):
        interop.encode_clkhash(tmp_path / "t.csv", agreed, b"s", out=tmp_path / "t.csv")
    with pytest.raises(FileNotFoundError, match="folder"):
        interop.encode_clkhash(tmp_path / "t.csv", agreed, b"s", out=tmp_path / "none" / "a.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_encode_clkhash__warns_of_a_secret_that_is_text():
    with pytest.warns(lk.LinkageWarning, match="secret is text"):
        as_text = interop.encode_clkhash([["Ann"]], schema(feature("name")), "é")
    assert texts(as_text) == texts(interop.encode_clkhash([["Ann"]], schema(feature("name")), "é".encode()))


@pytest.mark.parametrize("secret", [None, 7, bytearray(b"s"), lk.Key.generate()])
@QUIET
def test_encode_clkhash__refuses_what_is_no_secret(secret):
    with pytest.raises(TypeError, match="secret"):
        interop.encode_clkhash([["Ann"]], schema(feature("name")), secret)


NUMERIC = {"type": "numeric", "thresholdDistance": 1, "resolution": 1}
BROKEN = {  # format, comparison, a good value, one that breaks the rule, the rule
    "date": ({"type": "date", "format": "%Y-%m-%d"}, None, "2019-04-30", "2019-04-31", "not a date written %Y-%m-%d"),
    "month": ({"type": "date", "format": "%d %b %Y"}, None, "03 Apr 2019", "Quetzal", "not a date"),
    "integer": ({"type": "integer"}, None, "10", "Quetzal", "not a whole number"),
    "minimum": ({"type": "integer", "minimum": 0}, None, "10", "-90417", "below 0"),
    "maximum": ({"type": "integer", "maximum": 200}, None, "10", "90417", "above 200"),
    "enum": ({"type": "enum", "values": ["M", "F"]}, None, "M", "Quetzal", "not one of the values"),
    "pattern": ({"type": "string", "pattern": "[a-z]+"}, None, "abc", "Quetzal", "pattern"),
    "minLength": ({"type": "string", "minLength": 8}, None, "abcdefgh", "Quetzal", "shorter than 8"),
    "maxLength": ({"type": "string", "maxLength": 3}, None, "abc", "Quetzal", "longer than 3"),
    "lower": ({"type": "string", "case": "lower"}, None, "abc", "Quetzal", "lower case"),
    "upper": ({"type": "string", "case": "upper"}, None, "ABC", "Quetzal", "upper case"),
    "ascii": ({"type": "string", "encoding": "ascii"}, None, "abc", "Quétzal", "ascii"),
    "numeric": (None, NUMERIC, "10", "Quetzal", "not a number"),
    "too many digits": (None, NUMERIC | {"fractional_precision": 9}, "10", "7" * 4_295, "not a number"),
    "infinite": (None, NUMERIC, "10", "1e9999", "not a number"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_encode_clkhash__names_row_and_rule_but_never_the_value(case, caplog):
    form, comparison, good, wrong, rule = BROKEN[case]
    agreed = schema(feature("other"), feature("col", comparison, form))
    with caplog.at_level(logging.DEBUG), pytest.raises(lk.RecordError, match=rule) as caught:
        interop.encode_clkhash({"other": ["x"] * 3, "col": [good, wrong, wrong]}, agreed, b"s")
    assert (caught.value.row, caught.value.column) == (2, "col")
    assert "1 more" in str(caught.value)
    assert wrong not in f"{caught.value} {caught.value!r} {vars(caught.value)} {caught.value.__cause__} {caplog.text}"


def test_encode_clkhash__the_row_is_right_beyond_the_first_part(monkeypatch):
    # clkhash names row 3,999 for row 11,999 of a large file
    monkeypatch.setattr(encode, "_FEWEST_ROWS", 1_000)
    monkeypatch.setattr(encode, "_BYTES_AT_ONCE", 1)
    ages = pa.chunked_array([[str(age) for age in range(400)] for _ in range(30)])
    ages = pa.chunked_array([*ages.chunks[:29], pa.array(["1"] * 399 + ["old"])])
    agreed = schema(feature("age", None, {"type": "integer"}))
    with pytest.raises(lk.RecordError) as caught:
        interop.encode_clkhash(pa.table({"age": ages}), agreed, b"s")
    assert caught.value.row == 12_000


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([["Ann"]], lk.RecordError, "row 1 has 1 values, and the schema has 2 features"),
        ([["Ann", "7"], ["Bo", "8", "9"]], lk.RecordError, "row 2 has 3"),
        ({"given": ["Ann"]}, lk.RecordError, "column 'age'"),
        ({"given": ["Ann"], "age": [7.5]}, lk.RecordError, "decimal point"),
        (7, TypeError, "a table is"),
    ],
)
def test_encode_clkhash__refuses_tables_that_do_not_fit(rows, error, message):
    with pytest.raises(error, match=message):
        interop.encode_clkhash(rows, AGREED, b"s")


@pytest.mark.parametrize("table", [[], {"given": [], "age": []}, pa.table({"given": pa.array([], pa.string()),
                                   "age": pa.array([], pa.string())}), "given,age\n"])  # fmt: skip
def test_encode_clkhash__of_no_records_is_an_empty_set(table, tmp_path):
    if isinstance(table, str):
        (tmp_path / "empty.csv").write_text(table)
        table = tmp_path / "empty.csv"
    held = interop.encode_clkhash(table, AGREED, b"s")
    streamed = interop.encode_clkhash(table, AGREED, b"s", out=tmp_path / "empty.parquet")
    for made in (held, streamed, lk.EncodedSet.load(tmp_path / "empty.parquet")):
        assert len(made) == 0 and made.schema == AGREED and made.digest() == held.digest()
        assert interop.to_bitarrays(made) == []
    interop.write_clks(held, tmp_path / "empty.json")
    assert json.loads((tmp_path / "empty.json").read_text()) == {"clks": []}
    with pytest.raises(lk.RecordError, match="column 'age'"):
        interop.encode_clkhash({"given": []}, AGREED, b"s")


def test_encode_clkhash__refuses_arguments_that_mean_nothing():
    with pytest.raises(ValueError, match="not a feature"):
        interop.encode_clkhash(TABLE, AGREED, b"s", columns={"forename": "given"})
    with pytest.raises(ValueError, match="only their order"):
        interop.encode_clkhash([["Ann", "7"]], AGREED, b"s", columns={"given": "x"})
    with pytest.raises(ValueError, match="holds none"):
        interop.encode_clkhash(TABLE, AGREED, b"s", columns={"given": None, "age": None})
    with pytest.raises(ValueError, match="source"):
        interop.encode_clkhash(TABLE, AGREED, b"s", source="")
    with pytest.raises(ValueError, match="from_clkhash"):
        interop.encode_clkhash(TABLE, lk.Schema.preset("uk-person"), b"s")


def test_encode__refuses_a_schema_of_clkhash():
    with pytest.raises(lk.SchemaError, match="encode_clkhash"):
        lk.encode(TABLE, AGREED, lk.Key.generate(), id="given", source="x")
    with pytest.raises(lk.SchemaError, match="encode_clkhash"):
        AGREED.check(TABLE)


def test_encode_clkhash__without_validation_only_what_cannot_be_encoded_is_refused():
    agreed = schema(
        feature("name", None, {"type": "string", "case": "upper"}), feature("age", None, {"type": "integer"})
    )
    interop.encode_clkhash([["ann", "7"]], agreed, b"s", validate=False)
    with pytest.raises(lk.RecordError, match="whole number"):
        interop.encode_clkhash([["ann", "old"]], agreed, b"s", validate=False)


def test_encode_clkhash__a_token_that_doubleHash_leaves_at_one_bit_gets_more_with_prevent_singularity():
    # found by search: among so many tokens some have an HMAC-MD5 that 8 divides
    rows = [[f"value {number}"] for number in range(200)]
    plain, prevented = (
        interop.encode_clkhash(
            rows,
            schema(
                feature("x", {"type": "exact"}, hash={"type": "doubleHash", "prevent_singularity": prevent}), bits=64
            ),
            b"s",
        ).popcounts["record"]
        for prevent in (False, True)
    )
    assert plain.min() == 1 < prevented.min()
