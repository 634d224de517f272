"""Pulling cuts the normal cones of any simplicial polytope, alike on both sides of every wall."""

from itertools import combinations

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from theory.geometry.polytope import NormalFan
from theory.geometry.triangulation import is_closed_complex, pulled_cones


def hull(dimension, count, seed=0):
    points = np.random.default_rng(seed).standard_normal((count, dimension))
    return points, ConvexHull(points)


@pytest.mark.parametrize(("dimension", "count"), [(2, 9), (3, 4), (3, 60), (4, 40), (5, 25), (6, 20), (7, 12)])
def test_the_cones_cover_and_each_belongs_to_its_vertex(dimension, count):
    points, found = hull(dimension, count)
    normals = found.equations[:, :-1]
    cones, owner = pulled_cones(found.simplices)
    assert NormalFan(normals, cones, points, owner).covers()
    # Every facet of a cone holds the vertex that owns it, so the support function is linear there.
    assert (found.simplices[cones] == owner[:, None, None]).any(axis=2).all()
    height = np.einsum("nkd,nd->nk", normals[cones], points[owner])
    np.testing.assert_allclose(height, -found.equations[cones, -1], atol=1e-12)
    assert len(np.unique(np.sort(cones, axis=1), axis=0)) == len(cones)


def test_in_three_dimensions_a_vertex_with_k_neighbours_gives_k_minus_two_cones():
    _, found = hull(3, 40)
    cones, _ = pulled_cones(found.simplices)
    edges = {tuple(sorted(pair)) for facet in found.simplices.tolist() for pair in combinations(facet, 2)}
    assert len(cones) == 2 * len(edges) - 2 * len(found.vertices)


def test_the_names_of_the_vertices_do_not_matter():
    _, found = hull(4, 20)
    renamed = found.simplices.astype(np.int64) * 1_000_003 + 7
    cones, owner = pulled_cones(found.simplices)
    again, other = pulled_cones(renamed)
    np.testing.assert_array_equal(cones, again)
    np.testing.assert_array_equal(owner * 1_000_003 + 7, other)


def test_large_names_in_many_dimensions_do_not_overflow():
    _, found = hull(7, 10)
    cones, _ = pulled_cones(found.simplices)
    again, _ = pulled_cones(found.simplices.astype(np.int64) * 2**40)
    np.testing.assert_array_equal(cones, again)


def test_a_complex_with_a_hole_is_not_closed():
    _, found = hull(4, 15)
    assert is_closed_complex(found.simplices)
    assert not is_closed_complex(found.simplices[1:])
    assert not is_closed_complex(np.vstack([found.simplices, found.simplices[:1]]))
