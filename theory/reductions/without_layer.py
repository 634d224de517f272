"""A recurrent layer left out: its least cost is added to what is proven, its cost at a code to what that costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from theory.reductions.reduction import OneSolved, Reduction


class _WithoutLayer(Reduction):
    """See docs/mathematics.md, "Dynamics"."""

    def accepts(self, problem: Any) -> bool:
        """See `Reduction`."""
        return problem.transitions is not None

    def apply(self, problem: Any) -> Any:
        """The problem without its recurrent layer; see `Reduction`.

        Example:
            >>> from theory.problem import Problem
            >>> square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
            >>> problem = Problem(square, transitions=[[0, -1], [1, 0]], recurrent_cost=3)
            >>> round(problem.modular_loss - problem.feedforward.modular_loss, 9)
            6.0
        """
        return problem.replaced(transitions=None, recurrent_cost=1.0) if self.accepts(problem) else problem

    def of(self, problem: Any) -> Any:
        """See `Reduction`."""
        return problem.feedforward

    def with_layer(self, problem: Any, alone: Any) -> Any:
        """A problem without transitions with the layer of another one, which costs there what it costs here.

        Args:
            problem: with the layer.
            alone: without, of sources that move as those of the problem do.

        Example:
            >>> from theory.problem import Problem
            >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]], transitions=[[0, -1], [1, 0]])
            >>> again = WITHOUT_LAYER.with_layer(problem, problem.feedforward)
            >>> again.modular_loss == problem.modular_loss
            True
        """
        if not self.accepts(problem):
            return alone
        layer = {"transitions": problem.transitions, "recurrent_cost": problem.recurrent_cost}
        known = {"recurrence": problem.recurrence, "feedforward": alone}
        return type(problem).knowing(known, **(alone.arguments | layer))

    def lower_bound(self, problem: Any, bound: float) -> float:
        """See `Reduction`."""
        return bound + float(problem.least_recurrent)

    def invert(self, problem: Any, solved: OneSolved) -> OneSolved:
        """See `Reduction`."""
        if not self.accepts(problem):
            return solved
        bound = self.lower_bound(problem, solved.lower_bound)
        return replace(solved, loss=problem.loss(solved.weights), lower_bound=bound)


WITHOUT_LAYER = _WithoutLayer()
