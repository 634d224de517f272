"""Climbing to neurons that are worth most, many starts at once.

1. Begin with the neurons of the code and with random ones.
2. The power step: on the face of a neuron's active samples, with v the direction of N'a, the neuron
   u' = B^-1 sum_active (v'N_t) s_t would be best for this v, where u'B u is what it costs.
3. Search the whole great circle through u and u' (`solver.rectified.circle`).
4. Where that gains nothing: the power step within the hyperplanes of the samples on whose kinks the neuron rests,
   and then a random circle.
5. Stop where none of these gain, or the time is up, and keep what differs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.deadline import time_is_up
from solver.generation.pool import distinct
from solver.rectified.circle import best_on_circles
from solver.rectified.loss import Frame
from theory.arrays import Array


@dataclass(frozen=True)
class ClimbTolerances:
    """Tolerances of climbs."""

    gain: float = 1e-12  # relative gain of worth that is none
    rounds: int = 30  # of steps 2 to 4
    kink: float = 1e-9  # |s_t.w + b|, relative to the lengths of both, that lies on a kink
    same: float = 1e-7  # sine of the angle between activities of neurons that are one


RECTIFIED_CLIMB = ClimbTolerances()


def climbed(
    frame: Frame, multiplier: Array, starts: Array, rng: np.random.Generator, rounds: int = RECTIFIED_CLIMB.rounds
) -> Array:
    """(n, d + 1) where climbs from (n, d + 1) end, scaled to unit cost, in the order of the starts.

    Starts that do nothing are left out.
    """
    neurons = frame.of_unit_cost(starts)  # step 1
    if not len(neurons):
        return neurons
    worths = frame.worths(multiplier, neurons)
    failures = np.zeros(len(neurons), dtype=int)
    for _ in range(rounds):
        going = np.flatnonzero(failures < 3)  # step 5
        if not len(going) or time_is_up():
            break
        here = neurons[going]
        directions = _directions(frame, multiplier, here, failures[going], rng)
        steps = best_on_circles(frame, multiplier, here, directions)  # step 3
        costs = frame.energies(steps)
        steps = np.where(costs[:, None] > 0, steps / np.sqrt(np.where(costs > 0, costs, 1.0))[:, None], here)
        worth = frame.worths(multiplier, steps)
        better = worth > worths[going] * (1 + RECTIFIED_CLIMB.gain)
        neurons[going[better]], worths[going[better]] = steps[better], worth[better]
        failures[going] = np.where(better, 0, failures[going] + 1)
    return neurons


def _directions(frame: Frame, multiplier: Array, neurons: Array, failures: Array, rng: np.random.Generator) -> Array:
    """Steps 2 and 4: (n, d + 1) the other direction of each circle."""
    inputs = frame.lifted @ neurons.T
    active = inputs > 0
    along = multiplier.T @ np.where(active, inputs, 0.0)
    pull = np.where(active, multiplier @ along, 0.0).T @ frame.lifted
    size = neurons.shape[1]
    squares = frame.probabilities[:, None, None] * frame.lifted[:, :, None] * frame.lifted[:, None, :]
    costs = (active.T @ squares.reshape(-1, size**2)).reshape(-1, size, size) + frame.weights
    ridge = 1e-12 * np.einsum("nii->n", costs)
    costs += ridge[:, None, None] * np.eye(size)
    steps = np.linalg.solve(costs, pull[:, :, None])[:, :, 0]
    lengths = np.linalg.norm(neurons, axis=1)
    rested = np.abs(inputs) <= RECTIFIED_CLIMB.kink * np.linalg.norm(frame.lifted, axis=1)[:, None] * lengths
    for i in np.flatnonzero(failures == 1):
        steps[i] = _within(frame.lifted[rested[:, i]], costs[i], pull[i])
    wild = failures == 2
    steps[wild] = rng.standard_normal((wild.sum(), size))
    # Only the part across the neuron matters; where there is none, anything will do.
    units = neurons / lengths[:, None]
    steps -= (steps * units).sum(axis=1, keepdims=True) * units
    sizes = np.linalg.norm(steps, axis=1, keepdims=True)
    stuck = sizes[:, 0] <= 1e-13
    steps[stuck] = rng.standard_normal((stuck.sum(), size))
    sizes[stuck] = np.linalg.norm(steps[stuck], axis=1, keepdims=True)
    return np.asarray(steps / np.where(sizes > 0, sizes, 1.0) * lengths[:, None])


def _within(rows: Array, costs: Array, pull: Array) -> Array:
    """The power step within the hyperplanes of these samples."""
    if not len(rows):
        return np.zeros_like(pull)
    _, strengths, turned = np.linalg.svd(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    basis = turned[int((strengths > 1e-9).sum()) :].T
    if basis.shape[1] < 2:
        return np.zeros_like(pull)
    return np.asarray(basis @ np.linalg.solve(basis.T @ costs @ basis, basis.T @ pull))


def distinct_in_activity(frame: Frame, neurons: Array, order: Array, known: Array | None = None) -> Array:
    """(m, d + 1) neurons of unit cost that differ in activity from those before them and known ones (step 5).

    Args:
        frame: the loss in its own units.
        neurons: (n, d + 1).
        order: (n,) which are kept first: the largest.
        known: (l, d + 1) neurons that are there already.
    """
    start = 0 if known is None else len(known)
    everyone = neurons if known is None else np.vstack([known, neurons])
    strength = np.concatenate([np.full(start, np.inf), order])
    counted = np.sqrt(frame.probabilities + frame.error_weights)[:, None]
    features = (np.maximum(0.0, frame.lifted @ everyone.T) * counted).T
    firing = np.flatnonzero(features.any(axis=1))
    leading = firing[distinct(features[firing], strength[firing], RECTIFIED_CLIMB.same**2 / 2 + 2e-15)]
    leading = leading[np.argsort(-strength[leading], kind="stable")]
    return np.asarray(everyone[leading[leading >= start]])
