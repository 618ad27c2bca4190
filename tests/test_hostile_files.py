"""What is no file, or one that would fill memory, is refused by every reader at once, with a message."""

import json
import os
import signal
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import linkage as lk
from linkage import foreignparquet, journal, ledger
from linkage.errors import LinkageError
from tests.hostile import trial
from tests.hostile.formats import FORMATS, KEY, SCHEMA, encoded_file, links

READERS = {kind: given for kind, given in FORMATS.items() if "forged" not in kind and not kind.endswith(("1", "2"))}


@pytest.fixture
def alarm():
    """What waits for ever is interrupted."""

    def ring(*_):
        raise TimeoutError("it waited")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", list(READERS))
def test_readers__neither_wait_for_a_pipe_nor_read_a_folder_or_a_device(tmp_path, alarm, kind):
    suffix = READERS[kind].make(tmp_path).suffix
    pipe, folder, device = (tmp_path / f"{name}{suffix}" for name in ("pipe", "folder", "device"))
    os.mkfifo(pipe, 0o600)
    folder.mkdir()
    device.symlink_to("/dev/zero")
    for path in (pipe, folder, device):
        with pytest.raises(LinkageError, match="not a regular file"):
            READERS[kind].read(path)


@pytest.mark.parametrize("kind", list(READERS))
def test_readers__say_what_is_not_there_or_empty_and_follow_a_link(tmp_path, kind):
    original = READERS[kind].make(tmp_path)
    loop, gone, good, empty = (tmp_path / f"{name}{original.suffix}" for name in ("loop", "gone", "good", "empty"))
    loop.symlink_to(loop)
    gone.symlink_to(tmp_path / "nowhere")
    good.symlink_to(original)
    empty.touch(mode=0o600)
    assert READERS[kind].read(good) == READERS[kind].read(original)
    if kind not in ("ledger", "part of a run"):  # the first table's ledger is not there yet, a part is made again
        for path in (loop, gone):
            with pytest.raises((FileNotFoundError, OSError)):
                READERS[kind].read(path)
    if kind != "log":
        with pytest.raises(LinkageError):
            READERS[kind].read(empty)


# ---- bombs ------------------------------------------------------------------------------------------------------


def peak_of(code, *arguments):
    """Most memory, in MiB, that a program used above what it used before ``work``; what it printed."""
    program = (
        "import sys\nfrom pathlib import Path\nimport linkage as lk\nfrom linkage import foreignparquet\n"
        "import pyarrow.parquet\nfrom tests.hostile.trial import _most_memory\nmost = lambda: _most_memory() >> 20\n"
        f"before = most()\ntry:\n    {code}\nexcept lk.LinkageError as error:\n    print(type(error).__name__)\n"
        "print(most() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=trial.ROOT,
    )
    *said, peak = done.stdout.split()
    return int(peak), said


def bomb(path, n_rows, letters):
    """A dictionary of one long text, and rows that are all of it: kilobytes that stand for gigabytes."""
    long = pa.DictionaryArray.from_arrays(pa.array([0] * n_rows, pa.int32()), ["x" * letters])
    ids = pa.array([str(row) for row in range(n_rows)])
    pq.write_table(pa.table({"record_id": ids, "surname": long}), path, store_schema=False, compression="zstd")
    assert path.stat().st_size < 1 << 20


def test_table__whose_dictionary_would_become_gigabytes_is_read_a_few_rows_at_a_time(tmp_path):
    # 200 kB of file once took all of the memory there was
    bomb(tmp_path / "bomb.parquet", 65_536, 200_000)
    small = "foreignparquet._MOST_OF_A_BATCH = 1 << 24; "
    rows = "next(foreignparquet.batches(Path(sys.argv[1]), ['surname'], rows=65_536))"
    peak, _ = peak_of(small + rows, tmp_path / "bomb.parquet")
    assert peak < 200
    peak, said = peak_of(
        small + "foreignparquet.table(Path(sys.argv[1]), max_bytes=1 << 24)", tmp_path / "bomb.parquet"
    )
    assert said == ["LimitError"] and peak < 200


def test_table__of_texts_that_begin_as_the_one_before_is_refused(tmp_path):
    table = pa.table({"record_id": ["a" * 100 + str(row) for row in range(100)]})
    options = {"use_dictionary": False, "column_encoding": {"record_id": "DELTA_BYTE_ARRAY"}}
    pq.write_table(table, tmp_path / "a.parquet", **options)
    with pytest.raises(lk.FileFormatError, match="damaged"):
        foreignparquet.table(tmp_path / "a.parquet")


@pytest.mark.parametrize("options", [
    {}, {"data_page_version": "2.0"}, {"compression": "gzip"}, {"use_dictionary": False, "row_group_size": 7},
    {"compression": "none", "data_page_size": 64, "dictionary_pagesize_limit": 200},
    {"use_dictionary": False, "column_encoding": {"text": "DELTA_LENGTH_BYTE_ARRAY", "number": "DELTA_BINARY_PACKED"}},
    {"write_statistics": True, "write_page_index": True, "row_group_size": 100},
])  # fmt: skip
def test_table__of_any_other_writer_is_read_as_it_is(tmp_path, options):
    table = pa.table({
        "text": [None if row % 11 == 0 else f"ü{row % 97}" * (row % 5) for row in range(500)],
        "number": list(range(500)), "list": [[str(row)] * (row % 3) for row in range(500)],
        "day": pa.array(range(500), pa.int32()).cast(pa.date32()),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet", **options)
    assert foreignparquet.table(tmp_path / "a.parquet").equals(table)
    assert foreignparquet.names(tmp_path / "a.parquet") == ("text", "number", "list", "day")
    parts = list(foreignparquet.batches(tmp_path / "a.parquet", ["day", "text"], rows=33))
    assert sum(part.num_rows for part in parts) == 500 and parts[0].num_rows == 33


def test_table__of_polars_and_duckdb_is_read_as_it_is(tmp_path):
    why = "a kind of table that is not installed"
    duckdb, polars = pytest.importorskip("duckdb", reason=why), pytest.importorskip("polars", reason=why)
    people = pa.table({"text": [None if row % 11 == 0 else f"ü{row % 97}" for row in range(3_000)]})
    polars.from_arrow(people).write_parquet(tmp_path / "p.parquet")
    duckdb.sql("select * from people").write_parquet(str(tmp_path / "d.parquet"))
    for name in ("p", "d"):
        assert foreignparquet.table(tmp_path / f"{name}.parquet")["text"].to_pylist() == people["text"].to_pylist()


# ---- headers, depths, lengths -----------------------------------------------------------------------------------


def test_log__with_a_line_without_end_is_refused_and_not_held_in_memory(tmp_path):
    # the whole line was once read before its length was looked at
    path = tmp_path / "log.jsonl"
    journal.append(path, "encode")
    with path.open("r+b") as handle:
        handle.seek(0, os.SEEK_END)
        handle.truncate(2 << 30)
    peak, said = peak_of("import linkage.journal as j; j.verify(sys.argv[1])", path)
    assert said == ["FileFormatError"] and peak < 100


DEEP = 200_000


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("a.toml", "version = 1\nproject = " + "[" * DEEP, lk.Schema.load),
        # 200 kB of dots once took all the memory there was
        ("a.toml", "version = 1\n" + "a." * (DEEP // 2) + "b = 1", lk.Schema.load),
        ("a.toml", "version = 1\nx = { " + '"a" . ' * (DEEP // 6) + "b = 1 }", lk.Schema.load),
        ("a.toml", "version = 1\nversion = 1\n", lk.Schema.load),
        ("a.toml", 'version = 1\nproject = "p"\n' + '[[field]]\nname = "a"\ntype = "name"\n' * 65, lk.Schema.load),
        ("a.toml", "#" * (1 << 21), lk.Schema.load),
        ("a.toml", "version = " + "9" * 5_000, lk.Schema.load),
        ("a.json", "[" * DEEP, ledger.load),
        ("a.json", '{"ledger 1": [], "ledger 1": []}', ledger.load),
        ("a.json", '{"ledger 1": NaN}', ledger.load),
        ("a.json", '{"clks": [' + '"AAAA",' * 10 + "]}", lk.interop.read_clks),
        ("a.json", '{"version": 3, "version": 2}', lk.Schema.from_clkhash),
        ("a.json", '{"format": "model 2", "schema": "' + "[" * DEEP + '"}', lk.Model.load),
    ],
)
def test_text__too_deep_too_long_or_twice_is_refused(tmp_path, name, text, read):
    (tmp_path / name).write_text(text)
    with pytest.raises(LinkageError):
        read(tmp_path / name)


def test_csv__with_a_header_of_megabytes_is_refused_or_read(tmp_path):
    (tmp_path / "a.csv").write_text("case_no,surname,dob,ward," + "x" * 5_000_000 + "\n1,Lee,2001-02-03,E01,\n")
    made = None
    try:
        made = lk.encode(tmp_path / "a.csv", SCHEMA, KEY, id="case_no", source="x", progress=False)
    except LinkageError as error:
        assert len(str(error)) <= 2_000
    assert made is None or len(made) == 1


def test_error__that_names_what_a_stranger_wrote_turns_no_terminal(tmp_path):
    (tmp_path / "a.toml").write_text('version = 1\nproject = "p"\n"\\u001b[2J\\u202e\\u0007" = 1\n', encoding="utf-8")
    with pytest.raises(lk.SchemaError, match=r"\?\[2J\?\?") as caught:
        lk.Schema.load(tmp_path / "a.toml")
    assert str(caught.value).isprintable()
    (tmp_path / "b.toml").write_text(f'version = 1\nproject = "p"\n{"a" * 100_000} = 1\n')
    with pytest.raises(lk.SchemaError) as caught:
        lk.Schema.load(tmp_path / "b.toml")
    assert len(str(caught.value)) == 2_000


def test_links__whose_cut_is_no_number_are_refused(tmp_path):
    # NaN once came back as a cut that every comparison with it answers by no
    from linkage import parquetfile

    links().save(tmp_path / "a.parquet")
    table, footer = parquetfile.read(tmp_path / "a.parquet", format="links 1", made_with="`linkage link`")
    for cut in (float("nan"), float("inf"), -1.0, 10**400):
        parquetfile.write(tmp_path / "b.parquet", table, footer | {"cut": json.dumps({"probability": cut})})
        with pytest.raises(lk.FileFormatError, match="not those of links"):
            lk.Links.load(tmp_path / "b.parquet")


def put(table, name, row, value):
    values = table[name].to_pylist()
    values[row] = value
    return table.set_column(table.column_names.index(name), name, pa.array(values, table[name].type))


@pytest.mark.parametrize(
    ("name", "value"),
    [("left_source", None), ("left_id", None), ("left_source", "nobody"), ("right_source", None), ("right_id", None),
     ("probability", None), ("probability", float("nan")), ("probability", 1.5), ("match_weight", float("inf"))],
)  # fmt: skip
def test_links__whose_rows_do_not_fit_are_refused_though_their_digest_does(tmp_path, name, value):
    # each once went on to a release or a report, and ended there in an error that said nothing of the file
    from linkage import parquetfile

    links().save(tmp_path / "a.parquet")
    table, footer = parquetfile.read(tmp_path / "a.parquet", format="links 1", made_with="`linkage link`")
    row = table["right_id"].is_valid().to_pylist().index(True)
    parquetfile.write(tmp_path / "b.parquet", put(table, name, row, value), footer)
    with pytest.raises(lk.FileFormatError, match="not those of links"):
        lk.Links.load(tmp_path / "b.parquet")


def test_release__whose_key_check_is_not_ascii_is_of_another_key():
    # comparing in constant time takes no other texts, which ended in a TypeError
    given = links().release("police")
    with pytest.raises(lk.MismatchError, match="another key"):
        lk.rejoin(lk.Release(given.table, given.project, "police", "ключ", given.run), {"no": ["a"]}, KEY, id="no")


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
def test_link__within_one_set_takes_groups_and_says_what_one_record_lacks(tmp_path):
    # expected recall by group asked for two sets, so that looking for duplicates failed wherever a group travelled
    made = lk.EncodedSet.load(encoded_file(tmp_path / "a.parquet", 60))
    assert lk.link(made, progress=False).sources == ("police",)
    with pytest.raises(ValueError, match="one record, and so no pair"):
        lk.link(lk.EncodedSet.load(encoded_file(tmp_path / "b.parquet", 1)), progress=False)


@pytest.mark.parametrize("count", [1e999, -1, True, "7", 1.5, 10**30, [1]])
def test_ledger__whose_counts_are_no_counts_is_refused(tmp_path, count):
    # a count of 1e999 once ended in an OverflowError
    entry = {"definition": "a", "policy": "hes", "population": 5, "counts": {"a": [count, None]}}
    (tmp_path / "a.json").write_text(json.dumps({"ledger 1": [entry]}).replace("Infinity", "1e999"))
    with pytest.raises(lk.FileFormatError, match="not a ledger"):
        ledger.load(tmp_path / "a.json")


def test_encode__of_a_source_whose_name_is_a_path_writes_nowhere_else(tmp_path):
    (tmp_path / "in").mkdir()
    encoded_file(tmp_path / "in" / "a.parquet", source="../../x/\\y")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.parquet", "in"]
    assert lk.EncodedSet.load(tmp_path / "in" / "a.parquet").source == "../../x/\\y"
