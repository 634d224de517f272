"""Neurons of dependent sources that read one group each, where groups tell of each other (docs/mathematics.md,
"Dependent sources").

The spans of the groups overlap, so that no group can be solved by itself; but the loss is convex in all neurons
together, and its columns are generated from all groups at once, in the whitened coordinates of the hull:

1. Begin with the neurons of single sources, and those of single whitened coordinates of each group.
2. Master: the best energies of all neurons of the pool. Those that get none for a while leave it.
3. Price the neurons of each group, exactly where the faces of its hull are listed; the largest ratio of all bounds the
   loss. The best neurons of each face join the pool.
4. End where the bound meets the loss, or where the gap hardly narrows; else go back to 2.
5. Write G with as few of the neurons as can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate.spans import largest_ratio
from solver.deadline import require_time
from solver.generation.energies import fewest, optimal_energies
from solver.generation.pool import distinct
from solver.methods.iterate import Iterate
from theory.readouts import symmetric_root

if TYPE_CHECKING:
    from theory.arrays import Array
    from theory.dependent.spans import Span
    from theory.problem import Problem


@dataclass(frozen=True)
class SpansTolerances:
    """When the search ends, and what joins and leaves the pool."""

    share: float = 0.1  # of the tolerance within which the search ends
    patience: int = 30  # rounds in a row that hardly narrow the gap
    enough: int = 5  # such rounds where the gap is within the tolerance already
    narrower: float = 0.9  # ratio of two gaps that counts as narrowing
    added: int = 8  # neurons of a group that join in one round, for each of its dimensions
    energy: float = 1e-11  # share of the largest energy below which a neuron is none
    same: float = 1e-13  # cosine distance up to which two neurons are one
    excess: float = 1e-13  # of a ratio over one that is rounding


SPANS = SpansTolerances()


def steps(problem: Problem, *, tolerance: float) -> Iterator[Iterate]:
    """Yield ever better codes of neurons that read one group each, with weights on the sources.

    Args:
        problem: of dependent sources, with groups.
        tolerance: relative gap at which to stop.
    """
    search, stalled, gap = _SpansSearch(problem), 0, float("inf")
    while True:
        require_time(0.0)
        search.solve_master()
        search.price()
        yield search.step()
        before, gap = gap, 1 - search.bound / search.loss
        stalled = 0 if gap < SPANS.narrower * before else stalled + 1
        patience = SPANS.patience if gap > tolerance else SPANS.enough
        if gap <= SPANS.share * tolerance or stalled >= patience or not search.grown:  # step 4
            break
    yield search.tidied()


class _SpansSearch:
    """The state of a search.

    Attributes:
        units: (n, r) neurons of the pool in whitened coordinates, scaled to f = 1.
        weights: (n, d) the same on the sources, each on one group.
        energies: (n,) of the best code.
        loss: of that code.
        bound: the best proven.
        grown: whether the last pricing found any neuron that the pool did not have.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.inside = problem, problem.canonical
        self.readout, self.whitening = self.inside.whitened.readout, self.inside.whitening
        self.bases = [self.whitening.neurons(span.basis) for span in problem.spans]
        self.units, self.weights = np.empty((0, self.inside.dimension)), np.empty((0, problem.dimension))
        for span in problem.spans:  # step 1
            coordinates = span.block.whitening.weights(np.eye(len(span.kept)))
            neurons = [span.block.modular.unit_neurons, coordinates, -coordinates]
            self._join(span, np.concatenate(neurons))
        self.energies, self.loss, self.bound = np.empty(0), float("inf"), 0.0
        self.worth = self.multiplier = np.eye(self.inside.dimension)
        self.grown = True

    def solve_master(self) -> None:
        """Step 2."""
        start = np.full(len(self.units), 1.0 / len(self.units))
        if self._is_silent():
            energies = np.zeros(len(self.units))
        else:
            energies = optimal_energies(self.units, self.readout, start * self.inside.modular_loss / 2)
        kept = energies > SPANS.energy * energies.max(initial=0.0)
        if kept.any():
            # Those that have gone may come again.
            energies, self.units, self.weights = energies[kept], self.units[kept], self.weights[kept]
        self.energies = energies
        code = (self.units.T * energies) @ self.units
        self.loss = float(energies.sum()) + self.readout.value(code)
        self.worth = self.readout.multiplier(code)

    def price(self) -> None:
        """Step 3."""
        rho, before = 0.0, len(self.units)
        for span, basis in zip(self.problem.spans, self.bases, strict=True):
            ratio, _, neurons = largest_ratio(span, self.worth, basis)
            rho = max(rho, ratio)
            self._join(span, neurons[: SPANS.added * len(span.kept)])
        root = symmetric_root(self.worth)
        proven = self.readout.dual_value(root, rho)
        if self._is_silent() and rho <= 1 + SPANS.excess:
            proven = self.loss
        if proven > self.bound:
            self.bound, self.multiplier = proven, self.worth
        self.grown = len(self.units) > before
        self.energies = np.concatenate([self.energies, np.zeros(len(self.units) - before)])

    def step(self) -> Iterate:
        """The present code, and what is proven."""
        hull = self.problem.hull
        assert hull is not None
        used = self.energies > 0
        weights = self.weights[used] * np.sqrt(self.energies[used])[:, None]
        multiplier = hull.form(self.whitening.multiplier(self.multiplier))
        return Iterate(weights, multiplier, self.loss, self.bound, priced=True)

    def tidied(self) -> Iterate:
        """Step 5."""
        used = self.energies > 0
        if used.any():
            self.units, self.weights, energies = self.units[used], self.weights[used], self.energies[used]
            self.energies = fewest(self.units, energies, simplest=False)
            if (self.energies < 0).any():
                self.energies = energies
        return self.step()

    def _is_silent(self) -> bool:
        """Whether no neuron of the pool is worth its cost where there is none."""
        if self.readout.ridge is None:
            return False
        worth = self.readout.multiplier(np.zeros((self.units.shape[1],) * 2))
        return bool((np.einsum("ni,ij,nj->n", self.units, worth, self.units) <= 1 + SPANS.excess).all())

    def _join(self, span: Span, neurons: Array) -> None:
        """Add neurons (m, k) of a group to the pool."""
        basis = self.whitening.neurons(span.basis)
        neurons = neurons / np.sqrt(span.block.neuron_cost(neurons))[:, None]
        weights = np.zeros((len(neurons), self.problem.dimension))
        weights[:, list(span.kept)] = neurons
        units = np.concatenate([self.units, neurons @ basis])
        kept = distinct(units, np.arange(len(units), 0, -1.0), SPANS.same)
        self.units, self.weights = units[kept], np.concatenate([self.weights, weights])[kept]
