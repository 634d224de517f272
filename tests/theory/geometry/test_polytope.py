"""The normal fan: it covers every direction, and the support function is linear on each of its cones."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.strategies import problems, seeds
from tests.properties import naive
from theory import InputError, Sources
from theory.geometry.extremes import extreme_points
from theory.geometry.polytope import NormalFan, _most_facets, has_more_facets, hull_of


def assert_sound(sources):
    fan = sources.fan
    assert fan.covers()
    mirrored = -(sources.points - sources.mean)
    size = np.abs(mirrored).max()
    rng = np.random.default_rng(0)
    for coordinates in (np.ones((len(fan), fan.dimension)), rng.random((len(fan), fan.dimension))):
        inside = np.einsum("nk,nkd->nd", coordinates, fan.generators[fan.cones])
        height = np.einsum("nd,nd->n", inside, fan.vertices[fan.vertex_of_cone])
        np.testing.assert_allclose(height, (inside @ mirrored.T).max(axis=1), atol=1e-9 * size * fan.dimension)


@given(problems())
def test_the_fan_covers_and_is_linear(problem):
    assert_sound(problem.sources)


@given(problems())
def test_every_direction_lies_in_a_cone(problem):
    fan = problem.sources.fan
    scale = np.sqrt(problem.modular_costs)
    corners = (fan.generators * scale)[fan.cones]
    for direction in naive.directions(problem, 20) * scale:
        with np.errstate(all="ignore"):
            inside = np.linalg.solve(np.swapaxes(corners, 1, 2), direction[:, None])[:, :, 0]
        assert (inside.min(axis=1) >= -1e-7 * np.abs(inside).max(axis=1)).any()


@pytest.mark.parametrize(("dimension", "levels"), [(2, 9), (3, 5), (4, 3), (5, 2)])
def test_grids_with_many_coplanar_points(dimension, levels):
    grid = np.array(list(product(range(levels), repeat=dimension)))
    assert_sound(Sources(grid))
    assert_sound(Sources(grid[grid.sum(axis=1) < dimension * (levels - 1)]))
    assert_sound(Sources(grid[grid.sum(axis=1) <= dimension * (levels - 1) // 2 + 1]))
    assert_sound(Sources(grid * 10.0 ** np.linspace(-8, 8, dimension)))


@pytest.mark.parametrize("dimension", [3, 4])
def test_symmetric_polytopes(dimension):
    cross = np.vstack([np.eye(dimension), -np.eye(dimension)])
    assert_sound(Sources(cross))
    assert_sound(Sources(np.vstack([cross, np.array(list(product([-0.5, 0.5], repeat=dimension)))])))


@given(problems(dimension=st.integers(1, 4)))
def test_the_extreme_points_have_the_same_support_function(problem):
    sources = problem.sources
    weights = naive.directions(problem, 200)
    np.testing.assert_allclose(sources.support(weights), naive.support(problem, weights), rtol=1e-9)
    rows = {tuple(row) for row in sources.points.tolist()}
    assert all(tuple(row) in rows for row in extreme_points(sources.points).tolist())


@given(seeds)
def test_many_samples_are_thinned_without_losing_an_extreme_one(seed):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((6_000, 3)) if seed % 2 else rng.integers(-9, 10, size=(6_000, 3)).astype(float)
    weights = rng.standard_normal((200, 3))
    np.testing.assert_allclose((extreme_points(points) @ weights.T).max(axis=0), (points @ weights.T).max(axis=0))


def test_a_fan_with_a_hole_does_not_cover():
    fan = Sources(list(product([-1, 1], repeat=3))).fan
    assert not NormalFan(fan.generators, fan.cones[1:], fan.vertices, fan.vertex_of_cone[1:]).covers()
    doubled = np.concatenate([fan.cones, fan.cones[:1]])
    assert not NormalFan(fan.generators, doubled, fan.vertices, np.append(fan.vertex_of_cone, 0)).covers()


@given(problems(dimension=st.integers(2, 4)))
def test_cutting_along_an_axis_keeps_the_directions_and_separates_the_signs(problem):
    sources = problem.sources
    pieces = sources.fan.split_along(0)
    weight = pieces.generators[pieces.cones, 0]
    assert not ((weight.min(axis=1) < 0) & (weight.max(axis=1) > 0)).any()
    inside = pieces.generators[pieces.cones].sum(axis=1)
    height = np.einsum("nd,nd->n", inside, pieces.vertices[pieces.vertex_of_cone])
    np.testing.assert_allclose(height, sources.support(inside), atol=1e-8 * np.abs(sources.vertices).max())
    volume, halves = (np.abs(np.linalg.det(f.generators[f.cones])).sum() for f in (sources.fan, pieces))
    assert halves > 0 and volume > 0


def test_a_flat_hull_is_refused():
    with pytest.raises(InputError, match="subspace"):
        extreme_points(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]))


@pytest.mark.parametrize("seed", [1, 2])
def test_rounding_of_many_points_on_one_facet_does_not_stop_the_hull(seed):
    """Differences of samples far from zero and nearly flat: Qhull by itself takes their facets for no hull."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    samples = rng.normal(size=(20, 5)) * [1, 1, 0.1, 0.03, 1e-3] @ turn + 1e5
    differences = (samples[:, None] - samples).reshape(-1, 5)
    directions = rng.normal(size=(1000, 5)) / [1, 1, 0.1, 0.03, 1e-3] @ turn
    extremes = extreme_points(differences)
    assert len(extremes) < len(differences)
    assert (extremes @ directions.T).max(axis=0) == pytest.approx((differences @ directions.T).max(axis=0), rel=1e-9)


def drawn_points(rng, dimension, count, shape):
    points = rng.standard_normal((count, dimension))
    if shape == "sphere":
        return points / np.linalg.norm(points, axis=1, keepdims=True)
    if shape == "differences":
        few = points[: max(dimension + 2, int(count**0.5))]
        return (few[:, None] - few).reshape(-1, dimension)
    if shape == "moments":  # of which a hull has as many facets as one can have
        return rng.uniform(-1, 1, size=(count, 1)) ** np.arange(1, dimension + 1)
    return np.round(2 * points) if shape == "grid" else points


@given(seeds, st.integers(2, 5), st.sampled_from(["normal", "sphere", "differences", "moments", "grid"]))
def test_facets_are_told_to_be_too_many_rather_than_too_few(seed, dimension, shape):
    rng = np.random.default_rng(seed)
    points = drawn_points(rng, dimension, int(rng.integers(3 * dimension, 150)), shape)
    facets = len(hull_of(points).simplices)
    assert has_more_facets(points, facets / 4)
    assert not has_more_facets(points, 40 * facets)


def test_no_hull_has_more_facets_than_a_cyclic_polytope():
    for dimension in range(2, 7):
        for count in range(dimension + 1, 14):
            angles = 2 * np.pi * np.arange(count) / count
            waves = [wave(k * angles) for k in range(1, 4) for wave in (np.cos, np.sin)]
            moments = np.linspace(-1, 1, count)[:, None] ** np.arange(1, dimension + 1)
            points = np.column_stack(waves) if dimension == 6 else moments
            if dimension < 6 or count > 6:
                assert len(hull_of(points).simplices) == _most_facets(count, dimension)
