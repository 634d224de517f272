"""Reductions: what they accept, and that a code of the reduced problem is one of the problem, at the same loss."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, lower_bound, solve
from solver.generation.loss import WhitenedLoss
from solver.methods.iterate import Iterate
from solver.strategies import problems, seeds
from tests.examples import share
from theory.readouts import Exact, Noisy, Soft
from theory.reductions import (
    CANONICAL,
    GROUP_BY_GROUP,
    WHITENED,
    WITHOUT_LAYER,
    Chain,
    PartialTargets,
    Reduction,
    Solved,
    SomeSamples,
)
from theory.sources import Sources

READOUTS = [None, Soft(30.0), Noisy(30.0, 0.2)]
BOX = np.array(list(product((0, 1), (0, 2), (0, 1))), dtype=float)


def solved(problem):
    answer = solve(problem)
    return Solved(answer.source_weights, answer.multiplier, answer.loss, answer.lower_bound)


def as_whitened(problem):
    answer = solved(problem)
    whitening = problem.whitening
    worth = whitening.worth(answer.multiplier)
    return Solved(whitening.neurons(answer.weights), worth, answer.loss, answer.lower_bound)


def check(problem, code, *, tolerance=1e-9):
    assert problem.loss(code.weights) == pytest.approx(code.loss, rel=tolerance)
    assert code.lower_bound <= code.loss * (1 + tolerance)
    assert lower_bound(problem, code.multiplier).value >= code.lower_bound * (1 - 1e-6)


@share(1 / 2)
@given(problems(st.integers(1, 3)), st.sampled_from(READOUTS), seeds)
def test_canonical_form_and_whitening_keep_codes_and_losses(problem, readout, seed):
    random = np.random.default_rng(seed)
    priced = problem.replaced(activity_cost=random.uniform(0.2, 3), bias_cost=random.uniform(0, 3), readout=readout)
    assert CANONICAL.accepts(priced) and not CANONICAL.accepts(priced.canonical)
    code = CANONICAL.invert(priced, solved(priced))
    check(priced, code)
    assert priced.canonical.loss(code.weights) == pytest.approx(code.loss, rel=1e-9)
    inside = as_whitened(priced.canonical)
    assert priced.canonical.whitened.loss(inside.weights) == pytest.approx(inside.loss, rel=1e-9)
    check(priced, WHITENED.invert(priced.canonical, inside))


@share(1 / 2)
@given(problems(st.integers(1, 3)), st.sampled_from(READOUTS), seeds)
def test_a_code_in_units_of_the_whitened_loss_comes_back_with_its_candidates(problem, readout, seed):
    problem = problem.replaced(readout=readout)
    answer, loss = solved(problem), WhitenedLoss(problem)
    neurons = loss.coordinates(answer.weights)
    others = np.random.default_rng(seed).standard_normal((2, problem.dimension)) * loss.size
    there = Iterate(neurons, loss.multiplier(neurons), loss.of(neurons), loss.of(neurons), candidates=others)
    code = loss.invert(there)
    size = np.abs(answer.weights).max(axis=0, initial=np.finfo(float).tiny)
    np.testing.assert_allclose(code.weights / size, answer.weights / size, atol=1e-9)
    assert code.loss == pytest.approx(answer.loss, rel=1e-9) and code.lower_bound == code.loss
    np.testing.assert_allclose(problem.neuron_cost(code.candidates), loss.costs(others) * loss.unit, rtol=1e-9)
    earned = np.einsum("ni,ij,nj->n", code.candidates, code.multiplier, code.candidates)
    expected = np.einsum("ni,ij,nj->n", others, there.multiplier, others) * loss.unit
    np.testing.assert_allclose(earned, expected, rtol=1e-8, atol=1e-8 * loss.unit)


def test_a_layer_is_left_out_and_paid_for():
    square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    problem = Problem(square, transitions=[[0, -1], [1, 0]], recurrent_cost=3)
    reduced = WITHOUT_LAYER.apply(problem)
    assert WITHOUT_LAYER.accepts(problem) and not WITHOUT_LAYER.accepts(reduced) and reduced == problem.feedforward
    check(problem, WITHOUT_LAYER.invert(problem, solved(reduced)))
    assert WITHOUT_LAYER.invert(reduced, solved(reduced)) == solved(reduced)


@pytest.mark.parametrize("readout", READOUTS)
def test_groups_are_solved_one_by_one(readout):
    problem = Problem(BOX, groups={"pair": [0, 1], "last": [2]}, readout=readout)
    assert GROUP_BY_GROUP.accepts(problem)
    parts = GROUP_BY_GROUP.apply(problem)
    code = GROUP_BY_GROUP.join(problem, [solved(part) for part in parts])
    check(problem, code)
    assert code.loss == pytest.approx(solve(problem).loss, rel=1e-9)
    assert not GROUP_BY_GROUP.accepts(Problem(BOX[:-1], groups={"pair": [0, 1]}))


def test_a_bound_on_some_samples_is_one_on_all():
    problem = Problem(np.random.default_rng(0).normal(size=(40, 2)))
    reduction = SomeSamples(np.arange(40)[problem.sources.about_mean(problem.sources.points)[:, 0] > -1.0])
    assert reduction.accepts(problem)
    some = reduction.apply(problem)
    assert solve(problem).loss >= lower_bound(some, solve(problem).multiplier).value


@share(1 / 4)
@given(problems(st.integers(2, 3)), seeds)
def test_a_code_of_nearly_exact_targets_becomes_one_of_exact_targets(problem, seed):
    random = np.random.default_rng(seed)
    targets = random.standard_normal((1, problem.dimension)) / np.sqrt(np.diag(problem.sources.covariance))
    partial, reduction = problem.replaced(readout=Exact(targets)), PartialTargets(1e-6)
    soft = reduction.apply(partial)
    assert reduction.accepts(partial) and not reduction.accepts(soft) and not reduction.accepts(problem)
    answer = solved(soft)
    code = reduction.invert(partial, answer)
    check(partial, code)
    decoder = partial.readout.decoder(code.weights)
    assert decoder @ code.weights == pytest.approx(targets, abs=1e-11 * np.abs(targets).max())
    assert answer.loss <= code.loss * (1 + 1e-9) and answer.lower_bound <= code.lower_bound
    assert code.lower_bound == pytest.approx(code.loss, rel=1e-5)


def test_a_chain_goes_down_and_back():
    rows = np.random.default_rng(0).uniform(-1, 1, size=(30, 2))
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    ring = np.concatenate([rows, rows @ turn, -rows, -rows @ turn])
    problem = Problem(ring, activity_cost=2, bias_cost=0.3, transitions=[turn])
    count = len(problem.canonical.sources.points)
    chain = Chain.of(problem, np.arange(count)[::2], listed=False)
    assert [type(reduction) for reduction in chain.reductions] == [type(CANONICAL), SomeSamples, type(WITHOUT_LAYER)]
    assert chain.problems[0] is problem and chain.problems[1] is problem.canonical
    assert len(chain.reduced.sources.points) == count / 2 and chain.reduced.transitions is None
    below = chain.invert(solved(chain.reduced))
    assert below.loss == pytest.approx(chain.problems[2].loss(below.weights), rel=1e-9)
    assert below.lower_bound <= solve(problem).loss
    every = Chain.of(problem)
    check(problem, every.invert(solved(every.reduced)))
    assert Chain.of(Problem(rows)).reductions == ()


def test_the_base_does_nothing():
    problem = Problem([[0], [1]])
    code = solved(problem)
    assert Reduction().apply(problem) is problem and Reduction().invert(problem, code) is code


@pytest.mark.parametrize("groups", [None, {"first": [0], "others": [1]}])
def test_a_separate_code_of_partial_targets_stays_separate(groups):
    """One neuron of both sources would decode their difference for less; the modular code has none."""
    problem = Problem([[0, 0], [0, 1], [1, 0], [1, 1]], readout=Exact([[1, -1]]), groups=groups)
    answer = solve(problem, method="modular")
    assert answer.modular and answer.loss == pytest.approx(problem.modular_loss, rel=1e-12)
    assert answer.loss > solve(problem).loss * 1.1


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("points", [BOX, BOX[:7], np.eye(3)], ids=["box", "corner-cut", "dependent"])
def test_sources_in_another_order_are_those_made_in_that_order(points, weighted):
    order, weights = [2, 0, 1], np.arange(1.0, len(points) + 1) if weighted else None
    moved = Sources(points, weights, names=["a", "b", "c"]).of_columns(order)
    made = Sources(points[:, order], weights, names=["c", "a", "b"])
    assert moved == made and moved.summary() == made.summary() and moved.points.flags["C_CONTIGUOUS"]
    for name in ("mean", "covariance", "lower", "upper", "vertices", "covariance_root"):
        np.testing.assert_allclose(getattr(moved, name), getattr(made, name), atol=1e-12)
    with pytest.raises(AttributeError, match="does not change"):
        moved.mean = made.mean
