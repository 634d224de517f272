"""A code in the making: add neurons, reweigh, move along the faces, drop what has vanished; the loss never rises.

Neurons that pricing or a climb found enter with the samples that tie for their bias. The restricted problem says how
much of each there should be (`solver.search.restricted_master`), and Newton's method moves all of them together on the
faces that their samples hold (`solver.search.active_set`). How neurons are found is the business of the methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solver.search.active_set import Faces
from solver.search.restricted_master import fewest, optimal_energies
from theory.bounds.ascent import LocalMaxima

if TYPE_CHECKING:
    from theory.arrays import Array, Indices
    from theory.problem import Problem

__all__ = ["SAME_NEURON", "FaceCode"]

ADDED_PER_PAIR = 2
"""Neurons added at a time at most, per pair of sources."""

SETTLED = 1e-9
"""Deviation of the code's own ratios from one up to which its energies count as optimal."""

TIDIED = 1e-12
"""Relative rise of the loss, hidden by rounding, that a code with fewer neurons may cost."""

NEGLIGIBLE = 1e-10
"""Leverage w'G^-1 w below which a neuron is dropped: the only neuron of a source of tiny scale costs almost nothing."""

SAME_NEURON = 1e-8
"""Cosine distance up to which two neurons are one."""

STALLED = 1e-12
"""Relative fall of the loss that leaves the multiplier, and with it what was searched, as it was."""


class FaceCode:
    """A code and what follows from it, in the coordinates of `Faces`.

    Args:
        problem: any number of sources, best in the coordinates of its whitening.
        weights: (n, d) source weights to start from; the best modular code if not given.
        tied: (n, d) the samples that hold their faces, -1 in unused places; one each if not given.

    Attributes:
        faces: coordinates and losses.
        weights: (n, d) neurons in those coordinates;  tied: (n, d) the samples that hold their faces.
        loss: in units of the modular one;  multiplier: (d, d) Y in the units of the problem.
        settled: whether every neuron earns what it costs.
        changes: how often the code has become another one.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]])
        >>> code = FaceCode(problem)
        >>> priced = problem.pricing.maximise(code.multiplier, bar=1.0)
        >>> code.improve(LocalMaxima(priced.ratios, priced.directions, priced.tied), 1e-12, 20)
        True
    """

    def __init__(self, problem: Problem, weights: Array | None = None, tied: Indices | None = None) -> None:
        self.faces = Faces(problem)
        given = problem.modular_weights if weights is None else weights
        self.weights = self.faces.units.neurons(given)
        self.tied = self.first_ties(self.weights) if tied is None else tied
        self.loss = self.faces.loss(self.weights)
        self.changes = 0
        self._take_stock()

    @property
    def pairs(self) -> int:
        """Neurons that are always enough, d (d + 1) / 2: as many as G has entries."""
        dimension = self.weights.shape[1]
        return dimension * (dimension + 1) // 2

    @property
    def source_weights(self) -> Array:
        """(n, d) in the units of the problem."""
        return self.faces.units.weights(self.weights)

    @property
    def problem_loss(self) -> float:
        """The loss in the units of the problem."""
        return float(self.loss * self.faces.units.loss)

    def neurons(self) -> Array:
        """(n, d) the neurons of the code, scaled to f = 1, in the units of the problem."""
        cost = self.faces.costs(self.weights) * self.faces.units.loss
        return np.asarray(self.source_weights / np.sqrt(cost)[:, None])

    def first_ties(self, weights: Array) -> Indices:
        """(n, d) the one sample that attains each bias."""
        tied = np.full(weights.shape, -1)
        tied[:, 0] = (weights @ self.faces.normals.T).argmax(axis=1)
        return tied

    def improve(self, found: LocalMaxima, least_excess: float, newton_steps: int) -> bool:
        """Add what is worth adding, reweigh, move along the faces; whether the loss fell by as much as counts.

        Args:
            found: neurons in the units of the problem, those worth most first.
            least_excess: by how much a ratio must exceed one to be worth adding, and the loss fall to count.
            newton_steps: steps along the faces at most.
        """
        new = found[found.ratios > 1 + least_excess][: ADDED_PER_PAIR * self.pairs]
        weights = np.concatenate([self.weights, self.faces.units.neurons(new.neurons)])
        tied = np.concatenate([self.tied, new.tied])
        cost = self.faces.costs(weights)
        unit = weights / np.sqrt(cost)[:, None]
        start = np.where(np.arange(len(cost)) < len(self.weights), cost, 0.0)
        energies = optimal_energies(unit, self.faces.readout, start)
        weights = unit * np.sqrt(np.maximum(energies, 0.0))[:, None]
        kept = self.faces.readout.leverage(weights) > NEGLIGIBLE
        before = self.loss
        # More neurons must pay.
        most = before * (1 - STALLED) if kept.sum() > len(self.weights) else before
        self._take(*self.faces.polished(weights[kept], tied[kept], newton_steps), most=most)
        if len(self.weights) > self.pairs:
            self.tidy()
        return self.loss < before * (1 - least_excess)

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
        kept = self.faces.readout.leverage(weights) > NEGLIGIBLE
        self._take(*self.faces.polished(weights[kept], self.tied[kept]), most=most)

    def _take(self, weights: Array, tied: Indices, loss: float, *, most: float) -> None:
        """Make this the code, without neurons that have vanished, if it costs no more than ``most``."""
        kept = self.faces.readout.leverage(weights) > NEGLIGIBLE
        # Rounding may hide what a source costs that no neuron codes.
        if kept.sum() < max(1, self.faces.readout.least_neurons):
            return
        if not kept.all():
            weights, tied = weights[kept], tied[kept]
            loss = self.faces.loss(weights)
        if loss <= most:
            # Small changes leave what was searched before searched.
            self.changes += not (len(weights) == len(self.weights) and loss >= self.loss * (1 - STALLED))
            self.weights, self.tied, self.loss = weights, tied, loss
            self._take_stock()

    def _take_stock(self) -> None:
        # Where neurons earn on average what they cost, a ratio of one is attained.
        self.weights, self.loss = self.faces.balanced(self.weights)
        multiplier = self.faces.multiplier(self.weights)
        cost = self.faces.costs(self.weights)
        ratio = np.einsum("ni,ij,nj->n", self.weights, multiplier, self.weights) / cost
        self.settled = bool((np.abs(ratio - 1) * cost).sum() <= SETTLED * cost.sum())
        self.multiplier = self.faces.units.multiplier(multiplier)


def _joined(weights: Array, tied: Indices) -> tuple[Array, Indices]:
    """Neurons that point the same way made one, which keeps to the face of the strongest of them."""
    length = np.linalg.norm(weights, axis=1)
    parallel = (weights @ weights.T) / np.outer(length, length) > 1 - SAME_NEURON
    leader = np.argmax(parallel * length, axis=1)
    kept = np.unique(leader)
    energy = np.zeros(len(leader))
    np.add.at(energy, leader, length**2)
    return weights[kept] * (np.sqrt(energy[kept]) / length[kept])[:, None], tied[kept]
