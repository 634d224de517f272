"""Column generation where the hull has too many faces: neurons found by thousands of local ascents.

1. Begin with the best of the modular code and a code of random neurons.
2. Climb from the present neurons, from the best local maxima of earlier rounds and from fresh starts around them.
3. Find the best energies with what is worth adding, and move the code along its faces.
4. Where no neuron is worth adding, search in batches of fresh starts, and go back to 2 as soon as one is.
5. End after a search that would have found the neurons of the code itself, had it not known them.

The largest ratio is not proven, so the lower bound comes from ``f(w) >= w'M w`` alone and the answer is "bounded", but
independent seeds agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate import best_bound
from solver.generation.loss import WhitenedLoss
from solver.generation.master import Master, WorkingCode
from solver.generation.pool import Pool
from solver.generation.pricers import LocalPricer
from solver.methods.iterate import Iterate

if TYPE_CHECKING:
    from theory.arrays import Array
    from theory.problem import Problem


@dataclass(frozen=True)
class AscentTolerances:
    """When the search ends, and how much it takes up at a time."""

    first_per_source: int = 20  # random neurons that the first code is made of
    added_per_pair: int = 2  # neurons added at a time, per pair of sources
    steps: tuple[int, int] = (2, 20)  # of Newton's method per round, while the multiplier moves and when it hardly does
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
    search = _Ascents(problem, max(tolerance * ASCENTS.share, ASCENTS.rounding), rng, start)
    if start is None:
        yield search.iterate()
        search.add_random()
    batches = 0
    while batches < ASCENTS.batches and not search.is_thorough:
        yield search.iterate()
        worth_adding = search.pricer.look(search.code, thoroughly=batches > 0)
        if worth_adding or not search.master.is_stationary(search.code):
            batches = 0 if search.improve() else batches + 1
        else:
            batches += 1
    search.code = search.master.tidied(search.code)
    yield search.iterate()


def improved(problem: Problem, weights: Array, starts: Array, least_excess: float) -> Array | None:
    """A better code if a climb from one of the starts (k, d) finds a neuron worth adding, or its own can do better.

    Args:
        problem: any number of sources.
        weights: (n, d) source weights of the present code.
        starts: (k, d) neurons to climb from.
        least_excess: by how much a neuron's ratio must exceed one to be worth adding.
    """
    search = _Ascents(problem, least_excess, np.random.default_rng(0), weights)
    worth_adding = search.pricer.look_from(search.code, problem.whitening.neurons(starts))
    # Neurons that do not earn just what they cost are not stationary: then there is a better code of the same.
    better = (worth_adding or not search.master.is_stationary(search.code)) and search.improve()
    return search.weights if better else None


class _Ascents:
    """A code in whitened coordinates, with the pricer that looks for better neurons.

    Attributes:
        code: the best so far.
    """

    def __init__(
        self, problem: Problem, least_excess: float, rng: np.random.Generator, start: Array | None = None
    ) -> None:
        self.problem, self.least_excess = problem, least_excess
        self.loss = WhitenedLoss(problem)
        self.master = Master(self.loss)
        self.pricer = LocalPricer(self.loss.inside, self.loss, rng, least_excess)
        neurons = self.loss.coordinates(problem.modular_weights if start is None else start)
        if not len(neurons):
            # Where the best modular code has no neuron.
            nothing = np.zeros((problem.dimension, problem.dimension))
            neurons = self.loss.neurons(self.pricer.best_of_all(self.loss.inside.multiplier(nothing)))
        self.code: WorkingCode = self.master.code(neurons)

    @property
    def is_thorough(self) -> bool:
        """Step 5."""
        return self.master.is_stationary(self.code) and self.pricer.is_thorough(self.code)

    @property
    def weights(self) -> Array:
        """(n, d) source weights of the code."""
        return self.loss.source_weights(self.code.neurons)

    def add_random(self) -> None:
        """Step 1: the best code with random neurons, if better than the one there is."""
        random = self.loss.neurons(self.pricer.random(ASCENTS.first_per_source * self.problem.dimension))
        self._improve_with(Pool(self.loss.of_unit_cost(random), self.loss.highest_samples(random)))

    def improve(self) -> bool:
        """Step 3; whether the loss fell by as much as counts."""
        before = self.code.loss
        self._improve_with(self.pricer.pool(ASCENTS.added_per_pair * self.master.pairs))
        return self.code.loss < before * (1 - self.least_excess)

    def _improve_with(self, pool: Pool) -> None:
        most = ASCENTS.added_per_pair * self.master.pairs
        pool = Pool(pool.columns[:most], pool.active[:most])
        self.code = self.master.improved(self.code, pool, ASCENTS.steps[self.pricer.is_close])

    def iterate(self) -> Iterate:
        """The present code in the units of the problem."""
        code, multiplier = self.code, self.loss.multiplier(self.code.neurons)
        candidates = self.loss.neurons(self.pricer.worth_adding.neurons)
        step = self.loss.invert(Iterate(code.neurons, multiplier, code.loss, 0.0, candidates=candidates))
        bound = best_bound(self.problem, step.multiplier, weights=step.weights, quick=True).value
        return replace(step, lower_bound=bound)
