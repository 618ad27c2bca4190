"""Any table in, the same columns out; and what can't be read is named by row and column, never by its value."""

import datetime as dt
import decimal
import struct
import traceback

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.agency import csvfile
from linkage.agency.astext import as_text
from linkage.agency.opened import BATCH_ROWS
from linkage.agency.records import column_plan, read
from linkage.errors import FileFormatError, LinkageError, RecordError
from linkage.field import Field
from linkage.schema import Group, Schema

CANARY = "Zzyzxcanary"
SCHEMA = Schema(project="p", fields=(Field(name="surname", type="name"), Field(name="dob", type="date")))
NUMBERS = Schema(project="p", fields=(Field(name="surname", type="name"), Field(name="income", type="number")))
# surnames that other readers take for missing
LARGE_AND_VIEWS = (pa.large_string(), pa.string_view())
COLUMNS = {
    "surname": ["NA", "None", "null", "NaN", 'O\'Brien, "Bo"', "Zoë 𠮷", None, "N/A"],
    "dob": ["2001-01-01", None, "03/04/2019", "nan", "x", "1900-01-01", "", "#N/A"],
}
ROWS = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]


def columns_of(table, schema=SCHEMA, **options):
    found = {}
    row = 1
    for batch in read(table, column_plan(schema, options.get("columns"), id=options.get("id")), schema):
        assert batch.first_row == row
        row += len(batch)
        for name, column in batch.columns.items():
            assert column.type == pa.string()
            assert len(column) == len(batch) <= BATCH_ROWS
            found.setdefault(name, []).extend(column.to_pylist())
    return found


def refused(table, schema=SCHEMA, kind=RecordError, **options) -> LinkageError:
    """The error, after a look through its whole traceback for the canary."""
    with pytest.raises(kind) as caught:
        columns_of(table, schema, **options)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert CANARY not in str(vars(caught.value))
    return caught.value


@pytest.fixture
def csv(tmp_path):
    def written(content, name="people.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


# ---- one table in many kinds ------------------------------------------------------------------------------------

KINDS = {
    "dict": lambda: COLUMNS,
    "dict of arrays": lambda: {name: pa.array(column) for name, column in COLUMNS.items()},
    "dict of Series": lambda: {name: pd.Series(column) for name, column in COLUMNS.items()},
    "list of dicts": lambda: ROWS,
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas with NaN": lambda: pd.DataFrame(COLUMNS).fillna(np.nan),
    "pandas with pd.NA": lambda: pd.DataFrame(COLUMNS).astype(object).where(lambda frame: frame.notna(), pd.NA),
    "pandas strings": lambda: pd.DataFrame(COLUMNS).astype("string"),
    "pandas Arrow strings": lambda: pd.DataFrame(COLUMNS).astype("string[pyarrow]"),
    "pandas categoricals": lambda: pd.DataFrame(COLUMNS).astype("category"),
    "pandas with an index": lambda: pd.DataFrame(COLUMNS, index=pd.Index(range(7, 15), name="dob")),
    "pandas with odd columns": lambda: pd.DataFrame({"x": [object()] * 8, **COLUMNS, "y": [{1, 2}] * 8}),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "polars lazy": lambda: pl.DataFrame(COLUMNS).lazy(),
    "polars categoricals": lambda: pl.DataFrame(COLUMNS).cast(pl.Categorical),
    "pyarrow Table": lambda: pa.table(COLUMNS),
    "pyarrow chunks": lambda: pa.concat_tables([pa.table(COLUMNS).slice(0, 3), pa.table(COLUMNS).slice(3)]),
    "pyarrow RecordBatch": lambda: pa.record_batch(COLUMNS),
    "pyarrow RecordBatchReader": lambda: pa.table(COLUMNS).to_reader(max_chunksize=3),
    "pyarrow StructArray": lambda: pa.array(ROWS),
    "large strings and views": lambda: pa.table(
        {name: pa.array(COLUMNS[name], kind) for name, kind in zip(COLUMNS, LARGE_AND_VIEWS, strict=True)}
    ),
    "dictionaries": lambda: pa.table({name: pa.array(column).dictionary_encode() for name, column in COLUMNS.items()}),
    "DuckDB": lambda: duckdb.from_arrow(pa.table(COLUMNS)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_read__gives_the_same_columns_for_any_kind_of_table(kind):
    assert columns_of(KINDS[kind]()) == COLUMNS


@pytest.mark.parametrize("suffix", [".parquet", ".PQ"])
@pytest.mark.parametrize("as_path", [str, lambda path: path])
def test_read__gives_the_same_columns_for_parquet(tmp_path, suffix, as_path):
    pq.write_table(pa.table({"x": range(8), **COLUMNS}), tmp_path / f"people{suffix}", row_group_size=3)
    assert columns_of(as_path(tmp_path / f"people{suffix}")) == COLUMNS


# a cell of a CSV file can't tell an empty text from none
WRITTEN = {name: [text or None for text in column] for name, column in COLUMNS.items()}


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".CSV"])
@pytest.mark.parametrize("end", [True, False])
def test_read__gives_the_same_columns_for_csv(csv, bom, newline, suffix, end):
    separator = "\t" if suffix == ".tsv" else ","
    lines = [separator.join(["id", *COLUMNS])]
    for number, row in enumerate(ROWS):
        cells = [
            '"' + text.replace('"', '""') + '"' if text and number % 2 == 0 else text or "" for text in row.values()
        ]
        lines.append(separator.join([str(number), *cells]))
    text = newline.join(lines) + (newline if end else "")
    path = csv(bom + text.encode(), f"people{suffix}")
    assert columns_of(path) == columns_of(str(path)) == WRITTEN


def test_read__of_pandas_own_csv_gives_back_its_names(tmp_path):
    pd.DataFrame(COLUMNS).to_csv(tmp_path / "people.csv")
    assert columns_of(tmp_path / "people.csv") == WRITTEN


def test_read__keeps_texts_as_they_are_written(csv):
    path = csv('surname,dob\n" a ",00123\n"1,5",1e3\ntrue,"say ""no"""\n')
    assert columns_of(path) == {"surname": [" a ", "1,5", "true"], "dob": ["00123", "1e3", 'say "no"']}


def test_read__takes_nothing_but_an_empty_cell_as_missing(csv):
    assert columns_of(csv('surname,dob\n,""\n" ",x\n'))["surname"] == [None, " "]


# ---- kinds of values --------------------------------------------------------------------------------------------

DAYS = [dt.date(2001, 7, 1), None, dt.date(1950, 1, 1)]
AS_TEXT = ["2001-07-01", None, "1950-01-01"]


@pytest.mark.parametrize(
    "days",
    [
        pa.array(DAYS, pa.date32()),
        pa.array(DAYS, pa.date64()),
        *(pa.array(DAYS, pa.date32()).cast(pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")),
        pa.array(DAYS, pa.date32()).dictionary_encode(),
        pd.Series(pd.to_datetime(DAYS)),
        pd.Series(DAYS, dtype=object),
        pd.Series(pd.to_datetime(DAYS)).dt.tz_localize("Europe/London"),
        pd.Series(pd.to_datetime(DAYS)).dt.tz_localize("Australia/Sydney"),
        pl.Series(DAYS),
        pl.Series(DAYS).cast(pl.Datetime).dt.replace_time_zone("Europe/London"),
    ],
    ids=["date32", "date64", "s", "ms", "us", "ns", "dictionary", "pandas", "objects", "London", "Sydney", "polars",
         "polars zone"],
)  # fmt: skip
def test_read__writes_days_as_days_whatever_zone_they_are_in(days):
    # midnight in London in July is the day before in UTC
    make = pl.DataFrame if isinstance(days, pl.Series) else pd.DataFrame if isinstance(days, pd.Series) else pa.table
    assert columns_of(make({"surname": ["a", "b", "c"], "dob": days}))["dob"] == AS_TEXT


def test_read__writes_whole_numbers_without_a_point():
    for kind in (pa.int64(), pa.uint8(), pa.decimal128(5, 0)):
        assert columns_of(pa.table({"surname": ["a", "b"], "dob": pa.array([12, None], kind)}))["dob"] == ["12", None]
    assert columns_of({"surname": [True, False], "dob": [1, 2]})["surname"] == ["true", "false"]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([4505577104, None]),
        pd.Series([4505577104.0, 4505577105.0]),
        pa.array([4505577104.0, None], pa.float64()),
        pa.array(np.array([1, 2], dtype="f2")),
        pa.array([decimal.Decimal("4505577104.00"), None]),  # once read as 450557710400
    ],
    ids=["gap", "whole", "arrow", "half", "decimal"],
)
def test_read__refuses_an_id_that_turned_into_a_fraction_and_says_how_to_read_it(column):
    make = pd.DataFrame if isinstance(column, pd.Series) else pa.table
    error = refused(make({"surname": ["a", "b"], "dob": column}))
    assert error.column == "dob"
    assert "dtype={'dob': str}" in str(error)
    with pytest.raises(RecordError, match="dtype"):
        columns_of(make({"surname": ["a", "b"], "case no": column, "dob": ["", ""]}), id="case no")


@pytest.mark.parametrize("empty", [[np.nan, np.nan], [None, None], [None, np.nan]])
def test_read__takes_a_column_of_nothing_but_nan_as_missing(empty):
    assert columns_of(pd.DataFrame({"surname": ["a", "b"], "dob": empty}))["dob"] == [None, None]
    assert columns_of(pa.table({"surname": ["a", "b"], "dob": pa.array(empty, pa.float64())}))["dob"] == [None, None]


def test_read__takes_fractions_for_a_number():
    assert columns_of({"surname": ["a", "b"], "income": [1.5, None]}, NUMBERS)["income"] == ["1.5", None]
    assert columns_of(pd.DataFrame({"surname": ["a", "b"], "income": [41, None]}), NUMBERS)["income"] == ["41", None]


@pytest.mark.parametrize(
    "column",
    [
        [CANARY.encode()],
        [[CANARY]],
        [dt.time(1, 2)],
        [dt.timedelta(1)],
        pa.array([{"first": CANARY}]),
    ],
    ids=["bytes", "list", "time", "duration", "struct"],
)
def test_read__refuses_a_column_of_no_plain_kind(column):
    error = refused({"surname": column, "dob": ["2001-01-01"]})
    assert (error.column, error.rule) == ("surname", "kind of values")


@pytest.mark.parametrize(
    "table",
    [
        {"surname": [CANARY, 5], "dob": ["x", "y"]},
        {"surname": [CANARY, float("nan")], "dob": ["x", "y"]},
        {"surname": [CANARY], "dob": []},
        {"surname": [object()], "dob": [CANARY]},
        [{"surname": CANARY, "dob": 5}, {"surname": 5, "dob": CANARY}],
        pd.DataFrame({"surname": [CANARY, 5], "dob": ["x", "y"]}),
        pd.DataFrame({"surname": [CANARY, dt.date(2001, 1, 1)], "dob": ["x", "y"]}),
        pd.DataFrame({"surname": [5, CANARY], "dob": ["x", "y"]}),
    ],
    ids=["dict", "NaN", "lengths", "objects", "rows", "pandas", "dates", "number first"],
)
def test_read__refuses_mixed_values_without_quoting_one(table):
    assert refused(table).rule == "kind of values"


def test_read__says_nothing_of_a_value_when_a_lazy_table_can_not_be_computed():
    # DuckDB's own message quotes the value that is no date, and so does polars'
    duck = duckdb.connect()
    duck.execute(f"create table people as select '{CANARY}' as surname, '{CANARY}' as day")
    error = refused(duck.sql("select surname, cast(day as date) as dob from people"))
    assert "ConversionException" in str(error)
    lazy = pl.DataFrame({"surname": [CANARY], "dob": [CANARY]}).lazy()
    error = refused(lazy.with_columns(pl.col("dob").str.to_date("%Y-%m-%d", strict=True)))
    assert error.rule == "table"


def bad_utf8():
    data = CANARY.encode() + b"\xff"
    offsets = np.array([0, len(data)], dtype="i4")
    return pa.StringArray.from_buffers(1, pa.py_buffer(offsets), pa.py_buffer(data))


def test_read__refuses_text_that_is_not_utf8_in_arrow_and_parquet(tmp_path):
    # Python's own error, once let through, holds the whole value in its `object`
    table = pa.table({"surname": bad_utf8(), "dob": ["2001-01-01"]})
    pq.write_table(table, tmp_path / "people.parquet")
    for source in (table, tmp_path / "people.parquet"):
        error = refused(source)
        assert (error.row, error.column, error.rule) == (1, "surname", "encoding of text")


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("broken", [[b"\xff"], [b"caf\xc3", b"\xa9"], [b"\xed\xa0\x80"], [b"\xc0\x80"]])
def test_as_text__refuses_each_text_that_is_not_utf8_whatever_its_neighbours_are(place, broken):
    texts = [b"Ann", "Zoë".encode(), b""]
    texts[place:place] = broken
    given = pa.array([b"x\xff", *texts, b"\xff"]).cast(pa.binary())
    made = pa.StringArray.from_buffers(len(given), given.buffers()[1], given.buffers()[2])
    with pytest.raises(RecordError, match="not UTF-8"):
        as_text(made.slice(1, len(texts)), "surname", "name", 1)
    rest = pa.array([b"x\xff", "Zoë".encode(), b"Ann", b"\xff"])
    made = pa.StringArray.from_buffers(4, rest.buffers()[1], rest.buffers()[2]).slice(1, 2)
    assert as_text(made, "surname", "name", 1).to_pylist() == ["Zoë", "Ann"]


def test_as_text__refuses_places_of_texts_that_fall_or_leave_the_bytes():
    for places in ([0, 3, 1, 3], [0, 9, 2, 3], [0, -9, 2, 3]):
        offsets = pa.py_buffer(np.array(places, dtype=np.int32))
        with pytest.raises(RecordError, match="column 'surname'"):
            as_text(pa.StringArray.from_buffers(3, offsets, pa.py_buffer(b"abc")), "surname", "name", 1)


def test_as_text__names_the_row_where_a_batch_begins():
    with pytest.raises(RecordError, match="at or after row 65,537"):
        as_text(bad_utf8(), "surname", "name", 65_537)


# ---- columns ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["dict", "list", "pandas", "polars", "arrow", "csv", "parquet"])
def test_read__names_a_missing_column_and_the_nearest(kind, tmp_path):
    table = pa.table({"surname": [CANARY], "d.o.b": [CANARY]})
    pq.write_table(table, tmp_path / "people.parquet")
    table.to_pandas().to_csv(tmp_path / "people.csv", index=False)
    made = {
        "dict": table.to_pydict(),
        "list": table.to_pylist(),
        "pandas": table.to_pandas(),
        "polars": pl.from_arrow(table),
        "arrow": table,
        "csv": tmp_path / "people.csv",
        "parquet": tmp_path / "people.parquet",
    }[kind]
    error = refused(made)
    assert (error.column, error.rule) == ("dob", "column missing")
    assert "did you mean 'd.o.b'" in str(error)
    assert "columns={field: None}" in str(error)
    assert columns_of(made, columns={"dob": "d.o.b"})["dob"] == [CANARY]
    assert columns_of(made, columns={"dob": None})["dob"] == [None]


@pytest.mark.parametrize("kind", ["pandas", "arrow", "csv"])
def test_read__refuses_two_columns_of_a_name_it_needs_and_no_others(kind, csv):
    def made(names):
        table = pa.table([[CANARY]] * 3, names=names)
        if kind == "csv":
            return csv(",".join(names) + f"\n{CANARY},{CANARY},{CANARY}\n")
        return table.to_pandas() if kind == "pandas" else table

    error = refused(made(["surname", "dob", "dob"]))
    assert (error.column, error.rule) == ("dob", "column names")
    with pytest.raises(RecordError, match="two of that name"):
        columns_of(made(["surname", "dob", "dob"]), id="dob")
    assert columns_of(made(["surname", "x", "x"]), columns={"dob": None}) == {"surname": [CANARY], "dob": [None]}


def test_read__of_rows_has_the_columns_of_all_rows():
    # Arrow takes those of the first row only, and drops the rest in silence
    rows = [{"surname": "a"}, {"dob": "x", "surname": "b"}, {"other": object()}]
    assert columns_of(rows) == {"surname": ["a", "b", None], "dob": [None, "x", None]}


def test_read__of_a_dict_leaves_alone_what_nobody_asked_for():
    assert columns_of({"photo": [object()], 5: [6], "surname": ["a"], "dob": ["x"]}) == {"surname": ["a"], "dob": ["x"]}
    assert refused({5: [CANARY]}).column == "surname"


def test_read__gives_one_column_to_two_fields_if_told():
    found = columns_of({"surname": ["a"]}, columns={"dob": "surname"}, id="surname")
    assert found == {"surname": ["a"], "dob": ["a"], "record_id": ["a"]}


def test_column_plan__finds_each_field_group_and_id():
    schema = Schema(project="p", fields=SCHEMA.fields, groups=(Group("ward"),))
    assert column_plan(schema, {"dob": "born", "ward": "area"}, id="no") == {
        "surname": "surname", "dob": "born", "ward": "area", "record_id": "no",
    }  # fmt: skip
    assert column_plan(schema, {"dob": None}, id=None) == {"surname": "surname", "dob": None, "ward": "ward"}
    with pytest.raises(ValueError, match="did you mean 'surname'"):
        column_plan(schema, {"surnam": "x"}, id=None)
    with pytest.raises(ValueError, match="none of the agreement's fields"):
        column_plan(schema, {"surname": None, "dob": None}, id="no")
    with pytest.raises(ValueError, match="group 'ward' must be there"):
        column_plan(schema, {"ward": None}, id="no")


@pytest.mark.parametrize(
    "table", [5, None, object(), [], [1], b"abc", pd.Series([CANARY]), {1, 2}, pa.chunked_array([[CANARY]])]
)
def test_read__of_no_table_says_what_one_is(table):
    with pytest.raises(TypeError, match="a table is a path") as caught:
        columns_of(table)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("table", [{"surname": [], "dob": []}, pd.DataFrame({"surname": [], "dob": []})])
def test_read__refuses_a_table_without_records(table):
    assert refused(table).rule == "no records"


def test_read__counts_rows_over_batches_of_any_size():
    rows = 2 * BATCH_ROWS + 5
    table = pa.table({"surname": pa.array(range(rows)).cast(pa.string()), "dob": pa.nulls(rows, pa.string())})
    for given in (table, table.to_reader(max_chunksize=1_000), duckdb.from_arrow(table)):
        assert columns_of(given)["surname"] == table["surname"].to_pylist()


# ---- CSV files that are wrong -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["none.csv", "none.parquet"])
def test_read__of_no_file_is_a_file_not_found(tmp_path, name):
    with pytest.raises(FileNotFoundError):
        columns_of(tmp_path / name)
    with pytest.raises(FileFormatError, match="not a regular file"):
        columns_of(tmp_path)


def test_read__refuses_a_file_of_another_kind(csv):
    assert refused(csv(CANARY * 9, "people.xlsx"), kind=FileFormatError).path.endswith("people.xlsx")
    assert refused(csv(CANARY * 9, "people.parquet"), kind=FileFormatError).path.endswith("people.parquet")
    assert refused(csv(b"", "people.parquet"), kind=FileFormatError).path.endswith("people.parquet")


def test_read__refuses_a_damaged_parquet_file(tmp_path):
    path = tmp_path / "people.parquet"
    pq.write_table(pa.table({"surname": [CANARY] * 999, "dob": [CANARY] * 999}), path, write_page_checksum=True)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused(path, kind=FileFormatError)
    path.write_bytes(whole[:40] + b"\xff" * 20 + whole[60:])
    try:
        assert set(columns_of(path)) == {"surname", "dob"}  # nobody checks the agency's own checksums
    except LinkageError as error:
        assert CANARY not in str(error)


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b",,\n1,2,3\n", b" , \n"])
def test_csv__without_column_names_is_refused(csv, content):
    assert refused(csv(content)).rule == "no records"


@pytest.mark.parametrize("content", ["surname,dob\n", "surname,dob", "surname,dob\r\n\r\n", '"surname","dob"\n\n\n'])
def test_csv__with_a_header_only_has_no_records(csv, content):
    # without a newline at its end it was once said to be broken
    assert str(refused(csv(content))) == "the table has no records"


@pytest.mark.parametrize(
    ("content", "row", "found"),
    [
        (f"surname,dob\na,b\n{CANARY},{CANARY},{CANARY}\n", 2, 3),
        (f"surname,dob\na,b\n{CANARY}\nc,d", 2, 1),
        (f"surname,dob\n{CANARY},,", 1, 3),
        (f"surname,dob\r\na,b\r\nc,d\r\n{CANARY}\r\n", 3, 1),
        (f'surname,dob\n"a\n\nb","c\r\n"\n{CANARY},x,y\n', 2, 3),
        (f'"sur\nname",surname,dob\n1,2,3\n{CANARY},4\n', 2, 2),
        (f"surname,dob\n\n\na,b\n\n{CANARY}\n", 2, 1),
        (f'surname,dob\n"{CANARY},x\nc,d\n', 1, 1),
    ],
)
def test_csv__with_a_wrong_number_of_columns_names_the_record(csv, content, row, found):
    error = refused(csv(content))
    assert (error.row, error.rule) == (row, "number of columns")
    assert f"row {row} has {found} columns" in str(error)


def test_csv__with_a_wrong_number_of_columns_names_the_record_beyond_the_first_block(csv):
    rows = csvfile._BLOCK_BYTES // len("Abcdefgh,2001-01-01\n") + 100_000
    error = refused(csv("surname,dob\n" + "Abcdefgh,2001-01-01\n" * rows + f"{CANARY}\n"))
    assert error.row == rows + 1


@pytest.mark.parametrize("quoted", ["surname", "dob"])
@pytest.mark.parametrize("held", [{}, {"dob": None}])
def test_csv__with_a_quote_never_closed_is_refused(csv, quoted, held):
    # Arrow takes the rest of the file for one cell without a word: three records were once one
    cells = f'"{CANARY},x' if quoted == "surname" else f'{CANARY},"x'
    error = refused(csv(f"surname,dob\na,b\n{cells}\nc,d\ne,f\n"), columns=held)
    assert error.row == 2
    assert error.rule == ("CSV" if quoted == "dob" else "number of columns")


def test_csv__with_a_quote_never_closed_in_a_large_file_is_refused(csv):
    error = refused(csv(f'surname,dob\na,"{CANARY}\n' + "Abcdefgh,2001-01-01\n" * 1_000_000))
    assert error.rule in ("CSV", "number of columns")


@pytest.mark.parametrize(
    "content", ['surname,dob\nO"Brien,x\n', 'surname,dob\n"O""Brien",x', 'surname,dob\n"a""b",""\n']
)
def test_csv__with_quotes_inside_a_cell_is_whole(csv, content):
    assert len(columns_of(csv(content))["surname"]) == 1


def test_csv__keeps_newlines_in_quotes(csv):
    path = csv('surname,dob\n"a\nb",1\n"c\r\nd\n\n",2\n\n\ne,3\n')
    assert columns_of(path) == {"surname": ["a\nb", "c\r\nd\n\n", "e"], "dob": ["1", "2", "3"]}


def test_csv__keeps_odd_column_names(csv):
    # a line separator that only Unicode knows once ended the header
    names = ["a\u2028b", "c\x0bd", "e\x85f", "g\nh", 'i"j', "k,l"]
    quoted = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    path = csv(f"{quoted},surname,dob\n1,2,3,4,5,6,x,y\n")
    for name, value in zip(names, "123456", strict=True):
        assert columns_of(path, columns={"dob": name}) == {"surname": ["x"], "dob": [value]}


@pytest.mark.parametrize("rows", [1, 600_000])
def test_csv__in_latin_1_is_refused_with_the_line(csv, rows):
    good = b"Abcdefgh,2001-01-01\n" * rows
    error = refused(csv(b"surname,dob\n" + good + f"{CANARY}é,2001-01-01\n".encode("latin-1")))
    assert (error.row, error.rule) == (rows + 2, "encoding of text")
    assert "Latin-1" in str(error)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", [CANARY, CANARY + "łΩ"])
def test_csv__in_utf_16_is_refused(csv, encoding, name):
    text = f"\ufeffsurname,dob\n{name},x\n" if encoding[-2:] in ("le", "be") else f"surname,dob\n{name},x\n"
    error = refused(csv(text.encode(encoding)))
    assert error.rule == "encoding of text"
    assert "UTF-16" in str(error)


def test_csv__with_nul_bytes_is_refused_or_kept_but_never_cut(csv):
    assert refused(csv(f"surname,dob\n{CANARY}\0x,y\n")).rule == "encoding of text"
    late = columns_of(csv("surname,dob\n" + "Abcdefgh,2001-01-01\n" * 60_000 + "a\0b,y\n"))
    assert late["surname"][-1] == "a\0b"


def test_csv__with_a_huge_cell_is_read_or_refused_in_words(csv):
    large = csv("surname,dob\na,b\n" + "c" * (7 << 20) + ",d\ne,f\n")
    assert [len(text) for text in columns_of(large)["surname"]] == [1, 7 << 20, 1]
    error = refused(csv("surname,dob\na,b\n" + CANARY * (3 << 20) + ",d\ne,f\n"))
    assert error.rule == "CSV"
    assert "row longer than" in str(error)


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("extra", range(-3, 4))
def test_csv__is_whole_wherever_its_end_falls_in_a_block(csv, monkeypatch, end, extra):
    # the row that guards against an open quote may straddle two blocks or make one of its own
    monkeypatch.setattr(csvfile, "_BLOCK_BYTES", 64)
    header, body = "surname,dob\n", "".join(f"row{number:03},x\n" for number in range(20))
    filler = "y" * (-len(header + body) % 64 + extra + 64 - len(f"z,{end}"))
    path = csv(f"{header}{body}z,{filler}{end}")
    found = columns_of(path)
    assert found["surname"] == [*(f"row{number:03}" for number in range(20)), "z"]
    assert found["dob"][-1] == filler


def test_csv__of_several_blocks_keeps_every_record(csv):
    rows = 700_000
    path = csv("no,surname,dob\n" + "".join(f"{number},name {number},2001-01-01\n" for number in range(rows)))
    assert path.stat().st_size > 2 * csvfile._BLOCK_BYTES
    found = columns_of(path, id="no")
    assert found["record_id"] == [str(number) for number in range(rows)]
    assert found["surname"][-1] == f"name {rows - 1}"


def test_csv__is_closed_when_nobody_wants_the_rest(csv, recwarn):
    batches = read(csv("surname,dob\n" + "a,b\n" * 200_000), column_plan(SCHEMA, None, id=None), SCHEMA)
    next(batches)
    batches.close()
    assert not recwarn.list


def test_as_text__reads_a_chunked_column_of_categories():
    """The groups of a pandas truth of dtype category once ended in an AttributeError."""
    chunks = pa.chunked_array([pa.array(["a", None]).dictionary_encode(), pa.array(["b"]).dictionary_encode()])
    assert as_text(chunks, "c", "identifier", 1).to_pylist() == ["a", None, "b"]


def test_as_text__of_a_view_that_points_outside_is_refused():
    """Reading it ended the process: Arrow casts a view without a look at where it points."""
    view = struct.pack("<iiii", 100, 0, 5, 900)
    try:
        broken = pa.Array.from_buffers(pa.string_view(), 1, [None, pa.py_buffer(view), pa.py_buffer(b"x" * 8)])
    except ValueError:
        pytest.skip(f"Arrow {pa.__version__} makes no view out of buffers")
    with pytest.raises(RecordError, match="column 'a'"):
        as_text(broken, "a", "text", 1)


def test_as_text__of_an_index_that_points_outside_is_refused():
    indices = pa.array([7], pa.int32())
    outside = pa.DictionaryArray.from_arrays(indices, pa.array(["x"]), safe=False)
    with pytest.raises(RecordError, match="column 'a' is damaged"):
        as_text(outside, "a", "text", 1)
