"""What codes of three sources cost and what multipliers prove, from the samples: nothing asks how they were found.

1. The cost of a neuron: h(w) is the largest -w.s over all samples. The loss of a code: that of its neurons, and
   tr K (G + G0)^-1.
2. rho, the largest ratio of worth w'Y w to cost: where it is attained h is attained at a corner, along an edge, or on a
   whole facet. So it is the eigenvalue of a corner whose neuron is highest there, or that of an edge whose neuron lies
   in its cone, or the ratio of a ray; `faces` has shown that none is missing. What rounding leaves open is counted.
3. The bound sqrt(t) a - t b for the best t <= 1 / rho, with a = 2 tr (K^1/2 Y K^1/2)^1/2 and b = tr(Y G0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.batches.certificate import best_value
from solver.batches.three.faces import Faces
from solver.batches.three.matrices import inverses
from solver.batches.three.pricing import of_corners, of_edges, of_rays
from theory.arrays import Array, Indices, Mask


@dataclass(frozen=True)
class ThreeProofTolerances:
    """What rounding leaves open is counted against the proof."""

    outside: float = 1e-9  # by how much a neuron may miss the cone of its face, and count as inside
    alike: float = 1e-2  # relative difference of two eigenvalues up to which closed forms lose digits
    negative: float = 1e-13  # share of the largest eigenvalue of Y that a negative one may have
    same: float = 1e-6  # and up to which any neuron of a plane may be meant


THREE_PROOF = ThreeProofTolerances()


def costs(points: Array, neurons: Array) -> Array:
    """(n, k) what neurons cost (step 1).

    Args:
        points: (n, T, 3) samples about their mean.
        neurons: (n, k, 3).

    Example:
        >>> costs(np.array([[[1.0, 0, 0], [-1, 0, 0]]]), np.eye(3)[None]).tolist()
        [[2.0, 1.0, 1.0]]
    """
    heights = -(neurons @ points.transpose(0, 2, 1)).min(axis=2)
    return np.asarray((neurons * neurons).sum(axis=2) + heights * heights)


def readouts(code: Array, demand: Array) -> Array:
    """(n,) tr K H^-1 (step 1) for H = G + G0 (n, 3, 3) and the diagonal (n, 3) of K; not finite of singular H."""
    return np.asarray((np.diagonal(inverses(code), axis1=1, axis2=2) * demand).sum(axis=1))


def largest_ratios(faces: Faces, multiplier: Array) -> Array:
    """(n,) the largest ratio of worth to cost (step 2); infinite where the faces do not show it.

    Args:
        faces: of the hulls.
        multiplier: (n, 3, 3) Y, positive semidefinite.
    """
    value, above, neurons, excess = of_corners(faces, multiplier)
    doubtful: Any = np.nonzero(~(above > THREE_PROOF.alike * value) & faces.is_corner)
    if len(doubtful[0]):
        value[doubtful], excess[doubtful] = exactly(faces, multiplier, doubtful)
    counted = (excess >= -THREE_PROOF.outside * np.sqrt((neurons * neurons).sum(axis=-1))) & faces.is_corner
    of_edge, spread, _, within = of_edges(faces, multiplier)
    between = (within >= -THREE_PROOF.outside) & (faces.cosine < 1)
    rho = np.maximum(
        np.maximum(np.where(counted, value, 0.0).max(axis=1), np.where(between, of_edge, 0.0).max(axis=1)),
        of_rays(faces, multiplier).max(axis=1),
    )
    return np.where(faces.covers & np.isfinite(rho) & np.isfinite(spread).all(axis=1), rho, np.inf)


def exactly(faces: Faces, multiplier: Array, places: tuple[Indices, Indices]) -> tuple[Array, Array]:
    """The eigenvalues of some corners, and by how much their neurons are inside, without closed forms.

    Where two eigenvalues are the same any neuron of a plane is meant: infinite if the plane crosses the cone, and minus
    that if all the cone's rays lie to one side of it.
    """
    corner, shrunk = faces.corners[places], faces.shrunk[places]
    root = np.eye(3) - shrunk[:, None, None] * corner[:, :, None] * corner[:, None]
    matrix = root @ multiplier[places[0]] @ root
    usable: Mask = np.asarray(np.isfinite(matrix).all(axis=(1, 2)))
    values, vectors = np.linalg.eigh(np.where(usable[:, None, None], matrix, 0.0))
    neurons = (root @ vectors[..., 2:])[..., 0]
    own = (corner * neurons).sum(axis=1)
    side = np.where(own < 0, -1.0, 1.0)
    heights = np.einsum("mvi,mi->mv", faces.corners[places[0]], neurons) * side[:, None]
    excess = np.abs(own) - heights.max(axis=1)
    same = values[:, 2:] - values[:, :2] <= THREE_PROOF.same * values[:, 2:]
    crossed = same[:, 0] | _crosses(faces, places, np.linalg.solve(root, vectors[..., :1])[..., 0])
    excess = np.where(same[:, 1], np.where(crossed, np.inf, -np.inf), excess)
    return np.where(usable, values[:, 2], np.inf), np.where(usable, excess, np.inf)


def _crosses(faces: Faces, places: tuple[Indices, Indices], normals: Array) -> Mask:
    """(m,) whether planes with normals (m, 3) cross the cones of some corners."""
    sides = np.einsum("mfi,mi->mf", faces.rays[places[0]], normals)
    own = (faces.triangles[places[0]] == places[1][:, None, None]).any(axis=2)
    slack = THREE_PROOF.outside * np.sqrt((normals * normals).sum(axis=1))
    return (np.where(own, sides, 0.0).max(axis=1) > slack) & (np.where(own, sides, 0.0).min(axis=1) < -slack)


def proven(multiplier: Array, rho: Array, demand: Array, ridge: Array) -> Array:
    """(n,) the lower bound on the loss of every code (step 3); zero where rho is infinite.

    Args:
        multiplier: (n, 3, 3) Y, positive semidefinite.
        rho: (n,) its largest ratio.
        demand: (n, 3) the diagonal of K.
        ridge: (n, 3, 3) G0.

    Example:
        >>> proven(np.diag([1.0, 4.0, 4.0])[None], np.array([4.0]), np.ones((1, 3)), np.zeros((1, 3, 3))).tolist()
        [5.0]
    """
    root = np.sqrt(demand)
    inner = root[:, :, None] * multiplier * root[:, None]
    usable: Mask = np.asarray(np.isfinite(inner).all(axis=(1, 2)) & np.isfinite(rho))
    squares = np.linalg.eigvalsh(np.where(usable[:, None, None], inner, 0.0))
    gain = 2 * np.sqrt(np.maximum(squares, 0.0)).sum(axis=1)
    lost = (ridge * multiplier).sum(axis=(1, 2))
    usable &= (squares >= -THREE_PROOF.negative * squares[:, 2:]).all(axis=1)
    return np.where(usable, best_value(gain, lost, rho), 0.0)
