"""What training asks of a network, and what it is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from theory.errors import InputError
from theory.inputs import as_matrix, checked_probabilities
from theory.problem import Problem
from theory.readouts import Soft

Tree = dict[str, Any]  # arrays by name: what is trained


class Data(NamedTuple):
    """Samples, as training sees them: arrays of single precision.

    Attributes:
        inputs: (T, k) of the network.
        targets: (T, r) that its outputs should equal.
        chance: (T,) probabilities. Samples of probability zero do not occur: neurons may be negative on them.
    """

    inputs: Any
    targets: Any
    chance: Any

    @classmethod
    def of(cls, inputs: ArrayLike, targets: ArrayLike | None = None, *, probabilities: ArrayLike | None = None) -> Data:
        """Checked and in single precision; without targets the inputs are the targets.

        Raises:
            InputError: no such arrays, or numbers of rows that do not fit.

        Example:
            >>> Data.of([[0, 1], [1, 0]]).chance.tolist()
            [0.5, 0.5]
        """
        rows = as_matrix(inputs, "inputs")
        outputs, count = rows if targets is None else as_matrix(targets, "targets"), len(rows)
        if len(outputs) != count:
            raise InputError(f"targets: {len(outputs)} rows do not fit {count} rows of inputs; give one a sample")
        weights = checked_probabilities(probabilities, count)
        chance = np.full(count, 1 / count) if weights is None else weights
        return cls(*(array.astype(np.float32) for array in (rows, outputs, chance)))


class Network(Protocol):
    """An architecture with its costs: a frozen dataclass of numbers, so that two of them can be compared."""

    def __hash__(self) -> int: ...

    def initial(self, rng: np.random.Generator, data: Data) -> Tree:
        """Random parameters, by numpy: what jax draws it compiles first."""
        ...

    def loss(self, parameters: Tree, data: Data, key: Any, /) -> Any:
        """What descent minimises; the key is for networks that are noisy or draw samples."""
        ...

    def measure(self, parameters: Tree, data: Data) -> Any:
        """The number that the curve shows, of the network as it would be used."""
        ...

    def activity(self, parameters: Tree, data: Data) -> Any:
        """(T, n) of the neurons, of the network as it would be used."""
        ...


class Lifted:
    """Networks whose linear neurons are charged for negative activity, and lifted above zero before they are judged.

    A subclass is a frozen dataclass with these fields, and defines the three private methods below.
    """

    rectified: bool
    nonnegative: bool
    error_cost: float
    activity_cost: float
    weight_cost: float
    negativity_cost: float

    @property
    def charged(self) -> bool:
        """Whether negative activity is charged: rectified neurons have none."""
        return self.nonnegative and not self.rectified

    def loss(self, parameters: Tree, data: Data, _key: Any) -> Any:
        """Error, energy and, of linear neurons, the charge for negative activity."""
        import jax

        activity = self._neurons(parameters, data)
        loss = self._cost(parameters, data, activity)
        if not self.charged:
            return loss
        occurs = data.chance > 0
        below = jax.nn.relu(-activity) * occurs[:, None]
        return loss + self.negativity_cost * below.sum() / occurs.sum()

    def measure(self, parameters: Tree, data: Data) -> Any:
        """The loss after lifting, without the charge."""
        lifted = self._lifted(parameters, data)
        return self._cost(lifted, data, self._neurons(lifted, data))

    def activity(self, parameters: Tree, data: Data) -> Any:
        """(T, n) after lifting, in the order of the rows."""
        return self._neurons(self._lifted(parameters, data), data)

    def _lifted(self, parameters: Tree, data: Data) -> Tree:
        """Parameters with which no neuron is negative on a sample, and the outputs are what they were."""
        import jax.numpy as jnp

        if not self.charged:
            return parameters
        occurs, activity = (data.chance > 0)[:, None], self._neurons(parameters, data)
        return self._raised(parameters, jnp.where(occurs, -activity, 0.0).max(axis=0, initial=0.0))

    def _problem(self, sources: Any, **options: Any) -> Problem:
        """The certified problem with the costs of this network."""
        costs: dict[str, Any] = {"decoder_cost": self.weight_cost, "activity_cost": self.activity_cost}
        return Problem(sources, readout=Soft(self.error_cost), **costs, **options)

    def _neurons(self, parameters: Tree, data: Data) -> Any:
        """(T, n) activity before lifting."""
        raise NotImplementedError

    def _cost(self, parameters: Tree, data: Data, activity: Any) -> Any:
        """Error and energy."""
        raise NotImplementedError

    def _raised(self, parameters: Tree, lift: Any) -> Tree:
        """Parameters with each neuron raised by its entry of `lift` (n,), and the same outputs."""
        raise NotImplementedError


def layers(rng: np.random.Generator, widths: Sequence[int], names: Sequence[str]) -> Tree:
    """A layer for each name, from each width to the next: weights that keep the variance of their inputs, no bias."""
    return {
        name: {"weights": rng.standard_normal((above, below)) / below**0.5, "bias": np.zeros(above)}
        for name, (below, above) in zip(names, pairwise(widths), strict=True)
    }


def dense(layer: Tree, values: Any) -> Any:
    """(T, rows) of values (T, columns): weights, and a bias."""
    return values @ layer["weights"].T + layer["bias"]


def shifted(layer: Tree, amount: Any) -> Tree:
    """The layer with an amount added to its bias."""
    return {**layer, "bias": layer["bias"] + amount}


def squares(values: Any) -> Any:
    """Sum of the squares."""
    return (values**2).sum()
