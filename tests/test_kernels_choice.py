"""Which kernel runs: the best there is, the one that is forced, and NumPy with one warning where none was compiled."""

import numpy as np
import pytest

import linkage as lk
from linkage.central import kernels
from linkage.central.kernels import choice, portable


@pytest.fixture
def fresh(monkeypatch):
    """What was chosen before is forgotten, and remembered afterwards."""
    monkeypatch.setattr(choice.CHOICE, "_made", {})


@pytest.mark.parametrize("name", kernels.available())
def test_choice__can_be_forced(name, monkeypatch):
    monkeypatch.setenv("LINKAGE_KERNEL", name)
    assert name in kernels.name()
    assert kernels.is_compiled() == (name != "portable")


def test_choice__is_the_best_that_runs(monkeypatch):
    monkeypatch.delenv("LINKAGE_KERNEL", raising=False)
    assert kernels.available()[-1] == "portable"
    if kernels.available() != ("portable",):
        assert kernels.available()[0] in kernels.name()


def test_choice__of_a_kernel_that_does_not_run_here_names_those_that_do(monkeypatch):
    monkeypatch.setenv("LINKAGE_KERNEL", "avx1024")
    with pytest.raises(ValueError, match=r"LINKAGE_KERNEL='avx1024': this installation runs .*portable"):
        kernels.name()


def test_choice__without_compiled_kernels_is_numpy_with_one_warning(monkeypatch, fresh):
    monkeypatch.delenv("LINKAGE_KERNEL", raising=False)
    monkeypatch.setattr(choice.CHOICE, "extension", lambda: None)
    with pytest.warns(lk.LinkageWarning, match="the compiled kernel is missing.*comparison") as warned:
        assert choice.chosen() is portable
    assert len(warned) == 1
    assert choice.chosen() is portable  # and says nothing more: warnings are errors here
    assert choice.available() == ("portable",)


def test_choice__of_numpy_on_purpose_does_not_warn(monkeypatch, fresh):
    monkeypatch.setenv("LINKAGE_KERNEL", "portable")
    monkeypatch.setattr(choice.CHOICE, "extension", lambda: None)
    assert choice.chosen() is portable


compiled = pytest.mark.skipif(kernels.available() == ("portable",), reason="nothing was compiled")


@compiled
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"words": np.zeros((3, 2), np.int64)}, TypeError),
        ({"words": np.zeros((6, 2), np.uint64)[::2]}, (ValueError, BufferError)),
        ({"words": np.zeros(6, np.uint64)}, TypeError),
        ({"words": "text"}, TypeError),
        ({"counts": np.zeros(2, np.uint32)}, ValueError),
        ({"counts": np.zeros(3, np.uint16)}, TypeError),
        ({"order": np.array([0, 1, 3], np.int32)}, ValueError),
        ({"order": np.array([0, -1, 2], np.int32)}, ValueError),
        ({"place": np.zeros(127, np.uint32)}, ValueError),
        ({"place": np.full(128, 128, np.uint32)}, ValueError),
        ({"out": np.zeros((1, 128, 8), np.uint64)}, ValueError),
        ({"out": np.zeros((2, 129, 8), np.uint64)}, ValueError),
    ],
)
def test_compiled__refuses_arrays_that_break_the_contract(change, error):
    given = {
        "words": np.zeros((3, 2), np.uint64),
        "counts": np.zeros(3, np.uint32),
        "order": np.arange(3, dtype=np.int32),
        "place": np.arange(128, dtype=np.uint32),
        "out": np.zeros((1, 129, 8), np.uint64),
    }
    extension = choice.CHOICE.extension()
    extension.slice_rows(*given.values())
    with pytest.raises(error):
        extension.slice_rows(*(given | change).values())


@compiled
def test_compiled__refuses_to_write_to_what_is_read_only():
    out = np.zeros((1, 129, 8), np.uint64)
    out.flags.writeable = False
    given = np.zeros((3, 2), np.uint64), np.zeros(3, np.uint32), np.arange(3, dtype=np.int32)
    with pytest.raises((ValueError, BufferError)):
        choice.CHOICE.extension().slice_rows(*given, np.arange(128, dtype=np.uint32), out)


@compiled
@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("need", np.zeros(3, np.uint32)),  # shorter than the counts ask
        ("rarest", np.full(64, 64, np.uint32)),
        ("missing", np.zeros(63, np.float32)),
        ("diagonal", 2**70),
        ("level", "sse9"),
    ],
)
def test_compiled__refuses_a_search_that_would_read_outside(place, value):
    words, counts = np.full((2, 1), 7, np.uint64), np.full(2, 3, np.uint32)
    order = np.arange(2, dtype=np.int32)
    given = {
        "level": kernels.available()[0],
        "rarest": np.arange(64, dtype=np.uint32),
        "missing": np.zeros(64, np.float32),
        "need": np.ones(129, np.uint32),
        "diagonal": 0,
    } | {place: value}
    slices = np.zeros((1, 65, 8), np.uint64)
    search = (
        (words, counts, order),
        (words, counts, slices, order),
        *(given[name] for name in ("rarest", "missing", "need", "diagonal")),
    )
    arrays = np.zeros(9, np.int32), np.zeros(9, np.int32), np.zeros(9, np.uint32)
    with pytest.raises((ValueError, OverflowError)):
        choice.CHOICE.extension().overlaps(given["level"], search, False, *arrays)


@compiled
def test_compiled__survives_counts_that_are_not_the_rows_own(monkeypatch):
    monkeypatch.delenv("LINKAGE_KERNEL", raising=False)  # where the suite is run with another kernel
    # wrong counts give a wrong answer, and never a read or write outside
    words = np.full((700, 2), 2**64 - 1, np.uint64)
    for claimed in (0, 1, 60, 128):
        rows = kernels.Rows(words, np.full(700, claimed, np.uint32))
        arranged = kernels.arrange_by_count(rows)
        kernels.overlaps(rows, arranged, np.ones(257, np.uint32), room=10)
        product = kernels.Product(0, 0, np.ones((1, 257), np.uint32))
        plan = kernels.ComparisonPlan.of_products((product,))
        counts = kernels.level_counts((rows,), kernels.arrange((rows,)), plan)
        assert sum(int(count.sum()) for count in counts) == 490_000
