"""Exact decoding of targets that leave sources out, as the limit of decoding with errors that are ever more expensive.

There a code need not span the sources, and its G is singular (docs/mathematics.md, "Targets that leave sources out").

1. Solve the soft problem nearby by any method, with a ridge ``G0 = share M^-1`` in units of the best modular code.
2. Turn its neurons by as little as lets the targets be decoded without error: a code of the problem itself.
3. Its multiplier proves a bound: the loss nearby is convex in the share, and the bound is where its tangent meets zero.
4. Code and bound err by the square of the share where the loss is smooth in it: with a smaller share, back to 1, until
   they meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from solver.decoding import readable
from solver.methods.iterate import Iterate
from theory.readouts import Priced, symmetric_root

if TYPE_CHECKING:
    from theory.arrays import Array
    from theory.problem import Problem

__all__ = ["nearby", "steps"]

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
    """The codes and bounds of a method for the soft problem nearby, as codes and bounds of the exact one.

    Args:
        method: called with problem, tolerance, generator and options.
        problem: one whose decoder leaves sources out.
        tolerance: relative gap at which to stop.
        rng: for the method.
        options: for the method.
    """
    loss, bound = np.inf, 0.0
    for share in SHARES:
        soft, near = nearby(problem, share), None
        for near in method(soft, tolerance, rng, options):
            step = _restored(problem, soft, near)
            loss, bound = min(loss, step.loss), max(bound, step.lower_bound)
            yield step
        if near is None or 1 - bound / loss <= tolerance or 1 - near.lower_bound / near.loss > tolerance:
            break


def nearby(problem: Problem, share: float) -> Problem:
    """The soft problem with a ridge that is this share of what the best modular code has for its G."""
    unit = problem.modular_loss / 2 / problem.dimension
    ridge = share * unit * problem.whitening.inverse @ problem.whitening.inverse.T
    return problem.replaced(readout=Priced(problem.readout.near((ridge + ridge.T) / 2)))


def _restored(problem: Problem, soft: Problem, step: Iterate) -> Iterate:
    weights = readable(problem, step.weights)
    decoder = problem.readout.decoder(weights)
    energy, cost = float(problem.neuron_cost(weights).sum()), problem.readout.decoder_cost * float((decoder**2).sum())
    size = (cost / energy) ** 0.25 if energy > 0 and cost > 0 else 1.0
    weights = weights * size
    loss = problem.loss(weights)
    bound = _without_ridge(soft, step.multiplier, step.lower_bound)
    return replace(step, weights=weights, loss=loss, lower_bound=bound)


def _without_ridge(soft: Problem, multiplier: Array, bound: float) -> float:
    """What a multiplier proves of the exact problem if it proves this bound, s a - s^2 b, of the soft one: s a."""
    if not np.isfinite(bound):
        return bound
    gain, lost = soft.readout.dual_terms(symmetric_root(multiplier))
    return float(2 * bound * gain / (gain + max(0.0, gain**2 - 4 * lost * bound) ** 0.5))
