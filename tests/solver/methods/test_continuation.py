"""Codes moved along from one problem to the next: the same optimum as without, or none at all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, certify
from solver.methods.continuation import Start
from solver.solving.solve import solve_one_of_many
from solver.strategies import problems
from tests.examples import share

MOVED = "moved along"


def started(problem, other):
    answer = solve_one_of_many(other)
    return solve_one_of_many(problem, start=Start(other, answer.source_weights))


@pytest.mark.thorough
@given(problems(dimension=2) | problems(dimension=3), st.sampled_from([1.01, 1.5, 40.0]))
@share(1 / 2)
def test_where_one_comes_from_does_not_change_the_answer(problem, factor):
    other = problem.replaced(encoder_cost=factor * problem.encoder_cost)
    alone, found = solve_one_of_many(problem), started(problem, other)
    assert found.status == alone.status == "optimal"
    assert found.loss == pytest.approx(alone.loss, rel=1e-8)
    if MOVED in found.message:
        assert certify(problem, found).gap < 1e-8 and len(found) == len(alone)


def test_neurons_keep_to_their_faces_along_a_grid():
    points = np.random.default_rng(2).normal(size=(30, 3)) @ np.random.default_rng(3).normal(size=(3, 3))
    sources = Problem(points).sources
    answer, moved = solve_one_of_many(Problem(sources)), 0
    for cost in np.geomspace(1, 2, 5):
        problem = Problem(sources, encoder_cost=cost, bias_cost=cost - 1)
        answer = solve_one_of_many(problem, start=Start(answer.problem, answer.source_weights))
        alone = solve_one_of_many(problem)
        assert answer.loss == pytest.approx(alone.loss, rel=1e-12) and len(answer) == len(alone)
        moved += MOVED in answer.message
    assert moved >= 3


def test_a_code_of_another_hull_is_of_no_use_and_does_no_harm():
    rng = np.random.default_rng(0)
    problem, other = Problem(rng.normal(size=(20, 2))), Problem(rng.normal(size=(3, 2)))
    found = started(problem, other)
    assert MOVED not in found.message and found.loss == solve_one_of_many(problem).loss


def test_where_several_codes_are_optimal_the_answer_is_that_of_a_search():
    # Every neuron that one sample alone holds earns what it costs here.
    points = np.random.default_rng(0).normal(size=(200, 2)) @ np.random.default_rng(0).normal(size=(2, 2))
    problem = Problem(points, encoder_cost=0.5)
    found = started(problem, problem.replaced(encoder_cost=0.6))
    assert len(found) == len(solve_one_of_many(problem)) and found.status == "optimal"
