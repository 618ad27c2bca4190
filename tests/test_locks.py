"""Locks on open files: this system's, and Windows' on a stand-in that keeps its rules."""

import os
import sys
import threading
import time
import types

import pytest

from linkage import locks


class LikeWindows(types.ModuleType):
    """`msvcrt.locking` as documented: the bytes from where the file stands, of one holder at a time."""

    LK_NBLCK, LK_UNLCK = 2, 0

    def __init__(self):
        super().__init__("msvcrt")
        self.held = {}  # a file -> the descriptor that holds its first byte

    def locking(self, descriptor, mode, n):
        assert os.lseek(descriptor, 0, os.SEEK_CUR) == 0 and n == 1
        file = os.fstat(descriptor).st_ino
        if mode == self.LK_UNLCK:
            assert self.held.pop(file) == descriptor
        elif self.held.setdefault(file, descriptor) != descriptor:
            raise PermissionError(13, "Permission denied")


@pytest.fixture(params=["this system", "Windows"])
def system(request, monkeypatch):
    if request.param == "Windows":
        monkeypatch.setattr(locks, "fcntl", None)
        monkeypatch.setitem(sys.modules, "msvcrt", LikeWindows())
    return request.param


@pytest.mark.usefixtures("system")
def test_locked__refuses_a_second_holder_at_once_or_lets_it_wait(tmp_path):
    with (tmp_path / "a").open("a+b") as one, (tmp_path / "a").open("a+b") as other:
        with (
            locks.locked(one.fileno(), tmp_path / "a"),
            pytest.raises(OSError),
            locks.locked(other.fileno(), tmp_path / "a", wait=False),
        ):
            raise AssertionError("two hold it")
        order = []

        def waits():
            with locks.locked(other.fileno(), tmp_path / "a"):
                order.append("second")

        with locks.locked(one.fileno(), tmp_path / "a"):
            second = threading.Thread(target=waits)
            second.start()
            time.sleep(0.2)
            order.append("first")
        second.join(10)
        assert order == ["first", "second"]


@pytest.mark.usefixtures("system")
def test_locked__is_free_again_after_an_error(tmp_path):
    with (tmp_path / "a").open("a+b") as one, (tmp_path / "a").open("a+b") as other:
        with pytest.raises(KeyError), locks.locked(one.fileno(), tmp_path / "a"):
            raise KeyError
        with locks.locked(other.fileno(), tmp_path / "a", wait=False):
            pass


def test_locked_beside__is_of_a_file_that_is_not_there_yet_and_is_replaced(tmp_path, system):
    path, order = tmp_path / "ledger.json", []

    def second():
        with locks.locked_beside(path):
            order.append(path.read_text())

    with locks.locked_beside(path):
        other = threading.Thread(target=second)
        other.start()
        time.sleep(0.2)
        (tmp_path / "new").write_text("first")
        (tmp_path / "new").replace(path)
    other.join(10)
    assert order == ["first"]
    assert (tmp_path / ".ledger.json.lock").exists() == (system == "Windows")
