"""Linear nonnegative neurons z = w.s + b >= 0: they pay for their mean squared activity, bias and encoder weights.

    f(w) = w'M w + (activity_cost + bias_cost) h_S(w)^2,      M = activity_cost C + encoder_cost (A'A)^-1

with the support function h_S of the samples, which is the least bias about the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from theory.arrays import Array
from theory.neurons.kind import Activity, Neurons
from theory.sources import Sources


@dataclass(frozen=True, eq=False)
class Linear(Neurons):
    """The field's linear neuron, at the costs of the problem.

    Source: docs/mathematics.md, "The problem".

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]], bias_cost=2, neurons=Linear())
        >>> problem.neuron_cost([[1.0, 0.0]]).round(12).tolist()
        [5.0]
    """

    name: ClassVar[str] = "linear"

    def terms(self, problem: Any, activity: Activity, encoder: Array) -> dict[str, Array]:
        """See `Neurons`: "activity", "bias" where it has a cost, "encoder"."""
        return {
            "activity": problem.activity_cost * activity.second_moments,
            **({"bias": problem.bias_cost * activity.means**2} if problem.bias_cost else {}),
            "encoder": problem.encoder_cost * (encoder**2).sum(axis=1),
        }

    def energy_root(self, problem: Any) -> Array:
        """See `Neurons`: as accurate as the samples are; `energy_matrix`, a product, is not always."""
        root = problem.activity_cost**0.5 * problem.sources.covariance_root
        return np.vstack([root, problem.encoder_cost**0.5 * problem.pseudoinverse.T])

    def energy_matrix(self, problem: Any) -> Array:
        """See `Neurons`."""
        return np.asarray(
            problem.activity_cost * problem.sources.covariance + problem.encoder_cost * problem.encoder_metric
        )

    def height_sources(self, problem: Any) -> Sources:
        """See `Neurons`: the samples, in the size that the cost of the bias gives them."""
        height = (problem.activity_cost + problem.bias_cost) ** 0.5
        return problem.sources if height == 1 else problem.sources.sized(height)

    def is_canonical(self, problem: Any) -> bool:
        """See `Neurons`."""
        return bool(problem.activity_cost == 1 and problem.bias_cost == 0)
