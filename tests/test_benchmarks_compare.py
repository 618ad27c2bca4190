"""The benchmarks of comparing: their tables, the share that others had of the processors, and the ratio of threads."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks are no part of the wheel", allow_module_level=True)
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "rivals")]
import compare_scale  # noqa: E402
import compare_speed  # noqa: E402
import compare_tables  # noqa: E402
import machine  # noqa: E402

del sys.path[:2]

COMMAND = {
    "what": "command", "seconds": 11.1, "work_seconds": 9.0, "peak_bytes": 318 << 20, "planned_bytes": 320 << 20,
    "found": 102_153, "nanoseconds_a_pair": 0.281, "settings": {"rows": 200_000, "threshold": "0.85"},
}  # fmt: skip
THREADS = {"what": "threads", "ratio": 1.934, "quiet": 5, "rounds": [{}] * 6, "settings": {"rows": 100_000}}


def test_scale__shows_time_memory_and_what_was_planned():
    *_, row, _, threads = compare_tables.scale([COMMAND, THREADS]).splitlines()
    assert row == "| 200,000 | 0.85 | 11.1 | 318 (320) | 102,153 | 0.281 |"
    assert threads.startswith("Two threads over one, 100,000 rows a side: 1.93 (median of 5 rounds")


def test_scale__of_sizes_that_one_thread_does_not_do_shows_the_whole_work():
    assert "| (two threads: 0.225) |" in compare_tables.scale([COMMAND | {"nanoseconds_a_pair": None}])


def test_scale__says_that_threads_were_not_measured():
    assert "not measured" in compare_tables.scale([THREADS | {"ratio": None, "quiet": 0}])


def test_speed__shows_multiples_of_anonlink_and_each_histogram():
    lines = [
        {"what": "threshold", "method": method, "threshold": "4/5", "threads": 1, "million_pairs_per_second": rate}
        for method, rate in (("linkage, avx512", 1500.0), ("anonlink", 60.0))
    ] + [
        {"what": what, "method": "linkage, avx512", "threads": 1, "million_pairs_per_second": rate}
        for what, rate in (("joint histogram", 250.0), ("joint histogram, most cells", 150.0), ("contenders", 270.0))
    ]
    about = {"versions": {}, "machine": {"cpu": "Some", "commit": "abc1234"}}
    table = compare_tables.speed([line | about for line in lines])
    assert table.startswith("Some, at commit abc1234:\n\n| one thread")
    assert "| linkage, avx512 | 1,500 (25) |" in table
    assert "| linkage, avx512 | 250 | 150 | 270 |" in table


def test_speed__shows_every_kind_of_processor_on_its_own(monkeypatch):
    def run(cpu, commit, rate):
        return [
            {"what": "threshold", "method": method, "threshold": "4/5", "threads": 1, "million_pairs_per_second": each,
             "settings": {"rows": 20_000}, "machine": {"cpu": cpu, "commit": commit}}
            for method, each in (("linkage, best", rate), ("anonlink", 50.0))
        ]  # fmt: skip

    kept = [*run("Old", "a", 500.0), *run("New", "b", 100.0), *run("New", "c", 150.0)]
    monkeypatch.setattr(compare_tables, "lines_of", lambda _: kept)
    table = compare_tables.speed(compare_tables.full_compare())
    assert "Old, at commit a:" in table and "| linkage, best | 500 (10) |" in table
    assert "New, at commit c:" in table and "| linkage, best | 150 (3) |" in table
    assert "commit b" not in table


def test_by_cuts__has_as_many_cells_as_the_table_says():
    sizes = {what: (len(cuts) + 2) ** 6 for what, cuts in compare_speed.CUTS.items()}
    assert sizes == {"joint histogram": 15_625, "joint histogram, most cells": 1 << 18}


def test_threads_ratio__counts_the_rounds_in_which_others_were_quiet(monkeypatch):
    busy = iter([0.5, 0.01, 0.5, 0.0, 0.01, 0.02, 0.0])
    seconds = iter([9, 1, 3, 2, 9, 1, 4, 2, 4, 2, 5, 2, 2, 1])

    class Round(list):
        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.append(next(busy))

    monkeypatch.setattr(machine, "share_of_others", Round)
    monkeypatch.setattr(compare_speed, "ours", lambda *_: (next(seconds), 0))
    found = compare_scale.threads_ratio([])
    assert (found["ratio"], found["quiet"], len(found["rounds"])) == (2.0, 5, 7)


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="the system keeps no account of its processors")
def test_share_of_others__leaves_out_what_this_process_does():
    with machine.share_of_others() as share:
        sum(number * number for number in range(3_000_000))
    assert len(share) == 1 and 0 <= share[0] <= 1.1
