"""The search for the best code of rectified or free neurons, and what it is compared with.

1. The best linear code. It is a code of rectified neurons too, and its loss says what linearity costs.
2. The best modular code: neurons that read one source each, or one group. Its search has a bound of its own.
3. The best code of all neurons, round by round, until bound and loss meet or the time is over.
4. Of neurons that tie only some stay (`basic_shares`).
5. Where the modular code is as good, it is the answer; where the linear one is, and has fewer neurons, that.
6. The bound is computed anew from the samples and the multiplier.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from solver.certificate import optimality_gap, within_loss
from solver.certificate.nonlinear import NONLINEAR_PROOF, bound_of, measured, model_of
from solver.deadline import limited_to
from solver.generation.basic_solution import basic_solution
from solver.nonlinear.representation import NonlinearRepresentation
from solver.representation import Representation
from solver.solving.limits import Limits, Progress
from solver.solving.on_hull import run_of
from solver.solving.run import one_thread
from solver.stopping import KEYBOARD, Stopped, interruptible
from theory.arrays import Array
from theory.dependent.spans import kept_of_groups
from theory.errors import InputError
from theory.neurons.nonlinear import rectified
from theory.problem import Problem

SHARES_OF_TIME = {"linear": 0.1, "modular": 0.4, "search": 0.85}  # of the time limit, when each part ends at the latest


@dataclass(frozen=True)
class _BestCode:
    """The best code and the best bound of a search, which need not belong together."""

    step: Any = None
    loss: float = float("inf")
    bound: float = 0.0
    multiplier: Array | None = None
    rounds: int = 0
    note: str = ""

    def after(self, step: Any) -> _BestCode:
        best = replace(self, rounds=self.rounds + 1, note=step.note)
        if step.loss <= self.loss:
            best = replace(best, step=step, loss=step.loss)
        if self.multiplier is None or step.lower_bound >= self.bound:
            best = replace(best, bound=step.lower_bound, multiplier=step.multiplier)
        return best


class _NonlinearSearch:
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
        return float("inf") if limit is None else SHARES_OF_TIME[part] * limit

    def follow(self, steps: Iterator[Any], part: str, *, shown: bool) -> _BestCode:
        """Take steps until they end, the bound meets the loss, or a limit is reached."""
        with limited_to(self.start + self.end_of(part)):
            return self._follow(steps, part, shown=shown)

    def _follow(self, steps: Iterator[Any], part: str, *, shown: bool) -> _BestCode:
        best, callback = _BestCode(), self.limits.callback
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

    def modular(self) -> _BestCode:
        """Step 2."""
        groups: Any = (
            None if self.problem.groups is None else [list(members) for members in self.problem.groups.values()]
        )
        options: dict[str, Any] = {"tolerance": self.limits.tolerance, "rng": self.rng}
        if self.problem.neurons.name == "free":
            points = np.asarray(self.problem.sources.points)
            return self.follow(
                self.search.modular_steps(self.model, points, groups=groups, **options), "modular", shown=False
            )
        if self.problem.hull is not None:
            groups = [self.problem.hull.basis[list(kept)] for kept in kept_of_groups(self.problem)]
        return self.follow(self.search.modular_steps(self.model, groups, **options), "modular", shown=False)

    def all_neurons(self) -> _BestCode:
        """Step 3."""
        steps = self.search.steps(self.model, tolerance=self.limits.tolerance, rng=self.rng)
        return self.follow(steps, "search", shown=True)

    def linear(self) -> Representation | None:
        """Step 1: None where linear neurons are refused."""
        changes = {"encoder_cost": 0.0} if self.problem.neurons.name == "free" else {}
        try:
            linear = self.problem.replaced(activation="linear", **changes)
            limit = None if self.limits.time_limit is None else self.end_of("linear")
            run = run_of(linear, Limits(self.limits.tolerance, time_limit=limit))
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
    search = _NonlinearSearch(problem, limits, rng)
    linear: Representation | None = None
    modular, best = _BestCode(), _BestCode()
    identified = problem.sources.identified
    alone = identified and (problem.dimension if problem.groups is None else len(problem.groups)) > 1
    interrupt: KeyboardInterrupt | None = None
    try:
        with interruptible(), one_thread(), limited_to(search.end_of("search") + search.start):
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
    search: _NonlinearSearch,
    linear: Representation | None,
    modular: _BestCode,
    best: _BestCode,
    *,
    identified: bool,
    interrupt: KeyboardInterrupt | None,
) -> NonlinearRepresentation:
    problem, limits = search.problem, search.limits
    # Steps 4 and 5. What is optimal up to the tolerance is as good as the best that was found.
    least = min(best.loss, modular.loss, float("inf") if linear is None else linear.loss)
    good = max(least * (1 + 1e-12), best.bound / (1 - limits.tolerance))
    price = _modular_loss(modular, linear)
    chosen = modular if modular.step is not None and modular.loss <= good else best
    network = _chosen(problem, chosen, best if chosen is modular else modular, linear, good)
    readout = problem.sample_readout
    multiplier = best.multiplier if best.multiplier is not None else readout.multiplier(network.activity)
    left = NONLINEAR_PROOF.seconds if limits.time_limit is None else limits.time_limit - search.seconds
    # The certificate has a second, whatever the time limit.
    left = 1.0 if interrupt is not None else min(max(1.0, left), NONLINEAR_PROOF.seconds)
    proven = bound_of(problem, multiplier, tolerance=limits.tolerance / 4, seconds=left)  # step 6
    message = "; ".join(part for part in (f"columns: {chosen.note or 'no neuron was tried'}", search.stopped) if part)
    answer = NonlinearRepresentation.of_network(
        problem,
        *network,
        method="columns",
        message=message,
        multiplier=proven.multiplier,
        modular_loss=price if identified else float("nan"),
        modular_lower_bound=within_loss(modular.bound, price) if identified else float("nan"),
        linear_loss=float("nan") if linear is None else linear.loss,
        iterations=best.rounds,
        seconds=search.seconds,
        tolerance=limits.tolerance,
    )
    return answer.bounded_by(proven.value, "interrupted" if search.stopped else "bounded")


def _modular_loss(modular: _BestCode, linear: Representation | None) -> float:
    """The loss of the best modular code found; modular linear codes are among them. NaN where there is none."""
    losses = [modular.loss] + ([] if linear is None else [linear.modular_loss])
    return min((loss for loss in losses if np.isfinite(loss)), default=float("nan"))


class _FoundNetwork(NamedTuple):
    """Activity (T, n) on the samples, encoder (n, dx), or (n, 0) of free neurons, and biases (n,)."""

    activity: Array
    encoder: Array
    bias: Array

    def scaled(self, shares: Array) -> _FoundNetwork:
        """With energies multiplied by these shares (n,), without those of share zero."""
        kept = shares > 0
        roots = np.sqrt(shares[kept])
        return _FoundNetwork(
            self.activity[:, kept] * roots, self.encoder[kept] * roots[:, None], self.bias[kept] * roots
        )


def _chosen(
    problem: Problem, best: _BestCode, other: _BestCode, linear: Representation | None, good: float
) -> _FoundNetwork:
    """The network of a code, with as few neurons as it needs; the linear code's if it is as good and has fewer."""
    candidates = [] if linear is None else [_of_linear(problem, linear)]
    losses = [_loss_of(problem, network) for network in candidates]
    for each in (best, other):
        if each.step is not None and np.isfinite(each.loss):
            network = _of_step(problem, each.step)
            # Step 3 of `basic_shares`.
            more = [network.scaled(basic_shares(problem, network.activity)), network]
            candidates, losses = candidates + more, losses + [_loss_of(problem, code) for code in more]
            if min(losses) <= good:
                break  # the other code is asked where the network of the first errs by rounding
    if not candidates:
        channels = 0 if problem.neurons.name == "free" else len(problem.mixing)
        return _FoundNetwork(np.zeros((problem.sources.count, 0)), np.zeros((0, channels)), np.zeros(0))
    as_good = [place for place, loss in enumerate(losses) if loss <= max(good, min(losses))]
    return candidates[min(as_good, key=lambda place: (len(candidates[place].bias), losses[place]))]


def basic_shares(problem: Problem, activity: Array) -> Array:
    """(n,) shares by which the energies of a code's neurons may be multiplied, zero for neurons that need not stay.

    1. What every neuron adds to the fit is a_i v_i', centred. At an optimum any shares e >= 0 of the neurons with the
       same total fit cost the same: the multiplier does not change, and what a neuron costs is what it earns.
    2. Take a basic solution of these equations (`solver.generation.basic_solution`).
    3. `_chosen` scales activity and decoder of each neuron by the root of its share, with the best decoder of those
       that stay, and keeps the new code where it is as good, up to the tolerance.

    Args:
        problem: what is coded.
        activity: (T, n) of an optimal code.

    Source: docs/mathematics.md, "Nonlinear neurons".

    Example:
        >>> from theory.problem import Problem
        >>> from theory.readouts import Soft
        >>> problem = Problem([[-1], [1]], activation="free", readout=Soft(100))
        >>> twice = np.array([[1.0, 1.0], [0.0, 0.0]])
        >>> int((basic_shares(problem, twice) > 0).sum())
        1
    """
    readout = problem.sample_readout
    ones = np.ones(activity.shape[1])
    if activity.shape[1] < 2:
        return ones
    features, decoder = readout.features(activity), readout.decoder(activity)
    fits = np.einsum("tn,nk->tkn", features, decoder).reshape(-1, activity.shape[1])  # step 1
    shares = basic_solution(np.asarray(np.linalg.qr(fits, mode="r")))  # step 2
    return ones if shares is None else shares


def _loss_of(problem: Problem, network: _FoundNetwork) -> float:
    decoder = problem.sample_readout.decoder(network.activity).T
    paid = measured(problem, network.activity, network.encoder, decoder)
    return paid.loss if paid.feasible else float("inf")


def _of_linear(problem: Problem, linear: Representation) -> _FoundNetwork:
    if problem.neurons.name == "free":
        return _FoundNetwork(linear.activity(), np.zeros((len(linear), 0)), np.zeros(len(linear)))
    bias = linear.encoder_bias
    return _FoundNetwork(rectified(problem.sources.points, linear.encoder @ problem.mixing, bias), linear.encoder, bias)


def _of_step(problem: Problem, step: Any) -> _FoundNetwork:
    if problem.neurons.name == "free":
        neurons = step.activity.shape[1]
        return _FoundNetwork(step.activity, np.zeros((neurons, 0)), np.zeros(neurons))
    weights, inside = step.neurons[:, :-1], problem.on_hull
    encoder = weights @ inside.pseudoinverse
    encoder = encoder + (weights - encoder @ inside.mixing) @ inside.pseudoinverse  # once more, for its last digits
    read = encoder @ problem.mixing if problem.dependent else weights
    bias = step.neurons[:, -1] - read @ problem.sources.mean
    return _FoundNetwork(rectified(problem.sources.points, encoder @ problem.mixing, bias), encoder, bias)
