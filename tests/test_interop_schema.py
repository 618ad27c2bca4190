"""Schema.from_clkhash: versions 1, 2 and 3, what is refused and how, and how two of them differ."""

import copy
import json

import pytest
from clkhash.schema import SchemaError as TheirSchemaError
from clkhash.schema import from_json_dict

import linkage as lk
from linkage.canonical import from_canonical
from linkage.disagreement import differences
from linkage.encoded import require_comparable
from linkage.interop import clkschema
from linkage.interop.upgrade import to_version_3

GOOD = {
    "version": 3,
    "clkConfig": {"l": 1024, "kdf": {"type": "HKDF", "salt": "c2FsdA=="}},
    "features": [
        {"identifier": "row", "ignored": True},
        {
            "identifier": "surname",
            "format": {"type": "string"},
            "hashing": {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerToken": 10}},
        },
        {
            "identifier": "age",
            "format": {"type": "integer", "description": "in years"},
            "hashing": {
                "comparison": {"type": "numeric", "thresholdDistance": 5, "resolution": 2},
                "strategy": {"bitsPerFeature": 100},
                "hash": {"type": "doubleHash"},
            },
        },
    ],
}


def changed(path, value, content=GOOD):
    """The schema with one setting changed, or taken away for ``...``."""
    made = copy.deepcopy(content)
    place = made
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return made


HASHING = ("features", 1, "hashing")
NUMERIC = ("features", 2, "hashing", "comparison")
FORMAT = ("features", 1, "format")
REFUSED = [
    (("version",), 4, "version"),
    (("version",), ..., "version"),
    (("version",), True, "version"),
    (("clkConfig",), ..., "clkConfig"),
    (("clkConfig",), [], "clkConfig"),
    (("clkConfig", "l"), 0, "l: must be a whole number"),
    (("clkConfig", "l"), "1024", "l: must be a whole number"),
    (("clkConfig", "l"), True, "l: must be a whole number"),
    (("clkConfig", "l"), 1000, "power of two"),
    (("clkConfig", "l"), 1 << 20, "from 8 to 65,536"),
    (("clkConfig", "xor_folds"), -1, "from 0 to 20"),
    (("clkConfig", "xor_folds"), 20, "more than"),
    (("clkConfig", "kdf"), ..., "kdf"),
    (("clkConfig", "kdf", "type"), "legacy", "HKDF"),
    (("clkConfig", "kdf", "hash"), "SHA1", "SHA256"),
    (("clkConfig", "kdf", "salt"), "c2Fs=dA", "base64"),
    (("clkConfig", "kdf", "info"), "é", "base64"),
    (("clkConfig", "kdf", "keySize"), 0, "keySize"),
    (("clkConfig", "kdf", "keySize"), 65, "at most 64 bytes"),
    (("clkConfig", "kdf", "keySize"), 10_000, "from 1 to 1,360"),
    (("features",), [], "at least one feature"),
    (("features",), {}, "features"),
    (("features",), GOOD["features"][:1], "nothing to encode"),
    (("features", 1, "identifier"), ..., "identifier"),
    (("features", 1, "hashing"), ..., "hashing"),
    (FORMAT, ..., "format"),
    ((*FORMAT, "type"), "text", "did you mean|choices"),
    ((*FORMAT, "encoding"), "latin-1", "encoding"),
    ((*FORMAT, "case"), "title", "case"),
    ((*FORMAT, "minLength"), -1, "minLength"),
    ((*FORMAT, "maxLength"), 0, "maxLength"),
    ((*FORMAT, "longest"), 7, "'longest' is not a setting"),
    (FORMAT, {"type": "string", "pattern": "("}, "regular expression"),
    (FORMAT, {"type": "string", "pattern": ".", "case": "upper"}, "exclude each other"),
    (FORMAT, {"type": "date"}, "format"),
    (FORMAT, {"type": "enum"}, "values"),
    (FORMAT, {"type": "enum", "values": [1]}, "values"),
    (FORMAT, {"type": "integer", "minimum": 0.5}, "minimum"),
    ((*HASHING, "comparison"), {"type": "ngram"}, "comparison.n"),
    ((*HASHING, "comparison"), {"type": "ngram", "n": 0}, "comparison.n"),
    ((*HASHING, "comparison"), {"type": "ngram", "n": 2, "positional": 1}, "positional"),
    ((*HASHING, "comparison"), {"type": "fuzzy"}, "comparison.type"),
    ((*HASHING, "strategy"), {}, "strategy"),
    ((*HASHING, "strategy"), {"k": 20}, "strategy"),
    ((*HASHING, "strategy"), {"bitsPerToken": 1, "bitsPerFeature": 1}, "strategy"),
    ((*HASHING, "strategy"), {"bitsPerToken": 0}, "bitsPerToken"),
    ((*HASHING, "hash"), {"type": "md5"}, "hash.type"),
    ((*HASHING, "hash"), {"type": "doubleHash", "prevent_singularity": "no"}, "prevent_singularity"),
    ((*HASHING, "missingValue"), {"replaceWith": ""}, "sentinel"),
    ((*HASHING, "ngram"), 2, "'ngram' is not a setting"),
    ((*NUMERIC, "thresholdDistance"), 0, "thresholdDistance"),
    ((*NUMERIC, "thresholdDistance"), 0.4, "thresholdDistance"),
    ((*NUMERIC, "resolution"), 0, "resolution"),
]
ONLY_OURS = {
    "power of two", "at most 64 bytes", "more than", "from 8 to 65,536", "from 0 to 20", "from 1 to 1,360",
    "at least one feature", "nothing to encode",
}  # fmt: skip
"""clkhash reads these and fails later, at the first record; its filters may also be as long as memory."""


@pytest.mark.parametrize(("path", "value", "said"), REFUSED, ids=[f"{p[-1]} {v!r:.40}" for p, v, _ in REFUSED])
def test_from_clkhash__refuses_what_clkhash_refuses_and_says_what(path, value, said):
    with pytest.raises(lk.SchemaError, match=said) as caught:
        lk.Schema.from_clkhash(changed(path, value))
    assert caught.value.rule
    if said not in ONLY_OURS:
        with pytest.raises((TheirSchemaError, ValueError, KeyError, TypeError)):
            from_json_dict(changed(path, value))


def test_from_clkhash__refuses_date_formats_that_no_date_can_have():
    for pattern in ("%Q", "%Y%", "%Y %Y"):
        with pytest.raises(lk.SchemaError, match="date"):
            lk.Schema.from_clkhash(changed(FORMAT, {"type": "date", "format": pattern}))
    lk.Schema.from_clkhash(changed(FORMAT, {"type": "date", "format": "100%% %Y"}))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("features", 2, "format", "description"), ...),
        (("features", 1, "hashing", "hash"), {"type": "blakeHash"}),
        (("features", 1, "hashing", "comparison"), {"type": "ngram", "n": 2.0, "positional": False}),
        (("features", 2, "hashing", "comparison", "thresholdDistance"), 5.0),
        (("features", 1, "format", "minLength"), 0),
        (("clkConfig", "kdf", "hash"), "SHA256"),
        (("clkConfig", "kdf", "keySize"), 64),
        (("clkConfig", "xorFolds"), 0),
        (("title",), "anything"),
    ],
)
def test_from_clkhash__schemas_that_mean_the_same_are_the_same(path, value):
    assert lk.Schema.from_clkhash(changed(path, value)) == lk.Schema.from_clkhash(GOOD)


def test_from_clkhash__reads_a_file_and_travels_in_canonical_form(tmp_path):
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8-sig")
    read = lk.Schema.from_clkhash(path)
    assert read == lk.Schema.from_clkhash(GOOD) == from_canonical(read.canonical())
    assert read.filters == (lk.schema.Filter("record", 1024, ()),)
    assert clkschema.clkhash_schema(read).features[2].numbers.distance == 5
    assert "layout record" in read._repr_html_()


def test_from_clkhash__a_set_read_back_holds_the_same_schema_and_nothing_else_can_pass_for_one():
    for settings in ("x", "[]", '{"a": 1}', "{", '{"a":NaN}'):
        with pytest.raises(lk.SchemaError, match="canonical"):
            lk.Schema(project="p", fields=(), layout="record", encoder="clkhash", settings=settings)
    with pytest.raises(lk.SchemaError, match="record layout"):
        lk.Schema(project="p", fields=(), encoder="clkhash")
    with pytest.raises(lk.SchemaError, match="encoder"):
        lk.Schema(project="p", fields=(), layout="record", encoder="anonlink")
    with pytest.raises(lk.SchemaError, match="settings"):
        lk.Schema(project="p", fields=(lk.Field(name="a", type="name"),), settings="{}")
    forged = lk.Schema(project="p", fields=(), layout="record", encoder="clkhash", settings='{"features":[]}')
    with pytest.raises(lk.SchemaError, match="clkConfig"):
        clkschema.clkhash_schema(forged)


def test_from_clkhash__warns_of_xorFolds_which_clkhash_ignores():
    with pytest.warns(lk.LinkageWarning, match="xorFolds"):
        unfolded = lk.Schema.from_clkhash(changed(("clkConfig", "xorFolds"), 1))
    assert unfolded == lk.Schema.from_clkhash(GOOD)
    assert unfolded != lk.Schema.from_clkhash(changed(("clkConfig", "xor_folds"), 1))


def test_from_clkhash__warns_where_blakeHash_does_not_reach_all_bits():
    with pytest.warns(lk.LinkageWarning, match="above the first 65,536"):
        lk.Schema.from_clkhash(changed(("clkConfig",), {"l": 65_536, "xor_folds": 1, "kdf": {"type": "HKDF"}}))


def test_version_1__weights_k_and_drops_what_weighs_nothing():
    old = {
        "version": 1,
        "clkConfig": {"l": 64, "k": 15, "kdf": {"type": "HKDF"}, "hash": {"type": "doubleHash"}},
        "features": [
            {"identifier": "a", "format": {"type": "string"}, "hashing": {"ngram": 2, "weight": 1.5}},
            {"identifier": "b", "format": {"type": "string"}, "hashing": {"ngram": 1, "positional": True, "weight": 0}},
        ],
    }
    first, second = to_version_3(old)["features"]
    assert first["hashing"] == {
        "comparison": {"type": "ngram", "n": 2, "positional": False},
        "strategy": {"bitsPerToken": 22},  # 22.5 to the even neighbour, as Python rounds
        "hash": {"type": "doubleHash"},
    }
    assert second == {"identifier": "b", "ignored": True}
    for path, value, said in (
        (("clkConfig", "k"), ..., "clkConfig.k"),
        (("clkConfig", "hash"), ..., "clkConfig.hash"),
        (("features", 0, "hashing", "weight"), -1, "weight"),
        (("features", 0, "hashing", "weight"), "1", "weight"),
        (("features", 0, "hashing", "weight"), 0.01, "bitsPerToken"),
        (("features", 0, "hashing", "ngram"), 0, "comparison.n"),
        (("features", 0, "hashing"), ..., "hashing"),
        (("features",), 7, "features"),
    ):
        with pytest.raises(lk.SchemaError, match=said):
            lk.Schema.from_clkhash(changed(path, value, old))


def test_version_2__has_k_or_numBits():
    old = {
        "version": 2,
        "clkConfig": {"l": 64, "kdf": {"type": "HKDF"}},
        "features": [
            {"identifier": "a", "format": {"type": "string"}, "hashing": {"ngram": 2, "strategy": {"numBits": 100}}}
        ],
    }
    new = changed(("version",), 3, old)
    new["features"][0]["hashing"] = {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerFeature": 100}}
    assert lk.Schema.from_clkhash(old) == lk.Schema.from_clkhash(new)
    for strategy in ({}, {"k": 1, "numBits": 2}, {"bitsPerToken": 2}):
        with pytest.raises(lk.SchemaError, match="either k or numBits"):
            lk.Schema.from_clkhash(changed(("features", 0, "hashing", "strategy"), strategy, old))
    with pytest.raises(lk.SchemaError, match="version 3"):
        lk.Schema.from_clkhash(changed(("features", 0, "hashing", "comparison"), {"type": "exact"}, old))


def test_differences__name_the_setting():
    agreed = lk.Schema.from_clkhash(GOOD)
    for path, value, said in (
        ((*HASHING, "strategy", "bitsPerToken"), 11, "clkhash.features[1].hashing.strategy.bitsPerToken: 10 and 11"),
        (("clkConfig", "kdf", "salt"), "", "clkhash.clkConfig.kdf.salt: 'c2FsdA==' and ''"),
        (("features", 2), ..., "clkhash.features: 3 and 2 of them"),
        (("clkConfig", "l"), 512, "bits: 1024 and 512"),
    ):
        assert differences(agreed, lk.Schema.from_clkhash(changed(path, value))) == [said]
    assert differences(agreed, agreed) == []
    unknown = lk.Schema(project="clkhash", fields=(), layout="record", encoder="clkhash")
    assert "schema=" in differences(agreed, unknown)[0]
    ours = lk.Schema(project="clkhash", layout="record", fields=(lk.Field(name="surname", type="name"),))
    assert "encoder: 'clkhash' and 'linkage'" in differences(agreed, ours)


def test_require_comparable__names_what_two_schemas_of_clkhash_disagree_on():
    from linkage import interop

    sets = [
        interop.encode_clkhash([["0", "Ann", "7"]], lk.Schema.from_clkhash(content), b"s", source=name)
        for name, content in (("a", GOOD), ("b", changed((*HASHING, "strategy", "bitsPerToken"), 9)))
    ]
    with pytest.raises(lk.MismatchError, match="bitsPerToken: 10 and 9"):
        require_comparable(*sets)


def test_save__leaves_a_clkhash_schema_the_json_it_is(tmp_path):
    with pytest.raises(lk.SchemaError, match="TOML"):
        lk.Schema.from_clkhash(GOOD).save(tmp_path / "x.toml")
    assert not list(tmp_path.iterdir())


def test_from_clkhash__refuses_a_mapping_that_holds_itself():
    loop = copy.deepcopy(GOOD)
    loop["features"][1]["hashing"]["comparison"] = loop
    with pytest.raises(lk.SchemaError):
        lk.Schema.from_clkhash(loop)
