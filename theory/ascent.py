"""Local pricing for any number of sources: climb from a neuron to one that is worth more for its cost.

Maximising the convex w'Y w over f(w) <= 1 by the convex-concave procedure: replace w'Y w by its tangent at the present
neuron and solve

    minimise  (w'M w + b^2) / 2 - (Y w_k).w      subject to  b + w.s_t >= 0  for every sample,

whose dual is a nonnegative least-squares problem with one variable a sample. Each step raises the ratio w'Y w / f(w),
and the limit is stationary even where the support function has a kink.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.problem import Problem

    Array = NDArray[np.float64]

__all__ = ["Ascent"]

STEPS = 200
"""Steps of one climb at most; most end after ten."""

PROGRESS = 1e-10
"""Relative rise of the ratio below which a climb has arrived."""


class Ascent:
    """Climbs for one problem; cheap to ask again with another multiplier.

    Args:
        problem: any number of sources; all its distinct samples are constraints.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]])
        >>> start = np.array([[1.0, 0.5]])
        >>> ratios, neurons = Ascent(problem).climb(np.eye(2), start)
        >>> bool(ratios[0] >= (start @ start.T)[0, 0] / problem.neuron_cost(start)[0])
        True
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.samples = problem.sources.vertices
        self.scale = np.sqrt(problem.modular_costs)
        self.factor = np.linalg.cholesky(problem.energy_matrix / np.outer(self.scale, self.scale))
        self.constraints = np.vstack(
            [np.linalg.solve(self.factor, (self.samples / self.scale).T), np.ones(len(self.samples))]
        )

    def climb(self, multiplier: Array, starts: Array) -> tuple[Array, Array]:
        """Ratios (k,) and neurons (k, d) scaled to f = 1 at the ends of climbs from the rows of starts (k, d)."""
        ends = np.array([self._climb_one(multiplier, start) for start in starts]).reshape(np.shape(starts))
        cost = self.problem.neuron_cost(ends)
        ends = ends / np.sqrt(cost)[:, None]
        return np.einsum("ni,ij,nj->n", ends, multiplier, ends), ends

    def _climb_one(self, multiplier: Array, start: Array) -> Array:
        neuron = start / self.problem.neuron_cost(start)[0] ** 0.5
        ratio = float(neuron @ multiplier @ neuron)
        for _ in range(STEPS):
            moved, cost = self._tangent_step(multiplier @ neuron / self.scale)
            if not cost > 0:
                break
            moved = moved / cost**0.5
            risen = float(moved @ multiplier @ moved)
            if risen <= ratio * (1 + PROGRESS):
                return moved if risen > ratio else neuron
            neuron, ratio = moved, risen
        return neuron

    def _tangent_step(self, slope: Array) -> tuple[Array, float]:
        """The neuron that earns most at a linear price, and its cost: the residual of nonnegative least squares."""
        from scipy.optimize import nnls

        target = np.append(np.linalg.solve(self.factor, -slope), 0.0)
        try:
            prices, _ = nnls(self.constraints, target)
        except RuntimeError:  # the active-set iteration cycled; the climb ends where it stands
            return np.zeros(len(slope)), 0.0
        residual = self.constraints @ prices - target
        weights = np.linalg.solve(self.factor.T, residual[:-1]) / self.scale
        return weights, float(self.problem.neuron_cost(weights)[0])
