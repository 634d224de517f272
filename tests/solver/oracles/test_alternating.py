"""Local descent: monotone, never below the certificate, and good enough to be a baseline."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, certify, solve
from solver.oracles.alternating import _SmoothLoss, descend
from solver.strategies import problems, seeds
from tests.examples import share
from theory.errors import InputError

CUT = np.array([(x, y) for x in range(-4, 5) for y in range(-4, 5) if x + y < 4]) / 4
ROUNDING = 1e-12


@given(problems(st.integers(1, 3)), seeds, st.integers(0, 3))
@share(1 / 2)
def test_each_stage_lowers_the_loss_and_none_goes_below_the_bound(problem, seed, more):
    rng = np.random.default_rng(seed)
    size = np.abs(np.diag(problem.modular_weights))
    start = size * rng.standard_normal((problem.dimension + more, problem.dimension))
    losses = [problem.loss(start), *(problem.loss(weights) for weights in descend(problem, start))]
    assert all(after <= before * (1 + ROUNDING) for before, after in pairwise(losses))
    assert losses[-1] >= solve(problem).lower_bound * (1 - ROUNDING)


@given(problems(st.integers(1, 3)), seeds, st.sampled_from([1.0, 30.0, 1e3]))
def test_the_gradient_is_the_slope(problem, seed, sharpness):
    smooth = _SmoothLoss(problem)
    rng = np.random.default_rng(seed)
    point, direction = rng.standard_normal((2, (problem.dimension + 1) * problem.dimension))
    step = 1e-6
    rise = (smooth(point + step * direction, sharpness)[0] - smooth(point - step * direction, sharpness)[0]) / (
        2 * step
    )
    assert smooth(point, sharpness)[1] @ direction == pytest.approx(rise, rel=1e-4, abs=1e-4)


def test_the_smooth_loss_becomes_the_loss():
    problem = Problem(CUT)
    smooth = _SmoothLoss(problem)
    weights = np.random.default_rng(0).standard_normal((3, 2))
    exact = problem.loss(smooth.scaled.weights(weights)) / problem.modular_loss
    errors = [smooth(weights.ravel(), sharpness)[0] - exact for sharpness in (1.0, 10.0, 1e6)]
    assert errors[0] > errors[1] > errors[2] > -1e-12 and errors[2] < 1e-5


def test_a_known_optimum_is_found_and_certified():
    answer = solve(Problem(CUT), method="alternating", rng=0, tolerance=1e-6)
    assert answer.status == "optimal" and answer.loss == pytest.approx(5.763183201438002, rel=1e-7)
    assert certify(answer.problem, answer).gap <= 1e-6
    again = solve(Problem(CUT), method="alternating", rng=0, tolerance=1e-6)
    np.testing.assert_array_equal(answer.source_weights, again.source_weights)


@pytest.mark.thorough
def test_fewer_neurons_than_the_optimum_needs():
    problem = Problem(np.random.default_rng(0).standard_normal((60, 3)))
    best = solve(problem)
    assert len(best) == 5
    answers = [solve(problem, method="alternating", neurons=count, rng=0, max_iterations=30) for count in (3, 4, 6)]
    losses, few = [answer.loss for answer in answers], answers[0]
    assert losses[0] > losses[1] >= losses[2] * (1 - 1e-9) and losses[2] >= best.lower_bound
    assert len(few) == 3 and few.status == "bounded" and few.gap >= losses[0] / best.loss - 1 - 1e-9


@given(problems(st.integers(1, 3)), st.data())
@share(1 / 3)
def test_any_number_of_neurons_from_the_sources_on(problem, data):
    best = solve(problem)
    count = data.draw(st.integers(problem.dimension, len(best)))
    answer = solve(problem, method="alternating", neurons=count, rng=0, max_iterations=13)
    assert problem.dimension <= len(answer) <= count
    assert answer.loss >= best.lower_bound * (1 - ROUNDING) and answer.loss <= problem.modular_loss * (1 + 1e-9)
    certificate = certify(problem, answer)
    assert certificate.feasible and certificate.gap >= 1 - best.loss / answer.loss - 1e-9
    if problem.dimension > 1:
        with pytest.raises(InputError, match=f"cannot carry {problem.dimension} sources exactly"):
            solve(problem, method="alternating", neurons=problem.dimension - 1)


@given(problems(st.integers(2, 3)), seeds)
@share(1 / 4)
def test_losses_of_an_answer_in_the_making_never_rise(problem, seed):
    seen = []
    answer = solve(
        problem,
        method="alternating",
        rng=seed,
        max_iterations=20,
        callback=lambda progress: seen.append((progress.loss, progress.lower_bound)),
    )
    assert all(after[0] <= before[0] * (1 + 1e-9) and after[1] >= before[1] for before, after in pairwise(seen))
    assert answer.loss <= seen[0][0] * (1 + 1e-9)


def test_arguments_are_checked():
    problem = Problem(CUT)
    with pytest.raises(InputError, match="neurons: 1 cannot carry 2 sources exactly; give at least 2"):
        solve(problem, method="alternating", neurons=1)
    most = r"need about \S+ GB of memory; give at most (\d+), of which 3 are enough for an optimal code of 2 source"
    for count in (10**8, 10**1000):
        with pytest.raises(InputError, match=most) as error:
            solve(problem, method="alternating", neurons=count)
    allowed = int(re.search(most, str(error.value))[1])
    assert 1_000 < allowed < 10_000
    with pytest.raises(InputError, match=most):
        solve(problem, method="alternating", neurons=allowed + 1)
    with pytest.raises(InputError, match="neurons: method 'auto' uses as many as help"):
        solve(problem, neurons=3)
    with pytest.raises(InputError, match="neurons: 0 is not a whole number from 1 on"):
        solve(problem, method="alternating", neurons=0)
