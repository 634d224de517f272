"""Tasks in time: trials as sequences of inputs and targets, for a linear recurrent network of nonnegative neurons.

    z_0 = rest + W_in x_0,   z_{t+1} = W z_t + W_in x_{t+1} + b,   z_t >= 0,   y_t = R z_t + c where a target is asked
    loss = E|z|^2 + recurrent_cost |W|^2 + input_cost |W_in|^2 + readout_cost |R|^2

with E the mean over trials and steps. Whatever the weights, the activity at a step is a linear function of the inputs
that have entered so far, plus a constant of that step (docs/mathematics.md, "Tasks in time").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.arrays import Array, Indices, Mask
from theory.errors import InputError
from theory.immutable import Frozen, derived, locked
from theory.inputs import as_array, checked_probabilities
from theory.inputs.problem import checked_cost
from theory.problem import Problem


@dataclass(frozen=True)
class TrialTolerances:
    """What is rounding in a table of trials."""

    independent: float = 1e-9  # share of a column left without the others, below which they tell it
    missed: float = 1e-7  # of the range of a target, by which it may miss a linear function of the inputs


TRIALS = TrialTolerances()


@dataclass(frozen=True, eq=False)
class Trials(Frozen):
    """What enters and what is asked for, trial by trial and step by step, and what a network that does it pays.

    Args:
        inputs: (n, T, p) x: trials, steps, channels. Zero where nothing enters.
        targets: (n, T, q) y: trials, steps, outputs. NaN where nothing is asked.
        probabilities: (n,) positive weights of the trials; equal if not given.
        input_cost: cost of |W_in|^2.
        recurrent_cost: cost of |W|^2, positive.
        readout_cost: cost of |R|^2, positive.

    Raises:
        InputError: arrays of shapes that do not fit, numbers that are not finite, a target that is no linear function
            of the inputs up to its step, an output that is never asked for.

    Source: docs/mathematics.md, "Tasks in time"; networks of Dorrell et al. (ICLR 2025).

    Example:
        >>> cues = [[-1.0], [1.0]]
        >>> inputs, targets = np.zeros((2, 3, 1)), np.full((2, 3, 1), np.nan)
        >>> inputs[:, 0], targets[:, 2] = cues, cues
        >>> recall = Trials(inputs, targets)
        >>> recall.steps, recall.entered.tolist(), recall.entry.tolist()
        (3, [[-1.0], [1.0]], [0])
    """

    inputs: Array
    targets: Array
    probabilities: Array | None = None
    input_cost: float = 1.0
    recurrent_cost: float = 1.0
    readout_cost: float = 1.0

    def __post_init__(self) -> None:
        inputs, targets = (_sequences(getattr(self, name), name) for name in ("inputs", "targets"))
        if inputs.shape[:2] != targets.shape[:2]:
            raise InputError(
                f"targets: {targets.shape[0]} trial(s) of {targets.shape[1]} step(s) do not fit inputs of "
                f"{inputs.shape[0]} trial(s) of {inputs.shape[1]} step(s); give as many"
            )
        _require_numbers(inputs, "inputs", "give 0 where nothing enters", np.isfinite(inputs))
        _require_numbers(targets, "targets", "give NaN where nothing is asked", ~np.isinf(targets))
        probabilities = np.full(len(inputs), 1 / len(inputs))
        if self.probabilities is not None:
            probabilities = np.asarray(
                checked_probabilities(as_array(self.probabilities, "probabilities"), len(inputs))
            )
            if not (probabilities > 0).all():
                row = int(np.flatnonzero(~(probabilities > 0))[0])
                raise InputError(f"probabilities: trial {row} (counted from 0) never occurs; leave it out")
        for name, value in (("inputs", inputs), ("targets", targets), ("probabilities", probabilities)):
            object.__setattr__(self, name, value)
        for name, why in (
            ("input_cost", ""),
            ("recurrent_cost", "memory is then held by activity that vanishes, and no network is best"),
            ("readout_cost", "ever weaker neurons then cost ever less, and no network is best"),
        ):
            object.__setattr__(self, name, checked_cost(name, getattr(self, name), positive=why))
        super().__post_init__()
        self._require_linear_targets()

    @property
    def count(self) -> int:
        """Number of trials n."""
        return len(self.inputs)

    @property
    def steps(self) -> int:
        """Number of steps T."""
        return int(self.inputs.shape[1])

    @property
    def channels(self) -> int:
        """Number of channels of the input p."""
        return int(self.inputs.shape[2])

    @property
    def outputs(self) -> int:
        """Number of outputs q."""
        return int(self.targets.shape[2])

    @derived
    def has_target(self) -> Mask:
        """(n, T, q) whether an output is asked for."""
        return ~np.isnan(self.targets)

    @derived
    def weights(self) -> Array:
        """(n,) the probabilities of the trials."""
        assert self.probabilities is not None
        return locked(self.probabilities)

    @derived
    def entered(self) -> Array:
        """(n, d) what enters, about its mean: inputs that none that entered earlier tells, in their order in time."""
        return np.asarray(self._new_inputs[0])

    @derived
    def entry(self) -> Indices:
        """(d,) the step at which each of them enters."""
        return np.asarray(self._new_inputs[1])

    @derived
    def _new_inputs(self) -> tuple[Array, Indices]:
        flat = self.inputs.reshape(self.count, -1)
        centred = flat - self.weights @ flat
        chosen = independent_columns(centred, np.abs(flat).max(axis=0, initial=0.0))
        return centred[:, chosen], np.asarray(chosen // self.channels, dtype=np.intp)

    def entered_by(self, step: int) -> int:
        """How many of them have entered by a step: the first so many columns of `entered`.

        Example:
            >>> inputs = np.array([[[-1.0], [0]], [[1], [0]]])
            >>> Trials(inputs, inputs).entered_by(0)
            1
        """
        return int((self.entry <= step).sum())

    @derived
    def step_problems(self) -> tuple[Problem | None, ...]:
        """For each step the problem whose neurons cost what one costs in that step; None where nothing has entered.

        Example:
            >>> inputs = np.array([[[-1.0], [0]], [[1], [0]]])
            >>> [problem.dimension for problem in Trials(inputs, np.repeat(inputs[:, :1], 2, 1)).step_problems]
            [1, 1]
        """
        by_count: dict[int, Problem | None] = {0: None}
        for count in {self.entered_by(step) for step in range(self.steps)} - {0}:
            by_count[count] = Problem(self.entered[:, :count], probabilities=self.weights, encoder_cost=0.0)
        return tuple(by_count[self.entered_by(step)] for step in range(self.steps))

    @derived
    def features(self) -> Array:
        """(n, T, T p + T) the inputs by their age, newest first, and a clock: all that any network's activity can be.

        Example:
            >>> inputs = np.array([[[2.0], [3.0]]])
            >>> Trials(inputs, inputs).features.tolist()
            [[[2.0, 0.0, 1.0, 0.0], [3.0, 2.0, 0.0, 1.0]]]
        """
        aged = np.zeros((self.count, self.steps, self.steps, self.channels))
        for step in range(self.steps):
            aged[:, step, : step + 1] = self.inputs[:, step::-1]
        clock = np.broadcast_to(np.eye(self.steps), (self.count, self.steps, self.steps))
        return np.concatenate([aged.reshape(self.count, self.steps, -1), clock], axis=2)

    def _require_linear_targets(self) -> None:
        """Refuse targets that no linear network can produce, and those that need none."""
        varies = False
        for output in range(self.outputs):
            has_target = self.has_target[:, :, output]
            if not has_target.any():
                raise InputError(f"targets: output {output} (counted from 0) is never asked for; leave it out")
            varies |= bool(np.ptp(self.targets[:, :, output][has_target]) > 0)
            wanted, known = self.targets[:, :, output][has_target], self.features[has_target]
            scale = np.abs(known).max(axis=0)
            known = known[:, scale > 0] / scale[scale > 0]
            missed = np.abs(known @ np.linalg.lstsq(known, wanted, rcond=None)[0] - wanted)
            worst = int(missed.argmax())
            if missed[worst] > TRIALS.missed * np.abs(wanted).max():
                trial, step = np.argwhere(has_target)[worst]
                raise InputError(
                    f"targets: output {output} at step {step} of trial {trial} (counted from 0) is no linear function "
                    f"of the inputs by their age: they miss it by {missed[worst]:.3g}; give inputs that tell it by then"
                )
        if not varies:
            raise InputError("targets: none varies, so that no neuron is needed; give some that do")


def independent_columns(columns: Array, size: Array | None = None) -> Indices:
    """The columns (T, k) that the ones before them do not tell, by index.

    Their sizes (k,) are those before anything was taken out of them; their largest entries if not given.

    Example:
        >>> independent_columns(np.array([[1.0, 2, 0], [0, 0, 1]])).tolist()
        [0, 2]
    """
    size = np.abs(columns).max(axis=0, initial=0.0) if size is None else size
    chosen, basis = list[int](), np.empty((len(columns), 0))
    for number, column in enumerate(columns.T):
        rest = column.copy()
        for _ in range(2):  # once more: the first time leaves rounding
            rest -= basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if length > TRIALS.independent * max(float(np.linalg.norm(column)), float(size[number])):
            chosen.append(number)
            basis = np.column_stack([basis, rest / length])
    return np.asarray(chosen, dtype=np.intp)


def _sequences(values: Array, name: str) -> Array:
    array = as_array(values, name)
    if array.ndim != 3 or not array.size:
        raise InputError(
            f"{name}: shape {array.shape} is not (trials, steps, {'channels' if name == 'inputs' else 'outputs'}); "
            "give an array of three dimensions"
        )
    return array


def _require_numbers(array: Array, name: str, remedy: str, fine: Mask) -> None:
    if not fine.all():
        trial, step, column = np.argwhere(~fine)[0]
        raise InputError(
            f"{name}: entry {column} at step {step} of trial {trial} (counted from 0) is {array[trial, step, column]}; "
            f"{remedy}"
        )
