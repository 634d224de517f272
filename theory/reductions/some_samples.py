"""Only some samples must be encoded without going below zero: the optimum is no higher, and any bound on it is one.

What is gained is a hull of few vertices. The code found is one of all samples once none of the others objects to its
biases (`solver.generation.separation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from theory.arrays import Indices
from theory.immutable import Frozen
from theory.readouts import Priced
from theory.reductions.reduction import Reduction
from theory.reductions.without_layer import WITHOUT_LAYER


@dataclass(frozen=True, eq=False)
class SomeSamples(Frozen, Reduction):
    """The reduction to some samples."""

    rows: Indices  # (k,) indices of the points of the sources
    listed: bool = True  # whether the faces of their hull may be listed, if they are few; that takes seconds

    def accepts(self, problem: Any) -> bool:
        """See `Reduction`: any problem. Even where no sample is left out, the rows say in which order they stand."""
        return True

    def apply(self, problem: Any) -> Any:
        """See `Reduction`.

        Raises:
            InputError: rows that are none.
        """
        sources = problem.sources.among(self.rows, listed=self.listed)
        some = problem.feedforward.replaced(sources=sources, readout=Priced(problem.readout))
        return WITHOUT_LAYER.with_layer(problem, some)

    def of(self, problem: Any) -> Any:
        """See `Reduction`."""
        return problem.among(self.rows, listed=self.listed)
