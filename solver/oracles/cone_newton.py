"""Projected Newton's method for all neurons of a code, each within its normal cone.

In the coordinates c >= 0 of a neuron's normal cone its cost is one quadratic, so the whole loss is smooth with simple
bounds (docs/mathematics.md, "Column generation").

1. Gradient and Hessian of the loss in all coordinates.
2. End where a projected gradient step, in units of the neuron's size, is rounding.
3. Coordinates near zero that want to fall are set to zero; Newton's step for the others.
4. Halve the step, projected on c >= 0, until the loss falls as the gradient promises.
5. End where neither the loss nor the gradient step gets smaller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.generation.newton import newton_step
from theory.arrays import Array
from theory.readouts import Readout


@dataclass(frozen=True)
class ConeNewtonTolerances:
    """When a step or a code counts."""

    steps: int = 40
    halvings: int = 30  # of one step
    stationary: float = 1e-13  # length of a projected gradient step, relative to a neuron's size
    rounding: float = 1e-15  # relative fall of the loss that rounding can hide: then the gradient tells
    near_bound: float = 1e-3  # share of their neuron below which coordinates that want to fall go to their bound
    sufficient: float = 1e-4  # share of the fall promised by the gradient that a step must deliver (Armijo)


CONE = ConeNewtonTolerances()


@dataclass
class ConeCode:
    """A code in cone coordinates: neuron i is ``coordinates[i] @ corners[i]``, and its cost c'Q_i c."""

    coordinates: Array  # (n, d) c >= 0
    corners: Array  # (n, d, d) generators of each neuron's cone, one per row
    quadratic: Array  # (n, d, d) M + v v' of each neuron's cone
    readout: Readout  # g

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
    for _ in range(CONE.steps):
        gradient, hessian = code.derivatives()  # step 1
        point = code.coordinates.reshape(-1)
        # How far one gradient step would move, in units of the neuron's own size: zero exactly at a stationary point
        # (Bertsekas, projected Newton), and as sharp for a source of tiny scale as for the others.
        size = np.linalg.norm(code.coordinates, axis=1).clip(min=np.finfo(float).tiny)
        size = np.repeat(size, code.coordinates.shape[1])
        distance = np.abs(point - np.maximum(point - gradient, 0.0)) / size
        if distance.max() <= CONE.stationary:  # step 2
            break
        held = (point <= min(distance.max(), CONE.near_bound) * size) & (gradient > 0)
        step = np.where(held, -point, 0.0)  # step 3
        step[~held] = newton_step(gradient[~held], hessian[np.ix_(~held, ~held)])
        moved, lower = _line_search(code, point, step, gradient, loss)
        if not lower < loss * (1 - CONE.rounding) and not distance.max() < best / 2:  # step 5
            break
        code.coordinates, loss, best = moved, lower, min(best, float(distance.max()))
    return code


def _line_search(code: ConeCode, point: Array, step: Array, gradient: Array, loss: float) -> tuple[Array, float]:
    """Step 4: halve the step, projected on c >= 0, until the loss falls as the gradient promises."""
    shape = code.coordinates.shape
    length = 1.0
    for _ in range(CONE.halvings):
        moved = np.maximum(point + length * step, 0.0)
        promised = float(gradient @ (moved - point))
        lower = code.loss(moved.reshape(shape))
        if lower <= loss * (1 + CONE.rounding) + CONE.sufficient * min(promised, 0.0):
            return moved.reshape(shape), lower
        length /= 2
    return code.coordinates, loss
