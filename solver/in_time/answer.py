"""What is found of a task in time, and a check that trusts none of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.certificate.worth import optimality_gap, within_loss
from solver.in_time.network import LinearNetwork
from solver.in_time.proof import MemoryProof, proven
from theory.arrays import Array
from theory.errors import InputError
from theory.immutable import Frozen, derived
from theory.in_time.memory import MemoryBounds
from theory.in_time.trials import Trials


@dataclass(frozen=True, eq=False)
class InTime(Frozen):
    """A network for a task in time, and how good it is.

    Attributes:
        trials: the task.
        network: the best network found, which does it exactly.
        loss: what it costs.
        lower_bound: what no linear network of nonnegative neurons that does the task costs less than.
        status: "optimal" if the gap is within the tolerance asked for, else "interrupted" if the time limit ended the
            search, else "bounded".
        proof: of the lower bound.

    Example:
        >>> from solver import solve_in_time
        >>> inputs, targets = np.zeros((2, 3, 1)), np.full((2, 3, 1), np.nan)
        >>> inputs[:, 0] = targets[:, 2] = [[-1.0], [1.0]]
        >>> answer = solve_in_time(Trials(inputs, targets))
        >>> answer.status, len(answer.network), bool(np.allclose(answer.simulate()[1][:, 2], targets[:, 2]))
        ('optimal', 1, True)
    """

    trials: Trials
    network: LinearNetwork
    loss: float
    lower_bound: float
    status: str
    proof: MemoryProof

    @property
    def gap(self) -> float:
        """(loss - lower_bound) / loss."""
        return optimality_gap(self.loss, self.lower_bound)

    @derived
    def energies(self) -> dict[str, float]:
        """The parts of the loss, costs included: "activity", "input", "recurrent", "readout"."""
        return self.network.energies(self.trials, self.network.run(self.trials.inputs))

    def simulate(self) -> tuple[Array, Array]:
        """(trials, T, n) the activity, run step by step, and (trials, T, q) what is read from it.

        Example:
            >>> from solver import Trials, solve_in_time
            >>> inputs = np.array([[[-1.0], [0]], [[1], [0]]])
            >>> activity, read = solve_in_time(Trials(inputs, np.cumsum(inputs, axis=1))).simulate()
            >>> bool(activity.min() >= 0), read[:, 1].round(9).ravel().tolist()
            (True, [-1.0, 1.0])
        """
        activity = self.network.run(self.trials.inputs)
        return activity, self.network.read(activity)

    def __repr__(self) -> str:
        return (
            f"InTime({len(self.network)} neurons, {self.status}: loss {self.loss:.9g}, at least "
            f"{self.lower_bound:.9g}, gap {self.gap:.2g})"
        )


@dataclass(frozen=True)
class Checked:
    """An independent check of an answer.

    Source: docs/mathematics.md, "Tasks in time".

    Example:
        >>> from solver import Trials, certify_in_time, solve_in_time
        >>> inputs = np.array([[[-1.0], [0]], [[1], [0]]])
        >>> trials = Trials(inputs, np.cumsum(inputs, axis=1))
        >>> certify_in_time(trials, solve_in_time(trials)).feasible
        True

    Attributes:
        loss: measured, by running the network.
        lower_bound: proven anew from the trials, the matrices and the weights of the proof.
        gap: (loss - lower_bound) / loss; infinite if the network does not do the task.
        feasible: whether no neuron falls below zero and every target that is asked for is met, up to rounding.
        least_activity: the smallest activity of all trials, steps and neurons.
        target_error: the largest error of a target.
    """

    loss: float
    lower_bound: float
    gap: float
    feasible: bool
    least_activity: float
    target_error: float


def certify_in_time(trials: Trials, answer: InTime) -> Checked:
    """Run the network of an answer, and prove its bound anew from the trials.

    Args:
        trials: the task as posed.
        answer: its weights and its proof are used, no other number in it.

    Raises:
        InputError: an answer to another task.

    Example:
        >>> from solver import solve_in_time
        >>> inputs, targets = np.zeros((2, 3, 1)), np.full((2, 3, 1), np.nan)
        >>> inputs[:, 0] = targets[:, 2] = [[-1.0], [1.0]]
        >>> trials = Trials(inputs, targets)
        >>> checked = certify_in_time(trials, solve_in_time(trials))
        >>> checked.feasible, checked.gap < 1e-6
        (True, True)
    """
    if not isinstance(trials, Trials) or not isinstance(answer, InTime):
        raise InputError("trials: expected a task of `theory.Trials` and an answer of `solve_in_time`")
    posed = ("inputs", "targets", "probabilities", "input_cost", "recurrent_cost", "readout_cost")
    fresh = Trials(**{name: getattr(trials, name) for name in posed})
    network = answer.network
    if network.readout.shape[0] != fresh.outputs:
        raise InputError(f"answer: {network.readout.shape[0]} output(s), and the task has {fresh.outputs}")
    activity = network.run(fresh.inputs)
    missed = np.where(fresh.has_target, np.abs(network.read(activity) - fresh.targets), 0.0).max(axis=(0, 1))
    wanted = np.where(fresh.has_target, np.abs(fresh.targets), 0.0).max(axis=(0, 1))
    least, error = float(activity.min(initial=0.0)), float(missed.max())
    rounding = 1e-9
    feasible = bool(least >= -rounding * activity.max(initial=0.0) and (missed <= rounding * wanted).all())
    loss = sum(network.energies(fresh, activity).values())
    bound = proven(MemoryBounds(fresh), answer.proof)
    bound = within_loss(bound, loss) if feasible else bound
    gap = optimality_gap(loss, bound) if feasible else float("inf")
    return Checked(loss, bound, gap, feasible, least, error)
