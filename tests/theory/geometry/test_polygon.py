"""What two sources can be worth, cone by cone, against the faces of the hull and brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.strategies import seeds
from tests.properties import naive
from theory.geometry.polygon import Polygon
from theory.problem import Problem


def drawn(seed, least=4):
    """A problem of two sources, and a multiplier."""
    rng = np.random.default_rng(seed)
    rows = (
        rng.standard_normal((int(rng.integers(least, 60)), 2))
        @ rng.standard_normal((2, 2))
        * 10 ** rng.uniform(-2, 2, 2)
    )
    problem = Problem(rows, encoder_cost=10 ** rng.uniform(-2, 1))
    half = rng.standard_normal((int(rng.integers(1, 3)), 2))  # of rank one, too
    return problem, half.T @ half * np.sqrt(np.outer(problem.modular_costs, problem.modular_costs))


@given(seeds)
def test_the_largest_ratio_is_that_on_the_faces_and_attained(seed):
    problem, multiplier = drawn(seed)
    rho, neuron = problem.polygon.largest_ratio(problem.whitening.worth(multiplier))
    assert rho == pytest.approx(problem.pricing.maximise(multiplier).rho, rel=1e-9)
    weights = problem.whitening.weights(neuron[None])
    assert naive.cost(problem, weights)[0] == pytest.approx(1, rel=1e-9)
    assert naive.ratio(problem, multiplier, weights)[0] == pytest.approx(rho, rel=1e-9)


@given(seeds)
def test_no_neuron_is_worth_more_than_is_bounded_on_some_of_the_corners(seed):
    problem, multiplier = drawn(seed, least=12)
    worth, corners = problem.whitening.worth(multiplier), problem.whitening.samples(problem.sources.faces.vertices)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(corners))[:3])
    polygon = Polygon.of(corners[chosen])
    if polygon is None:  # the mean lies outside
        return
    bound = polygon.largest_ratio(worth)[0] * (1 + 1e-12)
    assert bound >= problem.polygon.largest_ratio(worth)[0]
    assert bound >= naive.ratio(problem, multiplier, naive.directions(problem, 2_000)).max()


@given(seeds, st.booleans())
def test_every_ratio_is_that_of_its_ray_or_its_cone(seed, mirrored):
    problem, multiplier = drawn(seed)
    worth, corners = problem.whitening.worth(multiplier), problem.whitening.samples(problem.sources.faces.vertices)
    polygon = Polygon.of(corners[::-1] if mirrored else corners)
    found = polygon.ratios((worth[0, 0], worth[0, 1], worth[1, 1]))
    for number, corner in enumerate(polygon.corners):
        vector = np.array([corner.real, corner.imag])
        cost = np.eye(2) + np.outer(vector, vector)
        values = np.linalg.eigvals(np.linalg.solve(cost, worth)).real
        size = values.max()
        assert found.middle[number] == pytest.approx(values.mean(), abs=1e-9 * size)
        assert found.spread[number] == pytest.approx(np.ptp(values) / 2, abs=1e-7 * size)
        best, ray = (np.array([one.real, one.imag]) for one in (found.best[number], polygon.rays[number]))
        assert best @ vector >= 0
        assert best @ worth @ best == pytest.approx((best @ cost @ best) * size, rel=1e-7)
        assert ray @ cost @ ray == pytest.approx(1, rel=1e-9)
        assert ray @ worth @ ray == pytest.approx(found.on_rays[number], rel=1e-7, abs=1e-9 * size)


def test_corners_that_do_not_go_round_zero_once_prove_nothing():
    turns = np.exp(2j * np.pi * np.arange(5) / 5)
    corners = np.column_stack([turns.real, turns.imag])
    assert len(Polygon.of(corners)) == len(Polygon.of(corners[::-1])) == 5
    assert Polygon.of(corners + 1) is None  # zero outside
    assert Polygon.of(corners[[0, 2, 4, 1, 3]]) is None  # twice round
    assert Polygon.of(corners[[0, 1, 2, 1, 3, 4]]) is None  # back and forth
    assert Polygon.of(corners[:2]) is None
    assert Polygon.of(np.zeros((4, 2))) is None


def test_what_is_no_hull_of_two_sources_in_turn_has_no_polygon():
    rng = np.random.default_rng(0)
    for dimension in (1, 3):
        assert Problem(rng.standard_normal((20, dimension))).polygon is None
    assert Problem(np.eye(3)).polygon is None  # two dimensions, but three columns
    moved = Problem(rng.standard_normal((20, 2)), bias_cost=2.0)
    assert len(moved.canonical.polygon) == len(moved.sources.vertices)
