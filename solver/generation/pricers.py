"""Pricers find the neurons that would earn more than they cost at a multiplier.

All of them hand out neurons in the same way:

1. Find neurons of large ratio w'Y w / f(w): `ExactPricer` on all faces of the hull, which proves the largest ratio;
   `AscentPricer` by local ascent from random starts and those it is given; `LocalPricer` by local ascent from starts
   around the neurons that it knows, of which it remembers the best from one round to the next.
2. Drop those that earn no more than they cost.
3. Of neurons that point the same way keep the one that earns most.
4. Scale those that are left to unit cost, and name the samples that are active: columns for the pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.deadline import time_is_up
from solver.generation.master import MASTER
from solver.generation.pool import Pool, distinct
from theory.bounds.ascent import Ascent, LocalMaxima

if TYPE_CHECKING:
    from solver.generation.loss import ScaledLoss
    from solver.generation.master import WorkingCode
    from theory.arrays import Array, Indices
    from theory.problem import Problem


@dataclass(frozen=True)
class PricerTolerances:
    """Tolerances of pricers that keep no memory."""

    same: float = 1e-7  # cosine distance up to which two neurons are one that was met on both sides of a wall
    excess: float = 1e-13  # of a ratio over one that is rounding
    climbs: int = 200  # random starts where faces cannot be listed


PRICER = PricerTolerances()


@dataclass(frozen=True)
class PricedColumns:
    """What a pricer found at a multiplier, in the coordinates of the loss.

    Attributes:
        pool: neurons that earn more than they cost, those that earn most first.
        ratios: (k,) what they earn for their cost.
        rho: the largest ratio of any neuron, or infinity where it is not known.
    """

    pool: Pool
    ratios: Array
    rho: float


class ExactPricer:
    """The best neuron of each face of the hull.

    Args:
        problem: whose hull has few enough faces to be listed.
        loss: of its codes in whitened coordinates.
        most: neurons at a time.
    """

    def __init__(self, problem: Problem, loss: ScaledLoss, most: int) -> None:
        self.problem, self.loss, self.most = problem, loss, most

    def price(self, multiplier: Array) -> PricedColumns:
        """What is worth adding at a multiplier (d, d)."""
        faces = self.problem.pricing.inside().maximise(self.loss.multiplier_of_problem(multiplier), bar=1.0)
        neurons, ratios = faces.directions[: 4 * self.most], faces.ratios[: 4 * self.most]
        kept = distinct(neurons, ratios, PRICER.same)[: self.most]
        return PricedColumns(_pool(self.loss, neurons[kept], faces.tied[kept]), ratios[kept], faces.rho)


class AscentPricer:
    """Local maxima that are climbed to from given neurons and from random ones.

    Args:
        problem: any number of sources.
        loss: its coordinates.
        most: neurons at a time.
        rng: draws the random ones.
    """

    def __init__(self, problem: Problem, loss: ScaledLoss, most: int, rng: np.random.Generator) -> None:
        self.ascent, self.loss, self.most, self.rng = Ascent(problem), loss, most, rng
        self.starts = np.empty((0, problem.dimension))

    def price(self, multiplier: Array) -> PricedColumns:
        """What is worth adding at a multiplier (d, d), from `starts` (n, d) and from random ones."""
        random = self.rng.standard_normal((PRICER.climbs, self.starts.shape[1]))
        starts = np.vstack([self.loss.weights(self.starts), random])
        maxima = self.ascent.maxima(self.loss.multiplier_of_problem(multiplier), starts)
        maxima = maxima[maxima.ratios > 1 + PRICER.excess][: self.most]
        return PricedColumns(_pool(self.loss, maxima.neurons, maxima.tied), maxima.ratios, np.inf)


@dataclass(frozen=True)
class LocalTolerances:
    """Tolerances of local pricing; numbers of neurons are per source or, where it says so, per pair of sources."""

    fresh: tuple[int, int] = (
        5,
        25,
    )  # climbs from fresh starts, before `is_close` and after
    batch: int = 50  # climbs of a search that is thorough
    hardly_moving: float = 0.03  # excess of the best ratio over one below which the multiplier moves little
    shares: tuple[float, ...] = (0.2, 0.5, 0.7, 1.0)  # cumulative: starts of the four kinds of `_fresh`
    farthest: float = 1.5  # length of the random neuron added to a known one, at most, both scaled to f = 1
    neighbours: int = 12  # known neurons closest to one that count as its neighbours
    kept_per_pair: int = 3  # local maxima remembered
    kept_ratio: float = 0.9  # least ratio of one worth remembering: it changes little between rounds
    same: float = 1e-13  # cosine distance up to which two local maxima are one
    cancelled: float = 1e-6  # least length of a start made of two, relative to a random one: shorter is rounding
    rediscoveries: int = 2  # how often a thorough search comes upon every neuron of the code, from elsewhere
    first: int = 64  # climbs for a first neuron


LOCAL = LocalTolerances()


class LocalPricer:
    """Local maxima of the ratio, and how thoroughly they were looked for.

    1. Climb from fresh starts, from the code's own neurons and from the local maxima of earlier rounds.
    2. Count how often climbs came upon each neuron of the code, from elsewhere, since it last changed.
    3. Remember the best local maxima, each once, none of them a neuron of the code.
    4. The search is thorough when every neuron would have been found, had it not been known.

    Args:
        problem: any number of sources, best in the coordinates of its whitening.
        loss: its coordinates.
        rng: draws the starts.
        least_excess: by how much a ratio must exceed one to be worth adding.

    Attributes:
        maxima: local maxima in the units of the problem, those that earn most first.
        hits: (n,) how often a search has come upon each neuron of the code.
        is_close: whether the multiplier hardly moves any more.
    """

    def __init__(self, problem: Problem, loss: ScaledLoss, rng: np.random.Generator, least_excess: float) -> None:
        self.problem, self.loss, self.rng = problem, loss, rng
        self.least_excess = least_excess
        self.ascent = Ascent(problem, time_is_up)
        self.maxima = LocalMaxima.none(problem.dimension)
        self.hits, self.changes = np.empty(0, dtype=np.intp), -1
        self.is_close = False

    # ---- what is known --------------------------------------------------------------------------------------------

    @property
    def worth_adding(self) -> LocalMaxima:
        """The local maxima that earn more than they cost."""
        return self.maxima[self.maxima.ratios > 1 + self.least_excess]

    def pool(self, most: int) -> Pool:
        """So many of those, in the coordinates of the loss."""
        chosen = self.worth_adding[:most]
        return _pool(self.loss, chosen.neurons, chosen.tied)

    def is_thorough(self, code: WorkingCode) -> bool:
        """Step 4."""
        return bool((self._hits(code) >= LOCAL.rediscoveries).all())

    # ---- searches -------------------------------------------------------------------------------------------------

    def look(self, code: WorkingCode, *, thoroughly: bool) -> bool:
        """Steps 1 to 3; whether a neuron worth adding was found."""
        multiplier, neurons = self._multiplier(code), self._unit_neurons(code)
        fresh = LOCAL.batch if thoroughly else LOCAL.fresh[self.is_close]
        starts, parents = self._fresh(neurons, fresh * self.problem.dimension)
        maxima = self.ascent.maxima(multiplier, starts)
        self._count_hits(code, maxima, parents)
        known = [maxima, self.maxima]
        if not thoroughly:
            known[1:] = [self.ascent.maxima(multiplier, starts) for starts in (neurons, self.maxima.neurons)]
        self._remember(code, LocalMaxima.joined(known))
        excess = float(np.max(self.maxima.ratios, initial=0.0)) - 1
        self.is_close = excess < LOCAL.hardly_moving
        return excess > self.least_excess

    def look_from(self, code: WorkingCode, starts: Array) -> bool:
        """Climb from the starts (k, d) alone; whether a neuron worth adding was found."""
        self._remember(code, self.ascent.maxima(self._multiplier(code), starts))
        return bool(np.max(self.maxima.ratios, initial=0.0) > 1 + self.least_excess)

    def best_of_all(self, multiplier: Array) -> Array:
        """(1, d) the neuron that earns most at a multiplier of the problem, of those that random climbs come upon."""
        random = self.rng.standard_normal((LOCAL.first, self.problem.dimension))
        ratios, neurons = self.ascent.climb(multiplier, random)
        return neurons[[int(np.argmax(ratios))]]

    def random(self, count: int) -> Array:
        """(count, d) random neurons, scaled to f = 1."""
        random = self.rng.standard_normal((count, self.problem.dimension)) / np.sqrt(self.problem.modular_costs)
        return np.asarray(random / np.sqrt(self.problem.neuron_cost(random))[:, None])

    # ---- steps ----------------------------------------------------------------------------------------------------

    def _multiplier(self, code: WorkingCode) -> Array:
        return self.loss.multiplier_of_problem(self.loss.multiplier(code.neurons))

    def _unit_neurons(self, code: WorkingCode) -> Array:
        """(n, d) the neurons of the code, scaled to f = 1, in the units of the problem."""
        cost = self.loss.costs(code.neurons) * self.loss.unit
        return np.asarray(self.loss.weights(code.neurons) / np.sqrt(cost)[:, None])

    def _hits(self, code: WorkingCode) -> Indices:
        if self.changes != code.changes or len(self.hits) != len(code.neurons):
            self.hits, self.changes = np.zeros(len(code.neurons), dtype=np.intp), code.changes
        return self.hits

    def _fresh(self, code: Array, count: int) -> tuple[Array, Indices]:
        """Starts (k, d), and the rows (k, 2) of the code (n, d) that each was made from, -1 for none.

        Most are made from known neurons, because the best local maxima lie close to one another: random ones, sums of
        two, those between neighbours, which find most for their time, and those around one.
        """
        rng, known = self.rng, np.concatenate([code, self.maxima.neurons])
        directions = self._directions(known)
        near = np.argsort(-(directions @ directions.T), axis=1, kind="stable")
        # The closest is the neuron itself, which has to do where there is no other.
        near = near[:, 1 : LOCAL.neighbours + 1] if len(known) > 1 else near
        first, second = rng.integers(len(known), size=(2, count))
        neighbour = near[first, rng.integers(near.shape[1], size=count)]
        random, share = self.random(count), rng.random((count, 1))
        starts = np.stack(
            [
                random,
                known[first] + (2 * share - 1) * known[second],
                share * known[first] + (1 - share) * known[neighbour],
                known[first] + LOCAL.farthest * share * random,
            ]
        )
        none = np.full(count, -1)
        parents = np.array([[none, none], [first, second], [first, neighbour], [first, none]])
        kind = np.searchsorted(LOCAL.shares, rng.random(count), side="right")
        index = np.arange(count)
        chosen, made_from = starts[kind, index], parents[kind, :, index]
        # Two opposite neurons may cancel.
        length, least = (np.linalg.norm(self.loss.neurons(rows), axis=1) for rows in (chosen, random))
        usable = length > LOCAL.cancelled * least
        return chosen[usable], np.where(made_from < len(code), made_from, -1)[usable]

    def _count_hits(self, code: WorkingCode, maxima: LocalMaxima, parents: Indices) -> None:
        directions = code.neurons / np.linalg.norm(code.neurons, axis=1)[:, None]
        same = self._directions(maxima.neurons) @ directions.T > 1 - MASTER.same_neuron
        start, which = np.nonzero(parents >= 0)
        same[start, parents[start, which]] = False
        self.hits = self._hits(code) + same.sum(axis=0)

    def _remember(self, code: WorkingCode, maxima: LocalMaxima) -> None:
        order = np.argsort(-maxima.ratios, kind="stable")
        maxima = maxima[order[maxima.ratios[order] > LOCAL.kept_ratio]]
        count = len(code.neurons)
        neurons = np.concatenate([code.neurons, self.loss.neurons(maxima.neurons)])
        strength = np.concatenate([np.full(count, np.inf), maxima.ratios])
        fresh = distinct(neurons, strength, LOCAL.same)
        most = LOCAL.kept_per_pair * self.problem.dimension * (self.problem.dimension + 1) // 2
        self.maxima = maxima[fresh[fresh >= count][:most] - count]

    def _directions(self, weights: Array) -> Array:
        scaled = self.loss.neurons(weights)
        return np.asarray(scaled / np.linalg.norm(scaled, axis=1)[:, None])


def _pool(loss: ScaledLoss, weights: Array, active: Indices) -> Pool:
    """Neurons in the units of the problem as columns in those of the loss."""
    return Pool(loss.of_unit_cost(loss.neurons(weights)), active)
