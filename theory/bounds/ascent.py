"""Local pricing for any number of sources: an active-set ascent of the ratio w'Y w / f(w) (docs/mathematics.md, "Local
pricing").

A neuron scaled to h(w) = 1 lies on the boundary of the polytope P = {w : -w.s_t <= 1 for every sample}, and there

    ratio = w'Y w / f(w) > rho      <=>      w'(Y - rho M) w > rho.

So rho, the ratio of the present neuron, rises with a quadratic on P. All ascents run at once, as stacked arrays:

1. The active set is the samples that tie for the bias: at most d constraints -w.s_t <= 1. With each goes an edge: the
   direction in which its constraint changes and those of the others do not. Other edges, the free ones, span the face.
2. Evaluate rho, the gradient of w'(Y - rho M) w, and its slope along every edge.
3. Where the gradient has a component in the face, follow it. If the maximum on that line comes before the next
   constraint, move to the stationary point of the face instead, or, where that is a saddle, along the most convex
   direction.
4. Where the face is stationary, drop the constraint whose multiplier has the most wrong sign. If all signs are right,
   leave a saddle along the most convex direction.
5. Stop at the first constraint on the way, and add it to the active set in the place of a free edge.
6. Where no such step rises, compare the far ends of the edges: the quadratic is convex along most of them, so that the
   far end may be higher. Move to the best and go on with 2, else end.
7. At the end, compute the stationary point of the face from the active set afresh.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

from theory.arrays import Array, Indices, Mask
from theory.problem import Problem


@dataclass(frozen=True)
class LocalMaximaTolerances:
    """When a direction is level, a step is too short, and an ascent ends."""

    steps_per_source: int = 20  # most steps between two crossings; most ascents take three
    crossings: int = 30  # most edges crossed
    slope: float = 1e-10  # relative to the gradient: a smaller slope is none
    crossing: float = 1e-11  # least relative rise of the ratio by crossing an edge: above rounding
    rise: float = 1e-14  # relative rise of the ratio by a step in a face below which the face is stationary
    slack: float = 1e-13  # least slack outside the active set: a step may run along a constraint
    spread: float = 1e-8  # relative shifts of the constraints, so that at most d are active; undone at the end
    refresh: int = 40  # steps after which the edges, updated by rank one, are computed afresh
    entries: int = 4_000_000  # of a temporary: decides how many ascents run at once


ACTIVE_SET = LocalMaximaTolerances()


@dataclass(frozen=True)
class LocalMaxima:
    """The ends of k ascents."""

    ratios: Array  # (k,) w'Y w / f(w)
    neurons: Array  # (k, d) scaled to f = 1
    tied: Indices  # (k, d) active set of each, as indices into the distinct samples; -1 in unused places

    def __getitem__(self, rows: Indices | Mask | slice) -> LocalMaxima:
        return LocalMaxima(self.ratios[rows], self.neurons[rows], self.tied[rows])

    @staticmethod
    def none(dimension: int) -> LocalMaxima:
        """No ascents."""
        return LocalMaxima(np.empty(0), np.empty((0, dimension)), np.empty((0, dimension), dtype=np.intp))

    @staticmethod
    def joined(parts: list[LocalMaxima]) -> LocalMaxima:
        """Several of them as one."""
        return LocalMaxima(
            *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(LocalMaxima))
        )


class Ascent:
    """Ascents for one problem, of which all distinct samples are constraints, and any multiplier.

    Once `enough`, called after every step, is true, all of them end where they are.

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
        self.reach = 1 + ACTIVE_SET.spread * np.random.default_rng(0).random(len(self.normals))

    def climb(self, multiplier: Array, starts: Array) -> tuple[Array, Array]:
        """Ratios (k,) and neurons (k, d) scaled to f = 1 at the ends of ascents from the rows of starts (k, d)."""
        maxima = self.maxima(multiplier, starts)
        return maxima.ratios, maxima.neurons

    def maxima(self, multiplier: Array, starts: Array) -> LocalMaxima:
        """The ends of ascents from the rows of starts (k, d)."""
        worth = multiplier / np.outer(self.scale, self.scale)
        size = max(1, ACTIVE_SET.entries // (len(self.normals) + 4 * len(self.scale) ** 2))
        parts = [self._stack(worth, starts[first : first + size] * self.scale) for first in range(0, len(starts), size)]
        maxima = LocalMaxima.joined(parts) if parts else LocalMaxima.none(len(self.scale))
        return LocalMaxima(maxima.ratios, maxima.neurons / self.scale, maxima.tied)

    def _stack(self, worth: Array, starts: Array) -> LocalMaxima:
        """The ends, or the starts where rounding ate the rise."""
        ascents = _ActiveSets(self, worth, starts)
        ascents.run()
        # Step 7. An ascent stopped on the way is not near the stationary point of its face.
        ends = ascents.neurons if self.enough() else ascents.stationary()
        before, after = self._unit(starts), self._unit(ends)
        ratio_before = np.einsum("ni,ij,nj->n", before, worth, before)
        ratio_after = np.einsum("ni,ij,nj->n", after, worth, after)
        risen = ratio_after >= ratio_before
        neurons = np.where(risen[:, None], after, before)
        return LocalMaxima(np.where(risen, ratio_after, ratio_before), neurons, ascents.tied)

    def _unit(self, neurons: Array) -> Array:
        return neurons / np.sqrt(self.problem.neuron_cost(neurons / self.scale))[:, None]


@dataclass(frozen=True)
class _State:
    """Where m of the ascents stand."""

    rows: Indices  # (m,) which ascents
    rho: Array  # (m,) their ratios
    gradient: Array  # (m, d) half the gradient of w'(Y - rho M) w
    edges: Array  # (m, d, d) one in each column
    free: Mask  # (m, d) whether an edge lies in the face
    size: Array  # (m, d) lengths of the edges
    slope: Array  # (m, d) gradient along the edges

    def __getitem__(self, part: Indices | Mask) -> _State:
        return _State(*(getattr(self, field.name)[part] for field in fields(self)))


class _ActiveSets:
    """k ascents under way, in coordinates in which every modular neuron of unit weight costs one.

    Each has d slots. A slot holds an active constraint or none (tied: -1); ``edges[i, :, j]`` is the direction in which
    the product with the sample of slot j grows at rate one and those of all other slots stay (step 1).
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
        self.at_top = np.zeros(count, dtype=bool)
        self.edges = np.empty((count, dimension, dimension))
        self._refresh(np.arange(count))
        self.slack = self._slack(np.arange(count))

    def run(self) -> None:
        """Steps 2 to 6."""
        rows = np.arange(len(self.neurons))
        for _ in range(ACTIVE_SET.crossings):
            self._climb(rows)
            if self.ascent.enough():
                break
            rows = self._cross(rows)
            if not len(rows):
                break

    def stationary(self) -> Array:
        """(k, d) neurons at the stationary points of their faces, without the shifts of the constraints."""
        rows = np.arange(len(self.neurons))
        self._refresh(rows)
        start = np.einsum("kij,kj->ki", self.edges, (self.tied >= 0).astype(float))
        state = self._state(rows)
        form = self.worth - state.rho[:, None, None] * self.ascent.energy_matrix
        state = replace(state, slope=np.einsum("kij,kil,kl->kj", self.edges, form, start))
        return np.asarray(start + np.einsum("kij,kj->ki", self.edges, self._to_stationary(state)))

    # ---- one step ---------------------------------------------------------------------------------------------

    def _climb(self, rows: Indices) -> None:
        limit = ACTIVE_SET.steps_per_source * self.neurons.shape[1]
        for step in range(1, limit + 1):
            if step % ACTIVE_SET.refresh == 0:
                self._refresh(rows)
                self.slack[rows] = self._slack(rows)
            rows = self._step(rows)
            if not len(rows) or self.ascent.enough():
                return

    def _step(self, rows: Indices) -> Indices:
        """Move each of these ascents once; return those that moved."""
        state = self._state(rows)  # step 2
        steep = state.slope / state.size
        level = ACTIVE_SET.slope * np.linalg.norm(state.gradient, axis=1)
        # Step 3.
        inside = ((np.abs(steep) * state.free).max(axis=1) > level) & ~self.at_top[rows]
        step = np.where(state.free & inside[:, None], state.slope / state.size**2, 0.0)
        # Step 4: drop a constraint, unless it is the last.
        multiplier = np.where(state.free, np.inf, steep)
        dropped = multiplier.argmin(axis=1)
        leaving = ~inside & (multiplier.min(axis=1) < -level) & ((~state.free).sum(axis=1) > 1)
        step[leaving, dropped[leaving]] = -1.0
        ended = np.flatnonzero(~inside & ~leaving & state.free.any(axis=1))
        step[ended] = self._off_saddle(state[ended])
        self.slack[rows[leaving], self.tied[rows[leaving], dropped[leaving]]] = ACTIVE_SET.slack
        self.tied[rows[leaving], dropped[leaving]] = -1
        state.free[leaving, dropped[leaving]] = True
        moving: Mask = np.abs(step).max(axis=1) > 0
        if moving.any():
            self._move(state[moving], step[moving], inside[moving])
        return rows[moving]

    def _move(self, state: _State, step: Array, inside: Mask) -> None:
        """Follow a step to the next constraint or to the maximum on the way (steps 3 and 5)."""
        rows = state.rows
        direction = np.einsum("kij,kj->ki", state.edges, step)
        slack = self.slack[rows]
        rates, furthest, sample = self._furthest(slack, direction)
        rising = np.einsum("ki,ki->k", direction, state.gradient)
        curvature = self._curvature(direction, state.rho)
        top = np.where(curvature < 0, rising / np.where(curvature < 0, -curvature, 1.0), np.inf)
        short = np.flatnonzero((top < furthest) & inside)
        if len(short):
            better, to_top = self._up(state[short])
            usable = np.abs(better).max(axis=1) > 0
            short, better, to_top = short[usable], better[usable], to_top[usable]
            direction[short] = np.einsum("kij,kj->ki", state.edges[short], better)
            rates[short], furthest[short], sample[short] = self._furthest(slack[short], direction[short])
            rising[short] = np.einsum("ki,ki->k", direction[short], state.gradient[short])
            curvature[short] = np.where(to_top, -rising[short], self._curvature(direction[short], state.rho[short]))
            top[short] = np.where(to_top, 1.0, np.inf)
        length = np.minimum(top, furthest)
        self.neurons[rows] += length[:, None] * direction
        self._advance(rows, slack, length, rates)
        hit = top >= furthest
        rise = length * (2 * rising + length * curvature)
        self.at_top[rows] = ~hit & (rise <= ACTIVE_SET.rise * state.rho)
        self._add(rows[hit], sample[hit], state.free[hit])

    def _furthest(self, slack: Array, direction: Array) -> tuple[Array, Array, Indices]:
        """Rates (..., T) at which constraints are approached, the length to the first, and its sample."""
        rates = direction @ self.ascent.normals.T
        haste = rates / slack
        sample = haste.argmax(axis=-1)
        fastest = np.take_along_axis(haste, sample[..., None], axis=-1)[..., 0]
        return rates, np.where(fastest > 0, 1 / np.where(fastest > 0, fastest, 1.0), np.inf), sample

    def _advance(self, rows: Indices, slack: Array, length: Array, rates: Array) -> None:
        """Write the slack after moves of this length; ``rates`` is used up."""
        rates *= length[:, None]
        slack -= rates
        self.slack[rows] = np.maximum(slack, ACTIVE_SET.slack, out=slack)

    def _add(self, rows: Indices, samples: Indices, free: Mask) -> None:
        """Put a constraint into the free slot whose edge meets it most squarely."""
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

    def _off_saddle(self, state: _State) -> Array:
        """(m, d) steps in the slots, upwards along the most convex direction of the face; zero where it is concave."""
        values, vectors = np.linalg.eigh(self._within(state))
        out = vectors[:, :, -1] * state.free / state.size
        uphill = np.einsum("kj,kj->k", out, state.slope) >= 0
        convex = values[:, -1] > ACTIVE_SET.slope * np.abs(values).max(axis=1)
        return np.asarray(out * (np.where(uphill, 1.0, -1.0) * convex)[:, None])

    def _up(self, state: _State) -> tuple[Array, Mask]:
        """(m, d) steps in the slots to the stationary points or, from saddles, along the most convex direction; which.

        A stationary point that lies downhill is a saddle. Steps along the gradient would zigzag in its valley, hundreds
        of them where the face is long; the most convex direction rises all the way to a constraint.
        """
        step = self._to_stationary(state)
        to_top: Mask = np.einsum("kj,kj->k", step, state.slope) > 0
        saddle = np.flatnonzero(~to_top)
        if len(saddle):
            step[saddle] = self._off_saddle(state[saddle])
        return step, to_top

    def _to_stationary(self, state: _State) -> Array:
        """(m, d) steps in the slots to the stationary points of the faces; zero where there is none."""
        slope = np.where(state.free, state.slope / state.size, 0.0)
        form = self._within(state)
        try:
            scaled = np.linalg.solve(form, -slope[:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:
            scaled = (np.linalg.pinv(form, hermitian=True) @ -slope[:, :, None])[:, :, 0]
        return np.asarray(np.where(state.free, scaled / state.size, 0.0))

    def _within(self, state: _State) -> Array:
        """(m, d, d) Y - rho M along the free edges, scaled to unit length; negative on the diagonal of other slots."""
        form = self.worth - state.rho[:, None, None] * self.ascent.energy_matrix
        unit = state.edges / state.size[:, None, :] * state.free[:, None, :]
        inner = np.swapaxes(unit, 1, 2) @ form @ unit
        index = np.arange(state.free.shape[1])
        inner[:, index, index] -= np.where(state.free, 0.0, np.abs(np.trace(form, axis1=1, axis2=2))[:, None])
        return np.asarray(inner)

    # ---- across the edges -------------------------------------------------------------------------------------

    def _cross(self, rows: Indices) -> Indices:
        """Step 6: move to the best far end of an edge, if that is higher; return those that moved."""
        size = max(1, ACTIVE_SET.entries // (len(self.ascent.normals) * self.neurons.shape[1]))
        parts = [self._cross_some(rows[first : first + size]) for first in range(0, len(rows), size)]
        return np.concatenate(parts) if parts else rows

    def _cross_some(self, rows: Indices) -> Indices:
        state = self._state(rows)
        slack = self.slack[rows]
        away = -np.swapaxes(state.edges, 1, 2)
        rates, length, sample = self._furthest(slack[:, None, :], away)
        bend = np.einsum("kji,kji->kj", away @ self.worth, away)
        bend -= state.rho[:, None] * np.einsum("kji,kji->kj", away @ self.ascent.energy_matrix, away)
        usable = ~state.free & np.isfinite(length) & ((~state.free).sum(axis=1) > 1)[:, None]
        length = np.where(usable, length, 0.0)
        gain = length * (length * bend - 2 * state.slope)
        slot = gain.argmax(axis=1)
        index = np.arange(len(rows))
        index = np.flatnonzero(gain[index, slot] > ACTIVE_SET.crossing * np.maximum(state.rho, np.finfo(float).tiny))
        rows, slot = rows[index], slot[index]
        if len(rows):
            step = length[index, slot]
            left = self.tied[rows, slot]
            self.neurons[rows] += step[:, None] * away[index, slot]
            self._advance(rows, slack[index], step, rates[index, slot])
            self.slack[rows, left] = step
            self.tied[rows, slot] = -1
            self.at_top[rows] = False
            self._add(rows, sample[index, slot], np.arange(state.free.shape[1]) == slot[:, None])
        return rows

    # ---- bookkeeping ------------------------------------------------------------------------------------------

    def _state(self, rows: Indices) -> _State:
        rho, gradient = self._gradient(rows)
        edges = self.edges[rows]
        slope = np.einsum("ki,kij->kj", gradient, edges)
        return _State(rows, rho, gradient, edges, self.tied[rows] < 0, np.linalg.norm(edges, axis=1), slope)

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
        slack = np.maximum(self.ascent.reach - self.neurons[rows] @ self.ascent.normals.T, ACTIVE_SET.slack)
        row, slot = np.nonzero(self.tied[rows] >= 0)
        slack[row, self.tied[rows][row, slot]] = np.inf
        return slack

    def _refresh(self, rows: Indices) -> None:
        """Compute the edges afresh; the free ones are orthogonal to the active constraints."""
        order = np.argsort(self.tied[rows] < 0, axis=1, kind="stable")
        tied = np.take_along_axis(self.tied[rows], order, axis=1)
        free = tied < 0
        matrix = np.where(free[:, :, None], 0.0, self.ascent.normals[tied])
        basis = np.linalg.qr(np.swapaxes(matrix, 1, 2))[0]
        matrix = np.where(free[:, :, None], np.swapaxes(basis, 1, 2), matrix)
        self.tied[rows] = tied
        self.edges[rows] = np.linalg.inv(matrix)
