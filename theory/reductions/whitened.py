"""Coordinates x = H w in which a neuron's energy is its squared length: correlated sources cost no digits there."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.dynamics import Recurrence
from theory.errors import InputError
from theory.geometry.symmetry import Symmetry, symmetry_of
from theory.geometry.whitening import Whitening
from theory.neurons import Canonical
from theory.readouts import Priced, Readout
from theory.reductions.reduction import OneSolved, Reduction
from theory.sources import EXACT_DIMENSION, Sources


class _Whitened(Reduction):
    """Which neurons are modular is another question there, and groups are none of the coordinates'."""

    def accepts(self, problem: Any) -> bool:
        """See `Reduction`: any problem."""
        return True

    def apply(self, problem: Any) -> Any:
        """The problem in whitened coordinates; see `Reduction`.

        Sources are known by their moments and vertices, in the order of the problem's own.

        Raises:
            FloatingPointError: units that leave these coordinates without numbers.

        Example:
            >>> from theory.problem import Problem
            >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]])
            >>> weights = np.array([[1.0, 0.0], [1.0, 1.0]])
            >>> neurons = problem.whitening.neurons(weights)
            >>> bool(np.isclose(problem.loss(weights), problem.whitened.loss(neurons)))
            True
        """
        problem = problem.on_hull
        if problem.transitions is not None:
            return problem.feedforward.whitened  # what neurons cost is the same
        whitening, heights = problem.whitening, problem.height_sources
        root = problem.sources.covariance_root @ whitening.inverse
        changes = {
            "sources": Sources.transformed(heights, root, whitening.samples(heights.vertices)),
            "mixing": self._mixing(problem),
            "readout": Priced(self.readout(problem)),
            "groups": None,
            "separate": False,
            "activity_cost": 1.0,
            "bias_cost": 0.0,
            "neurons": Canonical(problem.energy_root @ whitening.inverse, np.eye(problem.dimension), None),
        }
        # By construction, and to more digits than it could be found again.
        known = {"whitening": Whitening.none(whitening.targets)}
        try:
            inside = type(problem).knowing(known, **(problem.arguments | changes))
        except InputError as error:
            # Of a problem that was accepted as given: its units are what those coordinates have no numbers for.
            raise FloatingPointError("numbers too small or too large") from error
        if problem.dimension <= EXACT_DIMENSION and not (problem.separate or problem.separable):
            # Found once, so that who stops a search has them; neurons of one group each never need them.
            _ = inside.sources.faces_if_few
        return inside

    def of(self, problem: Any) -> Any:
        """See `Reduction`."""
        return problem.whitened

    def invert(self, problem: Any, solved: OneSolved) -> OneSolved:
        """See `Reduction`."""
        return solved.moved(problem.whitening.weights, problem.whitening.multiplier)

    def readout(self, problem: Any, whitening: Whitening | None = None) -> Readout:
        """What reading a code out costs in those coordinates, or in others.

        G0 comes from the whitened covariance under which errors count, to which correlated sources leave its digits: in
        the sources' own coordinates its entries are as large as the covariance is nearly singular.
        """
        whitening = problem.whitening if whitening is None else whitening
        errors, ridge_root = problem.readout.errors, None
        if errors is not None:
            root = np.linalg.qr(errors.root @ whitening.inverse, mode="r")
            ridge_root = (problem.readout.decoder_cost / errors.cost) ** 0.5 * np.linalg.inv(root)
        readout: Readout = problem.readout
        return readout.in_coordinates(whitening.matrix, targets=whitening.targets, ridge_root=ridge_root)

    def symmetry(self, problem: Any) -> Symmetry:
        """Permutations of the vertices that leave what neurons and readout cost as it is, in those coordinates.

        The optimal G and Y are the same for all of them (docs/mathematics.md, "Symmetry").
        """
        inside = self.of(problem)
        forms = [form for form in (inside.readout.gram, inside.readout.ridge) if form is not None]
        return symmetry_of(inside.sources.vertices, forms)

    def recurrence(self, problem: Any) -> Recurrence | None:
        """What recurrent weights cost in those coordinates; None without transitions."""
        recurrence: Recurrence | None = problem.recurrence
        if recurrence is None:
            return None
        return recurrence.in_coordinates(problem.whitening.matrix, problem.whitening.inverse)

    def _mixing(self, problem: Any) -> Any:
        whitening = problem.whitening
        seen = problem.readout.targets is problem.mixing
        return whitening.targets if seen else problem.mixing @ whitening.matrix.T


WHITENED = _Whitened()
