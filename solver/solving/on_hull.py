"""The run of a search for codes of dependent sources: it is made on their affine hull, and its answer brought back.

1. Without groups the best modular code comes first (`theory.dependent.energies`): where a bound meets it, it is the
   answer.
2. Otherwise the problem of as many sources as tell the others is solved (`theory.reductions`, `AFFINE_HULL`). It has
   the same groups where no group tells of another.
3. Its code is written in the sources' own columns. Of two codes that tie the modular one is taken.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate import best_bound, optimality_gap, within_loss
from solver.representation import Representation
from solver.solving.answer import TIED
from solver.solving.plan import is_small
from solver.solving.run import MEETS_MODULAR, Run, one_thread
from theory.conditions import CONDITION_TOLERANCE
from theory.dependent.columns import in_own_columns

if TYPE_CHECKING:
    from solver.methods.continuation import Start
    from solver.solving.limits import Limits
    from theory.arrays import Array
    from theory.problem import Problem

__all__ = ["HullRun", "run_of"]


def run_of(problem: Problem, limits: Limits, start: Start | None = None) -> Run | HullRun:
    """The run of a problem, on its affine hull where it has one.

    Args:
        problem: of linear neurons.
        limits: when to end.
        start: the optimal code of a problem like this one; of no use on a hull.
    """
    return HullRun(problem, limits) if problem.dependent else Run(problem, limits, start)


class HullRun:
    """One search, for dependent sources.

    Args:
        problem: as it was given.
        limits: when to end.
    """

    def __init__(self, problem: Problem, limits: Limits) -> None:
        self.posed, self.limits = problem, limits
        self.start = time.perf_counter()
        self.inside: Representation | None = None
        self.run = Run(problem.on_hull, limits)

    def search(self, method: str, rng: np.random.Generator, options: dict[str, object]) -> KeyboardInterrupt | None:
        """Search; the interrupt that ended it, if one did."""
        if self.posed.groups is None and method in ("auto", "modular"):
            self.inside = self._modular(proven=method == "auto")
        if self.inside is not None:
            return None
        return self.run.search(method, rng, options)

    def answer(self) -> Representation:
        """The best code, its loss and bound computed anew from the problem.

        Raises:
            InputError: sources whose sizes lie too far apart for floating point.
        """
        posed, inside = self.posed, self.run.answer() if self.inside is None else self.inside
        separate = None if inside.separate is None else self._brought(posed.separated, inside.separate, None)
        return self._brought(posed, inside, separate)

    def _brought(self, posed: Problem, inside: Representation, separate: Representation | None) -> Representation:
        """Step 3."""
        hull = posed.sources.hull
        assert hull is not None
        weights = in_own_columns(posed, inside.source_weights)
        if posed.groups is None and posed.modular_loss <= inside.loss * (1 + TIED):
            weights = posed.modular_weights
        code = Representation.from_weights(
            posed,
            weights,
            separate=separate,
            multiplier=hull.form(inside.multiplier),
            cover=inside.cover,
            status="",
            method=inside.method,
            message=inside.message,
            lower_bound=0.0,
            gap=0.0,
            tolerance=inside.tolerance,
            iterations=inside.iterations,
            seconds=time.perf_counter() - self.start,
        )
        return code.bounded_by(inside.lower_bound, "bounded" if inside.status == "optimal" else inside.status)

    def _modular(self, *, proven: bool) -> Representation | None:
        """Step 1: the best modular code on the hull; None where it is to be proven optimal, and is not."""
        posed, problem = self.posed, self.posed.on_hull
        hull = posed.sources.hull
        assert hull is not None
        weights: Array = hull.functions(posed.modular_weights)
        with one_thread():
            multiplier = problem.multiplier(weights.T @ weights)
            quick = proven and not is_small(problem)
            bound = best_bound(problem, multiplier, weights=weights, quick=quick)
        value = within_loss(bound.value, posed.modular_loss)
        if proven and optimality_gap(posed.modular_loss, value) > CONDITION_TOLERANCE:
            return None
        code = Representation.from_weights(
            problem,
            weights,
            multiplier=bound.multiplier,
            status="",
            method="modular",
            message=f"modular: {MEETS_MODULAR if proven else 'as asked'}",
            lower_bound=0.0,
            gap=0.0,
            tolerance=self.limits.tolerance,
            iterations=0,
            seconds=0.0,
        )
        return code.bounded_by(value, "bounded")
