"""Extreme points of many samples: none is lost, and their order is one of their own."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from theory.geometry.extremes import EXTREMES, extreme_points
from theory.sources import Sources

KINDS = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "cube": lambda rng, shape: rng.uniform(size=shape),
    "ball": lambda rng, shape: (rows := rng.standard_normal(shape)) / (1 + np.linalg.norm(rows, axis=1))[:, None],
    "heavy tails": lambda rng, shape: rng.standard_t(2, size=shape),
    "heavier tails": lambda rng, shape: rng.standard_cauchy(shape),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("dimension", [2, 3, 4])
def test_the_extreme_ones_of_many_samples_are_the_vertices_of_their_hull(kind, dimension):
    rng = np.random.default_rng(1)
    turn = rng.standard_normal((dimension, dimension))
    points = 5 + KINDS[kind](rng, (2 * EXTREMES.filter_rows, dimension)) @ turn
    found = {tuple(row) for row in extreme_points(points).tolist()}
    assert found == {tuple(row) for row in points[ConvexHull(points).vertices].tolist()}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_vertices_of_many_samples_do_not_depend_on_their_order(kind):
    rng = np.random.default_rng(2)
    points = KINDS[kind](rng, (30_000, 3))
    points[:100] = points[100:200]
    first, other = (Sources(rows).vertices for rows in (points, points[rng.permutation(len(points))]))
    assert first.tolist() == other.tolist()


def test_samples_that_fill_a_grid_leave_its_corners():
    grid = np.stack(np.meshgrid(*[np.arange(21.0)] * 3), axis=-1).reshape(-1, 3)
    corners = {tuple(row) for row in extreme_points(np.vstack([grid, grid])).tolist()}
    assert corners >= {(x, y, z) for x in (0.0, 20.0) for y in (0.0, 20.0) for z in (0.0, 20.0)}
    assert all(sum(0 < value < 20 for value in corner) == 0 for corner in corners)


FEW = {
    "samples": lambda rng, count: rng.uniform(-1, 1, (count, 2)),
    "narrow and far": lambda rng, count: 1e3 + rng.standard_normal((count, 2)) @ np.array([[1, 0.999], [0, 0.01]]),
    "grid, far units": lambda rng, count: rng.integers(0, 5, (count, 2)) * np.array([1e-9, 1e9]),
    "grid, turned": lambda rng, count: rng.integers(0, 5, (count, 2)) @ np.array([[0.6, 0.8], [-0.8, 0.6]]),
    "circle, twice": lambda rng, count: np.tile(np.exp(1j * np.arange(count)).view(float).reshape(-1, 2), (2, 1)),
    "edges up to rounding": lambda rng, count: np.vstack(
        [[[0, 0], [1, 0], [1, 1], [0, 1]], [[x, 1e-15 * rng.uniform(-1, 1)] for x in np.linspace(0.1, 0.9, count)]]
    ),
    "mirrored units": lambda rng, count: rng.uniform(-1, 1, (count, 2)) * np.array([-1e-120, 1e120]),
}


@pytest.mark.parametrize("kind", sorted(FEW))
def test_the_corners_of_few_samples_in_the_plane_are_those_that_qhull_finds(kind, monkeypatch):
    rng = np.random.default_rng(3)
    clouds = [FEW[kind](rng, int(count)) for count in rng.integers(20, EXTREMES.few // 2, 20)]
    alone = [extreme_points(points) for points in clouds]
    monkeypatch.setattr("theory.geometry.extremes.EXTREMES", replace(EXTREMES, few=0))
    for points, found in zip(clouds, alone, strict=True):
        assert len({tuple(row) for row in found.tolist()}) == len(found)
        assert {tuple(row) for row in found.tolist()} == {tuple(row) for row in extreme_points(points).tolist()}
        corner = (found - found.mean(axis=0)) / np.ptp(found, axis=0) @ [1, 1j]
        assert (np.angle(np.roll(corner, -1) / corner) > 0).all()
