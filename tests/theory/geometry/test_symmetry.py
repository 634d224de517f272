"""Which permutations of points linear maps make."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.strategies import seeds
from theory.errors import InputError
from theory.geometry import symmetry as module
from theory.geometry.symmetry import Symmetry, symmetry_of

CORNERS = np.array(list(product([-1.0, 1.0], repeat=3)))


def ring(count, frequencies):
    phase = 2 * np.pi * np.outer(np.arange(count), frequencies) / count
    return np.hstack([np.cos(phase), np.sin(phase)])


def by_trying_all(points, forms):
    """Number of permutations under which every product stays as it is."""
    products = [points @ form @ points.T for form in (np.eye(points.shape[1]), *forms)]
    orders = map(np.array, permutations(range(len(points))))
    return sum(all(np.allclose(kept[np.ix_(order, order)], kept) for kept in products) for order in orders)


@pytest.mark.parametrize(
    ("points", "order", "numbers"),
    [
        (ring(12, [1, 2]), 24, 2),  # turns and reflections; a number for each frequency
        (ring(24, [1, 2, 3, 4, 5, 6]), 48, 6),
        (CORNERS, 48, 1),  # of the cube
        (CORNERS * [1, 1, 2], 16, 2),  # of a prism
        (np.array(list(product([-1.0, 0, 1], [-1.0, 1]))), 4, 2),
        (np.vstack([np.eye(4), -np.eye(4)]), 2**4 * 24, 1),
        (np.eye(5) - 1 / 5, 120, 1),  # categories; in the four directions that they span
    ],
)
def test_groups_that_are_known(points, order, numbers):
    values, vectors = np.linalg.eigh(points.T @ points)
    found = symmetry_of(points @ vectors[:, values > 1e-9])
    assert (len(found), found.free_numbers) == (order, numbers)


@given(seeds, st.integers(2, 3), st.integers(2, 3))
def test_as_many_as_there_are(seed, dimension, levels):
    rng = np.random.default_rng(seed)
    table = np.array(list(product(range(levels), repeat=dimension))) - (levels - 1) / 2
    points = table[rng.permutation(len(table))[: rng.integers(dimension + 1, 7)]]
    form = np.diag(rng.integers(1, 3, dimension)).astype(float)
    if np.linalg.matrix_rank(points) == dimension:
        assert len(symmetry_of(points, [form])) == by_trying_all(points, [form])


@given(seeds)
def test_whatever_the_order_and_the_coordinates(seed):
    rng = np.random.default_rng(seed)
    points = ring(9, [1, 2])
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    found = symmetry_of(points[rng.permutation(9)] @ turn)
    assert len(found) == 18 and found.error < 1e-12
    images = found.moved(found.points)
    assert np.allclose(images, found.points[found.images])
    form = rng.standard_normal((4, 4))
    assert found.missed_by(found.averaged(form)) < 1e-12 < found.missed_by(form)


def test_forms_that_are_not_kept_leave_a_smaller_group():
    points = ring(12, [1, 2])
    assert len(symmetry_of(points, [np.diag([1.0, 2, 1, 2])])) == 24
    assert len(symmetry_of(points, [np.diag([1.0, 2, 3, 2])])) == 4


def test_points_that_coincide_count_once():
    twice = np.vstack([ring(5, [1]), ring(5, [1]) + 1e-15])
    found = symmetry_of(twice)
    assert len(found) == 10 and set(found.images[0]) == set(range(5))


@given(seeds)
def test_generic_points_have_none(seed):
    points = np.random.default_rng(seed).standard_normal((30, 3))
    assert len(symmetry_of(points)) == 1 and len(symmetry_of(np.vstack([points, -points]))) == 2


def test_of_a_large_group_a_part():
    corners = np.array(list(product([-1.0, 1.0], repeat=6)))
    found = symmetry_of(corners)
    assert 1 < len(found) <= module.SYMMETRY.most_elements < 2**6 * 720
    assert found.missed_by(np.eye(6)) < 1e-12


def test_a_search_that_leads_nowhere_is_short(monkeypatch):
    rng = np.random.default_rng(0)
    points = rng.standard_normal((12, 4))
    twice = np.vstack([points, points])
    twice = twice + 1e-9 * rng.standard_normal(twice.shape)
    apart = (twice[:, None] - twice).reshape(-1, 4)
    searches, search = [], module._PermutationSearch
    monkeypatch.setattr(module, "_PermutationSearch", lambda *args: searches.append(search(*args)) or searches[-1])
    placed, extended = [], search.extended
    monkeypatch.setattr(search, "extended", lambda self, images: placed.append(1) or extended(self, images))
    symmetry_of(apart)
    assert searches.pop().looks > 10 * 20_000
    placed.clear()
    monkeypatch.setattr(module, "SYMMETRY", module.SymmetryLimits(most_looks=20_000))
    assert len(symmetry_of(apart)) <= 2
    assert searches.pop().looks <= 20_000 + len(apart) and len(placed) * len(apart) <= 2 * 20_000


def test_orbits_and_elements_that_differ():
    found = symmetry_of(np.vstack([CORNERS, 2 * np.eye(3), -2 * np.eye(3)]))
    assert len(np.unique(found.images.min(axis=0))) == 2
    assert len(found.orbit(np.array([0.0, 0, 1]), 1e-6)) == 6
    assert len(found.orbit(np.array([1.0, 2, 3]), 1e-6)) == 48


@pytest.mark.parametrize(
    ("generator", "what"),
    [
        ([1, 0, 2, 3], "no linear map makes permutation 0 .* takes point"),
        ([1, 2, 3, 4], "do not fit 4 points"),
    ],
)
def test_what_is_none_is_refused(generator, what):
    with pytest.raises(InputError, match=what):
        Symmetry(np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]]), [generator])


def test_more_elements_than_are_looked_at_are_refused(monkeypatch):
    monkeypatch.setattr(module, "SYMMETRY", module.SymmetryLimits(most_elements=23))
    with pytest.raises(InputError, match="more than 23 others"):
        Symmetry(CORNERS, symmetry_generators())


def symmetry_generators():
    turned = np.column_stack([CORNERS[:, 1], -CORNERS[:, 0], CORNERS[:, 2]])
    around = CORNERS[:, [1, 2, 0]]
    return [[int(np.flatnonzero((row == CORNERS).all(axis=1))[0]) for row in image] for image in (turned, around)]
