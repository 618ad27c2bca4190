"""The commands of the centre: a model fitted, saved and used; one set linked with itself; what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import linkage as lk
from linkage.cli import cli
from linkage.commands.exitcodes import run
from linkage.commands.tablefiles import write_table
from linkage.study import invent
from tests.test_link import RECORD, SCHEMA, encoded, without_link_ids

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")


@pytest.fixture(scope="module")
def many():
    population = invent(400, seed=9)
    return encoded(population, "registry"), encoded(population, "childrens_centre")


@pytest.fixture(scope="module")
def few():
    """Two sets of which few records have a partner, but many a brother or sister."""
    population = invent(1_500, seed=1)
    pairs = population.pairs("registry", "childrens_centre").slice(8)
    registry = population["registry"]
    gone = pc.is_in(registry[population.ids["registry"]], pairs["left_id"].combine_chunks())
    rows = [row for row, out in enumerate(gone.to_pylist()) if not out]
    return encoded(population, "registry", rows=rows), encoded(population, "childrens_centre")


@pytest.fixture
def place(tmp_path, monkeypatch, many):
    monkeypatch.chdir(tmp_path)
    for name, each in zip(("a.parquet", "b.parquet"), many, strict=True):
        each.save(name)
    return tmp_path


def said(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def files(place):
    return sorted(path.name for path in place.iterdir())


def test_fit__writes_the_model_that_the_library_fits(place, capsys, many):
    assert run(cli, ["fit", "a.parquet", "b.parquet", "-o", "model.json", "--json"]) == 0
    found, model = said(capsys), lk.fit(*many)
    assert lk.Model.load("model.json") == model
    assert found == {"fields": len(SCHEMA.fields), "matches": model.matches, "households": model.households,
                     "steps": model.steps, "converged": True, "doubts": [], "file": "model.json"}  # fmt: skip
    assert run(cli, ["fit", "a.parquet", "b.parquet", "-o", "model.json", "--weights"]) == 0
    printed = capsys.readouterr()
    assert "matches expected" in printed.out and str(model) in printed.err


def test_link__by_a_model_gives_what_fitting_gives(place, capsys):
    assert run(cli, ["fit", "a.parquet", "b.parquet", "-o", "model.json"]) == 0
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "plain.parquet"]) == 0
    by_model = ["link", "b.parquet", "a.parquet", "--model", "model.json", "-o", "by.parquet", "--weights"]
    assert run(cli, by_model) == 0
    assert str(lk.Model.load("model.json")) in capsys.readouterr().err
    plain, other = lk.Links.load("plain.parquet"), lk.Links.load("by.parquet")
    assert without_link_ids(plain) == without_link_ids(other) and len(plain) > 100


def test_link__one_set_is_linked_with_itself(place, capsys):
    arguments = ["link", "a.parquet", "--model", "model.json", "--probability", "0.0001", "-o", "own.parquet"]
    assert run(cli, ["fit", "a.parquet", "b.parquet", "-o", "model.json"]) == 0
    capsys.readouterr()
    assert run(cli, [*arguments, "--json"]) == 0
    found = said(capsys)
    assert found["sources"] == ["registry"] and found["records"] == len(lk.EncodedSet.load("a.parquet"))
    assert run(cli, [*arguments, "--replace"]) == 0
    assert "pairs of records within registry" in capsys.readouterr().out
    assert run(cli, ["release", "own.parquet", "--source", "registry", "-o", "r.parquet"]) == 0
    assert run(cli, ["fit", "a.parquet", "-o", "own.json"]) == 0


@pytest.mark.parametrize("weights", [[], ["--weights"]], ids=["plain", "weights"])
def test_link__too_few_partners_is_one_line_that_names_the_way_out(place, capsys, few, weights):
    for name, each in zip(("a.parquet", "b.parquet"), few, strict=True):
        each.save(name)
    before = files(place)
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "links.parquet", *weights]) == 3
    printed = capsys.readouterr()
    (line,) = (line for line in printed.err.splitlines() if line.startswith("error: "))
    assert "`linkage fit`" in line and "`linkage link --model`" in line and printed.out == ""
    assert files(place) == before
    assert run(cli, ["fit", "a.parquet", "b.parquet", "-o", "model.json", "--json"]) == 0
    assert any("seem to have a partner" in doubt for doubt in said(capsys)["doubts"])
    assert run(cli, ["link", "a.parquet", "b.parquet", "--model", "model.json", "-o", "links.parquet"]) == 0


def other_agreement(place):
    lk.Model.of(
        lk.Schema(project="q", fields=(lk.Field(name="sex", type="category"),)),
        {"field": ["sex"] * 3, "level": ["missing", "differs", "equal"], "m": [0.1, 0.1, 0.8], "u": [0.1, 0.5, 0.4]},
        matches=1,
    ).save("model.json")


@pytest.mark.parametrize(
    ("spoil", "code", "word"),
    [
        (other_agreement, 4, "another agreement"),
        (lambda place: (place / "model.json").write_text("{}"), 3, "not a model"),
        (lambda place: (place / "a.parquet").rename("model.json"), 3, ""),
        (lambda place: None, 3, "model.json: no such file"),
    ],
    ids=["another agreement", "no model", "a set", "no file"],
)
def test_link__a_wrong_model_leaves_nothing(place, capsys, few, spoil, code, word):
    spoil(place)
    few[0].save("c.parquet")
    before = files(place)
    assert run(cli, ["link", "c.parquet", "b.parquet", "--model", "model.json", "-o", "links.parquet"]) == code
    assert word in capsys.readouterr().err
    assert files(place) == before


def test_fit__and_link_keep_their_inputs_and_take_two_sets_at_most(place, capsys):
    assert run(cli, ["fit", "a.parquet", "b.parquet", "-o", "model.json"]) == 0
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    three = ["a.parquet", "b.parquet", "a.parquet"]
    for arguments in (
        ["fit", "a.parquet", "b.parquet", "-o", "a.parquet"],
        ["link", "a.parquet", "b.parquet", "--model", "model.json", "-o", "model.json", "--replace"],
        ["fit", *three, "-o", "other.json"],
        ["link", *three, "-o", "links.parquet"],
        ["fit", "a.parquet", "b.parquet", "-o", "other.json", "--duplicates", "police"],
        ["fit", "a.parquet", "b.parquet"],
    ):
        assert run(cli, arguments) == 2, arguments
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


def test_fit__the_record_layout_has_no_model(place, capsys):
    encoded(invent(100, seed=1), "registry", schema=RECORD).save("r.parquet")
    assert run(cli, ["fit", "r.parquet", "-o", "model.json"]) == 2
    assert "fields layout" in capsys.readouterr().err
    other_agreement(place)
    assert run(cli, ["link", "r.parquet", "-o", "l.parquet", "--model", "model.json", "--threshold", "0.8"]) == 2
    assert "model belongs to the fields layout" in capsys.readouterr().err


def test_info__knows_a_model(place, capsys):
    assert run(cli, ["fit", "a.parquet", "b.parquet", "-o", "model.json"]) == 0
    capsys.readouterr()
    assert run(cli, ["info", "model.json", "--json"]) == 0
    found = said(capsys)
    assert found["kind"] == "model" and found["fingerprint"] == SCHEMA.fingerprint()
    (place / "other.json").write_text('{"links": []}')
    assert run(cli, ["info", "other.json"]) == 3


def test_link__says_how_good_the_links_are_expected_to_be(place, capsys, many):
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "l.parquet", "--precision", "0.98", "--json"]) == 0
    found, quality = said(capsys), lk.Links.load("l.parquet").quality
    assert found["cut"] == lk.link(*many, precision=0.98).cut
    assert found["expected"]["precision"] == vars(quality.precision) and found["expected"]["known"] is quality.known
    assert found["expected"]["precision"]["value"] >= 0.98
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "l.parquet", "--replace"]) == 0
    assert "expected without truth" in capsys.readouterr().out
    both = ["--precision", "0.98", "--probability", "0.5"]
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "m.parquet", *both]) == 2
    assert files(place) == ["a.parquet", "b.parquet", "l.parquet"]


def test_overlap__publishes_nothing_that_could_not_be_written(place, capsys):
    """The ledger held a table that nobody had seen, and later ones were held against it."""
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "links.parquet"]) == 0
    for path, code in (("none/c.csv", 3), ("c.txt", 2)):
        assert run(cli, ["overlap", "links.parquet", "--ledger", "ledger.json", "--csv", path]) == code
        assert "ledger.json" not in files(place)


def test_report__of_a_title_that_is_no_text_is_refused(place, capsys):
    """A byte that is not UTF-8 came out of the writing of the page, as unexpected."""
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "links.parquet"]) == 0
    assert run(cli, ["report", "links.parquet", "-o", "page.html", "--title", "caf\udce9"]) == 2
    assert "not in the encoding" in capsys.readouterr().err and "page.html" not in files(place)


def test_command__that_is_none_is_usage_also_where_nothing_can_be_said(monkeypatch):
    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("click.UsageError.show", full)
    assert run(cli, ["nosuch"]) == 2


def test_report__is_drawn_whatever_the_environment_says_of_figures(place):
    """MPLBACKEND, which a notebook's terminal sets, ended it as unexpected."""
    command = [
        sys.executable,
        "-m",
        "linkage",
        *["link", "a.parquet", "b.parquet", "-o", "c.parquet", "--replace", "--report", "c.html"],
    ]
    of = {"capture_output": True, "text": True}
    environment = {**os.environ, "MPLBACKEND": "module://not_installed.backend"}
    assert subprocess.run(command, **of, env=environment).returncode == 0
    assert "<svg" in Path("c.html").read_text(encoding="utf-8")
    ended = subprocess.run(command, **of, env=environment | {"MPLBACKEND": "nonsense"})
    assert ended.returncode == 2 and "unset MPLBACKEND" in ended.stderr


@pytest.mark.parametrize("column", [pa.array([[1], [2]]), pa.array([{"a": 1}, None])])
def test_table__with_a_column_that_csv_can_not_hold_is_refused_and_written_as_parquet(tmp_path, column):
    """`rejoin -o out.csv` of a table with a list ended as unexpected."""
    table = pa.table({"no": ["1", "2"], "more": column})
    with pytest.raises(ValueError, match=r"write \.parquet"):
        write_table(table, str(tmp_path / "out.csv"))
    write_table(table, str(tmp_path / "out.parquet"))
    assert [each.name for each in tmp_path.iterdir()] == ["out.parquet"]


@pytest.mark.parametrize("out", ["work/run.json", "work/pairs/part-00000.parquet", "elsewhere/out.parquet"])
def test_link__writes_no_output_into_the_folder_of_its_run(place, capsys, out):
    """It replaced the run's own files, and the run could not be continued."""
    (place / "work" / "pairs").mkdir(parents=True)
    (place / "elsewhere").symlink_to("work")
    assert run(cli, ["link", "a.parquet", "b.parquet", "--run", "work", "-o", out]) == 2
    assert "an output would lie in that folder" in capsys.readouterr().err and not (place / out).exists()


@pytest.mark.parametrize(
    "column",
    [
        pa.array([10**8], pa.date32()),
        pa.array([2**55], pa.timestamp("ms")),
        pa.StringArray.from_buffers(1, pa.py_buffer(bytes(4) + b"\1\0\0\0"), pa.py_buffer(b"\xff")),
    ],
    ids=["a day of no calendar", "a time of no calendar", "no UTF-8"],
)
def test_csv__of_what_has_no_name_is_refused(tmp_path, column):
    """Such days were written as "<value out of range>", such bytes as they were, with an exit code of 0."""
    with pytest.raises(ValueError, match="days that no calendar has"):
        write_table(pa.table({"x": column}), str(tmp_path / "x.csv"))
    assert not list(tmp_path.iterdir())


def test_csv__holds_views_and_runs(tmp_path):
    table = pa.table({"x": pa.array(["a", "b"], pa.string_view()), "y": pc.run_end_encode(pa.array(["c", "c"]))})
    write_table(table, str(tmp_path / "x.csv"))
    assert (tmp_path / "x.csv").read_text(encoding="utf-8").splitlines() == ['"x","y"', '"a","c"', '"b","c"']
