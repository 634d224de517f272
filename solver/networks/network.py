"""What training asks of a network, and what it is trained on."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from theory.errors import InputError
from theory.sources import as_matrix, checked_probabilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

__all__ = ["Data", "Lifted", "Network", "Tree", "dense", "layers", "squares"]

Tree = dict[str, Any]
"""Arrays by name: what is trained."""


class Data(NamedTuple):
    """Samples, as training sees them: arrays of single precision.

    Attributes:
        inputs: (T, k) what the network is shown;  targets: (T, r) what it is to say.
        chance: (T,) probabilities. Samples of probability zero do not occur, so that they ask nothing of a neuron.
    """

    inputs: Any
    targets: Any
    chance: Any

    @classmethod
    def of(cls, inputs: ArrayLike, targets: ArrayLike | None = None, *, probabilities: ArrayLike | None = None) -> Data:
        """Checked and in single precision; each input is its own target if none are given.

        Raises:
            InputError: no such arrays, or numbers of rows that do not fit.

        Example:
            >>> Data.of([[0, 1], [1, 0]]).chance.tolist()
            [0.5, 0.5]
        """
        shown = as_matrix(inputs, "inputs")
        said = shown if targets is None else as_matrix(targets, "targets")
        if len(said) != len(shown):
            raise InputError(f"targets: {len(said)} rows do not fit {len(shown)} rows of inputs; give one a sample")
        given = checked_probabilities(probabilities, len(shown))
        chance = np.full(len(shown), 1 / len(shown)) if given is None else given
        return cls(*(array.astype(np.float32) for array in (shown, said, chance)))


class Network(Protocol):
    """An architecture with its prices: a frozen dataclass of plain numbers, so that it can be told from others."""

    def __hash__(self) -> int: ...

    def initial(self, rng: np.random.Generator, data: Data) -> Tree:
        """Random parameters, by numpy: what jax draws it compiles first."""
        ...

    def loss(self, parameters: Tree, data: Data, key: Any, /) -> Any:
        """What descent makes small; the key is for networks that are noisy or draw samples."""
        ...

    def measure(self, parameters: Tree, data: Data) -> Any:
        """The number that the curve shows, of the network as it would be used."""
        ...

    def activity(self, parameters: Tree, data: Data) -> Any:
        """(T, n) of the neurons in question, likewise."""
        ...


class Lifted:
    """Networks whose neurons are lifted above zero, where they are to be, before they are judged."""

    def measure(self, parameters: Tree, data: Data) -> Any:
        """The loss without the charge for being negative, after lifting."""
        lifted = self._lifted(parameters, data)
        return self._priced(lifted, data, self._neurons(lifted, data))

    def activity(self, parameters: Tree, data: Data) -> Any:
        """(T, n) after lifting, in the rows' order."""
        return self._neurons(self._lifted(parameters, data), data)

    def _lifted(self, parameters: Tree, data: Data) -> Tree:
        raise NotImplementedError

    def _neurons(self, parameters: Tree, data: Data) -> Any:
        raise NotImplementedError

    def _priced(self, parameters: Tree, data: Data, activity: Any) -> Any:
        raise NotImplementedError


def layers(rng: np.random.Generator, widths: Sequence[int], names: Sequence[str]) -> Tree:
    """One layer a name from each width to the next: weights that keep the variance of their inputs, and no bias."""
    return {
        name: {"weights": rng.standard_normal((above, below)) / below**0.5, "bias": np.zeros(above)}
        for name, (below, above) in zip(names, pairwise(widths), strict=True)
    }


def dense(layer: Tree, values: Any) -> Any:
    """(T, rows) of values (T, columns): weights, and a bias."""
    return values @ layer["weights"].T + layer["bias"]


def squares(values: Any) -> Any:
    """Sum of the squares."""
    return (values**2).sum()
