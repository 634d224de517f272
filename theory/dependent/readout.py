"""Reading out codes of dependent sources: the readout of their coordinates, asked in the sources' own columns.

With s - mean = U r a code W of the sources is the code W U of the coordinates, and ``G_r = U'G U``. What is decoded of
a code, what it costs and what it is worth are the same (docs/mathematics.md, "Dependent sources"):

    g(G) = g_r(U'G U),      Y = U Y_r U',      D the same matrix

The best modular code is not in closed form here: see `theory.modular.energies`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from theory.arrays import Array, ArrayLike
from theory.readouts import Readout, checked_targets


@dataclass(frozen=True, eq=False)
class ReadoutOnHull(Readout):
    """A `Readout` of dependent sources.

    Example:
        >>> from theory.problem import Problem
        >>> categories = Problem(np.eye(3))
        >>> marks = np.eye(3)
        >>> bool(np.isclose(categories.readout.value(marks), categories.on_hull.readout_cost([[2, 1], [1, 2]])))
        True
    """

    inside: Any = None  # the readout of the coordinates
    hull: Any = None  # of the sources

    @classmethod
    def of(cls, problem: Any) -> ReadoutOnHull:
        """The readout of a problem of dependent sources, by that of their coordinates."""
        inside, sources, hull = problem.on_hull.readout, problem.sources, problem.hull
        targets_wanted, errors = getattr(problem.given_readout, "targets", None), inside.errors
        targets = problem.mixing if targets_wanted is None else checked_targets(targets_wanted, sources)
        if errors is not None:
            moved = hull.basis @ (errors.mean - sources.mean[hull.kept])
            covariance, root = hull.form(errors.covariance), errors.root @ hull.basis.T
            errors = replace(errors, mean=sources.mean + moved, covariance=covariance, root=root)
        ridge = None if inside.ridge is None else hull.placed(hull.placed(inside.ridge).T)
        return cls(targets, inside.decoder_cost, ridge, errors, inside.rank, None, inside, hull)

    def value(self, code: ArrayLike) -> float:
        """See `Readout`."""
        return float(self.inside.value(self._inner(code)))

    def value_of(self, weights: Array) -> float:
        """See `Readout`."""
        return float(self.inside.value_of(self.hull.functions(weights)))

    def multiplier(self, code: ArrayLike) -> Array:
        """See `Readout`."""
        return np.asarray(self.hull.form(self.inside.multiplier(self._inner(code))))

    def expansion(self, code: ArrayLike) -> tuple[Array, Array]:
        """See `Readout`: U (G + G0)^-1 U' and Y."""
        inverse, multiplier = self.inside.expansion(self._inner(code))
        return self.hull.form(inverse), self.hull.form(multiplier)

    def decoder(self, weights: Array) -> Array:
        """See `Readout`."""
        return np.asarray(self.inside.decoder(self.hull.functions(weights)))

    def leverage(self, weights: Array) -> Array:
        """See `Readout`."""
        return np.asarray(self.inside.leverage(self.hull.functions(weights)))

    def condition(self, weights: Array) -> float:
        """See `Readout`."""
        return float(self.inside.condition(self.hull.functions(weights)))

    def costs_of(self, decoder: Array, weights: Array) -> dict[str, float]:
        """See `Readout`."""
        costs: dict[str, float] = self.inside.costs_of(decoder, self.hull.functions(weights))
        return costs

    def dual_terms(self, root: Array) -> tuple[float, float]:
        """See `Readout`: of a root whose Y is that of neurons on the samples."""
        terms: tuple[float, float] = self.inside.dual_terms(root[:, self.hull.kept])
        return terms

    def with_targets(self, targets: Array) -> Readout:
        """See `Readout`."""
        return replace(self, targets=targets, inside=self.inside.with_targets(targets @ self.hull.basis))

    def rescaling(self, code: ArrayLike, energy: float) -> float:
        """See `Readout`."""
        return float(self.inside.rescaling(self._inner(code), energy))

    @property
    def least_neurons(self) -> int:
        """See `Readout`."""
        return int(self.inside.least_neurons)

    def _inner(self, code: ArrayLike) -> Array:
        return np.asarray(self.hull.basis.T @ np.asarray(code) @ self.hull.basis)
