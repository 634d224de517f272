"""Problems of rectified and free neurons beside those of linear ones: few samples of few sources, so that every cell of
the arrangement of their hyperplanes can be looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.soundness.draws import (
    FAMILIES,
    Drawn,
    dimension_of,
    drawn,
    is_well_posed,
    well_posed,
    worth_having,
)
from benchmarks.soundness.energies import with_energy
from benchmarks.soundness.settings import EXACT, Reading, costs_of, mixing_of, targets_of
from benchmarks.soundness.tasks import KIND as IN_TIME
from benchmarks.soundness.tasks import channels_of, task_of
from theory.arrays import Array

Generator = np.random.Generator

__all__ = ["ACTIVATIONS", "NONLINEAR_DIMENSIONS", "activation_of", "drawn_of", "sources_of"]

ACTIVATIONS = ("linear", "rectified", "free", "energy", IN_TIME)
"""The kinds of problems: of neurons; "energy" of linear ones that pay for something else (`energies`); "in-time" of
networks for tasks in time (`tasks`). A problem is a function of its seed, its index and its kind."""

NONLINEAR_DIMENSIONS, OF_DIMENSION = (1, 2, 3), (0.3, 0.45, 0.25)
"""Numbers of sources of nonlinear neurons, and how often each is."""

MOST_SAMPLES = 40
READ = {"exact": 0.15, "soft": 0.65, "noisy": 0.2}  # how codes are read out, and how often


def activation_of(seed: int, index: int, wanted: str) -> str:
    """The kind of a problem: the one wanted, or where "all" are that which the seed and the index say."""
    if wanted != "all":
        return wanted
    if np.random.default_rng([seed, index, 10]).random() < 0.03:
        return IN_TIME
    drawn = str(np.random.default_rng([seed, index, 3]).choice(ACTIVATIONS[:3], p=(0.8, 0.1, 0.1)))
    other = drawn == "linear" and np.random.default_rng([seed, index, 8]).random() < 0.1
    return "energy" if other else drawn


def sources_of(seed: int, index: int, activation: str) -> int:
    """Number of sources of a problem, or channels of a task, without drawing the rest of it."""
    if activation in ("linear", "energy"):
        return dimension_of(seed, index)
    if activation == IN_TIME:
        return channels_of(seed, index)
    return int(_generator(seed, index, activation).choice(NONLINEAR_DIMENSIONS, p=OF_DIMENSION))


def drawn_of(seed: int, index: int, activation: str) -> Drawn:
    """The problem with this index, of this kind."""
    if activation == "linear":
        return drawn(seed, index)
    if activation == IN_TIME:
        return task_of(seed, index)
    rng = _generator(seed, index, activation)
    if activation == "energy":
        return with_energy(seed, index, rng)
    dimension = int(rng.choice(NONLINEAR_DIMENSIONS, p=OF_DIMENSION))
    family = str(rng.choice(list(FAMILIES)))

    def draw() -> Array:
        return _few(rng, FAMILIES[family](rng, dimension, int(rng.integers(dimension + 1, MOST_SAMPLES + 1))))

    points, probabilities = well_posed(rng, draw, family)
    encoder, decoder, activity, _ = costs_of(rng)
    mixing = mixing_of(rng, dimension)
    if activation == "free":
        # They have no encoder; what they read out is few targets.
        encoder, mixing = 1.0, None
    problem = Drawn(seed, index, family, points, probabilities, mixing, encoder, decoder, activity)
    return replace(problem, reading=_reading(rng, problem), activation=activation)


def _generator(seed: int, index: int, activation: str) -> Generator:
    return np.random.default_rng([seed, index, 4 + ACTIVATIONS.index(activation)])


def _few(rng: Generator, points: Array) -> Array:
    if len(points) <= MOST_SAMPLES:
        return points
    return points[np.sort(rng.choice(len(points), MOST_SAMPLES, replace=False))]


def _reading(rng: Generator, problem: Drawn) -> Reading:
    """How it is read out: costs of errors from below where a neuron of one source pays to far above."""
    kind = str(rng.choice(list(READ), p=list(READ.values())))
    targets = targets_of(rng, problem.dimension)[:3] if rng.random() < 0.4 else None
    if targets is not None and not targets.any():
        targets = None
    if kind == "exact":
        return EXACT if targets is None else Reading(targets=targets)
    error_cost = float(worth_having(problem).min() * 10.0 ** rng.uniform(-1, 4))
    noise = float(problem.decoder_cost / error_cost * 10.0 ** rng.uniform(-3, 2)) if kind == "noisy" else 0.0
    # Where a sample never occurs the activity of free neurons costs nothing: no error may count there.
    counted = rng.random(len(problem.points)) * (problem.weights > 0)
    elsewhere = counted if rng.random() < 0.2 and is_well_posed(problem.points, counted) else None
    return Reading(kind, error_cost, noise, targets, elsewhere)
