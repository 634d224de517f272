"""A cover is believed for what it shows of the data, whoever made it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.cells import Cells
from solver.certificate import lower_bound
from solver.lifted_program import lifted_bound
from solver.strategies import problems, seeds
from tests.properties import naive
from theory import Problem
from theory.cover import Cover, Whitening
from theory.errors import InputError

ROUNDING = 1e-9
CLOUD = Problem(np.random.default_rng(0).standard_normal((14, 3)))
several = st.integers(2, 4)


def random_code(problem, rng, more=1):
    return rng.standard_normal((problem.dimension + more, problem.dimension)) / np.sqrt(problem.modular_costs)


def worths(problem, rng):
    """Multipliers of all signs, with entries of the size of the costs."""
    size = np.sqrt(problem.modular_costs)
    half = rng.standard_normal((problem.dimension, problem.dimension)) * size
    code = naive.balanced(problem, random_code(problem, rng))
    return [half.T @ half, half + half.T, np.outer(half[0], half[0]), naive.multiplier(problem, code)]


def cut_into_cells(problem, rng, programs=8, *, roots=True):
    """A cover by branch and bound, of a code that is not optimal; and its multiplier."""
    code = naive.balanced(problem, random_code(problem, rng))
    multiplier = naive.multiplier(problem, code)
    cells = Cells(problem, multiplier, code @ multiplier if roots else code[:0], code)
    cells.refine(0.0, programs)
    return cells.cover(), multiplier


def random_cover(problem, rng):
    """A cover that nobody made on purpose: random roots and cuts, and random products of whatever may be named."""
    functionals = random_code(problem, rng)[: rng.choice([0, 2, 4])]
    splits, planes, depths = [], [], []
    for _ in range(max(1, len(functionals))):
        waiting = [0]
        while waiting:
            depth = waiting.pop()
            splits.append(bool(depth < 4 and rng.random() < 0.6))
            if splits[-1]:
                planes.append(rng.standard_normal(problem.dimension + 1))
                waiting += [depth + 1, depth + 1]
            else:
                depths.append(depth)
    leaf = rng.integers(len(depths), size=40)
    most = len(problem.sources.vertices) + len(functionals) + np.array(depths)[leaf]
    first, second = (rng.random((2, 40)) * most).astype(int)
    weight = rng.exponential(size=40) * (rng.random(40) < 0.8)
    # Planes are drawn in units of equal cost.
    planes = Whitening(problem).given(np.reshape(planes, (-1, problem.dimension + 1)))
    return Cover(functionals, np.array(splits), planes, leaf, first, second, weight)


# ---- the tree, read once more -------------------------------------------------------------------------------------


def cells_of(cover):
    """For each leaf its root and (plane, sign) of each cut on the way, read recursively."""
    splits, planes = iter(cover.splits.tolist()), iter(cover.planes)

    def below(way):
        if not next(splits):
            return [way]
        plane = next(planes)
        return below([*way, (plane, 1)]) + below([*way, (plane, -1)])

    return [(root, way) for root in range(max(1, len(cover.functionals))) for way in below([])]


def inside(problem, cover, weights):
    """(L, n) whether each leaf holds each neuron with its cheapest bias, by its inequalities."""
    points = np.column_stack([naive.support(problem, weights), weights])
    held = []
    for root, way in cells_of(cover):
        meets = np.ones(len(weights), dtype=bool)
        if len(cover.functionals):
            values = weights @ cover.functionals.T
            meets &= values[:, root] >= values.max(axis=1)
        for plane, sign in way:
            meets &= sign * (points @ plane) >= 0
        held.append(meets)
    return np.array(held)


def assert_bounds_every_leaf(problem, cover, multiplier, seed):
    """No random neuron earns more than the bound of a leaf that holds it; and every neuron is held."""
    weights = naive.directions(problem, 300, seed=seed)
    held = inside(problem, cover, weights)
    assert held.any(axis=0).all()
    bounds = cover.ratios(problem, multiplier)
    assert len(bounds) == len(held) == len(cover)
    ratio = naive.ratio(problem, multiplier, weights)
    scale = max(1.0, np.abs(ratio).max())
    assert (np.where(held, ratio, -np.inf).max(axis=1) <= bounds + ROUNDING * scale).all()


# ---- what it proves -----------------------------------------------------------------------------------------------


@given(problems(several), seeds, st.booleans())
def test_cells_bound_the_ratio_of_every_multiplier(problem, seed, roots):
    rng = np.random.default_rng(seed)
    cover, own = cut_into_cells(problem, rng, roots=roots)
    for multiplier in (own, *worths(problem, rng)):
        rho = problem.pricing.maximise(multiplier).rho
        assert cover.ratio(problem, multiplier) >= rho - ROUNDING * max(1.0, abs(rho))
        assert_bounds_every_leaf(problem, cover, multiplier, seed)


@given(problems(several), seeds)
def test_anything_of_the_form_of_a_cover_bounds_the_ratio(problem, seed):
    rng = np.random.default_rng(seed)
    cover = random_cover(problem, rng)
    for multiplier in worths(problem, rng):
        rho = problem.pricing.maximise(multiplier).rho
        assert cover.ratio(problem, multiplier) >= rho - ROUNDING * max(1.0, abs(rho))
        assert_bounds_every_leaf(problem, cover, multiplier, seed)


@pytest.mark.parametrize("seed", range(3))
def test_the_lifted_relaxation_proves_what_it_claims(seed):
    rng = np.random.default_rng(seed)
    problem = Problem(rng.standard_normal((20, 3)), mixing=rng.standard_normal((4, 3)), encoder_cost=0.3)
    found = lifted_bound(problem, "CLARABEL")
    assert len(found.cover) == 1 and found.note == ""
    for multiplier in (found.multiplier, *worths(problem, rng)):
        assert found.cover.ratio(problem, multiplier) >= problem.pricing.maximise(multiplier).rho * (1 - ROUNDING)
    assert found.cover.ratio(problem, found.multiplier) == pytest.approx(1, abs=1e-6)
    proven = lower_bound(problem, found.multiplier, quick=True, cover=found.cover).value
    assert proven == pytest.approx(found.optimum, rel=1e-6)


@given(problems(several), seeds)
def test_a_cover_of_other_data_is_refused_or_still_right(problem, seed):
    rng = np.random.default_rng(seed)
    cover, _ = cut_into_cells(problem, rng, programs=4)
    points = rng.standard_normal((problem.dimension + 4, problem.dimension)) * np.ptp(problem.sources.points, axis=0)
    other = Problem(points, encoder_cost=problem.encoder_cost)
    for multiplier in worths(other, rng):
        try:
            found = cover.ratio(other, multiplier)
        except InputError:
            continue
        assert found >= other.pricing.maximise(multiplier).rho * (1 - ROUNDING)


@pytest.mark.parametrize("by_functionals", [False, True])
def test_the_two_halves_of_one_source(by_functionals):
    # A neuron reads the source upward with bias w or downward with bias -3 w:
    # b^2 - w^2 = (b - w)^2 + 2 w (b - w) where w >= 0, and b^2 - 9 w^2 = (b + 3 w)^2 - 6 w (b + 3 w) where w <= 0.
    problem = Problem([[-1.0], [3]], probabilities=[3, 1], encoder_cost=0.5)
    energy = problem.energy_matrix[0, 0]
    low, high = np.argsort(problem.sources.vertices[:, 0])
    lesser = (energy + 1) / (energy + 9)
    products = {"leaf": [0, 1], "first": [low, high], "weight": [2, 6 * lesser]}
    if by_functionals:
        cover = Cover([[0.5], [-0.5]], [False, False], np.empty((0, 2)), second=[3, 2], **products)
    else:
        cover = Cover(np.empty((0, 1)), [True, False, False], [[0.0, 1]], second=[2, 2], **products)
    multiplier = np.array([[energy + 1]])
    np.testing.assert_allclose(cover.ratios(problem, multiplier), [1, lesser], rtol=1e-12)
    assert cover.ratio(problem, multiplier) == pytest.approx(problem.pricing.maximise(multiplier).rho, rel=1e-12)


def test_without_products_the_bound_is_that_of_free_biases():
    problem = CLOUD
    cover = Cover(np.empty((0, 3)), [False], np.empty((0, 4)), [], [], [], [])
    assert len(cover) == 1
    largest = np.linalg.eigvals(np.linalg.solve(problem.energy_matrix, np.diag([1.0, 2, 3]))).real.max()
    assert cover.ratio(problem, np.diag([1.0, 2, 3])) == pytest.approx(largest, rel=1e-12)


def test_numbers_beyond_all_bounds_prove_nothing():
    cover, multiplier = cut_into_cells(CLOUD, np.random.default_rng(0))
    huge = replace(cover, weight=np.full_like(cover.weight, 1e308), planes=cover.planes * 1e300)
    assert huge.ratio(CLOUD, multiplier) == np.inf
    assert lower_bound(CLOUD, multiplier, quick=True, cover=huge).value > 0


def test_coordinates_there_and_back():
    whitening = Whitening(CLOUD)
    rows = np.random.default_rng(0).standard_normal((5, 4))
    np.testing.assert_allclose(whitening.planes(whitening.given(rows)), rows, atol=1e-12)
    weights = naive.directions(CLOUD, 5)
    bias = naive.support(CLOUD, weights)
    points = np.column_stack([bias, weights @ whitening.matrix.T])
    np.testing.assert_allclose((points**2).sum(axis=1), naive.cost(CLOUD, weights), rtol=1e-12)
    values = whitening.rows(CLOUD.sources.vertices) @ points.T
    np.testing.assert_allclose(values.min(axis=0), 0, atol=1e-12)


# ---- what is refused ----------------------------------------------------------------------------------------------


def changed(array, place, value):
    array = np.array(array, dtype=np.result_type(array, type(value)))
    array[place] = value
    return array


def off_the_way(cover):
    """A product that names the deepest plane anywhere, on a leaf that lies less deep."""
    depths = np.array([len(way) for _, way in cells_of(cover)])
    place = int(np.flatnonzero(depths[cover.leaf] < depths.max())[0])
    names = len(CLOUD.sources.vertices) + len(cover.functionals) + depths.max() - 1
    return replace(cover, second=changed(cover.second, place, int(names)))


NO_COVER = {
    "negative": (lambda c: replace(c, weight=changed(c.weight, 0, -1e-12)), "counts less than zero times"),
    "nan weight": (lambda c: replace(c, weight=changed(c.weight, 0, np.nan)), "counts less than zero times"),
    "endless weight": (lambda c: replace(c, weight=changed(c.weight, 0, np.inf)), "counts less than zero times"),
    "index": (lambda c: replace(c, first=changed(c.first, 0, 10**6)), "names no inequality"),
    "index below": (lambda c: replace(c, second=changed(c.second, -1, -1)), "names no inequality"),
    "leaf": (lambda c: replace(c, leaf=changed(c.leaf, 0, len(c))), "names no inequality"),
    "leaf below": (lambda c: replace(c, leaf=changed(c.leaf, 0, -1)), "names no inequality"),
    "leaf missing": (lambda c: replace(c, splits=c.splits[:-1]), "do not cover every direction"),
    "leaf too many": (lambda c: replace(c, splits=np.append(c.splits, False)), "more cells than its roots have"),
    "no cells": (lambda c: replace(c, splits=c.splits[:0], planes=c.planes[:0]), "do not cover every direction"),
    "root too many": (lambda c: replace(c, functionals=np.ones((9, 3))), "do not cover every direction"),
    "planes lost": (lambda c: replace(c, planes=c.planes[:-1]), "do not cover every direction"),
    "planes gained": (lambda c: replace(c, planes=np.vstack([c.planes, c.planes])), "do not cover every direction"),
    "halves swapped for a leaf": (lambda c: replace(c, splits=~c.splits), "cover: "),
    "off the way": (off_the_way, "not on the way to its leaf"),
    "nan plane": (lambda c: replace(c, planes=changed(c.planes, (0, 1), np.nan)), "not finite"),
    "nan functional": (lambda c: replace(c, functionals=changed(c.functionals, (0, 1), np.nan)), "not finite"),
    "lengths": (lambda c: replace(c, weight=c.weight[:-1]), "do not fit 3 sources"),
    "flat planes": (lambda c: replace(c, planes=c.planes.ravel()), "do not fit 3 sources"),
    "tall splits": (lambda c: replace(c, splits=c.splits[:, None]), "do not fit 3 sources"),
    "one number": (lambda c: replace(c, functionals=np.float64(1)), "do not fit 3 sources"),
    "words": (lambda c: replace(c, leaf=["first"] * len(c.leaf)), "cover: its leaf are not an array of numbers"),
}


@pytest.mark.parametrize("tampering", NO_COVER)
def test_what_is_no_cover_is_refused_in_one_line(tampering):
    cover, multiplier = cut_into_cells(CLOUD, np.random.default_rng(0), programs=25)
    depths = [len(way) for _, way in cells_of(cover)]
    assert min(depths) < max(depths) and cover.ratio(CLOUD, multiplier) > 0
    change, message = NO_COVER[tampering]
    with pytest.raises(InputError) as error:
        change(cover).ratio(CLOUD, multiplier)
    assert message in str(error.value) and str(error.value).startswith("cover: ") and "\n" not in str(error.value)


def test_a_cover_of_another_number_of_sources():
    cover, _ = cut_into_cells(CLOUD, np.random.default_rng(0))
    with pytest.raises(InputError, match="its arrays do not fit 2 sources; use it with the problem it is of"):
        cover.ratio(Problem([[-1, -1], [-1, 1], [1, -1]]), np.eye(2))
    with pytest.raises(InputError, match="its arrays do not fit 2 sources"):
        lower_bound(Problem(np.random.default_rng(0).standard_normal((9, 2))), np.eye(2), quick=True, cover=cover)
