"""The best modular code: a neuron per source that reads that source alone (docs/mathematics.md, "The modular code").

1. The cheapest neuron of source i alone costs c_i = M_ii + m_i^2 at unit weight; it points to the side of the smaller
   bias m_i.
2. The squared weights x minimise sum_i c_i x_i + g(diag x), which is convex: in closed form or by Newton's method in
   the readout, with a recurrent layer in `theory.dynamics`, of dependent sources in `theory.modular.energies`.
3. The weights are +-sqrt(x_i) e_i. A source with x_i = 0 has no neuron.
4. The loss is what these neurons, their readout and their recurrent weights cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arrays import Array
from theory.immutable import Frozen, derived
from theory.modular.energies import best_energies
from theory.modular.formulas import modular_cost


@dataclass(frozen=True, eq=False)
class ModularCode(Frozen):
    """The best modular code of a problem.

    Example:
        >>> from theory.problem import Problem
        >>> code = Problem([[-1, -1], [-1, 2], [1, -1], [1, 2]], encoder_cost=0).modular
        >>> code.costs.round(12).tolist(), round(code.loss, 12)
        ([2.0, 4.5], 7.071067811865)
    """

    problem: Any

    @derived
    def costs(self) -> Array:
        """(d,) M_ii + m_i^2 (step 1): cost of the cheapest neuron that reads source i alone with unit weight."""
        return np.asarray(modular_cost(np.diag(self.problem.energy_matrix), self.problem.height_sources.least_bias))

    @property
    def unit_weights(self) -> Array:
        """(d,) size of the weight of a neuron of each source alone that costs one."""
        return np.asarray(1 / np.sqrt(self.costs))

    @property
    def unit_neurons(self) -> Array:
        """(d, d) the cheapest neuron of each source alone, scaled to f = 1."""
        return np.diag(self.problem.height_sources.bias_sides * self.unit_weights)

    @derived
    def strengths(self) -> Array:
        """(d,) squared weights (step 2); zero where errors are cheap enough for a source to be worth no neuron."""
        problem = self.problem
        if problem.hull is not None:
            units = problem.whitening.neurons(self.unit_neurons)
            start = np.full(problem.dimension, np.sqrt(self.costs * problem.readout.gram.diagonal()).mean())
            return best_energies(units, problem.whitened.readout, start) / self.costs
        alone: Array = problem.readout.modular_strengths(self.costs)
        if problem.recurrence is None:
            return alone
        demand = problem.decoder_cost * problem.readout.demand
        return np.asarray(problem.recurrence.modular_strengths(self.costs, demand, alone))

    @derived
    def weights(self) -> Array:
        """(k, d) source weights of the neurons, of which there are at most d (step 3)."""
        signed = self.problem.height_sources.bias_sides * np.sqrt(self.strengths)
        return np.diag(signed)[self.strengths > 0]

    @derived
    def loss(self) -> float:
        """Loss (step 4): 2 sum_i sqrt(decoder_cost K_ii c_i) without errors, and more with a layer."""
        problem, readout = self.problem, self.problem.readout
        if problem.recurrence is None and readout.errors is None and problem.hull is None:
            return float(readout.modular_loss(self.costs))
        neurons, strengths = float(self.costs @ self.strengths), self.strengths
        if problem.recurrence is not None:
            decoder = problem.decoder_cost * readout.demand / strengths
            return float(neurons + decoder.sum()) + float(problem.recurrence.value(np.diag(strengths)))
        if readout.errors is None:
            return neurons + float(readout.value(np.diag(strengths)))
        # What its network costs: of dependent sources g(G), of which G0 is the inverse of a covariance, is lost.
        return neurons + float(sum(readout.costs_of(readout.decoder(self.weights), self.weights).values()))
