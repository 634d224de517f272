"""The closed form: the best modular code, one neuron a source (docs/mathematics.md, "The modular code")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from solver.methods.iterate import Iterate
from theory.conditions import modular_multiplier
from theory.conditions.completion import completed_multiplier, is_open

if TYPE_CHECKING:
    import numpy as np

    from theory.problem import Problem

__all__ = ["steps"]


def steps(problem: Problem, *, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:  # noqa: ARG001
    """Yield the best modular code, once; it is optimal exactly where the modularity condition holds."""
    multiplier = completed_multiplier(problem).multiplier if is_open(problem) else modular_multiplier(problem)
    yield Iterate(problem.modular_weights, multiplier, problem.modular_loss, 0.0)
