"""Neurons that pay for their mean absolute deviation, against what else is known of them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import certify, solve
from solver.studies.condition.sparse_activity import (
    CLASSES,
    ENERGIES_COMPARED,
    MIXED_TARGETS,
    MeanDeviation,
    _relative_cost,
    mean_deviation,
)
from solver.studies.study import is_free
from theory.conditions import decide
from theory.problem import Problem
from theory.readouts import Exact

GRID = np.array(list(product(np.linspace(-1, 1, 5), repeat=2)))


@given(seed=st.integers(0, 999), count=st.integers(1, 9), common=st.booleans())
def test_the_deviation_is_least_about_the_median(seed, count, common):
    rng = np.random.default_rng(seed)
    values = rng.integers(-3, 4, size=(count, 3)).astype(float)
    share = np.full(count, 1 / count) if common else rng.dirichlet(np.ones(count))
    tried = [share @ np.abs(values - level) for level in values]
    assert mean_deviation(values, share) == pytest.approx(np.min(tried, axis=0), abs=1e-12)


@given(seed=st.integers(0, 99))
def test_the_form_is_the_square_of_the_deviation(seed):
    rng = np.random.default_rng(seed)
    points, share = rng.normal(size=(9, 2)), rng.dirichlet(np.ones(9))
    problem = Problem(points, probabilities=share, neurons=MeanDeviation(), encoder_cost=0.3)
    weights = rng.normal(size=(50, 2))
    expected = mean_deviation(points @ weights.T, share) ** 2 + 0.3 * (weights**2).sum(axis=1)
    assert problem.neuron_cost(weights) == pytest.approx(expected, rel=1e-9)


def test_halves_of_categories_give_the_form_too():
    inside = Problem(np.eye(4), neurons=MeanDeviation(), encoder_cost=0.1).on_hull
    weights = np.random.default_rng(0).normal(size=(50, inside.dimension))
    deviation = mean_deviation(inside.sources.points @ weights.T, np.full(4, 0.25))
    expected = deviation**2 + 0.1 * np.einsum("ni,ij,nj->n", weights, inside.encoder_metric, weights)
    assert inside.dimension == 3 and inside.neuron_cost(weights) == pytest.approx(expected, rel=1e-9)


def test_without_nonnegativity_sparse_neurons_mix_factors():
    problem = Problem(GRID, neurons=MeanDeviation(), encoder_cost=0.1)
    answer = solve(problem)
    assert answer.status == "optimal" and certify(problem, answer).gap < 1e-8
    assert np.abs(answer.source_weights).min(axis=1) == pytest.approx(np.abs(answer.source_weights).max(axis=1))
    # Along an axis E|s| = 0.6; along the diagonal, of length one, 0.8 / sqrt 2.
    turned = mean_deviation(GRID @ [[1, 0.5**0.5], [0, 0.5**0.5]], np.full(25, 0.04))
    assert turned == pytest.approx([0.6, 0.8 * 0.5**0.5]) and not is_free(answer.price_of_modularity)


@given(cosine=st.floats(-0.99, 0.99), size=st.floats(0.2, 5))
def test_squared_means_separate_factors_whatever_the_targets(cosine, size):
    targets = [[1.0, size * cosine], [0.0, size * (1 - cosine**2) ** 0.5]]
    costs = ENERGIES_COMPARED["squared mean activity"]
    # Weights at next to nothing: with a cost they would mix too, where the columns are nearly parallel.
    assert decide(Problem(GRID, **costs, encoder_cost=1e-6, readout=Exact(targets))).modular


def test_a_category_is_marked_by_itself():
    for costs in ENERGIES_COMPARED.values():
        code = solve(Problem(np.eye(CLASSES), **costs, encoder_cost=0.1))
        assert len(code) == CLASSES and is_free(code.price_of_modularity)
        cost = _relative_cost(code, np.tri(CLASSES)[:-1])
        assert cost[0] == 1 and (np.diff(cost[: CLASSES // 2]) > 0).all()


def test_the_targets_are_beyond_the_bound_of_squared_activity():
    first, second = np.array(MIXED_TARGETS).T
    assert first @ second / np.linalg.norm(first) / np.linalg.norm(second) > 3 / 4
