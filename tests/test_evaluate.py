"""evaluate(): links held against the truth, in both of its forms."""

import dataclasses
import math

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pytest

import linkage as lk
from linkage import study
from linkage.study.evaluate import Evaluation

SCHEMA = lk.Schema(project="evaluate", layout="record", fields=(lk.Field(name="surname", type="name"),))
KEY = lk.Key(bytes.fromhex("c6e1d07b4a93f2581ebd0596a8c3374f2dd95e80b16af7420c8b6e13d9745fa2"))
OWN = lk.Key(bytes.fromhex("13f8a2c95e06bd7491d2e4770b3ca85f6ad1083e9cb527f440e69d5b82f71ac6"))
PARTS = ("left_source", "left_id", "right_source", "right_id")


def links_of(pairs, police, school) -> lk.Links:
    """Pairs are (police id, school id); links know the records by these ids."""
    columns = zip(*(("police", left, "school", right) for left, right in pairs), strict=True) if pairs else [()] * 4
    records = [("police", name) for name in police] + [("school", name) for name in school]
    return lk.Links(
        pairs=pa.table(
            {name: pa.array(list(column), pa.string()) for name, column in zip(PARTS, columns, strict=True)}
        ),
        records=pa.table(
            {
                "source": [source for source, _ in records],
                "record_id": [name for _, name in records],
                "link_id": pa.nulls(len(records), pa.string()),
            }
        ),
        sources=("police", "school"),
        schema=SCHEMA,
        key_check="",
        cut={"threshold": 0.8},
        release_key=bytes(32),
    )


# police a, b, c, d and school v, w, x, y; found: a-v, b-w, c-x; true: a-v, b-x, c-w and d-y
FOUND = links_of([("a", "v"), ("b", "w"), ("c", "x")], "abcd", "vwxy")
TRUE = {"left_id": ["a", "b", "c", "d"], "right_id": ["v", "x", "w", "y"]}
PEOPLE = {
    "source": ["police"] * 4 + ["school"] * 4,
    "id": list("abcdvwxy"),
    "person": ["1", "2", "3", "4", "1", "3", "2", "4"],
}


def counts(evaluation: Evaluation) -> tuple[int, int, int, int]:
    return (
        evaluation.true_positives,
        evaluation.false_positives,
        evaluation.false_negatives,
        evaluation.outside,
    )


# ---- the two forms of truth -------------------------------------------------------------------------------------


@pytest.mark.parametrize("truth", [TRUE, PEOPLE], ids=["pairs", "people"])
@pytest.mark.parametrize("kind", [dict, pa.table, pd.DataFrame, pl.DataFrame])
def test_evaluate__counts_found_false_and_missed(truth, kind):
    assert counts(lk.evaluate(FOUND, kind(truth))) == (1, 2, 3, 0)


@pytest.mark.parametrize("truth", [TRUE, PEOPLE], ids=["pairs", "people"])
def test_evaluate__takes_a_path(truth, tmp_path):
    pyarrow.csv.write_csv(pa.table(truth), tmp_path / "truth.csv")
    assert counts(lk.evaluate(FOUND, tmp_path / "truth.csv")) == (1, 2, 3, 0)
    assert counts(lk.evaluate(FOUND, str(tmp_path / "truth.csv"))) == (1, 2, 3, 0)


def test_evaluate__further_columns_and_the_order_of_rows_change_nothing():
    table = pa.table(TRUE).append_column("note", pa.array(["x"] * 4)).take([3, 1, 0, 2])
    assert counts(lk.evaluate(FOUND, table)) == (1, 2, 3, 0)


def test_evaluate__true_pairs_listed_twice_count_once():
    twice = {name: column * 2 for name, column in TRUE.items()}
    assert counts(lk.evaluate(FOUND, twice)) == (1, 2, 3, 0)


def test_evaluate__people_of_categories_and_numbers_will_do():
    frame = pd.DataFrame(PEOPLE).astype({"source": "category", "person": int})
    assert counts(lk.evaluate(FOUND, frame)) == (1, 2, 3, 0)


def test_evaluate__a_person_with_several_records_is_a_pair_each_across_sources_and_none_within_one():
    links = links_of([("a", "v"), ("b", "v")], "ab", "vw")
    truth = {"source": ["police", "police", "school", "school"], "id": list("abvw"), "person": ["1"] * 4}
    assert counts(lk.evaluate(links, truth)) == (2, 0, 2, 0)


def test_evaluate__people_of_sources_that_were_not_linked_are_left_aside():
    more = {
        name: [*column, *extra] for (name, column), extra in zip(PEOPLE.items(), (["nhs"], ["z"], ["1"]), strict=True)
    }
    assert counts(lk.evaluate(FOUND, more)) == (1, 2, 3, 0)


def test_evaluate__true_pairs_with_a_record_in_no_set_are_outside_and_not_missed():
    links = links_of([("a", "v")], "ab", "vw")
    assert counts(lk.evaluate(links, TRUE)) == (1, 0, 0, 3)
    assert counts(lk.evaluate(links, PEOPLE)) == (1, 0, 0, 3)
    assert "3 true pairs with a record in no set" in str(lk.evaluate(links, TRUE))


def test_evaluate__where_nobody_is_in_both_sets_every_link_is_false():
    # raised "no record of the truth is among the linked ones" though all of them were
    links = links_of([("a", "w")], "ab", "wx")
    truth = {"source": ["police", "school"] * 2, "id": list("avbw"), "person": ["1", "1", "2", "3"]}
    assert counts(lk.evaluate(links, truth)) == (0, 1, 0, 1)
    alone = {"source": ["police", "school"], "id": list("aw"), "person": ["1", "2"]}
    assert counts(lk.evaluate(links, alone)) == (0, 1, 0, 0)


def test_evaluate__of_no_links_finds_nothing_and_has_no_precision():
    found = lk.evaluate(links_of([], "abcd", "vwxy"), TRUE)
    assert counts(found) == (0, 0, 4, 0)
    assert math.isnan(found.precision)
    assert (found.recall, found.f1) == (0.0, 0.0)
    assert (found.precision_interval.low, found.precision_interval.high) == (0.0, 1.0)


def test_evaluate__of_an_empty_truth_calls_every_link_false():
    nobody = pa.table({"left_id": pa.array([], pa.string()), "right_id": pa.array([], pa.string())})
    found = lk.evaluate(FOUND, nobody)
    assert counts(found) == (0, 3, 0, 0)
    assert math.isnan(found.recall)
    assert found.precision == 0


# ---- keys and sources -------------------------------------------------------------------------------------------


def encoded(ids, names, source, *, id_key=None) -> lk.EncodedSet:
    return lk.encode({"no": ids, "surname": names}, SCHEMA, KEY, id="no", source=source, id_key=id_key, progress=False)


NAMES = ["Abernathy", "Brimblecombe", "Cholmondeley"]
OWN_IDS = {"left_id": ["p1", "p2", "p3"], "right_id": ["s1", "s2", "s3"]}
OWN_PEOPLE = {
    "source": ["police"] * 3 + ["school"] * 3,
    "id": OWN_IDS["left_id"] + OWN_IDS["right_id"],
    "person": ["1", "2", "3"] * 2,
}


@pytest.mark.parametrize("truth", [OWN_IDS, OWN_PEOPLE], ids=["pairs", "people"])
def test_evaluate__with_the_key_takes_the_agencies_own_ids(truth):
    links = lk.link(
        encoded(["p1", "p2", "p3"], NAMES, "police"), encoded(["s1", "s2", "s3"], NAMES, "school"), threshold=1
    )
    assert counts(lk.evaluate(links, truth, key=KEY)) == (3, 0, 0, 0)
    with pytest.raises(lk.RecordError, match="give key= if its ids are the agencies' own"):
        lk.evaluate(links, truth)
    with pytest.raises(lk.RecordError, match="no record of 'police' in the truth is among the linked ones"):
        lk.evaluate(links, truth, key=OWN)


@pytest.mark.parametrize("truth", [OWN_IDS, OWN_PEOPLE], ids=["pairs", "people"])
def test_evaluate__takes_a_key_for_each_source(truth):
    police = encoded(["p1", "p2", "p3"], NAMES, "police", id_key=OWN)
    links = lk.link(police, encoded(["s1", "s2", "s3"], NAMES, "school"), threshold=1)
    assert counts(lk.evaluate(links, truth, key={"police": OWN, "school": KEY})) == (3, 0, 0, 0)
    with pytest.raises(lk.RecordError, match="no record of 'police'"):
        lk.evaluate(links, truth, key=KEY)
    with pytest.raises(lk.RecordError, match="no record of 'school'"):
        lk.evaluate(links, truth, key=OWN)
    with pytest.raises(ValueError, match="key: none given for 'school'"):
        lk.evaluate(links, truth, key={"police": OWN})


def test_evaluate__with_the_key_the_ids_may_be_numbers():
    links = lk.link(encoded([11, 12, 13], NAMES, "police"), encoded([21, 22, 23], NAMES, "school"), threshold=1)
    truth = {"left_id": [11, 12], "right_id": [21, 23]}
    assert counts(lk.evaluate(links, truth, key=KEY)) == (1, 2, 1, 0)


def test_evaluate__sources_say_whose_ids_are_left_and_right():
    swapped = {"left_id": TRUE["right_id"], "right_id": TRUE["left_id"]}
    assert counts(lk.evaluate(FOUND, swapped, sources=("school", "police"))) == (1, 2, 3, 0)
    with pytest.raises(lk.RecordError, match=r"sources=\(left, right\) if they are not \('police', 'school'\)"):
        lk.evaluate(FOUND, swapped)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (("police",), "two names"),
        (("police", "school", "nhs"), "two names"),
        (("police", "shool"), "'shool' was not linked; did you mean 'school'"),
        (("police", "police"), "'police' is named twice"),
    ],
)
def test_evaluate__refuses_other_sources(sources, message):
    with pytest.raises(ValueError, match=f"^sources: .*{message}"):
        lk.evaluate(FOUND, TRUE, sources=sources)


# ---- what is wrong with a truth ---------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [{"a": ["1"], "id": ["2"]}, {"left_id": ["a"]}, {"source": ["police"], "id": ["a"]}])
def test_evaluate__names_the_columns_of_a_table_that_is_no_truth(table):
    with pytest.raises(lk.RecordError, match=f"this table has {', '.join(table)}"):
        lk.evaluate(FOUND, table)


def test_evaluate__shows_no_first_line_that_is_no_header(tmp_path):
    (tmp_path / "truth.csv").write_text("case-17,case-99\ncase-18,case-98\n")
    with pytest.raises(lk.RecordError, match="this table has 2 others; is its first line the header") as caught:
        lk.evaluate(FOUND, tmp_path / "truth.csv")
    assert "case" not in str(caught.value)


@pytest.mark.parametrize("column", ["id", "person"])
def test_evaluate__refuses_missing_values_for_people(column):
    # records of unknown persons were all one person: every one of them a true pair with every other
    holed = {**PEOPLE, column: [None, None, *PEOPLE[column][2:]]}
    with pytest.raises(lk.RecordError, match=f"column '{column}' of the truth has 2 missing values") as caught:
        lk.evaluate(FOUND, holed)
    assert caught.value.column == column


@pytest.mark.parametrize("column", ["source", "id", "person"])
@pytest.mark.parametrize("value", [["police"], {"of": "police"}, b"\xff"], ids=["list", "struct", "binary"])
def test_evaluate__refuses_a_column_that_holds_no_text(column, value):
    """Such a source was "unexpected: ArrowNotImplementedError", where id and person were named."""
    with pytest.raises(lk.RecordError, match=f"column '{column}' holds .*, which is not text") as caught:
        lk.evaluate(FOUND, PEOPLE | {column: [value] * len(PEOPLE["id"])})
    assert caught.value.column == column


@pytest.mark.parametrize("column", ["left_id", "right_id"])
@pytest.mark.parametrize("key", [None, KEY], ids=["record ids", "own ids"])
def test_evaluate__refuses_missing_ids_of_pairs(column, key):
    with pytest.raises(lk.RecordError, match=f"column '{column}'"):
        lk.evaluate(FOUND, {**TRUE, column: [None, *TRUE[column][1:]]}, key=key)


def test_evaluate__shows_no_id_in_an_error():
    with pytest.raises(lk.RecordError) as caught:
        lk.evaluate(FOUND, {"left_id": ["secret-1"], "right_id": ["secret-2"]})
    assert "secret" not in str(caught.value)


# ---- the measures -----------------------------------------------------------------------------------------------


def test_evaluation__measures_are_their_definitions():
    found = Evaluation(true_positives=80, false_positives=20, false_negatives=40)
    assert found.precision == 0.8
    assert found.recall == pytest.approx(2 / 3)
    assert found.f1 == pytest.approx(2 * 0.8 * (2 / 3) / (0.8 + 2 / 3))


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe (1998), table I: method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (10, 10, 0.7225, 1.0),
        (0, 1, 0.0, 0.7935),
        (50, 100, 0.4038, 0.5962),
    ],
)
def test_evaluation__intervals_are_wilsons(hits, trials, low, high):
    found = Evaluation(true_positives=hits, false_positives=trials - hits, false_negatives=trials - hits)
    for interval in (found.precision_interval, found.recall_interval):
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize("hits", [0, 1, 50, 99, 100])
def test_evaluation__intervals_hold_the_value_and_lie_between_nought_and_one(hits):
    found = Evaluation(true_positives=hits, false_positives=100 - hits, false_negatives=7)
    for value, interval in (
        (found.precision, found.precision_interval),
        (found.recall, found.recall_interval),
        (found.f1, found.f1_interval),
    ):
        assert 0 <= interval.low <= value + 1e-12
        assert value - 1e-12 <= interval.high <= 1


def test_evaluation__f1_of_the_ends_of_the_share_are_the_ends_of_its_interval():
    found = Evaluation(true_positives=90, false_positives=10, false_negatives=30)
    share = found.true_positives / 130
    assert 2 * share / (1 + share) == pytest.approx(found.f1)


def test_evaluation__is_a_table_of_four_measures():
    found = Evaluation(true_positives=90, false_positives=10, false_negatives=30)
    table = found.to_arrow()
    assert table.column_names == ["measure", "value", "low", "high"]
    assert table["measure"].to_pylist() == ["precision", "recall", "F1", "F*"]
    assert table["value"].to_pylist() == [found.precision, found.recall, found.f1, found.f_star]
    assert len(found) == table.num_rows == 4
    assert found.to_pandas().shape == (4, 4)
    assert found.to_polars().shape == (4, 4)
    assert pa.table(found).equals(table)
    assert "<th>measure</th>" in found._repr_html_()
    assert str(found).startswith("precision 0.900 (0.826 to 0.945)")


@pytest.mark.parametrize(
    ("measure", "wrong", "message"),
    [
        (lk.evaluate, {"key": 3}, "key: must be of the type Key or a mapping or None, not int"),
        (lk.evaluate, {"key": {"police": "abc", "school": KEY}}, "key: that of 'police' is no Key, it is str"),
        (lk.evaluate, {"sources": "police"}, "sources: must be a sequence, each text or None, not str"),
        (lk.evaluate, {"sources": 3}, "sources: must be a sequence"),
        (lk.evaluate, {"seed": "abc"}, "seed: must be a whole number, not str"),
        (lk.evaluate, {"seed": None}, "seed: must be a whole number, not NoneType"),
        (study.evaluate_groups, {"by": None}, "by: a column of the truth, or a mapping"),
        (study.evaluate_groups, {"by": []}, "by: a column of the truth, or a mapping"),
        (study.evaluate_clusters, {"seed": -1}, "seed: at least 0, not -1"),
    ],
)
def test_measures__say_what_they_take_to_an_argument_of_the_wrong_type(measure, wrong, message):
    with pytest.raises((TypeError, ValueError), match=message):
        measure(FOUND, TRUE, **wrong)


@pytest.mark.parametrize("thresholds", ["abc", {}, ["x"]])
def test_curve__says_that_thresholds_are_numbers(thresholds):
    columns = FOUND.pairs.append_column("similarity", pa.array([0.9, 0.8, 0.7]))
    scored = dataclasses.replace(FOUND, pairs=columns)
    with pytest.raises((TypeError, ValueError), match=r"^thresholds: .*number"):
        study.curve(scored, TRUE, thresholds=thresholds)
