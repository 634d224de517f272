"""The hull of the sources and its simplicial normal fan (docs/mathematics.md, "Hull and normal cones").

On the normal cone of a vertex v of conv(-S) the support function is ``h(w) = v.w``, so the cost of a neuron is one
quadratic there. `normal_fan` cuts direction space into simplicial cones, each with its v:

1. Scale the extreme samples, or whiten them where scaling is not enough, and compute the facets by Qhull.
2. If all facets are simplices and every ridge lies in two, cut the normal cones by incidences alone: pulling
   triangulations (`theory.geometry.triangulation`).
3. Else move the facet normals, as points of the polar, outwards by small random amounts. The facets of their hull are
   simplices: a regular triangulation of the faces of the polar, each cut alike from both sides.
4. For each simplex look up the vertex v whose face of the polar it lies in. If the support function is not linear on
   some simplex, repeat 3 with smaller amounts.
5. Transform normals back.

Qhull is not trusted: `NormalFan.covers` proves from incidences and orientations that the cones cover every direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import NamedTuple

import numpy as np

from theory.arrays import Array, Indices
from theory.errors import InputError
from theory.geometry.triangulation import is_closed_complex, pulled_cones


@dataclass(frozen=True)
class HullTolerances:
    """What rounding may do to facets and cones."""

    # Condition number of the scaled second moments above which coordinates are whitened. Below it they are scaled by
    # powers of two, which keeps the facets of grids coplanar.
    condition: float = 1e6
    # Relative sizes of the perturbation in a regular triangulation: above Qhull's rounding, below the angles of data.
    # The largest that works is the most robust.
    perturbations: tuple[float, ...] = (1e-6, 1e-8, 1e-10)
    linear: float = 1e-11  # relative error up to which the support function is linear on a cone
    axis: float = 1e-12  # a smaller share of a generator's largest coordinate is zero
    determinant: float = 1e-12  # of unit generators: beyond it the sign is certain, as rounding is 100 times smaller
    normals: float = 1e-11  # distance of unit normals below which they are of one facet
    some_points: int = 4  # for each source, of whose hull the facets are counted first
    some_facets: float = 0.25  # share of the facets asked about, that a hull of some points may have to be computed
    turns: int = 6  # of the coordinates, in which a hull is sought that rounding hides
    outside: float = 1e-11  # by how much points, of unit size, may lie beyond facets that were merged


QHULL = HullTolerances()


class NormalFan:
    """Simplicial cones that cover R^d, each with the vertex of conv(-S) on which the support function is linear.

    Attributes:
        generators: (R, d) unit vectors along the rays: the facet normals of conv(-S).
        cones: (N, d) indices into the generators.
        vertices: (V, d) the vertices of conv(-S), about the mean.
        vertex_of_cone: (N,) index into the vertices: h(w) = vertices[vertex_of_cone[k]].w on cone k.

    Source: docs/mathematics.md, "Hull and normal cones".
    """

    def __init__(self, generators: Array, cones: Indices, vertices: Array, vertex_of_cone: Indices) -> None:
        self.generators = generators
        self.cones = cones
        self.vertices = vertices
        self.vertex_of_cone = vertex_of_cone

    @property
    def dimension(self) -> int:
        """Number of sources d."""
        return int(self.generators.shape[1])

    def __len__(self) -> int:
        return len(self.cones)

    def covers(self) -> bool:
        """Whether the cones provably cover every direction, from incidences and orientations alone.

        If every ridge belongs to exactly two cones and these lie on opposite sides of it, the map from the complex of
        cones to the sphere covers everything equally often.
        """
        return self._covers

    @cached_property
    def _covers(self) -> bool:
        if self.dimension == 1:
            return bool((self.generators > 0).any() and (self.generators < 0).any())
        return len(self.cones) > 0 and self._is_closed_and_wraps()

    def _is_closed_and_wraps(self) -> bool:
        """Whether the oriented complex of cones has no boundary and goes round the sphere at least once.

        Without a boundary the map to the sphere has a degree: every direction is covered that often, counted with
        orientation. Cones that lie the right way round count up. Those so thin that rounding hides their orientation
        take it from their neighbours; they cannot undo the others if their volume is smaller (volume in the sense of
        the integral of exp(-|w|^2), bounded for a cone with generators W by multiples of |det W|).
        """
        dimension = self.dimension
        cones = np.sort(self.cones, axis=1)
        # In units of each source's own size, so that a source of tiny scale does not make every cone look thin.
        size = np.abs(self.vertices).max(axis=0)
        generators = self.generators * size
        generators /= np.linalg.norm(generators, axis=1, keepdims=True)
        volume = np.linalg.det(generators[cones])
        clear = np.abs(volume) > QHULL.determinant
        orientation = np.where(clear, np.sign(volume), 0.0)
        shared = self._shared_ridges(cones)
        if shared is None:
            return False
        first, second, agree = shared
        while not orientation.all():
            before = np.count_nonzero(orientation)
            for source, target in ((first, second), (second, first)):
                passed = (orientation[source] != 0) & (orientation[target] == 0)
                orientation[target[passed]] = (agree * orientation[source])[passed]
            if np.count_nonzero(orientation) == before:
                return False
        if (orientation[second] != agree * orientation[first]).any():
            return False
        if clear.all():
            return True
        thin = np.flatnonzero(~clear)
        corner = self.vertices[self.vertex_of_cone[thin]] / size
        height = np.einsum("nkd,nd->nk", generators[cones[thin]], corner) / np.linalg.norm(corner, axis=1)[:, None]
        hidden = np.sum((np.abs(volume[thin]) + QHULL.determinant / 100) / height.min(axis=1) ** dimension)
        return bool(height.min() > 0 and np.abs(volume).max() > hidden)

    def _shared_ridges(self, cones: Indices) -> tuple[Indices, Indices, Array] | None:
        """For every ridge its two cones, and +1 or -1 for equal or opposite order of their generators; else None."""
        dimension = self.dimension
        omit = np.array([[j for j in range(dimension) if j != k] for k in range(dimension)])
        ridges = _packed(cones[:, omit].reshape(-1, dimension - 1), len(self.generators))
        # Moving the omitted generator to the front costs k transpositions: the side of the ridge it lies on.
        side = np.tile((-1.0) ** np.arange(dimension), len(cones))
        owner = np.repeat(np.arange(len(cones)), dimension)
        order = np.lexsort(ridges.T[::-1])
        ridges, side, owner = ridges[order], side[order], owner[order]
        if len(ridges) % 2 or (ridges[0::2] != ridges[1::2]).any():
            return None
        if not (ridges[2::2] != ridges[1:-1:2]).any(axis=1).all():
            return None
        return owner[0::2], owner[1::2], -side[0::2] * side[1::2]

    def restricted(self, cones: Indices) -> NormalFan:
        """The fan of some of the cones."""
        return NormalFan(self.generators, self.cones[cones], self.vertices, self.vertex_of_cone[cones])

    def split_along(self, axis: int) -> NormalFan:
        """Cut the cones along the hyperplane w_axis = 0, so that the weight's sign is constant on each.

        The pieces cover what the cones cover; neighbours need not share whole faces.
        """
        generators, cones, owner = self.generators.copy(), self.cones, self.vertex_of_cone
        size = np.abs(generators) * np.abs(self.vertices).max(axis=0)
        generators[size < QHULL.axis * size.max(axis=1, keepdims=True)] = 0.0
        while True:
            weight = generators[cones, axis]
            mixed = (weight.min(axis=1) < 0) & (weight.max(axis=1) > 0)
            if not mixed.any():
                return NormalFan(generators, cones, self.vertices, owner)
            crossed, weight = cones[mixed], weight[mixed]
            row = np.arange(len(crossed))
            low, high = np.argmin(weight, axis=1), np.argmax(weight, axis=1)
            below, above = generators[crossed[row, low]], generators[crossed[row, high]]
            middle = below * above[:, [axis]] - above * below[:, [axis]]
            middle[:, axis] = 0.0
            middle /= np.linalg.norm(middle, axis=1, keepdims=True)
            created = len(generators) + row
            generators = np.concatenate([generators, middle])
            upper, lower = crossed.copy(), crossed.copy()
            upper[row, low] = created
            lower[row, high] = created
            cones = np.concatenate([cones[~mixed], upper, lower])
            owner = np.concatenate([owner[~mixed], owner[mixed], owner[mixed]])

    @cached_property
    def facets(self) -> Array:
        """(R, d) facet normals scaled so that conv(-S) = {y : facets @ y <= 1}."""
        height = np.empty(len(self.generators))
        for start in range(0, len(height), 4096):
            rows = slice(start, start + 4096)
            height[rows] = (self.generators[rows] @ self.vertices.T).max(axis=1)
        return self.generators / height[:, None]


def normal_fan(vertices: Array) -> NormalFan:
    """Simplicial normal fan of conv(-S) from the extreme samples (V, d) about the mean.

    The normal cones do not depend on the origin, so facets and cones are found about the centre of the hull in
    well-scaled coordinates: a mean next to the boundary costs no accuracy.
    """
    mirrored = -vertices
    dimension = mirrored.shape[1]
    if dimension == 1:
        ends = np.array([[mirrored.max()], [mirrored.min()]])
        return NormalFan(np.array([[1.0], [-1.0]]), np.array([[0], [1]]), ends, np.array([0, 1]))
    center, transform = in_scale(mirrored)
    local = (mirrored - center) @ transform
    hull = hull_of(local)  # step 1
    if dimension == 2:
        return _planar_fan(mirrored, local, hull.vertices, transform)
    normals = distinct_normals(hull.equations[:, :-1])
    if len(normals) == len(hull.simplices) and is_closed_complex(hull.simplices):
        # Step 2.
        normals = hull.equations[:, :-1]
        cones, owner = pulled_cones(hull.simplices.astype(np.intp))
    else:
        # Steps 3 and 4.
        corners = local[hull.vertices]
        origin = corners.mean(axis=0)
        height = (normals @ (corners - origin).T).max(axis=1)
        cones, place = _triangulated_polar(normals / height[:, None], corners - origin)
        owner = hull.vertices[place].astype(np.intp)
    return NormalFan(_unit(normals @ transform.T), cones, mirrored, owner)  # step 5


def _unit(rows: Array) -> Array:
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def _triangulated_polar(polar: Array, corners: Array) -> tuple[Indices, Indices]:
    """Cut the faces of the polar {w : corners @ w <= 1} into simplices, with the corner of each (steps 3 and 4).

    Qhull's own triangulation may cut a face shared by two facets in two ways, and `NormalFan.covers` would fail.
    """
    push = np.random.default_rng(0).uniform(size=(len(polar), 1))
    best: tuple[float, Indices, Indices] | None = None
    for size in QHULL.perturbations:
        hull = hull_of(polar * (1 + size * push))
        cones = hull.simplices.astype(np.intp)
        owner = _owners(polar, cones, hull.equations, corners)
        error = float(np.abs(np.einsum("nkd,nd->nk", polar[cones], corners[owner]) - 1).max())
        if best is None or error < best[0]:
            best = error, cones, owner
        if error <= QHULL.linear:
            break
    assert best is not None
    return best[1], best[2]


def _packed(rows: Indices, count: int) -> Indices:
    """Rows of indices below `count` in fewer columns, several per 62-bit integer: quicker to sort."""
    together = max(1, int(62 / np.log2(max(count, 2))))
    blocks = [rows[:, start : start + together] for start in range(0, rows.shape[1], together)]
    return np.column_stack([block @ (count ** np.arange(block.shape[1])[::-1]) for block in blocks])


def _planar_fan(mirrored: Array, local: Array, ring: Indices, transform: Array) -> NormalFan:
    # Qhull lists the corners of a polygon counterclockwise: corner k owns the cone between its two edges' normals.
    edge = np.roll(local[ring], -1, axis=0) - local[ring]
    normals = _unit(np.column_stack([edge[:, 1], -edge[:, 0]]) @ transform.T)
    index = np.arange(len(ring))
    cones = np.column_stack([np.roll(index, 1), index])
    return NormalFan(normals, cones, mirrored, ring.astype(np.intp))


def in_scale(points: Array, *, whiten_above: float = QHULL.condition) -> tuple[Array, Array]:
    """Centre c and matrix T such that (points - c) @ T is well scaled for Qhull."""
    lowest, highest = column_range(points)
    center = (lowest + highest) / 2
    scale = np.exp2(-np.round(np.log2(highest - lowest)))
    local = (points - center) * scale
    values, directions = np.linalg.eigh(local.T @ local / len(local))
    if values[-1] <= whiten_above * values[0]:
        return center, np.diag(scale)
    return center, np.diag(scale) @ directions / np.sqrt(np.maximum(values, values[-1] * 1e-30))


def column_range(matrix: Array) -> tuple[Array, Array]:
    """Least and largest entry (d,) of each column of a matrix (n, d).

    Example:
        >>> [ends.tolist() for ends in column_range(np.array([[1.0, 5.0], [3.0, 4.0]]))]
        [[1.0, 4.0], [3.0, 5.0]]
    """
    # Numpy's reduction over the rows of a narrow matrix is ten times slower.
    columns = matrix.T
    return np.array([column.min() for column in columns]), np.array([column.max() for column in columns])


class Hull(NamedTuple):
    """What Qhull tells of points (V, d)."""

    vertices: Indices  # (n,) the extreme points
    simplices: Indices  # (F, d) the corners of the facets, cut into simplices
    equations: Array  # (F, d + 1) their outward unit normals, and offsets that make points inside negative


def hull_of(points: Array) -> Hull:
    """The hull of points (V, d) of about unit size.

    1. Qhull finds it.
    2. Many points on one facet, but for rounding, may stop it. Then it may merge facets that are far apart: in these
       coordinates, or in turned ones, until it finds a hull that holds all points.

    Raises:
        InputError: the points are flat, or rounding leaves it open which of them are extreme.

    Example:
        >>> hull_of(np.array([[0, 0], [2, 0], [0, 2], [0.5, 0.5]])).vertices.tolist()
        [0, 1, 2]
    """
    from scipy.spatial import ConvexHull, QhullError

    try:
        hull = ConvexHull(points)  # step 1
        return Hull(hull.vertices, hull.simplices, hull.equations)
    except QhullError as error:
        reason = str(error).splitlines()[0]
    dimension, flat = points.shape[1], True
    generator = np.random.default_rng(0)
    for turn in range(QHULL.turns):  # step 2
        axes = np.linalg.qr(generator.standard_normal((dimension, dimension)))[0] if turn else np.eye(dimension)
        try:
            hull = ConvexHull(points @ axes, qhull_options="Q12 Qx" if dimension > 4 else "Q12")
        except QhullError:
            continue
        flat = False
        equations = np.hstack([hull.equations[:, :-1] @ axes.T, hull.equations[:, -1:]])
        if (equations[:, :-1] @ points.T + equations[:, -1:]).max() <= QHULL.outside * np.abs(points).max():
            return Hull(hull.vertices, hull.simplices, equations)
    if flat:
        raise InputError(
            "sources: the samples lie (almost) in a subspace, so their hull is flat; remove dependent sources "
            f"(Qhull: {reason})"
        )
    raise InputError(f"sources: rounding leaves it open which samples are extreme; round the sources (Qhull: {reason})")


def has_more_facets(points: Array, most: float) -> bool:
    """Whether the hull of points (V, d) seems to have more than so many simplices, without computing it.

    1. A hull of so few points that even a cyclic polytope has no more (McMullen 1970) has not.
    2. Else hulls of some of the points are computed, each of twice as many. Between two of them the simplices grow
       like a power of the points, at first that of a cyclic polytope, which falls as the points become more: so the
       last power tells too many rather than too few.
    3. End when what it tells is no more than that, or when the next hull itself would have a good part of so many.

    Example:
        >>> ring = [[f(k * t) for k in (1, 2, 3) for f in (np.cos, np.sin)] for t in np.linspace(0, 6, 300)]
        >>> has_more_facets(np.array(ring), 100_000), has_more_facets(np.array(ring[:20]), 10_000)
        (True, False)
    """
    count, dimension = points.shape
    if _most_facets(count, dimension) <= most:  # step 1
        return False
    center, transform = in_scale(points)
    local = (points - center) @ transform
    local = local[np.random.default_rng(0).permutation(count)]
    before, size = 0, QHULL.some_points * dimension
    next_one = float(_most_facets(size, dimension))
    while size < count and next_one <= QHULL.some_facets * most:  # step 2
        try:
            found = len(hull_of(local[:size]).simplices)
        except InputError:  # some of the points are flat, or rounding is in the way
            found = 0
        growth = _most_facets(2 * size, dimension) / _most_facets(size, dimension)
        if before and found:
            growth = max(found / before, 2.0)
            if found * (count / size) ** np.log2(growth) <= most:  # step 3
                return False
        next_one = growth * (found or next_one)
        before, size = found, 2 * size
    return True


def _most_facets(count: int, dimension: int) -> int:
    """Facets of a cyclic polytope."""
    half = dimension // 2
    if dimension % 2:
        return 2 * comb(count - half - 1, half)
    return comb(count - half, half) + comb(count - half - 1, half - 1)


def distinct_normals(normals: Array) -> Array:
    """Unit facet normals without copies, which come from facets that Qhull has triangulated."""
    from scipy.spatial import cKDTree

    normals = np.unique(normals, axis=0)
    pairs = cKDTree(normals).query_pairs(QHULL.normals, output_type="ndarray")
    keep = np.ones(len(normals), dtype=bool)
    keep[pairs.max(axis=1)] = False
    return normals[keep]


def _owners(polar: Array, cones: Indices, equations: Array, corners: Array) -> Indices:
    """(N,) the corner v with the largest v.w on each cone (step 4).

    A facet {v.a = 1} of the polar is the corner v: look it up among the corners, and where rounding leaves the look-up
    in doubt compare all corners on the middle of the cone.
    """
    from scipy.spatial import cKDTree

    distance, nearest = cKDTree(corners).query(-equations[:, :-1] / equations[:, -1:])
    doubtful = np.flatnonzero(distance > 1e-3 * np.abs(corners).max())
    for rows in np.array_split(doubtful, max(1, len(doubtful) // 1024)):
        nearest[rows] = np.argmax(polar[cones[rows]].sum(axis=1) @ corners.T, axis=1)
    return np.asarray(nearest, dtype=np.intp)
