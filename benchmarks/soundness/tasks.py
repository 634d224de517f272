"""Tasks in time that no one chose: few trials of few steps, with targets that some linear network produces.

1. Inputs are drawn, cues at one step or at several, or something at every step: normal or uniform numbers, a
   few levels, channels that are tied, or one trial far out.
2. The targets of an output are a linear function of the inputs by their age, sometimes with a part that only a clock
   tells: recalls, sums that decay, delays, or anything. They are decoded at some steps, in all trials or in some.
3. Units, offsets, probabilities and costs are drawn over orders of magnitude.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.soundness.draws import Drawn
from theory.arrays import Array

Generator = np.random.Generator

__all__ = ["KIND", "DrawnTask", "channels_of", "task_of"]

KIND = "in-time"  # how `activations` calls them
TASK_STREAM = 11  # of the random numbers that are drawn here, beside those of other problems

MOST_ENTERING = 5
"""Steps and channels at which something enters: what has entered is coded at every step, and that takes its time."""


@dataclass(frozen=True)
class DrawnTask(Drawn):
    """A task in time as raw numbers; its points are the inputs of each trial in one row."""

    # (n, T, p).
    inputs: Array = None  # type: ignore[assignment]  # after fields that have defaults
    # (n, T, q), NaN where nothing is asked.
    wanted: Array = None  # type: ignore[assignment]
    recurrent_cost: float = 1.0  # positive
    unlike: float = 1.0  # the largest ratio of units, offsets or shares that was drawn

    @property
    def dimension(self) -> int:
        """Number of channels p."""
        return int(self.inputs.shape[2])

    @property
    def decoded(self) -> Any:
        """(n, T, q) where a target is decoded."""
        return ~np.isnan(self.wanted)

    @property
    def extreme(self) -> bool:
        """Whether the program may refuse it in one line."""
        return self.unlike > 1e3

    def options(self) -> dict[str, Any]:
        """What goes to `solver.Trials`."""
        return {
            "inputs": self.inputs.copy(),
            "targets": self.wanted.copy(),
            "probabilities": None if self.probabilities is None else self.probabilities.copy(),
            "input_cost": self.encoder_cost,
            "recurrent_cost": self.recurrent_cost,
            "readout_cost": self.decoder_cost,
        }

    def __str__(self) -> str:
        count, steps, channels = self.inputs.shape
        return (
            f"problem {self.index} of seed {self.seed}: task in time ({self.family}), {count} trials of {steps} steps, "
            f"{channels} channel(s), {self.wanted.shape[2]} output(s) decoded {int(self.decoded.sum())} times, "
            f"costs of input {self.encoder_cost:.3g}, recurrent {self.recurrent_cost:.3g}, "
            f"readout {self.decoder_cost:.3g}"
        )


def channels_of(seed: int, index: int) -> int:
    """Number of channels of a task, without drawing the rest of it."""
    return 1 + int(np.random.default_rng([seed, index, TASK_STREAM]).random() < 0.6)


def task_of(seed: int, index: int) -> DrawnTask:
    """The task with this index."""
    rng, channels = np.random.default_rng([seed, index, TASK_STREAM, 1]), channels_of(seed, index)
    trials = int(rng.integers(max(2, channels + 1), 10))
    steps = int(rng.integers(2, 6))
    entry = str(rng.choice(("together", "one by one", "always", "now and then")))
    read = str(rng.choice(("recall", "sum", "delay", "any")))
    kind = str(rng.choice(("normal", "levels", "switches", "uniform", "tied", "one far out")))
    while True:
        # Step 1.
        inputs = _values(rng, kind, (trials, steps, channels)) * _enters(rng, entry, (steps, channels))
        if rng.random() < 0.2:
            inputs[-1] = inputs[0]
        # Step 3, for the inputs.
        far, units, size = _far(rng, channels), _units(rng, channels), _units(rng, 1)
        present = np.abs(inputs).max(axis=0) > 0
        inputs = (inputs + far * present) * units
        # Step 2.
        outputs = 1 if rng.random() < 0.6 else 2
        wanted = np.stack([_target(rng, read, inputs / units) for _ in range(outputs)], axis=2) * size
        wanted = np.where(_decoded(rng, wanted.shape), wanted, np.nan)
        if all(_varies(wanted[..., output]) for output in range(outputs)):
            break
        kind = "normal"
    # Step 3.
    probabilities = _probabilities(rng, trials)
    spread = 1.0 if probabilities is None else float(probabilities.max() / probabilities.min())
    unlike = max(float(units.max() / units.min()), float(np.abs(far).max()), spread)
    own, recurrent, readout = (float(10.0 ** rng.uniform(-4, 4)) if rng.random() < 0.6 else 1.0 for _ in range(3))
    return DrawnTask(
        seed,
        index,
        f"{entry}, {read}",
        inputs.reshape(trials, -1),
        probabilities,
        None,
        own,
        readout,
        activation=KIND,
        inputs=inputs,
        wanted=wanted,
        recurrent_cost=recurrent,
        unlike=unlike,
    )


def _values(rng: Generator, kind: str, shape: tuple[int, int, int]) -> Array:
    if kind == "levels":
        return rng.integers(-1, 2, shape).astype(float)
    if kind == "switches":
        return rng.integers(0, 2, shape).astype(float)
    if kind == "uniform":
        return rng.uniform(-1, 1, shape)
    values = rng.standard_normal(shape)
    if kind == "tied":
        values[..., -1] = np.round(values[..., 0]) + (rng.random() < 0.5) * values[..., -1]
    if kind == "one far out":
        values[0] *= 10.0 ** rng.uniform(0, 2)
    return values


def _enters(rng: Generator, entry: str, shape: tuple[int, int]) -> Array:
    """(T, p) one where something enters."""
    steps, channels = shape
    enters = np.zeros(shape)
    if entry == "always":
        enters[:] = 1.0
    elif entry == "now and then":
        enters = (rng.random(shape) < 0.5).astype(float)
    elif entry == "one by one":
        enters[rng.integers(0, steps, channels), np.arange(channels)] = 1.0
    enters[0, 0] = 1.0
    if entry == "together":
        enters[0] = 1.0
    return enters * (np.cumsum(enters).reshape(shape) <= MOST_ENTERING)


def _target(rng: Generator, read: str, inputs: Array) -> Array:
    """(n, T) of one output."""
    trials, steps, channels = inputs.shape
    weights = rng.standard_normal(channels) if rng.random() < 0.5 else rng.integers(-1, 2, channels).astype(float)
    if channels > 1 and rng.random() < 0.4:
        weights[rng.integers(channels)] = 0.0  # targets that need one channel alone
    if not weights.any():
        weights[0] = 1.0
    drive, target = inputs @ weights, np.zeros((trials, steps))
    decay = float(rng.uniform(-1, 1)) if read == "sum" and rng.random() < 0.5 else 1.0
    kernel = rng.standard_normal((steps, channels))
    delay = int(rng.integers(0, steps)) if read == "delay" else 0
    for step in range(steps):
        if read == "any":
            target[:, step] = np.einsum("tsc,sc->t", inputs[:, step::-1], kernel[: step + 1])
        elif read == "delay":
            target[:, step] = drive[:, step - delay] if step >= delay else 0.0
        else:
            target[:, step] = drive[:, step] + (decay * target[:, step - 1] if step else 0.0)
    if rng.random() < 0.2:
        target = target + rng.standard_normal(steps)  # what only a clock tells
    return target + (rng.standard_normal() if rng.random() < 0.3 else 0.0)


def _decoded(rng: Generator, shape: tuple[int, ...]) -> Any:
    """(n, T, q) where targets are decoded: at the last step, at some or at all, sometimes not in every trial."""
    _, steps, outputs = shape
    decoded = np.zeros((steps, outputs), dtype=bool)
    decoded[-1] = True
    if rng.random() < 0.5:
        decoded |= rng.random(decoded.shape) < rng.uniform(0.2, 1.0)
    some = np.broadcast_to(decoded, shape).copy()
    if rng.random() < 0.15:
        some &= rng.random(shape) < 0.7
    return some


def _varies(wanted: Array) -> bool:
    known = wanted[~np.isnan(wanted)]
    return len(known) > 1 and bool(np.ptp(known) > 1e-6 * np.abs(known).max())


def _far(rng: Generator, channels: int) -> Array:
    """(p,) by which inputs are away from zero."""
    if rng.random() < 0.8:
        return np.zeros(channels)
    return np.asarray(10.0 ** rng.uniform(0, 4, channels) * rng.choice([-1.0, 1.0], channels))


def _units(rng: Generator, count: int) -> Array:
    return np.asarray(10.0 ** rng.uniform(-4, 4, count)) if rng.random() < 0.25 else np.ones(count)


def _probabilities(rng: Generator, trials: int) -> Array | None:
    kind = rng.random()
    if kind < 0.5:
        return None
    return rng.random(trials) + 0.01 if kind < 0.8 else np.asarray(rng.lognormal(0, 2, trials))
