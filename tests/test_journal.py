"""The audit log: what was done is written down without a row or a key, and no edit goes unseen."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import linkage as lk
from linkage import journal, study
from linkage.cli import cli
from linkage.commands.exitcodes import run

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.jsonl"
    for number in range(5):
        journal.append(path, "encode", who="x", counts={"records": number})
    return path


def lines(path):
    return path.read_bytes().splitlines(keepends=True)


def test_log__that_nobody_touched_holds_together(log):
    found = journal.verify(log)
    assert found.lines == 5 and found.head == json.loads(lines(log)[-1])["hash"]
    assert journal.verify(log, head=json.loads(lines(log)[1])["hash"]).lines == 5


@given(place=st.integers(0, 10_000), to=st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_log__shows_any_byte_that_was_changed(tmp_path_factory, place, to):
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    for number in range(3):
        journal.append(path, "link", number=number)
    data = bytearray(path.read_bytes())
    place %= len(data)
    was, data[place] = data[place], to
    path.write_bytes(data)
    if was == to:
        assert journal.verify(path).lines == 3
    else:
        with pytest.raises(lk.FileFormatError, match="line"):
            journal.verify(path)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda all_: [*all_[:2], *all_[3:]], "line 3"),
        (lambda all_: all_[1:], "line 1"),
        (lambda all_: [all_[0], all_[2], all_[1], *all_[3:]], "line 2"),
        (lambda all_: [*all_[:2], all_[1], *all_[2:]], "line 3"),
        (lambda all_: [*all_[:-1], all_[-1][:-5]], "line 5"),
    ],
)
def test_log__shows_lines_taken_out_moved_or_put_in(log, change, where):
    log.write_bytes(b"".join(change(lines(log))))
    with pytest.raises(lk.FileFormatError, match=where):
        journal.verify(log)


def test_log__cut_off_at_the_end_shows_by_the_hash_that_was_noted(log):
    head = journal.verify(log).head
    log.write_bytes(b"".join(lines(log)[:-1]))
    assert journal.verify(log).lines == 4  # as it says, nothing in the file shows it
    with pytest.raises(lk.FileFormatError, match="cut off"):
        journal.verify(log, head=head)


def test_log__is_not_carried_on_where_it_was_cut_short_or_is_none(log, tmp_path):
    log.write_bytes(log.read_bytes()[:-3])
    with pytest.raises(lk.FileFormatError, match="cut short"):
        journal.append(log, "link")
    other = tmp_path / "table.csv"
    other.write_text("id,name\n")
    with pytest.raises(lk.FileFormatError, match="not an audit log"):
        journal.append(other, "link")
    assert other.read_text() == "id,name\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
@pytest.mark.parametrize("room", [0, 1, 100])
def test_log__that_a_full_disk_cuts_short_is_as_it_was(log, room):
    """Half a line was left, and the whole log could not be read or carried on any more."""
    before = log.read_bytes()
    code = (
        "import resource, sys\nfrom linkage import journal\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + room},) * 2)\n"
        "journal.append(sys.argv[1], 'encode')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(log)], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "File too large" in done.stderr
    assert log.read_bytes() == before
    journal.append(log, "encode")
    assert journal.verify(log).lines == 6


def test_log__of_several_processes_at_once_is_one_chain(tmp_path):
    code = "import sys; from linkage import journal; [journal.append(sys.argv[1], 'x', n=n) for n in range(40)]"
    path = tmp_path / "log.jsonl"
    started = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(4)]
    assert [each.wait(120) for each in started] == [0] * 4
    assert journal.verify(path).lines == 160


def test_commands__are_written_down_without_a_row_an_id_or_a_key(tmp_path, monkeypatch, capsys):
    from pyarrow import csv

    monkeypatch.chdir(tmp_path)
    people = study.invent(200, seed=2, agencies=["registry", "childrens_centre"])
    schema = lk.Schema.preset("uk-person", project="log")
    schema.save("agreement.toml")
    key = lk.Key.generate()
    key.save("project.key")
    for agency in people.ids:
        csv.write_csv(people[agency], f"{agency}.csv")
        columns = [f"--column={field}={name}" for field, name in people.held(agency, schema).items() if name]
        without = [f"--without={field}" for field, name in people.held(agency, schema).items() if name is None]
        given = ["--schema", "agreement.toml", "--id", people.ids[agency], "--key", "project.key", "--source", agency]
        code = run(cli, ["--log", "log.jsonl", "encode", f"{agency}.csv", "-o", f"{agency}.parquet", *given, *columns,
                         *without])  # fmt: skip
        assert code == 0
    monkeypatch.setenv("LINKAGE_LOG", "log.jsonl")
    assert run(cli, ["link", "registry.parquet", "childrens_centre.parquet", "-o", "links.parquet"]) == 0
    assert run(cli, ["link", "registry.parquet", "agreement.toml", "-o", "links2.parquet"]) == 3
    monkeypatch.delenv("LINKAGE_LOG")
    told = [json.loads(line) for line in lines(tmp_path / "log.jsonl")]
    assert [line["operation"] for line in told] == ["encode", "encode", "link", "link"]
    assert [line["outcome"] for line in told] == ["done", "done", "done", "refused: FileFormatError"]
    links = lk.Links.load("links.parquet")
    assert told[2]["outputs"][0]["name"] == "links.parquet" and told[2]["inputs"][0]["rows"] == len(people["registry"])
    assert told[0]["settings"]["source"] == "registry" and told[3]["outputs"] == []
    text = (tmp_path / "log.jsonl").read_text()
    hidden = [*links.records["record_id"].to_pylist(), *people["registry"]["surname"].drop_null().to_pylist()]
    hidden += [(tmp_path / "project.key").read_text().strip(), links.release_key.hex(), str(tmp_path)]
    assert not [each for each in hidden if f'"{each}"' in text or (len(each) > 12 and each in text)]
    capsys.readouterr()
    assert run(cli, ["log", "log.jsonl"]) == 0 and "4 lines, none edited" in capsys.readouterr().out
    (tmp_path / "log.jsonl").write_text(text.replace("registry", "registrx", 1))
    assert run(cli, ["log", "log.jsonl"]) == 3
    assert run(cli, ["--log", "log.jsonl", "release", "links.parquet", "--source", "registry", "-o", "r.parquet"]) == 3
    assert not (tmp_path / "r.parquet").exists()  # a log that doesn't hold together is not carried on


def test_file_facts__of_a_key_say_only_that_it_is_one(tmp_path):
    lk.Key.generate().save(tmp_path / "a.key")
    assert journal.file_facts(tmp_path / "a.key") == {"name": "a.key", "key": True}


@pytest.mark.parametrize("existing", [True, False])
def test_commands__do_not_take_the_log_for_an_output(tmp_path, monkeypatch, capsys, existing):
    """The log was replaced by what was written, and only then found to be none."""
    monkeypatch.chdir(tmp_path)
    if existing:
        journal.append("log.toml", "encode")
    before = lines(tmp_path / "log.toml") if existing else None
    for line in (["schema", "uk-person", "--project", "x", "-o", "./log.toml"], ["keygen", "log.toml"]):
        assert run(cli, ["--log", "log.toml", *line]) == 2
        assert "is the log" in capsys.readouterr().err
    assert (lines(tmp_path / "log.toml") if existing else None) == (before if existing else None)
    assert existing or not (tmp_path / "log.toml").exists()


@pytest.mark.parametrize("log", ["none/log.jsonl", "loop"])
def test_commands__that_no_log_can_tell_of_do_nothing(tmp_path, monkeypatch, log):
    """A release was written of which there is no line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    assert run(cli, ["--log", log, "keygen", "project.key"]) == 3
    assert not (tmp_path / "project.key").exists()


def test_log__takes_no_line_that_it_would_not_read(log):
    with pytest.raises(ValueError, match="longer than is read"):
        journal.append(log, "encode", settings={"a": "x" * (1 << 21)})
    assert journal.verify(log).lines == 5


def test_log__that_cannot_be_locked_is_refused_before_any_work(log, monkeypatch):
    import errno

    from linkage import locks

    class Unlocked:
        LOCK_EX, LOCK_NB, LOCK_UN = 2, 4, 8

        @staticmethod
        def flock(descriptor, how):
            raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "fcntl", Unlocked)
    with pytest.raises(OSError, match="can't be locked") as caught:
        journal.require_writable(log)
    assert caught.value.filename == str(log)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_commands__whose_reader_is_gone_end_as_they_would_and_are_written_down_so(tmp_path, stream):
    """A warning that nobody could read ended the encoding of a good table; of one with no reader "1" was said."""
    lk.Key.generate().save(tmp_path / "k")
    lk.Schema(project="x", fields=(lk.Field(name="postcode", type="postcode"),)).save(tmp_path / "s.toml")
    (tmp_path / "t.csv").write_text("no,postcode\n1,XX1 9ZZ\n2,nowhere at all\n")
    read, write = os.pipe()
    os.close(read)
    line = [
        "--log",
        "l",
        "encode",
        "t.csv",
        "--schema",
        "s.toml",
        "--key",
        "k",
        "--id",
        "no",
        "--source",
        "y",
        "-o",
        "o",
    ]
    done = subprocess.run([sys.executable, "-m", "linkage", *line], cwd=tmp_path, check=False, **{stream: write})
    os.close(write)
    assert done.returncode == 0 and len(lk.EncodedSet.load(tmp_path / "o")) == 2
    (said,) = map(json.loads, lines(tmp_path / "l"))
    assert said["outcome"] == "done" and [each["name"] for each in said["outputs"]] == ["o"]


def test_commands__refuse_names_that_are_no_text(capsys):
    assert run(cli, ["info", "bad\udcff.parquet"]) == 2
    assert "not in the encoding" in capsys.readouterr().err
