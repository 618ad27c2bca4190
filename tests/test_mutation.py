"""Damaged files are refused or read as they were: never a crash, a hang, another exception, or a silent change.

Each mutant is read fully in a child process, which says before each which one it begins, so that a crash or a hang
is laid at the door of the right mutant. A mutant is its number: ``mutant(data, seed)`` makes it again.
"""

import faulthandler
import os
import random
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

import linkage
from linkage import EncodedSet, Field, Group, Key, LinkageError, Links, Release, Schema, encode
from linkage.rows import ContentDigest

SECONDS_A_MUTANT = 20
MAX_MEMORY = 8 << 30
KEY = Key(bytes.fromhex("a1f3095c7be24d886f10c9d2b4e7365a2b91d05f4c83e61a77fe0d3498bc5216"))


# ---- mutants ----------------------------------------------------------------------------------------------------


def mutant(data: bytes, seed: int) -> bytes:
    """A damaged copy; half of the mutants are damaged in the footer, which says how to read the rest."""
    draw = random.Random(seed)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    low = draw.choice([0, footer])
    changed = bytearray(data)
    ways = (flip_bits, set_bytes, set_run, cut_end, cut_middle, swap_parts, copy_part, insert, number)
    draw.choice(ways)(changed, draw, low)
    return bytes(changed)


def flip_bits(data, draw, low):
    for _ in range(draw.choice([1, 1, 1, 2, 5, 30])):
        data[draw.randrange(low, len(data))] ^= 1 << draw.randrange(8)


def set_bytes(data, draw, low):
    for _ in range(draw.choice([1, 1, 3, 10])):
        data[draw.randrange(low, len(data))] = draw.choice([0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)])


def set_run(data, draw, low):
    start = draw.randrange(low, len(data))
    stop = min(len(data), start + draw.choice([2, 8, 40, 300]))
    fill = draw.choice([bytes(stop - start), b"\xff" * (stop - start), draw.randbytes(stop - start)])
    data[start:stop] = fill


def cut_end(data, draw, low):
    del data[draw.randrange(low, len(data)) :]


def cut_middle(data, draw, low):
    start = draw.randrange(low, len(data))
    del data[start : start + draw.choice([1, 2, 7, 64, 500])]


def swap_parts(data, draw, low):
    length = draw.choice([1, 4, 16, 32, 200])
    first, second = (draw.randrange(low, max(low + 1, len(data) - length)) for _ in range(2))
    data[first : first + length], data[second : second + length] = (
        data[second : second + length],
        data[first : first + length],
    )


def copy_part(data, draw, low):
    length = draw.choice([1, 4, 16, 200])
    start, place = draw.randrange(0, len(data)), draw.randrange(low, len(data))
    data[place : place + length] = data[start : start + length]


def insert(data, draw, low):
    place = draw.randrange(low, len(data) + 1)
    data[place:place] = draw.choice([b"\0", b"\xff" * 4, draw.randbytes(draw.choice([1, 9, 100]))])


def number(data, draw, low):
    """Another number where Thrift may hold one: sizes, offsets, counts."""
    place = draw.randrange(low, len(data))
    new = draw.choice(
        [b"\xff\xff\xff\xff\x0f", b"\xfe\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x80\x80\x80\x80\x40", b"\x01"]
    )
    data[place : place + len(new)] = new


# ---- reading in a child process ---------------------------------------------------------------------------------


def read_encoded(path) -> tuple:
    loaded = EncodedSet.load(path, max_bytes=1 << 30)
    total = ContentDigest()
    for rows in loaded.batches(100):
        total.update(rows)
    whole = EncodedSet.load(path, max_bytes=1 << 30)
    assert whole.to_arrow().num_rows == len(whole.record_ids) == len(whole)
    return loaded.schema.canonical(), loaded.source, loaded.key_check, len(loaded), loaded.digest(), total.hexdigest()


def read_links(path) -> tuple:
    loaded = Links.load(path)
    assert len(loaded) == loaded.to_arrow().num_rows
    tables = (loaded.pairs.to_pydict(), loaded.records.to_pydict())
    return tables, loaded.sources, loaded.schema.canonical(), loaded.key_check, dict(loaded.cut), loaded.release_key


def read_release(path) -> tuple:
    loaded = Release.load(path)
    return loaded.table.to_pydict(), loaded.project, loaded.source, loaded.key_check


READERS = {"encoded": read_encoded, "links": read_links, "release": read_release}


def work(kind: str, original: str, first: int, last: int) -> None:
    """Read mutants ``first`` to ``last``; a line before each and one with the outcome after."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    read, data = READERS[kind], Path(original).read_bytes()
    expected = read(original)
    place = Path(original).with_suffix(".mutant")
    for seed in range(first, last):
        print("begin", seed, flush=True)
        changed = mutant(data, seed)
        place.write_bytes(changed)
        faulthandler.dump_traceback_later(SECONDS_A_MUTANT, exit=True)  # a thread of C: it ends loops in C too
        try:
            outcome = "same" if read(place) == expected else "SILENT"
            if changed == data:
                outcome = "unchanged"
        except LinkageError as error:
            outcome = f"refused {type(error).__name__}"
        except BaseException as error:  # whatever it is, the parent reports it
            outcome = f"OTHER {type(error).__name__}: {error}".replace("\n", " ")[:300]
        faulthandler.cancel_dump_traceback_later()
        print("end", seed, outcome, flush=True)


def outcomes(kind: str, original: Path, first: int, last: int) -> dict[int, str]:
    """The outcome of each mutant; after a crash or a hang a new child goes on with the next."""
    found: dict[int, str] = {}
    root = str(Path(linkage.__file__).parents[1])
    while first < last:
        child = subprocess.run(
            [sys.executable, __file__, kind, str(original), str(first), str(last)],
            capture_output=True, text=True, env=os.environ | {"PYTHONPATH": root}, check=False,
        )  # fmt: skip
        begun = first - 1
        for line in child.stdout.splitlines():
            word, seed, *outcome = line.split(" ", 2)
            if word == "begin":
                begun = int(seed)
            else:
                found[int(seed)] = outcome[0]
        if begun < first:
            raise AssertionError(f"the child did not begin: {child.stderr[-2000:]}")
        if begun not in found:
            found[begun] = f"CRASH OR HANG rc={child.returncode}: {child.stderr[-300:]}"
        first = begun + 1
    return found


def assert_refused_or_unchanged(found: dict[int, str], at_least: int) -> None:
    bad = {seed: outcome for seed, outcome in found.items() if outcome.split()[0] in ("SILENT", "OTHER", "CRASH")}
    assert not bad
    assert len(found) >= at_least
    # a mutant that damages nothing proves nothing
    assert Counter(outcome.split()[0] for outcome in found.values())["refused"] > 0.8 * at_least


# ---- the files --------------------------------------------------------------------------------------------------

SCHEMA = Schema(
    project="mutation",
    fields=(Field(name="surname", type="name"), Field(name="dob", type="date", bits=100)),
    groups=(Group(name="ward", smallest=1),),
)


def encoded_file(path: Path, n: int, **options) -> None:
    table = {
        "no": [f"N{row}" for row in range(n)],
        "surname": [f"Lee{row % 13}" if row % 7 else None for row in range(n)],
        "dob": [f"{1950 + row % 70}-01-{1 + row % 28:02}" for row in range(n)],
        "ward": [f"E0{row % 3}" for row in range(n)],
    }
    encode(table, SCHEMA, KEY, id="no", source="police", out=path, progress=False, **options)


def links() -> Links:
    ids = {source: [f"{source[0]}{row:030}" for row in range(40)] for source in ("police", "school")}
    linked = [f"{row:032x}" if row % 3 == 0 else None for row in range(40)]
    pairs = {
        "left_source": ["police"] * 14, "left_id": ids["police"][::3],
        "right_source": ["school"] * 14, "right_id": ids["school"][::3],
        "match_weight": [float(row) for row in range(14)], "probability": [row / 14 for row in range(14)],
    }  # fmt: skip
    records = {
        "source": ["police"] * 40 + ["school"] * 40, "record_id": ids["police"] + ids["school"], "link_id": linked * 2
    }  # fmt: skip
    return Links(
        pa.table(pairs), pa.table(records), ("police", "school"), SCHEMA, KEY.check("mutation"),
        {"probability": 0.5}, bytes(range(32)),
    )  # fmt: skip


def test_mutants__of_an_encoded_file_are_refused_or_read_as_it_was(tmp_path):
    encoded_file(tmp_path / "a.parquet", 300)
    assert_refused_or_unchanged(outcomes("encoded", tmp_path / "a.parquet", 0, 400), 400)


def test_mutants__of_an_encoded_file_of_many_row_groups_are_refused_or_read_as_it_was(tmp_path):
    encoded_file(tmp_path / "a.parquet", 40, memory=1)
    assert pa.parquet.ParquetFile(tmp_path / "a.parquet").num_row_groups > 20
    assert_refused_or_unchanged(outcomes("encoded", tmp_path / "a.parquet", 1_000, 1_150), 150)


def test_mutants__of_links_are_refused_or_read_as_they_were(tmp_path):
    links().save(tmp_path / "a.parquet")
    assert_refused_or_unchanged(outcomes("links", tmp_path / "a.parquet", 2_000, 2_120), 120)


@pytest.mark.parametrize("confidence", [False, True])
def test_mutants__of_a_release_are_refused_or_read_as_it_was(tmp_path, confidence):
    links().release("police", confidence=confidence).save(tmp_path / "a.parquet")
    assert_refused_or_unchanged(outcomes("release", tmp_path / "a.parquet", 3_000, 3_100), 100)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["encoded", "links", "release"])
def test_mutants__by_the_thousand_are_refused_or_read_as_it_was(tmp_path, kind):
    path = tmp_path / "a.parquet"
    made = links()
    {"encoded": lambda: encoded_file(path, 300), "links": lambda: made.save(path),
     "release": lambda: made.release("police").save(path)}[kind]()  # fmt: skip
    for start in range(10_000, 16_000, 1_000):
        assert_refused_or_unchanged(outcomes(kind, path, start, start + 1_000), 1_000)


def test_outcomes__lay_a_crash_and_a_hang_at_the_door_of_the_right_mutant(tmp_path, monkeypatch):
    encoded_file(tmp_path / "a.parquet", 20)
    script = tmp_path / "breaks.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from tests import test_mutation as it\n"
        "import os\n"
        "it.SECONDS_A_MUTANT = 1\n"
        "plain = it.mutant\n"
        "def read(path):\n"
        "    if path.suffix == '.mutant' and it.broken == 2: os.abort()\n"
        "    while path.suffix == '.mutant' and it.broken == 4: pass\n"
        "    return it.read_encoded(path)\n"
        "def mutant(data, seed):\n"
        "    it.broken = seed\n"
        "    return plain(data, seed)\n"
        "it.mutant, it.READERS['encoded'] = mutant, lambda path: read(it.Path(path))\n"
        "it.work(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))\n"
    )
    monkeypatch.setitem(globals(), "__file__", str(script))
    found = outcomes("encoded", tmp_path / "a.parquet", 0, 6)
    assert sorted(found) == list(range(6))
    assert [seed for seed, outcome in found.items() if outcome.startswith("CRASH OR HANG")] == [2, 4]


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
