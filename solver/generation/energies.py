"""The restricted master problem: how much of each neuron of a pool? Convex, smooth, a handful of variables.

With neurons u_j fixed (scaled to f(u_j) = 1), the loss is ``sum_j x_j + g(sum_j x_j u_j u_j')`` in their energies
x_j >= 0: A-optimal experimental design with the neurons as experiments (docs/mathematics.md, "Column generation"). In
lower bounds the neurons are relaxed ones, matrices in the place of u_j u_j'.

`optimal_energies`, a primal-dual interior-point method:

1. Gradient and Hessian of the loss in x; slacks s, the multipliers of x >= 0.
2. Newton's step for s_j x_j = a share of the mean of s'x, in units of sqrt(x_j): a tenth, or next to nothing where the
   step for none at all would go nearly all of its way before it meets the boundary.
3. Go along it, in x and in s, 0.95 of the way to the boundary at most, or nearly all of it in the second case: there
   s'x falls by a factor of thousands in a step.
4. End where s'x and the difference of gradient and s are rounding.

`energies_of_features`, the same design for neurons that are told by their activity.

`fewest`, the same G from few neurons:

1. In coordinates in which G is the identity, write sum_j x_j u_j u_j' = G as linear equations in x.
2. A vertex of these with x >= 0, by the simplex method, which favours simple neurons or the cheapest.
3. Its energies to the last digit by least squares, nonnegative ones where rounding needs it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.lapack import dposv

from theory.readouts import Readout

if TYPE_CHECKING:
    from theory.arrays import Array


@dataclass(frozen=True)
class DesignTolerances:
    """When energies are optimal, and what counts as nothing."""

    steps: int = 60  # about 15 suffice, twice as many where neurons nearly tie
    complementarity: float = 1e-18  # s'x, as a share of the energy
    dual_residual: float = 1e-9  # difference of gradient and slacks
    least_start: float = 1e-3  # energy to begin with, in units of the mean
    ridge: float = 1e-14  # of the scaled system: parallel neurons, of which only the sum counts, leave it singular
    free: float = 0.9  # share of the step for s'x = 0, in x and in s, before the boundary: the end is near
    aim: tuple[float, float] = (0.1, 1e-4)  # share of the mean of s'x that a step aims at: far from the end, near it
    to_boundary: tuple[float, float] = (0.95, 0.9995)  # share of the way to it that one step may go
    dependent: float = 1e-7  # singular value of the outer products below which they are linearly dependent
    spanned: float = 1e-13  # share of the largest eigenvalue of G below which no neuron reads a direction
    exact: float = 1e-13  # error of G, relative to itself, that is rounding


DESIGN = DesignTolerances()


def optimal_energies(candidates: Array, readout: Readout, start: Array) -> Array:
    """Energies x >= 0 that minimise ``sum x + g(G)`` with ``G = sum_j x_j u_j u_j'``.

    Args:
        candidates: (n, d) neurons u_j with f(u_j) = 1, spanning R^d; or (n, d, d) relaxed ones instead of u_j u_j'.
        readout: g.
        start: (n,) nonnegative energies of a code with nonsingular G.

    Returns:
        (n,) energies, accurate to about eight digits of the loss or better; tiny ones are not rounded to zero.
    """
    energies = np.maximum(start, DESIGN.least_start * start.sum() / len(start))
    slack = np.full(len(energies), 1.0)
    for _ in range(DESIGN.steps):
        gradient, hessian = _derivatives(candidates, readout, energies)
        gap = float(energies @ slack)
        # step 2: scaled by the energies the system stays well conditioned as most of them go to zero.
        root = np.sqrt(energies)
        system = hessian * (root[:, None] * root)
        system.flat[:: len(root) + 1] += slack + DESIGN.ridge
        # Both as shares of the energies: the step for s'x = 0, and what a larger s'x adds.
        to_none, away = _solved(system, np.array([-gradient * root, 1 / root]).T).T / root
        near = bool(-to_none.min() * DESIGN.free < 1 and (1 + to_none.max()) * DESIGN.free < 1)
        aim = DESIGN.aim[near] * gap / len(energies)
        step = to_none + aim * away
        dual = aim / (energies * slack) - 1 - step
        # step 3
        energies = energies * (1 + _share(step, DESIGN.to_boundary[near]) * step)
        slack = slack * (1 + _share(dual, DESIGN.to_boundary[near]) * dual)
        residual = float(np.abs(gradient - slack).max())
        if gap <= DESIGN.complementarity * energies.sum() and residual <= DESIGN.dual_residual:  # step 4
            break
    return energies


def energies_of_features(features: Array, targets: Array, delta: float) -> Array:
    """Energies x >= 0 that minimise ``sum x + tr X'(delta I + sum_j x_j a_j a_j')^-1 X``.

    The design is that of `optimal_energies`, with features in the place of weights, in coordinates of the span of all.

    Args:
        features: (T, n) a_j of neurons of unit cost.
        targets: (T, k) X in the same metric.
        delta: mu / kappa, positive.

    Example:
        >>> features, targets = np.array([[1.0, 0.5], [0.0, 0.0]]), np.array([[1.0], [0.0]])
        >>> energies_of_features(features, targets, 0.25).round(6).tolist()
        [0.75, 0.0]
    """
    count = features.shape[1]
    if not count:
        return np.zeros(0)
    columns = np.asarray(np.linalg.qr(np.hstack([features, targets]), mode="r")).T
    seen, readout = columns[:count], Readout(columns[count:], 1.0, delta * np.eye(columns.shape[1]))
    alike = readout.rescaling(seen.T @ seen, float(count)) ** 2
    return optimal_energies(seen, readout, np.full(count, alike))


def fewest(neurons: Array, energies: Array, *, simplest: bool = True) -> Array:
    """Energies of the same G on a linearly independent subset of the neurons (n, d), all of unit cost.

    A vertex of {x >= 0 : sum x_j u_j u_j' = G}: the one that favours neurons with few sources, or else the cheapest.
    """
    # step 1: rounding and tolerances are then small beside each entry of G.
    seen = _seen_from(neurons, energies)
    leverage = np.maximum((seen**2).sum(axis=1), np.finfo(float).tiny)
    rows, columns = np.triu_indices(seen.shape[1])
    outer = (seen[:, rows] * seen[:, columns] / leverage[:, None]).T
    if np.linalg.matrix_rank(outer, tol=DESIGN.dependent) == len(neurons):
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
    spanned = values > DESIGN.spanned * values[-1]
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
    if refined.min() < 0 or error(refined) > DESIGN.exact * np.linalg.norm(gram):
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


def _solved(system: Array, right: Array) -> Array:
    """The solution (n, k) of a definite system (n, n), or of one that rounding has left indefinite."""
    _, solution, failed = dposv(system, right, lower=1)
    return np.asarray(np.linalg.solve(system, right) if failed else solution)


def _share(change: Array, most: float) -> float:
    """How much of a step is taken, whose changes are shares of the values: most of the way to zero, all at most."""
    return most / max(-float(change.min()), most)
