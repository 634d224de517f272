"""The best energies of given directions: a convex program in one number per neuron, by a primal-dual Newton method.

With decoders v_i = sqrt(x_i) u_i, F is convex in (x, beta); its derivative by x_i is 1 - worth_i^2.

    minimise F(x, beta) over x >= 0;      1 - worth_i^2 = s_i >= 0,   x_i s_i = 0,   sum_t M_t = 0

1. The Hessian is 2 (R^-1 C)'(R^-1 C), C how the fit moves with x_i (activity times u_i) and with beta, J = R R'.
2. Newton step of the conditions with x_i s_i = tau (`theta` below); stop short of the boundary.
3. M follows by `respond`, from where the step took it. Shorten the step until F with its barrier falls.
4. When a step promises little, tau becomes a tenth; end when 4 n tau is within the tolerance of the loss, or the time
   is up.

The same tau smooths the activities (`respond`): then 1 - sum p_L a_L^2 / x_i takes the place of 1 - worth_i^2, C has
the softened p_L a_L / x_i, and 2 sum p_L tau / x_i^2 times the softness joins the Hessian's diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from solver.deadline import time_is_up
from solver.free.response import Decoders, Response, ScaledSamples, respond
from theory.arrays import Array
from theory.immutable import Frozen


@dataclass(frozen=True)
class FreeMasterTolerances:
    """An interior-point method for the energies."""

    steps: int = 120  # Newton steps at most; 30 to 50 are usual
    first: float = 0.01  # the barrier's weight tau to start with
    # Least energy to start with, as a share of the mean: a start at the edge makes a barrier's steps short.
    inside: float = 0.1
    shrink: float = 0.1  # what the weight is multiplied by when its problem is solved
    centred: float = 0.1  # promised fall of the barrier's problem, as a share of its weight, at which it is solved
    halvings: int = 30  # shorter steps that are tried at most
    short: float = 0.99  # share of the way to the boundary that a step may go


FREE_MASTER = FreeMasterTolerances()


@dataclass(frozen=True, eq=False)
class MasterSolution(Frozen):
    """The master's answer."""

    energies: Array  # (n,) x, positive
    offset: Array  # (k,) beta
    response: Response  # of the decoders sqrt(x_i) u_i
    reduced: Array  # (n,) s, near 1 - worth^2


def best_energies(
    samples: ScaledSamples, units: Decoders, start: Array, offset: Array, multiplier: Array | None, *, tolerance: float
) -> MasterSolution:
    """The best energies of unit directions.

    Args:
        samples: the problem.
        units: directions of unit length.
        start: (n,) energies to start with.
        offset: (k,) beta to start with.
        multiplier: (T, k) M to start with.
        tolerance: the share of the loss at which to end.

    Example:
        >>> from solver.free.response import Levels
        >>> samples = ScaledSamples(np.array([[-1.0], [1.0]]), np.zeros(2), np.ones(2), (Levels(np.array([0.5, 0.5])),))
        >>> units = Decoders(np.array([[1.0], [-1.0]]), np.zeros(2, dtype=int))
        >>> best = best_energies(samples, units, np.ones(2), np.zeros(1), None, tolerance=1e-12)
        >>> round(best.response.loss, 9)
        2.828427125
    """
    n = len(units.views)
    x = np.maximum(start, FREE_MASTER.inside * start.mean())
    theta = FREE_MASTER.first
    answer = respond(samples, _scaled(units, x), offset, multiplier, smoothing=theta)
    s = theta / x
    for _ in range(FREE_MASTER.steps):
        if time_is_up():
            break
        slope = 1 - _squares(units, answer, x)
        drift = -2 * samples.ones @ answer.multiplier
        columns = _columns(samples, units, answer, x)
        half = answer.whitened(columns)
        H = 2 * half.T @ half  # step 1
        H[np.arange(n), np.arange(n)] += s / x + _stiffness(units, answer, x)
        H[np.diag_indices(len(H))] *= 1 + 1e-14
        right = -np.concatenate([slope - theta / x, drift])
        try:
            step = cho_solve(cho_factor(H), right)
        except (LinAlgError, ValueError):  # rounding has the last word
            break
        promised = float(right @ step)
        if promised <= FREE_MASTER.centred * n * theta or promised <= 1e-15 * abs(answer.loss):  # step 4
            if 4 * n * theta <= tolerance * abs(answer.loss):
                break
            theta *= FREE_MASTER.shrink
            answer = respond(samples, _scaled(units, x), offset, answer.multiplier, smoothing=theta)
            continue
        ds = theta / x - s - s / x * step[:n]  # step 2
        length = min(1.0, FREE_MASTER.short / max(float((-step[:n] / x).max()), 1e-300))
        dual = min(1.0, FREE_MASTER.short / max(float((-ds / s).max()), 1e-300))
        before = answer.loss - 2 * theta * float(np.log(x).sum())
        pushed, kept = answer.moved(columns, step), False
        for _ in range(FREE_MASTER.halvings):  # step 3
            there, at = x + length * step[:n], offset + length * step[n:]
            trial = respond(samples, _scaled(units, there), at, answer.multiplier + length * pushed, smoothing=theta)
            after = trial.loss - 2 * theta * float(np.log(there).sum())
            kept = after <= before - 1e-4 * length * promised + 1e-15 * abs(before)
            if kept:
                break
            length *= 0.4
        if not kept:
            break
        x, offset, answer = there, at, trial
        s = np.clip(s + dual * ds, 0.01 * theta / x, 100 * theta / x)
    return MasterSolution(x, offset, answer, s)


def _scaled(units: Decoders, x: Array) -> Decoders:
    """Decoders of directions with energies."""
    return Decoders(units.decoders * np.sqrt(x)[:, None], units.views)


def _squares(units: Decoders, answer: Response, x: Array) -> Array:
    """(n,) sum over levels of p_L a_L^2 / x: worth^2 of the directions without smoothing."""
    squares = np.zeros(len(x))
    for place, view in enumerate(answer.samples.views):
        own = units.views == place
        squares[own] = view.probabilities @ answer.activity[place] ** 2 / x[own]
    return squares


def _stiffness(units: Decoders, answer: Response, x: Array) -> Array:
    """(n,) what the smoothing adds to the Hessian's diagonal."""
    added = np.zeros(len(x))
    for place, view in enumerate(answer.samples.views):
        own = units.views == place
        added[own] = 2 * answer.smoothing * (view.probabilities**2 @ answer.softness[place]) / x[own] ** 2
    return added


def _columns(samples: ScaledSamples, units: Decoders, answer: Response, x: Array) -> Array:
    """(T, k, n + k) C: how the fit moves with the energies and the offset."""
    T, k = samples.targets.shape
    fits = np.empty((T, k, len(x)))
    for place, view in enumerate(samples.views):
        own = units.views == place
        softened = view.probabilities[:, None] * answer.softness[place]
        activity = softened * answer.activity[place] / np.sqrt(x[own])
        fits[:, :, own] = view.spread(activity[:, None, :] * units.decoders[own].T)
    return np.concatenate([fits, samples.shifts], axis=2)
