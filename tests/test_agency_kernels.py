"""The agency's kernels: both make what plain code makes, bit for bit, and take nothing that does not fit."""

import dataclasses
import hashlib
import hmac
import platform
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage import Field, Key, LinkageWarning, Schema
from linkage.agency import kernels, tables
from linkage.agency.columns import FieldColumn
from linkage.agency.kernels import choice, portable
from linkage.agency.kernels.compiled import Compiled, octets
from linkage.agency.normalise import cleaner
from linkage.agency.plain import plain_values
from linkage.agency.recordids import hex_ids, record_ids
from linkage.agency.textarrays import buffers
from linkage.fieldtypes import FIELD_TYPES
from tests import naive

EXTENSION = choice.CHOICE.extension()
IMPLEMENTATIONS = [portable, *(Compiled(EXTENSION, level) for level in (EXTENSION.levels() if EXTENSION else []))]
EVERY = pytest.mark.parametrize("kernel", IMPLEMENTATIONS, ids=lambda kernel: getattr(kernel, "level", "portable"))
BOTH = pytest.mark.parametrize("kernel", IMPLEMENTATIONS[:2], ids=lambda kernel: getattr(kernel, "level", "portable"))
COMPILED = pytest.mark.skipif(EXTENSION is None, reason="the compiled kernel is not built")

SECRET = bytes(range(64))
KEY = Key(bytes.fromhex("a1f3095c7be24d886f10c9d2b4e7365a2b91d05f4c83e61a77fe0d3498bc5216"))
FIELDS = [
    Field(name="f", type=kind, tokens=tokens) for kind, of_type in FIELD_TYPES.items() for tokens in of_type.tokens
] + [
    *(Field(name="f", type="name", q=q) for q in (1, 3, 8)),
    Field(name="f", type="name", clean=("case",)),
    Field(name="f", type="name", placeholders=("Nobody", "ann")),
    Field(name="f", type="text", clean=("diacritics", "case", "punctuation", "titles", "particles")),
    Field(name="f", type="date", day_first=False),
    Field(name="f", type="date", placeholders=("2019-04-03",)),
    Field(name="f", type="identifier", scheme="nhs"),
    Field(name="f", type="number", reach=1, step=0.5),
    Field(name="f", type="category", codes="sex"),
]
OF_FIELDS = pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.type} {field.tokens} q={field.q}")
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WORD = st.sampled_from(sorted(
    {"ann", "o'brien", "ANN", "Smith-Jones", "x", "b", "o", "'", "-", " "} | tables.UNKNOWN | tables.UNNAMED
    | tables.TITLES | tables.UNNAMED_FIRST_WORDS | tables.PARTICLES | tables.SUFFIXES | tables.NO_ADDRESS
))  # fmt: skip
CODE = st.sampled_from(sorted({"ZZ99 3VZ", "SW1A 1AA", "NFA", "9434765919", "943 476 5919", "0000000000"}
                              | tables.NO_POSTCODE | tables.NO_IDENTIFIER))  # fmt: skip
CELLS = st.one_of(
    st.none(),
    ANY_TEXT,
    st.lists(WORD, min_size=1, max_size=3).map(" ".join),
    st.lists(WORD, min_size=2, max_size=2).map("-".join),
    st.text("ABMZOIl019 -'", max_size=9),
    st.from_regex(r"[A-Za-z]{1,2}[0-9OI][0-9A-Z]? ?[0-9OI][A-Z01]{2}", fullmatch=True),
    st.from_regex(r"(18|19|20|21)[0-9]{2}-[01][0-9]-[0-3][0-9]", fullmatch=True),
    st.from_regex(r"[0-3][0-9][/.-][01][0-9][/.-](18|19|20)[0-9]{2}", fullmatch=True),
    st.sampled_from([f"{year:04}-{month:02}-{day:02}" for year, month, day in sorted(tables.NO_DATE)]),
    CODE,
    st.integers(-(2**60), 2**60).map(str),
    st.sampled_from(["", " ", "41.2", "m", "Male", "9", "x" * 1_000, "x" * 1_001, "-" * 999 + "ab", "9" * 1_001,
                     "Ann\n", "2019-04-03\n", "SW1A 1AA\n", "\x1f", "é" * 999]),
)  # fmt: skip


def texts_of(items) -> pa.StringArray:
    return pa.array(items, pa.string())


def column(field: Field, bits: int = 200, room: int = 1 << 30) -> FieldColumn:
    return FieldColumn(field, lambda: kernels.rows(field, bits, SECRET), -(-bits // 64), room=room)


def as_plain(texts, field: Field, bits: int = 200) -> list[bytes]:
    schema = Schema(project="kernels", fields=(field,), layout="record", bits=bits)
    return [naive.encoded_filter({field.name: text}, schema, schema.filters[0], lambda _: SECRET) for text in texts]


def decided(field: Field, hashes: int = 0) -> Field:
    """With positions that a value shares out among its tokens, or so many for each of them."""
    field = dataclasses.replace(field, hashes=hashes)
    return Schema(project="kernels", fields=(field,), layout="record", bits=200).fields[0]


# ---- columns of fields ------------------------------------------------------------------------------------------


@pytest.fixture(params=["portable", ""])
def forced(request, monkeypatch):
    """Either implementation, as a user chooses it."""
    if not request.param and EXTENSION is None:
        pytest.skip("the compiled kernel is not built")
    monkeypatch.setenv("LINKAGE_KERNEL", request.param)


@OF_FIELDS
@settings(deadline=None, max_examples=60)
@given(st.lists(CELLS, max_size=12), st.sampled_from(["portable", ""]), st.sampled_from([0, 7]))
def test_column__gives_each_row_what_it_would_get_alone(field, texts, forced, hashes):
    field = decided(field, hashes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINKAGE_KERNEL", forced)
        made = column(field).coded(texts_of(texts))
    missing = made.is_missing()
    assert missing.tolist() == [tokens is None for tokens in naive.tokens_of_rows(texts, field)]
    assert made.problems == naive.problems_of_rows(texts, field)
    rows = [made.filters[number].tobytes() if number >= 0 else bytes(32) for number in made.text]
    assert rows == as_plain(texts, field)


@OF_FIELDS
@settings(deadline=None, max_examples=60)
@given(st.lists(CELLS.filter(lambda text: text is not None), min_size=1, max_size=20))
def test_plain_values__are_cleaned_as_one_by_one(field, texts):
    found = plain_values(texts_of(texts), field)
    if found is not None:
        for text, value, done, odd in zip(texts, found.values.to_pylist(), found.done, found.odd, strict=True):
            if done:
                assert (value, "not a UK postcode" if odd else "") == cleaner(field)(text)
            else:
                assert not odd


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("name", ["Ann", "O'Brien", "Smith-Jones", "Mary Ann", "AB"]),
        ("date", ["2019-04-03", "03/04/2019", "29.02.2001"]),
        ("postcode", ["SW1A 1AA", "m1 1ae", "HD17 9ASP"]),
        ("identifier", ["943 476 5919", "12"]),
    ],
)
def test_plain_values__take_what_most_tables_hold(kind, texts):
    found = plain_values(texts_of(texts), Field(name="f", type=kind))
    assert found is not None
    assert found.done.all()


def test_column__takes_nothing_and_slices(forced):
    field = decided(Field(name="f", type="name"))
    for texts in ([], [None], [None, None], [""], ["", None, " "]):
        made = column(field).coded(texts_of(texts))
        assert made.is_missing().tolist() == [True] * len(texts)
        assert made.problems == {}
    texts = ["Ann", None, "Bo", "Ann", "Cy", None]
    made = column(field).coded(texts_of(texts).slice(2, 3))
    assert [made.filters[number].tobytes() for number in made.text] == as_plain(texts[2:5], field)


@pytest.mark.parametrize("room", [1 << 30, 1])
def test_column__knows_more_with_each_batch_and_forgets_what_has_no_room(forced, room):
    field = decided(Field(name="f", type="identifier"))
    known, expected = column(field, room=room), {}
    for start in range(0, 30_000, 6_000):
        texts = [f"{row % 17_000:010}" for row in range(start, start + 6_000)]
        made = known.coded(texts_of(texts))
        for text, number in zip(texts, made.text, strict=True):
            row = made.filters[number].tobytes()
            assert expected.setdefault(text, row) == row
    some = sorted(expected)[::1_000]
    assert [expected[text] for text in some] == as_plain(some, field)


def test_column__is_the_same_for_several_threads(forced):
    field = decided(Field(name="f", type="name"))
    known, made = column(field, room=1 << 16), {}

    def work(number: int) -> None:
        texts = [f"name {chr(97 + row % 26)}{chr(97 + (row + number) % 23)}" for row in range(4_000)]
        coded = known.coded(texts_of(texts))
        made[number] = texts, [coded.filters[place].tobytes() for place in coded.text]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = {}
    for texts, found in made.values():
        for text, row in zip(texts, found, strict=True):
            assert rows.setdefault(text, row) == row
    assert list(rows.values()) == as_plain(rows, field)


def test_column__does_not_show_its_secret():
    assert repr(column(FIELDS[0])) == "FieldColumn('f')"


# ---- record ids -------------------------------------------------------------------------------------------------


@EVERY
@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.one_of(ANY_TEXT, st.integers(0, 400).map(lambda size: "n" * size)), max_size=40),
    st.binary(max_size=200),
    st.binary(max_size=64),
)
def test_record_ids__are_hmac_of_prefix_length_and_id(kernel, ids, prefix, secret):
    expected = [
        hmac.digest(secret, prefix + len(text.encode()).to_bytes(8, "big") + text.encode(), hashlib.sha256)[:16]
        for text in ids
    ]
    assert [row.tobytes() for row in kernel.record_ids(texts_of(ids), secret, prefix)] == expected


def test_record_ids__name_the_row_without_an_id(forced):
    for blank in (None, "", " ", "\t", "\x1f", "\u2003", "\u00a0"):
        for texts in (["a", blank], ["a", blank, "b"], ["x", "é", "\u200b", "a", blank]):
            with pytest.raises(ValueError, match=f"row {9 + texts.index(blank)}, column 'no'"):
                record_ids(texts_of(texts), SECRET[:32], source="s", column="no", first_row=9)
    with pytest.raises(ValueError, match="row 1,"):
        record_ids(texts_of([None]), SECRET[:32], source="s", column="no", first_row=1)
    made = record_ids(texts_of(["\u200b", "é", " a"]).slice(1), SECRET[:32], source="s", column="no", first_row=1)
    assert hex_ids(made.view(">u8")).to_pylist() == [naive.record_id(SECRET[:32], "s", text) for text in ("é", " a")]


# ---- the rest of the contract, and what it refuses --------------------------------------------------------------


@BOTH
@settings(deadline=None)
@given(st.lists(st.lists(st.one_of(st.none(), st.text("ab\0é", max_size=20)), max_size=40), max_size=4))
def test_texts__are_numbered_as_they_come(kernel, batches):
    known, numbers = kernel.texts(), {}
    for batch in batches:
        before = len(numbers)
        for text in batch:
            if text is not None:
                numbers.setdefault(text, len(numbers))
        codes, fresh = known.numbered(texts_of(batch))
        assert codes.tolist() == [-1 if text is None else numbers[text] for text in batch]
        assert fresh.to_pylist() == list(numbers)[before:]


@BOTH
@pytest.mark.parametrize("step", [1, 7, 400])
def test_rows__of_dates_set_every_copy_of_a_part_while_the_tokens_outgrow_their_store(kernel, step):
    field = decided(Field(name="f", type="date"))
    days = [f"{year}-{1 + year % 12:02}-{1 + year % 28:02}" for year in range(1850, 2101)]
    made, known = [], kernel.rows(field, 200, SECRET)
    for start in range(0, len(days), step):
        made += [row.tobytes() for row in known.of(texts_of(days[start : start + step]))]
    assert made == as_plain(days, field)


@BOTH
@settings(deadline=None)
@given(st.integers(0, 9), st.integers(1, 70), st.sampled_from([1, 3, 8, 12, 32]), st.integers(0, 5), st.randoms())
def test_or_rows__join_what_each_part_has(kernel, n, n_parts, width, offset, random):
    parts, expected = [], np.zeros((n, width), dtype=np.uint8)
    for _ in range(n_parts):
        rows = np.frombuffer(random.randbytes(5 * width), dtype=np.uint8).reshape(5, width)
        index = np.array([random.randrange(-1, 5) for _ in range(random.randint(0, n))], dtype=np.int32)
        for row, place in enumerate(index):
            expected[row] |= rows[place] if place >= 0 else 0
        parts.append((rows, index))
    out = np.full((n, width + 7), 85, dtype=np.uint8)
    kernel.or_rows(parts, out, offset)
    assert np.array_equal(out[:, offset : offset + width], expected)
    assert (np.delete(out, np.s_[offset : offset + width], axis=1) == 85).all()


@BOTH
@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 6), max_size=9), max_size=20), st.integers(1, 5))
def test_or_lists__join_the_rows_of_each_list(kernel, lists, n_words):
    rows = np.random.default_rng(len(lists)).integers(0, 2**64, (7, n_words), dtype=np.uint64)
    first = np.concatenate([[0], np.cumsum([len(items) for items in lists], dtype=np.int64)]).astype(np.int64)
    items = np.array([item for items in lists for item in items], dtype=np.int64)
    found = kernel.or_lists(rows, items, first)
    assert [row.tolist() for row in found] == [
        np.bitwise_or.reduce(rows[items], axis=0, initial=0).tolist() if items else [0] * n_words for items in lists
    ]


def voters(draw, n_records: int, lengths, most: int, lines: int, n_tokens: int = 40):
    """A field as `majorities` takes it: values of so many tokens, in records some of which have none.

    Their tokens vote up to ``most`` times.
    """
    ends = np.cumsum([0, *lengths])
    flat = draw.integers(1, n_tokens, int(ends[-1]), dtype=np.int32)
    votes = draw.integers(0, 2**64, (lines, n_tokens, 8), dtype=np.uint64)
    votes[:, 0] = 0
    each = draw.integers(1, most, len(lengths), endpoint=True)
    spans = np.stack([ends[:-1], ends[1:], each], axis=1).astype(np.uint64)
    return spans, draw.integers(-1, len(lengths), n_records, dtype=np.int32), flat, votes


@EVERY
@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(1, 40)), max_size=3),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(0, 30),
)
def test_majorities__are_those_that_counting_each_bit_gives(kernel, given_fields, functions, lines, n_records):
    draw = np.random.default_rng(7)
    fields = [voters(draw, n_records, lengths, most, functions * lines) for lengths, most in given_fields]
    ties = draw.integers(0, 2**64, functions * lines * 8, dtype=np.uint64)
    out = np.full((n_records, lines * 8), 5, dtype=np.uint64)
    kernel.majorities(fields, ties, out)
    assert np.array_equal(out, naive.majorities(fields, ties, n_records, functions))


@EVERY
def test_majorities__of_more_records_than_are_met_together(kernel):
    draw = np.random.default_rng(8)
    fields = [voters(draw, 2_100, (3, 0, 9, 20), 5, 1), voters(draw, 2_100, (1, 2), 2, 1)]
    ties = draw.integers(0, 2**64, 8, dtype=np.uint64)
    out = np.empty((2_100, 8), dtype=np.uint64)
    kernel.majorities(fields, ties, out)
    assert np.array_equal(out[1_000:1_100], naive.majorities(part(fields, 1_000, 1_100), ties, 100, 1))
    assert np.array_equal(out[2_000:], naive.majorities(part(fields, 2_000, 2_100), ties, 100, 1))


def part(fields, start: int, stop: int):
    return [(spans, text[start:stop], *rest) for spans, text, *rest in fields]


@BOTH
@given(st.lists(st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 2**64 - 1, 0x9A0F, 1 << 63])), max_size=9))
def test_hex_digits__are_pythons(kernel, numbers):
    made = kernel.hex_digits(np.array(numbers, dtype=np.uint64))
    assert made.dtype == np.uint8
    assert made.tobytes().decode() == "".join(f"{number:016x}" for number in numbers)


@BOTH
def test_gather__takes_some_bytes_of_rows_of_several_blocks(kernel):
    draw = np.random.default_rng(3)
    given = [draw.integers(0, 256, (n, 13), dtype=np.uint8) for n in (4, 0, 7)]
    blocks = np.array([2, 0, 0, 2, 2], dtype=np.int32)
    rows = np.array([6, 3, 0, 0, 1], dtype=np.int32)
    outs = [
        (place, np.zeros((5, width), dtype=np.uint8)) for place, width in ((4, 6), (0, 1), (13, 0), *[(12, 1)] * 70)
    ]
    kernel.gather(given, blocks, rows, outs)
    whole = np.array([given[block][row] for block, row in zip(blocks, rows, strict=True)])
    for offset, out in outs:
        assert np.array_equal(out, whole[:, offset : offset + out.shape[1]])


@COMPILED
def test_compiled__refuses_what_does_not_fit():
    """Every array is checked before it is read: a wrong one is an exception, never a crash."""
    offsets, data = buffers(texts_of(["ab", "c"]))
    out, ids = np.zeros((2, 8), dtype=np.uint8), np.zeros((2, 16), dtype=np.uint8)
    index = np.zeros(2, dtype=np.int32)
    store = (np.full(8, -1, dtype=np.int64), np.zeros(4, np.uint64), np.zeros(5, np.int64), np.zeros(9, np.uint8), 0, 1)
    positions = np.zeros((4, 3), dtype=np.uint32)
    level = EXTENSION.levels()[0]

    def changed(place, value):
        return (*store[:place], value, *store[place + 1 :])

    def tokens(*, kind=1, number=2, bits=64, key=SECRET, store=store, positions=positions, out=out):
        EXTENSION.set_tokens(offsets, data, 0, kind, number, bits, key, store, positions, out)

    def texts(*, offsets=offsets, data=data, valid=data[:0], row=0, store=store, out=index):
        EXTENSION.number_texts(offsets, data, valid, row, store, out)

    wrong = [
        lambda: EXTENSION.record_ids("none", b"", b"", offsets, data, ids),
        lambda: EXTENSION.record_ids(level, bytes(65), b"", offsets, data, ids),
        lambda: EXTENSION.record_ids(level, b"", b"", offsets, data, ids[:1]),
        lambda: EXTENSION.record_ids(level, b"", b"", offsets[::-1].copy(), data, ids),
        lambda: EXTENSION.record_ids(level, b"", b"", offsets + 9, data, ids),
        lambda: EXTENSION.record_ids(level, b"", b"", offsets.astype(np.int64), data, ids),
        lambda: texts(offsets=offsets[:0]),
        lambda: texts(out=index[:1]),
        lambda: texts(row=-1),
        lambda: texts(valid=data[:1]),
        lambda: texts(store=store[:3]),
        lambda: texts(store=changed(0, store[0][:7])),
        lambda: texts(store=changed(0, np.zeros(8, np.int64))),
        lambda: texts(store=changed(0, np.array([5, *[-1] * 7], dtype=np.int64))),
        lambda: texts(store=changed(2, store[2][:4])),
        lambda: texts(store=changed(2, np.full(5, 99, dtype=np.int64))),
        lambda: texts(store=changed(4, 9)),
        lambda: texts(store=(*store[:2], np.array([0, 2**63 - 1, -(2**63), 0, 0]), store[3], 4, 1)),
        lambda: texts(store=(*store[:2], np.array([0, 3, 2, 4, 4]), store[3], 4, 1)),
        lambda: texts(store=(*store[:2], np.array([0, 0, 0, 0, 10]), store[3], 4, 1)),
        lambda: texts(store=(*store[:2], np.array([-1, 0, 0, 0, 0]), store[3], 4, 1)),
        lambda: tokens(key=SECRET[:63]),
        lambda: tokens(bits=65),
        lambda: tokens(bits=0),
        lambda: tokens(number=0),
        lambda: tokens(kind=9),
        lambda: tokens(kind=3),  # "ab" is no date
        lambda: tokens(kind=4),  # nor a postcode: small letters
        lambda: tokens(kind=5),  # nor a number
        lambda: tokens(positions=positions[:3]),
        lambda: tokens(positions=np.zeros((4, 257), dtype=np.uint32)),
        lambda: tokens(store=changed(4, 1), positions=positions + 64),
        lambda: tokens(out=out[:1]),
        lambda: EXTENSION.place(store[1], 5, store[0]),
        lambda: EXTENSION.place(store[1], 4, np.zeros(4, np.int64)),
        lambda: EXTENSION.or_rows([(out, index + 2)], out, 0, 8, False),
        lambda: EXTENSION.or_rows([(out, index - 2)], out, 0, 8, False),
        lambda: EXTENSION.or_rows([(out, index)], out, 1, 8, False),
        lambda: EXTENSION.or_rows([(out[:, :4].copy(), index)], out, 0, 8, False),
        lambda: EXTENSION.or_rows([(out, index)] * 65, out, 0, 8, False),
        lambda: EXTENSION.or_rows([out], out, 0, 8, False),
        lambda: EXTENSION.or_rows((), out, 0, 8, False),
        lambda: EXTENSION.gather([out], index + 1, index, [(0, out)]),
        lambda: EXTENSION.gather([out], index, index + 2, [(0, out)]),
        lambda: EXTENSION.gather([out], index, index - 1, [(0, out)]),
        lambda: EXTENSION.gather([out], index, index, [(1, out)]),
        lambda: EXTENSION.gather([out], index, index, [(-1, out)]),
        lambda: EXTENSION.gather([out], index, index, [(0, out[:1])]),
        lambda: EXTENSION.gather([out], index, index, [(0, out)] * 65),
        lambda: EXTENSION.gather([out], index, index, [out]),
        lambda: EXTENSION.gather([out], index, index, ((0, out),)),
        lambda: EXTENSION.gather([out, ids], index, index, [(0, out)]),
        lambda: EXTENSION.gather([out], index[:1], index, [(0, out)]),
        lambda: EXTENSION.gather([], index, index, [(0, out)]),
        lambda: EXTENSION.hex_digits(np.zeros(2, np.uint64), np.zeros(31, np.uint8)),
        lambda: EXTENSION.hex_digits(np.zeros(2, np.uint64), np.zeros(33, np.uint8)),
        lambda: EXTENSION.hex_digits(np.zeros(2, np.uint64), np.zeros(16, np.uint8)),
        lambda: EXTENSION.hex_digits(np.zeros(2, np.int64), np.zeros(32, np.uint8)),
        lambda: EXTENSION.or_lists(out, np.array([2]), np.array([0, 1]), out[:1]),
        lambda: EXTENSION.or_lists(out, np.array([0]), np.array([0, 2]), out[:1]),
        lambda: EXTENSION.or_lists(out, np.array([0]), np.array([1, 0]), out[:1]),
        lambda: EXTENSION.or_lists(out, np.array([0]), np.array([0, 1]), ids[:1]),
        *refused_majorities(),
    ]
    for number, call in enumerate(wrong):
        try:
            call()
        except (ValueError, TypeError):
            continue
        pytest.fail(f"call {number} was not refused")


def refused_majorities():
    """A call of `majorities` for each thing that could be wrong with it."""
    spans, text, flat, votes = voters(np.random.default_rng(1), 3, (2, 1), 1, 1, n_tokens=4)
    text[:] = (0, 1, 0)
    votes = votes.reshape(1, -1)
    good = {"spans": spans, "text": text, "flat": flat, "votes": votes}
    ties, out = np.zeros(8, np.uint64), np.zeros((3, 8), np.uint64)

    def call(level="single", ties=ties, out=out, fields=1, **changed):
        return lambda: EXTENSION.majorities(level, [tuple((good | changed).values())] * fields, ties, out)

    call()()
    return [
        call("wide"),
        call(ties=np.zeros(12, np.uint64)),
        call(ties=np.zeros(16, np.uint64)),
        call(out=np.zeros((3, 7), np.uint64)),
        call(out=np.zeros((2, 8), np.uint64)),
        call(fields=65),
        call(spans=spans[:1]),
        call(spans=np.ascontiguousarray(spans[:, :1])),
        call(spans=np.ascontiguousarray(spans[:, :2])),
        call(spans=np.ascontiguousarray(spans[:, [1, 0, 2]])),
        call(spans=spans * np.array([1, 1, 0], np.uint64)),
        call(spans=spans * np.array([1, 1, 65_536], np.uint64)),
        call(spans=spans + np.uint64(9)),
        call(text=text - 3),
        call(text=text[:2]),
        call(flat=flat + 9),
        call(flat=flat - 9),
        call(votes=votes[:, :-1].copy()),
        call(votes=np.zeros((2, 32), np.uint64)),
    ]


@COMPILED
def test_compiled__widths_of_registers_end_with_one_that_every_processor_has():
    assert EXTENSION.levels()[-1] == "single"
    assert kernels.available()[-1] == "portable"


def test_octets__are_the_rows_in_memory():
    rows = np.arange(6, dtype=np.uint64).reshape(3, 2)
    assert octets(rows).shape == (3, 16)
    assert octets(rows[:, :1]).shape == (3, 8)
    assert np.shares_memory(octets(rows), rows)


# ---- which one runs ---------------------------------------------------------------------------------------------


def test_choice__follows_the_variable(monkeypatch):
    monkeypatch.setenv("LINKAGE_KERNEL", "portable")
    assert not kernels.is_compiled()
    assert kernels.name() == "portable (NumPy and hashlib)"
    if EXTENSION is not None:
        monkeypatch.setenv("LINKAGE_KERNEL", "generic")
        assert kernels.name() == "compiled (generic)"
        monkeypatch.setenv("LINKAGE_KERNEL", "popcnt")  # of comparison only
        assert kernels.is_compiled()


@COMPILED
@pytest.mark.parametrize("level", EXTENSION.levels() if EXTENSION else [])
def test_choice__of_any_level_can_be_forced_and_encodes_alike(level, monkeypatch):
    monkeypatch.setenv("LINKAGE_KERNEL", level)
    assert kernels.name() == f"compiled ({level})"
    assert level in kernels.available()
    ids = texts_of(["a", "", "n" * 300, "é"])
    expected = portable.record_ids(ids, SECRET, b"source")
    assert np.array_equal(kernels.record_ids(ids, SECRET, b"source"), expected)


@COMPILED
@pytest.mark.skipif(platform.machine() != "x86_64" or not Path("/proc/cpuinfo").exists(), reason="asks Linux on x86")
def test_choice__has_the_instructions_for_sha_where_the_processor_has():
    assert ("sha_ni" in EXTENSION.levels()) == (" sha_ni " in Path("/proc/cpuinfo").read_text())


def test_choice__says_once_that_the_compiled_kernel_is_missing(monkeypatch):
    monkeypatch.setattr(choice.CHOICE, "extension", lambda: None)
    monkeypatch.setattr(choice.CHOICE, "_made", {})
    monkeypatch.delenv("LINKAGE_KERNEL", raising=False)
    with pytest.warns(LinkageWarning, match="compiled kernel is missing.*encoding"):
        assert choice.chosen() is portable
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choice.chosen() is portable
        monkeypatch.setenv("LINKAGE_KERNEL", "portable")
        assert choice.chosen() is portable


def test_import__of_linkage_loads_no_compiled_kernel_of_the_agency():
    check = "import sys, linkage; sys.exit('linkage.agency.kernels._compiled' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
