"""Matches who moved: two homes that differ throughout count against a match once, and are no sign of bad records."""

import numpy as np
import pytest

import linkage as lk
from linkage.central.modelling import moving
from linkage.central.modelling.competition import Edges
from linkage.central.modelling.estimate import estimate, starting_point
from linkage.central.modelling.levels import comparisons

N = 250
M = np.array([0.02, 0.03, 0.95])  # missing, differs, equal
U = np.array([0.02, 0.93, 0.05])
HOMES = (3, 4)
SEEN = ("given_name", "surname", "dob", "address", "postcode")


def schema(*types):
    return lk.Schema(project="trial", fields=tuple(lk.Field(name=f"f{n}", type=each) for n, each in enumerate(types)))


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (("name", "postcode", "date", "text"), (1, 3)),
        (("name", "postcode", "date"), ()),
        (("name", "date"), ()),
        (("text", "text", "text"), (0, 1, 2)),
    ],
)
def test_homes__are_the_fields_of_places_where_there_are_several(types, expected):
    agreed = schema(*types)
    assert moving.homes(agreed, comparisons(agreed)) == expected


def test_of_strangers__is_missing_as_with_other_matches_and_else_as_by_chance():
    found = moving.of_strangers(np.array([0.2, 0.1, 0.7]), np.array([0.5, 0.4, 0.1]))
    np.testing.assert_allclose(found, [0.2, 0.64, 0.16])
    assert found.sum() == pytest.approx(1)


def test_evidence__is_the_mixture_pair_by_pair():
    levels = np.array([[a, b, c] for a in range(3) for b in range(3) for c in range(3)], dtype=np.uint8)
    m, u = [M, np.array([0.1, 0.2, 0.7]), M], [U, np.array([0.3, 0.6, 0.1]), U]
    found, gone = moving.evidence(levels, m, u, (0, 1), 0.25)
    for row, (a, b, _) in enumerate(levels):
        stayed = 0.75 * m[0][a] / u[0][a] * m[1][b] / u[1][b]
        left = 0.25 * moving.of_strangers(m[0], u[0])[a] / u[0][a] * moving.of_strangers(m[1], u[1])[b] / u[1][b]
        assert np.exp(found[row]) == pytest.approx(stayed + left)
        assert gone[row] == pytest.approx(left / (stayed + left))


def test_evidence__where_nobody_moved_is_the_sum_of_the_fields():
    levels = np.array([[1, 2], [2, 2], [0, 1]], dtype=np.uint8)
    found, gone = moving.evidence(levels, [M, M], [U, U], (0, 1), 0.0)
    np.testing.assert_allclose(found, np.log(M / U)[levels].sum(axis=1))
    assert (gone == 0).all()


def test_upper_bounds__are_never_less_than_the_evidence():
    rng = np.random.default_rng(7)
    for _ in range(50):
        m, u = ([rng.dirichlet(np.ones(6)) + 1e-9 for _ in range(3)] for _ in range(2))
        m, u = ([each / each.sum() for each in side] for side in (m, u))
        levels = rng.integers(0, 6, size=(500, 3)).astype(np.uint8)
        found, _ = moving.evidence(levels, m, u, (0, 1, 2), float(rng.uniform(0.001, 0.9)))
        bound = sum(
            np.maximum(np.log(m[index] / u[index]), other)[levels[:, index]]
            for index, other in moving.upper_bounds(m, u, (0, 1, 2))
        )
        assert (found <= bound + 1e-9).all()


def population(moved, *, seed):
    """Levels of all pairs of N people on both sides, of whom a share has moved; two fields are of the home."""
    rng = np.random.default_rng(seed)
    levels = rng.choice(3, p=U, size=(N, N, 5)).astype(np.uint8)
    people = np.arange(N)
    own = rng.choice(3, p=M, size=(N, 5)).astype(np.uint8)
    gone = rng.random(N) < moved
    own[np.ix_(gone, HOMES)] = rng.choice(3, p=U, size=(int(gone.sum()), 2))
    levels[people, people] = own
    return levels, gone


@pytest.mark.parametrize("moved", [0.0, 0.3])
def test_estimate__finds_how_many_moved_and_what_those_agree_on_who_stayed(moved):
    levels, gone = population(moved, seed=3)
    rows, columns = (part.ravel().astype(np.int32) for part in np.indices((N, N)))
    totals = tuple(np.bincount(levels[..., field].ravel(), minlength=3) for field in range(5))
    start = starting_point(totals, N, N, HOMES)
    flat = levels.reshape(-1, 5)
    found = estimate(flat, Edges(rows, columns, N, N), totals, start, np.zeros(len(flat)))
    assert found.parameters.moved == pytest.approx((gone.sum() + 10) / (N + 100), abs=0.04)
    for index in HOMES:
        # 100 matches are imagined at the start
        np.testing.assert_allclose(found.parameters.m[index], M, atol=0.06)
    alone = starting_point(totals, N, N)
    plain = estimate(flat, Edges(rows, columns, N, N), totals, alone, np.zeros(len(flat)))
    if moved:
        assert plain.parameters.m[3][1] > 0.2 > 0.08 > found.parameters.m[3][1]


@pytest.fixture(scope="module")
def sets():
    from linkage import study

    people = study.invent(2_500, seed=5, preset="hard")
    fields = tuple(field for field in lk.Schema.preset("uk-person", project="trial").fields if field.name in SEEN)
    agreed, key = lk.Schema(project="trial", fields=fields), lk.Key(np.random.default_rng(8).bytes(32))
    made = [
        lk.encode(people[agency], agreed, key, id=people.ids[agency], source=agency,
                  columns=people.held(agency, agreed), progress=False)
        for agency in ("registry", "childrens_centre")
    ]  # fmt: skip
    return *made, people, key


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
def test_fit__sees_that_families_move_and_says_so(sets):
    model = lk.fit(*sets[:2], progress=False)
    assert 0.15 < model.moved < 0.4  # the preset moves some three in ten
    assert "of the matches have moved; m of address, postcode is of the others" in str(model)


@pytest.mark.filterwarnings("ignore::linkage.LinkageWarning")
def test_predict__weighs_a_pair_by_its_levels_and_the_mixture(sets):
    left, right, *_ = sets
    model = lk.fit(left, right, progress=False)
    pairs = model.predict(left, right, probability=0.9, progress=False)
    without = lk.Model.of(
        model.schema, model.to_arrow(), matches=model.matches, households=model.households, moved=model.moved
    )
    again = without.predict(left, right, probability=0.9, progress=False)
    np.testing.assert_array_equal(pairs.match_weight, again.match_weight)
    stayed = lk.Model.of(model.schema, model.to_arrow(), matches=model.matches, households=model.households)
    fewer = stayed.predict(left, right, probability=0.9, progress=False)
    assert len(fewer) < len(pairs)  # who moved counts against a match twice


@pytest.mark.parametrize("moved", [-0.1, 1, float("nan"), "some", True])
def test_of__refuses_a_share_of_movers_that_is_none(moved):
    agreed = schema("category")
    levels = {"field": ["f0"] * 3, "level": ["missing", "differs", "equal"]}
    with pytest.raises((TypeError, ValueError), match="moved: must be a"):
        lk.Model.of(agreed, levels | {"m": M.tolist(), "u": U.tolist()}, matches=1, moved=moved)
