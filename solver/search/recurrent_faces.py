"""Codes that a recurrent layer carries along: the loss with its weights, and codes at rest on that loss.

What the layer's weights cost depends on G alone, as the readout does, and enters value, multiplier and curvature of
`Faces`. It is not convex in G, but along geodesics of positive definite matrices it is (docs/mathematics.md,
"Dynamics"), so that descent has no bad places to end in but those that a bound shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solver.search.active_set import HALVINGS, LOSS_ROUNDING, Faces, Moment
from solver.search.cone_newton import newton_step

if TYPE_CHECKING:
    from theory.arrays import Array
    from theory.dynamics import Recurrence
    from theory.problem import Problem

__all__ = ["RecurrentFaces"]

STEPS = 60
"""Newton steps for the energies of known neurons, at most."""

FARTHEST = 2.0
"""Change of the logarithm of an energy in one step, at most;"""

FAINTEST = -80.0
"""and its least value: nothing, but no logarithm of that."""

FALLEN = 1e-14
"""Relative fall of the loss that ends the search for energies."""


class RecurrentFaces(Faces):
    """`Faces` of a problem whose code is carried along.

    Args:
        problem: in whitened coordinates, without its transitions.
        recurrence: what recurrent weights cost, in the same coordinates.
    """

    def __init__(self, problem: Problem, recurrence: Recurrence) -> None:
        super().__init__(problem)
        size = self.units.size
        self.recurrence = recurrence.in_coordinates(np.diag(1 / size), np.diag(size), self.units.loss)

    def value(self, code: Array) -> float:
        """The readout and the recurrent weights."""
        return self.readout.value(code) + self.recurrence.value(code)

    def multiplier(self, weights: Array) -> Array:
        """(d, d) Y, what one unit of w w' saves of both."""
        code = weights.T @ weights
        return self.readout.multiplier(code) - self.recurrence.gradient(code)

    def _hessian(self, here: Moment) -> Array:
        carriers = here.weights[here.owner]
        half = here.directions[:, :, None] * carriers[:, None, :]
        moves = half + np.swapaxes(half, 1, 2)
        code = here.weights.T @ here.weights
        # The readout's part is there; a neuron is worth less by what its own move adds to the recurrent weights.
        slope = here.directions @ self.recurrence.gradient(code) @ here.directions.T
        own = np.where(here.owner[:, None] == here.owner, slope, 0.0)
        return super()._hessian(here) + 2 * own + self.recurrence.curvature(code, moves)

    def energies(self, units: Array, start: Array) -> Array:
        """(n,) energies of known neurons at which the loss is least nearby; those not worth their cost go to nothing.

        Newton's method in their logarithms, in which what is worthless falls by a constant factor a step.

        Args:
            units: (n, d) neurons, scaled to f = 1.
            start: (n,) positive energies.
        """
        moves = units[:, :, None] * units[:, None, :]

        def at(logs: Array) -> tuple[float, Array, Array]:
            energies = np.exp(logs)
            code = (units.T * energies) @ units
            try:
                inverse, multiplier = self.readout.expansion(code)
                gradient = multiplier - self.recurrence.gradient(code)
            except np.linalg.LinAlgError:
                return np.inf, logs, np.eye(len(logs))
            slope = energies * (1 - np.einsum("ni,ij,nj->n", units, gradient, units))
            bend = 2 * (units @ inverse @ units.T) * (units @ multiplier @ units.T)
            bend = (bend + self.recurrence.curvature(code, moves)) * np.outer(energies, energies)
            return float(energies.sum()) + self.value(code), slope, bend + np.diag(slope)

        logs = np.log(start)
        value, slope, bend = at(logs)
        for _ in range(STEPS):
            step = np.clip(newton_step(slope, bend), -FARTHEST, FARTHEST)
            for halving in range(HALVINGS):
                there = at(np.maximum(logs + 0.5**halving * step, FAINTEST))
                if there[0] < value * (1 + LOSS_ROUNDING):
                    break
            else:
                break
            fallen = value - there[0]
            logs, (value, slope, bend) = np.maximum(logs + 0.5**halving * step, FAINTEST), there
            if fallen <= FALLEN * value:
                break
        return np.exp(logs)
