"""Where the cost of a neuron of three sources is one quadratic form: corners, edges and triangles of many hulls.

In coordinates in which a neuron costs f(w) = |w|^2 + h(w)^2, with h(w) the largest v.w over the corners v = -s:

1. Qhull lists the corners of each cloud, and triangles that cover its surface, with their neighbours.
2. A triangle has a ray, the normal of its plane, in the size that costs one: there h is attained at all its corners.
   Of triangles in one plane, side by side, one stands for the facet.
3. An edge has the cone between the rays of its two triangles, on which h is attained at both its ends. Two vectors of
   its plane are such that f(x e1 + y e2) = x^2 + y^2 there.
4. A corner v has the cone of directions in which it is farthest: f(T z) = |z|^2 there, with T = (I + v v')^-1/2.
5. Whether what Qhull listed covers the surface is checked without it: every edge of a triangle is one of exactly one
   other, no corner lies outside the plane of a triangle, and some direction meets exactly one. So many triangles that a
   direction meets are, counted in twos, the same number for every direction: none meets no triangle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.batches.three.matrices import OnFirstAxis, pairs
from theory.arrays import Array, Indices, Mask


@dataclass(frozen=True)
class FaceTolerances:
    """Shares of one."""

    outside: float = 1e-12  # by which a corner may lie outside the plane of a triangle
    narrow: float = 1e-13  # 1 - cosine of the angle of an edge's cone that is no more than a ray


FACES = FaceTolerances()


@dataclass(frozen=True, eq=False)
class Listed:
    """Step 1, of n hulls; what is short repeats the first.

    Attributes:
        corners: (n, V) samples.
        corner_count: (n,).
        triangles: (n, F, 3) the places of their corners in `corners`.
        neighbours: (n, F, 3) the triangle beyond the edge opposite to each corner; -1 where there is none.
        triangle_count: (n,), zero where the cloud is flat, or not finite.
    """

    corners: Indices
    corner_count: Indices
    triangles: Indices
    neighbours: Indices
    triangle_count: Indices

    def chosen(self, which: Indices) -> Listed:
        """Some of them, without places that none needs."""
        corner_count, triangle_count = self.corner_count[which], self.triangle_count[which]
        corners, triangles = int(corner_count.max(initial=1)), int(triangle_count.max(initial=1))
        return Listed(
            self.corners[which, :corners],
            corner_count,
            self.triangles[which, :triangles],
            self.neighbours[which, :triangles],
            triangle_count,
        )


def listed(points: Array) -> Listed:
    """The hulls of clouds (n, T, 3).

    Example:
        >>> corner = np.array([[[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.1, 0.1, 0.1]]])
        >>> listed(corner).corners.tolist(), listed(corner).triangle_count.tolist()
        ([[0, 1, 2, 3]], [4])
    """
    from scipy.spatial import ConvexHull, QhullError

    hulls = []
    nothing = np.zeros((0, 3), dtype=np.intp)
    for cloud in points:
        try:
            hull = ConvexHull(cloud) if np.isfinite(cloud).all() else None
        except QhullError:  # the cloud is flat
            hull = None
        if hull is None:
            hulls.append((nothing[:, 0], nothing, nothing))
            continue
        triangles = np.asarray(hull.simplices)
        used = np.zeros(len(cloud), dtype=np.bool_)
        used[triangles] = True
        corners = np.flatnonzero(used)
        place = np.cumsum(used) - 1
        hulls.append((corners, place[triangles], np.asarray(hull.neighbors)))
    corner_count, triangle_count = (np.array([len(hull[part]) for hull in hulls]) for part in (0, 1))
    corners = np.zeros((len(points), corner_count.max(initial=1)), dtype=np.intp)
    triangles = np.zeros((len(points), triangle_count.max(initial=1), 3), dtype=np.intp)
    neighbours = np.full_like(triangles, -1)
    for row, (own, of_triangles, beyond) in enumerate(hulls):
        corners[row] = own[0] if len(own) else 0
        corners[row, : len(own)] = own
        triangles[row, : len(of_triangles)], neighbours[row, : len(beyond)] = of_triangles, beyond
    return Listed(corners, corner_count, triangles, neighbours, triangle_count)


@dataclass(frozen=True, eq=False)
class Faces(OnFirstAxis):
    """The faces of n hulls.

    Attributes:
        corners: (n, V, 3) v.
        is_corner: (n, V) which are no repetition.
        shrunk: (n, V) c with T = I - c v v'.
        ends: (n, E, 2) the corners of each edge.
        sides: (n, E, 2) its triangles.
        first: (n, E, 3) e1, the ray of one of them.
        second: (n, E, 3) e2.
        cosine: (n, E) of the angle at which, from e1, the cone of the edge ends; one where it is no more than a ray.
        triangles: (n, F, 3) their corners.
        rays: (n, F, 3) of cost one; zero for a repetition.
        facets: (n, F) the triangle that stands for the facet of each.
        worths: (n, 3 E + F, 6) what the entries of Y are multiplied with in e1'Y e1, e1'Y e2, e2'Y e2, and of rays.
        covers: (n,) whether the triangles cover the surface.
    """

    corners: Array
    is_corner: Mask
    shrunk: Array
    ends: Indices
    sides: Indices
    first: Array
    second: Array
    cosine: Array
    triangles: Indices
    rays: Array
    facets: Indices
    worths: Array
    covers: Mask

    @classmethod
    def of(cls, points: Array, hulls: Listed) -> Faces:
        """Steps 2 to 5.

        Args:
            points: (n, T, 3) samples about their mean.
            hulls: their corners and triangles.
        """
        row = np.arange(len(points))[:, None]
        corners = -np.take_along_axis(points, hulls.corners[..., None], axis=1)
        is_corner = np.arange(corners.shape[1]) < hulls.corner_count[:, None]
        real = np.arange(hulls.triangles.shape[1]) < hulls.triangle_count[:, None]
        one, two, three = np.moveaxis(corners[row[..., None], hulls.triangles], 2, 0)
        across = np.cross(two - one, three - one)
        volume = np.where(real, (across * one).sum(axis=-1), 1.0)
        normals = across / volume[..., None]
        heights = (normals @ corners.transpose(0, 2, 1)).max(axis=2)
        size = np.sqrt((normals * normals).sum(axis=-1) + heights * heights)
        rays = np.where(real[..., None], normals / size[..., None], 0.0)
        inside = np.where(real, heights - 1, 0.0).max(axis=1) <= FACES.outside
        edges, places, closed = _edges(hulls, real)
        ends, sides = places
        first, after, end = rays[row, sides[..., 0]], rays[row, sides[..., 1]], corners[row, ends[..., 0]]
        cosine = (first * after).sum(axis=-1) + (end * first).sum(axis=-1) * (end * after).sum(axis=-1)
        wide = edges & (cosine < 1 - FACES.narrow)
        facets = _facets(sides, edges & ~wide, real.shape[1])
        sine = np.sqrt(np.where(wide, 1 - cosine * cosine, 1.0))
        second = np.where(wide[..., None], (after - cosine[..., None] * first) / sine[..., None], 0.0)
        root = np.sqrt(1 + (corners * corners).sum(axis=-1))
        of_edges = pairs(first, first), pairs(first, second), pairs(second, second)
        return cls(
            corners,
            is_corner,
            1 / (root * (1 + root)),
            ends,
            sides,
            first,
            second,
            np.where(wide, cosine, 1.0),
            hulls.triangles,
            rays,
            facets,
            np.concatenate([*of_edges, pairs(rays, rays)], axis=1),
            inside & closed & (_met(one, two, three, volume, real) == 1) & (hulls.triangle_count > 0),
        )

    @property
    def counts(self) -> tuple[int, int, int]:
        """V, E and F."""
        return self.corners.shape[1], self.ends.shape[1], self.rays.shape[1]


def _edges(hulls: Listed, real: Mask) -> tuple[Mask, tuple[Indices, Indices], Mask]:
    """Which edges (n, E) are no repetition, their ends and triangles (n, E, 2), and whether each has two (n,)."""
    problems, count, _ = hulls.triangles.shape
    row = np.arange(problems)[:, None]
    once = ((hulls.neighbours > np.arange(count)[:, None]) & real[..., None]).reshape(problems, -1)
    number = once.sum(axis=1)
    order = np.argsort(~once, axis=1, kind="stable")[:, : max(1, int(number.max(initial=0)))]
    edges = np.arange(order.shape[1]) < number[:, None]
    order = np.where(edges, order, order[:, :1])
    triangle, opposite = order // 3, order % 3
    other = hulls.neighbours[row, triangle, opposite]
    ends = np.stack([hulls.triangles[row, triangle, (opposite + turn) % 3] for turn in (1, 2)], axis=-1)
    corners = hulls.triangles[row, other]
    apart = (corners[..., None] != ends[..., None, :]).all(axis=-1)  # the corner of the other that is no end
    back = np.take_along_axis(hulls.neighbours[row, other], apart.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    matched = ((apart.sum(axis=-1) == 1) & (back == triangle)) | ~edges
    return (
        edges,
        (ends, np.stack([triangle, other], axis=-1)),
        matched.all(axis=1) & (2 * number == 3 * hulls.triangle_count),
    )


def _facets(sides: Indices, flat: Mask, count: int) -> Indices:
    """(n, F) of each triangle the first of those that flat edges (n, E) join it to."""
    row, edge = np.nonzero(flat)
    facets = np.tile(np.arange(count), (len(sides), 1))
    one, other = sides[row, edge].T
    while len(row):
        least = np.minimum(facets[row, one], facets[row, other])
        moved = (facets[row, one] != least) | (facets[row, other] != least)
        np.minimum.at(facets, (row, one), least)
        np.minimum.at(facets, (row, other), least)
        if not moved.any():
            break
    return facets


def _met(one: Array, two: Array, three: Array, volume: Array, real: Mask) -> Array:
    """(n,) how many triangles (n, F, 3) the middle of the largest meets, seen from the mean."""
    place = np.where(real, np.abs(volume), -1.0).argmax(axis=1)[:, None, None]
    middle = sum(np.take_along_axis(corner, place, axis=1) for corner in (one, two, three))
    parts = [(np.cross(*two_of) * middle).sum(axis=-1) for two_of in ((two, three), (three, one), (one, two))]
    return np.asarray((np.all([part * volume > 0 for part in parts], axis=0) & real).sum(axis=1))
