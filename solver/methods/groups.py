"""Neurons that read one group of sources each: the best code of one group after the other (docs/mathematics.md,
"Groups").

1. Where groups tell of each other, because errors of one tell of another, columns are generated from all of them at
   once (`solver.methods.spans`).
2. Elsewhere the groups do not know of each other: solve each by itself, with the method that suits its hull.
3. Put their codes side by side, and bound them together.

A problem without groups is not for this method; where the hull is a product over them its code is the best of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate import best_bound
from solver.deadline import time_left
from solver.methods import columns, partial_targets, relaxation, spans, symmetric
from solver.methods.iterate import Iterate
from solver.solving.plan import faces_in_time, is_symmetric
from theory.bounds.cover import Cover
from theory.reductions import GROUP_BY_GROUP

if TYPE_CHECKING:
    from theory.problem import Problem


def steps(problem: Problem, *, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:
    """Yield ever better codes whose neurons read one group each.

    Args:
        problem: one with groups whose neurons are to keep to them.
        tolerance: relative gap at which to stop.
        rng: for the methods that solve the groups.
    """
    if GROUP_BY_GROUP.coupled(problem):  # step 1
        yield from spans.steps(problem, tolerance=tolerance, rng=rng)
    else:
        yield from _side_by_side(problem, tolerance, rng)


def _side_by_side(problem: Problem, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:
    """The best codes of the groups, which do not know of each other: a step for each of theirs, and one that bounds."""
    codes = [None if part is None else _modular(part) for part in problem.parts]

    def together() -> Iterate:
        joined = GROUP_BY_GROUP.join(problem, codes)
        priced = all(code is None or code.priced for code in codes)
        cover = Cover.of_groups([None if code is None else code.cover for code in codes])
        return Iterate(joined.weights, joined.multiplier, joined.loss, 0.0, cover, priced=priced)

    for place, part in enumerate(problem.parts):
        for codes[place] in () if part is None else _improving(part, tolerance, rng):
            yield together()
    last = together()
    bound = best_bound(problem, last.multiplier, weights=last.weights, cover=last.cover)
    yield replace(last, multiplier=bound.multiplier, lower_bound=bound.value, priced=True)


def _modular(part: Problem) -> Iterate:
    return Iterate(part.modular_weights, part.energy_matrix, part.modular_loss, 0.0)


def _improving(part: Problem, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:
    """Ever better codes of one group by itself, with the best multipliers."""
    if part.readout.rank is not None:
        part_steps = partial_targets.steps(_steps, part, tolerance=tolerance, rng=rng, options={})
    else:
        part_steps = _steps(part, tolerance, rng, {})
    best = _modular(part)
    for step in part_steps:
        if step.loss <= best.loss:
            best = replace(best, weights=step.weights, loss=step.loss)
        if step.lower_bound >= best.lower_bound:
            best = replace(best, **step.proof)
        yield best


def _steps(part: Problem, tolerance: float, rng: np.random.Generator, _: dict[str, object]) -> Iterator[Iterate]:
    if faces_in_time(part, time_left()) is not None:
        return columns.steps(part, tolerance=tolerance, rng=rng)
    method = symmetric.steps if is_symmetric(part) else relaxation.quick_steps
    return method(part, tolerance=tolerance, rng=rng)
