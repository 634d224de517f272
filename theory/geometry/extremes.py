"""Extreme points of a stream: which of ever more rows need not be kept (docs/mathematics.md, "Streams").

A row that lies in the hull of others changes no support function. Most rows of a stream lie in a ball, a box or a
polytope inside the hull of those before (`Inside`); the extreme ones of the others are found as follows:

1. Keep one row of equal ones, and of columns that depend on others affinely none.
2. In up to five columns Qhull finds the vertices. In more each row is tried by itself (Dulá and Helgason 1996):
3. Begin with rows that are farthest out in some directions: these are extreme.
4. Write the next row as a convex combination of extreme rows by nonnegative least squares. If that works, discard it,
   and the rows after it that lie in the same simplex of d + 1 extreme rows.
5. If not, the residual is a direction along which some undecided row lies farther out than all extreme rows. The
   farthest is extreme: add it, and go on with 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.arrays import Array, Indices, Mask
from theory.errors import InputError
from theory.geometry.polytope import hull_of, in_scale

EXACT_DIMENSION = 5
"""Largest number of sources whose hull and normal fan are always computed: beyond it the fan grows too large."""


@dataclass(frozen=True)
class ExtremesTolerances:
    """When a row lies in a hull, and how it is tried. Distances are in units of the ranges of the columns."""

    few: int = (
        150  # rows in the plane whose corners are found with plain numbers, in less time than Qhull takes to start
    )
    turn: float = 1e-12  # area between two edges in the plane, in units of that of all rows' box, that is not rounding
    boxes: tuple[float, float] = (1e-200, 1e200)  # areas of boxes in which products of differences are numbers
    flat: float = 1e-12  # thickness below which rows lie in a subspace up to rounding
    distance: float = 1e-12  # from a hull, below which a row lies in it
    inside: float = 1e-9  # by how much, relative to its size, a row must lie inside a body to be discarded
    coarse_dimension: int = 7  # up to which the hull of a few rows has few enough facets to measure bodies by
    directions: int = 8  # per dimension, in which the farthest rows are extreme
    members: int = 32  # extreme rows taken at once for a convex combination
    rounds: int = 100  # most times that others are taken; a few are usual
    ahead: int = 1 << 12  # rows compared with one simplex at once
    outside_ball: float = 1 / 16  # share of the rows outside the ball above which all are compared with the box
    most_facets: int = 128  # of the polytope: more take more time than they save
    filter_rows: int = 5_000  # from which on samples deep inside the hull are discarded before Qhull runs
    seed_rows: int = 4_000  # of the subsample that the first bodies are made of
    block_rows: int = 1 << 13  # compared with them at once: they stay in the processor's cache
    far: int = 48  # directions in which samples are farthest out


EXTREMES = ExtremesTolerances()


def distinct_rows(points: Array) -> Indices:
    """Indices, in order, of the first of equal rows of points (n, d).

    Example:
        >>> distinct_rows(np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]])).tolist()
        [0, 1]
    """
    # Sorting one number per row is many times quicker than sorting rows. Different rows may have the same number by
    # chance. It is added up column by column: a product with a vector may round equal rows differently.
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


def extreme_points(points: Array, order: Indices | None = None) -> Array:
    """The rows of points (T, d) that are vertices of their hull, as given.

    Args:
        points: (T, d).
        order: (n,) the rows that count, in an order of their own, on which the order of the vertices depends alone.

    Raises:
        InputError: the points do not span d dimensions.
    """
    dimension = points.shape[1]
    if dimension == 1:
        return np.array([[points.min()], [points.max()]])
    order = np.arange(len(points)) if order is None else order
    candidates = points.take(order, axis=0) if len(order) < EXTREMES.filter_rows else _discard_inner(points, order)
    corners = _corners(candidates) if dimension == 2 and len(candidates) <= EXTREMES.few else None
    if corners is not None:
        return candidates.take(corners, axis=0)
    center, transform = in_scale(candidates)
    hull = hull_of((candidates - center) @ transform)
    return np.asarray(candidates[hull.vertices])


def _corners(points: Array) -> list[int] | None:
    """The corners of points (n, 2), counterclockwise; None where rounding decides which they are.

    Andrew (1979), Inf. Process. Lett. 9, 216-219: go through the points below the line from the first to the last, from
    left to right, then back through those above it, and drop what does not lie to the right of its neighbours.
    """
    rows, (least, most) = points.tolist(), EXTREMES.boxes
    low, high = (pick(y for _, y in rows) for pick in (min, max))
    ordered = sorted([(x, y, place) for place, (x, y) in enumerate(rows)])
    (left, start, _), (right, end, _) = first, last = ordered[0], ordered[-1]
    width, rise = right - left, end - start
    rounding = EXTREMES.turn * width * (high - low)
    if not least < width * (high - low) < most:
        return None
    corners = list[int]()
    below = [row for row in ordered[1:-1] if width * (row[1] - start) < rise * (row[0] - left)]
    above = [row for row in ordered[-2:0:-1] if width * (row[1] - start) > rise * (row[0] - left)]
    for begin, others, finish in ((first, below, last), (last, above, first)):
        chain = [begin]
        for row in [*others, finish]:
            x, y, _ = row
            while len(chain) > 1:
                (a, b, _), (c, d, _) = chain[-2], chain[-1]
                turn = (c - a) * (y - d) - (d - b) * (x - c)
                if turn > rounding:
                    break
                if turn and turn >= -rounding:
                    return None
                chain.pop()
            chain.append(row)
        corners += [place for _, _, place in chain[:-1]]
    return corners if len(corners) > 2 else None


def extreme_rows(points: Array) -> Indices:
    """Indices of distinct rows of points (n, d) whose hull is that of all: its vertices, up to rounding.

    The rows may lie in a subspace, as those of a table sorted by one of its columns do.

    Example:
        >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.5]])
        >>> extreme_rows(square).tolist(), extreme_rows(square[[0, 3, 4]]).tolist()
        ([0, 1, 2, 3], [0, 1])
    """
    # Step 1.
    rows = distinct_rows(points)
    columns = _spanning_columns(points[rows])
    chosen = points[np.ix_(rows, columns)]
    if not len(columns):
        return rows[:1]
    if len(columns) == 1:
        return rows[np.unique([chosen.argmin(), chosen.argmax()])]
    if len(columns) > EXACT_DIMENSION:  # step 2
        return rows[_frame(_standardised(chosen))]
    center, transform = in_scale(chosen)
    try:
        return rows[np.sort(hull_of((chosen - center) @ transform).vertices)]
    except InputError:
        return rows  # flat to Qhull although not by our tolerance: all are kept


def _standardised(points: Array) -> Array:
    """Points about their centre, in units of their ranges; columns that do not vary are zero."""
    lowest, highest = points.min(axis=0), points.max(axis=0)
    reach = highest - lowest
    return np.asarray((points - lowest) / np.where(reach > 0, reach, 1.0) - np.where(reach > 0, 0.5, 0.0))


def _spanning_columns(points: Array) -> Indices:
    """Columns of points (n, d) on which all others depend affinely."""
    from scipy.linalg import qr

    scaled = _standardised(points)
    factor, order = qr(np.linalg.qr(scaled - scaled.mean(axis=0), mode="r"), mode="r", pivoting=True)
    size = np.abs(np.diag(factor))
    rank = int((size > EXTREMES.flat * len(points) ** 0.5).sum())
    return np.sort(order[:rank]).astype(np.intp)


def _frame(points: Array) -> Indices:
    """Indices of rows of distinct points (n, d) whose hull is that of all (steps 3 to 5)."""
    directions = _directions(points.shape[1])
    extreme = list(dict.fromkeys(_farthest(points, direction) for direction in directions))
    undecided = np.ones(len(points), dtype=bool)
    undecided[extreme] = False
    lifted = np.column_stack([points, np.ones(len(points))])
    known = np.empty_like(lifted)  # begins with the extreme rows
    known[: len(extreme)] = lifted[extreme]
    for row in range(len(points)):
        while undecided[row]:
            members, residual = _combination(known[: len(extreme)], lifted[row])
            if residual is None:  # step 4
                undecided[row] = False
                if len(members) == points.shape[1] + 1:
                    others = row + np.flatnonzero(undecided[row : row + EXTREMES.ahead])
                    undecided[others] = ~_in_simplex(lifted[others], known[members])
                continue
            candidates = np.flatnonzero(undecided)  # step 5
            farthest = int(candidates[_farthest(points[candidates], residual[:-1])])
            known[len(extreme)] = lifted[farthest]
            extreme.append(farthest)
            undecided[farthest] = False
    return np.sort(np.array(extreme, dtype=np.intp))


def _directions(dimension: int) -> Array:
    """(n, d) the axes, in both directions, and some random directions."""
    random = np.random.default_rng(0).standard_normal((EXTREMES.directions * dimension, dimension))
    return np.vstack([np.eye(dimension), -np.eye(dimension), random])


def _combination(known: Array, row: Array) -> tuple[Indices, Array | None]:
    """Members of known rows (n, d + 1) that combine to a row (d + 1,), and None; or the residual of the best.

    A few of the known rows are taken at a time: those farthest along the residual of the others.
    """
    from scipy.optimize import nnls

    members = np.argsort(known[:, :-1] @ -row[:-1])[: EXTREMES.members].astype(np.intp)
    residual = row
    for _ in range(EXTREMES.rounds):
        try:
            shares, distance = nnls(known[members].T, row)
        except RuntimeError:  # it does not converge
            break
        residual = row - shares @ known[members]
        if distance <= EXTREMES.distance:
            return members[shares > 0], None
        height = known @ residual
        beyond = np.argsort(-height)[: EXTREMES.members]
        beyond = beyond[height[beyond] > EXTREMES.distance * distance]
        fresh = np.setdiff1d(beyond, members)
        if not len(fresh):
            break
        members = np.concatenate([members[shares > 0], fresh])
    return members, residual


def _farthest(points: Array, direction: Array) -> int:
    """The row farthest out; of several that tie the lexicographically least, which is extreme."""
    height = points @ direction
    ties = np.flatnonzero(height >= height.max() - 4 * np.finfo(float).eps * np.abs(direction).sum())
    return int(ties[np.lexsort(points[ties].T[::-1])[0]])


def _in_simplex(points: Array, corners: Array) -> Mask:
    """(n,) whether points (n, d + 1), with a one at the end, clearly lie in the simplex of corners (d + 1, d + 1)."""
    try:
        shares = np.linalg.solve(corners.T, points.T)
    except np.linalg.LinAlgError:
        return np.zeros(len(points), dtype=bool)
    exact = np.abs(corners.T @ shares - points.T).max(axis=0) <= EXTREMES.distance
    return np.asarray((shares >= 0).all(axis=0) & exact)


@dataclass(frozen=True)
class Inside:
    """A ball, a box and a polytope inside a hull, a little smaller than they could be."""

    radius: float  # of the ball about zero
    center: Array  # (d,) of the box
    scale: Array  # (d,) one over half the sides of the box
    normals: Array  # (f, d) of the polytope ``normals @ y <= height``; there is none where f is zero
    height: Array  # (f,)

    def outside(self, columns: Array, scratch: Array) -> Indices:
        """Indices of points that may lie outside the hull; those with NaN do.

        Args:
            columns: (d, n) points.
            scratch: (2, n) is overwritten. There are two operations per number where the ball holds most points.
        """
        square, one = scratch
        np.multiply(columns[0], columns[0], out=square)
        for column in columns[1:]:
            np.multiply(column, column, out=one)
            np.add(square, one, out=square)
        out = ~(square <= self.radius**2)
        # The ball holds most points of a normal distribution, the box those of a uniform one.
        if np.count_nonzero(out) > len(out) * EXTREMES.outside_ball and np.isfinite(self.scale).all():
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
    """Bodies inside the hull of points (n, d); empty where the hull cannot be computed.

    Example:
        >>> body = inside_of(np.array([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]))
        >>> round(body.radius, 6), body.scale.round(6).tolist()
        (1.0, [1.0, 1.0])
    """
    dimension = points.shape[1]
    lowest, highest = points.min(axis=0), points.max(axis=0)
    center, half = (lowest + highest) / 2, (highest - lowest) / 2
    if dimension == 1 and half[0] > 0:
        return Inside(0.0, center, (1 + EXTREMES.inside) / half, np.empty((0, 1)), np.empty(0))
    try:
        fine, coarse = _measured(points)
    except InputError:
        return Inside(0.0, center, np.full(dimension, np.inf), np.empty((0, dimension)), np.empty(0))
    normals, height = fine
    # The largest box of the ranges' shape about their middle, and the largest ball about zero.
    share = float(((height - normals @ center) / (np.abs(normals) @ half)).min())
    margin = EXTREMES.inside
    scale = (1 + margin) / (share * half) if share > margin else np.full(dimension, np.inf)
    radius = max(0.0, float(height.min()) - margin * float(np.abs(height).max()))
    if len(height) <= EXTREMES.most_facets:
        polytope = normals, height - margin * np.abs(height).max()
    else:
        polytope = coarse if len(coarse[1]) <= EXTREMES.most_facets else (np.empty((0, dimension)), np.empty(0))
    return Inside(radius, center, scale, *polytope)


def _measured(points: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Facets of the hull (of a few rows, in more than five dimensions), and of the hull of a few rows, a little inside.

    Raises:
        InputError: the hull has too many dimensions, or fewer than the space.
    """
    dimension = points.shape[1]
    if not 1 < dimension <= EXTREMES.coarse_dimension or not np.ptp(points, axis=0).all():
        raise InputError("sources: no hull of that many, or of one that does not vary")
    few = _facets(points[np.unique(np.argmax(_directions(dimension) @ points.T, axis=1))])
    normals, height = few
    coarse = normals, height - EXTREMES.inside * np.abs(height).max()
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


def _discard_inner(points: Array, order: Indices) -> Array:
    """Rows that may be extreme: all but those inside simple bodies, and then inside the hull of a few of them."""
    few = points.take(order[:: max(1, len(order) // EXTREMES.seed_rows)], axis=0)
    kept = points.take(_outside_bodies(points, order, few), axis=0)
    if len(kept) < EXTREMES.filter_rows:
        return kept
    center, transform = in_scale(kept)
    columns = np.ascontiguousarray(((kept - center) @ transform).T)
    try:
        normals, height = _facets(_far_points(columns.T))
    except InputError:  # a few that lie far out hide the others
        return kept
    height -= EXTREMES.inside * np.abs(height).max()
    outside = np.zeros(len(kept), dtype=bool)
    for start in range(0, len(kept), EXTREMES.block_rows):
        block = slice(start, start + EXTREMES.block_rows)
        outside[block] = (normals @ columns[:, block] > height[:, None]).any(axis=0)
    return np.asarray(kept[outside])


def _outside_bodies(points: Array, order: Indices, few: Array) -> Indices:
    """The rows, of those in order, outside a ball, a box and a polytope that lie in the hull of a few points."""
    center, transform = in_scale(few, whiten_above=1.0)
    body = inside_of(_far_points(few - center) @ transform)
    outside = np.zeros(len(points), dtype=bool)
    for start in range(0, len(points), EXTREMES.block_rows):
        columns = transform.T @ (points[start : start + EXTREMES.block_rows] - center).T
        outside[start + body.outside(columns, np.empty((2, columns.shape[1])))] = True
    return np.asarray(order[outside.take(order)])


def _far_points(points: Array) -> Array:
    """The points farthest out along a fixed set of directions, in whitened coordinates, and along their columns."""
    center, transform = in_scale(points, whiten_above=1.0)
    sphere = np.random.default_rng(0).standard_normal((points.shape[1], EXTREMES.far))
    columns = np.ascontiguousarray((points - center).T)
    directions = (transform @ sphere).T
    farthest, reached = np.zeros(EXTREMES.far, dtype=np.intp), np.full(EXTREMES.far, -np.inf)
    for start in range(0, len(points), EXTREMES.block_rows):
        heights = directions @ columns[:, start : start + EXTREMES.block_rows]
        best = heights.argmax(axis=1)
        highest = heights[np.arange(EXTREMES.far), best]
        farther = highest > reached
        farthest[farther], reached[farther] = start + best[farther], highest[farther]
    return points[np.unique(np.concatenate([farthest, columns.argmin(axis=1), columns.argmax(axis=1)]))]
