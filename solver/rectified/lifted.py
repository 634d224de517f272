"""A bound of rectified neurons in any number of sources: products of pairs of inequalities, by a semidefinite program.

The activity a_t = max(0, s_t.w + b) of a neuron satisfies, whatever its bias, for all samples s and t

    a_s a_t >= 0,      a_s (a_t - a_s - (s_t - s_s).w) >= 0:

where a_s is positive it is s_s.w + b, and a_t is at least s_t.w + b.

1. Take multipliers P, Q >= 0 of these products. No neuron is worth more than rho if, as a quadratic form in (a, w),

       rho^2 (p.a^2 + w'W w) - |N'a|^2 / 4 - sum P_st a_s a_t - sum Q_st a_s (a_t - a_s - (s_t - s_s).w)

   is positive semidefinite. The bias is not in it.
2. Units in which the cost is |a|^2 + |w|^2 make rho^2 the largest eigenvalue of one matrix.
3. For a given N a semidefinite program finds the P and Q of the least rho; with rho = 1 another finds N as well, so
   that the bound on the loss is largest.
4. The solver is not trusted: its P and Q, made nonnegative, prove the largest eigenvalue that is computed from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.conic_solvers import WITH_SOLUTION, ConicError, quietly, run, the_cvxpy
from theory.immutable import Frozen

if TYPE_CHECKING:
    from solver.rectified.loss import Frame
    from theory.arrays import Array, Mask

__all__ = ["lifted_bound", "lifted_multiplier"]


@dataclass(frozen=True)
class LiftedSizes:
    """Which program is solved, and how."""

    interior: int = 40  # samples up to which interior points take seconds; beyond, a first-order method
    most: int = 100  # samples beyond which a program takes minutes
    accuracy: float = 1e-2  # a hundredth of it is asked of a first-order method: a bound to some percent needs no more
    priced: float = 1e-9  # least price of weights, in units of the frame, with which w is bounded by what it costs


SIZES = LiftedSizes()


@dataclass(frozen=True, eq=False)
class _Scaled(Frozen):
    """Step 2: samples that occur, in coordinates of unit cost.

    Attributes:
        occur: (T,) mask of the samples with a probability.
        roots: (m,) sqrt(p) of those.
        sources: (m, d) S R^-1 with W = R'R.
        moments: whether errors of these samples count: (m,) sqrt(q).
    """

    occur: Mask
    roots: Array
    sources: Array
    moments: Array

    def earned(self, prices: Array) -> Array:
        """(m, k) N / (2 sqrt(p))."""
        return prices[self.occur] / (2 * self.roots[:, None])


def lifted_bound(frame: Frame, prices: Array) -> float:
    """A bound of every neuron's worth, infinite where no program is solved.

    Args:
        frame: the problem's coordinates.
        prices: (T, k) N in them.
    """
    scaled = _scaled(frame)
    if scaled is None or prices[~scaled.occur].any():
        return float("inf")
    cp = the_cvxpy()
    earned = scaled.earned(prices)
    square = cp.Variable()
    with quietly():
        P, Q, form = _products(cp, scaled)
        gain = np.zeros(form.shape)
        gain[: len(earned), : len(earned)] = earned @ earned.T
        program = cp.Problem(cp.Minimize(square), [P >= 0, Q >= 0, square * np.eye(len(gain)) - gain - form >> 0])
    if not _solved(program, len(earned)):
        return float("inf")
    return _proven(scaled, earned, P.value, Q.value)


def lifted_multiplier(frame: Frame) -> tuple[Array, float] | None:
    """(T, k) N in the frame for which the relaxation proves most, and the bound of every neuron's worth there.

    None where no program is solved.

    Args:
        frame: the problem's coordinates.
    """
    scaled = _scaled(frame)
    if scaled is None:
        return None
    cp = the_cvxpy()
    k = frame.targets.shape[1]
    counts = frame.error_weights[scaled.occur] > 0
    half = cp.Variable((int(counts.sum()), k))  # sqrt(q) N / (2 q): of the length of the targets
    place = np.eye(len(counts))[:, counts]
    with quietly():
        P, Q, form = _products(cp, scaled)
        earned = (place * (scaled.moments / scaled.roots)[:, None]) @ half
        edge = cp.vstack([earned, np.zeros((form.shape[0] - len(counts), k))])
        whole = cp.bmat([[np.eye(form.shape[0]) - form, edge], [edge.T, np.eye(k)]])
        targets = frame.targets[scaled.occur][counts]
        centred = scaled.moments[counts] @ half == 0
        gain = 2 * cp.sum(cp.multiply(half, targets)) - frame.delta * cp.sum_squares(half)
        program = cp.Problem(cp.Maximize(gain), [P >= 0, Q >= 0, whole >> 0, centred])
    if not _solved(program, len(counts)):
        return None
    prices = np.zeros(frame.targets.shape)
    prices[scaled.occur] = 2 * scaled.moments[:, None] * (place @ half.value)
    return prices, _proven(scaled, scaled.earned(prices), P.value, Q.value)


def _scaled(frame: Frame) -> _Scaled | None:
    """Step 2; None where w is not bounded by what it costs, or samples are too many."""
    occur = frame.probabilities > 0
    weights = frame.weights[:-1, :-1]
    if occur.sum() > SIZES.most or np.linalg.eigvalsh(weights)[0] <= SIZES.priced:
        return None
    if (frame.error_weights[~occur] > 0).any():
        return None
    root = np.linalg.cholesky(weights).T
    sources = np.linalg.solve(root.T, frame.lifted[occur, :-1].T).T
    return _Scaled(occur, np.sqrt(frame.probabilities[occur]), sources, np.sqrt(frame.error_weights[occur]))


def _products(cp: Any, scaled: _Scaled) -> tuple[Any, Any, Any]:
    """Step 1: P, Q and the form that they add."""
    m, d = scaled.sources.shape
    P, Q = cp.Variable((m, m), symmetric=True), cp.Variable((m, m))
    rows = Q - cp.diag(cp.sum(Q, axis=1))
    inverse = 1 / scaled.roots
    block = cp.multiply(P + (rows + rows.T) / 2, np.outer(inverse, inverse))
    cross = cp.multiply(rows @ scaled.sources, np.repeat(-inverse[:, None] / 2, d, axis=1))
    return P, Q, cp.bmat([[block, cross], [cross.T, np.zeros((d, d))]])


def _solved(program: Any, samples: int) -> bool:
    """Step 3: whether there is a solution, however coarse."""
    # Multipliers may have no largest size: interior points then fail now and then.
    for solver in ("CLARABEL", "SCS") if samples <= SIZES.interior else ("SCS",):
        try:
            run(program, solver, SIZES.accuracy)
        except ConicError:
            continue
        if program.status in WITH_SOLUTION and all(part.value is not None for part in program.variables()):
            return True
    return False


def _proven(scaled: _Scaled, earned: Array, P: Array, Q: Array) -> float:
    """Step 4."""
    m, d = scaled.sources.shape
    if not (np.isfinite(P).all() and np.isfinite(Q).all()):
        return float("inf")
    P, rows = np.maximum((P + P.T) / 2, 0.0), np.maximum(Q, 0.0)
    np.fill_diagonal(rows, 0.0)
    np.fill_diagonal(rows, -rows.sum(axis=1))
    inverse = 1 / scaled.roots
    whole = np.zeros((m + d, m + d))
    whole[:m, :m] = earned @ earned.T + (P + (rows + rows.T) / 2) * np.outer(inverse, inverse)
    whole[:m, m:] = -(rows @ scaled.sources) * inverse[:, None] / 2
    whole[m:, :m] = whole[:m, m:].T
    sizes = np.linalg.norm(np.abs(rows) @ np.abs(scaled.sources) * inverse[:, None])
    rounding = 8 * (m + d) * np.finfo(float).eps * float(np.linalg.norm(whole) + sizes)
    return float(np.sqrt(max(float(np.linalg.eigvalsh(whole)[-1]), 0.0) + rounding))
