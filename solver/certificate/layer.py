"""Bounds with a recurrent layer: what the matrix G of a code proves by itself.

With Y = -grad of readout and recurrent cost r together at G, and rho at least one, no code costs less than

    (2 g(G) + r(G) - least) / sqrt(rho) + least          (docs/mathematics.md, "Dynamics").

1. The G of the code itself, if its Y is positive semidefinite.
2. Or else the G at which a positive definite multiplier next to one of those known is the gradient.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from solver.certificate.worth import WORTH, Bound, code_worths, proven_rho
from theory.arrays import Array
from theory.bounds.cover import Cover
from theory.bounds.geodesic import code_of_multiplier
from theory.dynamics import Recurrence
from theory.problem import Problem
from theory.reductions import WHITENED


def bound_at_code(problem: Problem, weights: Array) -> Bound | None:
    """What the matrix G of a code (n, d) proves by itself; None where it proves nothing."""
    recurrence = WHITENED.recurrence(problem)
    assert recurrence is not None
    neurons = problem.whitening.neurons(weights)
    return _bound_at(problem, recurrence, neurons.T @ neurons, quick=False, cover=None)


def bounds_at_codes(
    problem: Problem, multiplier: Array, weights: Array | None, *, quick: bool, cover: Cover | None
) -> list[Bound]:
    """Steps 1 and 2: what the matrix G of a code (n, d) proves, or those of multipliers next to its own and this one.

    Args:
        problem: in canonical form, with its recurrent layer.
        multiplier: (d, d) Y.
        weights: (n, d) a code; None for none.
        quick: do not look at the faces of the hull.
        cover: a proof to be checked.
    """
    whitening, inside, recurrence = problem.whitening, problem.whitened, WHITENED.recurrence(problem)
    assert recurrence is not None
    start, bounds = np.eye(problem.dimension), list[Bound | None]()
    worths = [whitening.worth(multiplier)]
    if weights is not None:
        worths += code_worths(problem, weights)
        neurons = whitening.neurons(weights)
        code = neurons.T @ neurons
        bounds.append(_bound_at(problem, recurrence, code, quick=quick, cover=cover))
        if bounds[0] is not None and bounds[0].rho <= 1 + WORTH.attained:
            return [bounds[0]]
        with suppress(np.linalg.LinAlgError):
            worths, start = [*worths, inside.multiplier(code) - recurrence.gradient(code)], code
    for worth in worths:
        if not np.isfinite(worth).all():
            continue
        values, vectors = np.linalg.eigh(worth)
        for floor in (1e-4, 1e-2, 1e-1):  # in units of the largest eigenvalue
            raised = vectors * np.maximum(values, floor * np.abs(values).max()) @ vectors.T
            try:
                code = code_of_multiplier(inside.readout, recurrence, raised, start)
            except np.linalg.LinAlgError:
                continue
            bounds.append(_bound_at(problem, recurrence, code, quick=quick, cover=cover))
            if values[0] >= floor * values[-1]:
                break
    return [bound for bound in bounds if bound is not None]


def _bound_at(
    problem: Problem, recurrence: Recurrence, code: Array, *, quick: bool, cover: Cover | None
) -> Bound | None:
    """What a matrix G in whitened coordinates proves: nothing unless its multiplier is positive semidefinite."""
    readout = problem.whitened.readout
    try:
        worth = readout.multiplier(code) - recurrence.gradient(code)
    except np.linalg.LinAlgError:
        return None
    if not np.isfinite(worth).all():
        return None
    values = np.linalg.eigvalsh(worth)
    if values[0] < -WORTH.semidefinite * values[-1]:
        return None
    rho, exact, worst = proven_rho(problem, worth, quick=quick, cover=cover)
    least = problem.least_recurrent
    value = (2 * readout.value(code) + recurrence.value(code) - least) / max(1.0, rho) ** 0.5 + least
    return Bound(value, rho, exact, worst, problem.whitening.multiplier(worth))
