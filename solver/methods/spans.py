"""Neurons that read one group of sources each, where groups tell of each other: columns of all groups at once.

Errors of one group tell of another, or dependent sources of one group tell those of another (docs/mathematics.md,
"Groups", "Dependent sources"). No group can be solved by itself then; but the loss is convex in all neurons together,
and its columns are generated from all groups, each in its own span (`theory.dependent.spans`):

1. Begin with the best modular code, and with the neurons of single sources and of single whitened coordinates of each
   group.
2. Where the modular code is silent begin with neurons that are worth having where there are none. Without such the
   silent code is optimal.
3. Price the neurons of each group, exactly where the faces of its hull are listed; the largest ratio of all groups
   bounds the loss.
4. End where the bound meets the loss, or where neither the gap nor the loss falls any more.
5. Solve the master problem of the pool, and move its neurons along their faces within their spans
   (`solver.generation.loop`). Go to 3.
6. At the end write the code with as few neurons as it needs.
7. If it is not proven by then, take its multiplier in the coordinates of the sources, which has other digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate import best_bound
from solver.deadline import time_left
from solver.generation.loop import ColumnGeneration, RoundLimits, StoppingRule
from solver.generation.loss import SpansLoss
from solver.generation.master import Master
from solver.generation.pool import Pool
from solver.generation.pricers import SpansPricer
from solver.methods.columns import rounds
from solver.methods.iterate import Iterate
from solver.solving.plan import faces_in_time

if TYPE_CHECKING:
    from theory.problem import Problem


@dataclass(frozen=True)
class SpansTolerances:
    """How much the search takes up at a time."""

    excess: float = 1e-10  # of a ratio over one up to which a neuron earns no more than it costs
    added_per_pair: int = 4  # new neurons of a group in a round, per pair of its sources
    kept_per_pair: int = 12  # neurons that are remembered, per pair of all sources
    steps: int = 20  # of Newton's method on the faces
    steps_within_walls: int = 8  # where the faces were the wrong ones
    patience: tuple[int, int] = (12, 8)  # rounds that hardly narrow the gap; the second where all faces are priced


SPANS = SpansTolerances()


def steps(problem: Problem, *, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:
    """Yield ever better codes of neurons that read one group each, with weights on the sources.

    Args:
        problem: with groups.
        tolerance: relative gap at which to stop.
        rng: draws the starts of ascents, for groups whose hulls have too many faces.
    """
    loss = SpansLoss(problem)
    listed = [faces_in_time(span.block, time_left()) is not None and span.listed for span in problem.spans]
    pricer = SpansPricer(loss, listed, SPANS.added_per_pair, rng, SPANS.excess)
    pool, modular = _first(loss), problem.modular_weights  # step 1
    start = loss.coordinates(modular if problem.hull is None else problem.hull.functions(modular))
    if not len(start):  # step 2
        silent, multiplier = Master(loss).code(start), loss.multiplier(start)
        priced = pricer.price(silent, multiplier)
        start, pool = priced.pool.columns, priced.pool.joined(pool)
        if not len(start):
            bound = silent.loss if priced.rho <= 1 + SPANS.excess else loss.proven(multiplier, priced.rho)
            yield loss.invert(Iterate(start, multiplier, silent.loss, bound, priced=True))
            return
    limits = RoundLimits(SPANS.kept_per_pair * loss.pairs, SPANS.steps, SPANS.steps_within_walls)
    rule = StoppingRule(patience=SPANS.patience[all(listed)])
    for step in rounds(ColumnGeneration(loss, pricer, limits, [start], pool), rule, tolerance):
        yield step
    if step.lower_bound < step.loss * (1 - tolerance):  # step 7
        weights = step.weights
        proven = best_bound(problem, problem.multiplier(weights.T @ weights), weights=weights)
        yield replace(step, multiplier=proven.multiplier, lower_bound=proven.value)


def _first(loss: SpansLoss) -> Pool:
    """The neurons of single sources, and those along whitened coordinates either way."""
    neurons = []
    for span, basis in zip(loss.posed.spans, loss.bases, strict=True):
        neurons += [span.block.whitening.neurons(span.block.modular.unit_neurons) @ basis, basis, -basis]
    columns = loss.of_unit_cost(np.concatenate(neurons))
    return Pool(columns, loss.highest_samples(columns)).joined()
