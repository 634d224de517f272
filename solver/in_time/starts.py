"""Networks that do a task, to begin the search with: a latent linear system that holds what is needed, and its code.

1. The latent states are sums of the inputs so far, if the targets are a linear function of these; or else the inputs by
   their age, as old as the targets need, and a clock if they need that.
2. Some columns may be left out: of the sums those of channels that no target needs.
3. The neurons are the best code of the latent states on all trials and steps, from which the targets are read, without
   regard to what the recurrent weights cost; or one neuron for each latent state.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solver.in_time.network import LinearNetwork
from solver.in_time.repair import carrying
from solver.solving.solve import solve_one_of_many
from theory.arrays import Array
from theory.errors import InputError
from theory.in_time.trials import TRIALS, Trials
from theory.problem import Problem
from theory.readouts import Exact


def starts(trials: Trials) -> Iterator[LinearNetwork]:
    """Networks that do the task."""
    sums, unit = np.cumsum(trials.inputs, axis=1), np.eye(trials.channels)
    targets = _read(trials, sums)  # step 1
    if targets is not None:
        # Step 2.
        used = np.flatnonzero(np.abs(targets).max(axis=0) > TRIALS.missed * np.abs(targets).max())
        kept = sums[..., used], unit[np.ix_(used, used)], unit[used], targets[:, used]
        for neurons in _neurons(trials, kept[0], kept[3]):
            yield carrying(trials, neurons, *kept[1:3], np.zeros(len(used)))
        return
    shift, enter, rest = _ages(trials)
    yield carrying(trials, np.eye(len(rest)), shift, enter, rest)


def _ages(trials: Trials) -> tuple[Array, Array, Array]:
    """Step 1: how the inputs by their age, and a clock, change and begin; no more of them than the targets need."""
    size, steps = trials.channels, trials.steps
    clock = np.eye(steps)[None].repeat(trials.count, axis=0)
    for with_clock in (False, True):
        for oldest in range(steps):
            aged = trials.features[..., : (oldest + 1) * size]
            latent = np.concatenate([aged, clock], axis=2) if with_clock else aged
            if _read(trials, latent) is not None:
                shift = np.eye(latent.shape[2], k=-size)
                enter = np.zeros((latent.shape[2], size))
                enter[:size] = np.eye(size)
                rest = np.zeros(len(shift))
                if with_clock:
                    shift[aged.shape[2] :] = 0
                    shift[aged.shape[2] :, aged.shape[2] :] = np.eye(steps, k=-1)
                    rest[aged.shape[2]] = 1.0
                return shift, enter, rest
    raise InputError("targets: no linear network produces them")  # refused before, when the trials were posed


def _read(trials: Trials, latent: Array) -> Array | None:
    """(q, k) the targets as a linear function of the latent states and a constant; None where they are none."""
    rows = list[Array]()
    for output in range(trials.outputs):
        has_target = trials.has_target[:, :, output]
        known = np.column_stack([latent[has_target], np.ones(has_target.sum())])
        wanted = trials.targets[:, :, output][has_target]
        readout = np.linalg.lstsq(known, wanted, rcond=None)[0]
        if np.abs(known @ readout - wanted).max() > TRIALS.missed * max(np.abs(wanted).max(), np.finfo(float).tiny):
            return None
        rows.append(readout[:-1])
    return np.array(rows)


def _neurons(trials: Trials, latent: Array, targets: Array) -> Iterator[Array]:
    """(n, k) weights of neurons on the latent states, as step 3 has them."""
    flat = latent.reshape(-1, latent.shape[2])
    probabilities = np.repeat(trials.weights, trials.steps)
    spread = flat.std(axis=0)
    units = np.where(spread > 0, spread, 1.0)
    try:
        problem = Problem(
            flat / units,
            probabilities=probabilities,
            readout=Exact(targets * units),
            encoder_cost=1e-3,  # no weight is for nothing
        )
        yield np.asarray(solve_one_of_many(problem).source_weights / units)
    except InputError:
        pass
    yield np.eye(latent.shape[2])
