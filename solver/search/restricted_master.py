"""The restricted problem: how much of each of a given set of neurons? Convex, smooth, a handful of variables.

With candidate neurons u_j fixed (scaled to f(u_j) = 1), the loss is ``sum_j x_j + g(sum_j x_j u_j u_j')`` in their
energies x_j >= 0: A-optimal experimental design with the neurons as experiments (docs/mathematics.md, "Column
generation"). In lower bounds the neurons are relaxed ones, matrices in the place of u_j u_j'.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from theory.readouts import Readout

if TYPE_CHECKING:
    from theory.arrays import Array

__all__ = ["fewest", "optimal_energies"]

STEPS = 60
"""Newton steps at most; about 15 suffice, more means that rounding has been reached."""

COMPLEMENTARITY = 1e-18
"""Relative size of the duality gap at which the interior-point iteration ends."""

RIDGE = 1e-14
"""Added to the scaled system: parallel candidates, whose energies only their sum determines, leave it singular."""

INDEPENDENT = 1e-7
"""Singular value of the neurons' outer products below which they count as linearly dependent."""

SPANNED = 1e-13
"""Share of the largest eigenvalue of G below which a direction counts as one that no neuron reads."""

EXACT = 1e-13
"""Error of G, relative to itself, that rounding explains."""

TO_BOUNDARY = 0.95
"""Share of the way to the boundary that one step may go."""


def optimal_energies(candidates: Array, readout: Readout, start: Array) -> Array:
    """Energies x >= 0 that minimise ``sum x + g(G)`` with ``G = sum_j x_j u_j u_j'``.

    Args:
        candidates: (n, d) neurons u_j with f(u_j) = 1, spanning R^d; or (n, d, d) relaxed ones instead of u_j u_j'.
        readout: g.
        start: (n,) nonnegative energies of a code with nonsingular G.

    Returns:
        (n,) energies, accurate to about eight digits of the loss or better; tiny ones are not rounded to zero.

    A primal interior-point method: Newton's method on the barrier problem, the barrier shrinking with the gap.
    """
    energies = np.maximum(start, 1e-3 * start.sum() / len(start))
    slack = np.full(len(energies), 1.0)
    for _ in range(STEPS):
        gradient, hessian = _derivatives(candidates, readout, energies)
        gap = float(energies @ slack)
        barrier = 0.1 * gap / len(energies)
        # Scaled by the energies the system stays well conditioned as most of them go to zero.
        root = np.sqrt(energies)
        system = hessian * np.outer(root, root) + np.diag(slack + RIDGE)
        step = root * np.linalg.solve(system, barrier / root - gradient * root)
        dual = (barrier - slack * step) / energies - slack
        energies, slack = _interior(energies, step), _interior(slack, dual)
        residual = float(np.abs(gradient - slack).max())
        if gap <= COMPLEMENTARITY * energies.sum() and residual <= 1e-9:
            break
    return energies


def fewest(neurons: Array, energies: Array, *, simplest: bool = True) -> Array:
    """Energies of the same G on a linearly independent subset of the neurons (n, d), all of unit cost.

    A vertex of {x >= 0 : sum x_j u_j u_j' = G}: the one that favours neurons with few sources, or else the cheapest.
    """
    # Coordinates in which G is the identity, so that rounding and tolerances are small beside each entry of it.
    seen = _seen_from(neurons, energies)
    leverage = np.maximum((seen**2).sum(axis=1), np.finfo(float).tiny)
    rows, columns = np.triu_indices(seen.shape[1])
    outer = (seen[:, rows] * seen[:, columns] / leverage[:, None]).T
    if np.linalg.matrix_rank(outer, tol=INDEPENDENT) == len(neurons):
        return energies
    from scipy.optimize import linprog

    price = 1 / leverage
    if simplest:
        price = np.abs(neurons).sum(axis=1) * np.linalg.norm(neurons, axis=1) * price
    gram = outer @ (energies * leverage)
    vertex = linprog(price / price.max(), A_eq=outer, b_eq=gram, method="highs-ds")
    return _exactly(outer, gram, vertex.x) / leverage if vertex.success else energies


def _seen_from(neurons: Array, energies: Array) -> Array:
    """(n, k) the neurons in coordinates in which ``sum_j x_j u_j u_j'`` is the identity, as far as it has a rank."""
    gram = (neurons.T * energies) @ neurons
    size = np.sqrt(np.maximum(np.diag(gram), np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(gram / np.outer(size, size))
    spanned = values > SPANNED * values[-1]
    return np.asarray((neurons / size) @ (vectors[:, spanned] / np.sqrt(values[spanned])))


def _exactly(outer: Array, gram: Array, rough: Array) -> Array:
    """A nonnegative solution of outer x = gram next to a rough one: simplex methods allow for errors of 1e-7."""
    from scipy.optimize import nnls

    def error(solution: Array) -> float:
        return float(np.linalg.norm(outer @ solution - gram))

    rough = np.maximum(rough, 0.0)
    used = np.flatnonzero(rough)
    refined = np.zeros_like(rough)
    refined[used] = np.linalg.lstsq(outer[:, used], gram)[0]
    if refined.min() < 0 or error(refined) > EXACT * np.linalg.norm(gram):
        # Not quite a vertex: one next to it favours nothing, but is one.
        with suppress(RuntimeError):
            refined = nnls(outer, gram)[0]
    return refined if refined.min() >= 0 and error(refined) < error(rough) else rough


def _derivatives(candidates: Array, readout: Readout, energies: Array) -> tuple[Array, Array]:
    if candidates.ndim == 2:
        inverse, multiplier = readout.expansion((candidates.T * energies) @ candidates)
        worth = candidates @ multiplier @ candidates.T
        leverage = candidates @ inverse @ candidates.T
        return 1 - np.diag(worth), 2 * worth * leverage
    inverse, multiplier = readout.expansion(np.tensordot(energies, candidates, 1))
    left, right = candidates @ inverse, candidates @ multiplier
    flat = len(candidates), -1
    hessian = 2 * left.reshape(flat) @ np.swapaxes(right, 1, 2).reshape(flat).T
    return 1 - np.trace(right, axis1=1, axis2=2), hessian


def _interior(values: Array, step: Array) -> Array:
    shrinking = step < 0
    longest = float(np.min(-values[shrinking] / step[shrinking], initial=np.inf))
    return np.asarray(values + min(1.0, TO_BOUNDARY * longest) * step)
