"""`linkage convert` of groups, candidate pairs and odd widths, and `linkage info` of every file it reads or writes."""

import json
import struct

import numpy as np
import pyarrow as pa
import pytest
from bitarray import bitarray
from pyarrow import parquet

import linkage as lk
from linkage import interop
from linkage.cli import cli
from linkage.commands.exitcodes import run

SCHEMA = {
    "version": 3,
    "clkConfig": {"l": 64, "kdf": {"type": "HKDF"}},
    "features": [
        {"identifier": "name", "format": {"type": "string"},
         "hashing": {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerToken": 3}}}
    ],
}  # fmt: skip


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Two sets of ten rows in common, what links them, and the pairs."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    rows = [bitarray(rng.integers(0, 2, 64).tolist()) for _ in range(30)]
    sets = [interop.from_bitarrays(rows[:20], source="alice"), interop.from_bitarrays(rows[10:], source="bob")]
    for each in sets:
        each.save(f"{each.source}.parquet")
    lk.link(*sets, threshold=1).save("links.parquet")
    lk.write_pairs(iter([lk.compare(*sets, threshold=0.6)]), "pairs.parquet")
    return tmp_path


@pytest.fixture
def command(capfd):
    def call(*arguments):
        code = run(cli, list(map(str, arguments)))
        return code, capfd.readouterr()

    return call


SETS = ("--set", "alice.parquet", "--set", "bob.parquet")


def test_convert__links_into_groups_and_groups_into_a_table(place, command):
    code, said = command("convert", "links.parquet", "-o", "groups.json", "--sources", "alice,bob", "--json")
    assert code == 0 and json.loads(said.out) == {"groups": 10, "records": 20, "file": "groups.json"}
    expected = [[(0, row), (1, row - 10)] for row in range(10, 20)]
    assert interop.read_groups("groups.json") == expected
    code, said = command("convert", "groups.json", "-o", "persons.parquet", "--sources", "alice,bob")
    assert code == 0 and "10 groups of 20 records" in said.out
    table = parquet.read_table("persons.parquet")
    assert table.column_names == ["source", "id", "person"]
    assert table.slice(0, 2).to_pylist() == [
        {"source": "alice", "id": "0000000010", "person": "0"},
        {"source": "bob", "id": "0000000000", "person": "0"},
    ]
    assert (place / "persons.parquet").stat().st_mode & 0o077 == 0
    code, said = command("evaluate", "links.parquet", "persons.parquet", "--json")
    assert code == 0 and json.loads(said.out)["f1"][0] == 1  # what anonlink found, as the truth for what we found


def test_convert__groups_need_a_name_for_each_dataset(place, command):
    code, said = command("convert", "links.parquet", "-o", "groups.json")
    assert code == 2 and "holds links; --sources" in said.err
    assert command("convert", "links.parquet", "-o", "groups.json", "--sources", "alice,carol")[0] == 2
    assert command("convert", "alice.parquet", "-o", "groups.json", "--sources", "alice,bob")[0] == 3
    (place / "three.json").write_text("[[[0, 1], [2, 1]]]")
    code, said = command("convert", "three.json", "-o", "p.parquet", "--sources", "alice,bob")
    assert code == 2 and "2 names, and the groups are of more datasets" in said.err
    assert command("convert", "three.json", "-o", "p.parquet", "--sources", "alice,alice,bob")[0] == 2
    assert command("convert", "three.json", "-o", "p.csv", "--sources", "alice,bob,carol")[0] == 2
    assert command("convert", "three.json", "-o", "p.parquet", "--sources", "a,b,c", "--schema", "x.json")[0] == 2
    (place / "bad.json").write_text("[[[0, 1], [0, 1]]]")
    assert command("convert", "bad.json", "-o", "p.parquet", "--sources", "alice,bob")[0] == 3
    assert not (place / "p.parquet").exists() and not (place / "groups.json").exists()


def test_convert__pairs_there_and_back(place, command):
    code, said = command("convert", "pairs.parquet", "-o", "candidates", *SETS, "--json")
    count = parquet.read_table("pairs.parquet").num_rows
    assert code == 0 and json.loads(said.out) == {"pairs": count, "file": "candidates"} and count > 10
    interop.write_candidate_pairs(
        lk.compare(*(lk.EncodedSet.load(path) for path in SETS[1::2]), threshold=0.6), "expected"
    )
    assert (place / "candidates").read_bytes() == (place / "expected").read_bytes()
    code, said = command("convert", "candidates", "-o", "again.parquet", *SETS)
    assert code == 0 and f"{count:,} pairs" in said.out and not said.err
    order = [("left_id", "ascending"), ("right_id", "ascending")]
    tables = [parquet.read_table(path).sort_by(order) for path in ("again.parquet", "pairs.parquet")]
    assert tables[0] == tables[1]


def test_convert__pairs_within_one_set(place, command):
    one = lk.EncodedSet.load("alice.parquet")
    lk.write_pairs(iter([lk.compare(one, threshold=0.6)]), "within.parquet")
    assert command("convert", "within.parquet", "-o", "within", "--set", "alice.parquet")[0] == 0
    code, said = command("convert", "within", "-o", "again.parquet", "--set", "alice.parquet")
    assert code == 0 and not said.err
    assert parquet.read_table("again.parquet") == parquet.read_table("within.parquet")


def test_convert__pairs_of_other_datasets_are_left_out_aloud(place, command):
    rows = [(0.75, 2, 5, 3, 7), (0.5, 5, 2, 9, 1), (0.5, 0, 1, 4, 4)]
    (place / "many").write_bytes(b"\x01\x08\x04\x04" + b"".join(struct.pack("<dIIII", *row) for row in rows))
    code, said = command("convert", "many", "-o", "a.parquet", *SETS)
    assert code == 0 and "holds 3 pairs, of which 1 are of these datasets" in said.err
    assert command("convert", "many", "-o", "b.parquet", *SETS, "--datasets", "2,5")[0] == 0
    assert parquet.read_table("b.parquet").to_pylist() == [
        {"left_id": "0000000001", "right_id": "0000000009", "similarity": 0.5},
        {"left_id": "0000000003", "right_id": "0000000007", "similarity": 0.75},
    ]
    for wrong in ("2", "a,b", "0,-1", "0,1,2"):
        assert command("convert", "many", "-o", "c.parquet", *SETS, "--datasets", wrong)[0] == 2


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"left_id": ["0000000001"], "right_id": ["0000000001"]}, "not pairs of `linkage compare`"),
        ({"left_id": ["Quetzal"], "right_id": ["0000000001"], "similarity": [0.5]}, "do not have"),
        ({"left_id": ["0000000001"], "right_id": ["0000000020"], "similarity": [0.5]}, "do not have"),
        ({"left_id": ["0000000001"], "right_id": [None], "similarity": [0.5]}, "do not have"),
        ({"left_id": ["0000000001"], "right_id": ["0000000001"], "similarity": [1.5]}, "outside 0 to 1"),
        ({"left_id": ["0000000001"], "right_id": ["0000000001"], "similarity": [None]}, "outside 0 to 1"),
        ({"left_id": ["0000000001"], "right_id": ["0000000001"], "similarity": ["Quetzal"]}, "not texts and a number"),
    ],
)
def test_convert__says_what_is_wrong_with_pairs(columns, said, place, command):
    types = {"similarity": pa.float64() if columns.get("similarity") != ["Quetzal"] else pa.string()}
    table = pa.table({name: pa.array(values, types.get(name, pa.string())) for name, values in columns.items()})
    parquet.write_table(table, "wrong.parquet")
    code, told = command("convert", "wrong.parquet", "-o", "candidates", *SETS)
    assert code == 3 and said in told.err and "Quetzal" not in told.err
    assert not (place / "candidates").exists()


def test_convert__refuses_what_does_not_go_together(place, command):
    (place / "some").write_bytes(b"\x01\x08\x04\x04")
    for arguments in (
        ("pairs.parquet", "-o", "other.parquet", *SETS),
        ("some", "-o", "other", *SETS),
        ("pairs.parquet", "-o", "other.json", *SETS),
        ("pairs.parquet", "-o", "other", *SETS, "--set", "alice.parquet"),
        ("pairs.parquet", "-o", "other", *SETS, "--sources", "alice,bob"),
        ("pairs.parquet", "-o", "other", *SETS, "--bits", "64"),
        ("pairs.parquet", "-o", "other", *SETS, "--datasets", "0,1"),
        ("alice.parquet", "-o", "other.json", "--datasets", "0,1"),
        ("some", "-o", "bob.parquet", *SETS),
        ("some", "-o", "other.parquet"),
    ):
        assert command("convert", *arguments)[0] == 2, arguments
    assert command("convert", "pairs.parquet", "-o", "other", *SETS, "--memory", 1)[0] == 0
    (place / "large").write_bytes(b"\x01\x08\x04\x04" + bytes(24 * 10_000))
    assert command("convert", "large", "-o", "large.parquet", *SETS, "--memory", 1)[0] == 6
    ids = pa.array(["0000000001"] * 10_000)
    parquet.write_table(pa.table({"left_id": ids, "right_id": ids, "similarity": [0.5] * 10_000}), "large.parquet")
    assert command("convert", "large.parquet", "-o", "other2", *SETS, "--memory", 1)[0] == 6


def test_convert__an_odd_width_is_told_and_can_be_given_back(place, command):
    interop.from_bitarrays([bitarray("1" * 13)], source="odd").save("odd.parquet")
    code, said = command("convert", "odd.parquet", "-o", "odd.json")
    assert code == 0 and "schema= or bits=13" in said.err
    assert command("convert", "odd.json", "-o", "again.parquet", "--bits", 13)[0] == 0
    assert lk.EncodedSet.load("again.parquet").digest() == lk.EncodedSet.load("odd.parquet").digest()
    assert command("convert", "odd.json", "-o", "wrong.parquet", "--bits", 12)[0] == 3
    assert command("convert", "odd.json", "-o", "wide.parquet")[0] == 0
    assert lk.EncodedSet.load("wide.parquet").schema.bits == 16


def test_info__knows_every_file_that_convert_reads_or_writes(place, command):
    assert command("convert", "links.parquet", "-o", "groups.json", "--sources", "alice,bob")[0] == 0
    assert command("convert", "pairs.parquet", "-o", "candidates", *SETS)[0] == 0
    (place / "groups").write_bytes((place / "groups.json").read_bytes())
    (place / "schema.json").write_text("\ufeff" + json.dumps(SCHEMA), encoding="utf-8")
    (place / "blocked.json").write_text(json.dumps({"clknblocks": [["AAAAAAAAAAA=", "a", "b"], ["AAAAAAAAAAA="]]}))
    assert command("convert", "blocked.json", "-o", "blocked.parquet", "--blocks", "kept.json")[0] == 0

    def told(name):
        code, said = command("info", name, "--json")
        assert code == 0, said.err
        return json.loads(said.out)

    groups = {"kind": "anonlink's groups", "groups": 10, "records": 20, "datasets": 2, "largest group": 2}
    assert told("groups.json") == told("groups") == groups
    pairs = told("candidates")
    assert pairs["kind"] == "anonlink's candidate pairs" and pairs["datasets"] == 2
    assert pairs["pairs"] == parquet.read_table("pairs.parquet").num_rows and pairs["similarity"].endswith(" to 1")
    kept = told("kept.json")
    assert "blocks" in kept["kind"] and kept["records"] == 2
    assert kept["of the set with content"] == lk.EncodedSet.load("blocked.parquet").digest()
    schema = told("schema.json")
    assert schema == {"kind": "clkhash's linkage schema", "version": 3, "bits": 64, "features": 1,
                      "fingerprint": lk.Schema.from_clkhash(SCHEMA).fingerprint()}  # fmt: skip
    assert told("blocked.json")["kind"] == "clkhash's CLKs with blocks"
    assert told("alice.parquet")["kind"] == "encoded set"


def test_info__of_damaged_and_foreign_files_says_so(place, command):
    (place / "empty").write_bytes(b"\x01\x08\x04\x04")
    code, said = command("info", "empty", "--json")
    assert code == 0 and json.loads(said.out) == {"kind": "anonlink's candidate pairs", "pairs": 0}
    for name, content, word in (
        ("cut", b"\x01\x08\x04\x04" + bytes(23), "cut short"),
        ("twice.json", b"[[[0, 1], [0, 1]]]", "a record is in two groups"),
        ("names.json", b'["Quetzal"]', "not a list of groups"),
        ("other.json", b'{"name": "Quetzal"}', "JSON, but not a model of `linkage fit`, nor CLKs"),
        ("number.json", b"7", "JSON, but not a model"),
        ("not.json", b"Quetzal", "not JSON"),
        ("schema.json", json.dumps(SCHEMA | {"features": []}).encode(), "at least one feature"),
        ("model.json", b'{"format": "Quetzal"}', "not a model as this release writes it"),
        ("void", b"", "void"),
        ("text", b"Quetzal", "text"),
    ):
        (place / name).write_bytes(content)
        code, said = command("info", name)
        assert code == 3 and word in said.err and "Quetzal" not in said.err, (name, said.err)
    lk.Key.generate().save("key.json")
    code, said = command("info", "key.json")
    assert code == 3 and "key file" in said.err
    assert command("info", "none.json")[0] == 3
