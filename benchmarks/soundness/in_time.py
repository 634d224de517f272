"""Answers to tasks in time, judged from the raw trials by code that the program does not share.

1. The network is run step by step in rational arithmetic: is no neuron below zero, is every target met, is the loss
   that of the definition (docs/mathematics.md, "Tasks in time")?
2. Status, gap and tolerance are held against each other, and the answer against what `certify_in_time` says of it.
3. Networks that do the task are looked for (`networks`). None may cost less than the lower bound.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from benchmarks.soundness.judgement import FEASIBLE, ROUNDING, Judgement
from benchmarks.soundness.networks import Network, others, run
from benchmarks.soundness.rational import exact
from benchmarks.soundness.tasks import DrawnTask
from theory.arrays import Array

__all__ = ["TaskClaim", "judge_task", "measured", "task_claim_of"]

TOLERANCE = 1e-6  # the gap at which the program calls a network optimal


@dataclass(frozen=True)
class TaskClaim:
    """What the program says of a task in time: everything that is judged."""

    # As in `solver.InTime`.
    status: str
    loss: float
    lower_bound: float
    gap: float
    recurrent: Array  # (k, k)
    encoder: Array  # (k, p)
    bias: Array  # (k,)
    rest: Array  # (k,)
    decoder: Array  # (q, k)
    decoder_bias: Array  # (q,)
    energies: dict[str, float]  # the parts of the loss
    # Loss, lower bound, gap and whether it is feasible, as `certify_in_time` says.
    checked: tuple[float, float, float, bool]
    method: str = "in time"
    message: str = ""

    @property
    def network(self) -> Network:
        """The weights and biases of the network."""
        return Network(self.recurrent, self.encoder, self.bias, self.rest, self.decoder, self.decoder_bias)


def task_claim_of(problem: DrawnTask) -> tuple[TaskClaim, float]:
    """What the program says of a task, and the seconds that solving it took.

    Raises:
        InputError: of the program.
    """
    from solver import Trials, certify_in_time, solve_in_time

    start = time.perf_counter()
    trials = Trials(**problem.options())
    answer = solve_in_time(trials, tries=1, rng=0, tolerance=TOLERANCE)
    seconds = time.perf_counter() - start
    checked = certify_in_time(Trials(**problem.options()), answer)
    network = answer.network
    parts = (network.recurrent, network.inward, network.bias, network.rest, network.readout, network.readout_bias)
    told = (checked.loss, checked.lower_bound, checked.gap, checked.feasible)
    numbers = (answer.status, answer.loss, answer.lower_bound, answer.gap)
    return TaskClaim(*numbers, *(np.array(part) for part in parts), dict(answer.energies), told), seconds


@dataclass(frozen=True)
class Measured:
    """What a network does in a task, exactly."""

    energies: dict[str, Fraction]  # the parts of the loss
    # Of all activity.
    least: Fraction
    most: Fraction
    missed: Array  # (q,) the largest error of each output, relative to its largest target
    blur: Array  # (q,) by how much what is read in floating point is off, relative likewise

    @property
    def loss(self) -> Fraction:
        """The sum of its energies."""
        return sum(self.energies.values(), Fraction(0))

    @property
    def feasible(self) -> bool:
        """Whether the network does the task, up to rounding."""
        return self.least >= -Fraction(FEASIBLE) * self.most and bool((self.missed <= self.allowed).all())

    @property
    def allowed(self) -> Array:
        """(q,) errors that are rounding: of the network's own numbers, where its digits cancel."""
        return FEASIBLE + 4.0 * self.blur


def measured(problem: DrawnTask, network: Network) -> Measured:
    """Run a network in rational arithmetic."""
    weights, inward, bias, rest, readout, constant = (exact(part) for part in network)
    inputs, shares = exact(problem.inputs), exact(problem.weights)
    count, steps, _ = inputs.shape
    energy, least, most = Fraction(0), Fraction(0), Fraction(0)
    missed, blur = ([Fraction(0)] * len(readout) for _ in range(2))
    rounded = run(problem, network) @ network.readout.T + network.constant
    for trial in range(count):
        state = rest
        for step in range(steps):
            if step:
                state = weights @ state + bias
            state = state + inward @ inputs[trial, step]
            energy += shares[trial] * (state @ state)
            least, most = min(least, *state), max(most, *state)
            for output in np.flatnonzero(problem.decoded[trial, step]):
                wanted = Fraction(float(problem.wanted[trial, step, output]))
                said = readout[output] @ state + constant[output]
                missed[output] = max(missed[output], abs(said - wanted))
                blur[output] = max(blur[output], abs(said - Fraction(float(rounded[trial, step, output]))))
    size = np.nanmax(np.abs(problem.wanted), axis=(0, 1))
    energies = {
        "activity": energy / sum(shares) / steps,
        "input": Fraction(problem.encoder_cost) * (inward**2).sum(),
        "recurrent": Fraction(problem.recurrent_cost) * (weights**2).sum(),
        "readout": Fraction(problem.decoder_cost) * (readout**2).sum(),
    }
    return Measured(energies, least, most, *(np.array(part, dtype=float) / size for part in (missed, blur)))


def judge_task(problem: DrawnTask, claim: TaskClaim, *, descents: bool = True) -> Judgement:
    """Judge a claim about a task in time; the search for cheaper networks by descent takes most of the time."""
    judgement = Judgement()
    if not all(np.isfinite(part).all() for part in (*claim.network, claim.loss, claim.lower_bound, claim.gap)):
        judgement.wrong.append("a number of the answer is not finite")
        return judgement
    # Step 1.
    own = measured(problem, claim.network)
    judgement.gap = 1 - float(Fraction(claim.lower_bound) / own.loss)
    judgement.wrong += _against_network(claim, own)
    # Step 2.
    judgement.wrong += _against_words(claim)
    judgement.wrong += _against_check(claim)
    # Step 3.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, network in others(problem, claim.network, descents=descents):
            other = measured(problem, network)
            if other.feasible:
                judgement.compare(claim, name, other.loss)
    return judgement


def _against_network(claim: TaskClaim, own: Measured) -> Iterator[str]:
    if own.least < -Fraction(FEASIBLE) * own.most:
        yield f"a neuron is active at {float(own.least):.3g}, below zero, where the largest is {float(own.most):.3g}"
    for output in np.flatnonzero(own.missed > own.allowed):
        yield f"output {output} misses its targets by {own.missed[output]:.3g} of the largest"
    if set(own.energies) != set(claim.energies):
        yield f"the parts of the loss are {sorted(claim.energies)}"
        return
    for name, part in own.energies.items():
        if _apart(claim.energies[name], part, own.loss) > ROUNDING:
            yield f"the {name} is said to cost {claim.energies[name]:.15g}, and costs {float(part):.15g}"
    if _apart(claim.loss, own.loss, own.loss) > ROUNDING:
        yield f"the loss {claim.loss:.15g} is not that of the network, {float(own.loss):.15g}"
    if Fraction(claim.lower_bound) > own.loss * (1 + Fraction(ROUNDING)):
        yield f"the lower bound {claim.lower_bound:.15g} is above the answer's own loss, {float(own.loss):.15g}"


def _apart(said: float, is_so: Fraction, size: Fraction) -> float:
    return float(abs(Fraction(said) - is_so) / size)


def _against_words(claim: TaskClaim) -> Iterator[str]:
    gap = (claim.loss - claim.lower_bound) / claim.loss
    if abs(gap - claim.gap) > ROUNDING:
        yield f"the gap is said to be {claim.gap:.3g}, and is {gap:.3g}"
    if claim.lower_bound < 0:
        yield f"the lower bound {claim.lower_bound:.3g} is below zero"
    if claim.status not in ("optimal", "bounded"):
        yield f"the status is {claim.status!r}"
    elif abs(gap - TOLERANCE) > ROUNDING and (claim.status == "optimal") != (gap <= TOLERANCE):
        yield f"the status is {claim.status} at a gap of {gap:.3g}"


def _against_check(claim: TaskClaim) -> Iterator[str]:
    loss, bound, gap, feasible = claim.checked
    if not feasible:
        yield "certify_in_time says that the network does not do the task"
    pairs: dict[str, tuple[Any, Any]] = {"loss": (claim.loss, loss), "lower bound": (claim.lower_bound, bound)}
    for name, (said, other) in pairs.items():
        if abs(said - other) > ROUNDING * claim.loss:
            yield f"the {name} {said:.15g} is {other:.15g} by certify_in_time"
    if feasible and abs(claim.gap - gap) > ROUNDING:
        yield f"the gap {claim.gap:.3g} is {gap:.3g} by certify_in_time"
