"""The agreement: what is wrong is named, and what means the same is the same, however it is written down."""

import dataclasses
import json
import string
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.agreement import load, parse, preset, save, to_toml
from linkage.canonical import from_canonical
from linkage.disagreement import differences
from linkage.errors import FileFormatError, SchemaError, nearest
from linkage.field import Field
from linkage.fieldtypes import FIELD_TYPES
from linkage.schema import Group, Schema

SMALLEST = """
version = 1
project = "early-help-2026"

[[field]]
name = "given_name"
type = "name"
"""


def agreement(*fields, **top):
    return {"version": 1, "project": "p", "field": list(fields), **top}


def refused(content) -> SchemaError:
    with pytest.raises(SchemaError) as caught:
        parse(content)
    return caught.value


def written(tmp_path, text) -> Schema:
    path = tmp_path / "agreement.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path)


# ---- reading ----------------------------------------------------------------------------------------------------


def test_load__reads_the_smallest_agreement(tmp_path):
    schema = written(tmp_path, SMALLEST)
    assert schema.project == "early-help-2026"
    assert schema.layout == "fields"
    assert schema.fields[0].clean == ("diacritics", "case", "punctuation", "titles", "particles")
    assert schema == Schema.load(tmp_path / "agreement.toml") == Schema.load(str(tmp_path / "agreement.toml"))


@pytest.mark.parametrize("text", [b"\xef\xbb\xbf" + SMALLEST.encode(), SMALLEST.replace("\n", "\r\n").encode()])
def test_load__reads_what_windows_editors_write(tmp_path, text):
    assert written(tmp_path, text) == written(tmp_path, SMALLEST)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("version = ", "not TOML"),
        ("version = 1\nversion = 1", "not TOML"),
        ("version = 1\0", "not TOML"),
        ('project = "caf\u00e9"'.encode("latin-1"), "not UTF-8 text \\(byte 14\\)"),
        ('version = 1\nproject = "p"'.encode("utf-16"), "not UTF-8"),
        ("a = " + "[" * 100_000, "not TOML"),
        ("version = " + "1" * 5_000, "not TOML"),  # Python's refusal to read so long a number once came out raw
        ("#" * ((1 << 20) + 1), "larger than an agreement can be"),
    ],
    ids=["no value", "twice", "NUL", "Latin-1", "UTF-16", "deep", "long number", "large"],
)
def test_load__says_what_is_wrong_with_the_file(tmp_path, text, reason):
    with pytest.raises(FileFormatError, match=reason) as caught:
        written(tmp_path, text)
    assert caught.value.path == str(tmp_path / "agreement.toml")


def test_load__of_no_file_is_a_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.toml")


def test_load__of_an_empty_file_says_what_is_missing(tmp_path):
    with pytest.raises(SchemaError, match="version = 1"):
        written(tmp_path, "")


@settings(deadline=None)
@given(st.text())
def test_parse__never_fails_in_another_way_on_any_text(text):
    with pytest.raises(SchemaError):
        parse({"version": 1, "project": text, "field": [{"name": text, "type": text}], text: text})


# ---- every wrong setting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "rule", "message"),
    [
        (agreement({"name": "a", "type": "name"}, version=2), "version", "version = 1"),
        (agreement({"name": "a", "type": "name"}, version=True), "version", "version = 1"),
        (agreement({"name": "a", "type": "name"}, version="1"), "version", "version = 1"),
        ({"version": 1, "field": [{"name": "a", "type": "name"}]}, "project", "early-help-2026"),
        (agreement({"name": "a", "type": "name"}, project=5), "project", "printable"),
        (agreement({"name": "a", "type": "name"}, project=""), "project", "1 to 200"),
        (agreement({"name": "a", "type": "name"}, project="x" * 201), "project", "1 to 200"),
        (agreement({"name": "a", "type": "name"}, project="a\nb"), "project", "printable"),
        (agreement({"name": "a", "type": "name"}, projekt="x"), "projekt", "did you mean 'project'"),
        (agreement({"name": "a", "type": "name"}, fields=[]), "fields", "did you mean 'field'"),
        (agreement({"name": "a", "type": "name"}, layout="record "), "layout", "did you mean 'record'"),
        (agreement({"name": "a", "type": "name"}, layout=["record"]), "layout", "choices are: fields, record"),
        (agreement(), "field", "at least one"),
        (agreement(field={"name": "a", "type": "name"}), "field", "at least one"),
        (agreement("surname"), "field", "at least one"),
        (agreement(*({"name": f"f{n}", "type": "name"} for n in range(65))), "field", "this one has 65"),
        (agreement({"name": "a", "type": "name"}, bits=512), "bits", 'belongs to layout = "record"'),
        (agreement({"name": "a", "type": "name"}, layout="record", bits=7), "bits", "from 8 to 65536"),
        (agreement({"name": "a", "type": "name"}, layout="record", bits="x"), "bits", "from 8 to 65536"),
        (agreement({"name": "a", "type": "name"}, group=5), "group", "\\[\\[group\\]\\]"),
        (agreement({"name": "a", "type": "name"}, group=[{}]), "name", "missing"),
        (agreement({"name": "a", "type": "name"}, group=[{"name": 5}]), "name", "lower-case"),
        (agreement({"name": "a", "type": "name"}, group=[{"name": "a"}]), "name", "used twice"),
        (agreement({"name": "a", "type": "name"}, group=[{"name": "w", "smalest": 5}]), "smalest", "'smallest'"),
        (agreement({"name": "a", "type": "name"}, group=[{"name": "w", "smallest": 0}]), "smallest", "at least 1"),
        (agreement({"name": "a", "type": "name"}, group=[{"name": "w", "smallest": True}]), "smallest", "at least 1"),
    ],
)
def test_parse__names_the_rule_and_the_nearest_spelling(content, rule, message):
    error = refused(content)
    assert error.rule == rule
    with pytest.raises(SchemaError, match=message):
        raise error


@pytest.mark.parametrize(
    ("settings", "rule", "message"),
    [
        ({"type": None}, "type", "missing, or not text"),
        ({"type": 5}, "type", "missing, or not text"),
        ({"type": "postcod"}, "type", "did you mean 'postcode'"),
        ({"type": "Name"}, "type", "did you mean 'name'"),
        ({"bitz": 5}, "bitz", "did you mean 'bits'"),
        ({"placeholder": []}, "placeholder", "did you mean 'placeholders'"),
        ({"clean": "case"}, "clean", "list of texts"),
        ({"clean": [1]}, "clean", "list of texts"),
        ({"clean": ["diacritic"]}, "clean", "did you mean 'diacritics'"),
        ({"type": "date", "clean": ["case"]}, "clean", "it has none"),
        ({"tokens": "qgram"}, "tokens", "did you mean 'qgrams'"),
        ({"tokens": "date_parts"}, "tokens", "does not fit type name"),
        ({"tokens": ["qgrams"]}, "tokens", "must be text"),
        ({"q": 0}, "q", "from 1 to 8"),
        ({"q": 9}, "q", "from 1 to 8"),
        ({"q": 2.0}, "q", "from 1 to 8"),
        ({"q": True}, "q", "from 1 to 8"),
        ({"type": "date", "q": 3}, "q", "belongs to type name or postcode"),
        ({"type": "number", "step": 0}, "step", "positive number"),
        ({"type": "number", "step": -1}, "step", "positive number"),
        ({"type": "number", "step": float("nan")}, "step", "positive number"),
        ({"type": "number", "step": float("inf")}, "step", "positive number"),
        ({"type": "number", "step": "1"}, "step", "positive number"),
        ({"type": "number", "step": True}, "step", "positive number"),
        ({"step": 2}, "step", "belongs to type number"),
        ({"type": "number", "reach": 0}, "reach", "from 1 to 64"),
        ({"type": "number", "reach": 65}, "reach", "from 1 to 64"),
        ({"reach": 6}, "reach", "belongs to type number"),
        ({"codes": {"a": ["b"]}}, "codes", "belongs to type category"),
        ({"type": "category", "codes": "gender"}, "codes", '"sex" or a table'),
        # a number or a list of codes once passed, and broke the encoding later
        ({"type": "category", "codes": 5}, "codes", '"sex" or a table'),
        ({"type": "category", "codes": ["m", "f"]}, "codes", '"sex" or a table'),
        ({"type": "category", "codes": {}}, "codes", '"sex" or a table'),
        ({"type": "category", "codes": {"m": "male"}}, "codes", "list of texts"),
        ({"type": "category", "codes": {"m": [1]}}, "codes", "list of texts"),
        # the later of two codes once won in silence, so agencies' equal values could turn unequal
        ({"type": "category", "codes": {"m": ["x"], "f": ["X "]}}, "codes", "belongs to two codes"),
        ({"type": "category", "codes": {"m": ["F"], "f": []}}, "codes", "belongs to two codes"),
        ({"type": "date", "day_first": "no"}, "day_first", "true or false"),
        ({"type": "date", "day_first": 0}, "day_first", "true or false"),
        ({"day_first": False}, "day_first", "belongs to type date"),
        ({"placeholders": "n/a"}, "placeholders", "list of texts"),
        ({"missing": "refused"}, "missing", "did you mean 'refuse'"),
        ({"missing": 1}, "missing", "must be text"),
        ({"weight": 2.0}, "weight", 'belongs to layout = "record"'),
        ({"bits": 0}, "bits", "above 0"),
        ({"bits": False}, "bits", "above 0"),
        ({"bits": ""}, "bits", "above 0"),
        ({"bits": 7}, "bits", "from 8 to 65536"),
        ({"bits": 65_537}, "bits", "from 8 to 65536"),
        ({"bits": 10**400}, "bits", "from 8 to 65536"),
        ({"hashes": 0}, "hashes", "above 0"),
        ({"hashes": 257}, "hashes", "from 0 to 256"),
        ({"hashes": 1.5}, "hashes", "from 0 to 256"),
        ({"key_group": "Names"}, "key_group", "lower-case"),
        ({"key_group": "record_id"}, "key_group", "isn't record_id"),
        ({"key_group": 5}, "key_group", "must be text"),
        ({"type": "identifier", "scheme": "nhs number"}, "scheme", "nhs"),
        ({"scheme": "nhs"}, "scheme", "type identifier"),
    ],
)
def test_parse__names_the_field_and_the_rule(settings, rule, message):
    field = {"name": "alias", "type": "name", **settings}
    error = refused(agreement({name: value for name, value in field.items() if value is not None}))
    assert error.rule == rule
    assert error.field == "alias"
    assert "field 'alias'" in str(error)
    with pytest.raises(SchemaError, match=message):
        raise error


@pytest.mark.parametrize(
    "name", ["", "Name", "1st", "given name", "a-b", "record_id", "case", "link_id", "a" * 64, "n\u00e4me", "a\n", "a;"]
)
def test_parse__refuses_a_name_that_can_not_be_a_column_everywhere(name):
    error = refused(agreement({"name": name, "type": "name"}))
    assert (error.rule, error.field) == ("name", name)


@pytest.mark.parametrize("field", [{"type": "name"}, {"name": 5, "type": "name"}, {"name": ["a"], "type": "name"}])
def test_parse__refuses_a_field_without_a_name(field):
    assert refused(agreement(field)).rule == "name"


def test_parse__refuses_two_fields_of_one_name():
    error = refused(agreement({"name": "a", "type": "name"}, {"name": "a", "type": "date"}))
    assert (error.field, error.rule) == ("a", "name")
    assert "used twice" in str(error)


def test_parse__refuses_a_width_of_a_field_in_the_record_layout():
    assert refused(agreement({"name": "a", "type": "name", "bits": 64}, layout="record")).rule == "bits"


@pytest.mark.parametrize("setting", ["placeholders", "clean"])
def test_field__refuses_in_python_what_toml_refuses(setting):
    with pytest.raises(SchemaError):
        Field(name="a", type="name", **{setting: "case"})


def test_preset__names_the_nearest_one():
    with pytest.raises(SchemaError, match="did you mean 'uk-person'"):
        preset("uk_person")


def test_preset__is_fit_for_both_layouts():
    fields, record = Schema.preset("uk-person"), Schema.preset("uk-person", project="x", layout="record")
    assert [item.name for item in fields.fields] == [item.name for item in record.fields]
    assert fields.project == "uk-person"
    assert len(fields.filters) == 7
    assert len(record.filters) == 1
    assert fields.field("nhs_number").scheme == "nhs"
    with pytest.raises(KeyError):
        fields.field("none")


def test_nearest__is_silent_where_nothing_is_near():
    assert nearest("qwertz", ["name"]) == "the choices are: name"
    assert nearest(5, ["name"]) == "the choices are: name"


# ---- what means the same is the same ----------------------------------------------------------------------------


def test_fingerprint__is_equal_for_agreements_written_differently(tmp_path):
    short = """
        version = 1
        project = "p"
        [[field]]
        name = "surname"
        type = "name"
        placeholders = ["see notes", "n/k", "n/k"]
        [[field]]
        name = "sex"
        type = "category"
        [[field]]
        name = "kind"
        type = "category"
        codes = { a = ["x", "y"], b = ["z"] }
        [[field]]
        name = "height"
        type = "number"
    """
    long = r"""
        layout = "fields"      # the default
        "project" = "\u0070"
        field = [
          { type = "name", name = "surname", tokens = "qgrams", q = 2, bits = 256, hashes = 10, key_group = "name", \
clean = ["particles", "case", "titles", "diacritics", "punctuation", "case"], missing = "allow", \
placeholders = ["n/k", "see notes"] },
          { type = "category", name = "sex", codes = "sex", tokens = "exact" },
          { type = "category", name = "kind", codes.b = ["z"], codes.a = ["y", "x", "y"] },
          { type = "number", name = "height", step = 1, reach = 5, weight = 1 },
        ]
        version = 1
        group = []
    """
    with pytest.raises(SchemaError, match="weight"):
        written(tmp_path, long.replace("\\\n", ""))
    first, second = written(tmp_path, short), written(tmp_path, long.replace("\\\n", "").replace(", weight = 1", ""))
    assert first == second
    assert first.canonical() == second.canonical()
    assert first.fingerprint() == second.fingerprint()
    assert len(first.fingerprint()) == 64
    assert differences(first, second) == []


def test_fingerprint__of_one_agreement_stays(tmp_path):
    # it travels in files and is read out over the telephone: changed here only with the encoding version
    content = json.loads(written(tmp_path, SMALLEST).canonical())
    assert list(content) == sorted(content)
    assert content["encoding_version"] == 1
    assert content["filters"] == [{"bits": 256, "fields": ["given_name"], "name": "given_name"}]


CHANGES = [
    {"name": "b"},
    {"type": "text"},
    {"clean": ["case"]},
    {"clean": []},
    {"tokens": "exact"},
    {"q": 3},
    {"placeholders": ["x"]},
    {"missing": "refuse"},
    {"bits": 257},
    {"hashes": 11},
    {"key_group": "other"},
]


@pytest.mark.parametrize("change", CHANGES)
def test_fingerprint__differs_where_a_setting_does_and_differences_names_it(change):
    plain = parse(agreement({"name": "a", "type": "name"}))
    other = parse(agreement({"name": "a", "type": "name", **change}))
    assert plain != other
    assert plain.fingerprint() != other.fingerprint()
    found = differences(plain, other)
    (setting,) = change
    if setting == "name":
        assert found == ["field 'a': only on the left", "field 'b': only on the right"]
    else:
        assert any(line.startswith(f"field 'a', {setting}: ") for line in found)
        assert len(found) == len(differences(other, plain))


def test_differences__names_project_layout_order_and_groups():
    a, b = {"name": "a", "type": "name"}, {"name": "b", "type": "date"}
    plain = parse(agreement(a, b))
    assert differences(plain, parse(agreement(a, b, project="q"))) == ["project: 'p' and 'q'"]
    assert differences(plain, parse(agreement(b, a))) == ["order of the fields"]
    assert differences(plain, parse(agreement(a, b, group=[{"name": "ward"}]))) == ["groups"]
    assert differences(plain, parse(agreement(a, b, layout="record")))[0] == "layout: 'fields' and 'record'"
    wide, narrow = (parse(agreement(a, layout="record", bits=bits)) for bits in (1024, 512))
    assert "field 'a', bits: 1024 and 512" in differences(wide, narrow)
    assert differences(plain, plain) == []


# ---- round trips ------------------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True).filter(lambda name: name != "record_id")
# no lone surrogates: TOML can't hold them
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FOLDED_APART = st.lists(
    st.text(string.ascii_lowercase + "\x00\x7f\"\\'é漢", min_size=1, max_size=5), min_size=1, max_size=6, unique=True
)


@st.composite
def codes(draw):
    words = draw(FOLDED_APART)
    cut = draw(st.integers(1, len(words)))
    spellings = [tuple(words[start::cut][1:]) for start in range(cut)]
    return tuple(zip(words[:cut], spellings, strict=True))


@st.composite
def fields(draw, name):
    kind = draw(st.sampled_from(sorted(FIELD_TYPES)))
    of_type = FIELD_TYPES[kind]
    settings = {
        "tokens": st.sampled_from(of_type.tokens),
        "placeholders": st.lists(TEXTS, max_size=3).map(tuple),
        "missing": st.sampled_from(["allow", "refuse"]),
        "weight": st.floats(1e-9, 1e9),
        "bits": st.integers(8, 2_048),
        "hashes": st.integers(1, 256),
        "key_group": NAMES,
    }
    if of_type.clean_choices:
        settings["clean"] = st.lists(st.sampled_from(of_type.clean_choices)).map(tuple)
    if "qgrams" in of_type.tokens:
        settings["q"] = st.integers(1, 8)
    if kind == "number":
        settings |= {"step": st.floats(1e-9, 1e9), "reach": st.integers(1, 64)}
    if kind == "category":
        settings["codes"] = st.one_of(st.just("sex"), codes())
    if kind == "date":
        settings["day_first"] = st.booleans()
    if kind == "identifier":
        settings["scheme"] = st.just("nhs")
    chosen = draw(st.sets(st.sampled_from(sorted(settings))))
    drawn = {setting: draw(settings[setting]) for setting in sorted(chosen)}
    tokens = drawn.get("tokens", of_type.tokens[0])
    for setting, needed in (("q", "qgrams"), ("reach", "neighbours")):
        if needed not in tokens:
            drawn.pop(setting, None)
    return Field(name=name, type=kind, **drawn)


@st.composite
def schemas(draw):
    names = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    groups = (Group(name=names.pop(), smallest=draw(st.integers(1, 1_000))),) if draw(st.booleans()) else ()
    project = draw(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12))
    return Schema(
        project=project,
        layout=draw(st.sampled_from(["fields", "record"])),
        fields=tuple(draw(fields(name)) for name in names),
        bits=draw(st.integers(8, 65_536)),
        groups=groups,
    )


@settings(deadline=None)
@given(schemas())
def test_from_canonical__gives_the_schema_back(schema):
    again = from_canonical(schema.canonical())
    assert again.canonical() == schema.canonical()
    assert again.fields == schema.fields
    assert again.filters == schema.filters
    assert again.groups == schema.groups
    assert schema.canonical().isascii()


def test_to_toml__writes_positions_that_are_usual_for_other_tokens_only():
    """Eight are usual for q-grams, sixteen for a whole value: an agreement of eight came back as one of sixteen."""
    import tomllib

    field = Field(name="b", type="text", tokens="exact", hashes=8)
    schema = Schema(project="p", fields=(field,))
    assert "hashes = 8" in to_toml(schema)
    assert parse(tomllib.loads(to_toml(schema))).fingerprint() == schema.fingerprint()


@settings(deadline=None)
@given(schemas())
def test_to_toml__gives_the_schema_back(schema):
    import tomllib

    again = parse(tomllib.loads(to_toml(schema)))
    assert again.canonical() == schema.canonical()
    assert to_toml(again) == to_toml(schema)


@pytest.mark.parametrize(
    ("kind", "rule", "value"),
    [
        ("name", "placeholders", ("n/k", "\ud800")),
        ("category", "codes", (("m", ("\udfff",)),)),
        ("category", "codes", (("a\ud83d", ("m",)),)),
    ],
)
def test_field__refuses_text_that_no_file_can_hold(kind, rule, value):
    """It was taken, and ended in a UnicodeEncodeError when the agreement was saved or its fingerprint asked for."""
    with pytest.raises(SchemaError, match=f"field 'a', {rule}: holds half of a letter") as caught:
        Field(name="a", type=kind, **{rule: value})
    assert caught.value.rule == rule


@pytest.mark.parametrize("layout", ["fields", "record"])
def test_save__is_read_again_as_the_same(tmp_path, layout):
    weights = {"weight": 2.5} if layout == "record" else {"bits": 100}
    schema = Schema(
        project='Früh "hilfe" \\ 2026 漢',
        layout=layout,
        bits=640,
        fields=(
            Field(
                name="a",
                type="name",
                placeholders=('say "no"', "C:\\x", "\t\r\n\x00\x1f\x7f\x85\u2028", "😀"),
                **weights,
            ),
            Field(name="b", type="category", codes=(('"', ("\x7f", "é")), ("", ()), ("a.b", ("c d",)))),
            Field(name="c", type="number", step=1e-9, reach=64),
            Field(name="d", type="number", step=0.1),
            Field(name="e", type="text", clean=()),
            Field(name="f", type="date", day_first=False, missing="refuse", hashes=3),
        ),
        groups=(Group("ward"), Group("year", smallest=3)),
    )
    path = tmp_path / "agreement.toml"
    schema.save(path)
    again = Schema.load(path)
    assert again.canonical() == schema.canonical()
    assert again.fingerprint() == schema.fingerprint()
    save(again, tmp_path / "again.toml")
    assert (tmp_path / "again.toml").read_bytes() == path.read_bytes()
    assert b"\r" not in path.read_bytes()


def test_save__leaves_the_old_agreement_when_it_fails(tmp_path, monkeypatch):
    path = tmp_path / "agreement.toml"
    path.write_text("old")
    schema = Schema(project="p", fields=(Field(name="a", type="name"),))
    monkeypatch.setattr("linkage.agreement.to_toml", lambda _: "\ud800")
    with pytest.raises(UnicodeEncodeError):
        schema.save(path)
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["agreement.toml"]


CANONICAL = Schema(
    project="p", fields=(Field(name="kind", type="category", codes=(("m", ("x",)),)),), groups=(Group("ward"),)
).canonical()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('[["m",["x"]]]', '[["m"]]'),  # once came out as Python's own error on unpacking
        ('[["m",["x"]]]', "[5]"),
        ('[["m",["x"]]]', '[["m",["x","x"]]]'),
        ('"bits":64', '"bits":' + "9" * 5_000),
        ('"bits":64', '"bits":64.0'),
        ('"bits":64,"fields"', '"bits":65,"fields"'),
        ('"name":"kind"', '"name":["kind"]'),
        ('"type":"category"', '"type":["category"]'),
        ('"type":"category"', '"type":"person"'),
        ('"project":"p"', '"project":5'),
        ('"placeholders":[]', '"placeholders":[5]'),
        ('"placeholders":[]', '"placeholders":5'),
        ('"layout":"fields"', '"layout":[]'),
        ('"layout":"fields"', '"layout":"record"'),
        ('"clean":[]', '"clean":null'),
        ('"clean":[]', '"new":1,"clean":[]'),
        ('"encoding_version":1', '"encoding_version":2'),
        ('"smallest":10', '"smallest":"10"'),
        ('"smallest":10', '"largest":10'),
        ('"schema":1', '"schema": 1'),
        ('"p"', '"\u0070\u00fc"'),
        ('"groups":[{', '"groups":[[{'),
    ],
)
def test_from_canonical__refuses_what_this_version_would_not_write(old, new):
    assert CANONICAL.count(old) >= 1
    with pytest.raises(SchemaError):
        from_canonical(CANONICAL.replace(old, new))


@pytest.mark.parametrize(
    "text", ["", "5", "null", "[]", "{}", '{"fields":[]}', "[" * 100_000, "\ud800", CANONICAL + " "]
)
def test_from_canonical__refuses_what_is_no_schema(text):
    with pytest.raises(SchemaError):
        from_canonical(text)


@settings(deadline=None)
@given(st.data())
def test_from_canonical__refuses_or_agrees_with_any_changed_text(data):
    place = data.draw(st.integers(0, len(CANONICAL) - 1))
    changed = CANONICAL[:place] + data.draw(st.characters()) + CANONICAL[place + data.draw(st.integers(0, 3)) :]
    try:
        schema = from_canonical(changed)
    except SchemaError:
        return
    assert schema.canonical() == changed


# ---- the value --------------------------------------------------------------------------------------------------


def test_schema__is_a_value(tmp_path):
    schema = written(tmp_path, SMALLEST)
    assert hash(schema) == hash(written(tmp_path, SMALLEST))
    with pytest.raises(dataclasses.FrozenInstanceError):
        schema.project = "other"
    with pytest.raises(dataclasses.FrozenInstanceError):
        schema.fields[0].bits = 8


def test_schema__a_field_of_its_own_is_at_most_2048_bits_wide():
    """The model's tables grow with the square of the width: at 65,536 bits they overflowed."""
    with pytest.raises(SchemaError, match="field 'a', bits: at most 2048"):
        parse(agreement({"name": "a", "type": "name", "bits": 2_049}))


def test_schema__shows_itself_without_letting_its_project_write_html():
    schema = parse(agreement({"name": "a", "type": "name"}, project="<script>alert(1)</script>"))
    assert "<script>" not in schema._repr_html_()
    assert schema.fingerprint()[:16] in schema._repr_html_()


@pytest.mark.parametrize("bits", [8, 64, 1024, 65_536])
def test_schema__fills_about_a_third_of_a_record_filter(bits):
    schema = Schema.preset("uk-person", layout="record")
    schema = Schema(project="p", layout="record", bits=bits, fields=tuple(
        Field(name=field.name, type=field.type) for field in schema.fields
    ))  # fmt: skip
    assert all(field.positions >= 1 and not field.hashes for field in schema.fields)
    positions = sum(field.positions for field in schema.fields)
    if bits >= 1024:
        assert 0.3 < 1 - (1 - 1 / bits) ** positions < 0.4
    assert schema.filters[0].words == -(-bits // 64)


@pytest.mark.parametrize("options", [{}, {"layout": "record"}, {"profile": "hardened"}])
def test_schema__printed_is_the_agreement_itself(options):
    schema = Schema.preset("uk-person", project="printed", **options)
    text = str(schema)
    assert parse(tomllib.loads(text)) == schema and text.endswith(f"# fingerprint {schema.fingerprint()[:16]}")
