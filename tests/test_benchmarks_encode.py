"""The table of encoding: which lines it is of, and what it says. Nothing is measured."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks are no part of the wheel", allow_module_level=True)
sys.path[:0] = [str(BENCHMARKS)]  # scripts, found as they find each other
import clkhash_speed  # noqa: E402
import encode_speed  # noqa: E402
import encode_tables  # noqa: E402
import full_size  # noqa: E402
import rebuild  # noqa: E402
import results_kept  # noqa: E402
import tables  # noqa: E402

del sys.path[:1]


def lines(
    commit: str = "a", *, people: int = full_size.ENCODED, rows: int = full_size.ENCODED_CSV, speed: int = 900_000
):
    """A run of both scripts."""
    about = {"seed": encode_tables.SEED, "machine": {"commit": commit, "cores": 2}}
    speeds = {"fields": speed, "record": 800_000, "fields, from CSV": 700_000, "fields, from CSV to a file": 600_000}
    ours = {"records_per_second": speed, "records_per_second_from_rows": 450_000, "peak_mib": 1_234}
    theirs = {"records_per_second": 18_000, "peak_mib": 2_345}
    return [
        {"what": encode_tables.OWN, "settings": {"people": people}, "versions": {"x": "1"},
         "records_per_second": speeds, "records_per_cpu_second": {what: speed + 1 for what, speed in speeds.items()},
         **about},
        {"what": encode_tables.LARGE, "settings": {"records": rows}, "records": rows, "seconds": 8.0, "peak_mib": 456,
         "versions": {"x": "1"}, **about},
        {"what": encode_tables.CLKHASH, "settings": {"people": people}, "linkage": ours, "clkhash": theirs,
         "versions": {"clkhash": "0.18.3"}, **about},
    ]  # fmt: skip


def shown(monkeypatch, tmp_path, kept: list[dict]) -> list[dict]:
    monkeypatch.setattr(encode_tables, "ENCODE", tmp_path / "encode.jsonl")
    encode_tables.ENCODE.unlink(missing_ok=True)
    for line in kept:
        results_kept.append(encode_tables.ENCODE, line)
    return encode_tables.full_encode()


def test_encode__shows_speed_the_multiple_of_clkhash_and_memory():
    head, _, *rows = encode_tables.encode(lines()).splitlines()
    assert head.startswith("| 1,000,000 people, five fields, one thread | records a second |")
    assert rows == [
        "| own scheme, `fields`, from Arrow | 900,000 | 900,001 |  |  |",
        "| own scheme, `record`, from Arrow | 800,000 | 800,001 |  |  |",
        "| own scheme, `fields`, from CSV | 700,000 | 700,001 |  |  |",
        "| own scheme, `fields`, from CSV to a file | 600,000 | 600,001 |  |  |",
        "| clkhash's scheme by `encode_clkhash`, from Arrow | 900,000 |  | 50.0 | 1,234 |",
        "| the same, from lists of rows | 450,000 |  | 25.0 |  |",
        "| the same by clkhash 0.18.3 | 18,000 |  | 1.0 | 2,345 |",
        "| own scheme, `fields`, 10,000,000 rows from CSV to a file, 2 cores | 1,250,000 |  |  | 456 |",
    ]


def test_encode__takes_one_whole_run_of_full_size(monkeypatch, tmp_path):
    whole, later = lines(), lines("b", speed=950_000)
    assert shown(monkeypatch, tmp_path, whole) == whole
    assert shown(monkeypatch, tmp_path, whole + later) == later
    assert shown(monkeypatch, tmp_path, whole + later[:2]) == whole  # clkhash was not measured at that commit
    for trial in (lines("b", people=3_000), lines("b", rows=9_000)):
        assert shown(monkeypatch, tmp_path, whole + trial) == whole
        assert shown(monkeypatch, tmp_path, trial) == []
    assert shown(monkeypatch, tmp_path, []) == []
    assert "encode" in tables.with_tables("<!-- encode --><!-- end of encode -->", {"encode": "|"})


def test_encode__is_rebuilt_and_shown_with_the_others(monkeypatch):
    assert {"encode_speed.py", "clkhash_speed.py"} <= set(rebuild.STEPS)
    assert encode_tables.RESULTS / "encode.jsonl" in tables.FULL
    assert "<!-- encode -->" in tables.README.read_text(encoding="utf-8")
    monkeypatch.setattr(encode_tables, "full_encode", lines)
    assert tables.shown()["encode"] == encode_tables.encode(lines())


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        (encode_speed, [encode_tables.OWN, encode_tables.LARGE]),
        (clkhash_speed, [encode_tables.CLKHASH]),
    ],
)
def test_scripts__write_the_lines_that_the_table_is_of(script, wanted, monkeypatch, tmp_path, capsys):
    """Tried on few records, and kept in another place."""
    if script is clkhash_speed:
        pytest.importorskip("clkhash", reason="clkhash is the rival")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setattr(encode_tables, "ENCODE", tmp_path / "encode.jsonl")
    monkeypatch.setattr(full_size, "ENCODED", 400)
    more = ["--csv", "900", "--rounds", "1"] if script is encode_speed else []
    monkeypatch.setattr(sys, "argv", [script.__name__, "--people", "400", *more])
    script.main()
    kept = results_kept.lines_of(encode_tables.ENCODE)
    assert [line["what"] for line in kept] == wanted
    for line in kept:
        assert line["settings"] in ({"people": 400}, {"records": 900})
        assert set(line["machine"]) == {"cores", "cpu", "python", "commit"} and {"linkage", "pyarrow"} <= set(
            line["versions"]
        )
    whole = {line["what"]: line for line in lines()} | {line["what"]: line for line in kept}
    assert len(encode_tables.encode(list(whole.values())).splitlines()) >= 10
