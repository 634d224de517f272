"""Ascents: no faces listed and no proof, but on small problems the optimum all the same."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, solve
from solver.methods import ascents
from solver.strategies import problems, seeds
from tests.examples import share
from theory.bounds.ascent import Ascent


def codes(problem, seed=0):
    return [step.weights for step in ascents.steps(problem, tolerance=1e-8, rng=np.random.default_rng(seed))]


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(4))
def test_polishing_that_stalls_does_not_end_the_search(seed):
    # With two of these the last polish left neurons that earned too little, so that none seemed worth adding.
    problem = Problem(np.random.default_rng(seed).standard_normal((12, 2)))
    last = codes(problem)[-1]
    assert problem.loss(last) == pytest.approx(solve(problem).loss, rel=1e-9)
    earned = np.einsum("ni,ij,nj->n", last, problem.multiplier(last.T @ last), last)
    np.testing.assert_allclose(earned, problem.neuron_cost(last), rtol=1e-5)


@given(problems(st.integers(1, 3)), seeds)
@share(1 / 2)
def test_the_loss_never_rises_and_never_passes_the_optimum(problem, seed):
    losses = [problem.loss(weights) for weights in codes(problem, seed)]
    # The last step may give up a hair for fewer neurons.
    assert all(after <= before * (1 + 1e-11) for before, after in pairwise(losses))
    assert losses[-1] >= solve(problem).lower_bound * (1 - 1e-9)


def test_nothing_to_start_from():
    problem = Problem(np.random.default_rng(0).standard_normal((12, 2)))
    ratios, neurons = Ascent(problem).climb(np.eye(2), np.empty((0, 2)))
    assert ratios.shape == (0,) and neurons.shape == (0, 2)
    assert ascents.improved(problem, problem.modular_weights, np.empty((0, 2)), 1e-8) is None


def test_a_code_is_improved_from_where_a_better_neuron_is():
    problem = Problem(np.random.default_rng(0).standard_normal((12, 2)))
    modular = problem.modular_weights
    better = ascents.improved(problem, modular, solve(problem).source_weights, 1e-8)
    assert better is not None and problem.loss(better) < problem.loss(modular)
    best = solve(problem).source_weights
    assert ascents.improved(problem, best, best, 1e-8) is None
