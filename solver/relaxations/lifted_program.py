"""The lifted relaxation of the whole problem: a lower bound in any number of sources, by any conic solver.

All neurons with their biases, u_i = (b_i, w_i), enter through one matrix P = sum_i u_i u_i'. With a_t = (1, s_t),

    minimise  tr(B P) + tr(K G^-1)    subject to   P = (., .; ., G) positive semidefinite,   a_t'P a_r >= 0,

is a relaxation of the problem (docs/mathematics.md, "Relaxations"): its optimum bounds the loss of every code, and its
multipliers make the proof.

1. State the products of opposite samples.
2. Solve the program by a conic solver.
3. Drop products without a multiplier, and state those that P violates, coarse ones first.
4. Go back to 2 until none is violated, or time is short: the multipliers of the last program are the proof.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.conic_solvers import COARSEST, WITH_SOLUTION, ConicError, quietly, run, the_cvxpy
from solver.deadline import time_left
from solver.relaxations.branch_and_bound import CELLS, Inequalities, violated, without_idle
from theory.arrays import Array, Indices
from theory.bounds.cover import Cover
from theory.problem import Problem


@dataclass(frozen=True)
class LiftedTolerances:
    """When products are stated, and when finer ones are asked for."""

    rounds: int = 40  # of adding violated products at most; ten are usual
    violated: tuple[float, ...] = (1e-3, 1e-5, 1e-7)  # below minus this, on unit rows and P of unit trace
    progress: float = 1e-6  # relative rise of the bound over a round below which finer products are asked for


LIFTED = LiftedTolerances()


@dataclass(frozen=True)
class LiftedBound:
    """What the relaxation proves."""

    multiplier: Array  # (d, d) Y
    cover: Cover  # the proof that w'Y w <= rho f(w) for all w with rho near one: one cell, all directions
    optimum: float  # the value of the relaxation, as far as its products were stated
    note: str  # what went wrong, if anything did


def lifted_bound(problem: Problem, solver: str, tolerance: float = COARSEST) -> LiftedBound:
    """Solve the lifted relaxation.

    Args:
        problem: any number of sources.
        solver: an installed conic solver, as `conic_solvers.solver_name` writes it.
        tolerance: relative gap that the solver is asked for.

    Raises:
        ConicError: the solver found nothing.

    Example:
        >>> from theory.problem import Problem
        >>> bound = lifted_bound(Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]]), "CLARABEL")
        >>> round(bound.optimum / Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]]).modular_loss, 6)
        1.0
    """
    inequalities = Inequalities(problem, problem.modular.unit_neurons)
    rows, unit = inequalities.rows, problem.modular_loss
    # In units of the modular loss: tr(K G^-1) is tr(R'R G_x^-1) with G_x in whitened coordinates.
    readout = problem.whitened.readout
    root = readout.root() / unit
    ridge = np.zeros((problem.dimension, problem.dimension)) if readout.ridge is None else readout.ridge / unit
    best: tuple[float, Array, Indices, Array] | None = None
    pairs, note = inequalities.opposite(), ""  # step 1
    thresholds, last = list(LIFTED.violated), 0.0
    for _ in range(LIFTED.rounds):
        begun = time.perf_counter()
        try:  # step 2
            value, relaxed, multiplier, weights = _solved(rows, pairs, (root, ridge), solver, tolerance)
        except ConicError as error:
            if best is None:
                raise
            note = f"conic solver {solver} failed in the last round: {error}"
            break
        best = (value, multiplier, pairs, weights)
        if value < last + LIFTED.progress and len(thresholds) > 1:
            thresholds.pop(0)
        last = value
        new = violated(rows, relaxed / np.trace(relaxed), thresholds[0])
        while len(new) == 0 and len(thresholds) > 1:
            thresholds.pop(0)
            new = violated(rows, relaxed / np.trace(relaxed), thresholds[0])
        if len(new) == 0 or time_left() < time.perf_counter() - begun:  # step 4
            break
        pairs = without_idle(pairs, weights > CELLS.idle, new)  # step 3
    assert best is not None
    value, multiplier, pairs, weights = best
    weights = weights / inequalities.length[pairs].prod(axis=1)
    used = inequalities.used
    cover = Cover(
        np.empty((0, problem.dimension)),
        np.zeros(len(pairs), dtype=np.intp),
        used[pairs[:, 0]],
        used[pairs[:, 1]],
        weights,
    )
    return LiftedBound(problem.whitening.multiplier(multiplier), cover, value * unit, note)


def _solved(
    rows: Array, pairs: Indices, readout: tuple[Array, Array], solver: str, tolerance: float
) -> tuple[float, Array, Array, Array]:
    """Optimum, P, multiplier Y of whitened neurons and N (p,) of the program with these products."""
    cp: Any = the_cvxpy()
    root, ridge = readout
    size = rows.shape[1]
    with quietly():
        relaxed = cp.Variable((size, size), PSD=True)
        slack = cp.Variable((len(root), len(root)), symmetric=True)
        decoded = cp.bmat([[relaxed[1:, 1:] + ridge, root.T], [root, slack]]) >> 0
        constraints = [decoded]
        if len(pairs):
            first, second = rows[pairs[:, 0]], rows[pairs[:, 1]]
            products = cp.sum(cp.multiply(first @ relaxed, second), axis=1) >= 0
            constraints.append(products)
        program = cp.Problem(cp.Minimize(cp.trace(relaxed) + cp.trace(slack)), constraints)
    run(program, solver, tolerance)
    if str(program.status) not in WITH_SOLUTION or relaxed.value is None or decoded.dual_value is None:
        raise ConicError(f"no solution (status {program.status})")
    matrix = np.asarray(relaxed.value)
    if not np.trace(matrix) > 0:  # it was stopped before its first step
        raise ConicError(f"no neuron (status {program.status})")
    weights = np.maximum(products.dual_value, 0.0) if len(pairs) else np.empty(0)
    multiplier = decoded.dual_value[: size - 1, : size - 1]
    return float(program.value), (matrix + matrix.T) / 2, (multiplier + multiplier.T) / 2, weights
