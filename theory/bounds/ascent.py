"""Local pricing for any number of sources: climb from a neuron to one that is worth more for its cost.

A neuron scaled to h(w) = 1 lies on the boundary of the polytope P = {w : -w.s_t <= 1 for every sample}, and there

    ratio = w'Y w / f(w) > rho      <=>      w'(Y - rho M) w > rho.

So raising the ratio means raising a quadratic on a polytope, with rho the ratio of the present neuron. The climb is an
active-set method: it keeps the samples that tie for the bias, moves within the face that they hold (towards its
stationary point, or to the next sample that ties), and lets a sample go whose multiplier has the wrong sign. Where no
such move rises it looks across the edges: the quadratic is convex along most of them, so that the far end may be
higher although the near end slopes down. All climbs run at once, as stacked arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from theory.arrays import Array, Indices, Mask
    from theory.problem import Problem

__all__ = ["Ascent", "LocalMaxima"]

STEPS_PER_SOURCE = 20
"""Steps of one climb between crossings at most, per source; most end after three."""

CROSSINGS = 30
"""Edges crossed at most by one climb."""

SLOPE = 1e-10
"""Slope, relative to the gradient, below which a direction counts as level."""

RISE = 1e-11
"""Relative rise of the ratio that is worth crossing an edge for: above rounding, below any use."""

LEVEL = 1e-14
"""Relative rise of the ratio by a step within a face below which the face's top has been reached up to rounding."""

TOUCHING = 1e-13
"""Least slack of a sample that is not tied: rounding could let a move approach one that it runs along."""

APART = 1e-8
"""Samples are moved apart by up to this share, so that no more tie than there are sources; undone at the end."""

REFRESH = 40
"""Steps after which the inverses, updated by rank one, are computed afresh."""

STACK = 4_000_000
"""Entries of a temporary at most: it decides how many climbs run at once."""


@dataclass(frozen=True)
class LocalMaxima:
    """The ends of k climbs.

    Attributes:
        ratios: (k,) w'Y w / f(w).
        neurons: (k, d) scaled to f = 1.
        tied: (k, d) indices into the distinct samples of those that hold the neuron's face; -1 in unused places.
    """

    ratios: Array
    neurons: Array
    tied: Indices

    def __getitem__(self, rows: Indices | Mask | slice) -> LocalMaxima:
        return LocalMaxima(self.ratios[rows], self.neurons[rows], self.tied[rows])

    @staticmethod
    def none(dimension: int) -> LocalMaxima:
        """No climbs."""
        return LocalMaxima(np.empty(0), np.empty((0, dimension)), np.empty((0, dimension), dtype=np.intp))

    @staticmethod
    def joined(parts: list[LocalMaxima]) -> LocalMaxima:
        """All of them in one."""
        return LocalMaxima(
            *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(LocalMaxima))
        )


class Ascent:
    """Climbs for one problem; cheap to ask again with another multiplier.

    Args:
        problem: any number of sources; all its distinct samples are constraints.
        enough: asked after every step; once it is true all climbs end where they are.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]])
        >>> start = np.array([[1.0, 0.5]])
        >>> ratios, neurons = Ascent(problem).climb(np.eye(2), start)
        >>> bool(ratios[0] >= (start @ start.T)[0, 0] / problem.neuron_cost(start)[0])
        True
    """

    def __init__(self, problem: Problem, enough: Callable[[], bool] = lambda: False) -> None:
        self.problem = problem
        self.enough = enough
        self.scale = np.sqrt(problem.modular_costs)
        self.normals = -problem.sources.vertices / self.scale
        self.energy_matrix = problem.energy_matrix / np.outer(self.scale, self.scale)
        self.reach = 1 + APART * np.random.default_rng(0).random(len(self.normals))

    def climb(self, multiplier: Array, starts: Array) -> tuple[Array, Array]:
        """Ratios (k,) and neurons (k, d) scaled to f = 1 at the ends of climbs from the rows of starts (k, d)."""
        maxima = self.maxima(multiplier, starts)
        return maxima.ratios, maxima.neurons

    def maxima(self, multiplier: Array, starts: Array) -> LocalMaxima:
        """The ends of climbs from the rows of starts (k, d), with the samples that tie there."""
        worth = multiplier / np.outer(self.scale, self.scale)
        size = max(1, STACK // (len(self.normals) + 4 * len(self.scale) ** 2))
        parts = [self._stack(worth, starts[first : first + size] * self.scale) for first in range(0, len(starts), size)]
        maxima = LocalMaxima.joined(parts) if parts else LocalMaxima.none(len(self.scale))
        return LocalMaxima(maxima.ratios, maxima.neurons / self.scale, maxima.tied)

    def _stack(self, worth: Array, starts: Array) -> LocalMaxima:
        climbs = _Climbs(self, worth, starts)
        climbs.run()
        return self._better(worth, starts, climbs)

    def _better(self, worth: Array, starts: Array, climbs: _Climbs) -> LocalMaxima:
        """The exact end of each climb, or its start where rounding ate the rise."""
        # Whoever is stopped on the way is not near the top of its face.
        ends, tied = climbs.neurons if self.enough() else climbs.settled(), climbs.tied
        before, after = self._unit(starts), self._unit(ends)
        ratio_before = np.einsum("ni,ij,nj->n", before, worth, before)
        ratio_after = np.einsum("ni,ij,nj->n", after, worth, after)
        risen = ratio_after >= ratio_before
        neurons = np.where(risen[:, None], after, before)
        return LocalMaxima(np.where(risen, ratio_after, ratio_before), neurons, tied)

    def _unit(self, neurons: Array) -> Array:
        return neurons / np.sqrt(self.problem.neuron_cost(neurons / self.scale))[:, None]


@dataclass(frozen=True)
class _Moment:
    """Where some climbs stand: which, their ratios, half the gradients of w'(Y - rho M) w, edges, slots without a
    sample, and lengths of the edges and slopes along them.
    """

    rows: Indices
    rho: Array
    gradient: Array
    edges: Array
    free: Mask
    size: Array
    slope: Array

    def __getitem__(self, part: Indices | Mask) -> _Moment:
        return _Moment(*(getattr(self, field.name)[part] for field in fields(self)))


class _Climbs:
    """k climbs under way, in coordinates in which every source's own neuron costs one.

    Each has d slots. A slot holds a tied sample, or none; ``edges[i, :, j]`` is the direction in which the product with
    the sample of slot j grows at rate one and those of all other slots stay.
    """

    def __init__(self, ascent: Ascent, worth: Array, starts: Array) -> None:
        self.ascent = ascent
        self.worth = worth
        values = starts @ ascent.normals.T / ascent.reach
        first = values.argmax(axis=1)
        self.neurons = starts / values.max(axis=1)[:, None]
        count, dimension = starts.shape
        self.tied = np.full((count, dimension), -1)
        self.tied[:, 0] = first
        self.on_top = np.zeros(count, dtype=bool)
        self.edges = np.empty((count, dimension, dimension))
        self._refresh(np.arange(count))
        self.slack = self._slack(np.arange(count))

    def run(self) -> None:
        """Climb, look across the edges, climb on."""
        going = np.arange(len(self.neurons))
        for _ in range(CROSSINGS):
            self._climb(going)
            if self.ascent.enough():
                break
            going = self._cross(going)
            if not len(going):
                break

    def settled(self) -> Array:
        """(k, d) neurons at the stationary points of their faces, the samples back in their places."""
        rows = np.arange(len(self.neurons))
        self._refresh(rows)
        held = (self.tied >= 0).astype(float)
        start = np.einsum("kij,kj->ki", self.edges, held)
        now = self._now(rows)
        form = self.worth - now.rho[:, None, None] * self.ascent.energy_matrix
        now = replace(now, slope=np.einsum("kij,kil,kl->kj", self.edges, form, start))
        return np.asarray(start + np.einsum("kij,kj->ki", self.edges, self._to_top(now)))

    # ---- one step ---------------------------------------------------------------------------------------------

    def _climb(self, rows: Indices) -> None:
        limit = STEPS_PER_SOURCE * self.neurons.shape[1]
        for step in range(1, limit + 1):
            if step % REFRESH == 0:
                self._refresh(rows)
                self.slack[rows] = self._slack(rows)
            rows = self._step(rows)
            if not len(rows) or self.ascent.enough():
                return

    def _step(self, rows: Indices) -> Indices:
        """Move each of these climbs once; return those that are not yet at their end."""
        now = self._now(rows)
        steep = now.slope / now.size
        level = SLOPE * np.linalg.norm(now.gradient, axis=1)
        inside = ((np.abs(steep) * now.free).max(axis=1) > level) & ~self.on_top[rows]
        # Level within the face: let go of the sample that pulls hardest the wrong way, unless it is the last.
        pull = np.where(now.free, np.inf, steep)
        released = pull.argmin(axis=1)
        leaving = ~inside & (pull.min(axis=1) < -level) & ((~now.free).sum(axis=1) > 1)
        step = np.where(now.free & inside[:, None], now.slope / now.size**2, 0.0)
        step[leaving, released[leaving]] = -1.0
        ended = np.flatnonzero(~inside & ~leaving & now.free.any(axis=1))
        step[ended] = self._off_saddle(now[ended])
        self.slack[rows[leaving], self.tied[rows[leaving], released[leaving]]] = TOUCHING
        self.tied[rows[leaving], released[leaving]] = -1
        now.free[leaving, released[leaving]] = True
        moving: Mask = np.abs(step).max(axis=1) > 0
        if moving.any():
            self._move(now[moving], step[moving], inside[moving])
        return rows[moving]

    def _move(self, now: _Moment, step: Array, inside: Mask) -> None:
        """Follow the step to the next wall; where a top along it comes first, `_up` knows a better step."""
        rows = now.rows
        direction = np.einsum("kij,kj->ki", now.edges, step)
        slack = self.slack[rows]
        rates, furthest, sample = self._furthest(slack, direction)
        rising = np.einsum("ki,ki->k", direction, now.gradient)
        curvature = self._curvature(direction, now.rho)
        top = np.where(curvature < 0, rising / np.where(curvature < 0, -curvature, 1.0), np.inf)
        short = np.flatnonzero((top < furthest) & inside)
        if len(short):
            better, to_top = self._up(now[short])
            usable = np.abs(better).max(axis=1) > 0
            short, better, to_top = short[usable], better[usable], to_top[usable]
            direction[short] = np.einsum("kij,kj->ki", now.edges[short], better)
            rates[short], furthest[short], sample[short] = self._furthest(slack[short], direction[short])
            rising[short] = np.einsum("ki,ki->k", direction[short], now.gradient[short])
            curvature[short] = np.where(to_top, -rising[short], self._curvature(direction[short], now.rho[short]))
            top[short] = np.where(to_top, 1.0, np.inf)
        length = np.minimum(top, furthest)
        self.neurons[rows] += length[:, None] * direction
        self._advance(rows, slack, length, rates)
        hit = top >= furthest
        rise = length * (2 * rising + length * curvature)
        self.on_top[rows] = ~hit & (rise <= LEVEL * now.rho)
        self._hold(rows[hit], sample[hit], now.free[hit])

    def _furthest(self, slack: Array, direction: Array) -> tuple[Array, Array, Indices]:
        """Rates (..., T) at which the walls are approached, the length to the first, and its sample."""
        rates = direction @ self.ascent.normals.T
        haste = rates / slack
        sample = haste.argmax(axis=-1)
        fastest = np.take_along_axis(haste, sample[..., None], axis=-1)[..., 0]
        return rates, np.where(fastest > 0, 1 / np.where(fastest > 0, fastest, 1.0), np.inf), sample

    def _advance(self, rows: Indices, slack: Array, length: Array, rates: Array) -> None:
        """Write the slack after moves of this length; ``rates`` is used up."""
        rates *= length[:, None]
        slack -= rates
        self.slack[rows] = np.maximum(slack, TOUCHING, out=slack)

    def _hold(self, rows: Indices, samples: Indices, free: Mask) -> None:
        """Put a sample that has come to tie into the free slot whose edge meets its wall most squarely."""
        edges = self.edges[rows]
        product = np.einsum("ki,kij->kj", self.ascent.normals[samples], edges)
        square = np.where(free, np.abs(product) / np.linalg.norm(edges, axis=1), -1.0)
        slot = square.argmax(axis=1)
        index = np.arange(len(rows))
        pivot = edges[index, :, slot] / product[index, slot][:, None]
        edges -= pivot[:, :, None] * product[:, None, :]
        edges[index, :, slot] = pivot
        self.edges[rows] = edges
        self.tied[rows, slot] = samples
        self.slack[rows, samples] = np.inf

    def _off_saddle(self, now: _Moment) -> Array:
        """Steps (k, d) in the slots uphill along the most convex direction of the faces; zero where concave."""
        values, vectors = np.linalg.eigh(self._within(now))
        out = vectors[:, :, -1] * now.free / now.size
        uphill = np.einsum("kj,kj->k", out, now.slope) >= 0
        convex = values[:, -1] > SLOPE * np.abs(values).max(axis=1)
        return np.asarray(out * (np.where(uphill, 1.0, -1.0) * convex)[:, None])

    def _up(self, now: _Moment) -> tuple[Array, Mask]:
        """Steps (k, d) in the slots to the stationary points of the faces, or else without a top; which are the former.

        A stationary point that lies downhill is a saddle. Steps along the gradient would zigzag in its valley, hundreds
        of them where the face is long; the most convex direction rises all the way to a wall instead.
        """
        step = self._to_top(now)
        to_top: Mask = np.einsum("kj,kj->k", step, now.slope) > 0
        saddle = np.flatnonzero(~to_top)
        if len(saddle):
            step[saddle] = self._off_saddle(now[saddle])
        return step, to_top

    def _to_top(self, now: _Moment) -> Array:
        """Steps (k, d) in the slots to the stationary points of the faces; zero where there is none."""
        slope = np.where(now.free, now.slope / now.size, 0.0)
        form = self._within(now)
        try:
            scaled = np.linalg.solve(form, -slope[:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:
            scaled = (np.linalg.pinv(form, hermitian=True) @ -slope[:, :, None])[:, :, 0]
        return np.asarray(np.where(now.free, scaled / now.size, 0.0))

    def _within(self, now: _Moment) -> Array:
        """(k, d, d) Y - rho M along the free edges, scaled to unit length; negative on the diagonal of other slots."""
        form = self.worth - now.rho[:, None, None] * self.ascent.energy_matrix
        unit = now.edges / now.size[:, None, :] * now.free[:, None, :]
        inner = np.swapaxes(unit, 1, 2) @ form @ unit
        index = np.arange(now.free.shape[1])
        inner[:, index, index] -= np.where(now.free, 0.0, np.abs(np.trace(form, axis1=1, axis2=2))[:, None])
        return np.asarray(inner)

    # ---- across the edges -------------------------------------------------------------------------------------

    def _cross(self, rows: Indices) -> Indices:
        """Move each of these climbs to the best far end of an edge, if that is higher; return those that moved."""
        size = max(1, STACK // (len(self.ascent.normals) * self.neurons.shape[1]))
        parts = [self._cross_some(rows[first : first + size]) for first in range(0, len(rows), size)]
        return np.concatenate(parts) if parts else rows

    def _cross_some(self, rows: Indices) -> Indices:
        now = self._now(rows)
        slack = self.slack[rows]
        away = -np.swapaxes(now.edges, 1, 2)
        rates, length, sample = self._furthest(slack[:, None, :], away)
        bend = np.einsum("kji,kji->kj", away @ self.worth, away)
        bend -= now.rho[:, None] * np.einsum("kji,kji->kj", away @ self.ascent.energy_matrix, away)
        usable = ~now.free & np.isfinite(length) & ((~now.free).sum(axis=1) > 1)[:, None]
        length = np.where(usable, length, 0.0)
        gain = length * (length * bend - 2 * now.slope)
        slot = gain.argmax(axis=1)
        index = np.arange(len(rows))
        index = np.flatnonzero(gain[index, slot] > RISE * np.maximum(now.rho, np.finfo(float).tiny))
        rows, slot = rows[index], slot[index]
        if len(rows):
            step = length[index, slot]
            left = self.tied[rows, slot]
            self.neurons[rows] += step[:, None] * away[index, slot]
            self._advance(rows, slack[index], step, rates[index, slot])
            self.slack[rows, left] = step
            self.tied[rows, slot] = -1
            self.on_top[rows] = False
            self._hold(rows, sample[index, slot], np.arange(now.free.shape[1]) == slot[:, None])
        return rows

    # ---- bookkeeping ------------------------------------------------------------------------------------------

    def _now(self, rows: Indices) -> _Moment:
        rho, gradient = self._gradient(rows)
        edges = self.edges[rows]
        slope = np.einsum("ki,kij->kj", gradient, edges)
        return _Moment(rows, rho, gradient, edges, self.tied[rows] < 0, np.linalg.norm(edges, axis=1), slope)

    def _gradient(self, rows: Indices | slice) -> tuple[Array, Array]:
        """The ratio of each neuron, and half the gradient of w'(Y - rho M) w."""
        neurons = self.neurons[rows]
        worth, energy = neurons @ self.worth, neurons @ self.ascent.energy_matrix
        rho = np.einsum("ki,ki->k", neurons, worth) / (np.einsum("ki,ki->k", neurons, energy) + 1)
        rho = np.maximum(rho, 0.0)
        return rho, worth - rho[:, None] * energy

    def _curvature(self, direction: Array, rho: Array) -> Array:
        bend = np.einsum("ki,ki->k", direction @ self.worth, direction)
        return np.asarray(bend - rho * np.einsum("ki,ki->k", direction @ self.ascent.energy_matrix, direction))

    def _slack(self, rows: Indices) -> Array:
        slack = np.maximum(self.ascent.reach - self.neurons[rows] @ self.ascent.normals.T, TOUCHING)
        row, slot = np.nonzero(self.tied[rows] >= 0)
        slack[row, self.tied[rows][row, slot]] = np.inf
        return slack

    def _refresh(self, rows: Indices) -> None:
        """Edges afresh; the slots without a sample get directions orthogonal to the samples of the others."""
        order = np.argsort(self.tied[rows] < 0, axis=1, kind="stable")
        tied = np.take_along_axis(self.tied[rows], order, axis=1)
        free = tied < 0
        matrix = np.where(free[:, :, None], 0.0, self.ascent.normals[tied])
        basis = np.linalg.qr(np.swapaxes(matrix, 1, 2))[0]
        matrix = np.where(free[:, :, None], np.swapaxes(basis, 1, 2), matrix)
        self.tied[rows] = tied
        self.edges[rows] = np.linalg.inv(matrix)
