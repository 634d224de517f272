"""Column generation with neurons that keep to the spans of groups."""

import numpy as np
import pytest
from hypothesis import given

from solver import Problem, certify, solve
from solver.generation.active_set import ActiveSet
from solver.generation.loss import SpansLoss
from solver.strategies import seeds
from tests.examples import share
from theory.dependent.spans import Span
from theory.readouts import Soft


def posed(seed, *, dependent=None, readout=None):
    """Groups that tell of each other: of dependent sources, some in several groups, or where errors have a cost."""
    rng = np.random.default_rng(seed)
    dependent = bool(rng.integers(2)) if dependent is None else dependent
    rows = rng.standard_normal((int(rng.integers(8, 20)), 4)) @ (np.eye(4) + 0.4 * rng.standard_normal((4, 4)))
    groups = {"a": [0, 1, 2], "b": [3]} if rng.random() < 0.5 else {"a": [0, 1], "b": [2, 3]}
    if dependent:
        rows = np.column_stack([rows, rows[:, :2] @ rng.standard_normal((2, 2))])
        groups = groups | {"told": [4, 5], "shared": [1, 3]}
    readout = readout or (None if dependent and rng.random() < 0.5 else Soft(10 ** rng.uniform(0.5, 3)))
    return Problem(rows, encoder_cost=10 ** rng.uniform(-2, 0), readout=readout, groups=groups, separate=True)


@given(seeds)
def test_neurons_move_within_their_spans(seed):
    loss, rng = SpansLoss(posed(seed)), np.random.default_rng(seed)
    start = np.concatenate([rng.standard_normal((len(basis), len(basis))) @ basis for basis in loss.bases])
    owners = loss.owners(start)
    moved, _, value = ActiveSet(loss).minimised(start, loss.highest_samples(start), 5)
    assert value <= loss.of(start) * (1 + 1e-12)
    left = np.einsum("nij,nj->ni", loss._outside[owners], moved)
    assert np.abs(left).max(initial=0.0) <= 1e-9 * np.abs(start).max()
    # Written on the sources they cost what they cost.
    weights = loss.source_weights(start)
    assert loss.costs(start) * loss.unit == pytest.approx(loss.posed.neuron_cost(weights), rel=1e-8)


@given(seeds)
@share(1 / 2)
def test_no_group_does_better_while_the_others_stay(seed):
    """What a group is worth while others stay is told by its block of the multiplier: of Y at G, in no coordinates but
    the sources' own."""
    problem = posed(seed, dependent=False)
    answer = solve(problem)
    assert answer.status == "optimal" and certify(problem, answer).gap < 1e-8
    multiplier = problem.multiplier(answer.source_weights.T @ answer.source_weights)
    for members, block in zip(problem.groups.values(), problem.blocks, strict=True):
        assert block.pricing.maximise(multiplier[np.ix_(members, members)]).rho <= 1 + 1e-6


@given(seeds)
@share(1 / 4)
def test_ascents_find_what_the_faces_hold(seed):
    problem = posed(seed)
    exact = solve(problem)
    with pytest.MonkeyPatch.context() as without_faces:
        without_faces.setattr(Span, "listed", False)
        climbed = solve(posed(seed), rng=seed)
    assert climbed.loss == pytest.approx(exact.loss, rel=1e-7)
    assert climbed.lower_bound <= exact.loss * (1 + 1e-9)


@pytest.mark.thorough
def test_a_group_of_all_sources_costs_nothing_beyond_exact_pricing():
    rows = np.random.default_rng(0).normal(size=(20, 8))
    told = np.column_stack([rows, rows[:, 0] + rows[:, 1]])
    problem = Problem(told, mixing=np.eye(8, 9), groups={"all": list(range(8)), "sum": [8]}, separate=True)
    answer, alone = solve(problem), solve(Problem(rows))
    assert answer.loss == pytest.approx(alone.loss, rel=1e-7) and answer.lower_bound <= alone.loss
