"""A linear recurrent network, run step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from theory.arrays import Array
from theory.errors import InputError
from theory.immutable import Frozen
from theory.in_time.trials import Trials
from theory.inputs import as_array


@dataclass(frozen=True, eq=False)
class LinearNetwork(Frozen):
    """z_0 = rest + W_in x_0, z_{t+1} = W z_t + W_in x_{t+1} + b, y_t = R z_t + c.

    Attributes:
        recurrent: (n, n) W.
        inward: (n, p) W_in.
        bias: (n,) b.
        rest: (n,) the activity before anything enters.
        readout: (q, n) R.
        readout_bias: (q,) c.

    Example:
        >>> keeping = LinearNetwork(*map(np.array, ([[1.0]], [[1.0]], [0.0], [2.0], [[1.0]], [-2.0])))
        >>> keeping.run([[[-1.0], [0.0], [0.0]]]).ravel().tolist()
        [1.0, 1.0, 1.0]
    """

    recurrent: Array
    inward: Array
    bias: Array
    rest: Array
    readout: Array
    readout_bias: Array

    def __len__(self) -> int:
        return len(self.recurrent)

    def run(self, inputs: ArrayLike) -> Array:
        """(trials, T, n) activity, one step after another.

        Args:
            inputs: (trials, T, p) x.

        Raises:
            InputError: another number of channels.

        Example:
            >>> halving = LinearNetwork(*map(np.array, ([[0.5]], [[1.0]], [0.0], [0.0], [[1.0]], [0.0])))
            >>> halving.run([[[8.0], [0.0], [1.0]]]).ravel().tolist()
            [8.0, 4.0, 3.0]
        """
        arrays = as_array(inputs, "inputs")
        if arrays.ndim != 3 or arrays.shape[2] != self.inward.shape[1]:
            raise InputError(
                f"inputs: shape {arrays.shape} is not (trials, steps, {self.inward.shape[1]}), as the network takes it"
            )
        activity = np.empty((*arrays.shape[:2], len(self)))
        for step in range(arrays.shape[1]):
            kept = self.rest if step == 0 else activity[:, step - 1] @ self.recurrent.T + self.bias
            activity[:, step] = kept + arrays[:, step] @ self.inward.T
        return activity

    def read(self, activity: Array) -> Array:
        """(trials, T, q) what the readout makes of activity (trials, T, n).

        Example:
            >>> doubling = LinearNetwork(*map(np.array, ([[1.0]], [[1.0]], [0.0], [0.0], [[2.0]], [-1.0])))
            >>> doubling.read(doubling.run([[[3.0]]])).tolist()
            [[[5.0]]]
        """
        return np.asarray(activity @ self.readout.T + self.readout_bias)

    def in_units(self, scale: Array) -> LinearNetwork:
        """The network with the activity of each neuron so many (n,) times as large, which does what it did.

        Example:
            >>> halving = LinearNetwork(*map(np.array, ([[0.5]], [[1.0]], [0.0], [0.0], [[1.0]], [0.0])))
            >>> other = halving.in_units(np.array([2.0]))
            >>> other.inward.tolist(), other.readout.tolist(), other.recurrent.tolist()
            ([[2.0]], [[0.5]], [[0.5]])
        """
        return LinearNetwork(
            scale[:, None] * self.recurrent / scale,
            scale[:, None] * self.inward,
            scale * self.bias,
            scale * self.rest,
            self.readout / scale,
            self.readout_bias,
        )

    def energies(self, trials: Trials, activity: Array) -> dict[str, float]:
        """The parts of the loss, costs included: "activity", "input", "recurrent", "readout".

        Example:
            >>> from theory import Trials
            >>> holding = LinearNetwork(*map(np.array, ([[1.0]], [[1.0]], [0.0], [1.0], [[2.0]], [-2.0])))
            >>> trials = Trials([[[-1.0], [0]], [[1], [0]]], [[[-2.0], [-2]], [[2], [2]]])
            >>> holding.energies(trials, holding.run(trials.inputs))
            {'activity': 2.0, 'input': 1.0, 'recurrent': 1.0, 'readout': 4.0}
        """
        return {
            "activity": float(trials.weights @ (activity**2).sum(axis=2).mean(axis=1)),
            "input": trials.input_cost * float((self.inward**2).sum()),
            "recurrent": trials.recurrent_cost * float((self.recurrent**2).sum()),
            "readout": trials.readout_cost * float((self.readout**2).sum()),
        }

    def on_entered(self, trials: Trials, activity: Array) -> list[Array]:
        """For each step (n, d_t) the neurons' weights on what has entered by then.

        Example:
            >>> from theory import Trials
            >>> halving = LinearNetwork(*map(np.array, ([[0.5]], [[1.0]], [0.0], [2.0], [[1.0]], [0.0])))
            >>> trials = Trials([[[-1.0], [0]], [[1], [0]]], [[[-1.0], [-0.5]], [[1], [0.5]]])
            >>> [weights.round(9).tolist() for weights in halving.on_entered(trials, halving.run(trials.inputs))]
            [[[1.0]], [[0.5]]]
        """
        weights = list[Array]()
        for step in range(trials.steps):
            known = trials.entered[:, : trials.entered_by(step)]
            centred = activity[:, step] - trials.weights @ activity[:, step]
            weights.append(np.asarray(np.linalg.lstsq(known, centred, rcond=None)[0].T, dtype=np.float64))
        return weights
