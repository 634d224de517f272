"""Neurons in the form in which they are searched for and priced: R is given, and h is that of the sources themselves.

Every kind comes to this (`Problem.canonical`): the weights, the multiplier and the loss of a code are the same there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from theory.arrays import Array
from theory.neurons.kind import Activity, Neurons
from theory.sources import Sources


@dataclass(frozen=True, eq=False)
class Canonical(Neurons):
    """Neurons of cost |R w|^2 + h(w)^2, whatever that pays for.

    Example:
        >>> from theory.problem import Problem
        >>> square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
        >>> neurons = Canonical(np.array([[2.0, 0], [0, 1]]), np.diag([4.0, 1]), None)
        >>> Problem(square, neurons=neurons).neuron_cost([[1.0, 0.0]]).round(12).tolist()
        [5.0]
    """

    name: ClassVar[str] = "linear"

    root: Array  # (k, d) R
    matrix: Array  # (d, d) M = R'R
    between: Array | None  # (d, d) see `Neurons.coupling`

    def terms(self, problem: Any, activity: Activity, encoder: Array) -> dict[str, Array]:
        """See `Neurons`: "activity" is |R w|^2 and "bias" h(w)^2, whatever they pay for."""
        return {
            "activity": ((encoder @ problem.mixing @ self.root.T) ** 2).sum(axis=1),
            "bias": activity.means**2,
        }

    def energy_root(self, problem: Any) -> Array:
        """See `Neurons`."""
        return self.root

    def energy_matrix(self, problem: Any) -> Array:
        """See `Neurons`."""
        return self.matrix

    def height_sources(self, problem: Any) -> Sources:
        """See `Neurons`."""
        sources: Sources = problem.sources
        return sources

    def is_canonical(self, problem: Any) -> bool:
        """See `Neurons`."""
        return True

    def of_columns(self, columns: list[int]) -> Canonical:
        """See `Neurons`."""
        block = np.ix_(columns, columns)
        between = None if self.between is None else self.between[block]
        return Canonical(self.root[:, columns], self.matrix[block], between)

    def coupling(self, problem: Any) -> Array | None:
        """See `Neurons`."""
        return self.between
