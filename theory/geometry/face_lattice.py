"""The faces of the hull, by the samples that span them (docs/mathematics.md, "Hull and normal cones").

A neuron w belongs to the face of conv(-S) whose samples attain its bias h(w). The neurons of a face lie in the subspace
orthogonal to the differences of its samples, and there their cost is one quadratic. So all neurons are those of all
faces: a few thousand where a triangulated normal fan has hundreds of thousands of cones, and none is badly conditioned,
because a subspace has orthonormal bases.

1. Corners of a polygon that come in turn, as those of two sources do, are seen to be that. Else scale the points and
   compute facets by Qhull, which cuts facets with more than d vertices into simplices.
2. If some ridge is not in exactly two simplices (Qhull may cut it differently from both sides), move the points by
   small random amounts, compute the facets of the moved points, and take these simplices.
3. Check without Qhull that the simplices cover the boundary: every ridge lies in exactly two; every simplex lies in a
   plane that no point exceeds; a ray from within meets an odd number of simplices, and then all rays do.
4. The faces of size k are the distinct k-subsets of the simplices, sorted by integer codes; each is found among those
   of size k - 1 by bisection.

A face with more vertices than its dimension needs occurs several times; pricing needs it once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arrays import Array, Indices, Mask
from theory.geometry.polytope import column_range, distinct_normals, hull_of, in_scale
from theory.geometry.triangulation import is_closed_complex

FaceNumbers = NDArray[Any]


@dataclass(frozen=True)
class LatticeTolerances:
    """How the boundary is cut into simplices and proven complete."""

    # Moves of the points, in units of the hull's size: far above Qhull's rounding, far below the angles of data. The
    # first that works is taken.
    moves: tuple[float, ...] = (1e-7, 1e-9, 1e-11)
    on_facet: float = 1e-10  # distance of a point from a facet's plane, as a share of the hull's width across it
    rays: int = 20  # tried for one that passes no ridge too closely: of 10,000 facets about one in two does
    # Least coordinate of a ray in a simplex, relative to its largest, that is not zero: far above rounding and, on
    # hulls of up to a million facets, below the distance of some ray in twenty from all ridges.
    ridge: float = 1e-9
    volume: float = 1e-14  # of a simplex with unit edges, below which it is flat up to rounding
    turn: float = 1e-14  # of two edges of a polygon of width one, in units of their lengths, that is not rounding
    entries: int = 1 << 22  # of a temporary


LATTICE = LatticeTolerances()


class FaceLattice:
    """The faces of a polytope, each by as many of its vertices as span it.

    Args:
        original: the same faces in other coordinates, where they are listed once; None if there are none.

    Attributes:
        vertices: (V, d) those of conv(-S), about the mean; other points are harmless.
        facets: (F, d) simplices that the facets are cut into.
        complete: whether these provably cover the boundary (step 3).
        in_turn: whether the vertices are known to be the corners of a polygon in turn; counterclockwise, unless moved.

    Example:
        >>> square = FaceLattice.of(np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1], [0, 0]]))
        >>> square.complete, [len(faces) for faces in square.levels]
        (True, [4, 4])
    """

    def __init__(
        self,
        vertices: Array,
        facets: Indices,
        *,
        complete: bool,
        in_turn: bool = False,
        original: FaceLattice | None = None,
    ) -> None:
        self.vertices = vertices
        self.facets = np.sort(facets, axis=1)
        self.complete = complete
        self.in_turn = in_turn
        self._original = self if original is None else original  # which lists the faces

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
        if dimension == 2 and _is_polygon(vertices):
            corners = np.arange(len(vertices))
            # Ascending: the edge from the last corner to the first is the second one of the first.
            edges = np.column_stack([np.maximum(corners - 1, 0), corners])
            edges[:2] = [0, 1], [0, len(corners) - 1]
            return cls(vertices, edges, complete=True, in_turn=True)
        center, transform = in_scale(vertices)
        local = (vertices - center) @ transform
        hull = hull_of(local)  # step 1
        facets = hull.simplices.astype(np.intp)
        corners = hull.vertices.astype(np.intp)
        planes = _Planes(hull.equations[:, :-1], local, corners)
        if is_closed_complex(facets):
            complete = bool(planes.hold(facets, planes.place).all()) and _goes_round(local, facets)
            return cls(vertices, facets, complete=complete)
        # Step 2.
        planes = _Planes(distinct_normals(hull.equations[:, :-1]), local, corners)
        generator = np.random.default_rng(0)
        for size in LATTICE.moves:
            moved = hull_of(local[corners] + generator.uniform(-size, size, size=(len(corners), dimension)))
            cut = corners[moved.simplices]
            closed = is_closed_complex(cut) and planes.hold_somewhere(cut, moved.equations[:, :-1]).all()
            if closed and _goes_round(local, cut):
                return cls(vertices, cut, complete=True)
        return cls(vertices, facets, complete=False)

    def moved(self, vertices: Array) -> FaceLattice:
        """These faces in other coordinates, in which the vertices (V, d) stand for the old ones."""
        return FaceLattice(vertices, self.facets, complete=self.complete, in_turn=self.in_turn, original=self._original)

    @property
    def dimension(self) -> int:
        """Number of sources d."""
        return int(self.facets.shape[1])

    @property
    def most_faces(self) -> int:
        """An upper bound on the number of faces of all sizes, without listing them."""
        # Every face with k < d vertices lies in at least d - k + 1 facets of a simplicial polytope.
        dimension, count = self.dimension, len(self.facets)
        return sum(count * comb(dimension, size) // (dimension - size + 1) for size in range(1, dimension + 1))

    @property
    def levels(self) -> list[Indices]:
        """For each size k from 1 to d the distinct faces (n, k), by vertices, ascending."""
        return self._original._levels

    @property
    def walls(self) -> list[Indices]:
        """For each size k from 2 to d the k faces with one vertex less of each face, (n, k) by index."""
        return self._original._walls

    @cached_property
    def _levels(self) -> list[Indices]:
        if self.in_turn:
            return [np.arange(len(self.vertices))[:, None], self.facets]
        return [self._faces_of_size(size) for size in range(1, self.dimension + 1)]

    @cached_property
    def _walls(self) -> list[Indices]:
        if self.in_turn:
            return [self.facets[:, ::-1]]
        return [
            np.column_stack([self._place(np.delete(larger, out, axis=1), level) for out in range(larger.shape[1])])
            for level, larger in zip(self.levels, self.levels[1:], strict=False)
        ]

    def _faces_of_size(self, size: int) -> Indices:
        """Step 4: the faces (n, k) of a size k, by vertices, ascending."""
        if size == 1:
            return np.unique(self.facets)[:, None]
        subsets = np.array(list(combinations(range(self.dimension), size)))
        codes = [np.unique(self._codes(self.facets[:, subset])) for subset in subsets]
        return self._decoded(np.unique(np.concatenate(codes)), size)

    def _place(self, faces: Indices, level: Indices) -> Indices:
        return np.searchsorted(self._codes(level), self._codes(faces))

    def _codes(self, faces: Indices) -> FaceNumbers:
        """(n,) a number for each face (n, k), in lexicographic order."""
        count = len(self.vertices)
        if faces.shape[1] * np.log2(count) < 62:
            return np.asarray(faces @ (count ** np.arange(faces.shape[1])[::-1]), dtype=np.int64)
        return np.ascontiguousarray(faces.astype(">i8")).view(f"S{8 * faces.shape[1]}")[:, 0]

    def _decoded(self, codes: FaceNumbers, size: int) -> Indices:
        count = len(self.vertices)
        if codes.dtype.kind == "S":
            padded = np.ascontiguousarray(codes).view(">i8").reshape(-1, size)
            return padded.astype(np.intp)
        return np.column_stack([codes // count**power % count for power in range(size)[::-1]]).astype(np.intp)


def _is_polygon(points: Array) -> bool:
    """Whether points (V, 2) are for certain the corners of a convex polygon, counterclockwise.

    Every two edges turn left by more than rounding, and together they go round once.
    """
    lowest, highest = column_range(points)
    if not (highest > lowest).all():
        return False
    ring = (points - lowest) / (highest - lowest)
    # One more edge than there are: the first again.
    along, up = np.diff(np.concatenate([ring, ring[:2]]).T)
    size = np.hypot(along, up)
    turns = along[:-1] * up[1:] - up[:-1] * along[1:] > LATTICE.turn * (size[:-1] + size[1:])
    rounds = np.count_nonzero((up[:-1] < 0) & (up[1:] >= 0))
    return bool(rounds == 1 and turns.all())


def _goes_round(points: Array, simplices: Indices) -> bool:
    """Whether a ray from within meets an odd number of simplices (N, d) of points (V, d).

    Where every ridge lies in two simplices the number changes by two, or not at all, where a ray passes a ridge: all
    rays meet an odd number if one does. A closed complex that is flat does not pass this test.
    """
    corners = points[np.unique(simplices)]
    edges = points[simplices] - corners.mean(axis=0)
    # Simplices without volume, cut from facets with many points, are met by no ray that stays away from ridges.
    edges = edges / np.linalg.norm(edges, axis=2, keepdims=True)
    edges = edges[np.abs(np.linalg.det(edges)) > LATTICE.volume]
    generator = np.random.default_rng(0)
    for _ in range(LATTICE.rays):
        ray = np.broadcast_to(generator.standard_normal((points.shape[1], 1)), (len(edges), points.shape[1], 1))
        shares = np.linalg.solve(np.swapaxes(edges, 1, 2), ray)[..., 0]
        least = shares.min(axis=1) / np.abs(shares).max(axis=1)
        if (np.abs(least) > LATTICE.ridge).all():
            return bool(np.count_nonzero(least > 0) % 2)
    return False


class _Planes:
    """Supporting planes of points (V, d) with unit normals (n, d); corners (k,) are the points that may be furthest."""

    def __init__(self, normals: Array, points: Array, corners: Indices) -> None:
        self.normals = normals
        self.points = points
        self.place = np.arange(len(normals))
        self.height, self.width = np.empty(len(normals)), np.empty(len(normals))
        rows = max(1, LATTICE.entries // len(corners))
        for start in range(0, len(normals), rows):
            block = slice(start, start + rows)
            values = normals[block] @ points[corners].T
            self.height[block] = values.max(axis=1)
            self.width[block] = self.height[block] - values.min(axis=1)

    def hold(self, simplices: Indices, place: Indices) -> Mask:
        """(N,) whether all points of each simplex (N, d) lie on its plane."""
        values = np.einsum("nkd,nd->nk", self.points[simplices], self.normals[place])
        return np.asarray(values.min(axis=1) >= self.height[place] - LATTICE.on_facet * self.width[place])

    def hold_somewhere(self, simplices: Indices, normals: Array) -> Mask:
        """(N,) whether all points of each simplex lie on one plane: the nearest to its normal, or any."""
        from scipy.spatial import cKDTree

        held = self.hold(simplices, np.asarray(cKDTree(self.normals).query(normals)[1], dtype=np.intp))
        planes = max(8, 8 * LATTICE.entries // len(self.points))
        for start in range(0, len(self.normals), planes):
            stray = np.flatnonzero(~held)
            bits = self._incidences(slice(start, start + planes))
            rows = max(1, LATTICE.entries // (bits.shape[1] * simplices.shape[1]))
            for first in range(0, len(stray), rows):
                block = stray[first : first + rows]
                held[block] = np.bitwise_and.reduce(bits[simplices[block]], axis=1).any(axis=1)
        return held

    def _incidences(self, block: slice) -> NDArray[np.uint8]:
        """(V, k) which points lie on each of some planes, a bit for each plane."""
        lowest = self.height[block] - LATTICE.on_facet * self.width[block]
        return np.packbits(self.points @ self.normals[block].T >= lowest, axis=1)
