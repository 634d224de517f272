"""Pricing: which neuron is worth most? ``rho(Y) = max_w w'Y w / f(w)``, exactly, on the normal fan.

This is the only hard step of the theory. A multiplier Y is what the readout pays for a unit of w w'; a neuron with
ratio above one earns more than it costs, and if none exists Y proves a lower bound (DESIGN section 1, "Dual and
certificate" and "Pricing exactly").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.copositivity import least_ratio, surely_copositive
from theory.polytope import NormalFan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["Priced", "Pricing"]

NEARLY_OPPOSITE = -0.98
"""Cosine (in the metric of f) of two rays of a cone below which coordinates in that cone lose digits."""


@dataclass(frozen=True)
class Priced:
    """The best neuron in each cone that may hold one better than the bar.

    Attributes:
        rho: largest ratio w'Y w / f(w) over all directions.
        worst: (d,) a direction that attains it, scaled to f(w) = 1.
        ratios: (k,) best ratio in each examined cone, decreasing;  directions: (k, d) where, scaled to f(w) = 1.
        cones: (k,) those cones;  coordinates: (k, d) the directions in the coordinates of their cone.
    """

    rho: float
    worst: Array
    ratios: Array
    directions: Array
    cones: Indices
    coordinates: Array


class Pricing:
    """Exact maximisation of w'Y w / f(w) for one fan and one energy matrix; cheap to ask again with another Y.

    Args:
        fan: the normal fan of conv(-S).
        energy_matrix: (d, d) M, positive definite.

    Attributes:
        fan: the cones that prices refer to: those given, with badly conditioned ones cut.
        rays: (R, d) the fan's generators scaled to f = 1: the coordinates of a cone refer to these.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> pricing = Pricing(problem.sources.fan, problem.energy_matrix)
        >>> round(pricing.maximise(problem.energy_matrix + np.eye(2)).rho, 12)
        1.0
    """

    def __init__(self, fan: NormalFan, energy_matrix: Array) -> None:
        self.energy_matrix = energy_matrix
        self._use(fan)
        self._cut_flat_cones()

    def _use(self, fan: NormalFan) -> None:
        # A generator lies on the cones around it: any of them knows its support. A fan cut down to some of its cones
        # may hold generators that none of them uses; they cost nothing and must price as nothing.
        height = np.zeros(len(fan.generators))
        height[fan.cones] = np.einsum("nkd,nd->nk", fan.generators[fan.cones], fan.vertices[fan.vertex_of_cone])
        cost = np.einsum("ri,ij,rj->r", fan.generators, self.energy_matrix, fan.generators) + height**2
        self.fan = fan
        self.rays = fan.generators / np.sqrt(cost)[:, None]
        self.metric = self.forms(self.energy_matrix) + self._support_squared()

    def _cut_flat_cones(self) -> None:
        """Cut cones that hold two nearly opposite rays along the axes.

        Where a source's range is negligible beside its weight cost, almost every facet normal points along its axis,
        and other directions are small differences of large coordinates. Within an orthant nothing cancels.
        """
        if self.metric.min(initial=0.0) >= NEARLY_OPPOSITE:
            return
        # In units of equal cost, so that what the cut takes for zero is zero for every source.
        scale = np.sqrt(np.diag(self.energy_matrix))
        fan = NormalFan(self.rays * scale, self.fan.cones, self.fan.vertices / scale, self.fan.vertex_of_cone)
        flat = self.metric.min(axis=(1, 2)) < NEARLY_OPPOSITE
        pieces = fan.restricted(np.flatnonzero(flat))
        for axis in range(fan.dimension):
            pieces = pieces.split_along(axis)
        # Pieces that rounding left flat are covered by their neighbours.
        pieces = pieces.restricted(np.flatnonzero(np.linalg.det(pieces.generators[pieces.cones])))
        cones = np.concatenate([fan.cones[~flat], pieces.cones])
        owner = np.concatenate([fan.vertex_of_cone[~flat], pieces.vertex_of_cone])
        self._use(NormalFan(pieces.generators / scale, cones, self.fan.vertices, owner))

    def forms(self, matrix: Array) -> Array:
        """(N, d, d) a quadratic form on w, or one per cone (N, d, d), in the coordinates of every cone."""
        corners = self.rays[self.fan.cones]
        return corners @ matrix @ np.swapaxes(corners, 1, 2)

    def _support_squared(self) -> Array:
        height = np.einsum("nkd,nd->nk", self.rays[self.fan.cones], self.fan.vertices[self.fan.vertex_of_cone])
        return height[:, :, None] * height[:, None, :]

    def maximise(self, multiplier: Array, *, bar: float | None = None) -> Priced:
        """Largest ratio w'Y w / f(w), with the best neuron of every cone that may exceed the bar.

        Args:
            multiplier: (d, d) symmetric Y.
            bar: a positive ratio known to be attained (1 at the neurons of a code whose multiplier is Y). Cones that
                surely stay at or below it are not examined, and the result is at least the bar. If not given, the
                ratio of the best ray: enough for rho, though not for a list of all good neurons.
        """
        ratio_of_ray = np.einsum("ri,ij,rj->r", self.rays, multiplier, self.rays)
        best_ray = int(np.argmax(ratio_of_ray))
        highest = float(ratio_of_ray[best_ray])
        bar = highest if bar is None else bar
        worth = self.forms(multiplier)
        # In units of the bar all entries are of order one, as the tolerances of the tests want.
        scale = bar if bar > 0 else 1.0
        open_cones = np.flatnonzero(~surely_copositive(self.metric * (bar / scale) - worth / scale))
        values, coordinates = least_ratio(-worth[open_cones], self.metric[open_cones])
        order = np.argsort(values)
        ratios, coordinates, cones = -values[order], coordinates[order], open_cones[order]
        directions = np.einsum("nk,nkd->nd", coordinates, self.rays[self.fan.cones[cones]])
        if len(ratios) and ratios[0] >= highest:
            return Priced(max(float(ratios[0]), bar), directions[0], ratios, directions, cones, coordinates)
        return Priced(max(highest, bar), self.rays[best_ray], ratios, directions, cones, coordinates)
