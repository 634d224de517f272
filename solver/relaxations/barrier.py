"""One small semidefinite program, solved many thousand times: the relaxed neuron that earns most.

    maximise tr(Y P)   subject to   tr P = 1,   P positive semidefinite,   tr(A_k P) >= 0 for k = 1..p,

with P of order one more than there are sources, and hundreds of products A_k. Its dual

    minimise lambda   subject to   lambda - Y - sum_k N_k A_k positive semidefinite,   N >= 0,

is an upper bound whatever the N, which is all that a proof takes from here. General conic solvers take five times as
long with 10 sources or more, and fifteen to twenty-five times with 20. The matrices are so small that LAPACK is called
directly: what numpy does around it takes as long. A primal-dual interior-point method:

1. Start at P = 1 / order, equal N, and a lambda that makes the dual slack S positive definite.
2. Scale so that P and S are one diagonal matrix (Nesterov and Todd).
3. Factor the linear system, in P: of order (d + 1)(d + 2) / 2, however many the products are.
4. Predict: the step towards zero complementarity, and how much of it would be left.
5. Correct: the step towards the centre at that share, to second order (Mehrotra).
6. Go most of the way to the boundary, in P and in the dual, and go back to 2.
7. End where complementarity is small enough or lambda is, and compute the bound from the N of the least lambda.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dgesdd, dpotrf, dpotrs, dsyevd, dtrtri

from theory.arrays import Array, Mask


@dataclass(frozen=True)
class RelaxationBarrierTolerances:
    """How the interior-point method starts, steps and ends."""

    steps: int = 60  # about ten are usual
    slack: float = 0.05  # least starting value, over the order of P
    multiplier: float = 1e-2  # starting value of every N, over the largest eigenvalue of Y
    least_eigenvalue: float = 1e-1  # starting value of that of the dual slack, in the same unit
    to_boundary: tuple[float, float] = (0.95, 0.98)  # share of the way a step may go: far from the centre, near it
    near: float = 0.1  # share of the gap that a step need not leave for the centre to count as near
    least_centre: float = 1e-6  # share of the gap that a step aims at, at least
    stalled: float = 1e-4  # a shorter step is the last: rounding has been reached
    ridge: float = 1e-14  # relative, added to a system that rounding made indefinite; then ten thousand times it
    active: float = 0.3  # a product takes part in the proof if its N is larger than this times its slack


BARRIER = RelaxationBarrierTolerances()


class Triangle:
    """Symmetric matrices of one order as vectors of their upper triangles; inner products are kept.

    Example:
        >>> triangle = Triangle(3)
        >>> matrix = np.arange(9.0).reshape(3, 3) + np.arange(9.0).reshape(3, 3).T
        >>> bool(np.isclose(triangle.vector(matrix) @ triangle.vector(matrix), (matrix**2).sum()))
        True
        >>> np.allclose(triangle.matrix(triangle.vector(matrix)), matrix)
        True
    """

    def __init__(self, order: int) -> None:
        self.order = order
        self.upper, self.lower = np.triu_indices(order)
        self.stretch = np.where(self.upper == self.lower, 1.0, 2**0.5)
        self.place = np.zeros((order, order), dtype=np.intp)
        self.place[self.upper, self.lower] = self.place[self.lower, self.upper] = np.arange(len(self.upper))
        self._flat = self.upper * order + self.lower
        self._half = np.outer(self.stretch, self.stretch) / 2
        ends = self.upper, self.lower
        # Where the four factors of an entry of a congruence stand in its matrix.
        (self._uu, self._ul), (self._lu, self._ll) = ([a[:, None] * order + b for b in ends] for a in ends)

    def vector(self, matrix: Array) -> Array:
        """(N,) the vector of a symmetric matrix."""
        return np.asarray(matrix.take(self._flat) * self.stretch)

    def matrix(self, vector: Array) -> Array:
        """(order, order) the symmetric matrix of a vector."""
        return np.asarray((vector / self.stretch).take(self.place))

    def products(self, first: Array, second: Array) -> Array:
        """(p, N) the vectors of (a c' + c a') / 2 for rows a, c."""
        products = first[:, self.upper] * second[:, self.lower]
        products += first[:, self.lower] * second[:, self.upper]
        return np.asarray(products * (self.stretch / 2))

    def congruence(self, matrix: Array) -> Array:
        """(N, N) the map P -> W P W for a symmetric W."""
        product = matrix.take(self._uu) * matrix.take(self._ll)
        product += matrix.take(self._ul) * matrix.take(self._lu)
        product *= self._half
        return np.asarray(product)


@dataclass(frozen=True)
class Relaxed:
    """The solution of the program, as far as it was solved."""

    neuron: Array  # (n, n) P
    weights: Array  # (p,) N, nonnegative
    active: Mask  # (p,) whether each product takes part in the proof
    bound: float  # the largest eigenvalue of Y + sum_k N_k A_k: the value of the program is at most that


def most_valuable(
    triangle: Triangle, worth: Array, products: Array, accuracy: float, target: float = -np.inf
) -> Relaxed:
    """Solve the program.

    Args:
        triangle: of the order n of P.
        worth: (n, n) Y.
        products: (p, N) the vectors of the A_k.
        accuracy: gap to stop at, relative to the largest eigenvalue of Y.
        target: a bound that is good enough, wherever the optimum may be.

    Example:
        >>> relaxed = most_valuable(Triangle(2), np.diag([2.0, 1]), np.array([[-1.0, 0, 1]]), 1e-8)  # P_22 >= P_11
        >>> round(relaxed.bound, 6)
        1.5
    """
    scale = max(float(np.abs(np.linalg.eigvalsh(worth)[[0, -1]]).max()), np.finfo(float).tiny ** 0.5)
    point = _BarrierPoint.start(triangle, worth / scale, products)
    level, weights = point.level, point.dual
    for _ in range(BARRIER.steps):
        if point.gap <= accuracy or (point.level <= target / scale and point.gap < 1):
            break
        try:
            point, longest = point.step()
        except np.linalg.LinAlgError:
            break
        if point.level < level:
            level, weights = point.level, point.dual
        if longest < BARRIER.stalled:
            break
    bound = float(np.linalg.eigvalsh(worth + triangle.matrix((weights * scale) @ products))[-1])
    return Relaxed(point.primal, weights * scale, point.dual > BARRIER.active * point.slack, bound)


@dataclass(frozen=True)
class _BarrierPoint:
    """An iterate: P with the slacks of the products, N with lambda and the slack S of the dual, which is feasible."""

    triangle: Triangle
    products: Array
    primal: Array
    slack: Array
    dual: Array
    level: float
    dual_slack: Array

    @classmethod
    def start(cls, triangle: Triangle, worth: Array, products: Array) -> _BarrierPoint:
        order = triangle.order
        primal = np.eye(order) / order
        slack = np.maximum(products @ triangle.vector(primal), BARRIER.slack / order)
        dual = np.full(len(products), BARRIER.multiplier)
        form = worth + triangle.matrix(dual @ products)
        level = float(np.linalg.eigvalsh(form)[-1]) + BARRIER.least_eigenvalue
        return cls(triangle, products, primal, slack, dual, level, level * np.eye(order) - form)

    @cached_property
    def missing(self) -> Array:
        """(p,) by how much the slacks of the products are not those of P."""
        return np.asarray(self.products @ self.triangle.vector(self.primal) - self.slack)

    @cached_property
    def complementarity(self) -> float:
        """The sum of all products of primal and dual slacks."""
        return float(self.slack @ self.dual + np.vdot(self.primal, self.dual_slack))

    @property
    def gap(self) -> float:
        """Complementarity, and how far P is from the slacks that are ascribed to it."""
        return float(max(self.complementarity, np.abs(self.missing).max(initial=0.0)))

    def step(self) -> tuple[_BarrierPoint, float]:
        """The next point, by predictor and corrector, and the length of the shorter of its primal and its dual step."""
        frame = _Frame.of(self)  # steps 2 and 3
        total = len(self.slack) + self.triangle.order
        centre = self.complementarity / total
        squares = np.diag(frame.diagonal**2)
        flat = -self.slack * self.dual
        # step 4
        foreseen = frame.direction(-squares, flat)
        first, second = (min(1.0, length) for length in frame.lengths(foreseen))
        remaining = min((self._after(foreseen, first, second).complementarity / total / centre) ** 3, 1.0)
        # step 5
        aim = max(remaining, BARRIER.least_centre) * centre
        both = (frame.to @ foreseen.primal @ frame.to.T) @ (frame.back.T @ foreseen.dual_slack @ frame.back)
        curved = (both + both.T) / -2 - squares
        curved.flat[:: self.triangle.order + 1] += aim
        change = frame.direction(curved, flat + aim - foreseen.slack * foreseen.dual)
        # step 6
        share = BARRIER.to_boundary[bool(remaining <= BARRIER.near)]
        first, second = (min(1.0, share * length) for length in frame.lengths(change))
        after = self._after(change, first, second)
        if not np.isfinite(after.complementarity):
            raise np.linalg.LinAlgError("a step that is not finite")
        return after, min(first, second)

    def _after(self, change: _Change, first: float, second: float) -> _BarrierPoint:
        return _BarrierPoint(
            self.triangle,
            self.products,
            self.primal + first * change.primal,
            self.slack + first * change.slack,
            self.dual + second * change.dual,
            self.level + second * change.level,
            self.dual_slack + second * change.dual_slack,
        )


class _Change(NamedTuple):
    """What a step adds to the parts of a point."""

    primal: Array
    slack: Array
    dual: Array
    level: float
    dual_slack: Array


@dataclass(frozen=True)
class _Frame:
    """The coordinates of Nesterov and Todd about a point, in which P and S are one diagonal matrix; and its system."""

    point: _BarrierPoint
    to: Array  # (n, n) P is to P to' in these coordinates
    back: Array  # (n, n) S is back' S back in these coordinates
    diagonal: Array  # (n,) both of them
    factor: Array  # of the linear system of all steps from here
    trace: Array
    along: Array  # its solution for the trace

    @classmethod
    def of(cls, point: _BarrierPoint) -> _Frame:
        triangle = point.triangle
        lower, upper = _cholesky(point.primal), _cholesky(point.dual_slack)
        _, diagonal, right, failed = dgesdd(upper.T @ lower)
        inverse, singular = dtrtri(lower, lower=1)
        if failed or singular:
            raise np.linalg.LinAlgError("no singular values")
        size = np.sqrt(diagonal)
        to, back = (right * size[:, None]) @ inverse, lower @ (right.T / size)
        weighted = point.products * np.sqrt(point.dual / point.slack)[:, None]
        # Both are symmetric, and the second has its lower triangle alone.
        factor = _factor(triangle.congruence(to.T @ to).T + dsyrk(1.0, weighted.T, lower=1))
        trace = triangle.vector(np.eye(triangle.order))
        return cls(point, to, back, diagonal, factor, trace, _solved(factor, trace))

    @cached_property
    def means(self) -> Array:
        """(n, n) of two entries of the diagonal."""
        return (self.diagonal[:, None] + self.diagonal) / 2

    @cached_property
    def inverse_roots(self) -> Array:
        """(n, n) one over the roots of the products of two entries of the diagonal."""
        roots = np.sqrt(self.diagonal)
        return 1 / (roots[:, None] * roots)

    def direction(self, curved: Array, flat: Array) -> _Change:
        """The step that solves both complementarities, to first order, for the right sides (n, n) and (p,)."""
        point, triangle = self.point, self.point.triangle
        half = self.to.T @ (curved / self.means) @ self.to
        sides = ((flat - point.dual * point.missing) / point.slack) @ point.products + triangle.vector(half)
        free = _solved(self.factor, sides)
        level = float(self.trace @ free) / float(self.trace @ self.along)
        vector = free - level * self.along
        slack = point.products @ vector + point.missing
        dual = (flat - point.dual * slack) / point.slack
        # Not from the scaled equation: rounding would part S from what N and lambda say.
        dual_slack = -triangle.matrix(dual @ point.products)
        dual_slack.flat[:: triangle.order + 1] += level
        return _Change(triangle.matrix(vector), slack, dual, level, dual_slack)

    def lengths(self, change: _Change) -> tuple[float, float]:
        """How far the primal and the dual step may go until something is no longer positive."""
        primal = _least_eigenvalue((self.to @ change.primal @ self.to.T) * self.inverse_roots)
        dual = _least_eigenvalue((self.back.T @ change.dual_slack @ self.back) * self.inverse_roots)
        primal = min(primal, (change.slack / self.point.slack).min(initial=0.0))
        dual = min(dual, (change.dual / self.point.dual).min(initial=0.0))
        return -1 / min(primal, -np.finfo(float).tiny), -1 / min(dual, -np.finfo(float).tiny)


def _cholesky(matrix: Array) -> Array:
    """The lower triangular factor of a symmetric matrix."""
    factor, failed = dpotrf(matrix.T, lower=1, clean=1)
    if failed:
        raise np.linalg.LinAlgError("a matrix that is not positive definite")
    return np.asarray(factor)


def _least_eigenvalue(matrix: Array) -> float:
    """Of a matrix that is symmetric up to rounding."""
    values, _, failed = dsyevd(matrix.T, compute_v=0, lower=1)
    if failed:
        raise np.linalg.LinAlgError("no eigenvalues")
    return float(values[0])


def _factor(system: Array) -> Array:
    """The Cholesky factor (its lower triangle) of a positive definite matrix, or of one that is so but for rounding."""
    for ridge in (0.0, BARRIER.ridge, 1e4 * BARRIER.ridge):
        shifted = np.asfortranarray(system + np.diag(ridge * np.diag(system))) if ridge else system
        factor, failed = dpotrf(shifted, lower=1)
        if not failed:
            return np.asarray(factor)
    raise np.linalg.LinAlgError("a linear system that is not positive definite")


def _solved(factor: Array, side: Array) -> Array:
    return np.asarray(dpotrs(factor, side, lower=1)[0])
