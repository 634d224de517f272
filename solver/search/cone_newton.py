"""Joint polishing: move all neurons of a code within their cones until the last digits stand.

In the coordinates c >= 0 of a neuron's normal cone its cost is one quadratic, so the whole loss is smooth with simple
bounds (docs/mathematics.md, "Column generation"). A projected Newton method with the exact Hessian converges in a few
steps from the code that the restricted problem gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.readouts import Readout

if TYPE_CHECKING:
    from theory.arrays import Array

__all__ = ["ConeCode", "newton_step", "polish"]

STEPS = 40
"""Newton steps at most in one polishing; what is left over is taken up after the next pricing."""

STATIONARY = 1e-13
"""Length of a projected gradient step, relative to a neuron's size, that counts as stationary."""

LOSS_ROUNDING = 1e-15
"""Relative decrease of the loss that rounding can hide; below it the gradient alone tells whether a step helped."""

NEAR_BOUND = 1e-3
"""Coordinates below this share of their neuron that want to fall are sent to their bound at once."""

CURVATURE_FLOOR = 1e-9
"""Smallest curvature (relative to the largest) that a Newton step trusts: parallel neurons leave flat directions."""

UNIT_FLOOR = 1e-14
"""Curvature of a coordinate, relative to the largest, below which it has no unit of its own."""

ARMIJO = 1e-4
"""Share of the decrease promised by the gradient that a step must deliver."""


@dataclass
class ConeCode:
    """A code in cone coordinates: neuron i is ``coordinates[i] @ corners[i]``, and its cost c'Q_i c.

    Attributes:
        coordinates: (n, d) c >= 0.
        corners: (n, d, d) generators of each neuron's cone, one a row.
        quadratic: (n, d, d) M + v v' of each neuron's cone.
        readout: g.
    """

    coordinates: Array
    corners: Array
    quadratic: Array
    readout: Readout

    @property
    def weights(self) -> Array:
        """(n, d) source weights."""
        return np.asarray(np.einsum("nk,nkd->nd", self.coordinates, self.corners))

    def loss(self, coordinates: Array | None = None) -> float:
        """Energy plus readout; infinite where the code does not span the sources."""
        weights = self.weights if coordinates is None else np.einsum("nk,nkd->nd", coordinates, self.corners)
        energy = float(np.einsum("ni,nij,nj->", weights, self.quadratic, weights))
        return energy + self.readout.value(weights.T @ weights)

    def derivatives(self) -> tuple[Array, Array]:
        """Gradient (n d,) and Hessian (n d, n d) of the loss in all coordinates."""
        weights = self.weights
        count, dimension = weights.shape
        inverse, multiplier = self.readout.expansion(weights.T @ weights)
        gradient = 2 * np.einsum("nij,nj->ni", self.quadratic - multiplier, weights)
        near, far = weights @ inverse, weights @ multiplier
        leverage, worth = weights @ near.T, weights @ far.T
        # Second derivative of g along dG = dw w' + w dw', and of dG itself.
        hessian = 2 * (
            np.einsum("ib,ja->iajb", near, far)
            + np.einsum("ib,ja->iajb", far, near)
            + np.einsum("ij,ab->iajb", leverage, multiplier)
            + np.einsum("ij,ab->iajb", worth, inverse)
        )
        index = np.arange(count)
        hessian[index, :, index, :] += 2 * (self.quadratic - multiplier)
        pulled = np.einsum("ika,iajb,jlb->ikjl", self.corners, hessian, self.corners, optimize=True)
        size = count * dimension
        return np.einsum("nka,na->nk", self.corners, gradient).reshape(size), pulled.reshape(size, size)


def polish(code: ConeCode) -> ConeCode:
    """The code moved to a stationary point of the loss within its cones; the loss never rises beyond rounding."""
    loss, best = code.loss(), np.inf
    for _ in range(STEPS):
        gradient, hessian = code.derivatives()
        point = code.coordinates.reshape(-1)
        # How far one gradient step would move, in units of the neuron's own size: zero exactly at a stationary point
        # (Bertsekas, projected Newton), and as sharp for a source of tiny scale as for the others.
        size = np.linalg.norm(code.coordinates, axis=1).clip(min=np.finfo(float).tiny)
        size = np.repeat(size, code.coordinates.shape[1])
        distance = np.abs(point - np.maximum(point - gradient, 0.0)) / size
        if distance.max() <= STATIONARY:
            break
        held = (point <= min(distance.max(), NEAR_BOUND) * size) & (gradient > 0)
        step = np.where(held, -point, 0.0)
        step[~held] = newton_step(gradient[~held], hessian[np.ix_(~held, ~held)])
        moved, lower = _line_search(code, point, step, gradient, loss)
        if not lower < loss * (1 - LOSS_ROUNDING) and not distance.max() < best / 2:
            break
        code.coordinates, loss, best = moved, lower, min(best, float(distance.max()))
    return code


def newton_step(gradient: Array, hessian: Array) -> Array:
    """The step to the stationary point of a quadratic model, its curvature made positive where it is not."""
    # Each coordinate in its own units: the neurons of a source with a tiny share in the loss have tiny curvatures.
    diagonal = np.abs(np.diag(hessian))
    scale = np.sqrt(np.maximum(diagonal, UNIT_FLOOR * diagonal.max(initial=0.0)))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(hessian / np.outer(scale, scale))
    curvature = np.maximum(np.abs(values), CURVATURE_FLOOR * np.abs(values).max(initial=0.0))
    return np.asarray(-vectors @ ((vectors.T @ (gradient / scale)) / curvature) / scale)


def _line_search(code: ConeCode, point: Array, step: Array, gradient: Array, loss: float) -> tuple[Array, float]:
    """Halve the step, projected on c >= 0, until the loss falls as the gradient promises."""
    shape = code.coordinates.shape
    length = 1.0
    for _ in range(30):
        moved = np.maximum(point + length * step, 0.0)
        promised = float(gradient @ (moved - point))
        lower = code.loss(moved.reshape(shape))
        if lower <= loss * (1 + LOSS_ROUNDING) + ARMIJO * min(promised, 0.0):
            return moved.reshape(shape), lower
        length /= 2
    return code.coordinates, loss
