"""Newton's method in all decoders at once, with the activities eliminated (`respond`).

1. Half the gradient of F by v_i is (I - Z_i) v_i, with Z_i = sum of M_L M_L' / p_L over the levels where i is active.
2. Half the Hessian is diag(I - Z_i) + (R^-1 E)'(R^-1 E), E how the fit moves: a_i I + v_i M_L' / p_L where active.
   Negative curvature of I - Z_i is left out: it belongs to neurons that have a better direction elsewhere.
3. Levenberg's step; keep it if the loss falls, or stays within rounding while the gradient falls.
4. End when the gradient is rounding, no step is kept, or the time is up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from solver.deadline import time_is_up
from solver.free.response import Decoders, Response, ScaledSamples, respond
from theory.arrays import Array
from theory.immutable import Frozen


@dataclass(frozen=True)
class FreeDescentTolerances:
    """When Newton's method ends."""

    steps: int = 40  # at most
    flat: float = 1e-13  # gradient, as a share of the decoders, that is rounding
    steady: float = 1e-14  # share of the loss within which two losses are the same


FREE_DESCENT = FreeDescentTolerances()


@dataclass(frozen=True, eq=False)
class Point(Frozen):
    """Decoders, an offset and their best activities."""

    offset: Array  # (k,) beta
    response: Response  # of the decoders


def descend(samples: ScaledSamples, point: Point, *, seconds: float, steps: int = FREE_DESCENT.steps) -> Point:
    """Lower the loss by moving all decoders and the offset.

    Args:
        samples: the problem.
        point: where to start.
        seconds: when to end.
        steps: at most.
    """
    ends = time.monotonic() + seconds
    damping = 1e-6
    slope = _slope(point)
    for _ in range(steps):
        size = float(np.abs(slope).max())
        rounding = FREE_DESCENT.flat * float(np.abs(point.response.neurons.decoders).max())
        if size <= rounding or time.monotonic() > ends or time_is_up():  # step 4
            break
        columns = _columns(samples, point.response)
        half = point.response.whitened(columns)
        H = half.T @ half + _bent(point.response)  # step 2
        scale = float(np.trace(H)) / len(H)
        kept = False
        while not kept and damping < 1e8:
            trial = _try(samples, point, columns, H, slope, damping=damping * scale)
            if trial is not None:
                fallen = trial.response.loss - point.response.loss
                steep = _slope(trial)
                calmer = float(np.abs(steep).max()) < 0.99 * size
                steady = FREE_DESCENT.steady * abs(point.response.loss)
                kept = fallen < -steady or (fallen <= steady and calmer)  # step 3
            damping *= 0.1 if kept else 10
        damping = max(damping, 1e-15)
        if not kept or trial is None:
            break
        point, slope = trial, steep
    return point


def _try(
    samples: ScaledSamples, point: Point, columns: Array, H: Array, slope: Array, *, damping: float
) -> Point | None:
    """The point after one step, or None if the matrix cannot be factored."""
    neurons = point.response.neurons
    lifted = H.copy()
    lifted[np.diag_indices(len(H))] += damping
    try:
        step = -cho_solve(cho_factor(lifted, check_finite=False), slope, check_finite=False)
    except LinAlgError:
        return None
    count = neurons.decoders.size
    moved = point.response.multiplier + point.response.moved(columns, step)
    offset = point.offset + step[count:]
    decoders = Decoders(neurons.decoders + step[:count].reshape(neurons.decoders.shape), neurons.views)
    return Point(offset, respond(samples, decoders, offset, moved))


def _slope(point: Point) -> Array:
    """Half the gradient by decoders and offset (step 1)."""
    response = point.response
    V = response.neurons.decoders
    gradient = V.copy()
    for place, view in enumerate(response.samples.views):
        own = response.neurons.views == place
        totals = view.totals(response.multiplier)
        gradient[own] -= (np.maximum(totals @ V[own].T, 0) / view.probabilities[:, None]).T @ totals
    return np.concatenate([gradient.ravel(), -response.samples.ones @ response.multiplier])


def _bent(response: Response) -> Array:
    """The block diagonal of I - Z_i without its negative curvature; zero for the offset."""
    V, views = response.neurons.decoders, response.neurons.views
    n, k = V.shape
    Z = np.zeros((n, k, k))
    for place, view in enumerate(response.samples.views):
        own = views == place
        totals = view.totals(response.multiplier)
        outer = (totals[:, :, None] * totals[:, None, :]).reshape(len(totals), -1) / view.probabilities[:, None]
        Z[own] = ((totals @ V[own].T > 0).astype(float).T @ outer).reshape(-1, k, k)
    values, vectors = np.linalg.eigh(np.eye(k) - Z)
    blocks = (vectors * np.maximum(values, 0)[:, None, :]) @ vectors.transpose(0, 2, 1)
    whole = np.zeros((n * k + k, n * k + k))
    rows = (np.arange(n)[:, None] * k + np.arange(k))[:, :, None]
    whole[rows, rows.transpose(0, 2, 1)] = blocks
    return whole


def _columns(samples: ScaledSamples, response: Response) -> Array:
    """(T, k, n k + k) E: how the fit moves with the decoders and the offset."""
    T, k = samples.targets.shape
    V, views = response.neurons.decoders, response.neurons.views
    E = np.empty((T, k, len(V), k))
    for place, view in enumerate(samples.views):
        own = views == place
        totals = view.totals(response.multiplier) / view.probabilities[:, None]
        activity = response.activity[place]
        pulled = (activity > 0)[:, :, None] * totals[:, None, :]
        moves = activity[:, None, :, None] * np.eye(k)[None, :, None, :]
        E[:, :, own, :] = view.spread(moves + V[own].T[None, :, :, None] * pulled[:, None, :, :])
    return np.concatenate([E.reshape(T, k, -1), samples.shifts], axis=2)
