"""Clouds of points are laid over each other again after they were turned, shuffled and thinned."""

import numpy as np
import pytest

from linkage.study.attacks import alignment, annealing, components, moments
from linkage.study.attacks.alignment import Cloud
from linkage.study.attacks.annealing import Start
from linkage.study.attacks.components import Independent
from linkage.study.attacks.embedding import embedding, structure

LEANING = moments.Leaning(6, 1.0, starts=20)


def cloud(seed: int, n: int = 600, d: int = 6) -> np.ndarray:
    """Points that lean: each coordinate a rare yes or no, and a little noise."""
    rng = np.random.default_rng(seed)
    points = (rng.random((n, d)) < np.linspace(0.1, 0.4, d)) + 0.05 * rng.standard_normal((n, d))
    return ((points - points.mean(axis=0)) * np.linspace(2, 1, d)).astype(np.float32)


def whole(points: np.ndarray) -> Cloud:
    return Cloud(points, structure(points, points.sum(axis=1) * 0))


def turned(points: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The points under another rotation, and the rotation."""
    turn = alignment.rotation(np.random.default_rng(seed).standard_normal((points.shape[1],) * 2))
    return points @ turn, turn


@pytest.mark.parametrize("seed", range(3))
def test_rotations__find_the_one_that_was_made(seed):
    points = cloud(seed)
    other, turn = turned(points, seed + 10)
    found = moments.rotations(whole(points), whole(other), LEANING, np.random.default_rng(seed))
    assert len(found) == LEANING.kept
    assert np.abs(found[0] - turn).max() < 0.02


def test_rotations__are_told_by_halves_of_the_points_that_share_none():
    points = cloud(3, n=4_000)
    other, turn = turned(points[2_000:], 4)
    found = moments.rotations(whole(points[:2_000]), whole(other), LEANING, np.random.default_rng(1))
    assert np.abs(found[0] - turn).max() < 0.15


def principal(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The points in their own principal axes, as an embedding has them, and the axes as columns."""
    axes = np.linalg.eigh(np.cov(points.T))[1][:, ::-1].astype(np.float32)
    return points @ axes, axes


@pytest.mark.parametrize("seed", range(3))
def test_components__lay_halves_that_share_no_point_over_each_other(seed):
    """Graph matching found no start on 6 of 30 sets of plain encodings, when a value's tokens shared its positions."""
    shapes = np.geomspace(0.2, 4, 8)  # of each direction one
    points = np.random.default_rng(seed).gamma(shapes, 1 / np.sqrt(shapes), (4_000, 8)).astype(np.float32)
    points = turned((points - points.mean(axis=0)) * np.linspace(2, 1, 8, dtype=np.float32), seed + 20)[0]
    other, turn = turned(points[2_000:], seed + 4)
    (left, ours), (right, theirs) = principal(points[:2_000]), principal(other)
    where = Independent(8, starts=4, kept=2)
    clouds, before = (whole(left), whole(right)), (left.copy(), right.copy())
    found = components.rotations(*clouds, where, np.random.default_rng(seed))
    assert len(found) == 2
    assert all(np.array_equal(cloud.points, points) for cloud, points in zip(clouds, before, strict=True))
    assert (found[0] * (ours.T @ turn @ theirs)).sum() / 8 > 0.9  # 1 is the same rotation


def test_components__of_one_dimension_and_of_points_that_are_all_alike():
    flat = np.zeros((30, 3), dtype=np.float32)
    line = np.random.default_rng(1).exponential(size=(200, 1)).astype(np.float32)
    for points in (flat, line):
        found = components.rotations(whole(points), whole(points), Independent(40, 2, 1), np.random.default_rng(2))
        assert np.allclose(found[0] @ found[0].T, np.eye(points.shape[1]), atol=1e-4)


def test_first_rotation_and_refined__name_the_points_of_a_shuffled_cloud():
    points = cloud(5)
    order = np.random.default_rng(6).permutation(len(points))
    other, _ = turned(points[order], 7)
    left, right = whole(points), whole(other)
    start = annealing.first_rotation(left, right, Start(6, 600, 1.0), np.random.default_rng(8))
    rows, cols = alignment.assigned(alignment.refined(points, other, start, 6))
    assert (order[cols] == rows).mean() > 0.98


def test_assigned__gives_everyone_of_the_smaller_side_another():
    near = alignment.negative_distances(cloud(9, n=40), cloud(10, n=30))
    rows, cols = alignment.assigned(near)
    assert len(rows) == len(set(rows.tolist())) == len(set(cols.tolist())) == 30


def test_ambiguity__of_a_point_between_two_is_one():
    assert alignment.ambiguity(np.array([[-1.0, -1.0]], dtype=np.float32)) == 1.0
    assert alignment.ambiguity(np.array([[-1.0]], dtype=np.float32)) == 1.0


def test_soft_assignment__is_nearly_even_and_sharp_when_cold():
    near = alignment.negative_distances(cloud(1, n=20), cloud(1, n=20))
    for temperature in (1.0, 0.001):
        grid, of_rows, of_columns = annealing.soft_assignment(near.copy(), temperature)
        shares = of_rows[:, None] * grid * of_columns
        assert np.abs(shares.sum(axis=0) - 1).max() < 0.2
    assert (shares.argmax(axis=1) == np.arange(20)).all() and shares.max() > 0.99


@pytest.mark.parametrize(("n", "m"), [(1, 1), (7, 20), (20, 7)])
def test_carried__is_the_mean_of_the_right_points_by_their_shares(n, m):
    near, right = alignment.negative_distances(cloud(1, n=n), cloud(2, n=m)), cloud(2, n=m)
    shares = np.exp(near.astype(np.float64) / 2)
    for _ in range(6):
        shares /= shares.sum(axis=1, keepdims=True)
        shares *= n / m / shares.sum(axis=0)
    assert annealing.carried(near.copy(), 2.0, right) == pytest.approx(shares @ right, abs=1e-4)


@pytest.mark.parametrize("seed", [11, 21, 31])
def test_annealed__rights_a_rotation_from_which_nearest_points_go_wrong(seed):
    points, rng = cloud(seed, n=500, d=30), np.random.default_rng(seed)
    other, turn = turned(points, 12)
    left, right = (each + rng.normal(scale=0.5, size=each.shape).astype(np.float32) for each in (points, other))
    rough = alignment.rotation(turn + 0.25 * rng.standard_normal(turn.shape))
    hard, soft = (
        (fit(left, right, rough, 30).argmax(axis=1) == np.arange(500)).mean()
        for fit in (alignment.refined, annealing.annealed)
    )
    assert soft > 0.4 and soft > 2 * hard, (hard, soft)


def test_embedding__keeps_inner_products():
    points = cloud(2, n=100)
    found = embedding(points @ points.T, 6)
    assert np.abs(found @ found.T - points @ points.T).max() < 0.05
    assert (np.diff((found**2).sum(axis=0)) <= 1e-3).all()  # greatest first
