"""The command line: results on stdout, the rest on stderr, one exit code for each thing that can go wrong."""

import json
import os
import subprocess
import sys

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

import linkage as lk
from linkage import study
from linkage.central import kernels
from linkage.cli import cli
from linkage.commands.exitcodes import run

FIELDS = ("given_name", "surname", "dob", "sex", "postcode")
CANARY = "Quetzalcoatl"


@pytest.fixture(scope="module")
def people():
    return study.invent(400, seed=5)


@pytest.fixture
def place(tmp_path, monkeypatch, people):
    """A folder with an agreement, a key, and two agencies' tables under the field names."""
    monkeypatch.chdir(tmp_path)
    fields = "".join(
        f'[[field]]\nname = "{name}"\ntype = "{kind}"\n'
        for name, kind in zip(FIELDS, ("name", "name", "date", "category", "postcode"), strict=True)
    )
    (tmp_path / "agreement.toml").write_text(f'version = 1\nproject = "p"\nlayout = "fields"\n{fields}')
    lk.Key.generate().save("project.key")
    for source, name in (("registry", "a.csv"), ("childrens_centre", "b.csv")):
        own = {column: field for field, column in people.columns[source].items() if column}
        table = people[source]
        csv.write_csv(table.rename_columns([own.get(column, column) for column in table.column_names]), name)
    csv.write_csv(people.truth, "truth.csv")
    return tmp_path


ENCODE_A = ["encode", "a.csv", "--schema", "agreement.toml", "--key", "project.key", "--id", "entry_no"]
ENCODE_A += ["--source", "registry", "-o", "a.parquet"]
ENCODE_B = ["encode", "b.csv", "--schema", "agreement.toml", "--key", "project.key", "--id", "reg_no"]
ENCODE_B += ["--source", "childrens_centre", "-o", "b.parquet"]


def files(place):
    return sorted(path.name for path in place.iterdir())


def test_whole_job__from_csv_to_judged_links(place, capsys):
    assert run(cli, ENCODE_A) == 0 and run(cli, ENCODE_B) == 0
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "links.parquet", "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["sources"] == ["childrens_centre", "registry"] and said["pairs"] > 100
    assert run(cli, ["release", "links.parquet", "--source", "registry", "-o", "r.parquet", "--confidence"]) == 0
    for out in ("back.csv", "back.parquet"):
        done = run(cli, ["rejoin", "r.parquet", "a.csv", "--key", "project.key", "--id", "entry_no", "-o", out])
        assert done == 0
    assert parquet.read_table("back.parquet").num_rows == csv.read_csv("a.csv").num_rows
    capsys.readouterr()
    assert run(cli, ["evaluate", "links.parquet", "truth.csv", "--key", "project.key", "--json"]) == 0
    measures = json.loads(capsys.readouterr().out)
    assert measures["f1"][0] > 0.95 and measures["f1"][1] <= measures["f1"][0] <= measures["f1"][2]


def test_whole_job__record_layout_finds_a_threshold_or_takes_one(place, capsys):
    text = (place / "agreement.toml").read_text().replace('layout = "fields"', 'layout = "record"')
    (place / "agreement.toml").write_text(text)
    assert run(cli, ENCODE_A) == 0 and run(cli, ENCODE_B) == 0
    assert run(cli, ["link", "a.parquet", "-o", "l.parquet"]) == 2
    assert "needs a threshold" in capsys.readouterr().err
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "found.parquet"]) == 0
    assert 0.5 < lk.Links.load("found.parquet").cut["threshold"] < 0.9
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "l.parquet", "--threshold", "7/10"]) == 0
    assert run(cli, ["evaluate", "l.parquet", "truth.csv", "--key", "project.key"]) == 0
    assert "precision" in capsys.readouterr().out


def test_info__knows_each_kind_of_file(place, capsys):
    assert run(cli, ENCODE_A) == 0 and run(cli, ENCODE_B) == 0
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "links.parquet"]) == 0
    assert run(cli, ["release", "links.parquet", "--source", "registry", "-o", "r.parquet"]) == 0
    assert run(cli, ["fit", "a.parquet", "b.parquet", "-o", "model.toml"]) == 0  # a file may be called as one likes
    (place / "a.parquet").rename("a.toml")
    for name, kind in (("a.toml", "encoded set"), ("links.parquet", "links"), ("r.parquet", "release"),
                       ("agreement.toml", "agreement"), ("model.toml", "model")):  # fmt: skip
        capsys.readouterr()
        assert run(cli, ["info", name]) == 0
        assert kind in capsys.readouterr().out
    capsys.readouterr()
    assert run(cli, ["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["encoding version"] == 1


def test_schema__writes_a_preset_and_prints_an_agreement(place, capsys):
    assert run(cli, ["schema", "uk-person", "--project", "x", "-o", "uk.toml"]) == 0
    assert lk.Schema.load("uk.toml") == lk.Schema.preset("uk-person", project="x")
    assert run(cli, ["schema", "uk-person", "--project", "x", "-o", "uk.toml"]) == 2
    capsys.readouterr()
    assert run(cli, ["schema", "uk.toml"]) == 0
    assert lk.Schema.load("uk.toml").fingerprint() in capsys.readouterr().out


def test_check__lists_rows_and_rules_not_values(place, capsys):
    (place / "bad.csv").write_text(
        f"id,given_name,surname,dob,sex,postcode\n1,A,B,{CANARY},F,LS1 4DY\n1,A,B,,M,LS1 4DY\n"
    )
    assert run(cli, ["check", "bad.csv", "--schema", "agreement.toml", "--id", "id"]) == 0
    said = capsys.readouterr()
    assert "row 1, column 'dob': not a date" in said.out and "row 2, column 'id'" in said.out
    assert CANARY not in said.out + said.err
    assert run(cli, ["check", "bad.csv", "--schema", "agreement.toml", "--strict", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["problems"] == 2


def other_key(place):
    lk.Key.generate().save("other.key")
    return [*ENCODE_B[:5], "other.key", *ENCODE_B[6:]]


def other_schema(place):
    text = (place / "agreement.toml").read_text().replace('"p"', '"q"')
    (place / "other.toml").write_text(text)
    return [*ENCODE_B[:3], "other.toml", *ENCODE_B[4:]]


@pytest.mark.parametrize(("change", "word"), [(other_key, "keys"), (other_schema, "project")])
def test_link__parties_that_disagree_exit_with_4(place, capsys, change, word):
    assert run(cli, ENCODE_A) == 0 and run(cli, change(place)) == 0
    before = files(place)
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "links.parquet"]) == 4
    assert word in capsys.readouterr().err
    assert files(place) == before


def write(text, encoding="utf-8"):
    return lambda place: (place / "a.csv").write_bytes(text.encode(encoding))


HEADER = "entry_no,given_name,surname,dob,sex,postcode\n"
BAD_INPUT = {
    "a column is missing": write(HEADER.replace("surname", "sirname") + f"1,{CANARY},B,2019-01-01,F,LS1 4DY\n"),
    "an id is repeated": write(HEADER + f"1,{CANARY},B,2019-01-01,F,LS1 4DY\n" * 2),
    "an id is missing": write(HEADER + f",{CANARY},B,2019-01-01,F,LS1 4DY\n"),
    "an id is blank": write(HEADER + f"   ,{CANARY},B,2019-01-01,F,LS1 4DY\n"),
    "no records": write(HEADER),
    "empty file": write(""),
    "latin-1": write(HEADER + f"1,{CANARY},Brontë,2019-01-01,F,LS1 4DY\n", "latin-1"),
    "utf-16": write(HEADER + f"1,{CANARY},B,2019-01-01,F,LS1 4DY\n", "utf-16"),
    "a row is too long": write(HEADER + f"1,{CANARY},B,2019-01-01,F,LS1 4DY,{CANARY}\n"),
    "a quote is left open": write(HEADER + f'1,"{CANARY},B,2019-01-01,F,LS1 4DY\n'),
    "no such file": lambda place: (place / "a.csv").unlink(),
    "not TOML": lambda place: (place / "agreement.toml").write_text("version = = 1"),
    "wrong field type": lambda place: (place / "agreement.toml").write_text(
        (place / "agreement.toml").read_text().replace('"date"', '"dat"')
    ),
    "not a key": lambda place: (place / "project.key").write_text("swordfish\n"),
}


@pytest.mark.parametrize("spoil", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_encode__bad_input_exits_with_3_and_leaves_nothing(place, capsys, spoil):
    spoil(place)
    before = files(place)
    assert run(cli, ENCODE_A) == 3
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("error: ")
    assert CANARY.lower() not in said.err.lower() and "Traceback" not in said.err
    assert files(place) == before


def test_encode__float_ids_in_parquet_say_how_to_read_them(place, capsys):
    table = pa.table({"entry_no": [1.0, 2.5], **{name: ["x", "y"] for name in FIELDS}})
    parquet.write_table(table, "a.parquet")
    arguments = ["encode", "a.parquet", *ENCODE_A[2:-1], "out.parquet"]
    assert run(cli, arguments) == 3
    assert "as text" in capsys.readouterr().err and not (place / "out.parquet").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_encode__a_key_file_others_can_read_exits_with_5(place, capsys):
    (place / "project.key").chmod(0o644)
    assert run(cli, ENCODE_A) == 5
    assert "chmod 600" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows closes inherited descriptors")
def test_encode__reads_the_key_from_a_descriptor(place):
    descriptor = os.open("project.key", os.O_RDONLY)
    arguments = [word for word in ENCODE_A if word not in ("--key", "project.key")]
    assert run(cli, [*arguments, "--key-fd", str(descriptor)]) == 0
    os.close(descriptor)


def test_encode__wants_the_key_one_way(place, capsys):
    assert run(cli, [*ENCODE_A, "--ask-key"]) == 2
    assert run(cli, [word for word in ENCODE_A if word not in ("--key", "project.key")]) == 2


def test_encode__an_all_missing_column_warns(place, capsys):
    (place / "a.csv").write_text(HEADER + "1,Ann,Lee,2019-01-01,F,\n2,Bo,Lee,2019-01-02,M,\n")
    assert run(cli, ENCODE_A) == 0
    assert "warning: column 'postcode': all values are missing" in capsys.readouterr().err


def test_link__truncated_and_foreign_files_exit_with_3(place, capsys):
    assert run(cli, ENCODE_A) == 0 and run(cli, ENCODE_B) == 0
    whole = (place / "b.parquet").read_bytes()
    parquet.write_table(pa.table({"name": [CANARY]}), "foreign.parquet")
    for content in (whole[: len(whole) // 2], b"", b"PAR1", (place / "foreign.parquet").read_bytes()):
        (place / "b.parquet").write_bytes(content)
        capsys.readouterr()
        assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "links.parquet"]) == 3
        assert CANARY not in capsys.readouterr().err
        assert not (place / "links.parquet").exists()


def test_link__over_the_memory_limit_exits_with_6(place, capsys):
    text = (place / "agreement.toml").read_text()
    (place / "agreement.toml").write_text(text.replace('layout = "fields"', 'layout = "record"'))
    assert run(cli, ENCODE_A) == 0 and run(cli, ENCODE_B) == 0
    arguments = ["link", "a.parquet", "b.parquet", "-o", "l.parquet", "--threshold", "0.01", "--memory", "1"]
    assert run(cli, arguments) == 6
    assert "raise the threshold" in capsys.readouterr().err


def test_unexpected_error__shows_no_value(place, capsys, monkeypatch):
    def fail(*_, **__):
        import json

        json.loads(CANARY)

    monkeypatch.setattr(lk, "encode", fail)
    assert run(cli, ENCODE_A) == 1
    assert CANARY not in capsys.readouterr().err


def test_interrupted__exits_with_130_and_leaves_nothing(place, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("linkage.agency.batches.record_dtype", interrupt)
    before = files(place)
    assert run(cli, ENCODE_A) == 130
    assert files(place) == before


def test_demo__finds_nearly_all_and_keeps_its_files(tmp_path, capsys):
    assert run(cli, ["demo", "--people", "1500", "--folder", str(tmp_path / "demo"), "--json"]) == 0
    said = capsys.readouterr()
    measures = json.loads(said.out)
    assert measures["f1"][0] > 0.98 and measures["precision"][0] > 0.98
    assert "left registry" in said.err
    kept = files(tmp_path / "demo")
    assert kept == ["agreement.toml", "childrens_centre-links.parquet", "childrens_centre.csv",
                    "childrens_centre.parquet", "links.parquet", "project.key", "registry-links.parquet",
                    "registry.csv", "registry.parquet", "truth.csv"]  # fmt: skip
    assert files(tmp_path) == ["demo"]
    assert run(cli, ["demo", "--people", "1500", "--folder", str(tmp_path / "demo")]) == 3
    assert "exists already" in capsys.readouterr().err


def test_demo__that_is_stopped_leaves_nothing_and_can_begin_again(tmp_path, monkeypatch):
    """Once its folder with a key stayed, and the next demo refused it."""
    monkeypatch.setattr("linkage.commands.demo.link", lambda *sets: (_ for _ in ()).throw(KeyboardInterrupt))
    assert run(cli, ["demo", "--people", "100", "--folder", str(tmp_path / "a" / "demo")]) == 130
    assert files(tmp_path / "a") == []
    monkeypatch.undo()
    (tmp_path / "a" / "demo").mkdir()  # an empty one is as good as none
    assert run(cli, ["demo", "--people", "100", "--folder", str(tmp_path / "a" / "demo")]) == 0
    assert (tmp_path / "a" / "demo" / "links.parquet").exists()


def test_demo__ends_with_commands_that_do_it_by_hand(tmp_path, capsys, monkeypatch):
    assert run(cli, ["demo", "--people", "400", "--folder", str(tmp_path / "demo")]) == 0
    commands = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("linkage ")]
    monkeypatch.chdir(tmp_path / "demo")
    assert [words[1] for words in commands] == ["encode", "encode", "link", "evaluate"]
    assert [run(cli, words[1:]) for words in commands] == [0] * 4
    assert "true links" in capsys.readouterr().out


def test_report__says_what_to_install_without_matplotlib(place, capsys, monkeypatch):
    assert run(cli, ENCODE_A) == 0 and run(cli, ENCODE_B) == 0
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "links.parquet"]) == 0
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert run(cli, ["report", "links.parquet", "a.parquet", "b.parquet", "-o", "page.html"]) == 2
    assert "pip install matplotlib" in capsys.readouterr().err


def test_command__runs_as_a_program():
    done = subprocess.run([sys.executable, "-m", "linkage", "info"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "portable" in done.stdout and f"kernel            {kernels.name()}" in done.stdout


def test_release__csv_replaces_nothing(place, capsys):
    assert run(cli, ENCODE_A) == 0 and run(cli, ENCODE_B) == 0
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "links.parquet"]) == 0
    release = ["release", "links.parquet", "--source", "registry", "-o", "r.parquet", "--csv"]
    before = (place / "a.csv").read_bytes()
    assert run(cli, [*release, "a.csv"]) == 2 and run(cli, [*release, "r.parquet"]) == 2
    assert run(cli, [*release, f"../{place.name}/r.parquet"]) == 2 and not (place / "r.parquet").exists()
    assert (place / "a.csv").read_bytes() == before
    assert run(cli, [*release, "r.csv"]) == 0 and (place / "r.csv").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [*ENCODE_A[:-1], "project.key"],
        [*ENCODE_A[:-1], "agreement.toml"],
        [*ENCODE_A[:-1], "a.csv"],
        ["link", "a.parquet", "b.parquet", "-o", "a.parquet"],
        ["release", "links.parquet", "--source", "registry", "-o", "links.parquet"],
        ["rejoin", "r.parquet", "a.csv", "--key", "project.key", "--id", "entry_no", "-o", "a.csv"],
        ["keygen", "project.key"],
        ["link", "a.parquet", "b.parquet", "-o", "links.parquet"],
    ],
    ids=lambda arguments: f"{arguments[0]} {arguments[-1]}",
)
def test_outputs__never_replace_an_input_a_key_or_a_standing_result(place, capsys, arguments):
    """Encoding into the key file once replaced the key, and exited with 0."""
    assert run(cli, ENCODE_A) == 0 and run(cli, ENCODE_B) == 0
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "links.parquet"]) == 0
    assert run(cli, ["release", "links.parquet", "--source", "registry", "-o", "r.parquet"]) == 0
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    assert run(cli, arguments) in (2, 3)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


def test_encode__a_column_of_which_nothing_can_be_read_is_an_error_with_a_remedy(place, capsys):
    (place / "a.csv").write_text(HEADER + "1,Ann,Lee,03/04/19,F,LS1 4DY\n2,Bo,Lee,05/06/19,M,LS1 4DY\n")
    assert run(cli, ENCODE_A) == 3
    assert "write years with four digits" in capsys.readouterr().err


def test_encode__semicolons_are_named(place, capsys):
    (place / "a.csv").write_text(HEADER.replace(",", ";") + "1;Ann;Lee;2019-04-03;F;LS1 4DY\n")
    assert run(cli, ENCODE_A) == 3
    assert "not separated by commas" in capsys.readouterr().err


def test_encode__a_field_is_given_one_way(place):
    assert run(cli, [*ENCODE_A, "--column", "sex=surname", "--without", "sex"]) == 2
    assert run(cli, [*ENCODE_A, "--column", "sex=surname", "--column", "sex=dob"]) == 2


def test_output__that_the_terminal_cannot_write_or_that_is_closed_is_no_fault(place):
    """A source named in letters that cp1252 lacks, and `linkage info >&-`, ended with exit code 1."""
    line = [sys.executable, "-m", "linkage", "schema", "uk-person", "--project", "łı"]
    found = subprocess.run(line, env=os.environ | {"PYTHONIOENCODING": "cp1252"}, capture_output=True, check=False)
    assert found.returncode == 0 and rb"\u0142\u0131" in found.stdout
    closing = "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, '-m', 'linkage', 'info'])"
    found = subprocess.run([sys.executable, "-c", closing], capture_output=True, check=False)
    assert (found.returncode, found.stderr) == (0, b"")


def test_terminated__leaves_nothing_behind(place):
    import signal
    import time

    lines = "".join(f"{row},Ann{row},Lee{row},2019-04-03,F,LS1 4DY\n" for row in range(150_000))
    (place / "a.csv").write_text(HEADER + lines)
    before = set(files(place))
    command = [sys.executable, "-m", "linkage", *ENCODE_A, "--memory", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 30
        while set(files(place)) == before and time.monotonic() < until:
            time.sleep(0.01)
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == (128 + signal.SIGTERM if sys.platform != "win32" else 1)
    assert set(files(place)) == before


def test_link__of_single_filters_without_a_threshold_is_not_sent_to_a_model(place, capsys):
    agreement = (place / "agreement.toml").read_text()
    (place / "agreement.toml").write_text(agreement.replace('layout = "fields"', 'layout = "record"'))
    rows = (place / "b.csv").read_text().splitlines()
    (place / "b.csv").write_text("\n".join(rows[:4]))  # three records: too few to find a threshold by
    assert run(cli, ENCODE_A) == 0 and run(cli, ENCODE_B) == 0
    assert run(cli, ["link", "a.parquet", "b.parquet", "-o", "links.parquet"]) == 3
    error = capsys.readouterr().err
    assert "Here: --threshold" in error and "linkage fit" not in error


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["demo", "--people", "200", "--people", "300"], "--people: given twice"),
        (["demo", "--folder", ""], "--folder: is empty"),
        (["check", "a.csv", "--schema", "a.toml", "--id", ""], "--id: is empty"),
        (["overlap", "links", "--of", "a", "--of", "b"], "--of: given twice"),
        (
            ["compare", "a", "b", "--threshold", "1", "--filter", "name", "--filter", "", "-o", "c"],
            "--filter: is empty",
        ),
    ],
)
def test_option__that_is_given_twice_or_empty_is_refused(capsys, command, says):
    """The last was taken, and an empty one for none at all, without a word."""
    assert run(cli, command) == 2
    assert says in capsys.readouterr().err
