"""The CLKs of clkhash 0.18.3 itself, live, over schemas and records that hypothesis makes up."""

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


@st.composite
def string_formats(draw):
    kind = {"type": "string"}
    if draw(st.booleans()):
        kind["encoding"] = draw(st.sampled_from(["ascii", "utf-8", "utf-16", "utf-32"]))
    shape = draw(st.sampled_from(["plain", "plain", "pattern", "limits"]))
    if shape == "pattern":
        kind["pattern"] = draw(st.sampled_from(["[A-Za-z' ]*", ".*", r"\w+", "a{1,4}|Ann"]))
    elif shape == "limits":
        kind |= draw(st.fixed_dictionaries({}, optional={
            "case": st.sampled_from(["upper", "lower", "mixed"]), "minLength": st.integers(0, 3),
            "maxLength": st.integers(1, 15)}))  # fmt: skip
    return kind, TEXTS


@st.composite
def formats(draw):
    kind = draw(st.sampled_from(["string", "string", "integer", "date", "enum"]))
    if kind == "string":
        return draw(string_formats())
    if kind == "integer":
        limits = draw(st.fixed_dictionaries({}, optional={"minimum": st.just(-1000), "maximum": st.just(10**7)}))
        return {"type": "integer", **limits}, NUMBERS
    if kind == "date":
        written = draw(st.sampled_from(sorted(DATES)))
        return {"type": "date", "format": written}, st.sampled_from(DATES[written])
    values = draw(st.lists(st.sampled_from(["M", "F", "U", "ü", "other one"]), min_size=1, unique=True))
    return {"type": "enum", "values": values}, st.sampled_from(values)


@st.composite
def comparisons(draw):
    kind = draw(st.sampled_from(["ngram", "ngram", "exact", "numeric"]))
    if kind == "ngram":
        positional = draw(st.sampled_from([{}, {"positional": True}, {"positional": False}]))
        return {"type": "ngram", "n": draw(st.integers(1, 5)), **positional}
    if kind == "exact":
        return {"type": "exact"}
    numeric = {"type": "numeric", "resolution": draw(st.integers(1, 6)),
               "thresholdDistance": draw(st.sampled_from([1, 5, 7.0, 0.5, 2.25, 1000]))}  # fmt: skip
    if numeric["thresholdDistance"] in (0.5, 2.25) or draw(st.booleans()):
        numeric["fractional_precision"] = draw(st.integers(1, 3))
    return numeric


@st.composite
def features(draw, place, *, blake):
    name = f"{draw(st.sampled_from(['given name', 'Über', 'dob', 'no']))} {place}"
    if draw(st.integers(0, 6)) == 0:
        return {"identifier": name, "ignored": True}, TEXTS
    kind, values = draw(formats())
    comparison = draw(comparisons())
    if comparison["type"] == "numeric" and kind["type"] == "string":
        kind, values = {"type": "string"}, DECIMALS
    hashing = {"comparison": comparison, "strategy": draw(st.one_of(
        st.fixed_dictionaries({"bitsPerToken": st.integers(1, 70)}),
        st.fixed_dictionaries({"bitsPerFeature": st.integers(1, 300)})))}  # fmt: skip
    hash_kind = draw(st.sampled_from([
        {"type": "blakeHash"}, None, {"type": "doubleHash"}, {"type": "doubleHash", "prevent_singularity": True},
        {"type": "doubleHash", "prevent_singularity": False}][0 if blake else 2 :]))  # fmt: skip
    if hash_kind is not None:
        hashing["hash"] = hash_kind
    if draw(st.integers(0, 2)) == 0:
        missing = {"sentinel": draw(st.sampled_from(["", "N/A", "M", "0"]))}
        if draw(st.booleans()):
            missing["replaceWith"] = draw(st.sampled_from(["", "missing", "7", "ö"]))
        hashing["missingValue"] = missing
        values = st.one_of(values, st.just(missing["sentinel"]))
    return {"identifier": name, "format": kind, "hashing": hashing}, values


@st.composite
def configs(draw, *, blake):
    length = st.sampled_from([8, 64, 128, 1024, 2048] if blake else [8, 13, 100, 257, 1000, 1024])
    kdf = {"type": "HKDF"} | draw(st.fixed_dictionaries({}, optional={
        "hash": st.sampled_from(["SHA256", "SHA512"]), "salt": st.sampled_from(["", "c2FsdA==", "c2 Fs.dA=="]),
        "info": st.sampled_from(["", "aW5mbw=="]), "keySize": st.sampled_from([1, 16, 32, 64])}))  # fmt: skip
    return {"l": draw(length), "kdf": kdf} | draw(
        st.fixed_dictionaries({}, optional={"xor_folds": st.integers(0, 2), "xorFolds": st.just(0)})
    )


@st.composite
def jobs(draw):
    """A schema of version 3, and rows for it, of which some break it."""
    blake = draw(st.booleans())
    made = [draw(features(place, blake=blake)) for place in range(draw(st.integers(1, 4)))]
    if all(feature.get("ignored") for feature, _ in made):
        made.append((_plain("x"), TEXTS))
    schema = {"version": 3, "clkConfig": draw(configs(blake=blake)), "features": [feature for feature, _ in made]}
    if not blake:
        for feature in schema["features"]:
            if "hashing" in feature:
                feature["hashing"].setdefault("hash", {"type": "doubleHash"})
    rows = draw(st.lists(st.tuples(*(values for _, values in made)), min_size=1, max_size=12))
    return schema, [list(row) for row in rows]


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


def ours(schema, rows, secret, *, validate):
    agreed = lk.Schema.from_clkhash(schema)
    try:
        made = interop.encode_clkhash(rows, agreed, secret, validate=validate)
    except lk.RecordError:
        return None
    wide = np.ascontiguousarray(made.filters["record"]).view(np.uint8)[:, : -(-agreed.bits // 8)]
    return [row.tobytes() for row in wide]


def agree(schema, rows, secret=b"secret", *, validate=True):
    expected = theirs(schema, rows, secret, validate=validate)
    if expected is not None or len(rows) == 1:
        assert ours(schema, rows, secret, validate=validate) == expected
        return 1 if expected is None else len(rows)
    assert ours(schema, rows, secret, validate=validate) is None
    return sum(agree(schema, [row], secret, validate=validate) for row in rows)  # which of them it was


@settings(max_examples=650, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(jobs(), st.sampled_from(["horse staple", b"\x00\xffbytes", "ключ"]), st.booleans())
def test_encode_clkhash__makes_the_bits_of_clkhash(job, secret, validate):
    schema, rows = job
    agree(schema, rows, secret, validate=validate)


@st.composite
def old_schemas(draw):
    """Versions 1 and 2, which know n-grams only."""
    version = draw(st.sampled_from([1, 2]))
    made = []
    for place in range(draw(st.integers(1, 4))):
        kind, values = draw(formats())
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
    rows = draw(st.lists(st.tuples(*(values for _, values in made)), min_size=1, max_size=8))
    schema = {"version": version, "clkConfig": config, "features": [feature for feature, _ in made]}
    return schema, [list(row) for row in rows]


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.one_of(jobs(), old_schemas()))
def test_schemas__made_up_here_are_what_clkhash_allows(job):
    from_json_dict(job[0], validate=True)


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(old_schemas())
def test_encode_clkhash__makes_the_bits_of_clkhash_for_versions_1_and_2(job):
    agree(*job)


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
    assert ours(schema, rows, "s", validate=True) == expected
    monkeypatch.setattr(encode, "_FEWEST_ROWS", 700)
    monkeypatch.setattr(encode, "_BYTES_AT_ONCE", 1)
    monkeypatch.setattr(encode, "_MOST_TEXT", 1 << 14)
    monkeypatch.setattr(filters, "_BITS_AT_ONCE", 1 << 12)
    monkeypatch.setattr(filters, "_ROW_BYTES_AT_ONCE", 1 << 10)
    monkeypatch.setattr(portable, "_BLOCK_BYTES", 200)
    assert ours(schema, rows, "s", validate=True) == expected
