"""Of many samples few are looked at, and what comes out holds for all of them."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Representation, certify, solve
from solver.certificate import lower_bound
from solver.generation.separation import WorkingSamples
from solver.solving import plan
from tests.examples import share
from theory.bounds.cover import Cover
from theory.errors import InputError


def drawn(seed, count, dimension):
    """Correlated, heavy-tailed, tied sources of unlike scales."""
    rng = np.random.default_rng(seed)
    points = rng.standard_t(3, size=(count, dimension)) @ rng.standard_normal((dimension, dimension))
    points[: count // 2] = np.round(points[: count // 2])
    return points * 10.0 ** rng.integers(-2, 3, size=dimension)


@share(1 / 2)
@given(seed=st.integers(0, 10_000), dimension=st.integers(1, 3))
def test_what_some_samples_prove_holds_for_all(seed, dimension):
    problem = Problem(drawn(seed, 200, dimension))
    working = WorkingSamples(problem)
    answer = solve(problem)
    bound = lower_bound(problem, answer.multiplier, cover=Cover.of(working.rows))
    assert bound.value <= answer.loss * (1 + 1e-9)
    neurons = np.random.default_rng(seed).standard_normal((50, dimension))
    assert (working.inside.sources.support(neurons) <= problem.sources.support(neurons) * (1 + 1e-9)).all()


@share(1 / 2)
@given(seed=st.integers(0, 10_000))
def test_samples_that_a_code_violates_join_once(seed):
    problem = Problem(drawn(seed, 500, 3))
    working = WorkingSamples(problem)
    weights = np.random.default_rng(seed).standard_normal((6, 3)) @ problem.whitening.matrix
    none = np.empty((0, 3))
    found, loss, _ = working.separate(weights, none)
    assert np.isclose(loss, problem.loss(found), rtol=1e-9)
    assert loss <= problem.loss(weights) * (1 + 1e-9)
    _, _, violated = working.separate(weights, none)
    assert not violated
    assert np.allclose(working.inside.sources.support(weights), problem.sources.support(weights), rtol=1e-9)


@pytest.mark.thorough
def test_the_answer_is_that_of_all_samples(monkeypatch, tmp_path):
    problem = Problem(np.random.default_rng(0).standard_normal((60, 5)))
    whole = solve(problem)
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, most_samples=50))
    some = solve(Problem(problem.sources.points), rng=0)
    assert some.cover is not None and some.cover.samples is not None
    assert some.status == whole.status == "optimal"
    assert np.isclose(some.loss, whole.loss, rtol=1e-8)
    certificate = certify(problem, some)
    assert certificate.feasible and certificate.gap <= 1e-8
    some.save(tmp_path / "code.npz")
    again = Representation.load(tmp_path / "code.npz")
    assert (again.cover.samples == some.cover.samples).all()
    assert certify(problem, again).gap <= 1e-8


def test_samples_that_prove_nothing_are_refused():
    square = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    with pytest.raises(InputError, match="mean lies outside"):
        lower_bound(square, square.energy_matrix, cover=Cover.of(np.array([0, 1])))
    with pytest.raises(InputError, match="none of the problem's"):
        lower_bound(square, square.energy_matrix, cover=Cover.of(np.array([0, 1, 2, 7])))


@pytest.mark.slow
@pytest.mark.parametrize("correlated", [False, True])
def test_a_hundred_thousand_samples_of_six_sources_are_solved(correlated):
    rng = np.random.default_rng(0)
    points = (
        rng.standard_normal((100_000, 6)) @ rng.standard_normal((6, 6))
        if correlated
        else rng.uniform(-1, 1, size=(100_000, 6))
    )
    answer = solve(Problem(points), rng=0)
    assert answer.gap <= 1e-8 and len(answer.cover.samples) < 3_000
    assert certify(Problem(points), answer).gap <= 1e-8


def test_all_corners_of_a_box_are_looked_at_first_unless_they_are_too_many(monkeypatch):
    corners = np.array(list(product((0.0, 1.0), repeat=6)))
    inside = np.random.default_rng(0).uniform(0.1, 0.9, size=(200, 6))
    problem = Problem(np.concatenate([inside, corners]))
    assert set(range(200, 264)) <= set(WorkingSamples(problem).rows.tolist())
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, box_corners=63))
    assert not set(range(200, 264)) <= set(WorkingSamples(problem).rows.tolist())
