"""The restricted problem, with neurons and with relaxed ones: stationary, feasible, and the same where they are one."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solver.generation.energies import _solved, energies_of_features, fewest, optimal_energies
from theory.readouts import Readout

seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(1, 5), st.integers(0, 8))


def design(seed, size, rank):
    """Positive semidefinite candidates of a rank, spanning R^d, and a readout."""
    dimension, more = size
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((dimension + more, dimension, rank))
    root = rng.standard_normal((dimension, dimension + 1))
    return factors, Readout(root.T, 1.0)


def value(candidates, readout, energies):
    return energies.sum() + np.trace(readout.gram @ np.linalg.inv(np.tensordot(energies, candidates, 1)))


@given(seeds, sizes, st.integers(1, 3))
def test_no_candidate_earns_more_than_it_costs(seed, size, rank):
    factors, readout = design(seed, size, rank)
    candidates = factors @ np.swapaxes(factors, 1, 2)
    energies = optimal_energies(candidates, readout, np.ones(len(candidates)))
    inverse = np.linalg.inv(np.tensordot(energies, candidates, 1))
    worth = np.trace(candidates @ inverse @ readout.gram @ inverse, axis1=1, axis2=2)
    assert (energies >= 0).all() and (worth <= 1 + 1e-6).all()
    np.testing.assert_allclose(energies * (1 - worth), 0, atol=1e-6 * energies.sum())


@given(seeds, st.integers(1, 12), st.floats(-9, 1))
def test_of_features_no_neuron_earns_more_than_it_costs(seed, count, exponent):
    rng = np.random.default_rng(seed)
    features, targets = np.maximum(rng.standard_normal((8, count)), 0), rng.standard_normal((8, 2)) / 4
    delta = 10**exponent
    energies = energies_of_features(features, targets, delta)
    price = np.linalg.solve(delta * np.eye(8) + (features * energies) @ features.T, targets)
    worth = ((features.T @ price) ** 2).sum(axis=1)
    assert (energies >= 0).all() and (worth <= 1 + 1e-5).all()
    np.testing.assert_allclose(energies * (1 - worth), 0, atol=1e-7 * max(1.0, energies.sum()))


@given(seeds, sizes)
def test_neurons_are_relaxed_neurons_of_rank_one(seed, size):
    factors, readout = design(seed, size, 1)
    neurons = factors[:, :, 0]
    candidates = neurons[:, :, None] * neurons[:, None, :]
    start = np.ones(len(neurons))
    one, two = optimal_energies(neurons, readout, start), optimal_energies(candidates, readout, start)
    assert value(candidates, readout, one) == pytest.approx(value(candidates, readout, two), rel=1e-8)


def test_one_relaxed_neuron():
    # x + 4 / x is least at x = 2.
    energies = optimal_energies(np.array([[[1.0, 0], [0, 1]]]), Readout(np.eye(2), 2.0), np.ones(1))
    np.testing.assert_allclose(energies, 2.0, rtol=1e-6)


@given(seeds, st.integers(1, 6), st.integers(0, 20), st.booleans())
@example(3, 5, 12, True)  # by the simplex method alone 4e-8 off, on energies of nine decades
@example(75, 4, 3, False)
def test_fewer_neurons_make_the_same_gram_to_the_last_digit(seed, dimension, more, simplest):
    rng = np.random.default_rng(seed)
    pairs = dimension * (dimension + 1) // 2
    neurons = rng.standard_normal((pairs + more, dimension)) * 10.0 ** rng.uniform(-3, 3, dimension)
    energies = 10.0 ** rng.uniform(-9, 0, len(neurons))
    few = fewest(neurons, energies, simplest=simplest)
    assert few.min() >= 0 and np.count_nonzero(few) <= pairs
    before, after = (neurons.T * energies) @ neurons, (neurons.T * few) @ neurons
    size = np.sqrt(np.diag(before))
    assert np.abs((after - before) / np.outer(size, size)).max() < 1e-13


@given(seeds, st.integers(2, 4))
def test_the_fewest_are_the_simplest_or_the_cheapest(seed, dimension):
    rng = np.random.default_rng(seed)
    neurons = np.vstack([np.eye(dimension), rng.standard_normal((dimension * (dimension + 1) // 2 + 5, dimension))])
    energies = rng.random(len(neurons)) + 0.1
    simple, cheap = (fewest(neurons, energies, simplest=simplest) for simplest in (True, False))

    def price(few):
        return few @ (np.abs(neurons).sum(axis=1) * np.linalg.norm(neurons, axis=1))

    assert price(simple) <= price(cheap) * (1 + 1e-6) and cheap.sum() <= simple.sum() * (1 + 1e-6)
    assert cheap.sum() <= energies.sum() * (1 + 1e-6)


def test_neurons_that_leave_a_source_out_stay_on_the_others():
    neurons = np.array([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [1, -1, 0], [2, 1, 0]])
    few = fewest(neurons, np.ones(5))
    assert np.count_nonzero(few) <= 3
    np.testing.assert_allclose((neurons.T * few) @ neurons, neurons.T @ neurons, atol=1e-13)


@given(seeds, st.integers(1, 6), st.booleans())
def test_a_system_is_solved_that_is_definite_or_not(seed, size, definite):
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.standard_normal((size, size)))[0]
    values = rng.uniform(0.5, 2, size) * (1 if definite else rng.choice([-1, 1], size))
    system, solution = (turn * values) @ turn.T, rng.standard_normal((size, 2))
    np.testing.assert_allclose(_solved(system, system @ solution), solution, atol=1e-12)
