"""Coordinates in which the best modular code is the identity and its loss is one.

Whatever the units of the sources, all numbers are then of the size of one, so that tolerances mean the same for every
problem: all methods that move codes do it here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.readouts import Readout

if TYPE_CHECKING:
    from theory.arrays import Array
    from theory.problem import Problem

__all__ = ["ModularUnits"]


@dataclass(frozen=True)
class ModularUnits:
    """A problem with its neurons in units of the modular ones, w = size u, and its loss in units of theirs.

    Attributes:
        size: (d,) lengths of modular neurons, as they would be without errors;  loss: of the best modular code.
        normals: (T, d) the points -s_t, so that h(u) = max_t u.normals_t;  energy_matrix: (d, d) M.
        readout: g.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]], decoder_cost=5)
        >>> units = ModularUnits.of(problem)
        >>> bool(np.isclose(units.readout.value(np.eye(2)), 0.5))
        True
    """

    size: Array
    loss: float
    normals: Array
    energy_matrix: Array
    readout: Readout

    @classmethod
    def of(cls, problem: Problem) -> ModularUnits:
        """Those of a problem with any number of sources."""
        size = np.sqrt(problem.readout.natural_strengths(problem.modular_costs))
        loss = problem.modular_loss
        normals = -(problem.sources.vertices * size) / loss**0.5
        energy_matrix = problem.energy_matrix * np.outer(size, size) / loss
        return cls(size, loss, normals, energy_matrix, problem.readout.in_coordinates(1 / size, loss))

    def neurons(self, weights: Array) -> Array:
        """(n, d) u of source weights w (n, d)."""
        return np.asarray(weights / self.size)

    def weights(self, neurons: Array) -> Array:
        """(n, d) source weights w of neurons u (n, d)."""
        return np.asarray(neurons * self.size)

    def multiplier(self, multiplier: Array) -> Array:
        """(d, d) a multiplier of these units in those of the problem."""
        return np.asarray(multiplier * self.loss / np.outer(self.size, self.size))
