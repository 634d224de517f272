"""One small semidefinite program, solved many thousand times: the relaxed neuron that earns most.

    maximise tr(Y P)   subject to   tr P = 1,   P positive semidefinite,   tr(A_k P) >= 0 for k = 1..p,

with P of order one more than there are sources, and hundreds of products A_k. Its dual

    minimise lambda   subject to   lambda - Y - sum_k N_k A_k positive semidefinite,   N >= 0,

is an upper bound whatever the N, which is all that a proof takes from here. General conic solvers take five times as
long with 10 sources and fifteen to twenty-five times with 20. A primal-dual interior-point method:

1. Start at P = 1 / order, equal N, and a lambda that makes the dual slack S positive definite.
2. Scale so that P and S are one diagonal matrix (Nesterov and Todd).
3. Factor the linear system, in P: of order (d + 1)(d + 2) / 2, however many the products are.
4. Predict: the step towards zero complementarity, and how much of it would be left.
5. Correct: the step towards the centre at that share, to second order (Mehrotra).
6. Go most of the way to the boundary, in P and in the dual, and go back to 2.
7. End where complementarity is small enough or lambda is, and compute the bound from the N of the least lambda.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dpotrf, dpotrs

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
        self._half = np.outer(self.stretch, self.stretch) / 2

    def vector(self, matrix: Array) -> Array:
        """(N,) the vector of a symmetric matrix."""
        return np.asarray(matrix[self.upper, self.lower] * self.stretch)

    def matrix(self, vector: Array) -> Array:
        """(order, order) the symmetric matrix of a vector."""
        return np.asarray((vector / self.stretch)[self.place])

    def products(self, first: Array, second: Array) -> Array:
        """(p, N) the vectors of (a c' + c a') / 2 for rows a, c."""
        products = first[:, self.upper] * second[:, self.lower]
        products += first[:, self.lower] * second[:, self.upper]
        return np.asarray(products * (self.stretch / 2))

    def congruence(self, matrix: Array) -> Array:
        """(N, N) the map P -> W P W for a symmetric W."""
        upper, lower = matrix[self.upper], matrix[self.lower]
        product = upper[:, self.upper] * lower[:, self.lower]
        product += upper[:, self.lower] * lower[:, self.upper]
        return np.asarray(product * self._half)


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

    @property
    def gap(self) -> float:
        """Complementarity, and how far P is from the slacks that are ascribed to it."""
        infeasible = np.abs(self.products @ self.triangle.vector(self.primal) - self.slack).max(initial=0.0)
        return float(max(self.complementarity, infeasible))

    @property
    def complementarity(self) -> float:
        """The sum of all products of primal and dual slacks."""
        return float(self.slack @ self.dual + (self.primal * self.dual_slack).sum())

    def step(self) -> tuple[_BarrierPoint, float]:
        """The next point, by predictor and corrector, and the length of the shorter of its primal and its dual step."""
        frame = _Frame.of(self)  # steps 2 and 3
        order = self.triangle.order
        total = len(self.slack) + order
        centre = self.complementarity / total
        squares = np.diag(frame.diagonal**2)
        # step 4
        foreseen = frame.direction(-squares, -self.slack * self.dual)
        first, second = (min(1.0, length) for length in frame.lengths(foreseen))
        remaining = min((self._after(foreseen, first, second).complementarity / total / centre) ** 3, 1.0)
        # step 5
        aim = max(remaining, BARRIER.least_centre) * centre
        both = (frame.to @ foreseen.primal @ frame.to.T) @ (frame.back.T @ foreseen.dual_slack @ frame.back)
        curved = aim * np.eye(order) - squares - (both + both.T) / 2
        change = frame.direction(curved, aim - self.slack * self.dual - foreseen.slack * foreseen.dual)
        # step 6
        share = BARRIER.to_boundary[bool(remaining <= BARRIER.near)]
        first, second = (min(1.0, share * length) for length in frame.lengths(change))
        after = self._after(change, first, second)
        if not np.isfinite(after.complementarity):
            raise np.linalg.LinAlgError("a step that is not finite")
        return after, min(first, second)

    def _after(self, change: _Change, first: float, second: float) -> _BarrierPoint:
        return replace(
            self,
            primal=self.primal + first * change.primal,
            slack=self.slack + first * change.slack,
            dual=self.dual + second * change.dual,
            level=self.level + second * change.level,
            dual_slack=self.dual_slack + second * change.dual_slack,
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
    missing: Array  # (p,) by how much the slacks of the products are not those of P

    @classmethod
    def of(cls, point: _BarrierPoint) -> _Frame:
        triangle = point.triangle
        lower, upper = np.linalg.cholesky(point.primal), np.linalg.cholesky(point.dual_slack)
        _, diagonal, right = np.linalg.svd(upper.T @ lower)
        to = (right * np.sqrt(diagonal)[:, None]) @ np.linalg.inv(lower)
        back = lower @ (right.T / np.sqrt(diagonal))
        weighted = point.products * np.sqrt(point.dual / point.slack)[:, None]
        factor = _factor(np.asfortranarray(triangle.congruence(to.T @ to) + dsyrk(1.0, weighted.T, lower=1)))
        trace = triangle.vector(np.eye(triangle.order))
        missing = point.products @ triangle.vector(point.primal) - point.slack
        return cls(point, to, back, diagonal, factor, trace, _solved(factor, trace), missing)

    def direction(self, curved: Array, flat: Array) -> _Change:
        """The step that solves both complementarities, to first order, for the right sides (n, n) and (p,)."""
        point, triangle = self.point, self.point.triangle
        half = self.to.T @ (curved * 2 / (self.diagonal[:, None] + self.diagonal)) @ self.to
        sides = point.products.T @ ((flat - point.dual * self.missing) / point.slack) + triangle.vector(half)
        free = _solved(self.factor, sides)
        level = float(self.trace @ free) / float(self.trace @ self.along)
        vector = free - level * self.along
        slack = point.products @ vector + self.missing
        dual = (flat - point.dual * slack) / point.slack
        # Not from the scaled equation: rounding would part S from what N and lambda say.
        dual_slack = level * np.eye(triangle.order) - triangle.matrix(dual @ point.products)
        return _Change(triangle.matrix(vector), slack, dual, level, dual_slack)

    def lengths(self, change: _Change) -> tuple[float, float]:
        """How far the primal and the dual step may go until something is no longer positive."""
        inverse = 1 / np.sqrt(np.outer(self.diagonal, self.diagonal))
        primal = np.linalg.eigvalsh((self.to @ change.primal @ self.to.T) * inverse)[0]
        dual = np.linalg.eigvalsh((self.back.T @ change.dual_slack @ self.back) * inverse)[0]
        primal = min(primal, (change.slack / self.point.slack).min(initial=0.0))
        dual = min(dual, (change.dual / self.point.dual).min(initial=0.0))
        return -1 / min(primal, -np.finfo(float).tiny), -1 / min(dual, -np.finfo(float).tiny)


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
