"""The search for the best code of rectified or free neurons, and what it is compared with.

1. The best linear code. It is a code of rectified neurons too, and its loss says what linearity costs.
2. The best modular code: neurons that read one source each, or one group. Its search has a bound of its own.
3. The best code of all neurons, round by round, until bound and loss meet or the time is over.
4. Where the modular code is as good, it is the answer.
5. The bound is computed anew from the samples and the multiplier.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.certificate import optimality_gap
from solver.certificate.nonlinear import bound_of, model_of
from solver.nonlinear.representation import NonlinearRepresentation
from solver.solving.limits import Limits, Progress
from solver.solving.run import Run, one_thread
from solver.stopping import KEYBOARD, Stopped, interruptible
from theory.errors import InputError

if TYPE_CHECKING:
    from solver.representation import Representation
    from theory.arrays import Array
    from theory.problem import Problem

__all__ = ["solve_nonlinear"]

SHARES = {"linear": 0.1, "modular": 0.4, "search": 0.85}
"""Of the time limit, when each part ends at the latest."""

LEAST_SECONDS = 1.0
"""For the certificate, whatever the time limit."""


@dataclass(frozen=True)
class _Best:
    """The best code and the best bound of a search, which need not belong together."""

    step: Any = None
    loss: float = float("inf")
    bound: float = 0.0
    multiplier: Array | None = None
    rounds: int = 0
    note: str = ""

    def after(self, step: Any) -> _Best:
        best = replace(self, rounds=self.rounds + 1, note=step.note)
        if step.loss <= self.loss:
            best = replace(best, step=step, loss=step.loss)
        if self.multiplier is None or step.lower_bound >= self.bound:
            best = replace(best, bound=step.lower_bound, multiplier=step.multiplier)
        return best


class _Search:
    """One search: the problem, its limits, and why it was stopped."""

    def __init__(self, problem: Problem, limits: Limits, rng: np.random.Generator) -> None:
        self.problem, self.limits, self.rng = problem, limits, rng
        self.model = model_of(problem)
        self.search = import_module(f"{type(self.model).__module__.rpartition('.')[0]}.search")
        self.start = time.perf_counter()
        self.stopped: str | None = None

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.start

    def end_of(self, part: str) -> float:
        limit = self.limits.time_limit
        return float("inf") if limit is None else SHARES[part] * limit

    def follow(self, steps: Iterator[Any], part: str, *, shown: bool) -> _Best:
        """Take steps until they end, the bound meets the loss, or a limit is reached."""
        best, callback = _Best(), self.limits.callback
        for step in steps:
            best = best.after(step)
            gap = optimality_gap(best.loss, best.bound)
            if shown and callback is not None:
                neurons = best.step.activity.shape[1]
                if callback(Progress(best.rounds - 1, self.seconds, neurons, best.loss, best.bound, gap)):
                    self.stopped = "stopped by the callback"
            if self.seconds >= self.end_of(part) and shown:
                self.stopped = f"stopped at the time limit of {self.limits.time_limit:g} s"
            over = self.seconds >= self.end_of(part) or best.rounds >= self.limits.max_iterations
            if self.stopped or over or gap <= self.limits.tolerance:
                break
        return best

    def modular(self) -> _Best:
        """Step 2."""
        groups = None if self.problem.groups is None else [list(members) for members in self.problem.groups.values()]
        options: dict[str, Any] = {"tolerance": self.limits.tolerance, "rng": self.rng}
        if self.problem.neurons.name == "free":
            points = np.asarray(self.problem.sources.points)
            return self.follow(
                self.search.modular_steps(self.model, points, groups=groups, **options), "modular", shown=False
            )
        return self.follow(self.search.modular_steps(self.model, groups, **options), "modular", shown=False)

    def all_neurons(self) -> _Best:
        """Step 3."""
        steps = self.search.steps(self.model, tolerance=self.limits.tolerance, rng=self.rng)
        return self.follow(steps, "search", shown=True)

    def linear(self) -> Representation | None:
        """Step 1: None where linear neurons are refused."""
        changes = {"encoder_cost": 0.0} if self.problem.neurons.name == "free" else {}
        try:
            linear = self.problem.replaced(activation="linear", groups=None, **changes)
            limit = None if self.limits.time_limit is None else self.end_of("linear")
            run = Run(linear, Limits(self.limits.tolerance, time_limit=limit))
            interrupt = run.search("auto", self.rng, {})
            if interrupt is not None:
                raise interrupt
            return run.answer()
        except InputError:
            return None


def solve_nonlinear(problem: Problem, limits: Limits, rng: np.random.Generator) -> NonlinearRepresentation:
    """The best code of rectified or free neurons that was found, with a certificate.

    Args:
        problem: of such neurons.
        limits: when to end.
        rng: for random starts.

    Source: docs/mathematics.md, "Nonlinear neurons".

    Example:
        >>> from solver.problem import Problem
        >>> from theory.readouts import Soft
        >>> problem = Problem([[-1], [0], [1]], activation="rectified", readout=Soft(100))
        >>> solve_nonlinear(problem, Limits(), np.random.default_rng(0)).status
        'optimal'
    """
    search = _Search(problem, limits, rng)
    linear: Representation | None = None
    modular, best = _Best(), _Best()
    identified = problem.sources.identified
    alone = identified and (problem.dimension if problem.groups is None else len(problem.groups)) > 1
    interrupt: KeyboardInterrupt | None = None
    try:
        with interruptible(), one_thread():
            linear = search.linear()
            if alone:
                modular = search.modular()
            if not search.stopped:
                best = search.all_neurons()
    except (np.linalg.LinAlgError, FloatingPointError) as error:
        search.stopped = f"ended by rounding ({error})"
    except KeyboardInterrupt as error:
        search.stopped, interrupt = str(error) if isinstance(error, Stopped) else KEYBOARD, error
    return _answer(search, linear, modular if alone else best, best, identified=identified, interrupt=interrupt)


def _answer(
    search: _Search,
    linear: Representation | None,
    modular: _Best,
    best: _Best,
    *,
    identified: bool,
    interrupt: KeyboardInterrupt | None,
) -> NonlinearRepresentation:
    problem, limits = search.problem, search.limits
    chosen = best
    if modular.step is not None and modular.loss <= best.loss * (1 + limits.tolerance):
        chosen = modular  # step 4
    activity, encoder, bias = _network(problem, chosen.step, linear)
    readout = problem.sample_readout
    multiplier = best.multiplier if best.multiplier is not None else readout.multiplier(activity)
    left = np.inf if limits.time_limit is None else max(LEAST_SECONDS, limits.time_limit - search.seconds)
    if interrupt is not None:
        left = LEAST_SECONDS
    proven = bound_of(problem, multiplier, tolerance=limits.tolerance / 8, seconds=left)  # step 5
    message = "; ".join(part for part in (f"columns: {chosen.note or 'no neuron was tried'}", search.stopped) if part)
    answer = NonlinearRepresentation.of_network(
        problem,
        activity,
        encoder,
        bias,
        status="",
        method="columns",
        message=message,
        lower_bound=0.0,
        gap=1.0,
        multiplier=proven.multiplier,
        modular_loss=modular.loss if identified and modular.step is not None else float("nan"),
        modular_lower_bound=modular.bound if identified else float("nan"),
        linear_loss=float("nan") if linear is None else linear.loss,
        iterations=best.rounds,
        seconds=search.seconds,
        tolerance=limits.tolerance,
    )
    return answer.bounded_by(proven.value, "interrupted" if search.stopped else "bounded")


def _network(problem: Problem, step: Any, linear: Representation | None) -> tuple[Array, Array, Array]:
    """Activity on the samples, encoder and biases of a step; of the linear code, or of none, where there is no step."""
    count, free = problem.sources.count, problem.neurons.name == "free"
    if step is None and linear is None:
        return np.zeros((count, 0)), np.zeros((0, 0 if free else len(problem.mixing))), np.zeros(0)
    if step is None:
        assert linear is not None
        neurons = len(linear)
        return linear.activity(), np.zeros((neurons, 0)) if free else linear.encoder, linear.encoder_bias * (not free)
    if free:
        return step.activity, np.zeros((step.activity.shape[1], 0)), np.zeros(step.activity.shape[1])
    weights = step.neurons[:, :-1]
    encoder = weights @ problem.pseudoinverse
    encoder = encoder + (weights - encoder @ problem.mixing) @ problem.pseudoinverse
    bias = step.neurons[:, -1] - weights @ problem.sources.mean
    activity = np.maximum(0.0, problem.sources.points @ (encoder @ problem.mixing).T + bias)
    return activity, encoder, bias
