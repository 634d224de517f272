"""Variational autoencoders: noisy neurons between hidden layers, with nonnegativity and costs of energy or without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.networks.network import Data, Tree, dense, layers, squares


@dataclass(frozen=True)
class Variational:
    """Neurons with normal noise, whose means and variances are linear in hidden rectified units.

    Descent minimises ``error_cost E||y - y'||^2 + beta E KL + activity_cost E||z||^2 + weight_cost ||W||^2``, where y'
    is decoded from neurons with their noise, KL is the divergence from a standard normal distribution, z are the means,
    and W all weights. With ``beta`` above one, no cost of energy and no rectifier it is a beta-VAE.

    Attributes:
        neurons: their number.
        hidden: units in the layer on either side.
        nonnegative: whether the means pass through a rectifier.
        beta: cost of the divergence.
        error_cost: cost of the squared error.
        activity_cost: cost of squared means.
        weight_cost: cost of squared weights.
        batch: samples drawn at each step.

    Source: Kingma, Welling, "Auto-encoding variational Bayes" (ICLR 2014); Higgins et al., "beta-VAE" (ICLR 2017);
    Whittington et al. (ICLR 2023), with rectified means and costs of energy.

    Example:
        >>> from solver.networks.training import train
        >>> box = Data.of([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> train(Variational(neurons=3, hidden=5, batch=2), box, steps=50, seeds=(0,)).activity.shape
        (1, 4, 3)
    """

    neurons: int
    hidden: int = 32
    nonnegative: bool = True
    beta: float = 1.0
    error_cost: float = 50.0
    activity_cost: float = 0.0
    weight_cost: float = 0.0
    batch: int = 32

    def initial(self, rng: np.random.Generator, data: Data) -> Tree:
        """Random weights, and neurons with little noise."""
        below: Sequence[int] = (data.inputs.shape[1], self.hidden, self.neurons)
        above: Sequence[int] = (self.neurons, self.hidden, data.targets.shape[1])
        parameters = layers(rng, below, ["lower", "mean"]) | layers(rng, above, ["upper", "decoder"])
        parameters |= layers(rng, (self.hidden, self.neurons), ["spread"])
        parameters["spread"]["weights"] *= 0.1
        # Little noise (the logarithm of its variance), so that something is coded before noise is priced.
        parameters["spread"]["bias"] += -4.0
        if self.nonnegative:
            # Rectified neurons that are silent from the start learn nothing.
            parameters["mean"]["bias"] += 1.0
        return parameters

    def loss(self, parameters: Tree, data: Data, key: Any) -> Any:
        """The loss of samples drawn by their probabilities, with noise."""
        import jax

        which, noise = jax.random.split(key)
        rows = jax.random.choice(which, len(data.chance), (self.batch,), p=data.chance)
        mean, spread = self._coded(parameters, data.inputs[rows])
        noisy = mean + jax.numpy.exp(spread / 2) * jax.random.normal(noise, mean.shape)
        costs = self._costs(parameters, data.targets[rows], mean, spread, noisy)
        return costs.mean() + self._weights(parameters)

    def measure(self, parameters: Tree, data: Data) -> Any:
        """The loss of all samples, with neurons at their means."""
        mean, spread = self._coded(parameters, data.inputs)
        return data.chance @ self._costs(parameters, data.targets, mean, spread, mean) + self._weights(parameters)

    def activity(self, parameters: Tree, data: Data) -> Any:
        """(T, n) the means."""
        return self._coded(parameters, data.inputs)[0]

    def error(self, parameters: Tree, data: Data) -> Any:
        """Mean squared error of a sample, summed over its outputs, of neurons at their means."""
        outputs = self._decoded(parameters, self.activity(parameters, data))
        return data.chance @ ((outputs - data.targets) ** 2).sum(axis=1)

    def _coded(self, parameters: Tree, inputs: Any) -> tuple[Any, Any]:
        import jax

        below = jax.nn.relu(dense(parameters["lower"], inputs))
        mean = dense(parameters["mean"], below)
        return jax.nn.relu(mean) if self.nonnegative else mean, dense(parameters["spread"], below)

    def _decoded(self, parameters: Tree, neurons: Any) -> Any:
        import jax

        return dense(parameters["decoder"], jax.nn.relu(dense(parameters["upper"], neurons)))

    def _costs(self, parameters: Tree, targets: Any, mean: Any, spread: Any, neurons: Any) -> Any:
        """(T,) of each sample."""
        import jax.numpy as jnp

        error = ((self._decoded(parameters, neurons) - targets) ** 2).sum(axis=1)
        divergence = (mean**2 + jnp.exp(spread) - 1 - spread).sum(axis=1) / 2
        return self.error_cost * error + self.beta * divergence + self.activity_cost * (mean**2).sum(axis=1)

    def _weights(self, parameters: Tree) -> Any:
        return self.weight_cost * sum(squares(layer["weights"]) for layer in parameters.values())
