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
from typing import NamedTuple

import numpy as np
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dpotrf, dpotrs, dsyevd, dtrtri

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
        self.trace = self.vector(np.eye(order))
        self._half = np.outer(self.stretch, self.stretch) / 2
        # Where the products of two entries that make up an entry of a congruence stand among all of its matrix.
        upper, lower = (self.place[ends] for ends in (self.upper, self.lower))
        count = len(self.upper)
        self._straight = upper[:, self.upper] * count + lower[:, self.lower]
        self._crossed = upper[:, self.lower] * count + lower[:, self.upper]

    def vector(self, matrix: Array) -> Array:
        """(N,) the vector of a symmetric matrix."""
        return np.asarray(matrix.take(self._flat) * self.stretch)

    def matrix(self, vector: Array) -> Array:
        """(order, order) the symmetric matrix of a vector."""
        return np.asarray((vector / self.stretch).take(self.place))

    def products(self, first: Array, second: Array) -> Array:
        """(p, N) the vectors of (a c' + c a') / 2 for rows a, c; each column lies in one piece of memory."""
        one, other = np.ascontiguousarray(first.T), np.ascontiguousarray(second.T)
        products = one[self.upper] * other[self.lower]
        products += one[self.lower] * other[self.upper]
        products *= self.stretch[:, None] / 2
        return np.asarray(products.T)

    def congruence(self, matrix: Array) -> Array:
        """(N, N) the map P -> W P W for a symmetric W."""
        entries = matrix.take(self._flat)
        pairs = np.multiply.outer(entries, entries)
        product = pairs.take(self._straight)
        product += pairs.take(self._crossed)
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
    point = _BarrierPoint.start(triangle, worth / scale, products)  # step 1
    level, weights = point.level, point.dual
    for _ in range(BARRIER.steps):
        if point.gap <= accuracy or (point.level <= target / scale and point.gap < 1):  # step 7
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


class _BarrierPoint(NamedTuple):
    """An iterate: P with the slacks of the products, N with lambda and the slack S of the dual, which is feasible."""

    triangle: Triangle
    products: Array
    primal: Array
    slack: Array
    dual: Array
    level: float
    dual_slack: Array
    missing: Array  # (p,) by how much the slacks of the products are not those of P
    complementarity: float  # the sum of all products of primal and dual slacks

    @classmethod
    def of(
        cls,
        triangle: Triangle,
        products: Array,
        *,
        primal: Array,
        slack: Array,
        dual: Array,
        level: float,
        dual_slack: Array,
    ) -> _BarrierPoint:
        missing = products @ triangle.vector(primal) - slack
        complementarity = float(slack @ dual + np.vdot(primal, dual_slack))
        return cls(triangle, products, primal, slack, dual, level, dual_slack, missing, complementarity)

    @classmethod
    def start(cls, triangle: Triangle, worth: Array, products: Array) -> _BarrierPoint:
        order = triangle.order
        primal = np.eye(order) / order
        slack = np.maximum(products @ triangle.vector(primal), BARRIER.slack / order)
        dual = np.full(len(products), BARRIER.multiplier)
        form = worth + triangle.matrix(dual @ products)
        level = float(np.linalg.eigvalsh(form)[-1]) + BARRIER.least_eigenvalue
        dual_slack = level * np.eye(order) - form
        return cls.of(triangle, products, primal=primal, slack=slack, dual=dual, level=level, dual_slack=dual_slack)

    @property
    def gap(self) -> float:
        """Complementarity, and how far P is from the slacks that are ascribed to it."""
        return float(max(self.complementarity, np.abs(self.missing).max(initial=0.0)))

    def step(self) -> tuple[_BarrierPoint, float]:
        """The next point, by predictor and corrector, and the length of the shorter of its primal and its dual step."""
        frame = _Frame.of(self)  # steps 2 and 3
        diagonal, steps = frame.diagonal, slice(None, None, self.triangle.order + 1)
        centre = self.complementarity / (len(self.slack) + self.triangle.order)
        # step 4: in these coordinates the changes of P and S add up to minus the diagonal
        foreseen = frame.direction(-self.triangle.vector(self.dual_slack), -self.slack * self.dual)
        primal = frame.to @ self.triangle.matrix(foreseen.primal) @ frame.to.T
        dual_slack = -primal
        dual_slack.flat[steps] -= diagonal
        values = _eigenvalues(primal * frame.inverse_roots)
        first = min(1.0, _length(values[0], foreseen.slack / self.slack))
        second = min(1.0, _length(-1.0 - values[-1], foreseen.dual / self.dual))
        after = (self.slack + first * foreseen.slack) @ (self.dual + second * foreseen.dual)
        mixed = diagonal @ primal.diagonal()
        after += (1 - second) * (diagonal @ diagonal + first * mixed) - second * (
            mixed + first * np.vdot(primal, primal)
        )
        remaining = min((float(after) / self.complementarity) ** 3, 1.0)
        # step 5
        aim = max(remaining, BARRIER.least_centre) * centre
        both = primal @ dual_slack
        curved = (both + both.T) / -2
        curved.flat[steps] += aim - diagonal**2
        half = frame.to.T @ (curved / frame.means) @ frame.to
        flat = aim - self.slack * self.dual - foreseen.slack * foreseen.dual
        change = frame.direction(self.triangle.vector(half), flat)
        # step 6
        share = BARRIER.to_boundary[bool(remaining <= BARRIER.near)]
        return self._moved(frame, change, share)

    def _moved(self, frame: _Frame, change: _Change, share: float) -> tuple[_BarrierPoint, float]:
        """The point after a change that goes this share of the way to the boundary, and the shorter of its steps."""
        primal = self.triangle.matrix(change.primal)
        # Not from the scaled equation: rounding would part S from what N and lambda say.
        dual_slack = -self.triangle.matrix(change.dual @ self.products)
        dual_slack.flat[:: self.triangle.order + 1] += change.level
        least = _eigenvalues((frame.to @ primal @ frame.to.T) * frame.inverse_roots)[0]
        first = min(1.0, share * _length(least, change.slack / self.slack))
        least = _eigenvalues((frame.back.T @ dual_slack @ frame.back) * frame.inverse_roots)[0]
        second = min(1.0, share * _length(least, change.dual / self.dual))
        after = _BarrierPoint.of(
            self.triangle,
            self.products,
            primal=self.primal + first * primal,
            slack=self.slack + first * change.slack,
            dual=self.dual + second * change.dual,
            level=self.level + second * change.level,
            dual_slack=self.dual_slack + second * dual_slack,
        )
        if not np.isfinite(after.complementarity):
            raise np.linalg.LinAlgError("a step that is not finite")
        return after, min(first, second)


class _Change(NamedTuple):
    """What a step adds to the parts of a point; P as a vector. What it adds to S follows."""

    primal: Array
    slack: Array
    dual: Array
    level: float


class _Frame(NamedTuple):
    """The coordinates of Nesterov and Todd about a point, in which P and S are one diagonal matrix; and its system."""

    point: _BarrierPoint
    to: Array  # (n, n) P is to P to' in these coordinates
    back: Array  # (n, n) S is back' S back in these coordinates
    diagonal: Array  # (n,) both of them
    inverse_roots: Array  # (n, n) one over the roots of the products of two entries of the diagonal
    ratio: Array  # (p,) of N to the slacks of the products
    factor: Array  # of the linear system of all steps from here
    along: Array  # its solution for the trace

    @classmethod
    def of(cls, point: _BarrierPoint) -> _Frame:
        triangle, lower = point.triangle, _cholesky(point.primal)
        squares, vectors, failed = dsyevd(lower.T @ point.dual_slack @ lower, lower=1)
        inverse, singular = dtrtri(lower, lower=1)
        if failed or singular or not squares[0] > 0:
            raise np.linalg.LinAlgError("a slack that is not positive definite")
        diagonal = np.sqrt(squares)
        size = np.sqrt(diagonal)
        to, back = (vectors * size).T @ inverse, lower @ (vectors / size)
        ratio = point.dual / point.slack
        weighted = point.products * np.sqrt(ratio)[:, None]
        # Of the sum there is the lower triangle alone.
        congruence = triangle.congruence(to.T @ to).T
        factor = _factor(dsyrk(1.0, weighted, trans=1, lower=1, beta=1.0, c=congruence, overwrite_c=1))
        along = _solved(factor, triangle.trace)
        return cls(point, to, back, diagonal, 1 / np.multiply.outer(size, size), ratio, factor, along)

    @property
    def means(self) -> Array:
        """(n, n) of two entries of the diagonal."""
        return (self.diagonal[:, None] + self.diagonal) / 2

    def direction(self, half: Array, flat: Array) -> _Change:
        """The step that solves both complementarities, to first order.

        Args:
            half: (N,) what the changes of S and of P, taken to S, are to add up to.
            flat: (p,) what those of the slacks and of N are, each times the other.
        """
        point, trace = self.point, self.point.triangle.trace
        sides = (flat / point.slack - self.ratio * point.missing) @ point.products + half
        free = _solved(self.factor, sides)
        level = float(trace @ free) / float(trace @ self.along)
        vector = free - level * self.along
        slack = point.products @ vector + point.missing
        return _Change(vector, slack, (flat - point.dual * slack) / point.slack, level)


def _cholesky(matrix: Array) -> Array:
    """The lower triangular factor of a symmetric matrix."""
    factor, failed = dpotrf(matrix.T, lower=1, clean=1)
    if failed:
        raise np.linalg.LinAlgError("a matrix that is not positive definite")
    return np.asarray(factor)


def _eigenvalues(matrix: Array) -> Array:
    """(n,) of a matrix that is symmetric up to rounding, in increasing order."""
    values, _, failed = dsyevd(matrix.T, compute_v=0, lower=1)
    if failed:
        raise np.linalg.LinAlgError("no eigenvalues")
    return np.asarray(values)


def _length(least: float, shares: Array) -> float:
    """How far a step may go that changes parts by these shares, and a matrix by one whose least eigenvalue is this."""
    return -1 / min(float(least), float(shares.min(initial=0.0)), -np.finfo(float).tiny)


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
