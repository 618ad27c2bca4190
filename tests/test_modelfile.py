"""Models that are saved, loaded, given by someone who knows, and compared."""

import faulthandler
import json
import math
import os
import random

import numpy as np
import pandas as pd
import polars as pl
import pytest

import linkage as lk
from linkage.central.modelling import modelfile
from linkage.central.modelling.levels import comparisons
from linkage.study import invent
from tests.test_link import KEY, PROJECT, SCHEMA, encoded, without_link_ids

SMALL = lk.Schema(project="p", fields=(lk.Field(name="given_name", type="name"), lk.Field(name="sex", type="category")))
MUTANTS = 600


@pytest.fixture(scope="module")
def population():
    return invent(700, seed=21)


@pytest.fixture(scope="module")
def sets(population):
    return encoded(population, "registry"), encoded(population, "childrens_centre")


@pytest.fixture(scope="module")
def model(sets):
    return lk.fit(*sets)


@pytest.fixture
def saved(model, tmp_path):
    model.save(tmp_path / "model.json")
    return tmp_path / "model.json"


def table(schema=SMALL, **changes):
    """What someone might write who knows: agreement is likely among matches, and halves from level to level."""
    columns = {name: [] for name in ("field", "level", "m", "u")}
    for item in comparisons(schema):
        rising = 2.0 ** np.arange(item.levels - 1)
        m, u = rising / rising.sum(), rising[::-1] / rising.sum()
        columns["field"] += [item.name] * item.levels
        columns["level"] += item.labels()
        columns["m"] += [0.05, *(0.95 * m)]
        columns["u"] += [0.05, *(0.95 * u)]
    return columns | changes


# ---- save and load ----------------------------------------------------------------------------------------------


def test_model__comes_back_as_it_was_and_links_the_same(model, saved, sets):
    back = lk.Model.load(saved)
    assert back == model
    assert back.predict(*sets).to_arrow().equals(model.predict(*sets).to_arrow())
    assert without_link_ids(lk.link(*sets, model=back)) == without_link_ids(lk.link(*sets))


def test_model__a_second_file_of_it_is_the_same_to_the_byte(saved, tmp_path):
    lk.Model.load(saved).save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == saved.read_bytes()


def test_model__serves_other_sets_of_its_agreement(saved):
    others = invent(500, seed=77)
    links = lk.link(encoded(others, "registry"), encoded(others, "childrens_centre"), model=lk.Model.load(saved))
    assert lk.evaluate(links, others.truth, key=KEY).f1 > 0.95


def test_model__of_one_set_comes_back_too(sets, tmp_path):
    model = lk.fit(sets[0])
    model.save(tmp_path / "m.json")
    assert lk.Model.load(tmp_path / "m.json") == model


def test_model__sets_of_another_agreement_are_refused(saved, population):
    other = lk.Schema.preset("uk-person", project="another")
    with pytest.raises(lk.MismatchError, match="another agreement"):
        lk.Model.load(saved).predict(encoded(population, "registry", schema=other))


def test_save__replaces_a_file_whole_and_leaves_no_part(model, tmp_path):
    path = tmp_path / "model.json"
    path.write_text("something else")
    model.save(path)
    assert lk.Model.load(path) == model
    assert [each.name for each in tmp_path.iterdir()] == ["model.json"]
    assert os.name == "nt" or path.stat().st_mode & 0o077 == 0


def test_save__never_replaces_a_key(model, tmp_path):
    KEY.save(tmp_path / "project.key")
    with pytest.raises(FileExistsError):
        model.save(tmp_path / "project.key")


def test_save__holds_no_value_no_id_and_no_key(model, saved, population, sets):
    text = saved.read_text()
    ids = [*sets[0].record_ids.to_pylist()[:50], *population["registry"][population.ids["registry"]].to_pylist()[:50]]
    names = [name for name in population["registry"]["surname"].to_pylist() if name and len(name) > 5][:50]
    for word in [*ids, *names, KEY.check(PROJECT), KEY.check(PROJECT)[:16]]:
        assert word not in text, "a value of a record, or of the key"


# ---- what load refuses ------------------------------------------------------------------------------------------


def with_digest(content):
    """A file whose digest is right, so that what else is wrong must be found by looking."""
    body = {name: value for name, value in content.items() if name != "content"}
    return content | {"content": modelfile._digest(body)}


def changed(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(with_digest(content)))


def figure(which, index, value):
    def change(content):
        content["fields"][0][which][index] = value

    return change


def setting(name, value):
    def change(content):
        content[name] = value

    return change


def in_field(name, value):
    def change(content):
        content["fields"][1][name] = value

    return change


REFUSED = {
    "another format": (setting("format", "links 1"), "not a model as this release writes it"),
    "an earlier format": (setting("format", "model 1"), "not a model as this release writes it"),
    "a later format": (setting("format", "model 3"), "not a model as this release writes it"),
    "no format": (lambda content: content.pop("format"), "not a model"),
    "lacks something": (lambda content: content.pop("steps"), "the model lacks steps"),
    "unknown key": (setting("note", "x"), "something more"),
    "schema no text": (setting("schema", {}), "schema: must be of type str"),
    "schema not canonical": (setting("schema", "{}"), "schema: not a canonical schema"),
    "record layout": (
        setting("schema", lk.Schema.preset("uk-person", layout="record").canonical()),
        "belongs to the fields layout",
    ),
    "another schema": (setting("schema", SMALL.canonical()), "the agreement has 2"),
    "fields no list": (setting("fields", {}), "fields: must be of type list"),
    "no fields": (setting("fields", []), "0 are there"),
    "a field too many": (lambda content: content["fields"].append({}), "the agreement has"),
    "a field no object": (lambda content: content["fields"].__setitem__(1, 3), "is not an object"),
    "unknown key of a field": (in_field("w", []), "something more"),
    "a field without u": (lambda content: content["fields"][1].pop("u"), "lacks u"),
    "order of fields": (lambda content: content["fields"].reverse(), "another name"),
    "other levels": (in_field("levels", ["missing", "differs", "equal"]), "levels are not those of this release"),
    "a figure too few": (lambda content: content["fields"][0]["m"].pop(), "a number for each of its"),
    "figures no list": (in_field("h", 0.5), "h: must have a number for each"),
    "zero": (figure("m", 1, 0.0), "m of level 'differs': must be a number above 0"),
    "negative": (figure("u", 1, -0.1), "u of level 'differs'"),
    "above one": (figure("h", 1, 1.5), "h of level 'differs'"),
    "too near zero": (figure("m", 1, 5e-324), "must be a number above 0"),
    "a bool": (figure("m", 1, True), "must be a number"),
    "text": (figure("m", 1, "0.5"), "must be a number"),
    "null": (figure("m", 1, None), "must be a number"),
    "a list": (figure("m", 1, [0.5]), "must be a number"),
    "a huge number": (figure("m", 1, 10**400), "must be a number"),
    "a sum that is off": (figure("m", 1, 0.9), "the levels sum to"),
    "matches negative": (setting("matches", -1.0), "matches: must be a number of pairs"),
    "matches huge": (setting("matches", 10**400), "matches: must be"),
    "matches a bool": (setting("matches", True), "matches: must be"),
    "all of them moved": (setting("moved", 1.0), "moved: must be a share"),
    "moved text": (setting("moved", "0.1"), "moved: must be"),
    "households text": (setting("households", "1"), "households: must be"),
    "steps a float": (setting("steps", 3.5), "steps: must be of type int"),
    "steps a bool": (setting("steps", True), "steps: must be of type int"),
    "steps negative": (setting("steps", -1), "steps: not a number of steps"),
    "steps huge": (setting("steps", 10**100), "steps: not a number of steps"),
    "converged a number": (setting("converged", 1), "converged: must be of type bool"),
}


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED)
def test_load__refuses_and_says_what_and_where(saved, change, reason):
    changed(saved, change)
    with pytest.raises(lk.FileFormatError, match=reason) as caught:
        lk.Model.load(saved)
    assert caught.value.path == str(saved) and str(saved) in str(caught.value)


def replaced(old, new):
    return lambda text: text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (replaced('"steps"', '"steps": 1, "steps"'), "used twice"),
        (replaced('"converged": true', '"converged": NaN'), "NaN"),
        (replaced('"households": ', '"households": 1e999, "x": '), "something more"),
        (lambda text: "[" * 100_000, "nested"),
        (lambda text: text[: len(text) // 2], "cut short"),
        (lambda text: "", "not JSON"),
        (lambda text: "null", "not a model"),
        (lambda text: "[]", "not a model"),
        (lambda text: '{"clks": []}', "not a model"),
        (lambda text: "[" + "0," * 1_000_000 + "0]", "larger than a model"),
    ],
    ids=["twice", "NaN", "more", "nested", "cut", "empty", "null", "list", "CLKs", "large"],
)
def test_load__refuses_what_is_no_model(saved, change, reason):
    saved.write_text(change(saved.read_text()))
    with pytest.raises(lk.FileFormatError, match=reason):
        lk.Model.load(saved)


def test_load__infinity_written_as_a_number_is_refused(saved):
    text = saved.read_text()
    matches = json.loads(text)["matches"]
    saved.write_text(text.replace(f'"matches": {matches!r}', '"matches": 1e999'))
    with pytest.raises(lk.FileFormatError, match="matches"):
        lk.Model.load(saved)


def test_load__a_figure_changed_by_hand_is_found_and_the_way_named(saved):
    content = json.loads(saved.read_text())
    m = content["fields"][0]["m"]
    m[1], m[2] = m[2], m[1]
    saved.write_text(json.dumps(content))
    with pytest.raises(lk.FileFormatError, match=r"Model\.of"):
        lk.Model.load(saved)


def test_load__line_breaks_and_the_order_of_names_do_not_matter(saved, model):
    content = json.loads(saved.read_text())
    saved.write_text(json.dumps(dict(reversed(content.items()))))
    assert lk.Model.load(saved) == model


def test_load__a_key_a_folder_and_nothing_are_no_model(tmp_path):
    KEY.save(tmp_path / "project.key")
    for path in (tmp_path / "project.key", tmp_path):
        with pytest.raises(lk.FileFormatError):
            lk.Model.load(path)
    with pytest.raises(FileNotFoundError):
        lk.Model.load(tmp_path / "none.json")


def mutant(data, seed):
    """A damaged copy: bits, digits, cut or repeated parts, and numbers and words in each other's place."""
    draw = random.Random(seed)
    changed = bytearray(data)
    for _ in range(draw.choice([1, 1, 1, 2, 5])):
        place, length = draw.randrange(len(changed)), draw.choice([1, 2, 8, 60])
        way = draw.randrange(6)
        if way == 0:
            changed[place] ^= 1 << draw.randrange(8)
        elif way == 1:
            changed[place] = draw.choice(b'0123456789.eE-+{}[]",:')
        elif way == 2:
            del changed[place : place + length]
        elif way == 3:
            changed[place:place] = changed[place : place + length]
        elif way == 4:
            words = (b"NaN", b"-Infinity", b"1e999", b"null", b"true", b"{}", b"[]", b"-0.0", b"1" * 5_000, b"\\ud800")
            changed[place:place] = draw.choice(words)
        else:
            del changed[place + length :]
    return bytes(changed)


@pytest.fixture
def no_hang():
    faulthandler.dump_traceback_later(120, exit=True)  # a thread of C: it ends loops in C too
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.mark.usefixtures("no_hang")
def test_load__a_mutant_is_refused_or_the_same_model(saved, model):
    data = saved.read_bytes()
    same = 0
    for seed in range(MUTANTS):
        saved.write_bytes(mutant(data, seed))
        try:
            assert lk.Model.load(saved) == model, f"mutant {seed}: changed, and nobody noticed"
            same += 1
        except lk.FileFormatError as error:
            # a mutant of the agreement in it once put half a letter, which can't be printed, into the message
            assert str(error).isprintable(), f"mutant {seed}"
    assert same < MUTANTS / 2


ODD = (None, True, -1, 0, 2, 10**400, 0.5, -0.0, 5e-324, math.nan, math.inf, "", "missing", [], {}, [0.5], {"m": []})


def misplaced(content, draw):
    """The content with something odd in one place, however deep."""
    if isinstance(content, dict | list) and content and draw.random() < 0.9:
        place = draw.choice(list(content) if isinstance(content, dict) else range(len(content)))
        content[place] = misplaced(content[place], draw)
        return content
    return draw.choice(ODD)


@pytest.mark.usefixtures("no_hang")
def test_load__what_is_oddly_made_is_refused_though_its_digest_is_right(saved):
    text = saved.read_text()
    refused = 0
    for seed in range(MUTANTS):
        odd = misplaced(json.loads(text), random.Random(seed))
        saved.write_text(json.dumps(with_digest(odd) if isinstance(odd, dict) else odd))
        try:
            back = lk.Model.load(saved)
        except lk.FileFormatError:
            refused += 1
        else:  # such as another number of steps
            back.save(saved)
            assert lk.Model.load(saved) == back, f"mutant {seed}"
    assert refused > MUTANTS / 2


# ---- given by someone who knows ---------------------------------------------------------------------------------


def test_of__an_experts_model_links(sets, population):
    links = lk.link(*sets, model=lk.Model.of(SCHEMA, table(SCHEMA), matches=500))
    assert lk.evaluate(links, population.truth, key=KEY).f1 > 0.9


@pytest.mark.parametrize(
    "frame",
    [
        lambda model: model,
        lambda model: model.to_arrow(),
        lambda model: model.to_pandas(),
        lambda model: model.to_pandas().sample(frac=1, random_state=3),
        lambda model: model.to_polars(),
        lambda model: model.to_polars().lazy(),
        lambda model: model.to_arrow().to_pydict(),
    ],
    ids=["model", "arrow", "pandas", "shuffled", "polars", "lazy", "dict"],
)
def test_of__takes_the_table_that_a_model_gives(model, frame):
    back = lk.Model.of(SCHEMA, frame(model), matches=model.matches, households=model.households)
    assert back.fields == model.fields and (back.matches, back.households) == (model.matches, model.households)
    assert back.steps == 0 and back.converged


def test_of__an_edited_frame_changes_the_weight_it_is_about(model):
    frame = model.to_pandas()
    rows = frame["field"] == "sex"
    frame.loc[rows, "m"] = [0.02, 0.01, 0.97]
    frame["match_weight"] = 0.0  # follows from m and u, and isn't read
    edited = lk.Model.of(SCHEMA, frame, matches=model.matches, households=model.households)
    assert {row["field"] for row in model.differences(edited).to_arrow().to_pylist() if row["difference"]} == {"sex"}


def test_of__without_h_no_household_explains_anything():
    model = lk.Model.of(SMALL, table(), matches=10)
    assert model.households == 0
    assert all(item.household_weights == (0,) * item.comparison.levels for item in model.fields)


def test_of__the_heaviest_weights_still_link(sets, population):
    heavy = table(SCHEMA)
    for column, level in (("m", "differs"), ("u", "equal")):
        for place, label in enumerate(heavy["level"]):
            if label == level:
                heavy[column][place + (1 if level == "differs" else -1)] += heavy[column][place] - 1e-30
                heavy[column][place] = 1e-30
    links = lk.link(*sets, model=lk.Model.of(SCHEMA, heavy, matches=500))
    assert lk.evaluate(links, population.truth, key=KEY).precision > 0.95


def test_of__a_given_model_is_saved_like_any(tmp_path):
    model = lk.Model.of(SMALL, pl.DataFrame(table()), matches=10)
    model.save(tmp_path / "given.json")
    assert lk.Model.load(tmp_path / "given.json") == model


def edited(column, index, value):
    def change(columns):
        columns[column][index] = value

    return change


def cut(columns):
    for values in columns.values():
        del values[3:5], values[-1]


def twice(columns):
    for values in columns.values():
        values.append(values[0])


NOT_GIVEN = {
    "levels missing": (cut, "lacks the levels given_name: '0.5 or more', '0.6 or more'; sex: 'equal'"),
    "a level twice": (twice, "field 'given_name', level 'missing' is there twice"),
    "an unknown field": (edited("field", 0, "givenname"), "did you mean 'given_name'"),
    "an unknown level": (edited("level", 0, "mising"), "did you mean 'missing'"),
    "a level no text": (lambda columns: columns.update(level=list(range(len(columns["m"])))), "must be text"),
    "a sum": (edited("m", 0, 0.2), "field 'given_name', m: the levels sum to 1.15"),
    "zero": (edited("u", 2, 0.0), "u of level '0.4 or more': must be a number above 0"),
    "NaN": (edited("u", 2, math.nan), "must be a number above 0"),
    "none": (edited("u", 2, None), "must be a number above 0"),
    "no u": (lambda columns: columns.pop("u"), "lacks the column u"),
    "another column": (lambda columns: columns.update(hh=columns["m"]), "column 'hh'"),
    "text for figures": (lambda columns: columns.update(m=list(map(str, columns["m"]))), "must be a number"),
}


@pytest.mark.parametrize(("change", "reason"), NOT_GIVEN.values(), ids=NOT_GIVEN)
def test_of__says_what_is_wrong_with_a_table(change, reason):
    columns = table()
    change(columns)
    with pytest.raises(ValueError, match=reason):
        lk.Model.of(SMALL, columns, matches=10)


def test_of__households_need_h():
    with pytest.raises(ValueError, match="households need h"):
        lk.Model.of(SMALL, table(), matches=10, households=0.5)
    assert lk.Model.of(SMALL, table(h=table()["u"]), matches=10, households=0.5).households == 0.5


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, True, "many", None, 10**400])
def test_of__expected_numbers_are_numbers(value):
    with pytest.raises((TypeError, ValueError), match="matches: must be"):
        lk.Model.of(SMALL, table(), matches=value)
    with pytest.raises((TypeError, ValueError), match="households: must be"):
        lk.Model.of(SMALL, table(h=table()["u"]), matches=1, households=value)


def test_of__the_record_layout_has_no_model():
    with pytest.raises(ValueError, match="fields layout"):
        lk.Model.of(lk.Schema.preset("uk-person", layout="record"), table(), matches=1)


@pytest.mark.parametrize("thing", [3, "model.csv", None, {"field": ["a"], "level": []}])
def test_of__takes_tables_only(thing):
    with pytest.raises(TypeError, match="table: must be"):
        lk.Model.of(SMALL, thing, matches=1)
    with pytest.raises(TypeError, match="schema: must be of the type Schema, not str; read"):
        lk.Model.of("agreement.toml", table(), matches=1)


def test_save__a_model_that_could_not_be_loaded_is_not_written(tmp_path):
    good = lk.Model.of(SMALL, table(), matches=10)
    bad = lk.Model(SMALL, good.fields, math.nan, 0.0, 0, True)
    with pytest.raises(ValueError, match="matches"):
        bad.save(tmp_path / "bad.json")
    assert list(tmp_path.iterdir()) == []


# ---- compared ---------------------------------------------------------------------------------------------------


def test_differences__of_a_model_and_itself_are_none(model):
    found = model.differences(model)
    assert len(found) == len(model) == found.to_arrow().num_rows
    assert set(found.to_arrow()["difference"].to_pylist()) == {0.0}
    assert repr(found) == f"ModelDifferences(0 of {len(model)} weights differ)"


def test_differences__what_moves_matches_most_comes_first(model):
    frame = model.to_pandas()
    rare = (frame["field"] == "surname") & (frame["level"] == "exchanged")
    common = (frame["field"] == "sex") & (frame["level"] == "equal")
    other = (frame["field"] == "sex") & (frame["level"] == "differs")
    frame.loc[common, "u"] -= 0.3
    frame.loc[other, "u"] += 0.3
    frame.loc[rare, "m"] *= 2.0
    frame.loc[(frame["field"] == "surname"), "m"] /= frame.loc[(frame["field"] == "surname"), "m"].sum()
    found = model.differences(lk.Model.of(SCHEMA, frame, matches=1, households=model.households)).to_pandas()
    assert (found.loc[0, "field"], found.loc[0, "level"]) == ("sex", "equal")
    assert found["effect"].is_monotonic_decreasing
    weights = model.to_pandas().set_index(["field", "level"])["match_weight"]
    pd.testing.assert_series_equal(
        found.set_index(["field", "level"])["left_weight"].sort_index(), weights.sort_index(), check_names=False
    )
    assert np.allclose(found["right_weight"] - found["left_weight"], found["difference"])


def test_differences__either_way_round_are_the_same_but_for_the_sign(model):
    other = lk.Model.of(SCHEMA, table(SCHEMA), matches=1)
    one, two = model.differences(other).to_pandas(), other.differences(model).to_pandas()
    assert one[["field", "level", "effect"]].equals(two[["field", "level", "effect"]])
    assert np.array_equal(one["difference"], -two["difference"])


def test_differences__of_two_agreements_are_refused(model):
    other = lk.Model.of(SMALL, table(), matches=1)
    with pytest.raises(lk.MismatchError, match="different agreements: project") as caught:
        model.differences(other)
    assert caught.value.left == SCHEMA.fingerprint() and caught.value.right == SMALL.fingerprint()
