"""Networks for tasks in time: run step by step, bounded, certified, and as theory says."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from solver import InputError, Trials, certify_in_time, solve_in_time
from solver.deadline import limited_to
from solver.in_time import proof as proofs
from solver.in_time.descent import Descent
from solver.in_time.network import LinearNetwork
from solver.in_time.proof import MemoryProof, earned, proven
from solver.in_time.repair import balanced, pruned
from solver.in_time.solve import InTimeLimits
from solver.strategies import seeds
from tests.examples import share
from tests.theory.in_time.test_memory import performing
from tests.theory.in_time.test_trials import CUES, recall
from theory.in_time.memory import MemoryBounds

GRID = np.array([[one, other] for one in (-1.0, 0, 1) for other in (-1.0, 0, 1)])


@cache
def of_cut_cues():
    """Never both cues low, never both high."""
    return solve_in_time(recall(GRID[1:-1]), tries=0)


def best_of_one_cue(trials, variance, height):
    """Independent: one neuron that holds one cue by one weight w, in the logarithms of its strength and of w^2."""

    def loss(logs):
        strength, kept = np.exp(logs)
        held = sum(kept**step for step in range(trials.steps)) / trials.steps
        read = trials.readout_cost / (strength * kept ** (trials.steps - 1))
        return strength * ((variance + height**2) * held + trials.input_cost) + trials.recurrent_cost * kept + read

    return minimize(loss, [0.0, 0.0], method="BFGS", options={"gtol": 1e-10}).fun


def does_its_task(answer):
    activity, read = answer.simulate()
    asked, size = answer.trials.has_target, np.abs(answer.trials.targets[answer.trials.has_target]).max()
    np.testing.assert_allclose(read[asked], answer.trials.targets[asked], atol=1e-9 * size)
    assert activity.min() >= -1e-9 * activity.max()
    state = answer.network.rest + answer.trials.inputs[:, 0] @ answer.network.inward.T
    for step in range(1, answer.trials.steps):  # once more, from the state alone
        carried = state @ answer.network.recurrent.T + answer.network.bias
        state = carried + answer.trials.inputs[:, step] @ answer.network.inward.T
        np.testing.assert_allclose(state, activity[:, step], atol=1e-12 * activity.max())


@pytest.mark.parametrize("costs", [{}, {"recurrent_cost": 0.1}, {"input_cost": 0.0, "readout_cost": 3.0}])
def test_cues_of_which_all_pairs_occur_are_kept_apart_and_that_is_proven(costs):
    trials = recall(GRID, **costs)
    answer = solve_in_time(trials, tries=0)
    assert answer.status == "optimal" and answer.gap < 1e-6
    assert answer.loss == pytest.approx(2 * best_of_one_cue(trials, 2 / 3, 1.0), rel=1e-7)
    assert (np.abs(answer.network.inward) > 1e-4).sum(axis=1).tolist() == [1] * len(answer.network)
    does_its_task(answer)


def test_correlations_between_cues_change_the_verdict_only_where_a_corner_is_missing():
    often = np.exp(GRID.prod(axis=1))  # alike more often than not, but every pair occurs
    trials = recall(GRID, probabilities=often)
    answer, apart = (
        solve_in_time(trials, tries=0),
        2 * best_of_one_cue(trials, (often * GRID[:, 0] ** 2).sum() / often.sum(), 1.0),
    )
    assert answer.status == "optimal" and answer.loss == pytest.approx(apart, rel=1e-6)
    cut = of_cut_cues()
    one = best_of_one_cue(recall(GRID[1:-1]), 4 / 7, 1.0)
    assert cut.status == "bounded" and cut.loss < 2 * one * (1 - 1e-3) and cut.gap < 0.01
    assert (np.abs(cut.network.inward).min(axis=1) > 1e-2).any()
    does_its_task(cut)


@pytest.mark.slow
@share(1 / 4)
@given(seeds)
def test_no_network_is_below_the_bound(seed):
    trials, network = performing(seed)
    answer = solve_in_time(trials, tries=0, rng=seed)
    does_its_task(answer)
    loss = sum(network.energies(trials, network.run(trials.inputs)).values())
    assert answer.lower_bound <= loss * (1 + 1e-9) and answer.lower_bound <= answer.loss
    checked = certify_in_time(trials, answer)
    assert checked.feasible and checked.loss == pytest.approx(answer.loss, rel=1e-12)
    assert checked.lower_bound == pytest.approx(answer.lower_bound, rel=1e-9)
    assert sum(answer.energies.values()) == pytest.approx(answer.loss, rel=1e-12)


@share(1 / 2)
@given(seeds)
def test_whatever_matrices_and_weights_prove_is_below_a_network(seed):
    trials, network = performing(seed)
    bounds, rng = MemoryBounds(trials), np.random.default_rng(seed)
    activity = network.run(trials.inputs)
    loss = sum(network.energies(trials, activity).values())
    codes = bounds.codes_of(network.on_entered(trials, activity))
    for size in (0.1, 1.0, 10.0):
        links = rng.dirichlet(np.ones(max(1, len(bounds.links))))[: len(bounds.links)]
        proof = MemoryProof(
            tuple(tuple(size * code for code in chain) for chain in codes), links, np.ones(len(bounds.reads))
        )
        assert proven(bounds, proof) <= loss * (1 + 1e-9)


def test_no_random_neuron_earns_more_than_is_said():
    answer = of_cut_cues()
    trials, bounds = answer.trials, MemoryBounds(answer.trials)
    slopes = bounds.slopes(answer.proof.codes, answer.proof.links, answer.proof.reads)
    neurons = np.random.default_rng(0).standard_normal((1000, 2))
    for step, (ratio, _) in earned(bounds, slopes).items():
        basis, seen = bounds.basis(0, step), trials.entered
        worth = np.einsum("ni,ij,nj->n", neurons @ basis, slopes[0, step], neurons @ basis)
        activity = neurons @ seen.T
        cost = (activity**2 @ trials.weights + activity.min(axis=1) ** 2) / trials.steps
        assert (worth <= ratio * cost * (1 + 1e-9)).all() and (worth / cost).max() > 0.9 * ratio


def test_the_bound_of_cut_cues_once_more_by_hand():
    """From the formula alone: codes G_t, slopes by finite differences, and every direction of a neuron of two cues."""
    answer = of_cut_cues()
    cues, steps = answer.trials.inputs[:, 0], answer.trials.steps
    covariance = cues.T @ cues / len(cues)
    inverse = np.linalg.inv(covariance)  # contrasts are the cues' own values, times the probability of a trial
    codes = np.array([inverse @ code @ inverse for code in answer.proof.codes[0]])
    links, reads = answer.proof.links, answer.proof.reads
    assert links.sum() <= 1 + 1e-9 and (links >= 0).all() and reads.tolist() == pytest.approx([1, 1])

    def parts(codes):
        kept = [np.trace(np.linalg.inv(one) @ other) for one, other in pairwise(codes)]
        return links @ kept, reads @ np.diag(np.linalg.inv(codes[-1])), np.trace(codes[0])

    angles = np.linspace(0, 2 * np.pi, 20001)
    neurons = np.column_stack([np.cos(angles), np.sin(angles)])
    activity = neurons @ cues.T
    cost = (activity**2).mean(axis=1) + activity.min(axis=1) ** 2
    rho = 1.0
    for step in range(steps):
        slope = np.zeros((2, 2))
        for row, column in ((0, 0), (0, 1), (1, 1)):
            way = np.zeros_like(codes)
            way[step, row, column] = way[step, column, row] = 1e-6
            change = (sum(parts(codes + way)) - sum(parts(codes - way))) / 2e-6
            slope[row, column] = slope[column, row] = -change / (1 if row == column else 2)
        assert np.linalg.eigvalsh(slope)[0] > 0
        rho = max(rho, (steps * np.einsum("ni,ij,nj->n", neurons, slope, neurons) / cost).max())
    recurrent, readout, _ = parts(codes)
    assert (2 * readout + recurrent) / rho**0.5 == pytest.approx(answer.lower_bound, rel=1e-6)


def test_units_of_the_inputs_are_a_price():
    one = of_cut_cues()
    other = solve_in_time(Trials(3 * one.trials.inputs, one.trials.targets, input_cost=9.0), tries=0)
    assert one.lower_bound == pytest.approx(other.lower_bound, rel=1e-6)
    assert one.loss == pytest.approx(other.loss, rel=1e-4)


def test_channels_in_unlike_units_far_from_zero_are_read():
    rng = np.random.default_rng(0)
    inputs = np.zeros((5, 2, 2))
    inputs[:, 0] = [100, 4e6] + rng.standard_normal((5, 2)) * [1, 4e4]
    targets = np.stack([np.full((5, 2), np.nan), np.full((5, 2), np.nan)], axis=2)
    targets[:, 1, 0], targets[:, 1, 1] = inputs[:, 0] @ [1.0, 1e-4], 1e-3 * (inputs[:, 0, 0] - 100)
    answer = solve_in_time(Trials(inputs, targets), tries=0)
    missed = np.abs(answer.simulate()[1] - targets)[:, 1].max(axis=0)
    assert (missed <= 1e-9 * np.abs(targets[:, 1]).max(axis=0)).all()
    assert certify_in_time(answer.trials, answer).feasible
    # What is rounding for the large output is an error of the small one.
    off = answer.network.readout_bias + np.array([0.0, 1e-9 * targets[:, 1, 0].max()])
    assert not certify_in_time(
        answer.trials, replace(answer, network=replace(answer.network, readout_bias=off))
    ).feasible


def test_where_no_network_is_found_it_is_refused(monkeypatch):
    monkeypatch.setattr("solver.in_time.solve.IN_TIME_LIMITS", InTimeLimits(missed=-1.0))
    with pytest.raises(InputError, match="no network was found"):
        solve_in_time(recall(), tries=0)


@given(seeds)
def test_neurons_just_reach_zero_and_those_that_no_target_needs_are_left_out(seed):
    """Two more that pass on what they are told, to each other alone, and all of them raised."""
    (trials, network), rng = performing(seed), np.random.default_rng(seed)
    size, more = len(network), 2
    recurrent = np.zeros((size + more, size + more))
    recurrent[:size, :size], recurrent[size:] = network.recurrent, rng.standard_normal((more, size + more))
    raised = rng.uniform(1, 2, size + more) * np.abs(network.run(trials.inputs)).max()
    bias = np.concatenate([network.bias, np.zeros(more)]) + raised - recurrent @ raised
    rest = np.concatenate([network.rest, np.zeros(more)]) + raised
    inward = np.vstack([network.inward, rng.standard_normal((more, trials.channels))])
    readout = np.hstack([network.readout, np.zeros((trials.outputs, more))])
    found = pruned(trials, LinearNetwork(recurrent, inward, bias, rest, readout, network.readout_bias))
    assert len(found) <= size
    activity = found.run(trials.inputs)
    lowest, highest = activity.min(axis=(0, 1)), np.abs(activity).max()
    assert (lowest >= 0).all() and (lowest <= 1e-9 * highest).all()
    missed = np.abs(found.read(activity) - trials.targets)[trials.has_target]
    assert missed.max() <= 1e-7 * max(1.0, np.abs(trials.targets[trials.has_target]).max())


@pytest.mark.thorough
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_units_of_activity_targets_and_inputs_change_nothing_that_is_found(scale):
    """Activity counted in another unit, and with it all costs; then targets and inputs."""
    one = of_cut_cues()
    dearer = Trials(
        one.trials.inputs, one.trials.targets, recurrent_cost=scale, readout_cost=scale**2
    )  # z grows by the root of the scale, W_in too, R shrinks by it
    targets = Trials(one.trials.inputs, scale * one.trials.targets, readout_cost=scale**-2)
    inputs = Trials(scale * one.trials.inputs, one.trials.targets, input_cost=scale**2)
    for trials, size in ((dearer, scale), (targets, 1.0), (inputs, 1.0)):
        other = solve_in_time(trials, tries=0)
        assert other.loss == pytest.approx(size * one.loss, rel=1e-3)
        assert other.lower_bound == pytest.approx(size * one.lower_bound, rel=1e-3)


@given(seeds, st.floats(-3, 3), st.floats(-3, 3))
def test_no_unit_of_a_neuron_is_better_than_the_balanced_one(seed, decade, other):
    rng = np.random.default_rng(seed)
    posed, network = performing(seed)
    trials = Trials(posed.inputs, posed.targets, recurrent_cost=10.0**decade, readout_cost=10.0**other)
    found = balanced(trials, network)
    loss = sum(found.energies(trials, found.run(trials.inputs)).values())
    read = found.read(found.run(trials.inputs))
    np.testing.assert_allclose(read, network.read(network.run(trials.inputs)), atol=1e-9)
    for _ in range(3):
        moved = found.in_units(np.exp(0.3 * rng.standard_normal(len(found))))
        assert sum(moved.energies(trials, moved.run(trials.inputs)).values()) >= loss * (1 - 1e-6)
    again = balanced(trials, network.in_units(np.exp(rng.standard_normal(len(network)))))
    assert sum(again.energies(trials, again.run(trials.inputs)).values()) == pytest.approx(loss, rel=1e-6)


def test_trials_that_occur_twice_are_trials_of_twice_the_probability():
    once = recall(GRID, probabilities=[2, 1, 1, 1, 1, 1, 1, 1, 1])
    twice = recall(np.vstack([GRID, GRID[:1]]))
    one, other = solve_in_time(once, tries=0), solve_in_time(twice, tries=0)
    assert one.lower_bound == pytest.approx(other.lower_bound, rel=1e-6)


@pytest.mark.thorough
def test_one_channel_for_both_cues_is_bounded_and_never_claimed():
    """Cues one after another through the same channel, recalled in their order: what is kept must be told apart."""
    inputs, targets = np.zeros((4, 5, 1)), np.full((4, 5, 1), np.nan)
    inputs[:, 0, 0], inputs[:, 1, 0] = CUES.T
    targets[:, 3, 0], targets[:, 4, 0] = CUES.T
    answer = solve_in_time(Trials(inputs, targets), tries=0)
    does_its_task(answer)
    assert answer.status == "bounded" and 0.3 * answer.loss < answer.lower_bound < answer.loss


def test_what_the_clock_alone_asks_for_is_done_and_not_bounded():
    answer = solve_in_time(Trials(np.zeros((1, 3, 1)), [[[0.0], [1.0], [-1.0]]]), tries=0)
    does_its_task(answer)
    assert answer.status == "bounded" and answer.lower_bound == 0 == certify_in_time(answer.trials, answer).lower_bound


@pytest.mark.thorough
def test_a_distractor_is_not_kept():
    """Of two cues one is asked for, and what the other one is does not matter."""
    posed = recall(GRID)
    trials = Trials(posed.inputs, posed.targets[..., :1])
    answer = solve_in_time(trials, tries=0)
    does_its_task(answer)
    assert answer.status == "optimal" and np.abs(answer.network.inward[:, 1]).max() < 1e-3
    assert answer.loss == pytest.approx(best_of_one_cue(trials, 2 / 3, 1.0), rel=1e-6)


@pytest.mark.thorough
def test_a_target_that_moves_with_the_clock():
    inputs = recall().inputs
    targets = np.repeat(recall().targets[:, -1:], 4, axis=1) + np.array([0.0, 1, -1, 2])[:, None]
    answer = solve_in_time(Trials(inputs, targets), tries=0)
    does_its_task(answer)
    assert 0 < answer.lower_bound < answer.loss


def test_what_was_altered_is_seen():
    trials = recall()
    answer = solve_in_time(trials, tries=0)
    wrong = replace(answer, network=replace(answer.network, recurrent=answer.network.recurrent * 1.001))
    checked = certify_in_time(trials, wrong)
    assert not checked.feasible and checked.gap == np.inf and checked.target_error > 1e-4
    boast = replace(answer, lower_bound=2 * answer.loss, proof=replace(answer.proof, links=100 * answer.proof.links))
    assert certify_in_time(trials, boast).lower_bound <= answer.loss
    louder = tuple(tuple(2 * code for code in chain) for chain in answer.proof.codes)
    assert certify_in_time(trials, replace(answer, proof=replace(answer.proof, codes=louder))).lower_bound < answer.loss
    with pytest.raises(InputError, match="proof: its matrices"):
        certify_in_time(recall(steps=3), answer)


def test_a_time_limit_of_nothing_leaves_a_network_that_does_the_task_and_a_bound(monkeypatch):
    sweeps, whole = [], of_cut_cues()
    monkeypatch.setattr(proofs, "_in_turn", lambda *_: sweeps.append(1))
    trials = recall(GRID[1:-1])
    answer = solve_in_time(trials, time_limit=1e-9)
    does_its_task(answer)
    assert answer.status == "interrupted" and not sweeps
    checked = certify_in_time(trials, answer)
    assert checked.feasible and checked.lower_bound == pytest.approx(answer.lower_bound, rel=1e-9, abs=1e-9)
    assert answer.lower_bound < whole.lower_bound and whole.loss <= answer.loss * (1 + 1e-9)


@pytest.mark.thorough
def test_a_time_limit_that_is_not_reached_changes_nothing():
    answer = solve_in_time(recall(GRID[1:-1]), tries=0, time_limit=1e6)
    assert (answer.loss, answer.lower_bound, answer.status) == (
        of_cut_cues().loss,
        of_cut_cues().lower_bound,
        of_cut_cues().status,
    )


@pytest.mark.parametrize("steps", [1, 7])
def test_the_proof_that_the_end_of_the_time_finds_half_changed_is_one(monkeypatch, steps):
    asked = []

    def is_up():
        asked.append(1)
        return len(asked) > steps

    trials = recall(GRID[1:-1])
    network = of_cut_cues().network
    activity = network.run(trials.inputs)
    monkeypatch.setattr(proofs, "time_is_up", is_up)
    value, proof = proofs.prove(MemoryBounds(trials), network.on_entered(trials, activity), of_cut_cues().loss, 1e-9)
    assert len(asked) < 40 and 0 < value <= of_cut_cues().loss
    assert proven(MemoryBounds(trials), proof) == pytest.approx(value, rel=1e-12)


def test_a_descent_that_the_end_of_the_time_cuts_short_gives_a_network_that_does_the_task():
    network = of_cut_cues().network
    trials, descent = recall(GRID[1:-1], recurrent_cost=2.0), Descent(recall(GRID[1:-1], recurrent_cost=2.0))
    with limited_to(0.0):
        cut = descent.improved(network)
    activity = cut.run(trials.inputs)
    missed = np.where(trials.has_target, cut.read(activity) - trials.targets, 0.0)
    assert np.abs(missed).max() < 1e-9 and activity.min() >= -1e-9
    losses = [sum(one.energies(trials, one.run(trials.inputs)).values()) for one in (descent.improved(network), cut)]
    assert losses[0] < losses[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"trials": CUES}, "trials: expected `theory.Trials`"),
        ({"tolerance": 0}, "tolerance: 0 is not above 0"),
        ({"tries": -1}, "tries: -1 is not a whole number"),
        ({"time_limit": 0}, "time_limit: 0 is not a positive number of seconds"),
        ({"time_limit": np.inf}, "time_limit: inf is not a positive number of seconds"),
    ],
)
def test_what_is_refused(arguments, said):
    with pytest.raises(InputError) as error:
        solve_in_time(**({"trials": recall()} | arguments))
    assert said in str(error.value)
