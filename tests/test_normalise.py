"""Values into their comparable form: what is the same becomes equal, what is not known empty, nothing raises."""

import unicodedata
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linkage.agency import tables
from linkage.agency.normalise import MAX_LETTERS, cleaner, without_diacritics
from linkage.field import Field
from linkage.fieldtypes import FIELD_TYPES

NAME = cleaner(Field(name="surname", type="name"))
TEXT = cleaner(Field(name="address", type="text"))
DATE = cleaner(Field(name="dob", type="date"))
US_DATE = cleaner(Field(name="dob", type="date", day_first=False))
POSTCODE = cleaner(Field(name="postcode", type="postcode"))
SEX = cleaner(Field(name="sex", type="category"))
NUMBER = cleaner(Field(name="income", type="number"))
NHS = cleaner(Field(name="nhs_number", type="identifier"))

FIELDS = {kind: Field(name="a", type=kind) for kind in FIELD_TYPES} | {
    "sex": Field(name="sex", type="category"),
    "codes": Field(name="a", type="category", codes=(("own", ("owner",)), ("rent", ("tenant",)))),
    "nhs": Field(name="nhs_number", type="identifier"),
    "us date": Field(name="a", type="date", day_first=False),
    "raw name": Field(name="a", type="name", clean=()),
    "name, case only": Field(name="a", type="name", clean=("case",)),
    "name, punctuation only": Field(name="a", type="name", clean=("punctuation",)),
    "text with titles": Field(
        name="a", type="text", clean=FIELD_TYPES["text"].clean_choices, placeholders=("see notes",)
    ),
    "coarse number": Field(name="a", type="number", step=0.1),
}

AWKWARD = [
    "",
    " ",
    "\0",
    "\ud800",
    "\U0010ffff",
    "ı",
    "İ",
    "ŉ",
    "´",
    "ﷺ",
    "🄰",
    "𝚨",
    "\u0301",
    "\u093f",
    "👨‍👩‍👧",
    "٣",
    "Ⅷ",
    "½",
    "ﬃ",
    "ß",
    "ẞ",
    "ς",
    "ϴ",
]
ANY_TEXT = st.one_of(st.text(), st.text("aZé´'’ -.ı\u0301\u200d0O1l/\t", max_size=12), st.sampled_from(AWKWARD))


@pytest.mark.parametrize("kind", FIELDS)
@settings(deadline=None)
@given(text=ANY_TEXT)
def test_cleaner__never_raises_and_is_clean_on_any_text(kind, text):
    value, problem = cleaner(FIELDS[kind])(text)
    assert value == " ".join(value.split())
    assert isinstance(problem, str)


@pytest.mark.parametrize("kind", [kind for kind in FIELDS if kind != "coarse number"])
@settings(deadline=None)
@given(text=ANY_TEXT)
@example("Mr Unknown")
@example("🄰dam")
@example("D´Souza")
def test_cleaner__of_a_clean_value_changes_nothing(kind, text):
    clean = cleaner(FIELDS[kind])
    value = clean(text).value
    assert clean(value).value == value


@pytest.mark.parametrize("kind", FIELDS)
@settings(deadline=None)
@given(text=ANY_TEXT)
def test_cleaner__says_nothing_of_the_value_in_its_problem(kind, text):
    # problems are words of ours: a small set, whatever the value
    assert cleaner(FIELDS[kind])(text).problem in {
        "",
        "not a date",
        "a year of two digits could be of either century",
        "part of the date is outside its range",
        "not a UK postcode",
        "not in Latin letters and digits",
        "not one of the codes",
        "not a number",
        "outside the range of numbers",
        "written as a number with a decimal point",
        "not an NHS number (length or check digit)",
        f"longer than {MAX_LETTERS} letters",
    }


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize(
    "text", ["", " ", "\t\n", "-", "?", "...", "Unknown", "UNKNOWN", " not known ", "N/A", "n/k", "NULL"]
)
def test_cleaner__takes_what_means_not_known_as_missing(kind, text):
    value, problem = cleaner(FIELDS[kind])(text)
    if FIELDS[kind].type in ("name", "text") and "punctuation" not in FIELDS[kind].clean and text in ("-", "?", "..."):
        return  # kept by an agreement that keeps punctuation
    assert (value, problem) == ("", "")


@pytest.mark.parametrize("kind", FIELDS)
def test_cleaner__reports_what_is_too_long_to_be_one_value(kind):
    clean = cleaner(FIELDS[kind])
    assert clean("1" * (MAX_LETTERS + 1)) == ("", f"longer than {MAX_LETTERS} letters")
    assert clean("x" * 2_000) == ("", f"longer than {MAX_LETTERS} letters")
    assert "longer" not in clean("1" * MAX_LETTERS).problem


@pytest.mark.parametrize("kind", FIELDS)
def test_cleaner__takes_the_agreements_own_placeholders_as_missing_however_written(kind):
    field = FIELDS[kind]
    clean = cleaner(Field(name=field.name, type=field.type, codes=field.codes, placeholders=("See Notes!", "1 1 1")))
    for text in ("see notes", "SEE  NOTES", "sée-notes", "1/1/1", "1.1.1"):
        assert clean(text) == ("", "")


# ---- names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("  Smith ", "smith"),
        ("O'Brien", "obrien"),
        ("O’Brien", "obrien"),
        ("O`BRIEN", "obrien"),
        ("D´Souza", "dsouza"),  # ´ once decomposed into a space and an accent before it could vanish
        ("D＇Souza", "dsouza"),
        ("O Brien", "obrien"),
        ("Mc Donald", "mcdonald"),
        ("McDonald", "mcdonald"),
        ("MacDonald", "macdonald"),
        ("van der Berg", "vanderberg"),
        ("Vanderberg", "vanderberg"),
        ("de la Cruz", "delacruz"),
        ("Al-Hassan", "alhassan"),
        ("St. John", "stjohn"),
        ("Van", "van"),
        ("Smith-Jones", "smith jones"),
        ("Smith/Jones", "smith jones"),
        ("SMITH_JONES", "smith jones"),
        ("Mr John Smith", "john smith"),
        ("Mr. Dr. Smith", "smith"),
        ("Smith Jr.", "smith"),
        ("Smith III", "smith"),
        ("Master", "master"),
        ("Dr", "dr"),
        ("Jr", "jr"),
        ("Zoë", "zoe"),
        ("Łukasz", "lukasz"),
        ("ŁUKASZ", "lukasz"),
        ("Søren Åse", "soren ase"),
        ("Ægir Œuvre", "aegir oeuvre"),
        ("Þór Ðurðevac", "thor durdevac"),
        ("Groß", "gross"),
        ("GROẞ", "gross"),
        ("Ｆｕｌｌ", "full"),
        ("Йордан", "iordan"),
        ("Щукин", "shchukin"),
        ("Юлія", "yuliya"),
        ("Θεοδωράκης", "theodorakis"),
        ("ΘΕΟΔΩΡΆΚΗΣ", "theodorakis"),
        ("x", "x"),
        ("李", "李"),
        ("王 小明", "王 小明"),
        ("김", "김"),
        ("𠮷田", "𠮷田"),  # four bytes in UTF-8
        ("😀", ""),
        ("Ann 😀 Lee", "ann lee"),
        ("A\0nn", "a nn"),
        ("x" * 1_000, "x" * 1_000),
    ],
)
def test_name__has_one_form(text, value):
    assert NAME(text) == (value, "")


@pytest.mark.parametrize("text", ["ISIL", "ısıl", "Işıl", "IŞIL", "isil", "İsil", "İŞİL", "i\u0307sil"])
def test_name__is_the_same_with_and_without_turkish_dots(text):
    assert NAME(text).value == "isil"


@pytest.mark.parametrize(
    "text",
    ["محمد", "مُحَمَّد", "\u200fمحمد\u200f", "\u202bمحمد\u202c", "\u2067محمد\u2069", "مح\u200cمد", " محمد ", "محمد."],
)
def test_name__is_the_same_with_and_without_vowel_points_and_direction_marks(text):
    assert NAME(text).value == "محمد"


def test_name__keeps_the_vowel_signs_of_other_scripts():
    # they are no letters to Python's \w: names once fell apart at every vowel and lost it, so "कि" was "का"
    assert NAME("हिन्दी").value == unicodedata.normalize("NFC", "हिन्दी")
    assert NAME("कि").value != NAME("का").value
    assert NAME("สมชาย").value == "สมชาย"
    assert NAME("น้ำ").value.split() == [NAME("น้ำ").value]
    assert len(NAME("தமிழ் செல்வி").value.split()) == 2


@pytest.mark.parametrize("hidden", ["\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\ufe0f", "\u200e"])
def test_name__does_not_differ_by_what_nobody_sees(hidden):
    # inside a word they once parted it
    assert NAME(f"Smi{hidden}th") == NAME(f"{hidden}Smith{hidden}") == NAME("Smith")


@pytest.mark.parametrize("text", ["𝐀dam", "🄰dam", "ＡＤＡＭ", "Ⓐdam", "ᴬDAM"])
def test_name__folds_capitals_that_only_decomposition_shows(text):
    assert NAME(text).value == "adam"


@pytest.mark.parametrize(
    "text",
    [
        "Unknown", "UNKNOWN", "un-named", "Baby", "BABY", "Baby Smith", "baby boy", "Baby of Ann", "BB Smith", "Twin 1",
        "Infant", "No Name", "no-name", "anon", "FNU", "Not Known", "NFN", "Mr Unknown", "Miss Baby Smith", "Dr. N/K",
        "xxx", "TBC", "Female Infant", "(unknown)", "*** not given ***",
    ],
)  # fmt: skip
def test_name__of_nobody_is_missing(text):
    assert NAME(text) == ("", "")


@pytest.mark.parametrize("text", ["Babylon", "Unknowne", "Bobby", "Na", "Annon", "Twine", "Boyd", "Childs"])
def test_name__that_begins_like_a_placeholder_is_kept(text):
    assert NAME(text).value == text.lower()


@pytest.mark.parametrize(
    "text", ["No fixed abode", "NFA", "no fixed address", "Homeless", "Unknown", "address withheld"]
)
def test_address__of_nowhere_is_missing(text):
    assert TEXT(text) == ("", "")


def test_address__keeps_words_that_names_lose():
    assert TEXT("Flat 2, 12a St. John's Rd") == ("flat 2 12a st johns rd", "")
    assert TEXT("Baby Lane").value == "baby lane"
    assert TEXT("Mr Smith").value == "mr smith"


def test_name__with_rules_of_its_own_keeps_the_rest():
    assert cleaner(Field(name="a", type="name", clean=()))("  Zoë  O'Brien ").value == "Zoë O'Brien"
    assert cleaner(Field(name="a", type="name", clean=("case",)))("Zoë O'Brien").value == "zoë o'brien"
    assert cleaner(Field(name="a", type="name", clean=("diacritics",)))("Zoë").value == "Zoe"
    assert cleaner(Field(name="a", type="name", clean=("case", "titles")))("MR Smith").value == "smith"


@pytest.mark.parametrize("clean", [(), ("case",), ("punctuation",), ("case", "punctuation")])
def test_name__that_keeps_diacritics_is_the_same_composed_and_decomposed(clean):
    # "e" and an accent once fell apart where punctuation went and diacritics stayed
    clean = cleaner(Field(name="a", type="name", clean=clean))
    assert clean("Zoe\u0308") == clean("Zo\u00eb")
    assert clean("Ångström") == clean("A\u030angstro\u0308m") == clean("\u212bngström")


WORDS = st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8), min_size=1, max_size=3)


@settings(deadline=None)
@given(WORDS, st.sampled_from([" ", "  ", "-", " - ", "\t", "\u00a0", "/", ".", ". ", "_", "\u2013"]), st.booleans())
def test_name__is_the_same_in_any_case_and_spacing(words, space, upper):
    written = space.join(word.upper() if upper else word.title() for word in words)
    assert NAME(f" {written}{space}") == NAME(" ".join(words))


@settings(deadline=None)
@given(WORDS, st.data())
def test_name__is_the_same_with_any_accents(words, data):
    accents = st.sampled_from(["", "\u0300", "\u0301", "\u0308", "\u0327", "\u030a", "\u0303\u0301"])
    accented = " ".join("".join(letter + data.draw(accents) for letter in word) for word in words)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert NAME(unicodedata.normalize(form, accented)) == NAME(" ".join(words))


@settings(deadline=None)
@given(st.text())
def test_name__is_the_same_in_every_normal_form(text):
    # what vanishes inside a word first: as ´ it can, as a space and an accent it can't be told from a space
    text = text.translate(tables.SILENT)[:50]  # some letters become eighteen
    forms = {NAME(unicodedata.normalize(form, text)).value for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert forms == {NAME(text).value}


@settings(deadline=None)
@given(st.text())
def test_without_diacritics__changes_nothing_twice(text):
    assert without_diacritics(without_diacritics(text)) == without_diacritics(text)


@pytest.mark.parametrize(
    "table", ["UNKNOWN", "UNNAMED", "NO_ADDRESS", "TITLES", "SUFFIXES", "PARTICLES", "UNNAMED_FIRST_WORDS"]
)
def test_tables__are_in_the_form_that_cleaning_gives(table):
    clean = cleaner(Field(name="a", type="name", clean=("diacritics", "case", "punctuation")))
    for entry in getattr(tables, table):
        assert clean(entry).value in (entry, ""), "an entry in another form would never be met"
        assert entry == entry.strip().casefold()
        assert entry.isascii()


def test_tables__map_letters_to_small_plain_ones():
    for letter, plain in tables.LETTERS.items():
        assert plain == "" or plain.isascii()
        assert plain == plain.lower()
        assert chr(letter) == chr(letter).lower()


# ---- dates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2019-04-03", "2019/04/03", "2019.4.3", "2019 04 03", "20190403", "03/04/2019", "3/4/2019", "03-04-2019",
        "03.04.2019", "3 4 2019", "03042019", "3 Apr 2019", "03-APR-2019", "3rd April 2019", "3 april, 2019",
        "April 3, 2019", "Apr 3rd 2019", "2019 Apr 3", "2019-Apr-03", " 2019-04-03 ", "2019-04-03 00:00:00",
        "2019-04-03T00:00:00", "2019-04-03T23:59:59.999Z", "2019-04-03 00:00:00+00:00", "2019-04-03 00:00:00+01",
        "2019-04-03 00:00:00.000000 -0500", "03/04/2019 00:00", "03/04/2019 12:00:00 AM", "3 Apr 2019 9:05",
        "３/４/２０１９", "2019\u201104\u201103", "2019–04–03", "\ufeff2019-04-03",
    ],
)  # fmt: skip
def test_date__has_one_form(text):
    assert DATE(text) == ("2019-04-03", "")


def test_date__follows_the_agreement_where_day_and_month_could_be_either():
    assert DATE("03/04/2019").value == "2019-04-03"
    assert US_DATE("03/04/2019").value == "2019-03-04"
    assert US_DATE("03042019").value == "2019-03-04"
    for text in ("2019-04-03", "20190403", "3 Apr 2019", "April 3, 2019"):  # no rule needed
        assert US_DATE(text) == DATE(text) == ("2019-04-03", "")


WRITTEN = [
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%Y%m%d",
    "%d%m%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%Y-%m-%dT00:00:00Z",
]


@settings(deadline=None)
@given(st.dates(date(1850, 1, 1), date(2100, 12, 31)), st.sampled_from(WRITTEN))
@example(date(1985, 12, 20), "%d%m%Y")  # 20121985 was once read as the year 2012, and lost
@example(date(1990, 5, 19), "%d%m%Y")
@example(date(2018, 5, 18), "%d%m%Y")
@example(date(2020, 12, 20), "%d%m%Y")
def test_date__of_every_day_is_read_in_every_format(day, written):
    expected = "" if (day.year, day.month, day.day) in tables.NO_DATE else day.isoformat()
    assert DATE(day.strftime(written)) == (expected, "")


@settings(deadline=None)
@given(st.dates(date(1850, 1, 1), date(2100, 12, 31)))
def test_date__of_every_day_is_read_with_the_month_first(day):
    expected = "" if (day.year, day.month, day.day) in tables.NO_DATE else day.isoformat()
    assert US_DATE(day.strftime("%m/%d/%Y")) == US_DATE(day.strftime("%m%d%Y")) == (expected, "")


@pytest.mark.parametrize(
    "text",
    [
        "01-01-1900", "01/01/1900", "1900-01-01", "1 Jan 1900", "19000101", "01011900", "1900-01-01 00:00:00",
        "1899-12-30", "30/12/1899", "1899-12-31", "1901-01-01", "0001-01-01", "01/01/0001", "1753-01-01", "11/11/1111",
        "31/12/9999", "9999-12-31", "09/09/9999", "9999", "99/99/9999", "00/00/0000", "0000-00-00", "0", "00000000",
        "NK", "na", "Unknown", "--",
    ],
)  # fmt: skip
def test_date__that_stands_for_not_known_is_missing(text):
    # 31/12/9999 and 11/11/1111 once left their day and month as evidence that strangers were one person
    value, problem = DATE(text)
    assert value == ""
    assert problem == ("not a date" if text == "0" else "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2019", "2019-00-00"), ("2019-04", "2019-04-00"), ("04/2019", "2019-04-00"), ("Apr 2019", "2019-04-00"),
        ("2019 April", "2019-04-00"), ("2019-00-00", "2019-00-00"), ("00/04/2019", "2019-04-00"),
        ("20190400", "2019-04-00"), ("00002019", "2019-00-00"), ("03/04/0000", "0000-04-03"),
        ("03/00/0000", "0000-00-03"),
    ],
)  # fmt: skip
def test_date__keeps_the_parts_that_are_known(text, value):
    assert DATE(text) == (value, "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("31/02/2019", "2019-02-00"), ("30/02/2020", "2020-02-00"), ("31/04/2019", "2019-04-00"),
        ("32/04/2019", "2019-04-00"), ("03/13/2019", "2019-00-00"), ("2019-13-03", "2019-00-03"),
        ("13/2019", "2019-00-00"),  # once kept without a word, since the day was not there
        ("2019-13-00", "2019-00-00"), ("03/04/1849", "0000-04-03"), ("03/04/2101", "0000-04-03"),
        ("05/17/1985", "1985-00-00"), ("19851332", "1985-00-00"),
    ],
)  # fmt: skip
def test_date__drops_and_reports_parts_outside_their_range(text, value):
    assert DATE(text) == (value, "part of the date is outside its range")


def test_date__has_the_29th_of_february_in_any_year():
    assert DATE("29/02/2019") == DATE("2019-02-29") == ("2019-02-29", "")


@pytest.mark.parametrize("text", ["03/04/19", "3 Apr 19", "3-4-19", "03.04.00", "99/99/99"])
def test_date__of_two_digits_of_a_year_is_reported(text):
    assert DATE(text) == ("", "a year of two digits could be of either century")


@pytest.mark.parametrize(
    "text",
    ["soon", "Sep", "April", "3 Foo 2019", "1/2", "12", "123", "12345", "2019040", "201904031", "3 4 5 2019",
     "٠٣/٠٤/٢٠١٩",     "Wed 3 Apr 2019", "19850403.0", "2019-04-03 hello", "1e3"],
)  # fmt: skip
def test_date__that_is_none_is_reported(text):
    assert DATE(text) == ("", "not a date")


@settings(deadline=None)
@given(st.integers(0, 9999), st.integers(0, 99), st.integers(0, 99))
def test_date__has_parts_in_their_ranges_or_none(year, month, day):
    value = DATE(f"{year:04}-{month:02}-{day:02}").value
    if value:
        assert int(value[:4]) in {0, year}
        assert int(value[5:7]) in {0, month}
        assert int(value[8:]) in {0, day}
        assert int(value[5:7]) <= 12
        assert int(value[8:]) <= 31
        assert value != "0000-00-00"


# ---- postcodes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["SW1A 1AA", "sw1a1aa", " SW1A  1AA ", "S.W.1.A-1AA", "SW1A IAA", "sw1a iaa", "ＳＷ１Ａ １ＡＡ"]
)
def test_postcode__has_one_form(text):
    assert POSTCODE(text) == ("SW1A1AA", "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("M1 1AE", "M11AE"), ("B33 8TH", "B338TH"), ("CR2 6XH", "CR26XH"), ("DN55 1PT", "DN551PT"),
        ("W1A 0AX", "W1A0AX"), ("EC1V 9BX", "EC1V9BX"), ("W1A OAX", "W1A0AX"), ("EC1V 90O", "EC1V9OO"),
        ("LS1 4A0", "LS14AO"),        ("BS0 1AA", "BS01AA"), ("LS1 I1B", "LS11IB"),
    ],
)  # fmt: skip
def test_postcode__tells_letter_o_and_i_from_digits_by_their_place(text, value):
    assert POSTCODE(text) == (value, "")


@pytest.mark.parametrize("text", ["ZZ99 3VZ", "zz99 3cz", "AA1 1AA", "XX1 1XX", "NFA", "Unknown", "n/a", "-", "T.B.C."])
def test_postcode__of_nowhere_is_missing(text):
    assert POSTCODE(text) == ("", "")


@pytest.mark.parametrize(("text", "value"), [("D02 AF30", "D02AF30"), ("SW1A", "SW1A"), ("75001", "75001"), ("x", "X")])
def test_postcode__of_another_form_is_kept_and_reported(text, value):
    assert POSTCODE(text) == (value, "not a UK postcode")


@pytest.mark.parametrize("clean", [POSTCODE, NHS])
@pytest.mark.parametrize("text", ["日本", "٤٥٠٥٥٧٧١٠٤", "Щ"])
def test_postcode_and_number__of_another_script_is_reported_not_dropped_in_silence(clean, text):
    assert clean(text) == ("", "not in Latin letters and digits")


# ---- categories, numbers, identifiers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["M", "m", "Male", "MALE ", "boy", "1", "01", "Man"], "m"),
        (["F", "f", "female", "Girl", "2", "02", "woman"], "f"),
        (["X", "indeterminate", "Other"], "x"),
        (["0", "9", "U", "NK", "not known", "Not specified", "", " "], ""),
    ],
)
def test_sex__has_one_code(texts, code):
    assert {SEX(text) for text in texts} == {(code, "")}


def test_sex__of_no_known_code_is_missing_and_reported():
    assert SEX("3") == SEX("Q") == ("", "not one of the codes")


def test_category__with_codes_of_its_own_knows_them_in_any_writing():
    clean = cleaner(Field(name="tenure", type="category", codes=(("own", ("Owner", "mort-gage")), ("None", ("n/a",)))))
    assert {clean(text).value for text in ("own", "OWN", " Owner ", "mort gage", "MORT-GAGE")} == {"own"}
    assert clean("none").value == clean("N/A").value == "none"  # a code of the agreement is no placeholder
    assert clean("rent") == ("", "not one of the codes")
    assert clean("unknown") == ("", "")


def test_category__without_codes_keeps_every_value():
    clean = cleaner(Field(name="ward", type="category"))
    assert clean("  Hyde-Park ") == ("hyde park", "")


@pytest.mark.parametrize(
    ("text", "value"),
    [("41", "41"), (" 41 ", "41"), ("41.0", "41"), ("41.4", "41"), ("41.5", "42"), ("42.5", "43"), ("-1.5", "-1"),
     ("-0", "0"), ("£1,234", "1234"), ("1e3", "1000"), ("１２", "12"), ("0", "0"), ("nan", ""), ("NaN", "")],
)  # fmt: skip
def test_number__is_rounded_to_its_step(text, value):
    assert NUMBER(text) == (value, "")


def test_number__is_counted_in_steps():
    assert cleaner(Field(name="a", type="number", step=100))("21549.99").value == "215"
    assert cleaner(Field(name="a", type="number", step=0.1))("0.3").value == "3"


@pytest.mark.parametrize("text", ["forty", "1 2", "0x10", "--1", "1/2"])
def test_number__that_is_none_is_reported(text):
    assert NUMBER(text) == ("", "not a number")


@pytest.mark.parametrize("text", ["inf", "-inf", "1e400", "1e17", "9" * 400])
def test_number__outside_what_steps_can_count_is_reported(text):
    assert NUMBER(text) == ("", "outside the range of numbers")


@settings(deadline=None)
@given(st.integers(-(2**52), 2**52))
def test_number__that_is_whole_stays_as_it_is(number):
    assert NUMBER(str(number)).value == NUMBER(f"{number:,}").value == NUMBER(f"{number}.0").value == str(number)


@pytest.mark.parametrize("text", ["4505577104", "450 557 7104", "450-557-7104", " 4505577104 ", "450.557.7104"])
def test_nhs_number__has_one_form(text):
    assert NHS(text) == ("4505577104", "")


@pytest.mark.parametrize("text", ["4505577105", "450557710", "ABC4505577", "12345678901", "000"])
def test_nhs_number__with_a_slipped_digit_is_kept_and_reported(text):
    assert NHS(text) == (text, "not an NHS number (length or check digit)")


@pytest.mark.parametrize(
    "text", ["0000000000", "9999999999", "1234567890", "0123456789", "NHS", "n/a", "-", "AAAA", "N.I.L."]
)
def test_nhs_number__that_stands_for_not_known_is_missing(text):
    assert NHS(text) == ("", "")


def test_identifier__without_a_scheme_is_taken_as_it_is():
    clean = cleaner(Field(name="passport", type="identifier"))
    assert clean("ab 12-c") == ("AB12C", "")
    assert clean("a") == ("A", "")


# ---- found by a reader who tried to prove it unfinished --------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["NK", "N/K", "Babyboy", "B/O Smith", "Twin 3", "Twin I", "Infant of Smith", "Miss", "Mr."]
)
def test_name__of_a_newborn_or_nobody_is_missing(text):
    assert cleaner(Field(name="surname", type="name"))(text).value == ""


def test_name__child_is_a_surname():
    assert cleaner(Field(name="surname", type="name"))("Child").value == "child"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1,234", ("1234", "")), ("1,234,567", ("1234567", "")), ("12,5", ("", "not a number")),
     ("1_000", ("", "not a number"))],
)  # fmt: skip
def test_number__commas_part_thousands_only(text, expected):
    assert tuple(cleaner(Field(name="age", type="number"))(text)) == expected


def test_identifier__that_passed_through_a_float_column_is_mended_and_reported():
    mended = cleaner(Field(name="case_no", type="identifier"))("4505577104.0")
    assert tuple(mended) == ("4505577104", "written as a number with a decimal point")


def test_date__run_together_as_statistics_programs_write_it():
    assert cleaner(Field(name="dob", type="date"))("03APR2019").value == "2019-04-03"


def test_date__whose_day_can_only_be_a_month_keeps_neither():
    """12/25/2019 once kept the month as its day."""
    cleaned = cleaner(Field(name="dob", type="date"))("12/25/2019")
    assert tuple(cleaned) == ("2019-00-00", "part of the date is outside its range")
