"""The best contenders of each record: no more than asked for, none of them at another's cost, ties shared out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.central import contenders
from linkage.central.contenders import Contenders, best_of_each
from linkage.central.modelling import fitting
from tests import naive

PAIRS = st.dictionaries(
    st.tuples(st.integers(0, 5), st.integers(0, 7)), st.integers(-3, 3), max_size=48
)  # few weights, so that many tie


def listed(weights: dict[tuple[int, int], int]) -> Contenders:
    pairs = np.array(sorted(weights), dtype=np.int32).reshape(-1, 2)
    weight = np.array([weights[pair] for pair in sorted(weights)], dtype=np.int32)
    row, column = (np.ascontiguousarray(part) for part in pairs.T)
    return Contenders(row, column, weight, -9)


@given(PAIRS, st.integers(1, 4))
@settings(deadline=None)
def test_best_of_each__is_its_naive_twin_wherever_weights_do_not_tie(weights, most):
    distinct = {pair: 100 * weight + place for place, (pair, weight) in enumerate(sorted(weights.items()))}
    found = best_of_each(listed(distinct), 6, 8, most=most)
    assert list(zip(found.row.tolist(), found.column.tolist(), strict=True)) == naive.best_of_each(distinct, most)


@given(PAIRS, st.integers(1, 4))
@settings(deadline=None)
def test_best_of_each__leaves_out_no_pair_heavier_than_all_kept_of_its_row(weights, most):
    found = best_of_each(listed(weights), 6, 8, most=most)
    kept = dict(zip(zip(found.row.tolist(), found.column.tolist(), strict=True), found.weight.tolist(), strict=True))
    assert kept.items() <= weights.items()
    assert len(kept) <= most * (6 + 8)
    for place in (0, 1):
        for number in {pair[place] for pair in weights}:
            own = sorted((weight for pair, weight in weights.items() if pair[place] == number), reverse=True)[:most]
            there = sorted((weight for pair, weight in kept.items() if pair[place] == number), reverse=True)
            assert there[: len(own)] == own


def test_best_of_each__shares_ties_out_so_that_everyone_can_have_a_partner():
    # sixty records of a common name on either side: by row number ten columns would take every row's ties
    n, most = 60, 10
    found = best_of_each(listed(dict.fromkeys(np.ndindex(n, n), 7)), n, n, most=most)
    for group in (found.row, found.column):
        counts = np.bincount(group, minlength=n)
        assert counts.min() >= most
        assert counts.max() <= 4 * most


def test_best_of_each__of_none_is_none():
    assert len(best_of_each(listed({}), 3, 4, most=2).row) == 0


def test_fit__looks_at_few_rivals_of_a_record_with_a_common_name(monkeypatch: pytest.MonkeyPatch, common_names):
    seen = []

    def counted(levels, edges, *others):
        seen.append(edges)
        return fitting_estimate(levels, edges, *others)

    fitting_estimate = fitting.estimate
    monkeypatch.setattr(fitting, "estimate", counted)
    left, right = common_names
    fitting.fitted(left, right, duplicates=(), executor=None, threads=1, memory=1 << 30, progress=False)
    (edges,) = seen
    assert 0 < len(edges.row) <= fitting._BEST_OF_EACH * (len(left) + len(right))


@pytest.fixture
def common_names():
    """Two sets of 300 records and twelve names."""
    import linkage as lk

    rng = np.random.default_rng(1)
    given_names, surnames = ("Ann", "Ben", "Cleo", "David"), ("Smith", "Jones", "Khan")
    schema = lk.Schema(
        project="trial",
        fields=(lk.Field(name="given_name", type="name"), lk.Field(name="surname", type="name")),
    )
    key = lk.Key(np.random.default_rng(2).bytes(32))
    return [
        lk.encode(
            {
                "id": [f"{source}{number}" for number in range(300)],
                "given_name": rng.choice(given_names, 300).tolist(),
                "surname": rng.choice(surnames, 300).tolist(),
            },
            schema,
            key,
            id="id",
            source=source,
            progress=False,
        )
        for source in ("left", "right")
    ]


def test_mixed__spreads_neighbouring_pairs_over_the_whole_range():
    rows, columns = (part.ravel().astype(np.int32) for part in np.indices((64, 64)))
    top = np.bincount((contenders.mixed(rows, columns) >> np.uint64(60)).astype(np.int64), minlength=16)
    assert top.min() > 64 * 64 / 16 / 2
