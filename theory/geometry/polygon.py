"""What neurons of two sources are worth for what they cost, cone by cone of a polygon.

Corners v of conv(-S) in turn, in coordinates in which a neuron x costs |x|^2 + h(x)^2:

1. A ray for each corner: at a right angle to the edge to the next one, on the outer side. The cone of a corner lies
   between the ray before it and its own.
2. The rays turn left, each by less than half a turn, and pass an axis once: then they go round once, and every
   direction lies in a cone.
3. Where v.x is not negative on both rays of a cone, h(x) >= v.x >= 0 on all of it, for any sample v. So the ratio there
   is at most that of x'Y x to |x|^2 + (v.x)^2.
4. In a basis along v and across, in which these costs are the identity, that ratio is largest at the first eigenvector
   of a 2 by 2 matrix, if it lies in the cone, and otherwise on one of the rays.
5. The largest of all is no smaller than rho, whatever samples the corners are. Of the corners of the hull it is rho:
   there h(x) = v.x.

Pairs are complex numbers: the product of one's conjugate with another has the parts u.w and the area between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.arrays import Array, Mask
from theory.immutable import Frozen

Pairs = NDArray[np.complex128]


class Ratios(NamedTuple):
    """Worth over cost, (V,) each."""

    on_rays: Array
    middle: Array  # the mean of the two eigenvalues of each cone
    spread: Array  # half their difference
    best: Pairs  # the first eigenvector, with v.x not negative
    inside: Mask  # whether it lies in its cone


@dataclass(frozen=True, eq=False)
class Polygon(Frozen):
    """A polygon around zero, and what of its cones is the same for every multiplier.

    Attributes:
        corners: (V,) counterclockwise, as complex numbers.
        rays: (V,) the ray after each corner, of cost one.
        before: (V,) the ray before it.
        along: (V,) the vector along each corner that costs one on its cone.
        across: (V,) the vector at a right angle to it that does.
        forms: (4 V, 3) what each entry of a form adds to: its worth on each ray, and in each cone the mean of its
            diagonal, half the difference, and the entry beside it.

    Example:
        >>> diamond = Polygon.of(np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]]))
        >>> rho, neuron = diamond.largest_ratio(np.diag([2.0, 0.0]))
        >>> round(rho, 12), neuron.round(12).tolist()
        (1.0, [0.707106781187, 0.0])
        >>> Polygon.of(np.array([[1.0, 1], [2, 1], [1, 2]])) is None
        True
    """

    corners: Pairs
    rays: Pairs
    before: Pairs
    along: Pairs
    across: Pairs
    forms: Array

    @classmethod
    def of(cls, corners: Array) -> Polygon | None:
        """The polygon of corners (V, 2) in turn, in either sense; None where these do not go round zero once."""
        if len(corners) < 3:
            return None
        corner: Pairs = corners[:, 0] + 1j * corners[:, 1]
        if (corner[0].conjugate() * corner[1]).imag < 0:
            corner = corner[::-1]
        following = np.concatenate([corner[1:], corner[:1]])
        ray: Pairs = 1j * (corner - following)  # step 1
        # Rounding may tell the two corners of an edge apart.
        height = np.minimum(_product(corner, ray).real, _product(following, ray).real)
        cost = _product(ray, ray).real + height * height
        if not cost.min() > 0:
            return None
        ray = ray / np.sqrt(cost)
        before = np.concatenate([ray[-1:], ray[:-1]])
        once = np.count_nonzero((before.imag < 0) & (ray.imag >= 0)) == 1
        if not (once and height.min() >= 0 and _product(before, ray).imag.min() > 0):  # steps 2 and 3
            return None
        size = np.abs(corner)
        unit: Pairs = corner / size
        along: Pairs = unit / np.sqrt(1 + size * size)
        across: Pairs = 1j * unit
        first, second = _entries(along, along), _entries(across, across)
        rows = [_entries(ray, ray), (first + second) / 2, (first - second) / 2, _entries(along, across)]
        return cls(corner, ray, before, along, across, np.concatenate(rows, axis=1).T)

    def __len__(self) -> int:
        return len(self.corners)

    def ratios(self, worth: tuple[float, float, float]) -> Ratios:
        """The ratios of a form x'Y x, positive semidefinite, with the entries 11, 12 and 22 (step 4)."""
        on_rays, middle, half, mixed = (self.forms @ np.array(worth)).reshape(4, -1)
        matrix = half + 1j * mixed  # but for its mean; its first eigenvector has half the angle
        root = np.sqrt(matrix)
        best = self.along * root.real + self.across * root.imag
        # One that misses its cone by rounding is worth as much as the ray beside it, up to rounding.
        inside = (_product(self.before, best).imag >= 0) & (_product(best, self.rays).imag >= 0)
        return Ratios(on_rays, middle, np.abs(matrix), best, inside)

    def largest_ratio(self, worth: Array) -> tuple[float, Array]:
        """An upper bound on the ratio of a form (2, 2) for all neurons, and the neuron (2,) where it is expected.

        Source: docs/mathematics.md, "Pricing".
        """
        ratios = self.ratios((worth[0, 0], worth[0, 1], worth[1, 1]))
        in_cones = np.where(ratios.inside, ratios.middle + ratios.spread, 0.0)
        cone, place = int(in_cones.argmax()), int(ratios.on_rays.argmax())  # step 5
        most = max(float(in_cones[cone]), float(ratios.on_rays[place]))
        # Where all of a cone ties, so do its rays.
        inner = most > ratios.on_rays[place] and ratios.spread[cone] > 0
        neuron = ratios.best[cone] / ratios.spread[cone] ** 0.5 if inner else self.rays[place]
        return most, np.array([neuron.real, neuron.imag])


def _product(one: Pairs, other: Pairs) -> Pairs:
    return np.asarray(np.conj(one) * other)


def _entries(one: Pairs, other: Pairs) -> Array:
    """(3, V) what one'Y other has of the entries 11, 12 and 22 of a form Y."""
    a, b, c, d = one.real, one.imag, other.real, other.imag
    return np.array([a * c, a * d + b * c, b * d])
