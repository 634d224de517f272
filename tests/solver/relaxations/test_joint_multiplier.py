"""A multiplier for all cells: it proves more than that of the code, and leaves the cells as they were."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import solve
from solver.certificate import lower_bound
from solver.relaxations.branch_and_bound import Cells
from solver.relaxations.joint_multiplier import strengthened
from solver.strategies import problems
from tests.examples import share
from theory import Problem

CLOUD = Problem(np.random.default_rng(3).standard_normal((24, 6)), encoder_cost=0.3)


def visited(problem, code):
    multiplier = problem.multiplier(code.T @ code)
    cells = Cells(problem, multiplier, code)
    cells.tighten(np.arange(len(cells)), 1.0)
    return multiplier, cells


def proven(problem, multiplier, cover):
    return lower_bound(problem, multiplier, quick=True, cover=cover).value


@pytest.fixture(scope="module")
def made():
    """A code, its multiplier and cells, their bounds before, and what was found for all of them."""
    code = solve(CLOUD, method="columns", rng=0).source_weights
    multiplier, cells = visited(CLOUD, code)
    before, value = cells.bounds.copy(), proven(CLOUD, multiplier, cells.cover())
    return SimpleNamespace(
        code=code, multiplier=multiplier, cells=cells, before=before, value=value, found=list(strengthened(cells, code))
    )


@pytest.mark.thorough
def test_it_proves_more_than_the_multiplier_of_the_code(made):
    values = [made.value, *(proven(CLOUD, *found) for found in made.found if found is not None)]
    assert len(values) > 2 and values == sorted(values)
    loss = CLOUD.loss(made.code)
    # A tenth of the gap at least, and no code costs less than is proven.
    assert loss - values[-1] < 0.9 * (loss - values[0])
    assert values[-1] <= loss


@pytest.mark.thorough
@given(problems(st.integers(2, 3)))
@share(1 / 2)
def test_it_never_proves_too_much(problem):
    exact = solve(problem)
    _, cells = visited(problem, problem.modular_weights)
    for found in strengthened(cells, problem.modular_weights):
        if found is not None:
            multiplier, cover = found
            assert proven(problem, multiplier, cover) <= exact.loss * (1 + 1e-9)
            rho = problem.pricing.maximise(multiplier).rho
            assert cover.ratio(problem, multiplier) >= rho * (1 - 1e-9)


@pytest.mark.thorough
def test_the_cells_are_left_as_they_were(made):
    cells = made.cells
    np.testing.assert_array_equal(cells.bounds, made.before)
    assert cells.cover().ratio(CLOUD, made.multiplier) == pytest.approx(cells.bound, rel=1e-12)
    before = cells.bound
    cells.refine(1.0, 10)
    assert cells.bound <= before


def test_nothing_to_gain_where_the_code_is_proven_optimal():
    problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    _, cells = visited(problem, problem.modular_weights)
    before = cells.bound
    found = [item for item in strengthened(cells, problem.modular_weights) if item is not None]
    for multiplier, cover in found:
        assert proven(problem, multiplier, cover) <= problem.modular_loss * (1 + 1e-12)
    assert cells.bound == before <= 1 + 1e-6
