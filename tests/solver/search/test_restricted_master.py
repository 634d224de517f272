"""The restricted problem, with neurons and with relaxed ones: stationary, feasible, and the same where they are one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.search.restricted_master import optimal_energies
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
