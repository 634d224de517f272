"""What given decoders make of the samples: the best activities, by way of the multiplier.

In units in which mu = alpha = 1, with decoders v_i, an offset beta and M = N / 2, the best activities leave

    F(V, beta) = |V|^2 + max over M of  2 <M, X - beta> - sum_t e_t |M_t|^2 - sum_i |a_i|^2_p,    e_t = 1 / (kappa q_t)

where a_i = (M_L v_i)_+ / p_L on level L of the neuron's view (M_L the sum of its samples). The maximum is concave and
piecewise quadratic; its condition, e_t M_t + sum_i a_i v_i = x_t - beta, is solved by Newton's method:

1. On the neurons that are active now the condition is linear, with matrix J = diag(e) + sum of v_i v_i' / p_L.
2. Step to its solution; shorten the step while the objective does not rise.
3. End when the condition holds, nothing rises any more, or the time is up.

With smoothing theta > 0 a barrier keeps activities positive: p_L a^2 - a M_L v = theta p_L, so that a is a smooth
function of M_L v, and M is unique even where no neuron is active. The loss then contains the barrier,
- 2 theta sum p_L log a.

If each sample is a level of its own J falls into blocks of k by k, one a sample; else it is one dense matrix, and the
samples are replaced by coordinates of what the levels can tell apart (`setting`): the rows of X and M are then these.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from solver.deadline import time_is_up
from theory.arrays import Array, Indices, Mask
from theory.immutable import Frozen


@dataclass(frozen=True)
class ResponseTolerances:
    """Newton's method for the activity on a sample."""

    solved: float = 1e-14  # share of the largest target that the condition may miss: some roundings
    steps: int = 60  # at most; three to eight are usual
    ridge: float = 1e-14  # share of J's mean diagonal, for decoders that do not span the targets on some sample


RESPONSE = ResponseTolerances()


@dataclass(frozen=True, eq=False)
class Levels(Frozen):
    """What the neurons of a view can tell apart."""

    probabilities: Array  # (L,) p of the levels
    sums: Array | None = None  # (L, T) the rows that each level adds up; each row by itself if None

    def totals(self, rows: Array) -> Array:
        """(L, ...) from rows to levels."""
        return rows if self.sums is None else _times(self.sums, rows)

    def spread(self, levels: Array) -> Array:
        """(T, ...) from levels to rows."""
        return levels if self.sums is None else _times(self.sums.T, levels)


def _times(matrix: Array, rows: Array) -> Array:
    """(m, ...) of a matrix (m, n) and rows (n, ...)."""
    flat = rows if rows.ndim == 2 else rows.reshape(len(rows), math.prod(rows.shape[1:]))
    return np.asarray(matrix @ flat).reshape(len(matrix), *rows.shape[1:])


@dataclass(frozen=True, eq=False)
class ScaledSamples(Frozen):
    """The problem in units in which mu = alpha = 1."""

    targets: Array  # (T, k) X
    slack: Array  # (T,) e, 0 for an exact decoder
    ones: Array  # (T,) what an offset adds to the rows
    views: tuple[Levels, ...]  # what a neuron may depend on

    @property
    def apart(self) -> bool:
        """Whether each sample is a level of its own, so that samples do not meet but in the neurons."""
        return len(self.views) == 1 and self.views[0].sums is None

    @property
    def shifts(self) -> Array:
        """(T, k, k) how the rows move with the offset."""
        return self.ones[:, None, None] * np.eye(self.targets.shape[1])


@dataclass(frozen=True, eq=False)
class Decoders(Frozen):
    """Decoders (or unit directions) of neurons."""

    decoders: Array  # (n, k)
    views: Indices  # (n,) the view of each

    def chosen(self, which: Mask | Indices) -> Decoders:
        """Some of the neurons, by a mask or by number."""
        return Decoders(self.decoders[which], self.views[which])

    def of(self, samples: ScaledSamples) -> Iterator[tuple[Levels, Array]]:
        """Each view, and (m, k) the decoders of its neurons."""
        for place, view in enumerate(samples.views):
            yield view, self.decoders[self.views == place]

    def joined(self, other: Decoders) -> Decoders:
        """These and others."""
        return Decoders(np.concatenate([self.decoders, other.decoders]), np.concatenate([self.views, other.views]))


@dataclass(frozen=True, eq=False)
class Response(Frozen):
    """The best activities of given decoders."""

    samples: ScaledSamples  # the problem
    neurons: Decoders  # the decoders
    multiplier: Array  # (T, k) M
    loss: float  # F
    missed: float  # largest entry by which the condition fails
    activity: tuple[Array, ...]  # (L, n) of each view: activity of its neurons on its levels
    softness: tuple[Array, ...]  # (L, n) of each view: how activity rises with M_L v, 1 / p_L or 0 without smoothing
    smoothing: float = 0.0  # theta

    @cached_property
    def root(self) -> Array:
        """Cholesky factor of J: (T, k, k) blocks, or (T k, T k)."""
        return _root(self.samples, self.neurons, self.softness)

    def whitened(self, columns: Array) -> Array:
        """(T k, m) R^-1 E, with J = R R'.

        Args:
            columns: (T, k, m) E.
        """
        return _forward(self.samples, self.root, columns)

    def moved(self, columns: Array, step: Array) -> Array:
        """(T, k) how M moves, -J^-1 E d, if the fit moves by E d.

        Args:
            columns: (T, k, m) E.
            step: (m,) d.
        """
        return -_solve(self.samples, self.root, columns @ step)


def centred(response: Response) -> Array:
    """(T, k) M with ones'M = 0, changed where the samples resist least.

    Args:
        response: at an offset that is nearly the best.
    """
    shifts = response.samples.shifts
    half = response.whitened(shifts)
    wanted = response.samples.ones @ response.multiplier
    step = np.asarray(np.linalg.lstsq(half.T @ half, wanted, rcond=None)[0], dtype=float)
    return np.asarray(response.multiplier + response.moved(shifts, step), dtype=float)


def respond(
    samples: ScaledSamples, neurons: Decoders, offset: Array, start: Array | None = None, *, smoothing: float = 0.0
) -> Response:
    """The best activities of decoders.

    Args:
        samples: the problem.
        neurons: decoders.
        offset: (k,) beta.
        start: (T, k) a multiplier to start with.
        smoothing: theta.

    Example:
        >>> samples = ScaledSamples(np.array([[-1.0], [1.0]]), np.zeros(2), np.ones(2), (Levels(np.array([0.5, 0.5])),))
        >>> respond(samples, Decoders(np.array([[1.0], [-1.0]]), np.zeros(2, dtype=int)), np.zeros(1)).loss
        3.0
    """
    wanted = samples.targets - samples.ones[:, None] * offset
    M = 0.1 * wanted if start is None else start
    scale = float(np.abs(wanted).max(initial=0.0))
    here = _objective(samples, neurons, wanted, M, smoothing)
    for _ in range(RESPONSE.steps):
        if here.missed <= RESPONSE.solved * scale or time_is_up():  # step 3
            break
        step = _solve(samples, _root(samples, neurons, here.softness), here.rest)  # step 1
        length, better = 1.0, False
        while length > 1e-9 and not better:  # step 2
            trial = M + length * step
            there = _objective(samples, neurons, wanted, trial, smoothing)
            gained = there.value - here.value
            better = gained > 0 or (abs(gained) <= 1e-13 * abs(here.value) and there.missed < 0.9 * here.missed)
            length /= 3
        if not better:
            break
        M, here = trial, there
    loss = float((neurons.decoders**2).sum()) + here.value
    return Response(samples, neurons, M, loss, here.missed, here.activity, here.softness, smoothing)


def active(view: Levels, pushed: Array, smoothing: float) -> tuple[Array, Array]:
    """(L, n) activity for M_L v, and its derivative.

    Args:
        view: levels.
        pushed: (L, n) M_L v.
        smoothing: theta.

    Example:
        >>> active(Levels(np.array([0.5])), np.array([[1.0, -1.0]]), 0.0)[0].tolist()
        [[2.0, 0.0]]
    """
    p = view.probabilities[:, None]
    if smoothing == 0:
        return np.maximum(pushed, 0) / p, (pushed > 0) / p
    root = np.sqrt(pushed**2 + 4 * smoothing * p**2)
    activity = np.where(pushed > 0, (pushed + root) / (2 * p), 2 * smoothing * p / (root + np.abs(pushed)))
    return activity, activity / root


class _Objective(NamedTuple):
    """The concave objective at a multiplier."""

    value: float
    rest: Array  # (T, k) half its gradient: what the condition misses
    activity: tuple[Array, ...]  # as in `Response`
    softness: tuple[Array, ...]

    @property
    def missed(self) -> float:
        """The largest entry by which the condition fails."""
        return float(np.abs(self.rest).max(initial=0.0))


def _objective(samples: ScaledSamples, neurons: Decoders, wanted: Array, M: Array, smoothing: float) -> _Objective:
    value = 2 * float((M * wanted).sum()) - float(samples.slack @ (M**2).sum(axis=1))
    rest, activities, softness = wanted - samples.slack[:, None] * M, list[Array](), list[Array]()
    for view, V in neurons.of(samples):
        pushed = view.totals(M) @ V.T
        activity, rises = active(view, pushed, smoothing)
        value -= float((2 * pushed * activity - view.probabilities[:, None] * activity**2).sum())
        if smoothing > 0:
            value -= 2 * smoothing * float((view.probabilities @ np.log(activity)).sum())
        rest = rest - view.spread(activity @ V)
        activities.append(activity)
        softness.append(rises)
    return _Objective(value, rest, tuple(activities), tuple(softness))


def _root(samples: ScaledSamples, neurons: Decoders, softness: tuple[Array, ...]) -> Array:
    """Cholesky factor of J (step 1)."""
    k = samples.targets.shape[1]
    blocks = []
    for (_, V), rises in zip(neurons.of(samples), softness, strict=True):
        outer = (V[:, :, None] * V[:, None, :]).reshape(len(V), k * k)
        blocks.append((rises @ outer).reshape(-1, k, k))
    if samples.apart:
        J = blocks[0] + samples.slack[:, None, None] * np.eye(k)
        p = samples.views[0].probabilities
        mean = float(p @ np.trace(J, axis1=1, axis2=2)) / len(p)
        return _factor(J, (mean / p)[:, None, None] * np.eye(k))
    T = len(samples.targets)
    whole = np.zeros((T, k, T, k))
    for view, block in zip(samples.views, blocks, strict=True):
        sums = view.totals(np.eye(T))
        for i in range(k):
            for j in range(i + 1):
                part = sums.T @ (block[:, i, j, None] * sums)
                whole[:, i, :, j] += part
                if i != j:
                    whole[:, j, :, i] += part
    dense = whole.reshape(T * k, T * k)
    dense[np.diag_indices(T * k)] += np.repeat(samples.slack, k)
    return _factor(dense, float(np.trace(dense)) / (T * k) * np.eye(T * k))


def _factor(J: Array, unit: Array) -> Array:
    """Cholesky's factor, with as little of the ridge as lets it exist."""
    ridge = RESPONSE.ridge
    while True:
        try:
            return np.asarray(np.linalg.cholesky(J + ridge * unit))
        except np.linalg.LinAlgError:
            ridge *= 100
            if ridge > 1:
                raise


def _forward(samples: ScaledSamples, root: Array, columns: Array) -> Array:
    """R^-1 E as (T k, m)."""
    T, k, m = columns.shape
    if samples.apart:
        solved = np.empty_like(columns)
        for i in range(k):  # forward substitution in all blocks at once
            known = np.einsum("tj,tjm->tm", root[:, i, :i], solved[:, :i]) if i else 0.0
            solved[:, i] = (columns[:, i] - known) / root[:, i, i, None]
        return solved.reshape(T * k, m)
    return np.asarray(solve_triangular(root, columns.reshape(T * k, m), lower=True, check_finite=False))


def _solve(samples: ScaledSamples, root: Array, right: Array) -> Array:
    """J^-1 times (T, k)."""
    half = _forward(samples, root, right[:, :, None])
    if samples.apart:
        return np.asarray(np.linalg.solve(root.transpose(0, 2, 1), half.reshape(*right.shape, 1))[:, :, 0])
    return np.asarray(solve_triangular(root, half, lower=True, trans=1, check_finite=False)).reshape(right.shape)
