"""What a kind of neuron is (docs/mathematics.md, "Kinds of neurons").

A neuron reads the sources with weights w and has the least bias that keeps it nonnegative. Its cost is

    f(w) = |R w|^2 + h(w)^2,      h(w) = max over points p of -p.w,

convex and homogeneous of degree two. A kind says this twice, and a problem checks that both agree:

- `terms`: what a network pays, by name, from the activity on the samples and from the encoder. The loss of an answer,
  of an audit and of a certificate, and the columns of tables, are sums of these.
- `energy_root` and `height_sources`: R and the points. On each normal cone of the hull of the points h is linear and f
  one quadratic form, so that every search and every proof works as it does for linear neurons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from theory.arrays import Array, Indices
from theory.immutable import Frozen
from theory.sources import Sources


@dataclass(frozen=True, eq=False)
class Activity(Frozen):
    """What the activity of neurons comes to on the samples."""

    second_moments: Array  # (n,) mean squared activity
    means: Array  # (n,) mean activity
    peaks: Array  # (n,) largest activity

    @classmethod
    def of(cls, sources: Sources, weights: Array, means: Array) -> Activity:
        """The activity of linear neurons with weights (n, d) and mean activity (n,).

        Example:
            >>> from theory.sources import Sources
            >>> square = Sources([[-1, -1], [-1, 1], [1, -1], [1, 1]])
            >>> Activity.of(square, np.array([[1.0, 0.0]]), np.array([1.0])).peaks.tolist()
            [2.0]
        """
        return cls(sources.variances(weights) + means**2, means, means + sources.support(-weights))


@dataclass(frozen=True, eq=False)
class Neurons(Frozen):
    """A kind of neuron: derive from it, and define `terms`, `energy_root` and `height_sources`.

    Its fields are costs of its own. A problem hands itself to each method.

    Source: docs/mathematics.md, "Kinds of neurons"; an example is in docs/contributing.md.
    """

    linear: ClassVar[bool] = True
    name: ClassVar[str] = "of one's own"

    def terms(self, problem: Any, activity: Activity, encoder: Array) -> dict[str, Array]:
        """What neurons of a problem pay, by name, (n,) each: for activity on its samples, and an encoder (n, dx)."""
        raise NotImplementedError(f"{type(self).__name__}: define terms(problem, activity, encoder)")

    def energy_root(self, problem: Any) -> Array:
        """(k, d) R, of full column rank."""
        raise NotImplementedError(f"{type(self).__name__}: define energy_root(problem)")

    def height_sources(self, problem: Any) -> Sources:
        """Sources, under the names of the problem's, whose support function is h."""
        raise NotImplementedError(f"{type(self).__name__}: define height_sources(problem)")

    def energy_matrix(self, problem: Any) -> Array:
        """(d, d) M = R'R, for kinds that know it to more digits."""
        root = self.energy_root(problem)
        return root.T @ root

    def is_canonical(self, problem: Any) -> bool:
        """Whether the problem's own sources are the height's, with no other cost than one."""
        return False

    def of_columns(self, columns: list[int]) -> Neurons:
        """The kind for some of the sources, whose neurons cost what they cost here."""
        return self

    def of_samples(self, rows: Indices, times: Array | Indices | None = None) -> Neurons:
        """The kind for some of the samples (k,), by index, each drawn so many times (k,); once if None."""
        return self

    def on_hull(self, basis: Array) -> Neurons:
        """The kind for coordinates r of dependent sources, s - mean = U r, U (d, r), at which neurons cost the same."""
        return self

    def coupling(self, problem: Any) -> Array | None:
        """(d, d) what, beside the readout, lets neurons of two groups gain by each other where the hull is a product.

        None for nothing. A covariance does not: the product of two nonnegative activities is never negative.
        """
        return np.asarray(problem.encoder_metric) if problem.encoder_cost else None
