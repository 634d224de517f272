"""The neurons that earn most for what they cost, on every face of many hulls, in closed form.

1. On the cone of a corner the largest ratio w'Y w / f(w) is the largest eigenvalue of T Y T, if its neuron T z has its
   largest height at that corner. No other of that cone, its borders included, earns as much.
2. On the cone of an edge it is that of a matrix of two rows, if its neuron lies between the rays, and neither end has
   one of its own.
3. A ray counts if no edge or corner of its facet does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.batches.three.faces import Faces
from solver.batches.three.matrices import OnFirstAxis, entries, largest, pairs
from theory.arrays import Array, Mask


@dataclass(frozen=True, eq=False)
class FacePrices(OnFirstAxis):
    """Local maxima of the ratio: first those of corners, then of edges, then rays.

    Attributes:
        ratios: (n, V + E + F) zero where a face has none.
        neurons: (n, V + E + F, 3) of cost one.
        values: (n, V + E + F) the largest eigenvalues, also of faces on whose cone their neurons do not lie.
        alone: (n, V + E + F) by how much they exceed the next ones.
    """

    ratios: Array
    neurons: Array
    values: Array
    alone: Array


def priced(faces: Faces, multiplier: Array) -> FacePrices:
    """Steps 1 to 3 at multipliers Y (n, 3, 3)."""
    row = np.arange(len(multiplier))[:, None]
    of_corner, above, neurons, excess = of_corners(faces, multiplier)
    inner = (excess >= 0) & faces.is_corner
    of_edge, spread, on_edge, within = of_edges(faces, multiplier)
    between = (within > 0) & ~inner[row, faces.ends[..., 0]] & ~inner[row, faces.ends[..., 1]]
    of_ray = of_rays(faces, multiplier)
    lower: Mask = np.asarray(inner[row[..., None], faces.triangles].any(axis=-1))
    at = np.nonzero(between)
    lower[at[0][:, None], faces.sides[at]] = True
    again = faces.facets != np.arange(lower.shape[1])  # the ray of a facet that has been named
    apart = np.nonzero(lower & again)
    lower[apart[0], faces.facets[apart]] = True
    return FacePrices(
        np.concatenate(
            [np.where(inner, of_corner, 0.0), np.where(between, of_edge, 0.0), np.where(lower | again, 0.0, of_ray)],
            axis=1,
        ),
        np.concatenate([neurons, on_edge, faces.rays], axis=1),
        np.concatenate([of_corner, of_edge, of_ray], axis=1),
        np.concatenate([above, spread, of_ray], axis=1),
    )


def of_rays(faces: Faces, multiplier: Array) -> Array:
    """(n, F) the ratio of each ray; zero for a repetition."""
    return np.asarray((faces.worths[:, 3 * faces.counts[1] :] @ entries(multiplier)[..., None])[..., 0])


def of_corners(faces: Faces, multiplier: Array) -> tuple[Array, Array, Array, Array]:
    """Eigenvalue, its distance to the next, neuron of cost one, and by how much it is inside, of each corner.

    That is its height there less its largest height at any other corner: negative outside.
    """
    corners, shrunk = faces.corners, faces.shrunk
    moved = corners @ multiplier
    worth = (corners * moved).sum(axis=-1)
    # T Y T with T = I - c v v'.
    matrix = entries(multiplier)[:, None] - shrunk[..., None] * _twice(corners, moved)
    matrix += (shrunk**2 * worth)[..., None] * _twice(corners, corners) / 2
    value, above, z = largest(matrix)
    neurons = z - (shrunk * (corners * z).sum(axis=-1))[..., None] * corners
    heights = neurons @ corners.transpose(0, 2, 1)
    own = np.diagonal(heights, axis1=1, axis2=2)
    side = np.where(own < 0, -1.0, 1.0)[..., None]
    return value, above, side * neurons, np.abs(own) - (side * heights).max(axis=-1)


def _twice(one: Array, other: Array) -> Array:
    """(..., 6) the entries of one other' + other one'."""
    both = pairs(one, other)
    return both * np.array([2.0, 1.0, 1.0, 2.0, 1.0, 2.0])


def of_edges(faces: Faces, multiplier: Array) -> tuple[Array, Array, Array, Array]:
    """What `of_corners` gives, of each edge, which is inside by the smaller sine of the angles to both rays."""
    edges = faces.counts[1]
    one, mixed, two = np.split((faces.worths[:, : 3 * edges] @ entries(multiplier)[..., None])[..., 0], 3, axis=1)
    half = (one - two) / 2
    spread = np.hypot(half, mixed)
    angle = np.arctan2(mixed, half) / 2  # from -pi/2 to pi/2
    x, y = np.cos(angle), np.sin(angle)
    x, y = np.where(y < 0, -x, x), np.abs(y)
    cosine = faces.cosine
    sine = np.sqrt(1 - cosine * cosine)
    neurons = x[..., None] * faces.first + y[..., None] * faces.second
    return (one + two) / 2 + spread, 2 * spread, neurons, np.minimum(y, sine * x - cosine * y)
