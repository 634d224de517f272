"""One small semidefinite program, solved many thousand times: the relaxed neuron that earns most.

    maximise tr(Y P)   subject to   tr P = 1,   P positive semidefinite,   tr(A_k P) >= 0 for k = 1..p,

with P of order one more than there are sources, and hundreds of products A_k. Its dual

    minimise lambda   subject to   lambda - Y - sum_k N_k A_k positive semidefinite,   N >= 0,

is an upper bound whatever the N, which is all that a proof takes from here. A primal-dual interior-point method with
the scaling of Nesterov and Todd, its linear system in P: of order (d + 1)(d + 2) / 2, however many the products are.
General conic solvers take five times as long with 10 sources and fifteen to twenty-five times with 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dpotrf, dpotrs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["Relaxed", "Triangle", "most_valuable"]

STEPS = 60
"""Steps at most; about ten are usual."""

SLACK = 0.05
"""Least starting value of a slack, over the order of P."""

MULTIPLIER = 1e-2
"""Starting value of every N, and a tenth of that of the dual's least eigenvalue, over the largest eigenvalue of Y."""

TO_BOUNDARY = (0.95, 0.98)
"""Share of the way to the boundary that a step may go: when the centre is far, and when it is near."""

NEAR = 0.1
"""Share of the gap that a step need not leave for the centre to count as near."""

STALLED = 1e-4
"""A step shorter than this is the last: rounding has been reached."""

RIDGE = 1e-14
"""Relative size of what is added to a linear system that rounding has made indefinite; then ten thousand times it."""

ACTIVE = 0.3
"""A product takes part in the proof if its N is larger than this times its slack."""


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
        found = first[:, self.upper] * second[:, self.lower]
        found += first[:, self.lower] * second[:, self.upper]
        return np.asarray(found * (self.stretch / 2))

    def congruence(self, matrix: Array) -> Array:
        """(N, N) the map P -> W P W for a symmetric W."""
        upper, lower = matrix[self.upper], matrix[self.lower]
        found = upper[:, self.upper] * lower[:, self.lower]
        found += upper[:, self.lower] * lower[:, self.upper]
        return np.asarray(found * self._half)


@dataclass(frozen=True)
class Relaxed:
    """The solution of the program, as far as it was solved.

    Attributes:
        neuron: (n, n) P.
        weights: (p,) N, nonnegative.
        active: (p,) whether each product takes part in the proof.
        bound: the largest eigenvalue of Y + sum_k N_k A_k: the value of the program is at most that.
    """

    neuron: Array
    weights: Array
    active: Mask
    bound: float


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
        >>> found = most_valuable(Triangle(2), np.diag([2.0, 1]), np.array([[-1.0, 0, 1]]), 1e-8)  # P_22 >= P_11
        >>> round(found.bound, 6)
        1.5
    """
    scale = max(float(np.abs(np.linalg.eigvalsh(worth)[[0, -1]]).max()), np.finfo(float).tiny ** 0.5)
    point = _Point.start(triangle, worth / scale, products)
    level, weights = point.level, point.dual
    for _ in range(STEPS):
        if point.gap <= accuracy or (point.level <= target / scale and point.gap < 1):
            break
        try:
            longest = point.step()
        except np.linalg.LinAlgError:
            break
        if point.level < level:
            level, weights = point.level, point.dual
        if longest < STALLED:
            break
    bound = float(np.linalg.eigvalsh(worth + triangle.matrix((weights * scale) @ products))[-1])
    return Relaxed(point.primal, weights * scale, point.dual > ACTIVE * point.slack, bound)


@dataclass
class _Point:
    """An iterate: P with the slacks of the products, N with lambda and the slack S of the dual, which is feasible."""

    triangle: Triangle
    products: Array
    primal: Array
    slack: Array
    dual: Array
    level: float
    dual_slack: Array

    @classmethod
    def start(cls, triangle: Triangle, worth: Array, products: Array) -> _Point:
        order = triangle.order
        primal = np.eye(order) / order
        slack = np.maximum(products @ triangle.vector(primal), SLACK / order)
        dual = np.full(len(products), MULTIPLIER)
        form = worth + triangle.matrix(dual @ products)
        level = float(np.linalg.eigvalsh(form)[-1]) + 10 * MULTIPLIER
        return cls(triangle, products, primal, slack, dual, level, level * np.eye(order) - form)

    @property
    def gap(self) -> float:
        """Complementarity, and how far P is from the slacks that are ascribed to it."""
        infeasible = np.abs(self.products @ self.triangle.vector(self.primal) - self.slack).max(initial=0.0)
        return float(max(self.slack @ self.dual + (self.primal * self.dual_slack).sum(), infeasible))

    def step(self) -> float:
        """Mehrotra's predictor and corrector; the length of the shorter of the primal and the dual step."""
        triangle, order = self.triangle, self.triangle.order
        total = len(self.slack) + order
        centre = float(self.slack @ self.dual + (self.primal * self.dual_slack).sum()) / total
        # In the coordinates of Nesterov and Todd P and S are the same diagonal matrix.
        lower, upper = np.linalg.cholesky(self.primal), np.linalg.cholesky(self.dual_slack)
        _, diagonal, right = np.linalg.svd(upper.T @ lower)
        to = (right * np.sqrt(diagonal)[:, None]) @ np.linalg.inv(lower)
        back = lower @ (right.T / np.sqrt(diagonal))
        scaling = to.T @ to
        weighted = self.products * np.sqrt(self.dual / self.slack)[:, None]
        system = np.asfortranarray(triangle.congruence(scaling) + dsyrk(1.0, weighted.T, lower=1))
        factor = _factor(system)
        trace = triangle.vector(np.eye(order))
        along = _solved(factor, trace)
        missing = self.products @ triangle.vector(self.primal) - self.slack

        def direction(curved: Array, flat: Array) -> tuple[Array, Array, Array, Array, float]:
            """Steps of P, S, slack, N and lambda for right sides of the two complementarities."""
            half = to.T @ (curved * 2 / (diagonal[:, None] + diagonal)) @ to
            sides = self.products.T @ ((flat - self.dual * missing) / self.slack) + triangle.vector(half)
            free = _solved(factor, sides)
            level = float(trace @ free) / float(trace @ along)
            vector = free - level * along
            slack = self.products @ vector + missing
            primal = triangle.matrix(vector)
            dual = (flat - self.dual * slack) / self.slack
            # Not from the scaled equation: rounding would part S from what N and lambda say.
            return primal, level * np.eye(order) - triangle.matrix(dual @ self.products), slack, dual, level

        def lengths(primal: Array, dual_slack: Array, slack: Array, dual: Array) -> tuple[float, float]:
            inverse = 1 / np.sqrt(np.outer(diagonal, diagonal))
            lowest = [
                min(np.linalg.eigvalsh(matrix * inverse)[0], (change / value).min(initial=0.0))
                for matrix, change, value in ((primal, slack, self.slack), (dual_slack, dual, self.dual))
            ]
            return -1 / min(lowest[0], -1e-300), -1 / min(lowest[1], -1e-300)

        squares = np.diag(diagonal**2)
        primal, dual_slack, slack, dual, level = direction(-squares, -self.slack * self.dual)
        scaled, dual_scaled = to @ primal @ to.T, back.T @ dual_slack @ back
        first, second = (min(1.0, length) for length in lengths(scaled, dual_scaled, slack, dual))
        after = float((self.slack + first * slack) @ (self.dual + second * dual))
        after += float(((self.primal + first * primal) * (self.dual_slack + second * dual_slack)).sum())
        remaining = max(min((after / total / centre) ** 3, 1.0), 1e-6)
        both = scaled @ dual_scaled
        curved = remaining * centre * np.eye(order) - squares - (both + both.T) / 2
        flat = remaining * centre - self.slack * self.dual - slack * dual
        primal, dual_slack, slack, dual, level = direction(curved, flat)
        share = TO_BOUNDARY[bool(remaining <= NEAR)]
        first, second = (
            min(1.0, share * length) for length in lengths(to @ primal @ to.T, back.T @ dual_slack @ back, slack, dual)
        )
        if not np.isfinite(first * second * primal.sum() * dual_slack.sum()):
            raise np.linalg.LinAlgError("a step that is not finite")
        self.primal = self.primal + first * primal
        self.slack = self.slack + first * slack
        self.dual = self.dual + second * dual
        self.level += second * level
        self.dual_slack = self.dual_slack + second * (dual_slack + dual_slack.T) / 2
        return min(first, second)


def _factor(system: Array) -> Array:
    """The Cholesky factor (its lower triangle) of a positive definite matrix, or of one that is so but for rounding."""
    for ridge in (0.0, RIDGE, 1e4 * RIDGE):
        shifted = np.asfortranarray(system + np.diag(ridge * np.diag(system))) if ridge else system
        factor, failed = dpotrf(shifted, lower=1)
        if not failed:
            return np.asarray(factor)
    raise np.linalg.LinAlgError("a linear system that is not positive definite")


def _solved(factor: Array, side: Array) -> Array:
    return np.asarray(dpotrs(factor, side, lower=1)[0])
