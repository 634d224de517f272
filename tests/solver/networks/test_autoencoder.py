"""Autoencoders: what the curve shows is a loss of the certified problem, and descent reaches its floor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("jax")
pytestmark = pytest.mark.networks

from solver import solve
from solver.networks.autoencoder import Autoencoder
from solver.networks.network import Data
from solver.networks.training import train
from solver.strategies import seeds
from tests.examples import share

CORNER_CUT = np.array([[x, y] for x in range(-2, 3) for y in range(-2, 3) if x + y < 2]) / 2**0.5


def loss_of(network, data, weights, seed, activity):
    """By hand, from weights and activity."""
    said = activity
    for name in ("decoder", "upper") if network.hidden else ("decoder",):
        said = said @ weights[f"{name}.weights"][seed].T + weights[f"{name}.bias"][seed]
        if name == "decoder" and network.hidden:
            said = np.maximum(said, 0)
    energy = (data.chance[:, None] * activity**2).sum()
    squares = sum((array[seed] ** 2).sum() for name, array in weights.items() if name.endswith("weights"))
    error = (data.chance[:, None] * (said - data.targets) ** 2).sum()
    return network.error_cost * error + network.activity_cost * energy + network.weight_cost * squares


@share(1 / 2)
@given(seed=seeds, tail=st.sampled_from(["uniform", "heavy", "correlated", "tied", "unlike"]))
def test_no_curve_goes_below_the_floor(seed, tail):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, size=(20, 2))
    points = {
        "uniform": points,
        "heavy": np.clip(rng.standard_t(2, size=(20, 2)), -5, 5),
        "correlated": points @ [[1, 0.9], [0, 0.4]],
        "tied": np.round(points),
        "unlike": points * [1, 0.1],
    }[tail]
    network = Autoencoder(neurons=6, error_cost=30.0)
    trained = train(network, Data.of(points), steps=600, rate=2e-2, seeds=(seed % 2**32,))
    floor = solve(network.problem(points)).lower_bound
    assert (trained.losses >= floor * (1 - 1e-5)).all()
    assert trained.final[0] < trained.losses[0, 0] and trained.activity.min() > -1e-4


def test_descent_reaches_the_floor_and_the_certified_neurons():
    network = Autoencoder(neurons=12)
    trained = train(network, Data.of(CORNER_CUT), steps=30_000, seeds=(0, 1))
    answer = solve(network.problem(CORNER_CUT))
    assert not answer.modular
    assert (trained.final / answer.lower_bound - 1 < 3e-4).all()
    gram = np.einsum("sni,snj->sij", *[trained.weights["encoder.weights"]] * 2)
    assert np.allclose(gram, answer.source_weights.T @ answer.source_weights, atol=0.03)


@pytest.mark.parametrize("network", [Autoencoder(5, rectified=True), Autoencoder(5, rectified=True, hidden=7)])
def test_rectified_neurons_are_never_negative_and_cost_what_is_shown(network):
    data = Data.of(CORNER_CUT)
    trained = train(network, data, steps=100, seeds=(0, 1))
    assert trained.activity.min() >= 0
    for seed in (0, 1):
        by_hand = loss_of(network, data, trained.weights, seed, trained.activity[seed])
        assert trained.final[seed] == pytest.approx(by_hand, rel=1e-4)


def test_without_nonnegativity_neurons_are_negative_and_the_loss_is_less():
    free = train(Autoencoder(6, nonnegative=False), Data.of(CORNER_CUT), steps=10_000, seeds=(0,))
    bound = solve(Autoencoder(6).problem(CORNER_CUT)).lower_bound
    assert free.activity.min() < -0.1 and free.final[0] < 0.95 * bound


def test_samples_of_probability_zero_ask_nothing_of_a_neuron():
    points = np.vstack([CORNER_CUT, [[9.0, 9.0]]])
    chance = np.append(np.ones(len(CORNER_CUT)), 0)
    with_it = train(Autoencoder(4), Data.of(points, probabilities=chance), steps=200, seeds=(0,))
    without = train(Autoencoder(4), Data.of(CORNER_CUT), steps=200, seeds=(0,))
    assert np.allclose(with_it.losses, without.losses, rtol=1e-3)


def test_where_weights_are_cheap_rectified_neurons_come_in_pairs():
    # docs/networks.md, "Pairs": two neurons a source, silent in turn, at a variance of one and with weights at a tenth.
    grid = np.array([[x, y] for x in range(-2, 3) for y in range(-2, 3)]) / 2**0.5
    trained = train(Autoencoder(12, rectified=True, weight_cost=0.1), Data.of(grid), steps=10_000, seeds=(0, 1))
    pairs = 2 * 2 * np.sqrt(2 * 0.1 * (1 + 2 * 0.1))
    assert (abs(trained.final / pairs - 1) < 5e-3).all()
    assert pairs < 0.9 * solve(Autoencoder(12, weight_cost=0.1).problem(grid)).lower_bound
