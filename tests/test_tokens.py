"""Tokens: what two values of one thing share when a person has mistyped one of them."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.agency.normalise import cleaner
from linkage.agency.tokens import tokeniser
from linkage.field import Field
from linkage.fieldtypes import FIELD_TYPES
from tests import naive

EVERY = [
    Field(name="a", type=kind, tokens=tokens) for kind, of_type in FIELD_TYPES.items() for tokens in of_type.tokens
] + [Field(name="a", type="name", q=q) for q in (1, 3, 8)]
IDS = [f"{field.type} {field.tokens} q={field.q}" for field in EVERY]

SURNAME = tokeniser(Field(name="surname", type="name"))
DOB = tokeniser(Field(name="dob", type="date"))
POSTCODE = tokeniser(Field(name="postcode", type="postcode"))
WORDS = st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=8), min_size=1, max_size=4)
DATES = st.dates().map(lambda day: day.isoformat()).filter(lambda text: text >= "1850")


def shared(left, right):
    return len({*left} & {*right})


@pytest.mark.parametrize("field", EVERY, ids=IDS)
@settings(deadline=None)
@given(st.one_of(st.text(max_size=30), st.text("0123456789-/ABab ", max_size=12), st.integers().map(str), DATES))
def test_tokeniser__gives_a_value_distinct_tokens_and_at_least_one(field, text):
    value = cleaner(field)(text).value
    if value:
        tokens = tokeniser(field)(value)
        assert tokens
        assert len(tokens) == len(set(tokens))
        assert all(tokens)


@pytest.mark.parametrize("field", EVERY, ids=IDS)
@pytest.mark.parametrize(
    "text", ["x", "1", "x" * 1_000, "1" * 8, "𠮷", "2019", "00/04/2019", "03/00/0000", "SW1A", "ab"]
)
def test_tokeniser__has_tokens_for_one_letter_and_a_thousand(field, text):
    value = cleaner(field)(text).value
    assert not value or tokeniser(field)(value)


# ---- q-grams ----------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(WORDS, st.integers(1, 8))
def test_qgrams__are_those_of_each_padded_word(words, q):
    value = " ".join(words)
    assert tokeniser(Field(name="a", type="name", q=q))(value) == naive.qgrams(value, q)


@settings(deadline=None)
@given(st.text(string.ascii_letters, min_size=1, max_size=20), st.integers(1, 8))
def test_qgrams__of_a_word_number_its_letters_and_the_padding(word, q):
    padded = len(word) + 2 * (q - 1)
    assert len(tokeniser(Field(name="a", type="name", q=q, tokens="positional_qgrams"))(word)) == padded - q + 1
    assert len(tokeniser(Field(name="a", type="name", q=q))(word)) <= padded - q + 1


@settings(deadline=None)
@given(WORDS, st.randoms(use_true_random=False))
def test_qgrams__do_not_depend_on_the_order_of_words(words, random):
    mixed = random.sample(words, len(words))
    assert {*SURNAME(" ".join(words))} == {*SURNAME(" ".join(mixed))}


def test_qgrams__of_half_a_double_name_are_all_in_the_whole():
    assert {*SURNAME("smith")} < {*SURNAME("smith jones")}


@settings(deadline=None)
@given(st.text(string.ascii_lowercase, min_size=2, max_size=12), st.data())
def test_qgrams__of_one_mistyped_letter_lose_two_at_most(word, data):
    place = data.draw(st.integers(0, len(word) - 1))
    other = word[:place] + data.draw(st.sampled_from(string.ascii_lowercase)) + word[place + 1 :]
    assert len({*SURNAME(word)} - {*SURNAME(other)}) <= 2


def test_positional_qgrams__know_their_place():
    tokens = tokeniser(Field(name="id", type="identifier"))
    assert tokens("11") == ["0: 1", "1:11", "2:1 "]
    assert shared(tokens("123456"), tokens("654321")) == 0
    assert shared(tokens("4505577104"), tokens("4505577194")) == 9


# ---- dates ------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(DATES)
def test_date_parts__of_an_exchanged_day_and_month_share_year_and_both_numbers(text):
    year, month, day = text.split("-")
    exchanged = f"{year}-{day}-{month}"
    assert {f"Y{year}", f"X{day}" if day != month else f"X{day} twice"} <= {*DOB(text)} & {*DOB(exchanged)}
    assert shared(DOB(text), DOB(exchanged)) >= 5


@settings(deadline=None)
@given(DATES, st.data())
def test_date_parts__of_a_slipped_digit_share_the_other_parts_and_half_of_this(text, data):
    place = data.draw(st.sampled_from([2, 3, 8, 9]))  # a decade, a year, a day; a slipped month has no halves
    other = text[:place] + data.draw(st.sampled_from(string.digits)) + text[place + 1 :]
    if other[8:] == "00":
        return
    assert shared(DOB(text), DOB(other)) >= (6 if "01" <= text[8:] <= "31" else 0)
    assert shared(DOB(text), DOB(other)) < len(DOB(text)) or text == other


@settings(deadline=None)
@given(DATES, DATES)
def test_date_parts__of_equal_dates_only_are_equal(left, right):
    assert ({*DOB(left)} == {*DOB(right)}) == (left == right)


@pytest.mark.parametrize(
    ("other", "left"),
    [
        ("2019-04-23", 39),
        ("2019-07-23", 30),  # another month
        ("2019-04-27", 29),  # a digit of the day
        ("2019-04-11", 27),  # another day
        ("2018-04-23", 24),  # a digit of the year
        ("1987-04-23", 21),  # another year
        ("2019-11-08", 18),  # the year alone
        ("1987-07-23", 12),  # the day alone
        ("1987-04-11", 9),  # the month alone
        ("1987-11-08", 0),
    ],
)
def test_date_parts__tell_by_how_many_they_share_which_parts_agree(other, left):
    assert len(DOB(other)) == 39
    assert shared(DOB("2019-04-23"), DOB(other)) == left


def test_date_parts__of_exchanged_day_and_month_share_more_than_the_year_and_a_digit():
    assert shared(DOB("2019-04-11"), DOB("2019-11-04")) == 26


def test_date_parts__that_are_missing_have_no_token():
    assert {token.split(" ")[0] for token in DOB("2019-00-00")} == {"Y2019", "Y201.", "Y20.9"}
    assert DOB("0000-04-00") == ["M04", "M04 2", "M04 3", "M04 4", "M04 5", "X04", "X04 2", "X04 3", "X04 4"]
    assert {token.split(" ")[0] for token in DOB("0000-00-03")} == {"D03", "D0.", "D.3", "X03"}
    assert shared(DOB("2019-00-00"), DOB("1987-00-00")) == 0


# ---- postcodes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "prefixes"),
    [
        ("SW1A1AA", "SW1A1AA", {"PSW", "PSW1A", "PSW1A1", "PSW1A1AA"}),
        ("SW1A1AA", "SW1A1AB", {"PSW", "PSW1A", "PSW1A1"}),
        ("SW1A1AA", "SW1A2AA", {"PSW", "PSW1A"}),
        ("SW1A1AA", "SW1Y1AA", {"PSW"}),
        ("SW1A1AA", "LS11AA", set()),
        ("M11AE", "M21AE", {"PM"}),
        ("M11AE", "ME11AE", set()),
        ("SW1A", "SW1A1AA", {"PSW", "PSW1A"}),
    ],
)
def test_postcode_levels__are_shared_as_far_as_the_places_are(left, right, prefixes):
    assert {token for token in {*POSTCODE(left)} & {*POSTCODE(right)} if token[0] == "P"} == prefixes


def test_postcode_levels__of_one_wrong_letter_share_most():
    assert shared(POSTCODE("LS14AP"), POSTCODE("LS14AQ")) == 8
    assert shared(POSTCODE("LS14AP"), POSTCODE("LS14AP")) == len(POSTCODE("LS14AP")) == 10


# ---- numbers ----------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(-(2**53), 2**53), st.integers(-80, 80), st.integers(1, 64))
def test_neighbours__are_shared_alike_on_both_sides_and_less_with_distance(value, away, reach):
    tokens = tokeniser(Field(name="a", type="number", reach=reach))
    expected = max(0, 2 * reach + 1 - abs(away))
    assert shared(tokens(str(value)), tokens(str(value + away))) == expected
    assert shared(tokens(str(value)), tokens(str(value - away))) == expected
    assert len(tokens(str(value))) == 2 * reach + 1


def test_exact__tokens_are_shared_by_equals_only():
    tokens = tokeniser(Field(name="sex", type="category"))
    assert tokens("m") == ["=m"]
    assert shared(tokens("m"), tokens("f")) == 0
