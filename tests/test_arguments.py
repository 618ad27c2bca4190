"""Arguments of another kind than asked for: most often the path of a file that holds what was meant."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import linkage as lk

KEY = lk.Key.generate()
TABLE = {"no": ["1", "2"], "surname": ["Lee", "Ray"]}
SCHEMA = lk.Schema(project="arguments", fields=(lk.Field(name="surname", type="name"),))
SET = lk.encode(TABLE, SCHEMA, KEY, id="no", source="x", progress=False)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda: lk.compare("a.parquet", SET, threshold=0.8),
            "left: must be of the type EncodedSet, not str; read it with EncodedSet.load",
        ),
        (
            lambda: lk.compare(SET, "b.parquet", threshold=0.8),
            r"right: must be of the type EncodedSet or None, not str; read",
        ),
        (lambda: lk.nearest_records("a", SET, k=1), "left: must be of the type EncodedSet"),
        (lambda: lk.plan(None, SET, threshold=0.8), "left: must be of the type EncodedSet, not NoneType"),
        (lambda: lk.fit(None), "left: must be of the type EncodedSet"),
        (lambda: lk.overlap("links.parquet"), r"links: must be of the type Links, not str; read it with Links.load"),
        (lambda: lk.report("links.parquet", "r.html"), "links: must be of the type Links"),
        (lambda: lk.rejoin("r.parquet", TABLE, KEY, id="no"), "release: must be of the type Release, not str"),
        (lambda: lk.open_cases("c.parquet", TABLE, KEY, id="no"), "cases: must be of the type CaseList, not str"),
        (lambda: lk.refine(None, SET, SET, {}), "model: must be of the type Model, not NoneType"),
        (
            lambda: lk.bridge(TABLE, KEY, None, id="no", source="x", project="p"),
            "new_key: must be of the type Key, not NoneType; make",
        ),
        (
            lambda: lk.withdrawal(TABLE, "project.key", id="no", source="x", project="p"),
            "key: must be of the type Key, not str; make one",
        ),
        (
            lambda: lk.encode(TABLE, SCHEMA, KEY, id="no", source="x", id_key=7),
            "id_key: must be of the type Key or None, not int; make",
        ),
        (
            lambda: lk.encode(TABLE, SCHEMA, KEY, id="no", source="x", columns=1),
            "columns: must be a mapping or None, not int; a dict from field",
        ),
        (lambda: lk.encode(TABLE, SCHEMA, KEY, id="no", source="x", out=0), "out: must be a path or None, not int"),
        (lambda: lk.encode(pa.array(["a"]), SCHEMA, KEY, id="no", source="x"), "a table is a path"),
        (
            lambda: lk.link(SET, SET.without([]), model="model.json"),
            "model: must be of the type Model or None, not str",
        ),
        (lambda: lk.Key.load(None), "Key.load: the path of a key file"),
        (lambda: lk.Key.from_text(None), "text: must be text, not NoneType"),
        (lambda: KEY.check(None), "project: must be text, not NoneType"),
    ],
)
def test_entry__says_which_argument_is_of_another_kind_and_how_to_read_it(call, says):
    """Most were an AttributeError, or "unexpected" with the place in our code where it came out."""
    with pytest.raises(TypeError, match=says):
        call()


def test_numbers_and_columns_of_other_libraries__are_given_on_as_pythons_own():
    """threads=np.uint8(2) was an OverflowError, other whole numbers of NumPy "must be a whole number"."""
    alone = lk.nearest_records(SET, k=1, threads=1, filters=["surname"])
    for whole in (np.uint8(1), np.int64(1)):
        assert lk.nearest_records(SET, k=whole, threads=whole, filters=["surname"]).to_arrow().equals(alone.to_arrow())
    assert lk.nearest_records(SET, k=1, mutual=np.bool_(False), filters=["surname"]).to_arrow().equals(alone.to_arrow())
    names = ["surname"]
    for filters in (names, tuple(names), pa.array(names), np.array(names), pd.Series(names)):
        assert lk.nearest_records(SET, k=1, filters=filters).to_arrow().equals(alone.to_arrow())
    gone = lk.withdrawal({"no": ["2"]}, KEY, id="no", source="x", project="arguments")
    assert SET.without(gone["record_id"]).record_ids.equals(SET.without(gone["record_id"].to_pylist()).record_ids)
    assert len(SET.without(gone["record_id"])) == 1


def test_settings__from_numpy_are_pythons_own():
    """A range of widths to try comes out of NumPy; 500 of it was "must be a whole number from 8 to 65536"."""
    whole, number = np.int64(500), np.float32(0.5)
    assert lk.Field(name="surname", type="name", bits=whole, weight=number) == lk.Field(
        name="surname", type="name", bits=500, weight=0.5
    )
    of = {"project": "arguments", "fields": SCHEMA.fields}
    harden = lk.Hardening(diffuse=np.uint8(2), balance=np.bool_(True), noise=number)
    made = lk.Schema(**of, layout="record", bits=whole, harden=harden)
    harden = lk.Hardening(diffuse=2, balance=True, noise=0.5)
    assert made.fingerprint() == lk.Schema(**of, layout="record", bits=500, harden=harden).fingerprint()
    assert lk.Policy(threshold=np.int32(5)) == lk.Policy(threshold=5)
    assert repr(lk.LSH(recall=np.float64(0.9), most=whole)) == repr(lk.LSH(recall=0.9, most=500))
    with pytest.raises(lk.SchemaError, match="whole number from 8"):
        lk.Field(name="surname", type="name", bits=number)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: lk.fit(SET, sett=SET), r"fit\(\) has no argument 'sett'; "),
        (lambda: lk.link(SET, treshold=0.8), r"link\(\) has no argument 'treshold'; did you mean 'threshold'"),
        (lambda: lk.encode(TABLE), r"encode\(\) needs schema, key, id, source"),
        (lambda: lk.encode(TABLE, SCHEMA, KEY, table=TABLE, id="no", source="x"), r"encode\(\) is given table twice"),
        (lambda: lk.fit(SET, SET, 1), r"fit\(\) takes left, right by place; name the others: duplicates, executor"),
        (lambda: KEY.check("a", "b"), r"check\(\) takes project by place$"),
        (lambda: SCHEMA.check(), r"check\(\) needs table$"),
    ],
)
def test_call_that_does_not_fit__says_in_what(call, says):
    with pytest.raises(TypeError, match=says):
        call()


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_path__that_is_none_is_refused(path, tmp_path, monkeypatch):
    """An empty one was the folder one stood in, where a run then left its files."""
    monkeypatch.chdir(tmp_path)
    for call in (
        lambda: SET.save(path),
        lambda: lk.compare_to_folder(SET, folder=path, threshold=0.8),
        lambda: lk.EncodedSet.load(path),
    ):
        with pytest.raises(ValueError, match="a path that is empty, or has a NUL in it"):
            call()
    assert list(tmp_path.iterdir()) == []
