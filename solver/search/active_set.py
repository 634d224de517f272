"""Newton's method for a code whose neurons each keep to a face: a set of samples that tie for their bias.

Within {w : tied samples stay tied} the cost of a neuron is one quadratic, so the loss is smooth there, and most faces
are small: a neuron with d tied samples has only its length left. In the coordinates of the faces alone the Hessian is
therefore far smaller than the code. A neuron that reaches another sample's wall stops there and keeps to it; one that
has come to rest lets go of the sample that holds it back most, if any does: an active-set method for all at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.search.cone_newton import newton_step
from solver.search.modular_units import ModularUnits

if TYPE_CHECKING:
    from theory.arrays import Array, Indices, Mask
    from theory.problem import Problem

__all__ = ["HALVINGS", "LOSS_ROUNDING", "Faces", "Moment"]

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

HELD_BACK = 1e-9
"""Share of its bias by which a tied sample must hold a neuron back, as a price below zero, to be let go."""

LOSS_ROUNDING = 1e-15
"""Relative rise of the loss that is rounding."""

AT_REST = 1e-14
"""Slope, in units of a neuron's size, that rounding leaves."""

LOST = 1.1
"""Ratio of a code's loss to that without the other samples at which its faces are hopelessly the wrong ones."""

TOUCHING = 1e-12
"""Share of its step after which a neuron that meets a wall has been there from the start."""

APPROACHES = 1e-12
"""Rate, relative to the step, below which a neuron does not approach a sample's wall."""


@dataclass(frozen=True)
class Moment:
    """A code on its faces: its loss, a sample (n, d) that attains each bias, the directions (N, d) that it can move in.

    And the neuron (N,) that each moves, the slopes (N,) along them, and the steepest in units of its neuron's size.
    """

    weights: Array
    tied: Indices
    loss: float
    middle: Array
    directions: Array
    owner: Indices
    gradient: Array
    unrest: float


class Faces:
    """The loss of codes, and Newton's method for it, in coordinates in which the best modular code is the identity.

    Args:
        problem: any number of sources.

    Attributes:
        units: those coordinates.
        normals: (T, d) the points -s_t in them;  energy_matrix: (d, d) M;  readout: g.

    Example:
        >>> from theory.problem import Problem
        >>> faces = Faces(Problem([[-1, -1], [-1, 1], [1, -1]]))
        >>> tied = np.array([[0, -1], [0, -1]])
        >>> weights, _, loss = faces.polished(np.array([[1.0, 0.1], [0.0, 1.0]]), tied)
        >>> bool(loss <= faces.loss(np.array([[1.0, 0.1], [0.0, 1.0]])))
        True
    """

    def __init__(self, problem: Problem) -> None:
        self.units = ModularUnits.of(problem)
        self.normals, self.energy_matrix = self.units.normals, self.units.energy_matrix
        self.readout = self.units.readout

    def costs(self, weights: Array) -> Array:
        """(n,) f of each neuron."""
        quadratic = np.einsum("ni,ij,nj->n", weights, self.energy_matrix, weights)
        return np.asarray(quadratic + (weights @ self.normals.T).max(axis=1) ** 2)

    def loss(self, weights: Array) -> float:
        """Energy plus readout."""
        return float(self.costs(weights).sum()) + self.value(weights.T @ weights)

    def value(self, code: Array) -> float:
        """What depends on G (d, d) alone: the readout."""
        return self.readout.value(code)

    def multiplier(self, weights: Array) -> Array:
        """(d, d) Y, what one unit of w w' saves there."""
        return self.readout.multiplier(weights.T @ weights)

    def balanced(self, weights: Array) -> tuple[Array, float]:
        """The code with its neurons scaled together to where they earn on average what they cost, and its loss."""
        energy, code = float(self.costs(weights).sum()), weights.T @ weights
        factor = self.readout.rescaling(code, energy)
        return weights * factor, energy * factor**2 + self.value(code * factor**2)

    def polished(self, weights: Array, tied: Indices, steps: int = STEPS) -> tuple[Array, Indices, float]:
        """The code at a stationary point of the loss on its faces, the samples that tie there, and its loss.

        Args:
            weights: (n, d) neurons.
            tied: (n, d) indices of the samples that tie for each neuron's bias, -1 in unused places.
            steps: of Newton's method at most.

        The loss never rises beyond rounding.
        """
        tied = self._sorted(tied)
        rigid = self._off_face(weights, tied) | self._too_many(tied)
        here = self._moment(weights, tied, rigid)
        may_let_go = True
        for _ in range(steps):
            if here.unrest <= AT_REST and not may_let_go:
                break
            there, reached = self._stepped(here, rigid)
            if there.loss < here.loss * (1 - PROGRESS) or there.unrest < here.unrest / 2:
                here, may_let_go = there, True
                continue
            # At rest, or pressed against walls: keep to those, or go on without the samples that hold neurons back.
            # It ends where neither was of any use.
            let_go = self._released(here.weights, here.tied) if may_let_go else None
            if reached is None and let_go is None:
                break
            changed = reached if let_go is None else let_go
            assert changed is not None
            here, may_let_go = self._moment(here.weights, changed, rigid), let_go is None
        return here.weights, here.tied, here.loss

    def settled(self, weights: Array, tied: Indices, steps: int = STEPS) -> tuple[Array, float]:
        """The code at rest on its faces as if no other sample were there, and the loss that it would have.

        Where every neuron ends on its own side of all other samples, the loss is that of the code; else it is less.

        Args:
            weights: (n, d) neurons.
            tied: (n, d) indices of the samples that tie for each neuron's bias, -1 in unused places.
            steps: of Newton's method at most.
        """
        tied = self._sorted(tied)
        rigid = self._off_face(weights, tied) | self._too_many(tied)
        here = self._moment(weights, tied, rigid, alone=True)
        for _ in range(steps):
            coordinates = newton_step(here.gradient, self._hessian(here))
            move = np.zeros_like(weights)
            np.add.at(move, here.owner, here.directions * coordinates[:, None])
            for halving in range(HALVINGS):
                there = self._moment(here.weights + 0.5**halving * move, tied, rigid, alone=True)
                if there.loss <= here.loss * (1 + LOSS_ROUNDING):
                    break
            else:
                break
            if not (there.loss < here.loss * (1 - PROGRESS) or there.unrest < here.unrest / 2):
                break
            here = there
            if here.unrest <= AT_REST or self.loss(here.weights) > LOST * here.loss:
                break
        return here.weights, here.loss

    # ---- one step ---------------------------------------------------------------------------------------------

    def _moment(self, weights: Array, tied: Indices, rigid: Mask, *, alone: bool = False) -> Moment:
        """Where a code stands; `alone` if the samples that hold its faces are to be the only ones."""
        directions, owner = self._directions(weights, tied, rigid)
        values = weights @ self.normals.T
        middle = self.normals[tied[:, 0] if alone else values.argmax(axis=1)]
        bias = np.einsum("nd,nd->n", weights, middle)
        slopes = weights @ (self.energy_matrix - self.multiplier(weights)) + bias[:, None] * middle
        gradient = 2 * np.einsum("pi,pi->p", slopes[owner], directions)
        size = np.linalg.norm(weights, axis=1).clip(min=np.finfo(float).tiny)
        unrest = float(np.max(np.abs(gradient) / size[owner], initial=0.0))
        energy = float(np.einsum("ni,ij,nj->", weights, self.energy_matrix, weights) + bias @ bias)
        return Moment(
            weights, tied, energy + self.value(weights.T @ weights), middle, directions, owner, gradient, unrest
        )

    def _stepped(self, here: Moment, rigid: Mask) -> tuple[Moment, Indices | None]:
        """Where a Newton step leads, halved until the loss falls, and the ties with those of walls in the way.

        Where rounding hides whether the loss falls the whole step is taken, for the slopes to judge.
        """
        coordinates = newton_step(here.gradient, self._hessian(here))
        move = np.zeros_like(here.weights)
        np.add.at(move, here.owner, here.directions * coordinates[:, None])
        furthest, sample = self._furthest(here.weights, here.tied, move)
        best, lowest = None, here.loss
        for halving in range(HALVINGS):
            candidate = here.weights + np.minimum(0.5**halving, furthest)[:, None] * move
            value = self.loss(candidate)
            if value < lowest or (halving == 0 and value <= here.loss * (1 + LOSS_ROUNDING)):
                best, lowest = (candidate, furthest <= 0.5**halving), min(value, lowest)
            elif best is not None:
                break
        touching = furthest <= TOUCHING
        pressed = self._with(here.tied, sample, touching) if touching.any() else None
        if pressed is not None and np.array_equal(pressed, here.tied):
            pressed = None
        if best is None:
            return here, pressed
        return self._moment(best[0], self._with(here.tied, sample, best[1]), rigid), pressed

    def _hessian(self, here: Moment) -> Array:
        """(N, N) second derivatives of the loss along the N directions, each of the neuron that owns it."""
        weights, directions, owner = here.weights, here.directions, here.owner
        inverse, multiplier = self.readout.expansion(weights.T @ weights)
        near, far = weights @ inverse, weights @ multiplier
        # Second derivative of g along dG = dw w' + w dw', and of dG itself.
        pair = np.ix_(owner, owner)
        across = (near @ directions.T)[owner] * (far @ directions.T)[owner].T
        hessian = across + across.T
        hessian += (near @ weights.T)[pair] * (directions @ multiplier @ directions.T)
        hessian += (far @ weights.T)[pair] * (directions @ inverse @ directions.T)
        steep = np.einsum("pi,pi->p", here.middle[owner], directions)
        own = directions @ (self.energy_matrix - multiplier) @ directions.T + np.outer(steep, steep)
        return np.asarray(2 * (hessian + np.where(owner[:, None] == owner, own, 0.0)))

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

    def _released(self, weights: Array, tied: Indices) -> Indices | None:
        """The ties without the one of each neuron whose price has the wrong sign most; None if there is none.

        At rest (Y - M) w = h sum_t lambda_t v_t over the tied samples. Where a lambda is negative the loss falls if its
        sample no longer ties.
        """
        bias = (weights @ self.normals.T).max(axis=1)
        surplus = weights @ (self.multiplier(weights) - self.energy_matrix)
        held = np.where((tied >= 0)[:, :, None], self.normals[tied], 0.0)
        bias = np.maximum(bias, np.finfo(float).tiny)
        prices = np.einsum("nd,ndk->nk", surplus / bias[:, None], np.linalg.pinv(held))
        least = prices.argmin(axis=1)
        index = np.arange(len(tied))
        going = np.flatnonzero((prices[index, least] < -HELD_BACK) & ((tied >= 0).sum(axis=1) > 1))
        if not len(going):
            return None
        tied = tied.copy()
        tied[going, least[going]] = -1
        return self._sorted(tied)

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
