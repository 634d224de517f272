"""The best energies of a few neurons of three sources, for many problems at once: an interior-point method.

Energies x >= 0 of neurons u_j of cost one minimise sum_j x_j + tr K H^-1, H = sum_j x_j u_j u_j' + G0. With the
multiplier Y = H^-1 K H^-1 the slope is 1 - u_j'Y u_j, and the second derivatives are 2 (u_i'H^-1 u_j) (u_i'Y u_j).

1. Each energy has a slack s_j > 0, which stands for its slope, and the products x_j s_j are to be the same number mu.
2. Newton's method for both: (second derivatives + diag(s / x)) dx = mu / x - slope, ds = (mu - s dx) / x - s.
3. Neither may lose more than nearly all it has in a step.
4. With each step mu falls to a tenth, but no further than is asked for: while neurons are missing, those that join are
   found faster from a multiplier that stays away from the borders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.batches.three.matrices import OnFirstAxis, inverses, multipliers, solved
from theory.arrays import Array


@dataclass(frozen=True)
class BatchMasterTolerances:
    """How the path is followed."""

    fall: float = 0.1  # of mu in a step, at most
    left: float = 0.05  # share of an energy or a slack that a step leaves
    singular: float = 1e-13  # what is added to the diagonal of second derivatives, relative to it


THREE_MASTER = BatchMasterTolerances()


@dataclass(frozen=True, eq=False)
class Columns(OnFirstAxis):
    """Neurons of n problems and their energies.

    Attributes:
        neurons: (n, k, 3) of cost one.
        energies: (n, k) x.
        slacks: (n, k) s (step 1).
        demand: (n, 3) the diagonal of K.
        ridge: (n, 3, 3) G0.
    """

    neurons: Array
    energies: Array
    slacks: Array
    demand: Array
    ridge: Array

    @property
    def code(self) -> Array:
        """(n, 3, 3) H."""
        return np.asarray((self.neurons * self.energies[..., None]).transpose(0, 2, 1) @ self.neurons + self.ridge)

    @property
    def inverse(self) -> Array:
        """(n, 3, 3) H^-1."""
        return inverses(self.code)

    @property
    def multiplier(self) -> Array:
        """(n, 3, 3) Y."""
        return multipliers(self.inverse, self.demand)

    @property
    def mu(self) -> Array:
        """(n,) the mean of the products."""
        return np.asarray((self.energies * self.slacks).mean(axis=1))

    def moved(self, least: Array, steps: int) -> Columns:
        """After so many steps.

        Args:
            least: (n,) mu at which each path is to end.
            steps: of Newton's method.
        """
        columns = self
        for _ in range(steps):
            columns = columns._stepped(least)
        return columns

    def _stepped(self, least: Array) -> Columns:
        neurons, energies, slacks = self.neurons, self.energies, self.slacks
        inverse = self.inverse
        multiplier = multipliers(inverse, self.demand)
        worth = (neurons @ multiplier) @ neurons.transpose(0, 2, 1)
        bent = 2 * worth * ((neurons @ inverse) @ neurons.transpose(0, 2, 1))
        place = np.arange(energies.shape[1])
        mu = np.maximum(THREE_MASTER.fall * self.mu, least)[:, None]  # step 4
        # Step 2.
        bent[:, place, place] = bent[:, place, place] * (1 + THREE_MASTER.singular) + slacks / energies
        right = mu / energies - 1 + worth[:, place, place]
        step = solved(bent, right)
        change = (mu - slacks * step) / energies - slacks
        # Step 3.
        keep = 1 - THREE_MASTER.left
        length = 1 / np.maximum(1.0, (-step / energies).max(axis=1, keepdims=True) / keep)
        other = 1 / np.maximum(1.0, (-change / slacks).max(axis=1, keepdims=True) / keep)
        return Columns(neurons, energies + length * step, slacks + other * change, self.demand, self.ridge)
