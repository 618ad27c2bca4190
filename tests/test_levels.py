"""The comparison plan: which filters meet, and the level of two filters at every overlap."""

import warnings
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

import linkage as lk
from linkage.central import kernels
from linkage.central.modelling.levels import Comparison, comparisons, kernel_plan, sides
from tests import naive

CUTS = tuple(Fraction(text) for text in ("2/5", "1/2", "7/10", "1"))


@pytest.mark.parametrize("bits", [8, 20, 64, 100])
@pytest.mark.parametrize("cuts", [CUTS, (Fraction(1),)])
def test_needs__are_the_least_overlap_of_every_cut_and_sum(bits, cuts):
    needs = Comparison("name", bits, cuts).needs()
    assert needs.shape == (len(cuts), 2 * bits + 1)
    assert needs.dtype == np.uint32
    assert (np.diff(needs.astype(int), axis=0) >= 0).all()
    assert (np.diff(needs.astype(int), axis=1) >= 0).all()
    for cut, need in zip(cuts, needs.tolist(), strict=True):
        for together in range(1, 2 * bits + 1):
            assert Fraction(2 * need[together], together) >= cut > Fraction(2 * (need[together] - 1), together)


def test_labels__name_every_level():
    comparison = Comparison("surname", 64, CUTS)
    assert comparison.labels() == ["missing", "differs", "0.4 or more", "0.5 or more", "0.7 or more", "equal"]
    assert len(comparison.labels()) == comparison.levels


def test_comparisons__are_one_a_filter_and_codes_are_equal_or_not():
    schema = lk.Schema.preset("uk-person", project="tests")
    plan = comparisons(schema)
    assert [(item.name, item.bits) for item in plan] == [(filter.name, filter.bits) for filter in schema.filters]
    by_name = {item.name: item for item in plan}
    assert by_name["sex"].cuts == (Fraction(1),)
    assert by_name["surname"].levels > 5
    for item in plan:
        assert list(item.cuts) == sorted(item.cuts)
        assert item.cuts[-1] == 1


def test_kernel_plan__compares_each_filter_with_itself_and_names_crosswise():
    schema = lk.Schema.preset("uk-person", project="tests")
    names = [filter.name for filter in schema.filters]
    given, family = names.index("given_name"), names.index("surname")
    plan = kernel_plan(comparisons(schema))
    met = [(product.left, product.right) for product in plan.products]
    assert met == [*((i, i) for i in range(len(names))), (given, family), (family, given)]
    alone = [index for index in range(len(names)) if index not in (given, family)]
    assert [plan.outcomes[index].products for index in alone] == [(index,) for index in alone]
    assert [outcome.levels for outcome in plan.outcomes] == [item.levels for item in comparisons(schema)]


def names(*fields: str, **settings) -> lk.Schema:
    return lk.Schema(project="tests", fields=tuple(lk.Field(name=name, type="name", **settings) for name in fields))


def _encoded(record: dict[str, str | None], source: str, schema: lk.Schema, key: lk.Key) -> lk.EncodedSet:
    table = pa.table({"id": ["1"]} | {name: pa.array([value], pa.string()) for name, value in record.items()})
    return lk.encode(table, schema, key, id="id", source=source, progress=False)


def levels_of(schema: lk.Schema, left: dict[str, str], right: dict[str, str]) -> dict[str, str]:
    """The level of each comparison of two records, by its label."""
    key = lk.Key(np.random.default_rng(5).bytes(32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.LinkageWarning)  # a name that is not there
        sets = [_encoded(record, source, schema, key) for source, record in (("left", left), ("right", right))]
    plan = comparisons(schema)
    first = np.zeros(1, np.int32)
    found = kernels.pair_levels(*(sides(each, plan) for each in sets), first, first, kernel_plan(plan))
    return {item.name: item.labels()[level] for item, level in zip(plan, found[0].tolist(), strict=True)}


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (("amelia", "blackwood"), ("equal", "equal")),
        (("blackwood", "amelia"), ("exchanged", "missing")),
        (("blackwod", "amelia"), ("exchanged", "missing")),
        (("blackwood", "oliver"), ("differs", "differs")),  # half of an exchange is none
        (("oliver", "blackwood"), ("differs", "equal")),
        (("blackwood", None), ("differs", "missing")),
    ],
)
def test_levels__an_exchange_is_a_level_of_the_first_name_and_none_of_the_second(right, expected):
    schema = names("given_name", "surname")
    found = levels_of(
        schema,
        {"given_name": "amelia", "surname": "blackwood"},
        dict(zip(("given_name", "surname"), right, strict=True)),
    )
    assert tuple(found.values()) == expected


def test_levels__two_equal_names_are_not_exchanged():
    schema = names("given_name", "surname")
    person = {"given_name": "james", "surname": "james"}
    assert set(levels_of(schema, person, person).values()) == {"equal"}


def test_levels__each_of_three_names_may_be_exchanged_with_each():
    schema = names("given_name", "middle_name", "surname")
    person = {"given_name": "amelia", "middle_name": "rosalind", "surname": "blackwood"}
    for one, other in (("given_name", "middle_name"), ("given_name", "surname"), ("middle_name", "surname")):
        found = levels_of(schema, person, person | {one: person[other], other: person[one]})
        assert (found[one], found[other]) == ("exchanged", "missing")
        assert sorted(found.values()) == ["equal", "exchanged", "missing"]


@pytest.mark.parametrize(
    "schema",
    [
        lk.Schema(project="t", fields=(lk.Field(name="a", type="name"), lk.Field(name="b", type="name", bits=300))),
        lk.Schema(project="t", fields=(lk.Field(name="a", type="name"), lk.Field(name="b", type="name", q=3))),
        lk.Schema(
            project="t", fields=(lk.Field(name="a", type="name"), lk.Field(name="b", type="name", key_group="b"))
        ),
        names("a", "b", tokens="exact"),
    ],
)
def test_comparisons__names_that_set_other_bits_are_not_looked_at_crosswise(schema):
    assert all(item.partners == () and not item.exchanges for item in comparisons(schema))


def test_comparisons__at_most_three_names_are_looked_at_crosswise():
    plan = comparisons(names("a", "b", "c", "d", "e"))
    assert [len(item.partners) for item in plan] == [2, 2, 2, 0, 0]
    assert [item.exchanges for item in plan] == [True, True, False, False, False]


def test_sides__are_the_filters_rows_and_counts_not_copied():
    schema = lk.Schema(project="tests", fields=(lk.Field(name="surname", type="name", bits=70),))
    rows = naive.packed([[0] * 70, [1] * 70, [0] * 69 + [1]])
    records = lk.EncodedSet.from_arrays(["a", "b", "c"], {"surname": rows}, schema=schema, source="s")
    (side,) = sides(records, comparisons(schema))
    assert side.counts.tolist() == [0, 70, 1]
    assert np.shares_memory(side.words, records.filters["surname"])
    assert np.shares_memory(side.slice(1, 3).words, side.words)
    assert side.slice(1, 3).counts.tolist() == [70, 1]
    assert side.take(np.array([2, 0])).counts.tolist() == [1, 0]
