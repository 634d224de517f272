"""The faces of the hull: all of them, whatever the samples look like."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.strategies import orthogonal, problems, seeds
from tests.examples import share
from theory import Problem
from theory.errors import InputError
from theory.geometry import face_lattice
from theory.geometry.extremes import extreme_points
from theory.geometry.face_lattice import FaceLattice, _goes_round, _is_polygon, _Planes
from theory.geometry.polytope import distinct_normals, hull_of
from theory.geometry.triangulation import is_closed_complex
from theory.sources import Sources

ROUNDING = 1e-9


def proper_faces(points):
    """The faces of a hull as sets of samples, from supporting planes through d of them: brute force."""
    dimension = points.shape[1]
    facets = set()
    for chosen in combinations(range(len(points)), dimension):
        edges = points[list(chosen[1:])] - points[chosen[0]]
        normal = np.linalg.svd(edges)[2][-1]
        if np.linalg.matrix_rank(edges) < dimension - 1:
            continue
        for side in (normal, -normal):
            height = points @ side
            tied = np.flatnonzero(height > height.max() - ROUNDING)
            if set(chosen) <= set(tied.tolist()):
                facets.add(frozenset(tied.tolist()))
    faces = set(facets)
    while True:
        new = {one & other for one in faces for other in facets} - faces - {frozenset()}
        if not new:
            return faces
        faces |= new


def affine_dimension(points, members):
    rows = points[sorted(members)]
    return np.linalg.matrix_rank(rows[1:] - rows[0], tol=1e-7) if len(rows) > 1 else 0


@given(st.integers(2, 3), seeds)
@share(1)
def test_every_face_is_spanned_at_every_vertex_of_it(dimension, seed):
    rng = np.random.default_rng(seed)
    points = np.unique(rng.integers(0, 3, size=(rng.integers(dimension + 1, 10), dimension)), axis=0).astype(float)
    if len(points) <= dimension or affine_dimension(points, range(len(points))) < dimension:
        return
    lattice = FaceLattice.of(points)
    assert lattice.complete
    listed = [set(map(tuple, level.tolist())) for level in lattice.levels]
    corners = {index for facet in lattice.facets.tolist() for index in facet}
    for face in proper_faces(points):
        size = affine_dimension(points, face) + 1
        for corner in face & corners:
            spanning = [tied for tied in listed[size - 1] if set(tied) <= face and corner in tied]
            assert any(affine_dimension(points, tied) == size - 1 for tied in spanning)


@given(problems())
def test_the_faces_of_any_problem_are_complete_and_their_walls_are_right(problem):
    lattice = problem.sources.faces
    assert lattice.complete
    assert sum(len(level) for level in lattice.levels) <= lattice.most_faces
    for smaller, larger, walls in zip(lattice.levels, lattice.levels[1:], lattice.walls, strict=False):
        for face, around in zip(larger, walls, strict=True):
            omitted = {tuple(np.delete(face, place)) for place in range(len(face))}
            assert {tuple(smaller[wall]) for wall in around} == omitted


@pytest.mark.parametrize(("dimension", "levels"), [(2, 9), (3, 5), (4, 3), (5, 2), (6, 2)])
def test_grids_with_many_coplanar_points_are_covered(dimension, levels):
    grid = np.array(list(product(range(levels), repeat=dimension)), dtype=float)
    assert FaceLattice.of(grid - grid.mean(axis=0)).complete


@given(seeds, st.integers(2, 5), st.floats(0, 6))
def test_correlated_and_repeated_samples_are_covered(seed, dimension, digits):
    rng = np.random.default_rng(seed)
    stretch = 10.0 ** -np.linspace(0, digits, dimension) * orthogonal(rng, dimension)
    points = rng.standard_normal((rng.integers(dimension + 2, 40), dimension)) @ stretch.T
    near = points[: len(points) // 2] * (1 + 1e-9 * rng.standard_normal((len(points) // 2, dimension)))
    lattice = FaceLattice.of(np.vstack([points, near]))
    assert lattice.complete


@given(seeds, st.integers(3, 30), st.floats(0, 6))
def test_corners_of_a_polygon_in_turn_are_seen_to_have_the_faces_that_qhull_finds(seed, count, digits):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((count, 2)) * [1.0, 10.0**-digits]
    corners = extreme_points(points)  # in turn
    assert _is_polygon(corners)
    order = rng.permutation(len(corners))
    seen, found = FaceLattice.of(corners), FaceLattice.of(corners[order])
    assert seen.complete and found.complete
    assert {frozenset(edge) for edge in seen.facets.tolist()} == {
        frozenset(order[edge].tolist()) for edge in found.facets
    }
    listed = FaceLattice(corners, seen.facets[::-1], complete=True)  # not known to be in turn
    assert seen.in_turn and not listed.in_turn
    for own, other in zip(seen.levels + seen.walls, listed.levels + listed.walls, strict=True):
        assert own.tolist() == other.tolist()


def test_what_is_no_polygon_is_not_taken_for_one():
    corners = np.array([[np.cos(turn), np.sin(turn)] for turn in 2 * np.pi * np.arange(7) / 7])
    assert _is_polygon(corners)
    assert not _is_polygon(corners[::-1])  # clockwise
    assert not _is_polygon(corners[np.arange(0, 21, 3) % 7])  # turns left, but goes round three times
    assert not _is_polygon(np.vstack([corners, corners]))
    assert not _is_polygon(np.vstack([corners, [[0.5, 0.0]]]))  # inside
    assert not _is_polygon(np.vstack([corners[:1], (corners[:1] + corners[1:2]) / 2, corners[1:]]))  # on an edge
    assert not _is_polygon(corners * [1.0, 0.0])


def test_a_missing_facet_shows():
    points = np.random.default_rng(0).standard_normal((12, 3))
    assert not is_closed_complex(FaceLattice.of(points).facets[1:])


def test_names_of_many_samples_do_not_run_into_each_other():
    # Six indices of more than a thousand samples do not fit into 62 bits.
    rng = np.random.default_rng(0)
    outer = rng.standard_normal((12, 6))
    points = np.vstack([outer, outer.mean(axis=0) + 1e-6 * rng.standard_normal((1_500, 6))])
    few, many = FaceLattice.of(points[:12]), FaceLattice.of(points)
    assert [level.tolist() for level in few.levels] == [level.tolist() for level in many.levels]
    assert [walls.tolist() for walls in few.walls] == [walls.tolist() for walls in many.walls]


def test_lattices_in_other_coordinates_share_their_faces():
    problem = Problem(np.random.default_rng(0).standard_normal((20, 3)))
    assert problem.whitened.sources.faces.levels is problem.sources.faces.levels


def test_a_flat_bag_is_closed_and_is_no_hull():
    """All its ridges lie in two simplices and all of it in a plane that no sample exceeds, but no ray meets it once."""
    cube = np.array(list(product([-1.0, 1.0], repeat=3)))
    bag = np.array(list(combinations(range(4), 3)))
    assert is_closed_complex(bag) and (cube[bag][:, :, 0] == -1).all()
    assert not _goes_round(cube, bag)
    hull = FaceLattice.of(cube)
    assert hull.complete and _goes_round(cube, hull.facets)
    assert not _goes_round(cube, np.concatenate([hull.facets, hull.facets]))


def test_six_sources_are_answered_where_their_hull_cannot_be_listed(monkeypatch):
    def refuse(_):
        raise InputError("sources: their hull is flat")

    monkeypatch.setattr("theory.geometry.face_lattice.FaceLattice.of", refuse)
    points = np.vstack([np.eye(6), -np.eye(6), np.ones((1, 6))])
    assert Sources(points).faces_if_few is None
    # Of fewer sources the proof needs it.
    with pytest.raises(InputError, match="flat"):
        _ = Sources(points[:, :5]).faces_if_few


@given(seeds, st.integers(3, 4), st.integers(1, 40))
def test_simplices_on_any_plane_are_told_from_those_on_none(seed, dimension, entries):
    rng = np.random.default_rng(seed)
    points = np.array(list(product(range(3), repeat=dimension)), dtype=float) - 1
    hull = hull_of(points)
    planes = _Planes(distinct_normals(hull.equations[:, :-1]), points, hull.vertices)
    simplices = np.vstack([hull.simplices, rng.integers(len(points), size=(50, dimension))])
    values = points[simplices] @ planes.normals.T
    on_one = (np.abs(values - planes.height) <= 1e-9).all(axis=1).any(axis=1)
    assert 0 < on_one.sum() < len(simplices)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(face_lattice, "LATTICE", replace(face_lattice.LATTICE, entries=entries))
        wrong = rng.standard_normal((len(simplices), dimension))  # whose nearest plane is any
        assert planes.hold_somewhere(simplices, wrong).tolist() == on_one.tolist()


def test_each_plane_is_compared_with_each_point_once(monkeypatch):
    points = np.array(list(product(range(3), repeat=4)), dtype=float) - 1
    hull = hull_of(points)
    planes = _Planes(distinct_normals(hull.equations[:, :-1]), points, hull.vertices)
    compared, incidences = [], _Planes._incidences
    monkeypatch.setattr(_Planes, "_incidences", lambda *args: compared.append(1) or incidences(*args))
    simplices = np.random.default_rng(0).integers(len(points), size=(5_000, 4))
    assert not planes.hold_somewhere(simplices, np.ones(simplices.shape)).all()
    assert len(compared) == 1
