"""Codes for a problem with transitions, from one that is good without them: descent on the whole loss.

Where sources, hull and mixing look the same after a step as before it, the code of least loss without a recurrent layer
is the best with it, and there is nothing to do. Elsewhere neurons that would lower the whole loss are searched for,
reweighed and moved along their faces, until no neuron at all lowers it to first order. If the multiplier is then
positive semidefinite the code is the global optimum, and the bound says so (docs/mathematics.md, "Dynamics").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate import best_bound, bound_at_code
from solver.methods.iterate import Iterate
from solver.search.recurrent_faces import RecurrentFaces
from solver.search.restricted_master import fewest
from theory.bounds.ascent import Ascent, LocalMaxima

if TYPE_CHECKING:
    from theory.arrays import Array, Indices
    from theory.problem import Problem

__all__ = ["steps"]

ROUNDS = 100
"""Searches for neurons at most, from each start;"""

PATIENCE = 6
"""and how many may pass without a lower loss or a better bound."""

PROGRESS = 1e-12
"""Relative change of either that counts."""

SHARE_OF_TOLERANCE = 0.1
"""The search ends when the gap is within this share of the tolerance, as far as rounding lets it."""

ADDED_PER_PAIR = 2
"""Neurons added at a time at most, per pair of sources;"""

KNOWN_PER_PAIR = 6
"""and kept from one search to the next, but no more than two a pair once these are"""

MOST_KNOWN = 300
"""so many: a step takes the cube of their number."""

ENTERING = 0.1
"""Energy that a new neuron starts with, in units of that of a known one."""

FAINT = 1e-10
"""Leverage w'G^-1 w below which a neuron has vanished."""

ASTRAY = 1e-9
"""Relative excess of a code's loss over what it would be without the other samples that shows its faces to be wrong."""

NEWTON_STEPS = 20
"""Of each round."""

CLIMBS = 200
"""Random starts of ascents where faces cannot be listed."""

WORTH_IT = 1e-13
"""Excess of a neuron's ratio over one that is rounding."""


def steps(problem: Problem, weights: Array, *, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:
    """Yield ever better codes of the whole problem.

    Args:
        problem: one with transitions.
        weights: (n, d) a code that is good without them.
        tolerance: relative gap at which to stop.
        rng: draws the starts of ascents, where there are too many faces.
    """
    for start in (weights, problem.modular_weights):
        search = _Search(problem, start, rng)
        stalled, before, bound = 0, np.inf, 0.0
        for _ in range(ROUNDS):
            search.improve()
            step = search.step()
            yield step
            if step.lower_bound >= step.loss * (1 - SHARE_OF_TOLERANCE * tolerance):
                return
            fell = step.loss < before * (1 - PROGRESS) or step.lower_bound > bound * (1 + PROGRESS)
            stalled = 0 if fell else stalled + 1
            before, bound = min(before, step.loss), max(bound, step.lower_bound)
            if stalled >= PATIENCE:
                break
        # More can be proven of a code that proves nothing by itself, but it takes a while.
        last = best_bound(problem, step.multiplier, weights=step.weights)
        yield replace(step, multiplier=last.multiplier, lower_bound=last.value)
        if last.value >= step.loss * (1 - tolerance):
            return


class _Search:
    """A code in whitened coordinates, scaled as `Faces` does, on the whole loss."""

    def __init__(self, problem: Problem, weights: Array, rng: np.random.Generator) -> None:
        whitening, recurrence = problem.whitening, problem.whitened_recurrence
        assert recurrence is not None
        self.problem, self.inside, self.rng = problem, problem.whitened, rng
        self.faces = RecurrentFaces(self.inside, recurrence)
        self.pairs = problem.dimension * (problem.dimension + 1) // 2
        neurons = self.faces.units.neurons(whitening.neurons(weights))
        self.weights, self.loss = self.faces.balanced(neurons)
        self.known = self._units(self.weights)
        self.tied = np.full(neurons.shape, -1)
        self.tied[:, 0] = (neurons @ self.faces.normals.T).argmax(axis=1)
        self.asking = [self.weights]

    def improve(self) -> None:
        """Add what is worth adding, reweigh, move along the faces; the loss never rises."""
        faces, found = self.faces, self._found()
        count = len(self.known)
        self._learn(faces.units.neurons(found.neurons), found.tied)
        start = np.where(np.arange(len(self.known)) < count, 1.0, ENTERING) * self.loss / count
        energies = faces.energies(self.known, start)
        used = self._used(self.known * np.sqrt(energies)[:, None])
        energies = np.maximum(fewest(self.known[used], energies[used], simplest=False), 0.0)
        weights = self.known[used] * np.sqrt(energies)[:, None]
        still = self._used(weights)
        weights, tied = weights[still], self.tied[used[still]]
        self._take(weights)
        self._forget()
        self.asking = [weights]
        resting, loss = faces.settled(weights, tied, NEWTON_STEPS)
        if faces.loss(resting) > loss * (1 + ASTRAY):
            resting, tied, _ = faces.polished(weights, tied, NEWTON_STEPS)
        alive = self._used(resting)
        self._take(resting[alive])
        self._learn(resting[alive], tied[alive])
        self.asking.append(resting[alive])

    def _learn(self, weights: Array, tied: Indices) -> None:
        self.known = np.concatenate([self.known, self._units(weights)])
        self.tied = np.concatenate([self.tied, tied])

    def _forget(self) -> None:
        """Keep the neurons that earn most at the multiplier of the code; its own earn what they cost."""
        ratio = np.einsum("ni,ij,nj->n", self.known, self.faces.multiplier(self.weights), self.known)
        kept = np.argsort(-ratio, kind="stable")[: min(KNOWN_PER_PAIR * self.pairs, max(2 * self.pairs, MOST_KNOWN))]
        self.known, self.tied = self.known[kept], self.tied[kept]

    def _take(self, weights: Array) -> None:
        if not len(weights):
            return
        neurons, loss = self.faces.balanced(weights)
        if loss <= self.loss * (1 + WORTH_IT):
            self.weights, self.loss = neurons, loss

    def _used(self, weights: Array) -> Indices:
        """The neurons of a code that have not vanished, by their leverage."""
        return np.flatnonzero(self.faces.readout.leverage(weights) > FAINT)

    def _units(self, weights: Array) -> Array:
        return np.asarray(weights / np.sqrt(self.faces.costs(weights))[:, None])

    def _found(self) -> LocalMaxima:
        """What is worth adding to the codes in question, which may be no better than the best."""
        return LocalMaxima.joined([self._worth_adding(weights) for weights in self.asking])

    def _worth_adding(self, weights: Array) -> LocalMaxima:
        try:
            multiplier = self.faces.units.multiplier(self.faces.multiplier(weights))
        except np.linalg.LinAlgError:
            return LocalMaxima.none(self.problem.dimension)
        if self.inside.sources.faces_if_few is not None:
            priced = self.inside.pricing.maximise(multiplier, bar=1.0)
            found = LocalMaxima(priced.ratios, priced.directions, priced.tied)
        else:
            starts = self.rng.standard_normal((CLIMBS, self.problem.dimension))
            own = self.faces.units.weights(self.weights)
            found = Ascent(self.inside).maxima(multiplier, np.vstack([own, starts]))
        return found[found.ratios > 1 + WORTH_IT][: ADDED_PER_PAIR * self.pairs]

    def step(self) -> Iterate:
        """The present code in the units of the problem, and what is proven."""
        whitening, units = self.problem.whitening, self.faces.units
        weights = whitening.weights(units.weights(self.weights))
        bound = bound_at_code(self.problem, weights)
        loss = self.problem.loss(weights)
        if bound is None:
            return Iterate(weights, self.problem.energy_matrix, loss, -np.inf)
        return Iterate(weights, bound.multiplier, loss, bound.value)
