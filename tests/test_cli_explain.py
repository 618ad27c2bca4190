"""linkage explain and linkage refine: why, and a model that learns from a reviewed file."""

import csv
import json

import pytest

import linkage as lk
from linkage.cli import cli
from linkage.commands.exitcodes import run
from tests.test_refine import material, true_pairs

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, sets, model, _ = material()
    for name, each in zip(("a.parquet", "b.parquet"), sets, strict=True):
        each.save(name)
    model.save("model.json")
    return tmp_path


ASK = ["explain", "a.parquet", "b.parquet", "--model", "model.json"]
LEARN = ["refine", "a.parquet", "b.parquet", "--model", "model.json", "--decisions", "review.csv", "-o", "new.json"]


def test_explain__answers_what_the_library_answers(place, capsys):
    _, sets, model, _ = material()
    asked = model.explain(*sets, probability=0.6)
    row = asked.nearest(1).to_arrow().to_pylist()[0]
    pair = row["left_id"], row["right_id"]
    assert run(cli, [*ASK, "--probability", "0.6", "--pair", *pair]) == 0
    assert capsys.readouterr().out == f"{asked.pair(*pair)}\n"
    for options, wanted in (
        ([], asked.nearest(20)),
        (["--nearest", "3"], asked.nearest(3)),
        (["--unlinkable"], asked.unlinkable()),
        (["--dropping"], asked.dropping()),
    ):
        assert run(cli, [*ASK, "--probability", "0.6", "--json", *options]) == 0
        assert json.loads(capsys.readouterr().out) == wanted.to_arrow().to_pylist()
    assert run(cli, [*ASK, "--nearest", "2"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_explain__asks_one_thing_at_a_time_of_two_sets_at_most(place, capsys):
    assert run(cli, [*ASK, "--unlinkable", "--dropping"]) == 2
    assert run(cli, ["explain", "a.parquet", "b.parquet", "a.parquet", "--model", "model.json"]) == 2
    assert run(cli, [*ASK, "--pair", "x", "y"]) == 2
    assert "has no record with this left_id" in capsys.readouterr().err


def test_refine__learns_from_the_file_that_explain_wrote_for_review(place, capsys):
    people, sets, model, decisions = material()
    assert run(cli, [*ASK, "--nearest", "300", "-o", "near.csv"]) == 0
    true = true_pairs(people)
    with (place / "near.csv").open(encoding="utf-8") as file, (place / "review.csv").open("w", encoding="utf-8") as out:
        rows = list(csv.DictReader(file))
        writer = csv.DictWriter(out, [*rows[0], "same"])
        writer.writeheader()
        for number, row in enumerate(rows):
            same = (row["left_id"], row["right_id"]) in true
            writer.writerow(row | {"same": ("TRUE", "yes")[number % 2] if same else ("FALSE", "no")[number % 2]})
    capsys.readouterr()
    assert run(cli, [*LEARN, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"refined": True, "decisions": 300, "file": "new.json"}
    assert lk.Model.load("new.json") == lk.refine(model, *sets, decisions)


def test_refine__says_if_the_model_stays_as_it_was(place, capsys):
    (place / "review.csv").write_text("left_source,left_id,right_source,right_id,same\n", encoding="utf-8")
    assert run(cli, LEARN) == 0
    printed = capsys.readouterr()
    assert "as it was, after 0 decisions" in printed.out and "too few" in printed.err
    assert lk.Model.load("new.json") == material()[2]


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        ("left_source,left_id,right_source,right_id,same\na,b,c,d,perhaps\n", 3, "row 1: same must be true or false"),
        ("left_source,left_id\na,b\n", 2, "lacks the column right_source, right_id, same"),
        ("left_source,left_id\na,b,c\n", 3, "row 1 has 3 columns where the header has 2"),
        ("", 3, "the file is empty"),
    ],
)
def test_refine__refuses_a_file_that_is_no_review(place, capsys, content, code, message):
    (place / "review.csv").write_text(content, encoding="utf-8")
    assert run(cli, LEARN) == code
    assert message in capsys.readouterr().err
    assert not (place / "new.json").exists()
