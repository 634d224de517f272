"""The best strengths of given neurons, and the neuron that they lack."""

import numpy as np
import pytest
from hypothesis import given

from solver import lower_bound, solve
from solver.auditing.accounting import best_strengths, missing_neuron, strengthened_loss
from solver.strategies import seeds
from tests.examples import share
from tests.solver.auditing.networks import network


@share(1 / 2)
@given(seeds)
def test_no_other_strengths_are_better(seed):
    random = np.random.default_rng(seed)
    one = network(random)
    strengths = best_strengths(one.problem, one.weights)
    best = one.problem.loss(strengths[:, None] * one.weights)
    assert best <= one.problem.loss(one.weights) * (1 + 1e-9)
    for step in (1e-3, 0.1, 1.0):
        others = np.exp(step * random.standard_normal((10, len(strengths)))) * strengths
        others[::2] += step * random.uniform(size=strengths.shape)
        for other in others:
            assert one.problem.loss(other[:, None] * one.weights) >= best * (1 - 1e-7)
    # Whatever strengths they had before.
    again = random.uniform(0.1, 10, len(strengths))[:, None] * one.weights
    assert strengthened_loss(one.problem, again) == pytest.approx(best, rel=1e-6)


@share(1 / 2)
@given(seeds)
def test_adding_the_missing_neuron_lowers_the_loss(seed):
    one = network(np.random.default_rng(seed))
    problem = one.problem
    strengths = best_strengths(problem, one.weights)
    weights = (strengths[:, None] * one.weights)[strengths > 0]
    missing = missing_neuron(problem, weights, np.empty((0, problem.dimension)))
    assert problem.neuron_cost(missing.neuron)[0] == pytest.approx(1, rel=1e-7)
    multiplier = problem.multiplier(weights.T @ weights)
    assert missing.ratio == pytest.approx(missing.neuron @ multiplier @ missing.neuron, rel=1e-6)
    assert missing.ratio == pytest.approx(lower_bound(problem, multiplier).rho, rel=1e-6)
    before = problem.loss(weights)
    if missing.ratio > 1 + 1e-4:
        amounts = before * np.logspace(-9, 0, 10)
        losses = [problem.loss(np.vstack([weights, amount**0.5 * missing.neuron])) for amount in amounts]
        assert min(losses) < before
        assert before - missing.saving <= min(losses) * (1 + 1e-9)
    assert before - missing.saving >= solve(problem).lower_bound * (1 - 1e-9)


@share(1 / 4)
@given(seeds)
def test_of_many_neurons_few_stay(seed):
    random = np.random.default_rng(seed)
    problem = network(random, errors=False).problem
    weights = random.standard_normal((300, problem.dimension)) / np.sqrt(problem.modular_costs)
    strengths = best_strengths(problem, weights)
    kept = strengths[:, None] * weights
    assert (strengths > 0).sum() <= 30
    # The optimum may be among them, and then it is found.
    answer = solve(problem)
    assert strengthened_loss(problem, np.vstack([weights, answer.source_weights])) <= answer.loss * (1 + 1e-7)
    ratio = np.einsum("ni,ij,nj->n", weights, problem.multiplier(kept.T @ kept), weights) / problem.neuron_cost(weights)
    assert ratio.max() <= 1 + 1e-5
