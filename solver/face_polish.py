"""Joint polishing without a fan: move all neurons together along the walls between normal cones that hold them.

An optimal neuron often sits where several samples tie for its bias. There the support function has a kink, and neither
climbs nor reweighing converge fast. But the tied samples tell the wall: within {w : tied samples stay tied} the loss
is smooth, and outside it rises. So find for every neuron the tied samples that the optimality condition

    (Y - M) w = h(w) sum_t lambda_t v_t,     lambda >= 0,     v_t = -s_t the samples that attain h(w)

puts weight on, and take Newton steps within all those walls at once (DESIGN section 1, "One neuron, one vector").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solver.polish import ConeCode, newton_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.problem import Problem

    Array = NDArray[np.float64]

__all__ = ["polish_on_faces"]

STEPS = 30
"""Newton steps at most with one notion of a tie."""

TIES = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6, 1e-8)
"""Shares of a neuron's bias by which samples may miss it and still count as tied, tried from loose to strict."""

CARRIES_WEIGHT = 1e-9
"""Least share of lambda of a sample that belongs to a wall."""

INDEPENDENT = 1e-9
"""Relative singular value above which a difference of tied samples is a direction of its own."""

HALVINGS = 6
"""Shortest step tried before stricter ties are: 2^-HALVINGS of Newton's."""

PROGRESS = 1e-15
"""Relative fall of the loss below which polishing ends."""


def polish_on_faces(problem: Problem, weights: Array) -> Array:
    """The code moved to where its loss is stationary, kinks included; the loss never rises.

    Args:
        problem: any number of sources.
        weights: (n, d) source weights that span the sources.

    Returns:
        (n, d) source weights.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]])
        >>> start = np.array([[1.0, 0.1], [0.0, 1.0]])
        >>> bool(problem.loss(polish_on_faces(problem, start)) < problem.loss(start))
        True
    """
    scale = np.abs(np.diag(problem.modular_weights))
    unit = problem.modular_loss
    walls = _Walls(
        -(problem.sources.vertices * scale) / unit**0.5,
        problem.energy_matrix * np.outer(scale, scale) / unit,
        problem.decoder_cost * problem.gram / np.outer(scale, scale) / unit,
    )
    scaled = weights / scale
    loss = walls.loss(scaled)
    for ties in TIES:
        for _ in range(STEPS):
            before = loss
            scaled, loss = walls.step(scaled, loss, ties)
            if not loss < before * (1 - PROGRESS):
                break
    return np.asarray(scaled * scale)


class _Walls:
    """The loss as a function of source weights, in coordinates in which the best modular code is the identity.

    Args:
        corners: (V, d) the points -s_t;  energy_matrix: (d, d) M;  gram: (d, d) K, with the decoder cost inside.
    """

    def __init__(self, corners: Array, energy_matrix: Array, gram: Array) -> None:
        self.corners = corners
        self.energy_matrix = energy_matrix
        self.gram = gram

    def loss(self, weights: Array) -> float:
        """Energy plus readout; infinite where the code does not span the sources."""
        quadratic = np.einsum("ni,ij,nj->", weights, self.energy_matrix, weights)
        bias = (weights @ self.corners.T).max(axis=1)
        return float(quadratic + bias @ bias) + self._code(weights, weights, weights[:, None, :]).readout(weights)

    def step(self, weights: Array, loss: float, ties: float) -> tuple[Array, float]:
        """One Newton step within the walls, halved until the loss falls; the same code if it never does."""
        bases, middles = self._walls(weights, ties)
        coordinates = np.einsum("nkd,nd->nk", bases, weights)
        code = self._code(coordinates, middles, bases)
        gradient, hessian = code.derivatives()
        free = np.flatnonzero(bases.any(axis=2).ravel())
        step = np.zeros(gradient.size)
        step[free] = newton_step(gradient[free], hessian[np.ix_(free, free)])
        best, lowest = weights, loss
        for halving in range(HALVINGS):
            moved = coordinates + step.reshape(coordinates.shape) / 2**halving
            candidate = np.einsum("nk,nkd->nd", moved, bases)
            value = self.loss(candidate)
            if value < lowest:
                best, lowest = candidate, value
            elif lowest < loss:
                break
        return best, lowest

    def _code(self, coordinates: Array, middles: Array, bases: Array) -> ConeCode:
        quadratic = self.energy_matrix + middles[:, :, None] * middles[:, None, :]
        return ConeCode(coordinates, bases, quadratic, self.gram)

    def _walls(self, weights: Array, ties: float) -> tuple[Array, Array]:
        """Orthonormal bases (n, d, d) of the neurons' walls, rows of zeros where a wall is thin, and middles (n, d).

        The middle sum_t lambda_t v_t of the tied samples has the same product with every neuron of the wall.
        """
        from scipy.optimize import nnls

        inverse = np.linalg.inv(weights.T @ weights)
        surplus = weights @ (inverse @ self.gram @ inverse - self.energy_matrix)
        values = weights @ self.corners.T
        bias = values.max(axis=1)
        bases = np.zeros((*weights.shape, weights.shape[1]))
        middles = np.empty_like(weights)
        for row in range(len(weights)):
            tied = self.corners[values[row] >= bias[row] * (1 - ties)]
            prices, _ = nnls(tied.T, surplus[row] / bias[row])
            carrying = prices > CARRIES_WEIGHT * prices.sum()
            if not carrying.any():
                carrying[np.argmax(tied @ weights[row])] = True
                prices = carrying.astype(float)
            tied, prices = tied[carrying], prices[carrying]
            middles[row] = prices @ tied / prices.sum()
            basis = _orthogonal_to(tied[1:] - tied[0])
            bases[row, : len(basis)] = basis
        return bases, middles


def _orthogonal_to(rows: Array) -> Array:
    """(k, d) orthonormal basis of the vectors orthogonal to all rows (m, d)."""
    _, singular, directions = np.linalg.svd(rows, full_matrices=True)
    rank = int(np.count_nonzero(singular > INDEPENDENT * singular.max(initial=0.0)))
    return np.asarray(directions[rank:])
