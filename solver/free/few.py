"""Fewer neurons for the same loss.

1. Neurons of nearly the same direction become one, of their summed energy, first within a wide angle, then narrower;
   the others are improved by Newton's method. The first whose loss is hardly above stays.
2. At the best code every level's fit is linear in the energies, whatever they are, as long as the multiplier stays. A
   nonnegative least-squares solution of these equations has linearly independent neurons, so never more than needed.
"""

from __future__ import annotations

import numpy as np

import solver.solving.plan as planning
from solver.free.descent import Point, descend
from solver.free.response import Decoders, ScaledSamples, respond
from solver.generation.basic_solution import basic_solution
from solver.generation.pool import aligned, leaders, merged
from theory.arrays import Array

SECONDS_OF_MERGER = 0.4  # time for the Newton steps after each merger


def fewer(samples: ScaledSamples, point: Point, *, tolerance: float) -> Point | None:
    """A point of fewer neurons whose loss is hardly above, or None.

    Args:
        samples: the problem.
        point: a converged point.
        tolerance: share by which the loss may rise.
    """
    best: Point | None = None
    limit = point.response.loss * (1 + tolerance)
    for angle in (0.1, 0.03, 0.01, 1e-3, 1e-5):  # step 1: within which neurons are merged
        neurons = merged_within(point.response.neurons, angle)
        if len(neurons.views) == len(point.response.neurons.views):
            break
        start = Point(point.offset, respond(samples, neurons, point.offset, point.response.multiplier))
        trial = descend(samples, start, seconds=SECONDS_OF_MERGER)
        if trial.response.loss <= limit:
            best = trial
            break
    at = best or point
    if len(at.response.neurons.views) <= planning.SIZES.free_neurons:
        few = basic(samples, at)  # step 2
        if few is not None:
            trial = descend(samples, few, seconds=SECONDS_OF_MERGER)
            best = trial if trial.response.loss <= limit else best
    return best


def merged_within(neurons: Decoders, angle: float) -> Decoders:
    """Neurons of which those within an angle of a stronger one are joined to it, in their mean direction.

    Args:
        neurons: decoders.
        angle: in radians.

    Example:
        >>> pair = Decoders(np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]]), np.zeros(3, dtype=int))
        >>> merged_within(pair, 0.1).decoders.round(6).tolist()
        [[0.0, 1.0], [2.236068, 0.0]]
    """
    neurons = neurons.chosen(np.flatnonzero((neurons.decoders**2).sum(axis=1)))
    energies = (neurons.decoders**2).sum(axis=1)
    leader = leaders(neurons.decoders, energies, 1 - np.cos(angle), kinds=neurons.views)
    kept, factor = merged(neurons.decoders, leader)
    return Decoders(aligned(neurons.decoders, leader)[kept] * factor[:, None], neurons.views[kept])


def basic(samples: ScaledSamples, point: Point) -> Point | None:
    """Step 2: a point of fewer neurons with the same fit, or None.

    Args:
        samples: the problem.
        point: whose neurons tie, or nearly.
    """
    response = point.response
    shares = basic_solution(_fits(samples, point))
    if shares is None or shares.all() or not shares.any():
        return None
    kept = shares > 0
    decoders = response.neurons.decoders[kept] * np.sqrt(shares[kept])[:, None]
    chosen = Decoders(decoders, response.neurons.views[kept])
    return Point(point.offset, respond(samples, chosen, point.offset, response.multiplier))


def _fits(samples: ScaledSamples, point: Point) -> Array:
    """(T k, n) what each neuron adds to the rows' fit."""
    T, k = samples.targets.shape
    neurons = point.response.neurons
    fits = np.empty((T, k, len(neurons.views)))
    for place, view in enumerate(samples.views):
        own = neurons.views == place
        activity = point.response.activity[place]
        fits[:, :, own] = view.spread(activity[:, None, :] * neurons.decoders[own].T)
    return fits.reshape(T * k, -1)
