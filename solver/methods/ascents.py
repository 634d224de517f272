"""Column generation where the hull has too many faces: neurons found by thousands of local ascents.

Each round climbs from the present neurons, from the best local maxima of earlier rounds and from fresh starts around
them, finds the best energies for what is worth adding, and moves the code along its faces by Newton's method. The end
is declared after a search that would have found the neurons of the code itself, had it not known them: rho is not
proven, so the lower bound comes from ``f(w) >= w'M w`` alone and the answer is "bounded", but independent seeds agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate import best_bound
from solver.deadline import time_is_up
from solver.methods.iterate import Iterate
from solver.search.working_code import SAME_NEURON, FaceCode
from theory.bounds.ascent import Ascent, LocalMaxima

if TYPE_CHECKING:
    from theory.arrays import Array, Indices
    from theory.problem import Problem

__all__ = ["improved", "steps"]

FIRST_PER_SOURCE = 20
"""Random neurons, per source, that the first code is made of."""

FRESH_PER_SOURCE = (5, 25)
"""Climbs from fresh starts a round, per source: few while the multiplier still moves, many once it has come to rest."""

AT_REST = 0.03
"""Excess of the best ratio over one below which the multiplier moves little from round to round."""

NEWTON_STEPS = (2, 20)
"""Newton steps a round, before and after that."""

BATCH_PER_SOURCE = 50
"""Climbs a batch, per source, in the search that must find nothing before the end is declared."""

BATCHES = 30
"""Batches of that search at most."""

REDISCOVERIES = 2
"""How often that search must come upon every neuron of the code, from elsewhere, to count as thorough."""

SHARES = (0.2, 0.5, 0.7, 1.0)
"""Cumulative shares of fresh starts: random, sums of two known neurons, between neighbours, and around one.

Neighbours find most for their time, the others what lies apart."""

FARTHEST = 1.5
"""Length of the random neuron added to a known one, at most, both scaled to f = 1."""

NEIGHBOURS = 12
"""Known neurons closest to one that count as its neighbours."""

POOL_PER_PAIR = 3
"""Local maxima remembered from round to round, per pair of sources."""

POOL_RATIO = 0.9
"""Least ratio of a local maximum worth remembering: it changes little between rounds."""

LEAST_EXCESS = 1e-11
"""Excess of the ratio over one that rounding can feign."""

EXCESS_OF_TOLERANCE = 0.01
"""A neuron earns its place if its ratio exceeds one by this share of the tolerance."""

DIGITS = 9
"""Decimals of its unit vector that tell a neuron from another."""

CANCELLED = 1e-6
"""Least length of a start made of two neurons, relative to a random one: shorter ones are mostly rounding."""


ADDED_FROM_NOTHING = 64
"""Climbs for a first neuron where no modular one is worth having."""


def steps(
    problem: Problem, *, tolerance: float, rng: np.random.Generator, start: Array | None = None
) -> Iterator[Iterate]:
    """Yield ever better codes until a thorough search finds no neuron worth adding.

    Args:
        problem: any number of sources.
        tolerance: relative gap aimed at: neurons whose ratio exceeds one by far less count as nothing found.
        rng: draws the starts.
        start: (n, d) a good code to begin with; the best modular one and random neurons if not given.
    """
    known = None if start is None else problem.whitening.neurons(start)
    search = _Search(problem, max(tolerance * EXCESS_OF_TOLERANCE, LEAST_EXCESS), rng, known)
    if start is None:
        yield search.step()
        search.begin()
    batches = 0
    while batches < BATCHES and not search.thorough:
        yield search.step()
        found = search.look(thoroughly=batches > 0)
        if found or not search.code.settled:
            batches = 0 if search.improve() else batches + 1
        else:
            batches += 1
    search.code.tidy()
    yield search.step()


def improved(problem: Problem, weights: Array, starts: Array, least_excess: float) -> Array | None:
    """A better code if a climb from one of the starts (k, d) finds a neuron worth adding, or its own can do better.

    Args:
        problem: any number of sources.
        weights: (n, d) source weights of the present code.
        starts: (k, d) neurons to climb from.
        least_excess: by how much a neuron's ratio must exceed one to be worth adding.
    """
    whitening = problem.whitening
    search = _Search(problem, least_excess, np.random.default_rng(0), whitening.neurons(weights))
    worth_it = search.look_from(whitening.neurons(starts))
    # Neurons that do not earn just what they cost are at rest nowhere: then there is a better code of the same.
    better = (worth_it or not search.code.settled) and search.improve()
    return whitening.weights(search.code.source_weights) if better else None


class _Search:
    """The state of the search, in whitened coordinates (`theory.geometry.whitening`).

    Attributes:
        code: the best so far.
        pool: local maxima, those worth adding first.
        hits: (n,) how often a search has come upon each neuron from elsewhere since the code last changed.
    """

    def __init__(
        self, problem: Problem, least_excess: float, rng: np.random.Generator, neurons: Array | None = None
    ) -> None:
        self.original = problem
        self.problem = problem.whitened
        self.least_excess = least_excess
        self.rng = rng
        self.ascent = Ascent(self.problem, time_is_up)
        start = problem.whitening.neurons(problem.modular_weights) if neurons is None else neurons
        if not len(start):
            start = self._worth_most()
        self.code = FaceCode(self.problem, start)
        self.pool = LocalMaxima.none(problem.dimension)
        self.hits = np.zeros(len(start), dtype=np.intp)
        self.searched = self.code.changes
        self.at_rest = False

    def _worth_most(self) -> Array:
        """(1, d) where the best modular code has no neuron, the one found to earn most where there is none."""
        nothing = np.zeros((self.problem.dimension, self.problem.dimension))
        random = self.rng.standard_normal((ADDED_FROM_NOTHING, self.problem.dimension))
        ratios, neurons = self.ascent.climb(self.problem.multiplier(nothing), random)
        return neurons[[int(np.argmax(ratios))]]

    @property
    def thorough(self) -> bool:
        """Whether the search since the code last changed has come upon each of its neurons again."""
        return self.code.settled and bool((self._hits() >= REDISCOVERIES).all())

    def step(self) -> Iterate:
        """The present code in the units of the problem."""
        whitening = self.original.whitening
        weights, multiplier = whitening.weights(self.code.source_weights), whitening.multiplier(self.code.multiplier)
        bound = best_bound(self.original, multiplier, weights=weights, quick=True).value
        worth_it = self.pool.neurons[self.pool.ratios > 1 + self.least_excess]
        return Iterate(weights, multiplier, self.code.problem_loss, bound, tempting=whitening.weights(worth_it))

    def improve(self) -> bool:
        """Add what is worth adding to the code; whether its loss fell by as much as counts."""
        return self.code.improve(self.pool, self.least_excess, NEWTON_STEPS[self.at_rest])

    def _hits(self) -> Indices:
        if self.searched != self.code.changes or len(self.hits) != len(self.code.weights):
            self.hits, self.searched = np.zeros(len(self.code.weights), dtype=np.intp), self.code.changes
        return self.hits

    # ---- neurons ----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The best code of random neurons, if better than the modular one."""
        random = self._random(FIRST_PER_SOURCE * self.problem.dimension)
        self.pool = LocalMaxima(np.full(len(random), np.inf), random, self.code.first_ties(self._scaled(random)))
        self.improve()
        self.pool = LocalMaxima.none(self.problem.dimension)

    def look(self, *, thoroughly: bool) -> bool:
        """Climb; whether a neuron worth adding was found."""
        fresh = BATCH_PER_SOURCE if thoroughly else FRESH_PER_SOURCE[self.at_rest]
        starts, parents = self._fresh(fresh * self.problem.dimension)
        maxima = self.ascent.maxima(self.code.multiplier, starts)
        self._count_hits(maxima, parents)
        known = [maxima, self.pool]
        if not thoroughly:
            known[1:] = [
                self.ascent.maxima(self.code.multiplier, old) for old in (self.code.neurons(), self.pool.neurons)
            ]
        self.pool = self._best(LocalMaxima.joined(known))
        excess = float(np.max(self.pool.ratios, initial=0.0)) - 1
        self.at_rest = excess < AT_REST
        return excess > self.least_excess

    def look_from(self, starts: Array) -> bool:
        """Climb from the starts (k, d) alone; whether a neuron worth adding was found."""
        self.pool = self._best(self.ascent.maxima(self.code.multiplier, starts))
        return bool(np.max(self.pool.ratios, initial=0.0) > 1 + self.least_excess)

    def _random(self, count: int) -> Array:
        """(count, d) random neurons, scaled to f = 1."""
        random = self.rng.standard_normal((count, self.problem.dimension)) / np.sqrt(self.problem.modular_costs)
        return np.asarray(random / np.sqrt(self.problem.neuron_cost(random))[:, None])

    def _fresh(self, count: int) -> tuple[Array, Indices]:
        """Starts (k, d), and the rows (k, 2) of the code that each was made from, -1 for none.

        Most are made from known neurons, because the best local maxima lie close to one another.
        """
        rng, code = self.rng, self.code.neurons()
        known = np.concatenate([code, self.pool.neurons])
        directions = self._directions(known)
        near = np.argsort(-(directions @ directions.T), axis=1, kind="stable")
        # The closest is the neuron itself, which has to do where there is no other.
        near = near[:, 1 : NEIGHBOURS + 1] if len(known) > 1 else near
        first, second = rng.integers(len(known), size=(2, count))
        neighbour = near[first, rng.integers(near.shape[1], size=count)]
        random, share = self._random(count), rng.random((count, 1))
        starts = np.stack(
            [
                random,
                known[first] + (2 * share - 1) * known[second],
                share * known[first] + (1 - share) * known[neighbour],
                known[first] + FARTHEST * share * random,
            ]
        )
        none = np.full(count, -1)
        parents = np.array([[none, none], [first, second], [first, neighbour], [first, none]])
        kind = np.searchsorted(SHARES, rng.random(count), side="right")
        index = np.arange(count)
        chosen, made_from = starts[kind, index], parents[kind, :, index]
        # Two opposite neurons may cancel.
        usable = np.linalg.norm(self._scaled(chosen), axis=1) > CANCELLED * np.linalg.norm(self._scaled(random), axis=1)
        return chosen[usable], np.where(made_from < len(code), made_from, -1)[usable]

    def _count_hits(self, maxima: LocalMaxima, parents: Indices) -> None:
        same = self._directions(maxima.neurons) @ self._directions(self.code.neurons()).T > 1 - SAME_NEURON
        start, which = np.nonzero(parents >= 0)
        same[start, parents[start, which]] = False
        self.hits = self._hits() + same.sum(axis=0)

    def _best(self, maxima: LocalMaxima) -> LocalMaxima:
        """The best of the local maxima, each once, none of them a neuron of the code."""
        order = np.argsort(-maxima.ratios, kind="stable")
        maxima = maxima[order[maxima.ratios[order] > POOL_RATIO]]
        directions = self._directions(np.concatenate([self.code.neurons(), maxima.neurons])).round(DIGITS)
        _, first = np.unique(directions, axis=0, return_index=True)
        fresh = np.sort(first[first >= len(self.code.weights)]) - len(self.code.weights)
        return maxima[fresh[: POOL_PER_PAIR * self.code.pairs]]

    def _scaled(self, neurons: Array) -> Array:
        return self.code.faces.units.neurons(neurons)

    def _directions(self, neurons: Array) -> Array:
        scaled = self._scaled(neurons)
        return np.asarray(scaled / np.linalg.norm(scaled, axis=1)[:, None])
