"""Pricers find the neurons that would earn more than they cost at a multiplier.

All of them hand out neurons in the same way:

1. Find neurons of large ratio w'Y w / f(w): `ExactPricer` on all faces of the hull, which proves the largest ratio;
   `LocalPricer` by local ascent from starts around the neurons that it knows, of which it remembers the best from one
   round to the next; `SpansPricer` in either way in the span of each group by itself.
2. Drop those that earn no more than they cost.
3. Of neurons that point the same way keep the one that earns most.
4. Scale those that are left to unit cost, and name the samples that are active: columns for the pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.deadline import time_is_up
from solver.generation.loss import WhitenedLoss
from solver.generation.master import MASTER, WorkingCode
from solver.generation.pool import Pool, distinct
from theory.bounds.ascent import Ascent, LocalMaxima
from theory.conditions.many_sources import proven_ratio

if TYPE_CHECKING:
    from solver.generation.loss import ScaledLoss, SpansLoss
    from theory.arrays import Array, Indices, Mask
    from theory.problem import Problem


@dataclass(frozen=True)
class PricerTolerances:
    """Tolerances of exact pricing."""

    same: float = 1e-7  # cosine distance up to which two neurons are one that was met on both sides of a wall


PRICER = PricerTolerances()


@dataclass(frozen=True)
class PricedColumns:
    """What a pricer found at a multiplier, in the coordinates of the loss.

    Attributes:
        pool: neurons that earn more than they cost, those that earn most first.
        rho: the largest ratio of any neuron, or infinity where it is not known.
    """

    pool: Pool
    rho: float


class ExactPricer:
    """The best neuron of each face of the hull.

    Args:
        loss: of codes of a problem whose hull has few enough faces to be listed.
        most: neurons at a time.
    """

    def __init__(self, loss: WhitenedLoss, most: int) -> None:
        self.loss, self.most = loss, most

    def price(self, code: WorkingCode, multiplier: Array) -> PricedColumns:
        """What is worth adding at a multiplier (d, d), whatever the code."""
        del code
        worth = self.loss.multiplier_of_problem(multiplier)
        neurons, active, rho = _best_of_faces(self.loss.problem, worth, self.most)
        return PricedColumns(_pool(self.loss, neurons, active), rho)


def _best_of_faces(problem: Problem, worth: Array, most: int) -> tuple[Array, Indices, float]:
    """Neurons (n, d) with a ratio above one, their active samples, and the largest ratio, in whitened coordinates."""
    faces = problem.pricing.inside().maximise(worth, bar=1.0)
    neurons, ratios = faces.directions[: 4 * most], faces.ratios[: 4 * most]
    kept = distinct(neurons, ratios, PRICER.same)[:most]
    return neurons[kept], faces.tied[kept], faces.rho


@dataclass(frozen=True)
class LocalTolerances:
    """Tolerances of local pricing; numbers of neurons are per source or, where it says so, per pair of sources."""

    fresh: tuple[int, int] = (5, 25)  # climbs from fresh starts, while the multiplier moves and when it hardly does
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


LOCAL = LocalTolerances()


class LocalPricer:
    """Local maxima of the ratio, and how thoroughly they were looked for.

    1. Climb from fresh starts, and from the code's own neurons and the local maxima of earlier rounds. Where the code
       is the one that was priced before these lead nowhere new; then there are all the more fresh starts.
    2. Count how often climbs came upon each neuron of the code, from elsewhere, since it last changed.
    3. Remember the best local maxima, each once, none of them a neuron of the code.
    4. The search is thorough when every neuron would have been found, had it not been known.

    Args:
        loss: of codes of any number of sources.
        most: neurons at a time.
        rng: draws the starts.
        least_excess: by how much a ratio must exceed one to be worth adding.

    Attributes:
        maxima: local maxima in the units of the whitened problem, those that earn most first.
        hits: (n,) how often a search has come upon each neuron of the code.
        is_close: whether the multiplier hardly moves any more.
    """

    def __init__(self, loss: WhitenedLoss, most: int, rng: np.random.Generator, least_excess: float) -> None:
        self.problem, self.loss, self.most, self.rng = loss.inside, loss, most, rng
        self.least_excess = least_excess
        self.ascent = Ascent(self.problem, time_is_up)
        self.maxima = LocalMaxima.none(self.problem.dimension)
        self.code: WorkingCode | None = None
        self.hits = np.empty(0, dtype=np.intp)
        self.is_close = False

    def is_thorough(self, code: WorkingCode) -> bool:
        """Step 4."""
        return code is self.code and len(self.hits) > 0 and bool((self.hits >= LOCAL.rediscoveries).all())

    # ---- searches -------------------------------------------------------------------------------------------------

    def price(self, code: WorkingCode, multiplier: Array) -> PricedColumns:
        """Steps 1 to 3: what is worth adding to a code, at its multiplier (d, d)."""
        multiplier = self.loss.multiplier_of_problem(multiplier)
        neurons, again = self._unit_neurons(code), self._follow(code)
        fresh = LOCAL.batch if again else LOCAL.fresh[self.is_close]
        starts, parents = self._fresh(neurons, fresh * self.problem.dimension)
        maxima = self.ascent.maxima(multiplier, starts)
        self._count_hits(code, maxima, parents)
        known = [maxima, self.maxima]
        if not again:
            known[1:] = [self.ascent.maxima(multiplier, starts) for starts in (neurons, self.maxima.neurons)]
        self._remember(code, LocalMaxima.joined(known))
        self.is_close = float(np.max(self.maxima.ratios, initial=0.0)) - 1 < LOCAL.hardly_moving
        return PricedColumns(self._worth_adding(), np.inf)

    def climbed(self, code: WorkingCode, multiplier: Array, starts: Array) -> Pool:
        """What is worth adding at the ends of ascents from starts (k, d) alone, in whitened coordinates."""
        self._remember(code, self.ascent.maxima(self.loss.multiplier_of_problem(multiplier), starts))
        return self._worth_adding()

    def random(self, count: int) -> Array:
        """(count, d) random neurons, scaled to f = 1."""
        random = self.rng.standard_normal((count, self.problem.dimension)) / np.sqrt(self.problem.modular_costs)
        return np.asarray(random / np.sqrt(self.problem.neuron_cost(random))[:, None])

    def random_columns(self, count: int) -> Pool:
        """So many random neurons, but no more than at a time."""
        neurons = self.random(count)[: self.most]
        return _pool(self.loss, neurons, self.loss.highest_samples(self.loss.neurons(neurons)))

    # ---- steps ----------------------------------------------------------------------------------------------------

    def _worth_adding(self) -> Pool:
        chosen = self.maxima[self.maxima.ratios > 1 + self.least_excess][: self.most]
        return _pool(self.loss, chosen.neurons, chosen.tied)

    def _follow(self, code: WorkingCode) -> bool:
        """Whether a code is the one that was priced before, but for rounding; else its neurons are yet to be found."""
        before, self.code = self.code, code
        if code is before:
            return True
        if before is None or not code.is_as_good_as(before):
            self.hits = np.zeros(len(code.neurons), dtype=np.intp)
            return False
        self.hits = self.hits @ (_units(before.neurons) @ _units(code.neurons).T > 1 - MASTER.same_neuron)
        return True

    def _unit_neurons(self, code: WorkingCode) -> Array:
        """(n, d) the neurons of the code, scaled to f = 1, in the units of the problem."""
        cost = self.loss.costs(code.neurons) * self.loss.unit
        return np.asarray(self.loss.weights(code.neurons) / np.sqrt(cost)[:, None])

    def _fresh(self, code: Array, count: int) -> tuple[Array, Indices]:
        """Starts (k, d), and the rows (k, 2) of the code (n, d) that each was made from, -1 for none.

        Most are made from known neurons, because the best local maxima lie close to one another: random ones, sums of
        two, those between neighbours, which find most for their time, and those around one.
        """
        rng, known = self.rng, np.concatenate([code, self.maxima.neurons])
        if not len(known):
            return self.random(count), np.full((count, 2), -1)
        directions = _units(self.loss.neurons(known))
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
        same = _units(self.loss.neurons(maxima.neurons)) @ _units(code.neurons).T > 1 - MASTER.same_neuron
        start, which = np.nonzero(parents >= 0)
        same[start, parents[start, which]] = False
        self.hits = self.hits + same.sum(axis=0)

    def _remember(self, code: WorkingCode, maxima: LocalMaxima) -> None:
        order = np.argsort(-maxima.ratios, kind="stable")
        maxima = maxima[order[maxima.ratios[order] > LOCAL.kept_ratio]]
        count = len(code.neurons)
        neurons = np.concatenate([code.neurons, self.loss.neurons(maxima.neurons)])
        strength = np.concatenate([np.full(count, np.inf), maxima.ratios])
        fresh = distinct(neurons, strength, LOCAL.same)
        self.maxima = maxima[fresh[fresh >= count][: LOCAL.kept_per_pair * self.loss.pairs] - count]


class SpansPricer:
    """The best neurons of each group by itself, for codes whose neurons keep to groups.

    1. Take the form of the multiplier in the whitened coordinates of each group, and price its neurons there: on all
       faces of its hull where these are listed, or else by local ascent, with the largest ratio bounded from above.
    2. Name samples that attain the bias among all samples: one of those that are the same for the group.
    3. The largest ratio of all groups is that of these codes.

    Args:
        loss: of such codes.
        listed: for each group whether its neurons are priced on all faces.
        per_pair: neurons of a group at a time, for each pair of its sources.
        rng: draws the starts of ascents.
        least_excess: by how much a ratio must exceed one to be worth adding, if it comes from ascents.
    """

    def __init__(
        self, loss: SpansLoss, listed: list[bool], per_pair: int, rng: np.random.Generator, least_excess: float
    ) -> None:
        self.loss, spans = loss, loss.posed.spans
        self.most = [per_pair * len(span.kept) * (len(span.kept) + 1) // 2 for span in spans]
        self.places = [_places(loss, group) for group in range(len(spans))]
        self.local = {
            group: LocalPricer(WhitenedLoss(span.block), self.most[group], rng, least_excess)
            for group, span in enumerate(spans)
            if not listed[group]
        }

    def price(self, code: WorkingCode, multiplier: Array) -> PricedColumns:
        """What is worth adding to a code, at its multiplier (d, d)."""
        owners, rho, pools = self.loss.owners(code.neurons), 0.0, list[Pool]()
        for group, (basis, places) in enumerate(zip(self.loss.bases, self.places, strict=True)):
            worth = self.loss.worth_within(group, multiplier)
            neurons, tied, ratio = self._priced(group, code, owners == group, worth)  # step 1
            active = np.full((len(neurons), len(multiplier)), -1)
            active[:, : len(basis)] = np.where(tied < 0, -1, places[tied])  # step 2
            pools.append(Pool(self.loss.of_unit_cost(neurons @ basis), active))
            rho = max(rho, ratio)  # step 3
        return PricedColumns(pools[0].joined(*pools[1:]), rho)

    def _priced(self, group: int, code: WorkingCode, own: Mask, worth: Array) -> tuple[Array, Indices, float]:
        """Step 1: neurons (n, k), their active samples, and the largest ratio or a bound on it."""
        block = self.loss.posed.spans[group].block
        if group not in self.local:
            return _best_of_faces(block, worth, self.most[group])
        pricer = self.local[group]
        neurons = pricer.loss.neurons(self.loss.within(group, code.neurons[own]))
        inside = WorkingCode(neurons, code.active[own], code.loss)
        pool = pricer.price(inside, pricer.loss.scaled_multiplier(worth)).pool
        return pricer.loss.weights(pool.columns), pool.active, proven_ratio(block, block.whitening.multiplier(worth))[0]


def _places(loss: SpansLoss, group: int) -> Indices:
    """(V,) for each vertex of the hull of a group, one of all samples that is there."""
    from scipy.spatial import cKDTree

    block = loss.posed.spans[group].block
    every = loss.normals @ loss.bases[group].T * loss.unit**0.5
    return np.asarray(cKDTree(every).query(-block.whitening.samples(block.height_sources.vertices))[1])


def _units(neurons: Array) -> Array:
    return np.asarray(neurons / np.linalg.norm(neurons, axis=1)[:, None])


def _pool(loss: ScaledLoss, weights: Array, active: Indices) -> Pool:
    """Neurons in the units of the problem as columns in those of the loss."""
    return Pool(loss.of_unit_cost(loss.neurons(weights)), active)
