"""The closed form: the best modular code, one neuron per source (docs/mathematics.md, "The modular code")."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solver.methods.iterate import Iterate
from theory.conditions.completion import best_modular_multiplier
from theory.problem import Problem


def steps(problem: Problem, *, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:  # noqa: ARG001
    """Yield the best modular code, once; it is optimal exactly where the modularity condition holds."""
    yield Iterate(problem.modular_weights, best_modular_multiplier(problem), problem.modular_loss, 0.0)
