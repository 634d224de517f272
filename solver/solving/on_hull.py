"""The run of a search for codes of dependent sources: it is made on their affine hull, and its answer brought back.

1. Where groups tell of each other the best code whose neurons read one group each comes first
   (`solver.methods.spans`); without groups it is the best modular one (`theory.modular.energies`).
2. If a bound meets that code it is the answer.
3. Otherwise the problem of as many sources as tell the others is solved (`theory.reductions`, `AFFINE_HULL`). It has
   the same groups where no group tells of another.
4. Its code is written in the sources' own columns. Of two codes that tie the modular, or separate, one is taken.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from solver.certificate import best_bound, optimality_gap, within_loss
from solver.methods import spans
from solver.methods.continuation import Start
from solver.representation import Representation
from solver.solving.answer import ANSWER
from solver.solving.limits import Limits
from solver.solving.plan import is_small
from solver.solving.run import MEETS_MODULAR, MEETS_SEPARATE, Run, SearchRun, one_thread, unproven
from solver.stopping import KEYBOARD, Stopped, interruptible
from theory.arrays import Array
from theory.conditions import CONDITION_TOLERANCE
from theory.dependent.columns import in_own_columns
from theory.problem import Problem


def run_of(problem: Problem, limits: Limits, start: Start | None = None, *, any_code: bool = False) -> Run | HullRun:
    """The run of a problem, on its affine hull where it has one.

    Args:
        problem: of linear neurons.
        limits: when to end.
        start: the optimal code of a problem like this one; of no use on a hull.
        any_code: whether of several optimal codes any will do; of no use on a hull.
    """
    return HullRun(problem, limits) if problem.dependent else Run(problem, limits, start, any_code=any_code)


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
        self.separate: Representation | None = None
        self.run = Run(problem.on_hull, limits)

    @property
    def has_spans(self) -> bool:
        """Whether there are groups that tell of each other, which are none of the coordinates'."""
        return self.posed.groups is not None and self.posed.on_hull.groups is None

    def search(self, method: str, rng: np.random.Generator, options: dict[str, object]) -> KeyboardInterrupt | None:
        """Search; the interrupt that ended it, if one did."""
        if self.has_spans:  # step 1
            run = SpansRun(self.posed.separated, self.limits, shown=self.posed.separate)
            interrupt = run.search("groups", rng, {})
            self.separate, self.run.stopped = run.answer(), run.stopped
            if run.stopped or self.posed.separate:
                return interrupt
        interrupt = self._known(method)
        if interrupt is not None or self.inside is not None:
            return interrupt
        return self.run.search(method, rng, options)  # step 3

    def _known(self, method: str) -> KeyboardInterrupt | None:
        """Step 2; the interrupt that ended it, if one did."""
        proven = method == "auto"
        try:
            with interruptible():
                if self.separate is not None and method in ("auto", "groups", "modular"):
                    self.inside = self._closed(self.separate.source_weights, "groups", proven=proven)
                elif self.posed.groups is None and method in ("auto", "modular"):
                    self.inside = self._closed(self.posed.modular_weights, "modular", proven=proven)
        except KeyboardInterrupt as interrupt:
            self.run.stopped = str(interrupt) if isinstance(interrupt, Stopped) else KEYBOARD
            return interrupt
        return None

    def answer(self) -> Representation:
        """The best code, its loss and bound computed anew from the problem.

        Raises:
            InputError: sources whose sizes lie too far apart for floating point.
        """
        posed = self.posed
        if self.has_spans and posed.separate:
            assert self.separate is not None
            return self.separate
        inside, separate = self.run.answer() if self.inside is None else self.inside, self.separate
        if inside.separate is not None:
            separate = self._brought(posed.separated, inside.separate, None)
        return self._brought(posed, inside, separate)

    def _brought(self, posed: Problem, inside: Representation, separate: Representation | None) -> Representation:
        """Step 4."""
        hull, best = posed.hull, inside.loss * (1 + ANSWER.tied)
        assert hull is not None
        if separate is not None and separate.loss <= best:
            weights = separate.source_weights
        elif posed.groups is None and posed.modular_loss <= best:
            weights = posed.modular_weights
        else:
            weights = in_own_columns(posed, inside.source_weights)
        code = Representation.from_weights(
            posed,
            weights,
            separate=separate,
            multiplier=hull.form(inside.multiplier),
            cover=inside.cover,
            method=inside.method,
            message=inside.message,
            tolerance=inside.tolerance,
            iterations=inside.iterations,
            seconds=time.perf_counter() - self.start,
        )
        return code.bounded_by(inside.lower_bound, "bounded" if inside.status == "optimal" else inside.status)

    def _closed(self, weights: Array, method: str, *, proven: bool) -> Representation | None:
        """Step 2: a code (n, d) that is known, on the hull; None where it is to be proven optimal, and is not."""
        problem, hull = self.posed.on_hull, self.posed.hull
        assert hull is not None
        code = hull.functions(weights)
        loss = problem.loss(code)
        with one_thread():
            multiplier = problem.multiplier(code.T @ code)
            bound = best_bound(problem, multiplier, weights=code, quick=proven and not is_small(problem))
        value = within_loss(bound.value, loss)
        if proven and optimality_gap(loss, value) > CONDITION_TOLERANCE:
            return None
        meets = MEETS_MODULAR if self.separate is None else MEETS_SEPARATE
        known = Representation.from_weights(
            problem,
            code,
            multiplier=bound.multiplier,
            method=method,
            message=f"{method}: {meets if proven else 'as asked'}",
            tolerance=self.limits.tolerance,
            iterations=0 if self.separate is None else self.separate.iterations,
        )
        return known.bounded_by(value, "bounded")


class SpansRun(SearchRun):
    """The search for the best code whose neurons read one group each, where groups tell of each other.

    Args:
        problem: with `separate`.
        limits: when to end.
        shown: whether the bound is one on all codes that are in question, so that the callback may see it.
    """

    def __init__(self, problem: Problem, limits: Limits, *, shown: bool) -> None:
        if not shown and limits.callback is not None:
            limits = replace(limits, callback=unproven(limits.callback))
        super().__init__(problem, limits)

    def _search(self, method: str, rng: np.random.Generator, options: dict[str, object]) -> None:
        del method, options
        self.method, self.why = "groups", "every neuron is to read one group"
        with self._until_rounding(), one_thread():
            self._follow(spans.steps(self.problem, tolerance=self.limits.tolerance, rng=rng))

    def answer(self) -> Representation:
        """The best code, and its bound computed anew from the problem."""
        best = self.best
        bound = best_bound(self.problem, best.multiplier, weights=best.weights)
        code = Representation.from_weights(
            self.problem,
            best.weights,
            multiplier=bound.multiplier,
            method=self.method,
            message="; ".join(part for part in (f"{self.method}: {self.why}", self.stopped) if part),
            tolerance=self.limits.tolerance,
            iterations=self.iterations,
            seconds=time.perf_counter() - self.start,
        )
        return code.bounded_by(bound.value, "interrupted" if self.stopped else "bounded")
