"""The exact normal fan covers every direction and names the furthest point on each cone, whatever the points."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from theory.errors import InputError
from theory.exact.hull import exact_normal_fan
from theory.exact.proof import covers

BITS = st.sampled_from([1, 2, 4, 200])


@st.composite
def integer_points(draw):
    """Few levels make coplanar and repeated points; long integers overflow whatever is not exact."""
    dimension, bits = draw(st.integers(1, 4)), draw(BITS)
    coordinate = st.integers(-(2**bits), 2**bits)
    rows = draw(st.lists(st.tuples(*[coordinate] * dimension), min_size=dimension + 1, max_size=18))
    return np.array(rows, dtype=object)


def spans(points):
    differences = (points - points[0]).astype(float)
    return np.linalg.matrix_rank(differences / np.abs(differences).max()) == points.shape[1] if differences.any() else 0


@given(integer_points())
def test_cones_cover_and_know_their_furthest_point(points):
    try:
        normals, cones, rows = exact_normal_fan(points)
    except InputError:
        assert not spans(points)
        return
    assert covers(normals, cones)
    heights = points @ np.array(normals, dtype=object).T
    furthest = heights.max(axis=0)
    for cone, row in zip(cones, rows, strict=True):
        assert (heights[row][cone] == furthest[cone]).all()
    # Every generator is the normal of a facet: the points that are furthest along it span all dimensions but one.
    for facet in range(len(normals)):
        on_it = points[heights[:, facet] == furthest[facet]]
        # Their rank by elimination: the facet together with any other point spans everything.
        below = points[heights[:, facet] < furthest[facet]][:1]
        exact_normal_fan(np.vstack([on_it, below]))


@given(integer_points())
def test_as_many_facets_as_by_floating_point(points):
    assume(points.shape[1] > 1 and np.abs(points).max() <= 2**4 and spans(points))
    normals, _, _ = exact_normal_fan(points)
    equations = ConvexHull(points.astype(float)).equations
    assert len(normals) == len(np.unique(np.round(equations, 6) + 0.0, axis=0))


@pytest.mark.parametrize("dimension", [2, 3, 4])
def test_a_box_with_its_middles_has_a_facet_a_side(dimension):
    points = np.array(list(product((-1, 0, 1), repeat=dimension)), dtype=object)
    normals, cones, rows = exact_normal_fan(points)
    assert sorted(normals) == sorted(
        (np.eye(dimension, dtype=int) * sign)[i].tolist() for i in range(dimension) for sign in (1, -1)
    )
    assert len(cones) == len(set(rows)) == 2**dimension


def test_a_hair_makes_a_facet():
    hair = 10**40
    square = [[0, 0], [hair, 0], [0, hair], [hair, hair]]
    beyond, on, short = ([hair + shift, hair // 2] for shift in (1, 0, -1))
    assert [len(exact_normal_fan(np.array([*square, row], dtype=object))[0]) for row in (beyond, on, short)] == [
        5,
        4,
        4,
    ]


def test_flat_points_are_refused_and_large_hulls_given_up():
    line = np.array([[k, 3 * k + 10**30] for k in range(5)], dtype=object)
    with pytest.raises(InputError, match="flat"):
        exact_normal_fan(line)
    line[4, 1] += 1
    assert len(exact_normal_fan(line)[1]) == 3
    moment_curve = np.array([[k, k**2, k**3, k**4] for k in range(16)], dtype=object)
    assert exact_normal_fan(moment_curve, 50) is None
    assert covers(*exact_normal_fan(moment_curve)[:2])
