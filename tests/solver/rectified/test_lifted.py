"""The relaxation of rectified neurons in any number of sources: true, close, and not the solver's word."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.conic_solvers import ConicError
from solver.rectified.lifted import _proven, _scaled, lifted_bound, lifted_multiplier
from solver.rectified.pricing import free_bound, largest_ratio
from solver.rectified.search import steps
from tests.examples import plainly
from tests.solver.rectified.problems import drawn, largest_worth, posed
from tests.solver.rectified.test_pricing import multiplier, worths


@pytest.fixture(scope="module")
def four():
    return posed(np.random.default_rng(0).uniform(-1, 1, (10, 4)))


@settings(max_examples=12)
@given(st.integers(0, 10**6))
def test_no_neuron_is_worth_more_than_the_relaxation_says(seed):
    loss, rng = drawn(seed), np.random.default_rng(seed)
    prices = multiplier(loss, rng) / loss.frame.multiplier_unit
    bound = lifted_bound(loss.frame, prices)
    neurons = rng.normal(size=(2000, loss.sources.shape[1] + 1)) * np.append(1 / loss.sources.std(axis=0), 1)
    assert worths(loss, prices * loss.frame.multiplier_unit, neurons).max() <= bound


@pytest.mark.parametrize("seed", plainly(range(4), [0]))
def test_the_relaxation_is_close_and_above_the_arrangement(seed):
    loss = posed(np.random.default_rng(seed).uniform(-1, 1, (7, 2)))
    prices = multiplier(loss, np.random.default_rng(seed))
    bound, worth = lifted_bound(loss.frame, prices / loss.frame.multiplier_unit), largest_worth(loss, prices)
    assert worth <= bound * (1 + 1e-9)
    assert bound <= 1.1 * worth


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_any_multipliers_of_the_products_prove_a_bound(seed):
    rng = np.random.default_rng(seed)
    loss = posed(rng.uniform(-1, 1, (6, 2)))
    prices = multiplier(loss, rng) / loss.frame.multiplier_unit
    scaled = _scaled(loss.frame)
    size = 10.0 ** rng.integers(-4, 1)
    neurons = rng.normal(size=(500, 3)) * np.append(1 / loss.sources.std(axis=0), 1)
    bound = _proven(scaled, scaled.earned(prices), rng.normal(size=scaled.products.shape[1]) * size)
    assert worths(loss, prices * loss.frame.multiplier_unit, neurons).max() <= bound


def test_four_sources_are_bounded_to_some_percent(four):
    *_, last = steps(four, tolerance=1e-8, rng=np.random.default_rng(0))
    assert 0.9 * last.loss <= last.lower_bound < last.loss
    again = largest_ratio(four, last.multiplier)
    assert four.readout.bound(last.multiplier, again.rho) == pytest.approx(last.lower_bound, rel=1e-4)
    # The multiplier of the code itself proves less.
    code = four.frame.multiplier(np.linalg.solve(four.frame.back, last.neurons.T).T)
    assert lifted_bound(four.frame, code) >= 1 - 1e-6


def test_the_multiplier_of_the_relaxation_proves_most(four):
    prices, rho = lifted_multiplier(four.frame)
    unit = four.frame.multiplier_unit
    best = four.readout.bound(prices * unit, rho)
    other = multiplier(four, np.random.default_rng(0)) / unit
    assert four.readout.bound(other * unit, lifted_bound(four.frame, other)) <= best * (1 + 1e-6)
    assert rho == pytest.approx(1, rel=1e-4)


def test_a_first_order_solver_proves_nearly_as_much(four, monkeypatch):
    from dataclasses import replace

    from solver.solving import plan

    prices = multiplier(four, np.random.default_rng(3)) / four.frame.multiplier_unit
    fine = lifted_bound(four.frame, prices)
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, interior_samples=0))
    assert lifted_bound(four.frame, prices) == pytest.approx(fine, rel=1e-2)


def test_where_interior_points_fail_a_first_order_solver_takes_their_place(four, monkeypatch):
    from solver.rectified import lifted

    prices = multiplier(four, np.random.default_rng(3)) / four.frame.multiplier_unit
    fine, run = lifted_bound(four.frame, prices), lifted.run

    def failing(program, solver, tolerance):
        if solver == "CLARABEL":
            raise ConicError("failed")
        run(program, solver, tolerance)

    monkeypatch.setattr(lifted, "run", failing)
    assert lifted_bound(four.frame, prices) == pytest.approx(fine, rel=1e-2)


def test_where_weights_cost_nothing_or_samples_are_many_nothing_is_relaxed(four):
    prices = np.ones((10, 4))
    cheap = posed(four.sources, encoder_cost=0.0)
    assert lifted_bound(cheap.frame, prices) == np.inf
    assert lifted_multiplier(cheap.frame) is None
    many = posed(np.random.default_rng(0).uniform(-1, 1, (201, 4)))
    assert lifted_multiplier(many.frame) is None
    assert np.isfinite(largest_ratio(many, multiplier(many, np.random.default_rng(0))).rho)
    assert free_bound(four.frame, prices) >= lifted_bound(four.frame, prices - prices.mean(axis=0))
