"""Partial targets: any method on the soft problems of `theory.reductions.PartialTargets`, with ever smaller ridges.

1. Solve the soft problem, and take each of its codes and bounds back to the exact one.
2. Take a smaller share where their gap is too wide although the soft problem is solved; or else end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from solver.methods.iterate import Iterate
from theory.problem import Problem
from theory.reductions import PartialTargets

SHARES = (1e-6, 1e-7, 1e-8, 1e-9)
"""Ridges tried one after the other, while the gap is larger than the tolerance: the larger keeps more digits."""


def steps(
    method: Callable[..., Iterator[Iterate]],
    problem: Problem,
    *,
    tolerance: float,
    rng: np.random.Generator,
    options: dict[str, object],
) -> Iterator[Iterate]:
    """The codes and bounds of a method for the soft problems, as codes and bounds of the exact one.

    Args:
        method: called with problem, tolerance, generator and options.
        problem: one whose decoder leaves sources out.
        tolerance: relative gap at which to stop.
        rng: for the method.
        options: for the method.
    """
    loss, bound = np.inf, 0.0
    for reduction in map(PartialTargets, SHARES):
        soft = None
        for soft in method(reduction.apply(problem), tolerance, rng, options):
            step = reduction.invert(problem, soft)  # step 1
            loss, bound = min(loss, step.loss), max(bound, step.lower_bound)
            yield step
        # step 2
        if soft is None or 1 - bound / loss <= tolerance or 1 - soft.lower_bound / soft.loss > tolerance:
            break
