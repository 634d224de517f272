"""What goes with the samples of a problem: weights, mixing, costs, how it is read out, which sources belong together.

Costs of errors reach from where silence is best to where errors are next to forbidden: both ends, and the place where
the first neuron becomes worth having, are where formulas that are right in between go wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arrays import Array

Generator = np.random.Generator

__all__ = [
    "EXACT",
    "MASKABLE",
    "MEAN",
    "Energy",
    "Reading",
    "costs_of",
    "groups_of",
    "masked_argument",
    "mixing_of",
    "probabilities_of",
    "reading_of",
    "rotation",
]

MASKABLE = ("sources", "probabilities", "mixing", "targets", "readout probabilities")
"""Arguments that a mask can hide entries of."""

READ = {"exact": 0.45, "targets": 0.1, "soft": 0.3, "noisy": 0.15}
"""How often each readout is drawn: the data or targets without error, and both with errors."""


@dataclass(frozen=True)
class Reading:
    """How a code is read out."""

    kind: str = "exact"  # "exact", "soft" or "noisy"
    # Of the other two.
    error_cost: float = float("inf")
    noise_variance: float = 0.0
    targets: Array | None = None  # (r, d), or None for the data
    probabilities: Array | None = None  # (T,) with which errors count, or None: the sources' own

    @property
    def exact(self) -> bool:
        """Whether errors are forbidden."""
        return self.kind == "exact"

    def posed(self) -> Any:
        """One of `theory.readouts`, or None for the usual one."""
        from theory.readouts import Exact, Noisy, Soft

        if self.exact:
            return None if self.targets is None else Exact(self.targets)
        if self.kind == "soft":
            return Soft(self.error_cost, self.targets, self.probabilities)
        return Noisy(self.error_cost, self.noise_variance, self.targets, self.probabilities)

    def __str__(self) -> str:
        what = "the data" if self.targets is None else f"{len(self.targets)} target(s)"
        if self.exact:
            return f"exact, {what}"
        noise = f", noise {self.noise_variance:.3g}" if self.kind == "noisy" else ""
        where = "" if self.probabilities is None else ", errors with weights of their own"
        return f"{self.kind}, {what}, error cost {self.error_cost:.3g}{noise}{where}"


EXACT = Reading()  # the usual readout: the data, without error


@dataclass(frozen=True)
class Energy:
    """What activity costs."""

    kind: str = "mean"  # "mean" for its mean square, or one of `energies.KINDS`
    weights: Array | None = None  # (T,) of a context
    costs: Array | None = None  # (d, d) D of a wiring

    def posed(self) -> dict[str, Any]:
        """What goes to `solver.Problem` beside the costs."""
        from theory.neurons import PeakActivity, WeightedActivity, Wiring

        if self.kind == "peak":
            return {"neurons": PeakActivity()}
        if self.weights is not None:
            return {"neurons": WeightedActivity(self.weights)}
        return {} if self.costs is None else {"neurons": Wiring(self.costs)}


MEAN = Energy()  # the usual energy: the mean squared activity


def probabilities_of(rng: Generator, count: int) -> Array | None:
    """None, or (T,) weights of any scale, of which some may be zero."""
    kind = rng.random()
    if kind < 0.5:
        return None
    if kind < 0.75:
        return rng.random(count)
    return rng.lognormal(0, 3, count) * (rng.random(count) < 0.7)


def mixing_of(rng: Generator, dimension: int) -> Array | None:
    """None, or a mixing (dx, d): square, of large condition, or with channels to spare."""
    kind = rng.random()
    if kind < 0.5:
        return None
    if kind < 0.65:
        return rng.standard_normal((dimension, dimension))
    if kind < 0.8:
        falling = np.geomspace(1, 10.0 ** -rng.uniform(0, 4), dimension)
        return rotation(rng, dimension) * falling @ rotation(rng, dimension)
    return rng.standard_normal((dimension + int(rng.integers(1, dimension + 3)), dimension))


def rotation(rng: Generator, dimension: int) -> Array:
    """A random orthogonal matrix (d, d)."""
    return np.asarray(np.linalg.qr(rng.standard_normal((dimension, dimension)))[0])


def costs_of(rng: Generator) -> tuple[float, float, float, float]:
    """The costs of encoder and decoder weights, of activity and of biases."""
    encoder, decoder = (float(cost) for cost in 10.0 ** rng.uniform(-6, 6, 2))
    if rng.random() < 0.05:
        encoder = 0.0
    if rng.random() >= 0.4:
        return encoder, decoder, 1.0, 0.0
    activity = float(10.0 ** rng.uniform(-3, 3))
    return encoder, decoder, activity, float(10.0 ** rng.uniform(-4, 4)) if rng.random() < 0.7 else 0.0


def targets_of(rng: Generator, dimension: int) -> Array:
    """(r, d) of any rank, never all zero, whole numbers or not; some need not all sources, some have rows that tie."""
    rows = int(rng.integers(1, dimension + 2))
    if rng.random() < 0.5:
        targets = rng.integers(-2, 3, (rows, dimension)).astype(float)
    else:
        targets = rng.standard_normal((rows, dimension))
    if dimension > 1 and rng.random() < 0.3:
        targets[:, rng.integers(dimension)] = 0.0
    if rows > 1 and rng.random() < 0.3:
        targets[-1] = targets[0]
    return targets if targets.any() else np.eye(dimension)[:1]


def reading_of(rng: Generator, dimension: int, worth: Array, decoder_cost: float, weights: Array | None) -> Reading:
    """How it is read out.

    From the costs of errors `worth` (d,) on a neuron of each source alone is worth having; the cost of decoder weights
    is the measure of a noise; errors could count with weights (T,) instead of the sources' own.
    """
    kind = str(rng.choice(list(READ), p=list(READ.values())))
    if kind == "exact":
        return EXACT
    if kind == "targets":
        return Reading(targets=targets_of(rng, dimension))
    low, high = (-0.3, 1.0) if rng.random() < 0.3 else (-1.0, 6.0)
    error_cost = float(worth.min() * 10.0 ** rng.uniform(low, high))
    noise = float(decoder_cost / error_cost * 10.0 ** rng.uniform(-3, 2)) if kind == "noisy" else 0.0
    if kind == "noisy" and rng.random() < 0.1:
        noise = 0.0
    targets = targets_of(rng, dimension) if rng.random() < 0.3 else None
    return Reading(kind, error_cost, noise, targets, weights if rng.random() < 0.15 else None)


def groups_of(rng: Generator, dimension: int) -> tuple[dict[str, tuple[int, ...]] | None, bool]:
    """Members of each group by index, or None, and whether neurons must keep to one of them."""
    if dimension < 2 or rng.random() >= 0.2:
        return None, False
    member = rng.integers(int(rng.integers(2, dimension + 1)), size=dimension)
    groups = {f"g{name}": tuple(np.flatnonzero(member == name).tolist()) for name in np.unique(member)}
    return groups, bool(rng.random() < 0.3)


def masked_argument(rng: Generator, arguments: dict[str, object]) -> str:
    """The name of one of the arguments that are given, or nothing."""
    if rng.random() >= 0.15:
        return ""
    return str(rng.choice([name for name in MASKABLE if arguments.get(name) is not None]))
