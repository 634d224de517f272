"""Codes for a problem with transitions, from one that is good without them: column generation on the whole loss.

Where sources, hull and mixing look the same after a step as before it, the code of least loss without a recurrent layer
is the best with it, and there is nothing to do. Elsewhere (docs/mathematics.md, "Dynamics"):

1. Begin with the code that is best without the layer, and after it with the best modular code.
2. Price: neurons that lower the whole loss to first order, on all faces of the hull or by local ascent.
3. Solve the master problem of the pool, and move its code along its faces (`solver.generation.loop`).
4. Bound the code by its own multiplier, if that is positive semidefinite: then a code that no neuron improves is the
   global optimum. Go to 2 until the bound meets the loss, or neither changes.
5. Of a code that proves nothing by itself, look for multipliers next to its own that prove something.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from solver.certificate import best_bound, bound_at_code
from solver.deadline import time_left
from solver.generation.loop import ColumnGeneration, Pricer, RoundLimits
from solver.generation.loss import RecurrentLoss
from solver.generation.pricers import ExactPricer, LocalPricer
from solver.methods.iterate import Iterate
from solver.solving.plan import faces_in_time
from theory.arrays import Array
from theory.problem import Problem


@dataclass(frozen=True)
class RecurrentTolerances:
    """When the search ends, and how much it takes up at a time."""

    rounds: int = 100  # from each start
    patience: int = 6  # rounds without a lower loss or a better bound
    progress: float = 1e-12  # relative change of either that counts
    share: float = 0.1  # of the tolerance within which the search ends, as far as rounding lets it
    added_per_pair: int = 2  # new neurons per multiplier and pair of sources
    kept_per_pair: int = 6  # neurons that are remembered,
    most_kept_per_pair: int = 2  # but no more than these
    most_kept: int = 300  # once they are so many: a step takes the cube of their number
    steps: int = 20  # of Newton's method
    excess: float = 1e-13  # of a ratio over one that is rounding


RECURRENT = RecurrentTolerances()


def steps(problem: Problem, weights: Array, *, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:
    """Yield ever better codes of the whole problem.

    Args:
        problem: one with transitions.
        weights: (n, d) a code that is good without them.
        tolerance: relative gap at which to stop.
        rng: draws the starts of ascents, where there are too many faces.
    """
    for start in (weights, problem.modular_weights):  # step 1
        generation = _generation(problem, start, rng)
        stalled, loss, bound = 0, np.inf, 0.0
        for _ in range(RECURRENT.rounds):
            generation.price()  # step 2
            generation.solve_master()  # step 3
            step = _iterate(problem, generation)  # step 4
            yield step
            if step.lower_bound >= step.loss * (1 - RECURRENT.share * tolerance):
                return
            change = RECURRENT.progress
            better = step.loss < loss * (1 - change) or step.lower_bound > bound * (1 + change)
            stalled = 0 if better else stalled + 1
            loss, bound = min(loss, step.loss), max(bound, step.lower_bound)
            if stalled >= RECURRENT.patience:
                break
        # Step 5 takes a while.
        last = best_bound(problem, step.multiplier, weights=step.weights)
        yield replace(step, multiplier=last.multiplier, lower_bound=last.value, priced=True)
        if last.value >= step.loss * (1 - tolerance):
            return


def _generation(problem: Problem, start: Array, rng: np.random.Generator) -> ColumnGeneration:
    loss = RecurrentLoss(problem)
    added, pairs, starts = RECURRENT.added_per_pair * loss.pairs, loss.pairs, [loss.coordinates(start)]
    pricer: Pricer
    if faces_in_time(problem, time_left()) is not None:
        pricer = ExactPricer(loss, added)
    else:
        pricer = LocalPricer(loss, added, rng, RECURRENT.excess)
    kept = min(RECURRENT.kept_per_pair * pairs, max(RECURRENT.most_kept_per_pair * pairs, RECURRENT.most_kept))
    return ColumnGeneration(loss, pricer, RoundLimits(kept, RECURRENT.steps, RECURRENT.steps), starts)


def _iterate(problem: Problem, generation: ColumnGeneration) -> Iterate:
    """The best code in the units of the problem, and what is proven of it."""
    weights = generation.loss.source_weights(generation.best.neurons)
    bound, loss = bound_at_code(problem, weights), problem.loss(weights)
    if bound is None:
        return Iterate(weights, problem.energy_matrix, loss, -np.inf)
    return Iterate(weights, bound.multiplier, loss, bound.value, priced=True)
