"""Training: Adam from several seeds side by side, with curves, an early end and checkpoints.

1. Draw the initial parameters of each seed, or read the state of all from the checkpoint.
2. Divide the steps into fifty segments, compiled once for a network and the shapes of its data.
3. In a segment take steps of Adam; the rate falls along half a cosine over the run.
4. After each segment add a point to the curves and save the state if ten seconds have passed.
5. End when all steps are done, no curve moves any more, or the callback says so; save the state.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from solver.networks.checkpoint import flat, mark_of, nested, restored, saved
from solver.networks.network import Data, Network, Tree
from theory.arrays import Array
from theory.errors import InputError
from theory.immutable import Frozen
from theory.inputs import whole_number
from theory.writing import require_writable


@dataclass(frozen=True)
class TrainingLimits:
    """How a run is cut, saved and ended."""

    segments: int = 50  # of a run
    still_segments: int = 5  # over which no curve may move by more than the tolerance for a run to end early
    saved_every: float = 10.0  # seconds between checkpoints, at least
    final_rate: float = 1e-3  # share of the rate that is left at the end


TRAINING = TrainingLimits()


@dataclass(frozen=True)
class TrainingStep:
    """What a callback sees after each segment.

    Attributes:
        step: steps done.
        steps: steps of the run.
        losses: (s,) of each seed.
    """

    step: int
    steps: int
    losses: Array


@dataclass(frozen=True, repr=False, eq=False)
class Trained(Frozen):
    """Networks that differ in their seeds alone.

    Attributes:
        network: what was trained.
        seeds: s numbers.
        steps: (k,) after how many steps the curves have a point.
        losses: (s, k) the curves: `Network.measure` of each.
        activity: (s, T, n) of the neurons at the end.
        weights: parameters at the end, arrays by names such as "encoder.weights", with the seeds first.
        ended: why: "steps" were all done, the curves were "still", or the "callback" said so.
        seconds: of training, compilation included, in this call alone if the run went on from a checkpoint.
    """

    network: Any
    seeds: tuple[int, ...]
    steps: NDArray[np.intp]
    losses: Array
    activity: Array
    weights: dict[str, Array]
    ended: str
    seconds: float

    @property
    def final(self) -> Array:
        """(s,) the losses at the end."""
        return np.asarray(self.losses[:, -1])

    @property
    def best(self) -> int:
        """The index of the seed with the least loss."""
        return int(self.final.argmin())

    def on(self, data: Data) -> Array:
        """(s, T, n) activity of the trained networks on other samples.

        Example:
            >>> from solver.networks.autoencoder import Autoencoder
            >>> trained = train(Autoencoder(neurons=4), Data.of([[0, 0], [0, 1], [1, 0]]), steps=50, seeds=(0, 1))
            >>> trained.on(Data.of([[1, 1]])).shape
            (2, 1, 4)
        """
        activity = jax.vmap(self.network.activity, in_axes=(0, None))
        return _double(activity(jax.tree_util.tree_map(np.float32, nested(self.weights)), data))

    def plot(self, floor: float | None = None, path: str | os.PathLike[str] | None = None) -> Any:
        """Draw the curves, above a certified floor if there is one; write them to `path` (.png, .pdf, .svg) if given.

        Raises:
            InputError: a path that cannot be written.
        """
        from solver.pictures.training import plot_training

        return plot_training(self.steps, self.losses, floor, path=path)

    def __repr__(self) -> str:
        return (
            f"{type(self.network).__name__} trained from {len(self.seeds)} seed(s) for {self.steps[-1]} steps "
            f"({self.ended}): loss {self.final.min():.6g} to {self.final.max():.6g}, {self.seconds:.3g} s"
        )


def train(
    network: Network,
    data: Data,
    *,
    steps: int = 5_000,
    rate: float = 1e-2,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    tolerance: float = 0.0,
    checkpoint: str | os.PathLike[str] | None = None,
    callback: Callable[[TrainingStep], object] | None = None,
) -> Trained:
    """Train a network from several seeds at once by Adam, all samples at each step unless the network draws some.

    Args:
        network: architecture and costs, such as `Autoencoder`.
        data: from `Data.of`.
        steps: of descent at most, rounded up to a multiple of fifty.
        rate: of Adam at the beginning; it falls to a thousandth along half a cosine.
        seeds: one network each.
        tolerance: the run ends early once no curve has moved by more than this share over a tenth of the steps;
            never, if zero.
        checkpoint: .npz file that keeps the run: written whole or not at all every ten seconds, at the end, and when
            the callback raises or Ctrl-C comes. The same call goes on from there, and ends where an uninterrupted one
            would have.
        callback: called with a `TrainingStep` fifty times a run; a true return value ends it there.

    Raises:
        InputError: numbers out of range; a checkpoint that cannot be written or is of another run; a run that diverged.

    Source: Kingma, Ba, "Adam: a method for stochastic optimization" (ICLR 2015).

    Example:
        >>> from solver.networks.autoencoder import Autoencoder
        >>> box = Data.of([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> trained = train(Autoencoder(neurons=4), box, steps=500, seeds=(0, 1))
        >>> trained.losses.shape, bool((trained.losses[:, -1] < trained.losses[:, 0]).all())
        ((2, 51), True)
    """
    _check(steps, rate, seeds, tolerance)
    began = time.perf_counter()
    place = None if checkpoint is None else require_writable(checkpoint, (".npz",), "checkpoint")
    # Steps 1 and 2.
    size = -(-steps // TRAINING.segments)
    advance, fixed = _compiled(network), (data, np.float32(rate), np.float32(steps))
    states = [_initial(network, data, seed) for seed in seeds]
    state = jax.tree_util.tree_map(lambda *leaves: np.stack(leaves), *states)
    mark = mark_of(network, data, steps, rate, seeds)
    curve: list[Array] = []
    if place is not None:
        state, curve = restored(place, mark, state)
    # A segment of no steps measures the state as it is.
    state, point, activity = advance(state, (size * max(0, len(curve) - 1),) * 2, *fixed)
    curve = curve or [_double(point)]
    ended, last_saved = "steps", time.monotonic()
    try:
        while size * (len(curve) - 1) < steps:
            if tolerance > 0 and _still(curve, tolerance):  # step 5
                ended = "still"
                break
            # Steps 3 and 4.
            next_state, point, next_activity = advance(state, (size * (len(curve) - 1), size * len(curve)), *fixed)
            if not np.isfinite(_double(point)).all():
                raise InputError(f"rate: training with {rate:g} diverged; give a smaller one")
            # In one assignment, so that state and curve fit whenever an interrupt comes.
            state, curve, activity = next_state, [*curve, _double(point)], next_activity
            if place is not None and time.monotonic() - last_saved > TRAINING.saved_every:
                saved(place, mark, state, curve)
                last_saved = time.monotonic()
            if callback is not None and callback(TrainingStep(size * (len(curve) - 1), steps, curve[-1])):
                ended = "callback"
                break
    finally:
        if place is not None:
            saved(place, mark, state, curve)
    return Trained(
        network=network,
        seeds=tuple(int(seed) for seed in seeds),
        steps=size * np.arange(len(curve)),
        losses=np.array(curve).T,
        activity=_double(activity),
        weights=flat(state[0]),
        ended=ended,
        seconds=time.perf_counter() - began,
    )


def _check(steps: int, rate: float, seeds: Sequence[int], tolerance: float) -> None:
    whole_number(steps, "steps", 1)
    if not (np.isfinite(rate) and rate > 0):
        raise InputError(f"rate: {rate!r} is not a positive number")
    if not (np.isfinite(tolerance) and tolerance >= 0):
        raise InputError(f"tolerance: {tolerance!r} is not zero or a positive number")
    whole = all(isinstance(seed, int | np.integer) and 0 <= seed < 2**32 for seed in seeds)
    if not (len(seeds) and whole and len(set(seeds)) == len(seeds)):
        raise InputError(f"seeds: {seeds!r} are not different whole numbers from 0 on; give at least one")


def _double(array: Any) -> Array:
    return np.asarray(array, dtype=np.float64)


def _still(curve: list[Array], tolerance: float) -> bool:
    """Whether no seed's loss has moved over the last segments."""
    last = np.array(curve[-TRAINING.still_segments - 1 :])
    return len(last) > TRAINING.still_segments and bool((np.ptp(last, axis=0) <= tolerance * np.abs(last[-1])).all())


def _initial(network: Network, data: Data, seed: int) -> tuple[Tree, Any, NDArray[np.uint32]]:
    """Parameters, the moments of Adam, and the random key of the network."""
    parameters = network.initial(np.random.default_rng(seed), data)
    parameters = jax.tree_util.tree_map(np.float32, parameters)
    moments = jax.tree_util.tree_map(np.zeros_like, parameters)
    return parameters, (moments, moments), np.array([0, seed], dtype=np.uint32)


@lru_cache(maxsize=64)
def _compiled(network: Network) -> Any:
    """The segment of a run, all seeds at once, that returns the new state, a point of each curve and the activity."""
    method = optax.scale_by_adam()

    def advance(state: Any, segment: tuple[Any, Any], data: Data, rate: Any, steps: Any) -> tuple[Any, Any, Any]:
        key = state[2]

        def step(number: Any, current: tuple[Tree, Any]) -> tuple[Tree, Any]:
            parameters, (mean, square) = current
            gradient = jax.grad(network.loss)(parameters, data, jax.random.fold_in(key, number))
            moments = optax.ScaleByAdamState(count=number, mu=mean, nu=square)
            update, moments = method.update(gradient, moments)
            share = TRAINING.final_rate + (1 - TRAINING.final_rate) * (1 + jnp.cos(jnp.pi * number / steps)) / 2
            moved = jax.tree_util.tree_map(lambda old, new: old - rate * share * new, parameters, update)
            return moved, (moments.mu, moments.nu)

        parameters, moments = jax.lax.fori_loop(*segment, step, state[:2])
        return (parameters, moments, key), network.measure(parameters, data), network.activity(parameters, data)

    return jax.jit(jax.vmap(advance, in_axes=(0, None, None, None, None)))
