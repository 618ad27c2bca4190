"""encode: the same bytes however the work is cut, nothing of the agency's own ids or order, and whole or not at all."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

import linkage
from linkage import (
    EncodedSet,
    Field,
    FileFormatError,
    Group,
    Key,
    LimitError,
    LinkageWarning,
    PrivacyError,
    RecordError,
    Schema,
    UnexpectedError,
    encode,
)
from linkage.agency import batches as batches_module
from linkage.agency import records as records_module
from linkage.agency import spool as spool_module
from linkage.agency.ordered import record_dtype, sorted_by_id
from linkage.agency.spool import Spool
from tests import naive

KEY = Key(bytes.fromhex("a1f3095c7be24d886f10c9d2b4e7365a2b91d05f4c83e61a77fe0d3498bc5216"))
SCHEMA = Schema(project="encode", fields=(Field(name="surname", type="name"), Field(name="dob", type="date", bits=100)))
GROUPED = Schema(project="encode", fields=SCHEMA.fields, groups=(Group(name="ward", smallest=3),))
N = 500
TINY = 40_000  # bytes of memory: a few batches of 40 records, then it spills


def people(n: int = N) -> dict[str, list[str | None]]:
    draw = random.Random(20)
    names = ["Lee", "Khan", "O'Brien", "Łukasz", None, "", "Smith-Jones", "van der Berg"]
    return {
        "case_no": [f"C{number:05}" for number in range(n)],
        "surname": [draw.choice(names) for _ in range(n)],
        "dob": [f"{draw.randint(1950, 2020)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}" for _ in range(n)],
        "ward": [draw.choice(["north", "south", None]) for _ in range(n)],
    }


TABLE = people()


def encoded(table=None, schema=SCHEMA, **options) -> EncodedSet:
    given = {"id": "case_no", "source": "police", "progress": False} | options
    return encode(TABLE if table is None else table, schema, KEY, **given)


REFERENCE = encoded()


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(records_module, "BATCH_ROWS", 40)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ---- the same bytes ---------------------------------------------------------------------------------------------


def test_encode__gives_what_a_plain_loop_gives():
    id_secret = KEY.derive(project="encode", purpose="record ids")

    def secret_of(name):
        return KEY.derive(project="encode", purpose="tokens", key_group=SCHEMA.field(name).key_group, length=64)

    expected = {}
    for row in range(60):
        record = {name: values[row] for name, values in TABLE.items()}
        bits = {f.name: naive.encoded_filter(record, SCHEMA, f, secret_of) for f in SCHEMA.filters}
        expected[naive.record_id(id_secret, "police", record["case_no"])] = bits
    found = encoded({name: values[:60] for name, values in TABLE.items()})
    assert found.record_ids.to_pylist() == sorted(expected)
    for row, record_id in enumerate(sorted(expected)):
        assert {name: rows[row].tobytes() for name, rows in found.filters.items()} == expected[record_id]


@pytest.mark.parametrize("threads", [1, 2, 5, None])
@pytest.mark.parametrize("rows", [1, 7, 499, 500, 501])
def test_encode__is_the_same_for_any_threads_and_any_cut_into_batches(monkeypatch, threads, rows):
    monkeypatch.setattr(records_module, "BATCH_ROWS", rows)
    assert encoded(threads=threads).digest() == REFERENCE.digest()


def test_encode__is_the_same_in_any_order_of_rows():
    order = list(range(N))
    random.Random(3).shuffle(order)
    shuffled = {name: [values[row] for row in order] for name, values in TABLE.items()}
    assert encoded(shuffled).digest() == REFERENCE.digest()
    assert encoded(shuffled).record_ids.equals(REFERENCE.record_ids)


def kinds_of_table(folder: Path) -> dict[str, object]:
    arrow = pa.table(TABLE)
    pyarrow.csv.write_csv(arrow, folder / "t.csv")
    pyarrow.csv.write_csv(arrow, folder / "t.tsv", pyarrow.csv.WriteOptions(delimiter="\t"))
    pyarrow.parquet.write_table(arrow, folder / "t.parquet")
    frame = pd.DataFrame(TABLE)
    return {
        "dict": TABLE,
        "rows": arrow.to_pylist(),
        "arrow": arrow,
        "chunked": pa.concat_tables([arrow.slice(0, 3), arrow.slice(3, 0), arrow.slice(3)]),
        "reader": arrow.to_reader(max_chunksize=17),
        "dictionary": arrow.set_column(1, "surname", arrow["surname"].dictionary_encode()),
        "large": arrow.cast(pa.schema([(name, pa.large_string()) for name in arrow.column_names])),
        "pandas": frame,
        "pandas with an odd index": frame.set_index(pd.Index([7] * N)),
        "pandas with nan": frame.where(frame.notna(), np.nan),
        "pandas categories": frame.astype({"surname": "category", "ward": "category"}),
        "pandas arrow strings": frame.astype("string[pyarrow]"),
        "pandas dates": frame.assign(dob=pd.to_datetime(frame["dob"])),
        "polars": pl.DataFrame(TABLE),
        "polars lazy": pl.LazyFrame(TABLE),
        "csv": folder / "t.csv",
        "csv as text": str(folder / "t.csv"),
        "tsv": folder / "t.tsv",
        "parquet": folder / "t.parquet",
    }


def test_encode__is_the_same_for_every_kind_of_table(tmp_path):
    for kind, table in kinds_of_table(tmp_path).items():
        assert encoded(table).digest() == REFERENCE.digest(), kind


def test_encode__is_the_same_for_whole_numbers_as_ids_as_for_their_text():
    numbers = TABLE | {"case_no": list(range(N))}
    texts = TABLE | {"case_no": [str(number) for number in range(N)]}
    assert encoded(numbers).digest() == encoded(texts).digest()
    assert encoded(pd.DataFrame(numbers)).digest() == encoded(texts).digest()


@pytest.mark.parametrize("memory", [1, TINY, 1 << 30])
def test_encode__is_the_same_when_it_spills(tmp_path, small_batches, memory):
    streamed = encoded(out=tmp_path / "police.parquet", memory=memory)
    assert names_in(tmp_path) == ["police.parquet"]
    assert streamed.digest() == REFERENCE.digest()
    loaded = EncodedSet.load(tmp_path / "police.parquet")
    for name, rows in REFERENCE.filters.items():
        assert np.array_equal(loaded.filters[name], rows)
        assert np.array_equal(streamed.filters[name], rows)
    assert loaded.record_ids.equals(REFERENCE.record_ids)


@pytest.mark.parametrize("threads", [1, 3])
def test_encode__is_the_same_when_columns_forget_while_records_wait(tmp_path, small_batches, monkeypatch, threads):
    plain = linkage.agency.columns_for
    monkeypatch.setattr(linkage.agency, "columns_for", lambda schema, key, *, room: plain(schema, key, room=1))
    assert encoded(threads=threads).digest() == REFERENCE.digest()
    assert encoded(threads=threads, out=tmp_path / "a.parquet").digest() == REFERENCE.digest()
    assert encoded(threads=threads, out=tmp_path / "b.parquet", memory=TINY).digest() == REFERENCE.digest()


def test_encode__really_spills_in_these_tests(tmp_path, small_batches, monkeypatch):
    seen = []
    plain = Spool._spill
    monkeypatch.setattr(Spool, "_spill", lambda self, folder: (seen.append(folder), plain(self, folder))[1])
    encoded(out=tmp_path / "a.parquet", memory=TINY)
    assert len(seen) > 2
    assert set(seen) == {tmp_path}


def test_encode__spills_into_a_folder_only_its_owner_can_enter(tmp_path, small_batches, monkeypatch):
    modes = []
    plain = Spool.sorted_parts

    def look(self, *args, **options):
        modes.append(self._spilled.stat().st_mode & 0o777)
        yield from plain(self, *args, **options)

    monkeypatch.setattr(Spool, "sorted_parts", look)
    encoded(out=tmp_path / "a.parquet", memory=1)
    assert modes == [0o700]


def test_encode__is_the_same_with_groups_when_it_spills(tmp_path, small_batches):
    whole = encoded(schema=GROUPED)
    spilled = encoded(schema=GROUPED, out=tmp_path / "a.parquet", memory=1)
    assert spilled.digest() == whole.digest()
    assert spilled.groups["ward"].to_pylist() == whole.groups["ward"].to_pylist()


def test_encode__saves_the_same_file_as_it_streams(tmp_path):
    encoded(out=tmp_path / "streamed.parquet")
    REFERENCE.save(tmp_path / "saved.parquet")
    assert (tmp_path / "streamed.parquet").read_bytes() == (tmp_path / "saved.parquet").read_bytes()


# ---- what stays at home -----------------------------------------------------------------------------------------


def test_encode__sorts_by_record_id_so_that_row_order_stays_home():
    ids = REFERENCE.record_ids.to_pylist()
    assert ids == sorted(ids)
    assert all(len(text) == 32 and text == text.lower() and int(text, 16) >= 0 for text in ids)
    # the rank of a record among ids says nothing of its row: a random order has a correlation near 0
    secret = KEY.derive(project="encode", purpose="record ids")
    ranks = [ids.index(naive.record_id(secret, "police", case_no)) for case_no in TABLE["case_no"]]
    assert abs(np.corrcoef(ranks, range(N))[0, 1]) < 0.2


def test_encode__writes_no_id_and_no_value_of_the_agency(tmp_path, small_batches):
    table = TABLE | {"note": ["secret note"] * N}
    encoded(table, out=tmp_path / "a.parquet", memory=1)
    content = (tmp_path / "a.parquet").read_bytes()
    words = {str(value) for name in ("case_no", "surname", "dob") for value in table[name] if value and len(value) > 3}
    assert not [word for word in words if word.encode() in content]
    for word in (b"secret note", b"case_no", b"note", KEY._secret, KEY._text().encode()):
        assert word not in content


def test_encode__gives_the_same_ids_to_the_next_batch_and_others_to_another_source():
    next_batch = encoded({name: values[:100] for name, values in TABLE.items()})
    assert set(next_batch.record_ids.to_pylist()) < set(REFERENCE.record_ids.to_pylist())
    assert not set(encoded(source="school").record_ids.to_pylist()) & set(REFERENCE.record_ids.to_pylist())


def test_encode__under_an_own_id_key_gives_other_ids_and_the_same_bits():
    own = encoded(id_key=Key.generate())
    assert not set(own.record_ids.to_pylist()) & set(REFERENCE.record_ids.to_pylist())
    assert own.key_check == REFERENCE.key_check
    for name, rows in REFERENCE.filters.items():
        assert sorted(row.tobytes() for row in own.filters[name]) == sorted(row.tobytes() for row in rows)


# ---- ids --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "again"), [(3, 4), (3, 20), (1, 500), (45, 459)])
@pytest.mark.parametrize("spills", [False, True])
def test_encode__names_both_rows_of_an_id_used_twice(tmp_path, small_batches, first, again, spills):
    ids = list(TABLE["case_no"])
    ids[again - 1] = ids[first - 1]
    options = {"out": tmp_path / "a.parquet", "memory": 1} if spills else {}
    with pytest.raises(RecordError, match=f"rows {first:,} and {again:,} have the same id") as caught:
        encoded(TABLE | {"case_no": ids}, **options)
    assert caught.value.row == again
    assert caught.value.rule == "id used twice"
    assert ids[first - 1] not in str(caught.value)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("value", [None, "", "   ", "\t"])
def test_encode__names_the_row_without_id(small_batches, value):
    ids = list(TABLE["case_no"])
    ids[122] = value
    with pytest.raises(RecordError, match="row 123, column 'case_no'") as caught:
        encoded(TABLE | {"case_no": ids})
    assert (caught.value.row, caught.value.column, caught.value.rule) == (123, "case_no", "id missing")


def test_encode__refuses_a_column_of_ids_that_is_all_missing():
    with pytest.raises(RecordError, match="row 1, column 'case_no'"):
        encoded(TABLE | {"case_no": [None] * N})


def test_encode__refuses_ids_that_a_gap_has_turned_into_decimals():
    with pytest.raises(RecordError, match="decimal point"):
        encoded(pd.DataFrame(TABLE | {"case_no": [*range(N - 1), None]}))


# ---- columns ----------------------------------------------------------------------------------------------------


def test_encode__finds_columns_by_the_names_it_is_told():
    table = {"no": TABLE["case_no"], "family name": TABLE["surname"], "Born": TABLE["dob"]}
    found = encoded(table, id="no", columns={"surname": "family name", "dob": "Born"})
    assert found.digest() == REFERENCE.digest()


def test_encode__leaves_a_declared_absence_as_missing():
    found = encoded({"case_no": TABLE["case_no"], "dob": TABLE["dob"]}, columns={"surname": None})
    assert not found.filters["surname"].any()
    assert np.array_equal(found.filters["dob"], REFERENCE.filters["dob"])


def test_encode__says_how_to_read_an_agreement_that_is_given_as_a_path():
    with pytest.raises(TypeError, match=r"Schema.load\(path\)"):
        encoded(schema="agreement.toml")


def test_encode__refuses_an_undeclared_absence_and_says_how_to_declare_it():
    with pytest.raises(RecordError, match=r"column 'dob' is not in the table.*columns=\{field: None\}"):
        encoded({"case_no": TABLE["case_no"], "surname": TABLE["surname"]})


def test_encode__refuses_a_field_that_is_not_in_the_agreement():
    with pytest.raises(ValueError, match=r"'surnam' is not a field.*'surname'"):
        encoded(columns={"surnam": "x"})


def test_encode__refuses_an_agency_that_holds_nothing():
    with pytest.raises(ValueError, match="none of the agreement's fields"):
        encoded(columns={"surname": None, "dob": None})


def test_encode__refuses_a_missing_value_where_the_agreement_does(small_batches):
    strict = Schema(project="p", fields=(Field(name="dob", type="date", missing="refuse"),))
    days = list(TABLE["dob"])
    encoded(TABLE, schema=strict)
    for broken in (None, "", "soon", "00/00/0000"):
        days[300] = broken
        with pytest.raises(RecordError, match="row 301, column 'dob'") as caught:
            encoded(TABLE | {"dob": days}, schema=strict)
        assert (caught.value.row, caught.value.rule) == (301, "missing")
        assert "soon" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"source": ""}, ValueError),
        ({"source": "a\nb"}, ValueError),
        ({"source": "x" * 201}, ValueError),
        ({"source": None}, TypeError),
        ({"threads": 0}, ValueError),
        ({"threads": True}, TypeError),
        ({"id_key": b"x" * 32}, TypeError),
        ({"id": "nowhere"}, RecordError),
    ],
)
def test_encode__refuses_wrong_arguments(options, error):
    with pytest.raises(error):
        encoded(**options)


def test_encode__takes_no_bytes_in_a_keys_place():
    with pytest.raises(TypeError, match="key"):
        encode(TABLE, SCHEMA, b"x" * 32, id="case_no", source="s")


def test_encode__refuses_an_empty_table(tmp_path):
    empty = {name: [] for name in TABLE}
    (tmp_path / "t.csv").write_text("case_no,surname,dob\n")
    for table in (empty, pa.table(empty), pd.DataFrame(empty), tmp_path / "t.csv"):
        with pytest.raises(RecordError, match="no records"):
            encoded(table)
        with pytest.raises(RecordError, match="no records"):
            encoded(table, out=tmp_path / "out.parquet")
    assert names_in(tmp_path) == ["t.csv"]


def test_encode__takes_a_single_record():
    one = encoded({name: values[:1] for name, values in TABLE.items()})
    assert len(one) == 1


# ---- groups and warnings ----------------------------------------------------------------------------------------


def test_encode__carries_groups_in_clear_beside_their_records(small_batches):
    found = encoded(schema=GROUPED)
    secret = KEY.derive(project="encode", purpose="record ids")
    expected = {
        naive.record_id(secret, "police", case_no): ward or ""
        for case_no, ward in zip(TABLE["case_no"], TABLE["ward"], strict=True)
    }
    assert dict(zip(found.record_ids.to_pylist(), found.groups["ward"].to_pylist(), strict=True)) == expected


def test_encode__refuses_classes_that_are_too_small_and_does_not_name_them(tmp_path, small_batches):
    wards = list(TABLE["ward"])
    wards[7] = wards[431] = "hamlet"  # in batches far apart
    with pytest.raises(PrivacyError, match="1 of 4 classes have fewer than 3") as caught:
        encoded(TABLE | {"ward": wards}, schema=GROUPED, out=tmp_path / "a.parquet", memory=1)
    assert caught.value.measure == "group size"
    assert "hamlet" not in str(caught.value)
    assert names_in(tmp_path) == []
    wards[100] = "hamlet"
    encoded(TABLE | {"ward": wards}, schema=GROUPED)


def test_encode__counts_missing_group_values_as_a_class():
    wards = ["north"] * (N - 2) + [None, " "]
    with pytest.raises(PrivacyError, match="1 of 2 classes"):
        encoded(TABLE | {"ward": wards}, schema=GROUPED)


def test_encode__refuses_to_leave_a_group_out():
    with pytest.raises(ValueError, match="group 'ward' must be there"):
        encoded(schema=GROUPED, columns={"ward": None})


def test_encode__warns_of_a_column_that_is_all_missing_and_of_nothing_declared():
    with pytest.warns(LinkageWarning, match="column 'surname': all values are missing"):
        encoded(TABLE | {"surname": ["unknown"] * N})
    encoded(columns={"surname": None})  # a warning would be an error here


def test_encode__warns_with_counts_of_values_it_could_not_read(small_batches):
    days = ["soon" if row % 100 == 0 else day for row, day in enumerate(TABLE["dob"])]
    with pytest.warns(LinkageWarning, match=r"column 'dob': 5 of 500 values: not a date") as caught:
        encoded(TABLE | {"dob": days})
    assert caught[0].filename == __file__
    assert "soon" not in str(caught[0].message)


# ---- memory and what is left behind -----------------------------------------------------------------------------


def test_encode__without_a_file_refuses_more_than_its_memory(small_batches):
    with pytest.raises(LimitError, match="out=") as caught:
        encoded(memory=TINY)
    assert caught.value.allowed == TINY
    assert caught.value.needed > TINY
    assert encoded(memory=1 << 20).digest() == REFERENCE.digest()


def test_encode__refuses_to_replace_its_own_table(tmp_path):
    """The same path as table and out= once replaced the agency's records with their encodings."""
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pa.table(TABLE), path)
    before = path.read_bytes()
    (tmp_path / "link.parquet").symlink_to(path)
    for out in (path, tmp_path / "link.parquet", str(path)):
        with pytest.raises(ValueError, match="the table itself"):
            encoded(path, out=out)
    assert path.read_bytes() == before


def test_encode__says_before_the_work_that_the_folder_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(batches_module, "record_ids", lambda *_: pytest.fail("it has begun"))
    with pytest.raises(FileNotFoundError, match="does not exist"):
        encoded(out=tmp_path / "nowhere" / "a.parquet")


def test_encode__does_not_replace_a_folder(tmp_path):
    (tmp_path / "a.parquet").mkdir()
    with pytest.raises(FileFormatError):
        encoded(out=tmp_path / "a.parquet")
    assert names_in(tmp_path) == ["a.parquet"]


class StopError(Exception):
    pass


@pytest.mark.parametrize("stop", [StopError, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("place", ["record_ids", "record_dtype"])
@pytest.mark.parametrize("threads", [1, 3])
def test_encode__leaves_nothing_behind_when_it_stops_while_encoding(
    tmp_path, small_batches, monkeypatch, stop, place, threads
):
    out = tmp_path / "a.parquet"
    out.write_bytes(b"the last good file")
    plain, calls = getattr(batches_module, place), []

    def breaks(*args, **options):
        calls.append(1)
        if len(calls) > 9:
            raise stop
        return plain(*args, **options)

    monkeypatch.setattr(batches_module, place, breaks)
    with pytest.raises(UnexpectedError if stop is StopError else stop):
        encoded(out=out, memory=1, threads=threads)
    assert names_in(tmp_path) == ["a.parquet"]
    assert out.read_bytes() == b"the last good file"


@pytest.mark.parametrize("stop", [StopError, KeyboardInterrupt, OSError])
def test_encode__leaves_nothing_behind_when_it_stops_while_writing(tmp_path, small_batches, monkeypatch, stop):
    from linkage import encodedfile

    out = tmp_path / "a.parquet"
    out.write_bytes(b"the last good file")
    plain, calls = encodedfile.as_table, []

    def breaks(*args):
        calls.append(1)
        if len(calls) > 3:
            assert len(names_in(tmp_path)) == 3  # the part file and the folder of the spill are there
            raise stop
        return plain(*args)

    monkeypatch.setattr(encodedfile, "as_table", breaks)
    with pytest.raises(UnexpectedError if stop is StopError else stop):
        encoded(out=out, memory=1)
    assert names_in(tmp_path) == ["a.parquet"]
    assert out.read_bytes() == b"the last good file"


INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
from linkage import Field, Key, Schema, encode
from linkage.agency import records
records.BATCH_ROWS = 500
schema = Schema(project="p", fields=(Field(name="surname", type="name"),))
table = {"id": range(2_000_000), "surname": ["Lee"] * 2_000_000}
print("begin", flush=True)
encode(table, schema, Key.generate(), id="id", source="s", out=sys.argv[1], memory=1, threads=2)
"""


def test_encode__leaves_nothing_behind_after_ctrl_c(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(Path(linkage.__file__).parents[1])}
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "a.parquet")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        until = time.monotonic() + 20
        while not names_in(tmp_path) and time.monotonic() < until:
            time.sleep(0.01)
        assert [name[:14] for name in names_in(tmp_path)] == [".linkage-sort-"]
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT, stderr
    assert b"KeyboardInterrupt" in stderr
    assert names_in(tmp_path) == []


def test_encode__leaves_nothing_behind_when_a_later_row_of_a_csv_is_broken(tmp_path, small_batches):
    lines = ["case_no,surname,dob", *(f"C{row},Lee,2019-01-01" for row in range(400)), "C400,Lee,2019-01-01,more"]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    with pytest.raises(RecordError, match="row 401"):
        encoded(tmp_path / "t.csv", out=tmp_path / "a.parquet", memory=1)
    assert names_in(tmp_path) == ["t.csv"]


@pytest.mark.parametrize(("memory", "threads"), [(10_000, 1), (40_000, 3), (1 << 30, 3)])
def test_spool__gives_records_in_order_and_removes_its_folder(tmp_path, monkeypatch, memory, threads):
    monkeypatch.setattr(spool_module, "_PART", 300)
    draw = np.random.default_rng(5)
    records = np.zeros(2_000, dtype=record_dtype({"f": 2}, []))
    records["id"] = draw.integers(0, 2**64, (2_000, 2), dtype=np.uint64)
    records["filter f"] = draw.integers(0, 2**64, (2_000, 2), dtype=np.uint64)
    with Spool(memory=memory, out=tmp_path / "a") as spool:
        for start in range(0, 2_000, 300):
            spool.add(records[start : start + 300])
        parts = list(spool.sorted_parts(dict, threads=threads))
    assert names_in(tmp_path) == []
    assert len(parts) == (256 if memory < 1 << 20 else 7)
    order = sorted(range(2_000), key=lambda row: records["id"][row].tolist())
    whole = Spool(memory=1 << 30, out=None)
    whole.add(records)
    for name, column in whole.sorted_columns(threads=threads).items():
        assert np.array_equal(column, records[name][order])
        assert np.array_equal(np.concatenate([part[name] for part in parts]), column)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a file that was just being opened
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="timers that interrupt, as POSIX has them")
def test_spool__lets_an_interruption_through_as_what_it_is(tmp_path):
    """NumPy's tofile made a TypeError of a SIGTERM that came while a record was written: exit code 1, not 143."""

    def stop(*_):
        raise SystemExit(143)

    draw = np.random.default_rng(6)
    records = np.zeros(2_000, dtype=record_dtype({"f": 2}, []))
    records["id"] = draw.integers(0, 2**64, (2_000, 2), dtype=np.uint64)
    stopped, before = 0, signal.signal(signal.SIGALRM, stop)
    try:
        for microseconds in range(200, 12_000, 60):
            try:
                signal.setitimer(signal.ITIMER_REAL, microseconds / 1e6)
                with Spool(memory=4, out=tmp_path / "a") as spool:
                    spool.add(records)
            except SystemExit:
                stopped += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert stopped > 50


@pytest.mark.parametrize("blocks", [1, 3, 200])
def test_sorted_by_id__settles_ids_that_begin_alike(blocks):
    draw = np.random.default_rng(7)
    records = np.zeros(600, dtype=record_dtype({}, []))
    records["id"] = draw.integers(0, 2**64, (600, 2), dtype=np.uint64)
    records["id"][100:300, 0] = 5  # all of the first half
    records["id"][300:500, 0] = (7 << 60) + draw.integers(0, 9, 200, dtype=np.uint64)  # all but the last bits
    records["row"] = np.arange(600)
    made = sorted_by_id(np.array_split(records, blocks), None)
    found = made.fill(made.empty(600), slice(None))["id"]
    assert found.tolist() == sorted(records["id"].tolist())
    records["id"][410] = records["id"][120]
    with pytest.raises(RecordError, match=r"rows 120 and 410 have the same id.*1 repeated"):
        sorted_by_id(np.array_split(records, blocks), None)


def test_encode__shows_nothing_on_stderr_unless_asked(capfd):
    encoded(progress=False)
    assert capfd.readouterr() == ("", "")
    encoded(progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "encode police" in err
