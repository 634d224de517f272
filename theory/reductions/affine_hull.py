"""Sources that depend on each other linearly: the problem of as many of them as tell the others.

With s - mean = U r (`theory.geometry.affine_hull`) a neuron of weights w is one of weights v = U'w on the coordinates
r, which the data show through A U (docs/mathematics.md, "Dependent sources"):

1. The encoder of least norm that makes v reads A U alone, so that K becomes U'K U in the energy and in the readout.
2. Targets B become B U. Groups stay where none tells of another.
3. Back, a neuron v has many weights w: those on few sources are given (`theory.dependent.columns`), and the multiplier
   is U Y U'.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from theory.dependent.columns import in_own_columns
from theory.errors import InputError
from theory.groups import on_hull
from theory.readouts import checked_targets
from theory.reductions.reduction import OneSolved, Reduction


class _AffineHull(Reduction):
    """See docs/mathematics.md, "Dependent sources"."""

    def accepts(self, problem: Any) -> bool:
        """See `Reduction`."""
        return bool(problem.dependent)

    def apply(self, problem: Any) -> Any:
        """The problem of as many sources as tell the others; see `Reduction`.

        Which of them a neuron reads there means nothing.

        Raises:
            InputError: a readout or a kind of neuron of one's own that does not say what it is on the hull.

        Example:
            >>> from theory.problem import Problem
            >>> categories = Problem(np.eye(3))
            >>> categories.on_hull.sources.names, categories.on_hull.mixing.tolist()
            (('s1', 's2'), [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
        """
        if not self.accepts(problem):
            return problem
        hull = problem.hull
        groups = None if problem.groups is None else on_hull(problem.groups, hull)
        arguments = problem.arguments | {
            # With groups what a neuron reads means something: which of them.
            "sources": problem.sources.of_columns(hull.kept.tolist(), identified=groups is not None),
            "mixing": problem.mixing @ hull.basis,  # step 1
            "readout": self._readout(problem),
            "neurons": problem.neurons.on_hull(hull.basis),
            "groups": groups,  # step 2
            "separate": problem.separate and groups is not None,
        }
        return type(problem)(**arguments)

    def of(self, problem: Any) -> Any:
        """See `Reduction`."""
        return problem.on_hull

    def invert(self, problem: Any, solved: OneSolved) -> OneSolved:
        """See `Reduction`."""
        if not self.accepts(problem):
            return solved
        # Step 3.
        weights = in_own_columns(problem, solved.weights)
        return replace(solved, weights=weights, multiplier=problem.hull.form(solved.multiplier))

    def _readout(self, problem: Any) -> Any:
        """Step 2: the readout of the coordinates, of targets B U."""
        readout, hull = problem.given_readout, problem.hull
        names = [item.name for item in fields(readout)] if is_dataclass(readout) else []
        if "targets" not in names:
            raise InputError(
                f"readout: what a {type(readout).__name__} asks of linearly dependent sources is not known; give one "
                "of `theory.readouts`, or remove the sources that others tell"
            )
        if readout.targets is None:
            return readout
        targets = checked_targets(readout.targets, problem.sources)
        told, size = targets @ hull.basis, np.abs(targets) @ np.abs(hull.basis)
        told[np.abs(told) <= 1e-13 * size] = 0.0  # rounding of its terms
        if not told.any():
            raise InputError("targets: all are constant over the samples, so that nothing is to be decoded")
        return replace(readout, targets=told)


AFFINE_HULL = _AffineHull()
