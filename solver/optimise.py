"""One function: a problem in, a certified representation out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate import best_bound, lower_bound, optimality_gap, within_loss
from solver.certificate.bound import EXPENSIVE_FACES
from solver.deadline import OutOfTime, limited_to, time_left
from solver.methods import many_samples, module_of, names, partial_decoding, recurrent
from solver.methods.continuation import Start, continued
from solver.methods.iterate import Iterate
from solver.representation import Representation
from solver.stopping import KEYBOARD, Stopped, interruptible
from theory.conditions import CONDITION_TOLERANCE
from theory.conditions.completion import best_modular_multiplier
from theory.errors import InputError
from theory.immutable import Frozen
from theory.problem import Problem, within_digits
from theory.sources import EXACT_DIMENSION

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

    from solver.certificate import Bound
    from theory.arrays import Array
    from theory.bounds.cover import Cover
    from theory.geometry.face_lattice import FaceLattice

__all__ = [
    "DEFAULT_TOLERANCE",
    "KEYBOARD",
    "LEAST_TOLERANCE",
    "MEETS_SEPARATE",
    "MOVED",
    "Progress",
    "generator_of",
    "one_thread",
    "solve",
    "solve_one_of_many",
]

DEFAULT_TOLERANCE = 1e-8
DEFAULT_ITERATIONS = 1_000
"""What `solve` aims at if not told otherwise: eight digits, and rounds that no method is known to need."""

LEAST_TOLERANCE = 1e-12
"""Rounding in the samples and in the support function makes a smaller relative gap meaningless."""

MEETS_SEPARATE = "the lower bound meets the best code whose neurons each read one group"
"""Why nothing is gained by neurons of several groups."""

FAILED = " failed"
"""In the note of a method: what a library could not do."""

SAME_LOSS = 0.01
"""Share of the tolerance by which two losses may differ and count as the same."""

MOVED = "the code of a problem like this one, moved along with its faces"
"""Why nothing was searched for."""

SECONDS_OF_HULL = {6: 1.0, 7: 5.0}
"""What listing the faces of a hull takes, by sources; with less time left it is not begun."""

CONTINUED = 0.1
"""Share of the tolerance within which a code that is moved along must be proven: where a search would end as well."""


@dataclass(frozen=True, eq=False)
class Progress(Frozen):
    """What a callback sees after each iteration: the best code and the best proven bound so far.

    Attributes:
        iteration: counted from 0;  seconds: since the start;  neurons: number in the present code.
        loss, lower_bound, gap: of the present code.

    Example:
        >>> from solver import Problem
        >>> seen = []
        >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]), callback=seen.append)
        >>> seen[0].iteration, all(progress.lower_bound <= answer.loss * (1 + 1e-9) for progress in seen)
        (0, True)
    """

    iteration: int
    seconds: float
    neurons: int
    loss: float
    lower_bound: float
    gap: float


def solve(
    problem: Problem,
    *,
    method: str = "auto",
    tolerance: float = DEFAULT_TOLERANCE,
    max_iterations: int = DEFAULT_ITERATIONS,
    time_limit: float | None = None,
    rng: int | np.random.Generator | None = None,
    neurons: int | None = None,
    solver: str | None = None,
    callback: Callable[[Progress], object] | None = None,
) -> Representation:
    """Find the optimal code of a problem, with a proof of how good it is.

    Args:
        problem: what to represent.
        method: "modular" (closed form; optimal where the modularity condition holds), "columns" (column generation;
            priced exactly for at most five sources and few samples of six or seven, by local ascent beyond),
            "conic" (one conic program, solved by a solver of one's choice; up to four sources),
            "relaxation" (the code of "columns" with lower bounds from semidefinite relaxations, any number of sources),
            "alternating" (local descent from random starts, the field's own way), "groups" (neurons that read one group
            of sources each, group by group), or "auto", which chooses by size.
        tolerance: relative gap (loss - lower_bound) / loss at which a code counts as optimal, from 1e-12 to 1.
        max_iterations: rounds of the method at most.
        time_limit: seconds at most, kept to within a few: climbs and relaxations end early, no hull is listed or priced
            without the time for it, and no iteration is begun that would end later if it took as long as the one
            before.
        rng: seed or generator for methods that draw random starts; the same seed gives the same answer.
        neurons: number of neurons, for the method "alternating" only, from d on and as far as a gigabyte of memory
            goes; d (d + 1) / 2 are enough for an optimal code, and the other methods use as many as help.
        solver: conic solver, for the methods "conic" and "relaxation": any installed one that cvxpy knows, such as
            "CLARABEL" (used if not given), "SCS" or, with modularity-solver[solvers], "CVXOPT".
        callback: called with a `Progress` after each iteration; a true return value stops the search.

    Returns:
        A `Representation`. Its status is "optimal" if the gap is within the tolerance, "interrupted" if the time
        limit, the callback or Ctrl-C ended the search, and "bounded" otherwise. Code and bound are valid in any case.
        Where the problem has groups, the best code that keeps to them is found first, and is its `separate`.

    Raises:
        InputError: an argument that cannot be used.

    Source: docs/mathematics.md, "The problem".

    Example:
        >>> corner_cut = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]]
        >>> answer = solve(Problem(corner_cut))
        >>> answer.status, answer.modular
        ('optimal', False)
    """
    _check(problem, method, tolerance, max_iterations, time_limit)
    options = _options(method, {"neurons": neurons, "solver": solver})
    run = _Run(problem, tolerance, max_iterations, time_limit, callback)
    run.search(method, generator_of(rng), options)
    return run.result()


def solve_one_of_many(
    problem: Problem,
    *,
    method: str = "auto",
    tolerance: float = DEFAULT_TOLERANCE,
    time_limit: float | None = None,
    rng: int | np.random.Generator | None = None,
    start: Start | None = None,
) -> Representation:
    """`solve` for one problem of a series: an interrupt ends the series, it does not cut this answer short.

    Args:
        problem: as for `solve`.
        method: as for `solve`.
        tolerance: as for `solve`.
        time_limit: as for `solve`.
        rng: as for `solve`.
        start: the optimal code of a problem like this one. Where its neurons, moved along with their faces, are optimal
            here too, there is nothing to search for; it changes nothing else. Taken up by the method "auto".

    Raises:
        KeyboardInterrupt: as it came.
        InputError: an argument that cannot be used.

    Example:
        >>> solve_one_of_many(Problem([[0], [1]])).status
        'optimal'
    """
    _check(problem, method, tolerance, DEFAULT_ITERATIONS, time_limit)
    run = _Run(problem, tolerance, DEFAULT_ITERATIONS, time_limit, None)
    run.start_from = start
    interrupt = run.search(method, generator_of(rng), {})
    if interrupt is not None:
        raise interrupt
    return run.result()


def _choose(problem: Problem, separate: Representation | None, tolerance: float) -> tuple[str, str]:
    if problem.separate:
        return "groups", "every neuron is to read one group"
    if problem.separable:
        return "groups", "the hull is a product over the groups, so that their own codes side by side are optimal"
    if not problem.sources.identified:
        return _search_method(problem, quick=False)
    # For six and seven sources exact pricing pays only at a code that is nearly optimal.
    quick, seen = problem.dimension > EXACT_DIMENSION, many_samples.first(problem)
    proven = (
        _proven_modular(seen, tolerance, quick=quick)
        if separate is None
        else _proven_separate(seen, separate, quick=quick)
    )
    return proven or _search_method(problem, quick=quick)


def _proven_modular(problem: Problem, tolerance: float, *, quick: bool) -> tuple[str, str] | None:
    multiplier = best_modular_multiplier(problem)
    bound = lower_bound(problem, multiplier, quick=quick)
    met = _gap(problem.modular_loss, bound) <= tolerance
    if met and bound.exact and bound.rho <= 1 + CONDITION_TOLERANCE:
        return "modular", "the modularity condition holds, so the closed form is optimal"
    bound = best_bound(problem, multiplier, quick=quick)
    if _gap(problem.modular_loss, bound) <= CONDITION_TOLERANCE:
        return "modular", "the lower bound meets the best modular code"
    return None


def _proven_separate(problem: Problem, separate: Representation, *, quick: bool) -> tuple[str, str] | None:
    bound = best_bound(problem, separate.multiplier, weights=separate.source_weights, quick=quick)
    if _gap(separate.loss, bound) <= CONDITION_TOLERANCE:
        return "groups", MEETS_SEPARATE
    return None


def _gap(loss: float, bound: Bound) -> float:
    return optimality_gap(loss, within_loss(bound.value, loss))


def _search_method(problem: Problem, *, quick: bool) -> tuple[str, str]:
    """A method beyond the closed form, and why."""
    modular = "modular" if problem.groups is None else "separate"
    unproven = f"the {modular} code is not proven optimal; " if problem.sources.identified else ""
    if many_samples.too_many(problem):
        few = problem.dimension <= module_of("relaxation").FEW_SOURCES
        bounded = "" if few else "; bounded by a relaxation; method='relaxation' tightens"
        return "columns", f"{unproven}of {problem.sources.count:,} samples those are looked at that matter{bounded}"
    faces = _faces_in_time(problem)
    if faces is not None and faces.complete:
        failed = unproven if quick or not unproven else "the modularity condition fails; "
        return "columns", f"{failed}priced exactly on up to {faces.most_faces:,} faces of the hull"
    if problem.dimension <= module_of("relaxation").FEW_SOURCES:
        return "relaxation", f"{unproven}bounded cell by cell"
    why = (
        f"{problem.dimension} sources: priced by local ascent and bounded by a relaxation; method='relaxation' tightens"
    )
    return "columns", why


def _faces_in_time(problem: Problem) -> FaceLattice | None:
    """The faces of the hull, if they are few and there is time to list them."""
    if not problem.sources.has_faces and time_left() < SECONDS_OF_HULL.get(problem.dimension, 0.0):
        return None
    return problem.sources.faces_if_few


def _steps(
    method: str, problem: Problem, tolerance: float, rng: np.random.Generator, options: dict[str, object]
) -> Iterator[Iterate]:
    steps: Iterator[Iterate]
    if problem.readout.rank is not None and method not in ("modular", "groups"):
        return partial_decoding.steps(partial(_steps, method), problem, tolerance=tolerance, rng=rng, options=options)
    if method in many_samples.METHODS and many_samples.too_many(problem):
        steps = many_samples.steps(method, problem, tolerance=tolerance, rng=rng, options=options)
    elif method == "columns" and _faces_in_time(problem) is None:
        steps = module_of("relaxation").quick_steps(problem, tolerance=tolerance, rng=rng)
    else:
        steps = module_of(method).steps(problem, tolerance=tolerance, rng=rng, **options)
    return steps


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra on one thread: for the small matrices here others only get in each other's way."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """The libraries of linear algebra that are loaded once a first hull was found. To look takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class _Run:
    """Follows a method, keeps its best code and bound, and decides when to stop."""

    def __init__(
        self,
        problem: Problem,
        tolerance: float,
        max_iterations: int,
        time_limit: float | None,
        callback: Callable[[Progress], object] | None,
    ) -> None:
        self.posed, self.problem = problem, problem.canonical
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.time_limit = time_limit
        self.callback = callback
        self.start = time.perf_counter()
        self.seconds = 0.0
        self.iterations = 0
        self.stopped: str | None = None
        self.note = ""
        self.method, self.why = "modular", ""
        # The modular code is a valid answer from the first moment on.
        self.weights, self.loss = problem.modular_weights, problem.modular_loss
        self.multiplier, self.lower_bound = problem.energy_matrix, 0.0
        self.cover: Cover | None = None
        self.separate: Representation | None = None
        self.start_from: Start | None = None

    def search(self, method: str, rng: np.random.Generator, options: dict[str, object]) -> KeyboardInterrupt | None:
        """Choose a method and follow it; the interrupt that ended it, if one did."""
        self.method, self.why = method, "as asked"
        end = math.inf if self.time_limit is None else self.start + self.time_limit
        try:
            with interruptible(), limited_to(end):
                self._search(method, rng, options)
        except OutOfTime:
            self.stopped = self._at_the_limit()
        except KeyboardInterrupt as interrupt:
            self.stopped = str(interrupt) if isinstance(interrupt, Stopped) else KEYBOARD
            return interrupt
        return None

    def _search(self, method: str, rng: np.random.Generator, options: dict[str, object]) -> None:
        if self.problem.groups is not None and not self.problem.separate:
            self._keep_apart(rng)
            if self.stopped:
                return
        try:
            with np.errstate(divide="raise", invalid="raise", over="raise"):
                alone = self.problem.feedforward
                if method == "auto" and self._continue():
                    return
                if method == "auto":
                    self.method, self.why = _choose(alone, self.separate, self.tolerance)
                if self.method == "groups" and self.separate is not None:
                    self.iterations = self.separate.iterations  # `result` finds what its multiplier proves
                    return
                with one_thread():
                    self.follow(map(self._carried, _steps(self.method, alone, self.tolerance, rng, options)))
                    if method != "modular" and self._wants_descent():
                        steps = recurrent.steps(self.problem, self.weights, tolerance=self.tolerance, rng=rng)
                        self.follow(steps)
        except (np.linalg.LinAlgError, FloatingPointError) as error:
            # Sources of extreme scales can exhaust the digits; what was found before is still certified.
            self.why = f"{self.why}; ended by rounding ({error})"

    def _continue(self) -> bool:
        """Whether the code to start from, on its faces, is the optimum here."""
        problem, start = self.problem, self.start_from
        simple = problem.groups is None and problem.recurrence is None and problem.readout.rank is None
        if start is None or not simple or problem.dimension > EXACT_DIMENSION:
            return False
        with one_thread(), suppress(np.linalg.LinAlgError, FloatingPointError):
            found = continued(problem, start, CONTINUED * self.tolerance)
            if found is not None:
                self.method, self.why = "columns", MOVED
                self.follow(iter([Iterate(found.weights, found.multiplier, found.loss, found.lower_bound)]))
                return True
        return False

    def _keep_apart(self, rng: np.random.Generator) -> None:
        """Find the best code whose neurons read one group each: what others are compared with, and start from."""
        limits = (self.tolerance, self.max_iterations, self.time_limit, self._unproven if self.callback else None)
        run = _Run(self.posed.separated, *limits)
        interrupt = run.search("auto", rng, {})
        self.separate = run.result()
        self.weights, self.loss, self.stopped = self.separate.source_weights, self.separate.loss, run.stopped
        self.multiplier = self.separate.multiplier
        if interrupt is not None:
            raise interrupt

    def _unproven(self, progress: Progress) -> object:
        """What the callback sees of that search, whose bound is none of all codes."""
        assert self.callback is not None
        return self.callback(replace(progress, lower_bound=0.0, gap=1.0))

    def _carried(self, step: Iterate) -> Iterate:
        """A step of a method, which knows of no recurrent layer, with what that costs."""
        if self.problem.recurrence is None:
            return step
        bound = step.lower_bound + self.problem.least_recurrent
        return replace(step, loss=self.problem.loss(step.weights), lower_bound=bound)

    def _wants_descent(self) -> bool:
        if self.problem.recurrence is None or self.stopped or self.iterations >= self.max_iterations:
            return False
        # The bounds of methods are their own, and some have none.
        quick = self.problem.dimension > EXACT_DIMENSION
        bound = best_bound(self.problem, self.multiplier, weights=self.weights, quick=quick, cover=self.cover).value
        gap = optimality_gap(self.loss, max(bound, self.lower_bound))
        if gap > self.tolerance:
            self.note = "descent on the loss with its recurrent layer"
        return gap > self.tolerance

    def follow(self, steps: Iterator[Iterate]) -> None:
        """Take steps until the method ends or a limit is reached. One that comes again is a moment to stop, no more."""
        before: Iterate | None = None
        for step in steps:
            # Of two codes that tie the later is the tidier.
            enough = len(step.weights) >= self.problem.readout.least_neurons
            if enough and step.loss <= self.loss * (1 + SAME_LOSS * self.tolerance):
                self.weights, self.loss = step.weights, step.loss
            if step.lower_bound >= self.lower_bound * (1 - SAME_LOSS * self.tolerance):
                self.multiplier, self.lower_bound, self.cover = step.multiplier, step.lower_bound, step.cover
            self.note = step.note or self.note
            self._report()
            self.iterations += step is not before
            before = step
            if self.stopped or self.iterations >= self.max_iterations:
                return

    def _report(self) -> None:
        seconds = time.perf_counter() - self.start
        gap = optimality_gap(self.loss, self.lower_bound)
        progress = Progress(self.iterations, seconds, len(self.weights), self.loss, self.lower_bound, gap)
        if self.callback is not None and self.callback(progress):
            self.stopped = "stopped by the callback"
        elif self.time_limit is not None and seconds + self._expected(seconds) >= self.time_limit:
            self.stopped = self._at_the_limit()
        self.seconds = seconds

    def _at_the_limit(self) -> str:
        return f"stopped at the time limit of {self.time_limit:g} s"

    def _expected(self, seconds: float) -> float:
        """How long the next iteration may take, or the certificate that is to come: as long as the one before.

        The first of all tells nothing, since much is done but once.
        """
        return seconds - self.seconds if self.iterations else 0.0

    def result(self) -> Representation:
        """The best code, its loss and bound computed anew from the problem.

        Raises:
            InputError: sources whose sizes lie too far apart for floating point.
        """
        with within_digits(self.problem):
            return self._result()

    def _result(self) -> Representation:
        if self.separate is None and self.problem.groups is not None and not self.problem.separate:
            # Stopped before it was begun: the modular code keeps to groups, too.
            run = _Run(self.posed.separated, self.tolerance, self.max_iterations, self.time_limit, None)
            run.stopped = self.stopped
            self.separate = run.result()
        # Who stops the search does not want to wait for a hull that the search has not come to.
        hulls = self.problem.blocks if self.problem.separate or self.problem.separable else (self.problem,)
        if many_samples.too_many(self.problem):
            self.cover = self.cover or many_samples.cover(self.problem)
        if self.cover is None:
            known = all(hull.sources.has_faces for hull in hulls)
        else:
            some = self.cover.samples
            known = some is not None and self.cover.within is None and self.problem.has_among(some)
        quick = not known and (self.cover is not None or self.stopped is not None)
        found = self._written(self.weights)
        if found.loss > self.problem.modular_loss:
            # Rounding, of units far apart, in what is written: then the modular code may cost less.
            found = min(found, self._written(self.problem.modular_weights), key=lambda code: code.loss)
        weights = found.source_weights
        at_once = quick or (self.stopped is not None and any(map(_dear, hulls)))
        bound = best_bound(self.problem, self.multiplier, weights=weights, quick=at_once, cover=self.cover)
        if at_once and not quick and bound.value < self.lower_bound * (1 - self.tolerance):
            # Faces that the search has priced are priced anew, and only those.
            bound = best_bound(self.problem, self.multiplier, weights=weights, cover=self.cover)
        few = self.problem.dimension <= EXACT_DIMENSION and not many_samples.too_many(self.problem)
        if self.cover is not None and few and optimality_gap(self.loss, bound.value) > self.tolerance:
            bound = best_bound(self.problem, self.multiplier, weights=weights, cover=self.cover)
        note = self.note
        if optimality_gap(found.loss, bound.value) <= self.tolerance:
            # What failed on the way did no harm.
            note = "; ".join(part for part in note.split("; ") if FAILED not in part)
        message = "; ".join(part for part in (f"{self.method}: {self.why}", note, self.stopped) if part)
        found = replace(found, message=message, multiplier=bound.multiplier, seconds=time.perf_counter() - self.start)
        found = found.bounded_by(bound.value, "interrupted" if self.stopped else "bounded")
        hardly = None if found.status == "optimal" else self.problem.sources.nearly_constant
        if hardly is None:
            return found
        remedy = f"{hardly} hardly varies; if that is rounding, remove one of these columns"
        return replace(found, message=f"{found.message}; {remedy}")

    def _written(self, weights: Array) -> Representation:
        """The code of these neurons (n, d), of which nothing is proven yet."""
        return Representation.from_weights(
            self.posed,
            weights,
            status="",
            method=self.method,
            message="",
            lower_bound=0.0,
            gap=0.0,
            multiplier=self.multiplier,
            cover=self.cover,
            tolerance=self.tolerance,
            separate=self.separate,
            iterations=self.iterations,
            seconds=0.0,
        )


def _dear(hull: Problem) -> bool:
    """Whether to price the faces takes seconds; they are known to be there."""
    faces = hull.sources.faces_if_few if hull.sources.has_faces else None
    return faces is not None and faces.most_faces > EXPENSIVE_FACES


def _check(problem: Problem, method: str, tolerance: float, max_iterations: int, time_limit: float | None) -> None:
    if not isinstance(problem, Problem):
        raise InputError(f"problem: expected a Problem, got {type(problem).__name__}; write solve(Problem(sources))")
    if method not in names():
        raise InputError(f"method: {method!r} is unknown; choose one of {', '.join(names())}")
    if method == "groups" and problem.groups is None:
        raise InputError("method: 'groups' solves one group of sources after the other; give the problem groups")
    if problem.separate and method not in ("auto", "groups"):
        raise InputError(
            f"method: {method!r} searches among all neurons, but here each is to read one group; choose 'groups'"
        )
    if not (isinstance(tolerance, (int, float)) and LEAST_TOLERANCE <= tolerance < 1):
        raise InputError(f"tolerance: {tolerance!r} is out of range; give a relative gap from {LEAST_TOLERANCE:g} to 1")
    if not (isinstance(max_iterations, (int, np.integer)) and max_iterations >= 1):
        raise InputError(f"max_iterations: {max_iterations!r} is not a positive whole number")
    if time_limit is not None and not (
        isinstance(time_limit, (int, float)) and time_limit > 0 and math.isfinite(time_limit)
    ):
        raise InputError(f"time_limit: {time_limit!r} is not a positive number of seconds")


def _options(method: str, given: dict[str, object]) -> dict[str, object]:
    """What is passed on to the method beyond what all take: each declares its own in OPTIONS."""
    given = {name: value for name, value in given.items() if value is not None}
    if not given:
        return {}
    declared = [
        (name, option) for name in names() if name != "auto" for option in getattr(module_of(name), "OPTIONS", ())
    ]
    read = {}
    for argument, value in given.items():
        owners = {name: option for name, option in declared if option.name == argument}
        if method not in owners:
            owner, option = next(iter(owners.items()))
            raise InputError(f"{argument}: method {method!r} {option.otherwise}; method={owner!r} takes {option.takes}")
        read[argument] = owners[method].read(value)
    return read


def generator_of(rng: int | np.random.Generator | None) -> np.random.Generator:
    """The generator of a seed, or itself.

    Raises:
        InputError: neither a seed nor a generator.
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise InputError(f"rng: {rng!r} is not a seed; give a nonnegative integer or a numpy Generator") from None
