"""Pricing: which neuron is worth most? ``rho(Y) = max_w w'Y w / f(w)``, exactly, on the normal fan.

This is the only hard step of the theory. A multiplier Y is what the readout pays for a unit of w w'; a neuron with
ratio above one earns more than it costs, and if none exists Y proves a lower bound (DESIGN section 1, "Dual and
certificate" and "Pricing exactly").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from theory.copositivity import largest_eigenvalues, least_ratio, surely_copositive
from theory.polytope import NormalFan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["Priced", "Pricing"]

NEARLY_OPPOSITE = -0.98
"""Cosine (in the metric of f) of two rays of a cone below which coordinates in that cone lose digits."""


BLOCK = 1 << 16
"""Cones handled at once."""

BETTER = 1 + 1e-9
"""A ratio above the bar by this factor counts as better, not as rounding."""


@dataclass(frozen=True)
class Priced:
    """The best neuron in each cone that may hold one better than the bar.

    Attributes:
        rho: largest ratio w'Y w / f(w) over all directions.
        worst: (d,) a direction that attains it, scaled to f(w) = 1.
        ratios: (k,) best ratio in each examined cone, decreasing;  directions: (k, d) where, scaled to f(w) = 1.
        cones: (k,) those cones;  coordinates: (k, d) the directions in the coordinates of their cone.
        complete: whether every cone was examined that may hold a neuron better than the bar.
    """

    rho: float
    worst: Array
    ratios: Array
    directions: Array
    cones: Indices
    coordinates: Array
    complete: bool = True


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
        # may hold generators that none of them uses; they price as nothing.
        height = np.full(len(fan.generators), np.inf)
        height[fan.cones] = np.einsum("nkd,nd->nk", fan.generators[fan.cones], fan.vertices[fan.vertex_of_cone])
        cost = np.einsum("ri,ij,rj->r", fan.generators, self.energy_matrix, fan.generators) + height**2
        self.fan = fan
        self.rays = fan.generators / np.sqrt(cost)[:, None]
        self.__dict__.pop("metric", None)

    @cached_property
    def metric(self) -> Array:
        """(N, d, d) the cost f in the coordinates of every cone; its diagonal is one."""
        return self._costs(slice(None))

    def _costs(self, cones: Indices | slice) -> Array:
        corners = self.rays[self.fan.cones[cones]]
        height = np.einsum("nkd,nd->nk", corners, self.fan.vertices[self.fan.vertex_of_cone[cones]])
        return self.forms(self.energy_matrix, cones) + height[:, :, None] * height[:, None, :]

    def forms(self, matrix: Array, cones: Indices | slice = slice(None)) -> Array:
        """(n, d, d) a quadratic form on w in the coordinates of these cones, or of all."""
        corners = self.rays[self.fan.cones[cones]]
        return corners @ matrix @ np.swapaxes(corners, 1, 2)

    def _blocks(self, cones: Indices | None = None) -> Iterator[tuple[Indices, Array]]:
        """Cones a block at a time, with the cost in their coordinates: a large fan never stands in memory whole."""
        cones = np.arange(len(self.fan)) if cones is None else cones
        small = len(self.fan) <= BLOCK
        for start in range(0, len(cones), BLOCK):
            rows = cones[start : start + BLOCK]
            yield rows, self.metric[rows] if small else self._costs(rows)

    def _cut_flat_cones(self) -> None:
        """Cut cones that hold two nearly opposite rays along the axes.

        Where a source's range is negligible beside its weight cost, almost every facet normal points along its axis,
        and other directions are small differences of large coordinates. Within an orthant nothing cancels.
        """
        flat = np.concatenate([metric.min(axis=(1, 2)) < NEARLY_OPPOSITE for _, metric in self._blocks()])
        if not flat.any():
            return
        # In units of equal cost, so that what the cut takes for zero is zero for every source.
        scale = np.sqrt(np.diag(self.energy_matrix))
        fan = NormalFan(self.rays * scale, self.fan.cones, self.fan.vertices / scale, self.fan.vertex_of_cone)
        pieces = fan.restricted(np.flatnonzero(flat))
        for axis in range(fan.dimension):
            pieces = pieces.split_along(axis)
        # Pieces that rounding left flat are covered by their neighbours.
        pieces = pieces.restricted(np.flatnonzero(np.linalg.det(pieces.generators[pieces.cones])))
        cones = np.concatenate([fan.cones[~flat], pieces.cones])
        owner = np.concatenate([fan.vertex_of_cone[~flat], pieces.vertex_of_cone])
        self._use(NormalFan(pieces.generators / scale, cones, self.fan.vertices, owner))

    def maximise(self, multiplier: Array, *, bar: float | None = None, enough: int | None = None) -> Priced:
        """Largest ratio w'Y w / f(w), with the best neuron of every cone that may exceed the bar.

        Args:
            multiplier: (d, d) symmetric Y.
            bar: a positive ratio known to be attained (1 at the neurons of a code whose multiplier is Y). Cones that
                surely stay at or below it are not examined, and the result is at least the bar. If not given, the
                ratio of the best ray: enough for rho, though not for a list of all good neurons.
            enough: stop once this many cones with neurons better than the bar are found; then rho is only the largest
                ratio found, and the result is not `complete`.
        """
        ratio_of_ray = np.einsum("ri,ij,rj->r", self.rays, multiplier, self.rays)
        best_ray = int(np.argmax(ratio_of_ray))
        highest = float(ratio_of_ray[best_ray])
        bar = highest if bar is None else bar
        open_cones = self._open(multiplier, bar)
        best = self._examined(multiplier, open_cones, bar * BETTER, enough)
        if len(best.ratios) and best.rho >= highest:
            return replace(best, rho=max(best.rho, bar))
        return replace(best, rho=max(highest, bar), worst=self.rays[best_ray])

    def bound(self, multiplier: Array, most: int) -> tuple[float, bool, Array]:
        """The largest ratio, or an upper bound on it where more than `most` cones would have to be examined.

        On each cone the ratio is at most the largest generalised eigenvalue of its two forms.

        Returns:
            the ratio or bound, whether it is exact, and (d,) the best neuron known.
        """
        ratio_of_ray = np.einsum("ri,ij,rj->r", self.rays, multiplier, self.rays)
        best_ray = int(np.argmax(ratio_of_ray))
        highest, worst = float(ratio_of_ray[best_ray]), self.rays[best_ray]
        open_cones = self._open(multiplier, highest)
        if len(open_cones) <= most:
            best = self._examined(multiplier, open_cones, highest, None)
            return (best.rho, True, best.worst) if best.rho >= highest else (highest, True, worst)
        bounds = [highest]
        for rows, metric in self._blocks(open_cones):
            bounds.append(float(largest_eigenvalues(self.forms(multiplier, rows), metric).max()))
        return max(bounds), False, worst

    def _examined(self, multiplier: Array, cones: Indices, good: float, enough: int | None) -> Priced:
        """The best neuron of each of these cones, until `enough` with a ratio above `good` are found."""
        found, better, examined = [], 0, 0
        for rows, metric in self._blocks(cones):
            found.append(least_ratio(-self.forms(multiplier, rows), metric))
            examined += len(rows)
            better += int(np.count_nonzero(found[-1][0] < -good))
            if enough is not None and better >= enough:
                break
        if not found:
            none = np.empty((0, self.fan.dimension))
            return Priced(-np.inf, np.zeros(self.fan.dimension), np.empty(0), none, cones, none)
        values = np.concatenate([value for value, _ in found])
        order = np.argsort(values)
        ratios, cones_of = -values[order], cones[order]
        coordinates = np.concatenate([where for _, where in found])[order]
        directions = np.einsum("nk,nkd->nd", coordinates, self.rays[self.fan.cones[cones_of]])
        complete = examined == len(cones)
        return Priced(float(ratios[0]), directions[0], ratios, directions, cones_of, coordinates, complete)

    def _open(self, multiplier: Array, bar: float) -> Indices:
        """The cones that may hold a ratio above the bar."""
        # In units of the bar all entries are of order one, as the tolerances of the tests want.
        scale = bar if bar > 0 else 1.0
        sure = [
            surely_copositive(metric * (bar / scale) - self.forms(multiplier, rows) / scale)
            for rows, metric in self._blocks()
        ]
        return np.flatnonzero(~np.concatenate(sure))
