"""Neurons that pay for another energy of degree two: held to the samples, to linear neurons, and to files."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Representation, Sweep, certify, solve
from solver.strategies import problems, seeds
from tests.examples import plainly, share
from tests.theory.test_neurons import Peak
from theory import InputError
from theory.conditions import decide
from theory.neurons import ENERGIES, Neurons, PeakActivity, WeightedActivity, Wiring
from theory.readouts import Noisy, Soft


def drawn(name: str, problem: Problem, seed: int) -> Neurons:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(problem.dimension, problem.dimension)) + 2 * np.eye(problem.dimension)
    kinds = {
        "peak": PeakActivity(),
        "weighted": WeightedActivity(rng.uniform(0.1, 1, problem.sources.count)),
        "wiring": Wiring(root.T @ root),
    }
    assert kinds.keys() == ENERGIES.keys()
    return kinds[name]


def paid_on_samples(neurons: Neurons, problem: Problem, weights: np.ndarray) -> np.ndarray:
    """What neurons (n, d) pay at their least bias, from the samples alone."""
    rows, share = problem.sources.points, problem.sources.sample_probabilities
    activity = rows @ weights.T
    activity = activity - activity.min(axis=0)
    if isinstance(neurons, Wiring):
        return share @ activity**2 + problem.encoder_cost * np.einsum("ni,ij,nj->n", weights, neurons.costs, weights)
    squares = activity.max(axis=0) ** 2
    if isinstance(neurons, WeightedActivity):
        squares = neurons.probabilities @ activity**2
    inverse = np.linalg.inv(problem.mixing.T @ problem.mixing)
    return squares + problem.encoder_cost * np.einsum("ni,ij,nj->n", weights, inverse, weights)


@share(1 / 2)
@pytest.mark.parametrize("name", ENERGIES)
@given(problems(st.integers(1, 3)), st.sampled_from([None, Soft(30.0), Noisy(30.0, 0.2)]), seeds)
def test_answers_are_those_of_the_samples(name, problem, readout, seed):
    neurons = drawn(name, problem, seed)
    posed = Problem(
        problem.sources,
        mixing=np.triu(np.ones((problem.dimension,) * 2)),
        neurons=neurons,
        readout=readout,
        encoder_cost=0.7,
    )
    answer = solve(posed)
    checked = certify(posed, answer)
    assert answer.status == "optimal" and checked.feasible and checked.gap <= 1e-7
    costs = paid_on_samples(neurons, posed, answer.source_weights)
    assert answer.neuron_costs == pytest.approx(costs, rel=1e-7)
    # No neuron earns more than it costs: the bound, by the samples alone.
    tried = np.random.default_rng(seed).normal(size=(200, posed.dimension)) / posed.sources.points.std(axis=0)
    worth = np.einsum("ni,ij,nj->n", tried, answer.multiplier, tried)
    assert (worth <= paid_on_samples(neurons, posed, tried) * max(1, checked.rho) * (1 + 1e-7)).all()


@pytest.mark.parametrize("seed", range(3))
def test_they_are_linear_neurons_where_they_should_be(seed):
    rng = np.random.default_rng(seed)
    rows, share_of = rng.normal(size=(15, 2)), rng.uniform(0.1, 1, 15)
    mixing = rng.normal(size=(3, 2))
    usual = Problem(rows, probabilities=share_of, mixing=mixing, encoder_cost=0.4)
    context = usual.replaced(neurons=WeightedActivity(share_of))
    wires = usual.replaced(neurons=Wiring(np.linalg.inv(mixing.T @ mixing)))
    for posed in (context, wires):
        assert solve(posed).loss == pytest.approx(solve(usual).loss, rel=1e-9)
        assert decide(posed).margin == pytest.approx(decide(usual).margin, rel=1e-6)
    peaks = [solve(usual.replaced(neurons=kind)).loss for kind in (PeakActivity(), Peak())]
    assert peaks[0] == pytest.approx(peaks[1], rel=1e-9)


def test_the_squared_mean_is_a_cost_of_the_bias_alone():
    rows = np.random.default_rng(1).uniform(size=(30, 2))
    problem = Problem(rows, activity_cost=0, bias_cost=2.0)
    answer = solve(problem)
    paid = 2 * (answer.activity().mean(axis=0) ** 2).sum()
    assert answer.status == "optimal" and answer.energies["bias"] == pytest.approx(paid, rel=1e-9)
    near = [solve(problem.replaced(activity_cost=cost)).loss for cost in (1e-4, 1e-6, 1e-8)]
    assert near == sorted(near, reverse=True) and near[-1] == pytest.approx(answer.loss, rel=1e-7)


REFUSED = [
    ({"activity_cost": 0}, "activity_cost: 0 is not positive"),
    ({"activity_cost": 0, "bias_cost": 1, "encoder_cost": 0}, "activity_cost: 0 is not positive"),
    ({"activity_cost": 0, "bias_cost": 1, "activation": "rectified"}, "activity_cost: 0 is not positive"),
    ({"activity_cost": 0, "bias_cost": 1, "neurons": PeakActivity()}, "activity_cost: 0 is not positive"),
    ({"bias_cost": 1, "neurons": PeakActivity()}, "bias_cost: PeakActivity"),
    ({"encoder_cost": 0, "neurons": PeakActivity()}, "encoder_cost: neurons that pay for their peak"),
    ({"bias_cost": 1, "neurons": WeightedActivity([1, 1, 1, 1])}, "bias_cost: WeightedActivity"),
    ({"neurons": WeightedActivity([1, 2])}, "probabilities: 2 weight"),
    ({"neurons": WeightedActivity([0, 0, 1, 1])}, "probabilities: their mean lies on the edge"),
    ({"neurons": Wiring(np.eye(3))}, "costs: 3 row"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_cannot_be_posed_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Problem([[0, 0], [0, 1], [1, 0], [1, 1]], **arguments)


@pytest.mark.parametrize("costs", [[[1, 2]], [[1, 0], [1, 1]], [[0, 0], [0, 1]], [[1, 2], [2, 1]], [[-1, 0], [0, 1]]])
def test_costs_of_wires_are_positive_definite(costs):
    with pytest.raises(InputError, match="costs: "):
        Wiring(costs)


@pytest.mark.parametrize("name", ENERGIES)
def test_answers_are_saved_and_read(name, tmp_path):
    problem = Problem(np.random.default_rng(2).uniform(size=(12, 2)), groups={"first": [0]})
    answer = solve(problem.replaced(neurons=drawn(name, problem, 3)))
    answer.save(tmp_path / "answer.npz")
    read = Representation.load(tmp_path / "answer.npz")
    assert read.problem == answer.problem and read.loss == answer.loss and read == answer
    assert certify(read.problem, read).gap <= 1e-7


def test_parts_of_wired_sources_keep_their_wires():
    problem = Problem(np.random.default_rng(3).uniform(size=(12, 2)), neurons=Wiring([[2, 1], [1, 3]]))
    assert problem.part([1]).neurons == Wiring([[3]])


def test_a_sweep_tells_weights_apart():
    """A long matrix is not told from another one by how it is printed."""
    rows = np.random.default_rng(4).uniform(size=(1500, 2))
    one, other = np.ones(1500), np.ones(1500)
    other[700] = 9.0
    posed = [Problem(rows, neurons=WeightedActivity(weights)) for weights in (one, other)]
    told = {Sweep.of_data(problem, decoder_cost=[1.0]).fingerprint for problem in posed}
    assert len(told) == 2


@pytest.mark.parametrize("seed", plainly(range(3), [0]))
def test_wiring_in_units_that_cost_an_encoder_its_digits_is_no_other_energy(seed):
    rng = np.random.default_rng(seed)
    units = 10.0 ** rng.permutation([-6.0, 6.0, 3.5])
    half = rng.standard_normal((3, 3))
    wires = Wiring((half @ half.T + np.eye(3)) * np.outer(units, units))
    problem = Problem(rng.standard_normal((7, 3)) * units, mixing=rng.standard_normal((3, 3)), neurons=wires)
    answer = solve(problem)
    assert answer.status != "optimal" or certify(problem, answer).gap <= 1e-7
