"""The rectified function of the sources that is nearest to an activity, neuron by neuron.

Where a neuron is active, w.s + b should be its activity z; where it is silent, at most zero. So

    minimise over (w, b)    sum_t p_t e_t^2 + ridge w'R w,    e_t = w.s_t + b - z_t if z_t > 0, else max(0, w.s_t + b),

which is convex, and zero for every rectified neuron but for the ridge, which takes the cheapest of weights that fit.

1. Count the samples where the neuron is active.
2. Least squares over the samples that count.
3. Let silent samples count where w.s + b is positive, go only as far as the sum falls (it is halved until it does), and
   repeat from step 2 until no sample changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from theory.arrays import Array
from theory.neurons.nonlinear import rectified
from theory.problem import Problem


@dataclass(frozen=True)
class HingeTolerances:
    """Tolerances of the fit."""

    ridge: float = 1e-10  # root of the ridge, in units of the sources' deviations
    rounds: int = 60  # of the set of samples that count; a few are usual
    halvings: int = 30  # of a step


HINGE = HingeTolerances()


class RectifiedPart(NamedTuple):
    """z = max(0, weights @ s + bias) + residue: weights (n, d), bias (n,), and max(0, ...) as activity (T, n)."""

    weights: Array
    bias: Array
    activity: Array


def rectified_part(problem: Problem, activity: Array) -> RectifiedPart:
    """The best rectified functions of the sources.

    Args:
        problem: of rectified neurons, with the samples.
        activity: (T, n) >= 0.

    Example:
        >>> from solver.problem import Problem
        >>> problem = Problem([[-1], [0], [1], [2]], activation="rectified")
        >>> part = rectified_part(problem, np.array([[0.0], [0.0], [1.0], [3.0]]))
        >>> part.weights.round(6).tolist(), part.bias.round(6).tolist()
        ([[2.0]], [-1.0])
    """
    sources = problem.sources
    share = sources.sample_probabilities
    deviation = np.sqrt(np.diag(sources.covariance))
    scaled = np.asarray(sources.about_mean(sources.points)) / deviation
    lifted = np.column_stack([scaled, np.ones(len(scaled))])
    sizes, turns = np.linalg.eigh(problem.encoder_metric / np.outer(deviation, deviation))
    root = np.sqrt(np.maximum(sizes, 0.0) / sizes.max())[:, None] * turns.T
    ridge = HINGE.ridge * np.column_stack([root, np.zeros(len(root))])
    fits = [_fitted(lifted, np.sqrt(share), ridge, column) for column in activity.T]  # a neuron at a time
    units = np.array(fits).reshape(len(fits), lifted.shape[1])
    weights = units[:, :-1] / deviation
    bias = units[:, -1] - weights @ sources.mean
    # As a network with these weights would compute it.
    return RectifiedPart(weights, bias, rectified(sources.points, weights, bias))


def _fitted(lifted: Array, roots: Array, ridge: Array, wanted: Array) -> Array:
    """(d + 1,) the fit of one neuron."""
    size = float(wanted.max(initial=0.0))
    if not size > 0:
        return np.zeros(lifted.shape[1])
    wanted = wanted / size
    active, point, rest = wanted > 0, np.zeros(lifted.shape[1]), np.zeros(len(ridge))
    counted, value = active, np.inf  # step 1
    for _ in range(HINGE.rounds):
        # Step 2.
        rows = np.vstack([roots[counted, None] * lifted[counted], ridge])
        step = np.linalg.lstsq(rows, np.append(roots[counted] * wanted[counted], rest), rcond=None)[0] - point
        # Step 3.
        length = 1.0
        for _ in range(HINGE.halvings):
            tried = point + length * step
            after = _missed(lifted, roots, ridge, wanted, tried)
            if after <= value:
                break
            length /= 2
        else:
            break
        point, value = tried, after
        now = active | (lifted @ point > 0)
        if length == 1.0 and (now == counted).all():
            break
        counted = now
    return size * point


def _missed(lifted: Array, roots: Array, ridge: Array, wanted: Array, point: Array) -> float:
    made = lifted @ point
    error = np.where(wanted > 0, made - wanted, np.maximum(made, 0.0))
    return float(((roots * error) ** 2).sum() + ((ridge @ point) ** 2).sum())
