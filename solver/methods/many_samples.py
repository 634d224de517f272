"""Problems with very many samples: the methods on a few of them, and on those that object to the answer, and so on.

First climbs find a code on the samples that are furthest in some directions. Each better code is confronted with all
samples; those that object to its biases, or to those of the neurons that seem worth adding, are looked at as well
(`solver.search.working_hull`). When none objects any more the code is that of all samples, and what remains is to bound
it: on the faces of their hull, or by relaxations. Both prove what holds for all samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from solver.methods import ascents, columns, modular, relaxation
from solver.methods.iterate import Iterate
from solver.relaxations.conic_solvers import DEFAULT_SOLVER
from solver.search.working_hull import WorkingHull
from theory.bounds.cover import Cover

if TYPE_CHECKING:
    from theory.arrays import Array
    from theory.problem import Problem

__all__ = ["METHODS", "cover", "first", "steps", "too_many"]

METHODS = ("modular", "columns", "relaxation")
"""Methods that need not look at all samples."""

FEWEST_SOURCES = 5
"""With fewer sources the vertices of a million samples are few enough."""

MOST_SAMPLES = 3_000
"""Samples that are looked at all together."""


def too_many(problem: Problem) -> bool:
    """Whether there are more samples than it pays to look at all together."""
    apart = problem.separate or problem.separable
    return problem.dimension >= FEWEST_SOURCES and len(problem.sources.points) > MOST_SAMPLES and not apart


def first(problem: Problem) -> Problem:
    """The problem among the samples that are looked at first; as it is where there are not too many."""
    return WorkingHull(problem).inside if too_many(problem) else problem


def cover(problem: Problem) -> Cover:
    """What proves as much as those do."""
    return Cover.of(WorkingHull(problem).rows)


def steps(
    method: str, problem: Problem, *, tolerance: float, rng: np.random.Generator, options: dict[str, object]
) -> Iterator[Iterate]:
    """Yield codes that no sample objects to, and bounds that hold for all of them.

    Args:
        method: one of METHODS.
        problem: one with too many samples.
        tolerance: relative gap at which to stop.
        rng: draws the starts of the climbs.
        options: for the method: the conic solver of the first relaxation.
    """
    search = _Search(problem, tolerance, rng, str(options.get("solver", DEFAULT_SOLVER)))
    if method == "modular":
        yield from search.followed(lambda: modular.steps(search.inside, tolerance=tolerance, rng=rng))
        return
    yield from search.proven_modular()
    if search.done:
        return
    codes = search.followed(lambda: ascents.steps(search.inside, tolerance=tolerance, rng=rng, start=search.code))
    if problem.dimension > relaxation.BOUND_FIRST:
        yield from relaxation.in_half_the_time(codes)
    yield from search.bounded_at_once()
    yield from codes
    if method == "columns" and search.lists_faces():
        yield from search.followed(
            lambda: columns.steps(search.inside, tolerance=tolerance, rng=rng, start=search.code)
        )
        return
    yield from search.bounded_at_once()
    if method == "relaxation" or problem.dimension <= relaxation.FEW_SOURCES:
        yield from search.followed(lambda: relaxation.cell_by_cell(search.inside, search.best(), tolerance))


class _Search:
    """What is known so far.

    Attributes:
        hull: the samples looked at;  code: (n, d) the best code on them, once there is one.
        loss, bound: the least loss with all samples, and the best bound.
    """

    def __init__(self, problem: Problem, tolerance: float, rng: np.random.Generator, solver: str) -> None:
        self.hull = WorkingHull(problem)
        self.tolerance, self.rng, self.solver = tolerance, rng, solver
        self.code: Array | None = None
        self.loss, self.bound = problem.modular_loss, 0.0

    @property
    def inside(self) -> Problem:
        """The problem among the samples looked at."""
        return self.hull.inside

    @property
    def done(self) -> bool:
        """Whether the bound meets the code."""
        return self.bound >= self.loss * (1 - self.tolerance)

    def best(self) -> Array:
        """(n, d) the code on the samples looked at, or the modular one."""
        return self.inside.modular_weights if self.code is None else self.code

    def lists_faces(self) -> bool:
        """Whether the faces of the hull can be listed, from now on."""
        self.hull.listed = True
        faces = self.inside.sources.faces_if_few
        self.hull.listed = faces is not None and faces.complete
        return self.hull.listed

    def proven_modular(self) -> Iterator[Iterate]:
        """The modular code, if one cell proves it."""
        if self.hull.problem.dimension <= relaxation.MOST_SOURCES:
            proven = relaxation.modular_proven(self.inside, self.tolerance)
            if proven is not None:
                yield self._confronted(proven)[0]

    def bounded_at_once(self) -> Iterator[Iterate]:
        """The bound of the lifted relaxation."""
        if self.hull.problem.dimension <= relaxation.MOST_SOURCES and not self.done:
            yield self._confronted(relaxation.at_once(self.inside, self.solver, self.tolerance))[0]

    def followed(self, method: Callable[[], Iterator[Iterate]]) -> Iterator[Iterate]:
        """A method on the samples looked at, from the start whenever others object."""
        objected = True
        while objected and not self.done:
            objected = False
            for step in method():
                found, objected = self._confronted(step)
                # A code that is worse on them was one for fewer.
                self.code = step.weights
                yield found
                if objected:
                    break

    def _confronted(self, step: Iterate) -> tuple[Iterate, bool]:
        proof = Cover.of(self.hull.rows, step.cover)
        tempting = np.empty((0, self.hull.problem.dimension)) if step.tempting is None else step.tempting
        weights, loss, objected = self.hull.confronted(step.weights, tempting)
        found = replace(step, weights=weights, loss=loss, cover=proof, tempting=None)
        self.loss, self.bound = min(self.loss, found.loss), max(self.bound, found.lower_bound)
        return found, objected
