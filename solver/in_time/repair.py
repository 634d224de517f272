"""From a network that nearly does a task to one that does it exactly.

1. Adding one vector to the activity of all steps (to the rest, and (1 - W) times it to the bias) changes nothing that
   is carried along or read. It is chosen so that every neuron just reaches zero.
2. The readout is changed by the least that meets all targets, in the directions in which the activity varies.
   Where it varies too little in some to meet them, each neuron is counted in units of its changes.
3. The activity of a neuron may be counted in any unit, D W D^-1, and the task is done as before. With s its square, the
   unit of one neuron costs ``a s + c / s``, with a for its activity and what enters it, c for what leaves it, so that
   ``s = sqrt(c / a)`` is best. This is done neuron by neuron until nothing changes; the loss is convex in log s.
4. Neurons whose changes reach no readout, by no path, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.in_time.network import LinearNetwork
from theory.arrays import Array
from theory.in_time.trials import Trials


@dataclass(frozen=True)
class RepairTolerances:
    """What is rounding in a network that is repaired."""

    spanned: float = 1e-6  # singular value of the activity, relative to the largest, that a readout makes use of
    missed: float = 1e-11  # error of a target, relative to the largest, with which it is met
    rounds: int = 200  # of step 3 at most
    unchanged: float = 1e-9  # relative change of all units that ends them
    headroom: float = 1e-13  # of the largest activity, by which neurons are lifted above zero, against rounding
    unfelt: float = 1e-12  # share of a target, or of how much another neuron changes, that is rounding


REPAIR = RepairTolerances()


def carrying(trials: Trials, neurons: Array, shift: Array, enter: Array, rest: Array) -> LinearNetwork:
    """The network whose neurons have weights (n, k) on latent states l_{t+1} = shift l_t + enter x_{t+1}.

    Args:
        trials: the task.
        neurons: (n, k) weights, of rank k.
        shift: (k, k).
        enter: (k, p).
        rest: (k,) the latent states of the first step before anything enters.
    """
    recurrent = neurons @ shift @ np.linalg.pinv(neurons)
    size, outputs = len(neurons), trials.outputs
    readout, constant = np.zeros((outputs, size)), np.zeros(outputs)
    plain = LinearNetwork(recurrent, neurons @ enter, np.zeros(size), neurons @ rest, readout, constant)
    return repaired(trials, plain)


def repaired(trials: Trials, network: LinearNetwork) -> LinearNetwork:
    """The network that does the task, next to one that nearly does it."""
    # Step 1.
    activity = network.run(trials.inputs)
    lifted = REPAIR.headroom * np.abs(activity).max(initial=0.0) - activity.min(axis=(0, 1))
    bias = network.bias + lifted - network.recurrent @ lifted
    active = LinearNetwork(
        network.recurrent, network.inward, bias, network.rest + lifted, network.readout, network.readout_bias
    )
    readout, constant = _readout(trials, active.run(trials.inputs), network.readout)
    return LinearNetwork(network.recurrent, network.inward, bias, network.rest + lifted, readout, constant)


def balanced(trials: Trials, network: LinearNetwork) -> LinearNetwork:
    """The network that does as much, with the activity of each neuron in the unit that costs least (step 3).

    Example:
        >>> inputs = np.array([[[-1.0], [0]], [[1], [0]]])
        >>> trials = Trials(inputs, 8 * np.cumsum(inputs, axis=1))
        >>> weak = LinearNetwork(*map(np.array, ([[1.0]], [[1.0]], [0.0], [1.0], [[8.0]], [-8.0])))
        >>> network = balanced(trials, weak)  # activity and input cost 2 + 1, and the readout as much
        >>> [round(cost, 6) for cost in network.energies(trials, network.run(trials.inputs)).values()]
        [9.237604, 4.618802, 1.0, 13.856406]
    """
    energy = trials.weights @ (network.run(trials.inputs) ** 2).mean(axis=1)
    own = energy + trials.input_cost * (network.inward**2).sum(axis=1)
    read = trials.readout_cost * (network.readout**2).sum(axis=0)
    between = trials.recurrent_cost * network.recurrent**2
    np.fill_diagonal(between, 0.0)
    squares = np.ones(len(network))
    for _ in range(REPAIR.rounds):
        before = squares.copy()
        for neuron in range(len(network)):
            entering = own[neuron] + between[neuron] @ (1 / squares)
            leaving = read[neuron] + between[:, neuron] @ squares
            if entering > 0 and leaving > 0:
                squares[neuron] = np.sqrt(leaving / entering)
        if (np.abs(squares - before) <= REPAIR.unchanged * before).all():
            break
    return network.in_units(np.sqrt(squares))


def pruned(trials: Trials, network: LinearNetwork) -> LinearNetwork:
    """The network without the neurons that no target needs (step 4).

    Example:
        >>> inputs = np.array([[[-1.0], [0]], [[1], [0]]])
        >>> trials = Trials(inputs, np.cumsum(inputs, axis=1))
        >>> weights = np.eye(2), np.ones((2, 1)), np.zeros(2), np.ones(2), np.array([[1.0, 0.0]]), np.array([-1.0])
        >>> both = LinearNetwork(*weights)
        >>> len(pruned(trials, both))
        1
    """
    activity = network.run(trials.inputs)
    changes = np.ptp(activity, axis=(0, 1))
    targets = np.abs(np.where(trials.has_target, trials.targets, 0.0)).max(axis=(0, 1))
    needed = (np.abs(network.readout) * changes > REPAIR.unfelt * targets[:, None]).any(axis=0)
    feeds = np.abs(network.recurrent) * changes > REPAIR.unfelt * changes[:, None]
    for _ in range(len(network)):
        needed = needed | feeds[needed].any(axis=0)
    if needed.all() or not needed.any():
        return network
    left_out = network.recurrent[np.ix_(needed, ~needed)] @ activity[..., ~needed].mean(axis=(0, 1))
    return repaired(
        trials,
        LinearNetwork(
            network.recurrent[np.ix_(needed, needed)],
            network.inward[needed],
            network.bias[needed] + left_out,
            network.rest[needed],
            network.readout[:, needed],
            network.readout_bias,
        ),
    )


def _readout(trials: Trials, activity: Array, near: Array) -> tuple[Array, Array]:
    """Step 2: (q, n) and (q,)."""
    rows, constants = list[Array](), list[float]()
    for output, start in enumerate(near):
        has_target = trials.has_target[:, :, output]
        known, wanted = activity[has_target], trials.targets[:, :, output][has_target]
        middle, level = known.mean(axis=0), wanted.mean()
        changed = known - middle
        changes = np.abs(changed).max(axis=0)
        for units in (np.ones(len(start)), np.where(changes > 0, changes, 1.0)):
            inverse, row = np.linalg.pinv(changed / units, rcond=REPAIR.spanned) / units[:, None], start
            for _ in range(3):  # once more on what is left: rounding
                row = row + inverse @ (wanted - level - changed @ row)
            if np.abs(wanted - level - changed @ row).max() <= REPAIR.missed * np.abs(wanted).max():
                break
        rows.append(row)
        constants.append(float(level - middle @ row))
    return np.array(rows), np.array(constants)
