"""Polishing along walls: never uphill, stationary where the certificate says optimal, and blind to units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, certify, solve
from solver.face_polish import polish_on_faces
from solver.strategies import problems, seeds

ROUNDING = 1e-12


@given(problems(), seeds, st.sampled_from([1e-3, 0.1, 1.0]))
def test_the_loss_never_rises(problem, seed, noise):
    rng = np.random.default_rng(seed)
    start = problem.modular_weights + noise * rng.standard_normal(problem.modular_weights.shape)
    start = np.vstack([start, problem.modular_weights])
    assert problem.loss(polish_on_faces(problem, start)) <= problem.loss(start) * (1 + ROUNDING)


@given(problems(st.integers(1, 3)), seeds)
def test_an_optimum_moved_a_little_is_found_again(problem, seed):
    optimum = solve(problem)
    rng = np.random.default_rng(seed)
    moved = optimum.source_weights * (1 + 1e-7 * rng.standard_normal(optimum.source_weights.shape))
    risen, back = (
        problem.loss(moved) / optimum.loss - 1,
        problem.loss(polish_on_faces(problem, moved)) / optimum.loss - 1,
    )
    assert back <= max(risen, ROUNDING)
    assert back >= -(optimum.gap + ROUNDING)


def test_last_digits_in_six_dimensions():
    # Climbs and reweighing alone leave 1e-8; on the walls Newton's method finds the rest.
    problem = Problem(np.random.default_rng(2).standard_normal((40, 6)))
    optimum = solve(problem, rng=0)
    rng = np.random.default_rng(0)
    moved = optimum.source_weights + 1e-5 * rng.standard_normal(optimum.source_weights.shape)
    assert problem.loss(moved) > optimum.loss * (1 + 1e-9)
    back = polish_on_faces(problem, moved)
    assert problem.loss(back) == pytest.approx(optimum.loss, rel=1e-13)
    assert certify(problem, optimum).gap <= 1e-12
