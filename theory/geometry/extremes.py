"""Extreme points as they come: which of ever more rows need not be kept (docs/mathematics.md, "Streams").

A row that lies in the hull of others changes no support function. In few dimensions Qhull finds those that do not; in
more each row is tried by itself, as a convex combination of rows that are known to be extreme. Most rows of a stream
never come so far, because they lie in a body that is known to be inside the hull.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.errors import InputError
from theory.geometry.polytope import hull_of, in_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.arrays import Array, Indices

__all__ = ["EXACT_DIMENSION", "Inside", "distinct_rows", "extreme_rows", "inside_of"]

EXACT_DIMENSION = 5
"""Largest number of sources whose hull and normal fan are built eagerly: beyond it the fan grows too large."""

FLAT = 1e-12
"""Thickness, in units of the ranges, at which rows count as lying in a subspace: what rounding leaves of one."""

CONTAINED = 1e-12
"""Distance from a hull, in units of the ranges, that counts as none."""

MARGIN = 1e-9
"""By how much, relative to its size, a row must lie inside a body to be dropped without another look."""

COARSE_DIMENSION = 7
"""Largest dimension in which the hull of a few rows has few enough facets to measure a body by."""

DIRECTIONS = 8
"""Directions a dimension in which the rows farthest out are looked for."""

TAKEN_AT_ONCE = 32
"""Known rows that a combination is looked for in at a time."""

ROUNDS = 100
"""Most times that others are taken: a few are enough as a rule."""

LOOKED_AHEAD = 1 << 12
"""Rows that are held against a simplex that was found, at once."""

MANY_LEFT = 1 / 16
"""Share of the rows outside a ball from which on a box is tried on all of them."""

MOST_FACETS = 128
"""Facets of the polytope that rows are held against, one by one: more cost more than they drop."""


def distinct_rows(points: Array) -> Indices:
    """Indices, in order, of the first of every row of points (n, d) that occurs several times.

    Example:
        >>> distinct_rows(np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]])).tolist()
        [0, 1]
    """
    # Sorting one number a row is many times quicker than sorting rows; rows that share it by chance are all kept,
    # unless they are the same. It is added up column by column: a product with a vector may round the same row in two
    # ways, by where it stands.
    key = np.zeros(len(points))
    shares = np.random.default_rng(0).uniform(1, 2, size=(points.shape[1],))
    for column in range(points.shape[1]):
        key += shares[column] * points[:, column]
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    differs = (points != points[first[group]]).any(axis=1)
    differs[first] = True
    kept = np.flatnonzero(differs)
    if len(kept) > len(first):
        kept = np.sort(kept[np.unique(points[kept], axis=0, return_index=True)[1]])
    return kept


def extreme_rows(points: Array) -> Indices:
    """Indices of distinct rows of points (n, d) whose hull is that of all: its vertices, up to rounding.

    The rows may lie in a subspace, as those of a table sorted by one of its columns do.

    Example:
        >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.5]])
        >>> extreme_rows(square).tolist(), extreme_rows(square[[0, 3, 4]]).tolist()
        ([0, 1, 2, 3], [0, 1])
    """
    rows = distinct_rows(points)
    columns = _spanning_columns(points[rows])
    chosen = points[np.ix_(rows, columns)]
    if not len(columns):
        return rows[:1]
    if len(columns) == 1:
        return rows[np.unique([chosen.argmin(), chosen.argmax()])]
    if len(columns) > EXACT_DIMENSION:
        return rows[_frame(_standardised(chosen))]
    center, transform = in_scale(chosen)
    try:
        return rows[np.sort(hull_of((chosen - center) @ transform).vertices)]
    except InputError:
        # Flat to Qhull, but not to `FLAT`: nothing is said of which are extreme, so all are kept.
        return rows


def _standardised(points: Array) -> Array:
    """Points about their centre, in units of their ranges; columns that do not vary are zero."""
    lowest, highest = points.min(axis=0), points.max(axis=0)
    reach = highest - lowest
    return np.asarray((points - lowest) / np.where(reach > 0, reach, 1.0) - np.where(reach > 0, 0.5, 0.0))


def _spanning_columns(points: Array) -> Indices:
    """Columns of points (n, d) on which the others depend affinely, if there are such; else all."""
    from scipy.linalg import qr

    scaled = _standardised(points)
    factor, order = qr(np.linalg.qr(scaled - scaled.mean(axis=0), mode="r"), mode="r", pivoting=True)
    size = np.abs(np.diag(factor))
    rank = int((size > FLAT * len(points) ** 0.5).sum())
    return np.sort(order[:rank]).astype(np.intp)


def _frame(points: Array) -> Indices:
    """Indices of rows of distinct points (n, d) whose hull is that of all, each tried by itself.

    A row is dropped if it is a convex combination of others that are known to be extreme; if it is not, what is left of
    it is a direction in which another row that is extreme lies farthest out. So there are as many trials as rows at
    most (Dulá and Helgason 1996).
    """
    dimension = points.shape[1]
    directions = np.random.default_rng(0).standard_normal((DIRECTIONS * dimension, dimension))
    ways = np.vstack([np.eye(dimension), -np.eye(dimension), directions])
    found = list(dict.fromkeys(_farthest(points, way) for way in ways))
    undecided = np.ones(len(points), dtype=bool)
    undecided[found] = False
    lifted = np.column_stack([points, np.ones(len(points))])
    known = np.empty_like(lifted)  # rows of `found`, at its beginning
    known[: len(found)] = lifted[found]
    for row in range(len(points)):
        while undecided[row]:
            members, left = _combination(known[: len(found)], lifted[row])
            if left is None:
                undecided[row] = False
                if len(members) == dimension + 1:
                    # Those next in turn that lie in the same simplex, all at once.
                    others = row + np.flatnonzero(undecided[row : row + LOOKED_AHEAD])
                    undecided[others] = ~_in_simplex(lifted[others], known[members])
                continue
            candidates = np.flatnonzero(undecided)
            farthest = int(candidates[_farthest(points[candidates], left[:-1])])
            known[len(found)] = lifted[farthest]
            found.append(farthest)
            undecided[farthest] = False
    return np.sort(np.array(found, dtype=np.intp))


def _combination(known: Array, row: Array) -> tuple[Indices, Array | None]:
    """Members of known rows (n, d + 1) that make up a row (d + 1,), and None; or what is left of it, which they cannot.

    What is left is at least as far along itself in the row as in any of the known, and proves that it lies outside.
    A few of the known are taken at a time: those farthest along what is left by the others.
    """
    from scipy.optimize import nnls

    members = np.argsort(known[:, :-1] @ -row[:-1])[:TAKEN_AT_ONCE].astype(np.intp)
    left = row
    for _ in range(ROUNDS):
        try:
            shares, distance = nnls(known[members].T, row)
        except RuntimeError:  # it went round in circles
            break
        left = row - shares @ known[members]
        if distance <= CONTAINED:
            return members[shares > 0], None
        height = known @ left
        beyond = np.argsort(-height)[:TAKEN_AT_ONCE]
        beyond = beyond[height[beyond] > CONTAINED * distance]
        fresh = np.setdiff1d(beyond, members)
        if not len(fresh):
            break
        members = np.concatenate([members[shares > 0], fresh])
    # Without a proof that it lies inside, a row is kept.
    return members, left


def _farthest(points: Array, way: Array) -> int:
    """Of the rows that lie farthest out the least in the order of their columns, which is extreme where several tie."""
    height = points @ way
    ties = np.flatnonzero(height >= height.max() - 4 * np.finfo(float).eps * np.abs(way).sum())
    return int(ties[np.lexsort(points[ties].T[::-1])[0]])


def _in_simplex(points: Array, corners: Array) -> NDArray[np.bool_]:
    """Whether points (n, d + 1), with a one at the end, lie in the simplex of corners (d + 1, d + 1), clearly."""
    try:
        shares = np.linalg.solve(corners.T, points.T)
    except np.linalg.LinAlgError:
        return np.zeros(len(points), dtype=bool)
    exact = np.abs(corners.T @ shares - points.T).max(axis=0) <= CONTAINED
    return np.asarray((shares >= 0).all(axis=0) & exact)


# ---- bodies inside ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inside:
    """A ball, a box and a polytope inside a hull, a little smaller than they could be.

    Attributes:
        radius: of the ball about zero.
        center: (d,) of the box;  scale: (d,) one over half its sides.
        normals: (f, d), height: (f,):  the polytope ``normals @ y <= height``; none where f is zero.
    """

    radius: float
    center: Array
    scale: Array
    normals: Array
    height: Array

    def outside(self, columns: Array, scratch: Array) -> Indices:
        """Indices of those columns (d, n) that may lie outside the hull; what is not a number counts as outside.

        Args:
            columns: (d, n) points.
            scratch: (2, n) room for the work, which is two operations a number where the ball holds most of them.
        """
        square, one = scratch
        np.multiply(columns[0], columns[0], out=square)
        for column in columns[1:]:
            np.multiply(column, column, out=one)
            np.add(square, one, out=square)
        out = ~(square <= self.radius**2)
        # The ball drops most of what thins out, the box what fills its ranges.
        if np.count_nonzero(out) > len(out) * MANY_LEFT and np.isfinite(self.scale).all():
            size = square
            size.fill(0.0)
            for column, middle, scale in zip(columns, self.center, self.scale, strict=True):
                np.subtract(column, middle, out=one)
                np.multiply(one, scale, out=one)
                np.maximum(size, np.abs(one, out=one), out=size)
            out &= ~(size <= 1)
        left = np.flatnonzero(out)
        if len(left) and len(self.height):
            with np.errstate(invalid="ignore"):
                left = left[~(self.normals @ columns.take(left, axis=1) <= self.height[:, None]).all(axis=0)]
        return left


def inside_of(points: Array) -> Inside:
    """Bodies inside the hull of points (n, d); of no size where none is found.

    Example:
        >>> body = inside_of(np.array([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]))
        >>> round(body.radius, 6), body.scale.round(6).tolist()
        (1.0, [1.0, 1.0])
    """
    dimension = points.shape[1]
    lowest, highest = points.min(axis=0), points.max(axis=0)
    center, half = (lowest + highest) / 2, (highest - lowest) / 2
    if dimension == 1 and half[0] > 0:
        return Inside(0.0, center, (1 + MARGIN) / half, np.empty((0, 1)), np.empty(0))
    try:
        fine, coarse = _measured(points)
    except InputError:
        return Inside(0.0, center, np.full(dimension, np.inf), np.empty((0, dimension)), np.empty(0))
    normals, height = fine
    # The largest box of the ranges' shape about their middle, and the largest ball about zero.
    share = float(((height - normals @ center) / (np.abs(normals) @ half)).min())
    scale = (1 + MARGIN) / (share * half) if share > MARGIN else np.full(dimension, np.inf)
    radius = max(0.0, float(height.min()) - MARGIN * float(np.abs(height).max()))
    if len(coarse[1]) > MOST_FACETS:
        coarse = np.empty((0, dimension)), np.empty(0)
    return Inside(radius, center, scale, *coarse)


def _measured(points: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Facets of the hull, as far as it can be had, and facets of the hull of a few rows, a little inside.

    Raises:
        InputError: no hull can be had.
    """
    dimension = points.shape[1]
    if not 1 < dimension <= COARSE_DIMENSION or not np.ptp(points, axis=0).all():
        raise InputError("sources: no hull of that many, or of one that does not vary")
    ways = np.random.default_rng(0).standard_normal((DIRECTIONS * dimension, dimension))
    ways = np.vstack([ways, np.eye(dimension), -np.eye(dimension)])
    few = _facets(points[np.unique(np.argmax(ways @ points.T, axis=1))])
    normals, height = few
    coarse = normals, height - MARGIN * np.abs(height).max()
    return (_facets(points) if dimension <= EXACT_DIMENSION else few), coarse


def _facets(points: Array) -> tuple[Array, Array]:
    """Unit normals (f, d) and heights (f,) of the facets of the points' hull.

    Raises:
        InputError: a flat hull.
    """
    center, transform = in_scale(points)
    hull = hull_of((points - center) @ transform)
    normals = hull.equations[:, :-1] @ transform.T
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return normals, np.einsum("fkd,fd->fk", points[hull.simplices], normals).min(axis=1)
