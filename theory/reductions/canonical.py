"""Any kind of neuron, brought to the form f(w) = w'M w + h(w)^2 with the support function of the sources."""

from __future__ import annotations

from typing import Any

from theory.errors import InputError
from theory.neurons import Canonical
from theory.readouts import Priced
from theory.reductions.reduction import Reduction
from theory.reductions.without_layer import WITHOUT_LAYER


class _CanonicalForm(Reduction):
    """Weights, multiplier, loss and bound stay as they are."""

    def accepts(self, problem: Any) -> bool:
        """See `Reduction`."""
        return not problem.neurons.is_canonical(problem)

    def apply(self, problem: Any) -> Any:
        """The problem in the form in which it is solved; see `Reduction`.

        Raises:
            InputError: costs that take the sources beyond the numbers of floating point.

        Example:
            >>> from theory.problem import Problem
            >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]], activity_cost=2, bias_cost=3)
            >>> weights = [[1.0, 0.0], [1.0, 1.0]]
            >>> abs(problem.loss(weights) - problem.canonical.loss(weights)) < 1e-12
            True
        """
        problem = problem.on_hull
        if not self.accepts(problem):
            return problem
        arguments = problem.arguments | {
            "sources": problem.height_sources,
            "activity_cost": 1.0,
            "bias_cost": 0.0,
            "readout": Priced(problem.readout),
            "transitions": None,
            "recurrent_cost": 1.0,
            "neurons": Canonical(problem.energy_root, problem.energy_matrix, problem.neurons.coupling(problem)),
        }
        try:
            alone = type(problem)(**arguments)
        except InputError as error:
            raise InputError(f"activity_cost, bias_cost: with these costs, {error}") from None
        return WITHOUT_LAYER.with_layer(problem, alone)

    def of(self, problem: Any) -> Any:
        """See `Reduction`."""
        return problem.canonical


CANONICAL = _CanonicalForm()
