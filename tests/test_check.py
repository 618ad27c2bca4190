"""What breaks the agreement is found by row, column and rule, and never shown."""

import traceback

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from linkage.agency.check import _MAX_LISTED, Problem, check
from linkage.agency.opened import BATCH_ROWS
from linkage.errors import RecordError
from linkage.field import Field
from linkage.schema import Group, Schema

CANARY = "Zzyzxcanary"
DOB = Field(name="dob", type="date")
SCHEMA = Schema(
    project="p",
    fields=(Field(name="surname", type="name", missing="refuse"), DOB, Field(name="nhs_number", type="identifier")),
)
DATES = Schema(project="p", fields=(DOB,))
ROWS = 3 * BATCH_ROWS + 10


def test_check__of_a_good_table_is_empty_and_false():
    problems = check({"surname": ["Lee"], "dob": ["2019-04-03"], "nhs_number": ["4505577104"]}, SCHEMA)
    assert not problems
    assert len(problems) == 0
    assert list(problems) == []
    assert problems.rows == 1
    assert str(problems) == "1 records, no problems"
    assert problems.to_arrow().num_rows == 0


def test_check__names_row_column_and_rule():
    table = {
        "surname": ["Lee", None, "Unknown", "Wu", "x" * 1_001],
        "dob": ["2019-04-03", "soon", "03/04/19", "31/02/2019", None],
        "nhs_number": ["4505577104", "4505577105", "", "0000000000", "٤"],
    }
    assert list(check(table, SCHEMA)) == [
        (2, "dob", "not a date"),
        (2, "nhs_number", "not an NHS number (length or check digit)"),
        (2, "surname", "missing"),
        (3, "dob", "a year of two digits could be of either century"),
        (3, "surname", "missing"),
        (4, "dob", "part of the date is outside its range"),
        (5, "nhs_number", "not in Latin letters and digits"),
        (5, "surname", "longer than 1000 letters"),
    ]


def test_check__is_what_the_schema_offers():
    found = DATES.check({"born": ["soon", "2019"]}, columns={"dob": "born"})
    assert found.listed == (Problem(1, "born", "not a date"),)


@pytest.mark.parametrize("where", [0, 1, BATCH_ROWS - 1, BATCH_ROWS, BATCH_ROWS + 1, 2 * BATCH_ROWS, ROWS - 1])
@pytest.mark.parametrize("chunk", [ROWS, 50_000])
def test_check__counts_rows_right_across_batches(where, chunk):
    # clkhash once named row 3,999 for row 11,999, since it worked out the number from the last chunk's length
    dates = np.full(ROWS, "2019-04-03", dtype=object)
    dates[where] = CANARY
    table = pa.table({"dob": pa.array(dates, pa.string())})
    assert list(check(table.to_reader(max_chunksize=chunk), DATES)) == [(where + 1, "dob", "not a date")]


def test_check__counts_rows_right_in_a_csv_file_of_many_batches(tmp_path):
    lines = ['"2019-\n04-03"' if number % 7 == 0 else "2019-04-03" for number in range(ROWS)]
    lines[100_000] = lines[150_001] = CANARY
    path = tmp_path / "people.csv"
    path.write_text("no,dob\n" + "".join(f"{number},{line}\n" for number, line in enumerate(lines)))
    assert [problem.row for problem in check(path, DATES, id="no")] == [100_001, 150_002]
    assert check(path, DATES).rows == ROWS


def test_check__finds_ids_missing_or_used_twice_in_any_batch():
    ids = [f"A{number}" for number in range(ROWS)]
    ids[5], ids[6], ids[BATCH_ROWS], ids[ROWS - 1] = None, "  ", "A3", "A3"
    table = {"no": ids, "dob": ["2019-04-03"] * ROWS}
    assert list(check(table, DATES, id="no")) == [
        (6, "no", "the record has no id"),
        (7, "no", "the record has no id"),
        (BATCH_ROWS + 1, "no", "the id is used twice"),
        (ROWS, "no", "the id is used twice"),
    ]
    assert not check(table, DATES)


def test_check__takes_ids_of_any_whole_kind():
    assert list(check({"no": [1, 2, 1], "dob": ["2019"] * 3}, DATES, id="no")) == [(3, "no", "the id is used twice")]
    assert check({"no": [None, None], "dob": ["2019"] * 2}, DATES, id="no").counts == {
        ("no", "the record has no id"): 2
    }


@pytest.mark.parametrize("values", [[None, None], ["", " "], ["unknown", "1900-01-01"], [np.nan, np.nan]])
def test_check__says_of_a_column_that_it_is_all_missing(values):
    problems = check(pd.DataFrame({"dob": values}), DATES)
    assert list(problems) == [(0, "dob", "all values are missing")]
    assert problems.counts == {("dob", "all values are missing"): 1}


def test_check__says_nothing_of_a_column_of_which_one_value_is_there():
    assert not check({"dob": [None] * BATCH_ROWS + ["2019"] + [None] * 9}, DATES)


def test_check__says_nothing_of_a_field_the_agency_does_not_hold():
    table = {"name": ["Lee"], "dob": ["2019"]}
    assert not check(table, SCHEMA, columns={"surname": "name", "nhs_number": None})


def test_check__lists_the_first_thousand_of_each_rule_and_counts_all():
    rows = _MAX_LISTED + 500
    table = {"dob": ["soon", "31/02/2019"] * rows}
    problems = check(table, DATES)
    assert problems.counts == {
        ("dob", "not a date"): rows,
        ("dob", "part of the date is outside its range"): rows,
    }
    assert len(problems) == 2 * rows
    assert len(list(problems)) == 2 * _MAX_LISTED
    assert [problem.row for problem in problems] == list(range(1, 2 * _MAX_LISTED + 1))


def test_check__reads_equal_values_once_and_reports_each_row():
    assert [row for row, _, _ in check({"dob": ["soon", "2019", "soon", None, "soon"]}, DATES)] == [1, 3, 5]


def test_check__refuses_what_can_not_be_read_at_all():
    for table in ({"born": [CANARY]}, {"dob": [CANARY, 5]}, {"dob": []}, {"dob": [[CANARY]]}):
        with pytest.raises(RecordError) as caught:
            check(table, DATES)
        assert CANARY not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(ValueError, match="did you mean 'dob'"):
        check({"dob": ["2019"]}, DATES, columns={"dobb": "dob"})
    schema = Schema(project="p", fields=(DOB,), groups=(Group("ward"),))
    with pytest.raises(RecordError, match="column 'ward' is not in the table"):
        check({"dob": ["2019"]}, schema)


def test_problems__never_hold_a_value():
    table = {"surname": [CANARY * 100], "dob": [CANARY], "nhs_number": [CANARY], "no": [CANARY]}
    problems = check({name: column * 2 for name, column in table.items()}, SCHEMA, id="no")
    assert len(problems) >= 6
    shown = [
        str(problems),
        repr(problems),
        problems._repr_html_(),
        str(problems.to_arrow().to_pydict()),
        str([*problems]),
    ]
    assert CANARY.lower() not in "".join(shown).lower()


def test_problems__are_a_table():
    problems = check({"dob": ["2019", "soon"]}, DATES)
    assert problems.to_arrow().to_pylist() == [{"row": 2, "column": "dob", "rule": "not a date"}]
    assert pa.table(problems) == problems.to_arrow()
    assert check({"dob": ["2019"]}, DATES).to_arrow().schema == problems.to_arrow().schema
    assert str(problems) == "2 records, 1 problems (row 1 is the first below the header)\n        1  dob: not a date"


def test_problems__show_column_names_as_text():
    html = check({"<b>": ["soon"]}, DATES, columns={"dob": "<b>"})._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;" in html


def test_problems__say_what_to_do_where_that_is_known():
    assert "set day_first = false" in str(check({"dob": ["2019-04-03", "04/13/2019"]}, DATES))


def test_check__names_every_column_that_is_missing():
    schema = Schema(
        project="p", fields=(DOB, Field(name="given_name", type="name"), Field(name="surname", type="name"))
    )
    with pytest.raises(RecordError, match=r"'given_name' is not in the table \(nor are 'surname'\)"):
        check({"dob": ["2019-04-03"], "First name": [CANARY], "Last name": [CANARY]}, schema)
