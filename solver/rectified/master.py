"""The best energies of given neurons: A-optimal design, by a primal-dual Newton method.

    minimise over x >= 0    sum_i x_i + tr X'P,    P = (delta I + sum_i x_i a_i a_i')^-1 X

for neurons of unit cost with features a_i. The gradient is 1 - |P'a_i|^2, one less the squared worth.

1. Turn [A X] into the coordinates of its span, where it has as few rows as columns or fewer.
2. Begin with energies that are all the same, as high as is best for one number.
3. Newton's step on the conditions  gradient = z,  x z = tau,  with tau a fraction of the present mean of x z.
4. Shorten it so that x and z stay positive and the barrier function does not rise.
5. Repeat until x'z is a rounding error of the objective, or no step is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from theory.arrays import Array


@dataclass(frozen=True)
class InteriorTolerances:
    """Of the primal-dual method."""

    gap: float = 1e-14  # share of the objective that x'z may keep
    steps: int = 80  # a dozen to thirty are usual
    centring: float = 0.15  # fraction of the mean x z that is aimed at
    boundary: float = 0.995  # share of the way to the nearest bound that a step may go
    halvings: int = 30  # of a step
    ridge: float = 1e-13  # of the Hessian's diagonal, where neurons tie


INTERIOR = InteriorTolerances()


def best_energies(features: Array, targets: Array, delta: float) -> Array:
    """(n,) the energies x; those that are not worth having are tiny.

    Args:
        features: (T, n) of neurons of unit cost.
        targets: (T, k) X in the same metric.
        delta: mu / kappa, positive.

    Example:
        >>> best_energies(np.array([[1.0, 0.5], [0.0, 0.0]]), np.array([[1.0], [0.0]]), 0.25).round(6).tolist()
        [0.75, 0.0]
    """
    count = features.shape[1]
    if not count:
        return np.zeros(0)
    reduced = np.asarray(np.linalg.qr(np.hstack([features, targets]), mode="r"))  # step 1
    columns, wanted = reduced[:, :count], reduced[:, count:]
    problem = _Design(columns, wanted, delta)
    x = problem.level() * np.ones(count)  # step 2
    z = np.ones(count)
    for _ in range(INTERIOR.steps):
        value, gradient, hessian = problem.at(x)
        mean = float(x @ z) / count
        if count * mean <= INTERIOR.gap * value and np.abs(gradient - z).max() <= np.sqrt(INTERIOR.gap):
            break
        tau = INTERIOR.centring * mean  # step 3
        matrix = hessian + np.diag(z / x)
        matrix[np.diag_indices(count)] *= 1 + INTERIOR.ridge
        try:
            dx = -scipy.linalg.cho_solve(scipy.linalg.cho_factor(matrix), gradient - tau / x)
        except np.linalg.LinAlgError:
            break
        dz = tau / x - z - z / x * dx
        length = min(1.0, INTERIOR.boundary * _room(x, dx))
        barrier = value - tau * float(np.log(x).sum())
        for _ in range(INTERIOR.halvings):  # step 4
            tried = x + length * dx
            if problem.value(tried) - tau * float(np.log(tried).sum()) <= barrier + 1e-15 * abs(barrier):
                break
            length /= 2
        else:
            break
        x = x + length * dx
        z = z + min(1.0, INTERIOR.boundary * _room(z, dz)) * dz
    return x


def _room(point: Array, step: Array) -> float:
    """How many times the step can be taken until an entry vanishes."""
    falling = step < 0
    return float(np.min(-point[falling] / step[falling])) if falling.any() else np.inf


@dataclass(frozen=True)
class _Design:
    columns: Array
    wanted: Array
    delta: float

    def level(self) -> float:
        """The best x that is the same for all neurons, up to a factor of ten."""
        sizes, turned = np.linalg.eigh(self.columns @ self.columns.T)
        seen = ((turned.T @ self.wanted) ** 2).sum(axis=1)
        levels = 10.0 ** np.arange(-14.0, 8.0)
        values = levels * self.columns.shape[1] + (seen / (self.delta + np.outer(levels, np.maximum(sizes, 0.0)))).sum(
            axis=1
        )
        return float(levels[np.argmin(values)])

    def _factor(self, x: Array) -> tuple[Array, bool]:
        matrix = (self.columns * x) @ self.columns.T
        matrix[np.diag_indices(len(matrix))] += self.delta
        return scipy.linalg.cho_factor(matrix, lower=True, check_finite=False)

    def value(self, x: Array) -> float:
        try:
            factor = self._factor(x)
        except np.linalg.LinAlgError:
            return np.inf
        half = scipy.linalg.solve_triangular(factor[0], self.wanted, lower=True, check_finite=False)
        return float(x.sum() + (half**2).sum())

    def at(self, x: Array) -> tuple[float, Array, Array]:
        """Value, gradient (n,) and Hessian (n, n)."""
        factor = self._factor(x)
        half = scipy.linalg.solve_triangular(factor[0], self.columns, lower=True, check_finite=False)
        price = scipy.linalg.cho_solve(factor, self.wanted, check_finite=False)
        read = self.columns.T @ price
        value = float(x.sum() + (self.wanted * price).sum())
        return value, 1 - (read**2).sum(axis=1), 2 * (half.T @ half) * (read @ read.T)
