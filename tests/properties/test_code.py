"""What a code is must be true of every answer: nonnegative, exact, canonical, and as expensive as it says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given

from solver import certify, solve
from solver.representation import Representation
from solver.strategies import problems, seeds
from tests.properties import naive

ROUNDING = 1e-9


@given(problems())
def test_activity_is_nonnegative_and_the_data_come_back_exactly(problem):
    answer = solve(problem)
    points = problem.sources.points
    data = points @ problem.mixing.T
    activity = answer.activity()
    assert activity.shape == (len(points), len(answer))
    assert activity.min() >= 0
    np.testing.assert_allclose(answer.reconstruct(activity), data, rtol=0, atol=ROUNDING * np.abs(data).max())
    # The network as it would be built: weights and biases on the data as given.
    scale = np.abs(activity).max()
    network = data @ answer.encoder.T + answer.encoder_bias
    np.testing.assert_allclose(network, activity, rtol=0, atol=ROUNDING * scale)
    # No bias is larger than it need be: every neuron is silent somewhere.
    assert activity.min(axis=0).max() <= ROUNDING * scale


@given(problems())
def test_the_loss_is_what_the_network_costs(problem):
    answer = solve(problem)
    data = problem.sources.points @ problem.mixing.T
    activity = data @ answer.encoder.T + answer.encoder_bias
    energies = {
        "activity": np.average((activity**2).sum(axis=1), weights=problem.sources.probabilities),
        "encoder": problem.encoder_cost * (answer.encoder**2).sum(),
        "decoder": problem.decoder_cost * (answer.decoder**2).sum(),
    }
    for name, energy in energies.items():
        assert answer.energies[name] == pytest.approx(energy, rel=ROUNDING)
    assert answer.loss == pytest.approx(sum(energies.values()), rel=ROUNDING)
    assert answer.loss == pytest.approx(naive.loss(problem, answer.source_weights), rel=ROUNDING)
    assert certify(problem, answer).loss == pytest.approx(answer.loss, rel=ROUNDING)
    # At an optimum the readout costs as much as the neurons.
    assert 2 * answer.energies["decoder"] == pytest.approx(answer.loss, rel=1e-7)
    assert answer.price_of_modularity == pytest.approx(answer.modular_loss / answer.loss - 1, abs=1e-12)


@given(problems())
def test_neurons_are_listed_once_and_in_order(problem):
    answer = solve(problem)
    assert (np.diff(answer.neuron_costs) <= 1e-8 * answer.neuron_costs[0]).all()
    np.testing.assert_allclose(answer.neuron_costs, naive.cost(problem, answer.source_weights), rtol=1e-9)
    scaled = answer.source_weights * np.sqrt(problem.modular_costs)
    scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    cosine = np.abs(scaled @ scaled.T) - np.eye(len(scaled))
    assert cosine.max(initial=0) < 1 - 1e-10
    # A code needs no more neurons than a symmetric matrix has entries.
    assert len(answer) <= problem.dimension * (problem.dimension + 1) // 2
    if answer.modular:
        assert len(answer) == problem.dimension
        assert answer.loss == pytest.approx(answer.modular_loss, rel=1e-9)


@given(problems(dimension=2))
def test_what_is_saved_is_what_is_loaded(tmp_path_factory, problem):
    path = tmp_path_factory.mktemp("saved") / "answer.npz"
    answer = solve(problem)
    answer.save(path)
    again = Representation.load(path)
    for name, value in answer.to_dict().items():
        assert np.array_equal(again.to_dict()[name], value) or again.to_dict()[name] == pytest.approx(value, rel=1e-12)
    # Not bit for bit: linear algebra may round differently on memory that is aligned differently.
    np.testing.assert_allclose(again.activity(), answer.activity(), rtol=0, atol=1e-13 * answer.activity().max())
    assert certify(again.problem, again).gap <= 2e-8
    assert [entry.name for entry in path.parent.iterdir()] == ["answer.npz"]


# ---- a certificate trusts no number in the answer -------------------------------------------------------------


@given(problems(), seeds)
def test_tampering_shows(problem, seed):
    answer = solve(problem)
    rng = np.random.default_rng(seed)
    honest = certify(problem, answer)

    scaled = certify(problem, replace(answer, decoder=answer.decoder * 1.001))
    assert not scaled.feasible
    assert scaled.gap == np.inf
    assert scaled.reconstruction_error > honest.reconstruction_error

    neuron = rng.integers(len(answer))
    lowered = answer.encoder_bias.copy()
    lowered[neuron] -= 1e-3 * answer.activity()[:, neuron].max()
    silenced = certify(problem, replace(answer, encoder_bias=lowered))
    assert not silenced.feasible
    assert silenced.least_activity < 0

    cheap = replace(answer, loss=answer.loss / 2, lower_bound=answer.loss / 2, gap=0.0, status="optimal")
    assert certify(problem, cheap).loss == pytest.approx(answer.loss, rel=ROUNDING)

    half = rng.standard_normal((problem.dimension, problem.dimension))
    bragging = certify(problem, replace(answer, multiplier=100 * half.T @ half))
    assert bragging.lower_bound <= answer.loss * (1 + ROUNDING)
    assert bragging.loss == pytest.approx(answer.loss, rel=ROUNDING)


@given(problems(), seeds)
def test_a_feasible_code_that_costs_too_much_gets_an_honest_gap(problem, seed):
    answer = solve(problem)
    code = naive.balanced(problem, naive.directions(problem, problem.dimension + 2, seed=seed))
    assume(np.linalg.cond(code * np.sqrt(problem.modular_costs)) < 1e4)
    other = Representation.from_weights(
        problem,
        code,
        method="columns",
        message="",
        multiplier=answer.multiplier,
        tolerance=1e-8,
    )
    certificate = certify(problem, other)
    assert certificate.feasible
    # Each neuron is turned to its cheaper side, and neurons along one line are merged.
    assert certificate.loss == pytest.approx(naive.loss(problem, other.source_weights), rel=1e-7)
    assert certificate.loss <= naive.loss(problem, code) * (1 + ROUNDING)
    assert certificate.gap == pytest.approx(1 - answer.loss / certificate.loss, abs=1e-7)
