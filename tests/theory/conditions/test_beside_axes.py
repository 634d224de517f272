"""Neurons beside those of single sources: they refute no modular code that is optimal, and any other of few samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.conditions import decide, modular_multiplier
from theory.conditions.beside_axes import beside_axes
from theory.families import FAMILIES
from theory.problem import Problem


def ratios(problem):
    multiplier = modular_multiplier(problem)
    neurons = beside_axes(problem, multiplier)
    return np.einsum("ni,ij,nj->n", neurons, multiplier, neurons) / problem.neuron_cost(neurons)


@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.floats(0.01, 10))
def test_none_earns_more_than_it_costs_where_all_combinations_occur(seed, dimension, encoder_cost):
    rng = np.random.default_rng(seed)
    corners = (np.indices((2,) * dimension).reshape(dimension, -1).T - rng.uniform(0, 1, dimension)) * rng.uniform(
        0.1, 10, dimension
    )
    probabilities = rng.uniform(0.1, 1, len(corners))
    problem = Problem(corners, probabilities=probabilities, encoder_cost=encoder_cost)
    assert ratios(problem).max() <= 1 + 1e-9


@pytest.mark.parametrize("name", ["one-corner", "opposite-corners", "slanted-corners"])
def test_none_does_where_a_family_is_modular(name):
    problem = Problem(FAMILIES[name].sources(0.3))
    assert decide(problem).modular and ratios(problem).max() <= 1 + 1e-9


@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_few_samples_are_refuted(seed, dimension):
    problem = Problem(np.random.default_rng(seed).normal(size=(20, dimension)))
    assert ratios(problem).max() > 1 and not decide(problem).modular
