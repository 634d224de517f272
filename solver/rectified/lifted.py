"""A bound of rectified neurons in any number of sources: products of pairs of inequalities, by a semidefinite program.

The activity a_t = max(0, s_t.w + b) of a neuron satisfies, whatever its bias, for all samples s and t

    a_s a_t >= 0,      a_s (a_t - a_s - (s_t - s_s).w) >= 0:

where a_s is positive it is s_s.w + b, and a_t is at least s_t.w + b.

1. Take multipliers P, Q >= 0 of these products. No neuron is worth more than rho if, as a quadratic form in (a, w),

       rho^2 (p.a^2 + w'W w) - |N'a|^2 / 4 - sum P_st a_s a_t - sum Q_st a_s (a_t - a_s - (s_t - s_s).w)

   is positive semidefinite. The bias is not in it. Products of samples far apart (P) and of neighbours (Q) suffice.
2. Units in which the cost is |a|^2 + |w|^2 make rho^2 the largest eigenvalue of one matrix.
3. For a given N a semidefinite program finds the P and Q of the least rho; with rho = 1 another finds N as well, so
   that the bound on the loss is largest.
4. The solver is not trusted: its P and Q, made nonnegative, prove the largest eigenvalue that is computed from them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

import solver.solving.plan as planning
from solver.conic_solvers import WITH_SOLUTION, ConicError, quietly, run, the_cvxpy
from solver.deadline import limited_to
from solver.rectified.loss import Frame
from theory.arrays import Array, Indices, Mask
from theory.immutable import Frozen


@dataclass(frozen=True)
class RectifiedProgramLimits:
    """How the program is made and solved."""

    neighbours: int = 12  # samples with which each has products: all products of 40 samples prove 0.0003 more
    seconds: float = 30.0  # for one program
    accuracy: float = 1e-2  # a hundredth of it is asked of a first-order method: a bound to some percent needs no more
    priced: float = 1e-9  # least cost of weights, in units of the frame, with which w is bounded by what it costs


RECTIFIED_PROGRAM = RectifiedProgramLimits()


@dataclass(frozen=True, eq=False)
class _Scaled(Frozen):
    """Step 2: samples that occur, in coordinates of unit cost."""

    occur: Mask  # (T,) mask of the samples with a probability
    roots: Array  # (m,) sqrt(p) of those
    sources: Array  # (m, d) S R^-1 with W = R'R
    moments: Array  # (m,) sqrt(q)
    products: csr_array  # ((m + d)^2, e) the quadratic form of each product, flat

    @property
    def size(self) -> int:
        """Number of samples that occur, and of sources: m + d."""
        return sum(self.sources.shape)

    def earned(self, prices: Array) -> Array:
        """(m, k) N / (2 sqrt(p))."""
        return np.asarray(prices[self.occur] / (2 * self.roots[:, None]))


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
    gain = np.zeros((scaled.size, scaled.size))
    gain[: len(earned), : len(earned)] = earned @ earned.T
    square, multipliers = cp.Variable(), cp.Variable(scaled.products.shape[1], nonneg=True)
    with quietly():
        form = cp.reshape(scaled.products @ multipliers, gain.shape, order="C")
        program = cp.Problem(cp.Minimize(square), [square * np.eye(len(gain)) - gain - form >> 0])
    if not _solved(program, len(earned)):
        return float("inf")
    return _proven(scaled, earned, multipliers.value)


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
    counts = scaled.moments > 0
    half = cp.Variable((int(counts.sum()), k))  # N / (2 sqrt(q))
    multipliers = cp.Variable(scaled.products.shape[1], nonneg=True)
    place = np.eye(len(counts))[:, counts]
    with quietly():
        form = cp.reshape(scaled.products @ multipliers, (scaled.size, scaled.size), order="C")
        earned = (place * (scaled.moments / scaled.roots)[:, None]) @ half
        edge = cp.vstack([earned, np.zeros((scaled.size - len(counts), k))])
        whole = cp.bmat([[np.eye(scaled.size) - form, edge], [edge.T, np.eye(k)]])
        centred = scaled.moments[counts] @ half == 0
        gain = 2 * cp.sum(cp.multiply(half, frame.targets[scaled.occur][counts]))
        program = cp.Problem(cp.Maximize(gain - frame.delta * cp.sum_squares(half)), [whole >> 0, centred])
    if not _solved(program, len(counts)):
        return None
    prices = np.zeros(frame.targets.shape)
    prices[scaled.occur] = 2 * scaled.moments[:, None] * (place @ half.value)
    return prices, _proven(scaled, scaled.earned(prices), multipliers.value)


def _scaled(frame: Frame) -> _Scaled | None:
    """Step 2; None where w is not bounded by what it costs, or samples are too many."""
    occur = frame.probabilities > 0
    weights = frame.weights[:-1, :-1]
    if occur.sum() > planning.SIZES.rectified_samples or np.linalg.eigvalsh(weights)[0] <= RECTIFIED_PROGRAM.priced:
        return None
    if (frame.error_weights[~occur] > 0).any():
        return None
    root = np.linalg.cholesky(weights).T
    roots, sources = np.sqrt(frame.probabilities[occur]), frame.lifted[occur, :-1]
    distances = np.linalg.norm(sources[:, None] - sources, axis=2)
    whitened = np.linalg.solve(root.T, sources.T).T
    products = _products(distances, whitened, 1 / roots)
    return _Scaled(occur, roots, whitened, np.sqrt(frame.error_weights[occur]), products)


def _products(distances: Array, sources: Array, scales: Array) -> csr_array:
    """Step 1: the forms of the products a_s a_t of far samples, and of a_s (a_t - a_s - (s_t - s_s).w) of near ones.

    Args:
        distances: (m, m) between samples.
        sources: (m, d).
        scales: (m,) a in units in which it costs |a|^2.
    """
    m, d = sources.shape
    apart = distances + np.diag(np.full(m, np.inf))
    near = np.argsort(apart, axis=1, kind="stable")[:, : min(RECTIFIED_PROGRAM.neighbours, m - 1)]
    far = np.argsort(-distances, axis=1, kind="stable")[:, : RECTIFIED_PROGRAM.neighbours]
    every = np.arange(m)
    pairs = np.stack([np.repeat(every, far.shape[1]), far.ravel()])
    s, t = np.unique(np.concatenate([np.sort(pairs, axis=0), np.stack([every, every])], axis=1), axis=1)
    one, other = np.repeat(every, near.shape[1]), near.ravel()
    rows, columns, values = [], [], []

    def add(i: Indices, j: Indices, product: Indices, value: Array) -> None:
        for row, column in ((i, j), (j, i)):
            rows.append(row * (m + d) + column)
            columns.append(product)
            values.append(value / 2)

    add(s, t, np.arange(len(s)), scales[s] * scales[t])
    number = len(s) + np.arange(len(one))
    add(one, other, number, scales[one] * scales[other])
    add(one, one, number, -(scales[one] ** 2))
    for i in range(d):
        add(one, np.full(len(one), m + i), number, scales[one] * (sources[one, i] - sources[other, i]))
    entries = (np.concatenate(rows), np.concatenate(columns))
    return csr_array((np.concatenate(values), entries), shape=((m + d) ** 2, len(s) + len(one)))


def _solved(program: Any, samples: int) -> bool:
    """Step 3: whether there is a solution, however coarse."""
    # Multipliers may have no largest size: interior points then fail now and then.
    with limited_to(time.perf_counter() + RECTIFIED_PROGRAM.seconds):
        for solver in ("CLARABEL", "SCS") if samples <= planning.SIZES.interior_samples else ("SCS",):
            try:
                run(program, solver, RECTIFIED_PROGRAM.accuracy)
            except ConicError:
                continue
            if program.status in WITH_SOLUTION and all(part.value is not None for part in program.variables()):
                return True
    return False


def _proven(scaled: _Scaled, earned: Array, multipliers: Array) -> float:
    """Step 4."""
    if not (np.isfinite(multipliers).all() and np.isfinite(earned).all()):
        return float("inf")
    positive = np.maximum(multipliers, 0.0)
    whole = (scaled.products @ positive).reshape(scaled.size, scaled.size)
    whole[: len(earned), : len(earned)] += earned @ earned.T
    sizes = np.linalg.norm(abs(scaled.products) @ positive) + np.linalg.norm(earned) ** 2
    rounding = 8 * scaled.size * np.finfo(float).eps * float(sizes)
    return float(np.sqrt(max(float(np.linalg.eigvalsh(whole)[-1]), 0.0) + rounding))
