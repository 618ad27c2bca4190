"""The CLKs of clkhash 0.18.3 itself, live, over schemas and records that hypothesis makes up."""

from collections import Counter

import numpy as np
import pytest
from clkhash.clk import generate_clks
from clkhash.schema import from_json_dict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import linkage as lk
from linkage import interop

pytestmark = pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")

LETTERS = st.characters(codec="utf-8")
TEXTS = st.one_of(
    st.sampled_from(["", " ", "Ann", "ANN", "o'neill", "Zoë", "李小明", "  x", "a\0b", "1 a", "aaaa", "𝔸b"]),
    st.text(LETTERS, max_size=12),
)
NUMBERS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(["+7", " 12 ", "1_000", "٣٤", "007", "-0", "10" * 12]),
)
DECIMALS = st.one_of(NUMBERS, st.floats(-1e6, 1e6).map(str), st.sampled_from(["2.5", "-0.5", "1e3", "0.125", "1e30"]))
DATES = {
    "%Y-%m-%d": ["2019-04-03", "1987-1-2", "0999-12-31", "2000-02-29", "2001-02-29", "2019-13-01", "1999-12-31 "],
    "%d/%m/%Y": ["03/04/2019", "3/4/2019", "29/02/2000", "31/04/1999", "0３/04/2019"],
    "%Y%m%d": ["20190403", "19991231", "2019043", "09990101"],
    "%d %b %y": ["03 Apr 19", "3 apr 99", "31 Dec 68"],
    "%m-%Y": ["04-2019", "4-2019"],
}
# made once: to make and check a strategy takes longer than to draw from it
YES = st.booleans()
WRITTEN = {written: st.sampled_from(dates) for written, dates in DATES.items()}
ENCODINGS = st.sampled_from(["ascii", "utf-8", "utf-16", "utf-32"])
SHAPES = st.sampled_from(["plain", "plain", "pattern", "limits"])
PATTERNS = st.sampled_from(["[A-Za-z' ]*", ".*", r"\w+", "a{1,4}|Ann"])
LIMITS = st.fixed_dictionaries({}, optional={
    "case": st.sampled_from(["upper", "lower", "mixed"]), "minLength": st.integers(0, 3),
    "maxLength": st.integers(1, 15)})  # fmt: skip
KINDS = st.sampled_from(["string", "string", "integer", "date", "enum"])
RANGES = st.fixed_dictionaries({}, optional={"minimum": st.just(-1000), "maximum": st.just(10**7)})
DATE_FORMATS = st.sampled_from(sorted(DATES))
ENUMS = st.lists(st.sampled_from(["M", "F", "U", "ü", "other one"]), min_size=1, unique=True)
COMPARISONS = st.sampled_from(["ngram", "ngram", "exact", "numeric"])
POSITIONAL = st.sampled_from([{}, {"positional": True}, {"positional": False}])
GRAMS, SMALL, DISTANCES = st.sampled_from([1, 2, 2, 3, 4, 5, 70]), st.integers(1, 6), [1, 5, 7.0, 0.5, 2.25, 1000]
DISTANCE, PRECISION = st.sampled_from(DISTANCES), st.integers(1, 3)
NAMES = st.sampled_from(["given name", "Über", "dob", "no"])
ONE_IN_SEVEN, ONE_IN_THREE = st.integers(0, 6), st.integers(0, 2)
STRATEGIES = st.one_of(
    st.fixed_dictionaries({"bitsPerToken": st.integers(1, 70)}),
    st.fixed_dictionaries({"bitsPerFeature": st.integers(1, 300)}))  # fmt: skip
HASHES = [{"type": "blakeHash"}, None, {"type": "doubleHash"}, {"type": "doubleHash", "prevent_singularity": True},
          {"type": "doubleHash", "prevent_singularity": False}]  # fmt: skip
HASH = {True: st.sampled_from(HASHES), False: st.sampled_from(HASHES[2:])}
SENTINELS, REPLACED = st.sampled_from(["", "N/A", "M", "0"]), st.sampled_from(["", "missing", "7", "ö"])
WIDTHS = {True: st.sampled_from([8, 64, 128, 1024, 2048]), False: st.sampled_from([8, 13, 100, 257, 1000, 1024])}
KDFS = st.fixed_dictionaries({}, optional={
    "hash": st.sampled_from(["SHA256", "SHA512"]), "salt": st.sampled_from(["", "c2FsdA==", "c2 Fs.dA=="]),
    "info": st.sampled_from(["", "aW5mbw=="]), "keySize": st.sampled_from([1, 16, 32, 64])})  # fmt: skip
FOLDS = st.fixed_dictionaries({}, optional={"xor_folds": st.integers(0, 2), "xorFolds": st.just(0)})
N_FEATURES, N_ROWS = st.integers(1, 4), st.sampled_from([1, 4, 8, 12])


@st.composite
def string_formats(draw):
    kind = {"type": "string"}
    if draw(YES):
        kind["encoding"] = draw(ENCODINGS)
    shape = draw(SHAPES)
    if shape == "pattern":
        kind["pattern"] = draw(PATTERNS)
    elif shape == "limits":
        kind |= draw(LIMITS)
    return kind, TEXTS


STRING_FORMATS = string_formats()


@st.composite
def formats(draw):
    kind = draw(KINDS)
    if kind == "string":
        return draw(STRING_FORMATS)
    if kind == "integer":
        return {"type": "integer", **draw(RANGES)}, NUMBERS
    if kind == "date":
        written = draw(DATE_FORMATS)
        return {"type": "date", "format": written}, WRITTEN[written]
    values = draw(ENUMS)
    return {"type": "enum", "values": values}, st.sampled_from(values)


@st.composite
def comparisons(draw):
    kind = draw(COMPARISONS)
    if kind == "ngram":
        return {"type": "ngram", "n": draw(GRAMS), **draw(POSITIONAL)}
    if kind == "exact":
        return {"type": "exact"}
    numeric = {"type": "numeric", "resolution": draw(SMALL), "thresholdDistance": draw(DISTANCE)}
    if numeric["thresholdDistance"] in (0.5, 2.25) or draw(YES):
        numeric["fractional_precision"] = draw(PRECISION)
    return numeric


FORMATS, COMPARED = formats(), comparisons()


@st.composite
def features(draw, place, *, blake):
    name = f"{draw(NAMES)} {place}"
    if draw(ONE_IN_SEVEN) == 0:
        return {"identifier": name, "ignored": True}, TEXTS
    kind, values = draw(FORMATS)
    comparison = draw(COMPARED)
    if comparison["type"] == "numeric" and kind["type"] == "string":
        kind, values = {"type": "string"}, DECIMALS
    hashing = {"comparison": comparison, "strategy": draw(STRATEGIES)}
    hash_kind = draw(HASH[blake])
    if hash_kind is not None:
        hashing["hash"] = hash_kind
    if draw(ONE_IN_THREE) == 0:
        missing = {"sentinel": draw(SENTINELS)}
        if draw(YES):
            missing["replaceWith"] = draw(REPLACED)
        hashing["missingValue"] = missing
        values = st.one_of(values, st.just(missing["sentinel"]))
    return {"identifier": name, "format": kind, "hashing": hashing}, values


@st.composite
def configs(draw, *, blake):
    return {"l": draw(WIDTHS[blake]), "kdf": {"type": "HKDF"} | draw(KDFS)} | draw(FOLDS)


@st.composite
def jobs(draw):
    """A schema of version 3, and rows for it, of which some break it."""
    blake = draw(YES)
    made = [draw(features(place, blake=blake)) for place in range(draw(N_FEATURES))]
    if all(feature.get("ignored") for feature, _ in made):
        made.append((_plain("x"), TEXTS))
    schema = {"version": 3, "clkConfig": draw(configs(blake=blake)), "features": [feature for feature, _ in made]}
    if not blake:
        for feature in schema["features"]:
            if "hashing" in feature:
                feature["hashing"].setdefault("hash", {"type": "doubleHash"})
    return schema, draw(tables([values for _, values in made]))


@st.composite
def tables(draw, columns):
    """Rows of a few values of each column, in turns: to draw every cell took most of the time."""
    drawn = [draw(st.lists(values, min_size=1, max_size=5)) for values in columns]
    return [[values[row % len(values)] for values in drawn] for row in range(draw(N_ROWS))]


def _plain(name):
    return {"identifier": name, "format": {"type": "string"},
            "hashing": {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerToken": 9},
                        "hash": {"type": "doubleHash"}}}  # fmt: skip


def theirs(schema, rows, secret, *, validate):
    """clkhash's CLKs as bytes, or None if it refuses a record."""
    # its own check of the schema takes most of the time, and has a test of its own below
    agreed = from_json_dict(schema, validate=False)
    try:
        return [clk.tobytes() for clk in generate_clks(rows, agreed, secret, validate=validate, max_workers=1)]
    except (ValueError, OverflowError):
        return None


def ours(agreed, rows, secret, *, validate):
    try:
        made = interop.encode_clkhash(rows, agreed, secret, validate=validate)
    except lk.RecordError:
        return None
    wide = np.ascontiguousarray(made.filters["record"]).view(np.uint8)[:, : -(-agreed.bits // 8)]
    return [row.tobytes() for row in wide]


def agree(schema, rows, secret=b"secret", *, validate=True):
    """Rows for which both give the same CLK, and rows that both refuse."""
    agreed = lk.Schema.from_clkhash(schema)
    expected = theirs(schema, rows, secret, validate=validate)
    assert ours(agreed, rows, secret, validate=validate) == expected
    if expected is not None:
        return len(rows), 0
    each = [(row, theirs(schema, [row], secret, validate=validate)) for row in rows]
    good = [row for row, made in each if made is not None]
    together = [clk for _, made in each if made is not None for clk in made]
    assert ours(agreed, good, secret, validate=validate) == together
    for row in {tuple(row) for row, made in each if made is None}:
        assert ours(agreed, [list(row)], secret, validate=validate) is None
    return len(good), len(rows) - len(good)


SECRETS = st.sampled_from(["horse staple", b"\x00\xffbytes", "ключ", ""])
LARGE = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def compared(strategy, **how):
    """Cases of the strategy held against clkhash: schemas, rows with the same CLK, rows that both refuse."""
    counted = Counter()

    @settings(**LARGE, **how)
    @given(strategy, SECRETS, st.booleans())
    def check(job, secret, validate):
        same, refused = agree(*job, secret, validate=validate)
        counted.update(schemas=1, same=same, refused=refused)

    check()
    return counted


def test_encode_clkhash__makes_the_bits_of_clkhash():
    counted = compared(jobs(), max_examples=1_500, derandomize=True)
    # a case is a schema with a row; so many schemas, and most of their rows not refused
    assert counted["schemas"] >= 1_500 and counted["same"] >= 4_000 and counted["refused"] >= 500


@st.composite
def old_schemas(draw):
    """Versions 1 and 2, which know n-grams only."""
    version = draw(st.sampled_from([1, 2]))
    made = []
    for place in range(draw(st.integers(1, 4))):
        kind, values = draw(FORMATS)
        hashing = {"ngram": draw(st.integers(1, 3))}
        hashing |= draw(st.fixed_dictionaries({}, optional={
            "positional": st.booleans(), "missingValue": st.just({"sentinel": "", "replaceWith": "x"})}))  # fmt: skip
        if version == 1:
            hashing |= draw(st.fixed_dictionaries({}, optional={"weight": st.sampled_from([0, 0.5, 1, 1.25, 2.5, 3])}))
        else:
            hashing["strategy"] = draw(st.sampled_from([{"k": 7}, {"numBits": 80}, {"k": 40}]))
            hashing["hash"] = draw(st.sampled_from([{"type": "doubleHash"}, {"type": "blakeHash"}]))
        made.append(({"identifier": f"f{place}", "format": kind, "hashing": hashing}, values))
    weightless = [feature["hashing"].get("weight") == 0 for feature, _ in made]
    if all(weightless):
        made[0][0]["hashing"]["weight"] = 1
    config = draw(configs(blake=True))
    if version == 1:
        config |= {"k": draw(st.integers(5, 30)),
                   "hash": draw(st.sampled_from([{"type": "blakeHash"}, {"type": "doubleHash"},
                                                 {"type": "doubleHash", "prevent_singularity": True}]))}  # fmt: skip
    schema = {"version": version, "clkConfig": config, "features": [feature for feature, _ in made]}
    return schema, draw(tables([values for _, values in made]))


@settings(**LARGE, max_examples=50, derandomize=True)
@given(st.one_of(jobs(), old_schemas()))
def test_schemas__made_up_here_are_what_clkhash_allows(job):
    from_json_dict(job[0], validate=True)


def test_encode_clkhash__makes_the_bits_of_clkhash_for_versions_1_and_2():
    counted = compared(old_schemas(), max_examples=500, derandomize=True)
    assert counted["schemas"] >= 500 and counted["same"] >= 1_000 and counted["refused"] >= 100


@pytest.mark.slow
def test_encode_clkhash__makes_the_bits_of_clkhash_in_other_cases_each_time():
    for strategy, schemas in ((jobs(), 5_000), (old_schemas(), 1_500)):
        counted = compared(strategy, max_examples=schemas, database=None, print_blob=True)
        assert counted["schemas"] >= schemas


@pytest.mark.parametrize("kernel", ["portable", ""])
def test_encode_clkhash__parts_and_repeats_change_nothing(monkeypatch, kernel):
    # many records, few distinct values, and every limit so low that all the cutting happens
    from linkage.agency.kernels import portable
    from linkage.interop import encode, filters

    monkeypatch.setenv("LINKAGE_KERNEL", kernel)
    schema = {"version": 3, "clkConfig": {"l": 256, "kdf": {"type": "HKDF"}}, "features": [_plain("a"), _plain("b")]}
    rng = np.random.default_rng(5)
    rows = [["".join(rng.choice(list("abc "), rng.integers(0, 30))), str(rng.integers(40))] for _ in range(3_000)]
    expected = theirs(schema, rows, "s", validate=True)
    agreed = lk.Schema.from_clkhash(schema)
    assert ours(agreed, rows, "s", validate=True) == expected
    monkeypatch.setattr(encode, "_FEWEST_ROWS", 700)
    monkeypatch.setattr(encode, "_BYTES_AT_ONCE", 1)
    monkeypatch.setattr(encode, "_MOST_TEXT", 1 << 14)
    monkeypatch.setattr(filters, "_BITS_AT_ONCE", 1 << 12)
    monkeypatch.setattr(filters, "_ROW_BYTES_AT_ONCE", 1 << 10)
    monkeypatch.setattr(portable, "_BLOCK_BYTES", 200)
    assert ours(agreed, rows, "s", validate=True) == expected
