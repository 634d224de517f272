"""Column generation where the hull has too many faces: neurons found by thousands of local ascents.

1. Begin with the best of the modular code and a code of random neurons.
2. Climb from the present neurons, from the best local maxima of earlier rounds and from fresh starts around them
   (`LocalPricer`).
3. Solve the master problem with what is worth adding, and move its code along its faces (`solver.generation.loop`).
4. Where no neuron is worth adding, search in batches of fresh starts, and go back to 2 as soon as one is.
5. End after a search that would have found the neurons of the code itself, had it not known them, or after many that
   lowered nothing.

The largest ratio is not proven, so the lower bound comes from ``f(w) >= w'M w`` alone and the answer is "bounded", but
independent seeds agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from solver.certificate import best_bound
from solver.generation.loop import ColumnGeneration, RoundLimits
from solver.generation.loss import WhitenedLoss
from solver.generation.pricers import LocalPricer
from solver.methods.iterate import Iterate
from theory.arrays import Array
from theory.problem import Problem


@dataclass(frozen=True)
class AscentTolerances:
    """When the search ends, and how much it takes up at a time."""

    first_per_source: int = 20  # random neurons that the first code is made of
    added_per_pair: int = 2  # neurons added at a time, per pair of sources
    kept_per_pair: int = 2  # neurons that are remembered
    steps: int = 20  # of Newton's method on the faces
    steps_within_walls: int = 8  # where the faces were the wrong ones
    batches: int = 30  # that find nothing before the end
    rounding: float = 1e-11  # excess of a ratio over one that rounding can feign
    share: float = 0.01  # of the tolerance by which a ratio must exceed one to be worth adding


ASCENTS = AscentTolerances()


def steps(
    problem: Problem, *, tolerance: float, rng: np.random.Generator, start: Array | None = None
) -> Iterator[Iterate]:
    """Yield ever better codes until a thorough search finds no neuron worth adding.

    Args:
        problem: any number of sources.
        tolerance: relative gap aimed at: neurons whose ratio exceeds one by far less count as nothing found.
        rng: draws the starts.
        start: (n, d) a good code to begin with; the best modular one and random neurons if not given.
    """
    pricer = _pricer(problem, rng, max(tolerance * ASCENTS.share, ASCENTS.rounding))
    generation = _generation(pricer, problem.modular_weights if start is None else start)
    if start is None:  # step 1
        yield _iterate(generation)
        generation.join(pricer.random_columns(ASCENTS.first_per_source * problem.dimension))
        generation.solve_master()
    batches = 0
    # Step 5.
    while batches < ASCENTS.batches and not (generation.is_stationary and pricer.is_thorough(generation.best)):
        yield _iterate(generation)
        generation.price()  # steps 2 and 4
        batches = 0 if _improve(generation, pricer.least_excess) else batches + 1
    generation.tidy()
    yield _iterate(generation)


def improved(problem: Problem, weights: Array, starts: Array, least_excess: float) -> Array | None:
    """A better code if a climb from one of the starts (k, d) finds a neuron worth adding, or its own can do better.

    A code that was not stationary and is so now counts as better: its multiplier proves more.

    Args:
        problem: any number of sources.
        weights: (n, d) source weights of the present code.
        starts: (k, d) neurons to climb from.
        least_excess: by how much a neuron's ratio must exceed one to be worth adding.
    """
    pricer = _pricer(problem, np.random.default_rng(0), least_excess)
    generation = _generation(pricer, weights)
    code, starts = generation.best, problem.whitening.neurons(starts)
    generation.join(pricer.climbed(code, pricer.loss.multiplier(code.neurons), starts))
    was_stationary = generation.is_stationary
    better = _improve(generation, least_excess) or generation.is_stationary > was_stationary
    return pricer.loss.source_weights(generation.best.neurons) if better else None


def _pricer(problem: Problem, rng: np.random.Generator, least_excess: float) -> LocalPricer:
    loss = WhitenedLoss(problem)
    return LocalPricer(loss, ASCENTS.added_per_pair * loss.pairs, rng, least_excess)


def _generation(pricer: LocalPricer, start: Array) -> ColumnGeneration:
    loss, kept = pricer.loss, ASCENTS.kept_per_pair * pricer.loss.pairs
    limits = RoundLimits(kept, ASCENTS.steps, ASCENTS.steps_within_walls, only_best=True)
    return ColumnGeneration(loss, pricer, limits, [loss.coordinates(start)])


def _improve(generation: ColumnGeneration, least_excess: float) -> bool:
    """Step 3, where it may be of use; whether the loss fell by as much as counts."""
    before = generation.best.loss
    if len(generation.candidates) or not generation.is_stationary:
        generation.solve_master()
    return generation.best.loss < before * (1 - least_excess)


def _iterate(generation: ColumnGeneration) -> Iterate:
    """The best code in the units of the problem, and what its multiplier proves without any prices."""
    code, loss = generation.best, generation.loss
    multiplier = loss.multiplier(code.neurons)
    step = loss.invert(Iterate(code.neurons, multiplier, code.loss, 0.0, candidates=generation.candidates))
    bound = best_bound(loss.problem, step.multiplier, weights=step.weights, quick=True).value
    return replace(step, lower_bound=bound)
