"""Training: Adam from several seeds side by side, with curves, an early end and checkpoints that survive a kill."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from solver.networks.checkpoint import flat, mark_of, nested, restored, saved
from solver.networks.network import Data, Network, Tree
from theory.errors import InputError
from theory.immutable import Frozen
from theory.writing import require_writable

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from theory.arrays import Array

__all__ = ["Step", "Trained", "train"]

LEGS = 50
"""Legs that a run is counted in: at the end of each the curves have a point, and a checkpoint is due."""

STILL = 5
"""Legs over which no curve may move by more than the tolerance for the run to end early."""

SAVED_EVERY = 10.0
"""Seconds between checkpoints, at least."""

FINAL_RATE = 1e-3
"""Share of the rate that is left at the end, after falling along half a cosine."""


@dataclass(frozen=True)
class Step:
    """What a callback sees at the end of each leg.

    Attributes:
        step: steps done;  steps: steps asked for;  losses: (s,) of each seed.
    """

    step: int
    steps: int
    losses: Array


@dataclass(frozen=True, repr=False, eq=False)
class Trained(Frozen):
    """Networks that differ in their seeds alone.

    Attributes:
        network: what was trained.
        seeds: s of them.
        steps: (k,) after how many steps the curves have a point.
        losses: (s, k) the curves: `Network.measure` of each.
        activity: (s, T, n) of the neurons at the end.
        weights: parameters at the end, arrays by names such as "encoder.weights", with the seeds first.
        ended: why: "steps", all that were asked for; "still", as no curve moved any more; "callback", asked to.
        seconds: of training, compilation included; in this call alone, if a run went on from a checkpoint.
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
        """The seed's place whose loss is least."""
        return int(self.final.argmin())

    def on(self, data: Data) -> Array:
        """(s, T, n) activity of the trained networks on other samples, such as ones that training never drew.

        Example:
            >>> from solver.networks.autoencoder import Autoencoder
            >>> trained = train(Autoencoder(neurons=4), Data.of([[0, 0], [0, 1], [1, 0]]), steps=50, seeds=(0, 1))
            >>> trained.on(Data.of([[1, 1]])).shape
            (2, 1, 4)
        """
        look = jax.vmap(self.network.activity, in_axes=(0, None))
        return _numbers(look(jax.tree_util.tree_map(np.float32, nested(self.weights)), data))

    def plot(self, floor: float | None = None, path: str | os.PathLike[str] | None = None) -> Any:
        """Draw the curves, above a certified floor if one is given; write them to `path` (.png, .pdf, .svg) if given.

        Raises:
            InputError: a path that cannot be written.
        """
        from solver.pictures.training import plot_training

        return plot_training(self.steps, self.losses, floor, path)

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
    callback: Callable[[Step], object] | None = None,
) -> Trained:
    """Train a network from several seeds at once by Adam, all samples at each step unless the network draws some.

    Args:
        network: architecture and prices, such as `Autoencoder`.
        data: from `Data.of`.
        steps: of descent at most, rounded up to a multiple of fifty.
        rate: of Adam at the beginning; it falls to a thousandth along half a cosine.
        seeds: one network each.
        tolerance: the run ends early once no curve has moved by more than this share over a tenth of the steps;
            never, if zero.
        checkpoint: .npz file that keeps the run: written whole or not at all every ten seconds, at the end, and when
            the callback raises or Ctrl-C comes. The same call goes on from there, and ends where an uninterrupted one
            would have.
        callback: called with a `Step` fifty times a run; a true return value ends it there.

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
    leg = -(-steps // LEGS)
    advance = _compiled(network)
    asked = data, np.float32(rate), np.float32(steps)
    each = [_initial(network, data, seed) for seed in seeds]
    state = jax.tree_util.tree_map(lambda *leaves: np.stack(leaves), *each)
    mark = mark_of(network, data, steps, rate, seeds)
    curve: list[Array] = []
    if place is not None:
        state, curve = restored(place, mark, state)
    # A leg of no steps looks at what there is.
    state, point, activity = advance(state, (leg * max(0, len(curve) - 1),) * 2, *asked)
    curve = curve or [_numbers(point)]
    ended, kept = "steps", time.monotonic()
    try:
        while leg * (len(curve) - 1) < steps:
            if tolerance > 0 and _still(curve, tolerance):
                ended = "still"
                break
            further, point, shown = advance(state, (leg * (len(curve) - 1), leg * len(curve)), *asked)
            if not np.isfinite(_numbers(point)).all():
                raise InputError(f"rate: training with {rate:g} diverged; give a smaller one")
            # Together, so that what is saved fits whenever an interrupt comes.
            state, curve, activity = further, [*curve, _numbers(point)], shown
            if place is not None and time.monotonic() - kept > SAVED_EVERY:
                saved(place, mark, state, curve)
                kept = time.monotonic()
            if callback is not None and callback(Step(leg * (len(curve) - 1), steps, curve[-1])):
                ended = "callback"
                break
    finally:
        if place is not None:
            saved(place, mark, state, curve)
    return Trained(
        network=network,
        seeds=tuple(int(seed) for seed in seeds),
        steps=leg * np.arange(len(curve)),
        losses=np.array(curve).T,
        activity=_numbers(activity),
        weights=flat(state[0]),
        ended=ended,
        seconds=time.perf_counter() - began,
    )


def _check(steps: int, rate: float, seeds: Sequence[int], tolerance: float) -> None:
    if not (isinstance(steps, int) and steps >= 1):
        raise InputError(f"steps: {steps!r} is not a positive whole number")
    if not (np.isfinite(rate) and rate > 0):
        raise InputError(f"rate: {rate!r} is not a positive number")
    if not (np.isfinite(tolerance) and tolerance >= 0):
        raise InputError(f"tolerance: {tolerance!r} is not zero or a positive number")
    whole = all(isinstance(seed, int | np.integer) and 0 <= seed < 2**32 for seed in seeds)
    if not (len(seeds) and whole and len(set(seeds)) == len(seeds)):
        raise InputError(f"seeds: {seeds!r} are not different whole numbers from 0 on; give at least one")


def _numbers(array: Any) -> Array:
    return np.asarray(array, dtype=np.float64)


def _still(curve: list[Array], tolerance: float) -> bool:
    """Whether no seed's loss has moved over the last legs."""
    last = np.array(curve[-STILL - 1 :])
    return len(last) > STILL and bool((np.ptp(last, axis=0) <= tolerance * np.abs(last[-1])).all())


def _initial(network: Network, data: Data, seed: int) -> tuple[Tree, Any, NDArray[np.uint32]]:
    """Parameters, the moments of Adam, and the key of what a network draws as it goes."""
    parameters = network.initial(np.random.default_rng(seed), data)
    parameters = jax.tree_util.tree_map(np.float32, parameters)
    moments = jax.tree_util.tree_map(np.zeros_like, parameters)
    return parameters, (moments, moments), np.array([0, seed], dtype=np.uint32)


@lru_cache(maxsize=64)
def _compiled(network: Network) -> Any:
    """How to go on for a leg and to look at what there is, all seeds at once: compiled once a network and shape."""
    method = optax.scale_by_adam()

    def advance(state: Any, leg: tuple[Any, Any], data: Data, rate: Any, steps: Any) -> tuple[Any, Any, Any]:
        key = state[2]

        def step(number: Any, carried: tuple[Tree, Any]) -> tuple[Tree, Any]:
            parameters, (mean, square) = carried
            slope = jax.grad(network.loss)(parameters, data, jax.random.fold_in(key, number))
            moments = optax.ScaleByAdamState(count=number, mu=mean, nu=square)
            update, moments = method.update(slope, moments)
            fallen = FINAL_RATE + (1 - FINAL_RATE) * (1 + jnp.cos(jnp.pi * number / steps)) / 2
            moved = jax.tree_util.tree_map(lambda old, new: old - rate * fallen * new, parameters, update)
            return moved, (moments.mu, moments.nu)

        parameters, moments = jax.lax.fori_loop(*leg, step, state[:2])
        return (parameters, moments, key), network.measure(parameters, data), network.activity(parameters, data)

    return jax.jit(jax.vmap(advance, in_axes=(0, None, None, None, None)))
