"""Agencies that hold different fields, or are at different versions of the agreement, link all the same."""

import dataclasses

import numpy as np
import pytest

import linkage as lk
from linkage.central.overtime.heldsets import chosen
from linkage.study import evaluate_clusters, invent
from tests.test_link import KEY, RECORD, SCHEMA, encoded

AGENCIES = ("childrens_centre", "primary_school", "registry")
NARROW = dataclasses.replace(SCHEMA, fields=tuple(field for field in SCHEMA.fields if field.name != "address"))
LACKS = pytest.mark.filterwarnings("ignore:.*under an agreement without:linkage.LinkageWarning")


@pytest.fixture(scope="module")
def population():
    return invent(700, seed=9, agencies=AGENCIES)


@pytest.fixture(scope="module")
def wide(population):
    return [encoded(population, agency) for agency in AGENCIES]


@pytest.fixture(scope="module")
def narrow(population):
    """The school's set, under the agreement as it was before addresses came in."""
    return encoded(population, "primary_school", schema=NARROW)


@pytest.fixture(scope="module")
def not_held(population):
    names = [field.name for field in NARROW.fields]
    return encoded(population, "primary_school", held=names)


def rows(links):
    return links.pairs.to_pylist()


def test_filters__are_the_same_under_a_later_version_with_more_fields(narrow, wide):
    for name, words in narrow.filters.items():
        assert np.array_equal(words, wide[1].filters[name])


def test_link__takes_an_earlier_version_as_a_field_that_is_not_held(wide, narrow, not_held):
    with pytest.warns(lk.LinkageWarning, match="'primary_school' was encoded under an agreement without address"):
        made = lk.link(wide[0], narrow)
    assert rows(made) == rows(lk.link(wide[0], not_held))
    assert made.schema == SCHEMA


@LACKS
def test_link__of_three_agencies_takes_an_earlier_version(wide, narrow, not_held, population):
    made = lk.link(wide[0], narrow, wide[2])
    assert rows(made) == rows(lk.link(wide[0], not_held, wide[2]))
    found = evaluate_clusters(made, population.truth, key=KEY)
    assert found.pairwise.precision > 0.98 and found.pairwise.recall > 0.95


@LACKS
def test_fit__weighs_what_both_have_and_says_that_a_field_is_missing(wide, narrow):
    model = lk.fit(wide[0], narrow)
    table = model.to_arrow().to_pylist()
    address = {row["level"]: row for row in table if row["field"] == "address"}
    assert address["missing"]["m"] > 0.99 and address["missing"]["u"] > 0.99
    assert abs(address["missing"]["match_weight"]) < 0.02
    assert next(row for row in table if row["field"] == "dob" and row["level"] == "equal")["match_weight"] > 5


@LACKS
def test_model__of_the_later_version_serves_sets_of_the_earlier(wide, narrow, not_held, population):
    model = lk.fit(*wide[::2])
    early = encoded(population, "registry", schema=NARROW)
    assert (
        model.predict(early, narrow).left.tolist() == model.predict(encoded_without(population), not_held).left.tolist()
    )
    assert len(lk.link(early, narrow, model=model)) > 100


def encoded_without(population):
    return encoded(population, "registry", held=[field.name for field in NARROW.fields])


@LACKS
def test_compare__takes_the_fields_that_both_have(wide, narrow):
    ours = lk.compare(wide[0], narrow, threshold=0.9, filters=["surname", "dob"])
    assert ours.left.tolist() == lk.compare(wide[0], wide[1], threshold=0.9, filters=["surname", "dob"]).left.tolist()


@LACKS
def test_link__carries_on_when_the_agreement_grows(wide, narrow, population):
    early = [encoded(population, agency, schema=NARROW) for agency in AGENCIES]
    before = lk.link(*[chosen(each, np.arange(len(each) * 2 // 3)) for each in early])
    after = lk.link(*early, *(chosen(each, np.arange(len(each) * 2 // 3, len(each))) for each in wide), standing=before)
    old = {(row["source"], row["record_id"]): row["link_id"] for row in before.records.to_pylist()}
    new = {(row["source"], row["record_id"]): row["link_id"] for row in after.records.to_pylist()}
    assert np.mean([new[record] == link for record, link in old.items() if link is not None]) > 0.95
    assert after.schema == SCHEMA


def test_link__refuses_sets_that_disagree_on_a_field_both_have(wide, population):
    other = dataclasses.replace(
        NARROW,
        fields=tuple(
            dataclasses.replace(field, bits=512) if field.name == "surname" else field for field in NARROW.fields
        ),
    )
    with pytest.raises(lk.MismatchError, match="field 'surname', bits: "):
        lk.link(wide[0], encoded(population, "primary_school", schema=other))


def test_link__refuses_sets_of_which_neither_has_all_fields(population):
    left = dataclasses.replace(SCHEMA, fields=tuple(field for field in SCHEMA.fields if field.name != "postcode"))
    with pytest.raises(
        lk.MismatchError, match="field 'address': only on the left; field 'postcode': only on the right"
    ):
        lk.link(encoded(population, "registry", schema=left), encoded(population, "primary_school", schema=NARROW))


def test_link__refuses_records_in_one_filter_of_different_fields(population):
    other = dataclasses.replace(RECORD, fields=RECORD.fields[:-1])
    sets = [encoded(population, "registry", schema=RECORD), encoded(population, "primary_school", schema=other)]
    with pytest.raises(lk.MismatchError, match="only on the"):
        lk.link(*sets, threshold=0.8)
