"""CLKs from clkhash's files are compared, linked, saved and converted like our own."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from bitarray import bitarray

import linkage as lk
from linkage import interop
from linkage.cli import cli
from linkage.commands.exitcodes import run

SCHEMA = {
    "version": 3,
    "clkConfig": {"l": 1024, "kdf": {"type": "HKDF", "salt": "c2FsdA=="}},
    "features": [
        {"identifier": name, "format": {"type": "string"},
         "hashing": {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerFeature": 200}}}
        for name in ("given", "surname")
    ],
}  # fmt: skip
PEOPLE = [["Ann", "Lee"], ["Bo", "Oduya"], ["Clémence", "O'Neill"], ["Dai", "Llewellyn"], ["Esi", "Mensah"]]
OTHERS = [["Esi", "Menseh"], ["Zed", "Quist"], ["Ann", "Lee"], ["Clemence", "O'Neill"], ["Dai", "Llewelyn"], ["X", "Y"]]


@pytest.fixture
def files(tmp_path):
    """What two agencies that run clkhash would send."""
    agreed = lk.Schema.from_clkhash(SCHEMA)
    for name, rows in (("alice", PEOPLE), ("bob", OTHERS)):
        interop.write_clks(interop.encode_clkhash(rows, agreed, b"s"), tmp_path / f"{name}.json")
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    return tmp_path


def found(pairs):
    return set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


def test_compare__of_two_clk_files(files):
    alice, bob = (interop.read_clks(files / f"{name}.json") for name in ("alice", "bob"))
    assert found(lk.compare(alice, bob, threshold=0.7)) == {(0, 2), (2, 3), (3, 4), (4, 0)}
    within = lk.compare(alice, threshold=0.1)
    assert all(left < right for left, right in found(within))


def test_link__of_two_clk_files_and_what_goes_back(files):
    alice, bob = (interop.read_clks(files / f"{name}.json") for name in ("alice", "bob"))
    links = lk.link(alice, bob, threshold=0.7)
    assert links.cut == {"threshold": 0.7}
    ids = links.pairs.select(["left_id", "right_id"]).to_pylist()
    assert {(int(row["left_id"]), int(row["right_id"])) for row in ids} == {(0, 2), (2, 3), (3, 4), (4, 0)}
    links.save(files / "links.parquet")
    again = lk.Links.load(files / "links.parquet")
    back = again.release("bob")
    back.save(files / "bob-links.parquet")
    table = lk.Release.load(files / "bob-links.parquet").table
    linked = [int(row["record_id"]) for row in table.to_pylist() if row["link_id"]]
    assert linked == [0, 2, 3, 4]  # in the order of the agency's own rows
    assert table["record_id"].to_pylist() == sorted(table["record_id"].to_pylist())


def test_link__one_side_can_change_to_linkage_first(files):
    agreed = lk.Schema.from_clkhash(SCHEMA)
    alice = interop.read_clks(files / "alice.json", schema=agreed)
    bob = interop.encode_clkhash(OTHERS, agreed, b"s", source="bob")
    assert len(lk.link(alice, bob, threshold=0.7)) == 4
    with pytest.raises(lk.MismatchError, match="schema="):
        lk.link(interop.read_clks(files / "alice.json"), bob, threshold=0.7)
    with pytest.raises(ValueError, match="under its own name"):
        lk.link(bob, interop.encode_clkhash(PEOPLE, agreed, b"s", source="bob"), threshold=0.7)
    with pytest.raises(ValueError, match="record layout"):
        lk.link(alice, bob, probability=0.5)


def test_link__never_mixes_clks_with_sets_of_ours(files):
    table = {"id": ["1"], "surname": ["Lee"]}
    schema = lk.Schema(project="clkhash", layout="record", fields=(lk.Field(name="surname", type="name"),))
    ours = lk.encode(table, schema, lk.Key.generate(), id="id", source="ours")
    with pytest.raises(lk.MismatchError, match="encoder: 'clkhash' and 'linkage'"):
        lk.compare(interop.read_clks(files / "alice.json"), ours, threshold=0.8)


def test_save__a_set_of_clks_comes_back_the_same(files):
    read = interop.read_clks(files / "alice.json", schema=lk.Schema.from_clkhash(files / "schema.json"))
    read.save(files / "alice.parquet")
    again = lk.EncodedSet.load(files / "alice.parquet")
    assert (again.digest(), again.schema, again.source) == (read.digest(), read.schema, "alice")
    assert found(lk.compare(again, interop.read_clks(files / "bob.json", schema=read.schema), threshold=0.7))


def nested(small, large, bits=1024):
    """Two filters, one inside the other."""
    return [bitarray([place < count for place in range(bits)]) for count in (small, large)]


def test_compare__keeps_the_pairs_that_anonlinks_float_bound_loses():
    # 2 * 60 / (60 + 100) is 0.75; anonlink 0.15.3 computes the largest difference in floating point and drops the pair
    small, large = nested(60, 100)
    sets = [interop.from_bitarrays([clk], source=name) for name, clk in (("a", small), ("b", large))]
    for left, right in (sets, sets[::-1]):
        pairs = lk.compare(left, right, threshold=0.75)
        assert found(pairs) == {(0, 0)}
        assert pairs.similarity.tolist() == [0.75]
    assert not len(lk.compare(*sets, threshold="0.7501"))


def command(capfd, *arguments):
    code = run(cli, list(map(str, arguments)))
    return code, capfd.readouterr()


def test_convert__there_and_back(files, capfd):
    code, said = command(capfd, "convert", files / "alice.json", "-o", files / "alice.parquet", "--source", "north",
                         "--schema", files / "schema.json", "--json")  # fmt: skip
    assert code == 0
    assert json.loads(said.out) == {"records": 5, "bits": 1024, "source": "north", "file": str(files / "alice.parquet")}
    made = lk.EncodedSet.load(files / "alice.parquet")
    assert made.source == "north" and made.schema == lk.Schema.from_clkhash(SCHEMA)
    code, said = command(capfd, "convert", files / "alice.parquet", "-o", files / "again.json")
    assert code == 0 and "5 CLKs of 1,024 bits" in said.out
    assert json.loads((files / "again.json").read_text()) == json.loads((files / "alice.json").read_text())


def test_convert__then_link_on_the_command_line(files, capfd):
    for name in ("alice", "bob"):
        assert command(capfd, "convert", files / f"{name}.json", "-o", files / f"{name}.parquet")[0] == 0
    code, said = command(capfd, "link", files / "alice.parquet", files / "bob.parquet", "--threshold", "0.7",
                         "-o", files / "links.parquet", "--json")  # fmt: skip
    assert code == 0 and json.loads(said.out)["pairs"] == 4
    code, said = command(capfd, "info", files / "alice.parquet")
    assert code == 0 and "clkhash" in said.out


def test_info__knows_files_of_clkhash(files, capfd):
    def told(content):
        (files / "bob.json").write_text(json.dumps(content))
        code, said = command(capfd, "info", files / "bob.json", "--json")
        assert code == 0, said.err
        return json.loads(said.out)

    clk = json.loads((files / "alice.json").read_text())["clks"][0]
    assert told({"clks": [clk] * 3}) == {"kind": "clkhash's CLKs", "records": 3, "bits": 1024}
    assert told({"clks": []}) == {"kind": "clkhash's CLKs", "records": 0}
    blocked = {"clknblocks": [[clk, "ls1", "ann"], [clk], [clk, "ls1"]]}
    expected = {"kind": "clkhash's CLKs with blocks", "records": 3, "bits": 1024, "blocks": 2}
    assert told(blocked) == expected
    code, said = command(capfd, "info", files / "bob.json")
    assert code == 0 and "clkhash's CLKs with blocks" in said.out
    for content, word in (({"clks": [clk, "A*"]}, "row 1: not base64"), ({"clks": [clk, clk[4:]]}, "row 1"),
                          ({"clknblocks": [clk]}, "row 0"), ({"clks": 7}, "not a model"),
                          ({"clks": [], "clknblocks": []}, "not a model")):  # fmt: skip
        (files / "bad.json").write_text(json.dumps(content))
        code, said = command(capfd, "info", files / "bad.json")
        assert code == 3 and word in said.err and clk not in said.err


def test_convert__keeps_blocks_beside_the_set(files, capfd):
    clks = json.loads((files / "alice.json").read_text())["clks"]
    content = {"clknblocks": [[clk, *["ls1", "ann é"][: place % 3]] for place, clk in enumerate(clks)]}
    (files / "blocked.json").write_text(json.dumps(content))
    there = ("convert", files / "blocked.json", "-o", files / "set.parquet", "--blocks", files / "blocks.json")
    code, said = command(capfd, *there)
    assert code == 0 and "left out" not in said.err
    assert (files / "blocks.json").stat().st_mode & 0o077 == 0
    back = ("convert", files / "set.parquet", "-o", files / "again.json", "--blocks")
    assert command(capfd, *back, files / "blocks.json")[0] == 0
    assert json.loads((files / "again.json").read_text()) == content
    again = (files / "again.json").read_bytes()

    assert command(capfd, *there)[0] == 2  # what is there stays
    assert command(capfd, *there[:-1], files / "blocks.csv")[0] == 2
    assert command(capfd, *there[:1], files / "alice.json", *there[2:-1], files / "none.json")[0] == 3
    assert not (files / "none.json").exists()
    assert command(capfd, "convert", files / "bob.json", "-o", files / "bob.parquet")[0] == 0
    other = {"blocks": [[]] * 5, "of": "0"}
    for wrong, word in (({"clks": clks}, "not {"), (other, "another set"), (content, "not {")):
        (files / "wrong.json").write_text(json.dumps(wrong))
        code, said = command(capfd, *back, files / "wrong.json")
        assert code == 3 and word in said.err
    code, said = command(capfd, "convert", files / "bob.parquet", *back[2:], files / "blocks.json")
    assert code == 3 and "another set" in said.err
    kept = json.loads((files / "blocks.json").read_text())
    for rows in ([["a"]] * 4 + [[7]], [["a"]] * 4 + ["a"], [["a"]] * 4):
        (files / "wrong.json").write_text(json.dumps(kept | {"blocks": rows}))
        assert command(capfd, *back, files / "wrong.json")[0] == 3
    assert (files / "again.json").read_bytes() == again
    (files / "blocks.json").unlink()
    code, said = command(capfd, *there[:-2])
    assert code == 0 and "--blocks" in said.err


def test_convert__exit_codes(files, capfd):
    def attempt(*arguments):
        code, said = command(capfd, "convert", *arguments)
        assert said.err.strip() and not said.out.strip()
        return code

    (files / "bad.json").write_text('{"clks": ["A*"]}')
    (files / "wrong-schema.json").write_text('{"version": 9}')
    out = files / "x.parquet"
    assert attempt(files / "alice.json", "-o", files / "x.csv") == 2
    assert attempt(files / "alice.json", "-o", files / "x.json") == 2
    assert attempt(files / "alice.json", "-o", files / "alice.json") == 2
    assert attempt(files / "bad.json", "-o", out) == 3
    assert attempt(files / "none.json", "-o", out) == 3
    assert attempt(files / "alice.json", "-o", out, "--schema", files / "wrong-schema.json") == 3
    (files / "many.json").write_text(json.dumps({"clks": ["A" * 172] * 6_000}))
    assert attempt(files / "many.json", "-o", out, "--memory", 1) == 6
    assert not out.exists()
    command(capfd, "convert", files / "alice.json", "-o", out)
    assert attempt(out, "-o", files / "y.json", "--source", "x") == 2
    assert attempt(out, "-o", files / "y.json", "--bits", 1024) == 2


def test_from_bitarrays__many_records_are_what_compare_sees():
    rng = np.random.default_rng(8)
    bits = rng.random((200, 200)) < 0.3
    made = interop.from_bitarrays([bitarray(row.tolist()) for row in bits])
    assert made.popcounts["record"].tolist() == bits.sum(axis=1).tolist()
    pairs = lk.compare(made, threshold=0.4)
    overlap = bits.astype(int) @ bits.T.astype(int)
    counts = bits.sum(axis=1)
    expected = {
        (left, right) for left in range(200) for right in range(left + 1, 200)
        if 10 * overlap[left, right] >= 2 * (counts[left] + counts[right])
    }  # fmt: skip
    assert found(pairs) == expected


def test_readme__what_it_shows_of_clkhash_runs(files, monkeypatch):
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(# clkhash\n.*?)```", readme, flags=re.DOTALL)
    monkeypatch.chdir(files)
    (files / "alice.csv").write_text("\n".join(["given,surname", *(",".join(row) for row in PEOPLE)]))
    with pytest.warns(lk.LinkageWarning, match="text"):
        exec(compile(code, "README.md", "exec"), {})
    assert json.loads((files / "groups.json").read_text()) == []  # bob's file was made with another secret
