import pyarrow as pa
import pytest

from linkage.decisions import PAIR, answer, answers, decided_pairs

WHOLE = {"left_source": ["a", "a"], "left_id": ["1", "2"], "right_source": ["b", "b"], "right_id": ["x", "y"]}


def test_decided_pairs__passes_over_what_nobody_decided():
    found = decided_pairs(WHOLE | {"same": [None, False], "note": ["", ""]}, "known")
    assert found.column_names == [*PAIR, "same"] and found["left_id"].to_pylist() == ["2"]
    none = decided_pairs(WHOLE | {"same": [None, None]}, "known")
    assert none.num_rows == 0 and none.schema == found.schema


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"same": ["yes", "no"]}, "known, row 1: same must be true or false"),
        ({"same": [True, True], "right_id": ["x", None]}, "known, row 2: sources and record ids must be text"),
        ({"same": [True, 0]}, "known: must be a data frame"),
        ({"same": [True, True], "right_source": ["b", "a"], "right_id": ["x", "2"]}, "known, row 2: both are one"),
        ({}, "known: lacks the column same"),
    ],
)
def test_decided_pairs__says_which_row_is_not_as_it_must_be(changed, message):
    with pytest.raises((ValueError, TypeError), match=message):
        decided_pairs(WHOLE | changed, "known")


@pytest.mark.parametrize("table", [
    pa.table([*WHOLE.values(), [True, False], [False, True]], names=[*PAIR, "same", "same"]),
    pa.table([*WHOLE.values(), [True, False], ["", ""], ["", ""]], names=[*PAIR, "same", "Siobhan", "Siobhan"]),
])  # fmt: skip
def test_decided_pairs__refuses_two_columns_of_one_name_and_does_not_tell_it(table):
    """It ended in Arrow's KeyError, and withdrawals, bridges and settled reviews with it."""
    for given in (table, table.to_batches()[0]):
        with pytest.raises(ValueError, match=r"^known: names of columns that are there twice: 1; rename") as caught:
            decided_pairs(given, "known")
        assert "Siobhan" not in str(caught.value)


def test_decided_pairs__refuses_a_pandas_frame_of_two_columns_of_one_name():
    """Which is a data frame, though Arrow takes none like it."""
    pandas = pytest.importorskip("pandas", reason="a kind of table that is not installed")
    frame = pandas.DataFrame(WHOLE | {"same": [True, False]})
    with pytest.raises(ValueError, match=r"^known: names of columns that are there twice: 5;"):
        decided_pairs(pandas.concat([frame, frame], axis=1), "known")


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_decided_pairs__reads_frames(frame):
    library = pytest.importorskip(frame, reason="a kind of table that is not installed")
    assert decided_pairs(library.DataFrame(WHOLE | {"same": [True, False]}), "known")["same"].to_pylist() == [
        True,
        False,
    ]


def test_answers__names_the_row_and_never_repeats_the_word():
    assert answers(pa.chunked_array([["Yes", "", "0", None, " same "]]), "f.csv").to_pylist() == [
        True,
        None,
        False,
        None,
        True,
    ]
    with pytest.raises(ValueError, match=r"f.csv, row 2: same must be true or false") as caught:
        answers(pa.chunked_array([["yes", "Siobhan"]]), "f.csv")
    assert "Siobhan" not in str(caught.value)
    assert answer(value := True) is value
