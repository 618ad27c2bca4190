"""CLK files, blocks, bitarrays, groups and candidate pairs: there and back, and what is said of damaged ones."""

import base64
import contextlib
import json
import os
import random
import struct
import tracemalloc

import numpy as np
import pytest
from bitarray import bitarray, frozenbitarray

import linkage as lk
from linkage import interop

TEXTS = [base64.b64encode(bytes([row] * 128)).decode() for row in (0, 1, 255, 7)]


def agreed(bits=1024, hash_kind="doubleHash", tokens=9):
    hashing = {"comparison": {"type": "exact"}, "strategy": {"bitsPerToken": tokens}, "hash": {"type": hash_kind}}
    feature = {"identifier": "name", "format": {"type": "string"}, "hashing": hashing}
    return lk.Schema.from_clkhash(
        {"version": 3, "clkConfig": {"l": bits, "kdf": {"type": "HKDF"}}, "features": [feature]}
    )


def put(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_read_clks__keeps_order_bits_and_name(tmp_path):
    read = interop.read_clks(put(tmp_path / "alice.json", {"clks": TEXTS}))
    assert read.source == "alice"
    assert [int(row) for row in read.record_ids.to_pylist()] == [0, 1, 2, 3]
    assert read.popcounts["record"].tolist() == [0, 128, 1024, 384]
    assert read.filters["record"].view(np.uint8)[1].tolist() == [1] * 128
    interop.write_clks(read, tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == {"clks": TEXTS}
    assert (tmp_path / "again.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 100_001])
def test_read_clks__ids_sort_as_rows_do(count, tmp_path):
    read = interop.read_clks(put(tmp_path / "a.json", {"clks": TEXTS[:1] * count}), schema=agreed())
    assert read.record_ids.to_pylist() == [f"{row:010}" for row in range(count)]
    read.save(tmp_path / "a.parquet")
    loaded = lk.EncodedSet.load(tmp_path / "a.parquet")
    assert loaded.digest() == read.digest() and loaded.schema == read.schema and len(loaded) == count


@pytest.mark.parametrize("bits", [8, 13, 100, 1001, 1024])
def test_files__of_any_width_come_back_as_they_were(bits, tmp_path):
    made = interop.encode_clkhash([["Ann"], ["Bo"], [""]], agreed(bits), b"s")
    padded = pytest.warns(lk.LinkageWarning, match=f"schema= or bits={bits}") if bits % 8 else contextlib.nullcontext()
    with padded:
        interop.write_clks(made, tmp_path / "a.json")
    again = interop.read_clks(tmp_path / "a.json", schema=agreed(bits))
    assert again.digest() == made.digest() and again.schema == made.schema
    width = interop.read_clks(tmp_path / "a.json", bits=bits)
    assert width.digest() == made.digest() and width.schema.bits == bits
    with padded:
        interop.write_clknblocks(made, [["x"]] * 3, tmp_path / "b.json")
    assert interop.read_clknblocks(tmp_path / "b.json", bits=bits)[0].digest() == made.digest()
    assert interop.from_bitarrays(interop.to_bitarrays(made), schema=agreed(bits)).digest() == made.digest()
    assert {len(clk) for clk in interop.to_bitarrays(made)} == {bits}
    width = interop.read_clks(tmp_path / "a.json").schema.bits
    assert width == -(-bits // 8) * 8  # with neither nobody can say how much of the last byte is padding


def test_read_clks__bits_are_those_of_the_file_and_of_the_schema(tmp_path):
    path = put(tmp_path / "a.json", {"clks": ["//8="]})
    for bits, said in ((13, "beyond"), (8, "has 8 bits"), (17, "has 17 bits")):
        with pytest.raises(lk.FileFormatError, match=said):
            interop.read_clks(path, bits=bits)
    with pytest.raises(ValueError, match="bits: the schema has 16"):
        interop.read_clks(path, schema=agreed(16), bits=15)
    with pytest.raises(lk.SchemaError, match="bits"):
        interop.read_clks(path, bits=0)
    assert interop.read_clks(path, schema=agreed(16), bits=16).popcounts["record"].tolist() == [16]
    assert len(interop.read_clks(put(tmp_path / "b.json", {"clks": []}), bits=100)) == 0
    odd, whole = (interop.read_clks(put(tmp_path / "c.json", {"clks": ["//A="]}), bits=bits) for bits in (12, None))
    with pytest.raises(lk.MismatchError, match="bits: 12 and 16"):
        lk.compare(odd, whole, threshold=0.5)


MALFORMED = {
    "empty file": ("", "not JSON"),
    "truncated": (json.dumps({"clks": TEXTS})[:-9], "not JSON, or cut short"),
    "not an object": ("[1, 2]", "not {"),
    "a number": ("7", "not {"),
    "no clks": ('{"clk": []}', "not {"),
    "both kinds": ('{"clks": [], "clknblocks": []}', "not {"),
    "not a list": ('{"clks": {"0": "AAAA"}}', "not {"),
    "duplicate keys": (f'{{"clks": ["{TEXTS[0]}"], "clks": []}}', "used twice"),
    "NaN": ('{"clks": [NaN]}', "NaN"),
    "infinite": ('{"clks": [-Infinity]}', "NaN and Infinity"),
    "null": ('{"clks": [null]}', "row 0: not base64"),
    "number": ('{"clks": [7]}', "row 0: not base64"),
    "list": ('{"clks": [["AAAA"]]}', "row 0: not base64"),
    "not base64": ('{"clks": ["AAAA", "A*AA"]}', "row 1: not base64"),
    "url-safe base64": ('{"clks": ["AA-_"]}', "row 0: not base64"),
    "no padding": ('{"clks": ["AAAAA"]}', "row 0: not base64"),
    "bits after the padding": ('{"clks": ["AAA=AAAA"]}', "row 0: not base64"),
    "line feed": ('{"clks": ["AA\\nAA"]}', "row 0: not base64"),
    "letters": ('{"clks": ["ÄÄÄÄ"]}', "row 0: not base64"),
    "mixed lengths": ('{"clks": ["AAAA", "AAAA", "AAAAAAAA"]}', "row 2: 6 bytes, and those before have 3"),
    "empty clk": ('{"clks": [""]}', "bits"),
    "too wide": (json.dumps({"clks": [base64.b64encode(bytes(8193)).decode()]}), "65,?536"),
    "none": ('{"clks": []}', "width is not known"),
    "deep": ("[" * 100_000, "deep|JSON"),
    "deep objects": ('{"clks":' * 50_000, "deep|JSON"),
    "a huge number": ('{"clks": [' + "9" * 10_000 + "]}", "digits"),
    "a number beyond floats": ('{"clks": [1e999]}', "row 0: not base64"),
    "a control character": ('{"clks": ["AA\x01A"]}', "not JSON"),
    "two documents": ('{"clks": ["AAAA"]}{"clks": []}', "not JSON"),
    "duplicate keys, one escaped": ('{"clks": ["AAAA"], "cl\\u006bs": []}', "used twice"),
    "duplicate keys, deeper": ('{"clks": ["AAAA"], "x": {"a": 1, "a": 2}}', "used twice"),
    "two byte order marks": ("\ufeff\ufeff" + '{"clks": ["AAAA"]}', "not JSON"),
    "deep in its place": ('{"clks": ' + "[" * 50_000 + "]" * 50_000 + "}", "deep"),
    "a lone surrogate": ('{"clks": ["\\ud800"]}', "row 0: not base64"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_read_clks__says_what_is_wrong_with_a_file(case, tmp_path):
    content, said = MALFORMED[case]
    with pytest.raises(lk.FileFormatError, match=said) as caught:
        interop.read_clks(put(tmp_path / "x.json", content))
    assert caught.value.path == str(tmp_path / "x.json")
    assert caught.value.__cause__ is None or caught.value.__suppress_context__


def test_read_clks__refuses_other_kinds_of_files(tmp_path):
    (tmp_path / "latin.json").write_bytes(b'{"clks": ["\xe9"]}')
    with pytest.raises(lk.FileFormatError, match="not UTF-8"):
        interop.read_clks(tmp_path / "latin.json")
    with pytest.raises(FileNotFoundError):
        interop.read_clks(tmp_path / "none.json")
    for name, data in (("overlong", b'{"clks": ["\xc0\xaf"]}'), ("surrogate", b'{"clks": ["\xed\xa0\x80"]}'),
                       ("utf16", '{"clks": []}'.encode("utf-16")), ("gzip", b"\x1f\x8b\x08")):  # fmt: skip
        (tmp_path / name).write_bytes(data)
        with pytest.raises(lk.FileFormatError, match="not UTF-8"):
            interop.read_clks(tmp_path / name)
    lk.Key.generate().save(tmp_path / "key.json")
    with pytest.raises(lk.FileFormatError, match="key file"):
        interop.read_clks(tmp_path / "key.json")
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(lk.FileFormatError, match="regular"):
        interop.read_clks(tmp_path / "pipe.json")
    with pytest.raises(lk.FileFormatError, match="the schema, or bits=, has 1,024 bits"):
        interop.read_clks(put(tmp_path / "a.json", {"clks": ["AAAA"]}), schema=agreed())
    with pytest.raises(lk.FileFormatError, match="beyond"):
        interop.read_clks(put(tmp_path / "b.json", {"clks": ["//8="]}), schema=agreed(13))


@pytest.mark.parametrize(
    "piece", ['"AAAA",', "[],", "{},", '{"a":{}},', "0.5,", '{"a":1,"b":2},', "[[]],", '"\\u00e9",', '""," ",']
)
def test_read_clks__takes_no_more_memory_than_allowed(piece, tmp_path):
    # measured on what makes Python take most for a byte of JSON
    path = put(tmp_path / "x.json", '{"clks": [' + piece * 40_000 + "1]}")
    with pytest.raises(lk.LimitError) as caught:
        interop.read_clks(path, max_bytes=path.stat().st_size * 4)
    assert caught.value.needed > caught.value.allowed
    tracemalloc.start()
    with pytest.raises(lk.FileFormatError):
        interop.read_clks(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < caught.value.needed


@pytest.mark.parametrize(
    "content",
    [
        '{"clks": ["%s", "\U0001f600"]}',
        '{"clks": ["%s\U0001f600"]}',
        '{"clks": ["%s\\ud83d\\ude00"]}',
        '{"clks": ["%s\U0001f600\\n%s\U0001f600"]}',
        '{"%s\U0001f600": 1, "clks": []}',
    ],
)
def test_read_clks__counts_what_one_wide_letter_does_to_a_text(content, tmp_path):
    # one emoji makes every letter of a text four bytes, and the estimate once took them for one
    path = put(tmp_path / "x.json", content.replace("%s", "A" * 1_000_000))
    with pytest.raises(lk.LimitError) as caught:
        interop.read_clks(path, max_bytes=path.stat().st_size * 8)
    tracemalloc.start()
    with pytest.raises(lk.FileFormatError):
        interop.read_clks(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < caught.value.needed


def test_read_clks__a_byte_order_mark_is_no_fault(tmp_path):
    (tmp_path / "x.json").write_bytes(b'\xef\xbb\xbf{"clks": ["AQ=="]}\r\n')
    assert interop.read_clks(tmp_path / "x.json").popcounts["record"].tolist() == [1]


def test_read_clks__a_huge_file_is_refused_unread(tmp_path):
    with (tmp_path / "huge.json").open("wb") as handle:
        handle.truncate(1 << 36)  # sparse
    with pytest.raises(lk.LimitError):
        interop.read_clks(tmp_path / "huge.json")


def test_read_clks__any_damage_gives_a_clear_error_or_the_same_kind_of_set(tmp_path):
    rng = random.Random(11)
    whole = json.dumps({"clks": TEXTS}).encode()
    for _ in range(600):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            kind = rng.randrange(3)
            if kind == 0:
                data[at] = rng.randrange(256)
            elif kind == 1:
                del data[at : at + rng.randint(1, 40)]
            else:
                data[at:at] = rng.choice([b'"', b"[", b"}", b",", b"\\", b"=", b"\x00"])
        (tmp_path / "x.json").write_bytes(data)
        with contextlib.suppress(lk.FileFormatError, lk.LimitError):
            assert len(interop.read_clks(tmp_path / "x.json")) <= len(TEXTS) + 2


def test_clknblocks__there_and_back(tmp_path):
    path = put(tmp_path / "b.json", {"clknblocks": [[TEXTS[1], "ls1", "ann"], [TEXTS[2]]]})
    encoded, blocks = interop.read_clknblocks(path)
    assert blocks == [("ls1", "ann"), ()]
    interop.write_clknblocks(encoded, blocks, tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads(path.read_text())
    with pytest.warns(lk.LinkageWarning, match="left out"):
        assert interop.read_clks(path).digest() == encoded.digest()
    with pytest.raises(lk.FileFormatError, match="without blocks"):
        interop.read_clknblocks(put(tmp_path / "c.json", {"clks": TEXTS}))
    with pytest.raises(ValueError, match="one list"):
        interop.write_clknblocks(encoded, [["a"]], tmp_path / "d.json")
    with pytest.raises(TypeError, match="texts"):
        interop.write_clknblocks(encoded, ["ls1", "ann"], tmp_path / "d.json")
    for wrong in ([], ["AAAA"], [[]], [["AAAA", 7]], [7]):
        with pytest.raises(lk.FileFormatError):
            interop.read_clknblocks(put(tmp_path / "w.json", {"clknblocks": wrong}))


def test_bitarrays__of_either_endianness_and_frozen_ones(tmp_path):
    bits = "1000000000110"
    expected = interop.from_bitarrays([bitarray(bits, endian="big")])
    for clk in (bitarray(bits, endian="little"), frozenbitarray(bits)):
        assert interop.from_bitarrays(iter([clk])).digest() == expected.digest()
    assert interop.to_bitarrays(expected) == [bitarray(bits)]
    with pytest.raises(ValueError, match="one length"):
        interop.from_bitarrays([bitarray("10000000"), bitarray("100000000")])
    with pytest.raises(ValueError, match="not known"):
        interop.from_bitarrays([])
    assert len(interop.from_bitarrays([], schema=agreed())) == 0
    with pytest.raises(ValueError, match="the schema has 1024"):
        interop.from_bitarrays([bitarray(bits)], schema=agreed())


@pytest.mark.parametrize("wrong", [["1010"], "1010", [b"\xff"], [np.ones(8, dtype=bool)], [None], [[1, 0]],
                                   bitarray("1010"), [bitarray("1010"), "1010"]])  # fmt: skip
def test_from_bitarrays__says_what_to_give(wrong):
    with pytest.raises(TypeError, match=r"bitarray objects, such as bitarray\('1010'\)"):
        interop.from_bitarrays(wrong)


def test_to_bitarrays__are_those_of_clkhash():
    from clkhash.clk import generate_clks
    from clkhash.schema import from_json_dict

    content = json.loads(agreed().settings)
    content["features"][0]["hashing"].pop("missingValue")
    rows = [["Ann"], ["Bo"]]
    theirs = generate_clks(rows, from_json_dict(content), b"s", max_workers=1)
    assert interop.to_bitarrays(interop.encode_clkhash(rows, agreed(), b"s")) == theirs


def test_files__refuse_sets_with_a_filter_a_field(tmp_path):
    fields = lk.encode({"id": ["1"], "surname": ["Lee"]},
                       lk.Schema(project="p", fields=(lk.Field(name="surname", type="name"),)),
                       lk.Key.generate(), id="id", source="s")  # fmt: skip
    for attempt in (lambda: interop.write_clks(fields, tmp_path / "x.json"), lambda: interop.to_bitarrays(fields)):
        with pytest.raises(ValueError, match="record layout"):
            attempt()
    with pytest.raises(TypeError, match="EncodedSet"):
        interop.write_clks(TEXTS, tmp_path / "x.json")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def sets():
    rng = np.random.default_rng(3)
    rows = [bitarray(rng.integers(0, 2, 64).tolist()) for _ in range(30)]
    return [interop.from_bitarrays(rows[:20], source="a"), interop.from_bitarrays(rows[10:], source="b")]


def test_read_clks__and_from_bitarrays_take_no_schema_of_ours(tmp_path):
    ours = lk.Schema(project="p", layout="record", fields=(lk.Field(name="surname", type="name"),))
    with pytest.raises(ValueError, match="from_clkhash"):
        interop.read_clks(put(tmp_path / "a.json", {"clks": TEXTS}), schema=ours)
    with pytest.raises(ValueError, match="from_clkhash"):
        interop.from_bitarrays([bitarray(1024)], schema=ours)


def test_candidate_pairs__within_one_set_are_of_one_dataset(sets, tmp_path):
    pairs = lk.compare(sets[0], threshold=0.5)
    interop.write_candidate_pairs(pairs, tmp_path / "pairs")
    again = interop.read_candidate_pairs(tmp_path / "pairs", sets[0], sets[0], datasets=(0, 0))
    assert len(pairs) and again.left.tolist() == pairs.left.tolist() and again.right.tolist() == pairs.right.tolist()


def test_candidate_pairs__are_anonlinks_bytes(sets, tmp_path):
    pairs = lk.compare(*sets, threshold=0.6)
    interop.write_candidate_pairs(pairs, tmp_path / "pairs")
    rows = sorted(zip(pairs.similarity.tolist(), pairs.left.tolist(), pairs.right.tolist(), strict=True),
                  key=lambda row: (-row[0], row[1:]))  # fmt: skip
    expected = b"\x01\x08\x04\x04" + b"".join(struct.pack("<dIIII", s, 0, 1, left, right) for s, left, right in rows)
    assert (tmp_path / "pairs").read_bytes() == expected
    again = interop.read_candidate_pairs(tmp_path / "pairs", *sets)
    for column in ("left", "right", "similarity"):
        assert getattr(again, column).tolist() == getattr(pairs, column).tolist()


@pytest.mark.parametrize("sizes", [(8, 4, 4), (4, 1, 2), (2, 2, 1), (8, 8, 8)])
def test_candidate_pairs__of_any_size_of_number_and_among_other_datasets(sizes, sets, tmp_path):
    letters = {1: "B", 2: "H", 4: "I", 8: "Q"}
    row = struct.Struct(f"<{ {2: 'e', 4: 'f', 8: 'd'}[sizes[0]] }2{letters[sizes[1]]}2{letters[sizes[2]]}")
    rows = [(0.75, 2, 5, 3, 7), (0.5, 5, 2, 9, 1), (0.5, 0, 1, 99, 99)]
    (tmp_path / "pairs").write_bytes(bytes((1, *sizes)) + b"".join(row.pack(*item) for item in rows))
    read = interop.read_candidate_pairs(tmp_path / "pairs", *sets, datasets=(2, 5))
    assert list(zip(read.left.tolist(), read.right.tolist(), read.similarity.tolist(), strict=True)) == [
        (1, 9, 0.5),
        (3, 7, 0.75),
    ]


HEADER = b"\x01\x08\x04\x04"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "version 1"),
        (b"\x01\x08\x04", "version 1"),
        (b"\x02\x08\x04\x04", "version 1"),
        (b"\x01\x03\x04\x04", "version 1"),
        (HEADER + b"\0" * 23, "cut short"),
        (HEADER + struct.pack("<dIIII", 0.5, 0, 1, 20, 0), "do not have"),
        (HEADER + struct.pack("<dIIII", 1.5, 0, 1, 1, 1), "outside"),
        (HEADER + struct.pack("<dIIII", float("nan"), 0, 1, 1, 1), "outside"),
        (b"\x01\x08\x01\x08" + struct.pack("<dBBQQ", 0.5, 0, 1, 2**64 - 1, 0), "do not have"),
        (HEADER + 2 * struct.pack("<dIIII", 0.5, 0, 1, 3, 4), "there twice"),
        (HEADER + struct.pack("<dIIIIdIIII", 0.9, 0, 1, 3, 4, 0.5, 1, 0, 4, 3), "there twice"),
    ],
)
def test_candidate_pairs__says_what_is_wrong_with_a_file(data, said, sets, tmp_path):
    (tmp_path / "pairs").write_bytes(data)
    with pytest.raises(lk.FileFormatError, match=said):
        interop.read_candidate_pairs(tmp_path / "pairs", *sets)


def test_candidate_pairs__within_one_set_are_there_once_whichever_is_named_first(sets, tmp_path):
    rows = [(0.9, 0, 0, 3, 4), (0.8, 0, 0, 3, 5), (0.5, 0, 0, 4, 3)]
    for count, refused in ((2, False), (3, True)):
        path = tmp_path / str(count)
        path.write_bytes(HEADER + b"".join(struct.pack("<dIIII", *row) for row in rows[:count]))
        with pytest.raises(lk.FileFormatError, match="there twice") if refused else contextlib.nullcontext():
            assert len(interop.read_candidate_pairs(path, sets[0], sets[0], datasets=(0, 0))) == 2


def test_candidate_pairs__of_other_datasets_may_have_the_same_rows(sets, tmp_path):
    rows = [(0.9, 0, 1, 3, 4), (0.8, 0, 2, 3, 4), (0.7, 0, 1, 4, 3)]
    (tmp_path / "pairs").write_bytes(HEADER + b"".join(struct.pack("<dIIII", *row) for row in rows))
    read = interop.read_candidate_pairs(tmp_path / "pairs", *sets)
    assert list(zip(read.left.tolist(), read.right.tolist(), strict=True)) == [(3, 4), (4, 3)]


def test_candidate_pairs__have_a_cap_on_memory(sets, tmp_path):
    (tmp_path / "pairs").write_bytes(HEADER + bytes(24 * 1000))
    with pytest.raises(lk.LimitError):
        interop.read_candidate_pairs(tmp_path / "pairs", *sets, max_bytes=10_000)


def test_groups__there_and_back_and_from_links(sets, tmp_path):
    links = lk.link(*sets, threshold=1)
    interop.write_groups(links, tmp_path / "groups.json", sources=("a", "b"))
    expected = [[(0, row), (1, row - 10)] for row in range(10, 20)]
    assert interop.read_groups(tmp_path / "groups.json") == expected
    interop.write_groups(links, tmp_path / "other.json", sources=["b", "a"])
    assert interop.read_groups(tmp_path / "other.json")[0] == [(0, 0), (1, 10)]
    interop.write_groups([[(1, 2), (0, 1)], []], tmp_path / "own.json")
    assert json.loads((tmp_path / "own.json").read_text()) == [[], [[0, 1], [1, 2]]]
    with pytest.raises(ValueError, match="sources"):
        interop.write_groups(links, tmp_path / "x.json")


@pytest.mark.parametrize(
    ("groups", "error", "says"),
    [
        (
            [[(0, 1.7), (1, 2.9)]],
            TypeError,
            "group 0, counted from 0, a dataset or row: must be a whole number, not float",
        ),
        (
            [[(0, 1)], [(0, float("inf"))]],
            TypeError,
            "group 1, counted from 0, a dataset or row: must be a whole number",
        ),
        ([[(0, "5")]], TypeError, "must be a whole number, not str"),
        ([["01"]], TypeError, "must be a whole number, not str"),
        ([[(0, True)]], TypeError, "must be a whole number, not bool"),
        ([[(0, 1, 2)]], TypeError, "a list for each person"),
        ([[(0, 1), (1, -1)]], ValueError, "group 0, counted from 0, a dataset or row: must be at least 0"),
        ([[(0, 1), (0, 1)]], ValueError, "a record is in two groups, or twice in one"),
        ([[(0, 1)], [(1, 1), (0, 1)]], ValueError, "a record is in two groups, or twice in one"),
    ],
)
def test_groups__are_written_as_they_are_or_not_at_all(groups, error, says, tmp_path):
    """Rows were cut to whole numbers, and files written that read_groups refuses."""
    with pytest.raises(error, match=says):
        interop.write_groups(groups, tmp_path / "g.json")
    assert not (tmp_path / "g.json").exists()


def test_groups__of_numpys_numbers_are_written(tmp_path):
    interop.write_groups(iter([np.array([[1, 7], [0, 3]]), [(np.uint8(0), np.int64(4))]]), tmp_path / "g.json")
    assert interop.read_groups(tmp_path / "g.json") == [[(0, 3), (1, 7)], [(0, 4)]]


@pytest.mark.parametrize("wrong", ["{}", "[7]", "[[7]]", "[[[0]]]", "[[[0, -1]]]", "[[[0, true]]]", "[[[0, 1.0]]]",
                                   "[[[0, 1], [0, 1]]]", "[[[0, 1]], [[0, 1]]]", "[[[0,1]"])  # fmt: skip
def test_groups__says_what_is_wrong_with_a_file(wrong, tmp_path):
    with pytest.raises(lk.FileFormatError):
        interop.read_groups(put(tmp_path / "g.json", wrong))
