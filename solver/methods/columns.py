"""Column generation with exact pricing, for hulls whose faces can be listed (docs/mathematics.md, "Column generation").

All of it happens in the coordinates of `theory.geometry.whitening`, so that strongly correlated sources are as easy as
others.

1. Begin with the best modular codes of the sources and of their whitened coordinates. Where these are silent, and no
   neuron earns what it costs, the silent code is optimal.
2. Where the faces are so many that to price them takes seconds, begin with a code of local ascents.
3. Price all faces of the hull at the present multipliers: the neurons found join the pool, and a bound is proven.
4. End where bound and loss meet, or where the gap hardly narrows any more.
5. Solve the master problem of the pool and move its code along its faces (`solver.generation.loop`). Go to 3.
6. At the end write the code with as few neurons as it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from solver.generation.loop import ColumnGeneration, RoundLimits, StoppingRule
from solver.generation.loss import WhitenedLoss
from solver.generation.pricers import ExactPricer
from solver.methods import ascents
from solver.methods.iterate import Iterate
from solver.solving.plan import prices_slowly, seconds_to_price
from theory.arrays import Array
from theory.problem import Problem


@dataclass(frozen=True)
class ColumnsTolerances:
    """When the search ends, and how much it takes up at a time."""

    excess: float = 1e-10  # of a ratio over one up to which a neuron earns no more than it costs
    shares: tuple[float, float] = (0.1, 0.5)  # of the tolerance that end it; the second where pricing takes seconds
    added_per_pair: int = 4  # new neurons per multiplier and pair of sources: a code needs one per pair
    kept_per_pair: int = 12  # neurons that are remembered
    steps: int = 20  # of Newton's method on the faces
    steps_within_walls: int = 8  # where the faces were the wrong ones


COLUMNS = ColumnsTolerances()


def steps(
    problem: Problem, *, tolerance: float, rng: np.random.Generator, start: Array | None = None
) -> Iterator[Iterate]:
    """Yield ever better codes until no neuron is worth adding.

    Args:
        problem: one whose hull has few enough faces to be listed.
        tolerance: relative gap at which to stop.
        rng: draws the starts of ascents, which on hulls with very many faces find a code good enough that few rounds of
            pricing are needed; not used on others.
        start: (n, d) a good code to begin with, if one is known.
    """
    faces = problem.sources.faces.most_faces
    many = prices_slowly(faces)
    starts = [problem.modular_weights, problem.whitening.weights(problem.whitened.modular_weights)]
    if not len(problem.modular_weights):  # step 1
        nothing = problem.multiplier(np.zeros((problem.dimension, problem.dimension)))
        priced = problem.pricing.maximise(nothing)
        if priced.rho <= 1 + COLUMNS.excess:
            # No neuron earns what it costs where there is none: the code is silent.
            silent, loss = problem.modular_weights, problem.modular_loss
            yield Iterate(silent, nothing, loss, loss, priced=True)
            return
        starts[0] = priced.worst[None]
    if start is not None:
        starts.append(start)
    elif many:  # step 2
        for step in ascents.steps(problem, tolerance=tolerance, rng=rng):
            starts[1] = step.weights
            yield step
    generation = _generation(problem, [weights for weights in starts if len(weights)])
    rule = StoppingRule(COLUMNS.shares[many], seconds=seconds_to_price(faces) if many else 0.0)
    yield from rounds(generation, rule, tolerance)


def rounds(generation: ColumnGeneration, rule: StoppingRule, tolerance: float) -> Iterator[Iterate]:
    """Steps 3 to 6: yield the best code with the best bound after each pricing."""
    for _ in generation.rounds(rule, tolerance):
        code = generation.best
        bound, candidates = generation.bound, generation.candidates
        step = Iterate(code.neurons, generation.multiplier, code.loss, bound, candidates=candidates, priced=True)
        yield generation.loss.invert(step)


def _generation(problem: Problem, starts: list[Array]) -> ColumnGeneration:
    loss = WhitenedLoss(problem)
    pricer = ExactPricer(loss, COLUMNS.added_per_pair * loss.pairs)
    limits = RoundLimits(COLUMNS.kept_per_pair * loss.pairs, COLUMNS.steps, COLUMNS.steps_within_walls)
    return ColumnGeneration(loss, pricer, limits, [loss.coordinates(code) for code in starts])
