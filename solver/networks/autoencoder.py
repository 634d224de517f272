"""Autoencoders: linear, of rectified neurons, and deep, with and without nonnegativity and costs of energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solver.networks.network import Data, Lifted, Tree, dense, layers, shifted, squares
from theory.errors import InputError
from theory.problem import Problem


@dataclass(frozen=True)
class Autoencoder(Lifted):
    """A layer of neurons between an encoder and a decoder.

    Descent minimises ``error_cost E||y - y'||^2 + activity_cost E||z||^2 + weight_cost ||W||^2`` with all weights in W.
    The neurons are linear in the layer below. Nonnegative neurons either are charged for negative activity (a hinge, as
    in the papers) or rectified, which makes the network nonlinear.

    The curve of a linear nonnegative network shows the loss of the code *as it would be used*: each bias raised until
    no neuron is negative on any sample, and the decoder's bias changed so that outputs stay the same. That is a code of
    the certified problem, so that no curve goes below its floor.

    The charge leaves no neuron negative where it is high enough: lowering a bias saves at most twice the mean activity,
    and costs the charge times the share of samples at which the neuron is zero. With a lower charge the trained network
    codes another problem, in which a few samples do not count (docs/networks.md).

    Attributes:
        neurons: their number.
        rectified: whether they pass through a rectifier.
        nonnegative: whether they are charged for being negative; rectified neurons never are.
        hidden: rectified units in a further layer on either side, with weights at the same cost; none if zero.
        separate: whether each neuron reads one input only, in turn: the best modular network, as a comparison.
        error_cost: cost of the squared error.
        activity_cost: cost of squared activity.
        weight_cost: cost of squared weights.
        negativity_cost: cost of what a neuron falls below zero, averaged over samples.

    Source: Whittington et al. (ICLR 2023) and Dorrell et al. (ICLR 2025), whose losses these are up to names.

    Example:
        >>> from solver.networks.training import train
        >>> trained = train(Autoencoder(neurons=4), Data.of([[0, 0], [0, 1], [1, 0], [1, 1]]), steps=100, seeds=(0,))
        >>> trained.activity.shape, bool(trained.activity.min() >= -1e-6)
        ((1, 4, 4), True)
    """

    neurons: int
    rectified: bool = False
    nonnegative: bool = True
    hidden: int = 0
    separate: bool = False
    error_cost: float = 100.0
    activity_cost: float = 1.0
    weight_cost: float = 1.0
    negativity_cost: float = 50.0

    def __post_init__(self) -> None:
        if self.separate and self.hidden:
            raise InputError("separate: neurons above hidden units read no single input; leave out one of the two")

    @property
    def activation(self) -> str:
        """The kind of neurons (`theory.neurons`): behind hidden units they may be any function of the inputs.

        Example:
            >>> [network.activation for network in (Autoencoder(4), Autoencoder(4, rectified=True))]
            ['linear', 'rectified']
            >>> Autoencoder(4, hidden=5).activation
            'free'
        """
        if self.hidden:
            return "free"
        return "rectified" if self.rectified else "linear"

    @property
    def reads_linearly(self) -> bool:
        """Whether outputs are linear in the neurons, as in the certified problems."""
        return not self.hidden

    def initial(self, rng: np.random.Generator, data: Data) -> Tree:
        """Random weights, and biases with which linear nonnegative neurons are nonnegative from the start.

        From biases of zero the charge on negative activity silences most neurons before they code anything.
        """
        widths, names = self._shape(data)
        parameters = layers(rng, widths, names)
        if self.separate:
            parameters["encoder"]["weights"] *= _turns(self.neurons, data.inputs.shape[1])
        if self.charged:
            below = np.maximum(dense(parameters["lower"], data.inputs), 0) if "lower" in parameters else data.inputs
            activity = dense(parameters["encoder"], below)[data.chance > 0]
            parameters["encoder"]["bias"] = np.maximum(-activity, 0).max(axis=0)
        return parameters

    def problem(self, sources: ArrayLike, *, activation: str | None = None, **options: Any) -> Problem:
        """The certified problem of neurons of this network's kind, at its costs: its optimum is the network's floor.

        Neurons behind hidden units are free neurons, of which no weights below are counted.

        Args:
            sources: (T, d) or `Sources`.
            activation: another kind of neurons, to be compared with; the network's own if not given.
            options: of `Problem`, such as mixing and probabilities; not the costs.

        Raises:
            InputError: no kind given, and none whose optimum is a floor: neurons that may be negative, or hidden units
                above them.

        Example:
            >>> box = [[0, 0], [0, 1], [1, 0], [1, 1]]
            >>> Autoencoder(neurons=4, rectified=True).problem(box).neurons.name
            'rectified'
            >>> Autoencoder(neurons=4, rectified=True).problem(box, activation="linear").neurons.name
            'linear'
        """
        if activation is None:
            activation = self.activation
            if not self.reads_linearly:
                raise InputError(
                    "hidden: units above the neurons read them nonlinearly, for which no certified problem is known; "
                    "name the kind to compare with, such as activation='free'"
                )
            if not (self.nonnegative or self.rectified):
                raise InputError(
                    "nonnegative: neurons may be negative, and cost less than those of any certified problem; name the "
                    "kind to compare with, such as activation='linear'"
                )
        costs = {} if activation == "free" else {"encoder_cost": self.weight_cost}
        return self._problem(sources, activation=activation, **costs, **options)

    def _shape(self, data: Data) -> tuple[list[int], list[str]]:
        """Widths from the inputs to the targets, and the names of the layers between."""
        outside = [self.hidden] if self.hidden else []
        widths = [data.inputs.shape[1], *outside, self.neurons, *outside, data.targets.shape[1]]
        return widths, ["lower", "encoder", "decoder", "upper"] if self.hidden else ["encoder", "decoder"]

    def _neurons(self, parameters: Tree, data: Data) -> Any:
        import jax

        below = jax.nn.relu(dense(parameters["lower"], data.inputs)) if "lower" in parameters else data.inputs
        encoder = parameters["encoder"]
        if self.separate:
            # Masked weights have no gradient, and stay at zero.
            encoder = {**encoder, "weights": encoder["weights"] * _turns(self.neurons, data.inputs.shape[1])}
        activity = dense(encoder, below)
        return jax.nn.relu(activity) if self.rectified else activity

    def _cost(self, parameters: Tree, data: Data, activity: Any) -> Any:
        import jax

        outputs = dense(parameters["decoder"], activity)
        if "upper" in parameters:
            outputs = dense(parameters["upper"], jax.nn.relu(outputs))
        error = data.chance @ ((outputs - data.targets) ** 2).sum(axis=1)
        energy = data.chance @ (activity**2).sum(axis=1)
        weights = sum(squares(layer["weights"]) for layer in parameters.values())
        return self.error_cost * error + self.activity_cost * energy + self.weight_cost * weights

    def _raised(self, parameters: Tree, lift: Any) -> Tree:
        encoder, decoder = parameters["encoder"], parameters["decoder"]
        moved = {"encoder": shifted(encoder, lift), "decoder": shifted(decoder, -(decoder["weights"] @ lift))}
        return parameters | moved


def _turns(neurons: int, inputs: int) -> Any:
    """(n, k) a mask with one 1 in each row: the input that a neuron reads, in turn."""
    return np.equal.outer(np.arange(neurons) % inputs, np.arange(inputs)).astype(np.float32)
