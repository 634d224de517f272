"""Whitened coordinates: the same problem, to all digits that the samples have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.strategies import orthogonal, problems, seeds
from tests.properties import naive
from theory import Problem, Sources
from theory.geometry.whitening import scaled_inverse

ROUNDING = 1e-9


@given(problems(), seeds)
def test_costs_and_losses_are_the_same(problem, seed):
    whitening, inside = problem.whitening, problem.whitened
    weights = naive.directions(problem, problem.dimension + 2, seed=seed)
    neurons = whitening.neurons(weights)
    np.testing.assert_allclose(inside.neuron_cost(neurons), naive.cost(problem, weights), rtol=ROUNDING)
    assert inside.loss(neurons) == pytest.approx(naive.loss(problem, weights), rel=1e-6)
    np.testing.assert_allclose(whitening.weights(neurons), weights, rtol=0, atol=ROUNDING * np.abs(weights).max())
    half = np.random.default_rng(seed).standard_normal((problem.dimension, problem.dimension))
    size = np.linalg.norm(half, axis=1)[:, None] * np.linalg.norm(neurons, axis=1)
    there, here = half @ neurons.T, whitening.functionals(half) @ weights.T
    np.testing.assert_allclose(here / size, there / size, rtol=0, atol=1e-7)
    worth = half.T @ half
    np.testing.assert_allclose(
        naive.ratio(problem, whitening.multiplier(worth), weights),
        np.einsum("ni,ij,nj->n", neurons, worth, neurons) / inside.neuron_cost(neurons),
        rtol=1e-7,
    )


@given(problems())
def test_the_readout_asks_for_each_coordinate_by_itself(problem):
    gram = problem.whitened.gram
    size = np.sqrt(np.diag(gram))
    assert np.abs(gram / np.outer(size, size) - np.eye(problem.dimension)).max() <= ROUNDING
    np.testing.assert_array_equal(problem.whitened.energy_matrix, np.eye(problem.dimension))


@given(seeds, st.integers(2, 5), st.floats(0, 6))
def test_the_root_of_the_covariance_keeps_the_digits_of_the_samples(seed, dimension, digits):
    # Exact covariance of stretched and rotated samples: R = R0 Q' with R'R = C. A direction that hardly varies is the
    # hardest: its variance is 10^(-2 digits) of the largest, and the covariance alone would have lost it at 8.
    rng = np.random.default_rng(seed)
    rotation = orthogonal(rng, dimension)
    points = rng.standard_normal((50, dimension))
    points -= points.mean(axis=0)
    stretch = 10.0 ** -np.linspace(0, digits, dimension)
    sources = Sources((points * stretch) @ rotation.T)
    weights = rng.standard_normal((20, dimension)) / stretch
    exact = ((points @ (weights * stretch).T) ** 2).mean(axis=0)
    np.testing.assert_allclose(sources.variances(weights @ rotation.T), exact, rtol=1e-8)


@given(seeds, st.integers(1, 5), st.integers(0, 3), st.floats(0, 100))
def test_the_pseudoinverse_does_not_depend_on_the_units_of_columns(seed, columns, more, digits):
    rng = np.random.default_rng(seed)
    matrix = orthogonal(rng, columns + more)[:, :columns] @ np.triu(rng.uniform(0.5, 1, (columns, columns)))
    size = 10.0 ** rng.uniform(-digits, digits, columns)
    np.testing.assert_allclose(scaled_inverse(matrix * size) * size[:, None], np.linalg.pinv(matrix), atol=1e-9)


def test_the_neurons_of_some_sources_keep_their_energy():
    problem = Problem(
        np.random.default_rng(0).standard_normal((30, 4)), mixing=np.random.default_rng(1).normal(size=(5, 4))
    )
    some = problem.whitening.restricted([1, 3])
    weights = np.array([[0.3, -0.2], [1.0, 2.0]])
    block = problem.energy_matrix[np.ix_([1, 3], [1, 3])]
    np.testing.assert_allclose(
        (some.neurons(weights) ** 2).sum(axis=1), np.einsum("ni,ij,nj->n", weights, block, weights)
    )


@given(st.integers(2, 4), seeds)
def test_a_multiplier_is_symmetric_to_the_last_digit(dimension, seed):
    """Also where one source is nearly told by the others, so that products lose most of their digits."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((20, dimension))
    rows[:, -1] = rows[:, 0] + 10.0 ** -rng.uniform(3, 6) * rows[:, -1]
    half = rng.standard_normal((dimension, dimension))
    multiplier = Problem(rows, encoder_cost=1e-6).whitening.multiplier(half.T @ half)
    np.testing.assert_array_equal(multiplier, multiplier.T)
