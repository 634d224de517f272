"""Transitions of sources in time, and the recurrent cost of a code (docs/mathematics.md, "Dynamics").

A linear recurrent layer updates the code, ``z(R s) = W_rec z(s) + b_rec`` for each transition R. With the neurons'
weights V on the sources, ``W_rec V = V R``; the cheapest such W_rec is ``V R V^+``, its bias is free, and

    ||W_rec||^2 = tr(G R G^-1 R') = ||N||^2,    N = L'R L'^-1,    G = V'V = L L'
                >= sum_i |lambda_i(R)|^2                           with equality if and only if N is normal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from theory.arrays import Array, ArrayLike
from theory.errors import InputError
from theory.geometry.polytope import hull_of, in_scale
from theory.immutable import Frozen, derived
from theory.inputs import as_array
from theory.sources import CHUNK_ROWS, EXACT_DIMENSION, Sources

STEP_TOLERANCE = 1e-6
"""Share of the sources' ranges by which a step may miss a linear map, or leave the hull: tables have six digits."""


@dataclass(frozen=True, eq=False)
class Transitions(Frozen):
    """Linear maps of samples to their successors, ``s -> centre + R (s - centre) + offset``: one, or one per action.

    Args:
        matrices: (a, d, d) R of each transition, or (d, d) of one.
        offsets: (a, d) zero by default.
        centre: (d,) the mean of the sources by default.
        ends: rows of the sources, counted from 0, that have no successor: where a series ends.

    Raises:
        InputError: other shapes, or numbers that are not finite.

    Source: docs/mathematics.md, "Dynamics".

    Example:
        >>> from theory.problem import Problem
        >>> square = [[1, 1], [-1, 1], [-1, -1], [1, -1]]
        >>> turning = Transitions.from_trajectory(square, periodic=True)
        >>> turning.matrices.round(12).tolist()
        [[[0.0, -1.0], [1.0, 0.0]]]
        >>> round(Problem(square, transitions=turning).recurrence.least, 12)
        2.0
    """

    matrices: Array
    offsets: Array | None = None
    centre: Array | None = None
    ends: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        stack = as_stack(self.matrices)
        count, dimension = len(stack), stack.shape[1]
        offsets = np.zeros((count, dimension)) if self.offsets is None else _rows(self.offsets, "offsets")
        if offsets.shape != (count, dimension):
            raise InputError(
                f"transitions: offsets of shape {offsets.shape} do not fit {count} transition(s) of {dimension} "
                "source(s); give one row per transition"
            )
        centre = None if self.centre is None else _rows(self.centre, "centre")[0]
        if centre is not None and len(centre) != dimension:
            raise InputError(f"transitions: a centre of {len(centre)} numbers does not fit {dimension} source(s)")
        for name, value in (("matrices", stack), ("offsets", offsets), ("centre", centre)):
            object.__setattr__(self, name, value)
        if not all(isinstance(row, int | np.integer) for row in self.ends):
            raise InputError("transitions: ends are whole numbers of rows")
        object.__setattr__(self, "ends", tuple(int(row) for row in self.ends))
        super().__post_init__()

    def __len__(self) -> int:
        return len(self.matrices)

    @property
    def dimension(self) -> int:
        """Number of sources d."""
        return int(self.matrices.shape[1])

    @classmethod
    def from_trajectory(cls, sources: ArrayLike | Sources, *, periodic: bool = False) -> Transitions:
        """The linear map of every row to the next, by least squares.

        Args:
            sources: (T, d) rows in their order in time.
            periodic: whether the first row follows the last. If not, the last row has no successor.

        Raises:
            InputError: a series that no linear map fits, by more than a millionth of the sources' ranges (the message
                says which step misses most), or one too short to determine a map.

        Example:
            >>> turn = Transitions.from_trajectory([[1, 0], [0, 1], [-1, 0], [0, -1]], periodic=True)
            >>> turn.matrices[0].round(9).tolist()
            [[0.0, -1.0], [1.0, 0.0]]
        """
        series = sources if isinstance(sources, Sources) else Sources(sources)
        if not series.from_samples:
            raise InputError(f"sources: known by {series.known_by} alone; a series needs samples, one row per time")
        unit = series.upper - series.lower
        scaled = series.about_mean(series.points) / unit
        before = scaled if periodic else scaled[:-1]
        after = np.roll(scaled, -1, axis=0) if periodic else scaled[1:]
        known = np.column_stack([before, np.ones(len(before))])
        sizes = np.linalg.svd(known, compute_uv=False)
        rank = int((sizes > 1e-9 * sizes[0]).sum())  # singular values below are rounding
        if rank <= series.dimension:
            raise InputError(
                f"sources: {len(before)} step(s) determine a linear map of {series.dimension} source(s) in "
                f"{rank} of {series.dimension + 1} directions only; give a longer series, or the transitions themselves"
            )
        affine = np.linalg.lstsq(known, after, rcond=None)[0]
        missed = np.abs(known @ affine - after)
        step, column = np.unravel_index(int(missed.argmax()), missed.shape)
        if missed[step, column] > STEP_TOLERANCE:
            raise InputError(
                f"sources: no linear map carries this series; at best the step from row {step} to row "
                f"{(step + 1) % series.count} (counted from 0) is missed by {missed[step, column]:.3g} of the range of "
                f"{series.names[column]!r}; give a series with a linear law, or more sources that make it so"
            )
        matrix = affine[:-1].T * unit[:, None] / unit
        ends = () if periodic else (series.count - 1,)
        return cls(matrix[None], affine[-1:] * unit, series.mean, ends)

    def about(self, sources: Sources) -> Array:
        """(a, d) the offsets about the mean of the sources, s -> R s + offset.

        Example:
            >>> square = Sources([[0, 0], [0, 2], [2, 2], [2, 0]])
            >>> Transitions([[[0, -1], [1, 0]]]).about(square).tolist()  # a turn about the mean
            [[0.0, 0.0]]
        """
        assert self.offsets is not None
        if self.centre is None:
            return self.offsets
        moved = -sources.about_mean(self.centre)
        return np.asarray(self.offsets + self.matrices @ moved - moved)

    def moved(self, about: Array, sources: Sources) -> Array:
        """(a, T, d) successors of samples (T, d), all about the mean.

        Example:
            >>> square = Sources([[-1, -1], [-1, 1], [1, 1], [1, -1]])
            >>> Transitions([[[0, -1], [1, 0]]]).moved(square.points, square)[0].tolist()[0]
            [1.0, -1.0]
        """
        return np.asarray(about @ np.swapaxes(self.matrices, 1, 2) + self.about(sources)[:, None])

    def require_fitting(self, sources: Sources) -> None:
        """Refuse transitions that take a sample out of the hull, where a neuron would be negative.

        Raises:
            InputError: which transition takes which row out of the hull, and by how much.

        Example:
            >>> Transitions([[[2.0]]]).require_fitting(Sources([[-1], [1]]))
            Traceback (most recent call last):
            theory.errors.InputError: transitions: transition 0 takes row 0 (counted from 0) out of the hull ...
        """
        if self.dimension != sources.dimension:
            raise InputError(
                f"transitions: of {self.dimension} source(s), but there are {sources.dimension}; give matrices of "
                f"shape ({sources.dimension}, {sources.dimension})"
            )
        if self.ends and not (sources.from_samples and max(self.ends) < sources.count and min(self.ends) >= 0):
            raise InputError(
                f"transitions: a series that ends at row {max(self.ends)} is not that of these {sources.count} samples"
            )
        starts = self._starts(sources)
        for number, images in enumerate(self.moved(starts, sources)):
            distance = outside(images, sources)
            worst = int(distance.argmax())
            if distance[worst] > STEP_TOLERANCE:
                points = sources.about_mean(sources.points)
                row = int(np.abs((points - starts[worst]) / (sources.upper - sources.lower)).max(axis=1).argmin())
                raise InputError(
                    f"transitions: transition {number} takes row {row} (counted from 0) out of the hull of the "
                    f"samples, by {distance[worst]:.3g} of its size, where neurons that code them fall below zero; "
                    "give transitions that take samples to samples, the samples that are missing, or the centre about "
                    "which they are meant, if it is not the mean"
                )

    def _starts(self, sources: Sources) -> Array:
        """(n, d) samples about the mean that have successors: if all have, the extreme ones are enough."""
        if not self.ends:
            return sources.vertices
        rest = np.delete(sources.about_mean(sources.points), list(self.ends), axis=0)
        return np.asarray(np.unique(rest, axis=0))


def outside(points: Array, sources: Sources) -> Array:
    """(n,) distances of points (n, d) about the mean from the hull of the sources, as shares of its size.

    Example:
        >>> outside(np.array([[0.5, 0.5], [2.0, 0.0]]), Sources([[-1, -1], [-1, 1], [1, -1], [1, 1]])).round(9).tolist()
        [0.0, 1.0]
    """
    if sources.dimension == 1:
        low, high = points / sources.lower, points / sources.upper
        return np.asarray(np.maximum(0.0, np.maximum(low, high)[:, 0] - 1))
    if sources.dimension > EXACT_DIMENSION:
        return _distances(points, sources)
    center, transform = in_scale(sources.vertices)
    equations = hull_of((sources.vertices - center) @ transform).equations
    normals, height = equations[:, :-1], equations[:, -1]
    # The activity below zero of a neuron whose mean activity is one and that is zero on a facet.
    depth = normals @ (center @ transform) - height
    result = np.empty(len(points))
    for start in range(0, len(points), CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        result[rows] = (((points[rows] - center) @ transform @ normals.T + height) / depth).max(axis=1)
    return np.maximum(0.0, result)


def _distances(points: Array, sources: Sources) -> Array:
    """`outside` where there are too many facets: by nonnegative least squares, but zero near samples."""
    from scipy.optimize import nnls
    from scipy.spatial import KDTree

    unit = sources.upper - sources.lower
    corners = sources.vertices / unit
    result = KDTree(corners).query(points / unit)[0]
    system = np.vstack([corners.T, np.ones(len(corners))])
    for row in np.flatnonzero(result > STEP_TOLERANCE):
        result[row] = nnls(system, np.append(points[row] / unit, 1.0))[1]
    return np.asarray(result)


@dataclass(frozen=True, eq=False)
class Recurrence(Frozen):
    """The recurrent cost of a code, in one set of coordinates.

    Example:
        >>> shear = Recurrence(np.array([[[1.0, 1.0], [0.0, 1.0]]]), 1.0)
        >>> shear.value(np.diag([1.0, 4.0])), round(shear.least, 6)
        (2.25, 2.0)
    """

    matrices: Array  # (a, d, d) R of each transition
    cost: float  # weight of the squared recurrent weights in the loss
    # (a, d) about the mean, in the coordinates of the sources.
    offsets: Array = field(default_factory=lambda: np.empty((0, 0)))

    def in_coordinates(self, matrix: Array, inverse: Array, unit: float = 1.0) -> Recurrence:
        """The recurrent cost of neurons x = H w, given H and its inverse (d, d), in other units of loss."""
        return Recurrence(inverse.T @ self.matrices @ matrix.T, self.cost / unit)

    @derived
    def least(self) -> float:
        """Sum over transitions of cost sum_i |lambda_i(R)|^2, a lower bound for all codes.

        Rounding may move an eigenvalue by the condition number of the eigenvectors (Bauer and Fike), so that much is
        subtracted. Where all are of one size, as those of rotations, the determinant gives the better bound:
        sum |lambda|^2 >= d |det|^(2 / d).
        """
        from scipy.linalg import matrix_balance

        total = 0.0
        for matrix in self.matrices:
            count, (balanced, _) = len(matrix), matrix_balance(matrix, permute=False)
            values, vectors = np.linalg.eig(balanced)
            sizes = np.linalg.svd(vectors, compute_uv=False)
            rounding = 64 * np.finfo(float).eps * count * np.linalg.norm(balanced)
            moved = rounding * sizes[0] / max(sizes[-1], np.finfo(float).tiny)
            alike = count * abs(float(np.linalg.det(balanced))) ** (2 / count)
            total += max(alike, float((np.maximum(0.0, np.abs(values) - moved) ** 2).sum()))
        return self.cost * total

    def value(self, code: Array) -> float:
        """Sum over transitions of cost tr(G R G^-1 R') of a code's G (d, d), infinite where G is singular."""
        try:
            turned, _ = self._turned(code)
        except np.linalg.LinAlgError:
            return float("inf")
        return self.cost * float((turned**2).sum())

    def gradient(self, code: Array) -> Array:
        """At a code's G (d, d): cost sum_a (R G^-1 R' - G^-1 R'G R G^-1) = L'^-1 (N N' - N'N) L^-1, (d, d).

        It is zero where each N is normal.

        Raises:
            numpy.linalg.LinAlgError: G is singular.
        """
        turned, inverse = self._turned(code)
        other = np.swapaxes(turned, 1, 2)
        half = inverse.T @ (turned @ other - other @ turned).sum(axis=0) @ inverse
        return np.asarray(self.cost * (half + half.T) / 2)

    def curvature(self, code: Array, moves: Array) -> Array:
        """(n, n) second derivatives of the value at a code's G (d, d) along symmetric changes (n, d, d) of it."""
        inverse = np.linalg.inv(code)
        total = np.zeros((len(moves), len(moves)))
        flat = moves.reshape(len(moves), -1)
        near = inverse @ moves @ inverse
        for matrix in self.matrices:
            across = flat @ (matrix @ near @ matrix.T).reshape(len(moves), -1).T
            inner = inverse @ matrix.T @ code @ matrix @ inverse
            bent = flat @ (inner @ moves @ inverse).reshape(len(moves), -1).T
            total += bent + bent.T - across - across.T
        return self.cost * total

    def weights(self, neurons: Array) -> Array:
        """(a, n, n) the cheapest recurrent weights V R V^+ of neurons (n, d)."""
        scale = np.linalg.norm(neurons, axis=0)
        unit = neurons / scale
        return np.asarray(unit @ (self.matrices * scale[:, None] / scale) @ np.linalg.pinv(unit))

    def biases(self, neurons: Array, resting: Array, recurrent: Array) -> Array:
        """(a, n) the biases b_rec of neurons (n, d), with mean activity (n,) and recurrent weights (a, n, n)."""
        return np.asarray(self.offsets @ neurons.T + resting - recurrent @ resting)

    def modular_strengths(self, costs: Array, read: Array, start: Array) -> Array:
        """(d,) x > 0 that minimises sum_i c_i x_i + k_i / x_i + cost sum_ij R_ij^2 x_i / x_j, the best modular code.

        With c, k and x to begin with, (d,) each, this is a geometric program, convex in the logarithms of x: Newton's
        method with halved steps, until the value falls by rounding only.
        """
        steps, decrease = 200, 1e-15  # a dozen steps are usual
        squares = self.cost * (self.matrices**2).sum(axis=0)
        np.fill_diagonal(squares, 0.0)

        def at(logs: Array) -> tuple[float, Array, Array]:
            strengths = start * np.exp(logs)
            energy, decoder = costs * strengths, read / strengths
            flows = squares * strengths[:, None] / strengths
            both = flows + flows.T
            gradient = energy - decoder + flows.sum(axis=1) - flows.sum(axis=0)
            hessian = np.diag(energy + decoder + both.sum(axis=1)) - both
            return float(energy.sum() + decoder.sum() + flows.sum()), gradient, hessian

        logs = np.zeros_like(start)
        value, gradient, hessian = at(logs)
        for _ in range(steps):
            try:
                step = -np.linalg.solve(hessian, gradient)
            except np.linalg.LinAlgError:  # beside so expensive a layer the other terms are rounding
                step = -np.linalg.lstsq(hessian, gradient, rcond=None)[0]
            step /= max(1.0, np.abs(step).max() / 2)  # at most a factor of e^2 at once
            trial = at(logs + step)
            while trial[0] > value * (1 + decrease) and np.abs(step).max() > decrease:
                step /= 2
                trial = at(logs + step)
            fall = value - trial[0]
            if np.abs(trial[1]).max() < np.abs(gradient).max() or fall > 0:
                logs, (value, gradient, hessian) = logs + step, trial
            if fall <= decrease * value:
                break
        return np.asarray(start * np.exp(logs))

    def _turned(self, code: Array) -> tuple[Array, Array]:
        """(a, d, d) N = L'R L'^-1 of each transition, and (d, d) L^-1, where G = L L'."""
        scale = np.sqrt(np.diag(code))
        if not (scale > 0).all():
            raise np.linalg.LinAlgError("singular")
        factor = np.linalg.cholesky(code / np.outer(scale, scale))
        inverse = np.linalg.inv(factor)
        scaled = self.matrices * scale[:, None] / scale
        return np.asarray(factor.T @ scaled @ inverse.T), np.asarray(inverse / scale)


def as_stack(matrices: ArrayLike) -> Array:
    """(a, d, d) matrices of one or several transitions.

    Raises:
        InputError: another shape, or numbers that are not finite.
    """
    stack = as_array(matrices, "transitions")
    stack = stack[None] if stack.ndim == 2 else stack
    if stack.ndim != 3 or not stack.size or stack.shape[1] != stack.shape[2]:
        raise InputError(f"transitions: shape {np.shape(matrices)} is not (a, d, d); give one square matrix each")
    if not np.isfinite(stack).all():
        number, row, column = np.argwhere(~np.isfinite(stack))[0]
        raise InputError(f"transitions: entry ({row}, {column}) of transition {number} is not finite; replace it")
    return stack


def _rows(values: ArrayLike, name: str) -> Array:
    matrix = as_array(values, f"transitions: {name}")
    if not (matrix.ndim in (1, 2) and np.isfinite(matrix).all()):
        raise InputError(f"transitions: {name} are not finite numbers, one row per transition")
    return np.atleast_2d(matrix)
