"""Column generation where the normal fan is too large: neurons found by thousands of local ascents.

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
from solver.faces import Faces
from solver.master import optimal_energies
from solver.methods.step import Step
from theory.ascent import Ascent, Summits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.problem import Problem

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["steps"]

FRESH_PER_SOURCE = 10
"""Climbs from fresh starts a round, per source."""

BATCH_PER_SOURCE = 25
"""Climbs a batch, per source, in the search that must find nothing before the end is declared."""

BATCHES = 16
"""Batches of that search at most."""

REDISCOVERIES = 2
"""How often that search must come upon every neuron of the code, from elsewhere, to count as thorough."""

POOL_PER_PAIR = 3
"""Local maxima remembered from round to round, per pair of sources."""

POOL_RATIO = 0.9
"""Least ratio of a local maximum worth remembering: it changes little between rounds."""

ADDED_PER_PAIR = 2
"""Neurons added a round at most, per pair of sources."""

LEAST_EXCESS = 1e-11
"""Excess of the ratio over one that rounding can feign."""

EXCESS_OF_TOLERANCE = 0.01
"""A neuron earns its place if its ratio exceeds one by this share of the tolerance."""

SETTLED = 1e-9
"""Deviation of the code's own ratios from one up to which its energies count as optimal."""

STALLED = 1e-14
"""Relative fall of the loss that is progress."""

NEGLIGIBLE = 1e-10
"""Share of the energy below which a neuron is dropped."""

DIGITS = 9
"""Decimals of its unit vector that tell a neuron from another."""

SAME = 1e-8
"""Cosine distance up to which a climb has come upon a neuron of the code."""


def steps(problem: Problem, *, tolerance: float, rng: np.random.Generator) -> Iterator[Step]:
    """Yield ever better codes until a thorough search finds no neuron worth adding.

    Args:
        problem: any number of sources.
        tolerance: relative gap aimed at: neurons whose ratio exceeds one by far less count as nothing found.
        rng: draws the starts.
    """
    search = _Search(problem, max(tolerance * EXCESS_OF_TOLERANCE, LEAST_EXCESS), rng)
    yield search.step()
    batches = 0
    while batches < BATCHES and not search.thorough:
        found = search.look(thoroughly=batches > 0)
        if found or not search.settled:
            fallen = search.improve()
            batches = 0 if fallen else batches + 1
        else:
            batches += 1
        yield search.step()


class _Search:
    """The state of the search; ``weights`` in the coordinates of `Faces`, neurons of summits in those of the problem.

    Attributes:
        weights: (n, d) neurons;  tied: (n, d) the samples that hold their faces;  loss: theirs, in units of the
            modular one.
        pool: local maxima, those worth adding first.
        hits: (n,) how often a search has come upon each neuron from elsewhere since the code last changed.
    """

    def __init__(self, problem: Problem, least_excess: float, rng: np.random.Generator) -> None:
        self.problem = problem
        self.least_excess = least_excess
        self.rng = rng
        self.ascent = Ascent(problem)
        self.faces = Faces(problem)
        self.weights = problem.modular_weights / self.faces.scale
        self.tied = np.full(self.weights.shape, -1)
        self.tied[:, 0] = (self.weights @ self.faces.normals.T).argmax(axis=1)
        self.loss = self.faces.loss(self.weights)
        self.pool = Summits.none(problem.dimension)
        self._take_stock()

    @property
    def thorough(self) -> bool:
        """Whether the search since the code last changed has come upon each of its neurons again."""
        return self.settled and bool((self.hits >= REDISCOVERIES).all())

    def step(self) -> Step:
        """The present code in the units of the problem."""
        weights = self.weights * self.faces.scale
        bound = best_bound(self.problem, self.multiplier, quick=True).value
        return Step(weights, self.multiplier, self.loss * self.faces.unit, bound)

    # ---- neurons ----------------------------------------------------------------------------------------------

    def look(self, *, thoroughly: bool) -> bool:
        """Climb; whether a neuron worth adding was found."""
        dimension = self.problem.dimension
        starts, origin = self._fresh((BATCH_PER_SOURCE if thoroughly else FRESH_PER_SOURCE) * dimension)
        summits = self.ascent.summits(self.multiplier, starts)
        self._count_hits(summits, origin)
        known = [summits]
        if not thoroughly:
            known.append(self.ascent.summits(self.multiplier, self._neurons()))
        known.append(self.pool if thoroughly else self.ascent.summits(self.multiplier, self.pool.neurons))
        self.pool = self._best(Summits.joined(known))
        return bool((self.pool.ratios > 1 + self.least_excess).any())

    def _fresh(self, count: int) -> tuple[Array, Indices]:
        """Starts (count, d): random, between two neurons of the code, and around known neurons; and the row of the
        code that each is nearest to, or -1.
        """
        rng, dimension, code = self.rng, self.problem.dimension, self._neurons()
        random = rng.standard_normal((count, dimension)) / np.sqrt(self.problem.modular_costs)
        random /= np.sqrt(self.problem.neuron_cost(random))[:, None]
        known = np.concatenate([code, self.pool.neurons])
        kind = rng.integers(4, size=count)
        first, second = rng.integers(len(code), size=(2, count))
        second = np.where(second == first, (first + 1) % len(code), second)
        between = code[first] + rng.uniform(-1, 1, size=(count, 1)) * code[second]
        base = rng.integers(len(known), size=count)
        around = known[base] + 10 ** rng.uniform(-1, 0, size=(count, 1)) * random
        starts = np.where((kind == 0)[:, None], random, np.where((kind == 1)[:, None], between, around))
        origin = np.where(kind == 0, -1, np.where(kind == 1, first, np.where(base < len(code), base, -1)))
        usable = np.isfinite(starts).all(axis=1) & (np.abs(starts).max(axis=1) > 0)
        return starts[usable], origin[usable]

    def _count_hits(self, summits: Summits, origin: Indices) -> None:
        same = self._directions(summits.neurons) @ self._directions(self._neurons()).T > 1 - SAME
        same[np.flatnonzero(origin >= 0), origin[origin >= 0]] = False
        self.hits += same.sum(axis=0)

    def _best(self, summits: Summits) -> Summits:
        """The best of the local maxima, each once, none of them a neuron of the code."""
        order = np.argsort(-summits.ratios, kind="stable")
        summits = summits[order[summits.ratios[order] > POOL_RATIO]]
        directions = self._directions(np.concatenate([self._neurons(), summits.neurons])).round(DIGITS)
        _, first = np.unique(directions, axis=0, return_index=True)
        fresh = np.sort(first[first >= len(self.weights)]) - len(self.weights)
        pairs = self.problem.dimension * (self.problem.dimension + 1) // 2
        return summits[fresh[: POOL_PER_PAIR * pairs]]

    def _neurons(self) -> Array:
        """(n, d) the neurons of the code, scaled to f = 1, in the units of the problem."""
        cost = self.faces.costs(self.weights) * self.faces.unit
        return np.asarray(self.weights * self.faces.scale / np.sqrt(cost)[:, None])

    def _directions(self, neurons: Array) -> Array:
        scaled = neurons / self.faces.scale
        return np.asarray(scaled / np.linalg.norm(scaled, axis=1)[:, None])

    # ---- codes ------------------------------------------------------------------------------------------------

    def improve(self) -> bool:
        """Add what is worth adding, reweigh, move along the faces; whether the loss fell."""
        pairs = self.problem.dimension * (self.problem.dimension + 1) // 2
        new = self.pool[self.pool.ratios > 1 + self.least_excess][: ADDED_PER_PAIR * pairs]
        weights = np.concatenate([self.weights, new.neurons / self.faces.scale])
        tied = np.concatenate([self.tied, new.tied])
        cost = self.faces.costs(weights)
        unit = weights / np.sqrt(cost)[:, None]
        start = np.where(np.arange(len(cost)) < len(self.weights), cost, 0.0)
        energies = optimal_energies(unit, self.faces.gram, start)
        kept = energies > NEGLIGIBLE * energies.sum()
        weights, tied = unit[kept] * np.sqrt(energies[kept])[:, None], tied[kept]
        weights, tied, loss = self.faces.polished(weights, tied)
        fallen = loss < self.loss * (1 - STALLED)
        if loss < self.loss:
            self.weights, self.tied, self.loss = weights, tied, loss
        self._take_stock()
        return fallen

    def _take_stock(self) -> None:
        scale = self.faces.scale
        multiplier = self.faces.multiplier(self.weights)
        cost = self.faces.costs(self.weights)
        ratio = np.einsum("ni,ij,nj->n", self.weights, multiplier, self.weights) / cost
        self.settled = bool((np.abs(ratio - 1) * cost).sum() <= SETTLED * cost.sum())
        self.multiplier = multiplier * self.faces.unit / np.outer(scale, scale)
        self.hits: Indices = np.zeros(len(self.weights), dtype=np.intp)
