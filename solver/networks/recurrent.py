"""Recurrent networks: waves that pass in time, and steps around a ring that actions take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.networks.network import Data, Lifted, Tree, dense, layers, shifted, squares
from theory.errors import InputError
from theory.problem import Problem

INITIAL_SCALE = 0.5
"""Length of the turns that recurrent weights begin with: at length one some seeds do not move, because dimensions that
no wave needs are slow to fade."""


@dataclass(frozen=True)
class Recurrent(Lifted):
    """Neurons that receive the first place of a walk, and follow it by recurrent weights, one set per action.

    The walks are rows of the data, one walk after the other. The neurons begin at ``start(y)``, with y the first target
    of a walk, and go on by ``z' = W_a z + b_a`` for the action a; the readout is linear. Descent minimises ``error_cost
    E||y - y'||^2 + activity_cost E||z||^2 + weight_cost ||D||^2 + recurrent_cost sum_a ||W_a||^2``, with D the readout.
    The weights of ``start`` have no cost, as in a problem with ``encoder_cost=0``.

    Linear nonnegative neurons are charged for negative activity, and lifted for the curve, as in `Autoencoder`. In the
    certified problem activity is a function of the place alone; a network whose steps are not exact need not obey, so
    that the certified loss is what it descends to, not a proven floor.

    Attributes:
        neurons: their number.
        length: rows of a walk.
        rectified: whether neurons pass through a rectifier.
        nonnegative: whether they are charged for being negative; rectified neurons never are.
        error_cost: cost of the squared error.
        activity_cost: cost of squared activity.
        weight_cost: cost of the squared weights of the readout.
        recurrent_cost: cost of the squared recurrent weights.
        negativity_cost: cost of what a neuron falls below zero, averaged over samples.

    Source: Dorrell et al. (ICLR 2025), networks of frequencies; Whittington et al. (ICLR 2023), path integration by
    weights of each action.

    Example:
        >>> from solver.networks.training import train
        >>> trained = train(Recurrent(neurons=6, length=3), ring_walks(5, (1,), length=3), steps=50, seeds=(0,))
        >>> trained.activity.shape, trained.weights["recurrent.weights"].shape
        ((1, 15, 6), (1, 1, 6, 6))
    """

    neurons: int
    length: int
    rectified: bool = False
    nonnegative: bool = True
    error_cost: float = 100.0
    activity_cost: float = 1.0
    weight_cost: float = 1.0
    recurrent_cost: float = 1.0
    negativity_cost: float = 50.0

    def initial(self, rng: np.random.Generator, data: Data) -> Tree:
        """Random turns as recurrent weights, around an activity at which no neuron is negative.

        Raises:
            InputError: rows that are no whole number of walks.
        """
        if self.length < 2 or len(data.inputs) % self.length:
            raise InputError(f"length: {len(data.inputs)} rows are no walks of {self.length}; give a divisor above one")
        parameters = layers(rng, [data.targets.shape[1], self.neurons, data.targets.shape[1]], ["start", "decoder"])
        actions = data.inputs.shape[1]
        turns = INITIAL_SCALE * np.linalg.qr(rng.standard_normal((actions, self.neurons, self.neurons)))[0]
        parameters["decoder"]["weights"] *= INITIAL_SCALE
        initial = data.targets @ parameters["start"]["weights"].T
        rest = np.full(self.neurons, np.sqrt((initial**2).sum(axis=1)).max() if self.nonnegative else 0.0)
        parameters["start"]["bias"] = rest
        parameters["recurrent"] = {"weights": turns, "bias": rest - turns @ rest}
        return parameters

    def problem(self, data: Data, groups: dict[str, list[int]] | None = None) -> Problem:
        """The certified problem of a linear network whose activity is a function of the place, without recurrent costs.

        Where every place is visited alike these are ``recurrent_cost`` for each dimension and action, whatever the code
        (docs/mathematics.md, "Dynamics").

        Args:
            data: the walks.
            groups: of targets that belong together.

        Example:
            >>> Recurrent(neurons=6, length=3).problem(ring_walks(5, (1,), length=3)).dimension
            2
        """
        # Digits that single precision keeps, and zeros without a sign: a place visited twice is one.
        visited = np.asarray(data.targets, dtype=np.float64).round(5) + 0.0
        places, which = np.unique(visited, axis=0, return_inverse=True)
        chance = np.bincount(which.ravel(), data.chance)
        return self._problem(places, probabilities=chance, encoder_cost=0.0, groups=groups)

    def _neurons(self, parameters: Tree, data: Data) -> Any:
        """(T, n) all walks at once, one row of each after the other."""
        import jax
        import jax.numpy as jnp

        shape = (-1, self.length)
        actions = jnp.swapaxes(data.inputs.reshape(*shape, data.inputs.shape[1]), 0, 1)
        first = data.targets.reshape(*shape, data.targets.shape[1])[:, 0]
        rectify = jax.nn.relu if self.rectified else lambda activity: activity
        weights, bias = parameters["recurrent"]["weights"], parameters["recurrent"]["bias"]

        def step(activity: Any, taken: Any) -> tuple[Any, Any]:
            moved = jnp.einsum("ba,anm,bm->bn", taken, weights, activity) + taken @ bias
            return rectify(moved), rectify(moved)

        start = rectify(dense(parameters["start"], first))
        _, after = jax.lax.scan(step, start, actions[1:])
        return jnp.swapaxes(jnp.concatenate([start[None], after]), 0, 1).reshape(-1, self.neurons)

    def _cost(self, parameters: Tree, data: Data, activity: Any) -> Any:
        error = data.chance @ ((dense(parameters["decoder"], activity) - data.targets) ** 2).sum(axis=1)
        energy = data.chance @ (activity**2).sum(axis=1)
        readout = self.weight_cost * squares(parameters["decoder"]["weights"])
        steps = self.recurrent_cost * squares(parameters["recurrent"]["weights"])
        return self.error_cost * error + self.activity_cost * energy + readout + steps

    def _raised(self, parameters: Tree, lift: Any) -> Tree:
        steps, decoder = parameters["recurrent"], parameters["decoder"]
        return {
            "start": shifted(parameters["start"], lift),
            "recurrent": shifted(shifted(steps, lift), -(steps["weights"] @ lift)),
            "decoder": shifted(decoder, -(decoder["weights"] @ lift)),
        }


def ring_walks(
    places: int,
    frequencies: Sequence[int],
    *,
    length: int,
    strides: Sequence[int] = (1,),
    rng: np.random.Generator | int | None = None,
) -> Data:
    """Walks around a ring, one from every place, whose targets are cosines and sines of several frequencies.

    With one stride time passes, and the targets are waves. With several strides each action is one of them, as in path
    integration.

    Args:
        places: on the ring.
        frequencies: turns of a wave around the ring.
        length: rows of a walk.
        strides: number of places by which each action moves.
        rng: of the actions, all equally likely.

    Returns:
        Inputs (places * length, actions), by which action a row is reached; targets (places * length, 2 * frequencies).

    Raises:
        InputError: waves that cannot be told from one another on so few places.

    Example:
        >>> data = ring_walks(4, (1,), length=2)
        >>> data.targets.round(6).tolist()[:2], data.inputs.tolist()[:2]
        ([[1.0, 0.0], [0.0, 1.0]], [[1.0], [1.0]])
    """
    if not all(0 < 2 * frequency < places for frequency in frequencies):
        raise InputError(f"frequencies: {tuple(frequencies)} are not all between 0 and half of {places} places")
    actions = np.random.default_rng(rng).integers(len(strides), size=(places, length))
    went = np.asarray(strides)[actions]
    went[:, 0] = 0
    angle = 2 * np.pi / places * (np.arange(places)[:, None] + np.cumsum(went, axis=1)).ravel()
    waves = [wave(frequency * angle) for frequency in frequencies for wave in (np.cos, np.sin)]
    return Data.of(np.eye(len(strides))[actions.ravel()], np.column_stack(waves))
