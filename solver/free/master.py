"""The best energies of given directions: a convex program in one number a neuron, by a primal-dual Newton method.

With decoders v_i = sqrt(x_i) u_i, F is convex in (x, beta); its derivative by x_i is 1 - worth_i^2.

    minimise F(x, beta) over x >= 0;      1 - worth_i^2 = s_i >= 0,   x_i s_i = 0,   sum_t M_t = 0

1. The Hessian is 2 (R^-1 C)'(R^-1 C), C how the fit moves with x_i (activity times u_i) and with beta, J = R R'.
2. Newton step of the conditions with x_i s_i = tau, a tenth of the present mean; stop short of the boundary.
3. M follows by `respond`, from where the step took it.
4. End when the products and the conditions are small, or do not get smaller any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from solver.free.response import Neurons, Response, Samples, respond
from theory.immutable import Frozen

if TYPE_CHECKING:
    from theory.arrays import Array

__all__ = ["Energies", "best_energies"]

STEPS = 60
"""Newton steps at most; 15 to 30 are usual."""

SHRINK = 0.1
"""Share of the mean product that the next step aims at."""

SHORT = 0.99
"""Share of the way to the boundary that a step may go."""


@dataclass(frozen=True, eq=False)
class Energies(Frozen):
    """The master's answer.

    Attributes:
        energies: (n,) x, positive.
        offset: (k,) beta.
        response: of the decoders sqrt(x_i) u_i.
        reduced: (n,) s, near 1 - worth^2.
    """

    energies: Array
    offset: Array
    response: Response
    reduced: Array


def best_energies(
    samples: Samples, units: Neurons, start: Array, offset: Array, multiplier: Array | None, *, tolerance: float
) -> Energies:
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
        >>> samples = Samples(np.array([[-1.0], [1.0]]), np.zeros(2), np.ones(2), (Levels(np.array([0.5, 0.5])),))
        >>> units = Neurons(np.array([[1.0], [-1.0]]), np.zeros(2, dtype=int))
        >>> found = best_energies(samples, units, np.ones(2), np.zeros(1), None, tolerance=1e-12)
        >>> round(found.response.loss, 9)
        2.828427125
    """
    n = len(units.views)
    x = np.maximum(start, 1e-6 * start.max())
    answer = respond(samples, _scaled(units, x), offset, multiplier)
    s = np.maximum(1 - _squares(units, answer, x), 0.1 * start.mean() / x).clip(1e-3, 10.0)
    last, worse = np.inf, 0
    for _ in range(STEPS):
        slope = 1 - _squares(units, answer, x)
        drift = -2 * samples.ones @ answer.multiplier
        gap = float(x @ s)
        error = (
            gap
            + float(np.abs(x * (slope - s)).sum())
            + float(np.abs(drift).max()) * float(np.abs(samples.targets).max())
        )
        if error <= tolerance * abs(answer.loss):  # 4
            break
        worse = worse + 1 if error > 0.9 * last else 0
        if worse >= 5:
            break
        last = min(last, error)
        columns = _columns(samples, units, answer, x)
        half = answer.whitened(columns)
        H = 2 * half.T @ half  # 1
        H[np.arange(n), np.arange(n)] += s / x
        H[np.diag_indices(len(H))] *= 1 + 1e-14
        right = -np.concatenate([slope - SHRINK * gap / n / x, drift])
        step = cho_solve(cho_factor(H, check_finite=False), right, check_finite=False)
        dx = step[:n]
        ds = SHRINK * gap / n / x - s - s / x * dx  # 2
        far = min(1.0, SHORT / max(float((-dx / x).max()), 1e-300))
        far = min(far, 1.0) if far > 0 else 1.0
        dual = min(1.0, SHORT / max(float((-ds / s).max()), 1e-300))
        moved = answer.multiplier + far * answer.moved(columns, step)
        x, offset, s = x + far * dx, offset + far * step[n:], s + dual * ds
        answer = respond(samples, _scaled(units, x), offset, moved)  # 3
    return Energies(x, offset, answer, s)


def _scaled(units: Neurons, x: Array) -> Neurons:
    """Decoders of directions with energies."""
    return Neurons(units.decoders * np.sqrt(x)[:, None], units.views)


def _squares(units: Neurons, answer: Response, x: Array) -> Array:
    """(n,) worth^2 of the directions, sum over levels of p_L a_L^2 / x."""
    squares = np.zeros(len(x))
    for place, view in enumerate(answer.samples.views):
        own = units.views == place
        pushed = np.maximum(view.totals(answer.multiplier) @ units.decoders[own].T, 0)
        squares[own] = (pushed**2 / view.probabilities[:, None]).sum(axis=0)
    return squares


def _columns(samples: Samples, units: Neurons, answer: Response, x: Array) -> Array:
    """(T, k, n + k) C: how the fit moves with the energies and the offset."""
    T, k = samples.targets.shape
    fits = np.empty((T, k, len(x)))
    for place, view in enumerate(samples.views):
        own = units.views == place
        activity = answer.activity[place] / np.sqrt(x[own])
        fits[:, :, own] = view.spread(activity[:, None, :] * units.decoders[own].T)
    return np.concatenate([fits, samples.shifts], axis=2)
