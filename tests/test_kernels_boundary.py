"""Every array that crosses into C is checked first: what breaks the contract is an exception, and nothing is read."""

import numpy as np
import pytest

from linkage.central import kernels
from linkage.central.kernels import ComparisonPlan, Outcome, Product
from linkage.central.kernels.flat import flat_plan
from tests.test_kernels import as_rows
from tests.test_kernels_levels import CUTS, needs

extension = pytest.importorskip("linkage.central.kernels._compiled", reason="nothing was compiled")

REFUSED = (ValueError, TypeError, BufferError, OverflowError)
LEVEL = kernels.available()[0]
ROWS = as_rows(np.full((3, 1), 0b1011, np.uint64))
PLAN = ComparisonPlan(
    (Product(0, 0, needs(64, CUTS)), Product(0, 0, needs(64, CUTS[-1:]))),
    (Outcome((0,), np.arange(9, dtype=np.uint8)), Outcome((0, 1), (np.arange(27) // 3).astype(np.uint8).reshape(9, 3))),
)


def put(place, value):
    """A change of what is given, at a path of indices and names."""

    def changed(given, path=place):
        if not path:
            return value(given) if callable(value) else value
        copy = dict(given) if isinstance(given, dict) else list(given)
        copy[path[0]] = changed(given[path[0]], path[1:])
        return copy if isinstance(given, dict) else tuple(copy)

    return changed


def other_kind(array):
    return array.astype(np.float64)


def every_other(array):
    return np.repeat(array, 2, axis=-1)[..., ::2]  # as long, and not one behind the other


def shorter(array):
    return array[:-1].copy()


def one_axis_more(array):
    return array[None].copy()


def backwards(array):
    return array.astype(array.dtype.newbyteorder() if array.itemsize > 1 else np.int8)


WRONG = [other_kind, every_other, one_axis_more, backwards, "text", None]


def refused(call, given, place, value):
    changed = put(place, value)(given)
    with pytest.raises(REFUSED):
        call(**changed) if isinstance(changed, dict) else call(*changed)


# ---- searches ---------------------------------------------------------------------------------------------------


def search():
    right = kernels.arrange_by_count(ROWS)
    return {
        "left": (ROWS.words, ROWS.counts, right.order),
        "right": (ROWS.words, ROWS.counts, right.slices, right.order),
        "rarest": right.rarest,
        "missing": right.missing,
        "need": np.ones(129, np.uint32),
        "diagonal": 0,
        "itself": False,
        "out": (np.zeros(9, np.int32), np.zeros(9, np.int32), np.zeros(9, np.uint32)),
    }


def overlaps(*, itself, out, **given):
    return extension.overlaps(LEVEL, tuple(given.values()), itself, *out)


def best(*, itself, out, **given):
    return extension.best(LEVEL, tuple(given.values()), itself, *out)


ARRAYS_OF_A_SEARCH = [
    *[("left", place) for place in range(3)],
    *[("right", place) for place in range(4)],
    ("rarest",),
    ("missing",),
    ("need",),
]


def test_count_columns__takes_any_step():
    """64 steps of 2 ** 62 are nought in 64 bits: it went on for ever, and 2 ** 63 - 1 read outside."""
    words, found = np.full((3, 1), 3, np.uint64), np.zeros(64, np.uint32)
    for step in (3, 2**31, 2**57, 2**62, 2**63 - 1):
        extension.count_columns(words, np.full(3, 2, np.uint32), step, found)
        assert found.sum() == 2


class Anew:
    """A sequence that makes its items as they are asked for, and keeps none."""

    def __len__(self):
        return 2

    def __getitem__(self, place):
        return (np.ones((2, 1), np.uint64), np.ones(2, np.uint32))[place]


def test_pair_overlaps__refuse_a_side_that_does_not_keep_its_arrays():
    """They were freed before they were read."""
    rows, out = np.zeros(2, np.int32), np.zeros(2, np.uint32)
    for side in (Anew(), np.ones((2, 1), np.uint64), list(Anew())):
        with pytest.raises((TypeError, ValueError)):
            extension.pair_overlaps("generic", side, (side, side), rows, rows, out)


@pytest.mark.parametrize("side", ["left", "right"])
def test_searches__refuse_a_side_that_does_not_keep_its_arrays(monkeypatch, side):
    monkeypatch.setenv("LINKAGE_KERNEL", LEVEL)
    given = search()

    class Held:
        """As long as the tuple, with its items, and no tuple."""

        def __len__(self):
            return len(given[side])

        def __getitem__(self, place):
            return given[side][place].copy()

    neighbours = given | {"out": (np.zeros((3, 2), np.int32), np.zeros((3, 2), np.uint32))}
    for other in (Held(), list(given[side])):
        with pytest.raises((TypeError, ValueError)):
            overlaps(**given | {side: other})
        with pytest.raises((TypeError, ValueError)):
            best(**neighbours | {side: other})


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", ARRAYS_OF_A_SEARCH)
def test_searches__refuse_an_array_of_another_kind_or_shape(monkeypatch, place, wrong):
    monkeypatch.setenv("LINKAGE_KERNEL", LEVEL)
    given = search()
    assert overlaps(**given) == 9
    refused(overlaps, given, place, wrong)
    neighbours = given | {"out": (np.zeros((3, 2), np.int32), np.zeros((3, 2), np.uint32))}
    assert best(**neighbours) == 0
    refused(best, neighbours, place, wrong)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *[(place, shorter) for place in ARRAYS_OF_A_SEARCH if place not in (("left", 2), ("right", 3), ("need",))],
        (("need",), np.ones(6, np.uint32)),  # 3 bits and 3 bits ask for the seventh
        (("left", 2), np.array([0, 1, 3], np.int32)),
        (("right", 3), np.array([0, 1, -1], np.int32)),
        (("left",), lambda left: left[:2]),
        (("left", 0), np.zeros((3, 2), np.uint64)),  # wider than the right
        (("left", 0), np.zeros((3, 0), np.uint64)),
        (("diagonal",), 2**70),
        (("out",), lambda out: (out[0].astype(np.int64), *out[1:])),
        (("out",), lambda out: (*out[:2], out[2].astype(np.int32))),
        (("out",), lambda out: out[:2]),
    ],
)
def test_overlaps__refuses_what_would_be_read_or_written_outside(monkeypatch, place, value):
    monkeypatch.setenv("LINKAGE_KERNEL", LEVEL)
    refused(overlaps, search(), place, value)


def test_overlaps__of_a_set_with_itself_refuses_two_orders(monkeypatch):
    monkeypatch.setenv("LINKAGE_KERNEL", LEVEL)
    given = search() | {"itself": True}
    assert overlaps(**given) == 3
    refused(overlaps, given, ("left", 2), np.array([1, 0, 2], np.int32))
    refused(overlaps, given, ("left", 2), shorter)


@pytest.mark.parametrize("shapes", [((2, 2), (3, 2)), ((3, 2), (3, 1)), ((3, 0), (3, 0)), ((6,), (6,))])
def test_best__refuses_lists_that_are_not_one_a_left_row(monkeypatch, shapes):
    monkeypatch.setenv("LINKAGE_KERNEL", LEVEL)
    out = np.zeros(shapes[0], np.int32), np.zeros(shapes[1], np.uint32)
    refused(best, search(), ("out",), out)


# ---- plans ------------------------------------------------------------------------------------------------------

FLAT = ("left", "right", "products", "needs", "scales", "outcomes", "references", "strides", "values", "levels",
        "weights", "bonus", "diagonal")  # fmt: skip


def flat(monkeypatch, *, weighted: bool):
    """The plan as compiled.py gives it, by name."""
    monkeypatch.setenv("LINKAGE_KERNEL", LEVEL)
    values = [np.arange(9, dtype=np.int64), np.arange(27, dtype=np.int64)]
    weights = [np.arange(9, dtype=np.int32)] * 2 if weighted else None
    bonus = (np.zeros(3, np.int32), None) if weighted else None
    right = kernels.arrange((ROWS,))
    made = flat_plan((ROWS,), right, PLAN, [(0, 0), (1, 1)], values, weights, bonus, None)
    return dict(zip(FLAT, made, strict=True))


def histograms(*, which=((0, 1, 9),), cells=(300,), **plan):
    which = which if isinstance(which, np.ndarray) else np.array(which, np.int64).reshape(-1, 3)
    arrays = tuple(np.zeros(each, np.uint32) if isinstance(each, int) else each for each in cells)
    return extension.histograms(LEVEL, tuple(plan.values()), which, arrays)


def heavy(*, out=None, bound=0, **plan):
    out = out or (np.zeros(9, np.int32), np.zeros(9, np.int32), np.zeros(9, np.int32))
    return extension.heavy(LEVEL, tuple(plan.values()), bound, *out)


ARRAYS_OF_A_PLAN = [
    ("left", 0, 0),
    ("left", 0, 1),
    *[("right", 0, place) for place in range(4)],
    *[(name,) for name in FLAT[2:11]],
]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", ARRAYS_OF_A_PLAN)
def test_plans__refuse_an_array_of_another_kind_or_shape(monkeypatch, place, wrong):
    given = flat(monkeypatch, weighted=True)
    assert heavy(**given) == 9
    refused(heavy, given, place, wrong)
    if place != ("weights",):  # there are none
        refused(histograms, flat(monkeypatch, weighted=False), place, wrong)


OUTSIDE = [
    (("needs",), shorter),
    (("scales",), shorter),
    (("references",), shorter),
    (("strides",), shorter),
    (("values",), shorter),
    (("levels",), shorter),
    (("products",), lambda table: np.zeros((0, 6), np.int64)),
    (("products",), lambda table: table[:, :5].copy()),
    (("outcomes",), lambda table: table[:, :6].copy()),
    (("outcomes",), lambda table: np.zeros((0, 7), np.int64)),
    *[(("products", 0, column), bad) for column, bad in [(0, 1), (1, -1), (2, 33), (3, 6), (3, 0), (4, -1), (5, 99)]],
    *[(("products", 0, column), 2**62) for column in (2, 3, 4, 5)],
    *[(("outcomes", 1, column), bad) for column, bad in [(0, 0), (0, 65), (1, -1), (2, 2), (2, -1), (3, 26), (4, 99)]],
    *[(("outcomes", 1, column), 2**62) for column in range(7) if column != 6],
    (("references", 1), 2),
    (("references", 1), -1),
    (("strides", 1), 0),
    (("strides", 1), 65_536),
    (("strides", 0), 2),  # of a product alone
    (("left", 0, 1), np.full(3, 128, np.uint32)),  # counts outside the table of needs
    (("left",), ()),
    (("left",), lambda sides: sides * 17),
    (("right",), lambda sides: sides * 17),
    (("right", 0, 3), np.array([1, 0, 2], np.int32)),  # rows of several filters keep their order
    (("bonus",), ()),
    (("diagonal",), 2**70),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value"), OUTSIDE)
def test_plans__refuse_what_would_be_read_outside(monkeypatch, place, value):
    for weighted, call in ((True, heavy), (False, histograms)):
        given = flat(monkeypatch, weighted=weighted)
        if isinstance(given[place[0]], np.ndarray) and len(place) > 1:
            array = given[place[0]].copy()
            array[place[1:]] = value
            refused(call, given, place[:1], array)
        else:
            refused(call, given, place, value)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("which",), [(2, -1, 9)]),  # an accumulator that no outcome adds to
        (("which",), [(0, 2, 9)]),
        (("which",), [(1, 2, 9)]),
        (("which",), [(8, -1, 9)]),
        (("which",), [(-1, -1, 9)]),
        (("which",), [(0, 8, 9)]),
        (("which",), [(0, -2, 9)]),
        (("which",), [(0, 1, 0)]),
        (("which",), [(0, 1, 301)]),
        (("which",), [(0, 1, 12)]),  # cells 12 apart: the last is 320
        (("which",), []),
        (("which",), [(0, 1, 9)] * 9),
        (("which",), np.zeros((1, 2), np.int64)),
        (("which",), np.zeros((1, 3), np.int32)),
        (("cells",), (242,)),  # 9 times 27 are needed
        (("cells",), (300, 300)),
        (("cells",), ()),
        (("cells", 0), np.zeros(300, np.uint64)),
        (("cells", 0), np.zeros(600, np.uint32)[::2]),
        (("values",), np.full(36, -1, np.int16)),
    ],
)
def test_histograms__refuse_what_would_be_counted_outside(monkeypatch, place, value):
    given = flat(monkeypatch, weighted=False) | {"which": ((0, 1, 9),), "cells": (243,)}
    assert histograms(**given) == 0
    refused(histograms, given, place, value)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("weights",), shorter),
        (("outcomes", 1, 6), 17),
        (("outcomes", 1, 6), -1),
        (("outcomes", 1, 5), 7),  # levels reach 8
        (("bonus", 0), np.zeros(2, np.int32)),
        (("bonus", 0), np.zeros(3, np.int64)),
        (("bonus", 0), "text"),
        (("bound",), 2**31),
        (("out",), (np.zeros(9, np.int32), np.zeros(9, np.int32), np.zeros(9, np.uint32))),
        (("out",), (np.zeros(9, np.int32), np.zeros((9, 1), np.int32), np.zeros(9, np.int32))),
    ],
)
def test_heavy__refuses_what_would_be_weighed_outside(monkeypatch, place, value):
    given = flat(monkeypatch, weighted=True) | {"bound": 0, "out": None}
    if place[0] == "outcomes":
        given["outcomes"] = given["outcomes"].copy()
        given["outcomes"][place[1:]] = value
        place, value = (), given
    refused(heavy, given, place, value)


def test_outputs__as_long_as_the_shortest_are_filled_and_no_further(monkeypatch):
    monkeypatch.setenv("LINKAGE_KERNEL", LEVEL)
    for lengths in ((8, 9, 9), (9, 8, 9), (9, 9, 8)):
        kinds = np.int32, np.int32, np.uint32
        out = tuple(np.full(n, 77, kind) for n, kind in zip(lengths, kinds, strict=True))
        assert overlaps(**search() | {"out": out}) == -1
        weighed = tuple(np.full(n, 77, np.int32) for n in lengths)
        assert heavy(**flat(monkeypatch, weighted=True), out=weighed, bound=-5) == -1
        assert all(array[8:].tolist() in ([], [77]) for array in (*out, *weighed))


# ---- listed pairs, and the columns ------------------------------------------------------------------------------

LISTED = np.arange(3, dtype=np.int32)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *[((side, array), wrong) for side in (0, 1) for array in (0, 1) for wrong in (*WRONG, shorter)],
        *[((place,), wrong) for place in (2, 3, 4) for wrong in (*WRONG, shorter)],
        ((0, 0), np.zeros((3, 2), np.uint64)),  # wider than the other
        ((2,), np.array([0, 1, 3], np.int32)),
        ((3,), np.array([0, -1, 2], np.int32)),
    ],
)
def test_pair_overlaps__refuse_what_would_be_read_outside(place, value):
    def call(*given):
        return extension.pair_overlaps(LEVEL, *given)

    given = (ROWS.words, ROWS.counts), (ROWS.words, ROWS.counts), LISTED, LISTED, np.zeros(3, np.uint32)
    call(*given)
    refused(call, given, place, value)


@pytest.mark.parametrize(
    ("place", "value"),
    [*[((place,), wrong) for place in (0, 1, 3) for wrong in (*WRONG, shorter)], ((2,), 0), ((2,), -1)],
)
def test_count_columns__refuses_what_would_be_read_outside(place, value):
    given = ROWS.words, ROWS.counts, 1, np.zeros(64, np.uint32)
    extension.count_columns(*given)
    refused(extension.count_columns, given, place, value)


# ---- what says what is not so -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_plans__whose_tables_and_counts_are_not_so_are_answered_within_their_arrays(monkeypatch, seed):
    # the answers mean nothing, and under AddressSanitizer (test_kernels_sanitized.py) nothing else is touched
    rng = np.random.default_rng(seed)
    for weighted, call in ((True, heavy), (False, histograms)):
        given = flat(monkeypatch, weighted=weighted)
        given["needs"] = rng.integers(0, 70, len(given["needs"])).astype(np.uint32)  # a higher cut needs less
        if seed % 2:
            given["scales"] = rng.integers(0, 65_536, len(given["scales"])).astype(np.uint16)
        else:
            given["products"] = given["products"].copy()
            given["products"][:, 5] = -1
        given["left"] = ((ROWS.words, rng.integers(0, 60, 3).astype(np.uint32)),)  # of three bits each
        given["right"] = ((ROWS.words, rng.integers(0, 60, 3).astype(np.uint32), *given["right"][0][2:]),)
        if weighted:
            given["bonus"] = (np.array([-(2**31), 2**31 - 1, 0], np.int32), None)
            assert 0 <= call(**given) <= 9
        else:
            cells = np.zeros(243, np.uint32)
            assert call(cells=(cells,), **given) == 0
            assert cells.sum() == 9
