"""Branch and bound over directions: always a bound, down to the ratio itself, whatever the data and the solver."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import solve
from solver.relaxations import branch_and_bound as module
from solver.relaxations.branch_and_bound import Cells, violated, without_idle
from solver.solving import plan
from solver.strategies import grids, problems, seeds
from tests.examples import plainly, share
from tests.properties import naive
from theory import Problem, Sources

OPTIMAL = 1 + 1e-8
CLOUD = Problem(np.random.default_rng(1).standard_normal((14, 3)))
SPHERE = np.random.default_rng(0).standard_normal((300, 3))
SPHERE /= np.linalg.norm(SPHERE, axis=1, keepdims=True)


def at_code(problem, code, *, whole=False):
    """The multiplier of a code, and cells for it: one a neuron, or one for all."""
    multiplier = problem.multiplier(code.T @ code)
    return multiplier, Cells(problem, multiplier, code, whole=whole)


def random_code(problem, seed):
    return naive.balanced(problem, naive.directions(problem, problem.dimension + 1, seed=seed))


def assert_reaches(problem, multiplier, cells, goal, *, programs=300, rounding=1e-9):
    """The bound comes down to the goal, no cell's ever rises, a cover proves it, and no neuron earns more."""
    first = cells.bound
    for _ in range(programs // 5):
        before = cells.bounds.copy()
        cells.refine(goal, 5)
        assert (cells.bounds[: len(before)] <= before).all()
        if cells.bound <= goal:
            break
    assert cells.bound <= min(goal, first)
    assert_valid(problem, multiplier, cells, rounding)


def assert_valid(problem, multiplier, cells, rounding=1e-9):
    cover = cells.cover()
    assert len(cover) == len(cells) == len(cells.bounds) == len(cells.centres)
    # Multipliers in the hundreds, as on a few cells only, lose digits; the proof may show a little more than was said.
    assert cells.bound * (1 - 1e3 * rounding) <= cover.ratio(problem, multiplier) <= cells.bound * (1 + rounding)
    assert cells.bound >= naive.ratio(problem, multiplier, naive.directions(problem, 500)).max() * (1 - 1e-9)


# ---- how far it comes ---------------------------------------------------------------------------------------------


@given(problems(st.integers(1, 3)), st.booleans())
def test_an_optimal_code_is_proven_optimal(problem, whole):
    assert_reaches(problem, *at_code(problem, solve(problem).source_weights, whole=whole), OPTIMAL)


@pytest.mark.parametrize("seed", plainly([2, 9, 37, 50, 53], [2, 9]))
def test_neurons_do_not_keep_the_bound_up(seed):
    rng = np.random.default_rng(seed)
    points = rng.integers(-4, 5, size=(8, 2)).astype(float)
    mixing = rng.integers(-2, 3, size=(3, 2)) + np.eye(3, 2) * 3
    problem = Problem(points, mixing=mixing, encoder_cost=10.0 ** rng.integers(-1, 2))
    assert_reaches(problem, *at_code(problem, solve(problem).source_weights, whole=True), OPTIMAL)


@pytest.mark.parametrize("whole", [False, True])
def test_biases_that_cost_next_to_nothing(whole):
    box = [[-0.134375, -0.14375], [0.115625, -0.14375], [0.115625, 0.10625], [-0.134375, 0.10625]]
    problem = Problem(box, mixing=[[1, 1], [0, 1]], encoder_cost=54.0938, decoder_cost=0.108599)
    assert_reaches(problem, *at_code(problem, solve(problem).source_weights, whole=whole), OPTIMAL)


@given(problems(st.integers(1, 3)), seeds, st.booleans())
def test_the_bound_comes_down_to_the_ratio_of_any_multiplier(problem, seed, whole):
    multiplier, cells = at_code(problem, random_code(problem, seed), whole=whole)
    rho = problem.pricing.maximise(multiplier).rho
    assert_reaches(problem, multiplier, cells, rho * (1 + 1e-6))
    assert cells.bound >= rho * (1 - 1e-9)


@given(problems(st.integers(2, 4), of=grids), seeds)
@share(1 / 3)
def test_ties_of_grids(problem, seed):
    multiplier, cells = at_code(problem, random_code(problem, seed), whole=True)
    rho = problem.pricing.maximise(multiplier).rho
    assert_reaches(problem, multiplier, cells, rho * (1 + 1e-3), programs=400)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=4), st.sampled_from([0.1, 1.0, 10.0]))
@share(1 / 3)
def test_independent_symmetric_sources_need_one_cell(reach, cost):
    # At the multiplier of the modular code products of opposite corners are enough: their average is h(w)^2 = w'Fw.
    problem = Problem(list(product(*((-size, size) for size in reach))), encoder_cost=cost)
    multiplier, cells = at_code(problem, problem.modular_weights, whole=True)
    cells.refine(OPTIMAL, 1, most=1)
    # So many ties leave the solver seven digits.
    assert len(cells) == 1 and cells.bound <= 1 + 1e-7
    assert_valid(problem, multiplier, cells)


def test_without_splits_there_is_one_cell():
    multiplier, cells = at_code(CLOUD, random_code(CLOUD, 0), whole=True)
    free = cells.bound
    cells.refine(0.0, 3, most=1)
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
@share(1 / 3)
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
    # The condition of the multiplier is 5e14 at worst: so many digits of the walls between cells are lost.
    goal = problem.pricing.maximise(multiplier).rho * (1 + 1e-6)
    assert_reaches(problem, multiplier, cells, goal, rounding=1e-6)


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


@pytest.mark.parametrize("whole", [False, True])
def test_more_samples_than_are_used(monkeypatch, whole):
    problem = Problem(SPHERE)
    code = random_code(problem, 0)
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, relaxed_samples=40))
    multiplier, cells = at_code(problem, code, whole=whole)
    assert len(cells.inequalities.used) == 40 < cells.inequalities.total
    rho = problem.pricing.maximise(multiplier).rho
    cells.refine(rho, 20)
    assert rho * (1 - 1e-9) <= cells.bound < 1.1 * rho
    assert_valid(problem, multiplier, cells)
    # The samples on which the biases of the neurons hang are among them.
    hanging = np.argmin(problem.sources.vertices @ code.T, axis=0)
    assert np.isin(hanging, cells.inequalities.used).all()


def test_the_plan_says_where_fewer_samples_are_used_than_there_are(monkeypatch):
    problem = Problem(np.random.default_rng(0).normal(size=(30, 8)))
    assert " samples" not in plan.plan(problem, unproven=True).why
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, relaxed_samples=20))
    assert ", of 20 of 30 samples" in plan.plan(problem, unproven=True).why


# ---- another multiplier -------------------------------------------------------------------------------------------


@pytest.mark.thorough
@given(problems(st.integers(2, 3)), seeds)
@share(1 / 3)
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


def test_centres_follow_their_neurons():
    code = random_code(CLOUD, 0)
    _, cells = at_code(CLOUD, code)
    cells.refine(0.0, 6)
    known = cells.centres.copy()
    moved = code + 1e-4 * np.abs(code) * np.random.default_rng(0).standard_normal(code.shape)
    moved[0] = code[1] + code[2]
    multiplier = CLOUD.multiplier(moved.T @ moved)
    cells.reprice(multiplier, moved)
    changed = (cells.centres != known).any(axis=1)
    assert changed.tolist() == [False, True, True, True] + [False] * (len(cells) - 4)
    np.testing.assert_allclose(cells.centres[1:4], cells._units(moved @ cells.whitening.matrix.T)[1:])
    assert_valid(CLOUD, multiplier, cells)
    cells.refine(0.0, 6)
    assert_valid(CLOUD, multiplier, cells)


def test_back_to_the_multiplier_before():
    multiplier, cells = at_code(CLOUD, random_code(CLOUD, 0))
    cells.refine(0.0, 6)
    state, bounds, cover = cells.state(), cells.bounds.copy(), cells.cover()
    cells.reprice(CLOUD.energy_matrix + np.eye(3))
    cells.tighten(np.arange(len(cells)), 0.0)
    assert_valid(CLOUD, CLOUD.energy_matrix + np.eye(3), cells)
    cells.restore(state)
    assert (cells.bounds == bounds).all() and (cells.cover().weight == cover.weight).all()
    assert_valid(CLOUD, multiplier, cells)


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


# ---- centres ------------------------------------------------------------------------------------------------------


def centre_of(cells, weights):
    """(n,) the cell of every neuron, by distance."""
    points = cells._units(weights @ cells.whitening.matrix.T)
    root = np.linalg.cholesky(cells.metric)
    return np.linalg.norm((points[:, None] - cells.centres) @ root, axis=2).argmin(axis=1)


@pytest.mark.thorough
@given(problems(st.integers(2, 3)), seeds, st.booleans())
@share(1 / 3)
def test_new_centres_only_tighten(problem, seed, whole):
    multiplier, cells = at_code(problem, random_code(problem, seed), whole=whole)
    weights = naive.directions(problem, 100, seed=seed)
    for _ in range(8):
        before, home = cells.bounds.copy(), centre_of(cells, weights)
        cells.refine(0.0, 2)
        # A neuron stays where it was, unless a new centre is nearer, and what was proven of a cell still is.
        after = centre_of(cells, weights)
        assert ((after == home) | (after >= len(before))).all()
        proven = cells.cover().ratios(problem, multiplier)
        assert (proven[: len(before)] <= before + 1e-7 * before.max()).all()


@pytest.mark.thorough
@given(problems(st.integers(2, 3)), seeds)
@share(1 / 3)
def test_every_cell_bounds_the_neurons_that_are_nearest_to_its_centre(problem, seed):
    multiplier, cells = at_code(problem, random_code(problem, seed))
    cells.refine(0.0, 12)
    weights = naive.directions(problem, 300, seed=seed)
    ratio = naive.ratio(problem, multiplier, weights)
    assert (ratio <= cells.bounds[centre_of(cells, weights)] + 1e-9 * ratio.max()).all()


def test_a_neuron_inside_becomes_a_centre():
    code = solve(CLOUD).source_weights
    _, cells = at_code(CLOUD, code, whole=True)
    assert len(cells) == 1
    became = 0
    while cells.bound > OPTIMAL and len(cells) < len(code):
        known, inside = len(cells), cells._neurons_inside(int(np.argmax(cells.bounds)))
        cells.refine(OPTIMAL, 1)
        if len(inside) and len(cells) > known:
            np.testing.assert_array_equal(cells.centres[known:], inside)
            became += 1
    assert became > 0
    assert len(np.unique(cells.centres, axis=0)) == len(cells) > 1


def test_where_no_neuron_is_inside_there_are_two_centres():
    _, cells = at_code(CLOUD, random_code(CLOUD, 0))
    known = len(cells)
    while len(cells) == known:
        cells.refine(0.0, 1)
    assert len(cells) == known + 2
    on_sphere = np.einsum("ni,ij,nj->n", cells.centres, cells.metric, cells.centres)
    np.testing.assert_allclose(on_sphere, 1, rtol=1e-12)


@pytest.mark.parametrize("chosen", [[1], [2, 0], []])
def test_only_the_chosen_cells_are_visited(monkeypatch, chosen):
    multiplier, cells = at_code(CLOUD, random_code(CLOUD, 0))
    cells.refine(0.0, 4)
    before, known = cells.bounds.copy(), [replace(cell) for cell in cells.cells]
    visits, true = [], Cells._tighten
    monkeypatch.setattr(
        Cells, "_tighten", lambda self, index, *given, **more: visits.append(index) or true(self, index, *given, **more)
    )
    cells.tighten(np.array(chosen, dtype=int), 0.0)
    assert visits == sorted(chosen, key=lambda index: -before[index])
    others = np.setdiff1d(np.arange(len(before)), chosen)
    assert len(cells) == len(before)
    assert (cells.bounds <= before).all() and (cells.bounds[others] == before[others]).all()
    assert all(cells.cells[index].weights is known[index].weights for index in others)
    assert_valid(CLOUD, multiplier, cells)


@pytest.mark.thorough
@pytest.mark.parametrize("whole", [False, True])
def test_more_centres_than_are_looked_at(monkeypatch, whole):
    monkeypatch.setattr(module, "CELLS", module.CellTolerances(nearest=5))
    multiplier, cells = at_code(CLOUD, random_code(CLOUD, 0), whole=whole)
    rho = CLOUD.pricing.maximise(multiplier).rho
    cells.refine(0.0, 30)
    assert len(cells) > 6 and rho * (1 - 1e-9) <= cells.bound <= rho * (1 + 1e-3)
    assert_valid(CLOUD, multiplier, cells)
    before = cells.bounds.copy()
    cells.tighten(np.arange(len(cells)), 0.0)
    assert (cells.bounds <= before).all()
    assert_valid(CLOUD, multiplier, cells)


# ---- products -----------------------------------------------------------------------------------------------------


@given(st.integers(2, 5), st.integers(1, 60), seeds)
def test_every_row_has_one_worst_partner(order, count, seed):
    rng = np.random.default_rng(seed)
    rows, half = rng.standard_normal((count, order)), rng.standard_normal((order, order))
    relaxed = half @ half.T
    products = rows @ relaxed @ rows.T
    found = violated(rows, relaxed, 0.1)
    assert found.shape == (len(np.unique(found, axis=0)), 2) and len(found) <= order * (order + 1)
    assert (found[:, 0] <= found[:, 1]).all()
    values = products[tuple(found.T)]
    assert (values < -0.1).all()
    assert (
        np.isclose(values, products.min(axis=1)[found[:, 0]]) | np.isclose(values, products.min(axis=1)[found[:, 1]])
    ).all()
    if (products < -0.1).any():
        assert values.min() == pytest.approx(products.min())
    else:
        assert len(found) == 0


def test_products_that_count_are_kept_once():
    pairs, new = np.array([[0, 1], [0, 2], [3, 4]]), np.array([[2, 5], [3, 4]])
    kept = without_idle(pairs, np.array([True, False, True]), new)
    assert kept.tolist() == [[0, 1], [2, 5], [3, 4]]
    assert without_idle(pairs, np.zeros(3, dtype=bool), np.empty((0, 2), dtype=int)).shape == (0, 2)


# ---- a solver that fails ------------------------------------------------------------------------------------------


class Broken:
    """A solver that works a number of times and then does something else to what it found."""

    def __init__(self, monkeypatch, failure, works=0):
        self.left, self.failure = works, failure
        self.true = module.most_valuable
        monkeypatch.setattr(module, "most_valuable", self)

    def __call__(self, *given):
        self.left -= 1
        found = self.true(*given)
        return found if self.left >= 0 else self.failure(found)


def nothing(found):
    return replace(found, neuron=0 * found.neuron, weights=0 * found.weights, active=found.active & False)


def noise(found):
    """N and P as they come, and a claim that they do not bear out."""
    rng = np.random.default_rng(0)
    half = rng.standard_normal(found.neuron.shape)
    weights = np.abs(rng.standard_normal(len(found.weights)))
    return replace(found, neuron=half + half.T, weights=weights, active=weights > 1, bound=rng.standard_normal())


FAILURES = {
    "nothing": nothing,
    "noise": noise,
    "no weights": lambda found: replace(found, weights=0 * found.weights),
    "heavy weights": lambda found: replace(found, weights=1e9 * found.weights + 1),
    "no neuron": lambda found: replace(found, neuron=0 * found.neuron),
    "nan neuron": lambda found: replace(found, neuron=np.nan * found.neuron),
    "one neuron": lambda found: replace(found, neuron=np.diag(np.arange(len(found.neuron)) == 0).astype(float)),
    "all active": lambda found: replace(found, active=found.active | True),
    "none active": lambda found: replace(found, active=found.active & False),
    "claims too little": lambda found: replace(found, bound=0.5 * found.bound),
    "claims too much": lambda found: replace(found, bound=2 * found.bound),
    "claims nothing": lambda found: replace(found, bound=0.0),
    "claims nan": lambda found: replace(found, bound=np.nan),
    "claims no end": lambda found: replace(found, bound=np.inf),
}


@pytest.mark.thorough
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("works", [pytest.param(0, marks=pytest.mark.slow), 1, 10])
def test_a_failing_solver_costs_the_bound_nothing_but_sharpness(monkeypatch, failure, works):
    multiplier, cells = at_code(CLOUD, random_code(CLOUD, 0), whole=works == 1)
    free = cells.bound
    Broken(monkeypatch, FAILURES[failure], works)
    for _ in range(3):
        before = cells.bounds.copy()
        cells.refine(0.0, 2)
        assert (cells.bounds[: len(before)] <= before).all()
    assert cells.bound <= free
    assert_valid(CLOUD, multiplier, cells)
    assert cells.bound >= CLOUD.pricing.maximise(multiplier).rho * (1 - 1e-9)
    assert np.isfinite(cells.candidates()).all()


def test_where_nothing_is_solved_the_search_is_settled(monkeypatch):
    Broken(monkeypatch, nothing)
    _, cells = at_code(CLOUD, random_code(CLOUD, 0))
    cells.refine(0.0, 50)
    assert cells.is_exhausted and len(cells) == 4 and cells.candidates().shape == (0, 3)
    # It may be asked again, of another multiplier or once the solver works.
    monkeypatch.undo()
    code = solve(CLOUD).source_weights
    cells.reprice(CLOUD.multiplier(code.T @ code), code)
    before = cells.bound
    cells.refine(OPTIMAL, 50)
    assert cells.bound < before


def test_a_cover_with_lighter_products_is_still_one():
    multiplier, cells = at_code(CLOUD, random_code(CLOUD, 0))
    cells.refine(0.0, 10)
    cover = cells.cover()
    for part in (0.0, 0.5, 0.999, 2.0):
        lighter = replace(cover, weight=part * cover.weight)
        assert lighter.ratio(CLOUD, multiplier) >= CLOUD.pricing.maximise(multiplier).rho * (1 - 1e-9)
