"""What is written, said and logged while people are encoded and linked: no value and no key in any file or stream."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import linkage as lk
from tests.hostile.marked import Secrets, people, schema

ROOT = Path(__file__).parents[1]
GIVEN = {"one.csv", "two.csv", "bad.csv", "project.key", "back.csv"}  # `back.csv` is the agency's own table again
PURPOSES = ("tokens", "record ids", "key check")


def written_to(path, table):
    with path.open("w", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerows([list(table), *zip(*table.values(), strict=True)])


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Where all of it was done, what was said, and what is looked for."""
    folder = tmp_path_factory.mktemp("watched")
    one, new = people(1_200), people(700, seed=2)
    two = {name: one[name][:500] + new[name] for name in one}
    two["no"] = [f"other-{number}" for number in new["no"] + one["no"][:500]]
    bad = {name: [*column, column[7]] for name, column in one.items()}  # an id used twice, found in the end
    for name, table in (("one", one), ("two", two), ("bad", bad)):
        written_to(folder / f"{name}.csv", table)
    agreed = schema()
    agreed.save(folder / "agreement.toml")
    key = lk.Key.generate()
    key.save(folder / "project.key")
    (folder / "tmp").mkdir()
    wanted = Secrets()
    wanted.add_people(one)
    wanted.add_people(two)
    wanted.add_key(key._secret, *(key.derive(project="marked", purpose=purpose) for purpose in PURPOSES))
    wanted.add_key(*(key.derive(project="marked", purpose="tokens", key_group=field.key_group, length=64)
                     for field in agreed.fields))  # fmt: skip
    wanted.values.add((folder / "project.key").read_text().strip()[14:40])
    paths = os.pathsep.join([str(ROOT), str(Path(lk.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LINKAGE")}
    environment |= {"PYTHONPATH": paths, "TMPDIR": str(folder / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    child = subprocess.run([sys.executable, "-m", "tests.hostile.watched", str(folder)], env=environment, check=False,
                           capture_output=True)  # fmt: skip
    assert child.returncode == 0, child.stderr[-3000:]
    return folder, child, wanted


def test_files__hold_no_value_and_no_key(done):
    folder, _, wanted = done
    read = [
        path
        for path in folder.rglob("*")
        if path.is_file() and path.name not in GIVEN and path.parent != folder / "kept"
    ]
    names = {path.name for path in read}
    assert {"one.parquet", "links.parquet", "one.html", "report.html", "log.jsonl", "release.parquet"} <= names
    for path in read:
        found = wanted.found_in(path.read_bytes())
        assert not found, f"{path.name}: {found[:3]}"


def test_files__of_the_agency_itself_would_be_found(done):
    """So that the test above can fail."""
    folder, _, wanted = done
    assert len(wanted.found_in((folder / "one.csv").read_bytes())) >= 7 * 1_200
    assert wanted.found_in((folder / "project.key").read_bytes())
    assert wanted.found_in((folder / "back.csv").read_bytes())


def test_streams__and_logs_at_debug_hold_no_value_and_no_key(done):
    folder, child, wanted = done
    assert b"heard" in child.stderr and "heard" in (folder / "everything.log").read_text()
    assert b"encode one" in child.stderr and b"same id" in child.stderr  # a bar of progress, an error
    for said in (child.stdout, child.stderr):
        assert said and not wanted.found_in(said), wanted.found_in(said)[:3]


def test_files__that_were_removed_held_no_value_and_no_key_and_were_for_their_owner_alone(done):
    folder, _, wanted = done
    kept = list((folder / "kept").iterdir())
    assert (
        len([path for path in kept if ".linkage-sort-" in path.name]) > 256
    )  # of two runs, the second of which failed
    assert not wanted.found_in(b"\n".join(path.read_bytes() for path in kept))
    for path in kept:
        assert path.name.startswith("600 ") and path.stat().st_size, path.name


def test_temporary_files__lie_beside_their_outputs_and_nowhere_else(done):
    folder, _, _ = done
    assert not list((folder / "tmp").iterdir())
    opened = [json.loads(line)[0] for line in (folder / "written").read_text().splitlines()]
    assert len(opened) > 100
    beside = re.compile(r"\.(linkage-sort-[0-9a-f]{12}\.part/\d{3}|[\w.]+\.[0-9a-f]{12}\.part)|log\.jsonl")
    for path in opened:
        inside = str(Path(folder, path).relative_to(folder)) if not path.startswith("/dev/") else path
        assert beside.fullmatch(inside) or inside == "/dev/null", path
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_files__that_hold_people_or_encodings_are_for_their_owner_alone(done):
    folder, _, _ = done
    for name in ("one.parquet", "spilled.parquet", "links.parquet", "release.parquet", "back.csv", "project.key"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name
