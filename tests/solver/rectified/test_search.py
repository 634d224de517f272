"""Codes of rectified neurons: known optima, weak duality, and laws that optima obey."""

import time
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, certify, solve
from solver.rectified.pricing import largest_ratio
from solver.rectified.search import modular_steps, steps
from tests.examples import thorough
from tests.solver.rectified.problems import drawn, grid, posed


def solved(loss, tolerance=1e-8, most=60, search=steps, **options):
    found = search(loss, tolerance=tolerance, rng=np.random.default_rng(0), **options)
    return list(islice(found, most))[-1]


@pytest.mark.thorough
@pytest.mark.further
@pytest.mark.parametrize(
    ("keep", "loss"),
    [(lambda _: True, 7.899139561), (lambda s: s < 1.4, 7.632760444), (lambda s: abs(s) < 1.4, 7.980761035)],
)
def test_grids(keep, loss):
    found = solved(posed(grid(keep)), tolerance=2e-9)
    assert found.loss == pytest.approx(loss, abs=2e-9)
    assert found.lower_bound == pytest.approx(loss, abs=3e-8)


@given(st.integers(0, 10**6))
def test_what_a_step_says_is_so(seed):
    loss = drawn(seed)
    step = solved(loss, most=4)
    assert step.loss == pytest.approx(loss.of(step.neurons), rel=1e-12)
    assert step.activity == pytest.approx(loss.activity(step.neurons))
    rho = largest_ratio(loss, step.multiplier, tolerance=1e-6, seconds=2).rho
    bound = loss.readout.bound(step.multiplier, rho)
    assert bound <= step.loss * (1 + 1e-12)
    assert step.lower_bound <= step.loss


@given(st.integers(0, 10**6))
def test_no_code_costs_less_than_the_bound(seed):
    loss, rng = drawn(seed), np.random.default_rng(seed)
    step = solved(loss, most=6)
    for _ in range(20):
        others = (
            step.neurons * rng.lognormal(0, 0.1, (len(step.neurons), 1))
            if rng.random() < 0.5
            else rng.normal(size=(6, loss.sources.shape[1] + 1))
        )
        assert loss.of(others) >= step.lower_bound * (1 - 1e-12)


LONG = (8,)
"""Seeds of problems that take ten seconds or more."""


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [pytest.param(i, marks=pytest.mark.slow if i in LONG else ()) for i in range(20)])
def test_ugly_problems_are_solved(seed):
    loss = drawn(seed, most_sources=3, most_samples=16)
    # Three sources whose weights are free of charge: neurons of a few samples, where proofs by cones can be endless.
    endless = loss.sources.shape[1] == 3 and not loss.weight_costs.any()
    end = time.process_time() + 15
    for found in steps(loss, tolerance=1e-8, rng=np.random.default_rng(0)):  # noqa: B007
        if time.process_time() > end:
            break
    assert found.loss - found.lower_bound <= (1e-4 if endless else 1e-8) * found.loss


def test_nothing_worth_having_is_silence():
    loss = posed(grid(), error_cost=0.5)
    found = solved(loss)
    assert len(found.neurons) == 0
    assert found.loss == pytest.approx(0.5 * 2) == found.lower_bound


@pytest.mark.parametrize("scale", [1e-6, thorough(1e6)])
def test_units_do_not_matter(scale):
    loss, other = posed(grid(), encoder_cost=0.0), posed(grid() * [1, scale], encoder_cost=0.0, targets=grid())
    assert solved(other).loss == pytest.approx(solved(loss).loss, rel=3e-8)


def test_one_source_of_many_samples():
    found = solved(posed(np.random.default_rng(0).uniform(-1, 1, (500, 1)), encoder_cost=0.3), tolerance=1e-9)
    assert found.loss - found.lower_bound <= 1e-9 * found.loss


def test_one_sample_needs_no_neuron():
    found = solved(posed(np.array([[1.0], [1.0], [1.0], [2.0]]), p=[0.2, 0.3, 0.0, 0.5]))
    assert found.loss - found.lower_bound <= 1e-8 * found.loss


def test_modular_codes_read_one_source_each_and_cost_no_less():
    loss = posed(grid(lambda s: abs(s) < 1.4))
    modular, best = solved(loss, search=modular_steps), solved(loss)
    assert ((np.abs(modular.neurons[:, :-1]) > 1e-9).sum(axis=1) <= 1).all()
    assert modular.loss >= best.lower_bound
    assert modular.loss - modular.lower_bound <= 1e-8 * modular.loss


@pytest.mark.thorough
@pytest.mark.further
def test_one_group_of_all_is_the_whole():
    loss = posed(grid(lambda s: abs(s) < 1.4))
    assert solved(loss, search=modular_steps, groups=[[0, 1]]).loss == pytest.approx(solved(loss).loss, rel=2e-8)


def test_sources_on_a_line_are_refused():
    line = np.linspace(-1, 1, 5)[:, None] * [1.0, 2.0]
    with pytest.raises(ValueError, match="depend on each other"):
        _ = posed(line, encoder_cost=0.0).frame


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(3))
def test_weights_so_expensive_that_the_search_begins_without_neurons(seed):
    rng = np.random.default_rng(seed)
    rows = np.arange(int(rng.integers(3, 8)))[:, None] * 1e-5
    weights = 10.0 ** rng.uniform(-2, 2, len(rows))
    problem = Problem(rows, probabilities=weights, activation="rectified", encoder_cost=1e6, decoder_cost=2e-6)
    answer = solve(problem, time_limit=5)
    assert len(answer) >= 1 and answer.gap < 1e-5 and certify(problem, answer).feasible
