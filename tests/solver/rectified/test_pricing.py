"""What neurons are worth: proofs against a full enumeration, scipy and the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.rectified import climb
from solver.rectified.pricing import free_bound, largest_ratio
from tests.examples import plainly
from tests.solver.rectified.problems import drawn, grid, largest_worth, posed


def multiplier(loss, rng):
    """Any N: columns that sum to zero."""
    drawn = rng.normal(size=loss.readout.targets.shape) * loss.readout.error_weights[:, None]
    return drawn - loss.readout.error_weights[:, None] * drawn.sum(axis=0)


def worths(loss, prices, neurons):
    """By the definition."""
    activity = np.maximum(0.0, loss.sources @ neurons[:, :-1].T + neurons[:, -1])
    weights = neurons[:, :-1]
    costs = loss.activity_cost * loss.probabilities @ activity**2
    costs = costs + np.einsum("nd,de,ne->n", weights, loss.weight_costs, weights)
    costs = np.where(costs > 0, costs, np.inf)  # those that do nothing
    return np.linalg.norm(prices.T @ activity, axis=0) / (2 * np.sqrt(loss.readout.decoder_cost * costs))


@given(st.integers(0, 10**6))
def test_no_neuron_is_worth_more(seed):
    loss, rng = drawn(seed), np.random.default_rng(seed)
    prices = multiplier(loss, rng)
    ratio = largest_ratio(loss, prices, tolerance=1e-7, seconds=3)
    neurons = rng.normal(size=(2000, loss.sources.shape[1] + 1)) * np.append(1 / loss.sources.std(axis=0), 1)
    assert worths(loss, prices, neurons).max() <= ratio.rho
    if ratio.exact:
        assert worths(loss, prices, ratio.neurons[:1]) == pytest.approx(ratio.rho, rel=1e-6)


@pytest.mark.parametrize("seed", plainly(range(6), [0, 1, 2, 3]))
def test_one_and_two_sources_against_the_arrangement(seed):
    loss = drawn(seed, most_samples=8)
    prices = multiplier(loss, np.random.default_rng(seed))
    assert largest_ratio(loss, prices, tolerance=1e-8).rho == pytest.approx(largest_worth(loss, prices), rel=2e-8)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [*range(16), 20, 22, 29, 32])
def test_up_to_three_sources_against_the_arrangement(seed):
    loss = drawn(seed, most_sources=3, most_samples=8)
    prices = multiplier(loss, np.random.default_rng(seed))
    ratio, worth = largest_ratio(loss, prices, tolerance=1e-5), largest_worth(loss, prices)
    assert ratio.rho >= worth * (1 - 1e-9)
    assert ratio.rho == pytest.approx(worth, rel=2e-5)


def test_a_proof_that_ran_out_of_time_holds_and_says_so():
    loss = posed(np.random.default_rng(0).uniform(-1, 1, (40, 3)))
    prices = multiplier(loss, np.random.default_rng(1))
    hasty = largest_ratio(loss, prices, tolerance=1e-12, seconds=0.0)
    assert not hasty.exact
    assert hasty.rho >= worths(loss, prices, hasty.neurons).max()


def test_more_sources_are_bounded_as_free_neurons_are():
    loss = posed(np.random.default_rng(0).uniform(-1, 1, (12, 5)))
    prices = multiplier(loss, np.random.default_rng(1))
    ratio = largest_ratio(loss, prices)
    assert not ratio.exact
    assert worths(loss, prices, ratio.neurons).max() <= ratio.rho


def test_climbs_end_when_the_time_is_up(monkeypatch):
    loss = posed(np.random.default_rng(0).uniform(-1, 1, (12, 5)))
    prices = multiplier(loss, np.random.default_rng(1))
    best = largest_ratio(loss, prices, seconds=30.0).neurons
    circles, best_on_circles = [], climb.best_on_circles
    monkeypatch.setattr(climb, "best_on_circles", lambda *args: circles.append(1) or best_on_circles(*args))
    hasty = largest_ratio(loss, prices, seconds=-1.0)
    assert not circles and len(hasty.neurons)
    assert worths(loss, prices, hasty.neurons).max() <= worths(loss, prices, best).max() <= hasty.rho


def test_free_neurons_earn_no_more_than_their_bound():
    loss = posed(grid())
    prices = multiplier(loss, np.random.default_rng(1))
    directions = np.random.default_rng(2).normal(size=(500, 2))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    squares = np.maximum(0.0, prices @ directions.T) ** 2 / loss.probabilities[:, None]
    assert np.sqrt(squares.sum(axis=0)).max() / 2 <= free_bound(loss.frame, prices)


def test_nothing_is_worth_anything_at_no_multiplier():
    loss = posed(grid())
    assert largest_ratio(loss, np.zeros((25, 2))).rho == 0.0


def test_repeated_samples_count_as_one():
    points = np.random.default_rng(3).uniform(-1, 1, (9, 2))
    loss = posed(points)
    twice = posed(np.vstack([points, points]))
    prices = multiplier(loss, np.random.default_rng(4))
    together = largest_ratio(twice, np.vstack([prices, prices]) / 2)
    assert together.rho == pytest.approx(largest_ratio(loss, prices).rho, rel=1e-8)
