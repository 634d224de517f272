"""Hull and normal fan of integer points, without rounding: simplicial cones, each with the vertex furthest along it.

Quickhull (Barber, Dobkin and Huhdanpaa 1996) with integer predicates, then pulling triangulations of normal cones:

1. Choose d + 1 affinely independent points: the boundary begins with the d + 1 simplices of d of them.
2. Assign every other point to a simplex that it lies strictly above; points above none are inside for good.
3. Take the furthest point above a simplex, remove the simplices that it lies strictly above, and join it to the ridges
   on their horizon. Assign their points to the new simplices, until no point is above any.
4. Simplices with one normal are one facet. A point is a vertex if its facets have no other point in common; the normals
   of these facets span its normal cone.
5. Pull the first ray of a normal cone: join it to the simplicial pieces of those walls that do not contain it.

Only points strictly above a simplex replace it, so the boundary is always a closed complex of simplices that are not
flat; coplanar points only add simplices to a facet. Pulling depends on incidences alone, so neighbouring cones are cut
alike where they meet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import gcd

import numpy as np

from theory.arrays import Indices, Integers
from theory.errors import InputError
from theory.exact.copositivity import determinant

FLAT = "sources: the samples lie in a subspace, so their hull is flat; remove dependent sources"

ExactCones = tuple[list[list[int]], list[list[int]], list[int]]
"""Generators (R rows of d integers), cones (N rows of d indices into them) and one row of the points per cone."""


def exact_normal_fan(points: Integers, most_simplices: int | None = None) -> ExactCones | None:
    """Simplicial cones that cover every direction, on each of which one point is the furthest.

    Args:
        points: (T, d) Python integers; repeated and inner points do no harm.
        most_simplices: give up once the boundary of the hull has more; None: never.

    Returns:
        The facet normals in lowest terms, the cones, and for each cone the row of the point that is furthest along
        every direction in it; None where the hull has too many simplices.

    Raises:
        InputError: the points span fewer than d dimensions.

    Source: the normal fan is that of docs/mathematics.md, "Hull and normal cones"; pulling as in
    `theory.geometry.triangulation`.

    Example:
        >>> triangle = np.array([[0, 0], [1, 0], [0, 1], [0, 0]], dtype=object)
        >>> normals, cones, rows = exact_normal_fan(triangle)
        >>> sorted(normals), len(cones), sorted(rows)
        ([[-1, 0], [0, -1], [1, 1]], 3, [0, 1, 2])
    """
    if points.shape[1] == 1:
        ends = [int(points[:, 0].argmax()), int(points[:, 0].argmin())]
        if points[ends[0], 0] == points[ends[1], 0]:
            raise InputError(FLAT)
        return [[1], [-1]], [[0], [1]], ends
    hull = _Hull.around(points, most_simplices)
    if hull is None:
        return None
    normals, corners = hull.facets()
    facets_of: defaultdict[int, set[int]] = defaultdict(set)
    for facet, rows in enumerate(corners):
        for row in rows:
            facets_of[row].add(facet)
    # Step 4.
    stars = {
        row: frozenset(facets)
        for row, facets in facets_of.items()
        if len(frozenset.intersection(*(corners[facet] for facet in facets))) == 1
    }
    pulling = _Pulling(stars, [[row for row in rows if row in stars] for rows in corners])
    cones, vertices = [], []
    for row, star in stars.items():
        pieces = pulling.pieces(star, points.shape[1])
        cones += [list(piece) for piece in pieces]
        vertices += [row] * len(pieces)
    return normals, cones, vertices


@dataclass(slots=True, eq=False)
class _Simplex:
    """A simplex of the boundary: {normal.y = height}, the hull below it."""

    corners: tuple[int, ...]  # d rows of the points
    normal: Integers  # (d,) integers in lowest terms
    height: int  # the same for all its corners
    neighbours: list[_Simplex | None]  # for each corner the neighbour across the ridge without it
    # Rows strictly above it that are assigned to it.
    above: Indices = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    heights: Integers = field(default_factory=lambda: np.empty(0, dtype=object))  # their heights over it


class _Hull:
    """The boundary of a hull that grows by its furthest points (steps 1 to 3)."""

    def __init__(self, points: Integers, start: list[int]) -> None:
        self.points = points
        self.size = len(start)
        # The middle of the first simplex, an inner point, times its number of corners.
        self.middle = points[start].sum(axis=0)
        # A dict keeps its order, so the same points give the same cones in every run.
        self.boundary: dict[_Simplex, None] = {}
        first = [self._simplex(tuple(row for row in start if row != left_out)) for left_out in start]
        self._join(first)
        self._assign(np.setdiff1d(np.arange(len(points)), start), first)

    @classmethod
    def around(cls, points: Integers, most_simplices: int | None = None) -> _Hull | None:
        """The whole hull, or None where it is too large."""
        hull = cls(points, _spanning(points))
        waiting = list(hull.boundary)
        while waiting:
            simplex = waiting.pop()
            if simplex in hull.boundary and len(simplex.above):
                waiting += hull._grow(simplex)
            if most_simplices is not None and len(hull.boundary) > most_simplices:
                return None
        return hull

    def facets(self) -> tuple[list[list[int]], list[frozenset[int]]]:
        """The normals of the facets in lowest terms, and the corners of the simplices of each."""
        corners: defaultdict[tuple[int, ...], set[int]] = defaultdict(set)
        for simplex in self.boundary:
            corners[tuple(simplex.normal)].update(simplex.corners)
        return [list(normal) for normal in corners], [frozenset(rows) for rows in corners.values()]

    def _simplex(self, corners: tuple[int, ...]) -> _Simplex:
        normal = _normal(self.points[list(corners)])
        height = int(normal @ self.points[corners[0]])
        if normal @ self.middle > self.size * height:
            normal, height = -normal, -height
        simplex = _Simplex(corners, normal, height, [None] * len(corners))
        self.boundary[simplex] = None
        return simplex

    def _grow(self, simplex: _Simplex) -> list[_Simplex]:
        """Add the furthest point above a simplex (step 3); returns the new simplices."""
        apex = int(simplex.above[simplex.heights.argmax()])
        visible, horizon = self._visible_from(apex, simplex)
        added = []
        for inner, place in horizon:
            outer = inner.neighbours[place]
            assert outer is not None
            ridge = inner.corners[:place] + inner.corners[place + 1 :]
            new = self._simplex((*ridge, apex))
            new.neighbours[-1] = outer
            outer.neighbours[outer.neighbours.index(inner)] = new
            added.append(new)
        self._join(added)
        rows = np.concatenate([removed.above for removed in visible])
        for removed in visible:
            del self.boundary[removed]
        self._assign(rows[rows != apex], added)
        return added

    def _visible_from(self, apex: int, start: _Simplex) -> tuple[list[_Simplex], list[tuple[_Simplex, int]]]:
        """Simplices strictly below a point, and the ridges round them (simplex, place of the corner across)."""
        point = self.points[apex]
        below = {start: True}
        visible, horizon = [start], []
        for simplex in visible:  # the list grows during the loop
            for place, other in enumerate(simplex.neighbours):
                assert other is not None
                if other not in below:
                    below[other] = bool(other.normal @ point > other.height)
                    if below[other]:
                        visible.append(other)
                if not below[other]:
                    horizon.append((simplex, place))
        return visible, horizon

    @staticmethod
    def _join(simplices: list[_Simplex]) -> None:
        """Make simplices that share a ridge neighbours, where they have none yet."""
        open_ridges: dict[frozenset[int], tuple[_Simplex, int]] = {}
        for simplex in simplices:
            for place, corner in enumerate(simplex.corners):
                if simplex.neighbours[place] is not None:
                    continue
                ridge = frozenset(simplex.corners) - {corner}
                if ridge not in open_ridges:
                    open_ridges[ridge] = simplex, place
                    continue
                other, other_place = open_ridges.pop(ridge)
                simplex.neighbours[place], other.neighbours[other_place] = other, simplex

    def _assign(self, rows: Indices, simplices: list[_Simplex]) -> None:
        """Assign every row to one of the simplices that it is strictly above (step 2).

        A row above a removed simplex and outside the grown hull is above a new one: the simplices below it are
        connected, so two of them meet at the horizon, and the new plane there is a positive combination of theirs.
        """
        for simplex in simplices:
            if not len(rows):
                return
            heights = self.points[rows] @ simplex.normal - simplex.height
            above = np.asarray(heights > 0, dtype=bool)
            simplex.above, simplex.heights = rows[above], heights[above]
            rows = rows[~above]


def _spanning(points: Integers) -> list[int]:
    """Choose d + 1 affinely independent rows (step 1), by elimination without fractions."""
    chosen = [0]
    rest = points - points[0]
    for _ in range(points.shape[1]):
        rows, columns = np.nonzero(rest)
        if not len(rows):
            raise InputError(FLAT)
        row, column = int(rows[0]), int(columns[0])
        chosen.append(row)
        pivot = rest[row]
        rest = rest * pivot[column] - np.outer(rest[:, column], pivot)
    return chosen


def _normal(points: Integers) -> Integers:
    """A direction in lowest terms orthogonal to the differences of d points."""
    differences = points[1:] - points[0]
    cofactors = [
        (-1) ** column * determinant(np.delete(differences, column, axis=1)) for column in range(points.shape[1])
    ]
    divisor = gcd(*cofactors)
    return np.array([value // divisor for value in cofactors], dtype=object)


class _Pulling:
    """Cuts normal cones into simplicial ones (step 5); a cone is the set of its rays, which are facets of the hull.

    Attributes:
        stars: the facets of each vertex.
        vertices: the vertices of each facet.
    """

    def __init__(self, stars: dict[int, frozenset[int]], vertices: list[list[int]]) -> None:
        self.stars = stars
        self.vertices = vertices
        self.known: dict[frozenset[int], list[tuple[int, ...]]] = {}

    def pieces(self, rays: frozenset[int], dimension: int) -> list[tuple[int, ...]]:
        """Simplicial cones, rows of rays, that make up the normal cone of a face of the hull."""
        if len(rays) == dimension:
            return [tuple(sorted(rays))]
        if rays not in self.known:
            pulled = min(rays)
            self.known[rays] = [
                (pulled, *piece)
                for wall in self._walls(rays)
                if pulled not in wall
                for piece in self.pieces(wall, dimension - 1)
            ]
        return self.known[rays]

    def _walls(self, rays: frozenset[int]) -> Iterator[frozenset[int]]:
        """The largest faces of a normal cone: the normal cones of the faces of the hull with one dimension more.

        Such a face is spanned by the smaller one and any other of its vertices; its facets are those that both share.
        """
        others = {row for facet in rays for row in self.vertices[facet]}
        shared = {rays & self.stars[row] for row in others} - {rays}
        for wall in shared:
            if not any(wall < other for other in shared):
                yield wall
