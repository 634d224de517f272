"""Hull and normal fan of integer points, without rounding: simplicial cones, each with the vertex that looks along it.

Quickhull (Barber, Dobkin and Huhdanpaa 1996) with integer predicates. A facet is replaced only where a point lies
strictly beyond it, so that coplanar points cost nothing but further simplices of the same facet: the boundary is always
a closed complex of simplices that are not flat. Simplices with one normal are then one facet, and the normal cones of
the vertices are cut by pulling, which looks at incidences alone: neighbours are cut alike where they meet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from theory.errors import InputError
from theory.exact.copositivity import determinant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.arrays import Indices

    Integers = NDArray[np.object_]

__all__ = ["Cones", "exact_normal_fan"]

FLAT = "sources: the samples lie in a subspace, so their hull is flat; remove dependent sources"
"""What is said of points that span fewer dimensions than they have coordinates."""

Cones = tuple[list[list[int]], list[list[int]], list[int]]
"""Generators (R rows of d integers), cones (N rows of d indices into them) and for each cone a row of the points."""


def exact_normal_fan(points: Integers, most_simplices: int | None = None) -> Cones | None:
    """Simplicial cones that cover every direction, on each of which one point is the furthest.

    Args:
        points: (T, d) Python integers; repeated and inner points do no harm.
        most_simplices: give up once the boundary of the hull has more; never, if not given.

    Returns:
        The facet normals in lowest terms, the cones and for each cone the row of the point p with p.w >= every other
        on it; None where the hull has too many simplices.

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
    # A corner of the complex is a vertex of the hull if its facets have no other corner in common.
    stars = {
        row: frozenset(facets)
        for row, facets in facets_of.items()
        if len(frozenset.intersection(*(corners[facet] for facet in facets))) == 1
    }
    pulling = _Pulling(stars, [[row for row in rows if row in stars] for rows in corners])
    cones, owners = [], []
    for row, star in stars.items():
        pieces = pulling.pieces(star, points.shape[1])
        cones += [list(piece) for piece in pieces]
        owners += [row] * len(pieces)
    return normals, cones, owners


class _Simplex:
    """A simplex of the boundary: {normal.y = height}, the hull below it.

    Attributes:
        corners: its d rows;  beyond: for each corner the neighbour across the ridge without it.
        outside: rows strictly above it that are its own to deal with;  heights: how far above.
    """

    __slots__ = ("beyond", "corners", "height", "heights", "normal", "outside")

    def __init__(self, corners: tuple[int, ...], normal: Integers, height: int) -> None:
        self.corners = corners
        self.normal = normal
        self.height = height
        self.beyond: list[_Simplex | None] = [None] * len(corners)
        self.outside: Indices = np.empty(0, dtype=np.intp)
        self.heights: Integers = np.empty(0, dtype=object)


class _Hull:
    """The boundary of a hull that grows by its furthest points."""

    def __init__(self, points: Integers, start: list[int]) -> None:
        self.points = points
        self.size = len(start)
        # An inner point, times the number of corners it is the middle of.
        self.middle = points[start].sum(axis=0)
        # A dict for its order: the same points give the same cones in every run.
        self.living: dict[_Simplex, None] = {}
        first = [self._simplex(tuple(row for row in start if row != left_out)) for left_out in start]
        self._join(first)
        self._hand_out(np.setdiff1d(np.arange(len(points)), start), first)

    @classmethod
    def around(cls, points: Integers, most_simplices: int | None = None) -> _Hull | None:
        """The whole hull, or None where it is too large."""
        hull = cls(points, _spanning(points))
        waiting = list(hull.living)
        while waiting:
            simplex = waiting.pop()
            if simplex in hull.living and len(simplex.outside):
                waiting += hull._grow(simplex)
            if most_simplices is not None and len(hull.living) > most_simplices:
                return None
        return hull

    def facets(self) -> tuple[list[list[int]], list[frozenset[int]]]:
        """The facets' normals in lowest terms, and the corners of the simplices that make up each."""
        corners: defaultdict[tuple[int, ...], set[int]] = defaultdict(set)
        for simplex in self.living:
            corners[tuple(simplex.normal)].update(simplex.corners)
        return [list(normal) for normal in corners], [frozenset(rows) for rows in corners.values()]

    def _simplex(self, corners: tuple[int, ...]) -> _Simplex:
        normal = _normal(self.points[list(corners)])
        height = int(normal @ self.points[corners[0]])
        if normal @ self.middle > self.size * height:
            normal, height = -normal, -height
        simplex = _Simplex(corners, normal, height)
        self.living[simplex] = None
        return simplex

    def _grow(self, simplex: _Simplex) -> list[_Simplex]:
        """Take in the furthest point above a simplex; the new simplices."""
        apex = int(simplex.outside[simplex.heights.argmax()])
        seen, horizon = self._seen_from(apex, simplex)
        made = []
        for inner, place in horizon:
            outer = inner.beyond[place]
            assert outer is not None
            ridge = inner.corners[:place] + inner.corners[place + 1 :]
            fresh = self._simplex((*ridge, apex))
            fresh.beyond[-1] = outer
            outer.beyond[outer.beyond.index(inner)] = fresh
            made.append(fresh)
        self._join(made)
        orphans = np.concatenate([old.outside for old in seen])
        for old in seen:
            del self.living[old]
        self._hand_out(orphans[orphans != apex], made)
        return made

    def _seen_from(self, apex: int, start: _Simplex) -> tuple[list[_Simplex], list[tuple[_Simplex, int]]]:
        """Simplices strictly below a point, and the ridges round them (simplex, place of the corner across)."""
        point = self.points[apex]
        below = {start: True}
        seen, horizon = [start], []
        for simplex in seen:  # which grows as it is gone through
            for place, other in enumerate(simplex.beyond):
                assert other is not None
                if other not in below:
                    below[other] = bool(other.normal @ point > other.height)
                    if below[other]:
                        seen.append(other)
                if not below[other]:
                    horizon.append((simplex, place))
        return seen, horizon

    @staticmethod
    def _join(simplices: list[_Simplex]) -> None:
        """Make neighbours of simplices that share a ridge, where they have none yet."""
        open_ridges: dict[frozenset[int], tuple[_Simplex, int]] = {}
        for simplex in simplices:
            for place, corner in enumerate(simplex.corners):
                if simplex.beyond[place] is not None:
                    continue
                ridge = frozenset(simplex.corners) - {corner}
                if ridge not in open_ridges:
                    open_ridges[ridge] = simplex, place
                    continue
                other, other_place = open_ridges.pop(ridge)
                simplex.beyond[place], other.beyond[other_place] = other, simplex

    def _hand_out(self, rows: Indices, simplices: list[_Simplex]) -> None:
        """Give every row to a simplex that it is strictly above; those above none are inside for good.

        A row above a simplex that was removed and outside the grown hull is above a new one: the simplices that it is
        above hang together, so two of them meet at the horizon, and the new plane there is a positive combination of
        theirs.
        """
        for simplex in simplices:
            if not len(rows):
                return
            heights = self.points[rows] @ simplex.normal - simplex.height
            above = np.asarray(heights > 0, dtype=bool)
            simplex.outside, simplex.heights = rows[above], heights[above]
            rows = rows[~above]


def _spanning(points: Integers) -> list[int]:
    """Choose d + 1 rows that are affinely independent, by elimination without fractions."""
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
    """The direction in lowest terms, up to its sign, that is orthogonal to d points' differences."""
    differences = points[1:] - points[0]
    cofactors = [
        (-1) ** column * determinant(np.delete(differences, column, axis=1)) for column in range(points.shape[1])
    ]
    divisor = gcd(*cofactors)
    return np.array([value // divisor for value in cofactors], dtype=object)


class _Pulling:
    """Cuts normal cones into simplicial ones; a cone is the set of its rays, which are facets of the hull.

    Attributes:
        stars: for each vertex its facets;  vertices: for each facet its vertices.
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
        """The largest faces of a normal cone: the normal cones of the faces with one dimension more.

        Such a face is spanned by this one and any other of its vertices, so its facets are those that the two share.
        """
        others = {row for facet in rays for row in self.vertices[facet]}
        shared = {rays & self.stars[row] for row in others} - {rays}
        for wall in shared:
            if not any(wall < other for other in shared):
                yield wall
