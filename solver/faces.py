"""Newton's method for a code whose neurons each keep to a face: a set of samples that tie for their bias.

Within {w : tied samples stay tied} the cost of a neuron is one quadratic, so the loss is smooth there, and most faces
are small: a neuron with d tied samples has only its length left. In the coordinates of the faces alone the Hessian is
therefore far smaller than the code. A neuron that reaches another sample's wall stops there and keeps to it from then
on; letting go of a sample is left to the next climb (`theory.ascent`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solver.polish import newton_step, readout_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.problem import Problem

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]
    Mask = NDArray[np.bool_]

__all__ = ["Faces"]

STEPS = 20
"""Newton steps at most in one call; what is left over is taken up after the next search for neurons."""

HALVINGS = 10
"""Shortest step tried: 2^-HALVINGS of Newton's."""

PROGRESS = 1e-15
"""Relative fall of the loss below which Newton's method ends."""

COORDINATES = 800
"""Coordinates that move at most, since a step costs their number cubed: neurons on large faces keep their direction."""

ON_FACE = 1e-9
"""Share of its bias by which a tied sample may miss it; a neuron further off its face keeps its direction."""

APPROACHES = 1e-12
"""Rate, relative to the step, below which a neuron does not approach a sample's wall."""


class Faces:
    """The loss of codes, and Newton's method for it, in coordinates in which the best modular code is the identity.

    Args:
        problem: any number of sources.

    Attributes:
        scale: (d,) sizes of the modular neurons;  unit: their loss.
        normals: (T, d) the points -s_t;  energy_matrix: (d, d) M;  gram: (d, d) K, with the decoder cost inside.

    Example:
        >>> from theory.problem import Problem
        >>> faces = Faces(Problem([[-1, -1], [-1, 1], [1, -1]]))
        >>> tied = np.array([[0, -1], [0, -1]])
        >>> weights, _, loss = faces.polished(np.array([[1.0, 0.1], [0.0, 1.0]]), tied)
        >>> bool(loss <= faces.loss(np.array([[1.0, 0.1], [0.0, 1.0]])))
        True
    """

    def __init__(self, problem: Problem) -> None:
        self.scale = np.abs(np.diag(problem.modular_weights))
        self.unit = problem.modular_loss
        outer = np.outer(self.scale, self.scale)
        self.normals = -(problem.sources.vertices * self.scale) / self.unit**0.5
        self.energy_matrix = problem.energy_matrix * outer / self.unit
        self.gram = problem.decoder_cost * problem.gram / outer / self.unit

    def costs(self, weights: Array) -> Array:
        """(n,) f of each neuron."""
        quadratic = np.einsum("ni,ij,nj->n", weights, self.energy_matrix, weights)
        return np.asarray(quadratic + (weights @ self.normals.T).max(axis=1) ** 2)

    def readout(self, weights: Array) -> float:
        """tr(K G^-1); infinite where the code does not span the sources."""
        return readout_of(weights, self.gram)

    def loss(self, weights: Array) -> float:
        """Energy plus readout."""
        return float(self.costs(weights).sum()) + self.readout(weights)

    def multiplier(self, weights: Array) -> Array:
        """(d, d) Y = G^-1 K G^-1."""
        inverse = np.linalg.inv(weights.T @ weights)
        return np.asarray(inverse @ self.gram @ inverse)

    def polished(self, weights: Array, tied: Indices, steps: int = STEPS) -> tuple[Array, Indices, float]:
        """The code at a stationary point of the loss on its faces, the samples that tie there, and its loss.

        Args:
            weights: (n, d) neurons.
            tied: (n, d) indices of the samples that tie for each neuron's bias, -1 in unused places.
            steps: of Newton's method at most.

        The loss never rises.
        """
        tied = self._sorted(tied)
        rigid = self._off_face(weights, tied) | self._too_many(tied)
        loss = self.loss(weights)
        for _ in range(steps):
            before = loss
            weights, tied, loss = self._step(weights, tied, rigid, loss)
            if not loss < before * (1 - PROGRESS):
                break
        return weights, tied, loss

    # ---- one step ---------------------------------------------------------------------------------------------

    def _step(self, weights: Array, tied: Indices, rigid: Mask, loss: float) -> tuple[Array, Indices, float]:
        directions, owner = self._directions(weights, tied, rigid)
        gradient, hessian = self._derivatives(weights, directions, owner)
        coordinates = newton_step(gradient, hessian)
        move = np.zeros_like(weights)
        np.add.at(move, owner, directions * coordinates[:, None])
        furthest, sample = self._furthest(weights, tied, move)
        best = weights, tied, loss
        for halving in range(HALVINGS):
            length = np.minimum(0.5**halving, furthest)
            candidate = weights + length[:, None] * move
            value = self.loss(candidate)
            if value < best[2]:
                best = candidate, self._with(tied, sample, furthest <= 0.5**halving), value
            elif best[2] < loss:
                break
        return best

    def _derivatives(self, weights: Array, directions: Array, owner: Indices) -> tuple[Array, Array]:
        """Gradient (N,) and Hessian (N, N) along N directions (N, d), each of the neuron that owns it."""
        inverse = np.linalg.inv(weights.T @ weights)
        multiplier = inverse @ self.gram @ inverse
        near, far = weights @ inverse, weights @ multiplier
        bias = weights @ self.normals.T
        middle = self.normals[bias.argmax(axis=1)]
        slope = weights @ self.energy_matrix - far + bias.max(axis=1)[:, None] * middle
        gradient = 2 * np.einsum("pi,pi->p", slope[owner], directions)
        # Second derivative of tr(K G^-1) along dG = dw w' + w dw', and of dG itself.
        pair = np.ix_(owner, owner)
        across = (near @ directions.T)[owner] * (far @ directions.T)[owner].T
        hessian = across + across.T
        hessian += (near @ weights.T)[pair] * (directions @ multiplier @ directions.T)
        hessian += (far @ weights.T)[pair] * (directions @ inverse @ directions.T)
        steep = np.einsum("pi,pi->p", middle[owner], directions)
        own = directions @ (self.energy_matrix - multiplier) @ directions.T + np.outer(steep, steep)
        return gradient, 2 * (hessian + np.where(owner[:, None] == owner, own, 0.0))

    def _directions(self, weights: Array, tied: Indices, rigid: Mask) -> tuple[Array, Indices]:
        """Orthonormal bases of all faces in one (N, d), and the neuron (N,) that each vector moves."""
        held = tied[:, 1:] >= 0
        walls = np.where(held[:, :, None], self.normals[tied[:, 1:]] - self.normals[tied[:, :1]], 0.0)
        walls = np.concatenate([walls, np.zeros_like(weights)[:, None, :]], axis=1)
        basis = np.swapaxes(np.linalg.qr(np.swapaxes(walls, 1, 2))[0], 1, 2)
        used = np.concatenate([~held, np.ones((len(held), 1), dtype=bool)], axis=1)
        used[rigid] = False
        used[rigid, 0] = True
        length = np.linalg.norm(weights[rigid], axis=1)
        basis[rigid, 0] = weights[rigid] / np.maximum(length, np.finfo(float).tiny)[:, None]
        owner, place = np.nonzero(used)
        return basis[owner, place], owner

    def _furthest(self, weights: Array, tied: Indices, move: Array) -> tuple[Array, Indices]:
        """(n,) the share of its move after which a neuron meets the wall of another sample, and that sample."""
        index = np.arange(len(weights))
        values, rates = weights @ self.normals.T, move @ self.normals.T
        lead = values.argmax(axis=1)
        rates = rates - rates[index, lead][:, None]
        ahead = values[index, lead][:, None] - values
        size = np.linalg.norm(move, axis=1)[:, None] * np.linalg.norm(self.normals, axis=1)
        near = rates > APPROACHES * size
        row, place = np.nonzero(tied >= 0)
        near[row, tied[row, place]] = False
        length = np.where(near, ahead / np.where(near, rates, 1.0), np.inf)
        sample = length.argmin(axis=1)
        return length[index, sample], sample

    # ---- ties -------------------------------------------------------------------------------------------------

    def _off_face(self, weights: Array, tied: Indices) -> Mask:
        values = weights @ self.normals.T
        bias = values.max(axis=1)
        least = np.where(tied >= 0, np.take_along_axis(values, tied, axis=1), np.inf).min(axis=1)
        return np.asarray(least < bias * (1 - ON_FACE))

    @staticmethod
    def _too_many(tied: Indices) -> Mask:
        """Neurons on the largest faces, as many as exceed the coordinates that can move."""
        rank = 1 + (tied < 0).sum(axis=1)
        order = np.argsort(rank, kind="stable")
        beyond = np.zeros(len(tied), dtype=bool)
        beyond[order] = np.cumsum(rank[order]) + np.arange(len(tied))[::-1] > max(COORDINATES, len(tied))
        return beyond

    @staticmethod
    def _sorted(tied: Indices) -> Indices:
        order = np.argsort(tied < 0, axis=1, kind="stable")
        return np.asarray(np.take_along_axis(tied, order, axis=1))

    @staticmethod
    def _with(tied: Indices, sample: Indices, reached: Mask) -> Indices:
        """The ties with one more where a wall was reached; a face of full rank has no room and needs none."""
        count = (tied >= 0).sum(axis=1)
        reached = reached & (count < tied.shape[1])
        tied = tied.copy()
        tied[reached, count[reached]] = sample[reached]
        return tied
