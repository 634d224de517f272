"""Quadratic forms in the coordinates of simplicial cones, as stacked arrays.

On a simplicial cone {A c : c >= 0} of the normal fan the cost f is one quadratic in c (docs/mathematics.md, "Hull and
normal cones"). The conic program has a doubly nonnegative block for each cone in these coordinates, and the margin of
the modularity condition is computed in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theory.arrays import Array, Indices, Mask
from theory.geometry.polytope import NormalFan


@dataclass(frozen=True)
class ConeFormLimits:
    """Which cones are thin, and how many are handled at once."""

    nearly_opposite: float = -0.98  # cosine of two rays, in the metric of f, below which their cone loses digits
    at_once: int = 1 << 16  # cones


CONE_FORMS = ConeFormLimits()


class ConeForms:
    """Forms in the coordinates of the cones of the normal fan of conv(-S), for one energy matrix (d, d).

    Flat cones may be cut.

    Attributes:
        fan: the cones of the forms: flat ones are cut along the axes, if they are to be.
        rays: (R, d) the fan's generators scaled to f = 1, to which the coordinates of a cone refer.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> cones = ConeForms(problem.sources.fan, problem.energy_matrix)
        >>> bool(np.allclose(np.einsum("nii->ni", cones.metric), 1))
        True
    """

    def __init__(self, fan: NormalFan, energy_matrix: Array, *, cut: bool = True) -> None:
        self.energy_matrix = energy_matrix
        self._use(fan)
        if cut:
            self._cut_flat_cones()

    def _use(self, fan: NormalFan) -> None:
        # Any cone around a generator has its support. The cost of a generator of no cone is infinite.
        height = np.full(len(fan.generators), np.inf)
        height[fan.cones] = np.einsum("nkd,nd->nk", fan.generators[fan.cones], fan.vertices[fan.vertex_of_cone])
        cost = np.einsum("ri,ij,rj->r", fan.generators, self.energy_matrix, fan.generators) + height**2
        self.fan = fan
        self.rays = fan.generators / np.sqrt(cost)[:, None]

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

    def flat(self) -> Mask:
        """(N,) whether a cone holds two nearly opposite rays, so that coordinates in it lose digits."""
        return np.concatenate([metric.min(axis=(1, 2)) < CONE_FORMS.nearly_opposite for metric in self._blocks()])

    def _blocks(self) -> Iterator[Array]:
        """The cost in the coordinates of the cones, block by block, as those of a large fan do not fit into memory."""
        for start in range(0, len(self.fan), CONE_FORMS.at_once):
            yield self._costs(slice(start, start + CONE_FORMS.at_once))

    def _cut_flat_cones(self) -> None:
        """Cut flat cones along the axes.

        Where a source's range is negligible beside its weight cost, almost every facet normal points along its axis,
        and other directions are small differences of large coordinates. Within an orthant nothing cancels.
        """
        flat = self.flat()
        if not flat.any():
            return
        fan = self.fan
        pieces = fan.restricted(np.flatnonzero(flat))
        for axis in range(fan.dimension):
            pieces = pieces.split_along(axis)
        # Neighbours cover the pieces that are flat up to rounding.
        pieces = pieces.restricted(np.flatnonzero(np.linalg.det(pieces.generators[pieces.cones])))
        cones = np.concatenate([fan.cones[~flat], pieces.cones])
        owner = np.concatenate([fan.vertex_of_cone[~flat], pieces.vertex_of_cone])
        self._use(NormalFan(pieces.generators, cones, fan.vertices, owner))
