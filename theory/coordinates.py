"""The coordinates of neurons in which bounds are proven: whitened ones, or others where samples are huge in those.

A neuron that costs one is about one long in them, so that no digit of what it earns is lost:

1. Whitened coordinates are these as a rule (`theory.geometry.whitening`): there H'H = M.
2. Where activity costs nothing, or a neuron pays for its peak, M can be so small beside the height that whitened
   samples are huge. Then H'H is the sum of M and the second moment of the vertices.
3. With a recurrent layer, and of more sources or samples than faces are listed of, the whitened ones are kept.
4. Where some sources are told by others the coordinates are those of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.geometry.pricing import Pricing
from theory.geometry.whitening import Whitening
from theory.immutable import derived
from theory.readouts import Readout
from theory.reductions import WHITENED


@dataclass(frozen=True, eq=False)
class ProofCoordinates(Whitening):
    """Coordinates in which bounds on a problem are proven: what reading out costs there, and how neurons are priced.

    Example:
        >>> from theory.problem import Problem
        >>> samples = [[0, 0], [0, 1e6], [1, 0], [1, 1e6]]
        >>> usual, flat = Problem(samples), Problem(samples, activity_cost=0, bias_cost=1, encoder_cost=1)
        >>> usual.proving.are_whitened, flat.proving.are_whitened
        (True, False)
    """

    problem: Any
    are_whitened: bool  # whether they are the whitened ones

    @classmethod
    def of_problem(cls, problem: Any) -> ProofCoordinates:
        """The coordinates for a problem; where some of its sources are told by others, those of the others."""
        if problem.hull is not None:  # step 4
            inside = problem.on_hull.proving
            chosen, whitened = inside.of_dependent(problem.hull), inside.are_whitened
        else:
            chosen, whitened = problem.whitening, True  # step 1
            if problem.transitions is None and problem.height_sources.has_few_vertices:  # step 3
                vertices = problem.height_sources.vertices
                if np.abs(chosen.samples(vertices)).max() > 1e3:  # step 2: six digits would be lost
                    spread = np.linalg.qr(vertices / len(vertices) ** 0.5, mode="r")
                    root = np.vstack([problem.energy_root, spread])
                    chosen = Whitening.of(root, problem.readout.targets, np.sqrt(problem.modular_costs))
                    whitened = False
        return cls(chosen.matrix, chosen.inverse, chosen.targets, problem, whitened)

    @derived
    def readout(self) -> Readout:
        """What reading a code out costs."""
        if self.are_whitened:
            return WHITENED.readout(self.problem.on_hull)
        return WHITENED.readout(self.problem, self)

    @derived
    def pricing(self) -> Pricing:
        """Exact pricing on the faces of the hull.

        Raises:
            InputError: the hull has too many faces.
        """
        problem = self.problem
        if problem.hull is not None:
            return problem.on_hull.proving.pricing
        if self.are_whitened:
            return problem.pricing
        return Pricing.of(problem.height_sources.faces, self, problem.energy_root @ self.inverse)
