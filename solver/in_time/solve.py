"""The door for tasks in time: trials in, a network and a lower bound out.

1. Networks that do the task are built (`solver.in_time.starts`), and improved one by one (`solver.in_time.descent`).
2. Random ones of about as many neurons are improved as well.
3. The best of all is held against what is proven (`solver.in_time.proof`), from the trials alone.
4. Of a time limit half is for 1 and 2 at most. What has been found by then, or proven, is the answer.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

import solver.solving.plan as planning
from solver.certificate.worth import within_loss
from solver.deadline import limited_to, time_is_up
from solver.in_time.answer import InTime
from solver.in_time.descent import Descent
from solver.in_time.network import LinearNetwork
from solver.in_time.proof import prove
from solver.in_time.repair import balanced, pruned, repaired
from solver.in_time.starts import starts
from solver.solving.limits import generator_of, require_seconds
from theory.errors import InputError
from theory.in_time.memory import MemoryBounds
from theory.in_time.trials import Trials
from theory.inputs import whole_number


@dataclass(frozen=True)
class InTimeLimits:
    """When a network counts as optimal, and as exact."""

    tolerance: float = 1e-6  # relative gap at which a network counts as optimal, if not given
    # Error of a target, relative to the largest of its output: less than `certify_in_time` allows.
    missed: float = 1e-10


IN_TIME_LIMITS = InTimeLimits()


def solve_in_time(
    trials: Trials,
    *,
    tolerance: float = IN_TIME_LIMITS.tolerance,
    tries: int = 4,
    time_limit: float | None = None,
    rng: int | np.random.Generator | None = None,
) -> InTime:
    """Find a linear recurrent network of nonnegative neurons that does a task, and a lower bound for all that do.

    The problem is not convex. The bound is proven whatever the search finds; where it meets the loss the network is
    globally optimal, and is called so, and nowhere else.

    Args:
        trials: the task.
        tolerance: relative gap (loss - lower_bound) / loss at which a network counts as optimal.
        tries: random networks that are improved as well.
        time_limit: seconds at most, kept to within a few: half of it for networks, the rest for the bound. What has
            been found by then is the answer, whose status is "interrupted" unless its gap is within the tolerance.
        rng: seed or generator for these, zero if not given.

    Raises:
        InputError: an argument that cannot be used; a task that no network was found to do up to rounding.

    Source: docs/mathematics.md, "Tasks in time".

    Example:
        >>> from solver import Trials, solve_in_time
        >>> cues = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])
        >>> inputs, targets = np.zeros((4, 4, 2)), np.full((4, 4, 2), np.nan)
        >>> inputs[:, 0] = targets[:, 3] = cues  # both cues, to be recalled three steps later
        >>> answer = solve_in_time(Trials(inputs, targets), tries=1)
        >>> answer.status, round(answer.loss, 6), answer.gap < 1e-6
        ('optimal', 7.88784, True)
    """
    if not isinstance(trials, Trials):
        raise InputError(f"trials: expected `theory.Trials`, got {type(trials).__name__}")
    if not 0 < tolerance <= 1:
        raise InputError(f"tolerance: {tolerance!r} is not above 0 and at most 1")
    tries = whole_number(tries, "tries")
    require_seconds(time_limit)
    start, limit = time.perf_counter(), math.inf if time_limit is None else time_limit
    with limited_to(start + limit / 2):  # step 4
        network = _best_network(trials, tries, generator_of(rng))
        stopped = time_is_up()
    activity = network.run(trials.inputs)
    loss = sum(network.energies(trials, activity).values())
    with limited_to(start + limit):
        # Step 3.
        bound, proof = prove(MemoryBounds(trials), network.on_entered(trials, activity), loss, tolerance / 2)
        stopped = stopped or time_is_up()
    bound = within_loss(bound, loss)
    unproven = "interrupted" if stopped else "bounded"
    return InTime(trials, network, loss, bound, "optimal" if loss - bound <= tolerance * loss else unproven, proof)


def _best_network(trials: Trials, tries: int, rng: np.random.Generator) -> LinearNetwork:
    """Steps 1 and 2."""
    descent, networks = Descent(trials), list[LinearNetwork]()
    for start in starts(trials):
        networks += _with_improved(trials, descent, start)
    best = min(networks, key=lambda network: _loss(trials, network))
    for number in range(tries):
        if time_is_up():
            break
        networks += _with_improved(trials, descent, _random(trials, len(best) + number % 2, rng))
    best = min(networks, key=lambda network: _loss(trials, network))
    if not np.isfinite(_loss(trials, best)):
        raise InputError(
            "trials: inputs or targets are so far apart, or so far from zero, that no network was found that does the "
            "task up to rounding; give them about their means and in like units"
        )
    return best


def _with_improved(trials: Trials, descent: Descent, start: LinearNetwork) -> list[LinearNetwork]:
    """A network to begin with, and what it is improved to unless that takes too long."""
    start = balanced(trials, pruned(trials, start))
    if time_is_up() or _variables(trials, start) > planning.SIZES.network_variables:
        return [start]
    return [start, descent.improved(start)]


def _loss(trials: Trials, network: LinearNetwork) -> float:
    """What a network costs; infinite if it does not do the task."""
    activity = network.run(trials.inputs)
    missed = np.where(trials.has_target, np.abs(network.read(activity) - trials.targets), 0.0).max(axis=(0, 1))
    wanted = np.where(trials.has_target, np.abs(trials.targets), 0.0).max(axis=(0, 1))
    if not (missed <= IN_TIME_LIMITS.missed * wanted).all():
        return float("inf")
    return sum(network.energies(trials, activity).values())


def _random(trials: Trials, size: int, rng: np.random.Generator) -> LinearNetwork:
    """A network of random weights, whose readout is as good as it gets."""
    recurrent = np.linalg.qr(rng.standard_normal((size, size)))[0]
    zeros, outputs = np.zeros(size), trials.outputs
    inward = rng.standard_normal((size, trials.channels))
    return repaired(
        trials, LinearNetwork(recurrent, inward, zeros, zeros, np.zeros((outputs, size)), np.zeros(outputs))
    )


def _variables(trials: Trials, network: LinearNetwork) -> int:
    size = len(network)
    return size * (size + trials.channels + 2 + trials.outputs) + trials.outputs
