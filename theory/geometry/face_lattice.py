"""The faces of the hull, by the samples that span them: where a neuron's bias has its kinks.

A neuron w belongs to the face of conv(-S) whose samples attain its bias h(w). The neurons of a face fill the subspace
orthogonal to it (to the differences of its samples) as far as no other sample exceeds those, and on that subspace the
cost of a neuron is a single quadratic (docs/mathematics.md, "Hull and normal cones"). So to look at all neurons is to
look at all faces: a few thousand where the cones of a triangulated normal fan would be hundreds of thousands, and none
of them is badly conditioned, because a subspace has orthonormal bases.

Facets come from Qhull, cut into simplices where they hold more samples than needed; a face with more samples than
needed then is there several times, and once is enough. What a proof needs of them, that no face is missing, is checked
here without Qhull: see `FaceLattice.complete`.
"""

from __future__ import annotations

from functools import cached_property
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.geometry.polytope import distinct_normals, hull_of, in_scale
from theory.geometry.triangulation import is_closed_complex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.arrays import Array, Indices, Mask

    Codes = NDArray[Any]

__all__ = ["FaceLattice"]

HAIRS = (1e-7, 1e-9, 1e-11)
"""How far samples are moved, in units of the hull's size, to cut facets with many samples alike on both sides of a
ridge: far above Qhull's rounding, far below the data's own angles. The first that works is taken."""

ON_FACET = 1e-10
"""Distance from a facet's plane, as a share of the hull's width across it, up to which a sample lies on it."""

SETTLED = 1e-4
"""A facet of the moved samples is looked for first where the nearest normal differs by less than this."""

RAYS = 20
"""Rays tried for one that passes no ridge too closely: of ten thousand facets about one in two does."""

BESIDE_RIDGES = 1e-9
"""Least share of a ray's coordinates in a simplex, relative to the largest, that is told from zero: far above rounding
and, on hulls of up to a million facets, below the distance of some ray in twenty from all ridges."""

FLAT = 1e-14
"""Volume of a simplex of unit edges, from within, that rounding may have made."""

BLOCK = 1 << 22
"""Entries of a temporary at most."""


class FaceLattice:
    """The faces of a polytope, each by as many of its vertices as span it.

    Args:
        vertices: (V, d) the vertices of conv(-S), about the mean; others are harmless.
        facets: (F, d) simplices that its facets are cut into.
        complete: whether it is proven that these are all: see `complete`.

    Attributes:
        vertices, facets: as given.
        complete: whether the facets provably cover the whole boundary: every ridge lies in exactly two of them, every
            one lies in a plane that no sample exceeds, and one direction from within meets an odd number of them, as
            then all directions do.

    Example:
        >>> square = FaceLattice.of(np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1], [0, 0]]))
        >>> square.complete, [len(faces) for faces in square.levels]
        (True, [4, 4])
    """

    def __init__(self, vertices: Array, facets: Indices, *, complete: bool) -> None:
        self.vertices = vertices
        self.facets = np.sort(facets, axis=1)
        self.complete = complete
        self._original = self

    @classmethod
    def of(cls, vertices: Array) -> FaceLattice:
        """The faces of the hull of points (V, d).

        Raises:
            InputError: the points lie (almost) in a subspace.
        """
        dimension = vertices.shape[1]
        if dimension == 1:
            ends = np.array([[vertices[:, 0].argmin()], [vertices[:, 0].argmax()]])
            return cls(vertices, ends, complete=True)
        center, transform = in_scale(vertices)
        local = (vertices - center) @ transform
        hull = hull_of(local)
        facets = hull.simplices.astype(np.intp)
        corners = hull.vertices.astype(np.intp)
        planes = _Planes(hull.equations[:, :-1], local, corners)
        if is_closed_complex(facets):
            complete = bool(planes.hold(facets, planes.place).all()) and _goes_round(local, facets)
            return cls(vertices, facets, complete=complete)
        # Where a facet holds many samples Qhull may cut a ridge in one way on this side and in another on that.
        planes = _Planes(distinct_normals(hull.equations[:, :-1]), local, corners)
        generator = np.random.default_rng(0)
        for size in HAIRS:
            moved = hull_of(local[corners] + generator.uniform(-size, size, size=(len(corners), dimension)))
            cut = corners[moved.simplices]
            held = is_closed_complex(cut) and planes.hold_somewhere(cut, moved.equations[:, :-1]).all()
            if held and _goes_round(local, cut):
                return cls(vertices, cut, complete=True)
        return cls(vertices, facets, complete=False)

    def moved(self, vertices: Array) -> FaceLattice:
        """The same faces in other coordinates: those of the vertices (V, d), which stand in for the old ones."""
        lattice = FaceLattice(vertices, self.facets, complete=self.complete)
        lattice._original = self._original
        return lattice

    @property
    def dimension(self) -> int:
        """Number of sources d."""
        return int(self.facets.shape[1])

    @property
    def most_faces(self) -> int:
        """An upper bound on the number of faces, all sizes together, without listing them."""
        # Every face with k < d vertices lies in at least d - k + 1 facets of a simplicial polytope.
        dimension, count = self.dimension, len(self.facets)
        return sum(count * comb(dimension, size) // (dimension - size + 1) for size in range(1, dimension + 1))

    @property
    def levels(self) -> list[Indices]:
        """For each size k from 1 to d the distinct faces (n, k) that k vertices span, ascending."""
        return self._original._levels

    @property
    def walls(self) -> list[Indices]:
        """For each size k from 2 to d and each face of it the k faces with one vertex less, (n, k) by index."""
        return self._original._walls

    @cached_property
    def _levels(self) -> list[Indices]:
        return [self._faces_of_size(size) for size in range(1, self.dimension + 1)]

    @cached_property
    def _walls(self) -> list[Indices]:
        return [
            np.column_stack([self._place(larger[:, kept], level) for kept in _omissions(larger.shape[1])])
            for level, larger in zip(self.levels, self.levels[1:], strict=False)
        ]

    def _faces_of_size(self, size: int) -> Indices:
        subsets = np.array(list(combinations(range(self.dimension), size)))
        codes = [np.unique(self._codes(self.facets[:, subset])) for subset in subsets]
        return self._decoded(np.unique(np.concatenate(codes)), size)

    def _place(self, faces: Indices, level: Indices) -> Indices:
        return np.searchsorted(self._codes(level), self._codes(faces))

    def _codes(self, faces: Indices) -> Codes:
        """One number for each face (n, k), in lexicographic order."""
        count = len(self.vertices)
        if faces.shape[1] * np.log2(count) < 62:
            return np.asarray(faces @ (count ** np.arange(faces.shape[1])[::-1]), dtype=np.int64)
        return np.ascontiguousarray(faces.astype(">i8")).view(f"S{8 * faces.shape[1]}")[:, 0]

    def _decoded(self, codes: Codes, size: int) -> Indices:
        count = len(self.vertices)
        if codes.dtype.kind == "S":
            padded = np.ascontiguousarray(codes).view(">i8").reshape(-1, size)
            return padded.astype(np.intp)
        return np.column_stack([codes // count**power % count for power in range(size)[::-1]]).astype(np.intp)


def _omissions(size: int) -> list[list[int]]:
    return [[place for place in range(size) if place != omitted] for omitted in range(size)]


def _goes_round(points: Array, simplices: Indices) -> bool:
    """Whether a ray from within meets an odd number of simplices (N, d) of points (V, d).

    Where every ridge lies in two simplices all rays meet an odd number if one does: the number changes by two, or not
    at all, where a ray passes a ridge. So a flat bag of simplices, closed too, is told from a hull.
    """
    corners = points[np.unique(simplices)]
    edges = points[simplices] - corners.mean(axis=0)
    # Simplices without volume, cut from facets with many samples, are met by no ray but those that are not looked at.
    edges = edges / np.linalg.norm(edges, axis=2, keepdims=True)
    edges = edges[np.abs(np.linalg.det(edges)) > FLAT]
    generator = np.random.default_rng(0)
    for _ in range(RAYS):
        ray = np.broadcast_to(generator.standard_normal((points.shape[1], 1)), (len(edges), points.shape[1], 1))
        shares = np.linalg.solve(np.swapaxes(edges, 1, 2), ray)[..., 0]
        least = shares.min(axis=1) / np.abs(shares).max(axis=1)
        if (np.abs(least) > BESIDE_RIDGES).all():
            return bool(np.count_nonzero(least > 0) % 2)
    return False


class _Planes:
    """Planes at the hull, each at the height of the furthest sample.

    Args:
        normals: (n, d) unit normals;  points: (V, d);  corners: (k,) the points that may be furthest.
    """

    def __init__(self, normals: Array, points: Array, corners: Indices) -> None:
        self.normals = normals
        self.points = points
        self.place = np.arange(len(normals))
        self.height, self.width = np.empty(len(normals)), np.empty(len(normals))
        rows = max(1, BLOCK // len(corners))
        for start in range(0, len(normals), rows):
            block = slice(start, start + rows)
            values = normals[block] @ points[corners].T
            self.height[block] = values.max(axis=1)
            self.width[block] = self.height[block] - values.min(axis=1)

    def hold(self, simplices: Indices, place: Indices) -> Mask:
        """(N,) whether all points of each simplex (N, d) lie on its plane."""
        values = np.einsum("nkd,nd->nk", self.points[simplices], self.normals[place])
        return np.asarray(values.min(axis=1) >= self.height[place] - ON_FACET * self.width[place])

    def hold_somewhere(self, simplices: Indices, normals: Array) -> Mask:
        """(N,) whether all points of each simplex lie on one of the planes: the nearest to its normal, or any."""
        from scipy.spatial import cKDTree

        held = self.hold(simplices, np.asarray(cKDTree(self.normals).query(normals)[1], dtype=np.intp))
        stray = np.flatnonzero(~held)
        rows = max(1, BLOCK // (self.normals.size * simplices.shape[1]))
        for start in range(0, len(stray), rows):
            block = stray[start : start + rows]
            values = np.einsum("nkd,pd->npk", self.points[simplices[block]], self.normals)
            lowest = self.height - ON_FACET * self.width
            held[block] = (values.min(axis=2) >= lowest).any(axis=1)
        return held
