"""Neurons that read one group of sources each: the best code of one group after the other (docs/mathematics.md,
"Groups").

With an exact readout the groups do not know of each other, and one round is all. Where errors of one group tell of
another, the readout of each group depends on the neurons of the others, but the loss is convex in all of them together,
and its columns are generated group by group:

1. Price: the best neurons of one group after the other, while those of the others stay. They join the pool.
2. Master: the best energies of all neurons of the pool. Those that get none leave it.
3. Bound, and end where it meets the loss or the gap hardly narrows; or else go back to 1.

A problem without groups is not for this method; where the hull is a product over them its code is the best of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate import best_bound
from solver.deadline import time_left
from solver.generation.loss import ScaledLoss
from solver.generation.pool import distinct
from solver.methods import columns, partial_targets, relaxation, symmetric
from solver.methods.iterate import Iterate
from solver.solving.plan import faces_in_time, is_symmetric
from theory.bounds.cover import Cover
from theory.groups import placed
from theory.readouts import Priced
from theory.reductions import GROUP_BY_GROUP

if TYPE_CHECKING:
    from theory.problem import Problem


@dataclass(frozen=True)
class GroupsTolerances:
    """When the search ends, and what counts as nothing."""

    share: float = 0.1  # of the tolerance within which the search ends
    patience: int = 3  # rounds in a row that hardly narrow the gap
    narrower: float = 0.9  # ratio of two gaps that counts as narrowing
    energy: float = 1e-12  # relative to the largest, below which a neuron is none
    same: float = 1e-13  # cosine distance up to which two neurons are one


GROUPS = GroupsTolerances()


def steps(problem: Problem, *, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:
    """Yield ever better codes whose neurons read one group each.

    Args:
        problem: one with groups whose neurons are to keep to them.
        tolerance: relative gap at which to stop.
        rng: for the methods that solve the groups.
    """
    assert problem.groups is not None
    if not GROUP_BY_GROUP.coupled(problem):
        yield from _side_by_side(problem, tolerance, rng)
        return
    search, step = _CoupledGroups(problem, tolerance, rng), _modular(problem)
    gap, stalled = float("inf"), 0
    while True:
        for members, block in zip(problem.groups.values(), problem.blocks, strict=True):
            for _ in search.price(list(members), block):
                yield step  # again: an occasion to stop
        search.solve_master()
        step = search.step()
        yield step
        before, gap = gap, 1 - step.lower_bound / step.loss
        stalled = 0 if gap < GROUPS.narrower * before else stalled + 1
        if gap <= GROUPS.share * tolerance or stalled >= GROUPS.patience:  # step 3
            return


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


class _CoupledGroups:
    """The state of the search where groups are coupled.

    Attributes:
        weights: (n, d) the best code so far, of which each row reads one group.
        pool: (k, d) neurons of any round.
    """

    def __init__(self, problem: Problem, tolerance: float, rng: np.random.Generator) -> None:
        self.problem, self.tolerance, self.rng = problem, tolerance, rng
        self.weights = problem.modular_weights
        self.pool = self.weights
        self.loss = ScaledLoss(problem)

    def price(self, members: list[int], block: Problem) -> Iterator[Iterate]:
        """Step 1 for one group; yields the codes of that group on the way."""
        others = self.weights[~self.weights[:, members].any(axis=1)]
        readout = self.problem.readout.alone(members, others.T @ others)
        best = np.zeros((0, self.problem.dimension))
        if readout.targets.any():
            for code in _improving(block.replaced(readout=Priced(readout)), self.tolerance, self.rng):
                best = placed(code.weights, members, self.problem.dimension)
                yield code
        self.weights = np.concatenate([others, best])
        self.pool = np.concatenate([self.pool, best])

    def solve_master(self) -> None:
        """Step 2."""
        if not len(self.pool):
            return
        units = self.loss.of_unit_cost(self.loss.neurons(self.pool))
        units = units[distinct(units, np.ones(len(units)), GROUPS.same)]
        energies = self.loss.energies(units, 0, 1.0)
        present = energies > GROUPS.energy * energies.max()
        weights = self.loss.weights(units[present] * np.sqrt(energies[present])[:, None])
        if self.problem.loss(weights) < self.problem.loss(self.weights):
            self.weights = weights
        self.pool = self.loss.weights(units[present])

    def step(self) -> Iterate:
        """The present code, its multiplier and what that proves."""
        problem, weights = self.problem, self.weights
        multiplier = problem.multiplier(weights.T @ weights)
        bound = best_bound(problem, multiplier, weights=weights)
        return Iterate(weights, bound.multiplier, problem.loss(weights), bound.value, priced=True)
