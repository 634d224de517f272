"""The hundred data sets of figure 1, and what is measured of each."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from solver.studies.condition.mixing_angles import NEAR_AXES, TURNS, _angle, _clouds, _violation
from theory.conditions import decide
from theory.problem import Problem

GRID = np.array(list(product((0.0, 0.5, 1.0), repeat=2)))


@pytest.mark.parametrize(("points", "modular"), [(GRID, True), (GRID[:-1], False), (GRID[[0, 2, 5, 6, 8]], True)])
def test_the_condition_is_violated_where_theory_says(points, modular):
    violation = _violation(points[None], NEAR_AXES)[0]
    assert decide(Problem(points)).modular == modular == (violation < 1e-12)


def test_the_form_is_that_of_the_condition():
    points = np.random.default_rng(1).uniform(size=(32, 2))
    weights = np.array([np.cos(TURNS), np.sin(TURNS)]).T
    form = decide(Problem(points)).F
    heights = (-(points - points.mean(axis=0)) @ weights.T).max(axis=0)
    expected = np.einsum("ni,ij,nj->n", weights, form, weights) - heights**2
    assert _violation(points[None], TURNS)[0] == pytest.approx(expected.max(), rel=1e-9)


def test_a_test_in_500_directions_misses_narrow_violations():
    clouds, tried = _clouds(np.random.default_rng(2), 2)
    assert clouds.shape == (4, 32, 2) and tried > 4
    sampled, most = _violation(clouds, TURNS), _violation(clouds, NEAR_AXES)
    assert (sampled[:2] <= 0).all() and (sampled[2:] > 0).all()
    assert (most > 0).all() and not any(decide(Problem(cloud)).modular for cloud in clouds)


def test_weak_neurons_do_not_count():
    code = SimpleNamespace(source_weights=np.array([[1.0, 0.0], [0.0, -1.0], [-0.2, 0.2 / 3**0.5], [0.04, 0.04]]))
    assert _angle(code) == pytest.approx(30)
