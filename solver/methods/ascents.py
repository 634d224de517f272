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
from solver.master import fewest, optimal_energies
from solver.methods.step import Step
from theory.ascent import Ascent, Summits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.problem import Problem

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

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

ADDED_PER_PAIR = 2
"""Neurons added a round at most, per pair of sources."""

LEAST_EXCESS = 1e-11
"""Excess of the ratio over one that rounding can feign."""

EXCESS_OF_TOLERANCE = 0.01
"""A neuron earns its place if its ratio exceeds one by this share of the tolerance."""

SETTLED = 1e-9
"""Deviation of the code's own ratios from one up to which its energies count as optimal."""

TIDIED = 1e-12
"""Relative rise of the loss, hidden by rounding, that a code with fewer neurons may cost."""

NEGLIGIBLE = 1e-10
"""Leverage w'G^-1 w below which a neuron is dropped: the only neuron of a source of tiny scale costs almost nothing."""

DIGITS = 9
"""Decimals of its unit vector that tell a neuron from another."""

SAME = 1e-8
"""Cosine distance up to which two neurons are one."""

STALLED = 1e-12
"""Relative fall of the loss that leaves the multiplier, and with it what was searched, as it was."""

CANCELLED = 1e-6
"""Least length of a start made of two neurons, relative to a random one: shorter ones are mostly rounding."""


def steps(problem: Problem, *, tolerance: float, rng: np.random.Generator) -> Iterator[Step]:
    """Yield ever better codes until a thorough search finds no neuron worth adding.

    Args:
        problem: any number of sources.
        tolerance: relative gap aimed at: neurons whose ratio exceeds one by far less count as nothing found.
        rng: draws the starts.
    """
    search = _Search(problem, max(tolerance * EXCESS_OF_TOLERANCE, LEAST_EXCESS), rng)
    yield search.step()
    search.begin()
    batches = 0
    while batches < BATCHES and not search.thorough:
        yield search.step()
        found = search.look(thoroughly=batches > 0)
        if found or not search.settled:
            batches = 0 if search.improve() else batches + 1
        else:
            batches += 1
    search.tidy()
    yield search.step()


def improved(problem: Problem, weights: Array, starts: Array, least_excess: float) -> Array | None:
    """A better code if a climb from one of the starts (k, d) finds a neuron worth adding, else None.

    Args:
        problem: any number of sources.
        weights: (n, d) source weights of the present code.
        starts: (k, d) neurons to climb from.
        least_excess: by how much a neuron's ratio must exceed one to be worth adding.
    """
    search = _Search(problem, least_excess, np.random.default_rng(0), weights)
    return search.weights * search.faces.scale if search.look_from(starts) and search.improve() else None


class _Search:
    """The state of the search; ``weights`` in the coordinates of `Faces`, neurons of summits in those of the problem.

    Attributes:
        weights: (n, d) neurons;  tied: (n, d) the samples that hold their faces;  loss: theirs, in units of the
            modular one.
        pool: local maxima, those worth adding first.
        hits: (n,) how often a search has come upon each neuron from elsewhere since the code last changed.
    """

    def __init__(
        self, problem: Problem, least_excess: float, rng: np.random.Generator, weights: Array | None = None
    ) -> None:
        self.problem = problem
        self.least_excess = least_excess
        self.rng = rng
        self.ascent = Ascent(problem)
        self.faces = Faces(problem)
        self.weights = (problem.modular_weights if weights is None else weights) / self.faces.scale
        self.tied = self._first_ties(self.weights)
        self.loss = self.faces.loss(self.weights)
        self.pool = Summits.none(problem.dimension)
        self.hits = np.zeros(len(self.weights), dtype=np.intp)
        self.at_rest = False
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

    def begin(self) -> None:
        """The best code of random neurons, if better than the modular one."""
        random = self._random(FIRST_PER_SOURCE * self.problem.dimension)
        self.pool = Summits(np.full(len(random), np.inf), random, self._first_ties(random / self.faces.scale))
        self.improve()
        self.pool = Summits.none(self.problem.dimension)

    def look(self, *, thoroughly: bool) -> bool:
        """Climb; whether a neuron worth adding was found."""
        fresh = BATCH_PER_SOURCE if thoroughly else FRESH_PER_SOURCE[self.at_rest]
        starts, parents = self._fresh(fresh * self.problem.dimension)
        summits = self.ascent.summits(self.multiplier, starts)
        self._count_hits(summits, parents)
        known = [summits, self.pool]
        if not thoroughly:
            known[1:] = [self.ascent.summits(self.multiplier, old) for old in (self._neurons(), self.pool.neurons)]
        self.pool = self._best(Summits.joined(known))
        excess = float(np.max(self.pool.ratios, initial=0.0)) - 1
        self.at_rest = excess < AT_REST
        return excess > self.least_excess

    def look_from(self, starts: Array) -> bool:
        """Climb from the starts (k, d) alone; whether a neuron worth adding was found."""
        self.pool = self._best(self.ascent.summits(self.multiplier, starts))
        return bool(np.max(self.pool.ratios, initial=0.0) > 1 + self.least_excess)

    def _random(self, count: int) -> Array:
        """(count, d) random neurons, scaled to f = 1."""
        random = self.rng.standard_normal((count, self.problem.dimension)) / np.sqrt(self.problem.modular_costs)
        return np.asarray(random / np.sqrt(self.problem.neuron_cost(random))[:, None])

    def _fresh(self, count: int) -> tuple[Array, Indices]:
        """Starts (k, d), and the rows (k, 2) of the code that each was made from, -1 for none.

        Most are made from known neurons, because the best local maxima lie close to one another.
        """
        rng, code = self.rng, self._neurons()
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

    def _count_hits(self, summits: Summits, parents: Indices) -> None:
        same = self._directions(summits.neurons) @ self._directions(self._neurons()).T > 1 - SAME
        start, which = np.nonzero(parents >= 0)
        same[start, parents[start, which]] = False
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

    def _scaled(self, neurons: Array) -> Array:
        return np.asarray(neurons / self.faces.scale)

    def _directions(self, neurons: Array) -> Array:
        scaled = self._scaled(neurons)
        return np.asarray(scaled / np.linalg.norm(scaled, axis=1)[:, None])

    def _first_ties(self, weights: Array) -> Indices:
        """(n, d) the one sample that attains each bias."""
        tied = np.full(weights.shape, -1)
        tied[:, 0] = (weights @ self.faces.normals.T).argmax(axis=1)
        return tied

    # ---- codes ------------------------------------------------------------------------------------------------

    def improve(self) -> bool:
        """Add what is worth adding, reweigh, move along the faces; whether the loss fell by as much as counts."""
        pairs = self.problem.dimension * (self.problem.dimension + 1) // 2
        new = self.pool[self.pool.ratios > 1 + self.least_excess][: ADDED_PER_PAIR * pairs]
        weights = np.concatenate([self.weights, self._scaled(new.neurons)])
        tied = np.concatenate([self.tied, new.tied])
        cost = self.faces.costs(weights)
        unit = weights / np.sqrt(cost)[:, None]
        start = np.where(np.arange(len(cost)) < len(self.weights), cost, 0.0)
        energies = optimal_energies(unit, self.faces.gram, start)
        weights = unit * np.sqrt(np.maximum(energies, 0.0))[:, None]
        kept = _leverage(weights) > NEGLIGIBLE
        before = self.loss
        # More neurons must pay.
        most = before * (1 - STALLED) if kept.sum() > len(self.weights) else before
        self._take(*self.faces.polished(weights[kept], tied[kept], NEWTON_STEPS[self.at_rest]), most=most)
        if len(self.weights) > pairs:
            self.tidy()
        return self.loss < before * (1 - self.least_excess)

    def tidy(self) -> None:
        """Make neurons that point the same way one, and rewrite the code with as few as it needs, if it costs nothing.

        The optimal G is unique but its neurons need not be.
        """
        most = self.loss * (1 + TIDIED)
        weights, tied = _joined(self.weights, self.tied)
        self._take(*self.faces.polished(weights, tied), most=most)
        cost = self.faces.costs(self.weights)
        energies = fewest(self.weights / np.sqrt(cost)[:, None], cost)
        weights = self.weights * np.sqrt(energies / cost)[:, None]
        kept = _leverage(weights) > NEGLIGIBLE
        self._take(*self.faces.polished(weights[kept], self.tied[kept]), most=most)

    def _take(self, weights: Array, tied: Indices, loss: float, *, most: float) -> None:
        """Make this the code, without neurons that have vanished, if it costs no more than ``most``."""
        kept = _leverage(weights) > NEGLIGIBLE
        if not kept.all():
            weights, tied = weights[kept], tied[kept]
            loss = self.faces.loss(weights)
        if loss <= most:
            # Small changes leave what was searched before searched.
            stands = len(weights) == len(self.weights) and loss >= self.loss * (1 - STALLED)
            self.weights, self.tied, self.loss = weights, tied, loss
            self._take_stock()
            if not stands:
                self.hits = np.zeros(len(weights), dtype=np.intp)

    def _take_stock(self) -> None:
        scale = self.faces.scale
        multiplier = self.faces.multiplier(self.weights)
        cost = self.faces.costs(self.weights)
        ratio = np.einsum("ni,ij,nj->n", self.weights, multiplier, self.weights) / cost
        self.settled = bool((np.abs(ratio - 1) * cost).sum() <= SETTLED * cost.sum())
        self.multiplier = multiplier * self.faces.unit / np.outer(scale, scale)


def _leverage(weights: Array) -> Array:
    """(n,) w'G^-1 w of each neuron."""
    return np.asarray(np.einsum("ni,ij,nj->n", weights, np.linalg.inv(weights.T @ weights), weights))


def _joined(weights: Array, tied: Indices) -> tuple[Array, Indices]:
    """Neurons that point the same way made one, which keeps to the face of the strongest of them."""
    length = np.linalg.norm(weights, axis=1)
    parallel = (weights @ weights.T) / np.outer(length, length) > 1 - SAME
    leader = np.argmax(parallel * length, axis=1)
    kept = np.unique(leader)
    energy = np.zeros(len(leader))
    np.add.at(energy, leader, length**2)
    return weights[kept] * (np.sqrt(energy[kept]) / length[kept])[:, None], tied[kept]
