"""Where energies of a few neurons are best none earns more than it costs, and those with energy earn just that."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.batches.energies import NeuronEnergies
from solver.generation.energies import optimal_energies
from solver.strategies import seeds
from theory.readouts import Readout


def drawn(seed, count, soft):
    rng = np.random.default_rng(seed)
    neurons = rng.standard_normal((count, 2))
    demand = 10 ** rng.uniform(-2, 1, size=2)
    half = rng.standard_normal((2, 2)) * 10 ** rng.uniform(-2, 0.5) * soft
    return neurons, demand, half @ half.T


def best(neurons, demand, ridge):
    lines = [(float(one), float(other)) for one, other in neurons]
    sizes, form = NeuronEnergies(lines, tuple(demand.tolist()), (ridge[0, 0], ridge[0, 1], ridge[1, 1])).best(
        [0.25] * len(lines)
    )
    return np.array(sizes), np.array([[form[0], form[1]], [form[1], form[2]]])


@given(seeds, st.integers(2, 3), st.booleans())
def test_at_the_best_energies_no_neuron_earns_more_than_it_costs(seed, count, soft):
    neurons, demand, ridge = drawn(seed, count, soft)
    sizes, form = best(neurons, demand, ridge)
    worth = np.einsum("ni,ij,nj->n", neurons, form, neurons)
    assert (sizes >= 0).all() and (worth <= 1 + 1e-6).all()
    assert np.abs(sizes * (worth - 1)).max() <= 1e-6 * sizes.max(initial=1e-300)
    seen = (neurons.T * sizes) @ neurons + ridge
    assert np.allclose(seen @ form @ seen, np.diag(demand), atol=1e-9 * demand.max())


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("soft", [False, True])
def test_they_are_those_of_the_search_in_any_number_of_sources(count, soft):
    for seed in range(5):
        neurons, demand, ridge = drawn(seed, count, soft)
        readout = Readout(np.diag(np.sqrt(demand)), 1.0, ridge if soft else None)
        others = optimal_energies(neurons[:, :, None] * neurons[:, None], readout, np.full(count, 0.25))
        assert np.allclose(best(neurons, demand, ridge)[0], others, atol=1e-6)


def test_a_neuron_alone_and_none_at_all():
    ridge = np.diag([0.1, 10.0])
    sizes, form = best(np.array([[1.0, 0.0]]), np.array([1.0, 1.0]), ridge)
    assert sizes == pytest.approx([0.9]) and form == pytest.approx(np.diag([1.0, 0.01]))
    sizes, form = best(np.array([[1.0, 0.0]]), np.array([1.0, 1.0]), np.diag([2.0, 2.0]))
    assert sizes == pytest.approx([0.0], abs=1e-9) and form == pytest.approx(np.diag([0.25, 0.25]))
