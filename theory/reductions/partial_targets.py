"""Targets that leave sources out, decoded nearly exactly: an exact decoder is the limit of ever more expensive errors.

There a code need not span the sources, and its G is singular (docs/mathematics.md, "Targets that leave sources out").

1. The reduced problem is soft, with the ridge ``G0 = share (H'H)^-1`` in units of the best modular code, H that of
   proofs (`theory.coordinates`): M as a rule, but neurons that pay next to nothing but their height are huge in it.
2. Back, its neurons are turned by as little as lets the targets be decoded without error, and scaled to the best size.
3. Its bound becomes one of the exact problem: the soft loss is convex in the share, and the bound is where its tangent
   meets zero. Code and bound err by the square of the share where the loss is smooth in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from theory.arrays import Array
from theory.readouts import Priced, Readout, symmetric_root
from theory.reductions.decodable import decodable
from theory.reductions.reduction import OneSolved, Reduction


@dataclass(frozen=True)
class PartialTargets(Reduction):
    """The soft problem whose ridge is a small share of the G of the best modular code.

    Example:
        >>> from theory.problem import Problem
        >>> from theory.readouts import Exact
        >>> triangle = Problem([[0, 0], [0, 1], [1, 0]], readout=Exact([[1, 1]]))
        >>> reduction = PartialTargets(1e-6)
        >>> reduction.accepts(triangle), reduction.apply(triangle).readout.exact
        (True, False)
    """

    # Of the ridge. A larger one keeps more digits, a smaller one is nearer.
    share: float

    def accepts(self, problem: Any) -> bool:
        """See `Reduction`: where an exact decoder leaves sources out."""
        return problem.readout.rank is not None

    def apply(self, problem: Any) -> Any:
        """See `Reduction`."""
        return problem.replaced(readout=Priced(self._readout(problem)))

    def invert(self, problem: Any, solved: OneSolved) -> OneSolved:
        """See `Reduction`."""
        # Step 2.
        weights = decodable(problem, solved.weights)
        decoder = problem.readout.decoder(weights)
        energy = float(problem.neuron_cost(weights).sum())
        cost = problem.readout.decoder_cost * float((decoder**2).sum())
        weights = weights * ((cost / energy) ** 0.25 if energy > 0 and cost > 0 else 1.0)
        bound = self._without_ridge(problem, solved.multiplier, solved.lower_bound)
        return replace(solved, weights=weights, loss=problem.loss(weights), lower_bound=bound)

    def _readout(self, problem: Any) -> Readout:
        """Step 1: the soft readout."""
        unit, inverse = problem.modular_loss / 2 / problem.dimension, problem.proving.inverse
        soft: Readout = problem.readout.near((self.share * unit) ** 0.5 * inverse)
        return soft

    def _without_ridge(self, problem: Any, multiplier: Array, bound: float) -> float:
        """Step 3: with dual terms a and b, and a scale s, the soft bound is s a - s^2 b and the exact one s a."""
        if not np.isfinite(bound):
            return bound
        gain, lost = self._readout(problem).dual_terms(symmetric_root(multiplier))
        return float(2 * bound * gain / (gain + max(0.0, gain**2 - 4 * lost * bound) ** 0.5))
