"""The comparison plan: which filters meet, and the level of two filters at every overlap."""

from fractions import Fraction

import numpy as np
import pytest

import linkage as lk
from linkage.central.levels import Comparison, comparisons, missing_count, sides
from tests import naive

CUTS = tuple(Fraction(text) for text in ("2/5", "1/2", "7/10", "1"))


@pytest.mark.parametrize("bits", [8, 20, 64, 100])
@pytest.mark.parametrize("cuts", [CUTS, (Fraction(1),)])
def test_table__has_the_level_of_every_sum_and_overlap(bits, cuts):
    table = Comparison("name", bits, cuts).table()
    assert table.shape == (2 * missing_count(bits) + 1, bits + 1)
    assert table.dtype == np.uint8
    for together in range(1, 2 * bits + 1):
        for overlap in range(min(together // 2, bits) + 1):
            expected = 1 + sum(Fraction(2 * overlap, together) >= cut for cut in cuts)
            assert table[together, overlap] == expected, (together, overlap)


@pytest.mark.parametrize("bits", [8, 100])
def test_table__is_missing_wherever_one_side_or_both_have_no_bits(bits):
    table, missing = Comparison("name", bits, CUTS).table(), missing_count(bits)
    assert missing > 2 * bits
    for present in range(bits + 1):
        assert (table[missing + present] == 0).all()
    assert (table[2 * missing] == 0).all()


def test_table__levels_rise_with_the_overlap():
    table = Comparison("name", 64, CUTS).table()[1:129].astype(int)
    assert (np.diff(table, axis=1) >= 0).all()
    assert set(np.unique(table)) == set(range(1, 6))


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


def test_sides__rows_without_bits_count_as_missing_and_the_set_stays_as_it_was():
    schema = lk.Schema(project="tests", fields=(lk.Field(name="surname", type="name", bits=70),))
    rows = naive.packed([[0] * 70, [1] * 70, [0] * 69 + [1]])
    records = lk.EncodedSet.from_arrays(["a", "b", "c"], {"surname": rows}, schema=schema, source="s")
    (side,) = sides(records, comparisons(schema))
    assert side.counts.tolist() == [missing_count(70), 70, 1]
    assert records.popcounts["surname"].tolist() == [0, 70, 1]
    assert side.slice(1, 3).counts.tolist() == [70, 1]
    assert side.take(np.array([2, 0])).counts.tolist() == [1, missing_count(70)]
