"""Recurrent networks that carry a code along: waves that pass in time, and steps around a ring that actions take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.networks.network import Data, Lifted, Tree, dense, layers, squares
from theory.errors import InputError
from theory.readouts import Soft

if TYPE_CHECKING:
    from theory.problem import Problem

__all__ = ["Recurrent", "ring_walks"]


BEGUN = 0.5
"""Share of a whole turn's length that recurrent weights begin with: from whole ones some seeds stay where they are, as
dimensions that no wave needs are slow to fade."""


PLACES_DIGITS = 5
"""Decimals by which one place on a ring is told from another."""


@dataclass(frozen=True)
class Recurrent(Lifted):
    """Neurons that are told where a walk begins, and keep up with it by recurrent weights, one set an action.

    The walks are rows of the data, one walk after the other. The neurons begin at ``start(y)``, with y the first target
    of a walk, and go on by ``z' = W_a z + b_a`` for the action a; the readout is linear. Trained is ``error_cost E||y -
    y'||^2 + activity_cost E||z||^2 + weight_cost ||D||^2 + recurrent_cost sum_a ||W_a||^2``, with D the readout. What
    tells the neurons of the beginning has no price, as in a problem with ``encoder_cost=0``.

    Linear neurons that are to be nonnegative are charged for what they fall below zero, and lifted for the curve, as in
    `Autoencoder`. The certified problem asks that activity be a function of the place alone; a network whose steps are
    not exact need not obey, so that the certified loss is what it descends to, not a proven floor.

    Attributes:
        neurons: number of them.
        length: rows of a walk.
        rectified: whether neurons pass through a rectifier.
        nonnegative: whether they are charged for being negative; rectified neurons never are.
        error_cost, activity_cost, weight_cost, recurrent_cost: prices.
        negativity_cost: price of what a neuron falls below zero, averaged over samples.

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
        """Random turns as recurrent weights, about an activity at which no neuron is negative.

        Raises:
            InputError: rows that are no whole number of walks.
        """
        if self.length < 2 or len(data.inputs) % self.length:
            raise InputError(f"length: {len(data.inputs)} rows are no walks of {self.length}; give a divisor above one")
        parameters = layers(rng, [data.targets.shape[1], self.neurons, data.targets.shape[1]], ["start", "decoder"])
        actions = data.inputs.shape[1]
        turns = BEGUN * np.linalg.qr(rng.standard_normal((actions, self.neurons, self.neurons)))[0]
        parameters["decoder"]["weights"] *= BEGUN
        told = data.targets @ parameters["start"]["weights"].T
        rest = np.full(self.neurons, np.sqrt((told**2).sum(axis=1)).max() if self.nonnegative else 0.0)
        parameters["start"]["bias"] = rest
        parameters["recurrent"] = {"weights": turns, "bias": rest - turns @ rest}
        return parameters

    def loss(self, parameters: Tree, data: Data, _key: Any) -> Any:
        """Error, energy and, of linear neurons, what they fall below zero."""
        import jax

        activity = self._neurons(parameters, data)
        loss = self._priced(parameters, data, activity)
        if self.nonnegative and not self.rectified:
            loss += self.negativity_cost * (data.chance @ jax.nn.relu(-activity)).sum()
        return loss

    def problem(self, data: Data, groups: dict[str, list[int]] | None = None) -> Problem:
        """The certified problem of a linear network whose activity tells of the place alone, without what is priced of
        its steps: where every place is met alike that is ``recurrent_cost`` a dimension and an action, whatever the
        code (docs/mathematics.md, "Dynamics").

        Args:
            data: the walks.
            groups: of targets that belong together.

        Example:
            >>> Recurrent(neurons=6, length=3).problem(ring_walks(5, (1,), length=3)).dimension
            2
        """
        from theory.problem import Problem

        # Digits that single precision keeps, and zeros without a sign: a place met twice is one.
        met = np.asarray(data.targets, dtype=np.float64).round(PLACES_DIGITS) + 0.0
        places, which = np.unique(met, axis=0, return_inverse=True)
        return Problem(
            places,
            probabilities=np.bincount(which.ravel(), data.chance),
            encoder_cost=0.0,
            decoder_cost=self.weight_cost,
            activity_cost=self.activity_cost,
            readout=Soft(self.error_cost),
            groups=groups,
        )

    def _neurons(self, parameters: Tree, data: Data) -> Any:
        """(T, n) all walks at once, one row of each after the other."""
        import jax
        import jax.numpy as jnp

        shape = (-1, self.length)
        actions = jnp.swapaxes(data.inputs.reshape(*shape, data.inputs.shape[1]), 0, 1)
        first = data.targets.reshape(*shape, data.targets.shape[1])[:, 0]
        bound = jax.nn.relu if self.rectified else lambda activity: activity
        weights, bias = parameters["recurrent"]["weights"], parameters["recurrent"]["bias"]

        def step(activity: Any, taken: Any) -> tuple[Any, Any]:
            moved = jnp.einsum("ba,anm,bm->bn", taken, weights, activity) + taken @ bias
            return bound(moved), bound(moved)

        begun = bound(dense(parameters["start"], first))
        _, after = jax.lax.scan(step, begun, actions[1:])
        return jnp.swapaxes(jnp.concatenate([begun[None], after]), 0, 1).reshape(-1, self.neurons)

    def _priced(self, parameters: Tree, data: Data, activity: Any) -> Any:
        error = data.chance @ ((dense(parameters["decoder"], activity) - data.targets) ** 2).sum(axis=1)
        energy = data.chance @ (activity**2).sum(axis=1)
        readout = self.weight_cost * squares(parameters["decoder"]["weights"])
        steps = self.recurrent_cost * squares(parameters["recurrent"]["weights"])
        return self.error_cost * error + self.activity_cost * energy + readout + steps

    def _lifted(self, parameters: Tree, data: Data) -> Tree:
        """Activity raised until none is negative, with the same steps and the same readout as before."""
        import jax.numpy as jnp

        if self.rectified or not self.nonnegative:
            return parameters
        occurs = (data.chance > 0)[:, None]
        lift = jnp.where(occurs, -self._neurons(parameters, data), 0.0).max(axis=0, initial=0.0)
        start, steps, decoder = parameters["start"], parameters["recurrent"], parameters["decoder"]
        return {
            "start": {**start, "bias": start["bias"] + lift},
            "recurrent": {**steps, "bias": steps["bias"] + lift - steps["weights"] @ lift},
            "decoder": {**decoder, "bias": decoder["bias"] - decoder["weights"] @ lift},
        }


def ring_walks(
    places: int,
    frequencies: Sequence[int],
    *,
    length: int,
    strides: Sequence[int] = (1,),
    rng: np.random.Generator | int | None = None,
) -> Data:
    """Walks around a ring, one from every place, that read cosines and sines of several frequencies.

    With one stride there is nothing to choose: time passes, and the targets are waves. With several an action is one
    of them, as in path integration.

    Args:
        places: on the ring.
        frequencies: turns of a wave around the ring.
        length: rows of a walk.
        strides: places that each action takes the walk on.
        rng: of the actions, drawn alike.

    Returns:
        Inputs (places * length, actions), by which action a row is reached; targets (places * length, two a frequency).

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
