"""Chains of contrasts, and what their views say of any network's weights."""

import numpy as np
import pytest
from hypothesis import given

from solver import LinearNetwork
from solver.strategies import seeds
from tests.theory.in_time.test_trials import CUES, recall
from theory import Trials
from theory.in_time.memory import MemoryBounds


def performing(seed):
    """A random network that stays above zero, and a task that it does: its own readings, at some steps."""
    rng = np.random.default_rng(seed)
    count, steps, channels, size, outputs = 6, int(rng.integers(2, 5)), 2, 3, 2
    inputs = rng.standard_normal((count, steps, channels)) * (rng.random(steps) < 0.6)[:, None]
    inputs[:, 0] = rng.standard_normal((count, channels))
    recurrent, inward = 0.6 * rng.standard_normal((size, size)), rng.standard_normal((size, channels))
    zeros, readout = np.zeros(size), rng.standard_normal((outputs, size))
    still = LinearNetwork(recurrent, inward, zeros, zeros, readout, np.zeros(outputs)).run(inputs)
    lifted = np.maximum(0, -still.min(axis=(0, 1)))
    network = LinearNetwork(
        recurrent, inward, lifted - recurrent @ lifted, lifted, readout, rng.standard_normal(outputs)
    )
    targets = network.read(network.run(inputs))
    asked = rng.random((steps, outputs)) < 0.5
    asked[-1] = True
    targets[:, ~asked] = np.nan
    if rng.random() < 0.3:
        targets[0, -1, 0] = np.nan
    prices = 10.0 ** rng.uniform(-1, 1, 3)
    probabilities = rng.uniform(0.5, 1, count)
    trials = Trials(inputs, targets, probabilities, *prices)
    return trials, network


@given(seeds)
def test_every_view_says_less_than_the_weights_cost(seed):
    trials, network = performing(seed)
    bounds, energies = MemoryBounds(trials), network.energies(trials, network.run(trials.inputs))
    codes = bounds.codes_of(network.on_entered(trials, network.run(trials.inputs)))
    recurrent, readout = bounds.costs(codes)
    assert (recurrent <= energies["recurrent"] * (1 + 1e-6)).all()
    for output in range(trials.outputs):
        own = [cost for cost, view in zip(readout, bounds.reads, strict=True) if view[2] == output]
        assert max(own, default=0) <= trials.readout_cost * (network.readout[output] ** 2).sum() * (1 + 1e-6)
    entrance = sum(
        np.trace(form @ bounds.code(codes, *map(int, place.split(":")))) for place, form in bounds.entrances.items()
    )
    assert entrance <= energies["input"] * (1 + 1e-6)


@given(seeds)
def test_slopes_are_minus_the_derivatives_of_the_costs(seed):
    trials, network = performing(seed)
    bounds, rng = MemoryBounds(trials), np.random.default_rng(seed)
    codes = bounds.codes_of(network.on_entered(trials, network.run(trials.inputs)))
    links, reads = rng.random(len(bounds.links)), rng.random(len(bounds.reads))

    def cost(codes):
        recurrent, readout = bounds.costs(codes)
        entrance = sum(
            np.trace(form @ bounds.code(codes, *map(int, place.split(":")))) for place, form in bounds.entrances.items()
        )
        return links @ recurrent + reads @ readout + entrance

    slopes = bounds.slopes(codes, links, reads)
    for (number, step), slope in slopes.items():
        code = bounds.code(codes, number, step)
        root = np.linalg.cholesky(code)
        way = root @ np.diag(rng.standard_normal(len(code))) @ root.T  # along which the costs change smoothly
        moved = [[list(chain) for chain in codes] for _ in range(2)]
        for sign, version in zip((1, -1), moved, strict=True):
            version[number][step - bounds.chains[number].first] = code + sign * 1e-5 * way
        numerical = (cost(moved[0]) - cost(moved[1])) / 2e-5
        terms = abs(cost(codes)) + np.abs(slope * way).sum()
        assert -np.sum(slope * way) == pytest.approx(numerical, abs=1e-5 * terms)


def test_chains_go_back_to_where_their_inputs_enter():
    inputs, targets = np.zeros((4, 4, 2)), np.full((4, 4, 2), np.nan)
    inputs[:, 0, 0], inputs[:, 1, 1] = CUES.T
    targets[:, 3] = CUES
    bounds = MemoryBounds(Trials(inputs, targets))
    (chain,) = bounds.chains
    assert [contrasts.shape[1] for contrasts in chain.contrasts] == [1, 2, 2, 2]
    assert len(bounds.links) == 3 and [view[:2] for view in bounds.reads] == [(0, 3), (0, 3)]


def test_a_target_that_is_held_is_read_at_each_of_its_steps_in_one_chain():
    inputs = recall().inputs
    targets = np.repeat(recall().targets[:, -1:], 4, axis=1)
    bounds = MemoryBounds(Trials(inputs, targets))
    assert len(bounds.chains) == 1 and len(bounds.reads) == 8


def test_what_no_target_needs_is_in_no_chain():
    posed = recall()
    targets = posed.targets.copy()
    targets[:, :, 1] = targets[:, :, 0]
    (chain,) = MemoryBounds(Trials(posed.inputs, targets)).chains
    assert chain.contrasts[-1].shape[1] == 1
