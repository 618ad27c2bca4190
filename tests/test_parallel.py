"""Steps on threads: results in order, one error, an end to all of them; and the bar that counts them."""

import io
import sys
import threading
import time

import pytest

from linkage.parallel import cores, in_order, thread_count
from linkage.progress import shown

COUNTS = [1, 2, 3, 8]


def ours():
    return [thread for thread in threading.enumerate() if thread.name.startswith("linkage")]


@pytest.mark.parametrize("threads", [*COUNTS, None])
def test_in_order__keeps_the_order_whatever_finishes_first(threads):
    def slow_first(number):
        time.sleep(0.002 * (5 - number % 5))
        return number * 2

    assert list(in_order(slow_first, range(30), threads=threads)) == [2 * number for number in range(30)]
    assert not ours()


@pytest.mark.parametrize("threads", COUNTS)
def test_in_order__of_nothing_is_nothing(threads):
    assert list(in_order(abs, [], threads=threads)) == []


@pytest.mark.parametrize("threads", COUNTS)
def test_in_order__surfaces_the_first_error_in_order_once_and_starts_nothing_more(threads):
    started = []

    def step(number):
        started.append(number)
        if number >= 4:
            raise ValueError(f"step {number}")
        return number

    results = in_order(step, range(1_000), threads=threads)
    found = []
    with pytest.raises(ValueError, match="step 4"):
        for result in results:
            found.append(result)
    assert found == [0, 1, 2, 3]
    assert len(started) <= 4 + 2 * threads + 1
    assert list(results) == []
    assert not ours()


@pytest.mark.parametrize("threads", COUNTS)
def test_in_order__surfaces_an_error_of_the_items(threads):
    def items():
        yield from range(3)
        raise OSError("the file is gone")

    with pytest.raises(OSError, match="the file is gone"):
        list(in_order(abs, items(), threads=threads))
    assert not ours()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("threads", COUNTS)
def test_in_order__ends_on_an_interrupt_in_a_step(threads, error):
    def step(number):
        if number == 2:
            raise error
        return number

    with pytest.raises(error):
        list(in_order(step, range(1_000), threads=threads))
    assert not ours()


@pytest.mark.parametrize("threads", COUNTS)
def test_in_order__ends_on_an_interrupt_of_who_takes_the_results(threads):
    started = []

    def items():
        yield from range(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(in_order(started.append, items(), threads=threads))
    assert len(started) <= 3
    assert not ours()


@pytest.mark.parametrize("threads", COUNTS)
def test_in_order__ends_when_nobody_wants_the_rest(threads):
    results = in_order(abs, range(1_000), threads=threads)
    assert next(results) == 0
    results.close()
    assert not ours()


@pytest.mark.parametrize("threads", COUNTS)
def test_in_order__holds_two_items_a_thread_at_most(threads):
    taken, given = 0, 0

    def items():
        nonlocal taken
        for number in range(100):
            taken += 1
            assert taken - given <= 2 * threads, "an item more than promised was once held"
            yield number

    for _ in in_order(abs, items(), threads=threads):
        given += 1
    assert taken == given == 100


@pytest.mark.parametrize("wrong", [0, -1])
def test_thread_count__refuses_what_is_not_a_count(wrong):
    with pytest.raises(ValueError, match="threads: a whole number"):
        thread_count(wrong)
    with pytest.raises(ValueError, match="threads"):
        list(in_order(abs, [1], threads=wrong))


def test_thread_count__is_all_cores_by_default():
    assert thread_count(None) == cores() >= 1
    assert thread_count(3) == 3


@pytest.mark.parametrize("progress", [None, False])
def test_shown__says_nothing_where_nobody_watches(progress, capsys):
    assert list(shown(range(3), total=3, label="encode", unit="batch", progress=progress)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_shown__has_a_bar_on_stderr_when_told(monkeypatch):
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    assert list(shown(iter(range(3)), total=3, label="encode police", unit="batch", progress=True)) == [0, 1, 2]
    assert "encode police" in stderr.getvalue()


def test_shown__has_a_bar_on_a_terminal(monkeypatch):
    stderr = io.StringIO()
    stderr.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", stderr)
    assert list(shown(range(3), total=None, label="compare", unit="tile", progress=None)) == [0, 1, 2]
    assert "compare" in stderr.getvalue()


def test_shown__works_in_a_program_without_stderr(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert list(shown(range(3), total=None, label="compare", unit="tile", progress=None)) == [0, 1, 2]
