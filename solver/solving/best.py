"""The best code and the best bound of a search: what its iterates are folded into."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from solver.methods.iterate import Iterate
from theory.arrays import Array
from theory.bounds.cover import Cover
from theory.problem import Problem


@dataclass(frozen=True)
class Best:
    """The best code and the best bound of all iterates so far, which need not belong together."""

    weights: Array  # (n, d) source weights of the code
    loss: float  # of the code, as its method has it
    multiplier: Array  # (d, d) Y that proves the bound
    lower_bound: float = 0.0  # as its method has it
    cover: Cover | None = None  # proof that belongs to the multiplier; None where the data alone show the bound
    note: str = ""  # the last thing that a method had to say
    priced: bool = False  # whether the bound comes from the faces of the hull
    final: bool = False  # whether the code is given as it is: it is known to be the only optimal one, or any will do

    @classmethod
    def modular(cls, problem: Problem) -> Best:
        """The modular code, which is a valid answer from the first moment on.

        Example:
            >>> from solver import Problem
            >>> Best.modular(Problem([[0, 0], [0, 1], [1, 0]])).weights.shape
            (2, 2)
        """
        return cls(problem.modular_weights, problem.modular_loss, problem.energy_matrix)

    def after(self, step: Iterate, same: float, least_neurons: int) -> Best:
        """The best of all iterates with one more. Of two codes that tie the later is the tidier.

        Args:
            step: what the method came to.
            same: relative difference up to which two losses, or two bounds, tie.
            least_neurons: how many neurons a code needs to be one.

        Example:
            >>> import numpy as np
            >>> from solver import Problem
            >>> from solver.methods.iterate import Iterate
            >>> problem = Problem([[0, 0], [0, 1], [1, 0]])
            >>> step = Iterate(np.eye(2), np.eye(2), loss=1e9, lower_bound=1.0)
            >>> best = Best.modular(problem).after(step, 1e-10, 2)
            >>> best.lower_bound, best.loss == problem.modular_loss
            (1.0, True)
        """
        changes: dict[str, Any] = {"note": step.note or self.note}
        if len(step.weights) >= least_neurons and step.loss <= self.loss * (1 + same):
            changes |= {"weights": step.weights, "loss": step.loss}
        if step.lower_bound >= self.lower_bound * (1 - same):
            changes |= step.proof
        return replace(self, **changes)
