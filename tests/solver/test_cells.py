"""Branch and bound over directions: always a bound, down to the ratio itself, whatever the data and the solver."""

from dataclasses import replace
from itertools import pairwise, product
from types import SimpleNamespace

import clarabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver import cells as module
from solver import solve
from solver.cells import Cells
from solver.strategies import grids, problems, seeds
from tests.properties import naive
from theory import Problem, Sources

OPTIMAL = 1 + 1e-8
CLOUD = Problem(np.random.default_rng(1).standard_normal((14, 3)))
SPHERE = np.random.default_rng(0).standard_normal((300, 3))
SPHERE /= np.linalg.norm(SPHERE, axis=1, keepdims=True)


def at_code(problem, code, *, roots=True):
    """The multiplier of a code, and cells for it: one root a neuron, or one for all."""
    multiplier = problem.multiplier(code.T @ code)
    units = code / np.sqrt(problem.neuron_cost(code))[:, None]
    return multiplier, Cells(problem, multiplier, units @ multiplier if roots else units[:0], units)


def random_code(problem, seed):
    return naive.balanced(problem, naive.directions(problem, problem.dimension + 1, seed=seed))


def assert_reaches(problem, multiplier, cells, goal, programs=200):
    """The bound comes down to the goal, never rises, is proven by its cover, and stays above what neurons earn."""
    bounds = [cells.bound]
    for _ in range(programs // 5):
        cells.refine(goal, 5)
        bounds.append(cells.bound)
        if cells.bound <= goal:
            break
    assert all(after <= before for before, after in pairwise(bounds))
    assert cells.bound <= goal
    assert_valid(problem, multiplier, cells)


def assert_valid(problem, multiplier, cells):
    cover = cells.cover()
    assert len(cover) == len(cells)
    assert cover.ratio(problem, multiplier) == pytest.approx(cells.bound, rel=1e-9)
    assert cells.bound >= naive.ratio(problem, multiplier, naive.directions(problem, 500)).max() * (1 - 1e-9)


# ---- how far it comes ---------------------------------------------------------------------------------------------


@given(problems(st.integers(1, 3)), st.booleans())
def test_an_optimal_code_is_proven_optimal(problem, roots):
    assert_reaches(problem, *at_code(problem, solve(problem).source_weights, roots=roots), OPTIMAL)


@pytest.mark.parametrize("seed", [2, 9, 37, 50, 53])
def test_a_neuron_does_not_push_the_cut_out_of_the_cell(seed):
    rng = np.random.default_rng(seed)
    points = rng.integers(-4, 5, size=(8, 2)).astype(float)
    mixing = rng.integers(-2, 3, size=(3, 2)) + np.eye(3, 2) * 3
    problem = Problem(points, mixing=mixing, encoder_cost=10.0 ** rng.integers(-1, 2))
    assert_reaches(problem, *at_code(problem, solve(problem).source_weights, roots=False), OPTIMAL)


@pytest.mark.parametrize("roots", [False, True])
def test_biases_that_cost_next_to_nothing(roots):
    box = [[-0.134375, -0.14375], [0.115625, -0.14375], [0.115625, 0.10625], [-0.134375, 0.10625]]
    problem = Problem(box, mixing=[[1, 1], [0, 1]], encoder_cost=54.0938, decoder_cost=0.108599)
    assert_reaches(problem, *at_code(problem, solve(problem).source_weights, roots=roots), OPTIMAL)


@given(problems(st.integers(1, 3)), seeds, st.booleans())
def test_the_bound_comes_down_to_the_ratio_of_any_multiplier(problem, seed, roots):
    multiplier, cells = at_code(problem, random_code(problem, seed), roots=roots)
    rho = problem.pricing.maximise(multiplier).rho
    assert_reaches(problem, multiplier, cells, rho * (1 + 1e-6))
    assert cells.bound >= rho * (1 - 1e-9)


@given(problems(st.integers(2, 4), of=grids), seeds)
@settings(max_examples=15)
def test_ties_of_grids(problem, seed):
    multiplier, cells = at_code(problem, random_code(problem, seed), roots=False)
    rho = problem.pricing.maximise(multiplier).rho
    assert_reaches(problem, multiplier, cells, rho * (1 + 1e-3), programs=400)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=4), st.sampled_from([0.1, 1.0, 10.0]))
@settings(max_examples=10)
def test_independent_symmetric_sources_need_no_cut(reach, cost):
    # At the multiplier of the modular code products of opposite corners are enough: their average is h(w)^2 = w'Fw.
    problem = Problem(list(product(*((-size, size) for size in reach))), encoder_cost=cost)
    multiplier, cells = at_code(problem, problem.modular_weights, roots=False)
    cells.refine(OPTIMAL, 1, cut=False)
    # So many ties leave a conic solver seven digits.
    assert len(cells) == 1 and cells.bound <= 1 + 1e-6
    assert_valid(problem, multiplier, cells)


def test_without_cuts_there_is_one_cell():
    multiplier, cells = at_code(CLOUD, random_code(CLOUD, 0), roots=False)
    free = cells.bound
    cells.refine(0.0, 3, cut=False)
    assert len(cells) == 1 and cells.bound < free
    assert_valid(CLOUD, multiplier, cells)


def test_cells_that_are_good_enough_are_left_alone():
    multiplier, cells = at_code(CLOUD, random_code(CLOUD, 0))
    cells.refine(cells.bound, 10)
    assert len(cells.cover().weight) == 0
    goal = (cells.bound + CLOUD.pricing.maximise(multiplier).rho) / 2
    cells.refine(goal, 100)
    assert goal * 0.5 < cells.bound <= goal


# ---- data that is awkward -----------------------------------------------------------------------------------------


@given(problems(st.integers(2, 3)), seeds)
@settings(max_examples=10)
def test_units_do_not_matter(problem, seed):
    units = 10.0 ** np.random.default_rng(seed).uniform(-6, 6, size=problem.dimension)
    other = Problem(
        Sources(problem.sources.points * units, problem.sources.probabilities),
        mixing=problem.mixing / units,
        encoder_cost=problem.encoder_cost,
        decoder_cost=problem.decoder_cost,
    )
    code = random_code(problem, seed) / units
    multiplier, cells = at_code(other, code)
    rho = other.pricing.maximise(multiplier).rho
    assert_reaches(other, multiplier, cells, rho * (1 + 1e-5))


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_one_source_small_or_large(scale):
    problem = Problem(CLOUD.sources.points * [1, scale, 1])
    multiplier, cells = at_code(problem, random_code(problem, 0))
    assert_reaches(problem, multiplier, cells, problem.pricing.maximise(multiplier).rho * (1 + 1e-6))


def test_samples_given_twice():
    problem = Problem(np.vstack([CLOUD.sources.points] * 3))
    code = random_code(CLOUD, 0)
    (one, cells), (two, others) = at_code(CLOUD, code), at_code(problem, code)
    np.testing.assert_allclose(one, two)
    cells.refine(0.0, 10)
    others.refine(0.0, 10)
    assert others.bound == pytest.approx(cells.bound, rel=1e-6)
    assert_valid(problem, two, others)


def test_sources_known_by_their_moments():
    corners = np.array(list(product([-1.0, 1.0], repeat=3)))[:-1]
    problem = Problem(Sources.from_moments(np.eye(3) / 3, corners), encoder_cost=0.1)
    multiplier, cells = at_code(problem, solve(problem).source_weights)
    while cells.bound > OPTIMAL and len(cells) < 100:
        cells.refine(OPTIMAL, 5)
    assert cells.bound <= OPTIMAL
    assert cells.cover().ratio(problem, multiplier) <= OPTIMAL + 1e-10


@pytest.mark.parametrize("roots", [False, True])
def test_more_samples_than_are_used(monkeypatch, roots):
    problem = Problem(SPHERE)
    code = random_code(problem, 0)
    monkeypatch.setattr(module, "MOST_SAMPLES", 40)
    multiplier, cells = at_code(problem, code, roots=roots)
    assert len(cells.inequalities.used) == 40 < cells.inequalities.total
    rho = problem.pricing.maximise(multiplier).rho
    cells.refine(rho, 20)
    assert rho * (1 - 1e-9) <= cells.bound < 1.1 * rho
    assert_valid(problem, multiplier, cells)
    # The samples on which the biases of the neurons hang are among them.
    hanging = np.argmin(problem.sources.vertices @ code.T, axis=0)
    assert np.isin(hanging, cells.inequalities.used).all()


# ---- another multiplier -------------------------------------------------------------------------------------------


@given(problems(st.integers(2, 3)), seeds)
@settings(max_examples=15)
def test_another_multiplier_on_the_same_cells(problem, seed):
    _, cells = at_code(problem, random_code(problem, seed))
    cells.refine(0.0, 8)
    best = solve(problem).source_weights
    multiplier = problem.multiplier(best.T @ best)
    cells.reprice(multiplier, best)
    assert_valid(problem, multiplier, cells)
    assert cells.bound >= problem.pricing.maximise(multiplier).rho * (1 - 1e-9)
    if problem.dimension == 2:
        assert_reaches(problem, multiplier, cells, 1 + 1e-6)


def test_candidates_lead_to_the_best_neuron():
    # At the modular code of a cloud some neuron is worth adding, and branch and bound closes in on it.
    multiplier, cells = at_code(CLOUD, CLOUD.modular_weights)
    best = CLOUD.pricing.maximise(multiplier)
    assert best.rho > 1.01
    assert cells.candidates().shape == (0, 3)
    cells.refine(best.rho * (1 + 1e-8), 400)
    found = cells.candidates()
    assert 0 < len(found) <= len(cells)
    assert naive.ratio(CLOUD, multiplier, found).max() == pytest.approx(best.rho, rel=1e-3)


# ---- a conic solver that fails ------------------------------------------------------------------------------------


class Broken:
    """A conic solver that works a number of times and then does something else."""

    def __init__(self, monkeypatch, failure, works=0):
        self.left, self.failure = works, failure
        self.true = clarabel.DefaultSolver
        monkeypatch.setattr(clarabel, "DefaultSolver", self)

    def __call__(self, *given):
        self.left -= 1
        solver = self.true(*given)
        return solver if self.left >= 0 else SimpleNamespace(solve=lambda: self.failure(solver.solve()))


def raising(_):
    raise RuntimeError("singular")


def filled(value):
    return lambda solution: SimpleNamespace(
        x=np.full(len(solution.x), value), z=np.full(len(solution.z), value), status="Solved"
    )


def noisy(solution):
    rng = np.random.default_rng(0)
    return SimpleNamespace(
        x=rng.standard_normal(len(solution.x)), z=rng.standard_normal(len(solution.z)), status="Solved"
    )


FAILURES = {"raises": raising, "nan": filled(np.nan), "zeros": filled(0.0), "ones": filled(1.0), "noise": noisy}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("works", [0, 1, 10])
def test_a_failing_solver_costs_the_bound_nothing_but_sharpness(monkeypatch, failure, works):
    multiplier, cells = at_code(CLOUD, random_code(CLOUD, 0), roots=works != 1)
    free = cells.bound
    Broken(monkeypatch, FAILURES[failure], works)
    bounds = [free]
    for _ in range(3):
        cells.refine(0.0, 2)
        bounds.append(cells.bound)
    assert all(after <= before for before, after in pairwise(bounds))
    assert_valid(CLOUD, multiplier, cells)
    assert cells.bound >= CLOUD.pricing.maximise(multiplier).rho * (1 - 1e-9)
    assert np.isfinite(cells.candidates()).all()


def test_where_nothing_is_solved_the_search_is_settled(monkeypatch):
    Broken(monkeypatch, raising)
    _, cells = at_code(CLOUD, random_code(CLOUD, 0))
    cells.refine(0.0, 50)
    assert cells.settled and len(cells) == 4 and cells.candidates().shape == (0, 3)
    # It may be asked again, of another multiplier or once the solver works.
    monkeypatch.undo()
    code = solve(CLOUD).source_weights
    cells.reprice(CLOUD.multiplier(code.T @ code), code)
    before = cells.bound
    cells.refine(OPTIMAL, 50)
    assert cells.bound < before


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_a_solver_that_found_nothing_is_given_more_regularisation(monkeypatch, value):
    seen = []
    true = clarabel.DefaultSolver

    def first_time_nothing(*given):
        seen.append(given[-1].static_regularization_constant)
        return true(*given) if len(seen) > 1 else SimpleNamespace(solve=lambda: filled(value)(true(*given).solve()))

    monkeypatch.setattr(clarabel, "DefaultSolver", first_time_nothing)
    _, cells = at_code(CLOUD, random_code(CLOUD, 0))
    before = cells.bound
    cells.refine(0.9 * before, 10)
    assert cells.bound < before and seen[1] > seen[0]


def test_a_cover_with_lighter_products_is_still_one():
    multiplier, cells = at_code(CLOUD, random_code(CLOUD, 0))
    cells.refine(0.0, 10)
    cover = cells.cover()
    for share in (0.0, 0.5, 0.999, 2.0):
        lighter = replace(cover, weight=share * cover.weight)
        assert lighter.ratio(CLOUD, multiplier) >= CLOUD.pricing.maximise(multiplier).rho * (1 - 1e-9)
