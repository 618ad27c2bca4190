"""Many linkages at once and night after night: the same results, and nothing that grows. Whole in `.ci/long`."""

import mmap
import os
import sys
from typing import ClassVar

import pytest

from tests.hostile import load, soak

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory as Linux accounts for it"),
    pytest.mark.filterwarnings("ignore::linkage.LinkageWarning"),
]


def test_links_at_once__are_what_they_are_alone_and_keep_to_their_memory(monkeypatch):
    monkeypatch.setattr(load, "PEOPLE", (200, 300))
    told = load.in_threads(8)
    assert told["different"] == 0
    assert told["grown"] < told["allowed"]


def test_links_in_forked_processes__do_not_wait_for_threads_that_are_not_there(monkeypatch):
    monkeypatch.setattr(load, "PEOPLE", (200,))
    assert load.in_processes(2, "fork")["different"] == 0


def test_load__a_result_that_differs_would_be_seen(monkeypatch):
    monkeypatch.setattr(load, "PEOPLE", (200,))
    calls = iter(range(1_000_000))
    monkeypatch.setattr(load, "digest_of", lambda given, job: str(next(calls)))
    assert load.in_threads(3)["different"] == 3


class Leak:
    held: ClassVar[list] = []


def objects(folder, seed, *, whole):
    Leak.held.append([[[]] for _ in range(100)])


def files(folder, seed, *, whole):
    Leak.held.append(os.open(os.devnull, os.O_RDONLY))


def temporary(folder, seed, *, whole):
    import tempfile

    tempfile.mkstemp()


def memory(folder, seed, *, whole):
    page = mmap.mmap(-1, 1 << 20)  # of its own: what is free already would be used again, and nothing grow
    page.write(b"x" * (1 << 20))
    Leak.held.append(page)


@pytest.mark.parametrize(
    ("leak", "name"),
    [(objects, "objects"), (files, "open files"), (temporary, "temporary files"), (memory, "bytes")],
)
def test_soak__sees_what_grows(leak, name, monkeypatch):
    monkeypatch.setattr(soak, "night", leak)
    monkeypatch.setattr(soak, "WARM", 5)
    monkeypatch.setattr(Leak, "held", [])
    try:
        assert name in soak.soaked(14)[1]
    finally:
        for each in Leak.held:
            if isinstance(each, int):
                os.close(each)


def test_soak__a_night_runs_whole_and_one_that_keeps_nothing_grows_nothing(monkeypatch, tmp_path):
    soak.night(tmp_path, seed=1, whole=False)
    monkeypatch.setattr(soak, "night", lambda folder, seed, *, whole: None)
    monkeypatch.setattr(soak, "WARM", 10)
    # memory that this process's earlier tests gave back may still settle
    assert set(soak.soaked(25)[1]) <= {"bytes"}
