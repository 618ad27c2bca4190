"""A threshold is the ratio a person meant, and the table of least overlaps is exact at every sum."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.central.thresholds import exact_ratio, least_overlap

RATIOS = ["1/3", "2/5", "1/2", "3/5", "2/3", "7/10", "3/4", "0.777", "4/5", "17/20", "9/10", "19/20", "0.999", "1"]


@pytest.mark.parametrize(
    ("value", "ratio"),
    [
        (0.8, "4/5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1, "1"),
        (1.0, "1"),
        (5e-324, "5e-324"),
        (1e-7, "1/10000000"),
        ("2/3", "2/3"),
        ("0.80", "4/5"),
        (" 4/5 ", "4/5"),
        ("8e-1", "4/5"),
        ("1", "1"),
        (Fraction(2, 3), "2/3"),
        (Decimal("0.85"), "17/20"),
        (np.float64(0.7), "7/10"),
        (np.float32(0.7), "7/10"),
        (np.float16(0.75), "3/4"),
        (np.int64(1), "1"),
    ],
)
def test_exact_ratio__is_what_was_written(value, ratio):
    found = exact_ratio(value, name="threshold")
    assert type(found) is Fraction
    assert found == Fraction(ratio)


@given(st.floats(min_value=0, max_value=1, exclude_min=True))
def test_exact_ratio__of_a_float_is_its_shortest_decimal(value):
    assert exact_ratio(value, name="threshold") == Fraction(str(value))


@pytest.mark.parametrize(
    "value",
    [
        *(0, 0.0, -0.0, -0.5, 1.0000001, 2, -1, 10**400, -(10**400)),
        *(float("nan"), float("inf"), -float("inf"), np.float64("nan"), np.float32("inf")),
        *(
            Decimal("NaN"),
            Decimal("sNaN"),
            Decimal("Infinity"),
            Decimal("-0.1"),
            Decimal(0),
            Fraction(0),
            Fraction(3, 2),
        ),
        *("nan", "inf", "", " ", "abc", "0", "-1/2", "3/2", "1/0", "80%", "0,8", "2/3/4", "1e400"),
        *(True, False, np.True_, None, b"0.8", [0.8], (4, 5), 0.8 + 0j, np.array(0.8), np.array([0.8]), object()),
    ],
    ids=lambda value: f"{type(value).__name__} {value!r:.20}",
)
def test_exact_ratio__refuses_what_is_no_share(value):
    with pytest.raises(ValueError, match=r"^threshold: "):
        exact_ratio(value, name="threshold")


def test_exact_ratio__names_the_argument_and_not_the_value():
    with pytest.raises(ValueError, match=r"^probability: not a number; write 0\.8") as caught:
        exact_ratio("a secret", name="probability")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("n_bits", [1, 2, 8, 63, 64, 65, 100, 1000, 1024])
@pytest.mark.parametrize("ratio", RATIOS)
def test_least_overlap__is_exact_at_every_sum(ratio, n_bits):
    ratio = Fraction(ratio)
    need = least_overlap(ratio, n_bits=n_bits)
    assert need.shape == (2 * n_bits + 1,)
    assert need.dtype == np.uint32
    for together, least in enumerate(need.tolist()):
        assert least >= 1
        # 2 * overlap / together >= ratio, without a division
        assert 2 * least >= ratio * together
        assert least == 1 or 2 * (least - 1) < ratio * together


@settings(max_examples=40, deadline=None)
@given(
    ratio=st.one_of(
        st.fractions(min_value=Fraction(1, 10**6), max_value=1),
        st.floats(min_value=0, max_value=1, exclude_min=True).map(lambda value: Fraction(str(value))),
    ),
    n_bits=st.integers(1, 300),
)
def test_least_overlap__is_exact_for_any_ratio(ratio, n_bits):
    for together, least in enumerate(least_overlap(ratio, n_bits=n_bits).tolist()):
        assert least == max(1, math.ceil(ratio * together / 2))


def test_least_overlap__of_one_needs_equal_filters():
    need = least_overlap(Fraction(1), n_bits=50)
    assert need[2::2].tolist() == list(range(1, 51))


def test_least_overlap__keeps_the_pair_that_a_float_bound_lost():
    # anonlink truncated 2 * a * (1 / t - 1): at 0.75, popcounts 60 and 100 sharing 60 were dropped
    need = least_overlap(exact_ratio(0.75, name="threshold"), n_bits=1024)
    assert need[60 + 100] == 60


def test_least_overlap__of_no_bits_is_beyond_what_no_bits_share():
    for ratio in ("1/1000000", "1/2", "1"):
        assert least_overlap(Fraction(ratio), n_bits=8)[0] == 1


@pytest.mark.parametrize(
    "text", ["1e-9999999999999999999", "1e9999999999999999999", "1E+999999999999999999999", "1e-9_999"]
)
def test_exact_ratio__of_an_exponent_that_not_even_decimal_holds_is_refused_at_once(text):
    """It was worked out, for ever: twenty-two letters on the command line."""
    with pytest.raises(ValueError, match="threshold: must be above 0 and at most 1"):
        exact_ratio(text, name="threshold")
