"""Whatever `encode` takes the other functions take; columns that nobody asked for may hold anything."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import linkage as lk

KEY = lk.Key(bytes.fromhex("a1f3095c7be24d886f10c9d2b4e7365a2b91d05f4c83e61a77fe0d3498bc5216"))
SCHEMA = lk.Schema(
    project="kinds", layout="record", fields=(lk.Field(name="surname", type="name"), lk.Field(name="dob", type="date"))
)
N = 60
PEOPLE = {
    "no": [f"no-{number:03}" for number in range(N)],
    "surname": [f"{'abcdefghij'[number % 10]}{'klmnop'[number % 6]}wood {number}" for number in range(N)],
    "dob": [f"{1950 + number}-{1 + number % 12:02}-{1 + number % 28:02}" for number in range(N)],
}
ARROW, POLARS, PANDAS = pa.table(PEOPLE), pl.DataFrame(PEOPLE), pd.DataFrame(PEOPLE)
TABLES = {
    "pandas, a column of several kinds": PANDAS.assign(note=[1 if row % 2 else "x" for row in range(N)]),
    "pandas, a column of objects": PANDAS.assign(note=[object() for _ in range(N)]),
    "pandas, a column called by a number": PANDAS.assign(note=1).rename(columns={"note": 2024}),
    "pandas, a sparse column": PANDAS.assign(note=pd.arrays.SparseArray([0] * N)),
    "pandas, periods and imaginary numbers": PANDAS.assign(note=pd.period_range("2020", periods=N, freq="D"), im=1j),
    "polars, objects": POLARS.with_columns(pl.Series("note", [object() for _ in range(N)], dtype=pl.Object)),
    "polars, categories": POLARS.with_columns(pl.col("no").cast(pl.Categorical)),
    "Arrow, views": pa.table({name: pa.array(texts, pa.string_view()) for name, texts in PEOPLE.items()}),
    "Arrow, views of bytes": ARROW.append_column("note", pa.array([b"x"] * N, pa.binary_view())),
    "Arrow, run-end encoded": pa.table({name: pc.run_end_encode(pa.array(texts)) for name, texts in PEOPLE.items()}),
    "Arrow, structs": ARROW.append_column("note", pa.array([{"a": 1, "b": "x"}] * N)),
    "Arrow, lists": ARROW.append_column("note", pa.array([["a"]] * N)),
    "a dict, a column called by a number": PEOPLE | {5: [1] * N},
}
if hasattr(pl, "Int128"):  # polars 1.3 has none
    TABLES["polars, 128 bits"] = POLARS.with_columns(pl.Series("note", range(N), dtype=pl.Int128))


def encoded(table, source="police"):
    return lk.encode(table, SCHEMA, KEY, id="no", source=source, progress=False)


LINKS = lk.link(encoded(PEOPLE), encoded(PEOPLE, "school"), threshold=1.0)
OF = {"key": KEY, "id": "no", "sources": ("police", "school")}


def column(frame, name):
    return [
        str(each) for each in (frame[name].to_list() if hasattr(frame[name], "to_list") else frame[name].to_pylist())
    ]


@pytest.mark.parametrize("kind", TABLES)
def test_tables__of_any_kind_are_encoded_given_back_and_attached(kind):
    """`attach` and `audit` ended in errors of Arrow's where a column, not looked at, was of a kind it can't join."""
    table = TABLES[kind]
    assert encoded(table).filters["record"].tobytes() == encoded(PEOPLE).filters["record"].tobytes()
    back = lk.rejoin(LINKS.release("police"), table, KEY, id="no")
    assert sorted(column(back, "link_id")) == sorted(LINKS.records["link_id"].to_pylist()[:N])
    rows = PEOPLE["no"]
    for how, expected in (("inner", rows), ("outer", rows)):
        both = lk.attach(LINKS, table, table, how=how, **OF)
        assert column(both, "no_police") == column(both, "no_school") == expected


@pytest.mark.parametrize("kind", TABLES)
def test_tables__of_any_kind_are_audited_with_the_key(kind):
    audit = lk.audit(encoded(PEOPLE), schema=SCHEMA, key=KEY, table=TABLES[kind], id="no")
    assert audit["records of the table"].value == 0.0 and audit["made by the key"].value == 0.0


@pytest.mark.parametrize("kind", TABLES)
def test_tables__of_another_kind_than_the_left_one_turn_into_it_or_are_refused(kind):
    try:
        both = lk.attach(LINKS, PEOPLE, TABLES[kind], **OF)
    except lk.RecordError as error:  # pandas and polars hold what Arrow can't
        assert error.rule == "kind of values" and kind.startswith(("pandas", "polars"))
    else:
        assert column(both, "no_school") == PEOPLE["no"]


def test_tables__keep_what_nobody_linked_of_any_kind():
    fewer = TABLES["Arrow, structs"].slice(0, 40)
    links = lk.link(encoded(fewer), encoded(PEOPLE, "school"), threshold=1.0)
    both = lk.attach(links, fewer, TABLES["Arrow, lists"], how="outer", **OF)
    assert both["note_police"].null_count == 20 and both["note_school"].null_count == 0
    assert column(both, "no_school") == PEOPLE["no"]


@pytest.mark.parametrize("kind", ["mixed", "views", "run-end", "numbered", "objects"])
def test_truth__of_any_kind_is_read(kind):
    truth = {"left_id": PEOPLE["no"], "right_id": PEOPLE["no"]}
    given = {
        "mixed": pd.DataFrame(truth).assign(note=[1 if row % 2 else "x" for row in range(N)]),
        "views": pa.table({name: pa.array(texts, pa.string_view()) for name, texts in truth.items()}),
        "run-end": pa.table({name: pc.run_end_encode(pa.array(texts)) for name, texts in truth.items()}),
        "numbered": truth | {4: [1] * N},
        "objects": pl.DataFrame(truth).with_columns(pl.Series("note", [object() for _ in range(N)], dtype=pl.Object)),
    }[kind]
    assert lk.evaluate(LINKS, given, key=KEY, sources=("police", "school")).recall == 1.0


def test_ids__in_a_column_called_by_a_number_are_found():
    table = PANDAS.rename(columns={"no": 2024})
    made = lk.encode(table, SCHEMA, KEY, id="2024", source="police", progress=False)
    assert made.record_ids.equals(encoded(PEOPLE).record_ids)
    assert "link_id" in lk.rejoin(LINKS.release("police"), table, KEY, id="2024").columns


def test_columns__of_several_kinds_are_named():
    """Which one of forty it was nobody could tell."""
    for table in (PANDAS.assign(dob=["1.2.1990", 7] * (N // 2)), PEOPLE | {"dob": ["1.2.1990", 7] * (N // 2)}):
        with pytest.raises(lk.RecordError, match="column 'dob' mixes kinds of values") as error:
            encoded(table)
        assert error.value.column == "dob" and "1990" not in str(error.value)


def test_records__that_are_null_have_no_id():
    whole = ARROW.to_struct_array().combine_chunks()
    parts = [whole.field(place) for place in range(whole.type.num_fields)]
    holed = pa.StructArray.from_arrays(parts, fields=list(whole.type), mask=pa.array([row == 3 for row in range(N)]))
    with pytest.raises(lk.RecordError, match="row 4, column 'no': the record has no id"):
        encoded(holed)


def test_ids__that_are_times_are_refused_where_a_day_would_be_left_of_them():
    """Records of one day had one id, and were "used twice"."""
    times = pd.date_range("2024-01-01 08:00", periods=N, freq="h")
    with pytest.raises(lk.RecordError, match="only the day would count"):
        encoded(PANDAS.assign(no=times))
    days = PANDAS.assign(no=pd.date_range("2024-01-01", periods=N, freq="D"))
    assert encoded(days).record_ids.equals(encoded(days.assign(no=days["no"].astype(str))).record_ids)
    assert len(encoded(PANDAS.assign(dob=times)).record_ids) == N  # of a date of birth the day is what counts
