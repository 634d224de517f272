"""Problems with very many samples: the methods on a few of them, and on those that the answer violates, and so on.

1. Prove the modular code among the samples that are looked at first, if one cell does.
2. Local ascents among these samples. Each better code is held against all samples, and those that it violates join
   them (`solver.generation.separation`). When none is violated the code is that of all samples.
3. Bound it by the lifted relaxation, in many sources before the code is final.
4. Bound it exactly on the faces of the hull of these samples, or cell by cell. Both prove what holds for all samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from solver.conic_solvers import DEFAULT_SOLVER
from solver.deadline import time_left
from solver.generation.separation import WorkingSamples
from solver.methods import ascents, columns, modular, relaxation
from solver.methods.iterate import Iterate
from solver.solving.plan import faces_in_time, has_few_sources, has_many_samples, is_bounded_first, is_lifted
from theory.arrays import Array
from theory.bounds.cover import Cover
from theory.problem import Problem


def first(problem: Problem) -> Problem:
    """The problem among the samples that are looked at first; as it is where there are not too many."""
    return WorkingSamples(problem).inside if has_many_samples(problem) else problem


def cover(problem: Problem) -> Cover:
    """The proof that names the samples looked at first."""
    return Cover.of(WorkingSamples(problem).rows)


def steps(
    method: str, problem: Problem, *, tolerance: float, rng: np.random.Generator, options: dict[str, object]
) -> Iterator[Iterate]:
    """Yield codes of all samples, and bounds that hold for all of them.

    Args:
        method: one that need not look at all samples.
        problem: one with too many samples.
        tolerance: relative gap at which to stop.
        rng: draws the starts of the climbs.
        options: for the method: the conic solver of the first relaxation.
    """
    search = _AmongSamples(problem, tolerance, rng, str(options.get("solver", DEFAULT_SOLVER)))
    if method == "modular":
        yield from search.followed(lambda: modular.steps(search.inside, tolerance=tolerance, rng=rng))
        return
    yield from search.proven_modular()
    if search.done:
        return
    # step 2
    codes = search.followed(lambda: ascents.steps(search.inside, tolerance=tolerance, rng=rng, start=search.code))
    if not is_bounded_first(problem):
        yield from relaxation.in_half_the_time(codes)
    yield from search.bounded_at_once()
    yield from codes
    # step 4
    if method == "columns" and search.lists_faces():
        yield from search.followed(
            lambda: columns.steps(search.inside, tolerance=tolerance, rng=rng, start=search.code)
        )
        return
    yield from search.bounded_at_once()
    if method == "relaxation" or has_few_sources(problem):
        yield from search.followed(lambda: relaxation.cell_by_cell(search.inside, search.best(), tolerance))


class _AmongSamples:
    """The best code and the best bound so far.

    Attributes:
        working: the samples looked at.
        code: (n, d) the best code on them, once there is one.
        loss: the least with all samples.
        bound: the best.
    """

    def __init__(self, problem: Problem, tolerance: float, rng: np.random.Generator, solver: str) -> None:
        self.working = WorkingSamples(problem)
        self.tolerance, self.rng, self.solver = tolerance, rng, solver
        self.code: Array | None = None
        self.loss, self.bound = problem.modular_loss, 0.0

    @property
    def inside(self) -> Problem:
        """The problem among the samples looked at."""
        return self.working.inside

    @property
    def done(self) -> bool:
        """Whether the bound meets the code."""
        return self.bound >= self.loss * (1 - self.tolerance)

    def best(self) -> Array:
        """(n, d) the code on the samples looked at, or the modular one."""
        return self.inside.modular_weights if self.code is None else self.code

    def lists_faces(self) -> bool:
        """Whether the faces of the hull can be listed, from now on."""
        self.working.listed = True
        faces = faces_in_time(self.inside, time_left())
        self.working.listed = faces is not None and faces.complete
        return self.working.listed

    def proven_modular(self) -> Iterator[Iterate]:
        """Step 1: the modular code, if one cell proves it."""
        if is_lifted(self.working.problem):
            proven = relaxation.modular_proven(self.inside, self.tolerance)
            if proven is not None:
                yield self._separated(proven)[0]

    def bounded_at_once(self) -> Iterator[Iterate]:
        """Step 3: the bound of the lifted relaxation."""
        if is_lifted(self.working.problem) and not self.done:
            yield self._separated(relaxation.at_once(self.inside, self.solver, self.tolerance))[0]

    def followed(self, method: Callable[[], Iterator[Iterate]]) -> Iterator[Iterate]:
        """A method on the samples looked at, from the start whenever others join them."""
        violated = True
        while violated and not self.done:
            violated = False
            for step in method():
                separated, violated = self._separated(step)
                # A code that is worse on them was one for fewer.
                self.code = step.weights
                yield separated
                if violated:
                    break

    def _separated(self, step: Iterate) -> tuple[Iterate, bool]:
        """A step as one of the problem itself, and whether it violates samples that were not looked at."""
        proof = Cover.of(self.working.rows, step.cover)
        none = np.empty((0, self.working.problem.dimension))
        weights, loss, violated = self.working.separate(
            step.weights, none if step.candidates is None else step.candidates
        )
        separated = replace(step, weights=weights, loss=loss, cover=proof, candidates=None)
        self.loss, self.bound = min(self.loss, separated.loss), max(self.bound, separated.lower_bound)
        return separated, violated
