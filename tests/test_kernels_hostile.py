"""Kernels whose arrays are read-only, crooked, given back or written into meanwhile: exceptions, never a crash."""

import array
import mmap
import subprocess
import sys
import threading

import numpy as np
import pytest

from tests.hostile import trial
from tests.test_kernels_boundary import LEVEL, ROWS, extension, heavy, overlaps, search

agency = pytest.importorskip("linkage.agency.kernels._compiled", reason="nothing was compiled")


def crooked(items):
    """The same items at an address that no item may have."""
    room = np.zeros(items.nbytes + 1, np.uint8)[1:]
    made = np.frombuffer(room, items.dtype).reshape(items.shape) if items.itemsize == 1 else room.view(items.dtype)
    made = made.reshape(items.shape)
    made[...] = items
    assert made.ctypes.data % items.itemsize
    return made


def read_only(items):
    made = items.copy()
    made.flags.writeable = False
    return made


@pytest.mark.parametrize("wrong", [read_only, crooked])
@pytest.mark.parametrize("place", range(3))
def test_outputs__that_cannot_be_written_are_refused(place, wrong):
    given = search()
    given["out"] = tuple(wrong(each) if number == place else each for number, each in enumerate(given["out"]))
    with pytest.raises((BufferError, TypeError, ValueError)):
        overlaps(**given)


def test_outputs__of_the_agency_that_cannot_be_written_are_refused():
    rows, index = np.arange(32, dtype=np.uint8).reshape(2, 16), np.zeros(2, np.int32)
    for out in (read_only(rows), rows[:, ::2], rows.T, bytes(32), "text", None):
        with pytest.raises((BufferError, TypeError, ValueError)):
            agency.or_rows([(rows, index)], out, 0, 8, False)
        with pytest.raises((BufferError, TypeError, ValueError)):
            agency.gather([rows], index, index, [(0, out)])


def test_inputs__at_crooked_addresses_are_refused():
    words = ROWS.words
    with pytest.raises(TypeError, match="aligned"):
        extension.count_columns(crooked(words), ROWS.counts, 1, np.zeros(64, np.uint32))
    with pytest.raises(TypeError, match="aligned"):
        extension.count_columns(words, crooked(ROWS.counts), 1, np.zeros(64, np.uint32))


def test_inputs__that_were_given_back_before_the_call_are_refused():
    view = memoryview(ROWS.words.copy())
    view.release()
    with pytest.raises(ValueError, match="released"):
        extension.count_columns(view, ROWS.counts, 1, np.zeros(64, np.uint32))


def test_inputs__cannot_be_given_back_or_made_shorter_during_the_call():
    # the call is long, and from another thread everything is tried that frees or moves the memory it reads
    n, refused, begun = 60_000, [], threading.Event()
    held = mmap.mmap(-1, n * 128)
    counts, out = array.array("I", [0]) * n, np.zeros(1024, np.uint32)
    view = memoryview(np.frombuffer(held, np.uint64).reshape(n, 16))

    def free(*attempts):
        begun.wait()
        for attempt in attempts:
            try:
                attempt()
            except (BufferError, ValueError, SystemError) as error:
                refused.append(error)

    thread = threading.Thread(target=free, args=(held.close, view.release, lambda: held.resize(4096)))
    thread.start()
    begun.set()
    for _ in range(5):
        try:
            extension.count_columns(view, counts, 1, out)
        except ValueError as error:  # given back between two calls
            assert "released" in str(error)
    thread.join()
    assert refused  # the mapping at least: NumPy's array holds on to it


def test_calls__go_on_while_another_thread_writes_rubbish_into_their_arrays():
    # of the functions that follow indices each once ended the process within a second: they were looked at first,
    # and read again, from the caller's array, when they were used
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.scribble", "--seconds", "0.15"],
        capture_output=True, text=True, check=False, cwd=trial.ROOT,
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout.endswith("went on\n"), done.stdout + done.stderr[-2_000:]
    tried = {line.split()[0] for line in done.stdout.splitlines()[:-1]}
    assert {"central.best", "central.heavy", "agency.gather", "agency.set_tokens", "agency.majorities"} <= tried


def test_store__with_a_number_below_nought_is_not_followed():
    # the sign of the lower half was not looked at, and the text before the first was read
    hashes, ends = np.zeros(4, np.uint64), np.zeros(5, np.int64)
    offsets, data, codes = np.array([0, 2], np.int32), np.frombuffer(b"ab", np.uint8), np.zeros(1, np.int32)
    slots = np.full(8, -1)
    agency.number_texts(offsets, data, data[:0], 0, (slots, hashes, ends, np.zeros(9, np.uint8), 0, 1), codes)
    upper = int(slots[slots >= 0][0]) >> 32 << 32
    crafted = np.full(8, -1)
    crafted[slots >= 0] = upper | 0x80000000 | 1
    store = (crafted, hashes, np.array([0, 2, 4, 4, 4]), np.zeros(9, np.uint8), 2, 1)
    agency.number_texts(offsets, data, data[:0], 0, store, codes)
    assert codes[0] >= -1


def test_best__of_rows_without_bits_that_need_nothing_is_answered(monkeypatch):
    # what 0 of 0 bits rank as was divided by 0 bits, which ends the process
    monkeypatch.setenv("LINKAGE_KERNEL", LEVEL)
    rows, counts = np.zeros((1_100, 1), np.uint64), np.zeros(1_100, np.uint32)
    order, slices = np.arange(1_100, dtype=np.int32), np.zeros((3, 65, 8), np.uint64)
    sides = (rows, counts, order), (rows, counts, slices, order)
    rarest, missing = np.arange(64, dtype=np.uint32), np.ones(64, np.float32)
    given = (*sides, rarest, missing, np.zeros(129, np.uint32), -(2**40))
    out = np.zeros((1_100, 2), np.int32), np.zeros((1_100, 2), np.uint32)
    assert extension.best(LEVEL, given, False, *out) == 0
    assert (out[0] >= 0).all()


def test_heavy__refuses_outputs_that_cannot_be_written(monkeypatch):
    from tests.test_kernels_boundary import flat

    given = flat(monkeypatch, weighted=True)
    out = (np.zeros(9, np.int32), np.zeros(9, np.int32), read_only(np.zeros(9, np.int32)))
    with pytest.raises((BufferError, ValueError)):
        heavy(**given, out=out)


def test_calls__give_back_what_they_took_whether_they_answer_or_refuse():
    # each holds copies of 400 kB while it runs: one that is kept would show as a gigabyte
    n = 100_000
    rows, out = np.zeros((n, 8), np.uint8), np.zeros((n, 8), np.uint8)
    index, beyond = np.zeros(n, np.int32), np.full(n, n, np.int32)
    words, counts = np.zeros((n, 1), np.uint64), np.zeros(n, np.uint32)
    before = trial._most_memory()
    for _ in range(400):
        agency.gather([rows], index, index, [(0, out)])
        extension.count_columns(words, counts, 1, np.zeros(64, np.uint32))
        for given in ((index, beyond, [(0, out)]), (index, index, [(0, out[:1])]), (index, None, [])):
            with pytest.raises((ValueError, TypeError)):
                agency.gather([rows], *given)
        with pytest.raises(ValueError, match="differ in length"):
            extension.count_columns(words, counts[:-1], 1, np.zeros(64, np.uint32))
    assert trial._most_memory() - before < 64 << 20
