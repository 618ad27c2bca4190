"""The comparison plan: which filters meet, and the level of two filters at every overlap."""

from fractions import Fraction

import numpy as np
import pytest

import linkage as lk
from linkage.central.levels import Comparison, comparisons, kernel_plan, sides
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


def test_kernel_plan__compares_each_filter_with_itself_and_joins_nothing():
    schema = lk.Schema.preset("uk-person", project="tests")
    plan = kernel_plan(comparisons(schema))
    assert [(product.left, product.right) for product in plan.products] == [(i, i) for i in range(len(schema.filters))]
    assert [outcome.products for outcome in plan.outcomes] == [(i,) for i in range(len(schema.filters))]
    assert [outcome.levels for outcome in plan.outcomes] == [item.levels for item in comparisons(schema)]


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
