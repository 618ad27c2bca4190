"""EM without truth: known m and u come back, and neither siblings nor strangers become the matches."""

from dataclasses import dataclass

import numpy as np
import pytest

from linkage.central.modelling.competition import Edges
from linkage.central.modelling.estimate import Estimate, estimate, expect_maximise, log_ratios, starting_point, weigh

N = 200
M = np.array([0.05, 0.05, 0.90])  # missing, differs, equal
U = np.array([0.05, 0.90, 0.05])
HOME = np.array([0.03, 0.05, 0.92])
BOTH = (True, True)


@dataclass
class Simulation:
    """``levels`` (n, n, fields) of all pairs; record i is person i on both sides if i is below ``matches``."""

    levels: np.ndarray
    matches: int

    def estimated(self, unique=BOTH) -> Estimate:
        totals = self.totals()
        start = starting_point(totals, *self.levels.shape[:2])
        return expect_maximise(self.levels.reshape(-1, len(totals)), self.edges(unique), totals, start)

    def totals(self):
        return tuple(np.bincount(self.levels[..., field].ravel(), minlength=3) for field in range(self.levels.shape[2]))

    def edges(self, unique=BOTH) -> Edges:
        n_rows, n_columns, _ = self.levels.shape
        rows, columns = (part.ravel().astype(np.int32) for part in np.indices((n_rows, n_columns)))
        return Edges(rows, columns, n_rows, n_columns, unique)

    def is_match(self) -> np.ndarray:
        rows, columns = np.indices(self.levels.shape[:2])
        return ((rows == columns) & (rows < self.matches)).ravel()


def simulate(matches: int, *, seed: int, n: int = N, n_fields: int = 5, household: int = 0) -> Simulation:
    """``household``: so many matched people in a row live together and share fields 0 to 2."""
    rng = np.random.default_rng(seed)
    levels = rng.choice(3, p=U, size=(n, n, n_fields)).astype(np.uint8)
    if household:
        home = np.arange(n) // household
        rows, columns = np.nonzero(home[:matches, None] == home[None, :matches])
        together = rows != columns
        size = (int(together.sum()), 3)
        levels[rows[together], columns[together], :3] = rng.choice(3, p=HOME, size=size)
    people = np.arange(matches)
    levels[people, people] = rng.choice(3, p=M, size=(matches, n_fields))
    return Simulation(levels, matches)


def assert_usable(parameters) -> None:
    """Proper distributions without a nought, so that no ratio is infinite."""
    for levels in zip(parameters.m, parameters.u, parameters.h, strict=True):
        for shares in levels:
            assert shares.sum() == pytest.approx(1)
            assert (shares > 0).all()
    assert np.isfinite([parameters.matches, parameters.households]).all()


def links_that_are_true(simulation: Simulation, estimate: Estimate) -> float:
    found = estimate.probability > 0.5
    return (found & simulation.is_match()).sum() / found.sum()


def links_found(simulation: Simulation, estimate: Estimate) -> float:
    return ((estimate.probability > 0.5) & simulation.is_match()).sum() / simulation.matches


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("matches", [60, 120, 200])
def test_expect_maximise__recovers_what_the_levels_were_drawn_with(matches, seed):
    simulation = simulate(matches, seed=seed)
    estimate = simulation.estimated()
    assert estimate.converged
    assert estimate.parameters.matches == pytest.approx(matches, abs=0.08 * matches)
    for m, u in zip(estimate.parameters.m, estimate.parameters.u, strict=True):
        np.testing.assert_allclose(m, M, atol=0.08)
        np.testing.assert_allclose(u, U, atol=0.01)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("matches", [60, 120, 200])
def test_expect_maximise__households_are_not_people(matches, seed):
    simulation = simulate(matches, seed=seed, household=5)
    estimate = simulation.estimated()
    assert estimate.converged
    assert estimate.parameters.matches == pytest.approx(matches, abs=0.2 * matches)
    assert links_that_are_true(simulation, estimate) > 0.95
    assert links_found(simulation, estimate) > 0.8
    # four others live with each: they are seen for what they are, alike in the home and in nothing else
    assert estimate.parameters.households * N**2 == pytest.approx(4 * matches, rel=0.25)
    equal = [h[2] for h in estimate.parameters.h]
    assert min(equal[:3]) > 0.75
    assert max(equal[3:]) < 0.25


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("unique", [(True, False), (False, True), (False, False)])
def test_expect_maximise__households_are_not_people_even_where_nobody_competes(unique, seed):
    # with competition alone, and switched off, 120 matches became more than 500
    simulation = simulate(120, seed=seed, household=5)
    estimate = simulation.estimated(unique)
    assert estimate.parameters.matches == pytest.approx(120, abs=0.2 * 120)
    assert links_that_are_true(simulation, estimate) > 0.9
    assert links_found(simulation, estimate) > 0.8


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("unique", [BOTH, (True, False), (False, False)])
def test_expect_maximise__where_nobody_matches_nobody_is_likely(seed, unique):
    # EM once made 50 matches of the luckiest strangers among 200
    estimate = simulate(0, seed=seed).estimated(unique)
    assert estimate.converged
    assert estimate.parameters.matches < 0.02 * N
    assert (estimate.probability > 0.5).sum() <= 1


def test_expect_maximise__probabilities_respect_the_competition():
    simulation = simulate(120, seed=5, household=5)
    edges, chance = simulation.edges(), simulation.estimated().probability
    assert np.bincount(edges.row, weights=chance).max() <= 1.01  # three sweeps a step, not to the end
    assert np.bincount(edges.column, weights=chance).max() <= 1.01


@pytest.mark.parametrize("level", [0, 1, 2])
def test_expect_maximise__of_one_record_a_side_gives_finite_numbers(level):
    levels = np.full((1, 1, 4), level, dtype=np.uint8)
    estimate = Simulation(levels, 0).estimated()
    assert estimate.converged
    assert 0 <= estimate.probability[0] <= 1
    assert_usable(estimate.parameters)
    if level == 1:
        assert estimate.probability[0] < 0.5


def test_expect_maximise__of_no_contenders_finds_no_matches():
    totals = (np.array([0, 100, 0]), np.array([100, 0, 0]))
    nothing = np.empty(0, np.int32)
    edges = Edges(nothing, nothing, 10, 10)
    estimate = expect_maximise(np.empty((0, 2), np.uint8), edges, totals, starting_point(totals, 10, 10))
    assert estimate.converged
    assert estimate.parameters.matches == 0
    assert_usable(estimate.parameters)


def test_expect_maximise__a_field_that_is_all_missing_is_worth_nothing():
    whole, holed = simulate(120, seed=2), simulate(120, seed=2)
    holed.levels[..., 3] = 0
    estimate = holed.estimated()
    assert abs(np.log(estimate.parameters.m[3][0] / estimate.parameters.u[3][0])) < 1e-3
    # and changes nothing for the others
    without = Simulation(np.delete(whole.levels, 3, axis=2), 120).estimated()
    assert estimate.parameters.matches == pytest.approx(without.parameters.matches, rel=1e-3)


@pytest.mark.parametrize("n", [1_000, 10**9])
def test_starting_point__is_finite_whatever_was_counted(n):
    totals = (np.array([n, 0, 0]), np.array([0, n, 0]), np.array([0, 0, n]), np.array([0] * 8 + [n]))
    start = starting_point(totals, 10, 20)
    assert start.matches == 5
    assert_usable(start)


def test_log_ratios__are_sums_over_the_fields():
    totals = (np.array([10, 80, 10]), np.array([20, 60, 20]))
    start = starting_point(totals, 10, 10)
    levels = np.array([[0, 2], [2, 2], [1, 0]], dtype=np.uint8)
    match, household, moved = log_ratios(levels, start)
    ratios = [np.log(m / u) for m, u in zip(start.m, start.u, strict=True)]
    np.testing.assert_allclose(match, [ratios[0][a] + ratios[1][b] for a, b in levels])
    assert (household == -np.inf).all()  # none are known at the start, and no warning of log(0) says so
    assert (moved == 0).all()  # no field says where anyone lives


def simulate_errors(matches: int, *, seed: int) -> Simulation:
    """No household: but a third of the matches agree on three fields of six only, as members of one would."""
    simulation = simulate(matches, seed=seed, n_fields=6)
    rng = np.random.default_rng(seed)
    spoilt = rng.choice(matches, matches // 3, replace=False)
    for person in spoilt.tolist():
        simulation.levels[person, person, rng.choice(6, 3, replace=False)] = 1
    return simulation


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("matches", [20, 60, 160])
def test_expect_maximise__matches_with_errors_do_not_become_a_household_class(seed, matches):
    # where one record in ten had a partner, the class once took all matches of Febrl 4: F1 0
    simulation = simulate_errors(matches, seed=seed)
    estimate = simulation.estimated()
    assert links_found(simulation, estimate) > 0.6
    assert estimate.parameters.households * N**2 < 0.3 * matches


def test_estimate__a_class_that_agrees_on_everything_is_of_matches_not_of_households():
    # duplicates within one set do not compete, so nothing is seen to lose, and only what they agree on can tell
    simulation = simulate_errors(120, seed=4)
    edges, totals = simulation.edges((False, False)), simulation.totals()
    levels, start = simulation.levels.reshape(-1, 6), starting_point(simulation.totals(), N, N)
    found = estimate(levels, edges, totals, start, np.zeros(len(levels)))
    assert found.parameters.households == 0
    assert links_found(simulation, found) > 0.6
    assert links_that_are_true(simulation, found) > 0.9


def test_estimate__households_that_one_field_tells_apart_stay_a_class():
    simulation = simulate(120, seed=4, household=5)
    edges, totals = simulation.edges((False, False)), simulation.totals()
    levels, start = simulation.levels.reshape(-1, 5), starting_point(simulation.totals(), N, N)
    found = estimate(levels, edges, totals, start, np.zeros(len(levels)))
    assert found.parameters.households > 0
    assert links_that_are_true(simulation, found) > 0.9


def test_expect_maximise__rare_values_tip_the_balance():
    simulation = simulate(120, seed=6)
    levels, edges, totals = simulation.levels.reshape(-1, 5), simulation.edges(), simulation.totals()
    start = starting_point(totals, N, N)
    plain = expect_maximise(levels, edges, totals, start)
    rarity = np.where(simulation.is_match(), 3.0, -1.0)
    helped = expect_maximise(levels, edges, totals, start, rarity)
    assert helped.probability[simulation.is_match()].mean() > plain.probability[simulation.is_match()].mean()


# ---- weigh ------------------------------------------------------------------------------------------------------


def weighed(simulation: Simulation, matches: float | None = None):
    """Under the very model that the levels were drawn with."""
    match = np.log(M / U)[simulation.levels].sum(axis=2).ravel()
    evidence, _, chance, expected = weigh(match, np.full(len(match), -np.inf), simulation.edges(), matches)
    return evidence, chance, expected


@pytest.mark.parametrize("matches", [60, 120, 190])
def test_weigh__finds_the_number_of_matches_under_a_known_model(matches):
    _, chance, expected = weighed(simulate(matches, seed=7))
    assert expected == pytest.approx(matches, rel=0.05)
    assert chance.sum() == pytest.approx(expected, rel=0.01)


def test_weigh__a_pair_at_probability_p_is_a_match_in_p_of_the_cases():
    right, stated = [], []
    for seed in range(6):
        simulation = simulate(120, seed=seed, n_fields=4)
        right.append(simulation.is_match())
        stated.append(weighed(simulation)[1])
    right, stated = np.concatenate(right), np.concatenate(stated)
    for low, high in ((0.1, 0.4), (0.4, 0.7), (0.7, 0.9), (0.9, 1.0)):
        inside = (stated > low) & (stated <= high)
        assert inside.sum() > 30
        error = 3 * np.sqrt(0.25 / inside.sum()) + 0.02
        assert right[inside].mean() == pytest.approx(stated[inside].mean(), abs=error)


def test_weigh__takes_a_number_of_matches_as_given():
    simulation = simulate(120, seed=1)
    _, chance, expected = weighed(simulation, 40.0)
    assert expected == 40.0
    assert chance.sum() < weighed(simulation)[1].sum()


def test_weigh__what_a_household_explains_is_no_evidence():
    edges = Edges(np.arange(4, dtype=np.int32), np.arange(4, dtype=np.int32), 4, 4)
    match, household = np.full(4, 5.0), np.array([-np.inf, 0.0, 5.0, 50.0])
    evidence, _, chance, _ = weigh(match, household, edges, 2.0)
    np.testing.assert_allclose(evidence, 5 - np.logaddexp(0, household))
    assert (np.diff(chance) < 0).all()


@pytest.mark.parametrize("matches", [None, 3.0])
def test_weigh__of_nothing_is_nothing(matches):
    nothing = np.empty(0, np.int32)
    evidence, _, chance, expected = weigh(np.empty(0), np.empty(0), Edges(nothing, nothing, 0, 5), matches)
    assert len(evidence) == len(chance) == 0
    assert expected == 0
