"""The table of attacks: which lines it is of, and what it says; and the script, tried on few people."""

import doctest
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks are no part of the wheel", allow_module_level=True)
sys.path[:0] = [str(BENCHMARKS)]  # scripts, found as they find each other
import attack_tables  # noqa: E402
import attacks  # noqa: E402
import everybody  # noqa: E402
import full_size  # noqa: E402
import rebuild  # noqa: E402
import results_kept  # noqa: E402
import tables  # noqa: E402

del sys.path[:1]


def line(attack: str, encoding: str, case: str, overlap: float, seed: int, *, share: float = 0.5, **other: object):
    about = {"attack": attack, "encoding": encoding, "case": case, "overlap": overlap, "seed": seed}
    found = {"z_pairs": 90.0 + seed, "z_others": 7.0, "relations": 3, "records": 250}
    if attack != attack_tables.XOR:
        found = {"correct": int(200 * share)}
    return (
        about
        | {"overlapping": 200, "settings": {"people": full_size.ATTACKED}, "versions": {"x": "1"}}
        | {"machine": {"commit": "a"}}
        | found
        | other
    )


def whole(**other: object) -> list[dict]:
    return [line(*each, seed, **other) for each in attack_tables.WANTED for seed in full_size.ATTACK_SEEDS]


def shown(monkeypatch, tmp_path, kept: list[dict]) -> list[dict]:
    monkeypatch.setattr(attack_tables, "ATTACKED", tmp_path / "attacks.jsonl")
    attack_tables.ATTACKED.unlink(missing_ok=True)
    for each in kept:
        results_kept.append(attack_tables.ATTACKED, each)
    return attack_tables.full_attacks()


def test_interval__doctest_holds():
    tried = doctest.testmod(attack_tables)
    assert tried.attempted and not tried.failed


def test_wanted__has_every_attack_encoding_case_and_overlap_once():
    assert len(set(attack_tables.WANTED)) == len(attack_tables.WANTED) == 5 * 4 * 9 + 4
    assert {each[3] for each in attack_tables.WANTED} == set(full_size.ATTACK_OVERLAPS)
    assert full_size.ATTACK_OVERLAPS[0] == 0.05 and full_size.ATTACK_OVERLAPS[-1] == attack_tables.ALL
    assert len(full_size.ATTACK_SEEDS) == 10 and full_size.ATTACKED == 5_000


def test_attacks__shows_the_mean_of_the_seeds_and_how_far_they_lie_apart():
    lines = [line("graph matching", "record", "subset", 0.5, seed, share=share) for seed, share in ((1, 1.0), (2, 0.5))]
    lines += [line("graph matching", "record", "subset", 1.0, 1, share=1.0)]
    lines += [line(attack_tables.XOR, "record", "subset", 1.0, seed) for seed in (1, 2)]
    head, _, row, _, structure = attack_tables.attacks(lines).splitlines()
    assert head == "| re-identified, % of the people in both (95 %) | encoding | case | 50% | 100% |"
    assert row == "| graph matching | `record` | subset | 75.0 (50.0 to 100.0) | 100.0 (98.1 to 100.0) |"
    assert structure == (
        "Low-weight XOR tuples, least to greatest of the seeds (chance stays below 8): "
        "`record` z 91 to 92 in pairs of records, 7 to 7 in other tuples, 3 relations among bits."
    )


def test_attacks__at_all_people_are_one_case_and_stand_in_both_rows():
    rows = attack_tables.attacks(whole()).splitlines()
    cases = [row for row in rows if row.startswith("| pattern mining | `fields` |")]
    assert len(cases) == 2 and all(row.count("50.0 (") == 5 for row in cases)


def test_attacks__takes_of_each_cell_the_latest_run_with_all_seeds_at_full_size(monkeypatch, tmp_path):
    first, later = whole(), whole(share=0.25, machine={"commit": "b"})
    assert shown(monkeypatch, tmp_path, first) == first
    assert shown(monkeypatch, tmp_path, first + later) == later
    for trial in (
        [each for each in later if each["seed"] != 10],
        whole(machine={"commit": "b"}, settings={"people": 400}),
    ):
        assert shown(monkeypatch, tmp_path, first + trial) == first
        assert shown(monkeypatch, tmp_path, trial) == []
    part = [each for each in later if each["attack"] == "pattern mining" and each["overlap"] == 0.5]
    assert shown(monkeypatch, tmp_path, part) == part
    kept = [each for each in first if not is_cell_of(each, part)]
    assert sorted(map(str, shown(monkeypatch, tmp_path, first + part))) == sorted(map(str, kept + part))


def is_cell_of(line: dict, part: list[dict]) -> bool:
    return any(all(line[name] == other[name] for name in attack_tables.OF) for other in part)


def test_attacks__is_rebuilt_and_shown_with_the_others(monkeypatch):
    assert {"attacks.py", "everybody.py"} <= set(rebuild.STEPS)
    assert attack_tables.RESULTS / "attacks.jsonl" in tables.FULL
    assert "<!-- attacks -->" in tables.README.read_text(encoding="utf-8")
    monkeypatch.setattr(attack_tables, "full_attacks", whole)
    assert tables.shown()["attacks"] == attack_tables.attacks(whole())


def test_script__writes_the_lines_that_the_table_is_of(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(attack_tables, "ATTACKED", tmp_path / "attacks.jsonl")
    monkeypatch.setattr(full_size, "ATTACKED", 150)
    few = ["--people", "150", "--seeds", "1", "--overlap", "1", "--case", "subset", "--encoding", "record"]
    monkeypatch.setattr(sys, "argv", ["attacks", *few])
    attacks.main()
    kept = results_kept.lines_of(attack_tables.ATTACKED)
    assert [tuple(each[name] for name in attack_tables.OF) for each in kept] == [
        each for each in attack_tables.WANTED if each[1] == "record" and each[3] == attack_tables.ALL
    ]
    for each in kept:
        assert each["settings"] == {"people": 150} and set(each["machine"]) == {"cores", "cpu", "python", "commit"}
        assert {"linkage", "pyarrow"} <= set(each["data_versions"])
    of = {(each["attack"], each["encoding"]): each for each in kept}
    assert of["dictionary", "record"]["correct"] == of["dictionary", "record"]["overlapping"] == 150
    assert of["frequency alignment", "record"]["correct"] == 0
    assert of[attack_tables.XOR, "record"]["z_pairs"] > 8
    assert "| dictionary | `record` | subset | 100.0 (" in capsys.readouterr().out


def test_everybody__measures_a_way_and_its_table_says_what_was_named(tmp_path, monkeypatch, capsys):
    out = tmp_path / "everybody.jsonl"
    command = ["everybody.py", "--people", "150", "--seeds", "1", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", [*command, "--at", "plain,bits=1024", "saul=6,bits=512"])
    everybody.main()
    plain, hardened = results_kept.lines_of(out)
    assert plain["correct"] == 150 and hardened["correct"] < 15
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert rows[2].startswith("| plain,bits=1024 | 100.0 (") and rows[2].endswith("| in 1 of 1 |")


def test_full_everybody__is_of_all_ways_and_seeds(tmp_path, monkeypatch):
    kept = [
        {"way": way, "seed": seed, "settings": {"people": full_size.EVERYBODY}, "machine": {"commit": "a"}}
        for way in full_size.EVERYBODY_WAYS
        for seed in full_size.EVERYBODY_SEEDS
    ]
    monkeypatch.setattr(attack_tables, "EVERYBODY", tmp_path / "everybody.jsonl")
    for line in kept[:-1]:
        results_kept.append(attack_tables.EVERYBODY, line)
    assert attack_tables.full_everybody() == []
    results_kept.append(attack_tables.EVERYBODY, kept[-1])
    assert len(attack_tables.full_everybody()) == len(kept)
