"""The run of a search: iterates of a method are folded into the best code and the best bound, until a rule ends it.

1. With groups, the best separate code comes first: others start from it and are compared with it.
2. A code of a problem like this one, moved along with its faces, is the answer if it is proven optimal here. A small
   problem of two sources that is not modular takes longer to plan than to solve, and is solved at once.
3. The plan is made. Where it tries a code in closed form and the bound of that code meets it, there is nothing to
   search for; else a plan is made that knows so.
4. The method's iterates are taken one by one: a code that costs no more becomes the best, a bound that is no lower
   becomes the best bound.
5. With a recurrent layer, descent on the whole loss goes on from there, unless the bound shows the code to be optimal.
6. The search ends with its method, after so many iterations, when the next one would end after the time limit, when
   the callback says so, or by an interrupt.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from solver.batches.alone import mixed_code
from solver.certificate import best_bound, falls_short, lower_bound, optimality_gap, within_loss
from solver.deadline import OutOfTime, limited_to, time_left
from solver.methods import many_samples, module_of, partial_targets, recurrent
from solver.methods.continuation import Start, continued
from solver.methods.iterate import Iterate
from solver.solving.answer import answer
from solver.solving.best import Best
from solver.solving.limits import Limits, Progress
from solver.solving.plan import Plan, is_small, plan
from solver.stopping import KEYBOARD, Stopped, interruptible
from theory.conditions import CONDITION_TOLERANCE
from theory.conditions.beside_axes import beside_axes
from theory.conditions.completion import best_modular_multiplier
from theory.reductions import WITHOUT_LAYER, Chain, PartialTargets, SomeSamples

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

    from solver.certificate import Bound
    from solver.representation import Representation
    from theory.problem import Problem

MEETS_SEPARATE = "the lower bound meets the best code whose neurons each read one group"
"""Why nothing is gained by neurons of several groups."""

MEETS_MODULAR = "the lower bound meets the best modular code"  # why nothing is gained by neurons of several sources
MOVED = "the code of a problem like this one, moved along with its faces"  # why nothing was searched for


@dataclass(frozen=True)
class RunTolerances:
    """Shares of the tolerance of a search, and what a small problem may take."""

    same: float = 0.01  # two losses, or two bounds, that differ by less count as the same
    moved: float = 0.1  # a code that is moved along is proven within this, which is where a search would end as well
    at_once: float = 1.0  # seconds, of which a small problem takes a hundredth; one that is limited to fewer is planned


RUN = RunTolerances()


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra on one thread: for the small matrices here others only get in each other's way."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """The libraries of linear algebra that are loaded once a first hull was listed. To look takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class SearchRun:
    """What folds the iterates of methods into the best code and the best bound.

    Attributes:
        problem: whose codes they are.
        limits: when to end.
        best: the best code and bound so far.
        method: the name of the method that runs, or ran last.
        why: the reason for it.
        iterations: of the method.
        stopped: why the search was cut short; None where it was not.
        start: when it began, on the clock of `time.perf_counter`.
    """

    def __init__(self, problem: Problem, limits: Limits) -> None:
        self.problem, self.limits = problem, limits
        self.start = time.perf_counter()
        self.best = Best.modular(problem)
        self.method, self.why = "modular", ""
        self.iterations = 0
        self.stopped: str | None = None
        self._seconds = 0.0

    def search(self, method: str, rng: np.random.Generator, options: dict[str, object]) -> KeyboardInterrupt | None:
        """Plan and search; the interrupt that ended it, if one did."""
        self.method, self.why = method, "as asked"
        try:
            with interruptible(), limited_to(self.end):
                self._search(method, rng, options)
        except OutOfTime:
            self.stopped = self._at_the_limit()
        except KeyboardInterrupt as interrupt:
            self.stopped = str(interrupt) if isinstance(interrupt, Stopped) else KEYBOARD
            return interrupt
        return None

    @property
    def end(self) -> float:
        """When the time is up, on the clock of `time.perf_counter`."""
        limit = self.limits.time_limit
        return math.inf if limit is None else self.start + limit

    def _search(self, method: str, rng: np.random.Generator, options: dict[str, object]) -> None:
        raise NotImplementedError

    @contextmanager
    def _until_rounding(self) -> Iterator[None]:
        """Within, what exhausts the digits ends the search: the best code so far is still certified."""
        try:
            with np.errstate(divide="raise", invalid="raise", over="raise"):
                yield
        except (np.linalg.LinAlgError, FloatingPointError) as error:
            self.why = f"{self.why}; ended by rounding ({error})"

    def _follow(self, steps: Iterator[Iterate]) -> None:
        """Take steps until the method ends or a limit is reached. One that comes again is a moment to stop, no more."""
        same, least_neurons = RUN.same * self.limits.tolerance, self.problem.readout.least_neurons
        before: Iterate | None = None
        for step in steps:
            self.best = self.best.after(step, same, least_neurons)
            self._report()
            self.iterations += step is not before
            before = step
            if self.stopped or self.iterations >= self.limits.max_iterations:
                return

    def _report(self) -> None:
        """Show the callback where the search is, and end it where that or the time says so (step 6)."""
        best, callback, limit = self.best, self.limits.callback, self.limits.time_limit
        seconds = time.perf_counter() - self.start
        gap = optimality_gap(best.loss, best.lower_bound)
        progress = Progress(self.iterations, seconds, len(best.weights), best.loss, best.lower_bound, gap)
        # The next iteration, or the certificate, may take as long as this one; the first tells nothing, since much is
        # done but once.
        expected = seconds - self._seconds if self.iterations else 0.0
        if callback is not None and callback(progress):
            self.stopped = "stopped by the callback"
        elif limit is not None and seconds + expected >= limit:
            self.stopped = self._at_the_limit()
        self._seconds = seconds

    def _at_the_limit(self) -> str:
        limit = self.limits.time_limit
        return "stopped at the end of the time" if limit is None else f"stopped at the time limit of {limit:g} s"


class Run(SearchRun):
    """The search for the code of a problem, in its canonical form, which has the same weights, multipliers and losses.

    Attributes:
        posed: the problem as it was given.
        chain: the reductions that take it to a problem without recurrent layer, and codes back.
        start_from: the optimal code of a problem like this one, if one is known.
        any_code: whether of several optimal codes any will do, so that none is chosen.
        separate: with groups, the best code whose neurons read one group each, once it is known.
    """

    def __init__(
        self, problem: Problem, limits: Limits, start_from: Start | None = None, *, any_code: bool = False
    ) -> None:
        super().__init__(problem.canonical, limits)
        self.posed, self.start_from, self.any_code = problem, start_from, any_code
        self.chain = Chain.of(problem)
        self.separate: Representation | None = None

    def _search(self, method: str, rng: np.random.Generator, options: dict[str, object]) -> None:
        if self.problem.groups is not None and not self.problem.separate:
            self._solve_separately(rng)  # step 1
            if self.stopped:
                return
        with self._until_rounding():
            if method == "auto" and (self._continue() or self._solve_at_once()):  # step 2
                return
            chosen = self._plan(method)  # step 3
            if chosen.method == "groups" and self.separate is not None:
                self.iterations = self.separate.iterations
                return
            with one_thread():
                self._follow(self._iterates(chosen, rng, options))

    def _iterates(self, chosen: Plan, rng: np.random.Generator, options: dict[str, object]) -> Iterator[Iterate]:
        """The iterates of a plan, as codes of the problem: of its method, and then of descent with the layer."""
        tolerance = self.limits.tolerance
        yield from map(self.chain.invert, _steps(chosen, self.chain.reduced, tolerance, rng, options))  # step 4
        if WITHOUT_LAYER in self.chain.reductions and chosen.method != "modular" and not self._is_proven():
            self.best = replace(self.best, note="descent on the loss with its recurrent layer")
            yield from recurrent.steps(self.problem, self.best.weights, tolerance=tolerance, rng=rng)  # step 5

    def _plan(self, method: str) -> Plan:
        """The plan that is followed: one whose code in closed form is proven optimal, or else one that searches."""
        chosen = plan(self.problem, method, seconds=time_left())
        if chosen.proof_first is not None:
            why = _proven(self.chain.reduced, self.separate, self.limits.tolerance)
            if why is None:
                chosen = plan(self.problem, method, unproven=True, seconds=time_left())
            else:
                chosen = replace(chosen, why=why)
        self.method, self.why = chosen.method, chosen.why
        return chosen

    def _continue(self) -> bool:
        """Whether the code to start from, on its faces, is the optimum here."""
        problem, start = self.problem, self.start_from
        simple = problem.groups is None and problem.recurrence is None and problem.readout.rank is None
        if start is None or not simple or not is_small(problem):
            return False
        with one_thread(), suppress(np.linalg.LinAlgError, FloatingPointError):
            step = continued(problem, start, RUN.moved * self.limits.tolerance)
            if step is not None:
                self.method, self.why = "columns", MOVED
                self._follow(iter([step]))
                return True
        return False

    def _solve_at_once(self) -> bool:
        """Whether a small problem was solved before a plan was made; what is to be followed or limited is planned."""
        time_limit = self.limits.time_limit
        if time_limit is not None and time_limit < RUN.at_once:
            return False
        if self.limits != Limits(self.limits.tolerance, time_limit=time_limit):
            return False
        mixed = mixed_code(self.problem, self.limits.tolerance)
        if mixed is None:
            return False
        chosen = plan(self.problem, unproven=True)
        self.method, self.why = chosen.method, chosen.why
        step = Iterate(mixed.weights, mixed.multiplier, mixed.loss, mixed.bound, priced=True)
        self._follow(iter([step]))
        self.best, self.iterations = replace(self.best, final=True), mixed.rounds
        return True

    def answer(self) -> Representation:
        """The best code, its loss and bound computed anew from the problem.

        Raises:
            InputError: sources whose sizes lie too far apart for floating point.
        """
        if self.separate is None and self.problem.groups is not None and not self.problem.separate:
            # Stopped before it was begun: the modular code keeps to groups, too.
            run = Run(self.posed.separated, replace(self.limits, callback=None))
            run.stopped = self.stopped
            self.separate = run.answer()
        with limited_to(self.end):
            return answer(
                self.posed,
                replace(self.best, final=self.best.final or self.any_code),
                tolerance=self.limits.tolerance,
                stopped=self.stopped,
                method=self.method,
                why=self.why,
                separate=self.separate,
                iterations=self.iterations,
                start=self.start,
            )

    def _solve_separately(self, rng: np.random.Generator) -> None:
        """Find the best code whose neurons read one group each."""
        callback = None if self.limits.callback is None else unproven(self.limits.callback)
        run = Run(self.posed.separated, replace(self.limits, callback=callback))
        interrupt = run.search("auto", rng, {})
        separate = self.separate = run.answer()
        self.best = Best(separate.source_weights, separate.loss, separate.multiplier)
        if self.problem.separable:
            # Its proof is one for all codes.
            self.best = replace(self.best, cover=separate.cover, priced=True)
        self.stopped = run.stopped
        if interrupt is not None:
            raise interrupt

    def _is_proven(self) -> bool:
        """Whether the best code is known to be optimal. The bounds of methods are their own, and some have none."""
        best, quick = self.best, not is_small(self.problem)
        bound = best_bound(self.problem, best.multiplier, weights=best.weights, quick=quick, cover=best.cover).value
        return optimality_gap(best.loss, max(bound, best.lower_bound)) <= self.limits.tolerance


def unproven(callback: Callable[[Progress], object]) -> Callable[[Progress], object]:
    """What a callback sees of the search for separate codes, whose bound is none of all codes."""
    return lambda progress: callback(replace(progress, lower_bound=0.0, gap=1.0))


def _proven(problem: Problem, separate: Representation | None, tolerance: float) -> str | None:
    """Why a code in closed form is optimal: the best separate one, or the modular one; None where that is not proven.

    Where neurons beside the modular ones refute their code nothing is bounded.
    Of six and seven sources no faces are listed for it: exact pricing pays only at a code that is nearly optimal.
    """
    quick, problem = not is_small(problem), many_samples.first(problem)
    if separate is not None:
        bound = best_bound(problem, separate.multiplier, weights=separate.source_weights, quick=quick)
        return MEETS_SEPARATE if _gap(separate.loss, bound) <= CONDITION_TOLERANCE else None
    multiplier = best_modular_multiplier(problem)
    simple = problem.readout.rank is None and not problem.dependent and not problem.separate
    if simple and falls_short(problem, multiplier, beside_axes(problem, multiplier), problem.modular_loss):
        return None
    best = best_bound(problem, multiplier, quick=quick)
    if _gap(problem.modular_loss, best) > max(tolerance, CONDITION_TOLERANCE):
        return None
    bound = lower_bound(problem, multiplier, quick=quick)
    meets = _gap(problem.modular_loss, bound) <= tolerance
    if meets and bound.exact and bound.rho <= 1 + CONDITION_TOLERANCE:
        return "the modularity condition holds, so the closed form is optimal"
    return MEETS_MODULAR if _gap(problem.modular_loss, best) <= CONDITION_TOLERANCE else None


def _gap(loss: float, bound: Bound) -> float:
    return optimality_gap(loss, within_loss(bound.value, loss))


def _steps(
    chosen: Plan, problem: Problem, tolerance: float, rng: np.random.Generator, options: dict[str, object]
) -> Iterator[Iterate]:
    """The iterates of a plan, for a problem without recurrent layer."""
    steps: Iterator[Iterate]
    if PartialTargets in chosen.reductions:
        nearby = partial(_steps_nearby, chosen)
        return partial_targets.steps(nearby, problem, tolerance=tolerance, rng=rng, options=options)
    if SomeSamples in chosen.reductions:
        steps = many_samples.steps(chosen.method, problem, tolerance=tolerance, rng=rng, options=options)
    elif chosen.bound_by == "relaxation":
        steps = module_of("relaxation").quick_steps(problem, tolerance=tolerance, rng=rng)
    else:
        steps = module_of(chosen.method).steps(problem, tolerance=tolerance, rng=rng, **options)
    return steps


def _steps_nearby(
    chosen: Plan, problem: Problem, tolerance: float, rng: np.random.Generator, options: dict[str, object]
) -> Iterator[Iterate]:
    """The iterates of a plan for a problem whose targets are decoded nearly exactly; its hull is the same."""
    seconds = math.inf if chosen.bound_by == "faces" else 0.0
    return _steps(plan(problem, chosen.method, seconds=seconds), problem, tolerance, rng, options)
