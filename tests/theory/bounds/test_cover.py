"""A cover is believed for what it shows of the data, whoever made it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.certificate import lower_bound
from solver.relaxations.branch_and_bound import Cells
from solver.relaxations.lifted_program import lifted_bound
from solver.strategies import problems, seeds
from tests.examples import plainly, share
from tests.properties import naive
from theory import Problem, Sources
from theory.bounds import cover as module
from theory.bounds.cover import Cover
from theory.errors import InputError
from theory.geometry.whitening import lifted

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


def cut_into_cells(problem, rng, programs=8, *, whole=False):
    """A cover by branch and bound, of a code that is not optimal; and its multiplier."""
    code = naive.balanced(problem, random_code(problem, rng))
    multiplier = naive.multiplier(problem, code)
    cells = Cells(problem, multiplier, code, whole=whole)
    cells.refine(0.0, programs)
    return cells.cover(), multiplier


def random_cover(problem, rng):
    """A cover that nobody made on purpose: random functionals, one of them given twice, and random products."""
    functionals = random_code(problem, rng, more=3)[: rng.choice([0, 1, 2, 5])]
    functionals = np.vstack([functionals, functionals[:1]])
    cell = rng.integers(max(1, len(functionals)), size=40)
    first, second = rng.integers(len(problem.sources.vertices) + len(functionals), size=(2, 40))
    weight = rng.exponential(size=40) * (rng.random(40) < 0.8)
    return Cover(functionals, cell, first, second, weight)


# ---- the cells, read once more ------------------------------------------------------------------------------------


def inside(cover, weights):
    """(n, k) whether each cell holds each neuron: its functional is the largest there."""
    if len(cover.functionals) == 0:
        return np.ones((1, len(weights)), dtype=bool)
    held = []
    for functional in cover.functionals:
        held.append(np.all([weights @ functional >= weights @ other for other in cover.functionals], axis=0))
    return np.array(held)


def assert_bounds_every_cell(problem, cover, multiplier, seed):
    """No random neuron earns more than the bound of a cell that holds it; and every neuron is held."""
    weights = naive.directions(problem, 300, seed=seed)
    held = inside(cover, weights)
    assert held.any(axis=0).all()
    bounds = cover.ratios(problem, multiplier)
    assert len(bounds) == len(held) == len(cover)
    ratio = naive.ratio(problem, multiplier, weights)
    scale = max(1.0, np.abs(ratio).max())
    assert (np.where(held, ratio, -np.inf).max(axis=1) <= bounds + ROUNDING * scale).all()


# ---- what it proves -----------------------------------------------------------------------------------------------


@given(problems(several), seeds, st.booleans())
@share(1 / 2)
def test_cells_bound_the_ratio_of_every_multiplier(problem, seed, whole):
    rng = np.random.default_rng(seed)
    cover, own = cut_into_cells(problem, rng, whole=whole)
    for multiplier in (own, *worths(problem, rng)):
        rho = problem.pricing.maximise(multiplier).rho
        assert cover.ratio(problem, multiplier) >= rho - ROUNDING * max(1.0, abs(rho))
        assert_bounds_every_cell(problem, cover, multiplier, seed)


@given(problems(several), seeds)
def test_anything_of_the_form_of_a_cover_bounds_the_ratio(problem, seed):
    rng = np.random.default_rng(seed)
    cover = random_cover(problem, rng)
    for multiplier in worths(problem, rng):
        rho = problem.pricing.maximise(multiplier).rho
        assert cover.ratio(problem, multiplier) >= rho - ROUNDING * max(1.0, abs(rho))
        assert_bounds_every_cell(problem, cover, multiplier, seed)


@pytest.mark.parametrize("seed", plainly(range(3), [0]))
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


def test_the_two_halves_of_one_source():
    # A neuron reads the source upward with bias w or downward with bias -3 w:
    # b^2 - w^2 = (b - w)^2 + 2 w (b - w) where w >= 0, and b^2 - 9 w^2 = (b + 3 w)^2 - 6 w (b + 3 w) where w <= 0.
    problem = Problem([[-1.0], [3]], probabilities=[3, 1], encoder_cost=0.5)
    energy = problem.energy_matrix[0, 0]
    low, high = np.argsort(problem.sources.vertices[:, 0])
    lesser = (energy + 1) / (energy + 9)
    cover = Cover([[0.5], [-0.5]], cell=[0, 1], first=[low, high], second=[3, 2], weight=[2, 6 * lesser])
    multiplier = np.array([[energy + 1]])
    np.testing.assert_allclose(cover.ratios(problem, multiplier), [1, lesser], rtol=1e-12)
    assert cover.ratio(problem, multiplier) == pytest.approx(problem.pricing.maximise(multiplier).rho, rel=1e-12)


@pytest.mark.parametrize("functionals", [np.empty((0, 3)), np.zeros((1, 3)), np.eye(3)])
def test_without_products_the_bound_is_that_of_free_biases(functionals):
    cover = Cover(functionals, [], [], [], [])
    assert len(cover) == max(1, len(functionals))
    largest = np.linalg.eigvals(np.linalg.solve(CLOUD.energy_matrix, np.diag([1.0, 2, 3]))).real.max()
    np.testing.assert_allclose(cover.ratios(CLOUD, np.diag([1.0, 2, 3])), largest, rtol=1e-12)


def test_more_products_than_are_handled_at_once(monkeypatch):
    cover, multiplier = cut_into_cells(CLOUD, np.random.default_rng(0))
    bounds = cover.ratios(CLOUD, multiplier)
    monkeypatch.setattr(module, "PRODUCTS_AT_ONCE", 7)
    assert len(cover.weight) > 20
    np.testing.assert_allclose(cover.ratios(CLOUD, multiplier), bounds, rtol=1e-12)


def test_numbers_beyond_all_bounds_prove_nothing():
    cover, multiplier = cut_into_cells(CLOUD, np.random.default_rng(0))
    huge = replace(cover, weight=np.full_like(cover.weight, 1e308), functionals=cover.functionals * 1e300)
    assert huge.ratio(CLOUD, multiplier) == np.inf
    assert lower_bound(CLOUD, multiplier, quick=True, cover=huge).value > 0


# ---- its coordinates ----------------------------------------------------------------------------------------------


@given(problems(several))
def test_coordinates_in_which_a_neuron_costs_its_length(problem):
    whitening = problem.whitening
    weights = naive.directions(problem, 5)
    points = np.column_stack([naive.support(problem, weights), weights @ whitening.matrix.T])
    np.testing.assert_allclose((points**2).sum(axis=1), naive.cost(problem, weights), rtol=1e-10)
    np.testing.assert_allclose(
        points[:, 1:] @ whitening.inverse.T, weights, rtol=1e-8, atol=1e-8 * np.abs(weights).max()
    )
    values = whitening.rows(problem.sources.vertices) @ points.T
    np.testing.assert_allclose(values.min(axis=0), 0, atol=1e-9 * np.abs(points).max())
    for multiplier in worths(problem, np.random.default_rng(0)):
        earned = np.einsum("ni,ij,nj->n", points, lifted(whitening.worth(multiplier)), points)
        given_form = np.einsum("ni,ij,nj->n", weights, multiplier, weights)
        np.testing.assert_allclose(earned, given_form, atol=1e-9 * np.abs(given_form).max())


@given(problems(several), seeds)
def test_units_do_not_matter(problem, seed):
    rng = np.random.default_rng(seed)
    cover = random_cover(problem, rng)
    units = 10.0 ** rng.uniform(-6, 6, size=problem.dimension)
    sources = Sources(problem.sources.points * units, problem.sources.probabilities)
    other = Problem(sources, mixing=problem.mixing / units, encoder_cost=problem.encoder_cost)
    # The hull may list the same vertices in another order.
    place = np.argmin(np.abs(problem.sources.vertices[:, None] - other.sources.vertices / units).max(axis=2), axis=1)
    names = np.concatenate([place, len(place) + np.arange(len(cover.functionals))])
    told = Cover(cover.functionals * units, cover.cell, names[cover.first], names[cover.second], cover.weight)
    for multiplier in worths(problem, rng):
        bounds = cover.ratios(problem, multiplier)
        found = told.ratios(other, multiplier * np.outer(units, units))
        np.testing.assert_allclose(found, bounds, atol=1e-8 * np.abs(bounds).max())


# ---- what is refused ----------------------------------------------------------------------------------------------


def changed(array, place, value):
    array = np.array(array, dtype=np.result_type(array, type(value)))
    array[place] = value
    return array


NO_COVER = {
    "one weight": (lambda c: replace(c, weight=1.0), "do not fit 3 sources"),
    "negative": (lambda c: replace(c, weight=changed(c.weight, 0, -1e-12)), "counts less than zero times"),
    "nan weight": (lambda c: replace(c, weight=changed(c.weight, 0, np.nan)), "counts less than zero times"),
    "endless weight": (lambda c: replace(c, weight=changed(c.weight, 0, np.inf)), "counts less than zero times"),
    "index": (lambda c: replace(c, first=changed(c.first, 0, 10**6)), "names no inequality"),
    "index below": (lambda c: replace(c, second=changed(c.second, -1, -1)), "names no inequality"),
    "one index too far": (
        lambda c: replace(c, second=changed(c.second, 0, len(CLOUD.sources.vertices) + len(c))),
        "names no inequality",
    ),
    "cell": (lambda c: replace(c, cell=changed(c.cell, 0, len(c))), "names no inequality"),
    "cell below": (lambda c: replace(c, cell=changed(c.cell, 0, -1)), "names no inequality"),
    "cell lost": (lambda c: replace(c, functionals=c.functionals[:-1]), "names no inequality"),
    "cells lost": (lambda c: replace(c, functionals=c.functionals[:0]), "names no inequality"),
    "nan functional": (lambda c: replace(c, functionals=changed(c.functionals, (0, 1), np.nan)), "not finite"),
    "endless functional": (lambda c: replace(c, functionals=changed(c.functionals, (0, 1), np.inf)), "not finite"),
    "lengths": (lambda c: replace(c, weight=c.weight[:-1]), "do not fit 3 sources"),
    "flat functionals": (lambda c: replace(c, functionals=c.functionals.ravel()), "do not fit 3 sources"),
    "wide functionals": (lambda c: replace(c, functionals=c.functionals[:, [0, 1, 2, 2]]), "do not fit 3 sources"),
    "tall cells": (lambda c: replace(c, cell=c.cell[:, None]), "do not fit 3 sources"),
    "one number": (lambda c: replace(c, functionals=np.float64(1)), "do not fit 3 sources"),
    "words": (lambda c: replace(c, cell=["first"] * len(c.cell)), "cover: its cell are not an array of numbers"),
    "ragged": (
        lambda c: replace(c, functionals=[[1, 2, 3], [1]]),
        "cover: its functionals are not an array of numbers",
    ),
}


@pytest.fixture(scope="module")
def honest():
    return cut_into_cells(CLOUD, np.random.default_rng(0), programs=25)


@pytest.mark.parametrize("tampering", NO_COVER)
def test_what_is_no_cover_is_refused_in_one_line(honest, tampering):
    cover, multiplier = honest
    assert cover.ratio(CLOUD, multiplier) > 0 and cover.cell.max() == len(cover) - 1
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


# ---- cells that stand for all their images ------------------------------------------------------------------------


def ring(count, frequencies):
    phase = 2 * np.pi * np.outer(np.arange(count), frequencies) / count
    return Problem(np.hstack([np.cos(phase), np.sin(phase)]))


def cells_of_ring(seed, programs=8):
    """A cover of a ring, by cells that stand for their images, and a multiplier that the turns keep."""
    problem, rng = ring(9, [1, 2]), np.random.default_rng(seed)
    kept = problem.symmetry.averaged(problem.whitening.worth(worths(problem, rng)[0]))
    multiplier = problem.whitening.multiplier(kept)
    cells = Cells(problem, multiplier, random_code(problem, rng), symmetry=problem.symmetry)
    cells.refine(0.0, programs)
    return problem, cells.cover(), multiplier


def unfolded(problem, cover):
    """Every image of every cell, with the products of the cell under the same map."""
    symmetry, count, total = problem.symmetry, len(cover), len(problem.sources.vertices)
    moved = symmetry.moved(cover.functionals @ problem.whitening.inverse) @ problem.whitening.matrix
    matrices = symmetry.matrices.round(9)
    parts = []
    for element, turn in enumerate(matrices):
        after = [int(np.flatnonzero((abs(turn @ matrices - other) < 1e-6).all(axis=(1, 2)))[0]) for other in matrices]
        assert sorted(after) == list(range(len(matrices)))
        product = [int(np.flatnonzero((abs(matrices - turn @ other) < 1e-6).all(axis=(1, 2)))[0]) for other in matrices]

        def named(index, element=element, product=product):
            vertex = symmetry.images[element][np.minimum(index, total - 1)]
            centre = np.maximum(index - total, 0)
            return np.where(index < total, vertex, total + np.array(product)[centre // count] * count + centre % count)

        parts.append((element * count + cover.cell, named(cover.first), named(cover.second), cover.weight))
    return Cover(moved.reshape(-1, problem.dimension), *map(np.concatenate, zip(*parts, strict=True)))


@given(seeds)
def test_cells_with_all_their_images_are_a_cover_by_themselves(seed):
    problem, cover, multiplier = cells_of_ring(seed)
    written_out = unfolded(problem, cover)
    assert len(written_out) == len(problem.symmetry) * len(cover) and written_out.symmetry is None
    assert np.isclose(written_out.ratio(problem, multiplier), cover.ratio(problem, multiplier), rtol=1e-9)
    assert cover.ratio(problem, multiplier) >= lower_bound(problem, multiplier).rho * (1 - ROUNDING)


@given(seeds)
def test_a_multiplier_that_the_symmetry_changes_is_bounded_all_the_same(seed):
    problem, cover, _ = cells_of_ring(seed, programs=4)
    for multiplier in worths(problem, np.random.default_rng(seed + 1)):
        rho = lower_bound(problem, multiplier).rho
        assert cover.ratio(problem, multiplier) >= rho * (1 - ROUNDING) or rho < 0


def test_a_symmetry_that_is_none_is_refused():
    problem, cover, multiplier = cells_of_ring(0)
    wrong = np.array(cover.symmetry)
    wrong[0, :2] = wrong[0, 1::-1]
    for changed, what in (
        (replace(cover, symmetry=wrong), "its symmetry is none of the problem's .* no linear map makes permutation 0"),
        (replace(cover, symmetry=wrong[:, 1:]), "its symmetry does not fit the vertices"),
        (replace(cover, symmetry=None), "a product names no inequality"),
        (replace(cover, symmetry=cover.symmetry, samples=np.arange(9)), "its symmetry does not fit the vertices"),
    ):
        with pytest.raises(InputError, match=what):
            changed.ratio(problem, multiplier)
    # Of a problem in which its maps are no rotations it proves little, but nothing wrong.
    other = problem.replaced(mixing=np.diag([1.0, 2, 3, 4]), encoder_cost=1.0)
    assert cover.ratio(other, multiplier) >= lower_bound(other, multiplier).rho
