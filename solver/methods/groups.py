"""Neurons that read one group of sources each: the best code of one group after the other (docs/mathematics.md,
"Groups").

With an exact readout the groups do not know of each other, and one round is all. Where errors of one group tell of
another, the readout of each group depends on the neurons of the others, but the loss is convex in all of them
together: so the groups take turns, and after each round the energies of all neurons are set together. Without groups
given this is no method; where the hull is a product over the groups its code is the best of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate import best_bound
from solver.methods import columns, partial_decoding, relaxation
from solver.methods.iterate import Iterate
from solver.search.modular_units import ModularUnits
from solver.search.restricted_master import optimal_energies
from theory.groups import placed
from theory.readouts import Priced

if TYPE_CHECKING:
    from theory.problem import Problem

__all__ = ["steps"]

SHARE_OF_TOLERANCE = 0.1
"""The search ends when the gap is within this share of the tolerance,"""

PATIENCE = 3
"""or when so many rounds in a row have hardly narrowed it."""

NARROWER = 0.9
"""Ratio of two gaps that counts as narrowing."""

FAINT = 1e-12
"""Energy of a neuron, relative to the largest, below which it is none."""


def steps(problem: Problem, *, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:
    """Yield ever better codes whose neurons read one group each.

    Args:
        problem: one with groups whose neurons are to keep to them.
        tolerance: relative gap at which to stop.
        rng: for the methods that solve the groups.
    """
    assert problem.groups is not None
    if not problem.coupled:
        yield from _side_by_side(problem, tolerance, rng)
        return
    search, step = _Search(problem, tolerance, rng), _modular(problem)
    gap, stalled = float("inf"), 0
    while True:
        for members, block in zip(problem.groups.values(), problem.blocks, strict=True):
            for _ in search.improve(list(members), block):
                yield step  # again: a moment to stop
        search.reweigh()
        step = search.step()
        yield step
        before, gap = gap, 1 - step.lower_bound / step.loss
        stalled = 0 if gap < NARROWER * before else stalled + 1
        if gap <= SHARE_OF_TOLERANCE * tolerance or stalled >= PATIENCE:
            return


def _side_by_side(problem: Problem, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:
    """The best codes of the groups, which do not know of each other: a step for each of theirs, and one that bounds."""
    parts = [
        (members, part) for members, part in zip((problem.groups or {}).values(), problem.parts, strict=True) if part
    ]
    codes = [_modular(part) for _, part in parts]

    def together() -> Iterate:
        weights, multiplier = [np.empty((0, problem.dimension))], np.zeros((problem.dimension,) * 2)
        for (members, _), code in zip(parts, codes, strict=True):
            weights.append(placed(code.weights, members, problem.dimension))
            multiplier[np.ix_(members, members)] = code.multiplier
        return Iterate(np.concatenate(weights), multiplier, sum(code.loss for code in codes), 0.0)

    for place, (_, part) in enumerate(parts):
        for codes[place] in _improving(part, tolerance, rng):
            yield together()
    last = together()
    bound = best_bound(problem, last.multiplier, weights=last.weights)
    yield replace(last, multiplier=bound.multiplier, lower_bound=bound.value)


def _modular(part: Problem) -> Iterate:
    return Iterate(part.modular_weights, part.energy_matrix, part.modular_loss, 0.0)


def _improving(part: Problem, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:
    """Ever better codes of one group by itself, with the best multipliers."""
    found: Iterator[Iterate]
    if part.readout.rank is not None:
        found = partial_decoding.steps(_steps, part, tolerance=tolerance, rng=rng, options={})
    else:
        found = _steps(part, tolerance, rng, {})
    best = _modular(part)
    for step in found:
        if step.loss <= best.loss:
            best = replace(best, weights=step.weights, loss=step.loss)
        if step.lower_bound >= best.lower_bound:
            best = replace(best, multiplier=step.multiplier, lower_bound=step.lower_bound)
        yield best


def _steps(part: Problem, tolerance: float, rng: np.random.Generator, _: dict[str, object]) -> Iterator[Iterate]:
    few = part.sources.faces_if_few is not None
    return (columns.steps if few else relaxation.quick_steps)(part, tolerance=tolerance, rng=rng)


class _Search:
    """The state of the search where groups are coupled.

    Attributes:
        weights: (n, d) the best code so far, of which each row reads one group;  known: neurons found in any round.
    """

    def __init__(self, problem: Problem, tolerance: float, rng: np.random.Generator) -> None:
        self.problem, self.tolerance, self.rng = problem, tolerance, rng
        self.weights = problem.modular_weights
        self.known = self.weights
        self.units = ModularUnits.of(problem)

    def improve(self, members: list[int], block: Problem) -> Iterator[Iterate]:
        """The best neurons of one group, the others' being what they are; the codes of that group on the way."""
        own = self.weights[:, members].any(axis=1)
        others = self.weights[~own]
        readout = self.problem.readout.alone(members, others.T @ others)
        best = np.zeros((0, self.problem.dimension))
        if readout.targets.any():
            for code in _improving(block.replaced(readout=Priced(readout)), self.tolerance, self.rng):
                best = placed(code.weights, members, self.problem.dimension)
                yield code
        self.weights = np.concatenate([others, best])
        self.known = np.concatenate([self.known, best])

    def reweigh(self) -> None:
        """The best energies of all neurons that any round has found; those that get none are forgotten."""
        if not len(self.known):
            return
        neurons = self.known / np.sqrt(self.problem.neuron_cost(self.known))[:, None]
        _, first = np.unique(np.round(neurons / self.problem.own_sizes, 9), axis=0, return_index=True)
        neurons = neurons[np.sort(first)]
        candidates = self.units.neurons(neurons) * self.units.loss**0.5
        start = np.full(len(neurons), 0.5 / len(neurons))
        energies = optimal_energies(candidates, self.units.readout, start) * self.units.loss
        kept = energies > FAINT * energies.max()
        weights = neurons[kept] * np.sqrt(energies[kept])[:, None]
        if self.problem.loss(weights) < self.problem.loss(self.weights):
            self.weights = weights
        self.known = neurons[kept]

    def step(self) -> Iterate:
        """The present code, its multiplier and what that proves."""
        problem, weights = self.problem, self.weights
        multiplier = problem.multiplier(weights.T @ weights)
        bound = best_bound(problem, multiplier, weights=weights)
        return Iterate(weights, bound.multiplier, problem.loss(weights), bound.value)
